"""The boxes of the encoder from inside: weights that lead from token to token, sums, a network, a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from manim import DL, DOWN, DR, LEFT, PI, RIGHT, UL, UP, UR, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import (
    Count,
    Flight,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    grow,
    lagged,
    leave,
    move_ring,
    pulses,
    reshape,
    ring_around,
)
from scenes.chapters.c04_encoder.encoder_plan import HEAD, HEADING, SIDE, EncoderPlan, scale_of
from scenes.layout import Room
from scenes.mobjects.bars import bar_in, bar_of
from scenes.mobjects.marks import End, Ground, Thickness, means
from scenes.mobjects.norm_stages import NormStages, bars_of
from scenes.mobjects.passage import fan, final_of, rows_of, strand, weigh
from scenes.mobjects.shapes import Box, curve, frame, path, rule
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import HIGHEST, TOKEN, Vector, vector_in
from scenes.mobjects.wording import letter_of
from scenes.theme import at, palette, pixels, units
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.sublayers import BOXES
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px between a vector and the bars that a matrix makes of it, of a small copy of the network, and of names on a sheet.
FUNNEL, COPY, NAMES = 56.0, 440.0, 200.0
#: Among more tokens than so few, a weight below this has no strand; px between a number and its strand.
FEW, LEAST, GAP = 6, 0.02, 12.0
#: How far the handles of an arch reach, of the height of the room, and how far its number is above it, of that.
ARCH, OVER = 0.5, 0.15
#: How far it leans away from the box that it comes out of, of its width; how opaque the veil on a changed vector is.
LEAN, VEIL = 0.3, 0.75
#: How long the longest bar of a sum is, of the room: a percentage stands behind; how much of it is below, at least.
LONGEST, LOWEST = 0.85, 0.3
#: Px of the column of ids, and of a row that is framed in a large table, at least.
IDS, SLIM = 150.0, 8.0


class ZeroedVectors:
    """A box of a layer before which vectors are set to zero, and which others this changes behind it.

    The empty plate covers the vector of the `token` before the box; behind it, a veil lies on each one that this
    changes, and a ring is around those of other tokens. `ways` lead from each token to those that it changes; `count`
    is how many there are, after each in turn.
    """

    def __init__(
        self, plan: EncoderPlan, trace: Trace, part: str, token: int, before: Sequence[Vector], after: Sequence[Vector]
    ) -> None:
        layer, _, own = part.rpartition(".")
        reach, so_far = (
            trace[f"{layer}.{name}"].pick(part=BOXES[own]) for name in ("token_sensitivity", "pairs_so_far")
        )
        colours = palette()
        self.zero = before[token].plate.copy().set_fill(colours.background, 1).set_stroke(colours.ink2)
        self.marks, self.veils = VGroup(), VGroup()
        self.ways: list[list[VMobject]] = [[] for _ in before]
        for (i, j), change in zip(np.ndindex(reach.shape), reach.quantities(), strict=True):
            if j == token and change > 0:
                self.veils.add(after[i].plate.copy().set_fill(colours.background, VEIL))
            if i != j and change > 0:
                way = strand(before[j].get_right(), after[i].get_left(), min(0.3, 1 / len(before)), 0.0, 9.0)
                rows = plan.words[j], plan.words[i]
                self.ways[j].append(means(way, End(rows[0], first=True, level=True), End(rows[1], level=True)))
                if j == token:
                    self.marks.add(ring_around(after[i]))
        self.counts = so_far.quantities()
        spot = np.array([plan.boxes[part].get_x(), at(0, plan.room.top + HEAD + HEADING / 2)[1], 0])
        self.count = number(self.counts[0], "", "stage number").settle(spot)

    def blank(self, here: int) -> list[Any]:
        """Plays in which the vector of a token is set to zero and comes back, and all that this changes shows it."""
        shown, ways = [*self.veils, *self.marks], self.ways[here]
        there = [(draw(*ways), appear(*shown, rise=False))] if ways else []
        return [appear(self.zero, *([] if ways else shown), rise=False), *there, leave(self.zero, *shown)]

    def counting(self, but: int) -> Animation:
        """Ways are drawn from each token in turn, `but` one whose ways are there, and the number grows."""
        turns = [draw(*lines) for j, lines in enumerate(self.ways) if lines and j != but]
        drawing = [lagged(turns, 1)] if turns else []
        return AnimationGroup(Count(self.count, self.counts, "", "slow"), *drawing)


class WeightStrands:
    """The weights of an attention as strands, from each vector that it reads to each output, query by query.

    In the layer that the lecture follows they are those of its head, elsewhere the means over all heads. Their title
    stands over them, or over a `box`.
    """

    def __init__(
        self,
        plan: EncoderPlan,
        trace: Trace,
        path: str,
        read: Sequence[Vector],
        given: Sequence[Vector],
        box: VMobject | None = None,
    ) -> None:
        focus, own = focus_of(trace), path == focus_of(trace).path
        self.read, self.given = read, given
        self.weights = focus.seen(trace)["weights"] if own else trace[f"{path}.mean_weights"].pick(batch=0)
        self.least = LEAST * (len(read) > FEW)
        self.strands = fan(self.weights, read, given, self.least)
        told = f"head {letter_of(focus.head)} of {trace['config.heads']}" if own else "attention weights"
        self.title = plan.heading(told, self.strands if box is None else box)

    def strand(self, query: Label, key: Label) -> tuple[VMobject, VGroup]:
        """The strand of a pair, and in the row in which it begins the number of its weight, on a plate."""
        place, j = self.weights.position("query", query), self.weights.position("key", key)
        text = number(self.weights.quantity(place, j), "share", "stage number")
        plate = Box(pixels(text.width) + SIDE, pixels(text.height), palette().surface).move_to(self.read[j])
        text.settle(plate.next_to(self.given[j], LEFT, 0, coor_mask=RIGHT).get_center())
        return self.strands[place * len(self.read) + j], VGroup(plate, text)

    def of(self, query: Label) -> list[VMobject]:
        """All strands that lead to the output of one query."""
        first = self.weights.position("query", query) * len(self.read)
        return [*self.strands[first : first + len(self.read)]]

    def flow(self) -> Callable[[float], Animation]:
        """Pulses from what is read to the output, in proportion to the weights."""
        return pulses(self.strands, self.weights.quantities())


class LayerPass(WeightStrands):
    """An open layer: the vectors before it, in each of its boxes and at the `end`, and the strands of its attention."""

    def __init__(self, plan: EncoderPlan, trace: Trace, path: str) -> None:
        layer = path.rpartition(".")[0]
        self.parts = [part for part in plan.boxes if part.startswith(f"{layer}.")]
        self.boxes = [plan.boxes[part] for part in self.parts]
        self.enter = plan.vectors(rows_of(trace, f"{layer}.resid_pre"), "front")
        self.end = plan.vectors(final_of(trace), "end")
        #: The vectors before the layer, in each of its boxes and where they are added, and behind it.
        self.stops = [*plan.travelling(trace, f"{layer}."), ("", self.end)]
        self.columns = [self.enter, *(column for _, column in self.stops)]
        self.place, self.plan = [part for part, _ in self.stops].index(path), plan
        read, given = self.columns[self.place : self.place + 2]
        super().__init__(plan, trace, path, read, given, plan.boxes[path])
        self.lit = ring_around(self.boxes[0])
        self.frames = [ring_around(VGroup(*rows), "residual") for rows in (self.enter, self.end)]
        shape = f"{trace['config.words']} × {trace['config.d_model']}"
        self.shapes = [Words(shape, "title", "residual").next_to(ring, UP) for ring in self.frames]

    def begin(self) -> list[Any]:
        """Plays in which the vectors go up to the attention, and through it."""
        return [appear(self.lit), *self._steps(0, self.place + 1)]

    def finish(self) -> list[Any]:
        """Plays in which they go through the other boxes, and come out; what they were stays in each box."""
        *inside, last = self._steps(self.place + 1, len(self.stops))
        return [leave(self.title, *self.strands), *inside, (leave(self.lit), *last)]

    def fits(self) -> list[Any]:
        """Plays in which a frame around what went in, with its shape, goes on to what came out, and fits."""
        (first, last), (shape, same) = self.frames, self.shapes
        return [appear(first, shape), Travel(first, last, 0.0, "cell"), appear(same)]

    def blanked(self, plan: EncoderPlan, trace: Trace, token: int) -> list[ZeroedVectors]:
        """The effect on other vectors, box by box, of setting the vector of a token to zero before the box."""
        pairs = zip(self.stops, self.columns, strict=False)
        return [ZeroedVectors(plan, trace, part, token, before, after) for (part, after), before in pairs if part]

    def alone(self, plan: EncoderPlan, trace: Trace, path: str, here: int) -> tuple[VMobject, VMobject, Words]:
        """A ring around all boxes; in the attention at a path, an arch from a single token back to itself."""
        row, middle = plan.words[here], plan.room.centre[1]
        whole = trace[f"{path}.weight_sums"].pick(batch=0, head=0, query=row)
        start, end = self.read[here].get_right(), self.given[here].get_left()
        bend = (UP if start[1] <= middle else DOWN) * ARCH * units(plan.room.height)
        arch = strand(start, end, float(whole), self.least)
        arch.points = np.array([start, start + bend + LEAN * (end - start), end + bend, end])
        means(arch, Thickness(whole, 11.5, 1.5), End(row, first=True, level=True), End(row, level=True))
        text = number(whole, "share", "large number").settle(arch.point_from_proportion(0.5) + bend * OVER)
        return ring_around(VGroup(*self.boxes)), arch, text

    def _steps(self, first: int, last: int) -> list[Any]:
        plays: list[Any] = []
        moves = self.plan.journey([("", self.enter), *self.stops], trails=True)
        for k in range(first, last):
            part, column = self.stops[k]
            here = (move_ring(self.lit, self.plan.boxes[part]),) if part and k else ()
            if self.place == k:
                plays.append((*here, appear(self.title), draw(*self.strands, kind="row", back=True)))
                plays.append(deal(self.read, column))
            else:
                plays.append((*here, *moves[k]))
        return plays


class AttentionMixing(WeightStrands):
    """In the gate of an attention: the vectors, what it reads of them, the strands of its weights, and its output.

    `come` is what comes into the gate.
    """

    def __init__(self, plan: EncoderPlan, trace: Trace, path: str) -> None:
        self.path, block = path, path.rpartition(".")[0]
        stream = rows_of(trace, f"{block}.resid_pre")
        enters, out = self.enters, _ = rows_of(trace, trace.parents[f"{path}.q"][0]), rows_of(trace, f"{path}.out")
        normed = enters.name != stream.name
        come = plan.vectors(stream)
        self.vectors: Sequence[VMobject] = plan.waiting(come) if normed else come
        self.made = plan.vectors(out, "join", True)
        read = plan.vectors(enters, branch=True) if normed else come
        self.come = [*self.vectors, *(read if normed else [])]
        super().__init__(plan, trace, path, read, self.made)

    def arrive(self) -> Animation | None:
        """The output of each token comes up at the end of its strands."""
        return appear_in_turn(self.made)


class ResidualAddition:
    """In the gate of an attention, on a sheet: the numbers of a vector as bars, below them those that attention makes
    for it, on one scale, and in the end how long both vectors are.

    Args:
        rows: the vector, the output and their sum.
        lengths: those of the first two, and the second as a share of the first.
    """

    def __init__(self, plan: EncoderPlan, rows: Sequence[NamedTensor], lengths: Sequence[Quantity]) -> None:
        self.sheet, room = plan.card(plan.room.inset(SIDE, 0).split_rows(HEAD)[1])
        made = rows[1].quantities()
        most, little = (float(np.ptp(np.append([row.values for row in some], 0.0))) for some in (rows, rows[1:2]))
        above, below = room.split_rows(-max(LOWEST, little / (most + little)) * room.height, FUNNEL)
        side, wide = room.split_columns(NAMES, 3 * GAP)
        stages = NormStages(rows, wide.cross(above), plan.scale)
        self.bars, self.instead, self.sum = stages.states
        self.before, self.outline = self.bars.copy(), stages.outline(self.bars)
        foot, origin = (
            below.centre[1] - units(stages.unit) * float(rows[1].values.max() + rows[1].values.min()) / 2,
            Ground(),
        )
        self.made = bars_of(made, wide.cross(below), foot, stages.unit, origin, plan.scale)
        #: The output once more, each number at the end of that of the vector.
        self.pieces = VGroup()
        for bar, value, more in zip(self.bars, rows[0].values, made, strict=True):
            piece = bar_of(more, "height", stages.unit, pixels(bar.width), "ink", 2)
            self.pieces.add(piece.move_to(bar).set_y(stages.ground + units(stages.unit) * float(value + more / 2)))
        self.zeros = VGroup(stages.zero, means(stages.level(0.0, "ink3", 2).set_y(foot), origin))
        ends = ((self.bars.get_corner(a), self.bars.get_corner(b)) for a, b in ((UL, DR), (DL, UR)))
        self.strike = VGroup(rule(*pair, "warning", 8) for pair in ends)
        token = Token(plan.words[plan.mine], "", side.width, TOKEN, "stage word")
        self.token, self.other = (
            token.move_to(side.cross(above).centre),
            Words("attention", "stage word", "ink", self.sheet),
        )
        self.other.settle(side.cross(below).centre)
        self.plus = Words("+ attention", "stage word", "ink", self.sheet).next_to(token, DOWN, units(2 * GAP))
        own, more, share = lengths
        unit, lines = wide.width * LONGEST / float(max(own, more)), below.rows(2, GAP)
        self.lengths = [
            bar_in(wide.cross(line), length, unit, HIGHEST, role)
            for length, role, line in zip((own, more), ("residual", "ink3"), lines, strict=True)
        ]
        self.names = [token.copy(), self.other.copy()]
        for name, line in zip(self.names, lines, strict=True):
            name.move_to(side.cross(line).centre)
        self.title = Words("length", "stage word", "ink2", self.sheet).settle(at(0, below.top - FUNNEL / 2))
        self.title.begin_at(self.lengths[0].get_left()[0])
        self.share = number(share, ".0%", "large number").next_to(self.lengths[1], RIGHT, units(GAP))
        #: All but the bars of the vector, in the end.
        self.shown = (
            self.sheet, self.zeros[0], self.token, self.plus, self.outline,
            self.title, *self.names, *self.lengths, self.share,
        )  # fmt: skip

    def come(self, vector: VMobject, made: VMobject) -> tuple[Animation, ...]:
        """A vector and what attention makes for it come onto the sheet, number by number."""
        own, other = Travel(vector, self.bars, kind="row"), Travel(made, self.made, kind="row")
        return appear(self.sheet, self.zeros, self.token, self.other), own, other

    def replace(self) -> list[Any]:
        """Plays in which the output stands in the place of the vector, is struck out, and the vector is back."""
        there, back = (reshape(self.bars, bars, "transform") for bars in (self.instead, self.before))
        return [there, draw(*self.strike), (leave(self.strike), back)]

    def add(self) -> list[Any]:
        """Plays in which each number of the output goes to the end of that of the vector, and both are one bar."""
        rises = Travel(self.made, self.pieces, 0.0, "cell", leaving=True)
        named = Travel(self.other, self.plus, leaving=True)
        return [(rises, named, leave(self.zeros[1])), (reshape(self.bars, self.sum), leave(self.pieces))]

    def compare(self) -> list[Any]:
        """Plays in which the vector and the output become bars as long as they are."""
        own, other = zip(self.names, self.lengths, strict=True)
        return [(appear(self.title, own[0]), grow(own[1])), (appear(other[0], self.share), grow(other[1]))]

    def back(self, sums: Sequence[Vector], mine: int) -> tuple[Animation, ...]:
        """The sum goes to the line of its token, and those of the others stand on theirs."""
        others = [one for k, one in enumerate(sums) if k != mine]
        return leave(*self.shown), Travel(self.bars, sums[mine], leaving=True), *map(appear, others)


class TakenShares:
    """Slabs of each vector that is read, as high as the weights of a token: stacked, they fill a vector.

    `shares` stand in a column beside what is read, and its `strands` begin behind them; `parts` are the slabs, in the
    rows that they come from, and `stack` is them in the row of the token, where the `sum` will be.
    """

    def __init__(self, plan: EncoderPlan, trace: Trace, mixing: AttentionMixing) -> None:
        part = trace.under(mixing.path, batch=0)
        weights = mixing.weights.pick(query=plan.words[plan.mine]).quantities()
        shares = VGroup(number(weight, "share", "stage number") for weight in weights)
        edge, roomy = shares.width + units(2 * GAP), shares.height < min(vector.height for vector in mixing.read)
        self.shares, self.strands = VGroup(*(shares if roomy else ())), VGroup()
        self.sum = plan.vectors(part["mixture"], "join", True)[plan.mine]
        self.parts, self.stack, top = [], [], self.sum.get_top()
        for row, weight, share, vector in zip(mixing.enters, weights, shares, mixing.read, strict=True):
            start = vector.get_right()
            share.settle(start).end_at(start[0] + edge)
            begin = start + RIGHT * (edge + units(GAP)) * roomy
            line = strand(begin, mixing.made[plan.mine].get_left(), weight, mixing.least)
            self.strands.add(weigh(line, weight, mixing.least))
            slab = Vector(row, plan.wide, max(float(weight) * pixels(self.sum.height), 1), "ink3", plan.scale).opaque()
            self.parts.append(slab.move_to(np.array([top[0], start[1], 0])))
            self.stack.append(slab.copy().move_to(top, UP))
            top = self.stack[-1].get_bottom()

    def meet(self) -> list[Any]:
        """Plays in which all slabs go to the row of the token, one on another, and become the sum."""
        return [exchange(self.parts, self.stack, "slow"), (leave(*self.stack), appear(self.sum, rise=False))]


class FeedForwardVector:
    """In the gate of a feed-forward network, on a sheet: one vector, wide as bars, and narrow again.

    `bars` are before the activation, `bent` after it; `own` is the outline of the network, and `copies` are this as
    small as a vector, on each line.
    """

    def __init__(self, plan: EncoderPlan, *rows: NamedTensor) -> None:
        read, pre, post, out = rows
        self.sheet, room = plan.card(Room(plan.middle.left, plan.room.top + HEAD, plan.last.right, plan.last.bottom))
        above, rest = room.split_rows(HIGHEST, FUNNEL)
        middle, below = rest.split_rows(-HIGHEST, FUNNEL)
        narrow = room.inset(max(0.0, 1 - len(read) / len(pre)) / 2 * room.width, 0)
        self.read, self.out = (
            vector_in(narrow.cross(row), vector, "ink3", scale_of(vector))
            for row, vector in ((above, read), (below, out))
        )
        stages = NormStages([pre, post], middle, scale_of(pre))
        self.zero, (self.bars, self.bent) = stages.zero, stages.states
        ends = [
            [at(part.left, y), at(part.right, y)]
            for part, y in ((narrow, above.bottom), (room, middle.top), (room, middle.bottom), (narrow, below.top))
        ]
        self.widen, self.narrow = (
            VGroup(rule(a, b, "ink3", 4) for a, b in zip(*pair, strict=True)) for pair in (ends[:2], ends[2:])
        )
        #: All that is of one vector; and what is the same for each, closed, which has a small copy on each line.
        self.shown = [self.read, self.zero, self.bars, self.out, self.widen, self.narrow, self.sheet]
        around = [left for left, _ in ends] + [right for _, right in ends[::-1]] + ends[0][:1]
        self.own = path(around, "ink3", 4).set_fill(palette().background, 1)
        self.copies = []
        for line, lane in zip(plan.lines, plan.lanes, strict=True):
            small = self.own.copy().rotate(PI / 2).stretch_to_fit_width(units(COPY))  # along the line
            small.stretch_to_fit_height(units(lane.high))
            small.points = np.roll(small.points, len(small.points) // 4, axis=0)  # so that it does not turn
            self.copies.append(small.move_to(np.array([plan.middle.centre[0], line.get_y(), 0])))


class EmbeddingLookup:
    """In the gate of the embedding: the id of each token, the whole table, and the rows that these are addresses of."""

    def __init__(self, plan: EncoderPlan, trace: Trace) -> None:
        ids, table = rows_of(trace, "embed_src.ids"), trace["parameters.embed_src.table"]
        left, right = plan.room.left + SIDE + IDS / 2, plan.room.right - SIDE - plan.wide
        room = Room(left + IDS, plan.room.top + HEAD + HEADING, right - IDS / 2, plan.room.bottom - SIDE)
        self.table = Heatmap(table, room.width, room.height, scale_of(table)).move_to(room.centre)
        self.title = plan.heading(f"{trace['config.source_vocab']} × {trace['config.d_model']}", self.table)
        pitch = room.height / len(table)
        self.ids, self.rows, self.rings, self.ways = [], [], [], VGroup()
        for one, lane in zip(ids.quantities(), plan.lanes, strict=True):
            self.ids.append(number(one, ".0f", "stage number").settle(at(left, lane.y)))
            row = Vector(table[int(one)], room.width, max(pitch, SLIM), "residual", scale_of(table)).opaque()
            self.rows.append(row.set_y(at(0, room.top + (float(one) + 0.5) * pitch)[1]).set_x(self.table.get_x()))
            self.rings.append(frame(room.width + GAP, pixels(row.height) + GAP).move_to(row).set_z_index(1))
            start = self.ids[-1].get_right() + RIGHT * units(GAP)
            self.ways.add(curve(start, self.rings[-1].get_left(), "ink", 4, level=True))
        #: The frame at the first row of the table, from which it slides to the row of a token.
        self.first = self.rings[0].copy().move_to(self.table, UP)

    def slide(self, places: Sequence[int], kind: str = "row") -> list[Any]:
        """Plays in which a frame slides down the table to the row of each of these tokens, to which its id leads."""
        slides = (Travel(self.first, self.rings[k], 0.0, kind) for k in places)
        return [(*slides,), draw(*(self.ways[k] for k in places))] if places else []

    def found(self, places: Sequence[int], vectors: Sequence[Vector]) -> list[Any]:
        """Plays in which these rows come out of the table, as the vectors of their tokens."""
        return [deal([self.rows[k] for k in places], [vectors[k] for k in places])] if places else []


def grown(bars: VGroup) -> Animation:
    """All bars grow together, from their beginning."""
    return AnimationGroup(grow(bar) for bar in bars)


def into(vectors: Sequence[Vector], boxes: Sequence[VMobject]) -> tuple[Animation, ...]:
    """A copy of each vector flies into the box that it goes through."""
    return tuple(Flight(vector, box, 0.0) for vector, box in zip(vectors, boxes, strict=True))
