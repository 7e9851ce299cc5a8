"""Heads side by side, what they read and write, how one takes a role, and the sources of queries, keys and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, Mobject, VGroup, VMobject

from scenes.animations import (
    Count,
    Flight,
    Morph,
    Through,
    Travel,
    appear,
    draw,
    exchange,
    follow,
    lagged,
    leave,
    ring_around,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.bars import LEAST, bar_in, bar_on
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import AxisSpan, Ground, Reach, Tick, means
from scenes.mobjects.patterns import FOOT, HEAD, INSET, PANEL, HeadPlate, Pattern, Patterns
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, dashes, dot, frame, path, rule
from scenes.mobjects.softmax_stages import SoftmaxStages
from scenes.mobjects.tensors import full_colour, matrix_in
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token
from scenes.mobjects.vectors import vector_in
from scenes.mobjects.wording import CALLED, entering, layer_name, letter_of, named_head, role_name, strongest
from scenes.theme import at, palette, pixels, shape, units
from transformer_core.studies.focus import INFLECTED, Focus, best_head, layers_of, mixed_focus, swap_of
from transformer_core.studies.measures.selection import sharpest
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the side with the names of lines, of a vector, between two lines, and around what stands on a plate.
SIDE, HIGH, LINE, AIR = 190.0, 66.0, 20.0, 14.0
#: Px of the number beside a bar, which has as much room at least, and of a share; of a bar's height, and a thin one's.
NUMBER, SHARE, BAR, THIN = 100.0, 236.0, 34.0, 10.0
#: Px of the side with the name of the bars, of a counted share with what stands around it, and of several shares.
BARS, COUNTED, SHARES = 290.0, 136.0, 160.0
#: Px between the bars of two layers, of a line above or below them, and from an edge to the foot of arcs that begin at
#: chips lying over it.
BETWEEN, ROW, CHIPS = 70.0, 46.0, 90.0
#: The arcs of the second of two sentences, in one step and the next.
SECOND = "arcs", "second"
#: The size of a panel in depth over that of the one before it, and the least score that is written out.
FARTHER, WRITTEN = 0.84, 0.1
#: Px of the name of a sentence, of the box with the formula, and from its edge to a tag.
TITLE, MACHINE, AWAY = 52.0, 150.0, 48.0
#: Where Q, K and V are plugged in, in px from the middle.
PLUGS = {"query": -200.0, "key": 0.0, "value": 200.0}
#: Px between the rails of two roles, and the bend of the way of keys and values around the formula.
RAIL, AROUND = 18.0, -3.4


class HeadPlates:
    """Plates of heads side by side in a room, the names of lines at their left, and lines across all of them."""

    def __init__(self, heads: int, room: Room) -> None:
        self.side, self.wide = room.split_columns(SIDE)
        self.rooms = self.wide.columns(heads, PANEL)
        self.plates = VGroup(HeadPlate(head, place) for head, place in enumerate(self.rooms))

    def of(self, head: int, line: Room) -> Room:
        """The part of a head's plate that a line crosses."""
        return self.rooms[head].inset(AIR, 0).cross(line)

    def name(self, text: str, line: Room) -> Words:
        """The name of a line."""
        return Words(text, "block", "ink2").begin_in(self.side.cross(line))

    def symbol(self, source: str, line: Room) -> Formula:
        """The formula that names a line."""
        return Formula(source, LARGE).move_to(line.centre).align_to(at(self.side.left, 0), LEFT)


class SplitHeads(VGroup):
    """The vector of the query token at the top, and for each head its part of W_Q and the query that it makes of it.

    `entry` is the largest number of the vector, whose sign is turned in `turned`: its cell there, for that in the
    vector. `changed` are the queries that are then made, and `kept` those before, on a line of their own.
    """

    def __init__(self, trace: Trace, focus: Focus) -> None:
        x = entering(trace, focus).pick(position=focus.query_token)
        matrices = trace[f"parameters.{focus.path}.w_q"]
        queries = trace[f"{focus.path}.q"].pick(batch=0, query=focus.query_token.position)
        heads, entry = len(matrices), strongest(x).position
        other_x, others = (
            trace[f"{focus.path}.{name}"].pick(batch=0, **{axis: focus.query_token.position})
            for name, axis in (("turned_row", "position"), ("turned_q", "query"))
        )
        self.numbers = x.quantity(entry), other_x.quantity(entry)
        top, rest = STAGE.split_rows(HIGH + 14, LINE)
        columns = HeadPlates(heads, rest)
        body, feet = rest.inset(0, AIR).split_rows(-2 * HIGH - LINE, LINE)
        _, middle = body.split_rows(HEAD - AIR)
        lines = feet.rows(2, LINE)
        self.plates, self.entry = columns.plates, entry
        side, wide = top.split_columns(SIDE)
        self.token = Token(focus.query_token, "query", side.width - PANEL, HIGH, "stage word").move_to(side.centre)
        self.token.align_to(at(STAGE.left, 0), LEFT)
        self.x = vector_in(wide, x, "residual")
        scale, query_scale = full_colour(matrices), full_colour(queries)
        self.matrices, self.queries, self.changed, self.kept = VGroup(), VGroup(), VGroup(), VGroup()
        self.slices, self.parts, self.met = VGroup(), VGroup(), VGroup()
        size = len(self.x.cells) // heads
        for head in range(heads):
            place, one, two = (columns.of(head, line) for line in (middle, *lines))
            self.matrices.add(matrix_in(place, matrices[head], "query", scale))
            self.queries.add(vector_in(one, queries[head], "query", query_scale))
            self.changed.add(vector_in(one, others[head], "query", query_scale))
            self.kept.add(vector_in(two, queries[head], "query", query_scale))
            cells = VGroup(*self.x.cells[head * size : (head + 1) * size])
            self.slices.add(frame(pixels(cells.width) + 4, HIGH + 14, "query", 5).move_to(cells))
            self.parts.add(cells.copy().stretch_to_fit_width(units(place.width)).move_to(place.centre))
            self.met.add(self._row(self.matrices[head], (entry + 0.5) / len(x), len(x)))
        self.whole = frame(wide.width + 12, wide.height + 12, "query", 6).move_to(self.x)
        cell = self.x.cells.of(entry)
        self.turned = cell, vector_in(wide, other_x, "residual", full_colour(x)).cells.of(entry)
        self.ring = frame(pixels(cell.width) + 14, HIGH + 26).move_to(cell)
        self.matrix_name = columns.symbol("{{ W_Q : query }}", middle)
        self.query_name, self.kept_name = map(columns.name, ("queries", "before"), lines)
        self.told_name = columns.name("weights", lines[1])
        super().__init__(self.token, self.x, self.plates, self.matrices, self.queries, self.kept)

    def meet(self) -> tuple[Animation, ...]:
        """The row that the entry meets in each matrix goes straight to the query of the same head."""
        return tuple(Flight(row, query, 0.0) for row, query in zip(self.met, self.queries, strict=True))

    @staticmethod
    def _row(matrix: VMobject, depth: float, entries: int) -> VMobject:
        """An outline of the row that the entry meets, in the middle of which lies this share of the matrix."""
        high = matrix.height - units(10)
        ring = frame(pixels(matrix.width) + 8, max(14.0, pixels(high) / entries + 8), "focus", 4, 5).move_to(matrix)
        return ring.set_y(matrix.get_top()[1] - units(5) - high * depth)

    def told(self, texts: Sequence[str]) -> list[Words]:
        """A text at the foot of each plate, as large as all have room for; none where that is too small."""
        for style in ("stage number", "small token", "note"):
            words = [Words(text, style, paper=plate.paper) for text, plate in zip(texts, self.plates, strict=True)]
            if all(word.width < plate.width for word, plate in zip(words, self.plates, strict=True)):
                return [word.settle(line.get_center()) for word, line in zip(words, self.kept, strict=True)]
        return []

    def halve(self) -> VGroup:
        """A line down the middle of each matrix and of the query that it makes: twice as many heads."""
        over, pairs = UP * units(14), zip(self.matrices, self.queries, strict=True)
        return VGroup(dashes(m.get_top() + over, q.get_bottom() - over, "focus", 6) for m, q in pairs)


class JoinedHeads(VGroup):
    """The outputs of the heads for the query token, W_O, what each head writes through its rows of it, and the sum.

    `concat` and `whole` are outputs and rows as they make one vector and one matrix; `pieces` and `blocks` the same
    apart, on the plate of each head. `states` are the sums so far, after each head.
    """

    def __init__(self, trace: Trace, focus: Focus) -> None:
        part = trace.under(focus.path, batch=0, query=focus.query_token.position)
        z, written, sums, self.norms = (part[name] for name in ("z", "head_out", "head_sums", "head_norms"))
        matrix, bias = trace[f"parameters.{focus.path}.w_o"], f"parameters.{focus.path}.b_o" in trace
        heads = len(z)
        rest, foot = STAGE.split_rows(-HIGH, LINE)
        columns = HeadPlates(heads, rest)
        self.plates, wide = columns.plates.set_z_index(-1), columns.wide
        top, rest = rest.inset(0, AIR).split_rows(HEAD - AIR)[1].split_rows(HIGH, LINE)
        middle, lines = rest.split_rows(-HIGH - HEAD, LINE)
        outputs, numbers = lines.split_rows(HIGH)
        scales = full_colour(z), full_colour(matrix), full_colour(sums)
        self.pieces, self.concat, self.lengths = VGroup(), VGroup(), VGroup()
        self.blocks, self.whole, self.written = VGroup(), VGroup(), VGroup()
        together = wide.cross(middle).inset(wide.width / 6, 0)
        for head, line in enumerate(together.rows(heads, 4)):
            one, body, two, number = (columns.of(head, part) for part in (top, middle, outputs, numbers))
            self.pieces.add(piece := vector_in(one, z[head], "weight", scales[0]))
            aside = RIGHT * units((head - (heads - 1) / 2) * one.width)
            self.concat.add(piece.copy().move_to(wide.cross(top).centre + aside))
            self.blocks.add(block := matrix_in(body, matrix[head], "weight", scales[1]))
            whole = block.copy().stretch_to_fit_width(units(line.width)).stretch_to_fit_height(units(line.height))
            self.whole.add(whole.move_to(line.centre))
            self.written.add(vector_in(two, written[head], "residual", scales[2]))
            norm = self.norms.quantity(head)
            text = Words(f"{norm:.2f}", "stage number", paper=self.plates[head].paper).settle(number.centre)
            if norm == self.norms.values.max():
                self.lengths.add(text)
            if number.width > 2 * NUMBER:
                unit = (number.width - NUMBER) / float(self.norms.values.max())
                self.lengths.add(bar := bar_in(number, norm, unit, BAR, "residual"))
                text.begin_at(bar.get_right()[0] + units(AIR))
        self.states = [vector_in(wide.cross(foot), row, "residual", scales[2]) for row in sums]
        self.z_name, self.concat_name = columns.name("outputs", top), columns.name("concat", top)
        self.written_name, self.length_name = columns.name("writes", outputs), columns.name("length", numbers)
        self.sum_name = columns.name("sum + bias" if bias else "sum", foot)
        self.matrix_name = columns.symbol("{{ W_O : weight }}", middle)
        super().__init__(self.plates, self.pieces, self.blocks, self.written, self.states[-1])

    def join(self) -> tuple[Animation, ...]:
        """The outputs move together into one vector."""
        return (*exchange(self.pieces, self.concat, "row"), leave(self.z_name, self.plates), follow(self.concat_name))

    def split(self) -> tuple[Animation, ...]:
        """The vector and the matrix come apart, each head's part onto its own plate."""
        return appear(self.plates, rise=False), *exchange(
            [*self.concat, *self.whole], [*self.pieces, *self.blocks], "row"
        )

    def add_up(self) -> list[Animation]:
        """Add up what the heads write, one after another."""
        turns: list[Animation] = [Travel(self.written[0], self.states[0], 0.0, "rest")]
        for part, (before, after) in zip(self.written[1:], pairwise(self.states), strict=True):
            turns.append(AnimationGroup(Flight(part, after, 0.0, "rest"), Morph([(before, after)], "rest")))
        return turns


class HeadDeck:
    """The panels of a layer in depth: that of one head large in front, each other one farther off.

    `words` are those at the grid in front, `told` the same where the panels stand side by side; none where there is no
    room for words at a grid.
    """

    def __init__(self, picture: Patterns, head: int) -> None:
        heads, front = sorted(range(len(picture.panels)), key=lambda one: one != head), picture.panels[head]
        sizes, gone = [FARTHER**i for i in range(len(heads))], FOOT - INSET if picture.large else 0.0
        size = STAGE.height / (pixels(front.height) - gone + HEAD * sum(sizes[1:]))
        wide = units(min((STAGE.width - pixels(front.width) * size) / sum(sizes), pixels(front.width) * size * 0.94))
        wordy = len(picture.words) > len(heads)
        self.told = VGroup(picture.words[0], picture.words[head + 1]) if wordy else VGroup()
        self.others = [word for word in picture.words if word not in [*self.told]]
        self.picture, self.panels, self.sides = picture, [], [picture.panels[one] for one in heads]
        corner = at(STAGE.left, STAGE.top + HEAD * size * sum(sizes[1:])) * UP + picture.panels[0].get_left() * RIGHT
        for panel, share in zip(self.sides, sizes, strict=True):
            self.panels.append(large := panel.copy())
            large[0].paper.stretch_to_fit_height(panel.height - units(gone)).align_to(panel, UP).reshape()
            corner = corner + UP * units(HEAD * size * share if len(self.panels) > 1 else 0)
            large.scale(size * share).move_to(corner, aligned_edge=UP + LEFT)
            corner = corner + RIGHT * wide * share
        self.words = self.told.copy().scale(size, about_point=front.get_corner(UP + LEFT))
        self.words.shift(self.panels[0].get_corner(UP + LEFT) - front.get_corner(UP + LEFT))
        for text in self.words.family_members_with_points():
            text.meanings = ()  # beside these words lie cells of the panels behind, too

    def lay(self, row: Mobject, query: int) -> tuple[Animation, ...]:
        """A row of weights becomes that of the same query in the grid in front, whose plate comes under it."""
        plate, grid = self.panels[0]
        return appear(plate, self.picture.tag, rise=False), Travel(row, grid.lines[query], 0.0, "row", leaving=True)

    def fill(self, query: int) -> list[Animation | tuple[Animation, ...] | None]:
        """All other rows of the grid in front, and out of its panel those behind."""
        (front, *back), (cells, lines) = self.panels, self.panels[0][1]
        bare = (VGroup(plate.paper, grid) for plate, grid in reversed(back))
        return [
            appear(cells, *(line for i, line in enumerate(lines) if i != query), rise=False),
            # The panel in front comes last, and so lies above them; their names come when they do not lie under it.
            (lagged((Travel(front, one, 0.0, "row") for one in bare), 0.4), Travel(front, front, 0.0))
            if back
            else None,
            appear(*(plate[1] for plate, _ in back), rise=False) if back else None,
        ]

    def open(self) -> list[tuple[Animation, ...]]:
        """The panels come forward, side by side, and then the words at all of them."""
        moves = exchange([*reversed(self.panels), *self.words], [*reversed(self.sides), *self.told], "camera")
        return [moves, (appear(*self.others),)]


class CountedShare(VGroup):
    """A share as a bar in its track, under a name and with its number.

    Args:
        shares: those on the way, and the last one.
        name: what stands above.
        room: the rectangle that is filled; `rest` is what lies below the bar.
    """

    def __init__(self, shares: Sequence[Quantity], name: str, room: Room) -> None:
        above, below = room.split_rows(BAR + LINE)
        below, self.rest = below.split_rows(BAR, AIR)
        self.heading, self.shares = Words(name, "block").begin_in(above), shares
        line, side = below.split_columns(-SHARE)
        self.states = [VGroup(bar_in(line, share, line.width, BAR, "weight")) for share in shares]
        self.line, self.track = line, Box(line.width, BAR, palette().line, 5).move_to(line.centre)
        self.bar, self.number = self.states[0].copy(), number(shares[0], "share", "large number").end_in(side)
        super().__init__(self.heading, self.track, self.bar, self.number)

    def count(self) -> tuple[Animation, ...]:
        """The bar grows with what is found, until all are counted."""
        return Through(self.bar, self.states, "slow"), Count(self.number, self.shares, "share", "slow")

    def others(self, shares: Sequence[Quantity]) -> VGroup:
        """Other shares as thin bars below the bar, each in a track."""
        lines = self.line.cross(self.rest).rows(len(shares), THIN / 2)
        tracks = [Box(line.width, THIN, palette().line, 2).move_to(line.centre) for line in lines]
        bars = [bar_in(line, share, line.width, THIN, "weight") for line, share in zip(lines, shares, strict=True)]
        return VGroup(VGroup(*pair) for pair in zip(tracks, bars, strict=True))


class FoundNouns(VGroup):
    """The two heads that find most nouns of determiners, and between them a sentence.

    It is one in which the second misses the noun, if there is one. What the best head attends to is drawn above the
    tokens, what the other does below them, with a ring around the noun, and a full disc where it gets most; `shares`
    are those of all cases in which each finds it.
    """

    def __init__(self, run: Trace, places: Sequence[tuple[int, int]], room: Room) -> None:
        self.places = [{"layer": layer, "head": head} for layer, head in places]
        self.plates, self.shares, halves = VGroup(), [], room.rows(2, LINE)
        upper, lower = halves
        lines = upper.split_rows(COUNTED)[0], lower.split_rows(-COUNTED)[1]
        for place, half, line in zip(self.places, halves, lines, strict=True):
            shares, plate = run["found"].pick(**place).quantities(), HeadPlate(place["head"], half)
            told = f"{layer_name(place['layer'])}: {role_name('determiner->noun')}"
            share = CountedShare(shares, told, line.inset(INSET, AIR))
            letter = plate[1].stand_on(share.heading.baseline)
            share.heading.begin_at(letter.get_right()[0] + units(LINE))
            self.plates.add(plate)
            self.shares.append(share)
        answers, rows = run["answers"].values, [run[f"weights_{i}"] for i in range(len(run["answers"]))]
        missed = (i for i, row in enumerate(rows) if row.pick(**self.places[-1]).largest()[0].position != answers[i])
        case = next(missed, 0)
        query = int(run["queries"].values[case])
        upper, lower = (line.inset(TITLE + BARS / 2, 0) for line in lines)
        # The chips lie over the edge between both plates; below them, `Arcs` leaves room for words.
        over = Room(upper.left, upper.bottom - HIGH, upper.right, (upper.bottom + lower.top) / 2 + CHIPS)
        weights = [rows[case].pick(**place) for place in self.places]
        self.arcs = arcs, other = [Arcs(row.words("key"), query, row, over, own=True) for row in weights]
        other.arcs.flip(RIGHT, about_point=arcs.chips.get_center())
        for one, row in zip(self.arcs, weights, strict=True):
            hit = row.largest()[0].position == answers[case]
            text = Words("its noun" if hit else "another word", "fact", "ink2").end_in(self.shares[0].rest)
            one.marks.add(disc(hit).next_to(text.set_y(one.marks.get_y()), LEFT, buff=units(AIR)), text)
        for mark in other.marks:
            mark.set_y(2 * arcs.chips.get_y() - mark.get_y())
        self.chips, noun = arcs.chips, arcs.chips[int(answers[case])]
        self.ring = frame(pixels(noun.width) + AIR, pixels(noun.height) + AIR).move_to(noun)
        super().__init__(self.plates, *self.shares, *arcs, self.ring, other.arcs, other.marks)

    @classmethod
    def of(cls, trace: Trace, room: Room) -> FoundNouns | None:
        """The heads of the model at hand; None where no cases of it are recorded."""
        if not (run := cases_of(trace, "determiner")):
            return None
        last = run["found"].values[-1]
        picture = cls(run, sorted(np.ndindex(last.shape), key=lambda place: -float(last[place]))[:2], room)
        for plate, place in zip(picture.plates, picture.places, strict=True):
            if place["layer"] != mixed_focus(trace).layer:  # no head of those whose plates have stood there
                plate.key = "elsewhere", place["head"]
        return picture


class SwappedAdjective:
    """A head on two sentences: the adjective of the first has a gender, that of the second a single form.

    The first is the sentence at hand, if it has such an adjective, with what both become in Spanish; else both are
    recorded cases, those of one length with most words in common.
    """

    def __init__(self, trace: Trace, focus: Focus, place: tuple[int, int], kinds: Mapping[str, str]) -> None:
        side, columns = STAGE.split_columns(BARS)
        tops, lower = zip(*(row.split_rows(-SHARES) for row in columns.rows(2)[::-1]), strict=True)
        swap, layer, head = swap_of(trace, focus), *place
        runs = [run for kind in kinds if (run := cases_of(trace, kind))]
        #: The share of all cases of both kinds in which the head attends most to the noun.
        self.panels = [
            CountedShare(run["found"].pick(layer=layer, head=head).quantities(), *rest)
            for run, *rest in zip(runs, kinds.values(), lower, strict=True)
        ]
        if swap and (focus.layer, focus.head) == place:
            seen = (trace.under(f"{way}{focus.path}", batch=0, head=head)["weights"] for way in ("", "other.swap."))
            rows = [(swap["position"], weights.pick(query=swap["position"])) for weights in seen]
        else:

            def asked(run: Trace) -> list[tuple[int, NamedTensor]]:
                weights = (run[f"weights_{i}"].pick(layer=layer, head=head) for i in range(len(run["queries"])))
                return [*zip(map(int, run["queries"].values), weights, strict=True)]

            rows = [*max(product(*map(asked, runs)), key=_alike)]
        self.arcs = [
            Arcs(row.words("key"), at, row, _raised(up), own=True) for (at, row), up in zip(rows, tops, strict=True)
        ]
        own = swap if len(self.arcs[0].chips) == trace["config.words"] and not shape().narrow else None
        self.forms = [
            VGroup(arcs.spelled(at, own[forms])) if own else VGroup()
            for arcs, (at, _), forms in zip(self.arcs, rows, ("forms", "other_forms"), strict=True)
        ]
        self.heads = [head_beside(arcs, place, side) for arcs in self.arcs]
        self.arcs[1].arcs.key = SECOND
        #: At the left of each bar what it measures, and on what, and what the bars below it are.
        self.measured, self.trained = [VGroup(), VGroup()], VGroup()
        for lines, below in zip([*self.measured], lower, strict=True):
            above, beside = below.split_rows(BAR + LINE)
            bar, rest = beside.split_rows(BAR, AIR)
            lines.add(Words("new sentences", "fact", "ink2").begin_in(side.cross(above)))
            lines.add(Words("looks at its noun:", "fact", "ink2").begin_in(side.cross(bar)))
            self.trained.add(Words("other trainings", "fact", "ink2").begin_in(side.cross(rest)))


def disc(full: bool) -> VMobject:
    """A full disc for what is counted, and a hollow one for what is not."""
    return dot(np.zeros(3), AIR, "weight") if full else frame(2 * AIR, 2 * AIR, "weight", 4, AIR)


def _raised(room: Room) -> Room:
    """A room for arcs over a bar: beside the name of the bar is room for what is spelled below a token."""
    return Room(room.left, room.top - TITLE, room.right, room.bottom + BAR + LINE - AIR)


def _alike(pair: tuple[tuple[int, NamedTensor], ...]) -> tuple[bool, int]:
    """True if two sentences have as many words, and how many of them are the same."""
    one, other = (row.words("key") for _, row in pair)
    return len(one) == len(other), sum(map(str.__eq__, map(str, one), map(str, other)))


def head_beside(arcs: Arcs, place: tuple[int, int], side: Room) -> VGroup:
    """The layer and the head, beside the tokens."""
    called = (f"head {letter_of(place[1])}", "block"), (f"{layer_name(place[0])}", "fact", "ink2")
    lines = VGroup(Words(*name) for name in called).arrange(DOWN, buff=units(AIR), aligned_edge=LEFT)
    return lines.align_to(at(side.left, 0), LEFT).set_y(arcs.chips.get_y())


def cases_of(trace: Trace, kind: str) -> Trace | None:
    """The cases of a role that are recorded of the model at hand."""
    name, model = f"experiment.head_cases.{kind}", str(trace.about.get("model"))
    known = f"{name}.found" in trace and model in trace[f"{name}.found"].labels["model"]
    return trace.under(name, model=model) if known else None


class HeadBars(VGroup):
    """A column for each head, layer after layer: a bar in it is as high as the score of the head.

    Args:
        scores: those that stand there first, "layer head".
        earned: the score from which a head has a name; as high is a `line` across all columns.
        room: the rectangle that is filled; of the lines above the columns, the last is the `head`, and in that below
            them, the `foot`, nothing stands.
        lines: how many lines there are above the columns.
    """

    def __init__(self, scores: NamedTensor, earned: Quantity, room: Room, lines: int) -> None:
        layers, heads = scores.shape
        self.side, wide = room.split_columns(SIDE)
        above, body = wide.split_rows(ROW * lines)
        self.body, below = body.split_rows(HIGH)[1].split_rows(-3 * ROW, AIR)
        self.lines, (letters, names, self.foot) = above.rows(lines, 0), below.rows(3, 0)
        self.head = self.lines[-1]
        groups = self.body.columns(layers, BETWEEN)
        self.columns = [column for group in groups for column in group.columns(heads, LINE)]
        self.ground, self.span, corner = Ground(), AxisSpan(1, 0.0, 1.0), at(wide.left, self.body.bottom)
        axis = means(rule(corner, at(wide.left, self.body.top), "line", 3), self.span)
        self.axes = VGroup(axis, means(rule(corner, at(wide.right, self.body.bottom), "ink3", 3), self.ground))
        level = self.body.bottom - self.body.height * float(earned)
        self.line = VGroup(
            means(dashes(at(wide.left, level), at(wide.right, level), "ink2", 3), Tick(earned, self.span))
        )
        self.line.add(number(earned, ".0%", "stage number").end_in(Room(self.side.left, level, wide.left - AIR, level)))
        self.letters = VGroup(
            Words(letter_of(k % heads), "stage word", "ink2").settle(column.cross(letters).centre)
            for k, column in enumerate(self.columns)
        )
        self.layers = VGroup(
            Words(layer_name(k), "fact", "ink2").settle(group.cross(names).centre) for k, group in enumerate(groups)
        )
        self.bars = self.state(scores)
        super().__init__(self.axes, self.line, self.letters, self.layers, self.bars)

    def bar(self, layer: int, head: int) -> VMobject:
        """The bar of a head."""
        return self.bars[layer * len(self.columns) // len(self.layers) + head]

    def state(self, scores: NamedTensor) -> VGroup:
        """The bars of other scores."""
        each, high = zip(self.columns, scores.quantities(), strict=True), self.body.height
        wide = min(MACHINE, self.columns[0].width)
        return VGroup(
            means(
                bar_on(column.centre * RIGHT + self.axes[1].get_y() * UP, self.ground, score, "height", high, wide),
                Reach(score, 1, 1.0, self.span, LEAST),
            )
            for column, score in each
        )

    def numbers(self, scores: NamedTensor) -> VGroup:
        """The scores that are not small, each above its bar."""
        pairs = zip(self.state(scores), scores.quantities(), strict=True)
        return VGroup(
            number(score, "share", "stage number").settle(bar.get_top() + UP * units(LINE + AIR))
            for bar, score in pairs
            if score > WRITTEN and bar.width > units(NUMBER)
        )

    def job(self, role: str) -> Words:
        """The job that all scores are of, above the columns."""
        return Words(CALLED[role], "block").begin_in(self.head)

    def title(self, role: str, column: int, line: int) -> Words:
        """A job as the name of the head that has earned it, on one of the lines above its column."""
        told = f"head {letter_of(column % (len(self.columns) // len(self.layers)))}: {role_name(role)}"
        text = Words(told, "block", "ink2").settle(self.columns[column].cross(self.lines[line]).centre)
        return text.shift(RIGHT * min(0.0, at(self.head.right, 0)[0] - text.get_right()[0]))


class RoleInTraining:
    """A role over the recorded training of this model: bars of all heads, at one checkpoint after another.

    `best` is the head that plays the role at the end, and keeps it from `step` on; `rival` came nearest to it of all
    others, at its `summit`.
    """

    def __init__(self, trace: Trace, role: str, picture: HeadBars) -> None:
        run = trace.under("experiment.emergence")
        self.picture, self.bars = picture, picture.bars
        self.scores, self.step = (run[f"roles.{name}"].pick(role=role) for name in ("score", "onset"))
        self.times, values = run["step"].quantities(), self.scores.values
        found = [*np.ndindex(values.shape[1:])]
        self.best = max(found, key=lambda at: float(values[-1][at]))
        self.rival = max((at for at in found if at != self.best), key=lambda at: float(values[:, at[0], at[1]].max()))
        self.states = [picture.state(self.scores.pick(checkpoint=k)) for k in range(len(values))]
        self.clock = number(self.times[-1], ",.0f", "large number").end_in(picture.head)
        self.told = VGroup(Words("step", "block", "ink2").next_to(self.clock, LEFT, buff=units(LINE)), self.clock)
        self.clock.rewrite(f"{self.times[0]:,.0f}")
        row = self.scores.pick(layer=self.rival[0], head=self.rival[1])
        #: The best score that the rival ever had, and its last one.
        self.peak, self.last = row.largest()[-1], row.quantity(-1)
        #: The checkpoints at which the rival was best, and from which the best head keeps the role.
        self.when, self.onset = int(row.values.argmax()), self.times.index(self.step)
        #: A line where the bar of the rival ended when it was highest, and that number.
        bar = self.states[self.when][found.index(self.rival)]
        top, span = rule(bar.get_corner(UP + LEFT), bar.get_corner(UP + RIGHT), "ink", 5), picture.axes[0].meanings[0]
        text = Words(f"at most {self.peak:share}", "stage number").next_to(bar, UP, buff=units(AIR))
        self.summit = VGroup(means(top, Tick(self.peak, span)), text)
        self.winner, self.firsts = found.index(self.best), list[int]()
        self.ring = ring_around(picture.letters[self.winner], roomy=True)
        #: The role, and the model that the bars come back to.
        self.named = picture.job(role), Words("this model", "block", "ink2").end_in(picture.head)
        self.first = Words("came first", "fact", "ink2").begin_in(picture.side.cross(picture.foot))

    def comes_first(self, scores: NamedTensor) -> VMobject:
        """A disc more below the column of the head that came first."""
        self.firsts.append(column := int(scores.values.argmax()))
        aside = RIGHT * units((self.firsts.count(column) - 1) * LINE * 2)
        # That of this training, which comes before all others, is hollow.
        return disc(len(self.firsts) > 1).move_to(self.picture.columns[column].cross(self.picture.foot).centre + aside)

    def others(self, seeds: Trace) -> list[tuple[Animation, ...]]:
        """The bars at the ends of other trainings, and a disc for each."""
        told = Words(f"other trainings, of {seeds['steps']:,.0f} steps", "block", "ink2").end_in(self.picture.head)
        sign = disc(True).next_to(told, LEFT, buff=units(AIR))
        trainings = seeds["score"].pick(role=INFLECTED)
        ends = zip(trainings, pairwise([self.states[-1], *map(self.picture.state, trainings)]), strict=True)
        turns = ((Through(self.bars, pair, "rest"), appear(self.comes_first(scores))) for scores, pair in ends)
        return [(leave(self.summit, self.told), follow(VGroup(sign, told))), *turns]

    def go_to(self, state: VGroup) -> Animation:
        """The bars go from where they stand to those of a checkpoint."""
        return Through(self.bars, [self.bars.copy(), state], "row")

    def turn_into(self, share: CountedShare) -> tuple[Animation, tuple[Animation, ...]]:
        """All else goes; the bar of the winner falls over and is a share of which all cases are counted."""
        share.number.rewrite(f"{share.shares[-1]:share}")
        gone = *self.bars[: self.winner], *self.bars[self.winner + 1 :], *self.named, self.ring
        return leave(*[*self.picture][:-1], *gone), exchange([self.bars[self.winner]], share.states[-1], "row")

    @classmethod
    def of(cls, trace: Trace, role: str, bars: HeadBars) -> RoleInTraining | None:
        """The race for a role; None where no training is recorded, or where no head settled in it."""
        run = trace.under("experiment.emergence")
        if "roles.score" not in run or "roles.score" not in trace or run["roles.onset"].pick(role=role) < 0:
            return None
        picture, place = cls(trace, role, bars), best_head(trace, role)
        return picture if place and place[:2] == picture.best else None

    def run(self) -> list[tuple[Animation, ...]]:
        """The training up to where the rival is best, on to where the best head stays best, and to its end."""
        stations = 0, min(self.when, self.onset), self.onset, len(self.times) - 1
        return [self._leg(*ends) for ends in pairwise(stations)]

    def _leg(self, start: int, end: int) -> tuple[Animation, ...]:
        states, times = ([*each[start : end + 1]] for each in (self.states, self.times))
        return (Through(self.bars, states, "cell"), Count(self.clock, times, ",.0f", "cell")) if start < end else ()


class AttentionSink(VGroup):
    """Arcs from an adjective that needs no noun to what it attends to, and below each token how long its value is.

    The `stages` are these lengths, and those of the weighted values. `before` is the largest weight that the sink gave
    to the noun in a layer before, with `given`, an arc for it and its number; None in the first layer. An outline as
    high as each value stays when the weights make the bars lower.
    """

    def __init__(self, trace: Trace, focus: Focus, query: int) -> None:
        head = trace.under(f"other.swap.{focus.path}", batch=0, head=focus.head)
        weights, norms = head["weights"].pick(query=query), head["v_norm"]
        weighted = head["weighted_v_norm"].pick(query=query)
        self.query_token, self.noun = weights.label("key", query), focus.top_key
        self.sink, self.weight = weights.largest()
        self.norm, self.other_norm = (norms.quantity(token.position) for token in (self.sink, self.noun))
        pair = {"query": self.sink.position, "key": self.noun.position}
        given = {
            trace[f"other.swap.{focus.stack}.{layer}.self_attn.weights"].pick(batch=0, **pair).largest()[-1]: layer
            for layer in layers_of(trace)[: focus.layer]
        }
        self.before: Quantity | None = max(given, key=float, default=None)
        side, columns = STAGE.split_columns(BARS)
        upper = _raised(columns.rows(2)[0].split_rows(-SHARES)[0])
        self.arcs = Arcs(weights.words("key"), query, weights, upper, own=True)
        self.head, self.arcs.arcs.key = head_beside(self.arcs, (focus.layer, focus.head), side), SECOND
        below, keys = self.arcs.ribbon.below(columns).split_rows(HIGH + AIR)[1], range(len(weights))
        names = "length of value", "times its weight"
        self.stages = SoftmaxStages([norms, weighted], names, self.arcs.ribbon, keys, below, [".2f", ".2f"]).stages
        self.outlines = VGroup(
            frame(pixels(bar.width), pixels(bar.height), "value", 3, 4).move_to(bar) for bar in self.stages[0].bars
        )
        for outline, text, spot in zip(self.outlines, self.stages[1].numbers, self.stages[0].spots, strict=True):
            if text.get_top()[1] > outline.get_top()[1] - units(AIR):
                text.settle(spot)  # not across its outline
        self.arriving = weighted.quantity(self.sink.position)
        self.given = VGroup()
        if self.before is not None:
            arc = self.arcs.arc(self.noun.position, self.sink.position, self.before, -HIGH)
            text = Words(f"{layer_name(given[self.before])}: at most {self.before:.1%}", "stage word")
            self.given.add(arc, text.settle(arc.point_from_proportion(0.5) + DOWN * units(HIGH / 2)))
        super().__init__(self.arcs, self.stages[0].whole, self.head)

    @classmethod
    def of(cls, trace: Trace, focus: Focus) -> AttentionSink | None:
        """Of the sentence with an adjective that needs no noun; None where there is none, or no sink in it."""
        if not (swap := swap_of(trace, focus)):
            return None
        picture = cls(trace, focus, swap["position"])
        looks_away = picture.sink.position not in (swap["position"], focus.top_key.position)
        return picture if looks_away and picture.weight >= 0.5 else None


class AttentionWiring(VGroup):
    """The formula of attention between two sentences, with Q, K and V made from one of them or from both.

    Args:
        own, cross: the paths of the self-attention and of the cross-attention of a layer of the decoder, of which the
            sharpest head and that with the clearest pattern are shown.
        sizes: the sizes of both grids, in words.
    """

    def __init__(self, trace: Trace, own: str, cross: str, sizes: tuple[str, str]) -> None:
        weights, others = (trace[f"{path}.weights"].pick(batch=0) for path in (own, cross))
        clearest, sharp = trace[f"{cross}.pattern_clearness"].pick(batch=0).largest()[0].position, sharpest(weights)
        other = others[clearest]
        left, right = STAGE.golden_columns()
        title, below = left.split_rows(TITLE)
        self.upper, self.upper_name = Ribbon(other.words("key"), below), _title("vectors of the encoder", title)
        above, title = left.split_rows(-TITLE)
        self.lower, self.lower_name = Ribbon(other.words("query"), above), _title("vectors of the decoder", title)
        self.lower.shift([0, at(0, above.bottom)[1] - self.lower.get_bottom()[1], 0])
        middle = (self.upper.get_bottom() + self.lower.get_top()) / 2
        self.formula = Formula(
            'op("softmax") lr((frac({{ Q : query }} {{ K : key }}^T, sqrt(d_k)))) {{ V : value }}', LARGE
        )
        high = MACHINE * (0.8 if self.upper.upright or self.lower.upright else 1)
        self.formula.scale(units(high - 24) / self.formula.height).move_to(middle)
        self.box = Box(pixels(self.formula.width) + 80, high, palette().surface, 14, palette().line, 2.5)
        self.box.move_to(middle)
        below, above = self.box.get_bottom() + DOWN * units(AWAY), self.box.get_top() + UP * units(AWAY)
        self.tags = {role: Tag(role).scale(1.3).move_to(below).shift([units(x), 0, 0]) for role, x in PLUGS.items()}
        self.moved = {role: self.tags[role].copy().set_y(above[1]) for role in ("key", "value")}
        self.lines = {role: self._lines(self.lower, tag, role, UP) for role, tag in self.tags.items()}
        self.crossing = {role: self._lines(self.upper, tag, role, DOWN) for role, tag in self.moved.items()}
        masked = trace[f"{own}.masked"].pick(batch=0, head=0)
        layer = int(own.split(".")[1])
        mine = f"self-attention: {sizes[0]}"
        self.before = SizedPattern(weights[sharp], mine, named_head(layer, sharp), right, masked)
        called = named_head(layer, clearest) if len(others) > 1 else f"{layer_name(layer)}, its only head"
        self.after = SizedPattern(other, f"cross-attention: {sizes[1]}", called, right)
        #: The lines of self-attention, from a token to a tag, and those of cross-attention.
        self.inner = [line for lines in self.lines.values() for line in lines]
        self.outer = [*self.lines["query"], *(line for lines in self.crossing.values() for line in lines)]
        super().__init__(self.upper, self.lower, self.box, self.formula, *self.tags.values(), self.before)

    @staticmethod
    def _lines(sentence: Ribbon, tag: Tag, role: str, side: np.ndarray) -> VGroup:
        """From each token to a tag, along a rail for each role."""
        aside, lines = units(RAIL) * ([*PLUGS].index(role) - 1), VGroup()
        for chip in sentence.chips:
            start, end = chip.get_edge_center(side) + RIGHT * aside, tag.get_edge_center(-side)
            level = UP * ((start + end)[1] / 2 + aside)
            lines.add(path([start, start * RIGHT + level, end * RIGHT + level, end], role, 3.5))
        return lines

    def replug(self) -> list[tuple[Animation, ...]]:
        """Keys and values are pulled out of one sentence and plugged into the other."""
        moves = [Travel(self.tags[role], tag, AROUND, "row", leaving=True) for role, tag in self.moved.items()]
        return [
            (leave(*(self.lines[role] for role in self.moved)), *moves),
            (draw(*(line for lines in self.crossing.values() for line in lines)),),
        ]


def _title(text: str, room: Room) -> Words:
    return Words(text, "block", "residual").begin_in(room)


class SizedPattern(VGroup):
    """A pattern with the words of its rows and columns, and below it its size and the name of the head."""

    def __init__(
        self, weights: NamedTensor, size: str, name: str, room: Room, masked: NamedTensor | None = None
    ) -> None:
        self.pattern = Pattern(weights, min(130.0, 520 / max(weights.shape)), masked)
        words = (self.pattern.row_words("small token"), self.pattern.column_words("small token"))
        self.size = Words(size, "large number").next_to(self.pattern, DOWN, buff=units(30))
        self.size.set_x(self.pattern.get_x())
        called = Words(name, "fact", "ink2").next_to(self.size, DOWN, buff=units(AIR))
        super().__init__(self.pattern, *words, self.size, called)
        room.fit(self, most=1.3)
