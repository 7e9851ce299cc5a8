"""Motion that goes on while something is said, in proportion to what it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from manim import Animation, VGroup, VMobject

from scenes.animations.fades import Motion
from scenes.mobjects.shapes import dot

#: Seconds that a pulse takes along its line, px of the largest one, and how many are under way.
WAY, LARGEST, UNDER_WAY = 2.4, 11.0, 2


class Pulses(Motion):
    """Small dots run along lines, from beginning to end; the area of a dot is the weight of its line.

    On thick bright lines they are dark. They light up and go out at both ends, so that they can begin and end at any
    moment.
    """

    def __init__(
        self, lines: Sequence[VMobject], weights: Sequence[float], seconds: float, role: str = "background"
    ) -> None:
        shown = [(line, float(w)) for line, w in zip(lines, weights, strict=True) if w > 0.005]
        self.lines = [line for line, _ in shown for _ in range(UNDER_WAY)]
        self.seconds = seconds
        lights = VGroup(*(dot(np.zeros(3), LARGEST * w**0.5, role) for _, w in shown for _ in range(UNDER_WAY)))
        super().__init__(lights, run_time=seconds, rate_func=lambda t: t, introducer=True, remover=True)

    def begin(self) -> None:
        self.shapes = [light.points - light.get_center() for light in self.mobject]
        self.ways = [_along(line) for line in self.lines]
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        time = self.rate_func(alpha) * self.seconds
        ends = min(1.0, time / 0.3, (self.seconds - time) / 0.3)
        for i, (light, shape, way) in enumerate(zip(self.mobject, self.shapes, self.ways, strict=True)):
            place = (time / WAY + (i % UNDER_WAY) / UNDER_WAY) % 1.0
            light.points = shape + way(place)
            light.set_fill(opacity=max(0.0, min(ends, place / 0.12, (1 - place) / 0.12)), family=False)


def _along(line: VMobject) -> Callable[[float], np.ndarray]:
    """The point at a share of the length of a line."""
    points = line.points.reshape(-1, 4, 3)
    ts = np.linspace(0, 1, 17)[:, None]
    bends = [
        (1 - ts) ** 3 * a + 3 * (1 - ts) ** 2 * ts * b + 3 * (1 - ts) * ts**2 * c + ts**3 * d for a, b, c, d in points
    ]
    way = np.concatenate(bends)
    passed = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])

    def at(share: float) -> np.ndarray:
        return np.array([np.interp(share * passed[-1], passed, way[:, k]) for k in range(3)])

    return at


def pulses(
    lines: Sequence[VMobject], weights: Sequence[float] | None = None, role: str = "background"
) -> Callable[[float], Animation]:
    """For `beat(ambient=...)`: dots that run along `lines` for as long as nothing else plays; all alike by default."""
    return lambda seconds: Pulses(lines, [0.5] * len(lines) if weights is None else weights, seconds, role)
