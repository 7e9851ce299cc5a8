"""The blocks that were exchanged, from recorded vectors, what is kept of them, and two models as squares to scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject, rate_functions

from scenes.animations import (
    Come,
    Count,
    Flight,
    Play,
    Through,
    Travel,
    appear,
    exchange,
    follow,
    lagged,
    leave,
    ring_around,
)
from scenes.chapters.c16_modern.plan import INSIDE, NORMED
from scenes.layout import STAGE, Room
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import Area, Ground, Hue, Length, Rises, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arrow, curve, dot, rule, stroke
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.vectors import Vector
from scenes.theme import at, between, gap, pace, palette, signed, units
from transformer_core.studies.measures.feed_forward import ACTIVATIONS
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Px of a formula of a norm, of its name or a note below bars, and beside a band; how opaque that is: it is a spread.
HEAD, NOTE, SIGN, FAINT = 170.0, 64.0, 160.0, 0.22
SPREADS = {"spread": "sigma", "root_mean_square": '"rms"'}
#: Entries that differ by less look the same.
SEEN = 0.05
#: Px of the names at the left.
NAMES = 350.0
#: Px of a line of gates, of the formula below gated units, of what is added, and of the stream at its right; and the
#: share of its room that the widest gate takes.
SLIT, FORMULA, ADDED, STREAM, FILLED = 64.0, 104.0, 84.0, 96.0, 0.9
#: What two axes reach beyond their values, px of a name of them and of a bar, the points of a curve, and both curves.
MARGIN, TICKS, THIN, SMOOTH = 0.5, 50.0, 18.0, 80
CURVES = {"relu": ("ReLU", "ink3", 5.0, UP), "silu": ("SiLU", "weight", 9.0, DOWN)}
#: The part of a flight after which its goal appears.
LATE = rate_functions.squish_rate_func(rate_functions.smooth, 0.6, 1)


def bars(row: Sequence[Quantity], room: Room, unit: float, wide: float, origin: Ground) -> VGroup:
    """Signed numbers as bars from a zero line in the middle of a room, `unit` px for a one; hue is the sign."""
    pitch, zero = room.width / len(row), room.centre[1]
    found = VGroup()
    for i, value in enumerate(row):
        length = float(value) * unit
        bar = Box(wide, max(abs(length), 2.0), signed(float(np.sign(value)), 1.0), min(4, wide / 4))
        means(bar, Length(value, "height", unit, wide, 2.0), Rises(value, 1, origin, 2.0), Hue(value))
        y = zero + units(max(abs(length), 2.0) / 2) * (-1 if length < 0 else 1)
        found.add(bar.move_to(np.array([at(room.left + (i + 0.5) * pitch, 0)[0], y, 0])))
    return found


def zero_in(room: Room, ground: Ground, thick: float = 2) -> VGroup:
    """The zero line of such bars."""
    return VGroup(means(rule(at(room.left, 0), at(room.right, 0), "ink3", thick).set_y(room.centre[1]), ground))


class NormedVector:
    """A vector as bars; what layer norm makes of it stays as outlines, into which RMSNorm divides the same bars.

    At the left are both norms; behind the bars a band shows, up and down, what they are divided by.

    Args:
        run: the results of the experiment.
    """

    def __init__(self, run: Trace) -> None:
        side, body = INSIDE.split_columns(NAMES, 20)
        body, foot = body.split_columns(-SIGN)[0].split_rows(-NOTE, 14)
        formulas = {"layer norm": Formula("frac(x - mu, sigma)", LARGE), "RMSNorm": Formula('frac(x, "rms")', LARGE)}
        self.norms = []
        for (name, formula), room in zip(formulas.items(), side.cross(body).rows(2, NOTE), strict=True):
            head, rest = room.split_rows(NOTE, 14)
            figure = rest.split_rows(HEAD)[0].fit(formula, most=1.2)
            self.norms.append(VGroup(Words(name, "title").settle(head.centre), figure))
        drawn = Words(f"{run['drawn']:.0f} of its {run['width']:.0f} entries", "fact", "ink2")
        token = word(run["tokens"].label("position", NORMED), "stage word")
        self.drawn = VGroup(token.begin_in(foot), drawn.next_to(token, RIGHT, buff=gap("chip")))
        self.run, self.body, self.origin = run, body, Ground()
        self.zero = zero_in(body, self.origin)
        far = body.height / 2 / float(np.abs(run["stream"].values).max())
        self.before, self.centred, self.divided, self.again, self.within = (
            self._bars(name, far) for name in ("stream", "centred", "layer_normed", "stream", "rms_normed")
        )
        #: The result of layer norm.
        self.outlines = self._bars("layer_normed", far).set_fill(opacity=0).set_z_index(1)
        self.outlines.set_stroke(palette().focus, stroke(2), 1)
        self.bands = [self._band(run[name], sign, far) for name, sign in SPREADS.items()]
        self.ones = [self._band(1, '"one"', far) for _ in SPREADS]
        mean = float(run["mean"]) * far
        self.level, self.fallen, self.mean = map(self._level, (mean, 0, mean / float(run["root_mean_square"])))
        #: True if no eye can tell both results apart.
        self.alike = bool(run["difference"] < SEEN)
        share = Words(f"mean: typically {run['mean_share']:.0%} of the root mean square", "title", "focus")
        self.share = share.end_in(body.split_rows(NOTE)[0])

    def _bars(self, stage: str, unit: float) -> VGroup:
        row = self.run[stage].quantities()
        return bars(row, self.body, unit, self.body.width / len(row) * 0.74, self.origin)

    def _level(self, up: float) -> VGroup:
        line = rule(at(self.body.left, 0), at(self.body.right, 0), "focus", 4).set_y(self.zero.get_y() + units(up))
        return VGroup(line, Formula("mu", role="focus").next_to(line, RIGHT, buff=gap("chip")))

    def _band(self, reach: Quantity | int, sign: str, unit: float) -> VGroup:
        band = Box(self.body.width, 2 * float(reach) * unit, palette().ink2, 0).set_fill(opacity=FAINT)
        means(band, Length(reach, "height", 2 * unit, self.body.width)).move_to(self.body.centre)
        return VGroup(band, Formula(f"plus.minus {sign}", role="ink2").next_to(band, RIGHT, buff=gap("chip")))

    @staticmethod
    def divide(old: Sequence[VMobject], new: Sequence[VMobject]) -> list[Play]:
        """Bars are divided, and so is the band behind them; then it says what it has become."""
        (shown, band), (less, one) = old, new
        return [exchange([band[0], shown], [one[0], less], "slow"), (leave(band[1]), follow(one[1]))]


class ActivationCurves(VGroup):
    """The curves of ReLU and SiLU, and where each first number lies, a bar up or down to that of SiLU: its gate.

    Args:
        run: the results of the experiment.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        before, after = run["gate_before"], run["gate"]
        low, high = float(before.values.min()) - MARGIN, float(before.values.max()) + MARGIN
        place = room.split_rows(TICKS)[1].split_rows(-2.4 * TICKS)[0]
        self.plot = Plot.filling(place, before, after, ((low, high), (0, high)))
        along = np.linspace(low, high, SMOOTH)
        ends, self.curves, names = self.plot.point(low, 0), VGroup(), VGroup()
        self.plot.names[1].end_at(ends[0])  # clear of the bars that fall
        for name, (text, role, thick, side) in CURVES.items():
            self.curves.add(self.plot.curve(along.tolist(), ACTIVATIONS[name](along).tolist(), role, thick))
            names.add(Words(text, "title", role).next_to(ends, side, buff=units(24)).begin_at(ends[0] + units(TICKS)))
        foot = Room(place.left, place.bottom - 1, place.right, place.bottom + 1)
        self.bars = bars(after.quantities(), foot, place.height / high, THIN, Ground())
        for bar, value in zip(self.bars, before.values, strict=True):
            bar.set_x(self.plot.point(float(value), 0)[0])
        #: What the curves lie in.
        self.frame = VGroup(self.plot, names)
        super().__init__(self.frame, self.curves, self.bars)


class GatedUnits:
    """Units side by side: a first number bends into a gate, which is an opening, and a second one gets as narrow as it.

    At the right, the stream, and what the whole layer adds to it.

    Args:
        run: the results of the experiment.
    """

    def __init__(self, run: Trace) -> None:
        rest, foot = INSIDE.split_rows(-FORMULA, 10)
        rest, end = rest.split_columns(-(ADDED + STREAM), 40)
        side, columns = rest.split_columns(NAMES, 20)
        gated = Formula('x + ({{ op("SiLU")(n W_g) dot.o n W : weight }}) W\', quad n = op("RMSNorm")(x)', LARGE)
        self.formula = foot.split_columns(-STREAM)[0].fit(gated, most=1.0)
        self._stream(run, end.cross(INSIDE), columns)
        #: First numbers have the upper half, and what bends them the lower; then openings lie above second numbers.
        (first, lower), (slits, tall) = columns.rows(2), columns.split_rows(SLIT, 16)
        self.bend = ActivationCurves(run, Room(columns.left, lower.top, columns.right, INSIDE.bottom))
        pitch, grounds = columns.width / len(run["gate"]), (Ground(), Ground())
        #: Px of a one: of a first number, of a second one, and across an opening.
        unit, high, wide = (
            px / float(np.abs(run[name].values).max())
            for name, px in (("gate_before", first.height / 2), ("number", tall.height / 2), ("gate", FILLED * pitch))
        )
        self.zeros = [zero_in(room, ground, 2.5) for room, ground in zip((first, tall), grounds, strict=True)]
        self.bars = {
            name: bars(run[name].quantities(), first, unit, pitch / 2, grounds[0])
            for name in ("gate_before", "relu", "gate")
        }
        self.bars |= {"again": self.bars["gate_before"].copy(), "slit": VGroup(), "product": VGroup()}
        self.bars["number"] = bars(run["number"].quantities(), tall, high, wide, grounds[1])
        units_ = zip(
            *(run[name].quantities() for name in ("gate", "number", "product")), self.bars["number"], strict=True
        )
        for gate, number_, product, bar in units_:
            across, long = max(abs(float(gate)) * wide, 2.0), max(abs(float(number_)) * high, 2.0)
            slit = Box(across, THIN, signed(float(np.sign(gate)), 1.0), 2)
            means(slit.move_to(slits.centre), Length(gate, "width", wide, THIN, 2.0), Hue(gate))
            left = Box(across, long, signed(float(np.sign(product)), 1.0), 2).move_to(self.zeros[1])
            left.shift(UP * units(long / 2) * np.sign(product))
            sides = Length(number_, "height", high, across, 2.0), Length(gate, "width", wide, long, 2.0)
            means(left, *sides, Rises(product, 1, grounds[1], 2.0), Hue(product))
            for name, one in (("slit", slit), ("product", left)):
                self.bars[name].add(one.match_x(bar))
        texts = {"first number": first, "gate": slits, "second number": tall, "area: product": tall}
        self.names = {name: Words(name, "title").begin_in(side.cross(room)) for name, room in texts.items()}
        #: The units whose gates are nearly shut.
        self.shut = [int(place) for place in np.flatnonzero(run["shut"].values > 0)]

    def _stream(self, run: Trace, end: Room, body: Room) -> None:
        """The stream on end, and beside it the vector that the layer adds."""
        place, stream = end.split_columns(ADDED, 0)
        strip = place.cross(body)
        full, self.count = full_colour(run["added"]), len(run["added"])
        self.added = Vector(run["added"], ADDED, strip.height, "residual", full, upright=True).move_to(strip.centre)
        x, y = stream.right - 14, body.centre[1]
        start, join = self.added.get_right(), np.array([at(x, 0)[0], y, 0])
        self.stream = rule(at(x, INSIDE.bottom - 6), at(x, INSIDE.top + 6), "residual", 9)
        way = arrow(start + RIGHT * units(6), join + LEFT * units(17), "residual", 6, 20)
        self.join = VGroup(way, dot(join, 15, "residual"))

    def add_up(self) -> Animation:
        """Every product flies to a place of its own in the vector, and the whole of it appears."""
        cells, bars = self.added.cells, self.bars["product"]
        goals = [cells.of(i) for i in np.linspace(0, self.count - 1, len(bars)).astype(int)]
        flights = lagged(map(Flight, bars, goals), 0.1)
        return AnimationGroup(flights, Come(self.added, run_time=pace("slow"), rate_func=LATE))

    def become(self, old: str, new: str) -> tuple[Animation, ...]:
        """The first numbers change from one state to another: before an activation, or behind one."""
        return exchange(self.bars[old], self.bars[new], "row")

    def multiply(self) -> Animation:
        """Each number gets as narrow, or as wide, as its gate, and what is left of it is the product."""
        return lagged(exchange(self.bars["number"], self.bars["product"], "row"), 0.3)

    def column(self, place: int) -> VGroup:
        """The bars of one unit."""
        return VGroup(self.bars[name][place] for name in ("slit", "product"))

    def bent(self) -> list[Play]:
        """Every first number meets the curve of SiLU, and comes back from it as a gate."""
        met = [Travel(bar, cut, 0.0, "flow") for bar, cut in zip(self.bars["again"], self.bend.bars, strict=True)]
        back = [Flight(cut, bar, 0.0, "row") for cut, bar in zip(self.bend.bars, self.bars["gate"], strict=True)]
        return [
            lagged(met, 0.2),
            (*self.become("again", "gate"), *back),
            (
                leave(self.bend, self.zeros[0], self.names["first number"]),
                *self.become("gate", "slit"),
                follow(self.names["gate"]),
            ),
        ]


class SharedKeys:
    """Queries of all heads along the top; below them a key and a value for each, or one pair for every few heads.

    Args:
        run: the results of the experiment.
    """

    def __init__(self, run: Trace) -> None:
        side, wide = INSIDE.split_columns(210, 20)
        above, rest = wide.split_rows(250)
        below = rest.split_rows(-250)[1]
        queries, keys, values = run["queries"], run["shared_keys"], run["shared_values"]
        heads, shared = len(queries), len(keys)
        self.group = heads // shared
        columns = wide.columns(heads, 26)
        scale = max(full_colour(queries), full_colour(keys))
        self.queries = [
            Vector(query, 104, above.height, "query", scale, upright=True).move_to(column.cross(above).centre)
            for query, column in zip(queries, columns, strict=True)
        ]
        self.before = [self._plates(column.cross(below)) for column in columns]
        self.pairs = []
        for place, (key, value) in enumerate(zip(keys, values, strict=True)):
            middle = columns[place * self.group + self.group // 2].cross(below).centre
            both = (key, "key", keys), (value, "value", values)
            rows = (Vector(row, 104, below.height, role, full_colour(of), upright=True) for row, role, of in both)
            self.pairs.append(VGroup(*rows).arrange(RIGHT, buff=units(14)).move_to(middle))
        self.own = [self._line(query, pair) for query, pair in zip(self.queries, self.before, strict=True)]
        self.lines = [self._line(query, self.pairs[i // self.group]) for i, query in enumerate(self.queries)]
        self.names = VGroup(Words(f"{run['heads'].quantity(0):.0f} queries", "block", "query"))
        self.names[0].begin_in(side.cross(above))
        words = VGroup(Words("keys", "block", "key"), Words("and values", "block", "value"))
        self.kept = words.arrange(DOWN, buff=units(12), aligned_edge=LEFT).move_to(side.cross(below).centre)
        self.kept.align_to(self.names[0], LEFT)

    @staticmethod
    def _plates(room: Room) -> VGroup:
        """A key and a value of a head of its own: no numbers, since this model has none."""
        colours, edges = palette(), (palette().key, palette().value)
        pair = VGroup(Box(62, room.height, colours.background, 8, edge, 4).set_fill(opacity=0.5) for edge in edges)
        return pair.arrange(RIGHT, buff=units(10)).move_to(room.centre)

    @staticmethod
    def _line(query: VMobject, pair: VMobject) -> VMobject:
        return curve(pair.get_edge_center(UP), query.get_edge_center(DOWN), "key", 5)

    def merge(self) -> tuple[Animation, ...]:
        """The keys and values of neighbouring heads become one pair, and the lines follow."""
        return *merged(self.before, self.pairs), *exchange(self.own, self.lines, "camera")


def merged(before: Sequence[VGroup], after: Sequence[VGroup]) -> tuple[Animation, ...]:
    """Neighbouring keys and values become one pair."""
    group = len(before) // len(after)
    #: Each plate with the one that it becomes: the first of a group turns into it, the others fly there.
    plates = [
        (plate, vector.plate, i % group == 0)
        for i, pair in enumerate(before)
        for plate, vector in zip(pair, after[i // group], strict=True)
    ]
    return (
        *(Travel(plate, goal.copy(), 0.0, "camera", leaving=True) for plate, goal, first in plates if first),
        *(Flight(plate, goal, 0.0, "camera") for plate, goal, first in plates if not first),
        leave(*(plate for plate, _, first in plates if not first)),
    )


class CacheArea:
    """The KV cache as a wall, a column a token, a band for the key and the value of each head: its area is its size.

    Args:
        run: the results of the experiment.
        sharing: what is kept for each token.
    """

    def __init__(self, run: Trace, sharing: SharedKeys) -> None:
        room, foot = STAGE.split_rows(-TOKENS)
        room, side = room.split_columns(LONG, 24)
        heads, cache, size = len(sharing.queries), run["cache"], run["weights_size"]
        every, shared = (cache.pick(choice=choice) for choice in ("every", "shared"))
        most, sum_ = float(every.values.max()), Ground()
        unit, high = room.width * room.height / most, room.height / heads / 2
        roles = [palette().key, palette().value]

        def wall(wide: float, count: int, whole: Quantity | None = None) -> VGroup:
            """Bands from the foot of the room up; where there are fewer heads than queries, some lie on each other."""
            bands = VGroup()
            for k in range(2 * heads):
                place = 2 * (k // 2 * count // heads) + k % 2
                band = Box(wide, high - 2, between(palette().background, roles[k % 2], SHADE), 0)
                bands.add(band.move_to(at(room.left, room.bottom - place * high), aligned_edge=LEFT + DOWN))
            return means(bands, Area(whole, sum_, unit, 0)) if whole else bands

        #: One token, not to scale, and its name; then what so many tokens take.
        self.column, self.one = wall(COLUMN, heads), Words("one token, without sharing", "fact", "ink2")
        self.one.begin_in(foot)
        own = run["heads"].quantity(0)
        self.kinds = VGroup(Words(f"{own:.0f} keys", "title", "key"), Words(f"{own:.0f} values", "title", "value"))
        self.kinds.arrange(DOWN, units(24), aligned_edge=LEFT).next_to(self.column, RIGHT, buff=units(40))
        lengths, sizes = run["lengths"].quantities(), every.quantities()
        self.states = [wall(max(2.0, room.width * float(one) / most), heads, one) for one in sizes]
        self.low = wall(room.width, len(sharing.pairs), shared.quantity(-1))
        self.tokens = number(lengths[0], ",.0f", "large number", "ink2").end_in(foot.split_columns(LONG - 130)[0])
        self.every = number(sizes[0], ",.0f", "large number")
        self.counted = [(self.tokens, lengths), (self.every, sizes)]
        self.named = VGroup(
            Words("tokens", "fact", "ink2").stand_on(self.tokens.baseline),
            Words("megabytes, at two bytes a number", "fact", "ink2"),
        )
        self.named[0].begin_at(self.tokens.get_right()[0] + units(12))
        #: The ground of the wall, its name, and the part of it that all parameters would take.
        self.outline, green = Box.of(room, palette().surface, 4, palette().ink3, 3), palette().residual
        self.cache = Words("KV cache", "chapter", paper=self.outline).settle(room.columns(2)[1].centre)
        self.level = Box(room.width, room.height * float(size) / most, green, 6, green, 7).set_fill(opacity=FAINT / 3)
        means(self.level.align_to(self.outline, DOWN).set_x(room.centre[0]), Area(size, sum_, unit, 0))
        self.level.key = ("parameters",)
        self.size, self.shared = (
            VGroup(number(figure, ",.0f", "large number", role), Words(name, "fact", role))
            for figure, name, role in (
                (size, f"parameters of {run['parameters'].label('model', 1)}", "residual"),
                (shared.quantity(-1), "shared keys", "key"),
            )
        )  # fmt: skip
        x = at(side.left, 0)[0]
        tops = ((self.every, self.named[1]), self.outline), (self.size, self.level), (self.shared, self.low)
        for (figure, name), top in tops:
            figure.settle(top.get_top() + DOWN * units(28)).begin_at(x)
            name.settle(figure.get_center() + DOWN * units(48)).begin_at(x)
        self.every.align_to(self.size[0], RIGHT)
        for one in (self.size, self.shared):
            one.add(Words("MB", "fact", "ink2").stand_on(one[0].baseline).begin_at(one[0].get_right()[0] + units(12)))
        self.shared.shift(DOWN * units(56))
        self.heads = Words("keys for every head", "fact").settle(self.named[1].get_center() + DOWN * units(44))
        self.heads.begin_at(x)
        each = run["large_token"]
        self.large = Box(float(each) * unit / room.height, room.height, palette().ink, 0)
        means(self.large, Area(each, sum_, unit, 0)).move_to(at(side.right, room.bottom), aligned_edge=RIGHT + DOWN)
        name = Words(f"{run['parameters'].label('model', 2)}: one token", "title")
        text = VGroup(name, Words(f"{each:.1f} megabytes", "title"))
        text.arrange(DOWN, buff=units(14), aligned_edge=RIGHT).next_to(self.large, LEFT, buff=units(20))
        self.large_told = text.set_y((self.heads.get_bottom()[1] + self.size.get_top()[1]) / 2)

    def grow(self) -> tuple[Animation, ...]:
        """Token after token comes to the wall, and is counted."""
        counts = [Count(words, some, ",.0f", "slow") for words, some in self.counted]
        return Through(self.column, self.states, "slow"), *counts


#: Px of a wall that is full, of a column, and of the line below them; and how much of its colour a band has.
LONG, COLUMN, TOKENS, SHADE = 1200.0, 240.0, 70.0, 0.62
#: The side of the largest square in px, those from there to words, how much of the ink its fill has, and in how many
#: states all of it shrinks.
SIDE, BESIDE, FILL, STATES = 700.0, 40.0, 0.16, 40


def size_of(millions: Quantity, billions: Quantity) -> Words:
    """A number of parameters in words."""
    if billions >= 1:
        return Words(f"{billions:.0f} billion parameters", "block")
    return Words(f"{millions:.{1 if millions < 10 else 0}f} million parameters", "block")


class ModelsToScale(VGroup):
    """Two models as squares, to scale: the larger one, as high as the stage, is ruled into many of the smaller one.

    Args:
        small, large: their numbers of parameters.
        called, told: what is written at the left about the smaller one, and at the right about the larger one.
    """

    def __init__(self, small: Quantity, large: Quantity, called: VGroup, told: VGroup) -> None:
        sum_, colours, unit = Ground(), palette(), SIDE**2 / float(large)
        self.large = Box(SIDE, SIDE, between(colours.surface, colours.weight, FILL), 6, colours.weight, 3)
        side = (float(small) * unit) ** 0.5
        self.small = Box(side, side, colours.weight, min(6.0, side / 6))
        self.small.move_to(self.large.move_to(STAGE.centre), aligned_edge=LEFT + UP).shift((RIGHT - UP) * units(side))
        for box, share in ((self.large, large), (self.small, small)):
            means(box, Area(share, sum_, unit, 0))
        self.large.key = ("parameters",)
        #: Around the smaller one, which is no more than a dot; and the sides of as many as there is room for.
        self.ring, corner = ring_around(self.small, roomy=True), self.large.get_corner(LEFT + UP)
        self.grid = VGroup(
            rule(corner + away * along, corner + away * along + units(SIDE) * across, "background", 2)
            for away in units(side) * np.arange(1, SIDE / side)
            for along, across in ((RIGHT, DOWN), (DOWN, RIGHT))
        )
        self.called = called.arrange(DOWN, buff=units(16), aligned_edge=RIGHT)
        self.called.next_to(self.large, LEFT, buff=units(BESIDE)).align_to(self.ring, UP)
        self.words = told.arrange(DOWN, buff=units(30), aligned_edge=LEFT).next_to(
            self.large, RIGHT, buff=units(BESIDE)
        )
        super().__init__(self.large, self.small)

    def zoomed(self, inner: ModelsToScale) -> list[Play]:
        """A window lies inside of the larger one; then all of it shrinks about one point, until its edges show."""
        end = self.small.width / inner.large.width
        still = (self.small.get_center() - end * inner.large.get_center()) / (1 - end)
        low, high = self.large.get_corner(LEFT + DOWN), self.large.get_corner(RIGHT + UP)

        def state(size: float) -> VGroup:
            made = VGroup(self.large.copy().scale(1 / end, about_point=still), inner.large.copy())
            made.scale(size, about_point=still)[0].points.clip(low, high, made[0].points)
            return made

        states = [*map(state, np.geomspace(1, end, STATES)), VGroup(self.large, self.small)]
        around = states[0][0].copy().set_stroke(width=0).set_z_index(-1)
        return [appear(around, rise=False), Through(VGroup(around, inner.large), states)]
