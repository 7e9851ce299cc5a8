"""The stage: beats that share their time, cuts that match, dives that come back, and an order that stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from manim import DOWN, LEFT, RIGHT, UP, Mobject, VGroup, tempconfig
from walking import trace_of

from scenes.animations import Dive, Flight, Reform, Rise, Travels, appear, draw, pulses
from scenes.animations.ambient import WIDER
from scenes.animations.dives import BORDER
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import THICK, THIN, Arcs
from scenes.mobjects.formulas import Formula
from scenes.mobjects.region import Region
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, path, wire
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words
from scenes.rendering import FastRenderer
from scenes.stage.captions import reading_seconds
from scenes.stage.chapter import MOST_STRETCHED, Chapter, Record, Step, beat
from scenes.stage.matching import match_cut, shown_by
from scenes.theme import at, drawn_in, pace, units
from transformer_core.tracing.trace import Trace

TEXT = "The car is red"
SAID = "A sentence that takes some time to say, so that two motions have to share it between them."


@pytest.fixture(autouse=True)
def _dark() -> Iterator[None]:
    with drawn_in("dark"):
        yield


def weights() -> TensorGrid:
    return TensorGrid(trace_of(TEXT)["encoder.1.self_attn.weights"].pick(batch=0, head=0), weights=True)


def performed(*steps: Step) -> Chapter:
    """A chapter of these steps, applied without being shown."""

    class Told(Chapter):
        number, title = 99, "A test"

        def steps(self, trace: Trace) -> Iterator[Step]:  # noqa: ARG002
            yield from steps

    with tempconfig({"frame_rate": 30, "pixel_width": 96, "pixel_height": 54}):
        chapter = Told(trace=trace_of(TEXT), renderer=FastRenderer())
        chapter.renderer.skip_animations = True
        chapter.perform(())
    return chapter


def state(mobject: Mobject) -> list[tuple[np.ndarray, float, np.ndarray]]:
    parts = mobject.family_members_with_points()
    return [(part.points.copy(), part.stroke_width, part.fill_rgbas.copy()) for part in parts]


def same(one: list[tuple[np.ndarray, float, np.ndarray]], other: list[tuple[np.ndarray, float, np.ndarray]]) -> bool:
    return all(np.array_equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


def test_a_beat_takes_no_bar_which_would_make_two_of_it() -> None:
    with pytest.raises(ValueError, match="make two"):
        beat("Rows ask, |columns answer.")


def test_a_beat_that_is_none_is_no_part_of_its_step() -> None:
    step = Step("One of two", None, beat("Said."), None)
    assert [part.say for part in step.parts] == ["Said."]
    assert step.narration == "Said."


def test_the_motions_of_a_beat_share_the_time_in_which_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[tuple[float, float]] = []
    play = Chapter._play

    def seen(self: Chapter, play_: object, record: Record, showing: bool, stretched: float = 1.0) -> None:
        before = record.duration
        play(self, play_, record, showing, stretched)
        played.append((before, record.duration))

    monkeypatch.setattr(Chapter, "_play", seen)
    words = [Words(text) for text in ("one", "two")]
    chapter = performed(Step("Two motions", beat(SAID, *(appear(word) for word in words)), stage=[]))
    (first, second), (record,) = played[-2:], chapter.records
    said = reading_seconds(SAID)
    assert first[1] - first[0] == pytest.approx(pace("appear") * MOST_STRETCHED, abs=1 / 20)
    # Both last as long by themselves, so that the second begins about the middle of the words.
    assert second[0] - record.starts[0] == pytest.approx(said / 2, abs=1 / 2)
    assert record.duration - record.starts[0] == pytest.approx(said + pace("hold"), abs=1 / 10)


def test_what_two_pictures_share_travels_and_the_rest_fades() -> None:
    old, new = weights(), weights().scale(0.5).shift(np.array([3.0, 1.0, 0]))
    gone, fresh = Words("only before"), Words("only after")
    animations = match_cut([old, gone], [new, fresh], set())
    (together,) = [one for one in animations if isinstance(one, Travels)]
    travels = together.travels
    assert len(travels) == len(old.cells)
    for one in travels:
        assert shown_by(one.source) == shown_by(one.mobject)
        one.begin()
        assert np.allclose(one.mobject.get_center(), one.source.get_center(), atol=1e-6)
        one.finish()
    rest = {id(part) for one in animations if one is not together for part in one.mobject.get_family()}
    assert {id(gone), id(fresh)} <= rest
    assert not rest & {id(part) for cell in new.cells.values() for part in cell.get_family()}


def test_a_token_of_a_query_and_of_a_key_is_the_same_token() -> None:
    pairs = trace_of(TEXT)["encoder.1.self_attn.scores"].pick(batch=0, head=0)
    one, other = (Ribbon(pairs.words(axis)) for axis in ("query", "key"))
    assert [shown_by(chip) for chip in one.chips] == [shown_by(chip) for chip in other.chips]
    assert len({shown_by(chip) for chip in one.chips}) == 4


def test_a_step_begins_with_what_it_declares_and_in_that_order() -> None:
    first, second, third = (Words(text) for text in ("one", "two", "three"))
    chapter = performed(
        Step("Before", beat("Two.", appear(first, second)), stage=[]),
        Step("After", beat("Two others."), stage=[third, second]),
    )
    family = chapter.get_mobject_family_members()
    assert first not in family
    assert family.index(third) < family.index(second)


def test_a_dive_fills_its_room_and_a_rise_leaves_each_part_where_it_stood() -> None:
    grid, inside = weights(), Words("inside", "large number")
    cell, before = grid.cells[1, 2], state(grid)
    dive = Dive([grid], cell, STAGE)
    dive.begin()
    dive.finish()
    assert cell.width == pytest.approx(units(STAGE.width))
    assert cell.box.height == pytest.approx(units(STAGE.height))
    assert all(part.get_fill_opacity() == 0 for part in grid.cells[0, 0].get_family())
    rise = Rise(dive, inside)
    rise.begin()
    rise.finish()
    assert same(state(grid), before)


def test_what_a_dive_passes_is_gone_where_it_leaves_the_room_and_its_part_is_round_all_the_way() -> None:
    boxes = VGroup(Box(300, 60, "#FFFFFF", 30) for _ in range(5)).arrange(DOWN, buff=0.1).move_to(STAGE.centre)
    dive = Dive([boxes], boxes[2], inside=0.0)
    dive.begin()
    lowest, highest = at(0, STAGE.bottom + BORDER)[1], at(0, STAGE.top - BORDER)[1]
    for share in np.linspace(0, 1, 21)[:-1]:
        dive.interpolate(share)
        for box in (*boxes[:2], *boxes[3:]) if share else ():
            beyond = box.get_bottom()[1] < lowest or box.get_top()[1] > highest
            assert box.fill_rgbas[0, 3] == 0 if beyond else box.fill_rgbas[0, 3] <= 1
        assert boxes[2].get_right()[0] - boxes[2].points[0][0] > 0
    assert max(box.fill_rgbas[0, 3] for box in boxes) == 0


def test_the_head_of_an_arrow_stands_at_the_end_of_its_shaft_while_it_grows() -> None:
    one = arrow(LEFT, RIGHT, thick=8, tip=40)
    head, whole = one[1], one[1].points.copy()
    drawing = draw(one)
    drawing.begin()
    for share in (0.2, 0.5, 0.9):
        drawing.interpolate(share)
        foot = (head.points[3] + head.points[7]) / 2
        assert np.allclose(foot, one[0].points[-1])
        assert head.points[0][0] > foot[0]
    drawing.finish()
    assert np.array_equal(head.points, whole)


def test_a_wire_turns_in_arcs_and_a_path_keeps_its_corners() -> None:
    corners = [np.zeros(3), np.array([1.0, 0, 0]), np.array([1.0, 1.0, 0])]
    turned = wire(corners, radius=27)
    assert np.allclose(path(corners).points[3], corners[1])
    assert np.linalg.norm(turned.points - corners[1], axis=1).min() > units(27) * 0.3
    assert np.array_equal(turned.points[[0, -1]], np.array(corners)[[0, -1]])
    short = wire([*corners[:2], corners[1] + 0.02 * UP], radius=27)  # no room for more than half of the way
    assert np.linalg.norm(short.points - corners[1], axis=1).max() == 1


def test_a_flight_is_dark_at_both_ends_and_moves_a_copy() -> None:
    grid = weights()
    before = state(grid)
    flight = Flight(grid.cells[0, 0], grid.cells[3, 3], arc=0)
    flight.begin()
    for share in (0.0, 1.0):
        flight.interpolate(share)
        assert all(part.get_fill_opacity() == 0 for part in flight.mobject.get_family())
    assert np.allclose(flight.mobject.get_center(), grid.cells[3, 3].get_center(), atol=1e-6)
    assert same(state(grid), before)


def test_parts_that_move_stay_behind_what_stands_on_them() -> None:
    grid = weights()
    cell = grid.cells[0, 0]
    performed_on = performed(
        Step("Move", beat("A box moves.", cell.box.animate.shift(np.array([0.1, 0, 0]))), stage=[grid])
    )
    family = performed_on.get_mobject_family_members()
    assert family.index(cell.box) < family.index(cell.number)


def test_equal_signs_of_two_formulas_travel() -> None:
    old, new = Formula("x / y"), Formula("a + x / y")
    goal = state(new)
    reform = Reform(old, new)
    reform.begin()
    twins = [home for _, home, away, _ in reform.states if away is not None]
    assert len(twins) == 3  # x, y and the line between them; a and the plus grow
    reform.interpolate(1.0)
    assert same(state(new), goal)


def test_beads_run_along_an_arc_from_the_key_to_the_query_as_large_as_its_weight() -> None:
    row = trace_of(TEXT)["encoder.1.self_attn.weights"].pick(batch=0, head=0, query=3)
    arcs = Arcs(row.words("key"), 3, row)
    run = pulses(arcs.arcs, arcs.drawn_weights)(6.0)
    run.begin()
    sizes = [max(dot.width for dot in run.mobject[2 * i : 2 * i + 2]) for i in range(len(arcs.arcs))]
    thick = THIN + (THICK - THIN) * np.array(arcs.drawn_weights)
    assert np.allclose(np.array(sizes) * 135, thick + 2 * WIDER)
    dots = pulses(arcs.arcs, arcs.drawn_weights, "ink")(6.0).mobject
    areas = np.array([dot.width**2 for dot in dots[::2]])
    assert np.allclose(areas / areas[0], np.array(arcs.drawn_weights) / arcs.drawn_weights[0])
    run.interpolate(0.2)
    early = run.mobject[0].get_center()
    run.interpolate(0.3)
    key, query = arcs.arcs[0].points[0], arcs.arcs[0].points[-1]
    assert np.sign(run.mobject[0].get_x() - early[0]) == np.sign(query[0] - key[0])


def test_rooms_share_out_what_they_are_given() -> None:
    room = Room(100, 200, 500, 400)
    assert [part.width for part in room.columns(2, 20)] == [190, 190]
    assert [part.bottom for part in room.rows(2, 20)] == [290, 400]
    above, below = room.split_rows(-50, 10)
    assert (above.height, below.height) == (140, 50)
    large, small = room.golden_columns(20)
    assert large.width / (large.width + small.width) == pytest.approx(0.618)
    figure = room.fit(VGroup(Words("a text", "title")), most=10)
    assert max(figure.width / units(room.width), figure.height / units(room.height)) == pytest.approx(1.0)


def test_what_was_measured_stands_on_the_stage_without_a_surface_and_has_its_width() -> None:
    region = Region("the queries of one head")
    assert [type(part) for part in region] == [Words]
    assert (region.inside.left, region.inside.right, region.inside.bottom) == (STAGE.left, STAGE.right, STAGE.bottom)
    assert region.words.get_bottom()[1] > at(0, region.inside.top)[1]
