"""The making of any entry as a picture: every number true, nothing overlaps, nothing leaves its room."""

from __future__ import annotations

import random

import numpy as np
import pytest
from manim import Scene, tempconfig
from truth import lies
from walking import trace_of

from scenes.animations import Travel
from scenes.layout import STAGE, Room, faults, texts_on
from scenes.mobjects.marks import marks_on, misdrawn
from scenes.mobjects.operation import making_of
from scenes.mobjects.plates import Plates
from scenes.mobjects.shapes import Box
from scenes.mobjects.softmax_bars import SoftmaxBars
from scenes.mobjects.summation import Summation
from scenes.rendering import FastRenderer
from scenes.theme import PIXELS_PER_UNIT, at, drawn_in

TEXT = "The car is red"
SMALL = {"dry_run": True, "progress_bar": "none", "pixel_width": 320, "pixel_height": 180, "frame_rate": 10}
HALF = Room(96, 190, 1824, 640)


@pytest.fixture(autouse=True)
def _dark():
    with drawn_in("dark"):
        yield


def outside(figure, room, slack=6):
    """The px by which a figure stands out of its room."""
    left, right = (960 + PIXELS_PER_UNIT * x for x in (figure.get_left()[0], figure.get_right()[0]))
    top, bottom = (540 - PIXELS_PER_UNIT * y for y in (figure.get_top()[1], figure.get_bottom()[1]))
    over = (room.left - left, right - room.right, room.top - top, bottom - room.bottom)
    return [round(px) for px in over if px > slack]


def wrong(figure, room, trace):
    found = [*faults([figure]), *lies([figure], trace), *misdrawn([figure], trace)]
    across, down = figure.width * PIXELS_PER_UNIT / room.width, figure.height * PIXELS_PER_UNIT / room.height
    small = [f"fills {across:.2f} by {down:.2f}"] if max(across, down) < 0.85 else []
    return [*found, *small, *outside(figure, room)]


def explained(name, **at):
    return trace_of(TEXT).explain(name, **at)


def seen_in_motion(four, scene, trace):
    """Play on an empty or a given stage; what a strict viewer finds in the midst of motions."""
    found = []
    for play in (play for plays in four for play in plays):
        animations = scene.compile_animations(*(play if isinstance(play, tuple) else (play,)))
        for animation in animations:
            animation._setup_scene(scene)
            animation.begin()
        for moment in (0.2, 0.5, 0.8):
            for animation in animations:
                animation.interpolate(moment)
            found += [*lies(scene.mobjects, trace), *(f for f in faults(scene.mobjects) if "contrast" not in f)]
        for animation in animations:
            animation.finish()
            animation.clean_up_from_scene(scene)
    return found


@pytest.mark.slow
def test_every_point_of_the_trace_has_a_true_picture_that_fills_its_room():
    trace, chance = trace_of(TEXT), random.Random(7)
    found = {}
    for name in (name for name in trace.tensors if not name.startswith(("other.", "decoding."))):
        tensor = trace.full(name)
        if tensor.values.size:
            at = {axis: chance.randrange(size) for axis, size in zip(tensor.axes, tensor.shape, strict=True)}
            found[name, str(at)] = wrong(making_of(trace.explain(name, **at)), STAGE, trace)
    assert {place: faulty for place, faulty in found.items() if faulty} == {}


@pytest.mark.parametrize(
    ("name", "place", "kind"),
    [
        ("encoder.0.self_attn.q", {"query": "red", "head": 2, "d_head": 7}, Summation),
        ("encoder.0.ffn.out", {"position": "red", "d_model": 5}, Summation),
        ("encoder.0.ln1.var", {"position": "red"}, Summation),
        ("encoder.0.self_attn.z", {"query": "red", "head": 2, "d_head": 7}, Summation),
        ("encoder.1.self_attn.weights", {"query": "red", "head": 1, "key": "car"}, SoftmaxBars),
        ("probs", {"position": 1, "vocab": 25}, SoftmaxBars),
        ("encoder.0.ln1.out", {"position": "red", "d_model": 5}, Plates),
        ("embed_src.token", {"position": "red", "d_model": 5}, Plates),
    ],
)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_picture_stays_true_while_it_plays_and_ends_as_it_was_laid_out(name, place, kind, theme):
    trace = trace_of(TEXT)
    with drawn_in(theme), tempconfig(SMALL):
        figure, scene = making_of(explained(name, **place), HALF), Scene(renderer=FastRenderer())
        assert isinstance(figure, kind)
        assert wrong(figure, HALF, trace) == []
        four = figure.plays()
        assert len(four) == 4
        assert seen_in_motion(four, scene, trace) == []
        assert wrong(figure, HALF, trace) == []
        shown = {id(part) for mobject in scene.mobjects for part in mobject.get_family()}
        left = [id(part) for part in getattr(figure, "passing", ())]
        assert [id(part) for part in figure.family_members_with_points() if id(part) not in shown] == left


@pytest.mark.parametrize(
    "name", ["encoder.0.self_attn.scores", "encoder.1.self_attn.weights", "encoder.0.self_attn.scaled"]
)
def test_inputs_come_from_where_they_stand_and_the_result_goes_where_it_belongs(name):
    trace = trace_of(TEXT)
    with tempconfig(SMALL):
        figure, scene = (
            making_of(explained(name, head=2, query="red", key="car"), HALF),
            Scene(renderer=FastRenderer()),
        )
        goal = Box(120, 60, "#335577").move_to(at(1500, 800))
        sources = [Box(90, 40, "#335577").move_to(at(400 + 300 * i, 760)) for i in range(len(figure.inputs))]
        scene.add(*sources, goal, figure.plate)
        four = figure.plays(sources, goal, known=True)
        assert any(
            isinstance(part, Travel) for play in four[0] for part in (play if isinstance(play, tuple) else (play,))
        )
        seen_in_motion(four, scene, trace)
        assert wrong(figure, HALF, trace) == []
        assert {*map(id, sources), id(goal)} <= {*map(id, scene.mobjects)}


def test_the_steps_of_a_sum_lead_from_zero_to_the_entry():
    board = making_of(explained("encoder.0.self_attn.q", query="red", head=2, d_head=7))
    chart = board.chart
    last = [*chart.steps, *chart.last][-1]
    level = last[1].get_center()[1] - chart.zero.get_center()[1]
    assert level * PIXELS_PER_UNIT / chart.unit == pytest.approx(board.entry.value, abs=1e-4)
    assert len(chart.end) == 1


def test_more_terms_than_have_room_share_columns_and_add_up_to_the_same():
    narrow = Room(96, 190, 1000, 900)
    board = making_of(explained("encoder.0.ffn.out", position="red", d_model=5), narrow)
    assert len(board.columns) < 128
    assert board.chart.total == pytest.approx(board.entry.value, abs=1e-5)


def test_digits_of_products_and_of_the_sum_are_shown_where_they_are_traced():
    trace = trace_of(TEXT)
    head = trace.under("encoder.0.self_attn", batch=0, head=2)
    here = {"query": "red", "d_head": 7}
    entry = explained("encoder.0.self_attn.q", head=2, **here)
    figure = making_of(entry, products=head["q_terms"].pick(**here), sums=head["q_partial_sums"].pick(**here))
    assert wrong(figure, STAGE, trace) == []
    names = {span.source.name for text in texts_on([figure]) for span in getattr(text, "spans", ())}
    assert {"encoder.0.self_attn.q_terms", "encoder.0.self_attn.q_partial_sums"} <= names
    with tempconfig(SMALL):
        assert seen_in_motion(figure.plays(), Scene(renderer=FastRenderer()), trace) == []
    x, weight, product, total = (words.spans[0].source for words, _, _ in figure.counters)
    assert x.value * weight.value == pytest.approx(product.value)
    assert total.value == pytest.approx(sum(q.value * w.value for q, w in entry.terms[:-1]), abs=1e-5)


def test_the_shares_of_a_softmax_are_read_back_from_their_bars():
    trace = trace_of(TEXT)
    board = making_of(explained("encoder.1.self_attn.weights", query="red", head=1, key="car"))
    shares = trace["encoder.1.self_attn.weights"].pick(batch=0, head=1, query="red").values
    heights = np.array([bar.height for bar in board.shares])
    assert heights[shares > 0.05] / heights.max() == pytest.approx(shares[shares > 0.05] / shares.max(), abs=0.02)
    assert len(list(marks_on([board]))) == 2 * len(shares)
