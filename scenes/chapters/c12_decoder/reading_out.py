"""From the last vector to a word: it meets the vector of every word, and the products become probabilities."""

from __future__ import annotations

from typing import Any

from manim import LEFT, AnimationGroup, LaggedStart, VGroup, rate_functions

from scenes.animations import Come, Flight, grow
from scenes.layout import STAGE
from scenes.mobjects.bars import bar_of
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.theme import at, pace, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px of the last vector and of the heads below it, of the logits, and of a share beside its bar.
HEAD, NAMES, LOGIT, SHARE, SPACE = 96.0, 96.0, 200.0, 180.0, 36.0
#: How many words are shown.
MOST = 5


class ReadingOut(VGroup):
    """The last vector on top; below it the likeliest words, each with its vector, its logit, and its probability.

    Args:
        position: where the vector is read out.
        token: the word that is read there.
    """

    def __init__(self, trace: Trace, position: int, token: Label) -> None:
        row, logits, probs, order = (
            trace[name].pick(batch=0, position=position)
            for name in (trace.parents["logits"][0], "logits", "probs", "word_order")
        )
        best = [int(i) for i in order.values[:MOST]]
        vectors, labels = (
            [trace["parameters.output.w"].pick(vocab=i) for i in best], [logits.label("vocab", i) for i in best],
        )  # fmt: skip
        head, body = STAGE.split_rows(HEAD)
        names, body = body.split_rows(NAMES)
        side = gutter((token, *labels), 200) + 24
        wide = 0.46 * (STAGE.width - side)
        chip, rest = head.split_columns(side, SPACE)
        self.token = Token(token, "", chip.width, 60, "stage word").move_to(chip.centre)
        self.row = Vector(row, wide, head.height - 8, "residual")
        self.row.move_to(at(rest.left + wide / 2, (rest.top + rest.bottom) / 2))
        scale = full_colour(*vectors)
        self.words, self.vectors, self.logits, self.bars, self.shares = (VGroup() for _ in range(5))
        ends = rest.left + wide + LOGIT
        start, long = ends + SPACE, rest.right - ends - SPACE - SHARE
        for i, label, vector, line in zip(best, labels, vectors, body.rows(len(best), 22), strict=True):
            y = (line.top + line.bottom) / 2
            self.words.add(
                Token(label, "", side, min(60, line.height), "stage word").move_to(at(chip.left + side / 2, y))
            )
            strip = Vector(vector, wide, min(line.height, 84), "", scale).move_to(at(rest.left + wide / 2, y))
            self.vectors.add(strip)
            self.logits.add(number(logits.quantity(i), ".2f", "large number").settle(at(0, y)).end_at(at(ends, 0)[0]))
            share = probs.quantity(i)
            bar = bar_of(share, "width", long, min(line.height, 72), radius=6, least=3)
            self.bars.add(bar.move_to(at(start, y), aligned_edge=LEFT))
            text = number(share, "share", "stage number").settle(at(0, y))
            self.shares.add(text.begin_at(bar.get_right()[0] + units(18)))
        texts = ("vectors of the words", "logit", "probability")
        table, logit, share = (Words(text, "block", "ink2").settle(at(0, names.bottom - 28)) for text in texts)
        self.names = VGroup(
            table.begin_at(at(rest.left, 0)[0]), logit.end_at(at(ends, 0)[0]), share.begin_at(at(start, 0)[0])
        )
        super().__init__(
            self.token, self.row, self.words, self.vectors, self.logits, self.bars, self.shares, self.names
        )

    def meet(self) -> Any:
        """The last vector goes to the vector of each word, and their dot product comes up."""
        late = rate_functions.squish_rate_func(rate_functions.smooth, 0.7, 1)
        turns = [
            AnimationGroup(Flight(self.row, vector, 0.0, lit=True), Come(logit, run_time=pace("flow"), rate_func=late))
            for vector, logit in zip(self.vectors, self.logits, strict=True)
        ]
        return LaggedStart(*turns, lag_ratio=0.5, run_time=pace("slow"))

    def soften(self) -> Any:
        """The logits become bars of probabilities."""
        return LaggedStart(*(grow(bar) for bar in self.bars), lag_ratio=0.15)
