"""From the last vector to a word: it meets the vector of every word; and the whole way of a decoder's vector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.mobjects.bars import ShareBar
from scenes.mobjects.diagrams import Block
from scenes.mobjects.shapes import arrow, ribbon, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width, in_line
from scenes.theme import at, gap, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

BEGIN, END = 330.0, 1010.0
LOGITS, BARS = 1190.0, 1250.0


class ReadingOut(VGroup):
    """The last vector above, the best words below: each with its vector, the dot product, and the probability.

    Args:
        row: the vector that is read out, by d_model.
        token: the word that is read there.
        table: the vectors, d_model × vocab.
        logits, probs: by vocab.
        best: which words to show, the best first.
    """

    def __init__(
        self,
        row: NamedTensor,
        token: Label,
        table: NamedTensor,
        logits: NamedTensor,
        probs: NamedTensor,
        best: Sequence[int],
    ) -> None:
        middle = (BEGIN + END) / 2
        self.row = Strip(row, END - BEGIN, 56).move_to(at(middle, 262))
        self.token = Token(token, "query").next_to(self.row, LEFT, buff=gap("chip"))
        vectors = [table.pick(vocab=i) for i in best]
        scale = full_colour(*vectors)
        labels = [logits.label("vocab", i) for i in best]
        width = max(chip_width(label) for label in labels)
        self.words, self.vectors, self.logits, self.bars = VGroup(), VGroup(), VGroup(), VGroup()
        for k, (i, label, vector) in enumerate(zip(best, labels, vectors, strict=True)):
            y = 424 + 82 * k
            strip = Strip(vector, END - BEGIN, 50, scale).move_to(at(middle, y))
            self.vectors.add(strip)
            self.words.add(Token(label, "", width).next_to(strip, LEFT, buff=gap("chip")))
            self.logits.add(number(logits.quantity(i), ".2f", "number").settle(at(0, y)).end_at(at(LOGITS, 0)[0]))
            bar = ShareBar(probs.quantity(i), 400, "", 50)
            bar.move_to(at(BARS + 200, y))
            share = number(probs.quantity(i), "share", "number").next_to(bar, RIGHT, buff=gap("chip"))
            self.bars.add(VGroup(bar, share))
        self.line = rule(at(BEGIN - 10, 330), at(END + 10, 330), "line", 2)
        heads = (("the last vector", END, 262), ("dot product", LOGITS, 366), ("probability", BARS + 160, 366))
        self.names = VGroup(
            *(Words(name, "axis", "ink2").settle(at(0, y)).end_at(at(x, 0)[0]) for name, x, y in heads[1:])
        )
        self.row_name = Words(heads[0][0], "axis", "ink2").next_to(self.row, RIGHT, buff=gap("chip"))
        self.table_name = Words("the vectors of the words", "axis", "ink2").settle(at(0, 366))
        self.table_name.begin_at(at(BEGIN, 0)[0])
        super().__init__(self.token, self.row, self.words, self.vectors, self.logits, self.bars, self.line, self.names)


class WholeWay(VGroup):
    """A vector of the decoder on its way: what it reads, its sublayers, what it writes; the source comes in above.

    Args:
        reads, writes: at its position.
        source: the words that the encoder read; those read so far by a decoder alone, which `again` is read after.
        alone: a decoder that asks no other sequence.
    """

    def __init__(self, reads: Label, writes: Label, source: Sequence[Label], alone: bool = False) -> None:
        self.reads, self.writes = Token(reads), Token(writes)
        left, right = 300.0, 1600.0
        self.band = ribbon(at(left, 690), at(right, 690), 34)
        self.reads.next_to(self.band, LEFT, buff=units(26))
        self.writes.next_to(self.band, RIGHT, buff=units(26))
        steps = {
            "Masked attention": "back, never ahead",
            **({} if alone else {"Cross-attention": "asks the source"}),
            "Feed-forward": "each vector alone",
        }
        self.blocks, self.ways = VGroup(), VGroup()
        for i, (title, note) in enumerate(steps.items()):
            x = left + 200 + i * 430
            block = Block(title, note, 370, 124).move_to(at(x + (215 if alone else 0), 500))
            ends = [(block.get_bottom(), -90, True), (block.get_bottom(), 90, False)]
            for edge, shift, up in ends:
                high = edge + RIGHT * units(shift) + DOWN * units(6)
                low = np.array([high[0], self.band.get_top()[1] + units(6), 0])
                self.ways.add(arrow(low, high, "residual", 5, 16) if up else arrow(high, low, "residual", 5, 16))
            self.blocks.add(block)
        asking = self.blocks[0 if alone else 1]
        self.source = in_line(source, 1340 if alone else 1500).move_to(at(self._x(asking), 282))
        self.source.shift(RIGHT * max(0.0, at(150, 0)[0] - self.source.get_left()[0]))
        foot = asking.get_top() + UP * units(8)
        above = np.array([foot[0], self.source.get_bottom()[1] - units(10), 0])
        self.supply = arrow(above, foot, "key", 6, 20)
        name = "the vectors of what was read so far" if alone else "the encoder’s output"
        self.source_name = Words(name, "axis", "key").next_to(self.supply, RIGHT, buff=units(20))
        self.again = Token(writes, "", 0, self.source[0].height * 135).next_to(self.source, RIGHT, buff=units(12))
        super().__init__(self.band, self.reads, self.writes, self.blocks, self.ways, self.source, self.supply)

    @staticmethod
    def _x(block: Block) -> float:
        return float(block.get_x()) * 135 + 960
