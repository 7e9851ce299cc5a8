"""Three questions that one vector has to answer, each in the colour of its role."""

from __future__ import annotations

import numpy as np
from manim import DOWN, Animation, VGroup

from scenes.animations import Travel, appear
from scenes.layout import Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.shapes import Box, curve, stroke
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Tag
from scenes.mobjects.vectors import Vector
from scenes.theme import gap, palette
from transformer_core.tracing.trace import NamedTensor

#: What each role asks, as a viewer would say it.
QUESTIONS = {
    "query": ("query", "What am I looking for?"),
    "key": ("key", "What can I be found by?"),
    "value": ("value", "What do I hand over?"),
}


class ThreeRoles(VGroup):
    """Three panels side by side: the sign of a role, its name, its question, and a vector.

    Args:
        x: the vector itself, shown across the top as `whole`.
        vectors: for each role the vector in its panel.
        room: the rectangle that is filled.
        coloured: True if the vectors have the colours of their roles; else that of the residual stream.
    """

    def __init__(self, x: NamedTensor, vectors: dict[str, NamedTensor], room: Room, coloured: bool) -> None:
        top, room = room.split_rows(40)[1].split_rows(92, 28)
        self.whole = Vector(x, top.width, top.height, "residual").move_to(top.centre)
        self.panels: dict[str, VGroup] = {}
        self.vectors: dict[str, Vector] = {}
        for (role, tensor), part in zip(vectors.items(), room.columns(3, 36), strict=True):
            colour = palette().role(role)
            plate = Box(part.width, part.height, palette().surface, 18, colour, 3).set_stroke(width=stroke(4))
            name, question = QUESTIONS[role]
            last = (
                Formula(f"X {{{{ W_{role[0].upper()} : {role} }}}}", LARGE)
                if coloured
                else Words(question, "stage word")
            )
            lines = VGroup(Tag(role).scale(1.4), Words(name, "block", role), last)
            lines.arrange(DOWN, buff=gap("chip"))
            top, foot = part.inset(34).split_rows(-110)
            top.fit(lines, most=1.0)
            self.panels[role] = VGroup(plate.move_to(part.centre), lines)
            vector = Vector(tensor, foot.width, 84, role if coloured else "residual")
            self.vectors[role] = vector.move_to(foot.centre)
        self.ways = [
            curve(np.array([panel.get_x(), self.whole.get_bottom()[1], 0]), panel.get_top(), "residual", 4)
            for panel in self.panels.values()
        ]
        super().__init__(self.whole, *self.ways, *self.panels.values(), *self.vectors.values())

    def opening(self) -> list[tuple[Animation, ...]]:
        """Role by role: its panel appears, and the vector comes into it."""
        return [
            (appear(panel, way), Travel(self.whole, vector, kind="row"))
            for panel, way, vector in zip(self.panels.values(), self.ways, self.vectors.values(), strict=True)
        ]
