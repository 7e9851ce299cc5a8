"""Models before any training: do gradients arrive at the first layer, and do the vectors of a sentence stay apart?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Count, Through, Visit, appear, draw
from scenes.layout import Room
from scenes.mobjects.marks import Tick, Tip, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dot, frame, rule, sector
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.trace import NamedTensor

#: Px of the lines above the fans, of the words at their right, of the way there, of an origin, an arrow and its head.
LINE, SIDE, WAY, SPOT, SHAFT, HEAD = 72.0, 150.0, 120.0, 9.0, 9.0, 30.0
#: Px of the numbers of an axis, of a tower, of the plot below it, and around a tower and its rail.
AXIS, TOWER, PLOT, AIR = 230.0, 190.0, 260.0, 16.0
#: The powers of ten where that axis begins and ends, and what stands beside some of them.
LEAST, MOST, CALLED = -4, 12, {-3: "a thousandth", 0: "one", 6: "a million", 12: "a trillion"}
#: What is written before a number of layers, and before the share of the vectors that is their own; opacity of a wedge.
DEPTH, OWN, FAINT = "untrained, layers: ", "its own: ", 0.22
#: A tensor of each model; and its name on screen, and its role.
Rows = Mapping[str, NamedTensor]
Named = Mapping[str, tuple[str, str]]


class GradientTowers:
    """Ways to build a stack, as towers that grow layer by layer; what is added goes past the layers on a rail. Below
    each, the size of the gradient at the first layer, as a dot on an axis that counts in powers of ten.

    Args:
        rows: the gradient at the first layer by depth, of each way.
        depths: how many layers there are.
        names: what each way is called, and in which role.
        room: the rectangle that is filled; `beside` is what lies at the right of the axis.
    """

    def __init__(self, rows: Rows, depths: NamedTensor, names: Named, room: Room) -> None:
        self.beside, most = room.split_columns(AXIS)[1], int(depths.values.max())
        above, below = self.beside.split_rows(-PLOT, 2 * AIR)
        powers = [10.0**k for k in range(LEAST, MOST + 1)]
        plot = Plot.filling(below.inset(0, AIR), depths, depths, (None, powers), (False, True))
        spots = [(means(rule(spot := plot.beside(y), spot + LEFT * units(AIR)), Tick(y, plot.up))) for y in powers]
        self.scale = VGroup(plot.axes[1], plot.level(1.0), *spots)
        for power, name in CALLED.items():
            spot = plot.beside(10.0**power)
            words = Words(name, "fact", "ink2").settle(spot).end_at(spot[0] - units(2 * AIR))
            self.scale.add(means(words, Tick(10.0**power, plot.up, 12)))
        self.names, self.beams, self.told, self.towers = {}, {}, {}, {}
        self.states: dict[str, list[VGroup]] = {way: [] for way in rows}
        for (way, row), column in zip(rows.items(), self.beside.cross(above).columns(len(rows)), strict=True):
            (name, role), (head, rest) = names[way], column.split_rows(LINE)
            tower, end = rest.split_columns(TOWER)[0], row.quantity(-1)
            lines = tower.rows(most, 4)[::-1]
            ground = np.array([tower.centre[0], plot.beside(1.0)[1], 0])
            for depth, size in zip(depths.values, row.quantities(), strict=True):
                rooms = [lines[min(k, int(depth) - 1)] for k in range(most)]
                state = VGroup(Box.of(one, palette().surface, 4, palette().role(role), 2) for one in rooms)
                if "no Add" not in way:
                    top, low = (at(tower.right + AIR, y) for y in (rooms[-1].top, tower.bottom))
                    state.add(rule(top, low, "residual", 8))
                spot = ground * RIGHT + plot.beside(float(size)) * UP
                self.states[way].append(state.add(rule(ground, spot, "warning", 10)))
                state.add(means(dot(spot, 14, "warning"), Tick(size, plot.up)))
            self.towers[way] = self.states[way][0][:-2]
            self.names[way] = Words(name, "stage word", role).begin_in(head)
            self.beams[way] = rule(tower.centre + UP * units(tower.height / 2), ground, "warning", 6)
            self.told[way] = number(end, ".1f" if 0.01 < end < 1000 else ".0e", "large number")
            aside = RIGHT if abs(np.log10(end)) > 1 else RIGHT + UP  # clear of the line of one
            self.told[way].next_to(spot, aside, buff=units(2 * AIR))

    def grow(self, *ways: str) -> Iterator[tuple[Animation, ...]]:
        """The towers of these ways grow, and gradients change, or not; then their numbers come."""
        yield tuple(Through(self.states[way][0], self.states[way]) for way in ways)
        yield (appear(*(self.told[way] for way in ways)),)


class VectorsByDepth:
    """Two fans beside their towers: the vectors of a sentence in two models, as arrows from one point, and a word at
    the end of each; a ring climbs the towers, layer by layer.

    Args:
        fans: layer × position × component of each model: how far each vector leads along the mean of all, and across.
        depths, shares: the number of each layer, and the share of each model's vectors that is its own there.
        names: what each model is called, and in which role.
        towers: those of both models, among others.
        head: where the number of layers stands.

    `parts` are all that is drawn, and `ways` the ways from arrows to words.
    """

    def __init__(
        self, fans: Rows, depths: NamedTensor, shares: Rows, names: Named, towers: GradientTowers, head: Room
    ) -> None:
        one = next(iter(fans.values()))
        layers, words = [int(layer) for layer in one.labels["layer"]], one.words("position")
        self.depths = [depths.quantity(layer) for layer in layers]
        self.shares = {way: [share.quantity(layer) for layer in layers] for way, share in shares.items()}
        self.depth = Words(f"{DEPTH}{self.depths[0]}", "fact", "ink2").settle(head.centre)
        self.owns, self.chips, self.origins, self.states = {}, {}, VGroup(), {}
        self.rings, self.places = {}, {}
        every = np.concatenate([np.zeros((1, 2)), *(fan.values.reshape(-1, 2) for fan in fans.values())])
        for (way, fan), place in zip(fans.items(), towers.beside.halves(), strict=True):
            role, (rest, foot) = names[way][1], place.split_rows(LINE)[1].split_rows(-LINE)
            middle, side = rest.split_columns(TOWER, 3 * AIR)[1].split_columns(-SIDE, WAY)
            plane, lines = Plane(every, middle), side.rows(len(words))
            self.owns[way] = Words(f"{OWN}{self.shares[way][0]:.0%}", "large word", role).begin_in(foot)
            self.chips[way] = [
                Token(word, "", SIDE).move_to(line.centre) for word, line in zip(words, lines, strict=True)
            ]
            self.origins.add(plane.origin)
            self.states[way] = [self._fan(plane, layer, self.chips[way], role) for layer in fan]
            slabs = towers.states[way][-1]
            ground = slabs[0].copy().shift(DOWN * slabs[0].height)
            self.places[way] = [slabs[depth - 1] if depth else ground for depth in layers]
            self.rings[way] = frame(TOWER + AIR, pixels(ground.height) + AIR).move_to(ground)
        first = [states[0] for states in self.states.values()]
        self.ways = [way for fan in first for way in fan[3::3]]
        chips = [chip for row in self.chips.values() for chip in row]
        self.parts = [self.depth, *self.origins, *chips, *first, *self.owns.values(), *self.rings.values()]

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
            yield Visit(self.rings[way], [self.places[way][i] for i in here])
            yield Count(self.owns[way], [self.shares[way][i] for i in here], ".0%", "slow", OWN)
