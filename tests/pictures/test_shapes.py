"""Shapes of the frame: a step is laid out anew for each, and what has no room there is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from manim import LEFT, RIGHT, UP, Line, Square, VGroup, tempconfig
from shapes import row, rows
from walking import SENTENCES, _formulas, chapters, name_of, trace_of

from scenes.layout import STAGE, Room, crossed, in_turn, texts_on
from scenes.mobjects.text import Words, wrapped
from scenes.production.look import Look
from scenes.rendering import FastRenderer
from scenes.theme import SHAPES, at, shape, shaped, units
from transformer_core.tracing.provenance import plain

SCORES = next(chapter for chapter in chapters() if name_of(chapter) == "scores")


@contextmanager
def performed(wanted: str, look_at: Any) -> Iterator[None]:
    """Perform a chapter in a shape, and look at its stage at the end of each step."""
    look = Look(270, 480, 15, "dark", shape=wanted)
    with tempconfig({}), look.applied(_formulas()):
        scene = SCORES(trace=trace_of(SENTENCES[0]), theme="dark", renderer=FastRenderer())
        scene.renderer.skip_animations = True
        scene.perform((), closed=lambda record: look_at(record.number, scene))
        yield


def test_texts_of_a_tall_frame_keep_out_of_what_players_cover() -> None:
    """The top 14% and the lowest 20% of 9:16, as Meta says for Stories."""
    found: list[tuple[float, float]] = []
    with performed(
        "9:16", lambda _, scene: found.extend((t.get_top()[1], t.get_bottom()[1]) for t in texts_on(scene.mobjects))
    ):
        high = units(shape().height)
        tops, bottoms = np.array(found).T
        assert high / 2 - tops.max() >= 0.14 * high
        assert bottoms.min() + high / 2 >= 0.2 * high


def test_a_step_is_laid_out_anew_and_not_cropped() -> None:
    """The same words stand in either frame, in other lines; numbers may have fewer digits."""
    written: dict[str, dict[int, str]] = {"16:9": {}, "1:1": {}}
    for one, texts in written.items():

        def note(number: int, scene: Any, texts: dict[int, str] = texts) -> None:
            texts[number] = "".join(sorted(c for text in texts_on(scene.mobjects) for c in text.text if c.isalpha()))

        with performed(one, note):
            pass
    assert written["16:9"] == written["1:1"]


def test_the_table_of_the_docs_says_which_steps_have_room() -> None:
    """Of one chapter; `python tests/pictures/shapes.py` writes the lines of all."""
    assert rows().keys() == {name_of(chapter) for chapter in chapters()}
    assert rows()["scores"] == row(SCORES)


def test_the_stage_follows_the_shape_and_so_does_what_is_cut_from_it() -> None:
    usual = STAGE.width
    with shaped(SHAPES["4:5"][0]) as _:
        assert STAGE.width < usual / 2
        above, below = Room(0, 0, 800, 800).golden_columns()
        assert (above.bottom, above.width) == (below.top - 48, below.width)
        pair = in_turn(VGroup(Square(), Square()), STAGE, 0.1)
        assert pair[0].get_x() == pytest.approx(pair[1].get_x())
        assert np.allclose(at(shape().width / 2, shape().height / 2), 0)
    left, right = Room(0, 0, 800, 800).golden_columns()
    assert left.right < right.left
    assert STAGE.width == usual


def test_a_line_through_a_text_is_a_fault_and_a_frame_around_it_is_none() -> None:
    text = Words("query", "fact")
    around = Square().surround(text)
    assert crossed([text, around]) == []
    assert crossed([text, Line(2 * LEFT, 2 * RIGHT)]) == ["a line runs through 'query'"]
    assert crossed([text, Line(2 * LEFT, 2 * RIGHT).shift(UP)]) == []


def test_a_line_is_wrapped_between_words_and_keeps_what_it_was_made_from() -> None:
    share = trace_of(SENTENCES[0])["encoder.1.self_attn.weights"].pick(batch=0, head=0, query=0).largest()[1]
    text = f"The largest of all these shares is {share:share}, and no other comes near"
    lines = wrapped(text, "caption", 400)
    assert " ".join(map(plain, lines)) == plain(text)
    assert all(Words(line, "caption").width <= units(400) for line in lines)
    assert sum(len(Words(line, "caption").spans) for line in lines) == 1
