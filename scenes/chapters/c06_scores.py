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
    highlight,
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
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Focus, focus_of, swap_of, within_reach
from transformer_core.tracing.trace import Trace


class Scores(Chapter):
    """Every query meets every key: the dot product, term by term, then all at once."""

    number = 6
    title = "Formula, part one: scores"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return focus_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.one_pair(focus, trace)
        yield from self.one_angle(focus, trace)
        board = Board(focus.seen(trace))
        yield from self.one_row(focus, trace, board)
        yield from self.all_rows(focus, trace, board)
        if focus.stack == DECODER:
            yield from self.no_row_looks_ahead(focus, board)
        yield from self.only_leads_count(focus, trace)
        yield from self.a_bet(focus, trace)

    def one_pair(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """One cell, slowly."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        pair = DotProduct(head, query_token, top_key)
        score = head["scores"].pick(query=query_token, key=top_key)
        up, down = (head[f"{side}_terms"].pick(query=query_token, key=top_key) for side in ("positive", "negative"))
        ring, ring_pair = highlight(pair.pairs[0])
        running = head["partial_dot"].pick(query=query_token, key=top_key).quantities()
        total = at_floor(Words(f"sum so far {running[0]:.2f}", "number"))
        formula = at_floor(
            Formula(
                f"{{{{ q_({query_token}) : query }}}} dot {{{{ k_({top_key}) : key }}}} = sum_i q_i k_i = {score:.2f}"
            )
        )
        config = trace.about["config"]
        multiply = (
            "Normalize each, rotate it by its position, multiply and add up. |"
            if config.get("rotary") and config.get("qk_norm")
            else "Rotate each by its position, multiply entry by entry, and add up. |"
            if config.get("rotary")
            else "Multiply entry by entry, and add up as you go. |"
        )
        yield Step(
            f"Does the question of “{query_token}” fit the key of “{top_key}”?",
            say=f"How well does a question fit a key? “{query_token}” and “{top_key}”, "
            f"head {letter_of(focus.head)} of the {layer_name(focus.layer)}. |"
            f"{multiply}"
            f"{counted(up, 'product')} {claim(float(up) == 1, 'pushes', 'push')} the sum up, "
            f"{down} {claim(float(down) == 1, 'pulls', 'pull')} it down. |"
            f"Together they make the score: {score:.2f}.",
            show=[
                [appear(pair.query_token, pair.query), appear(pair.answer, pair.key)],
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

    def one_angle(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The same number as geometry."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        score = head["scores"].pick(query=query_token, key=top_key)
        plane = PlaneOfTwo(head, query_token, top_key)
        facts = VGroup(
            value_line("length of the query", head["q_norm"].pick(query=query_token), ".2f", "query"),
            value_line("length of the key", head["k_norm"].pick(key=top_key), ".2f", "key"),
            value_line("angle between them", head["angle"].pick(query=query_token, key=top_key), ".0f", unit="degrees"),
            value_line("cosine of the angle", head["cosine"].pick(query=query_token, key=top_key), ".3f"),
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

    def one_row(self, focus: Focus, trace: Trace, board: Board) -> Iterator[Step]:
        """One row quickly: one asks, all answer."""
        head, query_token = focus.seen(trace), focus.query_token
        reach, ahead = within_reach(head, query_token), focus.stack == DECODER
        row = VGroup(*(board.grid.cell(query_token, key) for key in reach))
        here = board.grid.tensor.position("query", query_token)
        scores = head["scores"].pick(query=query_token, key=reach)
        (best, best_score), (worst, worst_score) = scores.largest(), scores.smallest()
        own_score = head["scores"].pick(query=query_token, key=query_token.position)
        lying = board.lying()
        lying_labels = lying.row_labels("key", least=lying.size_px[1])
        centred(VGroup(lying, lying_labels))
        ring, ring_row = highlight(board.query.row(query_token), role="query")
        columns = [VGroup(board.key.column(key)) for key in reach]
        key_ring, ring_key = highlight(columns[0], role="key")
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
            f"“{query_token}” asks, the tokens so far answer"
            if ahead
            else f"“{query_token}” asks, every token answers",
            say=f"One query can ask every key. Turn the keys upright; “{query_token}” {along}. |{extremes}",
            show=[
                [
                    appear(lying, lying_labels),
                    turn_over(board.as_turned(lying), lying_labels, board.key_labels),
                    appear(
                        board.query.row(query_token),
                        board.query_labels[here],
                        board.empty,
                        board.key_tag,
                    ),
                ],
                [
                    (ring_row, ring_key),
                    (Visit(key_ring, columns), fill(row, "slow")),
                    (leave(key_ring), move_ring(ring, board.grid.cell(query_token, best))),
                ],
                move_ring(ring, board.grid.cell(query_token, worst)),
                move_ring(ring, board.grid.cell(query_token, query_token.position)),
            ],
            stay=(),
        )
        self.ring, self.first_row, self.first_here = ring, row, here

    def all_rows(self, focus: Focus, trace: Trace, board: Board) -> Iterator[Step]:
        """The rest at once: one matrix product."""
        queries = board.query.others(board.query.row(focus.query_token))
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

    def no_row_looks_ahead(self, focus: Focus, board: Board) -> Iterator[Step]:
        """What a decoder does with the scores of words to come."""
        closed = VGroup(*board.closed.values())
        query_token = focus.query_token
        yield Step(
            "No row looks ahead",
            say="The product compares every pair, even with words to come. "
            "A decoder has to guess those, so no row may read them. |"
            "Scores ahead become minus infinity; the others stay. |"
            f"“{query_token}” may look at what came before, and at itself.",
            show=[
                None,
                [fill(closed, "row"), leave(*(board.grid.cells[place] for place in board.closed))] if closed else None,
                appear(ring_around(self.first_row)),
            ],
        )

    def only_leads_count(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """A whole row may move; the shares stay."""
        head, query_token = focus.seen(trace), focus.query_token
        reach = within_reach(head, query_token)
        columns = RowColumns(
            *(head[name].pick(query=query_token, key=reach) for name in ("scores", "raw_scores_minus_max", "weights"))
        )
        centred(columns)
        yield Step(
            "Only the gaps in a row count",
            say=f"The row of “{query_token}” again, and below it the shares that the next chapter makes of it. |"
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

    def a_bet(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a guess to carry into the next chapter."""
        head, query_token = focus.seen(trace), focus.query_token
        answer = at_floor(Answer("A score is a dot product; only the gaps in its row count."))
        question = "Your turn: can a score be high at a small cosine?"
        weights = head["weights"].pick(query=query_token)
        here, best = (
            weights.position("key", query_token.position),
            head.in_full("weights", query=query_token).largest()[0],
        )
        known = Arcs(weights.words("key"), here, weights)
        swap = swap_of(trace, focus)
        if not swap:
            centred(known, lower=-0.14)
            yield Step(
                "Where will it look?",
                say=f"In this head “{query_token}” fits “{best}” best. |"
                f"A score is a dot product; only the gaps in its row count. |{question}",
                show=[appear(known), appear(answer), None],
                stay=(),
            )
            return
        other = trace.under(f"other.swap.{focus.path}", batch=0, head=focus.head)["weights"].pick(
            query=swap["position"]
        )
        guess = Arcs(other.words("key"), swap["position"])
        both = VGroup(known, guess).arrange(DOWN, buff=gap("part"), aligned_edge=LEFT)
        centred(both, lower=-0.12)
        swapped = other.label("key", swap["position"])
        yield Step(
            "Before you go on: a bet",
            say=f"Here “{query_token}” fits “{focus.top_key}” best: Spanish needs its gender. |"
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
