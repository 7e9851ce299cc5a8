"""Sources of the queries, keys and values of an attention: one sequence, or two."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, Animation, VGroup, VMobject

from scenes.animations import Travel, draw, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, curve
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Tag
from scenes.theme import at, palette, units
from transformer_core.studies.measures.selection import sharpest
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the name of a sentence, of the machine, and from its edge to a tag.
TITLE, MACHINE, AWAY = 52.0, 150.0, 48.0
#: The style of the words at a pattern.
STYLE = "small token"
#: Where Q, K and V are plugged in, in px from the middle.
PLUGS = {"query": -200.0, "key": 0.0, "value": 200.0}


class Wiring(VGroup):
    """The formula of attention between two sentences, with Q, K and V made from one of them or from both.

    Args:
        own: the attention weights of the lower sentence to itself, "query key".
        masked: the masked scores of the same.
        cross: those to the upper sentence, "query key".
        names: what the upper and the lower vectors are called.
        sizes: the sizes of both grids, in words.
        room: the rectangle that is filled.
    """

    def __init__(
        self,
        own: NamedTensor,
        masked: NamedTensor,
        cross: NamedTensor,
        names: tuple[str, str],
        sizes: tuple[str, str],
        room: Room = STAGE,
    ) -> None:
        left, right = room.golden_columns()
        title, below = left.split_rows(TITLE)
        self.upper, self.upper_name = Ribbon(cross.words("key"), below), _title(names[0], title)
        above, title = left.split_rows(-TITLE)
        self.lower, self.lower_name = Ribbon(cross.words("query"), above), _title(names[1], title)
        self.lower.shift([0, at(0, above.bottom)[1] - self.lower.get_bottom()[1], 0])
        middle = (self.upper.get_bottom() + self.lower.get_top()) / 2
        self.formula = Formula(
            'op("softmax") lr((frac({{ Q : query }} {{ K : key }}^T, sqrt(d_k)))) {{ V : value }}', LARGE
        )
        high = MACHINE * (0.8 if self.upper.upright or self.lower.upright else 1)
        self.formula.scale(units(high - 24) / self.formula.height).move_to(middle)
        self.box = Box(self.formula.width * 135 + 80, high, palette().surface, 14, palette().line, 2.5)
        self.box.move_to(middle)
        below, above = self.box.get_bottom() + DOWN * units(AWAY), self.box.get_top() + UP * units(AWAY)
        self.tags = {role: Tag(role).scale(1.3).move_to(below).shift([units(x), 0, 0]) for role, x in PLUGS.items()}
        self.moved = {role: self.tags[role].copy().set_y(above[1]) for role in ("key", "value")}
        self.lines = {role: self._lines(self.lower, tag, role, UP) for role, tag in self.tags.items()}
        self.crossing = {role: self._lines(self.upper, tag, role, DOWN) for role, tag in self.moved.items()}
        self.before, self.after = (
            Sized(weights, size, right, mask)
            for weights, size, mask in zip((own, cross), sizes, (masked, None), strict=True)
        )
        super().__init__(self.upper, self.lower, self.box, self.formula, *self.tags.values(), self.before)

    @classmethod
    def of(cls, trace: Trace, own: str, cross: str, sizes: tuple[str, str]) -> Wiring:
        """Of a layer of the decoder the sharpest head of self-attention, and that of the clearest cross-attention."""
        weights, other = (trace[f"{path}.weights"].pick(batch=0) for path in (own, cross))
        clearest = trace[f"{cross}.pattern_clearness"].pick(batch=0).largest()[0].position
        masked = trace[f"{own}.masked"].pick(batch=0, head=0)
        names = "vectors of the encoder", "vectors of the decoder"
        return cls(weights[sharpest(weights)], masked, other[clearest], names, sizes)

    @staticmethod
    def _lines(sentence: Ribbon, tag: Tag, role: str, side: np.ndarray) -> VGroup:
        """From each token to a tag."""
        return VGroup(
            *(curve(chip.get_edge_center(side), tag.get_edge_center(-side), role, 3.5) for chip in sentence.chips)
        )

    def replug(self) -> list[tuple[Animation, ...]]:
        """Keys and values are pulled out of one sentence and plugged into the other."""
        moves = [Travel(self.tags[role], tag, 1.2, "row", leaving=True) for role, tag in self.moved.items()]
        return [
            (leave(*(self.lines[role] for role in self.moved)), *moves),
            (draw(*(line for lines in self.crossing.values() for line in lines)),),
        ]

    @property
    def inner(self) -> list[VMobject]:
        """The lines of self-attention, from a token to a tag."""
        return [line for lines in self.lines.values() for line in lines]

    @property
    def outer(self) -> list[VMobject]:
        """The lines of cross-attention."""
        return [*self.lines["query"], *(line for lines in self.crossing.values() for line in lines)]


def _title(text: str, room: Room) -> Words:
    return Words(text, "block", "residual").settle(room.centre).begin_at(at(room.left, 0)[0])


class Sized(VGroup):
    """A pattern with the words of its rows and columns, and its size below."""

    def __init__(self, weights: NamedTensor, size: str, room: Room, masked: NamedTensor | None = None) -> None:
        rows, columns = weights.shape
        self.pattern = Pattern(weights, min(130.0, 520 / max(rows, columns)), masked)
        self.rows, self.columns = self.pattern.row_words(STYLE), self.pattern.column_words(STYLE)
        self.size = Words(size, "large number").next_to(self.pattern, DOWN, buff=units(30))
        self.size.set_x(self.pattern.get_x())
        super().__init__(self.pattern, self.rows, self.columns, self.size)
        room.fit(self, most=1.3)
