"""The whole model at work: the stream of each token, and the lines along which attention adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, PI, RIGHT, Animation, Mobject, VGroup, VMobject

from scenes.animations import Dive, Play, Travel, appear, draw, exchange, flow, grow, lagged, leave, pulses, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import End, Thickness, means
from scenes.mobjects.shapes import Box, arch, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import strongest
from scenes.theme import at, ink_on, palette, units
from transformer_core.studies.decoder_rows import DecoderRows
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where in a layer, as a share of it, a vector gets what a sublayer adds, and where the feed-forward network stands.
STOPS, NET = {"self_attn": 0.42, "cross_attn": 0.62, "ffn": 1.0}, 0.8
#: What a sublayer is called, and where in a layer its name stands, so many px above the streams.
NAMES, LIFT = (
    {"self_attn": ("attention", 0.0), "cross_attn": ("cross-attention", 0.55), "ffn": ("feed-forward", 0.9)},
    -2.0,
)
#: What a vector is after a sublayer: its sum with what that adds.
SUMS = {"self_attn": "resid_attn", "cross_attn": "resid_cross", "ffn": "resid_ffn"}
#: Px between chips and streams, of a stream, a line of weight one and a feed-forward network, and of a chip at most.
AIR, THREAD, THICK, PLATE, CHIP = 26.0, 5.0, 15.0, 18.0, 58.0
#: Px from a word to the beginning of its stream, where its vector stands.
BEGIN = 76.0
#: Px of a vector, across and at most along, that a token takes at least, and of what is added to a vector.
WIDE, HIGH, LEAST, PIECE = 64.0, 132.0, 108.0, 26.0
#: How much of the stage a vector takes that is looked at, and how many times larger its word and one upright are there.
ACROSS, LARGE, UPRIGHT = 0.9, 4.0, 3.0
#: Where the bend of a line lies that passes words, as a share of its way.
LATE = 0.75
#: Lines of less weight are not drawn.
SEEN = 0.02
#: The opacity of lines that are not those of the vector that is followed.
PALE = 0.3
#: How much of the lines of one sublayer is drawn before those of the next begin.
OVER = 0.6


class WholeModel:
    """Residual streams lead from the words that are read, at the left, to those that are written, at the right.

    Args:
        decoded: the rows of the decoder.
        source: the words that are read.
        room: the rectangle that is filled.
        alone: True with the encoder alone in it.

    `chips` are the words at the left, those that the decoder reads, and those that are written;
    `lines[stack, layer, part]` are, for each stream, those along which attention adds values of other tokens.
    """

    def __init__(
        self, trace: Trace, decoded: DecoderRows, source: Sequence[Label], room: Room, alone: bool = False
    ) -> None:
        self.trace, written = trace, decoded.written
        self.layers = {stack: trace.about["config"][f"{stack}_layers"] for stack in ("encoder", "decoder")}
        words = source, decoded.reads[: len(written)], written
        sides = [max(LEAST, *(chip_width(label, small=True) for label in row)) for row in words]
        room = room.inset(AIR, AIR)
        self.pitch = (room.width - sum(sides) - 5 * AIR - 2 * BEGIN) / sum(self.layers.values())
        if alone:
            self.pitch = (room.width - sides[0] - 2 * AIR - BEGIN) / self.layers["encoder"]
        #: The words that the streams of each stack begin with.
        self.begins = {"encoder": source, "decoder": words[1]}
        first, rest = room.split_columns(sides[0], BEGIN)
        rest, last = rest.split_columns(-sides[2], 2 * AIR)
        encoder, rest = rest.split_columns(self.pitch * self.layers["encoder"], 3 * AIR)
        middle, decoder = rest.split_columns(sides[1], BEGIN)
        self.begun = {"encoder": encoder.left, "decoder": decoder.left}
        self.rows = {"encoder": room.rows(len(source), 8), "decoder": room.rows(len(written), 8)}
        stacks = ("encoder", "decoder", "decoder")
        self.chips = [
            VGroup(
                Token(label, "", column.width, min(CHIP, row.height), "small token").move_to(column.cross(row).centre)
                for label, row in zip(labels, self.rows[stack], strict=True)
            )
            for labels, column, stack in zip(words, (first, middle, last), stacks, strict=True)
        ]
        self.high = min(HIGH, *(0.9 * rows[0].height for rows in self.rows.values()))
        #: The attention lines that are drawn, and the vectors of the token that was followed last.
        self.shown, self.vectors = set[tuple[str, int, str, int]](), list[Vector]()
        #: What is named above the streams: with both stacks only what the encoder alone has not.
        self.names, self.named = VGroup(), set() if alone else {"self_attn", "ffn"}
        #: The vector at the end of the stream that was followed last.
        self.last: NamedTensor
        self.streams = {stack: self._streams(stack) for stack in self.layers}
        self.lines = {one: self._lines(*one) for one in self._parts() if one[2] != "ffn"}

    def whole(self) -> list[VGroup]:
        """Streams, attention lines and words."""
        return [
            self.names,
            *self.streams.values(),
            *(lines for some in self.lines.values() for lines in some),
            *self.chips,
        ]

    def spot(self, stack: str, row: int, depth: float) -> np.ndarray:
        """A place on a stream, in layers from its beginning."""
        return np.array([at(self.begun[stack] + self.pitch * depth, 0)[0], self.rows[stack][row].centre[1], 0])

    def _parts(self) -> Iterator[tuple[str, int, str]]:
        """The sublayers of both stacks in the order of a pass."""
        for stack, layers in self.layers.items():
            for layer in range(layers):
                yield from ((stack, layer, part) for part in STOPS if f"{stack}.{layer}.{part}.out" in self.trace)

    def _streams(self, stack: str) -> VGroup:
        """The stream of each token, with a plate at each feed-forward network."""
        nets = [layer + NET for name, layer, part in self._parts() if (name, part) == (stack, "ffn")]
        found = VGroup()
        for row in range(len(self.rows[stack])):
            start, end = (self.spot(stack, row, depth) for depth in (0, self.layers[stack]))
            plates = (Box(PLATE, 0.6 * self.high, palette().surface, 6, palette().residual, 3) for _ in nets)
            placed = (plate.move_to(self.spot(stack, row, depth)) for plate, depth in zip(plates, nets, strict=True))
            found.add(VGroup(rule(start, end, "residual", THREAD), *placed))
        return found

    def _lines(self, stack: str, layer: int, part: str) -> list[VGroup]:
        """Lines to each stream from those that its token attends to, as thick as the mean weights of all heads."""
        weights = self.trace[f"{stack}.{layer}.{part}.mean_weights"].pick(batch=0)
        start, depth = ("encoder", self.layers["encoder"]) if part == "cross_attn" else (stack, layer)
        keys, queries = self.begins[start], self.begins[stack]
        # Those from the encoder pass between the words that the decoder reads.
        below = -units(self.rows[start][0].height / 2 + 4)
        past = np.array([units(3 * AIR), below, 0]) if part == "cross_attn" else None
        return [
            VGroup(
                means(
                    self._line(weight, self.spot(start, i, depth), self.spot(stack, goal, layer + STOPS[part]), past),
                    Thickness(weight, THICK),
                    End(key, first=True, level=True),
                    End(query, level=True),
                )
                for i, (key, weight) in enumerate(zip(keys, row.quantities(), strict=False))
                if weight > SEEN
            )
            for goal, (query, row) in enumerate(zip(queries, weights, strict=False))
        ]

    @staticmethod
    def _line(weight: Quantity, start: np.ndarray, end: np.ndarray, past: np.ndarray | None) -> VMobject:
        """A line that leaves and arrives level; it may go first as far as `past`, and then turn late."""
        line, stops = (
            rule(start, end, "weight", THICK * float(weight)),
            [start, *([] if past is None else [start + past]), end],
        )
        late = 0.5 if past is None else LATE
        bends = [(a, a + (b - a) * (late, 0, 0), b - (b - a) * (1 - late, 0, 0), b) for a, b in pairwise(stops)]
        line.points = np.concatenate(bends)
        return line

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: values run along all attention lines."""
        lines = [line for some in self.lines.values() for group in some for line in group]
        return pulses(lines, [1.0] * len(lines))

    def passed(self) -> list[VGroup]:
        """The parts of the encoder that are on stage when a vector has passed it."""
        lines = (group for one, some in self.lines.items() for k, group in enumerate(some) if (*one, k) in self.shown)
        return [self.chips[0], self.streams["encoder"], *lines, self.vectors[-1]]

    def decided(self, row: int, share: Quantity, came: Vector) -> list[Play]:
        """The last vector turns, and opens into a bar of all words: its largest part becomes the word."""
        around = [self.streams["decoder"], self.chips[1], *self.passed(), self.names, came]
        vector, chip = self.vectors[-1].copy(), self.chips[2][row]
        large = chip.copy().scale(LARGE).move_to(STAGE.centre)
        bar = ShareBar(share, ACROSS * STAGE.width, "", HIGH).move_to(STAGE.centre)
        bar.track.set_fill(palette().line)
        told = number(share, "share", "chapter").next_to(large, DOWN, buff=units(AIR))
        said = chip.word.copy().set_fill(ink_on(palette().weight)).move_to(bar.bar)
        said.scale(min(LARGE, ACROSS * bar.bar.width / said.width)).paper = bar.bar
        upright = vector.copy().scale(UPRIGHT).move_to(bar)
        others = Words("other words", "block", "ink2").next_to(bar.track, DOWN, buff=units(AIR)).align_to(bar, RIGHT)
        return [
            leave(*around),
            reshape(vector, upright, "row"),
            reshape(vector, upright.copy().rotate(PI / 2), "row", PI / 2),
            (*exchange([vector], [bar.track], "row"), grow(bar.bar)),
            appear(said, told, others),
            (leave(bar.track, others), *exchange([VGroup(bar.bar, said)], [large])),
            (leave(told), appear(*around, rise=False), *exchange([large], [chip])),
        ]

    def rest(self) -> Animation | None:
        """The attention lines that are not drawn yet, sublayer by sublayer, paler than those that were followed."""
        turns = (
            [group for row, group in enumerate(some) if (*one, row) not in self.shown and len(group)]
            for one, some in self.lines.items()
        )
        drawn = [draw(*(group.set_stroke(opacity=PALE) for group in groups)) for groups in turns if groups]
        return lagged(drawn, OVER) if drawn else None

    @staticmethod
    def enlarged(vector: NamedTensor) -> Vector:
        """A vector across the stage."""
        return Vector(vector, ACROSS * STAGE.width, HIGH, "residual").move_to(STAGE.centre)

    def lying(self) -> tuple[VMobject, Animation]:
        """The first vector, laid on its side above words on their way, and its turn to stand as one body."""
        lying = self.vectors[0].rotate(PI / 2).set_z_index(1)
        return lying, reshape(lying, lying.copy().rotate(-PI / 2), "slow", -PI / 2)

    def follow(self, stack: str, row: int, position: int) -> list[tuple[tuple[str, int, str], list[Play | None]]]:
        """A vector on its way along its stream: for each sublayer its attention lines and the move to the sum."""
        behind = self.trace.about["config"]["norm_order"] == "post"
        names, stops, norms = [f"{stack}.0.resid_pre"], [0.0], 0
        way = [one for one in self._parts() if one[0] == stack]
        for _, layer, part in way:
            norms = 1 if part == "self_attn" else norms + 1
            names.append(f"{stack}.{layer}." + (f"ln{norms}.out" if behind else SUMS[part]))
            stops.append(layer + STOPS[part])
        self.shown |= {(*one, row) for one in way}
        states = [self.trace[name].pick(batch=0, position=position) for name in names]
        self.last = states[-1]
        vectors = self.vectors = [
            Vector(state, self.high, WIDE, "residual").rotate(-PI / 2).move_to(self.spot(stack, row, depth))
            for state, depth in zip(states, stops, strict=True)
        ]
        return [(one, self._added(one, row, *both)) for one, both in zip(way, pairwise(vectors), strict=True)]

    def _added(self, one: tuple[str, int, str], row: int, before: Vector, after: Vector) -> list[Play | None]:
        """A vector moves on to a sum, and meets there what is added: values that come along their lines, or a vector
        out of the feed-forward network."""
        stack, layer, part = one
        coming = self._called(one)
        if part == "ffn":
            start, role = self.spot(stack, row, layer + NET), "residual"
            ways = [arch(start, after.get_center(), self.high, "line", 2)]
        else:
            ways, role = [*self.lines[one][row]], "value"
            coming += [draw(*ways, kind="row")] if ways else []
        pieces = [Box(PIECE, 0.5 * self.high, palette().role(role), 6).move_to(way.points[0]) for way in ways]
        meeting = (*(flow(piece, way) for piece, way in zip(pieces, ways, strict=True)),)
        moving = (*meeting, Travel(before, after, kind="flow", leaving=True))
        return [tuple(coming) or None, moving, leave(*pieces) if pieces else None]

    def _called(self, one: tuple[str, int, str]) -> list[Animation]:
        """The name of a sublayer comes above the streams when the first of its kind is met."""
        stack, layer, part = one
        name, along = NAMES[part]
        kind = part if part == "ffn" else f"{stack} {part}"
        if self.named & {kind, part}:
            return []
        self.named.add(kind)
        x = self.spot(stack, 0, layer + along)[0]
        text = Words(name, "fact", "ink2").settle(np.array([x, at(0, self.rows[stack][0].top - LIFT)[1], 0]))
        self.names.add(text)
        return [appear(text)]


def into_a_number(
    picture: Sequence[Mobject], vector: Vector, state: NamedTensor, room: Room
) -> tuple[Quantity, Dive, VGroup]:
    """The entry of a vector that is farthest from zero, the way into its cell, and the number that stands there."""
    place = strongest(state).position
    cell, entry, room = vector.cells.of(place), state.quantity(place), room.inset(AIR, AIR)
    told, ink = number(entry, ".2f", "chapter").scale(2).settle(room.centre), ink_on(cell.get_fill_color().to_hex())
    one = VGroup(told, Words("one number of this vector", "title").next_to(told, DOWN, buff=units(AIR))).set_fill(ink)
    one[0].paper = one[1].paper = cell
    return entry, Dive(picture, cell, room), one
