"""Gradient descent: a ball on a measured loss."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, Create, VGroup, VMobject, rate_functions

from scenes.animations import Count, Sweep, Through, appear
from scenes.layout import Room
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, pace, units
from transformer_core.tracing.trace import Trace

#: Moments of a ball between two places, and px of the ball, of a visited place, and of the height of a jump.
MOMENTS, BALL, VISITED, JUMP = 40, 26.0, 13.0, 170.0
#: The share of its range that is left free above the curve, for the ball below the name of the axis.
ABOVE = 0.3
#: How far a tangent reaches on either side, as a distance along the gradient.
TOUCHING = 0.22
#: The walk on which the ball leaves the ground.
LEAPS = "large"


class Valley:
    """The loss along one direction as a valley, and a ball that descends in steps.

    Args:
        run: an early step of the training: the curve, and for each learning rate, "small" and "large", the places and
            the losses that gradient descent comes to.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        places, losses, start = run["place_along"], run["loss_along"], run["batch_loss"]
        #: By the learning rate, the places and the losses that gradient descent comes to.
        self.walks = {name: (run[f"{name}_places"], run[f"{name}_losses"]) for name in ("small", LEAPS)}
        low, high = float(losses.values.min()), float(losses.values.max())
        inner = Room(room.left + 110, room.top + 56, room.right - 10, room.bottom - 96)
        floor = low - (high - low) * 0.3
        self.plot = Plot.filling(inner, places, losses, (None, (floor, high + ABOVE * (high - low))))
        reach = [losses.quantity(int(find(losses.values))) for find in (np.argmin, np.argmax)]
        origin = self.plot.ticks([run["small_places"].quantity(0)], ".0f", "fact")
        self.scale = VGroup(self.plot.heights(reach, ".2f"), origin, self.plot.broken())
        self.curve = self.plot.curve(places, losses, "ink2", 8)
        self.along, self.up = places.values, losses.values
        self.balls = {name: self._states(way.values, JUMP * (name == LEAPS)) for name, (way, _) in self.walks.items()}
        self.ball = VGroup(dot(self._resting(0.0), BALL, "focus"))
        self.visited = {name: self.plot.dots(*walk, "warning", VISITED) for name, walk in self.walks.items()}
        self.trail = path([state[0].get_center() for state in self.balls[LEAPS]], "warning", 3)
        self.loss_name = Words("loss", "block", "ink2")
        self.loss = number(start, ".3f", "large number")
        spot = at(inner.left + 200, inner.bottom - 150)
        self.loss.settle(spot).end_at(spot[0] + units(150))
        self.loss_name.settle(spot).end_at(spot[0] - units(20))
        #: The line that touches the curve below the ball: at first it falls by the length of the gradient.
        self.touching = [VGroup(self._tangent(place)) for place in self._between(self.walks["small"][0].values)]
        self.slope = self.touching[0].copy()
        lines = zip(self.walks, ("learning rate × slope", f"× {run['rate_ratio']:.0f}"), (0.1, 0.2), strict=True)
        self.steps = {name: self._step(name, text, low - share * (high - low)) for name, text, share in lines}

    def _step(self, walk: str, text: str, height: float) -> VGroup:
        """The first step of a walk, as a line from end to end, and what it is called."""
        line = self.plot.curve(self.walks[walk][0].quantities()[:2], (height, height), "warning", 8)
        marks = (rule(end + UP * units(12), end + DOWN * units(12), "warning", 5) for end in line.points[[0, -1]])
        return VGroup(line, *marks, Words(text, "stage number", "warning").next_to(line, RIGHT, buff=units(24)))

    def _on(self, place: float) -> np.ndarray:
        return self.plot.point(place, float(np.interp(place, self.along, self.up)))

    def _resting(self, place: float) -> np.ndarray:
        """The middle of a ball that lies on the curve."""
        step = (self.along[1] - self.along[0]) / 2
        way = self._on(place + step) - self._on(place - step)
        return self._on(place) + np.array([-way[1], way[0], 0]) / np.linalg.norm(way) * units(BALL)

    def _states(self, visited: np.ndarray, jump: float) -> list[VGroup]:
        """A ball at moments on its way from place to place: along the curve, or through the air."""
        spots = [self._resting(place) for place in self._between(visited)]
        if jump:
            ends = [self._resting(float(place)) for place in visited]
            high = np.array([0, units(jump) * 4, 0])
            flights = [[a + (b - a) * t + high * t * (1 - t) for t in self._moments()] for a, b in pairwise(ends)]
            spots = [ends[0], *(spot for flight in flights for spot in flight)]
        return [VGroup(dot(spot, BALL, "focus")) for spot in spots]

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

    def descend(self, walk: str, kind: str = "tour") -> tuple[Animation, ...]:
        """The ball takes the steps of a walk, and leaves a dot at each place."""
        drawn = [Create(self.trail, run_time=pace(kind), rate_func=rate_functions.linear)] if walk == LEAPS else []
        turning = [] if walk == LEAPS else [Through(self.slope, self.touching, kind)]
        return (
            Through(self.ball, self.balls[walk], kind),
            *turning,
            Sweep(self.visited[walk], kind),
            *drawn,
            Count(self.loss, self.walks[walk][1].quantities(), ".3f", kind),
        )

    def again(self) -> tuple[Animation, ...]:
        """A ball comes where the first began."""
        self.ball = VGroup(dot(self._resting(0.0), BALL, "focus"))
        return appear(self.ball), Count(self.loss, self.walks[LEAPS][1].quantities()[:1], ".3f", "row")
