"""A neuron of a feed-forward layer: the words for which it fires, and the kinds that may give it a name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.layout import WIDTH
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks import Length, means
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import in_line
from scenes.theme import at, palette, signed, units
from transformer_core.studies.focus import EARNED, layers_of
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace


class Found(NamedTuple):
    """A neuron with a name that fires for a word of this sentence."""

    layer: int
    unit: int
    word: Label
    kind: Label
    score: Quantity


def found_in(trace: Trace, token: Label) -> Found | None:
    """The named neuron that fires most for `token`, or for another word; nothing if none does."""
    best, area = trace["experiment.neurons.best"].values, trace["experiment.neurons.area"]
    awake = np.stack(
        [trace[f"encoder.{layer}.ffn.named_after"].values * (best[layer] >= EARNED) for layer in layers_of(trace)]
    )
    for where in ([token.position], range(awake.shape[1])):
        chosen = awake[:, list(where)]
        if chosen.max() > 0:
            layer, at_word, unit = (int(i) for i in np.unravel_index(int(chosen.argmax()), chosen.shape))
            word = trace[f"encoder.{layer}.ffn.post"].pick(batch=0).label("position", list(where)[at_word])
            kind, score = area.pick(layer=layer, d_ff=unit).largest()
            return Found(layer, unit, word, kind, score)
    return None


#: A second kind that it tells as well, but for this part of the pairs, makes the name of a neuron a rough one.
CLOSE = 0.02


def runner_up(areas: NamedTensor) -> tuple[Label, Quantity]:
    """The kind that a neuron tells second best, and how well."""
    place = int(np.argsort(-areas.values, kind="stable")[1])
    return areas.label("kind", place), areas.quantity(place)


class OneUnit(VGroup):
    """The activation of a neuron at each word, the kinds that it tells best, and all neurons as dots.

    Args:
        post: its activation at each word, "position".
        areas: how well it tells each kind of words, "kind".
        best: the best area of every neuron, "layer d_ff".
    """

    KINDS = 4

    def __init__(self, post: NamedTensor, areas: NamedTensor, best: NamedTensor) -> None:
        self.words = in_line(post.words("position"), WIDTH - 120).move_to(at(960, 446))
        most = float(post.values.max()) or 1.0
        floor = self.words.get_top()[1] + units(12)
        self.bars, self.numbers = VGroup(), VGroup()
        for quantity, word in zip(post.quantities(), self.words, strict=True):
            bar = Box(58, max(150 * float(quantity) / most, 2), signed(1.0, 1.0), 4)
            means(bar, Length(quantity, "height", 150 / most, 58, 2))
            self.bars.add(bar.move_to(np.array([word.get_x(), floor, 0]), aligned_edge=DOWN))
            if quantity > 0:
                self.numbers.add(number(quantity, ".2f", "cell").settle(bar.get_top() + UP * units(22)))
        self.floor = rule(self.words.get_corner(UP + LEFT), self.words.get_corner(UP + RIGHT), "ink3", 2).set_y(floor)
        self.kinds = self._kinds(areas)
        self.dots, self.named = self._dots(best)
        title = Words("all neurons: a full dot has a name", "axis", "ink2").settle(at(0, 778))
        self.dots.add(title.begin_at(self.dots.get_left()[0]))
        super().__init__(self.words, self.bars, self.numbers, self.floor, self.kinds, self.dots)

    def _kinds(self, areas: NamedTensor) -> VGroup:
        """The kinds that it tells best, as bars: half is chance."""
        order = np.argsort(-areas.values, kind="stable")[: self.KINDS]
        lines = VGroup()
        for row, kind in enumerate(order):
            bar = ShareBar(areas.quantity(int(kind)), 560, "", 34).move_to(at(1010, 544 + row * 50))
            value = number(areas.quantity(int(kind)), "share", "number").settle(bar.track.get_center())
            bar.add(value.begin_at(bar.track.get_right()[0] + units(24)))
            name = Words(f"{areas.label('kind', int(kind))}", "fact", "ink" if row == 0 else "ink2")
            lines.add(VGroup(name.next_to(bar.track, LEFT, buff=units(24)), bar))
        middle = lines[0][1].track.get_x()
        self.chance = VGroup(
            *(rule(np.array([middle, line[1].track.get_y() + units(17), 0]),
                   np.array([middle, line[1].track.get_y() - units(17), 0]), "warning", 3) for line in lines)
        )  # fmt: skip
        self.chance_name = Words("chance", "axis", "warning").next_to(self.chance[-1], DOWN, buff=units(10))
        return lines

    @staticmethod
    def _dots(best: NamedTensor) -> tuple[VGroup, VGroup]:
        """Every neuron as a dot, a line for each layer: those with a name are full and larger."""
        layers, size = best.shape
        pitch = (WIDTH - 140) / size
        dots, named = VGroup(), VGroup()
        for layer, unit in np.ndindex(layers, size):
            has_name = best.values[layer, unit] >= EARNED
            disc = dot(np.zeros(3), pitch * (0.46 if has_name else 0.27), "weight" if has_name else "ink3")
            spot = at(960 - (size - 1) * pitch / 2 + unit * pitch, 822 + layer * 34)
            (named if has_name else dots).add(disc.move_to(spot))
        if not len(named):
            named.add(Box(1, 1, palette().background).move_to(at(960, 822)))
        return dots, named
