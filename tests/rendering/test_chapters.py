"""A sample of what `equality.py` compares for every chapter in full."""

from __future__ import annotations

from pathlib import Path

import pytest
from equality import compare
from frames import FPS, SIZE, quality
from manim import tempconfig

from scenes.production.repertoire import parts
from scenes.rendering import FastRenderer
from scenes.stage.reading import read
from transformer_core.tracing.trace import Trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    return read("The car is red")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "step"), [("qkv", 1), ("scores", 1), ("weighting", 1)])
def test_every_frame_of_a_step_looks_as_under_plain_manim(trace: Trace, name: str, step: int) -> None:
    verdict = compare(parts([name])[0].entries[0].load(), trace, {step}, SIZE, 6)
    assert verdict.plain == verdict.fast > 6
    assert verdict.worst >= 60


def test_a_step_that_is_rendered_again_has_the_same_bytes(trace: Trace, tmp_path: Path) -> None:
    for name in ("first.mp4", "second.mp4"):
        with tempconfig(quality(SIZE, FPS)):
            renderer = FastRenderer()
            chapter = parts(["scores"])[0].entries[0].load()(trace=trace, renderer=renderer)
            with renderer.clip(tmp_path / name):
                chapter.perform({1})
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "second.mp4").read_bytes()
