"""Formula, part one: how well does one row's question fit another row's key?"""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import (
    Count,
    Visit,
    appear,
    appear_in_turn,
    fill,
    focus,
    leave,
    move_ring,
    ring_around,
    slide,
    turn_over,
)
from scenes.layout import at_floor, centred
from scenes.mobjects.budgets import letter_of
from scenes.mobjects.formulas import Formula
from scenes.mobjects.products import Board, DotProduct, PlaneOfTwo, value_line
from scenes.mobjects.projection import counted
from scenes.mobjects.role_table import layer_name
from scenes.mobjects.rows import Answer, Arcs, RowColumns
from scenes.mobjects.text import Words
from scenes.storyboard import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Cast, cast_of, swap_of, within_reach
from transformer_core.tracing.trace import Trace


class Scores(Chapter):
    """Every query meets every key: the dot product, term by term, then all at once."""

    number = 6
    title = "Formula, part one: scores"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return cast_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        cast = cast_of(trace)
        yield from self.one_pair(cast, trace)
        yield from self.one_angle(cast, trace)
        board = Board(cast.seen(trace))
        yield from self.one_row(cast, trace, board)
        yield from self.all_rows(cast, trace, board)
        if cast.stack == DECODER:
            yield from self.no_row_looks_ahead(cast, board)
        yield from self.only_leads_count(cast, trace)
        yield from self.a_bet(cast, trace)

    def one_pair(self, cast: Cast, trace: Trace) -> Iterator[Step]:
        """One cell, slowly."""
        head, asker, favourite = cast.seen(trace), cast.asker, cast.favourite
        pair = DotProduct(head, asker, favourite)
        score = head["scores"].pick(query=asker, key=favourite)
        up, down = (head[f"{side}_terms"].pick(query=asker, key=favourite) for side in ("positive", "negative"))
        ring, ring_pair = focus(pair.pairs[0])
        running = head["sums"].pick(query=asker, key=favourite).quantities()
        total = at_floor(Words(f"sum so far {running[0]:.2f}", "number"))
        formula = at_floor(
            Formula(f"{{{{ q_({asker}) : query }}}} dot {{{{ k_({favourite}) : key }}}} = sum_i q_i k_i = {score:.2f}")
        )
        yield Step(
            f"Does the question of “{asker}” fit the key of “{favourite}”?",
            say=f"How well does a question fit a key? “{asker}” and “{favourite}”, "
            f"head {letter_of(cast.head)} of the {layer_name(cast.layer)}. |"
            "Multiply entry by entry, and add up as you go. |"
            f"{counted(up, 'product')} {claim(float(up) == 1, 'pushes', 'push')} the sum up, "
            f"{down} {claim(float(down) == 1, 'pulls', 'pull')} it down. |"
            f"Together they make the score: {score:.2f}.",
            show=[
                [appear(pair.asker, pair.query), appear(pair.answer, pair.key)],
                [
                    (appear(pair.bars.zero, pair.note, total), ring_pair),
                    (
                        Visit(ring, pair.pairs),
                        fill(pair.bars.bars, "slow"),
                        Count(total, running, ".2f", "slow", "sum so far "),
                    ),
                    (leave(ring), appear(pair.bars.numbers)),
                ],
                None,
                (leave(total), appear(formula)),
            ],
        )

    def one_angle(self, cast: Cast, trace: Trace) -> Iterator[Step]:
        """The same number as geometry."""
        head, asker, favourite = cast.seen(trace), cast.asker, cast.favourite
        score = head["scores"].pick(query=asker, key=favourite)
        plane = PlaneOfTwo(head, asker, favourite)
        facts = VGroup(
            value_line("length of the query", head["q_length"].pick(query=asker), ".2f", "query"),
            value_line("length of the key", head["k_length"].pick(key=favourite), ".2f", "key"),
            value_line("angle between them", head["angle"].pick(query=asker, key=favourite), ".0f", unit="degrees"),
            value_line("cosine of the angle", head["cosine"].pick(query=asker, key=favourite), ".3f"),
        ).arrange(DOWN, buff=gap("grid"), aligned_edge=RIGHT)
        product = Formula(f"abs({{{{ q : query }}}}) abs({{{{ k : key }}}}) cos theta = {score:.2f}")
        column = VGroup(facts, product).arrange(DOWN, buff=gap("part"))
        centred(VGroup(plane, column).arrange(RIGHT, buff=gap("part")))
        yield Step(
            "An angle, and two lengths",
            say=f"The same {score:.2f} is length times length times the cosine of an angle. |"
            "This far the key reaches along the query: |"
            "that reach, times the query’s length. |"
            "A score is large when both point the same way, and when they are long.",
            show=[
                [
                    appear(plane.origin, plane.query, plane.key, plane.names),
                    (appear(plane.angle), appear_in_turn([*facts])),
                ],
                appear(plane.drop),
                appear(product),
                None,
            ],
            stay=(),
        )

    def one_row(self, cast: Cast, trace: Trace, board: Board) -> Iterator[Step]:
        """One row quickly: one asks, all answer."""
        head, asker = cast.seen(trace), cast.asker
        reach, ahead = within_reach(head, asker), cast.stack == DECODER
        row = VGroup(*(board.grid.cell(asker, key) for key in reach))
        here = board.grid.tensor.position("query", asker)
        scores = head["scores"].pick(query=asker, key=reach)
        (best, best_score), (worst, worst_score) = scores.largest(), scores.smallest()
        own_score = head["scores"].pick(query=asker, key=asker.position)
        lying = board.lying()
        lying_labels = lying.row_labels("key", least=lying.size_px[1])
        centred(VGroup(lying, lying_labels))
        ring, ring_row = focus(board.query.row(asker), role="query")
        columns = [VGroup(board.key.column(key)) for key in reach]
        key_ring, ring_key = focus(columns[0], role="key")
        hidden = not ahead and len(reach) < trace["config.words"]
        extremes = (
            f"Each meeting makes one score. The best fit in sight is “{best}” with {best_score:.2f}, |"
            f"the worst is “{worst}” with {worst_score:.2f}. |Its own key is in the row, too: {own_score:.2f}."
            if hidden
            else f"Each meeting makes one score. The best fit is “{best}” with {best_score:.2f}, |"
            f"the worst is “{worst}” with {worst_score:.2f}. |Its own key is in the row, too: {own_score:.2f}."
            if len(row) > 1
            else f"It meets only its own key: {best_score:.2f}. |A token may ask itself. |No other token is there."
        )
        along = "passes along them, up to its own" if ahead else "passes along them"
        yield Step(
            f"“{asker}” asks, the tokens so far answer" if ahead else f"“{asker}” asks, every token answers",
            say=f"One query can ask every key. Turn the keys upright; “{asker}” {along}. |{extremes}",
            show=[
                [
                    appear(lying, lying_labels),
                    turn_over(board.as_turned(lying), lying_labels, board.key_labels),
                    appear(
                        board.query.row(asker),
                        board.query_labels[here],
                        board.empty,
                        board.key_tag,
                    ),
                ],
                [
                    (ring_row, ring_key),
                    (Visit(key_ring, columns), fill(row, "slow")),
                    (leave(key_ring), move_ring(ring, board.grid.cell(asker, best))),
                ],
                move_ring(ring, board.grid.cell(asker, worst)),
                move_ring(ring, board.grid.cell(asker, asker.position)),
            ],
            stay=(),
        )
        self.ring, self.first_row, self.first_here = ring, row, here

    def all_rows(self, cast: Cast, trace: Trace, board: Board) -> Iterator[Step]:
        """The rest at once: one matrix product."""
        queries = board.query.others(board.query.row(cast.asker))
        labels = [label for i, label in enumerate(board.query_labels) if i != self.first_here]
        rest = board.grid.others(self.first_row)
        product = Formula("{{ Q : query }} {{ K : key }}^T")
        product.next_to(board.query_tag, UP, buff=gap("line"))
        words = trace["config.words"]
        yield Step(
            "All pairs at once: one matrix product",
            say=claim(
                len(rest) > 0,
                "The other rows ask in the same way, all at the same time. |",
                "More rows would ask in the same way, all at the same time. |",
            )
            + "Rows ask, columns answer. |"
            f"{words} × {counted(words, 'score')} from one product. "
            "The T says no more than that K was turned on its side.",
            show=[
                [(leave(self.ring), appear(*queries, *labels, board.query_tag)), fill(rest, "row")]
                if len(rest)
                else (leave(self.ring), appear(board.query_tag)),
                None,
                appear(product),
            ],
        )

    def no_row_looks_ahead(self, cast: Cast, board: Board) -> Iterator[Step]:
        """What a decoder does with the scores of words to come."""
        closed = VGroup(*board.closed.values())
        asker = cast.asker
        yield Step(
            "No row looks ahead",
            say="The product compares every pair, even with words to come. "
            "A decoder has to guess those, so no row may read them. |"
            "Scores ahead become minus infinity; the others stay. |"
            f"“{asker}” may look at what came before, and at itself.",
            show=[
                None,
                [fill(closed, "row"), leave(*(board.grid.cells[place] for place in board.closed))] if closed else None,
                appear(ring_around(self.first_row)),
            ],
        )

    def only_leads_count(self, cast: Cast, trace: Trace) -> Iterator[Step]:
        """A whole row may move; the shares stay."""
        head, asker = cast.seen(trace), cast.asker
        reach = within_reach(head, asker)
        columns = RowColumns(
            *(head[name].pick(query=asker, key=reach) for name in ("scores", "score_leads", "weights"))
        )
        centred(columns)
        yield Step(
            "Only the gaps in a row count",
            say=f"The row of “{asker}” again, and below it the shares that the next chapter makes of it. |"
            "Take the same number off every score, so that the best stands at zero. |"
            "The scores move. The shares don’t, but for rounding. |"
            "Shares see only the gaps.",
            show=[
                [
                    appear(columns.zero, columns.bars, columns.numbers, columns.names[0], columns.chips),
                    appear(columns.floor, columns.shares, columns.share_numbers, columns.names[1]),
                ],
                (
                    slide(columns.bars, columns.moved_bars, "row"),
                    leave(columns.numbers, columns.names[0]),
                    appear(columns.moved_numbers, columns.moved_name),
                ),
                None,
                None,
            ],
            stay=(),
        )

    def a_bet(self, cast: Cast, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a guess to carry into the next chapter."""
        head, asker = cast.seen(trace), cast.asker
        answer = at_floor(Answer("A score is a dot product; only the gaps in its row count."))
        question = "Your turn: can a score be high at a small cosine?"
        weights = head["weights"].pick(query=asker)
        here, best = weights.position("key", asker.position), head.in_full("weights", query=asker).largest()[0]
        known = Arcs(weights.words("key"), here, weights)
        swap = swap_of(trace, cast)
        if not swap:
            centred(known, lower=-0.14)
            yield Step(
                "Where will it look?",
                say=f"In this head “{asker}” fits “{best}” best. |"
                f"A score is a dot product; only the gaps in its row count. |{question}",
                show=[appear(known), appear(answer), None],
                stay=(),
            )
            return
        other = trace.under(f"other.swap.{cast.path}", batch=0, head=cast.head)["weights"].pick(query=swap["position"])
        guess = Arcs(other.words("key"), swap["position"])
        both = VGroup(known, guess).arrange(DOWN, buff=gap("part"), aligned_edge=LEFT)
        centred(both, lower=-0.12)
        swapped = other.label("key", swap["position"])
        yield Step(
            "Before you go on: a bet",
            say=f"Here “{asker}” fits “{cast.favourite}” best: Spanish needs its gender. |"
            f"Swap it for “{swapped}”: one Spanish form for both. |"
            "Will it look, too? Bet now. |"
            f"A score is a dot product; the gaps count. |{question}",
            show=[
                appear(known),
                appear(guess.chips),
                (appear_in_turn([*guess.arcs]), appear(guess.marks)),
                appear(answer),
                None,
            ],
            stay=(),
        )
