"""The additions to the stream as arrows end to end: along one line, and each pointing its own way."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, Animation, VGroup

from scenes.animations import Travel
from scenes.layout import Room
from scenes.mobjects.planes import Plane
from scenes.mobjects.river import River, role_of
from scenes.mobjects.text import number
from scenes.theme import units
from transformer_core.tracing.trace import Trace

#: Px for a number at the right, above and below all arrows, of an arrow and its head; and between both ways, as a share
#: of the longer one.
NUMBER, AIR, THICK, HEAD, APART = 210.0, 66.0, 16.0, 46.0, 0.05


class StreamSum:
    """The vector that the stream begins with and all additions: `straight` in one line, `bent` as they point.

    Args:
        part: the tensors of a stack at one position.
        room: the rectangle that is filled.

    `sum` leads from the `origin` to where the bent ones end. `lengths` are those of both ways, and `totals` their
    numbers.
    """

    def __init__(self, part: Trace, room: Room) -> None:
        lengths, steps, whole = part["contribution_norms"], part["stream_steps"], part["contribution_norms_in_all"]
        ends = np.vstack([np.zeros(2), steps.values.cumsum(0)])
        high = ends[:, 1].max() + APART * float(whole)
        line = np.column_stack([np.append(0, lengths.values.cumsum()), np.full(len(ends), high)])
        self.plane = Plane(np.vstack([ends, line]), room.inset(0, AIR).split_columns(-NUMBER)[0], 11)
        self.origin = self.plane.origin
        roles = [role_of(label) for label in lengths.words("sublayer")]
        self.straight, self.bent = (
            VGroup(
                self.plane.arrow(self.plane.point(foot), by, role, THICK, HEAD)
                for foot, by, role in zip(feet[:-1], ways, roles, strict=True)
            )
            for feet, ways in (
                (line, [(length, ()) for length in lengths.quantities()]),
                (ends, [row.quantities() for row in steps]),
            )
        )
        whole_way = [tuple(steps[:, side].quantities()) for side in (0, 1)]
        self.sum = self.plane.arrow(self.origin.get_center(), whole_way, "weight", THICK, HEAD)
        self.lengths = whole, part["residual_norms"].quantity(len(roles) - 1)
        self.totals = VGroup(
            number(length, ".1f", "large number").next_to(lead[-1].points[0], RIGHT, buff=units(30))
            for length, lead in zip(self.lengths, (self.straight[-1], self.sum), strict=True)
        )

    def laid(self, river: River) -> list[Animation]:
        """Lay down what was as wide in a river as it is long now."""
        sources = [river.stretches[0][0], *(fall for fall, _ in river.falls)]
        return [Travel(*pair, kind="slow", leaving=True) for pair in zip(sources, self.straight, strict=True)]

    def bend(self) -> list[Animation]:
        """Copies of the arrows in one line turn to where they point."""
        return [Travel(*pair, 0.0, "slow") for pair in zip(self.straight, self.bent, strict=True)]

    def lead(self) -> Animation:
        """The sum grows straight out of the origin."""
        return Travel(self.origin, self.sum, 0.0, "row")
