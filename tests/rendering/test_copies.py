"""Faster versions of what Manim does with shapes, held against Manim's results."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from manim import Mobject, VMobject

from scenes.mobjects.copies import begin
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from transformer_core.tracing.provenance import Quantity

SHARE = Quantity(0.25, "shares", (0, 1))


def shapes() -> list[VMobject]:
    return [Words(f"{SHARE:.2f} of it all", "cell").shift([1, 2, 0]), Box(60, 40, "#336699"), Words(" ", "cell")]


def differing(first: Mobject, second: Mobject) -> list[str]:
    """The attributes in which two mobjects differ."""
    assert vars(first).keys() == vars(second).keys()
    return [
        name for name, value in vars(first).items()
        if not (np.array_equal(value, vars(second)[name]) if isinstance(value, np.ndarray)
                else repr(value) == repr(vars(second)[name]))
    ]  # fmt: skip


@pytest.mark.parametrize("shape", shapes(), ids=["text", "box", "space"])
def test_a_copy_equals_the_copy_that_manim_makes_and_shares_no_array(shape: VMobject) -> None:
    ours, theirs = shape.copy(), Mobject.__deepcopy__(shape, {})
    assert not differing(ours, theirs)
    arrays = [name for name, value in vars(shape).items() if isinstance(value, np.ndarray)]
    assert arrays
    assert not any(np.shares_memory(vars(ours)[name], vars(shape)[name]) for name in arrays)


@pytest.mark.parametrize("shape", shapes(), ids=["text", "box", "space"])
def test_a_shape_begins_with_all_that_manim_gives_it_and_shares_no_array(shape: VMobject) -> None:
    style = {"fill_color": "#336699", "fill_opacity": 1, "stroke_width": 2.5, "stroke_color": "#aa2200"}
    begun, another, theirs = (object.__new__(type(shape)) for _ in range(3))
    begin(begun, **style)
    begin(another, **style)
    VMobject.__init__(theirs, **style)
    assert not differing(begun, theirs)
    arrays = [name for name, value in vars(begun).items() if isinstance(value, (np.ndarray, list))]
    assert not any(vars(begun)[name] is vars(another)[name] for name in arrays)


def test_a_copy_of_two_that_know_each_other_stays_among_itself() -> None:
    box = Box(80, 40, "#336699")
    label = Words("on paper", "cell", paper=box)
    copied_box, copied_label = deepcopy([box, label])
    assert copied_label.paper is copied_box is not box


@pytest.mark.parametrize("shape", shapes(), ids=["text", "box", "space"])
def test_boundary_and_subpaths_are_those_of_manim(shape: VMobject) -> None:
    assert np.array_equal(shape.get_points_defining_boundary(), VMobject.get_points_defining_boundary(shape))
    theirs = VMobject.get_subpaths_from_points(shape, shape.points)
    ours = shape.get_subpaths_from_points(shape.points)
    assert [len(path) for path in ours] == [len(path) for path in theirs]
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_a_formula_that_is_set_again_looks_the_same() -> None:
    first, second = Formula("frac(a, b)"), Formula("frac(a, b)")
    pairs = list(zip(first.family_members_with_points(), second.family_members_with_points(), strict=True))
    assert any(a.stroke_width > 0 for a, _ in pairs)
    assert all(a.stroke_width == b.stroke_width and np.array_equal(a.points, b.points) for a, b in pairs)


def test_a_number_that_is_written_again_keeps_its_place_and_size() -> None:
    words = Words("0.25", "number").scale(0.7).move_to([1, 2, 0])
    baseline, size = words.baseline, words.size
    for text in ("9.75", "0.01", "0.25"):
        words.rewrite(text)
    assert words.baseline == pytest.approx(baseline)
    assert words.size == pytest.approx(size)
    assert np.allclose(words.points, Words("0.25", "number").scale(0.7).move_to([1, 2, 0]).points)
