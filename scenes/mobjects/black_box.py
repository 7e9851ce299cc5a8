"""The whole model from outside: a box that words go into and come out of, and its two towers when it opens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import RIGHT_EDGE, WIDTH
from scenes.mobjects.diagrams import MiniMap
from scenes.mobjects.passage import Lanes, footing, heading
from scenes.mobjects.shapes import Box, arrow, curve, dashes, frame
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: The most words of a translation below each other.
DEEPEST = 7
OF_SIDE = {"encoder": ("encoder.", "embed_src"), "decoder": ("decoder.", "embed_tgt", "output")}


#: What stands in the place of a translation without a word.
NOTHING = "nothing: it ends at once"


def in_a_row(words: Sequence[Label], y: float, role: str = "") -> VGroup:
    """Tokens side by side, centred in the frame, as far apart as there is room; in two lines where one is too short."""
    high = 56.0 if len(words) <= 8 else 44.0
    chips = VGroup(*(Token(word, role, 0, high) for word in words))
    needed = sum(chip_width(word, high < 48) + 6 for word in words)
    half = len(words) if needed <= WIDTH else -(-len(words) // 2)
    lines = VGroup(*(VGroup(*part) for part in (chips[:half], chips[half:]) if len(part)))
    for line in lines:
        space = (WIDTH - sum(float(chip.box.width) for chip in line) * 135) / len(line)
        line.arrange(RIGHT, buff=units(min(64.0, max(6.0, space))))
    lines.arrange(DOWN, buff=units(8)).move_to(at(960, y))
    return chips


def tower(trace: Trace, side: str, size: float = 2.4, alone: bool = False) -> VGroup:
    """One side of the map, large; `alone` draws it as a model that has no other side."""
    config = dict(trace.about["config"])
    if alone:
        config["decoder_layers" if side == "encoder" else "encoder_layers"] = 0
    whole = MiniMap(Trace({}, about={"config": config}))
    return _enlarged([piece for part, piece in whole.pieces.items() if part.startswith(OF_SIDE[side])], size)


def both_towers(trace: Trace, size: float) -> VGroup:
    """The whole map, large, without its names."""
    whole = MiniMap(trace)
    return _enlarged([*whole.roads, *whole.pieces.values()], size)


def _enlarged(parts: Sequence[VMobject], size: float) -> VGroup:
    """Lines grow with the picture."""
    whole = VGroup(*parts).scale(size)
    for part in whole:
        part.set_stroke(width=part.get_stroke_width() * 0.7 * size)
    return whole


class Machine(VGroup):
    """Words on top, a closed box, words below."""

    def __init__(self, source: Sequence[Label], output: Sequence[Label], name: str, note: str = "") -> None:
        colours = palette()
        self.source = in_a_row(source, 262)
        self.output = in_a_row(output, 812) if output else VGroup(Words(NOTHING, "fact", "ink2").settle(at(960, 812)))
        self.box = Box(640, 250, colours.surface, 26, colours.ink3, 3).move_to(at(960, 536))
        self.title = Words(name, "title", paper=self.box).settle(at(960, 516 if note else 536))
        lines = [self.title]
        if note:
            lines.append(Words(note, "fact", "ink2", self.box).settle(at(960, 590)))
        self.closed = VGroup(self.box, *lines)
        self.ways = VGroup(*(arrow(at(960, y), at(960, y + 52), "ink3", 4) for y in (326, 692)))
        super().__init__(self.source, self.closed, self.ways, self.output)

    def warned(self) -> VGroup:
        """A frame around the words that the model never learned to read, and what that means."""
        around = frame(self.source.width * 135 + 44, self.source.height * 135 + 36, "warning", 4, 14).move_to(
            self.source
        )
        note = Words("no sentence of its grammar", "aside", "warning")
        note.next_to(around, RIGHT, buff=units(24)) if self.source.width < units(900) else note.next_to(around, UP)
        return VGroup(around, note)


class Reading(VGroup):
    """Rows go into the encoder, and as many come out."""

    def __init__(self, lanes: Lanes, trace: Trace, before: NamedTensor, after: NamedTensor, size: str) -> None:
        wide = 500.0
        self.before = lanes.place(before, lanes.left, wide)
        self.after = lanes.place(after, RIGHT_EDGE - 6 - wide, wide)
        middle = (lanes.left + wide + RIGHT_EDGE - 6 - wide) / 2
        self.tower = tower(trace, "encoder").move_to(at(middle, lanes.middle))
        half = self.tower.width * 135 / 2 + 22
        ends = ((lanes.left + wide + 14, middle - half), (middle + half, RIGHT_EDGE - 6 - wide - 14))
        self.ways = VGroup(*(arrow(at(a, y), at(b, y), "residual", 4) for y in lanes.y.values() for a, b in ends))
        self.names = VGroup(heading("rows go in", self.before), heading("rows come out", self.after))
        self.tower_name = Words("encoder", "block").move_to(at(middle, 0))
        self.tower_name.stand_on(self.tower.get_top()[1] + units(26))
        self.sizes = VGroup(*(footing(size, rows) for rows in (self.before, self.after)))
        super().__init__(self.before, self.after, self.tower, self.tower_name, self.ways, self.names, self.sizes)


class Writing(VGroup):
    """The encoder's rows at the left, the decoder in the middle, and room for its choice at the right."""

    def __init__(self, lanes: Lanes, trace: Trace, memory: NamedTensor) -> None:
        wide = 300.0
        self.memory = lanes.place(memory, lanes.left, wide)
        x = lanes.left + wide + 240
        self.tower = tower(trace, "decoder", 1.9).move_to(at(x, lanes.middle))
        self.tower_name = Words("decoder", "block").move_to(at(x, 0))
        self.tower_name.stand_on(self.tower.get_top()[1] + units(26))
        self.ways = VGroup(
            *(
                arrow(at(lanes.left + wide + 14, y), at(lanes.left + wide + 60, y), "residual", 4)
                for y in lanes.y.values()
            )
        )
        self.memory_name = heading("the encoder’s rows", self.memory)
        low, right = self.tower.get_bottom() + DOWN * units(16), self.tower.get_right() + RIGHT * units(24)
        self.feed = arrow(np.array([low[0], at(0, 782)[1], 0]), low, "residual", 4)
        self.chooses = arrow(right, right + RIGHT * units(56), "ink3", 4)
        super().__init__(self.memory, self.tower, self.tower_name, self.ways, self.memory_name, self.feed, self.chooses)


class Senses(VGroup):
    """Two sentences that differ in one word, their translations, and the word whose translation changes."""

    def __init__(
        self, pairs: Sequence[tuple[Sequence[Label], Sequence[Label]]], noun: int, decides: int, at_: Sequence[int]
    ) -> None:
        self.sources, self.outputs, self.links = VGroup(), VGroup(), VGroup()
        self.changed, self.answers, self.roads = VGroup(), VGroup(), VGroup()
        for (source, output), top, written in zip(pairs, (250, 600), at_, strict=True):
            chips, words = in_a_row(source, top), in_a_row(output, top + 200)
            self.sources.add(chips)
            self.outputs.add(words)
            start, end = chips[noun].get_bottom(), words[written].get_top()
            self.links.add(curve(start, end, "weight", 7))
            self.changed.add(ring_around(chips[decides], "query"))
            self.answers.add(ring_around(words[written]))
            self.roads.add(self._road(chips[decides].get_bottom(), words[written].get_top()))
        super().__init__(self.sources, self.outputs, self.links, self.changed, self.answers, self.roads)

    @staticmethod
    def _road(start: np.ndarray, end: np.ndarray) -> VGroup:
        """The road that we do not know yet."""
        line = dashes(start + DOWN * units(16), end + UP * units(10), "query", 4, 12)
        way = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
        beside = np.array([way[1], -way[0], 0]) * (1 if way[1] > 0 else -1)
        mark = Words("?", "number", "query").settle((start + end) / 2 + beside * units(34))
        return VGroup(line, mark)


class Families(VGroup):
    """Encoder alone, decoder alone, and both: the same blocks, three kinds of model."""

    def __init__(self, trace: Trace, lanes: Lanes, rows: NamedTensor, output: Sequence[Label]) -> None:
        names = ("encoder alone", "decoder alone", "both")
        what = ("a row for each token", "what comes next in a text", "another sequence")
        columns = []
        for k, name in enumerate(names):
            x = 960 + (k - 1) * 590
            drawn = both_towers(trace, 1.9) if k == 2 else tower(trace, ("encoder", "decoder")[k], 1.9, alone=True)
            drawn.move_to(at(x, 330))
            title = Words(name, "block").move_to(at(x, 0)).stand_on(at(0, 500)[1])
            gives = Words(what[k], "aside", "ink2").move_to(at(x, 0)).stand_on(at(0, 556)[1])
            columns.append(VGroup(drawn, title, gives))
        self.columns = columns
        self.rows = lanes.place(rows, lanes.left, 960 - 590 + 250 - lanes.left)
        self.translation = VGroup(*self._lines(output, 960 + 590))
        self.continued = VGroup(*self._repeated(trace))
        super().__init__(*columns, self.rows, self.translation, self.continued)

    @staticmethod
    def _repeated(trace: Trace) -> list[Words]:
        """A sequence that a decoder alone has learned to continue, once such a run was recorded."""
        if "experiment.induction.weights" not in trace:
            return [Words("a later chapter has one", "aside", "ink2").move_to(at(960, 640))]
        run = trace.under("experiment.induction")
        letters, right = run["weights"].words("key"), run["accuracy"]
        half = (len(letters) + 1) // 2
        lines = [" ".join(f"{letter}" for letter in part) for part in (letters[:half], letters[half:])]
        texts = [*lines, f"letters, repeated: {right.quantity(len(right) - 1):share} right"]
        return [
            Words(text, style, role).move_to(at(960, 640 + k * 52))
            for k, (text, style, role) in enumerate(
                zip(texts, ("fact", "fact", "note"), ("ink2", "ink", "ink2"), strict=True)
            )
        ]

    @staticmethod
    def _lines(output: Sequence[Label], x: float) -> list[Words]:
        """The words of the translation, in lines of a few."""
        lines = [" ".join(f"{word}" for word in output[k : k + 4]) for k in range(0, len(output), 4)] or [NOTHING]
        return [Words(text, "fact").move_to(at(x, 640 + k * 48)) for k, text in enumerate(lines)]


class WholeWay(VGroup):
    """From words to words: the encoder, its rows, the decoder, and the translation."""

    def __init__(self, lanes: Lanes, trace: Trace, memory: NamedTensor, output: Sequence[Label]) -> None:
        x = lanes.left + 150
        columns = max(1, -(-len(output) // DEEPEST))
        wide = max(430.0, RIGHT_EDGE - 220 * columns - 350 - (x + 210))
        self.encoder = tower(trace, "encoder", 1.7).move_to(at(x, lanes.middle))
        left = x + 150
        self.memory = lanes.place(memory, left + 60, wide)
        end = left + 60 + wide
        self.decoder = tower(trace, "decoder", 1.7).move_to(at(end + 190, lanes.middle))
        self.names = VGroup(
            *(
                Words(name, "block").move_to(at(place, 0)).stand_on(drawn.get_top()[1] + units(26))
                for name, place, drawn in (("encoder", x, self.encoder), ("decoder", end + 190, self.decoder))
            )
        )
        self.ways = VGroup(
            *(
                VGroup(*(arrow(at(at_x, y), at(at_x + 40, y), "residual", 4) for y in lanes.y.values()))
                for at_x in (left + 8, end + 14)
            )
        )
        self.goes_in = VGroup(
            *(arrow(at(lanes.left - 12, y), at(lanes.left + 28, y), "ink3", 4) for y in lanes.y.values())
        )
        self.comes_out = arrow(at(end + 302, lanes.middle), at(end + 352, lanes.middle), "ink3", 4)
        self.output = self._column(output, end + 350, lanes.middle)
        super().__init__(
            self.encoder, self.memory, self.decoder, self.names, self.ways, self.goes_in, self.comes_out, self.output
        )

    @staticmethod
    def _column(words: Sequence[Label], left: float, middle: float, most: int = DEEPEST) -> VGroup:
        """The words below each other, in as many columns as they need."""
        high, columns = 44.0, -(-len(words) // most)
        if not words:
            return VGroup(Words("nothing", "fact", "ink2").settle(at(left + 110, middle)))
        room = (RIGHT_EDGE - left) / max(1, columns)
        deep = min(len(words), most)
        chips = VGroup(*(Token(word, "", 0, high) for word in words))
        for k, chip in enumerate(chips):
            column, row = divmod(k, most)
            chip.move_to(at(left + (column + 0.5) * min(room, 220), middle + (row - (deep - 1) / 2) * 56))
        return chips
