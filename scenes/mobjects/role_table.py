"""Which head plays which role: a table of scores, and one role's cases as dots."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import HEIGHT, WIDTH, Room, centred
from scenes.mobjects.marks import Filled, Shade, means
from scenes.mobjects.shapes import Box, dot
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import CALLED, layer_name, letter_of
from scenes.theme import ink_on, palette, shared, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: A change of a role is told from so many cases on.
ENOUGH = 100
#: The least score that is written out; below it the tile alone speaks.
WRITTEN = 0.10


class RoleTable(VGroup):
    """Roles down the left, heads along the top, and in each cell the share of cases in which the head plays the role.

    Args:
        scores: role × layer × head.
        earned: the score from which a role is named.
        roomy: for a few roles: higher rows, and smaller scores written out.
        edged: True on a card: higher rows, and cells with an outline, so that those next to zero are seen.
    """

    def __init__(self, scores: NamedTensor, earned: Quantity, roomy: bool = False, edged: bool = False) -> None:
        self.edge, self.style = (palette().line, "large cell") if edged else ("", "cell")
        tall, self.written = (78.0, WRITTEN / 2) if roomy else (58.0 if edged else 52.0, WRITTEN)
        roles = [role for role in scores.labels["role"] if role in CALLED]
        layers, heads = scores.shape[1:]
        wide = min(132.0, (WIDTH - 560) / (layers * heads))
        pitch = min(tall, (HEIGHT - 110) / len(roles))
        self.lines: dict[str, VGroup] = {}
        self.calls: dict[str, Words] = {}
        self.winners: dict[str, VMobject] = {}
        space = 30.0
        xs = [[(layer * heads + head) * (wide + 4) + layer * space for head in range(heads)] for layer in range(layers)]
        for i, role in enumerate(roles):
            y = -units(i * pitch)
            part = scores.pick(role=role)
            best = np.unravel_index(int(part.values.argmax()), part.values.shape)
            line = VGroup()
            for layer in range(layers):
                for head in range(heads):
                    cell = self._cell(part.quantity(layer, head), wide, pitch - 6)
                    line.add(cell.shift(np.array([units(xs[layer][head]), y, 0])))
                    if (layer, head) == tuple(int(b) for b in best) and part.values[best] >= earned:
                        self.winners[role] = cell[0]
            self.lines[role] = line
            text = Words(CALLED[role], "fact" if pitch > 50 else "small token", "ink")
            self.calls[role] = text.settle(np.array([0, y, 0])).end_at(-units(wide / 2 + 28))
        self.heads = self._heads(xs, units(pitch / 2 + 24))
        super().__init__(*self.lines.values(), *self.calls.values(), self.heads)
        centred(self)

    def _cell(self, score: Quantity, wide: float, high: float) -> VGroup:
        fill = shared(score)
        box = means(Box(wide, high, fill, 5, self.edge, 2 if self.edge else 0), Shade(score))
        cell = VGroup(box)
        cell.score = score
        text = number(score, "share", self.style).settle(box.get_center()).set_fill(ink_on(fill))
        text.paper = box
        return cell.add(text) if score >= self.written and text.width < box.width else cell

    @staticmethod
    def _heads(xs: list[list[float]], foot: float) -> VGroup:
        names = VGroup()
        for layer, places in enumerate(xs):
            for head, x in enumerate(places):
                names.add(Words(letter_of(head), "small token", "ink2").settle(np.array([units(x), foot, 0])))
            middle = units(sum(places) / len(places))
            names.add(Words(layer_name(layer), "axis", "ink2").settle(np.array([middle, foot + units(44), 0])))
        return names

    @property
    def unnamed(self) -> list[str]:
        """The roles that no head has earned."""
        return [role for role in self.lines if role not in self.winners]

    def best(self, role: str) -> VGroup:
        """The cell of the head that plays a role most."""
        return max(self.lines[role], key=lambda cell: float(cell.score))

    def replaced(self, role: str, score: Quantity) -> VGroup:
        """A cell with another score in the place of the best one."""
        old = self.best(role)
        cell = self._cell(score, old[0].width * 135, old[0].height * 135)
        return cell.move_to(old)

    def rings(self) -> VGroup:
        return VGroup(*(ring_around(cell) for cell in self.winners.values()))

    def muted(self, role: str) -> VMobject:
        """The name of a role in grey."""
        return self.calls[role].copy().set_fill(palette().ink3)


def falls_most(trace: Trace, roles: Collection[str]) -> tuple[str, Quantity] | None:
    """Of some roles the one whose best head loses most with several cross-attention heads, and its score there.

    None for a model that was trained without a penalty on blur, or with several such heads itself.
    """
    run, recipe = trace.under("experiment.cross_heads"), trace.about.get("card", {}).get("recipe", {})
    if not recipe.get("entropy_penalty") or trace["config.cross_heads"] != 1 or "best_role" not in run:
        return None
    one, four = (run["best_role"].pick(model=model) for model in ("one", "four"))
    told = [role for role in roles if run["queries"].pick(role=role) >= ENOUGH]
    fallen = max(told, key=lambda role: float(one.pick(role=role)) - float(four.pick(role=role)))
    return fallen, four.pick(role=fallen)


class HundredCases(VGroup):
    """A share as dots out of a hundred: filled where the head looks at the noun, hollow where it looks elsewhere.

    Args:
        score: the share.
        title, note: what the cases are, in two lines.
        pitch: px from one dot to the next.
        across: how many dots stand side by side; the score stands beside them, or below ten.
    """

    def __init__(self, score: Quantity, title: str, note: str, pitch: float = 42, across: int = 25) -> None:
        self.dots = VGroup()
        for i in range(100):
            filled = i < round(100 * float(score))
            disc = dot(np.zeros(3), pitch * 0.38, "weight") if filled else self._hollow(pitch)
            self.dots.add(disc.move_to(np.array([units(i % across * pitch), -units(i // across * pitch), 0])))
        means(self.dots, Filled(score))
        self.score = number(score, "share", "large number")
        self.title = Words(title, "block")
        self.note = Words(note, "fact", "ink2")
        self.title.next_to(self.dots, UP, buff=units(74)).align_to(self.dots, LEFT)
        self.note.next_to(self.dots, UP, buff=units(24)).align_to(self.dots, LEFT)
        self.score.next_to(self.dots, DOWN if across <= 10 else RIGHT, buff=units(40))
        super().__init__(self.title, self.note, self.dots, self.score)

    @staticmethod
    def _hollow(pitch: float) -> VMobject:
        ring = Box(pitch * 0.72, pitch * 0.72, palette().background, pitch, palette().ink3, 2.5)
        return ring.set_fill(opacity=0)


def hundreds(
    scores: Sequence[Quantity], titles: Sequence[str], note: str, room: Room, most: float = 1.3
) -> list[HundredCases]:
    """Shares side by side, each as a square of a hundred dots."""
    panels = [HundredCases(score, title, note, across=10) for score, title in zip(scores, titles, strict=True)]
    for panel, place in zip(panels, room.columns(len(panels)), strict=True):
        place.inset(0, 12).fit(panel, most)
        panel.shift(UP * (panels[0].dots.get_y() - panel.dots.get_y()))  # titles reach more or less far up
    return panels


def stacked(parts: Sequence[VMobject], space: float) -> VGroup:
    """Parts below each other, with one left edge."""
    return VGroup(*parts).arrange(DOWN, buff=units(space), aligned_edge=LEFT)
