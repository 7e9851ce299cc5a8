"""A layer of a model whose parts can be taken out, with the learning rate of its training.

The stream runs at the left; a branch leaves it, meets the norm and the sublayer, and comes back to a plus. What a part
consists of is listed in `parts`, by its name in the experiment `parts_removed`; `outlines` are the empty frames that
it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manim import Animation, VGroup, VMobject

from scenes.animations import appear_in_turn
from scenes.animations.removing import put_back, take_out
from scenes.layout import Room
from scenes.mobjects.shapes import Box, frame, path, rule
from scenes.mobjects.text import Words
from scenes.theme import at, palette
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

NAMES = ("positions", "residual", "feed-forward", "norm", "all heads but one", "root", "warm-up")
#: px from the left of the room: the stream, and the middle of the boxes; and how wide the boxes are.
STREAM, MIDDLE, WIDE = 46.0, 318.0, 400.0


class Removable(VGroup):
    """One layer for all, from the embedding up: everything that `parts_removed` takes away.

    Args:
        config: the plan of the model.
        layers: how many layers each tower has.
        rates: the learning rate by step, and the steps of its warm-up.
    """

    def __init__(
        self, config: Mapping[str, Any], layers: Quantity, rates: NamedTensor, warm_up: int, room: Room
    ) -> None:
        self.room, self.heads = room, int(config["heads"])
        self.parts = {name: VGroup() for name in NAMES}
        self.gone: list[str] = []
        self.fixed = VGroup()
        foot = room.bottom
        self._road(foot - 26, foot - 152)
        self.fixed.add(self._box("Embedding", foot - 26, 52))
        self._road(foot - 96, foot - 470)
        positions = VGroup(self._way(foot - 96), self._box("Positions", foot - 96, 52), self._plus(foot - 96))
        self.parts["positions"].add(positions)
        self._sublayer("Attention", foot - 150, foot - 254, 112)
        self._inside(foot - 254)
        self._sublayer("Feed-forward", foot - 340, foot - 420, 62)
        self.fixed.add(Words(f"in each of {layers} layers", "aside", "ink2").settle(self._at(MIDDLE, foot - 484)))
        self._schedule(rates, warm_up, foot - 518)
        self.outlines = {name: VGroup(*map(_outline, _solid(part))) for name, part in self.parts.items()}
        super().__init__(self.fixed, *self._pieces())

    def rise(self) -> Animation | None:
        """It is put together, from the embedding up."""
        return appear_in_turn(
            sorted([*self.fixed, *self._pieces()], key=lambda piece: float(piece.get_bottom()[1])), "slow"
        )

    def without(self, part: str) -> tuple[Animation, ...]:
        """A part falls out."""
        self.gone.append(part)
        return take_out(self.parts[part], self.outlines[part])

    def whole(self) -> tuple[Animation, ...]:
        """What fell out comes back."""
        gone, self.gone = self.gone, []
        return tuple(move for part in gone for move in put_back(self.parts[part], self.outlines[part]))

    def standing(self) -> list[VMobject]:
        """What of it is on stage, and the empty frames of what is not."""
        gone = {id(piece) for name in self.gone for piece in self.parts[name]}
        kept = [piece for piece in self._pieces() if id(piece) not in gone]
        return [self.fixed, *kept, *(self.outlines[name] for name in self.gone)]

    def _pieces(self) -> list[VMobject]:
        """All that can be taken out, once: the norm of a network that goes along with it is a part of both."""
        return list({id(piece): piece for part in self.parts.values() for piece in part}.values())

    def _at(self, x: float, y: float) -> Any:
        return at(self.room.left + x, y)

    def _road(self, low: float, high: float, part: VGroup | None = None) -> None:
        """A piece of the stream, from the height `low` up to `high`."""
        road = rule(self._at(STREAM, low), self._at(STREAM, high), "residual", 12)
        (self.fixed if part is None else part).add(road)

    def _box(self, text: str, y: float, high: float, wide: float = WIDE, lift: float = 0) -> VGroup:
        box = Box(wide, high, palette().surface, 10, palette().line, 2).move_to(self._at(MIDDLE, y))
        return VGroup(box, Words(text, "fact", paper=box).settle(self._at(MIDDLE, y - lift)))

    def _plus(self, y: float) -> VGroup:
        ring = Box(36, 36, palette().background, 18, palette().residual, 4).move_to(self._at(STREAM, y))
        lines = ((-9, 0, 9, 0), (0, -9, 0, 9))
        return VGroup(
            ring, *(rule(self._at(STREAM + a, y + b), self._at(STREAM + c, y + d), "ink", 3) for a, b, c, d in lines)
        )

    def _way(self, y: float) -> VMobject:
        """From a box to the stream."""
        return rule(self._at(MIDDLE - WIDE / 2, y), self._at(STREAM, y), "residual", 4)

    def _sublayer(self, name: str, low: float, high: float, tall: float) -> None:
        """The way from the stream through norm and sublayer, and back to it; the stream that passes it by."""
        ways = VGroup(
            path([self._at(STREAM, low), self._at(MIDDLE, low), self._at(MIDDLE, high)], "residual", 4), self._way(high)
        )
        attends = name == "Attention"
        box, norm = self._box(name, high, tall, lift=26 if attends else 0), self._box("Norm", low, 44, 150)
        plus = self._plus(high)
        self._road(low, high, self.parts["residual"])
        self.parts["residual"].add(plus)
        self.parts["norm"].add(norm)
        if attends:
            self.fixed.add(ways, box)
        else:
            self.parts["feed-forward"].add(VGroup(ways, box), norm, plus)

    def _inside(self, y: float) -> None:
        """The heads of an attention as slots, and the root beside them."""
        pitch = 216 / self.heads
        slots = [
            Box(pitch - 10, 32, palette().weight, 6).move_to(self._at(MIDDLE - 168 + pitch * (k + 0.5), y + 22))
            for k in range(self.heads)
        ]
        self.fixed.add(slots[0])
        self.parts["all heads but one"].add(*slots[1:])
        self.parts["root"].add(Words("÷ √d_k", "fact", "ink").settle(self._at(MIDDLE + 126, y + 22)))

    def _schedule(self, rates: NamedTensor, warm_up: int, foot: float) -> None:
        """The learning rate over the training: its rise is a part, too."""
        wide, high = 170.0, 72.0
        left, values = MIDDLE + WIDE / 2 - wide, rates.values
        spots = [self._at(left + wide * k / len(values), foot - high * rate) for k, rate in enumerate(values)]
        axes = path([self._at(left, foot - high), self._at(left, foot), self._at(left + wide, foot)], "ink3", 2)
        title = Words("learning rate", "aside", "ink2").settle(self._at(MIDDLE - WIDE / 2 + 100, foot - high / 2))
        self.fixed.add(axes, title, path(spots[warm_up::20], "ink2", 4))
        self.parts["warm-up"].add(path([*spots[:warm_up:20], spots[warm_up]], "ink2", 4))


def _solid(part: VGroup) -> Sequence[VMobject]:
    """What of a part gets an empty frame when it is gone."""
    return [_widest(piece) if isinstance(piece, VGroup) else piece for piece in part]


def _widest(piece: VGroup) -> VMobject:
    boxes = [shape for shape in piece.get_family() if isinstance(shape, Box)]
    return max(boxes, key=lambda box: box.width * box.height) if boxes else piece


def _outline(piece: VMobject) -> VMobject:
    wide, high = max(piece.width * 135 + 6, 14), max(piece.height * 135 + 6, 14)
    return frame(wide, high, "warning", 3, 7).move_to(piece)
