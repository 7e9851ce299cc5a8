"""Figures of the chapter on weights: sums of random products, sorted shares, one that is nudged, and joined heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Count, Through, Travel, appear, draw, exchange, leave
from scenes.language import Told
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import vector_in
from scenes.theme import gap, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px below and above the axes, for their names.
BELOW, ABOVE = 84.0, 44.0


def walks(plot: Plot, tensor: NamedTensor) -> VGroup:
    """Each sample of running sums as a thin line from zero."""
    lines = VGroup(plot.curve(range(len(row) + 1), [0.0, *row.quantities()], "ink3", 2) for row in tensor)
    return lines.set_stroke(opacity=0.75)


class SortedShares(VGroup):
    """Mean shares from the largest to the smallest key, as bars, with a name and the largest share."""

    def __init__(self, shares: NamedTensor, name: str, width: float = 490, high: float = 440) -> None:
        pitch, self.bars = width / len(shares), VGroup()
        for i, share in enumerate(shares.quantities()):
            bar = bar_of(share, "height", high, pitch * 0.72, radius=4)
            self.bars.add(bar.move_to(RIGHT * units(i * pitch), aligned_edge=DOWN))
        floor = rule(self.bars.get_corner(LEFT + DOWN), self.bars.get_corner(RIGHT + DOWN), "ink3", 2.5)
        self.heading = Words(name, "fact", "ink2").next_to(floor, DOWN, buff=gap("line"))
        self.largest = number(shares.quantity(0), "share", "large number")
        self.largest.next_to(self.bars, UP, buff=units(12)).set_x(self.bars[0].get_x())
        self.room = Box(width, high + 80, palette().background, 0).align_to(floor, DOWN).set_fill(opacity=0)
        self.room.set_x(floor.get_x())
        self.floor = floor
        super().__init__(self.room, self.bars, floor, self.heading, self.largest)

    def on(self, other: SortedShares) -> tuple[Animation, ...]:
        """Copies of these bars become those of another chart over the same keys."""
        bars = zip(self.bars, other.bars, strict=True)
        return (appear(other.room, other.floor, other.heading), *(Travel(a, b, kind="row") for a, b in bars))

    def showing(self, shares: NamedTensor) -> SortedShares:
        """The same chart of other shares of the same keys."""
        other = SortedShares(shares, Told(self.heading.text))
        return other.scale(self.room.width / other.room.width).shift(self.room.get_center() - other.room.get_center())


class Nudges(VGroup):
    """The best key of a softmax on the curve of its weight, with its tangent, once for each divisor of the scores.

    Args:
        run: the experiment `variance`, whose `one_weights` are those of `panels`, at the first of its steps.
        panels: the weights as bars, by the divisor.
        place: what it stands in the place of.
    """

    def __init__(self, run: Trace, panels: Mapping[str, SortedShares], place: VMobject) -> None:
        self.run, self.panels = run, panels
        wide, high = (side / units(1) for side in (place.width, place.height))
        leads, curve = run["curve_leads"], run["curve_weights"]
        plot = self.plot = Plot(leads, curve, (None, (0.0, 1.0)), wide, high - ABOVE - BELOW)
        plot.shift(place.get_center() + UP * units((BELOW - ABOVE) / 2) - plot.axes.get_center())
        self.curve = plot.curve(leads, curve, "ink3", 5)
        self.tangents, self.spots, self.slopes = VGroup(), VGroup(), VGroup()
        self.ways: dict[str, VGroup] = {}
        #: The weight before and after, by the divisor.
        self.falls: dict[str, tuple[Quantity, Quantity]] = {}
        for choice in panels:
            across, up = (run[f"tangent_{name}"].pick(choice=choice) for name in ("leads", "weights"))
            way = plot.dots(
                run["one_leads"].pick(choice=choice), run["one_weights"].pick(choice=choice, key=0), "weight", 12
            )
            self.ways[choice] = way
            rows = run["one_weights"].pick(choice=choice, key=0)
            self.falls[choice] = rows.quantity(0), rows.quantity(len(rows) - 1)
            self.tangents.add(plot.curve(across, up, "focus", 8))
            self.spots.add(way[0].copy())
            slope = Words(f"slope {run['one_slopes'].pick(choice=choice):.2f}", "stage number", "focus")
            self.slopes.add(slope)
        super().__init__(plot, self.curve, self.tangents, self.spots, self.slopes)
        for way, slope in zip(self.ways.values(), self.slopes, strict=True):
            spot, middle = way[0].get_center(), plot.axes[0].get_center()[0]
            if spot[0] < middle:
                slope.settle(spot).begin_at(spot[0] + units(36))
            else:
                slope.settle(spot + DOWN * units(60)).end_at(plot.axes[0].get_right()[0])

    def touch(self, choice: str) -> list[Any]:
        """The key on the curve, and the tangent there."""
        place = [*self.panels].index(choice)
        return [appear(self.spots[place], rise=False), (draw(self.tangents[place]), appear(self.slopes[place]))]

    def lower(self, choice: str) -> list[Any]:
        """The key moves along the curve, while its bar sinks and those of the others rise; its old height stays."""
        place, panel = [*self.panels].index(choice), self.panels[choice]
        rows = [*self.run["one_weights"].pick(choice=choice)]
        states, best = [panel.showing(row).bars for row in rows], [row.quantity(0) for row in rows]
        lead = f"{best[0]:share} → "
        told = Words(f"{lead}{best[0]:share}", "large number").move_to(panel.largest)
        told.begin_at(panel.bars[0].get_left()[0])
        told.shift(UP * (max(state.get_top()[1] for state in states) - panel.bars.get_top()[1]))
        moving, spots = self.spots[place].copy(), [VGroup(spot) for spot in self.ways[choice]]
        motions = (
            Through(VGroup(moving), spots, "slow"),
            Through(panel.bars, states, "slow"),
            Count(told, best, "share", "slow", lead),
        )
        ghost = panel.bars[0].copy().set_opacity(0.3)
        return [(*exchange([panel.largest], [told]), appear(ghost, rise=False)), motions]


class JoinedHeads(VGroup):
    """The outputs of all heads for one token: joined, multiplied by W_O, and added to the vector of the token.

    Args:
        outputs: what the heads give, "head d_head".
        front: the head that is seen first.
        product: what they make with W_O, "d_model".
        before, after: the vector of the token, and their sum; the sum is not shown if None, as where a norm follows.
        token: the token.
        room: the rectangle that is filled.
    """

    def __init__(
        self,
        outputs: NamedTensor,
        front: int,
        product: NamedTensor,
        before: NamedTensor,
        after: NamedTensor | None,
        token: Label,
        room: Room,
    ) -> None:
        side, body = room.split_columns(room.columns(4)[0].width)
        upper, middle, lower = body.rows(3)
        scale = full_colour(outputs)
        self.heads, self.joined = (
            [vector_in(slot, output, "weight", scale) for slot, output in zip(slots, outputs, strict=True)]
            for slots in (upper.columns(len(outputs)), upper.columns(len(outputs), 0))
        )
        self.first, self.others = self.heads[front], [head for i, head in enumerate(self.heads) if i != front]
        self.product, self.vector = vector_in(upper, product, "weight"), vector_in(lower, before, "residual")
        self.sum = None if after is None else vector_in(lower, after, "residual")
        self.heading = side.cross(upper).fit(Words("heads", "block", "weight"), most=1.0)
        self.times = side.cross(upper).fit(Formula('"heads" {{ W_O : weight }}', LARGE), most=1.0)
        self.plus = middle.fit(Formula("+", LARGE), most=1.0)
        self.token = Token(token).move_to(side.cross(lower).centre)
        super().__init__(self.token, self.vector if self.sum is None else self.sum)

    def join(self) -> list[Any]:
        """Bring in one head, then the others; join them, and multiply."""
        closing = exchange(self.heads, self.joined)
        return [
            appear(self.first, self.heading),
            (appear(*self.others), *closing) if self.others else closing,
            exchange([VGroup(*self.joined), self.heading], [self.product, self.times]),
        ]

    def add_up(self) -> list[Any]:
        """Add the vector of the token, and show the sum in its place."""
        adding = [self.plus, self.times, self.vector]
        come = appear(self.plus, self.token, self.vector)
        return [come] if self.sum is None else [come, (*exchange([self.product], [self.sum]), leave(*adding))]

    def go(self) -> Animation:
        """Remove the sum, or the product and its parts where no sum was drawn."""
        rest = [self.product, self.times, self.plus, self.vector] if self.sum is None else [self.sum]
        return leave(*rest, self.token)
