"""Models before any training: do gradients arrive at the first layer, and do the vectors of a sentence stay apart?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from manim import UP, Animation, VGroup

from scenes.animations import Count, Through, appear, draw
from scenes.layout import Room
from scenes.mobjects.marks import Tip, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import Box, dot, rule, sector
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, gap, palette, units
from transformer_core.tracing.trace import NamedTensor

#: Px of the lines above the fans, of the words at their right, of the way there, of an origin, an arrow and its head.
LINE, SIDE, WAY, SPOT, SHAFT, HEAD = 72.0, 150.0, 120.0, 9.0, 9.0, 30.0
#: A tensor of each model; and its name on screen, and its role.
Rows = Mapping[str, NamedTensor]
Named = Mapping[str, tuple[str, str]]
#: Px of the largest disc, and between a tower and its rail.
DISC, AIR = 190.0, 16.0
#: What is written before a number of layers, and before the share of the vectors that is their own; opacity of a wedge;
#: how much larger than the names the number of layers is.
DEPTH, OWN, FAINT, LARGER = "layers: ", "its own: ", 0.22, 1.3


class VectorsByDepth:
    """Two fans: the vectors of a sentence in two models, as arrows from one point, and a word at the end of each.

    Args:
        fans: layer × position × component of each model: how far each vector leads along the mean of all, and across.
        depths, shares: the number of each layer, and the share of each model's vectors that is their own there.
        names: what each model is called, and in which role.
        room: the rectangle that is filled.
    """

    def __init__(self, fans: Rows, depths: NamedTensor, shares: Rows, names: Named, room: Room) -> None:
        one, (head, body) = next(iter(fans.values())), room.split_rows(LINE)
        layers, words = [int(layer) for layer in one.labels["layer"]], one.words("position")
        self.depths = [depths.quantity(layer) for layer in layers]
        self.shares = {way: [share.quantity(layer) for layer in layers] for way, share in shares.items()}
        self.depth = Words(f"{DEPTH}{self.depths[0]}", "large word", "ink2").scale(LARGER).settle(head.centre)
        self.names, self.owns, self.chips, self.origins, self.states = VGroup(), {}, {}, VGroup(), {}
        every = np.concatenate([np.zeros((1, 2)), *(fan.values.reshape(-1, 2) for fan in fans.values())])
        for (way, fan), place in zip(fans.items(), body.halves(), strict=True):
            (name, role), (upper, rest) = names[way], place.split_rows(LINE)
            middle, side = rest.split_columns(-SIDE, WAY)
            plane, lines = Plane(every, middle), side.rows(len(words))
            self.names.add(Words(name, "large word", role).begin_in(upper))
            self.owns[way] = Words(f"{OWN}{self.shares[way][0]:.0%}", "large word", role).begin_in(upper)
            self.owns[way].begin_at(self.names[-1].get_right()[0] + gap("part"))
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

    def deepen(self, first: float = 0, last: float = np.inf) -> Iterator[Animation]:
        """The vectors of both models pass through their layers, from one to another."""
        here = [i for i, depth in enumerate(self.depths) if first <= depth <= last]
        yield Count(self.depth, [self.depths[i] for i in here], "", "slow", DEPTH)
        for way, states in self.states.items():
            yield Through(states[0], [states[i] for i in here])
            yield Count(self.owns[way], [self.shares[way][i] for i in here], ".0%", "slow", OWN)


class GradientTowers:
    """Ways to build a stack, as towers that grow layer by layer; at their feet discs, for the gradients that arrive:
    radii grow with the power of ten. What is added goes past the layers on a rail.

    Args:
        rows: the gradient at the first layer by depth, of each way.
        depths: how many layers there are.
        names: what each way is called, and in which role.
        room: the rectangle that is filled.
    """

    def __init__(self, rows: Rows, depths: NamedTensor, names: Named, room: Room) -> None:
        powers, most = np.log10([row.values for row in rows.values()]), int(depths.values.max())
        self.names, self.beams, self.told = VGroup(), {}, {}
        self.states: dict[str, list[VGroup]] = {way: [] for way in rows}
        for (way, row), column in zip(rows.items(), room.columns(len(rows)), strict=True):
            (name, role), (upper, rest), end = names[way], column.split_rows(LINE), row.quantity(-1)
            tower, (middle, foot) = rest.split_rows(-DISC - LINE)[0], rest.split_rows(-DISC - LINE)[1].split_rows(DISC)
            lines = tower.inset(SIDE / 2, 0).rows(most, 4)[::-1]
            for depth, power in zip(depths.values, np.log10(row.values), strict=True):
                rooms = [lines[min(k, int(depth) - 1)] for k in range(most)]
                state = VGroup(Box.of(one, palette().surface, 4, palette().role(role), 2) for one in rooms)
                if "no Add" not in way:
                    top, low = (at(lines[0].left - AIR, y) for y in (rooms[-1].top, tower.bottom))
                    state.add(rule(top, low, "residual", 8))
                radius = (power - powers.min()) / np.ptp(powers) * DISC / 2
                self.states[way].append(state.add(dot(middle.centre, max(radius, 2), "warning")))
            self.names.add(Words(name, "stage word", role).settle(upper.centre))
            self.beams[way] = rule(tower.centre + UP * units(tower.height / 2), middle.centre, "warning", 6)
            self.told[way] = number(end, ".1f" if 0.01 < end < 1000 else ".0e", "large number").settle(foot.centre)

    def grow(self, *ways: str) -> Iterator[tuple[Animation, ...]]:
        """The towers of these ways grow, and the discs with them, or not; then their numbers come."""
        yield tuple(Through(self.states[way][0], self.states[way]) for way in ways)
        yield (appear(*(self.told[way] for way in ways)),)
