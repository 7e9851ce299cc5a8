"""Block diagrams drawn from the model's own config."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

import numpy as np
from manim import VGroup, VMobject

from scenes.mobjects.shapes import Box, wire
from scenes.mobjects.text import Words
from scenes.theme import at, palette, units
from transformer_core.blueprint import Sublayer, Tower, blueprint

#: Widths of the map in px: a bar, the way from a bar to its stream, and from one tower to the other.
BAR, ASIDE, BETWEEN = 108.0, 12.0, 40.0
#: So many px above the encoder a way to the decoder is straight, if a cross-attention stands there.
NEAR = 24.0
RIGHT_END, LOW, HIGH = 1824.0, 150.0, 44.0
#: Where a bar and its gap would be lower than this, in px, a layer is one row, its sublayers side by side.
LOWEST = 8.0


def lies_in(part: str, here: str) -> bool:
    """Return True if `here`, paths or patterns between spaces, means the part at a path, or a part around or inside it.

    >>> lies_in("encoder.0.self_attn", "encoder"), lies_in("encoder.0.self_attn", "encoder.0.self_attn.weights")
    (True, True)
    >>> lies_in("decoder.1.ffn", "*.ffn"), lies_in("decoder.1.ffn", "*.ln? *.stream")
    (True, False)
    """
    return any(
        fnmatch(part, wanted) or f"{part}.".startswith(f"{wanted}.") or f"{wanted}.".startswith(f"{part}.")
        for wanted in here.split()
    )


class MiniMap(VGroup):
    """The whole architecture in a corner, with the part where we are filled in.

    Encoder on the left, decoder on the right, input at the bottom. A bar is a sublayer, a thin line its norm (before
    or after it, as the config says), the green line the residual stream; a branch leads from the encoder's top to each
    cross-attention. In a deep model a layer is one row, its sublayers from left to right, and a norm an upright line.
    `here` names what is lit (see `lies_in`): "encoder.0.self_attn", "encoder", "embed_src", "*.cross_attn",
    "*.ln? *.final_norm", "*.stream", "output". Without a config the map is empty.

    Example::

        here = trace["encoder.1.self_attn.weights"].name.removesuffix(".weights")
        figure = Room(760, 190, 1160, 590).fit(MiniMap(trace.about["config"], here), most=3)
    """

    def __init__(self, config: Mapping[str, Any], here: str = "") -> None:
        super().__init__()
        towers = blueprint(config) if config else {}
        tallest = max((sum(len(layer) for layer in tower.layers) for tower in towers.values()), default=1)
        deepest = max((len(tower.layers) for tower in towers.values()), default=1)
        self.folded = (LOW - HIGH - 22) / tallest < LOWEST
        self.step = min(20.0, (LOW - HIGH - 22) / (deepest if self.folded else tallest))
        self.pieces: dict[str, VMobject] = {}
        x = RIGHT_END - BAR / 2 - ASIDE
        labels = VGroup()
        for side, tower in reversed(towers.items()):
            self._tower(tower, x)
            labels.add(Words(side, "map", "ink3").move_to(at(x, 0)).stand_on(at(0, 178)[1]))
            x -= BAR + BETWEEN
        self.roads = self._roads(towers)
        for part, piece in self.pieces.items():
            if lies_in(part, here):
                piece.set_fill(palette().focus, 1).set_stroke(palette().focus)
        lit = [piece for part, piece in self.pieces.items() if here and lies_in(part, here)]
        self.lit: VMobject | None = lit[0] if lit else None
        self.add(*self.roads, *self.pieces.values(), labels)

    def _tower(self, tower: Tower, x: float) -> None:
        """Bars from the bottom up, the stream outside, a little lower and higher than all bars."""
        outside = 1 if tower.side == "decoder" else -1
        self._bar(tower.embedding, x, LOW - 5, 62, 8)
        foot = LOW - 11
        for layer in tower.layers:
            foot = self._row(layer, x, foot) if self.folded else self._pile(layer, x, foot)
        if tower.final_norm:
            self._bar(tower.final_norm, x, foot - 1, BAR - 24, 2)
        if tower.side == "decoder":
            self._bar("output", x, foot - 9, 62, 8)
        length = LOW - foot
        stream = Box(4, length, palette().residual, 1).move_to(
            at(x + outside * (BAR / 2 + ASIDE - 2), LOW - length / 2)
        )
        self.pieces[f"{tower.side}.stream"] = stream

    def _pile(self, layer: tuple[Sublayer, ...], x: float, foot: float) -> float:
        """The sublayers of a layer above each other; where the next layer begins."""
        for sublayer in layer:
            self._bar(sublayer.path, x, foot - self.step * 0.52, BAR, self.step * 0.6)
            if sublayer.norm and self.step > 9:
                self._bar(sublayer.norm, x, foot - (0 if sublayer.before else self.step * 1.02), BAR - 24, 2)
            foot -= self.step
        return foot

    def _row(self, layer: tuple[Sublayer, ...], x: float, foot: float) -> float:
        """The sublayers of a layer from left to right, each with its norm; where the next layer begins."""
        y, high, wide = foot - self.step * 0.5, self.step * 0.7, BAR / len(layer)
        for place, sublayer in enumerate(layer):
            left = x - BAR / 2 + place * wide
            air = 7 if sublayer.norm else 2
            middle = left + wide / 2 + ((air - 2) / 2 if sublayer.before else -(air - 2) / 2)
            self._bar(sublayer.path, middle, y, wide - air, high)
            if sublayer.norm:
                self._bar(sublayer.norm, left + 2.5 if sublayer.before else left + wide - 2.5, y, 2, high)
        return foot - self.step

    def _bar(self, part: str, x: float, y: float, width: float, height: float) -> None:
        colours = palette()
        thin = min(width, height) < 3
        fill = colours.ink3 if thin else colours.surface
        bar = Box(width, height, fill, 1 if thin else min(4.0, height / 2), colours.ink3, 0 if thin else 1.2)
        self.pieces[part] = bar.move_to(at(x, y))

    def _roads(self, towers: dict[str, Tower]) -> list[VMobject]:
        """From the last rows of the encoder to each cross-attention."""
        if len(towers) < 2:
            return []
        inside = [piece for part, piece in self.pieces.items() if part.startswith("encoder.") and "stream" not in part]
        top = max(piece.get_top()[1] for piece in inside)
        crossing = [s.path for layer in towers["decoder"].layers for s in layer if s.kind == "cross_attn"]
        # Level with the first goal above the encoder that is near, so that this way is straight.
        levels = [self.pieces[part].get_y() for part in crossing]
        y = min((level for level in levels if 0 < level - top < units(NEAR)), default=top + units(7))
        x = self.pieces["embed_src"].get_x()
        start = x + units(BAR / 2)
        middle = (start + self.pieces["embed_tgt"].get_x() - units(BAR / 2)) / 2
        lanes = []
        for part in crossing:
            goal = self.pieces[part].get_left()
            if self.folded:  # to the row of its layer
                goal = np.array([self.pieces["embed_tgt"].get_x() - units(BAR / 2), goal[1], 0])
            corners = [(x, top), (x, y), (middle, y), (middle, goal[1])]
            lanes.append(wire([*(np.array([*corner, 0]) for corner in corners), goal], "residual", 2.5))
        return lanes
