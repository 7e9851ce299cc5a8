"""The same word in two sentences: one vector goes into the encoder, two different ones come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from manim import DOWN, UP, VGroup

from scenes.animations import Flight, Travel, appear
from scenes.layout import STAGE, Room
from scenes.mobjects.black_box import sentence
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the encoder, of the words at the right, between columns, of a vector, and from a sentence to its vectors.
MACHINE, FORM, SPACE, HIGH, AIR = 300.0, 250.0, 50.0, 92.0, 70.0


@dataclass(frozen=True)
class OneRun:
    """A sentence and a word of its translation, with a source word's vector before and after the encoder."""

    source: Sequence[Label]
    noun: Label
    form: Label
    enters: NamedTensor
    leaves: NamedTensor


class TwoRuns:
    """Two sentences, above and below; the vectors of a word of both before and after the encoder; what is written.

    Args:
        runs: one for each sentence.
        word: where the common word stands.
        likeness: the cosine of the two vectors, before the encoder and after it.
        read: how often a linear probe reads the gender off such a vector.
    """

    def __init__(
        self, runs: Sequence[OneRun], word: int, likeness: Sequence[Quantity], read: Quantity | None = None
    ) -> None:
        room, last = STAGE.split_columns(-FORM, SPACE)
        self.sources = [Ribbon(runs[0].source, room), sentence(runs[1].source, room, at_foot=True)]
        #: The chips of the nouns that differ, and of the word whose vectors are shown.
        pairs = zip(self.sources, runs, strict=True)
        self.noun_chips: list[Token] = [line.chips[run.noun.position] for line, run in pairs]
        self.word_chips: list[Token] = [line.chips[word] for line in self.sources]
        high = [float(line.height) * 135 + AIR for line in self.sources]
        body = Room(room.left, room.top + high[0], room.right, room.bottom - high[1])
        wide = (body.width - MACHINE) / 2 - SPACE
        left, rest = body.split_columns(wide, SPACE)
        middle, right = rest.split_columns(MACHINE, SPACE)
        self.box = Box(middle.width, middle.height, palette().surface, 20, palette().residual, 4).move_to(middle.centre)
        self.title = Words("encoder", "title", paper=self.box).settle(middle.centre)
        self.before, self.after = (
            self._vectors([getattr(run, side) for run in runs], place)
            for side, place in (("enters", left), ("leaves", right))
        )
        self.forms = VGroup(
            Token(run.form, "", last.width, 60, "stage word").move_to(last.centre).set_y(vector.get_y())
            for run, vector in zip(runs, self.after, strict=True)
        )
        self.ways = VGroup(
            arrow(a.get_right() + units(8) * np.array([1, 0, 0]), b.get_left(), "residual", 5, 20)
            for a, b in zip(self.after, self.forms, strict=True)
        )
        self.cosines = [
            Words(f"cosine {cosine:.2f}", "large number").settle(place.centre)
            for cosine, place in zip(likeness, (left, right), strict=True)
        ]
        inside = 0.8 * self.box.width
        self.mouths = [one.copy().stretch_to_fit_width(inside).set_x(self.box.get_x()) for one in self.after]
        self.probe = self._probe(read, last.inset(0, high[0] + HIGH)) if read is not None else VGroup()
        #: The inputs, and the output and the word of the first run.
        self.standing = [*self.sources, self.box, self.title, self.after[0], self.forms[0]]

    @staticmethod
    def _vectors(rows: Sequence[NamedTensor], room: Room) -> list[Vector]:
        """Two vectors: at the top of a room, and at its foot."""
        scale = full_colour(*rows)
        upper, lower = (Vector(row, room.width, HIGH, "residual", scale) for row in rows)
        upper.move_to(at((room.left + room.right) / 2, room.top + HIGH / 2))
        lower.move_to(at((room.left + room.right) / 2, room.bottom - HIGH / 2))
        return [upper, lower]

    @staticmethod
    def _probe(read: Quantity, room: Room) -> VGroup:
        """A box with a name, and the share below it."""
        box = Box(room.width, 150, palette().surface, 12, palette().ink3, 3).move_to(room.centre)
        name, share = Words("linear probe", "block", paper=box), number(read, "share", "large number")
        share.paper = box
        name.settle(box.get_center() + UP * units(36))
        return VGroup(box, name, share.settle(box.get_center() + DOWN * units(32)))

    def probed(self) -> list[Any]:
        """Both vectors that come out go into the probe."""
        box, name, share = self.probe
        flights = (Flight(vector, box, 0.0, "row") for vector in self.after)
        return [appear(box, name), (*flights,), appear(share)]

    def taken(self) -> tuple[Any, ...]:
        """The vectors of the word out of their tokens."""
        return tuple(Travel(*pair, kind="row") for pair in zip(self.word_chips, self.before, strict=True))

    def through(self) -> list[Any]:
        """The vectors go into the encoder, along with the nouns, and what becomes of them comes out."""
        into = [Flight(*pair, 0.0, "row") for pair in zip(self.before, self.mouths, strict=True)]
        for chip, mouth in zip(self.noun_chips, self.mouths, strict=True):
            into.append(Flight(chip, chip.copy().set_x(self.box.get_x()).set_y(mouth.get_y()), 0.1, "row"))
        return [(*into,), Travel(self.mouths[1], self.after[1], 0.0, "row")]
