"""Formula, part one: how well does the query of one token match the key of another?"""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT, Mobject, VGroup

from scenes.animations import (
    Dive,
    Rise,
    Swinging,
    Through,
    Travel,
    Wipe,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    gather,
    leave,
    meet,
    move_ring,
    pulses,
    recast,
    ring_around,
    sink,
)
from scenes.layout import STAGE
from scenes.mobjects.attention_grid import AttentionGrid, board_of
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.operation import making_of
from scenes.mobjects.products import HALF_TURN, KeyFan, PlaneOfTwo
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.swapped_word import SwappedWord
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import counted, head_name, layer_name, letter_of
from scenes.stage.chapter import Beat, Chapter, Step, beat, claim
from scenes.theme import at, gap
from transformer_core.studies.focus import DECODER, ENCODER, Focus, focus_of, mixed_focus, swap_of, within_reach
from transformer_core.tracing.trace import Trace


class Scores(Chapter):
    """Every query meets every key: the dot product, term by term, then all at once."""

    number = 6
    title = "Formula, part one: scores"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return mixed_focus(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = mixed_focus(trace)
        board = board_of(trace, focus)
        yield from self.one_pair(focus, trace, board)
        plane, home = (PlaneOfTwo.of(trace, focus, STAGE.golden_columns()[0]) for _ in range(2))
        yield from self.one_angle(focus, trace, board, plane)
        yield from self.one_row(focus, trace, plane, home)
        product = Formula("{{ Q : query }} {{ K : key }}^T", LARGE)
        yield from self.all_rows(focus, trace, board, product)
        if focus.stack == DECODER:
            yield from self.no_row_looks_ahead(focus, board)
        yield from self.a_bet(focus_of(trace), trace, board, product)

    def one_pair(self, focus: Focus, trace: Trace, board: AttentionGrid) -> Iterator[Step]:
        """A single score, slowly: the eye dives into its cell, and the products add up."""
        query_token, top_key = focus.query_token, focus.top_key
        entry = trace.explain(f"{focus.path}.scores", head=focus.head, query=query_token, key=top_key)
        head = focus.seen(trace)
        here, there = board.ribbon.place(query_token), board.ribbon.place(top_key)
        cell, found = board.hollow[here, there], board.cells[here, there]
        pair = {"query": query_token, "key": top_key}
        room = board.ribbon.below(STAGE)
        inside = making_of(
            entry, room.padded(), products=head["terms"].pick(**pair), sums=head["partial_dot"].pick(**pair)
        )
        come, first, rest, last = inside.plays(board.factors((here, there)))
        dive = Dive([*board.query_names, *board.queries, *board.keys, board.empty], cell, room)
        config, everywhere = trace.about["config"], focus.stack == ENCODER and len(board.keys) > 1
        normed = "normalized and " if config.get("qk_norm") else ""
        rotated = f"Each is {normed}rotated by its position first. " if config.get("rotary") else ""
        yield Step(
            f"Does the query of “{query_token}” match the key of “{top_key}”?",
            beat(
                "Each token has a query: what it looks for. And a key: what it can be found by.",
                deal(board.ribbon.chips, board.queries, board.query_names),
                deal(board.ribbon.chips, board.keys),
                None if everywhere else appear_in_turn([*board.empty]),
            ),
            beat(
                "In an encoder, every query meets every key, also those of words ahead.",
                appear_in_turn([*board.empty], "slow"),
            )
            if everywhere
            else None,
            beat(
                f"How well does the query of “{query_token}” match the key of “{top_key}”?",
                board.ribbon.mark({there: "key"} | {here: "query"}),
                (dive, *come[0]),
                *come[1:],
            ),
            beat(f"{rotated}Multiply entry by entry, and add up.", *first, *rest),
            beat(
                f"The sum is their dot product, {entry.quantity:.2f}: the score of this pair.",
                *last,
                (Rise(dive, inside), Travel(inside.result, VGroup(found.disc, *found.written), leaving=True)),
            ),
            stage=[board.ribbon],
        )

    def one_angle(self, focus: Focus, trace: Trace, board: AttentionGrid, plane: PlaneOfTwo) -> Iterator[Step]:
        """The same number as geometry."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        pair = {"query": query_token, "key": top_key}
        score, cosine, longer = (head[name].pick(**pair) for name in ("scores", "cosine", "stretched"))
        products = longer.pick(part="score").quantities()
        flat, away = plane.swings
        product = Formula("abs({{ q : query }}) abs({{ k : key }}) cos theta", LARGE)
        told = VGroup(Formula("cos theta =", LARGE), number(cosine, ".2f", "large number"))
        told.arrange(RIGHT, buff=gap("grid"))
        supposed = Words("what if?", "block", "ink2")
        STAGE.golden_columns()[1].fit(VGroup(product, told, supposed).arrange(DOWN, buff=gap("part")))
        here, there = board.ribbon.place(query_token), board.ribbon.place(top_key)
        query, key, found = board.queries[here], board.keys[there], board.cells[here, there]
        shown = VGroup(found.disc, *found.written)
        rings, ring = [ring_around(query, "query"), ring_around(key, "key")], ring_around(told, roomy=True)
        turned, cosines = head["turned_scores"].pick(**pair).quantities(), head["turned_cosines"].quantities()
        swing = Swinging(plane, score, turned, also=[(told[1], cosine, cosines, ".2f")])
        counts = [(text, longer.pick(part=i).quantities()) for i, text in enumerate((*plane.lengths, plane.score))]
        answer = (
            [
                beat(
                    "Turn the key: cosine and score fall,",
                    (leave(ring, plane.drop, plane.reach, plane.angle), appear(supposed, plane.outline, rise=False)),
                    swing.to(flat),
                ),
                beat("to zero at a right angle, then below.", swing.to(HALF_TURN / 2), swing.to(away)),
                beat("Turn it back:", swing.to(flat)),
                beat("let both arrows grow.", swing.stretch(plane.grown, counts)),
                beat(f"Yes: {products[-1]:.2f} again.", leave(supposed)),
            ]
            if cosine > 0
            else [beat("Yes, if query and key are long.", appear(ring_around(plane.lengths[0], roomy=True)))]
        )
        yield Step(
            "An angle, and two lengths",
            beat(f"The query of “{query_token}”, and the key of “{top_key}”.", *(appear(ring) for ring in rings)),
            beat(
                "Both lengths times the cosine of the angle make the score.",
                leave(*rings, board.ribbon, shown),
                (Travel(query, plane.query, leaving=True), appear(plane.origin, plane.names[0])),
                (Travel(key, plane.key, leaving=True), appear(plane.names[1])),
                appear(product, plane.angle, told, *plane.lengths),
            ),
            beat("How far the key reaches along the query,", draw(plane.drop), appear(plane.reach)),
            beat(
                "times the query’s length: the score.",
                swing.turn_up(),
                Wipe(plane.area),
                appear(plane.score, plane.called),
            ),
            beat("Your turn: can a score be high at a small cosine?", appear(ring)),
            *answer,
            stage=[board.ribbon, query, key, shown],
        )

    def one_row(self, focus: Focus, trace: Trace, last: PlaneOfTwo, plane: PlaneOfTwo) -> Iterator[Step]:
        """A whole row, quickly: one query and all keys, in the `plane` of the first of them."""
        head, query_token = focus.seen(trace), focus.query_token
        reach, ahead = within_reach(head, query_token), focus.stack == DECODER
        scores = head["scores"].pick(query=query_token, key=reach)
        (best, best_score), (worst, worst_score) = scores.largest(), scores.smallest()
        own_score = head["scores"].pick(query=query_token, key=query_token)
        fan = KeyFan(head, query_token, reach, plane, STAGE.golden_columns()[1])
        listed = {label.position: cell for label, cell in zip(scores.words("key"), fan.scores, strict=True)}
        top = next(i for i, label in enumerate(scores.words("key")) if label.position == focus.top_key.position)
        others = [i for i in range(len(reach)) if i != top]
        ring = ring_around(listed[best.position])
        old = [last.area, last.origin, last.wall, last.query, last.key, last.names[0]]
        new = [plane.area, plane.origin, plane.wall, plane.query, fan.keys[top], plane.names[0]]
        score = Travel(plane.area, fan.scores[top], leaving=True)
        gone = leave(plane.wall, last.score, last.called), appear(fan.tokens[top])
        back = exchange(old, new, "slow"), gone, score
        hidden = not ahead and len(reach) < trace["config.words"]
        extremes = (
            [
                beat(
                    f"The best match{claim(hidden, ' in sight', '')} is “{best}” with {best_score:.2f},", appear(ring)
                ),
                beat(
                    f"the worst “{worst}” with {worst_score:.2f}"
                    + claim(bool(worst_score < 0), ": the two point apart.", "."),
                    # It does not pass over what lies between the best and the worst.
                    leave(ring),
                    appear(other := ring_around(listed[worst.position])),
                ),
                beat("A token meets its own key, too.", move_ring(other, listed[query_token.position]), leave(other)),
            ]
            if others
            else [
                beat(f"It meets only its own key: {own_score:.2f}. No other token is there.", appear(ring), leave(ring))
            ]
        )
        yield Step(
            f"The query of “{query_token}” meets every key",
            beat(
                "Now all keys: each at its angle to the query, and at its length.",
                *back,
                deal([fan.keys[top] for _ in others], [fan.keys[i] for i in others], kind="slow"),
                appear(*fan.chips),
            )
            if others
            else None,
            beat(
                "How far a key reaches along the query, times the query’s length, is its score.",
                *(() if others else back),
                (draw(*fan.drops, kind="slow"), appear(fan.line, *([] if others else fan.chips))),
                appear_in_turn([*fan.feet]),
            ),
            beat(
                "A large disc is a large score, and its colour the sign.",
                appear(*(fan.tokens[i] for i in others)) if others else None,
                deal([fan.feet[i] for i in others], [fan.scores[i] for i in others], kind="slow"),
            ),
            *extremes,
            stage=[*old, last.score, last.called],
        )

    def all_rows(self, focus: Focus, trace: Trace, board: AttentionGrid, product: Formula) -> Iterator[Step]:
        """The rest at once: one matrix product."""
        row = [place for place in board.own(focus.query_token) if place not in board.closed]
        rest = [place for place in board.cells if place not in row]
        words = trace["config.words"]
        board.corner.fit(product)
        query_tag, key_tag = board.tags()
        turned = [*zip(board.keys, board.key_rows, strict=True)]
        numbered = board.seen(row, numbered=True)
        yield Step(
            "All pairs at once: one matrix product",
            beat(
                claim(len(rest) > 0, "The other queries do", "More queries would do")
                + " the same, all at the same time.",
                (board.ribbon.mark({}), *recast(numbered, board.seen(row))),
                meet(board, rest, "slow", at_once=True),
            ),
            beat("Rows belong to queries, columns to keys:", appear(query_tag), appear(key_tag)),
            beat(
                f"{words} × {counted(words, 'score')} from one matrix product.",
                (leave(query_tag, key_tag), gather(board.queries, product.part("query"))),
            ),
            beat(
                "The matrix of keys has a row for each token, as that of queries has.",
                tuple(Travel(key, row, kind="slow", leaving=True) for key, row in turned),
                gather(board.key_rows, product.part("key")),
            ),
            beat(
                "The T turns its rows into columns.",
                appear(product.rest(), rise=False),
                tuple(Travel(row, key, kind="row", leaving=True) for key, row in turned),
            ),
            stage=[board.ribbon, *board.query_names, *board.queries, *board.keys, board.empty, *numbered],
        )

    def no_row_looks_ahead(self, focus: Focus, board: AttentionGrid) -> Iterator[Step]:
        """A decoder and the scores of tokens to come: the causal mask."""
        query_token = focus.query_token
        closed = VGroup(*board.closed.values())
        yield Step(
            "The causal mask: no token looks ahead",
            beat(
                "The product compares every pair, even with tokens to come. But a decoder has to predict those, "
                "so it may not read them."
            ),
            beat(
                "A causal mask sets their scores to minus infinity; the others stay.",
                *([sink(*(board.discs[place] for place in board.closed)), fill(closed, "row")] if len(closed) else []),
            ),
            beat(
                f"“{query_token}” may look at what came before, and at itself.",
                appear(ring_around(board.row(query_token))),
            ),
        )

    def a_bet(self, focus: Focus, trace: Trace, before: AttentionGrid, product: Formula) -> Iterator[Step]:
        """Close: another head, its answer, and a guess to carry into the next chapter."""
        head, query_token, board = focus.seen(trace), focus.query_token, board_of(trace, focus)
        best, swap = head.in_full("weights", query=query_token).largest()[0], swap_of(trace, focus)
        row, rest = board.own(query_token), board.others(query_token)
        cells, factors = [*board.seen(row, numbered=True), *board.seen(rest)], [*board.queries, *board.keys]
        seen = zip(cells, board.pairs.words("key"), strict=False)
        rings = [ring_around(cell) for cell, key in seen if key.position == best.position]
        old, where = [*before.query_names, before.empty, product], head_name(focus.layer, focus.head)
        names = Words(f"head {letter_of(focus.head)}", "fact"), Words(layer_name(focus.layer), "fact", "ink2")
        called = VGroup(*names).arrange(DOWN, gap("chip"), aligned_edge=LEFT)
        called.align_to(before.ribbon, DOWN).align_to(at(STAGE.left, STAGE.top), LEFT)
        matrix = [*old, *factors, *cells, *rings, called]
        pictures = [SwappedWord(trace, focus, swap, room) for room in STAGE.rows(2)] if swap else []
        yield Step(
            "Before you go on: a bet" if swap else "Where will it look?",
            beat(
                f"In {where}, the query of “{query_token}” matches the key of “{best}” best.",
                (
                    *exchange([*before.queries, *before.keys], factors),
                    *recast(before.seen([*row, *rest]), cells, "row"),
                    appear(called),
                ),
                appear(*rings),
            ),
            *(
                self.one_word(focus, before.ribbon, matrix, *pictures)
                if swap
                else [beat("How much of its attention does it get? That is the next question.")]
            ),
            stage=[before.ribbon, *before.queries, *before.keys, *before.seen([*row, *rest]), *old],
        )

    def one_word(
        self, focus: Focus, ribbon: Ribbon, matrix: list[Mobject], picture: SwappedWord, below: SwappedWord
    ) -> list[Beat]:
        """The sentence instead of the `matrix`; and `below` it with another adjective, whose arc finds no noun yet."""
        known, loose = picture.known, below.loose
        flow = pulses([known.strongest], [max(known.drawn_weights)])
        told_gender = beat(
            f"In Spanish, “{focus.top_key}” is {claim(picture.masculine, 'masculine', 'feminine')}.",
            appear(picture.spelled),
            (*exchange([picture.forms], [picture.agrees]), draw(picture.tie)),
            ambient=flow,
        )
        return [
            beat(
                f"It has a reason: the Spanish for “{focus.query_token}” depends on the gender of its noun.",
                (leave(*matrix), *exchange(ribbon.chips, known.chips), draw(known.strongest, kind="row", back=True)),
                appear(picture.forms),
                ambient=flow,
            ),
            *([told_gender] if picture.gendered else []),
            beat(
                f"“{picture.asked}” has one Spanish form for both genders. Will it look, too?",
                deal(known.chips, below.guess.chips),
                (appear(below.other), draw(loose[0][0], back=True)),
                Through(loose[0], loose),
                ambient=flow,
            ),
        ]
