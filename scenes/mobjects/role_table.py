"""Table of the scores of heads in roles, and a share as dots out of a hundred."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, UP, VGroup

from scenes.layout import STAGE, centred
from scenes.mobjects.marks import Filled, Shade, means
from scenes.mobjects.shapes import Box, dot, frame
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import CALLED, layer_name, letter_of
from scenes.theme import ink_on, palette, shared, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the highest row.
TALL = 110.0
#: The part of a cell's width that its number may take.
SNUG = 0.86
#: The least score that is written out; below it the tile alone speaks.
WRITTEN = 0.1
#: Px more between the heads of two layers.
SPACE = 30.0
#: Px from one dot of a hundred to the next, and of a hollow one.
CASE, HOLE = 42.0, 30.24


class RoleTable(VGroup):
    """Roles down the left, heads along the top, and in each cell the share of cases in which the head plays the role.

    Args:
        scores: role × layer × head.
        earned: the score from which a role is named.
    """

    def __init__(self, scores: NamedTensor, earned: Quantity) -> None:
        roles = [role for role in scores.labels["role"] if role in CALLED]
        layers, self.count = scores.shape[1:]
        columns = layers * self.count
        wide = min(132.0, (STAGE.width - 560) / columns)
        pitch = min(TALL, (STAGE.height - 190) / len(roles))
        self.lines: dict[str, VGroup] = {}
        self.calls: dict[str, Words] = {}
        xs = [units(k * (wide + 4) + k // self.count * SPACE) for k in range(columns)]
        for i, role in enumerate(roles):
            y = -units(i * pitch)
            cells = zip(scores.pick(role=role).quantities(), xs, strict=True)
            line = VGroup(self._cell(score, wide, pitch - 6).shift(np.array([x, y, 0])) for score, x in cells)
            self.lines[role] = line
            self.calls[role] = self._call(CALLED[role], pitch, UP * y, wide)
        #: The cells that have earned their role.
        self.winners = {role: best[0] for role in roles if (best := self.best(role)).score >= earned}
        self.heads = self._heads(xs, units(pitch / 2 + 24))
        super().__init__(*self.lines.values(), *self.calls.values(), self.heads)
        centred(self)

    @staticmethod
    def _call(name: str, pitch: float, where: np.ndarray, wide: float) -> Words:
        """The name of a line, at the left of its cells."""
        text = Words(name, "block" if pitch > 105 else "fact" if pitch > 50 else "small token")
        return text.settle(where).end_at(-units(wide / 2 + 28))

    def _cell(self, score: Quantity, wide: float, high: float) -> VGroup:
        fill = shared(score)
        box = means(Box(wide, high, fill, 5, palette().line, 2), Shade(score))
        cell = VGroup(box)
        cell.score = score
        text = number(score, "share", "large cell").settle(box.get_center()).set_fill(ink_on(fill))
        text.paper = box
        if score < WRITTEN or text.width >= box.width:
            return cell
        return cell.add(text.scale(min(1.0, SNUG * box.width / text.width)))

    def _heads(self, xs: list[float], foot: float) -> VGroup:
        names = VGroup()
        for k, x in enumerate(xs):
            layer, head = divmod(k, self.count)
            names.add(Words(letter_of(head), "small token", "ink2").settle(np.array([x, foot, 0])))
            if head == self.count - 1:
                middle = np.array([(x + xs[k - head]) / 2, foot + units(44), 0])
                names.add(Words(layer_name(layer), "axis", "ink2").settle(middle))
        return names

    def cell(self, role: str, layer: int, head: int) -> VGroup:
        """The cell of a role and a head."""
        found: VGroup = self.lines[role][layer * self.count + head]
        return found

    def best(self, role: str) -> VGroup:
        """The cell of the head that plays a role most."""
        return max(self.lines[role], key=lambda cell: float(cell.score))


class HundredCases(VGroup):
    """A share as ten rows of ten dots: so many are filled, the others are hollow.

    Args:
        score: the share.
        title, note: what the cases are, in two lines.
    """

    def __init__(self, score: Quantity, title: str, note: str) -> None:
        self.dots = VGroup()
        for i in range(100):
            filled = i < round(100 * float(score))
            disc = dot(np.zeros(3), CASE * 0.38, "weight") if filled else frame(HOLE, HOLE, "ink3", 2.5, CASE)
            self.dots.add(disc.move_to(np.array([units(i % 10 * CASE), -units(i // 10 * CASE), 0])))
        means(self.dots, Filled(score))
        self.score = number(score, "share", "large number")
        self.title = Words(title, "block").next_to(self.dots, UP, buff=units(74)).align_to(self.dots, LEFT)
        self.note = Words(note, "fact", "ink2").next_to(self.dots, UP, buff=units(24)).align_to(self.dots, LEFT)
        self.score.next_to(self.dots, DOWN, buff=units(40))
        super().__init__(self.title, self.note, self.dots, self.score)
