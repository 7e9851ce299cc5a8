"""A layer of a model, parts of which can be taken out.

The stream runs at the left; a branch leaves it, meets the norm and the sublayer, and comes back to a plus. What a part
consists of is listed in `parts`, by its name in the experiment `parts_removed`; `outlines` are the empty frames that
it leaves.
"""

from __future__ import annotations

import numpy as np
from manim import Animation, VGroup, VMobject

from scenes.animations import Flight, appear_in_turn, exchange, follow, leave, put_back, ring_around, take_out
from scenes.layout import Room
from scenes.mobjects.shapes import Box, frame, rule
from scenes.mobjects.text import Words
from scenes.theme import at, palette, pixels, shape
from transformer_core.tracing.provenance import Quantity

#: px from the left of the room: the stream, and the middle of the boxes; and how wide the boxes are.
STREAM, MIDDLE, WIDE = 46.0, 326.0, 416.0


class RemovableParts(VGroup):
    """A layer of the model, from the embedding up, whose parts can be taken out.

    Args:
        heads: how many there are in each attention.
        layers: how many layers each tower has.
        wide: how wide a query of the only head is.
    """

    def __init__(self, heads: int, layers: Quantity, wide: Quantity, room: Room) -> None:
        #: Beside it is room for what comes of it: all of the room in a narrow frame, where it is not seen.
        (self.beside, self.room), self.heads, self.seen = room.golden_columns(last=True), heads, not shape().narrow
        self.parts = {name: VGroup() for name in ("positions", "residual", "feed-forward", "all heads but one")}
        self.gone, self.fixed, self.norms = list[str](), VGroup(), VGroup()
        foot, low = self.room.bottom, self.room.bottom - 116
        self.fixed.add(self._road(foot - 30, foot - 182), self._box("Embedding", foot - 30, 60))
        # Between them the stream is the residual connection: without it, the way leads through the sublayer alone.
        self.fixed.add(*(self._road(foot - a, foot - b) for a, b in ((116, 182), (298, 404), (494, 560))))
        self.parts["positions"].add(VGroup(self._way(low), self._box("Positions", low, 60), self._plus(low)))
        self._attention(foot - 182, foot - 298, wide)
        self._feed_forward(foot - 404, foot - 494)
        #: How many layers there are of it, told as it is put together.
        self.told_layers = Words(f"in each of {layers} layers a side", "fact", "ink2")
        self.told_layers.settle(self._at(MIDDLE, foot - 584))
        self.outlines = {name: VGroup(map(_outline, part)) for name, part in self.parts.items()}
        super().__init__(self.fixed, *self.parts.values())
        if not self.seen:
            self.beside = room
            VGroup(self, self.told_layers, self.alone, self.told, *self.outlines.values()).set_opacity(0)

    def ringed(self, part: VMobject) -> VMobject:
        """A ring around a part."""
        return ring_around(part).set_stroke(opacity=self.seen)

    def again(self) -> RemovableParts:
        """The layer with all of its parts, to begin a step with."""
        self.gone.clear()
        return self

    def rise(self) -> Animation | None:
        """It is put together, from the embedding up."""
        pieces = [*self.fixed, self.told_layers, *(piece for part in self.parts.values() for piece in part)]
        return appear_in_turn(sorted(pieces, key=lambda piece: float(piece.get_bottom()[1])), "slow")

    def without(self, part: str) -> tuple[Animation, ...]:
        """A part falls out; heads become a single one, which is as wide as they were together."""
        self.gone.append(part)
        if part == "all heads but one":
            first, *others = self.slots
            joined = (Flight(one, self.alone, 0.0) for one in others)
            return leave(*others), *joined, *exchange([first], [self.alone]), follow(self.told)
        return take_out(self.parts[part], self.outlines[part])

    def lost(self, part: str) -> VGroup:
        """The names of a part that is gone, for its empty frames."""
        return VGroup(piece[-1].copy().set_fill(palette().warning) for piece in self.parts[part])

    def whole(self) -> tuple[Animation, ...]:
        """Put back the parts that fell out."""
        gone, self.gone = self.gone, []
        if "all heads but one" in gone:
            return leave(self.told), *exchange([self.alone] * self.heads, self.slots)
        return tuple(move for part in gone for move in put_back(self.parts[part], self.outlines[part]))

    def _at(self, x: float, y: float) -> np.ndarray:
        return at(self.room.left + x, y)

    def _road(self, low: float, high: float) -> VMobject:
        """A piece of the stream, from the height `low` up to `high`."""
        return rule(self._at(STREAM, low), self._at(STREAM, high), "residual", 12)

    def _box(self, text: str, y: float, high: float, wide: float = WIDE, lift: float = 0) -> VGroup:
        box = Box(wide, high, palette().surface, 10, palette().line, 2).move_to(self._at(MIDDLE, y))
        return VGroup(box, Words(text, "fact", paper=box).settle(self._at(MIDDLE, y - lift)))

    def _plus(self, y: float) -> VGroup:
        ring = Box(36, 36, palette().background, 18, palette().residual, 4).move_to(self._at(STREAM, y))
        lines = ((-9, 0, 9, 0), (0, -9, 0, 9))
        return VGroup(
            ring, (rule(self._at(STREAM + a, y + b), self._at(STREAM + c, y + d), "ink", 3) for a, b, c, d in lines)
        )

    def _way(self, y: float) -> VMobject:
        """From a box to the stream."""
        return rule(self._at(MIDDLE - WIDE / 2, y), self._at(STREAM, y), "residual", 4)

    def _branch(self, low: float, high: float, tall: float) -> VGroup:
        """The ways from the stream through the norm to the sublayer, and back to the stream; and the norm itself."""
        norm = self._box("Norm", low, 48, 160)
        self.norms.add(norm[0])
        ways = (
            rule(self._at(STREAM, low), self._at(MIDDLE - 80, low), "residual", 4),
            rule(self._at(MIDDLE, low - 24), self._at(MIDDLE, high + tall / 2), "residual", 4),
        )
        self.parts["residual"].add(self._road(low, high), self._plus(high))
        return VGroup(*ways, self._way(high), *norm)

    def _attention(self, low: float, high: float, wide: Quantity) -> None:
        """Norm and attention, with the heads as slots."""
        self.attention = self._box("Attention", high, 126, lift=30)
        self.fixed.add(VGroup(self._branch(low, high, 126), self.attention))
        pitch, left = (WIDE - 56) / self.heads, MIDDLE - WIDE / 2 + 28
        self.slots = first, *others = [
            Box(pitch - 10, 36, palette().weight, 6).move_to(self._at(left + pitch * (k + 0.5), high + 26))
            for k in range(self.heads)
        ]
        #: The only head, as wide as all of them, and what is written on it.
        self.alone = Box(WIDE - 66, 36, palette().weight, 6).move_to(self._at(MIDDLE, high + 26))
        self.told = Words(f"d_k = {wide}", "fact", "background", self.alone).settle(self.alone.get_center())
        self.fixed.add(first)
        self.parts["all heads but one"].add(*others)

    def _feed_forward(self, low: float, high: float) -> None:
        """Norm and feed-forward network, which go together."""
        self.parts["feed-forward"].add(self._branch(low, high, 74), self._box("Feed-forward", high, 74))


def _outline(piece: VMobject) -> VMobject:
    """The empty frame that a piece leaves: where its largest box was, or where it has none, around all of it."""
    boxes = (one for one in piece.get_family() if isinstance(one, Box))
    gone = max(boxes, key=lambda box: box.width * box.height, default=piece)
    wide, high = max(pixels(gone.width) + 6, 14), max(pixels(gone.height) + 6, 14)
    return frame(wide, high, "warning", 3, 7).move_to(gone)
