"""Gradient descent: a ball on a measured loss."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, VGroup, VMobject, rate_functions

from scenes.animations import Count, Sweep, Through, draw, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dot, path
from scenes.mobjects.text import Words, number
from scenes.theme import pace, palette, pixels, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Moments of a ball between two places, and px of the ball, of a visited place, and of a leap and its trail.
MOMENTS, BALL, VISITED, LEAP, TRAIL = 40, 26.0, 9.0, 190.0, 7.0
#: Px of the numbers at the left, of the names of both axes, and of a card.
SIDE, NAME, BELOW, CARD = 110.0, 40.0, 96.0, (190.0, 132.0)
#: Shares of its range that are left free above the curve and below it.
ABOVE, FREE = 0.12, 0.24
#: How far a tangent reaches on either side, as a distance along the gradient.
TOUCHING = 0.22


class LossValley:
    """The loss along one direction as a valley, a ball that descends in steps, and a handle that makes its step longer.

    Args:
        run: an early step of the training: the curve, and for each learning rate, "small" and "large", the places and
            the losses that gradient descent comes to.
        box: where the loss was told: it becomes a smaller `card`.
    """

    def __init__(self, run: Trace, box: VGroup) -> None:
        places, losses = run["place_along"], run["loss_along"]
        self.walk, large = ((run[f"{name}_places"], run[f"{name}_losses"]) for name in ("small", "large"))
        low, high = float(losses.values.min()), float(losses.values.max())
        right = STAGE.right - pixels(box.width) - NAME
        inner = Room(STAGE.left + SIDE, STAGE.top + NAME, right, STAGE.bottom - BELOW)
        free, start = FREE * (high - low), large[0].quantity(0)
        self.plot = Plot.filling(inner, places, losses, (None, (low - free, high + ABOVE * (high - low))))
        reach = [losses.quantity(int(find(losses.values))) for find in (np.argmin, np.argmax)]
        self.scale = VGroup(self.plot.heights(reach, ".2f"), self.plot.broken())
        self.scale.add(self.plot.ticks([start], ".0f", "fact"))
        self.curve = self.plot.curve(places, losses, "ink2", 9)
        self.along, self.up = places.values, losses.values
        self.loss = number(run["batch_loss"], ".3f", "large number")
        plate = Box(*CARD, palette().surface, 14, palette().line, 2.5)
        plate.move_to(self.plot.beside(low - free / 2) + UP * units(NAME), DOWN).align_to(box, RIGHT)
        name, loss = VGroup(box[1], self.loss).copy().arrange(DOWN, buff=units(14)).move_to(plate)
        #: The loss where it was told before, and smaller, at the right of the curve.
        self.card, self.told = VGroup(plate, name), VGroup(box, self.loss.next_to(box[1], DOWN, buff=units(14)))
        self.smaller = VGroup(self.card, loss)
        note = Words("one line through the space of all parameters, along the first gradient", "fact", "ink2")
        self.note = note.end_in(inner.split_rows(SIDE)[0])
        self.between = self._between(self.walk[0].values)
        (self.ball,) = self._balls([self._resting(0.0)])
        self.visited = self.plot.dots(*self.walk, "warning", VISITED)
        #: The line that touches the curve below the ball: at first it falls by the length of the gradient.
        self.touching = [VGroup(self._tangent(place)) for place in self.between]
        self.slope = self.touching[0].copy()
        #: Where one step comes to, and its loss, as the learning rate grows from the one to the other.
        near, far = self.walk[0].quantity(1), large[0].quantity(1)
        on = [i for i, place in enumerate(self.along) if near < place < far]
        self.goals = [near, *(places.quantity(i) for i in on), far]
        lost = [self.walk[1].quantity(1), *(losses.quantity(i) for i in on), large[1].quantity(1)]
        steps = zip(self.goals, lost, strict=True)
        self.pulled = [self._pulled(start, goal, low - free / 2, loss) for goal, loss in steps]
        #: The first step, and the next one, from there.
        self.handle = self.pulled[0].copy()
        self.onward = self._pulled(far, large[0].quantity(2), low - free / 2, large[1].quantity(2))
        self.rate = Words("learning rate × slope", "stage number", "warning")
        self.rate.next_to(self.handle, DOWN, units(4), LEFT)
        self.ratio = Words(f"× {run['rate_ratio']:.0f}", "large number", "warning")
        self.ratio.next_to(self.pulled[-1], RIGHT, buff=units(24)).set_y(self.handle[1].get_y())
        self.large, moments = large[1].quantities(), [0.0, *self._moments()]
        ways = pairwise(self._resting(float(place)) for place in large[0].values)
        #: The ball in the air, on its way to where each step comes to.
        self.leaps = [[a + (b - a) * t + UP * units(LEAP) * 4 * t * (1 - t) for t in moments] for a, b in ways]

    def _pulled(self, start: Quantity, goal: Quantity, height: float, loss: Quantity) -> VGroup:
        """A step as a line with a handle at its end, and the place on the curve to which it leads."""
        line = self.plot.curve([start, goal], (height, height), "warning", 10)
        return VGroup(line, *self.plot.dots([goal, goal], [height, loss], "warning", VISITED))

    def _on(self, place: float) -> np.ndarray:
        return self.plot.point(place, float(np.interp(place, self.along, self.up)))

    def _resting(self, place: float) -> np.ndarray:
        """The middle of a ball that lies on the curve."""
        step = (self.along[1] - self.along[0]) / 2
        way = self._on(place + step) - self._on(place - step)
        return self._on(place) + np.array([-way[1], way[0], 0]) / np.linalg.norm(way) * units(BALL)

    @staticmethod
    def _moments() -> list[float]:
        """The part of a step that is done, moment by moment."""
        return [float(rate_functions.smooth(moment / MOMENTS)) for moment in range(1, MOMENTS + 1)]

    def _between(self, visited: np.ndarray) -> list[float]:
        """The places of a walk at these moments."""
        pairs = pairwise(map(float, visited))
        return [float(visited[0]), *(a + (b - a) * moment for a, b in pairs for moment in self._moments())]

    def _tangent(self, place: float) -> VMobject:
        """A short line with the slope of the curve, as it was measured on both sides of a place."""
        step = self.along[1] - self.along[0]
        low, here, high = (float(np.interp(place + side * step, self.along, self.up)) for side in (-1, 0, 1))
        ends = (place - TOUCHING, place + TOUCHING)
        return self.plot.curve(ends, [here + (high - low) / (2 * step) * (end - place) for end in ends], "warning", 6)

    @staticmethod
    def _balls(spots: Sequence[np.ndarray]) -> list[VGroup]:
        return [VGroup(dot(spot, BALL, "focus").set_z_index(1)) for spot in spots]

    def descend(self) -> tuple[Animation, ...]:
        """The ball takes step after step, and leaves a dot at each place."""
        return (
            Through(self.ball, self._balls([self._resting(place) for place in self.between]), "tour"),
            Through(self.slope, self.touching, "tour"),
            Sweep(self.visited, "tour"),
            Count(self.loss, self.walk[1].quantities(), ".3f", "tour"),
        )

    def again(self) -> tuple[Animation, ...]:
        """The ball rolls back to the start."""
        back = self._balls([self._resting(place) for place in self.between[::-1]])
        return Through(self.ball, back, "row"), Count(self.loss, self.walk[1].quantities()[::-1], ".3f", "row")

    def pull(self) -> Animation:
        """The handle is pulled."""
        return Through(self.handle, self.pulled, "slow")

    def leap_on(self) -> list[tuple[Animation, ...]]:
        """The ball takes both steps, through the air."""
        first, second = (
            (
                Through(self.ball, self._balls(leap), "row"),
                Create(path(leap, "warning", TRAIL), run_time=pace("row"), rate_func=rate_functions.linear),
                Count(self.loss, [*lost], ".3f", "row"),
            )
            for leap, lost in zip(self.leaps, pairwise(self.large), strict=True)
        )
        return [first, (*second, leave(self.handle[:2]), draw(*self.onward, kind="row"))]
