"""What the heads make is joined and goes through W_O: the same as a sum of what each of them writes."""

from __future__ import annotations

from itertools import pairwise

from manim import LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import slide
from scenes.mobjects.budgets import letter_of
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, gap, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Where the pieces, the blocks of W_O and the parts begin, and how wide each is, in px.
PIECES, BLOCKS, PARTS = (236.0, 300.0), (596.0, 500.0), (1156.0, 500.0)
LOW = 786.0


class Joining(VGroup):
    """The outputs of the heads for one token, W_O in as many blocks, what each head writes, and their sum.

    Args:
        z: head × d_head.
        matrix: W_O, head × d_head × d_model.
        written: head × d_model.
        sums: the sum so far after each head, head × d_model.
        lengths: of what each head writes, by head.
        token: whose row it is.
        bias: whether the sums have one.
    """

    def __init__(
        self,
        z: NamedTensor,
        matrix: NamedTensor,
        written: NamedTensor,
        sums: NamedTensor,
        lengths: NamedTensor,
        token: Label,
        bias: bool,
    ) -> None:
        heads = len(z)
        pitch = min(104.0, 420 / heads)
        ys = [318 + (head + 0.5) * pitch for head in range(heads)]
        high = min(76.0, pitch - 14)
        z_scale, scale, block_scale = full_colour(z), full_colour(sums), full_colour(matrix)
        self.letters, self.pieces, self.joined = VGroup(), VGroup(), VGroup()
        self.blocks, self.whole, self.parts, self.lengths = VGroup(), VGroup(), VGroup(), VGroup()
        for head, y in enumerate(ys):
            piece = Strip(z[head], PIECES[1], min(50.0, high), z_scale)
            self.pieces.add(piece.move_to(at(PIECES[0] + PIECES[1] / 2, y)))
            self.joined.add(piece.copy().move_to(at(PIECES[0] + PIECES[1] * (head + 0.5) + 3 * head, 232)))
            letter = Words(f"head {letter_of(head)}", "fact", "ink2")
            self.letters.add(letter.next_to(piece, LEFT, buff=gap("chip")))
            block = Heatmap(matrix[head], BLOCKS[1], high, block_scale)
            self.blocks.add(block.move_to(at(BLOCKS[0] + BLOCKS[1] / 2, y)))
            closed = (ys[0] + ys[-1]) / 2 + (head - (heads - 1) / 2) * (high + 10)
            self.whole.add(block.copy().move_to(at(BLOCKS[0] + BLOCKS[1] / 2, closed)))
            part = Strip(written[head], PARTS[1], min(50.0, high), scale)
            self.parts.add(part.move_to(at(PARTS[0] + PARTS[1] / 2, y)))
            length = number(lengths.quantity(head), ".2f", "number")
            self.lengths.add(length.next_to(part, RIGHT, buff=gap("chip")))
        self._names()
        self.states = [
            Strip(sums[head], PARTS[1], 56, scale).move_to(at(PARTS[0] + PARTS[1] / 2, LOW)) for head in range(heads)
        ]
        self.line = rule(at(PARTS[0], LOW - 46), at(PARTS[0] + PARTS[1], LOW - 46), "ink3", 2.5)
        self.token = Token(token)
        said = "sum, with the bias" if bias else "sum"
        self.sum_name = VGroup(Words(said, "axis", "ink2"), self.token).arrange(RIGHT, buff=gap("chip"))
        self.sum_name.next_to(self.states[0], LEFT, buff=gap("chip"))
        super().__init__(self.letters, self.pieces, self.joined, self.blocks, self.parts, self.lengths, self.states[0])

    def growing(self) -> list[Animation]:
        """The sum takes in what one head after another writes."""
        return [slide(before, after, "rest") for before, after in pairwise(self.states)]

    def _names(self) -> None:
        top = self.pieces[0].get_top()[1] + units(30)
        self.joined_name = Words("joined", "axis", "ink2").next_to(self.joined, LEFT, buff=gap("chip"))
        self.block_name = Formula("W_O", 32).move_to(at(BLOCKS[0] + BLOCKS[1] / 2, 290))
        self.part_name = Words("what each head writes", "axis", "ink2").move_to(self.parts[0], aligned_edge=LEFT)
        self.part_name.stand_on(top)
        self.length_name = Words("length", "axis", "ink2").next_to(self.lengths[0], UP, buff=units(10))
        self.length_name.stand_on(top).align_to(self.lengths[0], LEFT)
