"""Clips into one film without encoding again: packets are copied, with sound, chapter marks, a title and captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.container import OutputContainer

from scenes.stage.captions import Cue
from transformer_core.files.atomic import whole

if TYPE_CHECKING:  # PyAV has this name for type checkers only
    from av.container.core import Chapter
    from av.packet import Packet as AnyPacket
    from PIL.Image import Image

    Packet = AnyPacket[Any]

MILLISECOND = Fraction(1, 1000)
#: Boxes of ISO 14496-12 that hold others.
HOLDING = {b"moov", b"trak", b"mdia"}
#: A time that was rounded is nearer to its frame than this, at any rate.
HALF = 0.002
#: What a clip says of itself that it goes on saying with its sound.
KEPT = {"title", "comment", "description"}
#: What libavcodec asks of a subtitle encoder before it opens; MP4 itself keeps no such header.
CAPTION_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    b"Style: Default,sans,18\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
)


@dataclass(frozen=True)
class FilmClip:
    """A clip of a film, and the mark that a player shows for it, if any."""

    clip: Path
    title: str = ""


def seconds(path: Path) -> float:
    """Return the duration of a clip, or of a sound, in seconds."""
    with av.open(str(path.absolute())) as container:
        stream = (container.streams.video or container.streams.audio)[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)


def tags_of(clip: Path) -> dict[str, str]:
    """Return the tags of a clip that its copies keep, by name in lower case."""
    with av.open(str(clip.absolute())) as container:
        return {name.lower(): text for name, text in container.metadata.items() if name.lower() in KEPT}


@contextmanager
def _written(path: Path, facts: Mapping[str, str]) -> Iterator[OutputContainer]:
    """A film that the block fills, with `facts` as its tags; the same packets make the same bytes."""
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path.absolute()), "w", options=options) as film:
        film.metadata.update({name: text for name, text in facts.items() if text})
        yield film


def join(
    parts: Sequence[FilmClip],
    cues: Sequence[Cue],
    target: Path,
    facts: Mapping[str, str],
    language: str,
    sound: Path | None = None,
    shown: bool = False,
) -> None:
    """Write the film of all `parts` to `target` (.mp4), whole or not at all.

    `facts` are its title, artist and comment; `language` is that of captions and sound (ISO 639-2); `sound` is one file
    for the whole film: joined from the sounds of clips it would click, since an AAC packet sounds into the next one.
    `shown` says whether players show the captions by themselves.

    Raises:
        ValueError: two clips were not encoded alike, so that one stream cannot hold both.
    """
    with whole(target) as path:
        with _written(path, facts) as film, ExitStack() as stack:
            first = stack.enter_context(av.open(str(parts[0].clip.absolute()))).streams.video[0]
            video = film.add_stream_from_template(first)
            assert first.time_base is not None
            video.time_base = first.time_base
            track = _sound_stream(film, stack, sound, language) if sound else iter(())
            starts = _starts(parts, first)
            if any(part.title for part in parts):
                film.set_chapters(_marks(parts, starts, first.time_base))
            if cues:
                _write_captions(film, cues, language)
            for packet in merge(_pictures(parts, starts, video), track, key=_time):
                film.mux(packet)
        if cues and not shown:
            _hide_captions(path)


def boxes(content: Any, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    """The boxes of ISO 14496-12 in a part of a file: the kind of each, and where what is in it begins."""
    while at < end:
        size, kind = int.from_bytes(content[at : at + 4], "big"), bytes(content[at + 4 : at + 8])
        head = 16 if size == 1 else 8  # a long box has its size behind its kind
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        yield kind, at + head
        if kind in HOLDING:
            yield from boxes(content, at + head, at + size)
        at += size or end  # none: the last box goes on to the end


def _hide_captions(film: Path) -> None:
    """Let players show the captions of `film` only when asked: FFmpeg says of an only track that it is shown."""
    with film.open("r+b") as file, mmap(file.fileno(), 0) as content:
        for kind, at in boxes(content, 0, len(content)):
            if kind == b"tkhd":
                flags = at + 3
            elif kind == b"hdlr" and content[at + 8 : at + 12] == b"sbtl":
                content[flags] &= ~1


def cut(clip: Path, start: float, end: float, target: Path) -> None:
    """Write what `clip` shows and says from `start` to `end`, in seconds, to `target` (.mp4); nothing is encoded again.

    A key frame has to stand at `start`, as one does where a beat begins.
    """
    with whole(target) as path, av.open(str(clip.absolute())) as given, _written(path, tags_of(clip)) as film:
        there = [*given.streams.video, *given.streams.audio]
        streams = {one.index: film.add_stream_from_template(one) for one in there}
        for packet in given.demux(*there):
            if packet.dts is None or packet.pts is None or not start <= _time(packet) + HALF < end:
                continue
            back = round(start / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts - back, packet.dts - back, streams[packet.stream.index]
            film.mux(packet)


def first_picture(clip: Path) -> Image:
    """Return the picture that `clip` begins with."""
    with av.open(str(clip.absolute())) as container:
        picture: Image = next(container.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
        return picture


def _time(packet: Packet) -> float:
    assert packet.pts is not None
    return float(packet.pts * packet.time_base)


def _pictures(parts: Sequence[FilmClip], starts: Sequence[int], video: av.VideoStream) -> Iterator[Packet]:
    for part, start in zip(parts, starts, strict=False):
        with av.open(str(part.clip.absolute())) as clip:
            for packet in clip.demux(clip.streams.video[0]):
                if packet.dts is None or packet.pts is None:
                    continue
                packet.pts, packet.dts, packet.stream = packet.pts + start, packet.dts + start, video
                yield packet


def _sound_stream(film: OutputContainer, stack: ExitStack, sound: Path, language: str) -> Iterator[Packet]:
    """A stream for the packets of `sound`, and these packets."""
    source = stack.enter_context(av.open(str(sound.absolute())))
    given = source.streams.audio[0]
    stream = film.add_stream_from_template(given)
    stream.time_base = given.time_base
    stream.metadata["language"] = language

    def packets() -> Iterator[Packet]:
        for packet in source.demux(given):
            if packet.dts is not None:
                packet.stream = stream
                yield packet

    return packets()


def _starts(parts: Sequence[FilmClip], first: av.VideoStream) -> list[int]:
    """Return the start of each clip in the film and the end of the last one, in ticks of the first clip's clock."""
    starts = [0]
    for part in parts:
        with av.open(str(part.clip.absolute())) as container:
            stream = container.streams.video[0]
            same = stream.time_base == first.time_base
            if not same or stream.codec_context.extradata != first.codec_context.extradata:
                raise ValueError(f"{part.clip.name} is not encoded like {parts[0].clip.name}: render both again")
            assert stream.duration is not None
            starts.append(starts[-1] + stream.duration)
    return starts


def _marks(parts: Sequence[FilmClip], starts: Sequence[int], time_base: Fraction) -> list[Chapter]:
    return [
        {"id": i, "start": starts[i], "end": starts[i + 1], "time_base": time_base, "metadata": {"title": part.title}}
        for i, part in enumerate(parts)
    ]


def _write_captions(film: OutputContainer, cues: Sequence[Cue], language: str) -> None:
    """Write a sample for each cue: a 16-bit length and the text (3GPP timed text). The muxer adds those of the pauses.

    Their stream is the last one: with the first of them the film begins.
    """
    stream = film.add_stream("mov_text")
    stream.codec_context.subtitle_header = CAPTION_HEADER
    stream.time_base = MILLISECOND
    stream.metadata["language"] = language
    for cue in cues:
        data = "\n".join(cue.lines).encode()
        packet = av.Packet(len(data).to_bytes(2, "big") + data)
        packet.stream, packet.time_base = stream, MILLISECOND
        packet.pts = packet.dts = round(cue.start * 1000)
        packet.duration = round(cue.end * 1000) - packet.pts
        film.mux(packet)
