"""Every chapter looks as it did when somebody last looked, and a fault that is planted is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden import FAR, FOLDER, SIZE, distance, fullest, opened, path_of, save
from manim import DOWN, RIGHT, Scene, VGroup, tempconfig
from PIL import Image
from walking import SENTENCES, chapters, findings, name_of

from scenes.mobjects.shapes import Box, curve, path
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words
from scenes.rendering import FastRenderer
from scenes.stage.chapter import Chapter
from scenes.theme import drawn_in, palette, units
from transformer_core.tracing.trace import NamedTensor

TOKENS = ("the", "car", "is", "red")
SCORES = NamedTensor(
    "scores", np.sin(np.arange(16.0)).reshape(4, 4), ("query", "key"), {"query": TOKENS, "key": TOKENS}
)
#: A pixel of a golden picture, in units.
PIXEL = units(1920 / SIZE[0])


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)
def test_a_chapter_looks_as_when_somebody_last_looked(chapter: type[Chapter], tmp_path: Path) -> None:
    name = name_of(chapter)
    golden = path_of(name)
    step = int(golden.stem[-2:])
    stills = findings(chapter, SENTENCES[0], "dark").stills
    again = f"if that is meant: python tests/pictures/golden.py {name}"
    assert step in stills, f"{name} has no step {step} any more; {again}"
    apart = distance(stills[step], opened(golden))
    now = tmp_path / golden.name
    Image.fromarray(stills[step]).save(now)
    assert apart < FAR, f"step {step} of {name}, now {now}, differs by {apart:.1f} from {golden}; {again}"


def test_a_golden_picture_belongs_to_a_chapter_and_all_are_small() -> None:
    files = [*FOLDER.iterdir()]
    assert {path.stem[:-3] for path in files} <= {name_of(chapter) for chapter in chapters()}
    assert sum(path.stat().st_size for path in files) < 700_000


def test_a_chapter_without_a_golden_picture_is_named_with_the_command() -> None:
    with pytest.raises(FileNotFoundError, match=r"golden\.py nothing"):
        path_of("nothing")


class Stage:
    """A grid with its labels, a box, lines and a text: what chapters are made of."""

    def __init__(self) -> None:
        self.grid = TensorGrid(SCORES)
        self.heading = Words("Does it look where it should?", "title").next_to(self.grid, -DOWN, buff=0.5)
        self.bar = Box(320, 40, palette().weight).next_to(self.grid, RIGHT, buff=0.6)
        self.lines = VGroup(
            curve(np.array([-6.0, -2, 0]), np.array([-4.0, 2, 0])),
            path([np.array([-6.0, 0, 0]), np.array([-5.0, 1, 0]), np.array([-4.0, -1, 0])], "residual", 5),
        )

    def drawn(self, size: tuple[int, int] = SIZE) -> np.ndarray:
        with tempconfig({"pixel_width": size[0], "pixel_height": size[1], "frame_rate": 30, "dry_run": True}):
            scene = Scene(renderer=FastRenderer())
            scene.camera.background_color = palette().background
            scene.add(self.grid, self.heading, self.bar, self.lines)
            return scene.renderer.still(scene)


@pytest.fixture
def stage():
    with drawn_in("dark"):
        yield Stage()


@pytest.mark.parametrize("times", [2, 4])
def test_edges_that_are_smoothed_otherwise_are_no_difference(stage: Stage, times: int) -> None:
    large = stage.drawn((SIZE[0] * times, SIZE[1] * times))
    reduced = np.asarray(Image.fromarray(large).resize(SIZE, Image.Resampling.BOX))
    assert not np.array_equal(reduced, stage.drawn())
    assert distance(reduced, stage.drawn()) < FAR


@pytest.mark.parametrize("part", ["heading", "bar", "lines", "grid"])
@pytest.mark.parametrize("way", [RIGHT, DOWN], ids=["right", "down"])
def test_a_shift_by_two_pixels_is_seen(stage: Stage, part: str, way: np.ndarray) -> None:
    before = stage.drawn()
    getattr(stage, part).shift(2 * PIXEL * way)
    assert distance(stage.drawn(), before) >= FAR


def test_another_colour_is_seen(stage: Stage) -> None:
    before = stage.drawn()
    stage.grid.cells[1, 1].number.set_fill(palette().warning)
    assert distance(stage.drawn(), before) >= FAR


def test_a_ramp_a_shade_off_is_seen(stage: Stage) -> None:
    before = stage.drawn()
    stage.bar.set_fill(palette().ink2)
    assert distance(stage.drawn(), before) >= FAR


def test_a_number_that_is_missing_is_seen(stage: Stage) -> None:
    before = stage.drawn()
    stage.grid.cells[2, 3].number.set_opacity(0)
    assert distance(stage.drawn(), before) >= FAR


def test_the_picture_that_is_kept_is_the_fullest_and_replaces_the_one_before(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("golden.FOLDER", tmp_path)
    empty = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    full = empty.copy()
    full[50:90, 60:80] = 200
    assert fullest({1: empty, 2: full, 3: empty}) == 2
    save("scores", 4, empty)
    path = save("scores", 2, full)
    assert [*tmp_path.iterdir()] == [path] == [path_of("scores")]
    assert distance(opened(path), full) == 0
