"""The plan of the decoder between what it reads and what it has to write, and the path of one vector through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, LaggedStart, VGroup, VMobject

from scenes.animations import Dive, Flight, Travel, appear, appear_in_turn, draw, exchange, gather, grow, leave, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.next_word import NextWord
from scenes.mobjects.ribbon import GAP, Ribbon, gutter
from scenes.mobjects.sentences import sentence, upwards
from scenes.mobjects.shapes import Box, arch, arrow, dot, ellipsis, rule, wire
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import HIGHEST, Vector, named_rows
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.blueprint import blueprint
from transformer_core.studies.decoder_rows import FIRST, DecoderRows
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: What each kind of sublayer is called, and what the first is called once it has a mask.
NAMES = {"self_attn": "attention", "cross_attn": "cross-attention", "ffn": "feed-forward"}
MASKED = "masked attention"
#: Px of the names at the left, from a sentence to the plate, between two boxes, and of the track beside them.
SIDE, AIR, SPACE, TRACK = 280.0, 62.0, 10.0, 260.0
#: How much larger a sentence is that lies alone on the stage.
LARGER = 1.5
#: A box lower than this has its name in small type, and px of the lowest one.
LOW, LOWEST = 46.0, 30.0
#: Px from the way of a vector to what could be copied, and of a wall and a position in an attention.
ASIDE, WALL, DOT, INSIDE = 16.0, 20.0, 6.0, 6.0
#: Where the positions lie in an attention, from its middle as a part of its height, and how far handles of arcs rise.
FLOOR, RISE = -0.12, 1.25
#: What part of the room beside the encoder the decoder takes.
PLATE = 0.57
#: Px by which what a sublayer adds is lower than the vector.
STRIP = 12.0
#: How many likeliest words are shown at the end of the way.
BARS = 4
#: Px of the arc in which a way turns.
ARC = 24.0


class DecoderStack(VGroup):
    """The sublayers of the decoder on a plate, the first at the foot; of many layers the first and the last.

    Args:
        room: the rectangle that is filled.
        track: px that are left free at the right of the boxes, for a vector that moves up; the name of each box then
            stands in it. If 0, the names stand at the left of the plate, and a box of self-attention is up to four
            times as high as the others: its mask is drawn in it.
        names: what each kind of sublayer is called.

    `boxes` are by the path of their sublayer, from the foot up, and on top "output".
    """

    def __init__(self, trace: Trace, room: Room, track: float = 0, names: Mapping[str, str] = NAMES) -> None:
        layers = blueprint(trace.about["config"])["decoder"].layers
        shown = [*layers] if len(layers) <= 2 else [layers[0], (), layers[-1]]
        paths = [path for layer in shown for path in ([sublayer.path for sublayer in layer] or [""])] + ["output"]
        colours = palette()
        self.plate = Box.of(room, colours.surface, 20, colours.residual, 4)
        self.plate.key = "plate", "decoder"
        inside = room.inset(26, 16)
        if track:
            inside = inside.split_columns(-track)[0]
        wider = 0 if track else sum(path.endswith("self_attn") for path in paths)
        tall = next((n for n in (4, 3) if inside.height >= LOWEST * (len(paths) + (n - 1) * wider)), 2)
        high = [tall if wider and path.endswith("self_attn") else 1 for path in paths]
        lines = [*reversed(inside.rows(sum(high), SPACE))]
        style = "fact" if lines[0].height + (0 if track else SPACE) >= LOW else "small token"
        self.boxes: dict[str, VMobject] = {}
        written, dots = VGroup(), VGroup()
        for path, count in zip(paths, high, strict=True):
            lowest, *above = (lines.pop(0) for _ in range(count))
            line = Room(lowest.left, min(part.top for part in (lowest, *above)), lowest.right, lowest.bottom)
            if not path:
                dots.add(ellipsis().move_to(line.centre))
                continue
            box = Box.of(line, colours.background, 10, colours.ink3, 2)
            name = Words(names.get(path.rpartition(".")[2], "output"), style, paper=box if track else None)
            name.settle(line.centre)
            if track:
                name.begin_at(at(line.left + 24, 0)[0])  # clear of what is added
            else:
                name.end_at(at(room.left - 24, 0)[0])
            box.key, name.key = ("box", path), ("named", path)
            self.boxes[path] = box
            written.add(name)
        #: Px from the left of a box to the end of the longest name.
        self.named = 24 + pixels(written.width)
        super().__init__(self.plate, *self.boxes.values(), written, dots)


class ShiftedWords:
    """The words to write along the top, and the same words, shifted right by one, along the foot.

    Args:
        decoded: what each position reads and writes.

    Both lie `large` below each other at first; then the `decoder` opens between them.
    """

    def __init__(self, trace: Trace, decoded: DecoderRows) -> None:
        room = STAGE.split_columns(SIDE)[1]
        self.writes, self.reads = Ribbon(decoded.writes, room), sentence(decoded.reads, room, at_foot=True)
        high = [pixels(line.height) + (AIR / 2 if self.writes.upright else AIR) for line in (self.writes, self.reads)]
        between = Room(room.left, room.top + high[0], room.right, room.bottom - high[1])
        self.decoder = DecoderStack(trace, between)
        top = self.decoder.plate.get_top()[1]
        self.ways_in = VGroup(
            rule(chip.get_top(), np.array([chip.get_x(), top, 0]), "residual", 5) for chip in self.reads.chips
        )
        self.ways_out = upwards([self.decoder.plate], self.writes.chips)
        self.large = [large(line, room) for line in (decoded.writes, decoded.reads)]
        VGroup(*self.large).arrange(DOWN, buff=units(AIR)).move_to(room.centre)
        self.names, self.large_names = (
            VGroup(
                Words(name, "block", "ink2").settle(line.get_center()).begin_at(at(STAGE.left, 0)[0])
                for name, line in zip(("it writes", "it reads"), lines, strict=True)
            )
            for lines in ((self.writes, self.reads), self.large)
        )
        self.ways: list[VMobject] = [*self.ways_in, *self.ways_out]
        #: In each self-attention: walls on the ways to earlier positions, and what reaches each position from others.
        self.walls, self.mask, self.reached = VGroup(), VGroup(), [VGroup() for _ in self.reads.chips]
        for path, box in self.decoder.boxes.items():
            if path.endswith("self_attn"):
                self._masked(box, decoded.last)
        self.peek, self.stopped = self._copied(decoded.last)

    def slide(self) -> tuple[Any, ...]:
        """A copy of what is written comes down, and moves on by one place."""
        above, below = (line.chips for line in self.large)
        return tuple(Travel(old, new, 0.0, "slow") for old, new in zip(above[:-1], below[1:], strict=True))

    def open(self) -> tuple[Any, ...]:
        """Move the words to write to the top and those that are read to the foot: the decoder has room between."""
        old = [*self.large[0].chips, *self.large[1].chips, *self.large_names]
        return exchange(old, [*self.writes.chips, *self.reads.chips, *self.names], "row")

    def everywhere(self, way: VectorPath) -> list[Any]:
        """From the way of one vector to those of all positions, with the mask."""
        count = len(way.read.chips)
        come = [*self.reads.chips[count:], *self.writes.chips, self.decoder, *self.ways, self.names]
        return [
            leave(*way.passed),
            (*exchange(way.read.chips, self.reads.chips[:count], "row"), appear(*come)),
            LaggedStart(*(draw(*arcs) for arcs in self.reached if len(arcs)), lag_ratio=0.5, run_time=pace("slow")),
            *self.stop(),
        ]

    def stop(self) -> list[Any]:
        """Walls close the ways to earlier positions, and what could be copied stops at one of them."""
        return [appear_in_turn([*self.walls, self.mask]), draw(*self.stopped, kind="row")] if len(self.walls) else []

    def dive(self) -> Dive:
        """Into the first attention."""
        whole = [*self.writes.chips, *self.reads.chips, self.decoder, *self.ways, self.names, self.peek]
        return Dive(whole, self.decoder.boxes[FIRST], inside=0.0)

    def enter(self) -> tuple[Any, ...]:
        """All words that are read go up into the first attention, at once."""
        flights = (Flight(one, one.copy().match_y(self.decoder.boxes[FIRST]), 0.0, "cell") for one in self.reads.chips)
        return self.reads.mark({}), self.writes.mark({}), *flights

    def taken_along(self, chips: Sequence[VMobject]) -> tuple[Any, ...]:
        """Take the words that are read along on a dive, to the places of the `chips`."""
        return tuple(Travel(old, new, 0.0, "dive") for old, new in zip(self.reads.chips, chips, strict=True))

    def _masked(self, box: VMobject, row: int) -> None:
        """In a self-attention: an arc from each position to each later one, those to `row` strong; and below them, at
        the right of each position, a wall on the ways back."""
        high, xs = float(box.height), [chip.get_x() for chip in self.reads.chips]
        level, tall = box.get_y() + FLOOR * high, pixels(high) * (0.5 + FLOOR) - 2 * INSIDE
        for j, end in enumerate(xs):
            strong = j == row
            self.reached[j].add(dot(np.array([end, level, 0]), DOT, "value"))
            for i, start in enumerate(xs[:j]):
                rise = RISE * pixels(high) * (0.5 - FLOOR) * ((j - i) / (len(xs) - 1)) ** 0.5
                first, last = (np.array([x, level, 0]) for x in (start, end))
                self.reached[j].add(
                    arch(first, last, rise, "value", 6 if strong else 3).set_stroke(opacity=1 if strong else 0.5)
                )
        for x in xs[:-1]:
            spot = np.array([x + units(ASIDE + WALL / 2), level - units(INSIDE + tall / 2), 0])
            self.walls.add(Box(WALL, tall, palette().ink, 4).move_to(spot))
        # Where a way back ends, no name has room.
        names = (Words("mask", "fact").next_to(wall, RIGHT, units(INSIDE)) for wall in self.walls[1 - len(xs) : -1][:1])
        self.mask.add(*names)

    def _copied(self, row: int) -> tuple[VGroup, VGroup]:
        """The way by which the word after a position could be copied, and what is left of it before a wall; if any."""
        if row + 1 >= len(self.reads.chips):
            return VGroup(), VGroup()
        level = self.walls[row].get_y()
        start = self.reads.chips[row + 1].get_top() + UP * units(4) + LEFT * units(ASIDE)
        end = self.writes.chips[row].get_bottom() + DOWN * units(6) + RIGHT * units(ASIDE)
        turn, back = (np.array([point[0], level, 0]) for point in (start, end))
        return bent(start, turn, back, end), bent(start, turn, self.walls[row].get_right() + RIGHT * units(4))


def bent(*points: np.ndarray) -> VGroup:
    """An arrow that warns, through all points: its line, and its head."""
    line, head = arrow(points[-2], points[-1], "warning", 7, 26)
    return VGroup(wire([*points[:-1], line.get_end()], "warning", 7, ARC), head)


def large(labels: Sequence[Label], room: Room) -> Ribbon:
    """A sentence as wide as a room, in larger type."""
    return Ribbon(labels, Room(room.left, room.top, room.left + room.width / LARGER, room.bottom)).scale(LARGER)


def under(track: Room, place: int, count: int) -> Room:
    """The widest room for a ribbon of `count` tokens whose token at `place` stands below a track."""
    middle = (track.left + track.right) / 2
    before, after = place + 0.5, count - place - 0.5
    pitch = min((middle - STAGE.left + GAP / 2) / before, (STAGE.right - middle + GAP / 2) / after)
    return Room(middle - before * pitch + GAP / 2, STAGE.top, middle + after * pitch - GAP / 2, STAGE.bottom)


class VectorPath:
    """A vector on its way up through the decoder: every state of it, what each sublayer adds, the likeliest words, and
    what is read next.

    The position is that which writes the last word. `states` are by the path of the sublayer that they come from; the
    first is by "". `strips` are what is added.
    """

    def __init__(self, trace: Trace, decoded: DecoderRows) -> None:
        row, memory = decoded.last, decoded.memory(trace) if f"{decoded.cross}.q" in trace else None
        source, space = (0.0, 0.0) if memory is None else (0.19 * STAGE.width, 40.0)
        left, rest = STAGE.split_columns(source, space)
        middle, right = rest.split_columns(PLATE * rest.width, 50)
        read = decoded.reads[: row + 2]
        self.read = sentence(read, under(self._track(middle), row, len(read)), at_foot=True)
        left, middle, right = (part.split_rows(-pixels(self.read.height), AIR)[0] for part in (left, middle, right))
        self.stack = DecoderStack(trace, middle, TRACK, {**NAMES, "self_attn": MASKED})
        self.memory: list[VMobject] = []
        self.source = VGroup()
        if memory is not None:
            heading, below = left.split_rows(60, 10)
            chips, vectors = named_rows(memory, below, below.width - gutter(memory.words("position")) - 14, "residual")
            self.memory = [*vectors]
            self.source.add(heading.fit(Words("encoder", "title"), most=1.0), *chips, *vectors)
        #: By the path of a cross-attention, lines from the vectors of the encoder to it.
        self.supply = {path: self._supply(box) for path, box in self.stack.boxes.items() if path.endswith("cross_attn")}
        self._states(trace, row, middle)
        probs, tail = (trace[name].pick(batch=0, position=row) for name in ("probs", "tail_prob"))
        heading, bars = right.split_rows(60, 10)
        self.title = heading.fit(Words("next word", "title"), most=1.0)
        self.next = NextWord(probs, bars, BARS, rest=tail.quantity(BARS - 1))
        *self.shown, self.own = self.read.chips[: row + 1]
        self.chosen = self.read.chips[row + 1] if row + 1 < len(self.read.chips) else None
        #: The parts that are there from the beginning, and those that have come in the end.
        self.standing = VGroup(*self.shown, self.own, self.stack, self.source, self.stream)
        lines = (line for some in self.supply.values() for line in some)
        self.come = VGroup(*self.standing, *lines, *self.strips.values(), self.states["output"])
        #: All but the words that are read, when it is at its end.
        self.passed = [*self.come[row + 1 :], self.title, self.next]
        # Until the next word is written, all stands in the middle.
        self.back = LEFT * units(STAGE.right - middle.right) / 2
        VGroup(*self.come, *(state for path, state in self.states.items() if path != "output")).shift(-self.back)

    def _supply(self, box: VMobject) -> list[VMobject]:
        """Lines from the vectors of the encoder to a cross-attention."""
        x, end = (self.memory[0].get_right()[0] + self.stack.plate.get_left()[0]) / 2, box.get_left()
        ways = ([vector.get_right(), np.array([x, vector.get_y(), 0])] for vector in self.memory)
        return [wire([*way, np.array([x, end[1], 0]), end], "key", 4, ARC) for way in ways]

    def _states(self, trace: Trace, row: int, room: Room) -> None:
        """The residual stream of the position, beside the box that it comes out of."""
        kinds = {"self_attn": "resid_attn", "cross_attn": "resid_cross", "ffn": "resid_post"}
        names = {"": "decoder.0.resid_pre"}
        for path in self.stack.boxes:
            block, _, kind = path.rpartition(".")
            names[path] = f"{block}.{kinds[kind]}" if kind in kinds else trace.parents["logits"][0]
        rows = {path: trace[name].pick(batch=0, position=row) for path, name in names.items()}
        added = {path: trace[f"{path}.out"].pick(batch=0, position=row) for path in names if path.count(".")}
        track, scale = self._track(room), full_colour(*(rows[path] for path in ("", *added)))
        x = track.centre[0]
        high = min(HIGHEST, max(LOWEST, pixels(self.stack.boxes["output"].height)))
        self.states, self.strips = dict[str, Vector](), dict[str, Vector]()
        for path, vector in rows.items():
            state = Vector(vector, track.width, high, "residual", scale)
            y = self.stack.boxes[path].get_y() if path else self.stack.plate.get_bottom()[1] - units(AIR / 2)
            self.states[path] = state.move_to(np.array([x, y, 0]))
        wide = min(track.width, pixels(self.stack.boxes["output"].width) - self.stack.named - 3 * STRIP)
        for path, vector in added.items():
            strip = Vector(vector, wide, high - STRIP, "value" if path.endswith("attn") else "ink3", scale)
            self.strips[path] = strip.move_to(self.stack.boxes[path].get_right() + LEFT * units(STRIP), RIGHT)
        self.stream = VGroup(rule(self.states[""].get_center(), self.states["output"].get_center(), "residual", 8))
        for box in self.stack.boxes.values():
            self.stream.add(rule(box.get_right(), np.array([x, box.get_y(), 0]), "line", 4))

    @staticmethod
    def _track(room: Room) -> Room:
        """The part of the plate, which fills a room, in which the vector moves up."""
        return room.inset(26, 0).split_columns(-TRACK, 0)[1].inset(20, 0)

    def through(self, path: str, slow: bool = False) -> list[Any]:
        """The vector, at first out of its token, moves up beside a sublayer, which adds what it makes of the words that
        it reads, or of the vector, to it."""
        paths, state = [*self.states], self.states[path]
        before, strip = self.states[paths[paths.index(path) - 1]], self.strips.get(path)
        begin = [Travel(self.own, before, kind="row")] if before is self.states[""] else []
        if strip is None:
            return [Travel(before, state, 0.0, "row", leaving=True)]
        here = before.copy().move_to(state)
        rises = Travel(before, here, 0.0, "row" if slow else "flow", leaving=True)
        sums = (Flight(strip, state, 0.0, "row" if slow else "flow"), *exchange([here], [state], "row"))
        givers = [chip.box for chip in (*self.shown, self.own)] if path.endswith("self_attn") else [here]
        lines = [draw(*self.supply[path], kind="row" if slow else "flow")] if path in self.supply else []
        brings = [*lines, appear(strip)] if lines or not slow else [gather(givers, strip)]
        return [*begin, rises, *brings, sums] if slow else [(rises, *brings), sums]

    def write(self) -> list[Any]:
        """The last vector becomes probabilities, and the likeliest word appears where it is read next."""
        names, bars, shares = zip(*self.next.lines, strict=True)
        written = [appear(self.chosen)] if self.chosen else []
        aside = reshape(self.come, self.come.copy().shift(self.back))
        return [aside, (appear(self.title, *names), *map(grow, bars)), appear(*shares), *written]
