"""All heads of a language model as a wall of small patterns, which can turn into bars, and into a count by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import LEFT, RIGHT, Animation, VGroup

from scenes.animations import reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import ShareBar, bar_of
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.shapes import Box, stroke
from scenes.mobjects.sorted_heads import EDGE, SmallGrid
from scenes.mobjects.text import Words
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px between two tiles, and for the names below the wall.
AIR, NAMES = 8.0, 50.0
#: Tiles of one name stand in lines of so many; px between two groups.
LINE, SPLIT = 24, 40.0


class HeadWall:
    """A column of tiles for each layer, a tile for each of its heads: what each head attends to in one sentence.

    Args:
        weights: layer × head × query × key.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: NamedTensor, room: Room = STAGE) -> None:
        layers, heads = weights.shape[:2]
        above, below = room.split_rows(-NAMES)
        self.pitch = min(above.width / layers, above.height / heads)
        left, top = room.left + (room.width - self.pitch * layers) / 2, above.bottom - self.pitch * heads
        self.side = self.pitch - AIR
        corner, step = at(left + self.pitch / 2, top + self.pitch / 2), units(self.pitch)
        self.centres = corner + step * np.array(
            [[(layer, -head, 0) for head in range(heads)] for layer in range(layers)]
        )
        self.layers = VGroup(
            VGroup(SmallGrid(grid, self.side).move_to(spot) for grid, spot in zip(layer, spots, strict=True))
            for layer, spots in zip(weights, self.centres, strict=True)
        )
        edges = [float(self.layers[k].get_edge_center(side)[0]) for k, side in ((0, LEFT), (-1, RIGHT))]
        first, last = (Words(text, "aside", "ink2").settle(below.centre) for text in ("first layer", "last layer"))
        self.names, self.foot = VGroup(first.begin_at(edges[0]), last.end_at(edges[1])), below.centre
        #: The tiles without what is drawn on them, and the drawings.
        self.papers, self.shown = ([grid[i] for layer in self.layers for grid in layer] for i in (0, 1))

    def bars(self, shares: NamedTensor) -> tuple[VGroup, VGroup]:
        """A bar on each tile, as wide as a share of it, and the same bars with no width yet."""
        unit, bars = self.side - 6, VGroup()
        for paper, share in zip(self.papers, shares.quantities(), strict=True):
            bar = bar_of(share, "width", unit, unit, radius=3, least=1)
            bars.add(bar.move_to(paper.get_left() + RIGHT * units(3), aligned_edge=LEFT))
        thin = VGroup(bar.copy().stretch(0.01, 0, about_edge=LEFT) for bar in bars)
        for bar in thin:
            bar.meanings = ()
        return bars, thin

    def mean(self, share: Quantity) -> ShareBar:
        """The mean of all bars as one long bar below them."""
        bar = ShareBar(share, 900, "share", 40)
        bar.track.set_stroke(palette().line, stroke(2), 1)
        return bar.move_to(self.foot)

    def large(self, weights: NamedTensor, layer: int, head: int, room: Room) -> VGroup:
        """A pattern, large: with a cell for each pair, its words, and as a tile as large as the pattern."""
        rows = weights.pick(layer=layer, head=head)
        pitch = (room.height - 120) / len(rows)
        pattern = Pattern(rows, pitch)
        tile = SmallGrid(rows, pitch * len(rows) + 2 * EDGE).move_to(pattern.cells)
        words = VGroup(pattern.row_words("token"), pattern.column_words("token"))
        return VGroup(pattern, words, tile).move_to(room.centre)


class HeadsByName:
    """The tiles of a wall in groups, one for each name that heads have earned.

    Args:
        groups: the places (layer, head) of each group.
        roles: the colour of each place.
        texts: a name and a count for each group.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[tuple[int, ...]]],
        roles: Mapping[tuple[int, ...], str],
        texts: Sequence[tuple[str, str]],
        room: Room = STAGE,
    ) -> None:
        lines = [-(-len(places) // LINE) for places in groups]
        self.side = (room.height - SPLIT * (len(lines) - 1)) / sum(lines) - AIR
        pitch, top = self.side + AIR, room.top
        self.words, self.tiles = VGroup(), VGroup()
        for places, deep, texts_here in zip(groups, lines, texts, strict=True):
            for k, place in enumerate(places):
                row, column = divmod(k, LINE)
                tile = Box(self.side, self.side, palette().role(roles[place]), 5, palette().line, 1.2)
                self.tiles.add(tile.move_to(at(room.left + (column + 0.5) * pitch, top + (row + 0.5) * pitch)))
            left, middle = room.left + LINE * pitch + 24, top + deep * pitch / 2
            self.words.add(self._text(*texts_here, left, middle))
            top += deep * pitch + SPLIT
        self.roles, self.places = roles, [place for places in groups for place in places]
        self.unnamed = self.tiles[-len(groups[-1]) :]

    @staticmethod
    def _text(name: str, count: str, left: float, middle: float) -> VGroup:
        """A count before its name, in a line."""
        spot = at(left, middle)
        line = VGroup(Words(count, "large number").settle(spot).begin_at(spot[0]))
        return line.add(Words(name, "block").settle(spot).begin_at(at(left + 100, 0)[0]))

    def at_rest(self, shown: VGroup, awake: bool = False) -> tuple[Animation, ...]:
        """The induction heads among the tiles that are shown take the colour of sinks: at rest, they look like them.

        Once they are `awake`, they have their own again.
        """
        pairs = zip(shown, self.tiles, self.places, strict=True)
        fill = palette().role("key" if awake else "residual")
        turned = [(old, new.copy().set_fill(fill)) for old, new, at in pairs if self.roles[at] == "key"]
        return tuple(reshape(*pair, "slow") for pair in turned)

    def on(self, wall: HeadWall) -> VGroup:
        """The same tiles where the heads stand on the wall."""
        tiles = self.tiles.copy()
        for tile, place in zip(tiles, self.places, strict=True):
            tile.match_width(wall.layers[0][0][0]).move_to(wall.centres[place])
        return tiles


def grouped(scores: Trace, earned: float) -> tuple[list[list[tuple[int, ...]]], dict[tuple[int, ...], str]]:
    """The heads that are sinks, those that look at the token before, and the rest; and the colour of each head.

    Induction heads have a colour of their own, and stand first in whichever group they are.
    """
    sink, previous, induction = (scores[name].values > earned for name in ("sink", "previous", "induction"))
    groups: list[list[tuple[int, ...]]] = [[], [], []]
    roles: dict[tuple[int, ...], str] = {}
    for place in sorted(np.ndindex(sink.shape), key=lambda one: not induction[one]):
        group = 0 if sink[place] else 1 if previous[place] else 2
        groups[group].append(place)
        roles[place] = "key" if induction[place] else ("residual", "query", "line")[group]
    return groups, roles
