"""The block diagram of a model whose parts can be taken out, drawn from its plan.

A layer of each tower is drawn, with the number of layers beside it. The stream runs outside; a branch leaves it, meets
the norm and the sublayer, and comes back to a plus. What a part consists of is listed in `parts`, by its name in the
experiment `parts_removed`; `outlines` are the empty frames that it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from manim import Animation, VGroup, VMobject

from scenes.animations.removing import put_back, take_out
from scenes.mobjects.shapes import Box, arrow, frame, path, rule
from scenes.mobjects.text import Words
from scenes.theme import at, palette
from transformer_core.blueprint import Sublayer, Tower, blueprint
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor

NAMES = {"self_attn": "Attention", "cross_attn": "Cross-attention", "ffn": "Feed-forward"}
#: px: the stream of each tower, the middle of its boxes, and which side the stream is on.
PLACES = {"encoder": (140.0, 286.0), "decoder": (666.0, 520.0)}
FOOT, HIGH, WIDE, PITCH = 822.0, 62.0, 204.0, 124.0
POSITION, FIRST = 744.0, 700.0


def _plus(x: float, y: float) -> VGroup:
    ring = Box(30, 30, palette().background, 15, palette().residual, 4).move_to(at(x, y))
    return VGroup(ring, rule(at(x - 7, y), at(x + 7, y), "ink", 3), rule(at(x, y - 7), at(x, y + 7), "ink", 3))


def _named(text: str, x: float, y: float, wide: float, high: float, style: str = "map") -> VGroup:
    box = Box(wide, high, palette().surface, 8, palette().line, 2).move_to(at(x, y))
    return VGroup(box, Words(text, style, paper=box).settle(at(x, y)))


def _road(x: float, low: float, high: float) -> VMobject:
    """A piece of the stream, from the height `low` up to `high`."""
    return Box(12, low - high, palette().residual, 1).move_to(at(x, (low + high) / 2))


class Removable(VGroup):
    """Both towers, and the learning rate of the training: everything that `parts_removed` takes away.

    Args:
        config: the plan of the model.
        layers: how many layers each tower has.
        rates: the learning rate by step, and the steps of its warm-up.
    """

    def __init__(self, config: Mapping[str, Any], layers: Quantity, rates: NamedTensor, warm_up: int) -> None:
        self.heads = int(config["heads"])
        names = ("positions", "residual", "feed-forward", "norm", "all heads but one", "root", "warm-up")
        self.parts = {name: VGroup() for name in names}
        self.gone: list[str] = []
        self.fixed = VGroup()
        self.places: dict[str, tuple[float, float]] = {}
        towers = blueprint(config)
        for tower in towers.values():
            self._tower(tower, layers)
        self._crossing(towers)
        self._schedule(rates.values, warm_up)
        self.outlines = {name: VGroup(*map(_outline, _solid(part))) for name, part in self.parts.items()}
        super().__init__(self.fixed, *self.parts.values())

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
        kept = [part for name, part in self.parts.items() if name not in self.gone]
        return [self.fixed, *kept, *(self.outlines[name] for name in self.gone)]

    def _tower(self, tower: Tower, layers: Quantity) -> None:
        x, middle = PLACES[tower.side]
        ends = [x - 34 if x < middle else middle - WIDE / 2, x + 34 if x > middle else middle + WIDE / 2]
        wide, centre = ends[1] - ends[0], sum(ends) / 2
        base = FIRST
        joints = [POSITION, FIRST]
        branches = []
        for sublayer in tower.layers[0]:
            branches.append((sublayer, base))
            joints += [base - 22, base - PITCH + 36]
            base -= PITCH
        norm = base - 24 if tower.final_norm else base
        top = norm - 40
        self.fixed.add(_road(x, FOOT - 22, FIRST - 22))
        for (_, here), (_, following) in zip(branches, [*branches[1:], ((), base)], strict=True):
            self.fixed.add(_road(x, here - PITCH + 36, following - 22 if following > base else top))
        for sublayer, here in branches:
            self._branch(sublayer, x, middle, here)
        self._positions(x, middle)
        if tower.final_norm:
            self.parts["norm"].add(_named("Norm", x, norm, 92, 34))
        self.places[tower.side] = (x, top)
        self.fixed.add(_named("Embedding", centre, FOOT, wide, 46))
        times = Words(f"{layers}×", "fact", "ink2")
        self.fixed.add(times.settle(at(x + (-34 if x < middle else 40), FIRST - PITCH * len(branches) / 2)))
        if tower.side == "decoder":
            self.fixed.add(_named("Output", centre, top - 22, wide, 46))

    def _positions(self, x: float, middle: float) -> None:
        side = middle - 75 if x < middle else middle + 75
        line = rule(at(side, POSITION), at(x, POSITION), "residual", 4)
        self.parts["positions"].add(VGroup(line, _named("Position", middle, POSITION, 150, 40), _plus(x, POSITION)))

    def _branch(self, sublayer: Sublayer, x: float, middle: float, base: float) -> None:
        """One sublayer: the way from the stream to it and back, its norm, and the stream that passes it by."""
        low, high = base - 22, base - PITCH + 36
        edge = middle - WIDE / 2 if x < middle else middle + WIDE / 2
        ways = VGroup(
            path([at(x, low), at(middle, low), at(middle, high + HIGH / 2)], "residual", 4),
            rule(at(edge, high), at(x, high), "residual", 4),
        )
        box = Box(WIDE, HIGH, palette().surface, 8, palette().line, 2).move_to(at(middle, high))
        attends = sublayer.kind != "ffn"
        name = Words(NAMES[sublayer.kind], "map", paper=box).settle(at(middle, high - (13 if attends else 0)))
        plus = _plus(x, high)
        self.parts["residual"].add(_road(x, low, high), plus)
        norm = _named("Norm", middle, low, 92, 34) if sublayer.norm else None
        if norm:
            self.parts["norm"].add(norm)
        if not attends:
            self.parts["feed-forward"].add(VGroup(ways, box, name), plus, *([norm] if norm else []))
            self.places["ffn"] = (middle, high)
            return
        self.fixed.add(ways, box, name)
        self._inside(middle, high)
        self.places[sublayer.path] = (edge, high)

    def _inside(self, x: float, y: float) -> None:
        """The heads of an attention as slots, and the root beside them."""
        pitch = 128 / self.heads
        slots = [
            Box(pitch - 6, 11, palette().weight, 3).move_to(at(x - 78 + pitch * (k + 0.5), y + 16))
            for k in range(self.heads)
        ]
        self.fixed.add(slots[0])
        self.parts["all heads but one"].add(*slots[1:])
        self.parts["root"].add(Words("÷√", "map", "ink").settle(at(x + 72, y + 15)))

    def _crossing(self, towers: Mapping[str, Tower]) -> None:
        """From the top of the encoder to the cross-attention."""
        crossing = [s.path for s in towers["decoder"].layers[0] if s.kind == "cross_attn"]
        x, top = self.places["encoder"]
        goal = at(PLACES["decoder"][1] - WIDE / 2, self.places[crossing[0]][1])
        lane = (PLACES["encoder"][1] + PLACES["decoder"][1]) / 2
        corners = [at(x, top + 2), at(lane, top + 2), np.array([at(lane, 0)[0], goal[1], 0])]
        self.fixed.add(path(corners, "residual", 4), *arrow(corners[-1], goal, "residual", 4, 14))

    def _schedule(self, rates: np.ndarray, warm_up: int) -> None:
        """The learning rate over the training: its rise is a part, too."""
        left, foot, wide, high = 150.0, 300.0, 210.0, 64.0
        spots = [at(left + wide * k / len(rates), foot - high * rate) for k, rate in enumerate(rates)]
        corner = at(left, foot)
        axes = VGroup(
            rule(corner, at(left + wide, foot), "ink3", 2), rule(corner, at(left, foot - high - 8), "ink3", 2)
        )
        title = Words("learning rate", "axis", "ink2").settle(at(left + wide / 2, foot + 24))
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
    return frame(wide, high, "warning", 2.5, 7).move_to(piece)
