"""A clip is a plain mp4 that any player shows, however little was coded for its pauses."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from frames import FPS, SIZE, psnr, quality
from manim import Scene, Square, tempconfig

from scenes.rendering import ClipWriter, FastRenderer
from scenes.rendering.planes import Planes


def picture(at: int = 0) -> np.ndarray:
    """Coloured cells with a bar at column `at`."""
    cells = np.random.default_rng(3).integers(0, 255, (SIZE[1] // 20, SIZE[0] // 20, 3), dtype=np.uint8)
    pixels = cells.repeat(20, axis=0).repeat(20, axis=1)
    pixels[60:100, at : at + 24] = 250
    return np.ascontiguousarray(pixels)


def example(path: Path, **settings: object) -> Path:
    """Motion, a pause of ten seconds, motion, and a pause to the end."""
    with ClipWriter(path, SIZE, 30, **settings) as clip:  # type: ignore[arg-type]
        for at in range(0, 120, 4):
            clip.write(picture(at))
        clip.repeat(300)
        for at in range(120, 240, 4):
            clip.write(picture(at))
        clip.repeat(60)
    return path


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24", src_colorspace="ITU709") for frame in container.decode(video=0)]


def test_a_clip_holds_every_frame_at_its_time(tmp_path: Path) -> None:
    with av.open(str(example(tmp_path / "clip.mp4"))) as container:
        stream = container.streams.video[0]
        times = [frame.time for frame in container.decode(stream)]
        assert (stream.average_rate, stream.frames, stream.codec_context.pix_fmt) == (30, 420, "yuv420p")
    assert times == pytest.approx([number / 30 for number in range(420)])


def test_all_frames_of_a_pause_are_the_same(tmp_path: Path) -> None:
    frames = decoded(example(tmp_path / "clip.mp4"))
    for first, last in ((30, 330), (360, 420)):
        assert all(np.array_equal(frames[first], frame) for frame in frames[first:last])


def test_a_marked_frame_is_a_key_frame_in_motion_and_in_a_pause(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "clip.mp4", SIZE, 30) as clip:
        for part in range(3):
            if part:
                clip.mark()
            for at in range(part * 40, part * 40 + 40, 4):
                clip.write(picture(at))
        clip.repeat(20)
        clip.mark()
        clip.repeat(3)
        clip.mark()
        clip.repeat(17)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        keys = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe and packet.size]
    assert {0, 10, 20, 50, 53} <= {round(key * 30 / 15360) for key in keys}
    assert len(decoded(tmp_path / "clip.mp4")) == 70
    assert np.array_equal(decoded(tmp_path / "clip.mp4")[-1], decoded(tmp_path / "clip.mp4")[49])


def test_pauses_do_not_change_what_is_seen(tmp_path: Path) -> None:
    frames = decoded(example(tmp_path / "clip.mp4"))
    shown = [picture(at) for at in range(0, 240, 4)]
    for frame, truth in zip(frames[:30] + frames[330:360], shown, strict=True):
        assert psnr(frame[8:-8, 8:-8], truth[8:-8, 8:-8]) > 28
    assert psnr(frames[200], shown[29]) >= psnr(frames[29], shown[29]) - 0.5


def test_a_pause_costs_next_to_nothing(tmp_path: Path) -> None:
    with av.open(str(example(tmp_path / "clip.mp4"))) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.size]
    assert sorted(sizes[30:330])[-10] < 32


def test_a_player_finds_a_key_frame_every_two_seconds(tmp_path: Path) -> None:
    with av.open(str(example(tmp_path / "clip.mp4"))) as container:
        keys = [packet.pts * packet.time_base for packet in container.demux(video=0) if packet.is_keyframe]
    assert max(np.diff([*keys, 14.0])) <= 2
    assert keys[0] == 0


def test_seeking_into_a_pause_shows_the_pause(tmp_path: Path) -> None:
    path = example(tmp_path / "clip.mp4")
    whole = decoded(path)
    with av.open(str(path)) as container:
        container.seek(int(5.4 * av.time_base))
        frame = next(container.decode(video=0))
        assert np.array_equal(frame.to_ndarray(format="rgb24", src_colorspace="ITU709"), whole[round(frame.time * 30)])


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    assert example(tmp_path / "a.mp4").read_bytes() == example(tmp_path / "b.mp4").read_bytes()


def test_the_index_is_at_the_front_and_the_colours_are_labelled(tmp_path: Path) -> None:
    path = example(tmp_path / "clip.mp4")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        next(container.decode(video=0))
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1, 1)


def test_clips_can_be_joined_without_coding_them_again(tmp_path: Path) -> None:
    first, second, film = example(tmp_path / "a.mp4"), example(tmp_path / "b.mp4", pauses=False), tmp_path / "film.mp4"
    with av.open(str(film), "w") as output:
        stream, offset = None, 0.0
        for path in (first, second):
            with av.open(str(path)) as container:
                source = container.streams.video[0]
                stream = stream or output.add_stream_from_template(source)
                assert stream.codec_context.extradata == source.codec_context.extradata
                for packet in container.demux(source):
                    if packet.size:
                        packet.pts = packet.dts = packet.pts + round(offset / packet.time_base)
                        packet.stream = stream
                        output.mux(packet)
                offset += float(source.duration * source.time_base)
    frames = decoded(film)
    assert len(frames) == 840
    assert np.array_equal(frames[100], decoded(first)[100])


def test_a_part_of_a_picture_is_converted_as_in_the_whole() -> None:
    whole, parts = Planes(*SIZE), Planes(*SIZE)
    pixels = np.random.default_rng(1).integers(0, 255, (SIZE[1], SIZE[0], 4), dtype=np.uint8)
    whole.convert(pixels, [(0, 0, *SIZE)])
    parts.convert(
        pixels, [(x, y, min(x + 64, SIZE[0]), min(y + 64, SIZE[1])) for x in range(0, 320, 64) for y in (0, 64, 128)]
    )
    assert np.array_equal(whole.rows, parts.rows)


@pytest.mark.parametrize(("colour", "expected"), [((255, 255, 255), (235, 128, 128)), ((255, 0, 0), (63, 102, 240))])
def test_colours_are_coded_as_bt709_in_limited_range(colour: tuple[int, ...], expected: tuple[int, ...]) -> None:
    planes = Planes(32, 32)
    planes.convert(np.full((32, 32, 3), colour, np.uint8), [(0, 0, 32, 32)])
    assert (planes.rows[5, 5], planes.rows[32 + 3, 3], planes.rows[32 + 12, 3]) == expected


def test_a_failed_clip_leaves_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with ClipWriter(tmp_path / "clip.mp4", SIZE, FPS) as clip:
            clip.write(picture())
            clip.write(picture()[:-2])

    with pytest.raises(ValueError, match="size"):
        fail()
    assert not list(tmp_path.iterdir())


def test_only_what_is_played_while_a_clip_is_open_is_in_it(tmp_path: Path) -> None:
    with tempconfig(quality(SIZE, FPS)):
        renderer = FastRenderer()

        class Steps(Scene):
            def construct(self) -> None:
                square = Square()
                self.add(square)
                self.wait(1)
                with renderer.clip(tmp_path / "step.mp4"):
                    self.play(square.animate.scale(2), run_time=0.4)
                self.wait(1)

        Steps(renderer=renderer).render()
    assert [path.name for path in tmp_path.iterdir()] == ["step.mp4"]
    assert len(decoded(tmp_path / "step.mp4")) == 6


def test_sections_subcaptions_and_sounds_are_kept() -> None:
    with tempconfig(quality(SIZE, FPS)):
        renderer = FastRenderer()

        class Told(Scene):
            def construct(self) -> None:
                self.next_section("first")
                self.play(Square().animate.scale(2), run_time=0.4, subcaption="It grows.")
                self.next_section("second")
                self.wait(0.2)

        Told(renderer=renderer).render()
    assert [section.name for section in renderer.file_writer.sections][-2:] == ["first", "second"]
    assert [caption.content for caption in renderer.file_writer.subcaptions] == ["It grows."]
    assert renderer.file_writer.subcaptions[0].end.total_seconds() == pytest.approx(0.4)
