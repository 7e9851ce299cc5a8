"""Sums of vectors: in two orders, of a word and its position, and what a plain number or a wave adds to a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import (
    Flight,
    Sweep,
    Through,
    Travel,
    Visit,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    follow,
    gather,
    lagged,
    leave,
    ring_around,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import ShareBar, bar_in
from scenes.mobjects.formulas import Formula
from scenes.mobjects.marks import End, Ground, Length, Rises, Stands, means
from scenes.mobjects.planes import Plane
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.shapes import Box, around, arrow, curve, direction, dot, path, rule
from scenes.mobjects.tensors import full_colour, pooled
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector, under, vector_in
from scenes.theme import at, pace, palette, pixels, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the names at the left, of the band between words and vectors, and between both sentences.
SIDE, BAND, BETWEEN = 190.0, 44.0, 120.0
#: The part of all entries that get less than the full colour.
BRIGHT = 0.95
#: Px around a chain of arrows, and the length from which an arrow has a name.
AIR, NAMED = 56.0, 70.0
#: How much of its colour the chain keeps that was drawn first.
FAINT = 0.35
#: Px above and below bars for what is written there; of a bar over its pitch.
TOP, FOOT, SHARE = 72.0, 64.0, 0.66
#: So many positions are counted; px of a column from which its number is large; how near to
#: where it was a wave repeats; px between waves.
POSITIONS, NARROW, NEAR, GAP = 24, 48.0, 0.05, 44.0
#: Px of the names of vectors, and above and below each.
NAMES, APART = 260.0, 70.0
#: So many tokens are listed; px of the bar below the list, with its name.
NEAREST, BELOW = 4, 140.0
#: Px of what is kept of the first round, and of the vectors that a model may have for its positions.
KEPT, OFFERED = 90.0, 120.0


def shuffled_order(trace: Trace) -> list[int]:
    """For each place of the shuffled sentence, the place in the sentence from which its word comes."""
    return [int(i) for i in trace["other.shuffled.order"].values]


class AttendedSentence:
    """A sentence, a line below it, and below that the vectors that attention makes of its words.

    Args:
        rows: the vectors, "position d_model".
        room: the rectangle that is filled.
        above, below: px above and below the line.
        scale: the entry that gets the full colour; if 0, that which most entries of `rows` stay below.
    """

    def __init__(self, rows: NamedTensor, room: Room, above: float, below: float, scale: float = 0.0) -> None:
        self.rows, self.scale = rows, scale or float(np.quantile(np.abs(rows.values), BRIGHT)) or 1.0
        self.ribbon = Ribbon(rows.words("position"), room)
        self.line, self.body = self.ribbon.below(room, above).split_rows(BAND, below)
        self.vectors = under(self.ribbon, self.body, rows, "residual", self.scale)


class TradingPlaces:
    """A sentence with the vector that attention makes of each word, and below it the same in another order.

    `order` says which vector of the sentence each one of the shuffled sentence should be.
    """

    def __init__(self, trace: Trace, attention: str) -> None:
        self.order = shuffled_order(trace)
        plain, other = (trace[f"other.{key}.{attention}.out"].pick(batch=0) for key in ("no_positions", "shuffled"))
        side, wide = STAGE.split_columns(SIDE, 20)
        upper, lower = wide.rows(2, BETWEEN)
        first = AttendedSentence(plain, upper, 12, 12)
        second = AttendedSentence(other, lower, 12, 12, first.scale)
        self.ribbon, self.vectors, self.moved, self.others = first.ribbon, first.vectors, second.ribbon, second.vectors
        self.band, self.other_band = (
            Box.of(row.line, palette().surface, 8, palette().line, 2) for row in (first, second)
        )
        for vector, chip in zip((*self.vectors, *self.others), (*self.ribbon.chips, *self.moved.chips), strict=True):
            means(vector, Stands(chip.label))
        places = (first.line, first.body, second.line, second.body)
        self.names = VGroup(
            Words(text, "block", "ink2").begin_in(side.cross(place))
            for text, place in zip(("attention", "output") * 2, places, strict=True)
        )
        self.ways = VGroup(self._way(self.vectors[j], self.moved.chips[i]) for i, j in enumerate(self.order))

    @staticmethod
    def _way(vector: Vector, chip: VMobject) -> VMobject:
        line = curve(vector.get_bottom() + DOWN * units(6), chip.get_top() - DOWN * units(6), "weight", 4)
        return means(line, End(chip.label))

    def rows_of(self, places: Sequence[int]) -> tuple[list[VMobject], list[VMobject]]:
        """The vectors of some words of the second sentence, and those of the same words in the first."""
        return [self.vectors[self.order[i]] for i in places], [self.others[i] for i in places]

    def trade_places(self) -> Animation:
        """The words go to their new places, one after another: none passes over another."""
        travels = [Travel(self.ribbon.chips[j], self.moved.chips[i], 0.0, "flow") for i, j in enumerate(self.order)]
        return lagged(travels, 1.0)

    def attend(self, again: bool = False) -> Animation:
        """Attention makes the vectors of the sentence; `again`, those of the shuffled one."""
        band, made = (self.other_band, self.others) if again else (self.band, self.vectors)
        return deal([band] * len(made), made)

    def along(self, places: Sequence[int]) -> Animation:
        """Copies of the first vectors follow their words: each lands on the one that was made there."""
        return lagged((Flight(*pair, 0.0, "row") for pair in zip(*self.rows_of(places), strict=True)), 0.6, 3.0)


def both_orders(labels: Sequence[Label], shuffled: Sequence[Label]) -> tuple[Ribbon, Ribbon, Room]:
    """A sentence along the top of the stage, the same in another order along its floor, and what lies between them."""
    upper = Ribbon(labels)
    body, floor = upper.below(STAGE).split_rows(STAGE.top - upper.columns[0].top, 16)
    return upper, Ribbon(shuffled, floor), body


class TwoOrders:
    """The terms of a weighted sum as arrows, tip to tail, in the orders of two sentences; and where both lead.

    Args:
        terms, others: "key component" of `weighted_value_plane`, for the same query in both.
        room: the rectangle that is filled.
    """

    def __init__(self, terms: NamedTensor, others: NamedTensor, room: Room) -> None:
        ends = [np.vstack([np.zeros(2), np.cumsum(tensor.values, axis=0)]) for tensor in (terms, others)]
        self.output_name = Words("output", "stage word")
        inside = Room(room.left, room.top, room.right - pixels(self.output_name.width), room.bottom).inset(AIR)
        self.plane = Plane(np.vstack(ends), inside)
        self.origin, foot, tip = self.plane.origin, self.plane.foot, self.plane.point(ends[0][-1])
        self.output, self.end = arrow(foot, tip, "weight", 6, 20), dot(tip, 12, "weight")
        both = zip((terms, others), ends, strict=True)
        self.chains = [self._chain(tensor, corners, (foot + tip) / 2) for tensor, corners in both]
        self.names = [VGroup(name for _, name in chain if name) for chain in self.chains]
        self.output_name.next_to(self.end, RIGHT, buff=units(24))

    def _chain(self, tensor: NamedTensor, corners: np.ndarray, middle: np.ndarray) -> list[tuple[VGroup, Words | None]]:
        """The arrows of one order, each with its name if it is long enough."""
        chain = list[tuple[VGroup, Words | None]]()
        for label, row, *ends in zip(tensor.words("key"), tensor, corners, corners[1:], strict=False):
            start, end = map(self.plane.point, ends)
            named = pixels(np.linalg.norm(end - start)) > NAMED
            line = self.plane.arrow(start, row.quantities(), "value", tip=20)
            chain.append((line, self._named(label, start, end, middle) if named else None))
        return chain

    def grow(self, chain: Sequence[tuple[VGroup, Words | None]]) -> Animation:
        """The arrows of a chain grow one from the tip of the other, and get their names."""
        turns = (AnimationGroup(draw(line), *([follow(name)] if name else [])) for line, name in chain)
        return lagged(turns, 1.0)

    def fade(self) -> Animation:
        """The first chain grows faint."""
        return AnimationGroup(line.animate(run_time=pace("row")).set_opacity(FAINT) for line, _ in self.chains[0])

    @staticmethod
    def _named(label: Label, start: np.ndarray, end: np.ndarray, middle: np.ndarray) -> Words:
        """The word of an arrow beside its middle, on the side that leads away from the output."""
        text = word(label, "stage word", "ink")
        _, aside = direction(start, end)
        aside *= 1.0 if aside @ ((start + end) / 2 - middle) >= 0 else -1.0
        reach = np.abs(aside) @ np.array([text.width / 2, text.height / 2, 0]) + units(18)
        return text.settle((start + end) / 2 + aside * reach)


class ScaledBars(VGroup):
    """The entries of a row as bars on a `zero` line, on the scale on which some values just fit, shaded up to `full`.

    If a number is added to each, they ride on a slab as high as this `lift`, and keep their sizes and colours; at the
    left a bar as long as a one, which comes with it, tells the scale.
    """

    def __init__(
        self, row: NamedTensor, full: float, room: Room, fitting: np.ndarray, lift: Sequence[Quantity] = ()
    ) -> None:
        values, (by, one) = pooled(row.values, room.width / 2), lift or (0.0, 0.0)
        low, top = min(float(fitting.min()), 0.0), max(float(fitting.max()), float(one))
        px, pitch = room.height / (top - low), room.width / len(values)
        foot, ground, wide = room.top + top * px, Ground(), pitch * SHARE
        self.zero = means(rule(at(room.left, foot), at(room.right, foot), "ink3", 3), ground)
        parts = [self.zero]
        if isinstance(by, Quantity) and isinstance(one, Quantity):
            unit = means(Box(10, px, palette().ink2, 0), Length(one, "height", px, 10))
            unit.move_to(at(room.left - APART / 2, foot), DOWN)
            parts += [unit, number(one, "", "fact", "ink2").next_to(unit, LEFT, buff=units(12))]
            slab = Box(room.width, max(abs(float(by)) * px, 2), palette().ink3, 0).set_fill(opacity=FAINT)
            slab.move_to(self.zero).shift(UP * units(float(by) * px / 2))
            means(slab, Length(by, "height", px, room.width, 2), Rises(by, 1, ground))
            foot, ground = foot - float(by) * px, Ground()
            parts += [slab, means(rule(at(room.left, foot), at(room.right, foot), "ink3", 3), ground)]
        # Where several entries share a bar, it has no source.
        sources = row.quantities() if len(values) == len(row) else [*map(float, values)]
        self.entries = VGroup()
        for i, entry in enumerate(sources):
            bar = Box(wide, max(abs(float(entry)) * px, 2), signed(float(entry), full), min(4, wide / 3))
            self.entries.add(bar.move_to(at(room.left + (i + 0.5) * pitch, foot - float(entry) * px / 2)))
            if isinstance(entry, Quantity):
                means(bar, Length(entry, "height", px, wide, 2), Rises(entry, 1, ground))
        super().__init__(*parts, *self.entries)


class NumberOrWave:
    """The entries of a token as bars, which ride on what is added to each, and below them the positions.

    `counted` has them with the number of each position added, the first of which is nothing, each on the scale on which
    it fits; `waved` with the sine of each, on the scale of both `waves`, of which the second is slower. `learned` are
    the entries with its encoding added. `largest` is the largest entry, in size, and `peak` its number at its bar.
    At the position `again` the first wave is `near` its beginning, the second far.
    """

    def __init__(self, embedding: Trace, token: Label, room: Room, waves: bool) -> None:
        here = {"batch": 0, "position": token.position}
        row, total, self.largest = (embedding[name].pick(**here) for name in ("scaled", "sum", "largest_entry"))
        side, wide = room.split_columns(NAMES, 24)
        line, foot = wide.split_rows(TOP / 2)[1].split_rows(-FOOT, TOP)
        # Entries are no positions: they do not stand over all of these.
        body = line.inset(line.width / 6, 0)
        values, full = row.values, float(np.abs(row.values).max())
        self.lifts = embedding["position_numbers"].quantities()[:POSITIONS]
        self.place = min(token.position, len(self.lifts) - 1)
        one = self.lifts[1]
        self.counted = [ScaledBars(row, full, body, values + float(lift), (lift, one)) for lift in self.lifts]
        self.word = self.counted[0].copy()
        self.entries = self.word.entries
        most = int(np.abs(values).argmax())
        bar, up = self.entries[most * len(self.entries) // len(row)], UP if values[most] > 0 else DOWN
        self.peak = number(row.quantity(most), ".1f", "stage number").next_to(bar, up, buff=units(10))
        self.token_name = Words(f"entries of “{token}”", "stage word", "residual").begin_in(side.cross(body))
        self.position_name = Words("position", "stage word", "ink2").begin_in(side.cross(foot))
        columns = foot.columns(len(self.lifts), 0)
        style = "number" if columns[0].width > NARROW else "note"
        self.numbers = VGroup(
            number(lift, "", style, "ink2").settle(column.centre)
            for lift, column in zip(self.lifts, columns, strict=True)
        )
        self.ring = ring_around(self.numbers[-1]).move_to(self.numbers[self.place])
        self.learned = ScaledBars(total, full, body, total.values, self.lifts[:2])
        if not waves:
            return
        sines = embedding["table_sin_cos"][: len(self.lifts), :, 0]
        away = np.abs(sines.values - sines.values[0])
        self.again = 1 + int(away[1:, 0].argmin())
        slow = int(away[self.again].argmax())
        self.near = bool(away[self.again, 0] < NEAR < away[self.again, slow])
        # One scale for all three: a one is as high everywhere.
        body = Room(body.left, body.top, body.right, body.bottom + TOP / 2)
        reach = np.array([values.min() - 1, values.max() + 1])
        upper, rest = body.split_rows((body.height - 2 * GAP) * float(np.ptp(reach)) / (float(np.ptp(reach)) + 4), GAP)
        self.waves, self.wave_names, lines = [], VGroup(), rest.rows(2, GAP)
        for pair, name, bed in zip((0, slow), ("one sine wave", "a slower one"), map(line.cross, lines), strict=True):
            self.waves.append(ScaledBars(sines[:, pair], 1.0, bed, np.array([-1.0, 1.0])))
            self.wave_names.add(Words(name, "stage word", "ink2").begin_in(side.cross(bed)))
        self.waved = [ScaledBars(row, full, upper, reach, (sine, one)) for sine in sines[:, 0].quantities()]
        self.raised_name = self.token_name.copy().set_y(upper.centre[1])

    def count(self, places: slice) -> tuple[Animation, ...]:
        """The slab grows as the number of each of these positions, which a ring passes, is added."""
        return Through(self.word, self.counted[places]), Visit(self.ring, self.numbers[places])

    def wave(self) -> tuple[Animation, ...]:
        """The first wave runs over the positions, and the word rides on it."""
        return Through(self.word, self.waved), Visit(self.ring, self.numbers), Sweep(self.waves[0].entries, "slow")


class OfferedVectors:
    """A sentence with a vector for each position below its words, as this model has it, and below that a place for
    the vector that another kind of model has there, which is not known.

    Args:
        encodings: of the positions, "position d_model".
        names: what both kinds are called, and in which role: first that of this model.
    """

    def __init__(self, encodings: NamedTensor, names: Sequence[tuple[str, str]]) -> None:
        side, wide = STAGE.split_columns(NAMES, 24)
        self.ribbon = Ribbon(encodings.words("position"), wide)
        lines = self.ribbon.below(wide).rows(2, APART)
        self.names = VGroup(
            Words(name, "stage word", role).begin_in(side.cross(line))
            for (name, role), line in zip(names, lines, strict=True)
        )
        rows = [line.inset(0, (line.height - OFFERED) / 2) for line in lines]
        self.own = under(self.ribbon, rows[0], encodings, names[0][1], full_colour(encodings))
        self.others = [
            VGroup(vector.plate, Words("?", "large word").settle(vector.get_center()))
            for vector in under(self.ribbon, rows[1], encodings, names[1][1], 1.0)
        ]
        #: What stands there at first, and all of it.
        self.standing = [self.ribbon, self.names[0], *self.own]
        self.whole = [*self.standing, self.names[1], *self.others]

    def offer(self) -> list[Animation | None]:
        """The places of the vectors that another model has come one by one."""
        return [appear(self.names[1]), appear_in_turn(self.others, "slow")]


class AddedPosition:
    """The encoding of a position, the embedding of the token there, and their sum, below each other, with their names.

    `part` has the tensors of an embedding at one position.
    """

    def __init__(self, part: Trace, token: Label) -> None:
        rows = [part[name] for name in ("positional", "scaled", "sum")]
        side, wide = STAGE.split_columns(NAMES, 24)
        lines, scale = wide.rows(3, APART), full_colour(*rows)
        looks = zip(lines, rows, ("ink2", "residual", "weight"), strict=True)
        self.rows = [vector_in(line, row, role, scale) for line, row, role in looks]
        self.names: list[VMobject] = [
            Words("its position", "stage word", "ink2"),
            Token(token, "", side.width, 84, "stage word"),
            Words("sum", "stage word"),
        ]
        for name, line in zip(self.names, lines, strict=True):
            name.move_to(side.cross(line).centre)

    def meet(self) -> Animation:
        """Copies of the first two fly into the place of their sum."""
        *parts, total = self.rows
        return AnimationGroup(Flight(part, total, 0.0, "row") for part in parts)


class TipToTail:
    """The plane of a word and its position, with their lengths and their angle kept.

    `part` has the tensors of an embedding at one position, of which `sum_plane` is part × component.
    """

    def __init__(self, part: Trace, token: Label, room: Room) -> None:
        plane: NamedTensor = part["sum_plane"]
        word, place = plane.values
        inside = Room(room.left + 60, room.top + 50, room.right - 230, room.bottom - 90)
        picture = Plane(np.array([np.zeros(2), word, word + place]), inside)
        self.origin, foot = picture.origin, picture.foot
        tip, end = (picture.point(spot) for spot in (word, word + place))
        self.word, self.place = (
            picture.arrow(start, plane[i].quantities(), role, 9, 30)
            for i, (start, role) in enumerate(((foot, "residual"), (tip, "ink2")))
        )
        self.total = arrow(foot, end, "weight", 11, 34)
        self.chip = Token(token).next_to(self.word, DOWN, buff=units(18))
        self.place_name = Words("its position", "stage word", "ink2")
        self.place_name.move_to((tip + end) / 2).shift(RIGHT * (units(28) + self.place_name.width / 2))
        self.total_name = Words("sum", "stage word")
        self.total_name.move_to((foot + end) / 2 + LEFT * (units(40) + self.total_name.width / 2) + UP * units(24))
        turn = float(np.arctan2(place[1], place[0]))
        self.angle = VGroup(rule(tip, tip + RIGHT * units(110), "ink3", 3), path(around(tip, 64, 0, turn), "ink2", 4))
        self.degrees = Words(f"{part['sum_angle']:.0f}°", "stage number", "ink2")
        self.degrees.next_to(self.angle, RIGHT + DOWN, buff=units(4))
        #: What stays of it, and the names of the arrows.
        self.whole = self.origin, self.word, self.place, self.total, self.angle, self.degrees
        self.names = self.chip, self.place_name, self.total_name

    def symbols(self) -> list[VMobject]:
        """The arrows as they stand in a formula, in the places of their names."""
        sources = zip(("{{ e : residual }}", "p", "{{ e + p : weight }}"), self.names, (UP, LEFT, RIGHT), strict=True)
        return [Formula(source, 50.0).move_to(name).align_to(name, side) for source, name, side in sources]


class NearestTokens:
    """The tokens of the vocabulary to which a vector is nearest, each with its cosine as a bar.

    Args:
        cosines: by vocab.
        own: the token that the vector was made of: it is lit.
        right: in how many sums the nearest token is the right one, as a bar below; None if that was not measured.
        told: what is written above that bar.
        room: the rectangle that is filled.
    """

    def __init__(self, cosines: NamedTensor, own: int, right: Quantity | None, told: str, room: Room) -> None:
        order = [int(i) for i in np.argsort(-cosines.values, kind="stable")[:NEAREST]]
        room, foot = room.split_rows(-BELOW, 30)
        head, body = room.split_rows(64)
        labels = [cosines.label("vocab", i) for i in order]
        side, rest = body.split_columns(max(map(chip_width, labels)), 20)
        bars, ends = rest.split_columns(-100, 16)
        self.lines = VGroup()
        for label, i, line in zip(labels, order, body.rows(NEAREST, 26), strict=True):
            value, role = cosines.quantity(i), "weight" if i == own else "ink3"
            chip = Token(label, "", side.width).move_to(side.cross(line).centre)
            bar = bar_in(bars.cross(line), value, bars.width, 64, role)
            text = number(value, ".2f", "stage number").settle(ends.cross(line).centre)
            self.lines.add(VGroup(chip, bar, text))
        self.title = Words("cosine with the sum", "fact", "ink2").begin_in(bars.cross(head))
        self.share, self.share_name = VGroup(), Words(told, "fact", "ink2")
        if right is not None:
            upper, lower = foot.split_rows(60)
            text = Words(f"{right:share}", "stage number").end_in(lower)
            bar = ShareBar(right, foot.width - pixels(text.width) - 30, "", 56)
            self.share.add(bar.move_to(lower.centre).align_to(at(foot.left, 0), LEFT), text)
            self.share_name.begin_in(upper)


class WithAndWithout:
    """A sentence with vectors that attention makes of it, first without positions, and then with them.

    Args:
        trace: a trace with both, and with the same words in another order.
        attention: the name of the attention.
        encodings: of the positions, which stay where they are while the words trade places.
        shown: the places of the shuffled sentence whose vectors are shown.

    Of both `rounds`, there are the vectors in both orders; below, those made anew where the words stand then; and below
    these, what is left when what was there before is subtracted. `shares` are the largest differences of each vector.
    """

    def __init__(self, trace: Trace, attention: str, encodings: NamedTensor, shown: Sequence[int]) -> None:
        order = shuffled_order(trace)
        side, wide = STAGE.split_columns(NAMES, 24)
        (top, low), self.rounds, self.shares = wide.split_rows(KEPT, AIR), [], []
        self.names, self.told = VGroup(), VGroup()
        ways = ("other.no_positions.", "shuffled", "without positions"), ("", "placed", "with positions")
        for plain, other, name in ways:
            made, moved = f"other.{other}.{attention}.out", trace.under(f"other.{other}.{attention}.out")
            row = AttendedSentence(trace[f"{plain}{attention}.out"].pick(batch=0), low, 8, 16)
            rows = row.rows, trace[made].pick(batch=0), moved["shuffle_difference"].pick(batch=0)
            lines = row.body.rows(len(rows), 16)
            before, new, left = (
                under(row.ribbon, line, tensor, "residual", row.scale) for line, tensor in zip(lines, rows, strict=True)
            )
            old = [before[order[i]] for i in shown]
            gone = [vector.copy().set_x(row.ribbon.centre(i)) for vector, i in zip(old, shown, strict=True)]
            self.rounds.append((old, gone, [new[i] for i in shown], VGroup(left[i] for i in shown)))
            self.shares.append([float(moved["permutation_difference_by_row"].values[i]) for i in shown])
            self.names.add(Words(name, "fact").begin_in(side.cross(row.line)))
            told = "no difference" if max(self.shares[-1]) < ROUNDING else "a difference"
            self.told.add(Words(told, "fact", "focus").begin_in(side.cross(lines[2])))
        sides = zip(("before", "now"), lines, strict=False)
        self.sides = VGroup(Words(text, "fact", "ink2").begin_in(side.cross(line)) for text, line in sides)
        self.ribbon, self.shown = row.ribbon, shown
        self.chips = [self.ribbon.chips[j] for j in order]
        self.goals = [chip.copy().set_x(self.ribbon.centre(i)) for i, chip in enumerate(self.chips)]
        self.places = under(self.ribbon, row.line, encodings, "weight", full_colour(encodings))
        #: What is left without positions, small and above, with its names.
        self.kept = self.rounds[0][-1].copy().stretch_to_fit_height(units(KEPT)).set_y(top.centre[1])
        names = zip((self.names[0], self.told[0]), side.cross(top).rows(2, 0), strict=True)
        self.kept_names = [text.copy().set_y(line.centre[1]) for text, line in names]

    def dealt(self, k: int) -> Animation | None:
        """Attention makes a vector of each word, in one of the rounds."""
        return deal([self.chips[i] for i in self.shown], self.rounds[k][0])

    def trade_places(self, k: int) -> tuple[Animation, ...]:
        """Each word takes its vector along to its new place; the encodings stay."""
        old, gone, *_ = self.rounds[k]
        return exchange([*self.chips, *old], [*self.goals, *gone], "cell", 0.12)

    def anew(self, k: int) -> Animation | None:
        """Vectors are made anew, below those that were there before."""
        return deal([self.goals[i] for i in self.shown], self.rounds[k][2])

    def subtracted(self, k: int) -> tuple[Animation, ...]:
        """Subtract what was there before, vector by vector."""
        _, gone, new, left = self.rounds[k]
        meetings = (gather(both, goal) for *both, goal in zip(gone, new, left, strict=True))
        return lagged(meetings, 0.6, kind="row"), follow(self.told[k])

    def back(self) -> tuple[Animation, ...]:
        """Move what is left up, and the words back."""
        _, gone, new, left = self.rounds[0]
        old = [left, self.names[0], self.told[0]]
        return leave(*gone, *new), *exchange([*self.goals, *old], [*self.chips, self.kept, *self.kept_names])
