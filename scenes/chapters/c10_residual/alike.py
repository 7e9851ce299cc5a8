"""The vectors of a sentence, which pass through the layers of several models: do they stay apart?"""

from __future__ import annotations

from collections.abc import Mapping

from manim import Animation, VGroup

from scenes.animations import Count, Shades
from scenes.layout import Room
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import under
from transformer_core.tracing.trace import NamedTensor

#: Px of the names at the left, below the tokens, and between two models.
SIDE, BELOW, BETWEEN = 320.0, 30.0, 44.0
#: So many entries of each vector are shown.
FIRST = 16


class Alike(VGroup):
    """A sentence, and below each token its vector in several models, each vector at length one.

    Args:
        rows: layer × position × d_model of each model.
        depths: the number of each layer.
        names: what each model is called, and in which role.
        room: the rectangle that is filled.
    """

    def __init__(
        self, rows: Mapping[str, NamedTensor], depths: NamedTensor, names: Mapping[str, tuple[str, str]], room: Room
    ) -> None:
        side, wide = room.split_columns(SIDE, 24)
        one = next(iter(rows.values()))
        self.ribbon, scale = Ribbon(one.words("position"), wide), max(map(full_colour, rows.values()))
        self.depths = [depths.quantity(int(layer)) for layer in one.labels["layer"]]
        lines = self.ribbon.below(wide, BELOW).rows(len(rows), BETWEEN)
        self.states, self.names, self.counts = {}, {}, {}
        for (way, tensor), line in zip(rows.items(), lines, strict=True):
            name, role = names[way]
            shown = tensor.pick(d_model=slice(FIRST))
            self.states[way] = [under(self.ribbon, line, row, role, scale) for row in shown]
            upper, lower = side.cross(line).rows(2)
            self.names[way] = Words(name, "stage word", role).settle(upper.centre)
            self.counts[way] = Words(f"layers: {self.depths[0]}", "stage number").settle(lower.centre)
        self.title = Words("first entries", "fact", "ink2").move_to(self.ribbon).set_x(side.centre[0])
        super().__init__(self.ribbon, *(VGroup(*states[0]) for states in self.states.values()))

    def deepen(self, way: str) -> tuple[Animation, ...]:
        """The vectors of a model pass through its layers."""
        states = self.states[way]
        columns = [[state[k].cells for state in states] for k in range(len(states[0]))]
        fills = [[[cell.get_fill_color().to_hex() for cell in cells] for cells in column] for column in columns]
        return (
            *(Shades(one[0], each, one[-1], "slow") for one, each in zip(columns, fills, strict=True)),
            Count(self.counts[way], self.depths, "", "slow", "layers: "),
        )
