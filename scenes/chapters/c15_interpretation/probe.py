"""A linear probe: vectors as dots on a plane, carried through the layers, and the line that parts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import Play, Travel, appear, appear_in_turn, exchange, follow, lagged, leave, reshape
from scenes.layout import Room
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dashes, dot, drop, frame
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The colours of both genders; px of a dot that the probe is fitted to, and of one of a new noun.
MASCULINE, FEMININE = "key", "value"
KNOWN, NEW = 10.0, 17.0
#: The part of the extent of all dots that is left free around them.
MARGIN = 0.08
#: Px of the name of a plane, of the row of those on the wrong side, of its count, of what it is called, and between its
#: places.
HEAD, ROW, COUNT, OVER, APART = 50.0, 40.0, 230.0, 50.0, 4.0


class ProbePlane:
    """Vectors as dots on one plane, for each layer where they lie then, and the line of the linear probe of that layer.

    Across lies what the probe says, so that its line is upright; up, how the vectors differ most at right angles to it.
    The last plane is that of genders dealt at random.

    Args:
        run: the results of the experiment.
        room: the rectangle that is filled.
        stops: the places of the stream above it where it is read.
    """

    def __init__(self, run: Trace, room: Room, stops: Sequence[np.ndarray]) -> None:
        spots, genders, new = run["spots"], run["genders"], run["unseen"].values > 0
        head, body = room.split_rows(HEAD, 24)
        body, foot = body.split_rows(-ROW - OVER, 16)
        called, (middle, count) = foot.split_rows(OVER)[0], foot.split_rows(OVER)[1].split_columns(-COUNT)
        half = int(run["asked"]) // 2
        across, up = (spots.pick(**{spots.axes[-1]: axis}) for axis in (0, 1))
        reach, heights = (1 + MARGIN) * float(np.abs(across.values).max()), (up.values.min(), up.values.max())
        air = MARGIN * (heights[1] - heights[0])
        around = (-reach, reach), (heights[0] - air, heights[1] + air)
        self.plot = Plot.filling(body, across, up, around)
        self.plot.remove(self.plot.names)
        self.line = dashes(self.plot.point(0, heights[0]), self.plot.point(0, heights[1]), "query", 6)
        #: For each new noun a place in a row; half of them, as a coin would have it, and what the row is called.
        self.places = VGroup(
            frame(place.width, place.width, "line", 2, place.width / 2).move_to(place.centre)
            for place in middle.columns(2 * half, APART)
        )
        end = self.places[:half].get_right() + RIGHT * units(APART / 2)
        self.half = dashes(end + UP * units(ROW), end + DOWN * units(ROW / 2), "ink2", 4)
        self.row = [
            self.places,
            self.half,
            Words("on the wrong side", "fact", "ink2").begin_in(called),
            Words("a coin: half", "fact", "ink2").settle(called.centre).begin_at(end[0] + units(ROW / 2)),
        ]
        #: For each plane the needle that reads it, its name, the dots that the probe is fitted to, those of new nouns,
        #: and the wrong in a row.
        self.needles, self.names, self.known, self.told, self.wrong, self.counts = (VGroup() for _ in range(6))
        self.sources: list[list[VMobject]] = []
        for k in range(len(spots)):
            stop, name = stops[min(k, len(stops) - 1)], word(spots.label("part", k), "large word").settle(head.centre)
            name.set_x(min(stop[0], at(room.right, 0)[0] - name.width / 2))
            if k == len(stops):  # read at the last place, too
                name.next_to(self.names[-1], LEFT, units(ROW))
            self.names.add(name)
            self.needles.add(VGroup(dot(stop, KNOWN + APART, "query"), drop(dot(stop), name, "query", 6)))
            known, told = (
                VGroup(self._dot(spots, genders, k, int(i), large) for i in np.flatnonzero(some))
                for some, large in ((~new, KNOWN), (new, NEW))
            )
            sides = spots.values[k, new, 0] * genders.values[k, new]
            self.known.add(known)
            self.told.add(told)
            wrong = sorted((told[int(i)] for i in np.flatnonzero(sides <= 0)), key=lambda one: float(one.get_x()))
            self.sources.append(wrong)
            places = zip(self.places[: len(wrong)], wrong, strict=True)
            self.wrong.add(VGroup(place.copy().set_fill(one.get_fill_color(), 1) for place, one in places))
            told_of = f"{run['wrong_side'].quantity(k):.0f} of {run['asked']:.0f}"
            self.counts.add(Words(told_of, "large word").end_in(count))
        self.blank = self.told[0].copy().set_fill(palette().ink3)
        looks = ((KNOWN, MASCULINE), (KNOWN, FEMININE), (NEW, "ink3"))
        signs, names = (dot(np.zeros(3), *look) for look in looks), ("masculine", "feminine", "new noun")
        pairs = ((one, Words(name, "fact")) for one, name in zip(signs, names, strict=True))
        self.legend = VGroup(VGroup(*pair).arrange(buff=units(3 * APART)) for pair in pairs)
        self.legend.arrange(buff=units(ROW / 2)).move_to((self.names[0].get_right() + self.names[1].get_left()) / 2)
        rows, share = run["rows"].pick(choice="inflected"), run["control"].pick(choice="inflected", layer=-1)
        #: The share on the right side where genders are dealt at random.
        self.chance = Words(f"on the right side: {share:share} of all {rows:,.0f}", "fact", "ink2").end_in(called)

    def _dot(self, spots: NamedTensor, genders: NamedTensor, part: int, sample: int, radius: float) -> VMobject:
        across, up = ([spots.quantity(part, sample, axis)] for axis in (0, 1))
        role = FEMININE if genders.quantity(part, sample) > 0 else MASCULINE
        spot: VMobject = self.plot.dots(across, up, role, radius)[0]
        return spot

    def ask(self) -> list[Play]:
        """New nouns come as grey dots, and then their genders are told."""
        come = appear(*self.row), appear_in_turn([*self.blank], "rest")
        return [come, exchange([*self.blank], [*self.told[0]])]

    def judge(self, part: int = 0) -> list[Play]:
        """Those that lie on the wrong side drop into the row, and are counted."""
        if not self.sources[part]:
            return [appear(self.counts[part])]
        falls = (Travel(one, to, kind="row") for one, to in zip(self.sources[part], self.wrong[part], strict=True))
        return [(lagged(falls, 0.1, kind="row"), appear(self.counts[part]))]

    def carry(self, part: int) -> list[Play]:
        """All dots move to where they lie in the next plane, and are judged there."""
        names = self.names[part - 1 : part] if part < len(self.names) - 1 else []
        gone = leave(self.wrong[part - 1], self.counts[part - 1], *names)
        needle = exchange([self.needles[part - 1]], [self.needles[part]], "row")
        moved = (reshape(dots[0], dots[part], "row") for dots in (self.known, self.told))
        return [(gone, follow(self.names[part]), *needle, *moved), *self.judge(part)]
