"""Trainings that differ in one thing, and how much of a difference chance explains.

Everywhere the whole model is green, a changed one is cream, and a piece that was taken out leaves a red frame; a seed
is a dot, the mean of all seeds a short line, and yellow is what lies as far out as the measured difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject, rate_functions

from scenes.animations import (
    Come,
    OffAndOn,
    Play,
    Through,
    Travel,
    appear,
    draw,
    exchange,
    grow,
    lagged,
    leave,
    multiply,
    reshape,
    take_out,
)
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Away, Ground, means
from scenes.mobjects.shapes import Box, dashes, dot, frame, path, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, pace, palette, pixels, signed, units
from transformer_core.studies.measures.ablation_trainings import AS_TRAINED
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: How parts are called on screen, and what a model without them is called.
CALLED = {
    "nothing": "whole model",
    "positions": "no positions",
    "residual": "no residual",
    "all heads but one": "one head",
    "feed-forward": "no feed-forward",
}
#: Px of a dot, how far it falls, and how far two trainings stand apart across the axis, where places mean nothing.
DOT, FALL, ASIDE = 11.5, 220.0, 7.0
#: How many px above the lower hill dots lie that are drawn from the upper one, and how many draws are seen one by one.
DRAWN, SLOWLY = 130.0, 2


def _aside(k: int) -> int:
    """0, 1, -1, 2, -2 for the first, second, third dot and so on."""
    return (k + 1) // 2 * (1 if k % 2 else -1)


def fall(dots: Sequence[VMobject], kind: str = "row") -> Animation:
    """Dots fall to their places, one after another."""
    drops = [
        Come(one, shift=-UP * units(FALL), run_time=pace("transform"), rate_func=rate_functions.ease_out_bounce)
        for one in dots
    ]
    return lagged(drops, 0.5, 4.0, max("transform", kind, key=pace))


class DotRows(VGroup):
    """A line for each part: a dot a training, and their mean.

    Args:
        run: the tensors of `parts_removed`.
        parts: the parts, from the top.
        near: True if the axis leads only as far as the dots; else from none to all, and shows one training of each.
    """

    FOOT, NAME, SIDE = 64.0, 250.0, 190.0

    def __init__(self, run: Trace, parts: Sequence[str], room: Room, near: bool = False) -> None:
        self.run, self.exact, self.mean = run, run["exact"], run["exact.over_seeds"]
        self.near, self.whole = near, self.mean.pick(part="nothing")
        self.low, high = self._reach(parts) if near else (0.0, 1.0)
        side = 30.0 if near else self.SIDE
        foot = room.bottom - self.FOOT * (1 if near else 1.6)
        inner = Room(room.left + self.NAME, room.top + 92 * near, room.right - side, foot)
        #: Px from nothing to a whole, and the line that dots are measured from: the mean of the whole model, or none.
        self.inner, self.side, self.unit, self.ground = inner, side, inner.width / (high - self.low), Ground()
        self.left = at(inner.left - self.NAME, 0)[0]
        self.places = dict(zip(parts, inner.rows(len(parts), 0), strict=True))
        line = rule(at(inner.left, inner.bottom), at(inner.right, inner.bottom), "ink3", 2.5)
        called = Words("new sentences that come out right", "aside", "ink2").settle(at(0, inner.bottom + 36))
        self.axis, line.key = VGroup(line, called.end_at(at(inner.right, 0)[0])), "axis"
        self.zero = self._zero()
        #: By part: its name with a line, its trainings, and what is told beside it.
        self.names, self.seeds, self.told = (dict[str, Any]() for _ in range(3))
        for part, row in self.places.items():
            self._line(part, (row.top + row.bottom) / 2)
        every = (self.names, self.seeds, self.told)
        super().__init__(self.axis, self.zero, *(one for some in every for one in some.values()))

    def x(self, share: float) -> float:
        """px of a share."""
        return self.inner.left + self.unit * (float(share) - self.low)

    def train(self, part: str) -> list[Animation]:
        """A first training: with its steps, the dot leads from none to what comes out right; its end is its number."""
        shares = [*self.run["curve"].pick(part=part, seed=0).quantities(), self.exact.pick(part=part, seed=0)]
        (one,) = self.seeds[part]
        states = [VGroup(self._dot(share, 0, self._role(part)).set_y(one.get_y())) for share in shares]
        return [Through(self.seeds[part], states, "row"), appear(self.told[part])]

    def said(self, part: str, k: int = 0) -> Words:
        """The number of a training above its dot, or below it where nothing else lies there."""
        spot = self.seeds[part][k].get_center() + (DOWN if part == [*self.places][-1] else UP) * units(50)
        return number(self.exact.pick(part=part, seed=k), ".1%", "large number", self._role(part)).settle(spot)

    def _reach(self, parts: Sequence[str]) -> tuple[float, float]:
        """The lowest and the highest share that is shown, with a little air."""
        ends = [float(seed) for part in parts for seed in self.exact.pick(part=part).values]
        air = 0.06 * (max(ends) - min(ends))
        return min(ends) - air, max(ends) + air

    def ends(self) -> VGroup:
        """Say below the axis where the trainings lie that came out worst and best, and beside them what it is."""
        found, rows = VGroup(), [self.exact.pick(part=part) for part in self.places]
        for end in (min(row.smallest()[1] for row in rows), max(row.largest()[1] for row in rows)):
            spot = at(self.x(end), self.inner.bottom)
            told = number(end, ".1%", "fact", "ink2").settle(spot - UP * units(36))
            found.add(VGroup(rule(spot, spot - UP * units(14), "ink3", 2.5), told))
        self.axis[1].next_to(found[0], RIGHT, buff=units(40)).align_to(found, DOWN)
        return found

    def drop(self, part: str, k: int, below: str) -> VMobject:
        """A line from a training down to the line of another part: which one lies farther right?"""
        (x, y, _), low = self.seeds[part][k].get_bottom(), self.seeds[below][0].get_bottom()[1]
        return dashes(np.array([x, y, 0]), np.array([x, low, 0]), self._role(part), 4)

    def _zero(self) -> VGroup:
        top, low = self.inner.top, self.inner.bottom
        if not self.near:
            ends = (self.inner.left, "none"), (self.inner.right, "all")
            posts = [rule(at(x, low), at(x, low - 16), "ink3", 2.5) for x, _ in ends]
            names = [Words(text, "aside", "ink2").settle(at(x, low + 36)) for x, text in ends]
            means(posts[0], self.ground)
            self.axis[1].set_x(self.axis[0].get_x()).shift(DOWN * units(44))
            return VGroup(*posts, *names)
        x = self.x(self.whole)
        return VGroup(means(dashes(at(x, top - 6), at(x, low), "residual", 3, 7), self.ground))

    def _line(self, part: str, y: float) -> None:
        role = self._role(part)
        name = Words(CALLED[part], "fact", "residual" if part == "nothing" else "ink").settle(at(0, y))
        lane = rule(at(self.inner.left, y), at(self.inner.right, y), "line", 2.5)
        name.key, lane.key = ("part", part), ("lane", part)
        self.names[part] = VGroup(lane, name.begin_at(self.left))
        trainings = self.exact.pick(part=part).quantities()
        shown = trainings if self.near else trainings[:1]
        self.seeds[part] = VGroup(self._dot(one, y, role) for one in shown)
        if not self.near:
            spot = at(self.inner.right + self.side / 2 + 10, y)
            self.told[part] = number(trainings[0], "share", "stage number", role).settle(spot)

    def _dot(self, seed: Quantity, y: float, role: str) -> VMobject:
        origin = self.whole if self.near else self.low
        one = means(dot(at(self.x(seed), y), DOT, role), Away(seed, origin, 0, self.unit, 2 * DOT, self.ground))
        one.key = ("training", seed.name, seed.index)
        return one

    @staticmethod
    def _role(part: str) -> str:
        return "residual" if part == "nothing" else "weight"


class RandomStart(VGroup):
    """Random numbers that a training starts with, as a sketch off the axis, and a thread to its end."""

    SIDE, CELLS = 17.0, 8

    def __init__(self, seed: int, rows: DotRows, end: VMobject) -> None:
        values = np.sin(np.arange(seed, seed + self.CELLS**2) ** 2)
        self.cells = VGroup(Box(self.SIDE, self.SIDE, signed(float(value), 1.0), 2) for value in values)
        self.cells.arrange_in_grid(self.CELLS, self.CELLS, buff=units(2))
        self.cells.move_to(at(0, rows.inner.top - rows.FOOT), aligned_edge=UP).align_to(RIGHT * rows.left, LEFT)
        self.thread = rule(self.cells.get_right(), end.get_left(), "ink3", 4)
        self.note = Words("random start, a sketch", "block", "ink2").next_to(self.cells, RIGHT, units(20), UP)
        super().__init__(self.cells, self.thread)

    def trained(self, end: VMobject) -> tuple[Animation, ...]:
        """A copy of the numbers goes along the thread, and is the training that they lead to."""
        return draw(self.thread, kind="row"), Travel(self.cells.copy(), end, 0.0, "row")


class PermutationTest:
    """Trainings of two kinds whose labels are dealt anew in every way, and the hill of the differences that this makes.

    Points of both axes are equally wide, so that the gap between two means comes down as it is.

    Args:
        run: the tensors of `parts_removed`.
        part: what is taken out.
        room: what is filled: lines for the whole model and for the part, the hill below them.
    """

    #: Px of a dot, of the lines, and by how much these lie higher than where names stand above them.
    RADIUS, LINES, HIGHER = 10.0, 200.0, 54.0
    #: By how many px the hill is lifted, and px of a dot of the other hill, below it.
    LIFTED, LARGE = 240.0, 17.0

    def __init__(self, run: Trace, part: str, room: Room) -> None:
        above, room = room.split_rows(self.LINES)
        above = Room(above.left, above.top - self.HIGHER, above.right, above.bottom)
        exact, rows = run.under("exact"), DotRows(run, ("nothing", part), above, near=True)
        self.rows, self.unit, self.sides = rows, rows.unit / 100, exact["split_sides"].values
        self.points, self.means = exact["split_points"].pick(part=part), exact["split_means"].pick(part=part)
        self.lanes = [rows.seeds[kind][0].get_y() for kind in rows.places]
        self.dots = VGroup(*(one for kind in rows.places for one in rows.seeds[kind]))
        self.ticks = self._ticks(AS_TRAINED)
        self.middle, self.floor, self.ground = (rows.inner.left + rows.inner.right) / 2, room.bottom - 60, Ground()
        line = rule(at(rows.inner.left, self.floor), at(rows.inner.right, self.floor), "ink3", 2.5)
        zero = means(rule(at(self.middle, self.floor), at(self.middle, self.floor + 16), "ink2", 3), self.ground)
        none = Words("no difference", "aside", "ink2").settle(at(self.middle, self.floor + 38))
        self.name = Words("difference of the means, in points", "aside", "ink2").settle(at(0, self.floor + 38))
        self.axis, _ = VGroup(line, zero, none), self.name.end_at(at(rows.inner.right, 0)[0])
        self.studies = exact["studies"].values
        self.order = [*self.studies.flat, *(k for k in range(len(self.points)) if k not in self.studies)]
        #: Ways that are dealt in sight, before all others.
        self.examples = self.order[1:4]
        self.hill = VGroup(one for _, one in sorted(self._hill(self.order, self.RADIUS).items()))
        #: Of every study the way that is farthest out, and the hill that these make, where the first one lay.
        self.extremes = [int(study[np.argmax(abs(self.points.values[study]))]) for study in self.studies]
        self.farther = VGroup(*self._hill(self.extremes, self.LARGE).values())
        x, top = self.middle + self.unit * float(self.points.quantity(AS_TRAINED)), room.top + 24
        self.ours = VGroup(
            means(
                Box(5, self.floor - top, palette().query, 2).move_to(at(x, (top + self.floor) / 2)),
                self._away(AS_TRAINED, 5),
            ),
            Words(f"{run['exact.points'].pick(part=part):+.1f} points", "large number", "query"),
        )
        self.ours[1].settle(at(0, top + 20)).end_at(at(x - 20, 0)[0])
        self.far = exact["far_out"].pick(part=part).values > 0
        count = f"{exact['splits_beyond'].pick(part=part)} of {exact['ways_to_split']}"
        self.count = Words(count, "large word", "query").settle(at(0, room.top + 64)).end_at(at(rows.inner.right, 0)[0])
        alarms = f"{exact['studies_beyond'].pick(part=part)} of {exact['studies_dealt']}"
        self.alarms = Words(alarms, "large word", "query").settle(at(self.middle, self.floor - 64))
        tries = ("one try", self.LIFTED), (f"farthest of {exact['comparisons']}", 0.0)
        #: What lies on the upper axis, and on the lower one.
        self.tries = [Words(text, "fact").settle(at(0, self.floor - up - 24)).begin_at(rows.left) for text, up in tries]

    def _away(self, split: int, wide: float) -> Away:
        return Away(self.points.quantity(split), 0.0, 0, self.unit, wide, self.ground)

    def _hill(self, order: Sequence[int], radius: float) -> dict[int, VMobject]:
        """A dot for each way to deal, at its difference, on those that lie there already."""
        pitch, found = 2 * radius + 1, {}
        stood: list[tuple[float, int]] = []
        for split in order:
            x = self.middle + self.unit * float(self.points.quantity(split))
            near = {level for other, level in stood if abs(other - x) < pitch}
            level = next(k for k in range(len(stood) + 1) if k not in near)
            stood.append((x, level))
            spot = at(x, self.floor - pitch * (level + 0.5))
            found[split] = means(dot(spot, radius, "ink2"), self._away(split, 2 * radius))
        return found

    def _ticks(self, split: int) -> VGroup:
        """The means of both lines, as this way deals them."""
        marks = VGroup()
        for place, y in enumerate(self.lanes):
            mean, role = self.means.quantity(place, split), ("residual", "weight")[place]
            box = Box(7, 54, palette().role(role), 2).move_to(at(self.rows.x(mean), 0)).set_y(y)
            marks.add(means(box, Away(mean, self.rows.whole, 0, self.rows.unit, 7, self.rows.ground)))
        return marks

    def _dealt(self, split: int) -> VGroup:
        """All trainings on the lines to which this way deals them."""
        own = np.repeat((0, 1), len(self.dots) // 2)
        moves = [self.lanes[side] - self.lanes[mine] for side, mine in zip(self.sides[split], own, strict=True)]
        return VGroup(one.copy().shift(UP * up) for one, up in zip(self.dots, moves, strict=True))

    def measure(self) -> list[Play]:
        """The gap between the means falls down, and is what was measured."""
        gap = self._gap(AS_TRAINED, self.ticks)
        named = Words("mean", "aside", "residual").next_to(self.ticks[0], UP, buff=units(6))
        return [
            appear(self.ticks, named),
            (appear(self.axis), grow(gap, RIGHT)),
            (leave(named), *exchange([gap], [self.ours[0]])),
            appear(self.ours[1]),
        ]

    def widen(self, wide: PermutationTest, before: VMobject) -> tuple[Animation, ...]:
        """Let what stood before leave, and give all that is measured so far its room."""
        now, new = ([*i.rows.axis, *i.rows.names.values(), *i.dots, i.ticks, i.axis, i.ours] for i in (self, wide))
        return leave(before), *exchange(now, new, "camera")

    def _gap(self, split: int, ticks: VGroup) -> VMobject:
        return bar_of(self.points.quantity(split), "width", self.unit, 14, "ink2").move_to(ticks.get_center())

    def deal(self, split: int) -> list[Play]:
        """Labels are dealt in this way, the means follow, and their gap falls down as a dot of the hill."""
        ticks = self._ticks(split)
        moved = reshape(self.dots, self._dealt(split), "transform"), reshape(self.ticks, ticks, "transform")
        return [moved, Travel(self._gap(split, ticks), self.hill[split], 0.0)]

    def pile(self) -> tuple[Animation, ...]:
        """All other ways, while some are seen on the lines; in the end the labels are those of the trainings."""
        rest = [k for k in self.order if k not in self.examples]
        seen = [self.examples[-1], *rest[:16], AS_TRAINED]
        return (
            Through(self.dots, [self._dealt(k) for k in seen], "tour"),
            Through(self.ticks, [self._ticks(k) for k in seen], "tour"),
            fall([self.hill[k] for k in rest], "tour"),
        )

    def beyond(self) -> list[Play]:
        """Those as far out as the difference that was measured, and their number."""
        far = VGroup(self.hill[k] for k in np.flatnonzero(self.far))
        return [reshape(far, far.copy().set_fill(palette().query)), appear(self.count)]

    def rise(self) -> list[Play]:
        """The hill moves up, and its axis twice: here lies what is drawn from it, to be compared with the same line."""
        up, lifted = UP * units(self.LINES), UP * units(self.LIFTED)
        low, (ours, told) = VGroup(*self.axis[:2]), self.ours
        (above := low.copy())[1].meanings = ()
        high = means(Box(5, pixels(ours.height) + self.LINES, palette().query, 2), *ours.meanings)
        return [
            (
                *multiply(low, [above.shift(lifted)], "slow"),
                reshape(self.hill, self.hill.copy().shift(lifted), "slow"),
                *(reshape(part, part.copy().shift(up), "slow") for part in (told, self.count)),
                reshape(ours, high.move_to(ours, aligned_edge=DOWN), "slow"),
            ),
            appear(*self.tries),
        ]

    def draw(self) -> list[Play]:
        """As many ways fall out of the hill as there are comparisons, and the one farthest out falls on; twice."""
        plays: list[Play] = []
        for ways, farthest, goal in zip(self.studies[:SLOWLY], self.extremes, self.farther, strict=False):
            out = {k: self.hill[k].copy().set_y(self.farther[0].get_y() + units(DRAWN)) for k in ways}
            rest = [one for k, one in out.items() if k != farthest]
            plays.append(tuple(Travel(self.hill[k], one, 0.0) for k, one in out.items()))
            plays.append((leave(*rest), *exchange([out[farthest]], [goal])))
        return plays

    def draw_on(self) -> Animation:
        """Of all other draws, the one farthest out falls into the lower hill."""
        both = zip(self.extremes, self.farther, strict=True)
        return lagged([Travel(self.hill[k], one, 0.0) for k, one in both][SLOWLY:], 0.3, 4.0, "tour")

    def beaten(self) -> list[Play]:
        """Those of the lower hill that are as far out as the difference that was measured, and their number."""
        far = VGroup(one for k, one in zip(self.extremes, self.farther, strict=True) if self.far[k])
        line, axis = self.ours[0], self.axis[0].get_y()
        x, top = 2 * at(self.middle, 0)[0] - line.get_x(), line.get_top()[1]
        mirrored = dashes(np.array([x, top, 0]), np.array([x, axis, 0]), "query", 3)
        return [
            draw(mirrored),
            reshape(far, far.copy().set_fill(palette().query)),
            (leave(self.count), appear(self.alarms)),
        ]


class SizeInteraction:
    """Two sizes, with and without a part: does what the part is worth depend on the size?

    Args:
        run: the experiment, whose trainings lie along `axis`.
        kinds: what the lines with and without the part are called, and the trainings of the small and the large size.
        sizes: what the two sizes are called.
        note: what both have in common.
    """

    def __init__(
        self,
        run: Trace,
        axis: str,
        kinds: Mapping[str, tuple[str, str]],
        sizes: tuple[str, str],
        room: Room,
        note: str = "",
    ) -> None:
        inner = Room(room.left + 146, room.top + 86, room.right - 146, room.bottom - 92)
        self.inner, self.ground, self.xs = inner, Ground(), (inner.left, inner.right)
        self.columns, self.starts, self.lines = VGroup(), VGroup(), VGroup()
        self.firsts, self.lasts, self.keys = VGroup(), VGroup(), VGroup()
        self.axis = VGroup(Words("new sentences right", "aside", "ink2").settle(at(0, room.top + 24)))
        self.axis[0].begin_at(at(room.left, 0)[0])
        if note:
            self.axis.add(Words(note, "aside", "ink2").settle(at(0, room.top + 24)).end_at(at(room.right, 0)[0]))
        for share, name in ((0, "none"), (1, "all")):
            spot = at(inner.left - 52, self.y(share))
            self.axis.add(Words(name, "aside", "ink2").settle(spot).end_at(spot[0]))
        for x, size in zip(self.xs, sizes, strict=True):
            post = means(rule(at(x, inner.bottom), at(x, inner.top), "line", 4), self.ground)
            told = Words(size, "block").settle(at(x, inner.bottom + 66))
            edge = at(room.left, 0)[0] - told.get_left()[0], at(room.right, 0)[0] - told.get_right()[0]
            self.columns.add(VGroup(post, told.shift(RIGHT * (max(0.0, edge[0]) + min(0.0, edge[1])))))
        clear: list[float] = []
        for (text, ends), role in zip(kinds.items(), ("residual", "weight"), strict=True):
            seeds, averages = (
                [run[name].pick(**{axis: end}) for end in ends] for name in ("exact", "exact.over_seeds")
            )
            spots = [at(x, self.y(mean)) for x, mean in zip(self.xs, averages, strict=True)]
            small, large = (self._dots(x, some, role) for x, some in zip(self.xs, seeds, strict=True))
            self.starts.add(small)
            self.lines.add(VGroup(path(spots, role, 7), large))
            left, end = spots
            self.firsts.add(number(averages[0], "share", "large number", role).settle(left).end_at(left[0] - units(52)))
            self.lasts.add(number(averages[1], "share", "large number", role).settle(end).begin_at(end[0] + units(52)))
            key = Words(text, "block", role).settle(0.7 * spots[0] + 0.3 * spots[1])
            way = spots[1] - spots[0]
            #: Clear of its line, which may be steep.
            clear.append(units(34) + abs(way[1] / way[0]) * key.width / 2)
            self.keys.add(key)
        #: All but the columns.
        self.shown = (self.axis, self.starts, self.lines, self.firsts, self.lasts, self.keys)
        self._apart(self.firsts)
        self._apart(self.lasts)
        above = self.keys[0].get_y() > self.keys[1].get_y()
        for key, lift, side in zip(self.keys, clear, (1, -1) if above else (-1, 1), strict=True):
            key.shift(UP * side * lift)

    def begin(self) -> list[object]:
        """Plays: the trainings of the small size fall to their places, and get their means."""
        return [appear(self.axis), fall([one for dots in self.starts for one in dots], "cell"), appear(self.firsts)]

    def end(self) -> list[object]:
        """Plays: the lines lead to the large size, where its trainings and means appear."""
        return [
            (draw(*(line for line, _ in self.lines), kind="cell"), appear(self.keys)),
            appear(*(dots for _, dots in self.lines), self.lasts),
        ]

    def _dots(self, x: float, seeds: NamedTensor, role: str) -> VGroup:
        """A dot for each seed, on a post whose middle is a half."""
        found = VGroup()
        for k, seed in enumerate(seeds.quantities()):
            away = Away(seed, 0.5, 1, self.inner.height, 2 * DOT, self.ground)
            found.add(means(dot(at(x + 2 * ASIDE * _aside(k), self.y(seed)), DOT, role), away))
        return found

    def y(self, share: float) -> float:
        """px of a share."""
        return self.inner.bottom - self.inner.height * float(share)

    @staticmethod
    def _apart(texts: VGroup) -> None:
        """Numbers that would stand on each other move away."""
        upper, lower = sorted(texts, key=lambda text: -text.get_y())
        short = units(54) - (upper.get_y() - lower.get_y())
        if short > 0:
            upper.shift(UP * short / 2)
            lower.shift(-UP * short / 2)


class ParameterArea:
    """The learned parameters of a model as a rectangle, out of which the piece of a part falls.

    Args:
        run: the tensors of `parts_removed`.
        part: what is taken out.
    """

    def __init__(self, run: Trace, part: str, room: Room) -> None:
        head, body = room.split_rows(60, 18)
        above, body = body.split_rows(100, 18)
        body, foot = body.split_rows(-60, 18)
        self.title = Words("learned parameters", "block", "ink2").begin_in(head)
        points = Words(f"{run['exact.points'].pick(part=part):+.1f} points", "large word", "weight").end_in(foot)
        named = Words("new sentences right", "fact", "ink2").next_to(points, LEFT, buff=units(24))
        self.cost = VGroup(named, points)
        whole, less = (run["parameters"].pick(part=one) for one in ("nothing", part))
        share, high = run["parameters.missing"].pick(part=part), body.height
        #: What a model without the part still has, and the piece that is gone then.
        self.rest = bar_of(less, "width", body.width / float(whole), high, "residual", 0, 0)
        self.piece = VGroup(bar_of(share, "width", body.width, high, "residual", 0, 0))
        self.rest.move_to(at(body.left, body.bottom), aligned_edge=DOWN + LEFT)
        self.piece.move_to(at(body.right, body.bottom), aligned_edge=DOWN + RIGHT)
        #: Both at first, with no seam.
        self.whole = Box.of(body, palette().residual, 0)
        self.outline = frame(body.width, high, "ink", 4, 0).move_to(body.centre)
        #: How many the whole model has, and the one with a single head: above all of it; and what is left, in the rest.
        self.counts = VGroup()
        models = ("nothing", "all heads", "residual"), ("all heads but one", "one head", "weight")
        for (one, choice, role), row in zip(models, above.rows(2, 0), strict=True):
            name, wide = Words(CALLED[one], "block", role), Words(f"d_k = {run['d_k'].pick(choice=choice)}", "fact")
            told = number(run["parameters"].pick(part=one), ",.0f", "large number", role).end_in(row)
            wide.next_to(name.begin_in(row), RIGHT, buff=units(24))
            self.counts.add(VGroup(name, wide, told))
        told = number(less, ",.0f", "chapter", "background")
        self.left, told.paper = VGroup(Words(CALLED[part], "title", "background", self.rest), told), self.rest
        self.left.arrange(DOWN, buff=units(24)).move_to(self.rest)
        #: A model as large as the whole one.
        self.rival = frame(body.width, high, "focus", 8, 0).move_to(body.centre)
        empty = frame(pixels(self.piece.width), high, "warning", 4, 0).move_to(self.piece)
        self.lost = VGroup(empty, number(share, "share", "chapter", "warning").move_to(empty))

    def lose(self) -> list[Play]:
        """The piece turns red and falls out, and leaves an empty frame."""
        red = self.piece.copy().set_fill(palette().warning)
        return [
            (leave(self.whole), reshape(self.piece, red, "flow")),
            take_out(self.piece, self.lost),
            appear(self.left, self.cost),
        ]

    def stretched(self) -> Animation:
        """Let what is left grow to the size of the whole: a rival as large."""
        begin = frame(pixels(self.rest.width), pixels(self.rest.height), "focus", 8, 0).move_to(self.rest)
        return Travel(begin, self.rival, 0.0, "row")

    def changed(self, parts: Sequence[VMobject]) -> list[Animation]:
        """The parts that fell out go off and on, part by part, and at last what it had of the size."""
        return [OffAndOn(one) for one in (*parts, self.lost)]
