"""The vectors of a sentence, which pass through the layers of several models: do they stay apart?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from manim import Animation, VGroup

from scenes.animations import Count, Flight, Shades, Through
from scenes.layout import Room
from scenes.mobjects.bars import bar_on
from scenes.mobjects.marks import Ground, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import under
from scenes.theme import at
from transformer_core.tracing.trace import NamedTensor

#: Px of the names at the left, below the tokens, between two models, and of a bar.
SIDE, BELOW, BETWEEN, BAR = 320.0, 30.0, 44.0, 26.0
#: What is written before a number of layers, and before the share of the vectors that is their own.
DEPTH, OWN = "layers: ", "its own: "
#: So many entries of each vector are shown.
FIRST = 16


class Alike(VGroup):
    """A sentence, and below each token its vector in several models, each vector at length one.

    Args:
        rows: layer × position × d_model of each model.
        depths, shares: the number of each layer, and the share of each model's vectors that is their own there.
        names: what each model is called, and in which role.
        room: the rectangle that is filled.
    """

    def __init__(
        self,
        rows: Mapping[str, NamedTensor],
        depths: NamedTensor,
        shares: Mapping[str, NamedTensor],
        names: Mapping[str, tuple[str, str]],
        room: Room,
    ) -> None:
        side, wide = room.split_columns(SIDE, 24)
        one = next(iter(rows.values()))
        self.ribbon, scale = Ribbon(one.words("position"), wide), max(map(full_colour, rows.values()))
        layers = [int(layer) for layer in one.labels["layer"]]
        self.depths = [depths.quantity(layer) for layer in layers]
        self.shares = {way: [share.quantity(layer) for layer in layers] for way, share in shares.items()}
        lines = self.ribbon.below(wide, BELOW).rows(len(rows), BETWEEN)
        self.states, self.names, self.counts, self.bars = {}, {}, {}, {}
        for (way, tensor), line in zip(rows.items(), lines, strict=True):
            name, role = names[way]
            shown = tensor.pick(d_model=slice(FIRST))
            self.states[way] = [under(self.ribbon, line, row, role, scale) for row in shown]
            upper, middle, lower, low = side.cross(line).rows(4, 0)
            self.names[way] = Words(name, "stage word", role).begin_in(upper)
            owns = self.shares[way]
            self.counts[way] = VGroup(
                Words(f"{DEPTH}{self.depths[0]}", "stage word", role).begin_in(middle),
                Words(f"{OWN}{owns[0]:.0%}", "stage word", role).begin_in(lower),
            )
            ground, zero = Ground(), at(low.left, (low.top + low.bottom) / 2)
            axis = means(rule(at(low.left, low.top), at(low.left, low.bottom), "ink3", 3), ground)
            look = {"role": role, "radius": 4}
            self.bars[way] = [
                VGroup(axis.copy(), bar_on(zero, ground, own, "width", low.width, BAR, **look)) for own in owns
            ]
        self.title = Words("first entries", "fact", "ink2").move_to(self.ribbon).begin_at(at(side.left, 0)[0])
        super().__init__(self.ribbon, *(VGroup(*states[0]) for states in self.states.values()))

    def deepen(self, way: str, last: float = np.inf, back: bool = False) -> tuple[Animation, ...]:
        """The vectors of a model pass through its layers up to the `last` one; or, faster, `back` from there."""
        here = sorted((i for i, depth in enumerate(self.depths) if depth <= last), reverse=back)
        states, bars = [self.states[way][i] for i in here], [self.bars[way][i].copy() for i in here]
        depths, shares = ([some[i] for i in here] for some in (self.depths, self.shares[way]))
        columns = [[state[k].cells for state in states] for k in range(len(states[0]))]
        fills = [[[cell.get_fill_color().to_hex() for cell in cells] for cells in column] for column in columns]
        vectors, kind = zip(self.states[way][0], columns, fills, strict=True), "row" if back else "slow"
        return (
            *(Shades(state.cells, each, one[-1].copy(), kind) for state, one, each in vectors),
            Count(self.counts[way][0], depths, "", kind, DEPTH),
            Count(self.counts[way][1], shares, ".0%", kind, OWN),
            Through(self.bars[way][0], bars, kind),
        )

    def compared(self, way: str, depth: float) -> Iterator[Animation]:
        """Each vector of a model, as it is after so many layers, is laid upon the next."""
        *_, state = (state for state, layer in zip(self.states[way], self.depths, strict=True) if layer <= depth)
        return (Flight(*pair, 0.0, "row") for pair in pairwise(state))
