"""The drawing that goes through the chapter: two towers become one, and one of its layers opens."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, Mobject, VGroup, VMobject

from scenes.animations import Dive, Play, Travel, appear, draw, exchange, lagged, leave, ring_around
from scenes.layout import STAGE, Following, Room
from scenes.mobjects.arcs import SEEN, THICK, THIN
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.marks import End
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arch, arrow, dot, rule, stroke, wire
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.theme import at, between, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Where the query and the key stand in the sentence, by how many positions both are moved, and whose vector is normed.
QUERY, KEY, MOVED, NORMED = 4, 1, 6, 3
#: What each kind of sublayer is called in a tower.
SUBLAYERS = {"encoder": ("attention", "feed-forward"), "decoder": ("attention", "cross-attention", "feed-forward")}
#: The parts of a layer from the top down, with what they were in 2017 and are today; the last one lies below a layer.
NORM = ("layer norm", "after the sum"), ("RMSNorm", "before a sublayer")
BLOCKS = {
    "feed-forward": (("ReLU",), ("SwiGLU",)),
    "norm 2": NORM,
    "attention": (("keys for every head",), ("shared keys",)),
    "norm 1": NORM,
    "positions": (("added to embeddings",), ("turn q and k",)),
}
#: The same of 2017: each norm lies on the stream, after the sum of its block.
FIRST = ("norm 2", "feed-forward", "norm 1", "attention", "positions")
#: The same of today, where positions are told inside of attention.
DOCKED = ("feed-forward", "norm 2", "attention", "positions", "norm 1")
#: Px of the line of words of a sentence and of its translation, of what is between them, and of the handles of arcs.
WORDS, EQUALS, RISE = 96.0, 120.0, 640.0
#: Half the px between two lines in a block.
LEADING = 19.0
#: Px of the tower of many layers, of a title, of what lies below a layer, and of the stream at its left.
TOWER, TITLE, BELOW, STREAM = 350.0, 62.0, 104.0, 92.0
#: Px between two blocks, from their left edge to the way from a norm into its sublayer, and around a block in another.
SPACE, INTO, AROUND = 28.0, 60.0, 10.0
ATTENTION = 'op("softmax") lr((frac({{ Q : query }} {{ K : key }}^T, sqrt(d_k)))) {{ V : value }}'


#: Where a tower stands alone.
MIDDLE = Following(lambda: STAGE.inset(250, 0))
#: The ground of what is shown inside of a block, once the eye has dived into it.
INSIDE = Following(lambda: STAGE.inset(30, 22))


def plate(room: Room, key: str) -> Box:
    """The ground of a tower or a layer."""
    box = Box.of(room, palette().background, 20, palette().residual, 4)
    box.key = ("plate", key)
    return box


def paper(block: str) -> Box:
    """A block that fills the stage, as it does after a dive."""
    box = Box.of(STAGE, palette().surface, 24, palette().ink3, 7.5)
    box.key = ("block", block)
    return box


class Tower(VGroup):
    """A stack of layers whose sublayers lie one above the other, with its name on top."""

    def __init__(self, side: str, layers: int, room: Room) -> None:
        head, body = room.split_rows(TITLE, 8)
        self.plate, self.title = plate(body, side), Words(side, "title").settle(head.centre)
        kinds = SUBLAYERS[side] * layers
        #: From the bottom up, by layer and kind.
        self.boxes: dict[tuple[int, str], VGroup] = {}
        for place, (kind, line) in enumerate(
            zip(kinds, reversed(body.inset(26, 18).rows(len(kinds), 14)), strict=True)
        ):
            box = Box.of(line, palette().surface, 12, palette().ink3, 2.5)
            name = Words(kind, "block", paper=box).settle(line.centre)
            self.boxes[place // len(SUBLAYERS[side]), kind] = VGroup(box, name)
        super().__init__(self.plate, self.title, *self.boxes.values())


class Many(VGroup):
    """A tower of so many layers that each is two thin rows: attention, and above it the feed-forward network."""

    def __init__(self, layers: Quantity, room: Room = STAGE) -> None:
        count = int(layers)
        head, body = room.split_rows(TITLE, 8)
        self.plate = plate(body, "decoder")
        self.title = Words(f"{layers:.0f} layers", "title").settle(head.centre)
        self.title.key = ("many", "title")
        colours = palette()
        self.layers = VGroup()
        for line in reversed(body.inset(22, 16).rows(count, 6)):
            halves = line.rows(2, 1)[::-1]
            row = VGroup(Box.of(h, colours.ink3, 2) for h in halves)
            self.layers.add(row)
        #: All but the title.
        self.shapes = VGroup(self.plate, self.layers)
        self.shapes.key = ("many",)
        super().__init__(self.shapes, self.title)


class Both:
    """The translator as two towers, and how it becomes a decoder alone of many layers.

    Args:
        layers: of the encoder, the decoder, and the model of today: "part".
    """

    def __init__(self, layers: NamedTensor) -> None:
        left, right = STAGE.columns(2, 220)
        few = [int(layers.pick(part=side)) for side in SUBLAYERS]
        self.encoder = Tower("encoder", few[0], left)
        self.decoder, self.alone = (Tower("decoder", few[1], room) for room in (right, MIDDLE))
        start = self.encoder.plate.get_right()
        x = (start[0] + self.decoder.plate.get_left()[0]) / 2
        ends = [box.get_left() for (_, kind), box in self.decoder.boxes.items() if kind == "cross-attention"]
        self.roads = VGroup(
            wire([start, np.array([x, start[1], 0]), np.array([x, end[1], 0]), end], "key", 6) for end in ends
        )
        self.crossing = [box for (_, kind), box in self.alone.boxes.items() if kind == "cross-attention"]
        self.kept = [box for (_, kind), box in self.alone.boxes.items() if kind != "cross-attention"]
        self.closed = self._closed()
        self.many, self.layer_count = Many(layers.pick(part="SmolLM2"), MIDDLE), few[1]

    def _closed(self) -> list[VGroup]:
        """The sublayers that are kept, without gaps between them."""
        lines = MIDDLE.split_rows(TITLE, 8)[1].inset(26, 18).rows(len(self.kept), 14)
        found = []
        for box, line in zip(self.kept, reversed(lines), strict=True):
            there = box.copy()
            there[0].stretch_to_fit_height(units(line.height)).move_to(line.centre)
            there[1].shift(line.centre - box[0].get_center()).paper = there[0]
            found.append(there)
        return found

    def step_forward(self) -> tuple[Animation, ...]:
        """The encoder goes, and the decoder takes the middle of the stage."""
        return leave(self.encoder, self.roads), Travel(self.decoder, self.alone, 0.0, "camera", leaving=True)

    def close_up(self) -> tuple[Animation, ...]:
        """Without cross-attention, the other sublayers close the gaps."""
        return tuple(exchange(self.kept, self.closed, "row"))

    def fold(self) -> tuple[Animation, ...]:
        """The layers that there are become the first rows of the tower of today."""
        rows = [half for row in self.many.layers[: self.layer_count] for half in row]
        return (
            leave(self.alone.title, *(box[1] for box in self.closed)),
            Travel(self.alone.plate, self.many.plate, 0.0, "camera", leaving=True),
            *(Travel(box[0], row, 0.0, "camera", leaving=True) for box, row in zip(self.closed, rows, strict=True)),
        )

    def grow(self) -> Animation:
        """Layer by layer, the next one comes out of the one below."""
        rows = self.many.layers[self.layer_count - 1 :]
        steps = [Travel(below, row, 0.0, "flow") for below, row in pairwise(rows)]
        return lagged(steps, 0.12)


class Plan(VGroup):
    """A layer, opened: the stream at its left, its blocks, and what they were and are; `changed` ones are lit.

    Args:
        layers: how many there are today, in a tower at the left.
        years: when the blocks were published: "part".
        changed: the blocks that have been exchanged so far.
        first: True for the order of 2017.
    """

    def __init__(self, layers: Quantity, years: NamedTensor, changed: Container[str], first: bool = False) -> None:
        self.tower = Many(layers, STAGE.split_columns(TOWER)[0])
        room = STAGE.split_columns(TOWER, 130)[1]
        heads, body = room.split_rows(TITLE, 8)
        layer, below = body.split_rows(-BELOW, 26)
        docked = "positions" in changed  # they are told inside of attention then
        layer, colours = body if docked else layer, palette()
        self.plate = plate(layer, "layer")
        inside = layer.inset(24, 18)
        below = Room(inside.left, below.top, inside.right, below.bottom)
        lines = inside.rows(len(BLOCKS), SPACE) if docked else [*inside.rows(len(BLOCKS) - 1, SPACE), below]
        order = DOCKED if docked else FIRST if first else BLOCKS
        row_of = {block: line.split_columns(STREAM)[1] for block, line in zip(order, lines, strict=True)}
        stream = inside.left + STREAM / 2 - 12
        self.stream = rule(at(stream, below.bottom - 30), at(stream, layer.top - 4), "residual", 9)
        self.stream.key = ("stream",)
        #: By block: its ground, and the ways from the stream into a norm, from there into a sublayer, and out of that.
        self.boxes, self.branches = dict[str, VMobject](), dict[str, VMobject]()
        self.old, self.new, names, self.joins = dict[str, VGroup](), dict[str, VGroup](), VGroup(), VGroup()
        for block, (old, new) in BLOCKS.items():
            row, lit = row_of[block], block in changed
            fill = between(colours.background, colours.weight, 0.2) if lit else colours.surface
            edge = (colours.weight, 4) if lit else (colours.ink3, 2.5)
            ground, norm = row, block.startswith("norm")
            if first and norm:
                ground = Room(inside.left, row.top, row.right, row.bottom)
            elif docked and block == "attention":
                ground = Room(row.left, row.top, row.right, row_of["positions"].bottom)
            elif docked and block == "positions":
                ground = Room(row.left + AROUND, row.top - AROUND / 2, row.right - AROUND, row.bottom - AROUND)
            box = Box.of(ground, fill, 12, *edge)
            box.key = ("block", block)
            self.boxes[block] = box
            left, second, third = thirds(row.cross(ground) if block == "positions" else row)
            name = Words(block.split(" ")[0], "title", paper=box).begin_in(left)
            before = block_text(old, "block", "ink2", box, second)
            name.key, before.key = ("named", block), ("before", block, lit)
            names.add(name)
            self.old[block] = before
            placed = new[1:] if not first else ()  # the norm lies before a sublayer as soon as the order is today's
            if lit or placed:
                after = block_text(new if lit else placed, ("title", "block")[len(new) > 1], "ink", box, third)
                after.key = ("after", block)
                self.new[block] = after
            side, spot = box.get_left(), at(stream, 0) * RIGHT + box.get_center() * UP
            if norm and not first:
                self.branches[block] = arrow(spot, side, "residual", 5, 18)
                foot = box.get_corner(LEFT + UP) + RIGHT * units(INTO)
                self.branches[f"into {block}"] = arrow(foot, foot + UP * units(SPACE), "residual", 5, 18)
            elif not norm and not (docked and block == "positions"):
                join = dot(spot, 15, "residual")
                join.key = ("join", block)
                self.joins.add(join)
                self.branches[block] = arrow(side, spot + RIGHT * units(15), "residual", 5, 18)
        for block, branch in self.branches.items():
            branch.key = ("branch", block)
        _, second, third = thirds(Room(inside.left + STREAM, heads.top, inside.right, heads.bottom))
        then = years.pick(part="Vaswani et al.")
        self.heads = VGroup(Words(f"{then:.0f}", "block", "ink2").settle(second.centre))
        if not first:
            self.heads.add(Words("today", "block", "ink2").settle(third.centre))
        for head, when in zip(self.heads, ("then", "now"), strict=False):
            head.key = ("head", when)
        self.row, self.names = self.tower.layers[len(self.tower.layers) // 2], names
        self.lens = VGroup(
            rule(self.row.get_corner(RIGHT + side), self.plate.get_corner(LEFT + side), "residual", 3)
            for side in (UP, DOWN)
        )
        self.lens.key = ("lens",)
        self.row.set_stroke(palette().residual, 4)
        self.shapes = VGroup(
            self.tower.shapes, self.lens, self.plate, self.stream, *self.branches.values(), *self.joins,
            *self.boxes.values(),
        )  # fmt: skip
        self.words = VGroup(self.tower.title, names, *self.old.values(), *self.new.values(), self.heads)
        super().__init__(self.shapes, self.words)

    def opened(self) -> list[tuple[Animation, ...]]:
        """The layer comes out of its row in the tower, and then its parts."""
        return [
            (draw(*self.lens, kind="row"), Travel(self.row, self.plate, 0.0, "row")),
            (draw(self.stream), appear(*self.branches.values(), *self.joins, *self.boxes.values())),
            (appear(self.names, self.heads, *self.old.values()),),
        ]

    def become(self, other: Plan, passed: Sequence[str]) -> list[Play]:
        """Everything moves to where it lies in another plan; what is written on `passed` blocks is gone meanwhile."""
        ours, theirs = self.keyed(), other.keyed()
        hidden = {(part, block) for part in ("named", "before", "after") for block in passed}
        moved = [key for key in theirs if key in ours and key not in hidden]
        gone = [part for key, part in ours.items() if key not in moved]
        come = [part for key, part in theirs.items() if key not in moved]
        move = exchange([ours[key] for key in moved], [theirs[key] for key in moved], "row")
        return [leave(*gone), tuple(move), appear(*come)]

    def keyed(self) -> dict[tuple[object, ...], VMobject]:
        """All parts by their keys, from the back to the front."""
        parts = [self.tower.shapes, self.tower.title, self.lens, self.plate, self.stream, *self.branches.values()]
        parts += self.joins
        for block, name in zip(BLOCKS, self.names, strict=True):
            parts += [self.boxes[block], name, self.old[block], *([self.new[block]] if block in self.new else [])]
        return {part.key[:2]: part for part in (*parts, *self.heads)}

    def into(self, block: str, *inside: Mobject) -> list[Animation]:
        """Point at a block, and dive into it: it becomes the ground of what is `inside`. Names leave first."""
        ring, dive = ring_around(self.boxes[block]), Dive([self.shapes], self.boxes[block])
        late = [appear(*inside)] if inside else []
        return [
            draw(ring, kind="rest"),
            AnimationGroup(leave(self.words, ring), AnimationGroup(dive, *late, lag_ratio=0.6)),
        ]


def block_text(lines: Sequence[str], style: str, role: str, paper: Box, room: Room) -> VGroup:
    """The description of a block in the middle of a room, on one line or two."""
    return VGroup(
        Words(line, style, role, paper).settle(room.centre + UP * units(LEADING * (len(lines) - 1 - 2 * i)))
        for i, line in enumerate(lines)
    )


def thirds(room: Room) -> tuple[Room, Room, Room]:
    """The name of a block, what it was, and what it is."""
    first, rest = room.inset(26, 0).split_columns(0.27 * room.width, 10)
    second, third = rest.columns(2, 10)
    return first, second, third


class Stayed:
    """The layer with everything exchanged that was; then what is as it was, a formula and a sum; and a translation that
    follows its sentence in one text, with an arc for each weight of the attention of what is written to what was read.

    Args:
        layers, years: as of a `Plan`.
        weights: cross-attention, "query key": the row of a token that is read serves the next, which is written.
    """

    def __init__(self, layers: Quantity, years: NamedTensor, weights: NamedTensor) -> None:
        self.plan = Plan(layers, years, tuple(BLOCKS))
        (first, above), (second, below) = (room.split_rows(TITLE, 10) for room in STAGE.rows(2, 30))
        self.names = VGroup(
            Words("attention", "title").settle(first.centre), Words("residual stream", "title").settle(second.centre)
        )
        self.box = Box.of(above, palette().surface, 18, palette().line, 3)
        self.formula = above.inset(30, 16).fit(Formula(ATTENTION, LARGE), most=1.8)
        self.formula.paper = self.box
        self.sum = below.inset(30, 40).fit(Formula('x + "sublayer"("norm"(x))', LARGE), most=1.3)
        rooms = STAGE.split_rows(-WORDS)[1].columns(2, EQUALS)
        self.equals = Words("=", "chapter").settle(rooms[0].centre).set_x(0)
        written = weights.words("query")[1:]
        self.texts = [Ribbon(words, room) for words, room in zip((weights.words("key"), written), rooms, strict=True)]
        for ribbon, role in zip(self.texts, ("key", "query"), strict=True):
            VGroup(chip.box for chip in ribbon.chips).set_stroke(palette().role(role), stroke(5))
        self.equals.set_y(self.texts[0].get_y())
        self.back = [
            VGroup(
                self._arc(weights.quantity(row, key), read, asks, weights.label("query", row))
                for key, read in enumerate(self.texts[0].chips)
                if weights.values[row, key] > SEEN
            )
            for row, asks in enumerate([self.equals, *self.texts[1].chips[:-1]])
        ]
        self.whose = Words("weights of our translator", "title", "weight").end_in(STAGE.split_rows(TITLE)[0])

    @staticmethod
    def _arc(weight: Quantity, read: Token, asks: VMobject, query: Label) -> VMobject:
        start, end = read.get_top(), read.get_top()
        end[0] = asks.get_x()
        ends = End(weight, first=True, axis="key"), End(query)
        return as_thick_as(weight, arch(start, end, RISE), THIN, THICK, *ends)
