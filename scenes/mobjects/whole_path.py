"""The whole way of a sentence in one picture: words, rows, who looks at whom, rows again, who reads which, words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.passage import strand, weigh
from scenes.mobjects.shapes import path
from scenes.mobjects.strips import Rows
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

TOP, DEEP = 290.0, 500.0


class WholePath(VGroup):
    """Stations from left to right, every token in its lane; strands are the real shares of one head each.

    Args:
        source, output: the words that go in, and those that come out.
        ids: the number of each word.
        before, after: the rows as they enter the encoder and as they leave it.
        looks: query × key, one head of the encoder.
        reads: written word × source word, the decoder's look.
        query_token, top_key, written: whose way is followed: who asks, whom it looks at, what is written for it.
    """

    def __init__(
        self,
        source: tuple[Label, ...],
        output: tuple[Label, ...],
        ids: NamedTensor,
        before: NamedTensor,
        after: NamedTensor,
        looks: NamedTensor,
        reads: NamedTensor,
        followed: tuple[int, int, int],
    ) -> None:
        pitch = min(108.0, DEEP / max(len(source), len(output)))
        self.high = min(46.0, pitch - 5)
        self.y = self._lanes(len(source), pitch)
        self.out_y = self._lanes(len(output), pitch)
        chip = max(chip_width(label, small=True) for label in source)
        written_chip = max(chip_width(label, small=True) for label in output)
        self.chips = self._chips(source, self.y, LEFT_EDGE + chip / 2, chip)
        self.top = min(*self.y, *self.out_y) - pitch / 2
        self.ids = VGroup(
            *(
                number(found, "", "cell", "ink2").settle(at(LEFT_EDGE + chip + 48, y))
                for found, y in zip(ids.quantities(), self.y, strict=True)
            )
        )
        self.output = self._chips(output, self.out_y, RIGHT_EDGE - written_chip / 2, written_chip)
        free = RIGHT_EDGE - LEFT_EDGE - chip - written_chip - 116
        wide, fan = free * 0.19, free * 0.31
        edges = [LEFT_EDGE + chip + 96]
        for step in (wide, fan, wide, fan):
            edges.append(edges[-1] + step)
        shown = range(len(source))
        self.before, self.after = (
            Rows(rows, -1, shown, wide - 20, pitch).move_to(at(left + wide / 2, TOP + DEEP / 2))
            for rows, left in ((before, edges[0]), (after, edges[2]))
        )
        self.looks = self._fan(looks, self.y, self.y, edges[1], edges[2])
        self.reads = self._fan(reads, self.y, self.out_y, edges[3], edges[4], output)
        self.names = self._names(edges, wide, fan)
        self.ways = self._ways(edges, chip, followed)
        self.ring = ring_around(self.output[followed[2]])
        super().__init__(
            self.chips, self.ids, self.before, self.looks, self.after, self.reads, self.output, self.names
        )  # fmt: skip

    @staticmethod
    def _lanes(count: int, pitch: float) -> list[float]:
        return [TOP + DEEP / 2 + (i - (count - 1) / 2) * pitch for i in range(count)]

    def _chips(self, labels: tuple[Label, ...], ys: list[float], x: float, wide: float) -> VGroup:
        return VGroup(
            *(Token(label, "", wide, self.high).move_to(at(x, y)) for label, y in zip(labels, ys, strict=True))
        )

    @staticmethod
    def _fan(
        shares: NamedTensor,
        ys: list[float],
        ends: list[float],
        left: float,
        right: float,
        to: Sequence[Label | None] = (),
    ) -> VGroup:
        """A strand from each lane at the left to each at the right, where `to` stand; thin ones are not drawn."""
        to = to or [None] * len(ends)
        lines = VGroup()
        for i, y in enumerate(ends):
            for j, start in enumerate(ys):
                if shares.values[i, j] >= 0.02:
                    line = strand(at(left, start), at(right, y), float(shares.values[i, j]), 0.02)
                    lines.add(weigh(line, shares.quantity(i, j), 0.02, to[i]))
        return lines

    def _names(self, edges: list[float], wide: float, fan: float) -> VGroup:
        places = (
            ("words with a place", edges[0] + wide / 2),
            ("one head looks", edges[1] + fan / 2),
            ("rows that know", edges[2] + wide / 2),
            ("the decoder asks", edges[3] + fan / 2),
        )
        return VGroup(*(Words(text, "aside", "ink2").settle(at(x, self.top - 26)) for text, x in places))

    def _ways(self, edges: list[float], chip: float, followed: tuple[int, int, int]) -> list[VMobject]:
        """The way of what is looked at, and of who asks: both end in the word that is written."""
        query_token, top_key, written = followed
        ways = []
        for lane in dict.fromkeys((top_key, query_token)):
            points = [at(LEFT_EDGE + chip / 2, self.y[lane]), at(edges[1], self.y[lane])]
            points += self._bend(points[-1], at(edges[2], self.y[query_token]))
            points += [at(edges[3], self.y[query_token])]
            points += self._bend(points[-1], at(edges[4], self.out_y[written]))
            ways.append(path(points, "focus", 6))
        return ways

    @staticmethod
    def _bend(start: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
        """Points of the curve that a strand takes."""
        t = np.linspace(0, 1, 17)[1:, None]
        half = np.array([(end - start)[0] / 2, 0, 0])
        a, b = start + half, end - half
        return [*((1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * end)]

    @property
    def in_order(self) -> list[VMobject]:
        """Everything from left to right, as it comes on stage."""
        chips = [*self.chips, *self.ids]
        rows = [self.before.lines[i] for i in sorted(self.before.lines)]
        later = [self.after.lines[i] for i in sorted(self.after.lines)]
        return [*chips, self.names[0], *rows, self.names[1], *self.looks, self.names[2], *later, self.names[3],
                *self.reads, *self.output]  # fmt: skip
