"""All heads of a stack: layer by layer, and sorted by the pattern that each shows most clearly in this sentence."""

from __future__ import annotations

from math import inf

import numpy as np
from manim import VGroup

from scenes.layout import STAGE
from scenes.mobjects.marks import Ground, Scattered, means
from scenes.mobjects.patterns import squares
from scenes.mobjects.sentences import is_short, spelled
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.mobjects.wording import CALLED, layer_name, letter_of, named_head
from scenes.theme import at, palette, pixels, shape, units
from transformer_core.studies.focus import layers_of, stack_of
from transformer_core.studies.measures.patterns import ShownPattern, pattern_of, widest
from transformer_core.tracing.provenance import Label, Phrase
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px between two small grids, and around the squares inside of one.
AIR, EDGE = 10.0, 3.0
#: Px of the upper edge of the first layer, and of the largest grid.
HIGH, LARGEST = 262.0, 280.0
#: The patterns that are places.
PLACES = "the token before", "the token after", "itself", "the first token", "the last token"
#: Where a group has as many px for each grid, it is not broken.
IN_A_LINE = 84.0
#: A weight below this, and below a tenth of an even one, is no square: nobody could see it.
FAINTEST = 0.001
#: A small grid has room for so many tokens; of a longer text it shows those in sight.
FINEST = 40
#: The least px that a group is high, so that its name has room, and those between two groups.
GROUP, SPLIT = 48.0, 14.0


def pattern_name(name: Label) -> str:
    """Return the name of a pattern as it is shown: its own words, or the role of the grammar that it is."""
    return f"{Phrase(CALLED[name])}" if name in CALLED else f"{name}"


class SmallGrid(VGroup):
    """The attention weights of one head as squares in a frame, with no words: two shapes, whatever the sentence.

    What is next to nothing is left out.
    """

    def __init__(self, weights: NamedTensor, side: float) -> None:
        rows, columns = weights.shape
        pitch = units(side - 2 * EDGE) / max(rows, columns)
        places = np.array([(j - (columns - 1) / 2, (rows - 1) / 2 - i) for i in range(rows) for j in range(columns)])
        sides = pitch * 0.96 * np.sqrt(weights.values.reshape(-1))
        seen = weights.values.reshape(-1) > min(FAINTEST, 0.1 / columns)
        paper = Box(side, side, palette().surface, 4, palette().line, 1.2)
        shown = squares(places[seen] * pitch, sides[seen], "weight")
        ground = Ground()
        means(shown, Scattered(weights, 0.96, (side - 2 * EDGE) / (side * max(rows, columns)), ground))
        super().__init__(means(paper, ground), shown)


class SortedHeads(VGroup):
    """All heads of the stack that the lecture follows, as small grids about this sentence.

    First they stand in a line for each layer, `grids`; then in a line for each pattern, the clearest head first,
    `sorted`. `shown` has for each place, layer and head, the clearest pattern there, None if none is clear.
    """

    def __init__(self, trace: Trace) -> None:
        self.layers = layers_of(trace)
        paths = [f"{stack_of(trace)}.{layer}.self_attn" for layer in self.layers]
        self.weights = [trace.in_full(f"{path}.weights", batch=0) for path in paths]
        if len(self.weights[0].words("key")) > FINEST:
            self.weights = [trace[f"{path}.weights"].pick(batch=0) for path in paths]
        self.count = len(self.weights[0])
        self.shown = {(k, head): pattern_of(trace, path, head) for k, path in enumerate(paths)
                      for head in range(self.count)}  # fmt: skip
        self.groups = self._groups()
        self.grids, self.layer_names, self.letters = self._by_layer()
        self.names = VGroup()
        self.sorted = self._by_pattern()
        super().__init__(self.grids, self.layer_names, self.letters)

    def _groups(self) -> list[tuple[Label | None, list[tuple[int, int]]]]:
        """The heads of each pattern, the clearest first; last those without one."""
        found: dict[Label | None, list[tuple[int, int]]] = {}
        for place, pattern in sorted(self.shown.items(), key=lambda item: -item[1].clearness if item[1] else 0.0):
            found.setdefault(pattern.name if pattern else None, []).append(place)
        return sorted(found.items(), key=lambda item: inf if item[0] is None else item[0].position)

    @property
    def by_place(self) -> bool:
        """True if each pattern that is shown is a place, and none a role of the grammar or a copy."""
        return all(name is None or str(name) in PLACES for name, _ in self.groups)

    @property
    def first(self) -> tuple[int, int, ShownPattern] | None:
        """Layer, head and pattern of the clearest head of all; None if no head has a pattern."""
        firsts = [(*places[0], self.shown[places[0]]) for _, places in self.groups]
        clear = [(self.layers[row], head, pattern) for row, head, pattern in firsts if pattern]
        return max(clear, key=lambda one: one[2].clearness, default=None)

    def told(self, trace: Trace) -> tuple[str, int]:
        """Return a sentence on the clearest head, or else the one that spreads most, and its place in the row."""
        if self.first:
            layer, head, shown = self.first
            told = (
                f"Clearest: head {letter_of(head)}, {layer_name(layer)}: “{pattern_name(shown.name)}” gets "
                f"{shown.score:.2%}, by chance {shown.chance:share}."
            )
        else:
            layer, head, spread = widest(trace, stack_of(trace))
            (only, *others) = self.weights[0].words("key")
            told = (
                f"{named_head(layer, head)} spreads most: as if over {spread:.1f} of {trace['config.words']} tokens."
                if others
                else f"“{only}” is the only token: each head gives it all its attention."
            )
        return told, self.layers.index(layer) * self.count + head

    def _grid(self, place: tuple[int, int], pitch: float, x: float, y: float) -> SmallGrid:
        return SmallGrid(self.weights[place[0]][place[1]], pitch - AIR).move_to(at(x, y))

    def _by_layer(self) -> tuple[VGroup, VGroup, VGroup]:
        layers, heads = len(self.layers), self.count
        names = VGroup(Words(layer_name(layer), "axis", "ink2") for layer in self.layers)
        beside = pixels(names.width) + 40
        pitch = min(LARGEST + 3 * AIR, (STAGE.width - beside) / heads, (STAGE.bottom - HIGH) / layers)
        left, top = (
            shape().width / 2 + (beside - heads * pitch) / 2,
            HIGH + max(0.0, (STAGE.bottom - HIGH - layers * pitch) / 2),
        )
        xs, ys = ([start + (k + 0.5) * pitch for k in range(n)] for start, n in ((left, heads), (top, layers)))
        grids = VGroup(self._grid(place, pitch, xs[place[1]], ys[place[0]]) for place in self.shown)
        for name, y in zip(names, ys, strict=True):
            name.settle(at(0, y)).end_at(at(left - 24, 0)[0])
        letters = (Words(letter_of(k), "small token", "ink2").settle(at(x, top - 26)) for k, x in enumerate(xs))
        words = self.weights[0].words("key")
        if is_short(words):
            said = Words(f"rows and columns: “{spelled(words)}”", "fact", "ink2").settle(at(0, STAGE.top + 4))
            names.add(said.begin_at(grids.get_left()[0]))
        return grids, names, VGroup(*letters)

    def _by_pattern(self) -> VGroup:
        """Lay the groups below each other, with grids as large as there is room for, in the middle of the stage."""
        for name, _ in self.groups:
            nothing = "none of these places" if self.by_place else "no clear pattern"
            text = pattern_name(name) if name is not None else nothing
            self.names.add(Words(text, "stage word", "ink" if name is not None else "ink3"))
        beside = pixels(self.names.width) + 30
        pitch = self._pitch(STAGE.width - beside)
        across = max(1, int((STAGE.width - beside) // pitch))
        used = min(across, max(len(places) for _, places in self.groups)) * pitch
        start = shape().width / 2 - (beside + used) / 2
        left = start + beside
        y = STAGE.top + max(0.0, (STAGE.height - self._deep(pitch, across)) / 2)
        grids = {}
        for words, (_, places) in zip(self.names, self.groups, strict=True):
            line = y + max(GROUP, pitch) / 2
            words.settle(at(0, line)).begin_at(at(start, 0)[0])
            for k, place in enumerate(places):
                row, column = divmod(k, across)
                grids[place] = self._grid(place, pitch, left + (column + 0.5) * pitch, line + row * pitch)
            y += max(GROUP, -(-len(places) // across) * pitch) + SPLIT
        return VGroup(grids[place] for place in self.shown)

    def _deep(self, pitch: float, across: int) -> float:
        """Px of all groups below each other."""
        lines = [max(GROUP, -(-len(places) // across) * pitch) for _, places in self.groups]
        return sum(lines) + SPLIT * (len(lines) - 1)

    def _pitch(self, room: float) -> float:
        """The largest px from grid to grid with which all groups have room, each in one line if that may be."""
        fitting = (
            p for p in np.arange(LARGEST + AIR, 20, -1.0) if self._deep(p, max(1, int(room // p))) <= STAGE.height
        )
        pitch = float(next(fitting, 20.0))
        in_a_line = (room - 1) / max(len(places) for _, places in self.groups)
        return min(pitch, in_a_line) if in_a_line >= IN_A_LINE else pitch
