"""The encoder as a row of gates with a line for each token, and the vectors that travel along these lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from manim import DOWN, LEFT, RIGHT, UL, UP, UR, Animation, VGroup, VMobject

from scenes.animations import Flight, Travel, exchange, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Stands, means
from scenes.mobjects.passage import rows_of
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box, bracket, curve, ellipsis, frame, path, rule, stroked
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import TOKEN, Vector
from scenes.mobjects.wording import layer_name
from scenes.theme import SMALLEST, at, palette, pixels, units
from transformer_core.blueprint import blueprint
from transformer_core.studies.focus import focus_of
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
COLUMNS = {"positional": (3, 84.0), "norm": (5, BETWEEN), "ffn": (2, 620.0)}
#: The same where attention, or a table, needs room between two.
APART = 2, 400.0
#: How wide the gates of an open layer are, beside a norm; px of a vector in one of them, at most.
SHARES, WIDEST = {"self_attn": 2.4, "ffn": 1.3}, 150.0
#: Px from a line to what happens below it, at most, and what part of the way to the next line.
BELOW, LOWER = 124.0, 0.43
#: How many times as high as another lane that of the followed token is.
MINE = 2
#: How high a vector is, of its room; one that waits on its line for what is computed below it, of the way down there;
#: and that, at most, of this way.
ROOMY, WAITING, MOST = 0.88, 0.26, 1.65
#: The left end of the pattern of a position is so large a part of it.
LEFT_END = 8
#: How far to the side tokens step that change places, as a share of their way.
ASIDE = 0.3
#: Px beside vectors that share a gate; how high one is in a gate at the side of its line, where two need a gap.
AIR, LOW = 5.0, 0.85
#: How high the gap is in which a line passes an attention, of a vector; px for the plus behind a box.
GAP, JOIN = 0.4, 40.0


def kind_of(part: str) -> str:
    """The kind of the box at a path: "self_attn", "ffn", "norm"..."""
    kind = part.rpartition(".")[2]
    return kind if kind in NAMES else "norm"


def scale_of(*tensors: NamedTensor) -> float:
    """The absolute value that gets the full colour: few numbers exceed it."""
    return float(np.quantile(np.abs([tensor.values for tensor in tensors]), BRIGHT)) or 1.0


class TokenLane(NamedTuple):
    """In px: where the line of a token is, and how far below what happens at its side; how high its vectors are, where
    two of them are alike, and while one waits.
    """

    y: float
    below: float
    high: float
    half: float
    slim: float


class EncoderPlan(VGroup):
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
        self.end = Room(STAGE.right - BEHIND + 16, room.top, STAGE.right, room.bottom)
        #: The line of the token that is followed.
        self.mine = focus_of(trace).query_token.position
        self.top, top = room.top + HEADING * (not opened), room.top + HEAD + HEADING
        one = (room.bottom - INSIDE - top) / (len(words) + MINE - 1)
        self.lanes = []
        for i in range(len(words)):
            tall = one * (MINE if i == self.mine else 1)
            below = min(BELOW, LOWER * tall)
            high = min(tall - below, MOST * below) * ROOMY
            self.lanes.append(TokenLane(top + (tall - below) / 2, below, high, below * ROOMY, below * WAITING))
            top += tall
        names = {part: Words(NAMES[kind_of(part)], "token") for part in parts if part}
        wide = self._widths(parts, names, inner or [opened] * bool(opened), room.width - ahead)
        self.boxes: dict[str, VMobject] = {}
        self.parts: list[VMobject] = []
        self.gaps = VGroup()
        self.room, x, colours = room, room.left, palette()
        for part in parts:
            if part in inner[:1]:
                self.front, x = Room(x + 8, room.top, x + 8 + self.end.width, room.bottom), x + ahead
            here = Room(x, self.top, x + wide[part], room.bottom)
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
            a, b = here.left - 3, here.right + 3
            lanes = self.lanes if part in past else []
            gaps = [rule(at(a, lane.y), at(b, lane.y), "background", GAP * lane.half) for lane in lanes]
            self.gaps.add(*gaps)
            self.parts.append(VGroup(box, name, *gaps))
        count, apart = COLUMNS.get(kind_of(opened), APART)
        #: Px of a vector.
        self.wide = (self.room.width - 2 * SIDE - (count - 1) * apart) / count
        #: The columns at the left and right of the open gate, and what is between them.
        inside = Room(self.room.left, self.room.top + HEAD + HEADING, self.room.right, self.room.bottom).inset(SIDE, 0)
        rest, self.last = inside.split_columns(-self.wide, BETWEEN)
        self.middle = rest.split_columns(self.wide, BETWEEN)[1]
        #: All but the last column.
        self.before = Room(inside.left, inside.top, self.last.left - 2 * BETWEEN, inside.bottom)
        #: The absolute value that gets the full colour, wherever vectors of the stream are.
        self.scale = scale_of(*(rows_of(trace, f"encoder.0.{name}") for name in ("resid_pre", "resid_post")))
        begin = side.right if opened != "embed_src" else self.room.right - SIDE - self.wide
        thick = min(4.0, one / 12)
        self.chips = [
            Token(label, "", side.width, min(TOKEN, one - 6)).move_to(at((side.left + side.right) / 2, lane.y))
            for label, lane in zip(words, self.lanes, strict=True)
        ]
        self.lines = VGroup(rule(at(begin, y), at(STAGE.right, y), "residual", thick) for y, *_ in self.lanes)
        for i, line in enumerate(self.lines):
            line.key = ("line", i)
        self.ways, self.joins = VGroup(), VGroup()
        for first, last in ((side[0], side[-1]) for side in self.asides):
            if opened == last:
                near, x = self.last.right - JOIN, self.last.right - JOIN / 2
                for i, lane in enumerate(self.lanes):
                    down, role = lane.y + lane.below, "ink2" if i == self.mine else "line"
                    self.ways.add(path([at(near, down), at(x, down), at(x, lane.y)], role, thick))
                    self.joins.add(self._join(at(x, lane.y), lane.half))
            elif first in past and first in self.boxes:
                far = self.boxes[first].get_left() + LEFT * units(SPACE / 2)
                near = self.boxes[last].get_right() + LEFT * units(JOIN / 2)
                for i, lane in enumerate(self.lanes):
                    down, role = DOWN * units(lane.below), "ink2" if i == self.mine else "line"
                    start, end = (np.array([x[0], at(0, lane.y)[1], 0]) for x in (far, near))
                    self.ways.add(path([start, start + down, end + down, end], role, thick))
                    self.joins.add(self._join(end, lane.half))
                if not opened and kind_of(last) == "self_attn":
                    self.ways.add(self._crossing(self.boxes[last]))
        #: What there is of each token at the side of its line.
        self.beside = self.gaps, self.ways, self.joins
        super().__init__(*self.parts, self.lines, self.ways, self.joins, *self.chips)

    def _crossing(self, box: VMobject) -> VMobject:
        """Lines from the side of each token to that of each, in the left half of an attention."""
        feet = [at(0, lane.y + lane.below) * UP for lane in self.lanes]
        start, end = box.get_left() * RIGHT, (box.get_left() + RIGHT * 0.4 * box.width) * RIGHT
        ways = [curve(start + a, end + b, level=True).points for a in feet for b in feet]
        return stroked(np.concatenate(ways), "weight", 1.5).set_stroke(opacity=0.5)

    @staticmethod
    def _join(spot: np.ndarray, high: float) -> VGroup:
        """A plus in a circle: there, what comes from the side is added."""
        wide = min(JOIN * 0.7, high * 0.8)
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
        """A bracket above the boxes of each layer, with its name where that has room."""
        found: dict[str, list[VMobject]] = {}
        for part, box in self.boxes.items():
            if part.count(".") > 1:
                found.setdefault(part.rpartition(".")[0], []).append(box)
        made, names = [], (layer_name(0), layer_name(1) if self.whole else "a later layer")
        for boxes, name in zip(found.values(), names, strict=False):
            left, right = boxes[0].get_corner(UL), boxes[-1].get_corner(UR)
            words = Room(0, 0, pixels((right - left)[0]), HEADING * 0.8).fit(Words(name, "block"), 1.0)
            words.settle((left + right) / 2 + UP * units(HEADING * 0.7))
            line = bracket(left, right, UP * units(HEADING / 5), 4)
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

    def journey(self, stops: Sequence[tuple[str, list[Vector]]], trails: bool = False) -> list[tuple[Animation, ...]]:
        """Plays in which all vectors go from stop to stop of `travelling`; what they were stays at the first stop, and
        on the line of the followed token, or of each if all leave `trails`: they go slowly then.
        """
        gone, kind = ([], "row") if trails else ([k for k in range(len(self.lanes)) if k != self.mine], "appear")
        plays: list[tuple[Animation, ...]] = []
        stream, beside = stops[0][1], [*stops[0][1]][:0]
        for part, column in stops[1:]:
            branching = self.aside(part)
            source = beside if branching and beside else stream
            stays = source is stops[0][1] or (branching and not beside)
            moves: list[Animation] = [
                Travel(a, b, 0.0, kind, leaving=k in gone and not stays)
                for k, (a, b) in enumerate(zip(source, column, strict=True))
            ]
            if beside and not branching:
                moves += [Flight(a, b, 0.0, kind) for a, b in zip(beside, column, strict=True)]
                moves.append(leave(*(beside[k] for k in gone)))
            plays.append((*moves,))
            stream, beside = (stream, column) if branching else (column, [])
        return plays

    def aside(self, part: str) -> bool:
        """True for a box at the side of the lines."""
        return any(part in side for side in self.asides)

    def _column(self, rows: NamedTensor, part: str, under: str, aside: bool = False, half: int = 0) -> list[Vector]:
        box, join = self.boxes[part], JOIN * any(aside and part == side[-1] for side in self.asides)
        small = half or (not under and kind_of(part) == "self_attn")
        wide = (pixels(box.width) - INSIDE - join) * (0.5 if small else 1) - AIR * abs(half)
        wide = min(wide, WIDEST) if under else wide
        off = units((pixels(box.width) - INSIDE - wide) / 2)
        x = box.get_x() + (off if half >= 0 else -off) - units(join)
        column = []
        for row, label, lane in zip(rows, self.words, self.lanes, strict=True):
            one = Vector(row, wide, LOW * lane.half, "ink3" if aside else "residual", self.scale).opaque()
            means(one.move_to(np.array([x, at(0, lane.y + lane.below * aside)[1], 0])).plate, Stands(label))
            column.append(one)
        return column

    def vectors(self, tensor: NamedTensor, slot: str = "in", branch: bool = False, scale: float = 0) -> list[Vector]:
        """A vector on the line of each token, or below it on a branch: where it comes "in", in the "middle", before the
        "join" or "out" at the right, or over all "before" this; in "front" of an open layer; at the "end" it stands
        behind all gates.

        On its way from gate to gate a vector stays itself, whatever has become of it. A pattern of a position is on
        a branch, but nothing else is on its line.
        """
        room, wide = self.room.inset(SIDE), self.wide
        if slot in ("front", "end", "before"):
            room = getattr(self, slot)
            wide = room.width
        right = room.right - wide / 2
        x = {"in": room.left + wide / 2, "join": right - JOIN, "out": right}.get(slot, (room.left + room.right) / 2)
        made = []
        for i, (row, lane) in enumerate(zip(tensor, self.lanes, strict=True)):
            high, down = lane.high, lane.below * (branch and "positional" not in tensor.name)
            vector = Vector(row, wide, high, "ink3" if branch else "residual", scale or self.scale)
            vector.key = slot if slot == "end" else "branch" if branch else "stream", i
            made.append(vector.opaque().move_to(at(x, lane.y + down)))
        return made

    def waiting(self, vectors: Sequence[Vector]) -> list[VMobject]:
        """Bars without numbers in the place of vectors, on their lines, while others are made of them below."""
        made: list[VMobject] = []
        for vector, lane in zip(vectors, self.lanes, strict=True):
            bar = Box(pixels(vector.width), lane.slim, palette().residual, lane.slim / 2).move_to(vector)
            bar.key = vector.key
            made.append(bar)
        return made

    def swapped(self, vectors: Sequence[Vector]) -> list[tuple[Animation, ...]]:
        """Plays in which the first and the last token change places with their vectors, and change back."""
        here: list[VMobject] = [self.chips[0], vectors[0], self.chips[-1], vectors[-1]]
        there = [one.copy().set_y(other.get_y()) for one, other in zip(here, [*here[2:], *here[:2]], strict=True)]
        for one, other in ((1, 3), (3, 1)):
            there[one].stretch_to_fit_height(here[other].height)
        return [exchange(here, there, "slow", ASIDE), exchange(there, here, "slow", ASIDE)]

    def left_end(self, patterns: Sequence[Vector]) -> VMobject:
        """A frame around the left end of the patterns of all positions."""
        part = VGroup(cell for one in patterns for cell in one.cells[: max(1, len(one.cells) // LEFT_END)])
        return frame(pixels(part.width) + SPACE, pixels(part.height) + 2 * INSIDE).move_to(part).set_z_index(1)

    def heading(self, text: str, over: VMobject, *more: tuple[str, str]) -> VGroup:
        """Words above a column, below the name of the gate; and `more`, each in its role."""
        room = Room(0, self.room.top + HEAD, pixels(over.width) + BETWEEN, self.room.top + HEAD + HEADING)
        words = VGroup(Words(told, "block", role).settle(room.centre) for told, role in ((text, "ink"), *more))
        return room.fit(words.arrange(RIGHT, units(INSIDE), coor_mask=RIGHT), 1.0).set_x(over.get_x())

    def signs(self, sign: str, vectors: Sequence[Vector]) -> VGroup:
        """A plus or another sign at the left of each vector, which hides the line there."""
        signs = VGroup()
        for vector in vectors:
            plate = Box(2 * BETWEEN, min(lane.half for lane in self.lanes), palette().surface).move_to(
                vector.get_left() + LEFT * units(BETWEEN)
            )
            signs.add(VGroup(plate, Words(sign, "title", "ink", plate).settle(plate.get_center())))
        return signs

    def card(self, over: Room) -> tuple[Box, Room]:
        """A sheet over the lines in a room of the gate, and the room for a figure on it."""
        sheet = Box(over.width, over.height - SIDE, palette().background, 14, palette().ink3, 2.5)
        return sheet.move_to(over.centre), over.padded().inset(0, SIDE)

    def lengths(self, room: Room, *tensors: NamedTensor) -> list[VGroup]:
        """Bars as long as the vectors, across a room; those of all tensors but the first below those."""
        unit = room.width / max(float(tensor.values.max()) for tensor in tensors)
        high, below = (
            min(side) for side in zip(*((lane.half * ROOMY, lane.below) for lane in self.lanes), strict=True)
        )
        bars = [VGroup() for _ in tensors]
        for k, tensor in enumerate(tensors):
            for lane, length in zip(self.lanes, tensor.quantities(), strict=True):
                bar = bar_of(length, "width", unit, high, "ink3" if k else "residual", 4)
                bars[k].add(bar.move_to(at(0, lane.y + below * bool(k))).align_to(at(room.left, 0), LEFT))
        return bars


def added(stream: Sequence[Vector], branch: Sequence[Vector], sums: Sequence[Vector]) -> tuple[Animation, ...]:
    """Let the vector on each token's branch fly into its stream vector, which goes on as their sum."""
    return (
        leave(*branch),
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
