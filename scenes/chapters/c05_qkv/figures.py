"""Three questions for one vector, the scores of every pair with and without keys of their own, and lengths as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Self

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import Travel, Visit, appear, appear_in_turn, draw, exchange, leave, reshape
from scenes.animations.verbs import Play
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import SEEN, Arcs
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import Length, means
from scenes.mobjects.matrix_product import ThreeProjections
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box, arrow, curve, dashes
from scenes.mobjects.tensors import TensorGrid, abridged, full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag, Token, chip_width
from scenes.mobjects.vectors import Vector, named_rows, vector_in
from scenes.mobjects.wording import letter_of
from scenes.theme import at, gap, palette, pixels, units
from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Label, Quantity, plain
from transformer_core.tracing.trace import NamedTensor, Trace

#: What each role asks, as a viewer would say it.
QUESTIONS = {
    "query": "What am I looking for?",
    "key": "What can I be found by?",
    "value": "What do I hand over?",
}

#: What the query token asks in a head that plays a role, as a viewer would say it.
ASKED = {
    "adjective(inflected)->noun": "Which noun do I describe?",
    "adjective->referent": "Which noun do I describe?",
    "ambiguous noun->deciding word": "Which word tells what I mean?",
    "copula->adjective": "Which adjective do I lead to?",
    "determiner->noun": "Which noun do I introduce?",
    "pronoun(it/them)->antecedent": "Which noun do I stand for?",
}

#: Px of a line below the panels, and of the gap above it.
FOOT, ABOVE = 78.0, 24.0
#: Px between the edge of a panel and what is in it, above and below, where a line stands below the panels; and the
#: share of a panel's height that is left to the vector at its foot.
LOWER, FOOTED = 14.0, 0.22
#: Px of the highest vector in a panel, how many times larger than usual what is written may be, and a formula with a
#: bias.
TALLEST, WIDER, BIASED = 110.0, 1.4, 0.54
#: Px of the shortest vector.
LEAST = 40.0
#: Px for what is written above the arcs of a head, and above vectors with their lengths, and behind the longest vector.
HEAD, TOLD = 84.0, 140.0
#: How many times as large the tags over tokens are, by how much each is turned there, and px by which a query that has
#: met a key is in its notch.
PINNED, TURNED, NOTCH = 2.2, {"query": -np.pi / 2, "key": np.pi}, 12.0
#: How far two formulas, and then two vectors, that change places bend out of each other's way: the first goes over the
#: second; so for two words, and a number that leaves what it was made in.
FORMULAS_ASIDE, VECTORS_ASIDE, WORDS_ASIDE, OVER = (0.14, 0.7), (0.26, 0.5), 0.26, -0.15


class QueryArcs(Arcs):
    """The attention of the query token in a head, as arcs over the stage, below its name.

    What the token asks stands beside the name, or a question mark on the `tag` of its query, which meets those of the
    keys: their shapes fit. `found` are the keys that answer, to each of which an arc leads from the query token, and
    `tags` is the query where it has met them.
    """

    def __init__(self, trace: Trace, focus: Focus, asked: str = "") -> None:
        head, room = STAGE.split_rows(HEAD)
        weights = focus.seen(trace)["weights"].pick(query=focus.query_token)
        here = weights.position("key", focus.query_token)
        super().__init__(weights.words("key"), here, weights, room)
        self.asked, self.asker = asked, self.chips[here]
        self.heading = Words(f"head {letter_of(focus.head)}", "title").settle(head.centre).begin_at(at(head.left, 0)[0])
        nearest = sorted((i for i in range(len(weights)) if i != here), key=lambda i: abs(i - here))
        self.keys = [pin("key", self.chips[i]) for i in nearest]
        self.found = [key for key, i in zip(self.keys, nearest, strict=True) if weights.values[i] > SEEN]
        self.tags = [pin("query", key, -NOTCH) for key in self.found]
        self.over = [pin("query", key, NOTCH) for key in self.keys]
        self.tag = pin("query", pin("key", self.asker), NOTCH)
        self.question = Words(asked or "?", "title", "query" if asked else "ink2").scale(WIDER)
        self.question.next_to(self.tag, UP, buff=gap("chip"))
        if asked:
            half, clear = self.question.width / 2, self.heading.get_right()[0] + gap("part")
            across = np.clip(self.asker.get_x(), clear + half, at(room.right, 0)[0] - half)
            self.question.set_x(across).stand_on(self.heading.baseline)
        for share in self.marks:
            share.scale(WIDER)

    def asking(self) -> list[Play]:
        """The query goes from token to token, nearest first: each shows its key, and most have no answer."""
        shown = [appear_in_turn(self.keys, "slow")] if self.keys else []
        return [
            Travel(self.asker, VGroup(self.tag, self.question), kind="row"),
            (Visit(self.tag, [self.tag, *self.over]), *shown),
            leave(*(key for key in self.keys if key not in self.found)),
        ]

    def look(self, keys: bool = False) -> list[Play]:
        """The query meets the keys that answer, which show up if they are new, and an arc leads to each."""
        if not self.found:
            return []
        gone = [] if self.asked else [leave(self.question)]
        met = (*gone, *exchange([self.tag] * len(self.tags), self.tags, "row"))
        fit = [reshape(tag, lit(tag)) for tag in (*self.found, *self.tags)]
        answers = (draw(*self.arcs, kind="slow", back=True), *fit)
        return [*([appear_in_turn(self.found)] if keys else []), met, answers, appear(*self.marks)]


class ThreeRoles(VGroup):
    """Three panels side by side: the sign of a role, its name, its question, and a vector.

    Args:
        x: the vector itself, shown across the top as `whole`.
        vectors: for each role the vector in its panel.
        room: the rectangle that is filled.
        coloured: True if what each role makes of the vector is shown; else its question alone.
        biased: True if the matrices of the roles have a bias each.
        below: what stands in a line below the panels, if it has parts.

    `symbols` are the products with the matrices of the roles, where they are `coloured`.
    """

    def __init__(
        self,
        x: NamedTensor,
        vectors: dict[str, NamedTensor],
        room: Room,
        coloured: bool,
        below: VGroup | None = None,
        biased: bool = False,
    ) -> None:
        if below:
            room, foot = room.split_rows(-FOOT, ABOVE)
            foot.fit(below)
        top, room = room.split_rows(40)[1].split_rows(92, 28)
        self.whole = vector_in(top, x, "residual")
        self.panels: dict[str, VGroup] = {}
        self.vectors: dict[str, VMobject] = {}
        self.symbols: dict[str, VMobject] = {}
        self.tags: dict[str, Tag] = {}
        self.tensors, self.feet = vectors, {}
        tops: list[Room] = []
        for (role, tensor), part in zip(vectors.items(), room.columns(3, 36), strict=True):
            plate = Box(part.width, part.height, palette().surface, 18, palette().role(role), 4)
            letter, question = role[0].upper(), QUESTIONS[role]
            symbol = f"x {{{{ W_{letter} : {role} }}}}" + f" + b_{letter}" * biased
            last = Formula(symbol, LARGE).scale(BIASED if biased else 1) if coloured else Words(question, "stage word")
            tag = Tag(role).scale(1.6).set_z_index(1)
            tag[0].rotate(TURNED.get(role, 0.0))
            named = VGroup(tag, Words(role, "title", role)).arrange(RIGHT, buff=gap("chip"))
            lines = VGroup(named, last).arrange(DOWN, buff=gap("chip" if below else "grid"))
            top, self.feet[role] = part.inset(34, LOWER if below else 34).split_rows(-min(130.0, FOOTED * part.height))
            tops.append(top.inset(0, LOWER) if coloured else part)
            self.panels[role] = VGroup(plate.move_to(part.centre), lines)
            self.tags[role] = tag
            if coloured:
                self.vectors[role] = vector_in(self.feet[role], tensor, role, most=TALLEST)
                self.symbols[role] = last
        pairs = [(panel[1], top) for panel, top in zip(self.panels.values(), tops, strict=True)]
        most = min(WIDER, *(min(units(top.width) / m.width, units(top.height) / m.height) for m, top in pairs))
        for lines, top in pairs:
            top.fit(lines, most=most)
            (tag, name), last = lines
            (first, called), under = pairs[0][0]
            name.stand_on(called.baseline)
            tag.set_y(first.get_y())
            last.align_to(under, UP)
        self.ways = [
            curve(np.array([panel.get_x(), self.whole.get_bottom()[1], 0]), panel.get_top(), "residual", 4)
            for panel in self.panels.values()
        ]
        super().__init__(self.whole, *self.ways, *self.panels.values(), *self.vectors.values())

    def opening(self, waiting: Mapping[str, VMobject] = MappingProxyType({})) -> list[tuple[Animation, ...]]:
        """Role by role: its panel appears around the tag, if that is `waiting`, and what it makes of the vector."""
        plays = []
        for (role, (plate, lines)), way in zip(self.panels.items(), self.ways, strict=True):
            parts = [plate, *lines[0][role in waiting :], lines[1], way]
            made = [Travel(self.whole, self.vectors[role], kind="row")] if role in self.vectors else []
            tag = [Travel(waiting[role], lines[0][0], leaving=True)] if role in waiting else []
            plays.append((appear(*parts), *tag, *made))
        return plays


class SwappedMatrices:
    """W_Q and W_K change places: what each makes of a vector then, and which pairs the `readings` are scores of."""

    def __init__(self, roles: ThreeRoles, readings: Sequence[VGroup]) -> None:
        pair, self.readings = ("query", "key"), readings
        self.mine, self.symbols = ([of[role] for role in pair] for of in (roles.vectors, roles.symbols))
        self.made = [
            vector_in(roles.feet[other], roles.tensors[role], other, most=TALLEST)
            for role, other in zip(pair, reversed(pair), strict=True)
        ]
        one, other = self.symbols
        self.crossed = [a.copy().move_to(b, aligned_edge=UP + LEFT) for a, b in ((one, other), (other, one))]
        pairs = [(line[0].word, line[2].word) for line in readings]
        self.said = [said for pair in pairs for said in pair]
        self.turned = [a.copy().move_to(b).stand_on(b.baseline) for pair in pairs for a, b in (pair, pair[::-1])]

    def matrices(self) -> list[tuple[Animation, ...]]:
        """The matrices pass over into each other's place, and then what they make follows."""
        return [
            exchange(self.symbols, self.crossed, "slow", FORMULAS_ASIDE),
            exchange(self.mine, self.made, "slow", VECTORS_ASIDE),
        ]

    def scores(self) -> tuple[Animation, ...]:
        """In each pair, the token that asks becomes the one that is found, and the other way round."""
        return exchange(self.said, self.turned, "slow", WORDS_ASIDE)

    def back(self) -> list[tuple[Animation, ...]]:
        """Turn what is read of the pairs right again, and take it away; then put everything in its own place."""
        return [
            exchange(self.turned, self.said, "row", WORDS_ASIDE),
            (leave(*self.readings),),
            exchange(self.crossed, self.symbols, "row", [-bend for bend in FORMULAS_ASIDE]),
            exchange(self.made, self.mine, "row", [-bend for bend in VECTORS_ASIDE]),
        ]


def _both_and_some(size: int, both: tuple[int, int]) -> list[int | None]:
    """Return the indices to show of `size` tokens: all up to six, else at most five with both compared and the last."""
    if size <= 6:
        return list(range(size))
    choices = (abridged(size, first, 1, keep=both) for first in (3, 2, 1))
    return next(shown for shown in choices if len(shown) - shown.count(None) <= 5)


#: The share of a room's height that a grid with what stands above it takes at most, and of its length that the mirror
#: reaches beyond it. Px of the lowest chip that can be read, and between two cells.
GRID_SHARE, BEYOND, LEAST_TALL, GAPS = 0.72, 0.04, 44.0, 8.0
#: Px of a token, of a cell at most, across and down, above the cells, and of an ellipsis.
TALL, CELL, OVER_CELLS, DOTS = 52.0, (168.0, 148.0), 132.0, 44.0


class TokenPairs(VGroup):
    """Every token against every token as a grid, with one pair to read both ways.

    What stands on top and is matched has the `role` of a key, or that of a query as well.
    """

    def __init__(
        self, scores: NamedTensor, name: str, forth: Label, back: Label, scale: float, room: Room, role: str = "key"
    ) -> None:
        shown = _both_and_some(len(scores), (forth.position, back.position))
        kept = tuple(i for i in shown if i is not None)
        labels = scores.pick(key=kept).words("key")
        longest = max(chip_width(label) for label in labels)
        left_out = DOTS * (len(shown) - len(kept))
        wide = min(CELL[0], (room.width - longest - left_out) / len(kept) - GAPS)
        high = min(CELL[1], (room.height - OVER_CELLS - left_out) / len(kept))
        self.grid = TensorGrid(
            scores, "tile", "", scale, False, shown, shown, max(wide, longest + 10), high - 4, discs=True
        )
        self.rows = VGroup(Token(label, "query", longest, TALL) for label in scores.pick(query=kept).words("query"))
        self.columns = VGroup(Token(label, role, longest, TALL) for label in labels)
        for row, column, line, top in zip(self.rows, self.columns, self.grid.rows, self.grid.columns, strict=True):
            row.next_to(line, LEFT, buff=gap("chip"))
            column.next_to(top, UP, buff=units(14))
        farthest = min(float(chip.get_x()) for chip in self.rows)
        for row, column in zip(self.rows, self.columns, strict=True):
            row.set_x(farthest)
            column.align_to(self.columns, DOWN)
        self.heading = Words(name, "block", "ink2" if role == "query" else "ink")
        self.heading.next_to(VGroup(self.grid, self.columns), UP, buff=units(28)).set_x(self.grid.get_x())
        pair = [(forth, back), (back, forth)] if forth.position != back.position else [(forth, back)]
        self.pair = [self.grid.cell(scores.position("query", a), scores.position("key", b)) for a, b in pair]
        self.readings = VGroup(*(reading(scores, a, b, role) for a, b in pair))
        self.readings.arrange(DOWN, buff=gap("chip"), aligned_edge=RIGHT)
        self.called = Words("one matrix for both" if role == "query" else "two matrices", "stage word")
        #: The cells of tokens with themselves, and the diagonal with what lies above it.
        self.itself = [cell for (i, j), cell in self.grid.cells.items() if i == j]
        self.half = [*(cell for (i, j), cell in self.grid.cells.items() if i <= j), self.grid.gaps_left_out]
        super().__init__(self.grid, self.rows, self.columns, self.heading)
        self.query_token, self.ways = forth, [scores.pick(query=a.position, key=b.position) for a, b in pair]

    @classmethod
    def both(cls, head: Trace, forth: Label, back: Label, board: ThreeProjections | None = None) -> tuple[Self, Self]:
        """The scores if keys were queries, and the scores in the same place: on one scale of colours.

        On the board of the queries they stand beside these, row by row; what is read of them stands above.
        """
        room, tall = (board.rest, board.tall) if board else (STAGE, STAGE.height)
        above, room = room.split_rows(-min(tall + OVER_CELLS, GRID_SHARE * room.height))
        tensors = head["scores_if_keys_were_queries"], head["scores"]
        scale = max(float(np.abs(tensor.values).max()) for tensor in tensors)
        mirrored = cls(tensors[0], "What if keys were queries?", forth, back, scale, room, "query")
        real = cls(tensors[1], "with keys of their own", forth, back, scale, room)
        room.fit(VGroup(mirrored, real.shift(mirrored.grid.get_center() - real.grid.get_center())), most=1.0)
        for one, part in zip((mirrored, real), above.columns(2, 44), strict=True):
            part.fit(VGroup(one.called, one.readings).arrange(DOWN, gap("chip"), aligned_edge=LEFT), most=1.0)
        return mirrored, real

    @property
    def small(self) -> bool:
        """True if its chips had to shrink to fit."""
        return min(pixels(chip.height) for chip in (self.rows[0], self.readings[0][0])) < LEAST_TALL

    def told(self, ahead: bool = False) -> tuple[str, str]:
        """Both scores of the pair, in two beats of narration; `ahead`: a mask will keep one of them from its row."""
        forth, back = f"{self.ways[0]:.2f}", f"{self.ways[-1]:.2f}"
        if len(self.ways) == 1:
            return (
                f"With keys of their own, “{self.query_token}” matches itself with {forth}.",
                "With more words, a match need not be mutual.",
            )
        if plain(forth) == plain(back):
            return f"Keys of their own give {forth} both ways here.", "A match need not be mutual, but it may be."
        return (
            f"Keys of their own give {forth} one way and {back} the other.",
            "Here only one way counts: a mask will hide later keys."
            if ahead
            else "Here, who needs whom is not mutual: two matrices allow that.",
        )

    def reflect(self) -> Animation | None:
        """Move what lies above the diagonal to its mirror place below; None if the grid has one cell."""
        turns = [Travel(self.grid.cells[j, i], cell, 0.0, "slow") for (i, j), cell in self.grid.cells.items() if i > j]
        return AnimationGroup(*turns) if turns else None

    @property
    def axis(self) -> VGroup:
        """The mirror: the diagonal of the grid, from end to end, and its name."""
        low, high = self.grid.get_corner(DOWN + RIGHT), self.grid.get_corner(UP + LEFT)
        word = Words("mirror", "fact").settle(np.array([self.rows.get_x(), self.columns.get_y(), 0]))
        return VGroup(dashes(high + (high - low) * BEYOND, low, "ink", 4, 8), word)


class VectorLengths(VGroup):
    """Vectors one below the other with their tokens, each as long on stage as it is.

    Args:
        stages: the same vectors before and after an operation, two axes each, on one scale of colours.
        lengths: of the vectors of each stage, on one scale.
        headings: what is written above each stage.
        room: the rectangle that is filled.

    All stages stand in one place; `changes` are plays, from stage to stage.
    """

    def __init__(
        self, stages: Sequence[NamedTensor], lengths: Sequence[NamedTensor], headings: Sequence[VMobject], room: Room
    ) -> None:
        head, room = room.split_rows(HEAD)
        scale, most = full_colour(*stages), max(float(tensor.values.max()) for tensor in lengths)
        longest = room.width - gutter(stages[0].words(stages[0].axes[0])) - TOLD
        self.names, rows = named_rows(stages[-1], room, longest, "residual", scale=scale)
        self.stages = [
            VGroup(
                _as_long_as(length, longest / most, vector, row, scale)
                for vector, length, row in zip(tensor, of.quantities(), rows, strict=True)
            )
            for tensor, of in zip(stages, lengths, strict=True)
        ]
        #: Behind each vector, its length.
        self.figures = [VGroup(number(one, ".1f", "stage number") for one in of.quantities()) for of in lengths]
        for figures, strips in zip(self.figures, self.stages, strict=True):
            for figure, strip in zip(figures, strips, strict=True):
                figure.next_to(strip, RIGHT, buff=gap("chip"))
            name = Words("length", "stage word", "ink2").next_to(figures[0], UP, buff=gap("chip"))
            figures.add(name.begin_at(figures[0].get_left()[0]))
        for heading in headings:
            head.inset(0, 8).fit(heading, most=1.0).align_to(rows[0], LEFT)
        states = zip(self.stages, self.figures, headings, strict=False)
        self.changes = [
            (leave(told, head), (appear(after), *exchange(old, new, "row")), appear(found))
            for (old, told, head), (new, found, after) in pairwise(states)
        ]
        super().__init__(*self.names, self.stages[0], headings[0])


def _as_long_as(length: Quantity, unit: float, vector: NamedTensor, row: Vector, scale: float) -> Vector:
    """A vector whose strip is `unit` px for a one of its length, where another begins."""
    strip = Vector(vector, max(unit * length, LEAST), pixels(row.height), "residual", scale)
    means(strip.plate, Length(length, "width", unit, pixels(row.height), LEAST))
    return strip.move_to(row).align_to(row, LEFT)


def pin(role: str, below: VMobject, air: float = 12.0) -> Tag:
    """The tag of a role above a token or another tag, turned so that the tip of a query fits the notch of a key."""
    tag = Tag(role).scale(PINNED)
    tag[0].rotate(TURNED[role])
    return tag.next_to(below, UP, buff=units(air)).set_z_index(1)


def lit(tag: Tag) -> Tag:
    """The tag in full light."""
    shine = tag.copy()
    shine[0].set_fill(shine[0].get_stroke_color())
    shine[1].set_fill(palette().background)
    return shine


def reading(scores: NamedTensor, forth: Label, back: Label, role: str = "key") -> VGroup:
    """ "query → key  score" on one line, in chips; the second has the colour of a role."""
    q, k = scores.words("query")[forth.position], scores.words("key")[back.position]
    width = max(chip_width(label) for label in (q, k))
    first, second = Token(q, "query", width, TALL), Token(k, role, width, TALL)
    way = arrow(np.zeros(3), RIGHT * units(56), "ink3", 3)
    value = number(scores.pick(query=forth.position, key=back.position), ".2f", "number")
    line = VGroup(first, way, second).arrange(RIGHT, buff=units(14))
    value.settle(second.get_right() + RIGHT * units(80)).end_at(second.get_right()[0] + units(130))
    return VGroup(*line, value)


def length_of_stream(trace: Trace, focus: Focus) -> NamedTensor:
    """The lengths of the vectors that the residual stream holds before the layer in focus, for each position."""
    before = f"feed-forward {focus.layer}" if focus.layer else "input"
    return trace[f"{focus.stack}.residual_norms"].pick(batch=0, sublayer=before)
