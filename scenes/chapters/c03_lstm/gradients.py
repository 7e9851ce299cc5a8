"""The gradient that reaches the first symbol of a sequence: it shrinks, and is then looked for by powers of ten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from manim import RIGHT, UP, Animation, VGroup, VMobject, rate_functions

from scenes.animations import Motion, Riding, Sweep, Through, Wipe, appear, draw, exchange, fill, leave
from scenes.chapters.c03_lstm.figures import BILLION, FORM, HEAD
from scenes.layout import Room
from scenes.mobjects.bars import bar_on
from scenes.mobjects.marks import Ground, Length, means
from scenes.mobjects.shapes import Box, arrow, frame, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, ink_on, pace, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

#: From the top of a bar to its number; px of the names of small shares, of a bar beside them and of its point;
#: and above and below a long row.
OVER, SHARE, WALL, POINT, THIN = UP * units(40), 560.0, 170.0, 70.0, 14.0
#: Shares of a bar, each a thousandth of the one before.
SHARES = (
    "a thousandth",
    "a millionth",
    "a billionth",
    "a thousandth of a billionth",
    "a millionth of a billionth",
    "a billionth of a billionth",
    "a trillionth of a billionth",
)
#: A smaller bar is at last so much of the height, and a line that a bar is measured by; a line is seen from one height
#: on, and goes out in the next part above that level. Px of a bar that is too small to be seen.
SMALLER, LEVEL, RISEN, LAST, HAIR = 0.5, 0.7, 0.001, 0.1, 3.0
#: Px from the point of a bar down to the words that it goes on, and from one to the next.
ONWARD, NEXT = 172.0, 36.0


class GradientOverTime:
    """A sequence whose first symbol is asked for behind the last; on it stands, as a bar, the gradient that reaches it.

    What is asked moves away; from its error an arrow leads back to the first symbol, on which the bar shrinks.

    Args:
        distances: how many symbols back the first one is, in turn; the last is far away.
        gradient: that at the first symbol, over each of these `distances`.
        room: the rectangle that is filled.
    """

    def __init__(self, distances: Sequence[Quantity], gradient: NamedTensor, room: Room) -> None:
        (head, body), (*near, far) = room.split_rows(FORM), distances
        columns, places, ground = body.columns(int(near[-1]) + 3, 18), [*map(int, near)], Ground()
        wide, (upper, lower) = columns[0].width, body.split_rows(-2 * HEAD)
        (above, line), (way, self.foot) = upper.split_rows(-wide, 12), lower.rows(2, 0)
        #: All that is above the ground.
        self.above = room.cross(Room(0, room.top, 0, above.bottom))
        unit = (above.height - HEAD) / gradient.quantity(0)
        self.rows = [[one] for one in gradient.quantities()[: len(near)]]
        square = Box(wide, wide, palette().surface, 10, palette().ink3, 2.5)
        self.symbols = VGroup(square.copy().move_to(column.cross(line).centre) for column in columns[: places[-1] + 1])
        self.first, self.places = frame(wide, wide, "ink", 6, 10).move_to(self.symbols[0]), places
        self.zero = means(rule(at(room.left, above.bottom), at(room.right, above.bottom), "ink3", 3), ground)
        zero = self.zero.get_center() * UP + self.first.get_x() * RIGHT
        #: Below the ground, for the names of bars; and above the longest row.
        self.beneath, self.higher = line.split_rows(HEAD)[0], room.cross(Room(0, room.top, 0, self.foot.top))
        self.bars, self.asked, self.told = [], [], VGroup()
        for (value,), distance, place in zip(self.rows, near, places, strict=True):
            self.bars.append(VGroup(bar_on(zero, ground, value, "height", unit, wide, role="residual")))
            self.told.add(number(distance, "", "stage number", "ink2").settle(columns[place].cross(self.foot).centre))
            self.asked.append(self._asked(columns[place + 1].cross(line), self.first, columns[place + 1].cross(way)))
        self.bar, self.back = self.bars[0].copy(), self.asked[0].copy()
        self.size = VGroup(number(gradient.quantity(0), ".4f", "stage number").settle(self.bar.get_top() + OVER))
        self.called = Words("LSTM: gradient at the first symbol", "block", "residual").begin_in(head)
        self.unit = Words("symbols back", "fact", "ink2").end_in(self.foot)
        #: The same sequence where what is asked is `far` away: the first symbol, those between, and the error.
        self.row = VGroup(Box.of(one, palette().ink3, 2) for one in self.foot.inset(0, THIN).columns(int(far) + 2, 5))
        for one, role in ((self.row[0], "ink"), (self.row[-1], "warning")):
            one.set_fill(palette().role(role))
        self.far = Words(f"gradient at the first symbol, {far} symbols back", "stage word", "ink2").begin_in(way)

    @staticmethod
    def _asked(place: Room, first: VMobject, way: Room) -> VGroup:
        """The symbol that is asked for, its error as a red frame, and an arrow from there back to the first symbol."""
        plate = Box(place.width, place.width, palette().surface, 10).move_to(place.centre)
        around = frame(place.width, place.width, "warning", 6, 10).move_to(plate)
        error = Words("error", "block", "warning").next_to(around, UP, buff=units(20))
        back = arrow(way.centre, way.centre * UP + first.get_x() * RIGHT, "warning", 8, 26)
        asked = Words("?", "chapter", "ink", plate).settle(place.centre)
        return VGroup(part.set_z_index(1) for part in (plate, asked, around, error, *back))

    def ask(self) -> list[Animation]:
        """The sequence: its first symbol is asked for behind the last."""
        ask = appear(*self.back[:2], self.told[0], self.unit)
        return [appear(*self.symbols[:2], self.zero), appear(self.first), ask]

    def begin(self) -> list[tuple[Animation, ...]]:
        """From the error, something goes back to the first symbol, and the gradient there grows from zero."""
        return [
            (appear(*self.back[2:4], rise=False),),
            (draw(VGroup(*self.back[4:]), kind="row"),),
            (Wipe(self.bar, towards=UP), appear(self.called, self.size)),
        ]

    def away(self) -> tuple[Animation, ...]:
        """The symbol that is asked for moves away, and of the gradient a part is lost on the way back."""
        moments = VGroup(
            VGroup(*self.symbols[start + 1 : end + 1], told)
            for (start, end), told in zip(pairwise(self.places), self.told[1:], strict=True)
        )
        ride = Riding(self.bar, self.bars, self.size, self.rows, ".4f", OVER, "slow")
        return ride, Through(self.back, self.asked), Sweep(moments, "slow")

    def far_away(self, *others: Animation) -> list[tuple[Animation, ...]]:
        """The sequence grows until nothing is to be seen of the bar; then `others` play."""
        gone = self.first, self.bar, self.size, self.called, *self.told, self.unit, *self.back[:2], *self.back[3:]
        old, count = [*self.symbols, self.back[2]], len(self.symbols)
        grown = exchange(old, [*self.row[:count], self.row[-1]])
        return [(leave(*gone), *grown), (fill(self.row[count:-1], "appear"), appear(self.far), *others)]


class PowersOfTen:
    """Bars on one ground, to whose feet the eye goes nearer by powers of ten, while lines of ever smaller shares rise.

    On the way back there is a line of a billion times the last bar instead.

    Args:
        values: what each bar means; from afar the first one fills the height, and from near it leaves the picture.
        names: what each is called, and in which role.
        room: what is filled above the ground.
        foot: the line of the names.
    """

    def __init__(
        self, values: Mapping[str, Quantity], names: Mapping[str, tuple[str, str]], room: Room, foot: Room
    ) -> None:
        side, rest = room.split_columns(SHARE)
        self.values, self.power, (*_, (_, last)) = values, 0.0, names.values()
        self.bars, self.names, self.lines = {}, {}, VGroup()
        for (key, value), column in zip(values.items(), rest.columns(len(values)), strict=True):
            name, role = names[key]
            wall = Box(WALL, room.height, palette().role(role), 0).move_to(column.centre)
            self.bars[key] = VGroup(wall)
            for line, told in enumerate(("goes on", "far above")):
                word = Words(told, "stage word", paper=wall).set_fill(ink_on(palette().role(role)))
                self.bars[key].add(word.settle(at(0, room.top + ONWARD + line * NEXT) * UP + column.centre * RIGHT))
            self.names[key] = Words(f"{name} {value:.0e}", "stage word", role)
            self.names[key].settle(column.cross(foot).centre)
        self.smallest, self.returns = float(value / next(iter(values.values()))), False
        #: How high the lines are, as shares of the first bar; the last one is seen on the way back alone.
        self.shares = [*(1e-3 ** (k + 1) for k in range(len(SHARES))), BILLION * self.smallest]
        for share, told in zip(self.shares, (*SHARES, "a billion times the LSTM’s"), strict=True):
            line = VGroup(rule(at(room.left, room.bottom), at(room.right, room.bottom), "ink3", 2.5))
            line.add(Words(told, "block", "ink2" if share in self.shares[:-1] else last).begin_in(side))
            line[1].stand_on(line[0].get_y() + units(8))
            self.lines.add(line)
        shares = Words("shares of the Transformer’s", "stage word", "weight").begin_in(side.split_rows(FORM)[0])
        #: Of which the lines are shares, and the names of the first and the last bar.
        self.told = shares, *[*self.names.values()][:: len(values) - 1]
        self.room = room
        self.show(0.0)

    def below(self, keys: Sequence[str]) -> Animation:
        """The eye goes nearer, until the smallest share that is larger than the last bar is a line before it."""
        larger = [share for share in self.shares[:-1] if share > self.smallest]
        return self._goes(LEVEL / min(larger, default=self.smallest), keys, "tour")

    def rise(self, keys: Sequence[str]) -> Animation:
        """The eye goes nearer still, until the last bar is to be seen."""
        return self._goes(SMALLER / self.smallest, keys, "row")

    def above(self, keys: Sequence[str]) -> Animation:
        """The eye goes back to the line of a billion times the last bar."""
        self.returns = True
        return self._goes(LEVEL / self.shares[-1], keys, "flow")

    def _goes(self, larger: float, keys: Sequence[str], kind: str) -> Animation:
        before, self.power = self.power, float(np.log10(larger))
        parts = [self.lines, *(self.bars[key] for key in keys)]
        return ZoomByPowers(self, parts, (before, self.power), kind)

    def show(self, power: float, returns: bool = False) -> None:
        """Stand nearer by so many powers of ten."""
        (whole, *_), ground, tall = self.values.values(), at(0, self.room.bottom) * UP, UP * units(self.room.height)
        for key, (bar, *words) in self.bars.items():
            share, side = float(self.values[key] / whole) * 10**power, RIGHT * units(WALL / 2)
            top, foot = ground + tall * min(share, 1.0), ground + bar.get_x() * RIGHT
            top = np.maximum(top, ground + UP * units(HAIR))
            # What goes on beyond the picture has a point, and says so.
            beyond = float(np.clip(share - 1, 0, 1))
            shoulder = top + bar.get_x() * RIGHT - UP * units(POINT) * beyond
            tip = top + bar.get_x() * RIGHT
            bar.set_points_as_corners([foot - side, foot + side, shoulder + side, tip, shoulder - side, foot - side])
            unit = self.room.height * 10**power / float(whole)
            bar.meanings = (Length(self.values[key], "height", unit, WALL, HAIR),) if share <= 1 else ()
            for word in words:
                word.set_fill(opacity=beyond)
        for line, share in zip(self.lines, self.shares, strict=True):
            height, own = share * 10**power, line is self.lines[-1]
            line.shift(ground + tall * min(height, 1.0) - line[0].get_center() * UP)
            seen = float(np.clip(min(height / RISEN - 1, (LEVEL + LAST - height) / LAST), 0, 1)) * (returns or not own)
            line[0].set_stroke(opacity=seen)
            line[1].set_fill(opacity=seen)


class ZoomByPowers(Motion):
    """The eye goes from one power of ten to another, evenly."""

    def __init__(self, picture: PowersOfTen, parts: Sequence[VMobject], ends: tuple[float, float], kind: str) -> None:
        self.picture, self.ends, self.returns = picture, ends, picture.returns
        super().__init__(VGroup(*parts), run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        before, goal = self.ends
        self.picture.show(before + (goal - before) * self.rate_func(alpha), self.returns)
