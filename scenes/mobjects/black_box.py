"""The whole model from outside: a box that words go into and come out of, and its two halves when it opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from manim import DL, DOWN, DR, LEFT, RIGHT, UL, UP, UR, Animation, Mobject, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, appear_in_turn, draw, exchange, flow, leave, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.diagrams import MiniMap
from scenes.mobjects.next_word import NextWord
from scenes.mobjects.passage import fan, final_of, rows_of
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, arrow, bracket, ellipsis, path, rule, stroke, wire
from scenes.mobjects.tensors import Heatmap, TensorGrid, full_colour
from scenes.mobjects.text import Words, word
from scenes.mobjects.vectors import HIGHEST, Vector, named_rows, vector_in, vectors_in
from scenes.theme import at, palette, pixels, units
from transformer_core.studies.focus import SAME
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

OF_SIDE = {"encoder": ("encoder.", "embed_src"), "decoder": ("decoder.", "embed_tgt", "output")}
#: What stands in the place of a translation without a word.
NOTHING = "nothing: it ends at once"
#: A tensor of what a real language model predicted, which stands for all of them; and the most words read aloud.
RECORDED, ALOUD = "experiment.next_token.top", 6
#: Px between a sentence and the box that it goes into or comes out of, and between two boxes.
AIR, BETWEEN = 76.0, 220.0
#: Px of a remark on what goes into a box, below it.
REMARK = 64.0
#: How large the words are inside of a closed box, of their size outside.
BUNDLED = 0.4
#: Px of a vector inside of the encoder, and from there to its edge; and the least attention weight that has a strand.
INNER, GAP, FAINT = 60.0, 24.0, 0.02
#: Px of a vector on its way through both halves, and at most from its line to the next.
WIDEST, SLIM, SPREAD = 140.0, 32.0, 32.0
#: Px between the rows of two sentences, and how much of all vectors but those of one word is not seen.
HALVES, VEIL = 84.0, 0.6
#: So many numbers of a vector are read beside its stripes.
READ = 8
#: So many words that may be written next have a bar of their own.
LIKELIEST = 5
#: The probability whose bar is as long as the room, where a text goes on in several ways.
REACH = 0.65
#: The bend of the way of a token that is written at the end of a text, so that it stays clear of the text.
BOW = -0.32


def sentence(words: Sequence[Label], room: Room, at_foot: bool = False) -> VGroup:
    """A sentence as a ribbon along the top of a room, or along its foot; of one without a word, a remark."""
    line = Ribbon(words, room) if words else VGroup(Words(NOTHING, "block", "ink2").move_to(room.centre))
    edge = at(0, room.bottom if at_foot else room.top)[1]
    return line.shift(UP * (edge - (line.get_bottom() if at_foot else line.get_top())[1]))


def across(starts: Sequence[Mobject], ends: Sequence[Mobject], side: np.ndarray = RIGHT) -> VGroup:
    """Level lines from each figure at the left to each at the right, of which one may serve all of the other side."""
    lines, more = VGroup(), starts if len(starts) >= len(ends) else ends
    for k, middle in enumerate(more):
        start, end = starts[min(k, len(starts) - 1)], ends[min(k, len(ends) - 1)]
        centre, edges = middle.get_center(), (start.get_edge_center(side), end.get_edge_center(-side))
        foot, top = (np.where(side, edge, centre) for edge in edges)
        lines.add(rule(foot, top, "residual", 5))
    return lines


#: The same straight up, from each figure below to each above.
upwards = partial(across, side=UP)


def gathered(figures: Sequence[Mobject], plate: Mobject, outwards: bool = False) -> VGroup:
    """Ways from each figure into the nearest edge of a plate, with one trunk for all; or out of it to each figure."""
    side = UP if plate.get_y() > figures[0].get_y() else DOWN
    door = plate.get_edge_center(-side)
    ways = VGroup()
    for figure in figures:
        foot = figure.get_edge_center(side)
        level = (foot[1] + door[1]) / 2
        corners = [foot, np.array([foot[0], level, 0]), np.array([door[0], level, 0]), door]
        ways.add(wire(corners[::-1] if outwards else corners, "residual", 5))
    return ways


def spelled(words: Sequence[Label]) -> str:
    """The words of a sentence, each with its source."""
    return " ".join(f"{word}" for word in words)


def is_short(words: Sequence[Label]) -> bool:
    """True for a sentence that is read aloud; a longer one is only shown."""
    return len(words) <= ALOUD


def one_by_one(
    ways: Sequence[Mobject], chips: Sequence[Mobject], doors: Sequence[Mobject] = ()
) -> list[tuple[Animation, ...]]:
    """Each word comes out along its own way, after the one before; out of its door, where it has one."""
    kind = "emphasise" if len(chips) > ALOUD else "flow"
    trips = zip(ways, chips, doors or ways, strict=True)
    return [(draw(way, kind="emphasise"), Travel(door, chip, kind=kind)) for way, chip, door in trips]


class Translated:
    """The tokens that are read, those that are written, and the vectors that the encoder hands over."""

    def __init__(self, trace: Trace) -> None:
        self.source = trace["embed_src.sum"].words("position")
        self.output = trace["probs"].words("position")[1:]
        self.memory = final_of(trace)
        self.short = is_short(self.source) and is_short(self.output)


class Machine(VGroup):
    """A closed box: the words that go in together stand below it, those that come out one by one above it.

    Args:
        source, output: the tokens of both sentences.
        name, note: what is written on the box.
        role: the colour of the note.
    """

    def __init__(
        self, source: Sequence[Label], output: Sequence[Label], name: str, note: str, role: str = "ink2"
    ) -> None:
        colours, warned = palette(), role == "warning"
        inside, below = STAGE.split_rows(-REMARK, 10)
        self.source = sentence(source, inside if warned else STAGE, at_foot=True)
        self.output = sentence(output, STAGE)
        high = (self.output.get_bottom() - self.source.get_top())[1] - 2 * units(AIR)
        self.box = Box(STAGE.width, pixels(high), colours.surface, 26, colours.residual, 4)
        self.box.move_to(self.output.get_bottom() + DOWN * units(AIR), aligned_edge=UP).set_x(0)
        self.title = Words(name, "chapter", paper=self.box).settle(self.box.get_center() + UP * units(44))
        self.note = Words(note, "title", role, None if warned else self.box)
        # A warning is ours, and not the model's: it stands outside of the box.
        self.note.settle(below.centre if warned else self.box.get_center() + DOWN * units(64))
        self.goes_in, self.comes_out = gathered(self.source, self.box), gathered(self.output, self.box, outwards=True)
        #: The place inside of the box where all words go together, and where each of the others comes from.
        self.mouth = self.source.copy().scale(BUNDLED).move_to(self.box.get_bottom() + UP * units(8), DOWN)
        self.doors = [chip.copy().scale(BUNDLED).move_to(self.box.get_top(), UP) for chip in self.output]
        super().__init__(self.source, self.goes_in, self.box, self.title, self.note, self.comes_out, self.output)

    def enter(self) -> Animation:
        """All words that are read go in together, straight."""
        return Flight(self.source, self.mouth, 0, "row")

    def filled(self, matrices: Mapping[str, NamedTensor]) -> list[VGroup]:
        """Matrices of its parameters, each over its name, at the left and at the right of that of the box."""
        room = Room(STAGE.left, 0, STAGE.right, pixels(self.box.height)).columns(3)[0].inset(60, 40)
        made = []
        for (name, matrix), side in zip(matrices.items(), (LEFT, RIGHT), strict=True):
            picture = Heatmap(matrix, room.width, room.height - 60)
            label = Words(name, "fact", "ink2", self.box)
            whole = VGroup(picture, label.settle(picture.get_bottom() + DOWN * units(36)))
            whole.move_to(self.box.get_edge_center(side))
            made.append(whole.shift(-side * (units(60) + picture.width / 2)))
        return made


class WordByWord(VGroup):
    """A box that reads one word after another: what it keeps of all is one vector, its memory, if that is known.

    Args:
        source: the words.
        memories: the memory after each word, "position d_state"; or None.
    """

    def __init__(self, source: Sequence[Label], memories: NamedTensor | None) -> None:
        self.source, colours = sentence(source, STAGE, at_foot=True), palette()
        room = STAGE.split_rows(-pixels(self.source.height), 2 * AIR)[0].inset(0.1 * STAGE.width, 0)
        self.box = Box.of(room, colours.surface, 26, colours.residual, 4)
        head, body = room.inset(60, 40).rows(2)
        self.title = Words("memory", "chapter", paper=self.box)
        (room if memories is None else head).fit(self.title, most=1.0)
        self.ways = gathered(self.source, self.box)
        rows = [] if memories is None else [*memories]
        self.states = [vector_in(body, row, "residual", full_colour(*rows)) for row in rows]
        super().__init__(self.source, self.ways, self.box, self.title, *self.states[:1])

    def read(self) -> list[tuple[Animation, ...]]:
        """Each word goes in after the one before, and changes the memory."""
        kind = "emphasise" if len(self.source) > ALOUD else "row"
        plays = [
            (draw(way, kind="emphasise"), Flight(chip, chip.copy().move_to(self.box.get_bottom()), 0.0, kind))
            for way, chip in zip(self.ways, self.source, strict=True)
        ]
        if not self.states:
            return plays
        changes = [(appear(self.states[0]),), *(exchange(*pair, kind) for pair in pairwise([[s] for s in self.states]))]
        return [(*play, *change) for play, change in zip(plays, changes, strict=True)]


class Half(VGroup):
    """A half of a model on a plate: its name, and its layers as the map has them.

    To the eye, all drawings of the same half are one thing: its parts travel from picture to picture.

    Args:
        side: "encoder" or "decoder".
        room: the rectangle that is filled.
        alone: True for that of a model that has no other half.
        empty: True where something else is drawn on the plate than the layers.
    """

    def __init__(self, trace: Trace, side: str, room: Room, alone: bool = False, empty: bool = False) -> None:
        self.plate = Box.of(room, palette().surface, 20, palette().residual, 4)
        head, body = room.inset(0, 14).split_rows(64)
        self.heading = Words(side, "title", paper=self.plate)
        head.inset(20, 0).fit(self.heading, most=1.0)
        self.plate.key, self.heading.key = ("plate", side), ("name", side)
        config = dict(trace.about["config"])
        if alone:
            config["decoder_layers" if side == "encoder" else "encoder_layers"] = 0
        pieces = MiniMap(config).pieces
        self.bars = VGroup() if empty else layers_in(body.inset(0.08 * room.width, 20), pieces, OF_SIDE[side])
        #: A bracket at the left of the sublayers of each layer.
        self.layers, owned = VGroup(), [bar for bar in self.bars if bar.key[1].endswith(("attn", "ffn"))]
        for layer in sorted({bar.key[1].split(".")[1] for bar in owned}):
            own = VGroup(bar for bar in owned if bar.key[1].split(".")[1] == layer)
            self.layers.add(bracket(own.get_corner(DL), own.get_corner(UL), LEFT * units(12)))
        super().__init__(self.plate, self.heading, self.bars, self.layers)

    def working(self) -> list[VMobject]:
        """The same layers at work, in the order in which they compute."""
        role = palette().residual
        return [bar.copy().set_fill(role).set_stroke(role) for bar in sorted(self.bars, key=lambda bar: bar.get_y())]


def layers_in(room: Room, pieces: Mapping[str, VMobject], wanted: tuple[str, ...]) -> VGroup:
    """The bars of one side of the small map, drawn anew so that they fill a room."""
    chosen = {part: one for part, one in pieces.items() if part.startswith(wanted) and not part.endswith(".stream")}
    whole = VGroup(piece.copy() for piece in chosen.values())
    wide, high = units(room.width) / whole.width, units(room.height) / whole.height
    bars, tallest = VGroup(), max(piece.height for piece in chosen.values())
    for part, piece in chosen.items():
        w, h = pixels(piece.width) * wide, pixels(piece.height) * high
        thin = 2 * piece.height < tallest
        box = Box(
            w, min(h, 5) if thin else h, palette().line, 2 if thin else min(12, h / 3), palette().ink3, 2 - 2 * thin
        )
        box.key = "layer", part
        way = piece.get_center() - whole.get_center()
        bars.add(box.move_to(room.centre + way * (wide, high, 1)))
    return bars


class Halves(VGroup):
    """The opened model: the source goes up into the encoder, what the decoder writes comes out above it.

    `handed` are the lines of the vectors from the top of one to the other, one for each token of the source. `states`
    are these vectors after the embedding and after each layer, where they are then, and `lit` the bars that made them,
    and last those of the decoder.
    """

    def __init__(self, trace: Trace, source: Sequence[Label], output: Sequence[Label]) -> None:
        left, right = STAGE.columns(2, BETWEEN)
        self.source, self.output = sentence(source, left, at_foot=True), sentence(output, right)
        deep, high = (pixels(line.height) + AIR for line in (self.source, self.output))
        self.encoder = Half(trace, "encoder", left.split_rows(high)[1].split_rows(-deep)[0])
        self.decoder = Half(trace, "decoder", right.split_rows(high)[1])
        self.goes_in = upwards(self.source, [self.encoder])
        self.comes_out = upwards([self.decoder], self.output)
        wide = min(WIDEST, 0.7 * pixels(self.source[0].width))
        self.handed, self.rides = (
            [self._handed(chip.get_x(), k - (len(source) - 1) / 2, short) for k, chip in enumerate(self.source)]
            for short in ((0.0, 0.0), (wide / 2 + 6, SLIM))
        )
        self.ways = [*self.goes_in, *self.handed, *self.comes_out]
        parts, layers = ["embed_src"], range(trace.about["config"]["encoder_layers"])
        parts += [f"encoder.{layer}." for layer in layers]
        tensors = [rows_of(trace, "embed_src.sum"), *(rows_of(trace, f"encoder.{i}.resid_post") for i in layers[:-1])]
        tensors, self.states, self.lit = [*tensors, final_of(trace)], [], []
        for part, tensor in zip(parts, tensors, strict=True):
            last = tensor is tensors[-1]  # the norm after all layers made it, too
            wanted = (part, "encoder.final_norm") if last else part
            self.lit.append([bar for bar in self.encoder.working() if bar.key[1].startswith(wanted)])
            level = self.rides[0].get_start() if last else self.lit[-1][-1].get_center()
            row = (Vector(one, wide, SLIM, "residual", full_colour(*tensors)).opaque() for one in tensor)
            self.states.append(
                [one.move_to(chip).set_y(level[1]).set_z_index(1) for one, chip in zip(row, self.source, strict=True)]
            )
        self.lit.append(self.decoder.working())
        self.encoder.heading.set_z_index(2)
        super().__init__(
            self.source, self.goes_in, self.encoder, *self.handed, self.decoder, self.comes_out, self.output
        )

    def read(self) -> list[Any]:
        """Each token becomes a vector, which rises through the encoder, and is another one after each layer."""
        first, *later = zip([self.source, *self.states], self.states, self.lit, strict=False)
        return [
            (
                draw(*self.goes_in, kind="row"),
                appear(*first[2], rise=False),
                *(Travel(*pair, kind="row") for pair in zip(*first[:2], strict=True)),
            ),
            *((appear_in_turn(lit, "appear"), *exchange(old, new, "row")) for old, new, lit in later),
        ]

    def hand_over(self, kind: str = "slow") -> list[Any]:
        """The vectors travel along their lines to the decoder."""
        rides = (flow(vector, way, kind) for vector, way in zip(self.states[-1], self.rides, strict=True))
        return [draw(*self.handed), tuple(rides)]

    def write(self) -> list[Any]:
        """For each word, the decoder works from the bottom up, and the word comes out; once for many words."""
        lit, plays = self.lit[-1], list[Any]()
        if len(self.output) > ALOUD:
            return [appear_in_turn(lit), *one_by_one(self.comes_out, self.output)]
        for way, chip in zip(self.comes_out, self.output, strict=True):
            comes = draw(way, kind="emphasise"), Travel(way, chip, kind="emphasise")
            plays += [appear_in_turn(lit, "appear"), comes if chip is self.output[-1] else (*comes, leave(*lit))]
        return plays

    def _handed(self, x: float, place: float, short: tuple[float, float]) -> VMobject:
        """A line out of the top of the encoder and into the side of the decoder, `place` lines from the middle one.

        It is so many px `short` of the decoder, and of the encoder.
        """
        aside = units(place * min(SPREAD, 4 * SPREAD / len(self.source)))
        top, end = self.encoder.get_top() + UP * units(short[1]), self.decoder.get_left() + LEFT * units(short[0])
        level = self.output.get_y() - aside
        turn, entry = (self.encoder.get_right()[0] + self.decoder.get_left()[0]) / 2 - aside, end[1] - aside
        corners = (x, top[1]), (x, level), (turn, level), (turn, entry), (end[0], entry)
        return wire([np.array([*corner, 0]) for corner in corners], "residual", 5)


class Stripes(VGroup):
    """Inside the encoder: a token below it, its vector above the token, and the first numbers of that, large."""

    def __init__(self, trace: Trace, source: Sequence[Label], vector: NamedTensor) -> None:
        self.line = sentence(source, STAGE, at_foot=True)
        room = STAGE.split_rows(-pixels(self.line.height), 30)[0]
        self.encoder = Half(trace, "encoder", room, empty=True)
        below, above = room.inset(40, 90).rows(2, 130)
        self.vector = vector_in(above, vector, "residual")
        count = min(READ, len(vector))
        part = vector.pick(**{vector.axes[0]: tuple(range(count))})
        wide = (below.width - 4 * (count - 1)) / count
        scale = float(np.abs(vector.values).max())
        self.grid = TensorGrid(part, "huge", ".2f", scale, wide=wide, high=below.height).move_to(below.centre)
        self.cells = [*self.grid.cells.values()]
        self.origins = [self.vector.cells.of(i) for i in range(count)]
        pairs = zip(self.origins, self.cells, strict=True)
        self.rays = VGroup(rule(stripe.get_top(), cell.get_bottom(), "ink3", 3) for stripe, cell in pairs)
        #: The cell of the number that is farthest from zero, of those that are read.
        self.strongest = max(self.cells, key=lambda cell: abs(cell.quantity))
        super().__init__(self.line, self.encoder, self.vector, self.rays, self.grid)


class Reading(VGroup):
    """Vectors go into the encoder, and as many come out.

    Inside, `columns` are the vectors before and after the first layer and the last one. For each of these layers,
    `fans` has a strand from every vector before it to every vector after it, as thick as the attention weight, a mean
    over heads.

    Args:
        before, after: the vectors.
        run: the beginning of the names of another pass, such as "other.shore.".
        part: the rectangle of the rows; all below a head if there is none.
        only: the place of the single row that has strands.
        scales: the values that get the full colour in what goes in, and in what comes out.
    """

    def __init__(
        self,
        trace: Trace,
        before: NamedTensor,
        after: NamedTensor,
        run: str = "",
        part: Room | None = None,
        only: int | None = None,
        scales: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        heads, body = STAGE.split_rows(84)
        body = part or body
        _, room = body.split_columns(gutter(before.words("position")) + 14)
        wide = 0.33 * room.width
        #: The rooms of what goes in and of what comes out.
        self.sides = left, right = room.split_columns(wide)[0], room.split_columns(-wide)[1]
        self.names, self.before = named_rows(before, body, wide, "residual", scale=scales[0])
        self.after = vectors_in(right, after, "residual", HIGHEST, scale=scales[1])
        plate = room.inset(0.36 * room.width, 0).cross(STAGE)
        self.encoder = Half(trace, "encoder", plate, empty=True)
        self.ways_in, self.ways_out = across(self.before, [self.encoder]), across([self.encoder], self.after)
        last = trace.about["config"]["encoder_layers"] - 1
        # After the first layer, and before the last one: the same vectors if there are two, and none if there is one.
        inner = ["0.resid_post"] * (last > 1) + [f"{last}.resid_pre"] * (last > 0)
        stops = [before, *(rows_of(trace, f"{run}encoder.{name}") for name in inner), after]
        self.columns = [
            [
                Vector(row, INNER, pixels(line.height), "residual", full_colour(tensor)).move_to(line).set_x(x)
                for row, line in zip(tensor, self.before, strict=True)
            ]
            for tensor, x in zip(stops, np.linspace(*self._ends(), len(stops)), strict=True)
        ]
        #: Dots in the place of the layers that are not shown.
        self.between = VGroup(ellipsis(vertical=True).move_to(self.encoder)) if last > 1 else VGroup()
        #: For each layer that is shown, the vectors before it and those after it.
        self.stages = [*pairwise(self.columns)][:: 2 if last > 1 else 1]
        weights = (rows_of(trace, f"{run}encoder.{layer}.self_attn.mean_weights") for layer in sorted({0, last}))
        self.fans = [fan(row, *pair, FAINT) for row, pair in zip(weights, self.stages, strict=True)]
        if only is not None:
            rows = slice(only * len(self.before), (only + 1) * len(self.before))
            self.fans = [VGroup(*strands[rows]) for strands in self.fans]
        size = f"{trace['config.words']} × {trace['config.d_model']}"
        self.sizes = VGroup(part.cross(heads).fit(Words(size, "title"), most=1.0) for part in (left, right))
        super().__init__(*self.names, *self.before, self.ways_in, self.encoder, self.ways_out, *self.after, self.sizes)

    def _ends(self) -> tuple[float, float]:
        """The middles of the first and of the last column in the encoder."""
        aside = units(INNER / 2 + GAP)
        return self.encoder.get_left()[0] + aside, self.encoder.get_right()[0] - aside

    def compare(self) -> list[Any]:
        """Layer by layer, each vector takes something from the others, and is another one then."""
        return [
            tuple(Flight(*way, kind="row") for way in zip(self.before, self.columns[0], strict=True)),
            *(
                play
                for strands, (old, new) in zip(self.fans, self.stages, strict=True)
                for play in (
                    (appear(*old, rise=False), draw(*strands)),
                    tuple(Flight(*way) for way in zip(old, new, strict=True)),
                )
            ),
            appear(*self.columns[-1], *self.between, rise=False),
        ]


class TwoContexts(VGroup):
    """A word at one place of two sentences: all vectors go into the encoder, and those of the word come out, in `own`.

    In the encoder are the strands that lead to the word; all other vectors are faint. `links` join the entries of the
    two that come out which have another sign.

    Args:
        token: the word in the first sentence.
        name: the tensor that comes out of the encoder.
    """

    def __init__(self, trace: Trace, token: Label, name: str) -> None:
        here, halves = token.position, STAGE.split_rows(84)[1].rows(2, HALVES)
        names = [[f"other.{sense}.{point}" for sense in SENSES] for point in ("embed_src.sum", name)]
        first, last = ([rows_of(trace, one) for one in several] for several in names)
        scales = full_colour(*first), full_colour(*last)
        sides = [gutter(one.words("position")) for one in first]
        halves = [half.split_columns(max(sides) - side)[1] for half, side in zip(halves, sides, strict=True)]
        self.both = [
            Reading(trace, before, after, f"other.{sense}.", half, here, scales)
            for sense, before, after, half in zip(SENSES, first, last, halves, strict=True)
        ]
        self.before, self.after = ([getattr(one, side)[here] for one in self.both] for side in ("before", "after"))
        for one in self.both:
            for column in (one.before, *one.columns):
                VGroup(*column[:here], *column[here + 1 :]).fade(VEIL)
            one.names[here].box.set_stroke(palette().residual, stroke(5))
        self.ways_out = VGroup(one.ways_out[here] for one in self.both)
        self.doors = [one.columns[-1][here] for one in self.both]
        one, other = self.before
        ways = (rule(one.get_corner(a), other.get_corner(b), "ink", 3) for a, b in ((DL, UL), (DR, UR)))
        equal = Words("=", "chapter").move_to(VGroup(self.both[0].before[-1], self.both[1].before[0]))
        self.same = VGroup(*ways, equal)
        ends, (upper, lower) = [one[here].values for one in last], [vector.cells for vector in self.after]
        turned = np.flatnonzero(np.sign(ends[0]) != np.sign(ends[1])).tolist()
        self.links = VGroup(rule(upper.of(i).get_bottom(), lower.of(i).get_top(), "ink", 3) for i in turned)
        self.key = Words("white: the sign differs", "fact", "ink2").next_to(self.after[1], DOWN, buff=units(24))
        super().__init__(*self.both, self.same, self.links, self.key)

    @staticmethod
    def word_of(trace: Trace) -> Label | None:
        """The word that the two sentences share, if it starts as the same vector in both, and is in sight."""
        if not all(sense in trace.about for sense in SENSES) or trace["encoder.senses_start"] > SAME:
            return None
        noun, words = trace.about[SENSES[0]]["noun"], trace[f"other.{SENSES[0]}.embed_src.sum"].words("position")
        return next((word for word in words if word.position == noun), None)


class Writing(VGroup):
    """The encoder's vectors at the left, the decoder, the likeliest words at the right, and what it writes below.

    `feeds[t]` leads from token t of what is written back into the decoder, `steps[t]` are the words likely after it,
    and `rings` are around the likeliest of the first step and of the last.
    """

    def __init__(self, trace: Trace, memory: NamedTensor, probs: NamedTensor, others: NamedTensor) -> None:
        self.written = sentence(probs.words("position"), STAGE, at_foot=True)
        body = STAGE.split_rows(-pixels(self.written.height), 64)[0].split_rows(56)[1]
        left, rest = body.split_columns(0.28 * body.width, 70)
        wide = left.width - gutter(memory.words("position")) - 14
        self.names, self.memory = named_rows(memory, left, wide, "residual")
        middle, right = rest.split_columns(0.3 * rest.width, 110)
        self.decoder = Half(trace, "decoder", middle)
        self.handed = across(self.memory, [self.decoder])
        self.steps = [
            NextWord(row, right, LIKELIEST, NextWord.widest(probs, LIKELIEST), rest=others.quantity(t, LIKELIEST - 1))
            for t, row in enumerate(probs)
        ]
        self.rings = [ring_around(step.lines[0][1]) for step in (self.steps[0], self.steps[-1])]
        self.lit, top = self.decoder.working(), self.decoder.get_top()
        goal = self.steps[0].lines[0][0].get_top() + UP * units(14)
        turns = [np.array([x, top[1] + units(40), 0]) for x in (top[0], goal[0])]
        self.chooses = VGroup(path([top, *turns], "residual", 5), arrow(turns[1], goal, "residual", 5, 20))
        self.feeds, self.slots = gathered(self.written.chips, self.decoder), VGroup()
        for chip in self.written.chips:
            slot = Box(pixels(chip.box.width), pixels(chip.box.height), palette().background, 10, palette().line, 2)
            self.slots.add(slot.move_to(chip.box))
        super().__init__(
            *self.names, *self.memory, self.handed, self.decoder, self.chooses, self.slots, self.written, self.feeds
        )

    def turn(self, place: int) -> list[Any]:
        """Plays by which the word at a place is written out of its bar, and read, and the layers work out the next."""
        before, chip = self.steps[place - 1], self.written.chips[place]
        line = before.line_of(chip.label)
        others = [one for one in before.lines if one is not line]
        coming = Travel(line[1], chip, kind="flow") if line else appear(chip)
        return [
            (coming, leave(*others, *self.rings[: place == 1])),
            (draw(self.feeds[place], kind="emphasise"), leave(*self.lit, *([line] if line else []))),
            *self.compute(place, "appear" if place > 1 else "rest"),
        ]

    def compute(self, place: int = 0, kind: str = "row") -> list[Any]:
        """Plays by which the layers work, one after another, and the probabilities after a place come out."""
        return [appear_in_turn(self.lit, kind), appear_in_turn([*self.steps[place].lines], kind)]


class Families(VGroup):
    """Encoder alone, both, decoder alone: the same parts, three kinds of model, each with a name that viewers know."""

    def __init__(
        self, trace: Trace, memory: NamedTensor, source: Sequence[Label], output: Sequence[Label], text: Words | None
    ) -> None:
        columns = STAGE.columns(3, 64)
        heads, bodies = zip(*(column.split_rows(84, 16) for column in columns), strict=True)
        tops, samples = zip(*(body.split_rows(330, 40) for body in bodies), strict=True)
        one, other = tops[1].columns(2, 60)
        self.both = [Half(trace, "encoder", one), Half(trace, "decoder", other)]
        self.road = across(self.both[:1], self.both[1:])
        self.alone = [
            Half(trace, side, top.inset(120, 0), alone=True)
            for side, top in zip(("encoder", "decoder"), tops[::2], strict=True)
        ]
        names = zip(("BERT", "BART, ours", "GPT"), heads, strict=True)
        self.names = [head.fit(Words(name, "chapter"), most=0.8) for name, head in names]
        for name in self.names[1:]:
            name.stand_on(self.names[0].baseline)
        self.vectors = vectors_in(samples[0].inset(40, 0), memory, "residual", 60)
        self.translation = VGroup(VGroup(in_lines(words)).arrange(DOWN, buff=units(12)) for words in (source, output))
        samples[1].fit(self.translation.arrange(DOWN, buff=units(36)), most=1.4)
        self.text = VGroup() if text is None else VGroup(samples[2].fit(text))
        super().__init__(*self.both, self.road, *self.alone, *self.names, *self.vectors, self.translation, self.text)


def in_lines(words: Sequence[Label], most: int = 4) -> list[Words]:
    """A sentence as texts of a few words each."""
    lines = [" ".join(f"{one}" for one in words[k : k + most]) for k in range(0, len(words), most)] or [NOTHING]
    return [Words(line, "block") for line in lines]


class Continuation(VGroup):
    """A text, the likeliest tokens after it, and the first of them at the end of the text.

    Args:
        text: what is written so far, or the end of it.
        probs: the probabilities of tokens after it.
    """

    @classmethod
    def of(cls, trace: Trace, name: str, before: Continuation | None = None) -> Continuation:
        """Make the continuation of a recorded text, given by its short name; or of one that stands there `before`."""
        run = trace.under(RECORDED.rpartition(".")[0])
        if before:
            return cls(before.answer, run[name])
        place = np.abs(run["top"].values - run[name].values).sum(1).argmin()  # its row in the table of all texts
        above = STAGE.split_rows(120)[0]
        text = word(run["top"].label("sentence", int(place)), "chapter").move_to(above.centre)
        return cls(text.begin_at(at(above.left, 0)[0]), run[name])

    def __init__(self, text: Words, probs: NamedTensor) -> None:
        self.text, self.probs = text, probs
        best = probs.label(probs.axes[0], 0)
        self.answer = word(best, "chapter", "weight")
        self.answer.begin_at(text.get_right()[0] + units(24 if best.isalnum() else 6))
        self.answer.stand_on(text.baseline).set_z_index(1)
        self.likely = NextWord(probs, STAGE.split_rows(120, 50)[1], reach=REACH)
        super().__init__(self.text, self.answer, self.likely)

    def write(self, kind: str = "slow") -> Animation:
        """The likeliest token comes out of the end of its bar, and goes straight to the end of the text."""
        return Travel(self.likely.lines[0][2], self.answer, BOW, kind)
