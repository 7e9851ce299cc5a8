"""The model at work as a closed box, and opened: tokens go in, vectors rise through both halves, words come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from manim import DL, DOWN, LEFT, RIGHT, UL, UP, Animation, VGroup, VMobject

from scenes.animations import Flight, Travel, appear, appear_in_turn, draw, exchange, flow, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.diagrams import MiniMap
from scenes.mobjects.passage import final_of, rows_of
from scenes.mobjects.sentences import ALOUD, gathered, is_short, one_by_one, sentence, upwards
from scenes.mobjects.shapes import Box, bracket, wire
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import Vector, vector_in
from scenes.theme import palette, pixels, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

OF_SIDE = {"encoder": ("encoder.", "embed_src"), "decoder": ("decoder.", "embed_tgt", "output")}
#: Px between a sentence and the box that it goes into or comes out of, and between two boxes.
AIR, BETWEEN = 76.0, 220.0
#: How large the words are inside of a closed box, of their size outside.
BUNDLED = 0.4
#: Px of a vector on its way through both halves, and at most from its line to the next.
WIDEST, SLIM, SPREAD = 140.0, 32.0, 32.0


class TranslationTokens:
    """The tokens that are read, those that are written, and the vectors that the encoder hands over."""

    def __init__(self, trace: Trace) -> None:
        self.source = trace["embed_src.sum"].words("position")
        self.output = trace["probs"].words("position")[1:]
        self.memory = final_of(trace)
        self.short = is_short(self.source) and is_short(self.output)


class ClosedModel:
    """A closed box: the words that go in together stand below it, those that come out one by one above it.

    Args:
        source, output: the tokens of both sentences.
        note: what may be written on the box.
    """

    def __init__(self, source: Sequence[Label], output: Sequence[Label], note: str = " ") -> None:
        self.source, self.output = sentence(source, STAGE, at_foot=True), sentence(output, STAGE)
        high = (self.output.get_bottom() - self.source.get_top())[1] - 2 * units(AIR)
        self.box = Box(STAGE.width, pixels(high), palette().surface, 26, palette().residual, 4)
        #: The room between both sentences, for what else is shown of them.
        below = STAGE.split_rows(pixels(self.output.height), AIR / 4)[1]
        self.between = below.split_rows(-pixels(self.source.height), AIR / 4)[0]
        self.box.move_to(self.output.get_bottom() + DOWN * units(AIR), aligned_edge=UP).set_x(0)
        self.inside = self.between.inset(AIR)
        self.title = Words("Transformer", "chapter", paper=self.box).settle(self.box.get_center() + UP * units(44))
        self.note = Words(note, "title", "ink2", self.box).settle(self.box.get_center() + DOWN * units(64))
        self.goes_in, self.comes_out = gathered(self.source, self.box), gathered(self.output, self.box, outwards=True)
        #: The place inside of the box where all words go together, and where each of the others comes from.
        self.mouth = self.source.copy().scale(BUNDLED).move_to(self.box.get_bottom() + UP * units(8), DOWN)
        self.doors = [chip.copy().scale(BUNDLED).move_to(self.box.get_top(), UP) for chip in self.output]

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


class RecurrentReader:
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


class ModelHalf(VGroup):
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


class OpenModel:
    """The opened model: the source goes up into the encoder, what the decoder writes comes out above it.

    `handed` are the lines of the vectors from the top of one to the other, one for each token of the source. `states`
    are these vectors after the embedding and after each layer, where they are then, and `lit` the bars that made them,
    and last those of the decoder.
    """

    def __init__(self, trace: Trace, source: Sequence[Label], output: Sequence[Label]) -> None:
        left, right = STAGE.columns(2, BETWEEN)
        self.source, self.output = sentence(source, left, at_foot=True), sentence(output, right)
        deep, high = (pixels(line.height) + AIR for line in (self.source, self.output))
        self.encoder = ModelHalf(trace, "encoder", left.split_rows(high)[1].split_rows(-deep)[0])
        self.decoder = ModelHalf(trace, "decoder", right.split_rows(high)[1])
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
