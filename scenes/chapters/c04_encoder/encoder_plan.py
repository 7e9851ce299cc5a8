"""The encoder as a row of gates with a line for each token, and the vectors that travel along these lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from manim import DL, DOWN, DR, LEFT, RIGHT, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import Flight, appear, deal, draw, exchange, gather, grow, leave, pulses, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.passage import rows_of, strand, weigh
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box, bracket, ellipsis, rule
from scenes.mobjects.strips import Rows
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import HIGHEST, PLATE, TOKEN, Vector
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import SMALLEST, at, between, palette, units
from transformer_core.blueprint import blueprint
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: What each kind of box is called, and what its sensitivity is called in the trace.
NAMES = {
    "embed_src": "embedding",
    "positional": "position",
    "self_attn": "attention",
    "ffn": "feed-forward",
    "norm": "norm",
}
SENSITIVE = {"self_attn": "attention", "ffn": "feed-forward", "norm": "norm"}
#: Px of the names on top of the gates, of the headings below them, of a gate that is far off, of an ellipsis, between
#: two gates, and around a name in its gate; how much larger the name of the open gate is.
HEAD, HEADING, THIN, DOTS, SPACE, INSIDE, LARGER = 66.0, 46.0, 6.0, 48.0, 8.0, 14.0, 1.3
#: Px at the sides of the open gate, between three vectors side by side and between two, from a line to what happens
#: below it, at most, and of the room at the right of all gates.
SIDE, BETWEEN, APART, BELOW, BEHIND = 28.0, 40.0, 340.0, 110.0, 320.0
#: Px below all boxes, where brackets name the layers.
FOOT = 62.0
#: A weight below the first has no strand; with one above the second, a vector flies along it.
LEAST, MUCH = 0.02, 0.1


def kind_of(part: str) -> str:
    """The kind of the box at a path: "self_attn", "ffn", "norm"..."""
    kind = part.rpartition(".")[2]
    return kind if kind in NAMES else "norm"


class Plan(VGroup):
    """Every box of the encoder as a gate, read off the config, and the line of each token through all of them.

    Of a deep encoder it has the first layer and the `later_attention`; an ellipsis is the rest.

    Args:
        opened: the path of the gate that is looked into: its neighbours keep their names, and all others grow thin.
        longest: the entries of the longest vector in it.
        behind: True if there is room at the right of all gates, for what comes out.

    `boxes` are by the path of their part; `parts` are all boxes with their names, and the ellipses, from left to right.
    """

    def __init__(self, trace: Trace, opened: str = "", longest: float = 0, behind: bool = False) -> None:
        tower = blueprint(trace.about["config"])["encoder"]
        #: True if every layer is drawn.
        self.whole = len(tower.layers) <= 2
        parts = [*tower.parts] if self.whole else _abridged(tower.parts, later_attention(trace))
        words = rows_of(trace, "embed_src.sum").words("position")
        side, room = STAGE.split_columns(gutter(words), 20)
        room = room.split_columns(-BEHIND)[0] if behind else room
        self.end = Room(room.right + 16, room.top, STAGE.right, room.bottom)
        lanes = Room(side.left, room.top + HEAD + HEADING, side.right, room.bottom - 12).rows(len(words), 0)
        #: Px from a line to what happens below it, and of the vectors.
        self.below = min(BELOW, lanes[0].height / 2)
        self.high = min(HIGHEST, self.below - min(8, self.below / 5))
        self.ys = [(lane.top + lane.bottom - self.below) / 2 for lane in lanes]
        self.foot = foot = 0.0 if opened else min(FOOT, (lanes[0].height + self.below - self.high) / 2)
        names = {part: Words(NAMES[kind_of(part)], "token") for part in parts if part}
        wide = self._widths(parts, names, opened, room.width)
        self.boxes: dict[str, VMobject] = {}
        self.parts: list[VMobject] = []
        self.room, x, colours = room, room.left, palette()
        for part in parts:
            here = Room(x, room.top, x + wide[part], room.bottom - foot)
            x = here.right + SPACE
            if not part:
                self.parts.append(ellipsis().move_to(here.centre))
                continue
            line = (colours.focus, 4) if part == opened else (colours.ink3, 2.5)
            box = self.boxes[part] = Box(here.width, here.height, colours.surface, 10, *line).move_to(here.centre)
            name = names[part].settle(here.split_rows(HEAD)[0].centre)
            box.key, name.key, name.paper = ("box", part), ("named", part), box
            if part == opened:
                self.room = here
                name.scale(LARGER)
            if here.width <= THIN:  # folded up, and gone: it unfolds along with its gate
                name.scale(units(THIN) / name.width).set_fill(opacity=0)
            self.parts.append(VGroup(box, name))
        inside = self.room.width - 2 * SIDE
        self.d_model = d_model = trace.about["config"]["d_model"]
        count, apart = (3, BETWEEN) if kind_of(opened) == "norm" else (2, APART)
        #: Px of an entry: two vectors have room side by side, in a norm three.
        self.pitch = min((inside - (count - 1) * apart) / (count * d_model), inside / max(longest, 1))
        start = side.right if opened != "embed_src" else self.room.right - SIDE - self.pitch * d_model
        thick = min(4.0, lanes[0].height / 12)
        self.chips = [
            Token(label, "", side.width, min(TOKEN, lane.height - 6)).move_to(at((side.left + side.right) / 2, y))
            for label, lane, y in zip(words, lanes, self.ys, strict=True)
        ]
        self.lines = VGroup(rule(at(start, y), at(STAGE.right, y), "residual", thick) for y in self.ys)
        for i, line in enumerate(self.lines):
            line.key = ("line", i)
        super().__init__(*self.parts, self.lines, *self.chips)

    @staticmethod
    def _widths(parts: Sequence[str], names: dict[str, Words], opened: str, room: float) -> dict[str, float]:
        """Px of each gate: as its name needs it, or thin; the open one has what is left."""
        place = parts.index(opened) if opened else 0
        near = {*parts[max(0, place - 1) : place + 2]} if opened else {*parts}
        room -= SPACE * (len(parts) - 1) + DOTS * parts.count("")
        if not opened:
            tight = min(1.1, (room - 2 * INSIDE * len(names)) / (sum(name.width for name in names.values()) * 135))
            for name in names.values():
                name.scale(tight)
        needed = {part: name.width * 135 + 2 * INSIDE if part in near else THIN for part, name in names.items()}
        if opened:
            needed[opened] = room - sum(wide for part, wide in needed.items() if part != opened)
            return needed | {"": DOTS}
        spare = (room - sum(needed.values())) / len(needed)
        return {part: wide + spare for part, wide in needed.items()} | {"": DOTS}

    def of_kind(self, *kinds: str) -> list[VMobject]:
        """The boxes of these kinds."""
        return [box for part, box in self.boxes.items() if kind_of(part) in kinds]

    @property
    def layers(self) -> list[str]:
        """The paths of the layers whose boxes are drawn."""
        return [part.rpartition(".")[0] for part in self.boxes if kind_of(part) == "self_attn"]

    def brackets(self) -> list[VGroup]:
        """A bracket under the boxes of each layer, with its name where that has room."""
        found: dict[str, list[VMobject]] = {}
        for part, box in self.boxes.items():
            if part.count(".") > 1:
                found.setdefault(part.rpartition(".")[0], []).append(box)
        made, names = [], (layer_name(0), layer_name(1) if self.whole else "a later layer")
        for boxes, name in zip(found.values(), names, strict=False):
            left, right = boxes[0].get_corner(DL), boxes[-1].get_corner(DR)
            words = Room(0, 0, (right - left)[0] * 135, self.foot * 0.7).fit(Words(name, "block"), 1.0)
            words.settle((left + right) / 2 + DOWN * units(self.foot * 0.65))
            line = bracket(left, right, DOWN * units(self.foot / 5), 4)
            made.append(VGroup(line, words) if words.size >= SMALLEST else VGroup(line))
        return made

    def travelling(self, trace: Trace) -> list[list[Vector]]:
        """The vectors of all tokens as they leave each box, one column a box."""
        sums = {"embed_src": "scaled", "positional": "sum", "self_attn": "resid_attn", "ffn": "resid_ffn"}
        made = []
        for part, box in self.boxes.items():
            owner, _, own = part.rpartition(".")
            told = sums.get(own or part)
            rows = rows_of(trace, f"{owner or part}.{told}" if told else f"{part}.out")
            wide, scale = box.width * 135 - INSIDE, full_colour(rows)
            column = [Vector(row, wide, self.high, "residual", scale) for row in rows]
            made.append(
                [one.move_to(np.array([box.get_x(), at(0, y)[1], 0])) for one, y in zip(column, self.ys, strict=True)]
            )
        return made

    def place(self, token: Label) -> int:
        """The line of a token, from the top."""
        return next(k for k, chip in enumerate(self.chips) if chip.label.position == token.position)

    def vectors(self, tensor: NamedTensor, slot: str = "in", branch: bool = False, scale: float = 0) -> list[Vector]:
        """A vector on the line of each token, or below it on a branch: where it comes "in", in the "middle", or "out"
        at the right; at the "end" it stands behind all gates.

        On its way from gate to gate a vector stays itself, whatever has become of it.
        """
        room, wide = self.room.inset(SIDE), self.pitch * tensor.shape[-1]
        if slot == "end":
            room, wide = self.end, self.end.width
        x = {"in": room.left + wide / 2, "out": room.right - wide / 2}.get(slot, (room.left + room.right) / 2)
        made = []
        for i, (row, y) in enumerate(zip(tensor, self.ys, strict=True)):
            vector = Vector(row, wide, self.high, "ink3" if branch else "residual", scale)
            vector.key = "branch" if branch else "stream", i
            # Opaque, so that no line shows between its cells.
            vector.plate.set_fill(between(palette().surface, vector.plate.get_fill_color().to_hex(), PLATE), 1)
            made.append(vector.move_to(at(x, y + self.below * branch)))
        return made

    def left_end(self, patterns: NamedTensor, scale: float) -> list[Vector]:
        """The first numbers of what is on each branch, larger, between two columns."""
        ends = patterns.pick(**{patterns.axes[-1]: slice(0, patterns.shape[-1] // 8)})
        made = [Vector(row, APART - 2 * BETWEEN, self.high, "ink3", scale) for row in ends]
        return [
            one.move_to(at((self.room.left + self.room.right) / 2, y + self.below))
            for one, y in zip(made, self.ys, strict=True)
        ]

    def heading(self, text: str, over: VMobject) -> Words:
        """Words above a column, below the name of the gate."""
        room = Room(0, self.room.top + HEAD, over.width * 135 + BETWEEN, self.room.top + HEAD + HEADING)
        return room.fit(Words(text, "block"), 1.0).set_x(over.get_x())

    def pluses(self, vectors: Sequence[Vector], side: np.ndarray) -> VGroup:
        """A plus beside each vector and what stands below it."""
        signs = VGroup()
        for vector, y in zip(vectors, self.ys, strict=True):
            x = vector.get_edge_center(side)[0] + side[0] * units(BETWEEN / 2)
            signs.add(Words("+", "title", "ink2").settle(np.array([x, at(0, y + self.below / 2)[1], 0])))
        return signs

    def past(self, vectors: Sequence[Vector], moved: Sequence[Vector]) -> tuple[Words, list[VMobject]]:
        """The way of each vector around what its gate computes, and what that is called."""
        ends = zip(vectors, moved, strict=True)
        ways = [rule(one.get_right(), other.get_left(), "residual", 14) for one, other in ends]
        return self.heading("past the attention", VGroup(*ways)), ways

    def facts(self, mean: NamedTensor, variance: NamedTensor, vectors: Sequence[Vector]) -> VGroup:
        """The mean and the variance of each vector, below it; nothing where there is no room for words."""
        return self._below(
            (f"mean {one:.2f}, variance {other:.2f}", vector.get_x())
            for vector, one, other in zip(vectors, mean.quantities(), variance.quantities(), strict=True)
        )

    def lengths(self, stream: NamedTensor, after: VMobject | None, branch: NamedTensor | None = None) -> list[VGroup]:
        """Bars as long as the vectors, right of one or from the left of the gate on; and of those on the branches."""
        left = after.get_right()[0] + units(BETWEEN) if after else at(self.room.left + SIDE, 0)[0]
        right = at(self.room.right - SIDE, 0)[0] - (0 if after else units(self.pitch * self.d_model + 2 * BETWEEN))
        tensors = [stream] if branch is None else [stream, branch]
        unit = (right - left) * 135 / max(float(tensor.values.max()) for tensor in tensors)
        high, bars = self.high * 0.6, [VGroup() for _ in tensors]
        for k, (tensor, role) in enumerate(zip(tensors, ("residual", "ink3"), strict=False)):
            for y, length in zip(self.ys, tensor.quantities(), strict=True):
                bar = bar_of(length, "width", unit, high, role, 4)
                bars[k].add(bar.move_to(at(0, y + k * self.below)).align_to(np.array([left, 0, 0]), LEFT))
        return bars

    def percentages(self, shares: NamedTensor, bars: VGroup) -> VGroup:
        """Beside each bar on a branch, which part of the vector's length it has; nothing where there is no room."""
        return self._below(
            (f"{share:.0%}", bar.get_right()[0] + units(60))
            for bar, share in zip(bars, shares.quantities(), strict=True)
        )

    def _below(self, texts: Iterable[tuple[str, float]]) -> VGroup:
        """Words on the branch of each token, at a place across."""
        made = VGroup()
        for y, (text, x) in zip(self.ys, texts, strict=True):
            words = Words(text, "fact", "ink")
            words.scale(min(1.0, units(self.pitch * self.d_model) / words.width))
            if words.height < units(self.high) and words.size >= SMALLEST:
                made.add(words.settle(np.array([x, at(0, y + self.below)[1], 0])))
        return made

    def reach(self, trace: Trace, token: int) -> tuple[list[VMobject], ...]:
        """Lines through each box to the tokens whose vectors it changes: those of one token; and of the others, those
        through an attention and those through any other box.
        """
        found: tuple[list[VMobject], ...] = [], [], []
        mine, mixing, alone = found
        for part, box in self.boxes.items():
            kind = kind_of(part)
            if kind not in SENSITIVE or part == "encoder.final_norm":
                continue
            reach = trace[f"{part.rpartition('.')[0]}.token_sensitivity"].pick(part=SENSITIVE[kind]).values
            for i, j in np.argwhere(reach > 0):
                start, end = at(0, self.ys[j]), at(0, self.ys[i])
                start[0], end[0] = box.get_left()[0], box.get_right()[0]
                lines = mine if j == token else mixing if kind == "self_attn" else alone
                lines.append(strand(start, end, min(0.3, 1 / len(self.ys)), 0.0, 9.0))
        return found


class Mixing:
    """In the gate of an attention: the vectors, what it reads of them, the strands of its weights, and its output.

    In the layer that the lecture follows the weights are those of its head, elsewhere the means over all heads.
    `come` is what comes into the gate; `moved` and `sums` are the vectors at its end, before and after the addition.
    """

    def __init__(self, plan: Plan, trace: Trace, path: str) -> None:
        focus, part, block = focus_of(trace), trace.under(path, batch=0), path.rpartition(".")[0]
        stream, sums = (rows_of(trace, f"{block}.{name}") for name in ("resid_pre", "resid_attn"))
        enters, out = rows_of(trace, trace.parents[f"{path}.q"][0]), part["out"]
        scale = full_colour(stream, enters, sums)
        self.vectors, self.moved = (plan.vectors(stream, slot, scale=scale) for slot in ("in", "out"))
        self.sums = plan.vectors(sums, "out", scale=scale)
        # What is added is small: on one scale with the vectors it would be black.
        self.made = plan.vectors(out, "out", True, full_colour(out))
        normed = enters.name != stream.name
        self.read = plan.vectors(enters, branch=True, scale=scale) if normed else self.vectors
        self.come = [*self.vectors, *(self.read if normed else [])]
        self.weights = focus.seen(trace)["weights"] if path == focus.path else part["mean_weights"]
        self.strands = VGroup()
        for (i, j), share in zip(np.ndindex(self.weights.shape), self.weights.quantities(), strict=True):
            line = strand(self.read[j].get_right(), self.made[i].get_left(), share, LEAST)
            self.strands.add(weigh(line, share, LEAST))
        self.heading = plan.heading("output, own scale", self.made[0])
        own = path == focus.path
        self.title = plan.heading(f"head {letter_of(focus.head)}" if own else "attention weights", self.strands)
        self.entry = plan.heading("vector, normed" if normed else "vectors", self.vectors[0])

    def strand(self, query: Label, key: Label) -> tuple[VMobject, VGroup]:
        """The strand of a pair, and the number of its weight on a plate."""
        place = self.weights.position("query", query), self.weights.position("key", key)
        line = self.strands[place[0] * len(self.read) + place[1]]
        text = number(self.weights.quantity(*place), "share", "stage number")
        plate = text.paper = Box(text.width * 135 + 24, text.height * 135 + 20, palette().surface, 8)
        centre = line.point_from_proportion(0.85)
        return line, VGroup(plate.move_to(centre), text.settle(centre))

    def taken(self) -> tuple[Animation, ...]:
        """Out of what each token attends to, its output comes."""
        return (
            appear(self.heading),
            *(
                gather([one for one, w in zip(self.read, row.values, strict=True) if w > MUCH] or self.read, goal)
                for row, goal in zip(self.weights, self.made, strict=True)
            ),
        )

    def flow(self) -> Callable[[float], Animation]:
        """Pulses from what is read to the output, in proportion to the weights."""
        return pulses(self.strands, self.weights.quantities())

    def leave(self) -> Animation:
        """Strands, what was read, and the headings are gone."""
        return leave(self.strands, self.heading, self.title, self.entry, *self.come[len(self.vectors) :])

    def summed(self) -> list[Any]:
        """Plays in which the output is added to the vectors."""
        return [added(self.moved, self.made, self.sums), leave(*self.made)]


class Lookup:
    """In the gate of the embedding: the id of each token, the table, and the rows that these are the addresses of."""

    def __init__(self, plan: Plan, ids: NamedTensor, table: NamedTensor, vectors: Sequence[Vector], size: str) -> None:
        inside = plan.room.inset(SIDE)
        shown = ids.quantities()
        places = zip(shown, plan.ys, strict=True)
        self.ids = [number(one, ".0f", "stage number").settle(at(inside.left + 46, y)) for one, y in places]
        first, last = at(inside.left + 46, 0)[0], vectors[0].get_left()[0]
        near = range(-1, 2) if len(shown) <= 4 else range(1)
        listed = sorted({min(max(int(one) + by, 0), len(table) - 1) for one in shown for by in near})
        lines = [
            line for pair in pairwise([-1, *listed]) for line in ([None] if pair[1] - pair[0] > 1 else []) + [pair[1]]
        ]
        high = inside.bottom - plan.room.top - HEAD - HEADING
        rows = Rows(table, lines, (last - first) * 135 - 300, high / len(lines))
        rows.move_to(np.array([(first + last) / 2 + units(60), at(0, inside.bottom - high / 2)[1], 0]))
        for dots in rows[-1]:
            dots.scale(0.6)
        names = VGroup()
        for k, row in rows.lines.items():
            name = word(table.words("vocab")[k], "small token").settle(row.get_left())
            names.add(name.end_at(row.get_left()[0] - units(14)))
        self.table = VGroup(rows, names)
        own = [names[[*rows.lines].index(int(one))] for one in shown]
        self.rows = [ring_around(rows.lines[int(one)]) for one in shown]
        ends = (
            (one.get_right() + RIGHT * units(14), name.get_left() + LEFT * units(10))
            for one, name in zip(self.ids, own, strict=True)
        )
        self.ways = VGroup(rule(start, end, "ink3", 3) for start, end in ends)
        self.heading = plan.heading(size, rows)

    def found(self, places: Sequence[int], vectors: Sequence[Vector]) -> list[Any]:
        """Plays that look up tokens: along the way to the row, and out of it comes the vector."""
        if not places:
            return []
        rows = [self.rows[k] for k in places]
        return [
            (draw(*(self.ways[k] for k in places)), appear(*rows, rise=False)),
            deal(rows, [vectors[k] for k in places]),
        ]


def grown(bars: VGroup) -> Animation:
    """All bars grow together, from their beginning."""
    return AnimationGroup(grow(bar) for bar in bars)


def added(stream: Sequence[Vector], branch: Sequence[Vector], sums: Sequence[Vector]) -> tuple[Animation, ...]:
    """Let the vector on each token's branch fly into its stream vector, which goes on as their sum."""
    return (
        *exchange(stream, sums, "row"),
        *(Flight(part, new, 0.0, "row") for part, new in zip(branch, sums, strict=True)),
    )


def later_attention(trace: Trace) -> str:
    """The path of the attention that is looked into after that of the first layer; "" in a model of a single layer."""
    layers = len(blueprint(trace.about["config"])["encoder"].layers)
    return f"encoder.{focus_of(trace).layer or 1}.self_attn" if layers > 1 else ""


def _abridged(parts: Sequence[str], again: str) -> list[str]:
    """The parts of the first layer, the attention that is looked into again, and what belongs to no layer; "" is the
    rest of them.
    """
    shown: list[str] = []
    for part in parts:
        layer = part.partition(".")[2].partition(".")[0]
        if not layer.isdigit() or layer == "0" or part == again:
            shown.append(part)
        elif not shown or shown[-1]:
            shown.append("")
    return shown
