"""An LSTM above the words that it reads, its gates, and the grid into which its chain folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from manim import LEFT, PI, RIGHT, UP, Animation, VGroup, VMobject, rate_functions

from scenes.animations import (
    Come,
    Count,
    Flight,
    Sweep,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    leave,
    pulses,
    ring_around,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.card import Card
from scenes.mobjects.cells import Cell
from scenes.mobjects.marks import End, Length, Thickness, means
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, arrow, curve, drop, rule, stroke
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, in_line
from scenes.mobjects.vectors import Vector
from scenes.theme import at, pace, palette, shared, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the line on top, and between a figure and the sentence below it.
HEAD, ABOVE = 66.0, 30.0
#: Px of a cell of the chain at most, and of the margin around the vector in it.
CELL, INSIDE = 190.0, 12.0
#: Up to so many words are handed on slowly, and have their numbers in the grid.
FEW = 5
#: Px of the thinnest line of attention, and of one of all the weight; a weight under `SEEN` has none.
THIN, THICK, SEEN = 1.5, 16.0, 0.02
#: Px of the two lines that are written, and of the names at the left of two lanes.
LINES, NAMES = 250.0, 200.0
#: What is smaller by more than this has vanished.
BILLION = 1_000_000_000
#: The words of a short text, in the last picture.
WORDS = 4


def foot(labels: Sequence[Label], room: Room = STAGE) -> Ribbon:
    """A sentence along the foot of a room."""
    ribbon = Ribbon(labels, room)
    ribbon.shift(np.array([0, at(0, room.bottom)[1] - ribbon.get_bottom()[1], 0]))
    return ribbon


def over(ribbon: Ribbon, room: Room = STAGE) -> Room:
    """The part of `room` that lies above a sentence at its foot."""
    return room.split_rows(-ribbon.height * 135, ABOVE)[0]


def low_room() -> Room:
    """The part of the stage below two lines that are written."""
    return STAGE.split_rows(LINES, 80)[1]


class Steps(VGroup):
    """Number of steps that have to be done one after another: a counter, and its name."""

    def __init__(self, ticks: Sequence[Quantity], name: str, room: Room, role: str = "residual") -> None:
        self.ticks = list(ticks)
        line, _ = room.split_rows(HEAD - 16)
        self.count = number(self.ticks[-1], "", "large number", role)
        self.count.settle(line.centre).begin_at(at(line.left, 0)[0])
        self.called = Words(name, "block", role).settle(line.centre)
        self.called.begin_at(self.count.get_right()[0] + units(18)).stand_on(self.count.baseline)
        self.count.rewrite(f"{self.ticks[0]}")
        super().__init__(self.count, self.called)

    def at(self, step: int) -> Animation:
        """The number of one step."""
        return Count(self.count, [self.ticks[step]], "", "appear")

    def again(self) -> Animation:
        """All numbers, one after another, in time with a ring that visits as many cells."""
        return Count(self.count, self.ticks, "", "slow")


class Chain(VGroup):
    """A cell above each word, with the memory after this word, and an arrow from each cell to the next.

    Args:
        memories: "position d_state".
        ribbon: the sentence, at the foot of `room`.
    """

    def __init__(self, memories: NamedTensor, ribbon: Ribbon, room: Room = STAGE) -> None:
        self.ribbon = ribbon
        _, body = over(ribbon, room).split_rows(HEAD)
        wide, scale = min(ribbon.wide - 12, CELL), full_colour(memories)
        self.cells, self.vectors, self.ups = VGroup(), VGroup(), VGroup()
        for i, column in enumerate(ribbon.columns):
            centre = np.array([column.centre[0], body.centre[1], 0])
            cell = Box(wide, body.height, palette().surface, 14, palette().line, 2.5).move_to(centre)
            inside = min(INSIDE, wide / 8)
            vector = Vector(
                memories[i], wide - 2 * inside, body.height - 2 * inside, "residual", scale, upright=True
            ).move_to(centre)
            self.cells.add(cell)
            self.vectors.add(vector)
            self.ups.add(drop(cell, ribbon.chips[i], "ink3", 3))
        air = RIGHT * units(3)
        self.links = VGroup(
            *(
                arrow(a.get_right() + air, b.get_left() - air, "residual", 6, min(22, 0.7 * self._space(a, b)))
                for a, b in zip(self.cells, self.cells[1:], strict=False)
            )
        )
        super().__init__(self.ups, self.cells, self.links, self.vectors)

    @staticmethod
    def _space(a: VMobject, b: VMobject) -> float:
        return float(b.get_left()[0] - a.get_right()[0]) * 135

    def first(self) -> list[tuple[Animation, ...]]:
        """The first word writes into an empty memory."""
        return [
            (appear(self.cells[0]), draw(self.ups[0])),
            (Flight(self.ribbon.chips[0], self.cells[0]), deal([self.ribbon.chips[0]], [self.vectors[0]], kind="flow")),
        ]

    def hand_on(self, steps: Steps) -> list[tuple[Animation, ...]]:
        """Each memory goes on to the next cell, and the word below changes it."""
        kind = "transform" if len(self.cells) <= FEW else "emphasise"
        return [
            (
                appear(self.cells[i], self.links[i - 1], self.ups[i], rise=False),
                Flight(self.ribbon.chips[i], self.cells[i], kind=kind),
                Travel(self.vectors[i - 1], self.vectors[i], 0.0, kind),
                steps.at(i),
            )
            for i in range(1, len(self.cells))
        ]


class Gates(VGroup):
    """Three lines of a vector, a gate, and their product: what is kept, what is written, and what is shown.

    Args:
        part: the encoder of an LSTM at one position.
        token: the word that it reads there.
        room: the rectangle that is filled.
    """

    def __init__(self, part: Trace, token: Label, room: Room) -> None:
        scale = full_colour(part["cells_before"], part["cells"])
        lines = {
            "keep": ("cells_before", "memory so far", "f", "forget gate", "memory_kept", "kept"),
            "write": ("g", f"new from “{token}”", "i", "input gate", "memory_written", "written"),
            "show": ("memory_squashed", "new memory, squashed", "o", "output gate", "states", "hidden state"),
        }
        self.lines: dict[str, VGroup] = {}
        self.names: dict[str, VGroup] = {}
        self.signs: dict[str, VGroup] = {}
        for (purpose, line), row in zip(lines.items(), room.rows(3, 16), strict=True):
            vectors, names = VGroup(), VGroup()
            for k, place in enumerate(row.columns(3, 96)):
                tensor, name = part[line[2 * k]], line[2 * k + 1]
                head, body = place.split_rows(58)
                role = "weight" if k == 1 else "residual"
                full = 1.0 if k == 1 or line[2 * k] not in ("cells_before", "memory_kept", "memory_written") else scale
                vectors.add(Vector(tensor, body.width, body.height, role, full).move_to(body.centre))
                names.add(Words(name, "stage word", "ink" if k == 1 else "ink2").settle(head.centre))
            signs = VGroup()
            for sign, a, b in (("×", vectors[0], vectors[1]), ("=", vectors[1], vectors[2])):
                signs.add(Words(sign, "large number", "ink2").settle((a.get_right() + b.get_left()) / 2))
            self.lines[purpose], self.names[purpose], self.signs[purpose] = vectors, names, signs
        super().__init__(*self.lines.values(), *self.names.values(), *self.signs.values())

    def come(self, line: str, source: VMobject) -> tuple[Animation, ...]:
        """The vector of a line, out of where it was before."""
        return (Travel(source, self.lines[line][0], kind="row"), appear(self.names[line][0], rise=False))

    def gate(self, line: str) -> list[tuple[Animation, ...]]:
        """The gate comes, and lets through what it lets through."""
        vector, gate, product = self.lines[line]
        names, signs = self.names[line], self.signs[line]
        return [
            (appear(gate, names[1], signs[0]),),
            (
                Flight(gate, product, 0.1, "row"),
                Travel(vector, product, 0.0, "row"),
                appear(names[2], signs[1], rise=False),
            ),
        ]

    def add_up(self) -> tuple[Animation, ...]:
        """Add what is kept and what is written to the new memory."""
        goal = self.lines["show"][0]
        return (
            *(Flight(self.lines[k][2], goal, 0.15, "row") for k in ("keep", "write")),
            appear(goal, self.names["show"][0], rise=False),
        )


class Grid(VGroup):
    """A cell for each pair of tokens: one of the side, in a row of its own, and one at the foot.

    Args:
        pairs: "query key", parts of one.
        ribbon: the sentence at the foot; its tokens stand below their columns.
        room: the rectangle that both share.
        shown: which cells there are; `hollow` are all of them, with nothing in them.
        numbered: which of them say their number.
    """

    def __init__(
        self,
        pairs: NamedTensor,
        ribbon: Ribbon,
        room: Room = STAGE,
        shown: Callable[[int, int], bool] = lambda _i, _j: True,
        numbered: Callable[[int, int], bool] = lambda _i, _j: True,
    ) -> None:
        labels, columns = pairs.words("query"), ribbon.columns
        _, body = over(ribbon, room).split_rows(HEAD)
        self.lines = body.rows(len(labels), 0)
        space = min(10.0, body.height / len(labels) / 6)
        high, wide = self.lines[0].height - space, ribbon.wide - 4
        side = gutter(labels)
        self.chips = VGroup()
        for label, line in zip(labels, self.lines, strict=True):
            chip = Token(label, "", side, min(60.0, high), "stage word" if high >= 60 else "small token")
            centre = at(columns[0].left - ABOVE - side / 2, 0)[0]
            self.chips.add(chip.move_to(np.array([centre, line.centre[1], 0])))
        self.cells: dict[tuple[int, int], Cell] = {}
        self.hollow: dict[tuple[int, int], VMobject] = {}
        style = "stage number" if high >= 56 else "number" if high >= 36 else "cell"
        for i, line in enumerate(self.lines):
            for j, column in enumerate(columns):
                entry, spot = pairs.quantity(i, j), np.array([column.centre[0], line.centre[1], 0])
                self.hollow[i, j] = Box(wide, high, palette().surface, 6, palette().line, 2).move_to(spot)
                if shown(i, j):
                    said = style if numbered(i, j) and wide >= 74 else ""
                    self.cells[i, j] = Cell(entry, (wide, high), "share", said, shared(entry)).shift(spot)
        super().__init__(self.chips, *self.cells.values())

    def row(self, i: int) -> VGroup:
        """The cells of a row, from left to right."""
        return VGroup(*(cell for (k, _), cell in self.cells.items() if k == i))

    @property
    def first_column(self) -> list[Cell]:
        """The cells above the first word, from top to bottom."""
        return [cell for (_, j), cell in self.cells.items() if j == 0]


def room_for(labels: Sequence[Label]) -> Room:
    """The part of the stage at the right of a grid's own tokens."""
    return STAGE.split_columns(gutter(labels), ABOVE)[1]


def axes(text: str, ribbon: Ribbon) -> Words:
    """Words at the upper right that say what rows and columns are."""
    line, _ = over(ribbon).split_rows(HEAD - 16)
    return Words(text, "aside", "ink2").settle(line.centre).end_at(at(line.right, 0)[0])


class Folding:
    """The chain of an LSTM, which folds into a grid: the memory after a word becomes its row, cut into the parts that
    each word wrote; and the grid of attention that takes the place of this one.

    Args:
        chain: whose memories fold.
        parts: "query key", the part of each memory that a token wrote.
        weights: "query key", attention weights of the same sentence.
        query: the token whose row of weights is told.
    """

    def __init__(self, chain: Chain, parts: NamedTensor, weights: NamedTensor, query: Label) -> None:
        few, here = len(parts) <= FEW, weights.position("query", query)
        self.chain, self.here = chain, here
        told = (weights.values > SEEN) & (few | (np.arange(len(weights)) == here))[:, None]
        self.memory = Grid(parts, chain.ribbon, STAGE, lambda i, j: j <= i, lambda _i, j: few or j == 0)
        self.attention = Grid(weights, chain.ribbon, STAGE, numbered=lambda i, j: bool(told[i, j]))
        self.wrote = axes("rows: the memory after a word, columns: who wrote it", chain.ribbon)
        self.looks = axes("rows: the word that looks, columns: where it looks", chain.ribbon)
        self.rows = VGroup(*(self._lying(i) for i in range(len(parts))))

    def _lying(self, i: int) -> VMobject:
        """The memory after word i, laid down from the first column to its own."""
        goal = self.memory.row(i)
        lying = self.chain.vectors[i].copy().rotate(PI / 2)
        lying.stretch_to_fit_width(goal.width).stretch_to_fit_height(goal.height)
        return lying.move_to(goal)

    def fold(self) -> list[tuple[Animation, ...]]:
        """The chain lies down, row by row."""
        chain, ribbon = self.chain, self.chain.ribbon
        tips = [
            Travel(vector, row, -0.3, "camera", leaving=True)
            for vector, row in zip(chain.vectors, self.rows, strict=True)
        ]
        return [
            (leave(chain.cells, chain.links, chain.ups), *tips),
            (deal(ribbon.chips, [*self.memory.chips], kind="row"),),
        ]

    def cut(self) -> tuple[Animation, ...]:
        """Each row falls into the parts that the words wrote, one row after another."""
        cells = VGroup(*self.memory.cells.values())
        return leave(*self.rows), Sweep(cells, "slow")

    def empty(self) -> tuple[Animation | None, ...]:
        """The cells of the memories give way to a cell for each pair, with nothing in them."""
        old, new = self.memory.cells, self.memory.hollow
        fresh = [cell for place, cell in new.items() if place not in old]
        return (
            leave(*old.values()),
            appear(*(new[place] for place in old), rise=False),
            appear_in_turn(fresh, "slow"),
        )

    def meet(self) -> tuple[Animation, ...]:
        """All pairs at once: copies of the words at the side and at the foot meet, and leave a weight."""
        landing = rate_functions.squish_rate_func(rate_functions.smooth, 0.8, 1)
        cells = VGroup(*self.attention.cells.values())
        flights: list[Animation] = []
        if len(self.rows) <= FEW:
            for (i, j), cell in self.attention.cells.items():
                for chip, side in ((self.memory.chips[i], LEFT), (self.chain.ribbon.chips[j], RIGHT)):
                    half = self.memory.chips[i].copy().move_to(cell).shift(side * cell.width / 4)
                    half.scale(min(1.0, cell.width / 2 / half.width))
                    flights.append(Flight(chip, half, 0.0, "cell"))
        return (*flights, Come(cells, run_time=pace("cell"), rate_func=landing))

    def look(self) -> Animation:
        """The word that is looked at most by the query comes to it in one step."""
        row = {j: float(cell.quantity) for (i, j), cell in self.attention.cells.items() if i == self.here}
        return Flight(self.chain.ribbon.chips[max(row, key=row.__getitem__)], self.memory.chips[self.here], 0.3, "row")


class Fading(VGroup):
    """Part of the memory that one word wrote, as a bar over each later word; and one arc of attention.

    Args:
        parts: "query key", the part of each memory that a token wrote.
        hops: "query key", the state updates between two tokens.
        start, end: the token that wrote, and the one that needs it.
        ribbon: the sentence at the foot.
    """

    def __init__(self, parts: NamedTensor, hops: NamedTensor, start: int, end: int, ribbon: Ribbon) -> None:
        room = over(ribbon)
        low, top = room.golden_rows()
        top, low = room.split_rows(top.height)
        wide, tall = ribbon.wide - 34, low.height - 20
        self.hops = [hops.quantity(i, start) for i in range(start + 1, end + 1)]
        self.tanks, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for i in range(start, end + 1):
            share = parts.quantity(i, start)
            tank = Box(wide, tall, palette().surface, 8, palette().line, 2)
            tank.move_to(np.array([ribbon.columns[i].centre[0], low.centre[1], 0]))
            bar = Box(wide, max(tall * float(share), 2), palette().residual, 4)
            means(bar, Length(share, "height", tall, wide, 2))
            bar.move_to(tank).align_to(tank, -UP)
            value = number(share, "share", "number").settle(bar.get_top() + UP * units(28))
            value.paper = tank
            self.tanks.add(tank)
            self.bars.add(bar)
            self.numbers.add(value)
        chips = ribbon.chips[start], ribbon.chips[end]
        a, b = (tank.get_top() + UP * units(10) for tank in (self.tanks[0], self.tanks[-1]))
        self.arc = VMobject(stroke_color=palette().weight, stroke_width=stroke(10))
        rise = UP * (at(0, top.top + 10)[1] - a[1]) / 0.75
        self.arc.points = np.array([a, a + rise, b + rise, b])
        means(self.arc, *(End(chip.label, first=chip is chips[0], alone=True) for chip in chips))
        middle = (a + b) / 2
        self.arc_name = Words("attention: one layer", "block", "weight")
        self.arc_name.settle(np.array([middle[0], at(0, top.top + 70)[1], 0]))
        self.count = number(self.hops[-1], "", "large number", "residual")
        self.chain_name = Words("state updates of the LSTM:", "block", "residual")
        line = VGroup(self.chain_name, self.count).arrange(RIGHT, buff=units(18))
        line.move_to(np.array([middle[0], at(0, top.bottom - 60)[1], 0]))
        self.chain_name.stand_on(self.count.baseline)
        self.count.rewrite(f"{self.hops[0]}")
        super().__init__(self.tanks, self.bars, self.numbers, self.arc, self.arc_name, self.count, self.chain_name)

    def survive(self) -> tuple[Animation, ...]:
        """The word goes from memory to memory, and less and less of each is its own."""
        moments = VGroup(*(VGroup(bar, value) for bar, value in zip(self.bars[1:], self.numbers[1:], strict=True)))
        return Sweep(moments, "slow"), Count(self.count, self.hops, "", "slow")


class Handover(VGroup):
    """A sentence with a state over each word; at the top, what is written from the last one, and with attention to all.

    Args:
        chain, others: the states of both translators, over the same sentence.
        alone, attending: the words that are written.
        weights: "query key", what attention gives to each state for each word that it writes.
        wrong: for each of both, the places of words that are not right.
    """

    def __init__(
        self,
        chain: Chain,
        others: Chain,
        alone: Sequence[Label],
        attending: Sequence[Label],
        weights: NamedTensor,
        wrong: tuple[Sequence[int], Sequence[int]],
    ) -> None:
        self.chain, self.others = chain, others
        lines = STAGE.split_rows(LINES)[0].rows(2, 8)
        self.outputs, self.names = [], VGroup()
        told = (("from the last state alone", "residual"), ("with attention to all states", "key"))
        for words, (text, role), line in zip((alone, attending), told, lines, strict=True):
            head, body = line.split_rows(46)
            self.names.add(Words(text, "fact", role).settle(head.centre).begin_at(at(head.left, 0)[0]))
            self.outputs.append(body.fit(in_line(words, body.width)))
        self.rings = [
            VGroup(*(ring_around(line[i], "warning") for i in places))
            for line, places in zip(self.outputs, wrong, strict=True)
        ]
        self.most = [int(np.argmax(row.values)) for row in weights][: len(attending)]
        self.weights = weights
        super().__init__(*self.outputs, self.names, *self.rings)

    def write_alone(self) -> Animation:
        """All words come out of the last state."""
        last = self.chain.vectors[-1]
        return deal([last] * len(self.outputs[0]), [*self.outputs[0]], kind="slow")

    def write_attending(self) -> Animation:
        """Each word comes out of the state that attention gives the most for it."""
        return deal([self.others.vectors[j] for j in self.most], [*self.outputs[1]], kind="slow")

    def looks(self) -> list[VGroup]:
        """The weights of the states for each word that is written, as lines."""
        found = []
        for row, chip in zip(self.weights, self.outputs[1], strict=False):
            lines = VGroup()
            for weight, vector in zip(row.quantities(), self.others.vectors, strict=True):
                if weight > SEEN:
                    line = curve(vector.get_top() + UP * units(8), chip.get_bottom() - UP * units(8), "weight")
                    line.set_stroke(width=stroke(THIN + (THICK - THIN) * weight))
                    ends = End(weight, first=True, axis="key", alone=True), End(chip.label, alone=True)
                    lines.add(means(line, Thickness(weight, THICK - THIN, THIN), *ends))
            found.append(lines)
        return found


class Swapped(VGroup):
    """The vectors of a sentence, before and after two of its words change places: an LSTM's, and those of attention.

    Args:
        states, exchanged_states: "position d_state", of the sentence and of the exchanged one.
        vectors, exchanged_vectors: "position d_model", of both, with no positions added.
        order: where each word of the exchanged sentence stood.
    """

    def __init__(
        self,
        states: NamedTensor,
        exchanged_states: NamedTensor,
        vectors: NamedTensor,
        exchanged_vectors: NamedTensor,
        order: Sequence[int],
    ) -> None:
        self.order, self.moved = list(order), [i for i, j in enumerate(order) if i != j]
        side, room = STAGE.split_columns(NAMES, 24)
        self.before, self.after = (foot(one.words("position"), room) for one in (states, exchanged_states))
        lanes = over(self.before, room).rows(2, 24)
        self.names = VGroup()
        for text, role, lane in zip(("attention", "LSTM"), ("key", "residual"), lanes, strict=True):
            name = Words(text, "block", role)
            spot = Room(side.left, lane.top, side.right, lane.bottom).centre
            self.names.add(name.settle(spot).begin_at(at(side.left, 0)[0]))
        self.attention = [self._lane(one, lanes[0], "key", vectors) for one in (vectors, exchanged_vectors)]
        self.lstm = [self._lane(one, lanes[1], "residual", states) for one in (states, exchanged_states)]
        super().__init__(self.before, self.names, self.attention[0], self.lstm[0])

    def _lane(self, rows: NamedTensor, lane: Room, role: str, plain: NamedTensor) -> VGroup:
        scale, wide = full_colour(plain), min(self.before.wide - 12, CELL)
        return VGroup(
            *(
                Vector(row, wide, lane.height, role, scale, upright=True).move_to(
                    np.array([column.centre[0], lane.centre[1], 0])
                )
                for row, column in zip(rows, self.before.columns, strict=True)
            )
        )

    def swap(self) -> tuple[Animation, ...]:
        """Words change places, and the vectors of attention go along."""
        pairs = [*enumerate(self.order)]
        chips = [Travel(self.before.chips[j], self.after.chips[i], 0.5, "camera", leaving=True) for i, j in pairs]
        first, second = self.attention
        return (*chips, *(Travel(first[j], second[i], 0.5, "camera", leaving=True) for i, j in pairs))

    def notice(self, rings: Sequence[VMobject]) -> list[tuple[Animation, ...]]:
        """The LSTM makes its states anew, one after another, each in its place; `rings` are those that change."""
        old, new = self.lstm
        first = len(old) - len(rings)
        kind = "row" if len(rings) <= FEW else "emphasise"
        return [
            exchange(old[:first], new[:first], "emphasise"),
            *((*exchange([old[i]], [new[i]], kind), appear(ring, rise=False)) for i, ring in enumerate(rings, first)),
        ]

    def back(self) -> tuple[Animation, ...]:
        """All stands as it stood."""
        pairs = [*enumerate(self.order)]
        chips = [Travel(self.after.chips[i], self.before.chips[j], 0.5, "camera", leaving=True) for i, j in pairs]
        first, second = self.attention
        along = [Travel(second[i], first[j], 0.5, "camera", leaving=True) for i, j in pairs]
        return (*chips, *along, *exchange(self.lstm[1], self.lstm[0], "camera"))


class Panel(Card):
    """A card with a small picture of how something works, and lines that say what it is good and bad at."""

    def __init__(self, name: str, lines: Sequence[str], role: str, room: Room) -> None:
        super().__init__(name, room)
        picture, below = self.inside.golden_rows(24)
        self.picture = picture
        self.lines = VGroup()
        for text, line in zip(lines, below.rows(len(lines), 0), strict=True):
            words = Words(text, "block", role, self.paper).settle(line.centre)
            self.lines.add(words.begin_at(at(line.left, 0)[0]))


class Trade:
    """A chain and a grid side by side, each with what it is good and bad at; both for a text, and for one twice as
    long."""

    def __init__(self, chain: Sequence[str], grid: Sequence[str]) -> None:
        left, right = STAGE.columns(2)
        self.chain, self.grid = Panel("LSTM", chain, "residual", left), Panel("attention", grid, "weight", right)
        self.cells = self._cells(self.chain.picture)
        self.squares = self._squares(self.grid.picture)

    @staticmethod
    def _cells(room: Room) -> list[VGroup]:
        """A chain, word for word: a cell, with the arrow that leads to it."""
        cells, parts = [], []
        for place in room.columns(2 * WORDS, 26):
            side = min(place.width, place.height)
            cells.append(Box(side, side, palette().residual, 10).move_to(place.centre))
        for k, cell in enumerate(cells):
            parts.append(VGroup(cell))
            if k:
                air = RIGHT * units(3)
                parts[k].add(arrow(cells[k - 1].get_right() + air, cell.get_left() - air, "residual", 5, 14))
        return parts

    @staticmethod
    def _squares(room: Room) -> dict[tuple[int, int], VMobject]:
        """A square for each pair of words."""
        pitch = min(room.width, room.height) / (2 * WORDS)
        corner = room.centre + units(pitch * (WORDS - 0.5)) * (UP - RIGHT)
        return {
            (i, j): Box(pitch - 5, pitch - 5, palette().weight, 4).move_to(corner + units(pitch) * (j * RIGHT - i * UP))
            for i in range(2 * WORDS)
            for j in range(2 * WORDS)
        }

    def passing(self, longer: bool = False) -> Callable[[float], Animation]:
        """Let one memory go from cell to cell, up to the last."""
        last = self.cells[-1 if longer else WORDS - 1]
        return pulses([rule(self.cells[0].get_left(), last.get_right())], [1.0])

    def text(self) -> tuple[Animation, ...]:
        """A text: the chain grows step by step, and the grid is there at once."""
        few = [square for (i, j), square in self.squares.items() if max(i, j) < WORDS]
        return fill(VGroup(*self.cells[:WORDS]), "slow"), appear(*few, rise=False)

    def longer(self) -> tuple[Animation, ...]:
        """The same for twice as many words."""
        more = [square for (i, j), square in self.squares.items() if max(i, j) >= WORDS]
        return fill(VGroup(*self.cells[WORDS:]), "slow"), appear_in_turn(more, "slow")
