"""The vectors of a sentence, which pass through the layers of two models: do they stay apart?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from manim import Animation, VGroup

from scenes.animations import Count, Through, draw
from scenes.layout import Room
from scenes.mobjects.marks import Tip, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import rule, sector
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from transformer_core.tracing.trace import NamedTensor

#: Px of the lines above the fans, of the words at their right, of the way there, of an origin, an arrow and its head.
LINE, SIDE, WAY, SPOT, SHAFT, HEAD = 72.0, 150.0, 120.0, 9.0, 9.0, 30.0
#: What is written before a number of layers, and before the share of the vectors that is their own; opacity of a wedge.
DEPTH, OWN, FAINT = "layers: ", "its own: ", 0.22


class Alike:
    """Two fans: the vectors of a sentence in two models, as arrows from one point, and a word at the end of each.

    Args:
        fans: layer × position × component of each model: how far each vector leads along the mean of all, and across.
        depths, shares: the number of each layer, and the share of each model's vectors that is their own there.
        names: what each model is called, and in which role.
        room: the rectangle that is filled.
    """

    def __init__(
        self,
        fans: Mapping[str, NamedTensor],
        depths: NamedTensor,
        shares: Mapping[str, NamedTensor],
        names: Mapping[str, tuple[str, str]],
        room: Room,
    ) -> None:
        one, (head, body) = next(iter(fans.values())), room.split_rows(LINE)
        layers, words = [int(layer) for layer in one.labels["layer"]], one.words("position")
        self.depths = [depths.quantity(layer) for layer in layers]
        self.shares = {way: [share.quantity(layer) for layer in layers] for way, share in shares.items()}
        self.depth = Words(f"{DEPTH}{self.depths[0]}", "large word", "ink2").settle(head.centre)
        self.names, self.owns, self.chips, self.origins, self.states = VGroup(), {}, {}, VGroup(), {}
        every = np.concatenate([np.zeros((1, 2)), *(fan.values.reshape(-1, 2) for fan in fans.values())])
        for (way, fan), place in zip(fans.items(), body.halves(), strict=True):
            (name, role), (upper, rest) = names[way], place.split_rows(LINE)
            middle, side = rest.split_columns(-SIDE, WAY)
            plane, lines = Plane(every, middle), side.rows(len(words))
            self.names.add(Words(name, "large word", role).begin_in(upper))
            self.owns[way] = Words(f"{OWN}{self.shares[way][0]:.0%}", "large word", role).end_in(upper)
            self.chips[way] = [
                Token(word, "", SIDE).move_to(line.centre) for word, line in zip(words, lines, strict=True)
            ]
            self.origins.add(plane.origin)
            self.states[way] = [self._fan(plane, layer, self.chips[way], role) for layer in fan]

    @staticmethod
    def _fan(plane: Plane, vectors: NamedTensor, chips: list[Token], role: str) -> VGroup:
        """A wedge between the outermost arrows, and each arrow's shaft and head with the way on to its word."""
        ends = sorted(vectors.values.tolist(), key=lambda spot: np.arctan2(spot[1], spot[0]))
        parts = VGroup(sector(plane.foot, plane.px * ends[0][0], ends[0], ends[-1], role, FAINT))
        for vector, chip in zip(vectors, chips, strict=True):
            across, up = vector.quantities()
            shaft, head = plane.line(plane.foot, plane.point(vector.values), role, SHAFT, HEAD)
            means(head, Tip(across, up, plane.px, 2 * SPOT, plane.ground, fixed=True))
            parts.add(shaft, head, rule(head.points[0], chip.get_left(), "ink3", 2.5))
        return parts

    def come(self) -> Animation:
        """All arrows grow from their points, and ways lead on to the words."""
        return draw(*(part for states in self.states.values() for part in states[0][1:]), kind="row")

    def deepen(self, way: str, first: float = 0, last: float = np.inf) -> tuple[Animation, ...]:
        """The vectors of a model pass through its layers from one to another."""
        here = [i for i, depth in enumerate(self.depths) if first <= depth <= last]
        shares = [self.shares[way][i] for i in here]
        fan, states = self.states[way][0], [self.states[way][i] for i in here]
        return Through(fan, states), Count(self.owns[way], shares, ".0%", "slow", OWN)

    def count(self, first: float = 0, last: float = np.inf) -> Animation:
        """The number of layers that both have passed."""
        return Count(self.depth, [depth for depth in self.depths if first <= depth <= last], "", "slow", DEPTH)
