"""Formula, first part: how well does one row's question fit another row's key?"""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, RIGHT, UP, VGroup

from scenes.animations import (
    Count,
    appear,
    appear_in_turn,
    dim,
    fill,
    focus,
    leave,
    light,
    move_ring,
    together,
    turn_over,
)
from scenes.layout import at_floor, at_left, at_right, centred, left_aligned
from scenes.mobjects.bars import SignedBars, share_bars
from scenes.mobjects.formulas import Formula
from scenes.mobjects.products import Board, DotProduct, PlaneOfTwo, value_line
from scenes.mobjects.tokens import chips
from scenes.mobjects.text import Words
from scenes.storyboard import Chapter, Step
from scenes.theme import gap
from transformer_core.cast import cast_of
from transformer_core.trace import Trace


class Scores(Chapter):
    """Every query meets every key: the dot product, term by term, then all at once."""

    number = 6
    title = "Formula, part one: scores"

    def whereabouts(self, trace: Trace) -> str:
        return cast_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        cast = cast_of(trace)
        head, asker, favourite = cast.seen(trace), cast.asker, cast.favourite
        score = head["scores"].pick(query=asker, key=favourite)

        # One pair: multiply entry by entry, and add.
        pair = DotProduct(head, asker, favourite)
        total = Words(f"sum so far {head['sums'].pick(query=asker, key=favourite, d_head=0):.2f}", "number")
        at_floor(total)
        formula = at_floor(
            Formula(f"{{{{ q_({asker}) : query }}}} dot {{{{ k_({favourite}) : key }}}} = sum_d q_d k_d = {score:.2f}")
        )
        running = head["sums"].pick(query=asker, key=favourite).quantities()
        yield Step(
            f"Does the question of “{asker}” fit the key of “{favourite}”?",
            say=f"How well does one row’s question fit another row’s key? Take “{asker}” and “{favourite}”. |"
            "Multiply entry by entry, and add up as you go. |"
            f"{head['positive_terms'].pick(query=asker, key=favourite)} products push the sum up, "
            f"{head['negative_terms'].pick(query=asker, key=favourite)} pull it down. |"
            f"What is left is the score: {score:.2f}.",
            show=[
                [appear(pair.asker, pair.query), appear(pair.answer, pair.key)],
                [appear(pair.bars.zero, pair.note, total), (fill(pair.bars.bars, "slow"), Count(total, running, ".2f", "slow", "sum so far "))],
                None,
                [(leave(total), appear(formula))],
            ],
        )

        # The same number as geometry.
        plane = PlaneOfTwo(head, asker, favourite)
        facts = VGroup(
            value_line(f"length of the query", head["q_length"].pick(query=asker), ".2f", "query"),
            value_line(f"length of the key", head["k_length"].pick(key=favourite), ".2f", "key"),
            value_line("angle between them", head["angle"].pick(query=asker, key=favourite), ".0f", unit="degrees"),
            value_line("cosine of the angle", head["cosine"].pick(query=asker, key=favourite), ".3f"),
        ).arrange(DOWN, buff=gap("grid"), aligned_edge=RIGHT)
        product = Formula("abs({{ q : query }}) abs({{ k : key }}) cos theta = " + f"{score:.2f}")
        column = VGroup(facts, product).arrange(DOWN, buff=gap("part"))
        centred(VGroup(plane, column).arrange(RIGHT, buff=gap("part")))
        yield Step(
            "An angle, and two lengths",
            say=f"The same {score:.2f} is length times length times the cosine of the angle between them. |"
            "In the plane through both arrows nothing is distorted. The other keys are only shadows in it. |"
            "So a score is large when two arrows point the same way, and when they are long.",
            show=[
                [appear(plane.origin, plane.query, plane.key, plane.names), appear_in_turn([*facts])],
                [appear_in_turn([*plane.shadows])],
                [appear(plane.drop, product)],
            ],
            stay=(),
        )

        # One query, all keys.
        board = Board(head)
        row = board.grid.row(asker)
        here = board.grid.tensor.position("query", asker)
        best, best_score = head["scores"].pick(query=asker).largest()
        worst, worst_score = head["scores"].pick(query=asker).smallest()
        lying = board.lying().move_to(board.key, aligned_edge=UP)
        lying_labels = lying.row_labels("key")
        ring, ring_row = focus(board.query.row(asker), role="query")
        yield Step(
            f"“{asker}” asks, every token answers",
            say=f"One query can ask every key. Turn the keys upright, so that “{asker}” can pass along all of them. |"
            f"Each meeting gives one score. The best fit is “{best}” with {best_score:.2f}, |"
            f"the worst is “{worst}” with {worst_score:.2f}. Its own key is in the row too: a token may ask itself.",
            show=[
                [
                    appear(lying, lying_labels),
                    turn_over(board.as_turned(lying), lying_labels, board.key_labels),
                    appear(board.query.row(asker), board.query_labels[here], board.hollow_row(here), board.query_tag, board.key_tag),
                ],
                [ring_row, appear_in_turn([*row], "slow")],
                [move_ring(ring, board.grid.cell(asker, worst)), move_ring(ring, board.grid.cell(asker, best))],
            ],
            stay=(),
        )

        # All pairs: one matrix product.
        rest = board.grid.others(row)
        product = at_floor(Formula("{{ Q : query }} {{ K : key }}^T")) if False else Formula("{{ Q : query }} {{ K : key }}^T")
        product.next_to(board.key_tag, UP, buff=gap("grid"))
        yield Step(
            "All pairs at once: one matrix product",
            say="The other rows ask in the same way, all at the same time. |"
            "Rows ask, columns answer. |"
            f"{trace['config.words']} tokens make {trace['config.words']} times {trace['config.words']} scores. "
            "The T says only that K was turned on its side.",
            show=[
                [
                    (leave(ring), appear(board.query.others(board.query.row(asker)), *[l for i, l in enumerate(board.query_labels) if i != here])),
                    fill(rest, "row"),
                ],
                None,
                [appear(product)],
            ],
        )

        # Only the lead over the row counts.
        names = chips(head["scores"].words("key"), "key", height=44)
        scores = SignedBars(head["scores"].pick(query=asker), names, room=180, width=64)
        moved = SignedBars(head["score_leads"].pick(query=asker), names, room=180, width=64)
        yield from self._only_leads(trace, head, asker, names, scores, moved)

    def _only_leads(self, trace, head, asker, names, scores, moved):
        yield Step("x", say="y", show=[[appear(names)]], stay=())
