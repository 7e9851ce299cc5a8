"""The drawing that goes through the chapter: two towers become one, and one of its layers opens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, AnimationGroup, Mobject, VGroup, VMobject

from scenes.animations import Dive, Play, Travel, appear, draw, exchange, lagged, leave, reshape, ring_around
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
#: The sublayers of a layer from the bottom up, each with its norm; and what blocks are today.
PAIRS = {"attention": "norm 1", "feed-forward": "norm 2"}
NOW = {"feed-forward": "SwiGLU", "attention": "shared keys", "positions": "turn q and k"}
CHANGED = ("norm 1", "norm 2", "positions", "feed-forward", "attention")
#: Px of the line of words of a sentence and of its translation, of what is between them, and of the handles of arcs.
WORDS, EQUALS, RISE = 96.0, 120.0, 640.0
#: Px of a title, of positions below a layer, between two blocks, and around a block in another.
TITLE, BELOW, SPACE, AROUND = 62.0, 104.0, 28.0, 14.0
#: Px from the left to the stream, from there to a norm beside it, to the sublayers, of a norm, and of a sum.
STREAM, BESIDE, SUBLAYER, NORM, HIGH, SUM = 220.0, 370.0, 860.0, 280.0, 104.0, 18.0
#: Px across a pile of strips, of what comes in, of what a norm makes of a pile, of what is added; how solid a copy is.
PILE, WHOLE, PRESSED, ADDED, COPY = 150.0, 84.0, 36.0, 30.0, 0.5
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


class LayerTower(VGroup):
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


class ManyLayers(VGroup):
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


class TranslatorToDecoder:
    """The translator as two towers, and how it becomes a decoder alone of many layers.

    Args:
        layers: of the encoder, the decoder, and the model of today: "part".
    """

    def __init__(self, layers: NamedTensor) -> None:
        left, right = STAGE.columns(2, 220)
        few = [int(layers.pick(part=side)) for side in SUBLAYERS]
        self.encoder = LayerTower("encoder", few[0], left)
        self.decoder, self.alone = (LayerTower("decoder", few[1], room) for room in (right, MIDDLE))
        start = self.encoder.plate.get_right()
        x = (start[0] + self.decoder.plate.get_left()[0]) / 2
        ends = [box.get_left() for (_, kind), box in self.decoder.boxes.items() if kind == "cross-attention"]
        ways = ([start, np.array([x, start[1], 0]), np.array([x, end[1], 0]), end] for end in ends)
        self.roads = VGroup(wire(way, "key", 6) for way in ways)
        self.crossing = [box for (_, kind), box in self.alone.boxes.items() if kind == "cross-attention"]
        self.kept = [box for (_, kind), box in self.alone.boxes.items() if kind != "cross-attention"]
        self.closed = self._closed()
        self.many, self.layer_count = ManyLayers(layers.pick(part="SmolLM2"), MIDDLE), few[1]

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
        return lagged(steps, 0.12, kind="cell")


class OpenLayer(VGroup):
    """A layer, opened: the stream at its left, each sublayer at its right, and a norm; `changed` blocks are lit.

    Args:
        year: when the first Transformer was published.
        changed: the blocks that have been exchanged so far.
        first: True for the order of that year: the norms lie on the stream, each above a sum.
    """

    def __init__(self, year: Quantity, changed: Collection[str], first: bool = False) -> None:
        self.changed, self.first, docked = changed, first, "positions" in changed  # within attention then
        side = STAGE.split_columns(SUBLAYER)[1]
        layer, below = side.split_rows(-BELOW, SPACE)
        #: By block: its ground, its name, what it is now, and the ways to it and from it.
        self.boxes, self.branches = dict[str, VMobject](), dict[str, VMobject]()
        self.names, self.joins, self.forks = dict[str, VGroup](), VGroup(), list[np.ndarray]()
        for (block, norm), band in zip(
            PAIRS.items(), (layer if changed and not docked else side).rows(2, SPACE)[::-1], strict=True
        ):
            *top, upper, lower = band.rows(2 + first, 0)
            self._block(block, band, upper if docked and block == "attention" else band)
            self._sum(block, upper)
            if docked and block == "attention":
                self._block("positions", *[lower.inset(AROUND)] * 2)
            x, fork = STAGE.left + STREAM + (0 if first else BESIDE), (lower.top + lower.bottom) / 2
            middle = (top[0].top + top[0].bottom) / 2 if first else fork
            place = Room(x - NORM / 2, middle - HIGH / 2, x + NORM / 2, middle + HIGH / 2)
            self._block(norm, place, place)
            self.forks.append(self._on(lower))
            start = self.forks[-1] if first else at(place.right, fork)
            self.branches[f"into {norm}"] = arrow(start, at(band.left, fork), "residual", 6, 20)
            if not first:
                self.branches[norm] = rule(self.forks[-1], at(place.left, fork), "residual", 6)
        if changed and not docked:
            self._block("positions", below, below)
            self._sum("positions", below)
        self.stream = rule(self._on(STAGE, 1), self._on(STAGE, 0), "residual", 14)
        self.stream.key, self.piles = ("stream",), self._piles()
        self.called = Words("vector", "fact", "residual").next_to(self.piles[0][0], LEFT, buff=units(SUM))
        for block, branch in self.branches.items():
            branch.key = ("branch", block)
        gap = Room(STAGE.left + STREAM, STAGE.top, side.left, STAGE.bottom)
        self.note = Words("a sketch", "aside", "ink2").begin_in(STAGE.split_rows(-SPACE)[1])
        #: Clear of the way of what is added.
        self.when = Words(f"{year:.0f}" if first else "today", "title")
        self.when.end_in(gap.split_rows(TITLE - SPACE)[0].inset(SPACE, 0))
        self.when.key = ("when", first)
        self.shapes = VGroup(self.stream, *self.branches.values(), *self.joins, *self.boxes.values())
        self.words = VGroup(*self.names.values(), *([] if changed else [self.when]))
        #: What a block becomes that is opened.
        self.ground = Box.of(STAGE, palette().surface, 12)
        super().__init__(self.shapes, self.words)

    @staticmethod
    def _on(room: Room, down: float = 0.5) -> np.ndarray:
        """A point of the stream, so far down a room."""
        return at(STAGE.left + STREAM, room.top + down * room.height)

    def _block(self, block: str, room: Room, line: Room) -> None:
        """The ground of a block, and its name in a line of it."""
        colours, lit, norm = palette(), block in self.changed, block.startswith("norm")
        box = Box.of(room, between(colours.background, colours.weight, 0.2) if lit else colours.surface, 12)
        box.key, line = ("block", block), line.inset(26, 0)
        self.boxes[block], self.names[block] = box, VGroup()
        if norm:
            self.names[block].add(Words("RMSNorm" if lit else "norm", "title", paper=box).settle(line.centre))
        else:
            self.names[block].add(Words(block, "title", paper=box).begin_in(line))
            if lit:
                self.names[block].add(Words(NOW[block], "title", paper=box).end_in(line))
        self.names[block].key = ("named", block, lit)

    def _sum(self, block: str, room: Room) -> None:
        """The way from a block back to the stream, and their sum on it."""
        spot, side = self._on(room), self.boxes[block].get_left()
        join = dot(spot, SUM, "residual")
        join.key = ("join", block)
        self.joins.add(join)
        self.branches[block] = arrow(np.array([side[0], spot[1], 0]), spot + RIGHT * units(SUM), "residual", 6, 20)

    def opened(self, many: ManyLayers) -> list[Play]:
        """The eye goes into one of many layers, and finds the parts of it."""
        dive = Dive([many.shapes], many.layers[len(many.layers) // 2], inside=0)
        shown = appear(self.stream, *self.piles, *self.shapes[1:], self.words, self.note, self.called)
        return [AnimationGroup(leave(many.title), dive, shown, lag_ratio=0.6)]

    def become(self, other: OpenLayer, *below: Mobject) -> list[Play]:
        """Everything moves to where it lies in another plan, and `below` it something comes."""
        ours, theirs = self.keyed(), other.keyed()
        both = [key for key in ours if key in theirs]
        gone, come = ([part for key, part in some.items() if key not in both] for some in (ours, theirs))
        stream, *moves = exchange([ours[key] for key in both], [theirs[key] for key in both], "row")
        return [(leave(*gone), stream, appear(*below), *moves), appear(*come)]

    def keyed(self) -> dict[tuple[object, ...], VMobject]:
        """All parts by their keys, from the back to the front."""
        return {part.key: part for part in (*self.shapes, *self.words)}

    def into(self, block: str, *inside: Mobject) -> list[Animation]:
        """Point at a block: it opens over all else, until it is the ground of what is `inside`."""
        ring, around, self.ground.key = ring_around(self.boxes[block]), ring_around(self.ground), self.boxes[block].key
        opening = AnimationGroup(*exchange([self.boxes[block], ring], [self.ground, around], "dive"))
        shown = AnimationGroup(leave(self, around), *([appear(*inside)] if inside else []))
        return [draw(ring, kind="rest"), AnimationGroup(leave(self.names[block]), opening, shown, lag_ratio=0.8)]

    def climb(self) -> list[tuple[Animation, ...]]:
        """A vector goes up: each sublayer adds a strip, and a norm presses all that passes below it, or only a copy."""
        plays, strips = list[tuple[Animation, ...]](), [WHOLE]
        for k, (block, norm) in enumerate(PAIRS.items()):
            (copy, *rest), middle = self.piles[k:], self.boxes[norm].get_center()
            plays += [self._to(strips, self.forks[k], copy, *rest)] if k else []
            if not self.first:
                plays.append(self._to(self._pressed(strips), middle, copy, solid=COPY))
            inside = strips if self.first else self._pressed(strips)
            plays.append(self._to(inside, self._below(block, self.forks[k]), copy, solid=COPY))
            strips = [*strips, ADDED]
            plays.append(self._to(strips, self.joins[k].get_center(), *rest))
            if self.first:
                strips = self._pressed(strips)
                plays.append(self._to(strips, middle, *rest))
        return [(leave(self.called), *plays[0]), *plays[1:]]

    @staticmethod
    def _pressed(strips: Sequence[float]) -> list[float]:
        return [PRESSED * high / sum(strips) for high in strips]

    def _piles(self) -> list[VGroup]:
        """A vector and copies of it, one for each sublayer; what will be added lies below these."""
        pile = self._strips([WHOLE, *[ADDED] * len(PAIRS)], self.forks[0])
        pile[0].move_to(self.forks[0])
        for strip, block, join in zip(pile[1:], PAIRS, self.joins, strict=False):
            strip.move_to(self._below(block, join.get_center())).set_fill(palette().surface)
        return [pile, *(pile.copy() for _ in PAIRS)]

    def _below(self, block: str, level: np.ndarray) -> np.ndarray:
        """A place below a sublayer."""
        return self.boxes[block].get_left() * RIGHT + level * UP + RIGHT * units(PILE)

    def _to(
        self, heights: Sequence[float], spot: np.ndarray, *piles: VGroup, solid: float = 1
    ) -> tuple[Animation, ...]:
        goals = (self._strips(heights, spot).set_fill(opacity=solid) for _ in piles)
        return tuple(reshape(VGroup(*p[: len(heights)]), goal, "appear") for p, goal in zip(piles, goals, strict=True))

    @staticmethod
    def _strips(heights: Sequence[float], spot: np.ndarray) -> VGroup:
        """A vector as a pile: at the bottom what came in, above it what was added."""
        roles = ("residual", *["weight"] * (len(heights) - 1))
        pile = (Box(PILE, high, palette().role(role), 4) for high, role in zip(heights, roles, strict=True))
        return VGroup(*pile).arrange(UP, buff=units(4)).move_to(spot)


class UnchangedParts:
    """The layer with everything exchanged that was; then what is as it was, a formula and a sum; and a translation that
    follows its sentence in one text, with an arc for each weight of the attention of what is written to what was read.

    Args:
        year: as of a `OpenLayer`.
        weights: cross-attention, "query key": the row of a token that is read serves the next, which is written.
    """

    def __init__(self, year: Quantity, weights: NamedTensor) -> None:
        self.plan = OpenLayer(year, CHANGED)
        above, below = STAGE.rows(2, 30)
        self.formula = above.inset(30, 16).fit(Formula(ATTENTION, LARGE), most=2.2)
        self.sum = below.inset(30, 40).fit(Formula('x + "sublayer"("norm"(x))', LARGE), most=1.5)
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
