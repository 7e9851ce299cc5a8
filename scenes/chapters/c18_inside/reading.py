"""Texts whose tokens are as bright as a unit is active, and a verdict on ten sentences."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, Animation, VGroup

from scenes.animations import exchange
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Shade, Stands, means
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words, word
from scenes.theme import at, ink_on, palette, shared, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of a line and of a chip in it, of its margins, between two chips, and between two texts.
PITCH, HIGH, EDGE, SPACE, BREAK = 88.0, 70.0, 14.0, 8.0, 26.0
STYLE = "stage word"


class Reading(VGroup):
    """Texts as lines of tokens on chips; `lit` are the same, each filled by how active a unit is there.

    Args:
        texts: the activations, along "position", of each text.
    """

    def __init__(self, texts: Sequence[NamedTensor], room: Room = STAGE) -> None:
        self.scale_value = max(float(text.values.max()) for text in texts)
        self.lines: list[VGroup] = []
        self.lit: list[VGroup] = []
        top = room.top
        for text in texts:
            x = room.left
            self._line()
            for label, active in zip(text.words("position"), text.quantities(), strict=True):
                wide = word(label, STYLE).advance * 34 + 2 * EDGE
                if x + wide > room.right:
                    x, top = room.left, top + PITCH
                    self._line()
                for group, fill in ((self.lines, palette().surface), (self.lit, signed(active, self.scale_value))):
                    chip = self._chip(label, wide, fill).move_to(at(x + wide / 2, top + HIGH / 2))
                    if group is self.lit:
                        means(chip[0], Shade(active, self.scale_value))
                    group[-1].add(chip)
                x += wide + SPACE
            top += PITCH + BREAK
        super().__init__(*self.lines)
        for group in (self, *self.lit):
            group.shift(DOWN * units((room.bottom - top + BREAK + PITCH - HIGH) / 2))

    def _line(self) -> None:
        self.lines.append(VGroup())
        self.lit.append(VGroup())

    @staticmethod
    def _chip(label: Label, wide: float, fill: str) -> VGroup:
        box = Box(wide, HIGH, fill, 8)
        text = means(word(label, STYLE).settle(box.get_center()), Stands(label))
        text.paper = box
        text.set_fill(ink_on(fill))
        return VGroup(box, text)

    def light(self) -> tuple[Animation, ...]:
        """All tokens take their shade."""
        return tuple(play for old, new in zip(self.lines, self.lit, strict=True) for play in exchange(old, new, "row"))

    def chip(self, place: Quantity) -> VGroup:
        """The lit chip of an activation."""
        chips = [chip for line in self.lit for chip in line]
        return next(chip for chip in chips if chip[0].meanings[0].quantity.source == place.source)


class Verdicts(VGroup):
    """A column for each pair of sentences, and a square for each sentence: bright if the right noun is likelier.

    Args:
        right: pair × choice, ones and zeros.
    """

    def __init__(self, right: NamedTensor, room: Room = STAGE) -> None:
        head, body = room.split_rows(60, 16)
        side = min(130.0, (body.height - 16) / 2)
        self.names, self.squares = VGroup(), VGroup()
        for row, label, column in zip(right, right.words("pair"), body.columns(right.shape[0]), strict=True):
            self.names.add(word(label, "block").settle([column.centre[0], head.centre[1], 0]))
            pair = VGroup()
            for one in row.quantities():
                box = Box(column.width, side, shared(one), 12, palette().line, 3)
                text = Words("right" if one else "wrong", "stage word", "ink", box)
                text.set_fill(ink_on(shared(one)))
                pair.add(VGroup(means(box, Shade(one)), text.settle(box.get_center())))
            self.squares.add(pair.arrange(DOWN, buff=units(16)).move_to(column.centre))
        super().__init__(self.names, self.squares)
