"""A step as a file for other tools: mp4, webm with transparency, gif, AVIF, PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image

from scenes.production.files import place
from scenes.production.film import FilmClip, boxes, join, tags_of
from scenes.production.origin import text_of
from scenes.publishing.markup import filled
from transformer_core.files.atomic import whole

#: Pictures that a palette is made of, and colours in it.
SAMPLED, COLOURS = 24, 256
NONE = Image.Dither.NONE
#: Boxes of ISO 14496-12 that say when they were made.
DATED = {b"mvhd", b"tkhd", b"mdhd"}
#: For pictures that are flat with sharp edges: a fifth of the time of the settings for films, and as good.
VP9 = {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "8"}


@dataclass(frozen=True)
class Format:
    """A kind of file: what it is drawn as, its usual size and rate, and how it is made of what was drawn.

    `drawn` is the suffix of what the studio draws for it, such as ".mkv" for pictures without loss. It is `clear` if
    its background is usually left away, as it `can_be`.
    """

    name: str
    drawn: str
    width: int
    rate: int
    make: Callable[[Sequence[FilmClip], Path, int], None]
    clear: bool = False
    can_be_clear: bool = False

    @property
    def suffix(self) -> str:
        """The end of the names of its files."""
        return self.drawn if self.make is _drawn else f".{self.name}"


def frames_of(master: Path) -> Iterator[tuple[int, np.ndarray]]:
    """Each picture of a master, RGBA multiplied by its opacity, and the number of the frame from which it stands.

    The last one is the last frame of the step.
    """
    with av.open(str(master)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        assert rate is not None
        for frame in container.decode(stream):
            assert frame.time is not None
            yield round(frame.time * rate), frame.to_ndarray(format="rgba")


def pictures(*masters: Path) -> Iterator[tuple[int, Image.Image]]:
    """Each picture of masters one after another, if it differs from the one before, and how many frames it stands."""
    return ((count, Image.fromarray(pixels)) for count, pixels in changes(*masters))


def changes(*masters: Path) -> Iterator[tuple[int, np.ndarray]]:
    """The same as pixels."""
    stands, held = 0, None
    for master in masters:
        begun = 0
        for number, pixels in frames_of(master):
            # A picture stands until the next one; the last frame of a master is one frame.
            stands, begun = stands + number - begun, number
            if held is not None and np.array_equal(held.view(np.uint32), pixels.view(np.uint32)):
                continue
            if held is not None:
                yield stands, straight(held)
            stands, held = 0, pixels
        stands += 1
    if held is not None:
        yield stands, straight(held)


def straight(pixels: np.ndarray) -> np.ndarray:
    """RGBA as files have it, of RGBA that was multiplied by its opacity."""
    opacity = np.ascontiguousarray(pixels).view("<u4")[..., 0] >> 24
    some = opacity - 1 < 254  # unsigned: what is wholly clear becomes the largest number
    if not some.any():
        return pixels
    found, parts = pixels.copy(), pixels[some].astype(np.uint16)
    found[some, :3] = np.minimum((parts[:, :3] * 255 + parts[:, 3:] // 2) // parts[:, 3:], 255)
    return found


def _drawn(parts: Sequence[FilmClip], target: Path, rate: int) -> None:  # noqa: ARG001 - it was drawn so
    """Take what was drawn for one step as the file."""
    place(parts[0].clip, target)


def _mp4(parts: Sequence[FilmClip], target: Path, rate: int) -> None:
    if len(parts) == 1:
        _drawn(parts, target, rate)
    else:
        join(parts, (), target, tags_of(parts[0].clip), "und")


def _webm(parts: Sequence[FilmClip], target: Path, rate: int) -> None:
    """VP9 with an alpha plane, as browsers and editors take it. A standstill is one picture that lasts."""
    drawn, second = [part.clip for part in parts], Fraction(1, rate)
    options = {"fflags": "+bitexact"}
    with whole(target) as part, av.open(str(part.absolute()), "w", format="webm", options=options) as film:
        film.metadata.update(tags_of(drawn[0]))
        stream = film.add_stream("libvpx-vp9", rate=rate, options=VP9)
        stream.pix_fmt, stream.time_base = "yuva420p", second
        number = 0
        for count, pixels in changes(*drawn):
            if not number:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="yuva420p")
            frame.pts, frame.time_base = number, second
            film.mux(stream.encode(frame))
            number += count
        if count > 1:  # the end of the last standstill
            frame.pts = number - 1
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


def _gif(parts: Sequence[FilmClip], target: Path, rate: int) -> None:
    """A palette of the clip's own colours."""
    drawn = [part.clip for part in parts]
    palette = _palette(drawn)

    def painted(picture: Image.Image) -> Image.Image:
        return picture.convert("RGB").quantize(palette=palette, dither=NONE)

    _animated(drawn, target, "GIF", rate, 10, painted, loop=0, optimize=False, disposal=1, comment=_line(drawn[0]))


def _palette(drawn: Sequence[Path]) -> Image.Image:
    """The colours of pictures from the whole clip, side by side."""
    count = sum(1 for _ in pictures(*drawn))
    wanted = {round(k) for k in np.linspace(0, count - 1, min(SAMPLED, count))}
    some = [picture.convert("RGB") for k, (_, picture) in enumerate(pictures(*drawn)) if k in wanted]
    width, height = some[0].size
    sheet = Image.new("RGB", (width, height * len(some)))
    for k, picture in enumerate(some):
        sheet.paste(picture, (0, k * height))
    return sheet.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=NONE)


def _avif(parts: Sequence[FilmClip], target: Path, rate: int) -> None:
    drawn = [part.clip for part in parts]
    said = filled("avif.xml", said=_line(drawn[0]))
    _animated(drawn, target, "AVIF", rate, 1, _plain, quality=70, speed=8, max_threads=1, xmp=said)


def _plain(picture: Image.Image) -> Image.Image:
    """A picture without its opacity, if all of it is solid."""
    return picture.convert("RGB") if picture.getchannel("A").getextrema() == (255, 255) else picture


def _animated(
    drawn: Sequence[Path], target: Path, kind: str, rate: int, unit: int,
    became: Callable[[Image.Image], Image.Image], **settings: object,
) -> None:  # fmt: skip
    """Each picture keeps its whole standstill: milliseconds, multiples of `unit` that add up to the time of all."""
    counts, (first, *others) = zip(*((count, became(one)) for count, one in pictures(*drawn)), strict=True)
    ends = np.cumsum(counts) * 1000 / rate
    times = [int(t) for t in np.diff(np.round(ends / unit) * unit, prepend=0)]
    made = BytesIO()
    first.save(made, kind, save_all=True, append_images=others, duration=times, **settings)
    with whole(target) as part:
        part.write_bytes(_undated(made.getvalue()) if kind == "AVIF" else made.getvalue())


def _undated(made: bytes) -> bytes:
    """The content of a file in ISO boxes, such as an AVIF, without the times at which it was made."""
    content = bytearray(made)
    for kind, at in boxes(content, 0, len(content)):
        if kind in DATED:
            both = 16 if content[at] == 1 else 8  # created and changed, in 64 bits or in 32
            content[at + 4 : at + 4 + both] = bytes(both)
    return bytes(content)


def _png(parts: Sequence[FilmClip], target: Path, rate: int) -> None:  # noqa: ARG001 - a picture has none
    """The last picture."""
    drawn = parts[0].clip
    for _, picture in pictures(drawn):
        last = picture
    with whole(target) as part:
        last.save(part, "PNG", optimize=True, pnginfo=text_of(tags_of(drawn)))


def _line(drawn: Path) -> str:
    """The tags of a master as one line."""
    return " ".join(tags_of(drawn).values())


FORMATS = {
    format_.name: format_
    for format_ in (
        Format("mp4", ".mp4", 1920, 60, _mp4),
        Format("webm", ".mkv", 1280, 30, _webm, clear=True, can_be_clear=True),
        Format("gif", ".mkv", 960, 15, _gif),
        Format("avif", ".mkv", 960, 15, _avif, can_be_clear=True),
        Format("png", ".mkv", 1920, 15, _png, can_be_clear=True),
        Format("svg", ".svg", 1920, 15, _drawn, can_be_clear=True),
        Format("lottie", ".json", 1920, 30, _drawn, can_be_clear=True),
    )
}
