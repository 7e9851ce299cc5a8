"""The viewers of the contract tests are not blind: each fault that is planted here is found."""

from __future__ import annotations

import numpy as np
import pytest
from manim import DOWN, RIGHT, Text, VGroup
from rings import RingWatch
from truth import lies, other_head, says, wrong_in_step, wrong_in_text
from walking import trace_of

from scenes.animations import ring_around
from scenes.layout import faults
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.formulas import Formula
from scenes.mobjects.sentences import spelled
from scenes.mobjects.shapes import Box
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import head_name
from scenes.theme import drawn_in, palette, units
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.provenance import Quantity, parse
from transformer_core.tracing.trace import NamedTensor, Trace

WORDS = ("the", "car", "is", "red")
SCORES = NamedTensor("scores", np.arange(16.0).reshape(4, 4) / 7, ("query", "key"), {"query": WORDS, "key": WORDS})
TRACE = Trace({"scores": SCORES})


def test_a_true_grid_passes() -> None:
    grid = TensorGrid(SCORES)
    assert lies([grid], TRACE) == []
    assert faults([grid]) == []


def test_a_wrong_value_is_found() -> None:
    wrong = number(Quantity(0.5, "scores", (1, 1)))
    assert "holds" in lies([wrong], TRACE)[0]


def test_a_value_of_another_entry_is_found() -> None:
    wrong = number(Quantity(float(SCORES.values[2, 2]), "scores", (1, 1)))
    assert "holds" in lies([wrong], TRACE)[0]


def test_a_digit_without_a_source_is_found() -> None:
    assert "no source" in lies([Words("about 42 words")], TRACE)[0]


def test_a_number_that_is_drawn_otherwise_than_it_says_is_found() -> None:
    good, other = number(SCORES.quantity(1, 1)), number(SCORES.quantity(2, 2))
    good.points = other.points
    assert "not what is drawn" in lies([good], TRACE)[0]


def test_a_text_of_manim_is_found() -> None:
    assert "knows no source" in lies([Text("0.42")], TRACE)[0]


def test_a_digit_in_a_formula_without_a_source_is_found() -> None:
    assert "no source" in lies([Formula("q dot k = 3.14")], TRACE)[0]


def test_a_token_that_is_not_in_the_trace_is_found() -> None:
    assert "no source" in wrong_in_text(*parse("“bus” asks"), TRACE)[0]


def test_a_share_in_a_caption_that_was_typed_by_hand_is_found() -> None:
    assert "no source" in wrong_in_text(*parse(f"“{SCORES.label('key', 3)}” gives 99% of its attention"), TRACE)[0]


def of_bet(name: str) -> NamedTensor:
    """The weights of the head that is followed: about the sentence, or with another adjective."""
    trace = trace_of("The car is red")
    focus = focus_of(trace)
    return trace[f"{name}{focus.path}.weights"].pick(batch=0, head=focus.head)


def test_a_number_of_another_sentence_or_head_than_the_words_name_is_found() -> None:
    trace = trace_of("The car is red")
    focus = focus_of(trace)
    own, other = of_bet("").pick(query=focus.query_token), of_bet("other.swap.").pick(query=focus.query_token.position)
    head, another = (head_name(focus.layer, which) for which in (focus.head, (focus.head + 1) % 4))
    for row, named, fault in ((own, head, ""), (other, head, "not named"), (own, another, "another head")):
        text = f"In {named}, “{focus.query_token}” gives “{focus.top_key}” {row.quantity(1):share}"
        found = wrong_in_step("The bet", [text], trace)
        assert [fault in one for one in found] == [True] * bool(fault)


def test_a_head_that_is_named_where_another_one_is_drawn_is_found() -> None:
    trace = trace_of("The car is red")
    focus, bar = focus_of(trace), ShareBar(of_bet("").quantity(3, 1))
    assert other_head([f"In {head_name(focus.layer, focus.head)}"], [bar], trace) == []
    assert other_head([f"In {head_name(focus.layer, (focus.head + 1) % 4)}"], [bar], trace) != []


def test_a_translation_that_was_typed_by_hand_is_found() -> None:
    trace = trace_of("The car is red")
    output = trace["probs"].words("position")[1:]
    assert wrong_in_text(*parse(f"“{spelled(output)}” comes out"), trace) == []
    assert "of a translation has no source" in wrong_in_text(*parse("“el coche es verde” comes out"), trace)[0]


@pytest.mark.parametrize(("place", "right"), [((1, 1), True), ((2, 1), False), ((1, 2), False)])
def test_a_ring_around_another_entry_or_row_than_the_words_say_is_found(place: tuple[int, int], right: bool) -> None:
    grid, said = TensorGrid(SCORES), parse(f"the score is {SCORES.quantity(1, 1):.2f}")[1]
    query = parse(f"“{SCORES.label('query', 1)}”")[1]
    row = VGroup(*(cell for (i, _), cell in grid.cells.items() if i == place[0]))
    for ring, words, true in (
        (ring_around(grid.cells[place]), [said], right),
        (ring_around(row), [query], place[0] == 1),
        (ring_around(row), [query, ()], place[0] == 1),
    ):
        watch = RingWatch()
        watch.look("beat 1", [grid, ring], words, TRACE)
        assert (watch.faults == []) == true


@pytest.mark.parametrize(
    ("shown", "value", "right"),
    [("0.14", 0.1429, True), ("0.15", 0.1429, False), ("99%", 0.993, True), ("98%", 0.993, False),
     ("over 99%", 0.993, False),
     ("over 99%", 0.9991, True), ("−0.00", -0.001, False), ("0.00", -0.001, True), ("6·10⁻¹⁶", 6.2e-16, True),
     ("6·10⁻¹⁶", 6.2e-15, False), ("1,021", 1020.9, True), ("<0.01", 0.004, True), ("<0.01", 0.0, False)],
)  # fmt: skip
def test_what_is_shown_is_the_value_at_its_precision(shown: str, value: float, right: bool) -> None:
    assert says(shown, value) is right


def test_a_text_larger_than_its_box_is_found() -> None:
    box = Box(60, 40, palette().surface)
    text = Words("a long text", "cell", paper=box)
    assert "larger than its box" in faults([VGroup(box, text.move_to(box))])[0]


def test_overlapping_texts_are_found() -> None:
    assert "overlap" in faults([Words("one"), Words("two").shift(RIGHT * units(10))])[0]


def test_a_text_off_the_frame_is_found() -> None:
    assert "leaves the frame" in faults([Words("gone").shift(DOWN * 4)])[0]


def test_a_text_too_small_is_found() -> None:
    assert "under 24" in faults([Words("tiny").scale(0.5)])[0]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_faint_text_is_found(theme: str) -> None:
    with drawn_in(theme) as colours:
        box = Box(300, 80, colours.surface)
        text = Words("faint", "note", paper=box).set_fill(colours.line)
        assert "contrast" in faults([VGroup(box, text.move_to(box))])[0]
