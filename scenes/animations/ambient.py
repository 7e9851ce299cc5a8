"""Motion that goes on while something is said, in proportion to what it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from manim import Animation, VGroup, VMobject

from scenes.animations.fades import Motion
from scenes.mobjects.marks import Thickness
from scenes.mobjects.shapes import dot, stroke
from scenes.theme import palette, units

#: Seconds that a pulse takes along its line, px of the largest one, and how many are under way.
WAY, LARGEST, UNDER_WAY = 2.4, 11.0, 2
#: Px by which a bead is wider than the line that it runs along, at each side; on a line of fewer px none runs.
WIDER, SHORTEST = 4.0, 80.0


class Pulses(Motion):
    """Small dots run along lines, from beginning to end.

    On a line whose thickness is a weight they are beads, a little wider than the line: of its colour, or, where it is
    attention, of that of the values that they bring. On others, and with a `role`, they are pale, or of that role, and
    the area of a dot is its weight. They light up and go out at both ends, so that they can begin and end at any
    moment.
    """

    def __init__(
        self, lines: Sequence[VMobject], weights: Sequence[float], seconds: float, role: str | None = None
    ) -> None:
        lengths = [_lengths(line)[1][-1] for line in lines]
        shown = [
            (line, float(w))
            for line, w, length in zip(lines, weights, lengths, strict=True)
            if w > 0.005 and length >= units(SHORTEST)
        ]
        self.lines = [line for line, _ in shown for _ in range(UNDER_WAY)]
        self.seconds = seconds
        lights = VGroup(*(_light(line, w, role) for line, w in shown for _ in range(UNDER_WAY)))
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


def _light(line: VMobject, weight: float, role: str | None) -> VMobject:
    """A bead on a line whose thickness is its weight; else, or with a role, a dot whose area is the weight."""
    if role is None and any(isinstance(meaning, Thickness) for meaning in getattr(line, "meanings", ())):
        own = palette().value if line.get_stroke_color().to_hex() == palette().weight else line.get_stroke_color()
        return dot(np.zeros(3), line.get_stroke_width() / stroke(1) / 2 + WIDER).set_fill(own)
    pale = max("ink", "background", key=lambda name: int(palette().role(name)[1:3], 16))
    return dot(np.zeros(3), LARGEST * weight**0.5, role or pale)


def _lengths(line: VMobject) -> tuple[np.ndarray, np.ndarray]:
    """Points along a line, and how long it is up to each of them."""
    points = line.points.reshape(-1, 4, 3)
    ts = np.linspace(0, 1, 17)[:, None]
    bends = [
        (1 - ts) ** 3 * a + 3 * (1 - ts) ** 2 * ts * b + 3 * (1 - ts) * ts**2 * c + ts**3 * d for a, b, c, d in points
    ]
    way = np.concatenate(bends)
    return way, np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])


def _along(line: VMobject) -> Callable[[float], np.ndarray]:
    """The point at a share of the length of a line."""
    way, passed = _lengths(line)

    def at(share: float) -> np.ndarray:
        return np.array([np.interp(share * passed[-1], passed, way[:, k]) for k in range(3)])

    return at


def pulses(
    lines: Sequence[VMobject], weights: Sequence[float] | None = None, role: str | None = None
) -> Callable[[float], Animation]:
    """For `beat(ambient=...)`: dots that run along `lines` for as long as nothing else plays; all alike by default."""
    return lambda seconds: Pulses(lines, [0.5] * len(lines) if weights is None else weights, seconds, role)
