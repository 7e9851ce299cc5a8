"""Texts whose tokens are as bright as a unit is active, and a verdict on ten sentences."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, Animation, VGroup

from scenes.animations import exchange
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Shade, Stands, means
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import word
from scenes.theme import PIXELS_PER_UNIT, at, ink_on, palette, shared, signed, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px of a line and of a chip in it, of its margins, between two chips, and between two texts.
PITCH, HIGH, EDGE, SPACE, BREAK = 104.0, 84.0, 11.0, 9.0, 50.0
STYLE = "title"
#: Px of the last word of a sentence.
ENDING = 300.0


class Reading:
    """Texts as lines of tokens on chips; `lit` are the same, each filled by how active a unit is there.

    Args:
        texts: the activations, along "position", of each text.
    """

    def __init__(self, texts: Sequence[NamedTensor], room: Room = STAGE) -> None:
        self.scale_value = max(float(text.values.max()) for text in texts)
        self.texts: list[list[VGroup]] = []
        self.lines: list[VGroup] = []
        self.lit: list[VGroup] = []
        top = room.top
        for text in texts:
            x, begun = room.left, len(self.lines)
            self._line()
            for label, active in zip(text.words("position"), text.quantities(), strict=True):
                wide = word(label, STYLE).width * PIXELS_PER_UNIT + 2 * EDGE
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
            self.texts.append(self.lines[begun:])
        for line in (*self.lines, *self.lit):
            line.shift(DOWN * units((room.bottom - top + BREAK + PITCH - HIGH) / 2))

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

    def light(self) -> list[tuple[Animation, ...]]:
        """All tokens take their shade, line by line."""
        return [exchange(old, new, "row") for old, new in zip(self.lines, self.lit, strict=True)]

    def where(self, masks: Sequence[NamedTensor]) -> list[list[VGroup]]:
        """Of each text, the lit chips of the tokens at which its mask is one."""
        chips = iter([chip for line in self.lit for chip in line])
        return [[chip for one, chip in zip(mask.values, chips, strict=False) if one] for mask in masks]


class Verdicts:
    """A row for each pair of sentences: how they begin, and their last words, bright if the right noun is the likelier.

    Args:
        begun: a tensor with the beginning of each pair as the label of "pair".
        right: ones and zeros along "sentence", two for each pair.
    """

    def __init__(self, begun: NamedTensor, right: NamedTensor, room: Room = STAGE) -> None:
        left, columns = room.split_columns(-2 * ENDING, 30)
        self.names, self.squares, verdicts = VGroup(), VGroup(), right.quantities()
        for k, (label, line) in enumerate(zip(begun.words("pair"), left.rows(len(begun), 22), strict=True)):
            self.names.add(means(word(label, "caption").end_in(line), Stands(label)))
            for one, cell in zip((2 * k, 2 * k + 1), columns.cross(line).columns(2, 24), strict=True):
                fill = shared(verdicts[one])
                box = means(Box(cell.width, cell.height, fill, 14, palette().line, 3), Shade(verdicts[one]))
                text = word(right.label("sentence", one), "title").settle(box.move_to(cell.centre).get_center())
                text.paper = box
                self.squares.add(VGroup(box, text.set_fill(ink_on(fill))))
