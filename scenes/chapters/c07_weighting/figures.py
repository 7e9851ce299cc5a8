"""Figures of the chapter on weights: sums of random products and their softmax, one that is nudged, a sum, a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Riding, Through, Travel, exchange, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.bars import bar_of
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
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Over so many tokens, a formula is as large as it can be.
FEW = 6
#: How near to a half a weight is written so.
HALVES = 1e-6
#: Px around the axes, for their names, and above and below arrows.
BELOW, ABOVE = 96.0, 44.0
#: Px at both sides of the arrows of a sum, for their names; beside sums of products for their law, and around that.
ASIDE, LAW, AIR = 280.0, 560.0, 40.0
#: Px above and below bars for what is written there, between two of them.
UPON, GAP = 70.0, 14.0
#: The looks of a sum that no softmax reads, and of one that it reads.
LOOKS = (("line", 2), ("ink2", 3.5))


class Shares(VGroup):
    """Shares of one as bars on a floor, in one state after another, with a name below.

    Args:
        rows: the shares in each state.
        name: what all this is called.
        room: the rectangle that is filled.
        style: the type of `best`.

    `best` is the number of the largest in each state, above its bar.
    """

    def __init__(self, rows: Sequence[Sequence[Quantity]], name: str, room: Room, style: str = "large number") -> None:
        body = room.split_rows(UPON)[1].split_rows(-UPON)[0]
        places, self.states, self.best = body.columns(len(rows[0]), GAP), [], []
        for row in rows:
            bars = [bar_of(share, "height", body.height, places[0].width, radius=4) for share in row]
            for bar, place in zip(bars, places, strict=True):
                bar.move_to(place.centre + DOWN * units(body.height / 2), aligned_edge=DOWN)
            self.states.append(VGroup(*bars))
            most = max(range(len(row)), key=row.__getitem__)
            self.best.append(number(row[most], "share", style).settle(bars[most].get_top() + UP * units(34)))
        self.bars = self.states[0].copy()
        self.floor = rule(at(body.left, body.bottom), at(body.right, body.bottom), "ink3", 2.5)
        self.heading = Words(name, "stage word", "ink2").next_to(self.floor, DOWN, buff=gap("line"))
        super().__init__(self.floor, self.heading, self.bars)

    def go(self, *places: int) -> Animation:
        """The bars pass through some of the states."""
        return Through(self.bars, [self.states[place] for place in places], "slow")


class Walks(VGroup):
    """Running sums of random products, and their typical size: as they are, and over a divisor of each sum.

    Args:
        run: the experiment `variance`, whose `walks` are over each of its divisors.
        room: the rectangle that is filled.

    `shares` are what a softmax makes of the first of these sums: of the raw ones, of all over d_k, and from the state
    `again` on of those over the root; `ends` are their last states. The sums over the root are drawn beside the others,
    as "near", and once more in `closer`, a plot whose axis reaches less far.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        width, counts, table, keys = run["walk_steps"], run["walk_counts"], run["walk_weights"], int(run["keys"])
        body, side = room.split_columns(-LAW, AIR)
        reaches = float(run["walk_reach"]), float(np.abs(run["walks"].pick(choice="root").values).max())
        self.plot, self.closer = (
            Plot.filling(body.inset(BELOW), width, run["walks"], ((0.0, float(width)), (-reach, reach)))
            for reach in reaches
        )
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
        high = run["walk_roots"].quantity(0, 1, len(counts) - 1)
        self.root = Words(f"± root of {width}: {high:.0f}", "large number")
        side.fit(VGroup(self.root, self.law).arrange(DOWN, buff=gap("part")), most=1.0)
        raw, root = ([row.quantities() for row in table.pick(choice=choice)] for choice in ("raw", "root"))
        last = table.pick(choice="full", step=len(counts) - 1).quantities()
        self.again, self.ends = len(raw) + 1, (len(raw) - 1, len(raw), -1)
        #: By what the sums are divided that are seen.
        self.divisors = [
            Words(text, "fact").next_to(self.plot.names[1], RIGHT, buff=units(GAP))
            for text in ("divided by d_k", "divided by its root", "divided by its root, enlarged")
        ]
        self.shares = Shares([*raw, last, *root], f"softmax of {run['keys']} sums", side.inset(0, BELOW / 2))
        spans = ([self.plot.point(float(count), side * reaches[0]) for side in (-1, 1)] for count in counts.values)
        self.cursors = [VGroup(rule(low, high, "ink2", 3)) for low, high in spans]
        self.cursor = self.cursors[0].copy()
        super().__init__(self.plot, self.law, self.root)

    def over(self, *ways: str, kind: str = "slow") -> list[Animation]:
        """Each sum is divided by its own divisor."""
        return [Through(some["raw"], [some[way] for way in ways], kind) for some in (self.lines, self.bounds)]

    def live(self, first: int = 0) -> tuple[Animation, ...]:
        """Product by product, a softmax of the sums so far: its states, from the `first` on."""
        return Through(self.cursor, self.cursors, "slow"), self.shares.go(*range(first, first + len(self.cursors)))


class Nudges(VGroup):
    """The weights of all keys, for each divisor, before and after the best is lowered; and the curve of its weight.

    Args:
        run: the experiment `variance`, whose `one_weights` are those of one draw.
        names: what is divided, by the divisor.
        room: the rectangle that is filled.

    `falls` are the weights of the best on its way down, for each divisor, `pushes` what stands above its bar then, and
    `feet` bar and name at its place of the curve; `told` says how long the sums are.
    """

    def __init__(self, run: Trace, names: Mapping[str, str], room: Room) -> None:
        leads, curve = run["curve_leads"], run["curve_weights"]
        plot = self.plot = Plot.filling(room.inset(BELOW), leads, curve, (None, (0.0, 1.0)))
        self.curve = plot.curve(leads, curve, "ink3", 6)
        self.charts, self.feet, self.falls, self.pushes = [], [], [], []
        self.spots, self.tangents, self.slopes = VGroup(), VGroup(), VGroup()
        # From right to left, as they lie on the curve.
        places = room.inset(BELOW, 0).columns(len(names), 2 * BELOW)[::-1]
        for (choice, name), place in zip(names.items(), places, strict=True):
            rows = [row.quantities() for row in run["one_weights"].pick(choice=choice)]
            self.charts.append(chart := Shares(rows, name, place.split_rows(UPON)[1], "stage number"))
            self.falls.append([row[0] for row in rows])
            foot = chart.best[0].get_top() + UP * units(GAP)
            push = arrow(foot + UP * units(UPON - GAP), foot, "ink2", 7, 26)
            self.pushes.append(VGroup(*push, Words("one less", "stage word").next_to(push, RIGHT, buff=units(GAP))))
            spots = run["one_leads"].pick(choice=choice).quantities()[:: len(rows) - 1]
            ends = self.falls[-1][:: len(rows) - 1]
            bar = bar_of(ends[0], "height", pixels(plot.high), pixels(chart.bars[0].width), radius=4)
            bar.move_to(plot.point(spots[0], 0), aligned_edge=DOWN)
            self.feet.append(VGroup(bar, chart.heading.copy().next_to(bar, DOWN, buff=gap("line"))))
            self.spots.add(plot.dots(spots, ends, "focus", 13))
            across, up = (run[f"tangent_{part}"].pick(choice=choice) for part in ("leads", "weights"))
            self.tangents.add(plot.curve(across, up, "focus", 9))
            tilt = run["one_slopes"].pick(choice=choice)
            slope = Words(f"slope {tilt:{'.2f' if tilt > 0.01 else '.0e'}}", "large number")
            # On the side of the bar where the curve leaves room.
            side, down = (RIGHT, 0) if ends[0] < 0.5 else (LEFT, BELOW / 2)
            self.slopes.add(slope.next_to(self.spots[-1], side, buff=units(BELOW / 2)).shift(DOWN * units(down)))
        half = [weight for weight in curve.quantities() if abs(weight - 0.5) < HALVES]
        plot.names[0].shift(DOWN * units(2 * GAP))  # below those of the bars
        plot.add(plot.heights(half, "share"), plot.shares())
        width = run["width"].quantity(-1)
        self.told = Words(f"sums of {width:,.0f} products", "stage word", "ink2").end_in(room.split_rows(UPON)[0])
        super().__init__(plot, self.curve, *self.charts)

    def lowered(self) -> list[tuple[Animation, ...]]:
        """For each divisor, the best goes down, with its number and what pushes it on its bar; the others answer."""
        plays = []
        for chart, push, fall in zip(self.charts, self.pushes, self.falls, strict=True):
            first, rest = ([state[part] for state in chart.states] for part in (slice(1), slice(1, None)))
            pushed = [push.copy().shift(one.get_top() - first[0].get_top()) for one in first]
            beyond, rows = UP * units(34), [[share] for share in fall]
            ride = Riding(chart.bars[:1], first, VGroup(chart.best[0]), rows, "share", beyond, "slow")
            plays.append((Through(push, pushed, "slow"), ride, Through(chart.bars[1:], rest, "slow")))
        return plays


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


class Tie:
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
