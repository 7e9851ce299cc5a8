"""Block diagrams drawn from the model's own config."""

from __future__ import annotations

import numpy as np
from manim import DOWN, RIGHT, UP, VGroup

from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import at, palette, units
from transformer_core.trace import Trace

SUBLAYERS = {"encoder": ("self_attn", "ffn"), "decoder": ("self_attn", "cross_attn", "ffn")}


class MiniMap(VGroup):
    """The whole architecture in a corner, with the part where we are filled in.

    Encoder on the left, decoder on the right, input at the bottom; one bar a sublayer, the residual stream beside them.
    `here` is a path such as "encoder.0.self_attn", or a part of one ("encoder").
    """

    def __init__(self, trace: Trace, here: str = "") -> None:
        super().__init__()
        stacks, built = VGroup(), []
        for side, sublayers in SUBLAYERS.items():
            layers = int(float(trace[f"config.{side}_layers"])) if f"config.{side}_layers" in trace else 0
            if layers:
                stacks.add(self._stack(side, layers, sublayers, here))
                built.append(side)
        stacks.arrange(RIGHT, buff=units(18), aligned_edge=np.array([0.0, -1.0, 0.0]))
        corner = at(1824, 150)
        stacks.shift(corner - stacks.get_corner(np.array([1.0, -1.0, 0.0])))
        self.add(*stacks)
        for stack, name in zip(stacks, built, strict=True):
            label = Words(name, "map", "ink3").next_to(stack[1], DOWN, buff=units(8))
            self.add(label.stand_on(at(0, 178)[1]))

    @staticmethod
    def _stack(side: str, layers: int, sublayers: tuple[str, ...], here: str) -> VGroup:
        colours = palette()
        high = min(13.0, 100.0 / (layers * len(sublayers)) - 5)
        bars = VGroup()
        for layer in range(layers):
            for sublayer in sublayers:
                path = f"{side}.{layer}.{sublayer}"
                inside = bool(here) and (path.startswith(here) or here.startswith(path))
                bars.add(Box(108, high, colours.ink2 if inside else colours.surface, 4, colours.line, 1.5))
        bars.arrange(UP, buff=units(5))
        stream = Box(5, bars.height * 135, colours.residual, 1).next_to(bars, np.array([-1.0, 0, 0]), buff=units(8))
        return VGroup(stream, bars)


class Block(VGroup):
    """A named box of an architecture, with a line below its name."""

    def __init__(self, name: str, note: str = "", width: float = 320, height: float = 112) -> None:
        colours = palette()
        self.box = Box(width, height, colours.surface, 12, colours.line, 2.5)
        self.name = Words(name, "block", paper=self.box)
        lines = [self.name, Words(note, "note", "ink2", self.box)] if note else [self.name]
        VGroup(*lines).arrange(np.array([0.0, -1.0, 0.0]), buff=units(12)).move_to(self.box)
        super().__init__(self.box, *lines)
