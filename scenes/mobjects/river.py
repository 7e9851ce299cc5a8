"""The residual stream of one token as a river, and what each sublayer lets flow into it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from manim import DOWN, LEFT, UP, Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import Shades, Wipe, appear, draw, lagged, pulses, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, arrow, dashes, path, rule
from scenes.mobjects.strips import Strip, fills_of
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, ink_on, palette, pixels, units
from transformer_core.studies.focus import layers_of
from transformer_core.studies.measures.selection import argmax_angle
from transformer_core.studies.measures.stream import stream_after
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a box, of the strip below, of the river where it is widest, and of the bend with which a tributary flows in.
BOX, STRIP, WIDEST, BEND = 84.0, 64.0, 250.0, 70.0
#: Px of the answer above a number of the strip, and to it.
ANSWER, ABOVE = 26.0, 8.0
#: Px by which parts of the river overlap.
SEAM = 3.0
#: Px from one addition to the next from which a box has a name, and the px that a number needs.
NAMED, NARROW = 200.0, 76.0
#: Px from an end of the river to the middle of the number in it.
INWARD = 70
#: Places inside of a sublayer's stretch, as shares of it: where it reads, the middle of its box, where it writes.
READS, MIDDLE, WRITES = 0.21, 0.42, 0.62
#: Px of the height of a norm, and of the widest band that a sublayer reads, as a share of its stretch.
GATE, GATED = 56.0, 0.42
#: Px of a gradient where it begins, of one that has vanished, and of one that has exploded; how wide a copy of it is on
#: its way through a sublayer, as a share of its stretch, and how opaque.
ROAD, LEAST, MOST, THREAD, PALE = 30.0, 2.0, 210.0, 0.06, 0.45
#: How much of a stretch the river has before the first sublayer, and after the last one.
BEFORE, AFTER = 0.45, 0.25
#: Where flow lines run, as shares of half the width, and how opaque they are.
LINES, FAINT = (-0.72, -0.36, 0.0, 0.36, 0.72), 0.25


def role_of(label: Label) -> str:
    """The role of what a sublayer adds."""
    said = str(label)
    return "residual" if said == "input" else "ink2" if said.startswith("feed-forward") else "value"


def told_in(band: VMobject, quantity: Quantity, spot: np.ndarray) -> VMobject:
    """A number in a band of water, if it has room there."""
    text = number(quantity, ".2f", "stage number").settle(spot).set_fill(ink_on(palette().residual))
    text.paper = band
    return text if text.width < band.width and text.height < band.height else VGroup()


class River(VGroup):
    """The stream as a band as wide as its vector is long, and each addition as a tributary as wide as that is long.

    Args:
        lengths: of what it starts with and of each addition, "sublayer".
        widths: of the vector after each, "sublayer".
        rows: that vector itself, at each of these stops.
        read: what each sublayer reads, as long as its norm makes it; nothing where norms stand elsewhere.
        room: the rectangle that is filled.

    Example::

        part = trace.under("encoder", batch=0, position=0)
        stops = ("0.resid_pre", "0.resid_attn", "0.resid_ffn", "1.resid_attn", "1.resid_post")
        rows = [trace[f"encoder.{stop}"].pick(batch=0, position=0) for stop in stops]
        figure = River(part["contribution_norms"], part["residual_norms"], rows, Room(280, 190, 1640, 790))
    """

    def __init__(
        self,
        lengths: NamedTensor,
        widths: NamedTensor,
        rows: Sequence[NamedTensor],
        room: Room = STAGE,
        read: Sequence[Quantity] = (),
    ) -> None:
        count, self.read = len(lengths), read
        self.room, self.pitch = room, room.width / (BEFORE + count - 1 + AFTER)
        largest = float(lengths.values[1:].max(initial=0.0))
        self.px = min(WIDEST / float(widths.values.max()), 0.34 * self.pitch / max(largest, 1e-9))
        #: Px of a one in the bands that sublayers read: as in the river, where they are few enough to be named.
        self.gated = GATED * self.pitch / max(*widths.values[:-1].tolist(), *map(float, read))
        if self.pitch > NAMED:
            self.px = self.gated = min(self.px, self.gated)
        #: Where the stretch of each sublayer begins, from the first one on.
        self.xs = [room.left + self.pitch * (BEFORE + i) for i in range(count - 1)]
        self.bed = Room(room.left, room.bottom - STRIP, room.right, room.bottom)
        self.y = self.bed.top - 44 - WIDEST / 2
        self.bend = min(BEND, 0.16 * self.pitch)
        self.sizes, self.widths = widths.quantities(), [float(width) * self.px for width in widths.values]
        self.falling = [max(float(length) * self.px, 3.0) for length in lengths.values]
        #: Where the river begins to take each of its widths, and where it ends.
        self.joins = [room.left, *(self._writes(i) - self.falling[i] / 2 for i in range(1, count)), room.right]
        self.stretches = VGroup(self._stretch(i, quantity) for i, quantity in enumerate(self.sizes))
        self.reads, self.boxes, self.falls, self.numbers = VGroup(), VGroup(), VGroup(), VGroup()
        self.most = 1 + int(lengths.values[1:].argmax())
        self.most_label = lengths.label("sublayer", self.most)
        told = self._told(count)
        for i in range(1, count):
            self._sublayer(i, lengths.quantity(i), lengths.label("sublayer", i))
            self.numbers.add(self._number(i, lengths.quantity(i)) if i in told else VGroup())
        #: The boxes where they stand, for when they have moved.
        self.home = self.boxes.copy()
        #: Where each tributary turns into the river.
        self.mouths = [mouth for _, mouth in self.falls]
        self.rows, self.scale = rows, max(full_colour(row) for row in rows)
        self.strip = self._strip(0)
        self.fills = [fills_of(row, room.width, self.scale) for row in rows]
        self.lanes = [self._lane(i) for i in range(count)]
        longest = max(largest, float(lengths.values[0]))
        self.weights = [float(length) / longest for length in lengths.values]
        #: The way from the end to the beginning, past all sublayers.
        self.road = rule(at(room.left, self.y), at(room.right, self.y), "warning", ROAD)
        #: How wide the river is where it begins, and where it ends.
        self.ends = VGroup(
            self._width(0, widths.quantity(0), room.left), self._width(-1, widths.quantity(-1), room.right)
        )
        super().__init__(self.falls, self.stretches, self.reads, self.boxes, self.numbers, self.ends, self.strip)

    @classmethod
    def of(cls, trace: Trace, stack: str, room: Room) -> River:
        """The stream of the `token` that a stack turns most."""
        token, _ = argmax_angle(trace, stack)
        places = {"batch": 0, "position": token.position}
        part, rows = trace.under(stack, **places), [trace[name].pick(**places) for name in stream_after(trace, stack)]
        lengths = [
            trace[f"{norm}.normalized_length"].pick(**places)
            for layer in layers_of(trace, stack)
            for k in range(1, 4)
            if f"{(norm := f'{stack}.{layer}.ln{k}')}.out" in trace
        ]
        pre = trace.about["config"]["norm_order"] == "pre" and len(lengths) == len(rows) - 1
        river = cls(part["contribution_norms"], part["residual_norms"], rows, room, lengths if pre else ())
        river.token = token
        return river

    def _told(self, count: int) -> set[int]:
        """The additions whose lengths have room for a number: that of the largest, and others that are not too near."""
        apart = 1 if self.pitch > NAMED else math.ceil(NARROW / self.pitch)
        return {i for i in range(1, count) if (i - self.most) % apart == 0}

    def _writes(self, i: int) -> float:
        """The middle of a tributary, across."""
        return self.xs[i - 1] + WRITES * self.pitch

    def _turn(self, i: int) -> float:
        """Px on which the river takes its width after an addition."""
        return self.falling[i] + self.bend if i else 0.0

    def _stretch(self, i: int, quantity: Quantity) -> VGroup:
        """The river from one addition to the next, with the way on which it takes its width, and lines of flow."""
        left, right, wide = self.joins[i], self.joins[i + 1], self.widths[i]
        begin = left + self._turn(i)
        straight = Box(right - begin + SEAM, wide, palette().residual, 0)
        straight.move_to(at((begin + right + SEAM) / 2, self.y))
        means(straight, Length(quantity, "height", self.px, right - begin + SEAM))
        shares = np.linspace(0, 1, 17)
        half = (self.widths[max(i - 1, 0)] + (wide - self.widths[max(i - 1, 0)]) * shares**2 * (3 - 2 * shares)) / 2
        xs = left + (begin + SEAM - left) * shares
        parts = [straight]
        if i:
            upper = [at(x, self.y - h) for x, h in zip(xs, half, strict=True)]
            lower = [at(x, self.y + h) for x, h in zip(xs, half, strict=True)]
            band = VMobject(fill_color=palette().residual, fill_opacity=1, stroke_width=0)
            band.set_points_as_corners([*upper, *lower[::-1], upper[0]])
            parts = [band, straight]
        for level in LINES:
            way = [at(x, self.y - level * h) for x, h in zip(xs, half, strict=True)] if i else []
            ends = [at(begin, self.y - level * wide / 2), at(right, self.y - level * wide / 2)]
            parts.append(path([*way, *ends], "background", 2.5).set_stroke(opacity=FAINT))
        return VGroup(*parts)

    def _sublayer(self, i: int, quantity: Quantity, label: Label) -> None:
        """Its box, the line by which it reads, and the tributary by which it writes."""
        begin, top = self.xs[i - 1], self.room.top
        named = self.pitch > NAMED
        high, y = (BOX, top + BOX / 2) if named else (30.0, top + BOX - 15)
        middle = begin + MIDDLE * self.pitch
        box = Box(0.84 * self.pitch, high, palette().surface, min(12, high / 4), palette().line, 2.5)
        box.move_to(at(middle, y))
        words = VGroup()
        if named:
            words = word(label, "stage word")
            words.paper = box
            words.settle(box.get_center())
            words.scale(min(1.0, (box.width - units(24)) / words.width))
        elif i == self.most:
            words = word(label, "fact").settle(at(middle, top + 26))
            reach = (units(self.room.width) - words.width) / 2
            words.set_x(float(np.clip(words.get_x(), self.room.centre[0] - reach, self.room.centre[0] + reach)))
        self.boxes.add(VGroup(box, words))
        foot, edge = y + high / 2, self.y - self.widths[i - 1] / 2
        x = begin + READS * self.pitch
        self.reads.add(arrow(at(x, edge + 2), at(x, foot + 4), "residual", min(7, self.pitch / 12), 24))
        low, wide = edge + 1, self.falling[i]
        role = role_of(label)
        fall = Box(wide, low - foot, palette().role(role), 0).move_to(at(self._writes(i), (low + foot) / 2))
        means(fall, Length(quantity, "width", self.px, low - foot, 3.0))
        self.falls.add(VGroup(fall, self._mouth(i, role)))

    def _mouth(self, i: int, role: str) -> VMobject:
        """The water of a tributary turns into the way of the river."""
        right, turn = self._writes(i) + self.falling[i] / 2, self.bend
        edge, inside = self.y - self.widths[i] / 2, self.y
        mouth = VMobject(fill_color=palette().role(role), fill_opacity=1, stroke_width=0)
        bow = [(1 - np.cos(t), np.sin(t)) for t in np.linspace(0, np.pi / 2, 13)]
        outer = [at(right + turn * across, edge - turn + turn * down) for across, down in bow]
        mouth.set_points_as_corners(
            [*outer, at(right + turn, inside), at(right - SEAM, inside), at(right - SEAM, edge - turn), outer[0]]
        )
        return mouth

    def _number(self, i: int, quantity: Quantity) -> VMobject:
        roomy = self.pitch > NAMED
        text = number(quantity, ".2f" if roomy else ".1f", "stage number" if roomy else "cell")
        if not roomy:
            return text.settle(at(self._writes(i), self.bed.top - 22))
        spot = at(self._writes(i) + self.falling[i] / 2 + 14, self.room.top + BOX + 48)
        return text.settle(spot).begin_at(spot[0])

    def _width(self, i: int, quantity: Quantity, edge: float) -> VMobject:
        """The width of a stretch as a number in it, at an edge of the room, if it has room."""
        stretch = self.stretches[i][-6]
        text = told_in(stretch, quantity, at(edge + (-INWARD if i else INWARD), self.y))
        return text if units(INWARD) + text.width / 2 < stretch.width else VGroup()

    def _lane(self, i: int) -> VMobject:
        """The way of the water of an addition: down its tributary, and on with the river to the end."""
        inner = 0.0 if not i else 0.55
        points = [at(self.room.left, self.y)]
        if i:
            level = self.y - self.widths[i] / 2 * inner
            points = [at(self._writes(i), self.room.top + BOX), at(self._writes(i), level - 30)]
        for k in range(i, len(self.widths)):
            level = self.y - self.widths[k] / 2 * inner
            points += [at(self.joins[k] + self._turn(k), level), at(self.joins[k + 1], level)]
        return path(points, "residual", 1)

    def _strip(self, stop: int) -> Strip:
        """The stream after so many sublayers."""
        return Strip(self.rows[stop], self.room.width, STRIP, self.scale).move_to(self.bed.centre)

    def first(self) -> Animation:
        """The first sublayer reads and writes."""
        return self._swell(1, 1, "slow")

    def rest(self) -> Animation | None:
        """The other sublayers read and write, one after another; None if there are none."""
        return self._swell(2, len(self.boxes), "tour") if len(self.boxes) > 1 else None

    def _swell(self, first: int, last: int, kind: str) -> Animation:
        """The sublayers from `first` to `last`, counted from one, read and write."""
        turns = []
        for i in range(first, last + 1):
            read, (fall, mouth), told = self.reads[i - 1], self.falls[i - 1], self.numbers[i - 1]
            written = AnimationGroup(Wipe(fall, towards=DOWN), *([appear(told)] if len(told.points) else []))
            swollen = AnimationGroup(Wipe(mouth), Wipe(self.stretches[i]))
            turns.append(LaggedStart(draw(read), written, swollen, lag_ratio=0.75))
        together = lagged(turns, 0.8 if len(turns) < 8 else 0.3, kind=kind)
        return AnimationGroup(together, Shades(self.strip, self.fills[first - 1 : last + 1], self._strip(last), kind))

    def gates(self) -> tuple[VGroup, VGroup, VGroup, VGroup]:
        """Bands as wide as the stream is long where each sublayer reads, the norm on each, and what it makes of it.

        Last comes the length of that of the first, where it has room: all are of one length.
        """
        below, gates, above, told = VGroup(), VGroup(), VGroup(), VGroup()
        for i, (entering, length) in enumerate(zip(self.sizes, self.read, strict=False)):
            x, foot = self.xs[i] + READS * self.pitch, self.room.top + BOX
            edge = self.y - self.widths[i] / 2
            # All norms stand level, clear of the widest stretch that is read.
            middle = (foot + self.y - max(self.widths[:-1]) / 2) / 2
            ends = (below, entering, middle + GATE / 2, edge), (above, length, foot, middle - GATE / 2)
            for some, value, top, low in ends:
                band = Box(float(value) * self.gated, low - top, palette().residual, 0).move_to(at(x, (top + low) / 2))
                some.add(means(band, Length(value, "width", self.gated, low - top)))
            told.add(told_in(band, length, band.get_center()) if i == 0 else VGroup())
            gate = Box(GATED * self.pitch, GATE, palette().surface, 10, palette().line, 2.5).move_to(at(x, middle))
            name = Words("Norm", "stage word", paper=gate).settle(at(x, middle)) if self.pitch > NAMED else VGroup()
            gates.add(VGroup(gate, name))
        return below, gates, above, told

    def dry(self, i: int) -> tuple[VMobject, ...]:
        """The parts in doubt if a sublayer, counted from one, adds nothing: its tributary, and the river after it."""
        return self.falls[i - 1], self.numbers[i - 1], *self.stretches[i:], self.ends[1], self.strip

    def doubt(self, i: int) -> VGroup:
        """In their place the river as it might go on, in dashes."""
        left, right, half = self.joins[i], self.room.right, self.widths[i - 1] / 2
        banks = (dashes(at(left, y), at(right, y), "residual", 4) for y in (self.y - half, self.y + half))
        return VGroup(*banks, Words("?", "large number", "residual").settle(at((left + right) / 2, self.y)))

    def passed(self, i: int) -> tuple[VGroup, VMobject]:
        """The river as it goes on if a sublayer, counted from one, adds nothing: as wide as before; and this width."""
        left, right, wide = self.joins[i] + SEAM, self.joins[i + 1], self.widths[i - 1]
        band = Box(right - left, wide, palette().residual, 0).move_to(at((left + right) / 2, self.y))
        lines = (
            path([at(x, self.y - level * wide / 2) for x in (left, right)], "background", 2.5).set_stroke(opacity=FAINT)
            for level in LINES
        )
        means(band, Length(self.sizes[i - 1], "height", self.px, right - left))
        return VGroup(band, *lines), told_in(band, self.sizes[i - 1], at(right - INWARD, self.y))

    def answers(self) -> VGroup:
        """An answer above each number of the strip: the gradient has one for each, which a sketch does not tell."""
        return VGroup(
            Box(pixels(cell.width), ANSWER, palette().warning, 2).next_to(cell, UP, buff=units(ABOVE))
            for cell in self.strip
        )

    def strung(self) -> VGroup:
        """The sublayers one after another where the stream was: there is no way past them."""
        return self.home.copy().set_y(at(0, self.y)[1])

    def gradient(self, beginning: float) -> VGroup:
        """A gradient on its way back, which each sublayer multiplies by the same slope, up to so many px: a sketch."""
        boxes, edge = [*reversed(self.boxes)], units(self.room.width / 2)
        starts, ends = [edge, *(box.get_left()[0] for box in boxes)], [*(box.get_right()[0] for box in boxes), -edge]
        band = VGroup(
            Box(pixels(right - left), size, palette().warning, 0).move_to(np.array([(left + right) / 2, 0, 0]))
            for right, left, size in zip(starts, ends, np.geomspace(ROAD, beginning, len(ends)), strict=True)
        )
        return band.set_y(at(0, self.y)[1]).set_z_index(-1)

    def gradients(self) -> tuple[VGroup, VGroup]:
        """A gradient that vanishes, and a gradient that explodes."""
        return self.gradient(LEAST), self.gradient(MOST)

    def returns(self, beginning: float) -> VGroup:
        """Gradients through the sublayers are added beside the gradient on the road: up to so many px, a sketch.

        A copy goes up into each, and comes back thinner, by the same share of it everywhere.
        """
        sizes, foot = np.geomspace(ROAD, beginning, len(self.boxes) + 1) - ROAD, self.room.top + BOX
        reads = [x + READS * self.pitch for x in self.xs[::-1]]
        writes = [self._writes(i) for i in range(len(reads), 0, -1)]
        top, band, half = self.y - ROAD / 2, VGroup(), THREAD * self.pitch / 2
        starts = [x + half for x in reads]
        for high, right, left in zip(sizes[1:], starts, [*starts[1:], self.room.left], strict=True):
            band.add(Box(right - left, high, palette().warning, 0).move_to(at((left + right) / 2, top - high / 2)))
        for xs, heights in ((writes, sizes[:-1]), (reads, sizes[1:])):
            for x, high in zip(xs, heights, strict=True):
                thread = Box(2 * half, top - high - foot, palette().warning, 0)
                band.add(thread.move_to(at(x, (top - high + foot) / 2)))
        return band.set_opacity(PALE)

    def grown(self) -> tuple[VGroup, VGroup]:
        """Gradients back through sublayers of small slopes, and of large ones."""
        return self.returns(2 * ROAD), self.returns(MOST)

    def sends(self, gradient: VGroup) -> tuple[Animation, Animation]:
        """A gradient runs back, behind the sublayers on its way."""
        return Wipe(gradient, towards=LEFT, kind="slow"), reshape(self.boxes, self.strung(), "slow")

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: what was added flows on; the area of a dot is the length of the addition."""
        return pulses(self.lanes, self.weights)
