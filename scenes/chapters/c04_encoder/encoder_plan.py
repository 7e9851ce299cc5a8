"""The encoder as a row of gates with a line for each token, and the vectors that travel along these lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from manim import DL, DOWN, DR, LEFT, PI, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

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
    ring_around,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import End, Ground, Stands, Thickness, means
from scenes.mobjects.norm_stages import NormStages, bars_of
from scenes.mobjects.passage import fan, final_of, rows_of, strand
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box, bracket, curve, ellipsis, path, rule, stroked
from scenes.mobjects.strips import Rows
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import HIGHEST, TOKEN, Vector, vector_in
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import SMALLEST, at, palette, pixels, units
from transformer_core.blueprint import blueprint
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.sublayers import BOXES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: What each kind of box is called.
NAMES = {
    "embed_src": "embedding",
    "positional": "position",
    "self_attn": "attention",
    "ffn": "feed-forward",
    "norm": "norm",
}
#: The vectors behind a box, by the last part of its path, if not its output.
STREAM = {"embed_src": "scaled", "positional": "sum", "self_attn": "resid_attn", "ffn": "resid_ffn"}
#: This part of all numbers is below the one that gets the full colour.
BRIGHT = 0.8
#: Px of the names on top of the gates, of the headings below them, of a gate that is far off, of an ellipsis, between
#: two gates, and around a name in its gate; how much larger the name of the open gate is.
HEAD, HEADING, THIN, DOTS, SPACE, INSIDE, LARGER = 66.0, 46.0, 6.0, 48.0, 8.0, 14.0, 1.3
#: Px at the sides of the open gate, beside what stands between vectors, and of the room at the right of all gates.
SIDE, BETWEEN, BEHIND = 28.0, 40.0, 320.0
#: In the gate of each kind, how many vectors of the stream have room side by side, and px between them.
COLUMNS = {"positional": (3, 84.0), "norm": (4, BETWEEN), "ffn": (2, 960.0)}
#: The same where attention, or a table, needs room between two.
APART = 2, 280.0
#: How wide the gates of an open layer are, beside a norm; px of a vector in one of them, at most.
SHARES, WIDEST = {"self_attn": 2.4, "ffn": 1.3}, 150.0
#: Px from a line to what happens below it, at most, and what part of the way to the next line.
BELOW, LOWER = 110.0, 0.43
#: Px below all boxes, where brackets name the layers.
FOOT = 54.0
#: Px between a vector and the bars that a matrix makes of it, and of a small copy of the network.
FUNNEL, COPY = 70.0, 220.0
#: An eighth of the pattern of a position is its left end, or so many numbers if they are more.
LEFT_END = 4
#: How far to the side tokens step that change places, as a share of their way.
ASIDE = 0.3
#: A weight below this has no strand; px from a strand to its number.
LEAST, BESIDE = 0.02, 14.0
#: How far along its strand a number stands, and how much steeper this is there than the way between its ends.
THERE, STEEP = 1 / 3, 1.6
#: Px below the last lane, and above and below bars in a lane.
FEET, AIR = 12.0, 5.0
#: How high the gap is in which a line passes an attention, of a vector; px for the plus behind a box.
GAP, JOIN = 0.4, 40.0
#: How far the handles of an arch reach, of the height of the room, and how far its number is above it, of that.
ARCH, OVER = 0.5, 0.15
#: How far it leans away from the box that it comes out of, of its width; how opaque the veil on a changed vector is.
LEAN, VEIL = 0.3, 0.75


def kind_of(part: str) -> str:
    """The kind of the box at a path: "self_attn", "ffn", "norm"..."""
    kind = part.rpartition(".")[2]
    return kind if kind in NAMES else "norm"


def scale_of(*tensors: NamedTensor) -> float:
    """The absolute value that gets the full colour: few numbers exceed it."""
    return float(np.quantile(np.abs([tensor.values for tensor in tensors]), BRIGHT)) or 1.0


class Plan(VGroup):
    """Every box of the encoder as a gate, read off the config, and the line of each token through all of them.

    Of a deep encoder it has the first layer and that of the `later_attention`; an ellipsis is the rest.

    Args:
        opened: the path of the gate that is looked into: its neighbours keep their names, and all others grow thin;
            or of a layer, whose gates are all open, with room before them.
        behind: True if there is room at the right of all gates, for what comes out.

    `boxes` are by the path of their part; `parts` are all boxes with their names, and the ellipses, from left to right.
    The line of a token goes past the boxes of a sublayer, in gaps between what they are for each token: of these boxes,
    `ways` lead from each line to its side and back, to the `joins`, where what is computed is added.
    """

    def __init__(self, trace: Trace, opened: str = "", behind: bool = False) -> None:
        tower = blueprint(trace.about["config"])["encoder"]
        #: True if every layer is drawn.
        self.whole = len(tower.layers) <= 2
        parts = [*tower.parts] if self.whole else _abridged(tower.parts, later_attention(trace))
        words = self.words = rows_of(trace, "embed_src.sum").words("position")
        inner = [part for part in parts if opened not in ("", *parts) and part.startswith(f"{opened}.")]
        #: Of each sublayer, the boxes at the side of the lines: all up to that whose output is added.
        subs = [sub.parts for layer in tower.layers for sub in layer]
        self.asides = [sub[: next(k for k, part in enumerate(sub) if kind_of(part) in STREAM) + 1] for sub in subs]
        past = {part for side in self.asides for part in side if not opened or part in inner}
        ahead = BEHIND if inner else 0
        side, room = STAGE.split_columns(gutter(words), 20)
        room = room.split_columns(-BEHIND)[0] if behind else room
        self.end = Room(room.right + 16, room.top, STAGE.right, room.bottom)
        lanes = Room(side.left, room.top + HEAD + HEADING, side.right, room.bottom - FOOT).rows(len(words), 0)
        #: Px from a line to what happens below it, and of the vectors.
        self.below = min(BELOW, LOWER * lanes[0].height)
        self.high = min(HIGHEST, self.below - min(6, self.below / 5))
        self.ys = [(lane.top + lane.bottom - self.below) / 2 for lane in lanes]
        self.foot = foot = 0.0 if opened else FOOT
        names = {part: Words(NAMES[kind_of(part)], "token") for part in parts if part}
        wide = self._widths(parts, names, inner or [opened] * bool(opened), room.width - ahead)
        self.boxes: dict[str, VMobject] = {}
        self.parts: list[VMobject] = []
        self.gaps = VGroup()
        self.room, x, colours = room, room.left, palette()
        for part in parts:
            if part in inner[:1]:
                self.front, x = Room(x + 8, room.top, x + 8 + self.end.width, room.bottom), x + ahead
            here = Room(x, room.top, x + wide[part], room.bottom - foot)
            x = here.right + SPACE
            if not part:
                self.parts.append(ellipsis().move_to(here.centre))
                continue
            line = (colours.focus, 4) if part == opened else (colours.ink3, 2.5)
            box = self.boxes[part] = Box.of(here, colours.surface, 10, *line)
            name = names[part].settle(here.split_rows(HEAD)[0].centre)
            box.key, name.key, name.paper = ("box", part), ("named", part), box
            if part == opened:
                self.room = here
                name.scale(LARGER)
            if here.width <= THIN:  # folded up, and gone: it unfolds along with its gate
                name.scale(units(THIN) / name.width).set_fill(opacity=0)
            gap, (a, b) = self.high * (GAP if kind_of(part) == "self_attn" else 1.15), (here.left - 3, here.right + 3)
            gaps = [rule(at(a, y), at(b, y), "background", gap) for y in self.ys if part in past]
            self.gaps.add(*gaps)
            self.parts.append(VGroup(box, name, *gaps))
        d_model = trace.about["config"]["d_model"]
        count, apart = COLUMNS.get(kind_of(opened), APART)
        #: Px of an entry.
        self.pitch = (self.room.width - 2 * SIDE - (count - 1) * apart) / (count * d_model)
        #: The columns at the left and right of the open gate, and what is between them.
        inside = Room(self.room.left, self.room.top + HEAD + HEADING, self.room.right, self.room.bottom).inset(SIDE, 0)
        rest, self.last = inside.split_columns(-self.pitch * d_model, BETWEEN)
        self.middle = rest.split_columns(self.pitch * d_model, BETWEEN)[1]
        #: All but the last column.
        self.before = Room(inside.left, inside.top, self.last.left - 2 * BETWEEN, inside.bottom)
        #: The absolute value that gets the full colour, wherever vectors of the stream are.
        self.scale = scale_of(*(rows_of(trace, f"encoder.0.{name}") for name in ("resid_pre", "resid_post")))
        begin = side.right if opened != "embed_src" else self.room.right - SIDE - self.pitch * d_model
        thick = min(4.0, lanes[0].height / 12)
        self.chips = [
            Token(label, "", side.width, min(TOKEN, lane.height - 6)).move_to(at((side.left + side.right) / 2, y))
            for label, lane, y in zip(words, lanes, self.ys, strict=True)
        ]
        self.lines = VGroup(rule(at(begin, y), at(STAGE.right, y), "residual", thick) for y in self.ys)
        for i, line in enumerate(self.lines):
            line.key = ("line", i)
        self.ways, self.joins = VGroup(), VGroup()
        for first, last in ((side[0], side[-1]) for side in self.asides):
            if opened == last:
                self.joins.add(*(self._join(at(self.last.left - BETWEEN / 2, y)) for y in self.ys))
            elif first in past and first in self.boxes:
                left = self.boxes[first].get_left() + LEFT * units(SPACE / 2)
                right, down = self.boxes[last].get_right() + LEFT * units(JOIN / 2), DOWN * units(self.below)
                for y in self.ys:
                    start, end = (np.array([x[0], at(0, y)[1], 0]) for x in (left, right))
                    self.ways.add(path([start, start + down, end + down, end], "ink2", thick))
                    self.joins.add(self._join(end))
                if not opened and kind_of(last) == "self_attn":
                    self.ways.add(self._crossing(self.boxes[last]))
        #: What there is of each token at the side of its line.
        self.beside = self.gaps, self.ways, self.joins
        super().__init__(*self.parts, self.lines, self.ways, self.joins, *self.chips)

    def _crossing(self, box: VMobject) -> VMobject:
        """Lines from the side of each token to that of each, in the left half of an attention."""
        feet = [at(0, y + self.below) * UP for y in self.ys]
        start, end = box.get_left() * RIGHT, (box.get_left() + RIGHT * 0.4 * box.width) * RIGHT
        ways = [curve(start + a, end + b, level=True).points for a in feet for b in feet]
        return stroked(np.concatenate(ways), "weight", 1.5)

    def _join(self, spot: np.ndarray) -> VGroup:
        """A plus in a circle: there, what comes from the side is added."""
        wide = min(JOIN * 0.7, self.high * 0.8)
        plate = Box(wide, wide, palette().background, wide / 2, palette().residual, 3)
        arms = (rule(-arm, arm, "ink", 3) for arm in (RIGHT * units(wide * 0.28), UP * units(wide * 0.28)))
        return VGroup(plate, *arms).move_to(spot)

    @staticmethod
    def _widths(parts: Sequence[str], names: dict[str, Words], opened: Sequence[str], room: float) -> dict[str, float]:
        """Px of each gate: as its name needs it, or thin; what is `opened` shares what is left."""
        place = parts.index(opened[0]) if opened else 0
        near = {*opened} if len(opened) > 1 else {*parts[max(0, place - 1) : place + 2]} if opened else {*parts}
        room -= SPACE * (len(parts) - 1) + DOTS * parts.count("")
        if not opened:
            tight = min(1.1, (room - 2 * INSIDE * len(names)) / (pixels(sum(name.width for name in names.values()))))
            for name in names.values():
                name.scale(tight)
        needed = {part: pixels(name.width) + 2 * INSIDE if part in near else THIN for part, name in names.items()}
        if opened:
            left = room - sum(wide for part, wide in needed.items() if part not in opened)
            shares = {part: SHARES.get(kind_of(part), 1.0) for part in opened}
            needed |= {part: left * share / sum(shares.values()) for part, share in shares.items()}
            for name, part in ((names[part], part) for part in opened if len(opened) > 1):
                name.scale(min(1.0, (needed[part] - INSIDE) / pixels(name.width)))
            return needed | {"": DOTS}
        spare = (room - sum(needed.values())) / len(needed)
        return {part: wide + spare for part, wide in needed.items()} | {"": DOTS}

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
            words = Room(0, 0, pixels((right - left)[0]), self.foot * 0.7).fit(Words(name, "block"), 1.0)
            words.settle((left + right) / 2 + DOWN * units(self.foot * 0.65))
            line = bracket(left, right, DOWN * units(self.foot / 5), 4)
            made.append(VGroup(line, words) if words.size >= SMALLEST else VGroup(line))
        return made

    def travelling(self, trace: Trace, under: str = "") -> list[tuple[str, list[Vector]]]:
        """The vectors of all tokens as they leave each box, or each of a layer, with its part: at its right, at the
        side of the line if it is; and without one, over the box that follows, those to which its output is added. In
        an open layer, these share their box with what a norm makes of them.
        """
        made: list[tuple[str, list[Vector]]] = []
        parts = [part for part in self.boxes if part.startswith(under)]
        for part, after in zip(parts, [*parts[1:], ""], strict=True):
            aside, (owner, _, own) = self.aside(part), part.rpartition(".")
            told = None if aside else STREAM.get(own or part)
            rows = rows_of(trace, f"{owner or part}.{told}" if told else f"{part}.out")
            # A norm of sums shares its box with them.
            halved = bool(made) and not (made[-1][0] or aside)
            made.append((part, self._column(rows, part, under, aside, int(halved))))
            stands = self.aside(after) or bool(under and after)
            if aside and own in STREAM and stands and (self.whole or after.startswith(owner)):
                sums = rows_of(trace, f"{owner}.{STREAM[own]}")
                made.append(("", self._column(sums, after, under, half=int(self.aside(after)) - 1)))
        return made

    def aside(self, part: str) -> bool:
        """True for a box at the side of the lines."""
        return any(part in side for side in self.asides)

    def _column(self, rows: NamedTensor, part: str, under: str, aside: bool = False, half: int = 0) -> list[Vector]:
        box, join = self.boxes[part], JOIN * any(aside and part == side[-1] for side in self.asides)
        small = half or (not under and kind_of(part) == "self_attn")
        wide = (pixels(box.width) - INSIDE - join) * (0.5 if small else 1) - AIR * abs(half)
        wide = min(wide, WIDEST) if under else wide
        off, down = units((pixels(box.width) - INSIDE - wide) / 2), self.below * aside
        x = box.get_x() + (off if half >= 0 else -off) - units(join)
        column = [Vector(row, wide, self.high, "ink3" if aside else "residual", self.scale).opaque() for row in rows]
        for one, label, y in zip(column, self.words, self.ys, strict=True):
            means(one.move_to(np.array([x, at(0, y + down)[1], 0])).plate, Stands(label))
        return column

    def place(self, token: Label) -> int:
        """The line of a token, from the top."""
        return next(k for k, chip in enumerate(self.chips) if chip.label.position == token.position)

    def vectors(
        self, tensor: NamedTensor, slot: str = "in", branch: bool = False, wide: float = 0, scale: float = 0
    ) -> list[Vector]:
        """A vector on the line of each token, or below it on a branch: where it comes "in", in the "middle", or "out"
        at the right; in "front" of an open layer; at the "end" it stands behind all gates.

        On its way from gate to gate a vector stays itself, whatever has become of it. A pattern of a position is on
        a branch, but nothing else is on its line.
        """
        room, wide = self.room.inset(SIDE), wide or self.pitch * tensor.shape[-1]
        if slot in ("front", "end"):
            room = self.end if slot == "end" else self.front
            wide = room.width
        x = {"in": room.left + wide / 2, "out": room.right - wide / 2}.get(slot, (room.left + room.right) / 2)
        made = []
        for i, (row, y) in enumerate(zip(tensor, self.ys, strict=True)):
            vector = Vector(row, wide, self.high, "ink3" if branch else "residual", scale or self.scale)
            vector.key = slot if slot == "end" else "branch" if branch else "stream", i
            made.append(vector.opaque().move_to(at(x, y + self.below * (branch and "positional" not in tensor.name))))
        return made

    def swapped(self, vectors: Sequence[Vector]) -> list[tuple[Animation, ...]]:
        """Plays in which the first and the last token change places with their vectors, and change back."""
        here: list[VMobject] = [self.chips[0], vectors[0], self.chips[-1], vectors[-1]]
        there = [one.copy().set_y(other.get_y()) for one, other in zip(here, [*here[2:], *here[:2]], strict=True)]
        return [exchange(here, there, "slow", ASIDE), exchange(there, here, "row", ASIDE)]

    def left_end(self, patterns: NamedTensor) -> tuple[list[VMobject], list[Vector], VMobject]:
        """A bracket below the left end of the pattern of each position; these numbers in the first column, as wide
        as all of the pattern; and a ring around where they differ most, but for the edges.
        """
        count = max(patterns.shape[-1] // 8, LEFT_END)
        wide, part = self.pitch * patterns.shape[-1], slice(0, count)
        ends = self.vectors(patterns.pick(**{patterns.axes[-1]: part}), "in", True, wide)
        foot, across = DOWN * units(10), RIGHT * units(self.pitch * count)
        feet = (pattern.get_corner(DL) + foot for pattern in self.vectors(patterns, "middle", True))
        apart = np.abs(patterns.values - patterns.values[0])[:, part].sum(0)
        ring = ring_around(VGroup(*(one.cells.of(int(apart[1:-1].argmax()) + 1) for one in ends)))
        return [bracket(start, start + across, foot) for start in feet], ends, ring

    def heading(self, text: str, over: VMobject) -> Words:
        """Words above a column, below the name of the gate."""
        room = Room(0, self.room.top + HEAD, pixels(over.width) + BETWEEN, self.room.top + HEAD + HEADING)
        return room.fit(Words(text, "block"), 1.0).set_x(over.get_x())

    def signs(self, sign: str, vectors: Sequence[Vector]) -> VGroup:
        """A plus or another sign at the left of each vector, which hides the line there."""
        signs = VGroup()
        for vector in vectors:
            plate = Box(self.high, self.high, palette().surface).move_to(vector.get_left() + LEFT * units(BETWEEN))
            signs.add(VGroup(plate, Words(sign, "title", "ink", plate).settle(plate.get_center())))
        return signs

    def card(self) -> tuple[Box, Room]:
        """A sheet in the middle of the gate, over the lines, and the room for a figure on it."""
        sheet = Box(self.middle.width, self.middle.height - SIDE, palette().background, 14, palette().ink3, 2.5)
        return sheet.move_to(self.middle.centre), self.middle.padded().inset(0, SIDE)

    def past(self, vectors: Sequence[Vector]) -> tuple[Words, list[VMobject]]:
        """The way of each vector past what its gate computes, and what that is called."""
        ends = zip(vectors, self.joins, strict=True)
        ways = [rule(one.get_right(), other.get_left(), "residual", 14) for one, other in ends]
        return self.heading("past the attention", VGroup(*ways)), ways

    def lengths(self, room: Room, *tensors: NamedTensor) -> list[VGroup]:
        """Bars as long as the vectors, across a room; those of all tensors but the first on the branches."""
        unit = room.width / max(float(tensor.values.max()) for tensor in tensors)
        high, bars = self.high * 0.6, [VGroup() for _ in tensors]
        for k, tensor in enumerate(tensors):
            for y, length in zip(self.ys, tensor.quantities(), strict=True):
                bar = bar_of(length, "width", unit, high, "ink3" if k else "residual", 4)
                bars[k].add(bar.move_to(at(0, y + self.below * bool(k))).align_to(at(room.left, 0), LEFT))
        return bars

    def percentages(self, shares: NamedTensor, bars: VGroup) -> VGroup:
        """Beside each bar on a branch, which part of the vector's length it has; nothing where there is no room."""
        texts = [
            number(share, ".0%", "fact").settle(bar.get_right() + RIGHT * units(60))
            for bar, share in zip(bars, shares.quantities(), strict=True)
        ]
        return VGroup(text for text in texts if text.height < units(self.high))


class Blanked(VGroup):
    """A box of a layer before which vectors are set to zero, and which others this changes behind it.

    The empty plate covers the vector of the `token` before the box; behind it, a veil lies on each one that this
    changes, and a ring is around those of other tokens. `ways` lead from each token to those that it changes; `count`
    is how many there are, after each in turn.
    """

    def __init__(
        self, plan: Plan, trace: Trace, part: str, token: int, before: Sequence[Vector], after: Sequence[Vector]
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
        super().__init__(self.zero, self.veils, self.marks, self.count)

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


class Strands:
    """The weights of an attention as strands, from each vector that it reads to each output, query by query.

    In the layer that the lecture follows they are those of its head, elsewhere the means over all heads. Their title
    stands over them, or over a `box`.
    """

    def __init__(
        self,
        plan: Plan,
        trace: Trace,
        path: str,
        read: Sequence[Vector],
        given: Sequence[Vector],
        box: VMobject | None = None,
    ) -> None:
        focus, own = focus_of(trace), path == focus_of(trace).path
        self.read, self.given = read, given
        self.weights = focus.seen(trace)["weights"] if own else trace[f"{path}.mean_weights"].pick(batch=0)
        self.strands = fan(self.weights, read, given, LEAST)
        told = f"head {letter_of(focus.head)} of {trace['config.heads']}" if own else "attention weights"
        self.title = plan.heading(told, self.strands if box is None else box)

    def strand(self, query: Label, key: Label) -> tuple[VMobject, Words]:
        """The strand of a pair, and beside it the number of its weight."""
        place = self.weights.position("query", query), self.weights.position("key", key)
        line = self.strands[place[0] * len(self.read) + place[1]]
        text, way = number(self.weights.quantity(*place), "share", "stage number"), line.points[3] - line.points[0]
        # There, a strand is so much steeper than the way between its ends.
        off = np.array([-STEEP * way[1], way[0], 0]) / np.hypot(STEEP * way[1], way[0])
        reach = (abs(off[0]) * text.width + abs(off[1]) * text.height) / 2 + units(BESIDE)
        return line, text.settle(line.point_from_proportion(THERE) + off * reach)

    def of(self, query: Label) -> list[VMobject]:
        """All strands that lead to the output of one query."""
        first = self.weights.position("query", query) * len(self.read)
        return [*self.strands[first : first + len(self.read)]]

    def flow(self) -> Callable[[float], Animation]:
        """Pulses from what is read to the output, in proportion to the weights."""
        return pulses(self.strands, self.weights.quantities())


class Passing(Strands):
    """An open layer: the vectors before it, in each of its boxes and at the `end`, and the strands of its attention."""

    def __init__(self, plan: Plan, trace: Trace, path: str) -> None:
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
        whole = [VGroup(*self.enter), VGroup(*self.end)]
        self.frames = [ring_around(column, "residual") for column in whole]
        size = f"{trace['config.words']} × {trace['config.d_model']}"
        self.sizes = [plan.heading(size, column[0]) for column in (self.enter, self.end)]

    def begin(self) -> list[Any]:
        """Plays in which the vectors go up to the attention, and through it."""
        return [appear(self.sizes[0], self.lit), *self._steps(0, self.place + 1)]

    def finish(self) -> list[Any]:
        """Plays in which they go through the other boxes, and come out."""
        *inside, last = self._steps(self.place + 1, len(self.stops))
        return [*inside, (leave(self.lit), *last, appear(self.sizes[1]))]

    def fits(self) -> list[Any]:
        """Plays in which a frame around what came out moves to what went in."""
        return [appear(self.frames[1]), Travel(self.frames[1], self.frames[0], 0.0, "slow")]

    def blanked(self, plan: Plan, trace: Trace, token: int) -> list[Blanked]:
        """The effect on other vectors, box by box, of setting the vector of a token to zero before the box."""
        pairs = zip(self.stops, self.columns, strict=False)
        return [Blanked(plan, trace, part, token, before, after) for (part, after), before in pairs if part]

    def alone(self, plan: Plan, trace: Trace, path: str, here: int) -> tuple[VMobject, VMobject, Words]:
        """A ring around all boxes; in the attention at a path, an arch from a single token back to itself."""
        row, middle = plan.words[here], plan.room.centre[1]
        whole = trace[f"{path}.weight_sums"].pick(batch=0, head=0, query=row)
        start, end = self.read[here].get_right(), self.given[here].get_left()
        bend = (UP if start[1] <= middle else DOWN) * ARCH * units(plan.room.height)
        arch = strand(start, end, float(whole), LEAST)
        arch.points = np.array([start, start + bend + LEAN * (end - start), end + bend, end])
        means(arch, Thickness(whole, 11.5, 1.5), End(row, first=True, level=True), End(row, level=True))
        text = number(whole, "share", "large number").settle(arch.point_from_proportion(0.5) + bend * OVER)
        return ring_around(VGroup(*self.boxes)), arch, text

    def _steps(self, first: int, last: int) -> list[Any]:
        plays: list[Any] = []
        stream = self.enter
        for k, (part, column) in enumerate(self.stops[:last]):
            before = self.columns[k]
            here = (move_ring(self.lit, self.plan.boxes[part]),) if part and k else ()
            summed = not self.plan.aside(part) and self.plan.aside(self.stops[k - 1][0])
            flights = [Flight(a, b, 0.0, "row") for a, b in zip(before, column, strict=True) if summed]
            if self.place == k >= first:
                plays.append((*here, appear(self.title), draw(*self.strands, kind="row")))
                plays.append(deal(self.read, column))
            elif k >= first:
                on = zip(stream if summed else before, column, strict=True)
                plays.append((*here, *flights, *(Travel(a, b, 0.0, "row") for a, b in on)))
            stream = stream if self.plan.aside(part) else column
        return plays


class Mixing(Strands):
    """In the gate of an attention: the vectors, what it reads of them, the strands of its weights, and its output.

    `come` is what comes into the gate; `moved` and `sums` are the vectors at its end, before and after the addition.
    """

    def __init__(self, plan: Plan, trace: Trace, path: str) -> None:
        self.path, block = path, path.rpartition(".")[0]
        stream, sums = (rows_of(trace, f"{block}.{name}") for name in ("resid_pre", "resid_attn"))
        enters, out = self.enters, _ = rows_of(trace, trace.parents[f"{path}.q"][0]), rows_of(trace, f"{path}.out")
        self.vectors, self.moved = (plan.vectors(stream, slot) for slot in ("in", "out"))
        self.sums, self.made = plan.vectors(sums, "out"), plan.vectors(out, "out", True)
        normed = enters.name != stream.name
        read = plan.vectors(enters, branch=True) if normed else self.vectors
        self.come = [*self.vectors, *(read if normed else [])]
        super().__init__(plan, trace, path, read, self.made)
        self.heading = plan.heading("output", self.made[0])
        self.entry = plan.heading("vector, normed" if normed else "vectors", self.vectors[0])

    def arrive(self) -> tuple[Animation | None, ...]:
        """The output of each token comes up at the end of its strands."""
        return appear(self.heading), appear_in_turn(self.made)

    def summed(self) -> list[Any]:
        """Plays in which the output is added to the vectors."""
        return [added(self.moved, self.made, self.sums), leave(*self.made)]


class Taking:
    """On a sheet where outputs will stand: what a token takes of each vector that is read, and what that adds up to.

    In the row of each vector stand the `shares` that it gets, and its bars, `whole` and `weighted`; the weighted ones
    `meet` in the row of the token, on one zero line, and add up to the `sum`.
    """

    def __init__(self, plan: Plan, trace: Trace, mixing: Mixing, place: int) -> None:
        read, token, part = mixing.enters, plan.words[place], trace.under(mixing.path, batch=0)
        taken, total = (part[name].pick(query=place) for name in ("weighted_rows", "mixture"))
        weights = mixing.weights.pick(query=token).quantities()
        self.shares = VGroup(number(weight, "share", "stage number") for weight in weights)
        room = Room(plan.last.left + SIDE / 2, plan.last.top, plan.last.right, plan.last.bottom - FEET)
        self.sheet = Box(room.width + SIDE, room.height, palette().background, 14, palette().ink3, 2.5)
        self.sheet.move_to(room.centre)
        self.heading = plan.heading(f"what “{token}” takes", self.sheet)
        lanes = [lane.inset(0, AIR) for lane in room.rows(len(plan.words), 0)]
        reach = np.concatenate([read.values.ravel(), total.values, [0.0]])
        self.zeros, self.whole, self.weighted, self.meet = (VGroup() for _ in range(4))
        unit = lanes[0].height / float(np.ptp(reach))
        rows = [lane.split_columns(pixels(self.shares.width), SIDE) for lane in lanes]
        feet = [at(0, lane.bottom)[1] - float(reach.min()) * units(unit) for lane in lanes]
        grounds, here = [Ground() for _ in lanes], (rows[place][1], feet[place])
        for vector, part, text, (side, body), foot, ground in zip(
            read, taken, self.shares, rows, feet, grounds, strict=True
        ):
            text.begin_in(side)
            zero = rule(at(body.left, 0), at(body.right, 0), "ink3", 2).set_y(foot)
            self.zeros.add(means(zero, ground))
            self.whole.add(bars_of(vector.quantities(), body, foot, unit, ground, plan.scale))
            self.weighted.add(bars_of(part.quantities(), body, foot, unit, ground, plan.scale))
            self.meet.add(bars_of(part.quantities(), *here, unit, grounds[place], plan.scale))
        self.sum = bars_of(total.quantities(), *here, unit, grounds[place], plan.scale)


class Network:
    """In the gate of a feed-forward network, on a sheet: one vector, wide as bars, and narrow again.

    `bars` are before the activation, `bent` after it; `own` is the outline of the network, and `copies` are this as
    small as a vector, on each line.
    `width` and `wide` are the numbers of entries outside and inside.
    """

    def __init__(self, plan: Plan, width: NamedTensor, wide: NamedTensor, *rows: NamedTensor) -> None:
        read, pre, post, out = rows
        self.sheet, room = plan.card()
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
        self.sizes = [
            Words(size, "block", "ink2", self.sheet).settle(funnel.get_center())
            for size, funnel in ((f"{width} × {wide}", self.widen), (f"{wide} × {width}", self.narrow))
        ]
        #: All that is of one vector; and what is the same for each, closed, which has a small copy on each line.
        self.shown = [self.read, self.zero, self.bars, self.out, *self.sizes, self.widen, self.narrow, self.sheet]
        around = [left for left, _ in ends] + [right for _, right in ends[::-1]] + ends[0][:1]
        self.own = path(around, "ink3", 4).set_fill(palette().background, 1)
        self.copies = []
        for line in plan.lines:
            small = self.own.copy().rotate(PI / 2).stretch_to_fit_width(units(COPY))  # along the line
            small.stretch_to_fit_height(units(plan.high))
            small.points = np.roll(small.points, len(small.points) // 4, axis=0)  # so that it does not turn
            self.copies.append(small.move_to(np.array([self.sheet.get_x(), line.get_y(), 0])))


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
        rows = Rows(table, lines, pixels(last - first) - 300, high / len(lines), scale_of(table))
        rows.move_to(np.array([(first + last) / 2 - units(30), at(0, inside.bottom - high / 2)[1], 0]))
        for dots in rows[-1]:
            dots.scale(0.6)
        names = VGroup()
        for k, row in rows.lines.items():
            name = word(table.words("vocab")[k], "small token").settle(row.get_right())
            names.add(name.begin_at(row.get_right()[0] + units(14)))
        self.table = VGroup(rows, names)
        self.rows = [rows.lines[int(one)] for one in shown]
        ends = (
            (one.get_right() + RIGHT * units(14), row.get_left() + LEFT * units(10))
            for one, row in zip(self.ids, self.rows, strict=True)
        )
        self.ways = VGroup(rule(start, end, "ink3", 3) for start, end in ends)
        self.heading = plan.heading(size, rows)

    def found(self, places: Sequence[int], vectors: Sequence[Vector]) -> list[Any]:
        """Plays that look up tokens: along the way to the row, which comes out of the table as the vector."""
        if not places:
            return []
        rows = [self.rows[k] for k in places]
        return [
            (draw(*(self.ways[k] for k in places)), appear(*map(ring_around, rows), rise=False)),
            deal(rows, [vectors[k] for k in places]),
        ]


def grown(bars: VGroup) -> Animation:
    """All bars grow together, from their beginning."""
    return AnimationGroup(grow(bar) for bar in bars)


def into(vectors: Sequence[Vector], boxes: Sequence[VMobject]) -> tuple[Animation, ...]:
    """A copy of each vector flies into the box that it goes through."""
    return tuple(Flight(vector, box, 0.0) for vector, box in zip(vectors, boxes, strict=True))


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
    """The parts of the first layer, those of the layer that is looked into again, and what belongs to no layer; "" is
    the rest of them.
    """
    shown: list[str] = []
    for part in parts:
        layer = part.partition(".")[2].partition(".")[0]
        if not layer.isdigit() or layer == "0" or layer == again.split(".")[1]:
            shown.append(part)
        elif not shown or shown[-1]:
            shown.append("")
    return shown
