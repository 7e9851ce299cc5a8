"""The encoder, box by box: what goes in, what comes out, and in which shape."""

from __future__ import annotations

from collections.abc import Iterator

from manim import VGroup

from scenes.animations import (
    appear,
    appear_in_turn,
    become,
    fill,
    flow,
    fly,
    leave,
    move_ring,
    ring_around,
    settle_in,
    slide,
)
from scenes.layout import at_floor
from scenes.mobjects.address_book import AddressBook
from scenes.mobjects.encoder_line import EncoderLine
from scenes.mobjects.inside_boxes import EachAlone, Scales, Widening
from scenes.mobjects.passage import Lanes, Sum, Talk, footing, rows_of
from scenes.mobjects.rows import Answer
from scenes.mobjects.tour import Blanked, FirstAndLast, overview_lanes, runners
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, claim
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.sublayers import argmax_weight
from transformer_core.tracing.trace import Trace

NORMS = {"pre": ", a norm before each part", "post": ", a norm after each part", "none": ", without norms"}
ACTIVATIONS = {"relu": "ReLU: negative becomes zero", "silu": "SiLU"}


class Encoder(Chapter):
    """A walk along the encoder, with the real rows of the sentence in every box."""

    number = 4
    title = "The encoder, box by box"
    needs = ("an encoder",)

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - every lecture has an encoder
        return "embed_src encoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        self.query_token = focus_of(trace).query_token
        self.size = f"{trace['config.words']} × {trace['config.d_model']}"
        self.sizes = rows_of(trace, "embed_src.sum")
        order = trace.about["config"]["norm_order"]
        yield from self.the_map(trace)
        self.lanes = Lanes(self.sizes, self.query_token)
        yield from self.words_to_rows(trace)
        if "embed_src.positional" in trace:
            yield from self.a_place(trace)
        if order == "pre":
            yield from self.one_scale(trace)
        yield from self.rows_talk(trace)
        yield from self.added(trace)
        if order == "post":
            yield from self.one_scale(trace)
        if "encoder.0.ffn.out" in trace:
            yield from self.alone(trace)
        yield from self.and_again(trace)
        yield from self.who_sees_whom(trace)

    def close_by(self, trace: Trace, part: str) -> EncoderLine:
        """The line with the box at `part` in the middle."""
        return EncoderLine(trace, [*self.wide.y.values()], self.wide.left, self.size, part)

    def walk_to(self, trace: Trace, part: str, ringed: str = "") -> tuple[object, ...]:
        """The line moves on until the box at `part` is in the middle, and the ring with it."""
        goal = self.close_by(trace, part)
        return settle_in(self.line, goal), settle_in(self.ring, ring_around(goal.marked(ringed or part)))

    def the_map(self, trace: Trace) -> Iterator[Step]:
        """The question, and the whole line at once."""
        self.wide = overview_lanes(self.sizes, self.query_token)
        self.line = EncoderLine(trace, [*self.wide.y.values()], self.wide.left, self.size)
        brackets = self.line.brackets()
        layers, norms = trace["config.encoder_layers"], NORMS[trace.about["config"]["norm_order"]]
        equal = f"{counted(layers, 'equal block')}" if float(layers) > 1 else f"{layers} block"
        own = (
            "Equal in form, each with its own weights."
            if float(layers) > 1
            else "Larger models stack many such blocks."
        )
        self.dots, ways = runners(self.line)
        yield Step(
            "What are the boxes, and what goes through?",
            say="What are the boxes, and what shape goes through each? |This is the encoder, drawn from its "
            f"settings: |{equal} of attention and a feed-forward network{norms}. |{own} Let us follow the rows.",
            show=[
                appear_in_turn([*self.wide.chips.values()]),
                [appear(self.line.ribbons, *self.line.sizes), appear_in_turn(self.line.boxes)],
                appear(brackets),
                (appear(self.dots), *(flow(dot, way) for dot, way in zip(self.dots, ways, strict=True))),
            ],
        )

    def words_to_rows(self, trace: Trace) -> Iterator[Step]:
        """An id is an address; a row is what lives there."""
        query_token, lanes = self.query_token, self.lanes
        ids, table = rows_of(trace, "embed_src.ids"), trace["parameters.embed_src.table"]
        self.book = book = AddressBook(lanes, ids, table, rows_of(trace, "embed_src.token"), self.size)
        vocab, width = trace["config.source_vocab"], trace["config.d_model"]
        here = query_token.position
        table_size = book.table_size(f"{vocab} × {width}")
        goal = self.close_by(trace, "embed_src")
        self.ring = ring_around(goal.stations["embed_src"])
        others = [i for i in lanes.y if i != here]
        rest = (
            "So does every other token: from here on, one token is one row."
            if others
            else "From here on, one token is one row."
        )
        yield Step(
            "Words become rows",
            say=f"“{query_token}” is number {ids.quantity(here)} in a list of {vocab}: an address, not a size. |"
            f"There the embedding keeps a row of {width} numbers that training sets. |{rest}",
            show=[
                [
                    (settle_in(self.line, goal), settle_in(VGroup(*self.wide), VGroup(*lanes))),
                    (appear(self.ring), appear_in_turn([*book.arrows, *book.ids])),
                ],
                [
                    appear(book.table, table_size),
                    (fly(book.sources[here], book.rows.lines[here], "row"), appear(book.row_name)),
                ],
                [
                    tuple(fly(book.sources[i], book.rows.lines[i]) for i in others) or None,
                    appear(book.size, *([book.rows.dots] if len(book.rows.dots) else [])),
                ],
            ],
            stay=[self.line, self.wide],
        )

    def a_place(self, trace: Trace) -> Iterator[Step]:
        """One cell, one row, all rows: word plus place."""
        scaled = trace.about["config"]["embedding_scale"]
        names = ("the word, scaled up" if scaled else "the word", "its place", "word and place")
        tensors = [rows_of(trace, f"embed_src.{name}") for name in ("scaled", "positional", "sum")]
        yield from self.addition(
            trace,
            "embed_src.positional",
            "Each row learns its place",
            Sum(self.lanes, tensors, names, self.size),
            (
                "A row of the same width, made from the position alone, |",
                "is added, entry by entry: this is one. |",
                "Then the whole row, then all rows. |Why doesn’t that spoil the word? The next chapter asks.",
            ),
        )

    def addition(
        self, trace: Trace, part: str, title: str, total: Sum, say: tuple[str, str, str], ring: str = ""
    ) -> Iterator[Step]:
        """first + second = total, in three beats and a close."""
        first, second, _ = total.parts
        yield Step(
            title,
            say="".join(say),
            show=[
                [
                    self.walk_to(trace, part, ring),
                    appear(first, total.names[0]),
                    appear(second, total.names[1], total.signs[0]),
                ],
                [appear(total.rings[0], total.rings[1], total.line), appear(total.cell)],
                [
                    (appear(total.signs[1], total.names[2]), fill(total.row, "row")),
                    appear(*total.rest, total.rings[2], total.size),
                ],
                None,
            ],
            stay=[self.line, self.wide, self.ring],
        )

    def one_scale(self, trace: Trace) -> Iterator[Step]:
        """The norm, where the config puts it: every row to mean zero and variance one."""
        norm = trace.under("encoder.0.ln1", batch=0)
        before, after = Scales.both(self.lanes, trace, "encoder.0.ln1")
        mean, variance = (
            norm["mean"].pick(position=self.query_token.position),
            norm["var"].pick(position=self.query_token.position),
        )
        pre = trace.about["config"]["norm_order"] == "pre"
        opening = (
            "Before the first attention, a norm rescales all rows. |"
            if pre
            else "After the sum, a norm rescales all rows. |"
        )
        close = (
            "Learned gains follow. The stream itself keeps the old row."
            if pre
            else "Learned gains follow, and the stream goes on with the new row."
        )
        yield Step(
            "A norm brings every row to one scale",
            say=f"{opening}Each mark is one number. Those of “{self.query_token}” have mean {mean:.2f}, "
            f"variance {variance:.2f}. |Subtract the mean, divide by the spread: now zero and one. |{close}",
            show=[
                [
                    self.walk_to(trace, "encoder.0.ln1"),
                    appear(before.axis, before.zero_name),
                    appear_in_turn([*before.ticks]),
                ],
                appear(before.bands, before.heads, before.numbers),
                (
                    slide(before.bands, after.bands, "row"),
                    slide(before.ticks, after.ticks, "row"),
                    become(before.numbers, after.numbers),
                    appear(after.formula),
                ),
                None,
            ],
            stay=[self.line, self.wide, self.ring],
        )

    def rows_talk(self, trace: Trace) -> Iterator[Step]:
        """Attention: in each head, rows take from rows."""
        head = trace.under("encoder.0.self_attn", batch=0)
        reads = rows_of(trace, trace.parents["encoder.0.self_attn.q"][0])
        pre = trace.about["config"]["norm_order"] == "pre"
        names = ("rows, after the norm" if pre else "rows of the stream", "what each row takes away")
        weights = head["weights"]
        best, query_token, answer, share = argmax_weight(weights, self.lanes.y)
        talk = Talk(self.lanes, reads, weights, head["out"], names, self.size)
        order = [h for h in range(len(talk.fans)) if h != best] + [best]
        fans = [talk.fans[h] for h in order]
        self.lit = ring_around(talk.tabs[order[0]])
        turns = [
            (settle_in(fans[0], fan), move_ring(self.lit, talk.tabs[h]))
            for h, fan in zip(order[1:], fans[1:], strict=True)
        ]
        loud = (
            f"Here “{query_token}” gives {share:share} of its attention to “{answer}”. |"
            if query_token.position != answer.position
            else f"With one token, all attention, {share:share}, stays with “{query_token}”. |"
        )
        yield Step(
            "Attention: the rows talk",
            say=claim(len(reads) > 1, "Now the rows look at each other", "Now the row looks at itself")
            + f", in {counted(trace['config.heads'], 'head')}. |"
            f"The thicker a line, the more a row takes from another. |{loud}"
            "What they take makes a new row for each token.",
            show=[
                [self.walk_to(trace, "encoder.0.self_attn"), appear(talk.reads, talk.names[0])],
                [appear(talk.tabs, talk.tab_name, self.lit), appear(fans[0]), *turns],
                settle_in(fans[0], talk.spotlight(self.lanes, best, query_token, answer)),
                [(appear(talk.names[1]), fill(talk.row(self.lanes), "row")), appear(*talk.rest(self.lanes), talk.size)],
            ],
            stay=[self.line, self.wide, self.ring],
        )

    def added(self, trace: Trace) -> Iterator[Step]:
        """What attention found is added, not put in the row's place."""
        query_token = self.query_token
        names = ("the row so far", "what attention found", "the row from here on")
        tensors = [rows_of(trace, f"encoder.0.{name}") for name in ("resid_pre", "self_attn.out", "resid_attn")]
        share = trace["encoder.0.self_attn.added_share"].pick(batch=0, position=query_token.position)
        verdict = "a small step." if share < 1 / 3 else "a real change." if share < 1 else "longer than the row itself."
        total = Sum(self.lanes, tensors, names, self.size)
        yield from self.addition(
            trace,
            "encoder.0.self_attn",
            "Added, not put in its place",
            total,
            (
                "What attention found is not put in the row’s place. |",
                "It is added to what was there. |",
                (
                    "So the row keeps its past. |"
                    f"For “{query_token}”, the addition is {share:.0%} as long as the row: {verdict}"
                ),
            ),
            ring="+",
        )

    def alone(self, trace: Trace) -> Iterator[Step]:
        """The feed-forward network: wide, bent, narrow, each row for itself."""
        query_token, ffn = self.query_token, trace.under("encoder.0.ffn", batch=0)
        width, wide, activation = trace["config.d_model"], trace["config.d_ff"], trace.about["config"]["activation"]
        one = Widening.of(trace, "encoder.0.ffn", query_token)
        lanes = self.wide = self.lanes = Lanes(self.sizes, query_token)
        every = EachAlone.of(lanes, trace, "encoder.0.ffn", self.size)
        awake = ffn["active_units"].pick(position=query_token.position)
        bend = ACTIVATIONS.get(activation, "GELU")
        stay = claim(float(awake) == 1, "stays", "stay")
        silent = f"Of {wide} units, {awake} {stay} awake. |" if activation == "relu" else f"{awake} {stay} positive. |"
        yield Step(
            "Feed-forward: each row thinks alone",
            say=f"The feed-forward network takes one row and widens it, {width} to {wide}. |"
            f"Each number passes {bend}. {silent}"
            "It narrows again, and is added like before. |"
            "Every row meets the same weights, and none its neighbours.",
            show=[
                [
                    self.walk_to(trace, "encoder.0.ffn"),
                    appear(one.chip, one.strips[0], one.names[0]),
                    (appear(one.slopes[0], one.names[1]), fill(one.strips[1], "row")),
                ],
                (appear(one.slopes[1], one.names[2]), fill(one.strips[2], "row")),
                (appear(one.slopes[2], one.names[3]), fill(one.strips[3], "row")),
                [leave(one), appear(lanes, every.parts[0], every.names[0]), appear(every)],
            ],
            stay=[self.line, self.ring],
        )

    def and_again(self, trace: Trace) -> Iterator[Step]:
        """The other blocks at a run: the shape stays, the rows move on."""
        query_token, layers = self.query_token, trace["config.encoder_layers"]
        cosine = trace["encoder.cosine_first_last"].pick(batch=0, position=query_token.position)
        both = FirstAndLast.of(self.lanes, trace, counted(layers, "block"))
        tower = self.line.tower
        again = (
            f"The {'next block does' if float(layers) == 2 else 'other blocks do'} the same, with new weights. |"
            if float(layers) > 1
            else "This encoder has a single block; others repeat it many times. |"
        )
        verdict = (
            "it has kept most of itself." if cosine > 0.7 else "it has moved on." if cosine > 0.3 else "a new row."
        )
        yield Step(
            "And again: the shape stays",
            say=f"{again}After {counted(layers, 'block')} the shape is what it was, {self.size}: "
            "so blocks can be stacked. |"
            f"First and last row of “{query_token}” have a cosine of {cosine:.2f}: {verdict}",
            show=[
                [
                    self.walk_to(trace, tower.parts[-1]),
                    appear(both.first, both.first_name),
                ],
                [
                    appear(both.way),
                    fly(both.first, both.last, "row"),
                    appear(both.last_name, footing(self.size, both.first), footing(self.size, both.last)),
                ],
                appear(both.head, both.numbers, both.ring),
                None,
            ],
            stay=[self.line, self.wide, self.ring],
        )

    def who_sees_whom(self, trace: Trace) -> Iterator[Step]:
        """Close: one row blanked in each box, and what else changes."""
        wide = overview_lanes(self.sizes, self.query_token)
        goal = EncoderLine(trace, [*wide.y.values()], wide.left, self.size)
        blanked = Blanked(goal, wide, trace)
        answer = at_floor(Answer("One row per token all the way: attention mixes rows, all else works on each alone."))
        pairs, attention = trace["encoder.0.token_pairs"], trace["encoder.0.sensitive_pairs"].pick(part="attention")
        found = (
            f"In attention, in {attention} of {pairs} cases; elsewhere, never. |"
            if blanked.holds and float(pairs)
            else "With one token there is no other row. |"
            if not float(pairs)
            else f"In attention, in {attention} of {pairs} cases. |"
        )
        yield Step(
            "Where does one row see another?",
            say="Zero one row before a box. Does another row come out changed? |"
            f"{found}One row per token: attention mixes them, all else works on each alone. |"
            "Your turn: which boxes would still work on a single word?",
            show=[
                (settle_in(self.line, goal), settle_in(VGroup(*self.wide), VGroup(*wide)), leave(self.ring)),
                [appear(blanked.alone), appear(blanked.mixing), appear_in_turn([*blanked.facts])],
                appear(answer),
                None,
            ],
            stay=[self.line, self.wide, self.ring],
        )
