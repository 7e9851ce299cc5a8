"""The making of any entry as a picture: every number true, nothing overlaps, nothing leaves its room."""

from __future__ import annotations

import random

import numpy as np
import pytest
from manim import Animation
from truth import lies
from walking import trace_of

from scenes.layout import STAGE, Room, faults, texts_on
from scenes.mobjects.marks import marks_on, misdrawn
from scenes.mobjects.operation import Operation
from scenes.mobjects.plates import Plates
from scenes.mobjects.softmax_bars import SoftmaxBars
from scenes.mobjects.summation import Summation
from scenes.theme import PIXELS_PER_UNIT, drawn_in

TEXT = "The car is red"
HALF = Room(96, 190, 1824, 640)


@pytest.fixture(autouse=True)
def _dark():
    with drawn_in("dark"):
        yield


def outside(figure, room, slack=6):
    """How far a figure stands out of its room, in px."""
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


def played(plays):
    """Run plays to their end, as a scene does that shows nothing."""
    for part in plays:
        for play in part if isinstance(part, list) else [part]:
            for animation in play if isinstance(play, tuple) else (play,):
                assert isinstance(animation, Animation)
                animation.begin()
                animation.interpolate(0.5)
                animation.finish()


def test_every_point_of_the_trace_has_a_true_picture_that_fills_its_room():
    trace, chance = trace_of(TEXT), random.Random(7)
    found = {}
    for name in (name for name in trace.tensors if not name.startswith(("other.", "decoding."))):
        tensor = trace.full(name)
        if tensor.values.size:
            at = {axis: chance.randrange(size) for axis, size in zip(tensor.axes, tensor.shape, strict=True)}
            found[name, str(at)] = wrong(Operation(trace.explain(name, **at)), STAGE, trace)
    assert {place: faulty for place, faulty in found.items() if faulty} == {}


@pytest.mark.parametrize(
    ("name", "at", "kind"),
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
def test_a_picture_stays_true_while_it_plays_and_ends_as_it_was_laid_out(name, at, kind, theme):
    trace = trace_of(TEXT)
    with drawn_in(theme):
        figure = Operation(explained(name, **at), HALF)
        assert isinstance(figure.board, kind)
        assert wrong(figure, HALF, trace) == []
        four = figure.plays()
        assert len(four) == 4
        for plays in four:
            played(plays)
            assert lies([figure], trace) == []
        assert wrong(figure, HALF, trace) == []


def test_the_steps_of_a_sum_lead_from_zero_to_the_entry():
    board = Operation(explained("encoder.0.self_attn.q", query="red", head=2, d_head=7)).board
    chart = board.chart
    last = [*chart.steps, *chart.last][-1]
    level = last[1].get_center()[1] - chart.zero.get_center()[1]
    assert level * PIXELS_PER_UNIT / chart.unit == pytest.approx(board.entry.value, abs=1e-4)
    assert len(chart.end) == 1


def test_more_terms_than_have_room_share_columns_and_add_up_to_the_same():
    narrow = Room(96, 190, 1000, 900)
    board = Operation(explained("encoder.0.ffn.out", position="red", d_model=5), narrow).board
    assert len(board.columns) < 128
    assert board.chart.total == pytest.approx(board.entry.value, abs=1e-5)


def test_digits_of_products_and_of_the_sum_are_shown_where_they_are_traced():
    trace = trace_of(TEXT)
    head = trace.under("encoder.0.self_attn", batch=0, head=2)
    here = {"query": "red", "d_head": 7}
    entry = explained("encoder.0.self_attn.q", head=2, **here)
    figure = Operation(entry, products=head["q_terms"].pick(**here), sums=head["q_partial_sums"].pick(**here))
    assert wrong(figure, STAGE, trace) == []
    names = {span.source.name for text in texts_on([figure]) for span in getattr(text, "spans", ())}
    assert {"encoder.0.self_attn.q_terms", "encoder.0.self_attn.q_partial_sums"} <= names


def test_the_shares_of_a_softmax_are_read_back_from_their_bars():
    trace = trace_of(TEXT)
    board = Operation(explained("encoder.1.self_attn.weights", query="red", head=1, key="car")).board
    shares = trace["encoder.1.self_attn.weights"].pick(batch=0, head=1, query="red").values
    heights = np.array([bar.height for bar in board.shares])
    assert heights[shares > 0.05] / heights.max() == pytest.approx(shares[shares > 0.05] / shares.max(), abs=0.02)
    assert len(list(marks_on([board]))) == 2 * len(shares)
