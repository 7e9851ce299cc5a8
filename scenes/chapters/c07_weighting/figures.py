"""Figures of the chapter on weights: sums of random products and their softmax, one that is nudged, a sum, a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Riding, Through, Travel, exchange, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.bars import bar_in, bar_of
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.planes import Plane
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arrow, rule
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import Vector
from scenes.theme import at, gap, palette, pixels, units
from transformer_core.studies.focus import within_reach
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Over so many tokens, a formula is as large as it can be.
FEW = 6
#: How near to a half a weight is written so.
HALVES = 1e-6
#: Px around the axes, for their names, and above and below arrows.
BELOW, ABOVE = 96.0, 44.0
#: Px at both sides of the arrows of a sum, for their names; beside sums of products for their weights, and before
#: these, and for a number behind them.
ASIDE, WEIGHTS, AIR, DIGITS = 280.0, 700.0, 120.0, 300.0
#: Px above and below bars for what is written there, between two of them, of a column, and from that to its number.
UPON, GAP, COLUMN, UPPER = 70.0, 14.0, 64.0, UP * units(34) + LEFT * units(40)
#: The looks of a sum that no softmax reads, and of one that it reads.
LOOKS = (("line", 2), ("ink2", 3.5))
#: By what sums are divided, and its name.
DIVIDED = {"raw": "undivided", "full": "divided by d_k", "root": "divided by its root"}


class RandomWalks(VGroup):
    """Running sums of random products, their typical size, and what a softmax makes of the first of them, as bars.

    Args:
        run: the experiment `variance`, whose `walks` are over each divisor of a sum.
        room: the rectangle that is filled.

    The sums over the root are drawn beside the others, as "near", and once more in `closer`, a plot whose axis reaches
    less far. `weights` are the bars, each tied to its sum where the `cursor` stands; `best` is the number of the
    largest, undivided, over d_k and over the root, when all products are in; `kept` is what stays of each, with a name.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        width, counts, keys = run["walk_steps"], run["walk_counts"], int(run["keys"])
        body, side = room.split_columns(-WEIGHTS, AIR)
        inside = body.split_columns(BELOW)[1].inset(0, UPON)
        reaches = float(run["walk_reach"]), float(np.abs(run["walks"].pick(choice="root").values).max())
        self.plot, self.closer = (
            Plot.filling(inside, width, run["walks"], ((0.0, float(width)), (-reach, reach))) for reach in reaches
        )
        self.run, self.steps = run, range(len(counts))
        self.lines, self.bounds = {}, {}
        for name, choice in (("raw", "raw"), ("full", "full"), ("near", "root"), ("root", "root")):
            plot = self.closer if name == "root" else self.plot
            rows, typical = (run[part].pick(choice=choice) for part in ("walks", "walk_roots"))
            self.lines[name] = VGroup(
                plot.curve([0, *counts.quantities()], [0.0, *row.quantities()], *LOOKS[i < keys])
                for i, row in enumerate(rows)
            )
            self.bounds[name] = VGroup(plot.curve(counts, row, "focus", 8) for row in typical)
            if name in ("raw", "root"):
                ends = [row.quantity(len(row) - 1) for row in typical]
                plot.add(plot.ticks([width], "", "fact"), plot.heights(ends, ".0f"), plot.level())
        self.law = Formula('op("Var")(q dot k) = d_k', LARGE)
        side.fit(self.law, most=1.0)
        root = run["walk_roots"].pick(choice="raw")[-1].quantity(-1)
        self.root = Words(f"± root of {width:,.0f}: {root:.0f}", "stage word")
        self.root.settle(self.plot.point(float(width), float(root))).begin_at(self.plot.get_right()[0] + units(GAP))
        #: By what the sums are divided that are seen.
        self.divisors = [
            Words(text, "fact").next_to(self.plot.names[1], RIGHT, buff=units(GAP))
            for text in ("divided by d_k", "divided by its root", "divided by its root, enlarged")
        ]
        order = np.argsort(-run["walks"].pick(choice="raw").values[:keys, -1])
        rows = side.inset(0, UPON).rows(len(order), GAP)
        self.slots = [rows[int(place)] for place in np.argsort(order)]
        self.track = side.width - DIGITS
        self.weights = self.tied("raw", 0)
        self.heading = Words(f"weights: softmax of {run['keys']} sums", "fact", "ink2").begin_in(side)
        self.heading.stand_on(self.plot.names[1].baseline)
        self.best, self.kept = [], VGroup()
        head, *lines = side.inset(0, UPON).split_columns(-DIGITS, GAP)[1].rows(len(DIVIDED) + 1, GAP)
        self.most = Words("largest weight", "stage word").begin_in(head.split_rows(UPON)[1])
        for (name, told), line in zip(DIVIDED.items(), lines, strict=True):
            # Division leaves the largest sum the largest.
            bar = self.tied(name, self.steps[-1])[len(rows) + order[0]]
            text = number(bar.meanings[0].quantity, "share", "large number").settle(bar.get_center())
            self.best.append(text.begin_at(bar.get_right()[0] + units(GAP)))
            above, below = line.rows(2, 0)
            self.kept.add(VGroup(Words(told, "fact", "ink2").begin_in(above), text.copy().begin_in(below)))
        spans = ([self.plot.point(float(count), side * reaches[0]) for side in (-1, 1)] for count in counts.values)
        self.cursors = [VGroup(rule(low, high, "ink2", 3)) for low, high in spans]
        self.cursor = self.cursors[0].copy()
        super().__init__(self.plot, self.law)

    def tied(self, name: str, step: int) -> VGroup:
        """The weights of the sums after so many products as bars, behind the lines that tie them to these sums."""
        choice, plot = ("root" if name == "near" else name), self.closer if name == "root" else self.plot
        count, walks = self.run["walk_counts"].values[step], self.run["walks"].pick(choice=choice)
        ties, bars = [], []
        for i, slot in enumerate(self.slots):
            foot = at(slot.left, (slot.top + slot.bottom) / 2)
            ties.append(rule(plot.point(count, walks.values[i, step]), foot, "ink3", 2))
            weight = self.run["walk_weights"].pick(choice=choice, step=step).quantity(i)
            bars.append(bar_in(slot, weight, self.track, slot.height, radius=4))
        return VGroup(*ties, *bars)

    def over(self, *ways: str, kind: str = "slow") -> list[Animation]:
        """Each sum is divided by its own divisor, and the weights answer."""
        lines = [Through(some["raw"], [some[way] for way in ways], kind) for some in (self.lines, self.bounds)]
        return [*lines, Through(self.weights, [self.tied(way, self.steps[-1]) for way in ways], kind)]

    def live(self, name: str, back: bool = False) -> tuple[Animation, ...]:
        """Product by product, a softmax of the sums so far; or `back` to the first products, and forth again."""
        steps = [*reversed(self.steps)] * back + [*self.steps]
        moved = (self.cursor, [self.cursors[i] for i in steps]), (self.weights, [self.tied(name, i) for i in steps])
        return tuple(Through(*both, "slow") for both in moved)


class SaturationCurve(VGroup):
    """The curve of the best key's weight, and for each divisor a column below it that moves on as its score is lowered.

    `others` are behind the columns: above these, they show what other keys have.

    Args:
        run: the experiment `variance`, whose `one_weights` are those of one draw.
        names: what is divided, by the divisor.
        room: the rectangle that is filled.

    `falls` are the weights of the best on its way down, for each divisor, `pushes` what stands above it then, and
    `lowered` the plays in which its column moves on below the curve; `told` says how long the sums of the `walks` are,
    and how long those of this curve, by their `lengths`.
    """

    def __init__(self, run: Trace, names: Mapping[str, str], room: Room) -> None:
        leads, curve = run["curve_leads"], run["curve_weights"]
        plot = self.plot = Plot.filling(room.inset(BELOW), leads, curve, (None, (0.0, 1.0)))
        self.curve = plot.curve(leads, curve, "ink3", 6)
        self.falls, self.others, self.bars, self.pushes, self.numbers, self.lowered = ([] for _ in range(6))
        self.spots, self.tangents, self.slopes, self.names = (VGroup() for _ in range(4))
        for choice, name in names.items():
            fall = [row.quantity(0) for row in run["one_weights"].pick(choice=choice)]
            places = run["one_leads"].pick(choice=choice).quantities()
            states = [VGroup(bar_of(weight, "height", pixels(plot.high), COLUMN, radius=4)) for weight in fall]
            for bar, lead in zip(states, places, strict=True):
                bar.move_to(plot.point(lead, 0), aligned_edge=DOWN)
            whole = VGroup(Box(COLUMN, pixels(plot.high), palette().chip, 4))
            rests = [whole.copy().move_to(bar, aligned_edge=DOWN) for bar in states]
            bar, other = states[0].copy(), rests[0].copy()
            text = number(fall[0], "share", "stage number").settle(bar.get_corner(UP + LEFT) + UPPER)
            self.falls.append(fall)
            self.others.append(other)
            self.bars.append(bar)
            self.numbers.append(text)
            ride = Riding(bar, states, VGroup(text), [[weight] for weight in fall], "share", UPPER, "slow")
            self.lowered.append((Through(other, rests, "slow"), ride))
            self.names.add(Words(name, "stage word", "ink2").next_to(bar, DOWN, buff=gap("line")))
            start, end = (plot.point(lead, 1.0) + UP * units(UPON + GAP) for lead in (places[0], places[-1]))
            push = arrow(start, end, "ink2", 7, 26)
            self.pushes.append(push.add(Words("one less", "stage word").next_to(push, LEFT, buff=units(GAP))))
            ends = fall[:: len(fall) - 1]
            self.spots.add(plot.dots(places[:: len(fall) - 1], ends, "focus", 13))
            across, up = (run[f"tangent_{part}"].pick(choice=choice) for part in ("leads", "weights"))
            self.tangents.add(plot.curve(across, up, "focus", 9))
            tilt = run["one_slopes"].pick(choice=choice)
            slope = Words(f"slope {tilt:{'.2f' if tilt > 0.01 else '.0e'}}", "large number")
            # On the side of the column where the curve leaves room.
            side, down = (RIGHT, 0) if ends[0] < 0.5 else (LEFT, BELOW / 2)
            self.slopes.add(slope.next_to(self.spots[-1], side, buff=units(BELOW / 2)).shift(DOWN * units(down)))
        half = [weight for weight in curve.quantities() if abs(weight - 0.5) < HALVES]
        plot.names[0].shift(DOWN * units(2 * GAP))  # below those of the columns
        plot.add(plot.heights(half, "share"), plot.shares())
        self.lengths = run["walk_steps"], run["width"].quantity(-1)
        line, told = room.split_rows(UPON)[0], (f"sums of {one:,.0f} products" for one in self.lengths)
        self.told = [Words(text, "stage word").end_in(line) for text in told]
        super().__init__(plot, *self.others, *self.bars, self.curve, self.names)


class AddedOutput(VGroup):
    """The vector of a token, what is added to it, set at its tip, and their sum, in the plane that they span.

    Args:
        plane: "other component": both, and their sum.
        token: the token.
        room: the rectangle that is filled.
    """

    def __init__(self, plane: NamedTensor, token: Label, room: Room) -> None:
        spots = np.vstack([plane.values, np.zeros(2)])
        ground = Plane(spots, room.inset(ASIDE, ABOVE))
        before, found, added = ([*row.quantities()] for row in plane)
        self.origin, foot = ground.origin, ground.foot
        self.before, self.sum = (ground.arrow(foot, by, "residual", 12, 36) for by in (before, added))
        self.found = ground.arrow(self.before[-1].points[0], found, "weight", 12, 36)
        texts = (f"vector of “{token}”", "residual"), ("output · W_O", "weight"), ("sum", "residual")
        self.names = VGroup(Words(text, "large number", role) for text, role in texts)
        lines = (self.before, self.found, self.sum)
        for name, line, side in zip(self.names, lines, (DOWN, RIGHT, UP + LEFT), strict=True):
            name.next_to(line.get_center(), side, buff=units(24))
        door = Box(2 * BELOW, 3 * ABOVE, palette().surface, 14, palette().weight, 4)
        door.next_to(self.before, UP, units(ABOVE), aligned_edge=RIGHT).shift(LEFT * units(ABOVE))
        #: The output of the head goes through it.
        self.matrix = VGroup(door, Words("W_O", "large number", "weight", paper=door).move_to(door))
        super().__init__(self.origin, self.before, self.found, self.sum, self.names, self.matrix)

    def grow(self, line: VGroup, kind: str = "row") -> Animation:
        """The vector, or the sum, grows straight out of the point where it begins."""
        return Travel(self.origin, line, 0.0, kind)


class EqualScores:
    """The weights of a query as one bar, and what they were if the second largest score were raised to the largest.

    `first` and `second` are the keys of both scores, and `share` is the weight of each then; with a single key,
    `second` is empty. `row` are the segments of the bar, with those of both as a `pair`, and `numbers` stand in them.
    """

    def __init__(self, head: Trace, query: Label, line: Room, stacked: StackedRows) -> None:
        place, weights = head["weights"].position("query", query), head["weights"].pick(query=query)
        order = sorted(within_reach(head, query), key=lambda j: -weights.quantity(j))
        self.first, self.second = [*(weights.label("key", j) for j in order[:2]), ""][:2]
        tied = head["tied_weights"].pick(query=query)
        self.share = tied.quantity(order[0])
        self.row = [stacked.segments[place, j] for j in range(len(weights))]
        self.pair = [self.row[j] for j in order[:2]]
        self.numbers = VGroup(text for text in stacked.numbers if text.paper in self.row)
        self.raised = StackedRows(tied, [line])


def for_a_formula(count: int) -> tuple[Room, Room]:
    """Split the stage into a room for a formula, a low one above a grid of many tokens, and the room of the grid."""
    return STAGE.split_rows(150, 20) if count <= FEW else STAGE.split_rows(54, 6)


def in_place_of(old: Sequence[Vector], new: NamedTensor, role: str, upright: bool = False) -> list[Vector]:
    """Vectors where others stand, as large as these."""
    scale = full_colour(new)
    pairs = zip(old, new, strict=True)
    return [Vector(row, pixels(one.width), pixels(one.height), role, scale, upright).move_to(one) for one, row in pairs]


def into_bars(
    grid: AttentionGrid, stacked: StackedRows, places: Sequence[tuple[int, int]], kind: str = "row"
) -> tuple[Animation, ...]:
    """The discs of these pairs become their segments of the bars, and the boxes around them go."""
    cells, segments = grid.seen(places), [stacked.segments[place] for place in places]
    return leave(*(cell.box for cell in cells)), *exchange([cell.disc or cell for cell in cells], segments, kind)
