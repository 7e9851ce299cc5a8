"""An LSTM above the words that it reads, its gates, what is left in its memory, and the grid into which it folds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import PI, RIGHT, UL, UP, UR, Animation, VGroup, VMobject, rate_functions

from scenes.animations import Come, Flight, Sweep, Travel, appear, appear_in_turn, deal, draw, exchange, leave, pulses
from scenes.animations.verbs import LATE
from scenes.language import Told
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.cells import Cell
from scenes.mobjects.marks import End, Stands, means
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.ramps import Ramp
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, arch, arrow, drop, rule, wire
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, paragraph
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import under, vector_in
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the line on top, and between a figure and the sentence below it.
HEAD, ABOVE = 66.0, 30.0
#: Px of a cell of the chain at most, and of the margin around the vector in it.
CELL, INSIDE = 190.0, 12.0
#: Up to so many words are handed on slowly, and have their numbers in the grid. Px of the thinnest line of attention,
#: and of one of all the weight; a weight under `SEEN` has none.
FEW, THIN, THICK, SEEN = 5, 1.5, 16.0, 0.02
#: How far what is multiplied or added bends down on its way, past signs; and px of the line of Spanish forms.
BELOW, FORM = -0.03, 54.0
#: Px between two vectors of a line, of the scale of a gate, and of a vector of which gates are made, at most.
APART, RAMP, MOST = 96.0, 240.0, 150.0
#: So many distances of the recalled symbol have room in a row, and so many numbers along an axis of steps.
NEAR, TICKS = 4, 4
#: What is smaller by more than this has vanished.
BILLION = 1_000_000_000


def over(ribbon: Ribbon, room: Room = STAGE) -> Room:
    """The part of `room` that lies above a sentence at its foot."""
    return room.split_rows(-pixels(ribbon.height), ABOVE)[0]


def reaching(ribbon: Ribbon) -> VGroup:
    """Lines of one thickness from the other words to the last: it can attend to all, whatever the weights are."""
    *others, last = ribbon.chips
    pitch = 0.7 * over(ribbon).height / len(ribbon.chips) / 0.75
    ways = ((chip, pitch * (len(others) - i)) for i, chip in enumerate(others))
    return VGroup(arch(chip.get_top(), last.get_top(), rise, "weight", 6) for chip, rise in ways)


class LSTMChain(VGroup):
    """A cell above each word, with the memory after this word, and an arrow from each cell to the next.

    Args:
        memories: "position d_state".
        ribbon: the sentence, at the foot of `room`.
    """

    def __init__(self, memories: NamedTensor, ribbon: Ribbon, room: Room = STAGE) -> None:
        self.ribbon = ribbon
        _, body = over(ribbon, room).split_rows(HEAD)
        wide = min(ribbon.wide - 12, CELL)
        inside, air, tip = min(INSIDE, wide / 8), RIGHT * units(3), min(22, 0.7 * (ribbon.pitch - wide))
        row, scale = body.inset(0, inside), full_colour(memories)
        self.vectors = VGroup(*under(ribbon, row, memories, "residual", scale, wide - 2 * inside, upright=True))
        self.cells, self.ups, self.links = VGroup(), VGroup(), VGroup()
        for vector, chip in zip(self.vectors, ribbon.chips, strict=True):
            cell = Box(wide, body.height, palette().surface, 14, palette().line, 2.5).move_to(vector)
            self.cells.add(cell)
            self.ups.add(drop(cell, chip, "ink3", 3))
        for one, following in pairwise(self.cells):
            self.links.add(arrow(one.get_right() + air, following.get_left() - air, "residual", 6, tip))
        super().__init__(self.ups, self.cells, self.links, self.vectors)

    def first(self) -> list[tuple[Animation, ...]]:
        """The first word writes into an empty memory."""
        return [
            (appear(self.cells[0]), draw(self.ups[0])),
            (Flight(self.ribbon.chips[0], self.cells[0]), deal([self.ribbon.chips[0]], [self.vectors[0]], kind="flow")),
        ]

    def hand_on(self, steps: VGroup) -> list[tuple[Animation, ...]]:
        """Each memory goes on to the next cell, and the word below changes it: one of the `steps`."""
        kind = "transform" if len(self.cells) <= FEW else "emphasise"
        return [
            (
                appear(self.cells[i], self.links[i - 1], self.ups[i], steps[i], rise=False),
                Flight(self.ribbon.chips[i], self.cells[i], kind=kind),
                Travel(self.vectors[i - 1], self.vectors[i], 0.0, kind),
            )
            for i in range(1, len(self.cells))
        ]


def late(*parts: VMobject) -> Animation:
    """Titles and signs come when what travels there has passed."""
    return Come(VGroup(*parts), run_time=pace("row"), rate_func=LATE)


class LSTMGates(VGroup):
    """Lines of a vector, a gate, and their product: what is kept and what is written; when they are added up, these
    give way to the sum, the new memory, and below it to what is shown.

    One entry of the first line is `worked` out in numbers below it. In the end, the gates and what is new are `made` of
    the word and the last hidden state.

    Args:
        part: the encoder of an LSTM at one position.
        token: the word that it reads there.
        room: the rectangle that is filled.
    """

    def __init__(self, part: Trace, token: Label, room: Room) -> None:
        scale = full_colour(part["cells_before"], part["cells"])
        rows, new = room.rows(2, 12), ("g", "what is new")
        squashed = "memory_squashed", "squashed: minus one to one"
        lines = {
            "keep": (rows[0], ("cells_before", "memory so far"), ("f", "forget gate"), ("memory_kept", "kept")),
            "write": (rows[1], new, ("i", "input gate"), ("memory_written", "written")),
            "add": (rows[0], ("memory_kept", "kept"), ("memory_written", "written"), ("cells", "new memory")),
            "show": (rows[1], squashed, ("o", "output gate"), ("states", "hidden state")),
        }
        signs = {"add": "+="}
        self.lines: dict[str, VGroup] = {}
        self.names: dict[str, VGroup] = {}
        self.signs: dict[str, VGroup] = {}
        for purpose, (row, *line) in lines.items():
            inks = ("residual", "ink2"), (("residual", "ink2") if purpose in signs else ("weight", "ink"))
            vectors = self.lines[purpose] = VGroup()
            names = self.names[purpose] = VGroup()
            for (name, called), (role, ink), place in zip(line, (*inks, inks[0]), row.columns(3, APART), strict=True):
                head, body = place.split_rows(54)
                vectors.add(vector_in(body, part[name], role, scale, weights=role == "weight"))
                names.add(Words(called, "block", ink).settle(head.centre))
            self.signs[purpose] = VGroup(
                Words(sign, "large number", "ink2").settle((a.get_right() + b.get_left()) / 2)
                for sign, (a, b) in zip(signs.get(purpose, "×="), pairwise(vectors), strict=True)
            )
        numbers, key = rows[1].rows(2)
        self.worked = self._worked(part, [name for name, _ in lines["keep"][1:]], numbers)
        self.worked.add(Ramp("", "zero", "one", RAMP).move_to(key.centre))
        made = [*(lines[line][2] for line in ("keep", "write", "show")), new]
        self.made = self._made(part, scale, made, f"“{token}”", room)
        super().__init__(*self.lines.values(), *self.names.values(), *self.signs.values())

    def _worked(self, part: Trace, names: Sequence[str], room: Room) -> VGroup:
        """The entry of which the gate takes the most, before, times and after it, each below its cell.

        It is one of the middle half, and one whose product is right in as many digits as are shown.
        """
        before, gate, after = (part[name].values.round(2) for name in names)
        taken = np.abs(before - after) * ((before * gate).round(2) == after)
        margin, shown = len(taken) // 4, VGroup()
        entry = margin + int(taken[margin : len(taken) - margin].argmax())
        for name, vector in zip(names, self.lines["keep"], strict=True):
            cell = vector.cells.of(entry)
            told = number(part[name].quantity(entry), ".2f", "large number")
            told.settle(np.array([cell.get_x(), room.centre[1], 0]))
            foot = np.array([cell.get_x(), told.get_top()[1] + units(10), 0])
            shown.add(VGroup(rule(cell.get_bottom(), foot, "ink2", 3), told))
        for sign, (one, other) in zip(self.signs["keep"], pairwise([*shown]), strict=True):
            middle = (one[1].get_right() + other[1].get_left()) / 2
            shown.add(sign.copy().settle(np.array([middle[0], room.centre[1], 0])))
        return shown

    def _made(self, part: Trace, scale: float, made: Sequence[tuple[str, str]], word: str, room: Room) -> VGroup:
        """Two vectors at the left, with arrows to the gates and what is new, which are made of them."""
        left, right = room.split_columns(room.width / 3, RAMP)
        given = ("embedded", word), ("states_before", "last hidden state")
        vectors, names, arrows, outcome = (VGroup() for _ in range(4))
        for (name, called), place in zip(given, left.rows(2, 12), strict=True):
            head, body = place.split_rows(54)
            vectors.add(vector_in(body, part[name], "residual", most=MOST))
            names.add(Words(called, "block", "ink").settle(head.centre))
        for (name, called), place in zip(made, right.rows(len(made), 12), strict=True):
            head, body = place.split_rows(54)
            role = "residual" if name == "g" else "weight"
            vector = vector_in(body, part[name], role, scale, weights=role == "weight")
            outcome.add(VGroup(vector, Words(called, "block", "ink").settle(head.centre)))
            tip = vector.get_left() - RIGHT * units(8)
            arrows.add(*(arrow(one.get_right() + RIGHT * units(12), tip, "ink2", 4, 20) for one in vectors))
        return VGroup(VGroup(vectors, names), arrows, outcome)

    def make(self) -> list[tuple[Animation | None, ...]]:
        """All goes, and each gate and what is new are made of the word and the last hidden state."""
        given, arrows, outcome = self.made
        rest = [group[line] for group in (self.lines, self.names, self.signs) for line in ("add", "show")]
        ways = pulses([way for way, _ in arrows], role="residual")(pace("cell"))
        return [(leave(*rest),), (appear(given), draw(*arrows), appear_in_turn([*outcome], "transform")), (ways,)]

    def come(self, line: str, source: VMobject) -> tuple[Animation, ...]:
        """The vector of a line, out of where it was before."""
        return (Travel(source, self.lines[line][0], kind="row"), late(self.names[line][0]))

    def gate(self, line: str) -> list[tuple[Animation, ...]]:
        """The gate comes, and lets through what it lets through."""
        vector, gate, product = self.lines[line]
        names, signs = self.names[line], self.signs[line]
        return [
            (appear(gate, names[1], signs[0]),),
            (Flight(gate, product, BELOW, "row"), Travel(vector, product, BELOW, "row"), late(names[2], signs[1])),
        ]

    def add_up(self) -> list[tuple[Animation, ...]]:
        """Bring together the memory that is kept and that which is written, and add them to the new memory."""
        (kept, written, new), names, signs = self.lines["add"], self.names["add"], self.signs["add"]
        old = [(self.lines[line], self.names[line], self.signs[line]) for line in ("keep", "write")]
        return [
            (leave(*(part for vectors, *texts in old for part in (*vectors[:2], *texts))),),
            (*exchange([vectors[2] for vectors, *_ in old], [kept, written], "row"), late(*names[:2], signs[0])),
            (Flight(kept, new, BELOW), Travel(written, new, BELOW), late(names[2], signs[1])),
        ]


class PairGrid(VGroup):
    """A cell for each pair of tokens: one of the side, in a row of its own, and one at the foot.

    Args:
        pairs: "query key", parts of one.
        ribbon: the sentence at the foot; its tokens stand below their columns.
        shown: which cells there are; `hollow` are all of them, with nothing in them.
        numbered: which of them say their number.
    """

    def __init__(self, pairs: NamedTensor, ribbon: Ribbon, shown: np.ndarray, numbered: np.ndarray) -> None:
        labels = pairs.words("query")
        side, _ = STAGE.split_columns(gutter(labels), ABOVE)
        _, body = over(ribbon).split_rows(HEAD)
        lines = body.rows(len(labels), 0)
        space = min(10.0, body.height / len(labels) / 6)
        high, wide = lines[0].height - space, ribbon.wide - 4
        said = "stage word" if high >= 60 else "small token"
        self.chips = VGroup(Token(label, "", side.width, min(60.0, high), said) for label in labels)
        for chip, line in zip(self.chips, lines, strict=True):
            chip.move_to(side.cross(line).centre)
        self.cells: dict[tuple[int, int], Cell] = {}
        self.hollow: dict[tuple[int, int], VMobject] = {}
        style = "stage number" if high >= 56 else "number" if high >= 36 else "cell"
        for i, line in enumerate(lines):
            for j, column in enumerate(ribbon.columns):
                entry, spot = pairs.quantity(i, j), column.cross(line).centre
                self.hollow[i, j] = Box(wide, high, palette().surface, 6, palette().line, 2).move_to(spot)
                if shown[i, j]:
                    told = style if numbered[i, j] and wide >= 74 else ""
                    self.cells[i, j] = Cell(entry, (wide, high), "share", told).shift(spot)
        super().__init__(self.chips, *self.cells.values())

    def row(self, i: int) -> VGroup:
        """The cells of a row, from left to right."""
        return VGroup(cell for (k, _), cell in self.cells.items() if k == i)


def room_for(labels: Sequence[Label]) -> Room:
    """The part of the stage at the right of a grid's own tokens."""
    return STAGE.split_columns(gutter(labels), ABOVE)[1]


class ChainIntoGrid:
    """The chain of an LSTM, which folds into a grid: the memory after a word becomes its row, cut into the parts that
    each word wrote; and the grid of attention that takes the place of this one.

    Args:
        chain: whose memories fold.
        parts: "query key", the part of each memory that a token wrote.
        weights: "query key", attention weights of the same sentence.
        query: the token whose row of weights is told.
    """

    def __init__(self, chain: LSTMChain, parts: NamedTensor, weights: NamedTensor, query: Label) -> None:
        few, here = len(parts) <= FEW, weights.position("query", query)
        self.chain, self.here = chain, here
        every, (rows, columns) = np.ones(parts.shape, bool), np.indices(parts.shape)
        self.memory = PairGrid(parts, chain.ribbon, columns <= rows, (columns == 0) | few)
        self.attention = PairGrid(weights, chain.ribbon, every, (weights.values > SEEN) & ((rows == here) | few))
        self.rows = VGroup(self._lying(i) for i in range(len(parts)))

    def _lying(self, i: int) -> VMobject:
        """The memory after word i, laid down over all columns: it has as many numbers after each word."""
        goal = self.attention.row(i)
        lying = self.chain.vectors[i].copy().rotate(PI / 2)
        lying.stretch_to_fit_width(goal.width).stretch_to_fit_height(goal.height)
        return lying.move_to(goal)

    def fold(self) -> list[tuple[Animation, ...]]:
        """The chain lies down, row by row."""
        chain, ribbon = self.chain, self.chain.ribbon
        return [
            (leave(chain.cells, chain.links, chain.ups), *exchange(chain.vectors, self.rows, "camera", -0.3)),
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
        return (leave(*old.values()), appear(*(new[place] for place in old), rise=False), appear_in_turn(fresh, "slow"))

    def meet(self) -> tuple[Animation, ...]:
        """All pairs at once: each word goes along its row, and each up its column; every crossing leaves a weight."""
        landing = rate_functions.squish_rate_func(rate_functions.smooth, 0.8, 1)
        cells = VGroup(*self.attention.cells.values())
        last = len(self.rows) - 1
        flights = [
            Flight(chip, chip.copy().move_to(self.attention.cells[place]), 0.0, "cell")
            for k, sides in enumerate(zip(self.memory.chips, self.chain.ribbon.chips, strict=True))
            for chip, place in zip(sides, ((k, last), (0, k)), strict=True)
        ]
        return (*flights, Come(cells, run_time=pace("cell"), rate_func=landing))

    def look(self) -> Animation:
        """The word that is looked at most by the query comes to it in one step."""
        row = {j: float(cell.quantity) for (i, j), cell in self.attention.cells.items() if i == self.here}
        return Flight(self.chain.ribbon.chips[max(row, key=row.__getitem__)], self.memory.chips[self.here], 0.3, "row")


class MemoryShares:
    """Part of the memory that one word wrote, as a bar over each later word; and one arc of attention.

    Args:
        part: the encoder of an LSTM, with the part of each memory that a token wrote, "query key", and `hops`, the
            state updates between two tokens.
        ends: the word that wrote, one between, and the one that needs the first.
        forms: the Spanish forms that the first two give to the last.
        weight: what attention gives to the first for the last, if it is known.
        ribbon: the sentence at the foot.
    """

    def __init__(
        self, part: Trace, ends: Sequence[str], forms: Sequence[str], weight: Quantity | None, ribbon: Ribbon
    ) -> None:
        parts, hops = part["memory_shares"].pick(batch=0), part["recurrent_path_lengths"]
        self.places = start, _, end = [parts.position("query", word) for word in ends]
        self.words = [parts.label("query", place) for place in self.places]
        room, line = over(ribbon).split_rows(-FORM, 16)
        top, low = room.split_rows(room.golden_rows()[1].height)
        wide, tall = ribbon.wide - 34, low.height - 20
        self.forms = VGroup(
            Words(Told(form), "token", role).settle(ribbon.columns[place].cross(line).centre)
            for form, role, place in zip((*forms, forms[0]), ("residual", "ink2", "ink"), self.places, strict=True)
        )
        self.hops = hops.quantity(end, start)
        self.tanks, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for i in range(start, end + 1):
            share = parts.quantity(i, start)
            tank = Box(wide, tall, palette().surface, 8, palette().line, 2).move_to(ribbon.columns[i].cross(low).centre)
            means(tank, Stands(ribbon.chips[i].label))
            bar = bar_of(share, "height", tall, wide, "residual", 4).move_to(tank).align_to(tank, -UP)
            value = number(share, "share", "number").settle(bar.get_top() + UP * units(28))
            value.paper = tank
            self.tanks.add(tank)
            self.bars.add(bar)
            self.numbers.add(value)
        #: From the outer sides of both words, past their memories.
        chips, crown = (ribbon.chips[start], ribbon.chips[end]), at(0, top.top + 10) * UP
        a, b = (chip.get_corner(side) - side * units(THIN) for chip, side in zip(chips, (UL, UR), strict=True))
        self.arc = wire([a, a * RIGHT + crown, b * RIGHT + crown, b], "weight", 10, top.height)
        means(self.arc, *(End(chip.label, first=chip is chips[0], alone=True) for chip in chips))
        #: What attention gives, at the crown.
        self.told = VGroup()
        if weight is not None:
            as_thick_as(weight, self.arc, THIN, THICK)
            self.told.add(number(weight, "share", "large number").settle((a + b) / 2).set_y(crown[1] - units(FORM)))
        told = ["part of the memory", f"that “{self.words[0]}” wrote"]
        self.wrote = VGroup(*paragraph(told, "stage word", "residual", low.top + 60, STAGE.left))
        self.fades = bool((np.diff(parts.values[start : end + 1, start]) < 0).all())

    def agree(self) -> tuple[Animation, ...]:
        """The last word takes the form of the first."""
        far, _, form = self.forms
        return (Travel(far, form, 0.2, "camera"),)

    def survive(self) -> Animation:
        """The word goes from memory to memory, and less and less of each is its own."""
        moments = VGroup(VGroup(bar, value) for bar, value in zip(self.bars[1:], self.numbers[1:], strict=True))
        return Sweep(moments, "slow")
