"""Cross-attention: curves from the encoder's final vectors down to the words that the decoder reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, LaggedStart, VGroup, VMobject

from scenes.animations import Flight, appear, draw, leave, move_ring, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.black_box import sentence
from scenes.mobjects.marks import End, Stands, Thickness, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, curve
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Tag
from scenes.mobjects.vectors import Vector
from scenes.theme import at, pace, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Attention weights below this are not drawn as curves.
FAINT = 0.03
#: Px of the thinnest curve and of one of all the weight, of the names at the left, and of a vector.
THIN, THICK, SIDE, HIGH, WIDE = 2.0, 24.0, 310.0, 108.0, 250.0
#: Px from the edge of a plate to what lies on it, from what is read to what is written; how much larger a tag is.
INSIDE, STEP, TAG = 16.0, 30.0, 1.35
#: Up to so many positions are read aloud.
ALOUD = 5
#: A chip at least so many px wide has room for a number above it.
ROOMY = 150.0


class Bridge(VGroup):
    """The source with its final vectors above, what is read and written below, and a curve for each attention weight.

    Args:
        weights: attention weights, "query key", the last query left out.
        reads, writes: the word that each position reads, and the one that it then writes.
        memory: the final vectors of the encoder.
        layer: the name of the decoder's layer.
        room: the rectangle that is filled.

    The lines of `curves[i]` begin at the vectors and end at word i, the strongest on top. Where words stand upright,
    there is no room for those that are `written`.
    """

    def __init__(
        self,
        weights: NamedTensor,
        reads: Sequence[Label],
        writes: Sequence[Label],
        memory: NamedTensor,
        layer: str,
        room: Room = STAGE,
    ) -> None:
        self.weights = weights
        side, columns = room.inset(INSIDE).split_columns(SIDE, 20)
        self.source, written = Ribbon(weights.words("key"), columns), sentence(writes, columns, at_foot=True)
        self.read = sentence(reads, columns, at_foot=True)
        roomy = not (self.read.upright or written.upright)
        self.written, self.ways = VGroup(*(written.chips if roomy else [])), VGroup()
        if roomy:
            self.read.next_to(written, UP, buff=units(STEP))
            pairs = zip(self.read.chips, written.chips, strict=True)
            self.ways.add(*(arrow(a.get_bottom(), b.get_top(), "ink3", 4, 16) for a, b in pairs))
        below, scale = self.source.below(columns, 8), full_colour(memory)
        self.vectors = VGroup()
        for j, column in enumerate(self.source.columns):
            vector = Vector(memory.pick(position=j), min(column.width, WIDE), HIGH, "residual", scale, upright=True)
            vector.move_to(at((column.left + column.right) / 2, below.top + HIGH / 2))
            self.vectors.add(means(vector, Stands(weights.label("key", j))))
        self.curves = [self._curves(row, reads) for row in range(len(reads))]
        #: All curves, and the weight of each.
        self.lines = [line for curves in self.curves for line in curves]
        self.amounts = [float(w) for row in weights.values for w in np.sort(row) if w >= FAINT]
        self.plates = [self._plate(room, part) for part in ((self.source, self.vectors), (self.read, self.written))]
        self.plates[1].key = "plate", "decoder"
        middle = (self.plates[0].get_bottom() + self.plates[1].get_top()) / 2
        called = (Words(text, "fact", "ink2") for text in (layer, "mean of its heads"))
        self.called = VGroup(*called).arrange(DOWN, buff=units(14), aligned_edge=LEFT).move_to(middle)
        self.called.align_to(at(side.left + 8, 0), LEFT)
        left = at(side.left + 8, 0)[0]
        lines = [("encoder", self.source), ("decoder", self.read), *([("it writes", self.written)] if roomy else [])]
        self.names = VGroup(
            Words(name, "block", paper=plate).settle(line.get_center()).begin_at(left)
            for (name, line), plate in zip(lines, (*self.plates, self.plates[1]), strict=False)
        )
        tags = [Tag(role).scale(TAG) for role in ("key", "value", "query")]
        heights = [self.vectors.get_y(), self.vectors.get_y(), self.read.get_y()]
        for tag, x, y in zip(tags, (50, 150, SIDE - 36), heights, strict=True):
            tag.move_to(np.array([at(side.left + x, 0)[0], y, 0]))
        *self.given, self.asking = tags
        self.ring = ring_around(self.vectors[self.top(0)])
        #: The words that are read, on the plate of the decoder; and both plates before a vector or a word is there.
        self.decoder = [self.plates[1], *self.read.chips, self.names[1]]
        self.unwritten = [self.plates[0], *self.source.chips, self.names[0], self.plates[1], *self.names[1:], *tags]
        #: All but the curves.
        self.ends: list[VMobject] = [
            *self.plates, self.source, self.vectors, self.read, self.written, self.ways, self.names, *tags
        ]  # fmt: skip
        super().__init__(*self.ends, *self.curves)

    @staticmethod
    def _plate(room: Room, parts: Sequence[VMobject]) -> Box:
        """A plate behind what belongs to a half of the model, from edge to edge."""
        whole = VGroup(*parts)
        plate = Box(room.width, pixels(whole.height) + 2 * INSIDE, palette().surface, 20, palette().residual, 4)
        return plate.move_to(np.array([room.centre[0], whole.get_y(), 0]))

    def _curves(self, row: int, reads: Sequence[Label]) -> VGroup:
        """The curves of one word that is read, the strongest on top."""
        weights, found = self.weights.values[row], VGroup()
        for j in np.argsort(weights):
            if weights[j] >= FAINT:
                start = self.vectors[j].get_bottom() + DOWN * units(4)
                end = self.read[row].get_top() + UP * units(4)
                weight = self.weights.quantity(row, int(j))
                role = "weight" if weight > 0.5 else "ink3"
                line = curve(start, end, role, THIN + (THICK - THIN) * float(weight))
                ends = End(weight, first=True, axis="key"), End(reads[row])
                found.add(means(line, Thickness(weight, THICK - THIN, THIN), *ends))
        return found

    def top(self, row: int) -> int:
        """The place of the source token with the largest weight of a row."""
        return int(np.argmax(self.weights.values[row]))

    def ask(self, row: int) -> Any:
        """The query of a word that is read goes to every vector of the encoder."""
        query = self.asking.copy().move_to(self.read[row])
        flights = [Flight(query, query.copy().move_to(vector), 0.1, lit=True) for vector in self.vectors]
        return LaggedStart(*flights, lag_ratio=0.25, run_time=pace("slow"))

    def leads(self, rows: Iterable[int]) -> list[Any]:
        """Arrows from words that are read to those that are then written."""
        ways = [self.ways[row] for row in rows if row < len(self.ways)]
        return [draw(*ways)] if ways else []

    def number_beside(self, row: int) -> Words:
        """The largest attention weight of a query, beside the end of its curve."""
        text = number(self.weights.quantity(row, self.top(row)), "share", "stage number")
        chip = self.read[row]
        wide = pixels(chip.width) >= ROOMY
        edge = chip.get_top() + UP * units(60) + LEFT * units(30)
        return text.settle(edge).end_at(edge[0]) if wide else text.next_to(self.asking, RIGHT, buff=units(16))

    def tell(self, rows: Iterable[int], told: Words) -> Any:
        """The largest attention weight of each query, beside its curve; without room there, what is `told` goes."""
        wide = pixels(self.read[0].width) >= ROOMY
        return appear(*map(self.number_beside, rows)) if wide else leave(told)

    def walk(self, places: Sequence[Quantity]) -> list[Any]:
        """Word after word is written, while a ring goes to the source token with the largest weight of each."""
        plays: list[Any] = []
        for row, (curves, place) in enumerate(zip(self.curves, places, strict=False)):
            goal = self.vectors[self.top(row)]
            going = appear(self.ring) if row == 0 else move_ring(self.ring, goal)
            told = number(place, ".0f", "stage number", "query").next_to(self.read[row], UP, buff=units(40))
            told.shift((RIGHT if self.top(row) < row else LEFT) * units(40))
            plays.append((going, draw(*curves), appear(told)) if len(curves) else going)
        return plays
