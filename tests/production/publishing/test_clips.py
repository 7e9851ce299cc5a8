"""Single steps as files for other tools: the same pictures, in every format, and a background that is not there."""

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import av
import numpy as np
import pytest
from click.testing import CliRunner
from manim import BLUE, RED, RIGHT, Square
from PIL import Image
from rlottie_python import LottieAnimation

from scenes.cli import clipping, orders
from scenes.cli.clipping import _look, _looks, _name
from scenes.cli.main import lecture
from scenes.cli.orders import order_of
from scenes.production.facts import StepFacts
from scenes.production.files import alone
from scenes.production.film import FilmClip
from scenes.production.look import Look
from scenes.production.repertoire import parts
from scenes.production.studio import Order, Studio, _asked
from scenes.publishing.formats import FORMATS, frames_of, pictures, straight
from scenes.rendering.lottie import Recording
from scenes.rendering.vector import svg

LOOK = Look(192, 108, 15, "dark")


@pytest.fixture
def drawn(place):
    """Draw the first step of the tiny chapter, as a format wants it; what was drawn, and the facts of the step."""

    def draw(suffix, **changes):
        order = place.order("counting", look=replace(LOOK, **changes))
        ((step, path),) = Studio(place.store, place.progress).clips(order, lambda step: step.number == 1, suffix)
        return path, step

    place.progress = type("Quiet", (), {"begin": lambda *_: None, "advance": lambda *_: None})()
    return draw


@pytest.fixture
def made(drawn, tmp_path):
    def make(name, **changes):
        path, step = drawn(FORMATS[name].drawn, **changes)
        target = tmp_path / f"step.{name}"
        FORMATS[name].make([FilmClip(path, "")], target, LOOK.rate)
        return target, step, path

    return make


def last(master):
    *_, (_, picture) = pictures(master)
    return np.asarray(picture)


def test_a_master_lasts_as_long_as_its_step_and_ends_with_its_poster(drawn):
    master, step = drawn(".mkv")
    assert sum(count for count, _ in pictures(master)) == step.frames
    assert np.array_equal(last(master)[..., :3], np.asarray(Image.open(master.with_suffix(".png"))))


@pytest.mark.parametrize("name", ["gif", "avif"])
def test_an_animation_takes_the_time_of_its_step_and_shows_its_pictures(made, name):
    target, step, master = made(name)
    with Image.open(target) as film:
        assert film.size == (LOOK.width, LOOK.height)
        times = []
        for k in range(film.n_frames):
            film.seek(k)
            times.append(film.info.get("duration", 0))
        shown = np.asarray(film.convert("RGB")).astype(int)
    assert np.abs(shown - last(master)[..., :3]).mean() < 2
    if name == "gif":  # Pillow does not tell the times of an AVIF
        assert sum(times) == pytest.approx(1000 * step.frames / LOOK.rate, abs=10)


def test_a_webm_is_clear_where_nothing_is_drawn_and_solid_where_something_is(made):
    target, step, master = made("webm", clear=True)
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(target)) as film:
        found = [frame for packet in film.demux(film.streams.video[0]) for frame in decoder.decode(packet)]
    assert len(found) < step.frames == round(found[-1].pts * LOOK.rate / 1000) + 1  # a standstill is stored once
    opacity = found[-1].to_ndarray(format="rgba")[..., 3]
    assert opacity[0, 0] <= 1  # the format is lossy
    assert opacity.max() > 128  # texts of a few pixels
    assert np.abs(opacity.astype(int) - last(master)[..., 3]).mean() < 3


@pytest.mark.parametrize("name", ["png", "avif"])
def test_a_picture_and_an_animation_can_be_clear(made, name):
    with Image.open(made(name, clear=True)[0]) as picture:
        picture.seek(getattr(picture, "n_frames", 1) - 1)
        opacity = np.asarray(picture.convert("RGBA"))[..., 3]
    assert opacity[0, 0] == 0
    assert opacity.max() > 128


@pytest.mark.parametrize("name", ["mp4", "webm", "gif", "avif"])
def test_joined_steps_are_one_film_as_long_as_all_of_them(drawn, tmp_path, name):
    master, step = drawn(FORMATS[name].drawn)
    target = tmp_path / f"both.{name}"
    FORMATS[name].make([FilmClip(master, "One"), FilmClip(master, "Two")], target, LOOK.rate)
    if name == "gif":
        with Image.open(target) as film:
            times = [film.seek(k) or film.info["duration"] for k in range(film.n_frames)]
        assert sum(times) == pytest.approx(2000 * step.frames / LOOK.rate, abs=10)
    elif name != "avif":  # Pillow does not tell the times of an AVIF
        with av.open(str(target)) as film:
            *_, last_one = (packet.pts * packet.time_base for packet in film.demux(video=0) if packet.pts is not None)
            assert round(last_one * LOOK.rate) == 2 * step.frames - 1
            assert len(film.chapters()) == (2 if name == "mp4" else 0)


def test_no_clip_takes_the_place_of_one_that_was_asked_for_otherwise(place):
    order, step, kind = place.order("counting"), SimpleNamespace(chapter="counting", number=1), FORMATS["avif"]

    def named(one=step, names=("counting.1",), shape="16:9", width=None, fps=None, clear=None, at=None, **changes):
        look = _look(replace(order.look, **changes), kind, shape, width, fps, clear, at)
        return _name(replace(order, look=look), kind, names, one)

    wishes = [{}, {"shape": "1:1"}, {"width": 480}, {"fps": 10}, {"clear": True}]
    wishes.append({"shape": "1:1", "width": 480, "fps": 10, "clear": True})
    names = [named(one, **wish) for wish in wishes for one in (step, None)]
    names.append(_name(replace(order, captions="none"), kind, ["counting.1"], step))
    names += [named(theme="light"), named(language="es"), named(names=["my.toml.1"])]
    assert len({*names}) == len(names)
    assert named(width=960, fps=15, clear=False) == named()  # what is usual may be said


def test_a_step_of_a_lecture_file_has_its_sentence_and_its_colours(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(
        'title = "x"\nsentence = "The house is red"\nchapters = ["scores"]\n[theme.colours]\nquery = "#FF8800"\n'
    )
    order = order_of((f"{path}.2",), text="")
    assert (order.text, order.look.brand.colours) == ("The house is red", (("query", "#FF8800"),))
    assert [(part.first, part.last) for part in order.parts] == [(2, 2)]


def test_what_has_no_room_is_refused_in_a_line_that_says_what_works():
    """Step 2 has none in 9:16, step 3 only with small type, and 1:1 has it for both."""

    def script(order):
        wrong = {("9:16", False): {2, 3}, ("9:16", True): {2}, ("4:5", False): {2}, ("4:5", True): {2}}
        bad = wrong.get((order.look.shape, order.look.fine), set())
        return [
            StepFacts("scores", n, "", "", (), (), 9, f"{n}", faults=("'key' leaves the frame",) if n in bad else ())
            for n in range(1, 5)
        ]

    def script_of_parts(order):
        _asked(order, script(order))  # a part whose chapter is not among the entries is refused
        return script(order)

    entries = [entry for part in parts(["scores", "heads"]) for entry in part.entries]
    order = Order(entries, "The car is red", "film", replace(LOOK, shape="9:16"), Path(), 1)
    order = replace(order, parts=tuple(parts(["scores.1-4"])))
    studio = SimpleNamespace(script=script_of_parts)
    with pytest.raises(ValueError, match="no room") as refused:
        _looks(studio, order)
    works = "--shape 16:9 or 1:1 works; without it: scores.1 scores.3-4"
    assert str(refused.value) == f"scores.2: no room in 9:16 ('key' leaves the frame). {works}"
    fitting = SimpleNamespace(script=lambda order: [step for step in script(order) if step.number != 2])
    assert [look.fine for _, look in _looks(fitting, order)] == [False, True, False]


def test_a_clear_picture_on_the_old_background_is_the_solid_picture(drawn):
    solid = last(drawn(".mkv")[0])
    clear = Image.fromarray(last(drawn(".mkv", clear=True)[0]))
    ground = Image.new("RGBA", clear.size, tuple(int(c) for c in solid[0, 0]))
    ground.alpha_composite(clear)
    assert np.abs(np.asarray(ground).astype(int) - solid).max() <= 3  # antialiased edges are rounded twice


def test_without_captions_nothing_is_said_at_the_foot(drawn):
    foot = slice(int(LOOK.height * 0.88), None)
    said, unsaid = (last(drawn(".mkv", bare=bare)[0])[foot] for bare in (False, True))
    assert np.ptp(said, axis=(0, 1)).max() > 100
    assert np.ptp(unsaid, axis=(0, 1)).max() == 0


def test_colours_come_back_from_what_was_multiplied_by_its_opacity():
    pixels = np.array([[[100, 50, 0, 128], [0, 0, 0, 0], [1, 2, 3, 255]]], np.uint8)
    assert np.array_equal(straight(pixels), [[[199, 100, 0, 128], [0, 0, 0, 0], [1, 2, 3, 255]]])


def test_a_png_is_the_last_picture(made):
    target, _, master = made("png")
    assert np.array_equal(np.asarray(Image.open(target)), last(master))
    assert sum(1 for _ in frames_of(master)) > 1


def test_an_svg_is_the_picture_of_its_moment_as_a_browser_draws_it(chromium, drawn, tmp_path):
    """At the end, and in the middle of a motion, against the pictures without loss; titles of users are data."""
    frames = [(number, pixels[..., :3].astype(int)) for number, pixels in frames_of(drawn(".mkv")[0])]
    page = chromium.new_page(viewport={"width": LOOK.width, "height": LOOK.height})
    for number, wanted in (frames[len(frames) // 3], frames[-1]):
        path, _ = drawn(".svg", moment=None if number == frames[-1][0] else number / LOOK.rate)
        text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)
        assert root.find("{http://www.w3.org/2000/svg}title").text == "One <b>"
        assert "The car is red" in root.find("{http://www.w3.org/2000/svg}metadata").text
        assert (root.get("width"), root.get("height")) == (str(LOOK.width), str(LOOK.height))
        (tmp_path / "moment.svg").write_text(text, encoding="utf-8")
        page.goto((tmp_path / "moment.svg").as_uri())
        with Image.open(BytesIO(page.screenshot())) as shown:
            assert np.abs(np.asarray(shown.convert("RGB")).astype(int) - wanted).mean() < 0.5


def test_a_lottie_is_the_film_as_a_player_of_lottie_draws_it(drawn):
    """From its first frame to its last, against the pictures without loss; a marker stands where a beat begins."""
    master, step = drawn(".mkv")
    frames = [(number, pixels[..., :3].astype(int)) for number, pixels in frames_of(master)]
    text = drawn(".json")[0].read_text(encoding="utf-8")
    said = json.loads(text)
    assert (said["w"], said["h"], said["fr"], said["op"]) == (LOOK.width, LOOK.height, LOOK.rate, step.frames)
    assert (said["nm"], "The car is red" in said["meta"]["g"]) == ("One <b>", True)
    assert [one["tm"] / LOOK.rate for one in said["markers"]] == pytest.approx(step.starts, abs=0.5 / LOOK.rate)
    player = LottieAnimation.from_data(text)
    for number, wanted in frames[:: len(frames) // 5]:
        shown = np.asarray(player.render_pillow_frame(frame_num=number).convert("RGB")).astype(int)
        assert np.abs(shown - wanted).mean() < 1, number


def test_a_lottie_moves_a_shape_by_two_keyframes_and_draws_what_came_to_the_front_last():
    stage = [Square(fill_opacity=1, color=colour) for colour in (RED, BLUE)]
    recording = Recording(lambda: stage)
    for _ in range(10):
        stage[0].shift(RIGHT * 0.1)
        recording.write()
    recording.repeat(20)
    stage.reverse()
    recording.repeat(5)
    told = json.loads(recording.lottie("", "", 15, 1920, "", ()))
    assert sorted((one["ip"], one["op"]) for one in told["layers"]) == [(0, 30), (0, 35), (30, 35)]
    places = [layer["shapes"][0]["it"][0]["it"][-1]["p"] for layer in told["layers"]]
    assert [[key["t"] for key in place["k"]] for place in places if place["a"]] == [[0, 9]]
    player = LottieAnimation.from_data(json.dumps(told))
    before, after = (player.render_pillow_frame(frame_num=k).getpixel((960, 540)) for k in (20, 32))
    assert (before[2] > before[0], after[0] > after[2]) == (True, True)


def test_a_colour_that_changes_across_a_shape_is_refused_in_lottie():
    recording = Recording(lambda: [Square(fill_opacity=1).set_color([RED, BLUE])])
    with pytest.raises(ValueError, match="take --format webm"):
        recording.write()


def test_two_svgs_in_one_page_have_no_id_in_common():
    squares = [Square(fill_opacity=1).set_color([RED, BLUE]).shift(RIGHT * k) for k in range(2)]
    texts = [svg([one], "12\u202f345\x0b", "told") for one in squares]
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in texts]
    assert len(ids[0]) == len(ids[1]) == 4
    assert not ids[0] & ids[1]
    for text, own in zip(texts, ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", text)) < own
        assert ET.fromstring(text)[0].text == "12\u202f345"


def test_captions_of_a_lecture_file_are_looked_at_before_anything_is_drawn(tmp_path):
    (tmp_path / "my.toml").write_text('title = "x"\nchapters = ["scores"]\ncaptions = "track"\n')
    result = CliRunner().invoke(lecture, ["clip", f"{tmp_path / 'my.toml'}.1", "--format", "gif"])
    assert "gif has no track of captions: --captions burnt, or none" in f"{result.output} {result.exception}"


def test_clips_wait_for_another_command_that_writes_to_their_folder(place, monkeypatch, tmp_path):
    monkeypatch.setattr(clipping, "order_of", lambda *_, **__: place.order("other"))
    monkeypatch.setattr(orders, "open_store", lambda: place.store)
    folder, begun, told, there = tmp_path / "clips", Event(), Event(), []

    def warn(line):
        there.append((line, list(folder.glob("*"))))
        told.set()

    def hold():
        with alone(folder):
            begun.set()
            told.wait(30)

    monkeypatch.setattr(orders, "warn", warn)
    other = Thread(target=hold)
    other.start()
    begun.wait(30)
    done = CliRunner().invoke(
        lecture, ["clip", "other.1", "--format", "png", "--width", "160", "--output", str(folder)]
    )
    told.set()
    other.join()
    assert done.exit_code == 0, done.exception
    assert there == [(f"waits for another command that writes to {folder}", [])]
    assert len(list(folder.glob("*.png"))) == 1


def test_an_mp4_is_what_the_film_is_made_of(made):
    target, _, drawn = made("mp4")
    assert target.read_bytes() == drawn.read_bytes()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["clip", "scores.x"], "no chapter 'scores.x'"),
        (["clip", "scores.1", "--width", "1081"], "1081 is odd, and a video has pixels by twos: take 1080 or 1082"),
        (["clip", "scores.1", "--clear"], "mp4 has no transparency; --format webm, avif, png, svg or lottie has"),
        (["clip", "scores", "--join", "--format", "png"], "png is of one step: leave --join out"),
        (["clip", "scores.1", "--at", "3"], "--at is for a picture of lines: --format svg, not mp4"),
        (
            ["clip", "scores.1", "--format", "mov"],
            "'mov' is not one of 'mp4', 'webm', 'gif', 'avif', 'png', 'svg', 'lottie'",
        ),
        (["clip", "scores.1", "--width", "20"], "20 is not in the range 160<=x<=3840"),
    ],
)
def test_a_mistake_says_what_would_be_right(words, line):
    result = CliRunner().invoke(lecture, words)
    assert result.exit_code != 0
    assert line in f"{result.output} {result.exception}"
