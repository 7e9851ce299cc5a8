"""Claims of the notes as a list: what is claimed, what was measured, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manim import VGroup, VMobject

from scenes.layout import STAGE
from scenes.mobjects.shapes import Box, path, rule
from scenes.mobjects.text import Words
from scenes.theme import at, palette, units

HOLDS, FAILS, OPEN = "holds", "fails", "not tested here"


@dataclass(frozen=True)
class Claim:
    """Statement, the figure that was measured (with its sources; "" for none), and the verdict."""

    text: str
    figure: str
    verdict: str


def mark(verdict: str) -> VGroup:
    """A tick, a cross, or a short bar."""
    sign: VMobject
    if verdict == HOLDS:
        sign = path([np.array([units(x), units(y), 0]) for x, y in ((-15, 0), (-4, -13), (17, 16))], "residual", 7)
        return VGroup(sign)
    if verdict == FAILS:
        ways = [np.array([units(14), units(14) * side, 0]) for side in (1, -1)]
        return VGroup(path([-way, way], "warning", 7) for way in ways)
    return VGroup(Box(28, 6, palette().ink3, 3))


class ClaimList:
    """One line a claim: the words at the left, the figure in the middle, sign and verdict at the right.

    `lines` are the parts of each, as they come.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        pitch = min(92.0, 620.0 / len(claims))
        top = 545.0 - pitch * len(claims) / 2
        self.lines: list[list[VMobject]] = []
        self.rules = VGroup()
        for k, claim in enumerate(claims):
            y = top + (k + 0.5) * pitch
            quiet, base = claim.verdict == OPEN, at(0, y + 12)[1]
            text = Words(claim.text, "block", "ink2" if quiet else "ink").begin_at(at(STAGE.left, 0)[0])
            figure = Words(claim.figure, "fact", "ink2").end_at(at(STAGE.right - 330, 0)[0])
            name = Words(claim.verdict, "fact", "ink3" if quiet else "ink").begin_at(at(STAGE.right - 236, 0)[0])
            verdict = VGroup(mark(claim.verdict).move_to(at(STAGE.right - 276, y)), name.stand_on(base))
            middle = [figure.stand_on(base)] if claim.figure else []
            self.lines.append([text.stand_on(base), *middle, verdict])
            if k:
                self.rules.add(rule(at(STAGE.left, y - pitch / 2), at(STAGE.right, y - pitch / 2), "line", 1.5))
