"""Figures of the chapter on weights: sums of random products, sorted shares, one that is nudged, a sum, and a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Count, Riding, Through, Travel, appear, draw, exchange, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.bars import bar_of
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.planes import Plane
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import Vector
from scenes.theme import gap, palette, pixels, units
from transformer_core.studies.focus import within_reach
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Over so many tokens, a formula is as large as it can be.
FEW = 6
#: How near to a half a weight is written so.
HALVES = 1e-6
#: Px around the axes, for their names, above and below arrows, and the width of the bar under a curve.
BELOW, ABOVE, BAR = 96.0, 44.0, 90.0
#: Px at both sides of the arrows of a sum, for their names; beside sums of products for their law, and around that.
ASIDE, LAW, AIR = 280.0, 440.0, 20.0


class Walks(VGroup):
    """Running sums of random products, and their typical size: as they are, and over a divisor of each sum.

    Args:
        run: the experiment `variance`, whose `walks` are over each of its divisors.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        width, reach, counts = run["walk_steps"], float(run["walk_reach"]), run["walk_counts"]
        body, side = room.split_columns(-LAW, AIR)
        ends = (0.0, float(width)), (-reach, reach)
        plot = self.plot = Plot.filling(body.inset(BELOW, BELOW), width, run["walks"], ends)
        self.lines, self.bounds = {}, {}
        for choice in run["walks"].labels["choice"]:
            rows, typical = (run[name].pick(choice=choice) for name in ("walks", "walk_roots"))
            self.lines[choice] = VGroup(
                plot.curve([0, *counts.quantities()], [0.0, *row.quantities()], "ink3", 2) for row in rows
            ).set_stroke(opacity=0.75)
            self.bounds[choice] = VGroup(plot.curve(counts, row, "query") for row in typical)
        low, high = (row.quantity(len(row) - 1) for row in run["walk_roots"].pick(choice="raw"))
        plot.add(plot.ticks([width], "", "fact"), plot.heights([low, high], ".0f"), plot.level())
        self.law = Formula('op("Var")(q dot k) = d_k', LARGE)
        self.root = Words(f"± root of {width}: {high:.0f}", "large number", "query")
        side.fit(VGroup(self.root, self.law).arrange(DOWN, buff=gap("part")), most=1.0)
        sizes = {choice: run["walk_roots"].pick(choice=choice, edge=1, step=len(counts) - 1) for choice in self.lines}
        self.named = {
            "full": Words(f"over d_k: ± {sizes['full']:.1f}", "large number", "query").move_to(self.root),
            "root": Words(f"over the root: ± {sizes['root']:.0f}", "large number", "query").move_to(self.root),
        }
        super().__init__(plot, self.law, self.root)

    def over(self, before: str, choice: str) -> tuple[Animation, ...]:
        """Each sum is divided by its own divisor."""
        lines, bounds = self.lines["raw"], self.bounds["raw"]
        old = self.named.get(before, self.root)
        return (
            *([leave(self.law)] if old is self.root else []),
            Through(lines, [self.lines[before], self.lines[choice]], "slow"),
            Through(bounds, [self.bounds[before], self.bounds[choice]], "slow"),
            *exchange([old], [self.named[choice]]),
        )


#: Px of the bars of sorted shares: all side by side, and that of a whole share; and from the largest to its number.
PANEL, UPON = (490.0, 470.0), 34.0


class SortedShares(VGroup):
    """Mean shares from the largest to the smallest key, as bars, with a name and the largest share."""

    def __init__(self, shares: NamedTensor, name: str) -> None:
        pitch, self.bars = PANEL[0] / len(shares), VGroup()
        for i, share in enumerate(shares.quantities()):
            bar = bar_of(share, "height", PANEL[1], pitch * 0.72, radius=4)
            self.bars.add(bar.move_to(RIGHT * units(i * pitch), aligned_edge=DOWN))
        self.floor = rule(self.bars.get_corner(LEFT + DOWN), self.bars.get_corner(RIGHT + DOWN), "ink3", 2.5)
        self.heading = Words(name, "fact", "ink2").next_to(self.floor, DOWN, buff=gap("line"))
        self.share = shares.quantity(0)
        self.largest = number(self.share, "share", "large number").settle(self.bars[0].get_top() + UP * units(UPON))
        room = Box(PANEL[0] + 60, PANEL[1] + 70, palette().background, 0).align_to(self.floor, DOWN)
        self.room = room.set_fill(opacity=0).set_x(self.floor.get_x())
        super().__init__(room, self.bars, self.floor, self.heading, self.largest)


def widen(states: Sequence[VGroup], count: Words, widths: Sequence[Quantity]) -> tuple[Animation, ...]:
    """The charts of the first state pass through those of all others, while the entries of a vector are counted."""
    charts, rows = states[0], [[chart.share for chart in state] for state in states]
    best, others = ([VGroup(*(bar for chart in state for bar in chart.bars[part])) for state in states]
                    for part in (slice(1), slice(1, None)))  # fmt: skip
    numbers = VGroup(chart.largest for chart in charts)
    return (
        Riding(best[0], best, numbers, rows, "share", UP * units(UPON), "tour"),
        Through(others[0], others, "tour"),
        Count(count, widths, "", "tour", "entries: "),
    )


class Nudges(VGroup):
    """The weight of the best key of a softmax as a bar under its curve, with the tangent, for each divisor.

    Args:
        run: the experiment `variance`, whose `one_weights` are those of one draw.
        charts: the weights before, by the divisor, of which this has the `names`.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, charts: Mapping[str, SortedShares], room: Room) -> None:
        self.choices, leads, curve = [*charts], run["curve_leads"], run["curve_weights"]
        plot = self.plot = Plot.filling(room.inset(BELOW), leads, curve, (None, (0.0, 1.0)))
        self.curve = plot.curve(leads, curve, "ink3", 6)
        ends = leads.quantity(0), leads.quantity(-1)
        self.rows = [run["one_weights"].pick(choice=choice, key=0).quantities() for choice in charts]
        self.tangents, self.slopes, self.names, self.told = VGroup(), VGroup(), VGroup(), VGroup()
        self.bars, self.ways = [], []
        steps = [run["one_leads"].pick(choice=choice).quantities() for choice in charts]
        for (choice, chart), spots, row in zip(charts.items(), steps, self.rows, strict=True):
            across, up = (run[f"tangent_{name}"].pick(choice=choice) for name in ("leads", "weights"))
            self.tangents.add(plot.curve(across, up, "focus", 9))
            bars = [bar_of(weight, "height", pixels(plot.high), BAR) for weight in row]
            for bar, spot in zip(bars, spots, strict=True):
                bar.move_to(plot.point(spot, 0), aligned_edge=DOWN)
            self.bars.append([VGroup(bar) for bar in bars])
            self.ways.append([VGroup(one) for one in plot.dots(spots, row, "focus", 11)])
            top = plot.point(spots[0], row[0])
            tilt = run["one_slopes"].pick(choice=choice)
            slope = Words(f"slope {tilt:{'.2f' if tilt > 0.01 else '.0e'}}", "large number", "focus")
            told = Words(f"{row[0]:share} → {row[0]:share}", "large number")
            # On the side where the key has room: it will move to the left.
            side, near, up = (RIGHT, BAR, BAR / 2) if row[0] < 0.5 else (LEFT, 2 * BAR, -BAR)
            texts = VGroup(told, chart.heading.copy(), slope).arrange(DOWN, buff=gap("word"), aligned_edge=side * -1)
            texts.next_to(top + side * units(near), side, buff=0).align_to(top + UP * units(up), UP)
            for group, text in zip((self.told, self.names, self.slopes), texts, strict=True):
                group.add(text)
        half = [weight for weight in curve.quantities() if abs(weight - 0.5) < HALVES]
        plot.add(plot.ticks([*ends, *(spots[0] for spots in steps)], ".1f", "fact"), plot.heights(half, "share"))
        plot.add(plot.shares())
        super().__init__(plot, self.curve, self.tangents, self.slopes, self.names, self.told)

    def touch(self, choice: str) -> list[Any]:
        """The key on the curve, and the tangent there."""
        place = self.choices.index(choice)
        texts = appear(self.slopes[place], self.names[place])
        return [(appear(self.ways[place][0], rise=False), draw(self.tangents[place]), texts)]

    def lower(self, choice: str) -> list[Any]:
        """The key moves down the curve, and its bar with it; where the bar was, it stays faintly."""
        place = self.choices.index(choice)
        row, told, bars, spots = self.rows[place], self.told[place], self.bars[place], self.ways[place]
        ghost = bars[0].copy().set_opacity(0.3)
        motions = (
            Through(spots[0], spots, "slow"),
            Through(bars[0], bars, "slow"),
            Count(told, row, "share", "slow", f"{row[0]:share} → "),
        )
        return [appear(ghost, told, rise=False), motions]


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
        super().__init__(self.origin, self.before, self.found, self.sum, self.names)

    def grow(self, line: VGroup) -> Animation:
        """The vector, or the sum, grows straight out of the point where it begins."""
        return Travel(self.origin, line, 0.0, "row")


class Tie:
    """The weights of a query as one bar, and what they were if the second largest score were raised to the largest.

    `first` and `second` are the keys of both scores, and `share` is the weight of each then; with a single key,
    `second` is empty. `row` are the segments of the bar, and `numbers` stand in them.
    """

    def __init__(self, head: Trace, query: Label, line: Room, stacked: StackedRows) -> None:
        place, weights = head["weights"].position("query", query), head["weights"].pick(query=query)
        order = sorted(within_reach(head, query), key=lambda j: -weights.quantity(j))
        self.first, self.second = [*(weights.label("key", j) for j in order[:2]), ""][:2]
        tied = head["tied_weights"].pick(query=query)
        self.share = tied.quantity(order[0])
        self.row = [stacked.segments[place, j] for j in range(len(weights))]
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
