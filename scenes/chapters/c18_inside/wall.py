"""All heads of a language model: a wall of small patterns, a flat field that stays, and a count by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, VGroup, VMobject

from scenes.animations import Travel, Visit, reshape
from scenes.layout import STAGE, Room, following
from scenes.mobjects.bars import ShareBar, bar_of
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.region import Region
from scenes.mobjects.shapes import Box, frame, stroke
from scenes.mobjects.sorted_heads import EDGE, SmallGrid
from scenes.mobjects.text import Words
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px between two tiles, and for the names below the wall.
AIR, NAMES = 8.0, 40.0
#: Px of the field of all heads, which share of its lines the heads take, how opaque its bars are, and px
#: around a bar in its tile and of the bar of their mean.
FLAT, LEVEL, DIM, INSET, MEAN = 126.0, 0.8, 0.45, 2.0, 90.0
#: Where the pictures of the chapter stand, above the field.
ABOVE = following(lambda: STAGE.split_rows(-(FLAT + NAMES), 24))[0]
#: What the heads of each group are called.
NAMED = "attention sinks", "previous-token heads", "none of these names"
#: Tiles of one name stand in lines of so many; px between two groups, and of a count before its name.
LINE, SPLIT, COUNT = 24, 40.0, 100.0
Places: TypeAlias = Sequence[tuple[int, ...]]


class HeadWall:
    """A column of tiles for each layer, a tile for each of its heads: what each head attends to in one sentence.

    Args:
        run: `experiment.inside_prose`.
        scores: `experiment.sinks_and_induction`.
    """

    def __init__(self, run: Trace, scores: Trace) -> None:
        self.weights, shares = run["wall"], scores["sink"]
        layers, heads = shares.shape
        above, below = STAGE.split_rows(-NAMES)
        self.pitch = min(above.width / layers, above.height / heads)
        left, top = above.left + (above.width - self.pitch * layers) / 2, above.bottom - self.pitch * heads
        self.side = self.pitch - AIR
        corner, step = at(left + self.pitch / 2, top + self.pitch / 2), units(self.pitch)
        self.layers = VGroup(
            VGroup(
                SmallGrid(grid, self.side).move_to(corner + step * (x * RIGHT + y * DOWN))
                for y, grid in enumerate(layer)
            )
            for x, layer in enumerate(self.weights)
        )
        edges = [float(self.layers[k].get_edge_center(side)[0]) for k, side in ((0, LEFT), (-1, RIGHT))]
        first, last = (Words(text, "aside", "ink2").settle(below.centre) for text in ("first layer", "last layer"))
        self.names = VGroup(first.begin_at(edges[0]), last.end_at(edges[1]))
        #: The tiles without what is drawn on them, and the drawings.
        self.papers, self.shown = ([grid[i] for layer in self.layers for grid in layer] for i in (0, 1))
        #: A bar on each tile, as wide as a share of it, the same bars with no width yet, and what they say.
        self.bars = self._bars(self.papers, shares)
        self.thin = VGroup(bar.copy().stretch(0.01, 0, about_edge=LEFT) for bar in self.bars)
        for bar in self.thin:
            bar.meanings = ()
        told = f"attention to the first token, mean over {run['texts']:.0f} texts"
        self.told = Words(told, "fact", "ink2").settle(below.centre)
        #: The tiles with their bars as a flat field at the foot of the stage, and a frame around one of its layers.
        flat = VGroup(*self.papers).copy().stretch(FLAT / (self.pitch * heads), 1, about_edge=DOWN)
        for cell in flat:
            cell.stretch(LEVEL, 1)
        self.heads, self.shares = heads, self._bars(flat, shares).set_fill(opacity=DIM)
        self.field = VGroup(*flat, *self.shares)
        self.here = self.around(1)
        #: What stands there while the pictures are about the first token, and in every later step, where they are not.
        self.counted = Words(f"{run['heads']:.0f} heads, {run['layers']:.0f} layers", "fact", "ink2").move_to(self.told)
        self.ground = VGroup(self.field, self.names, self.told)
        self.plain = VGroup(*flat, self.names, self.counted)
        #: Where the pictures of the chapter stand; the best induction heads, and the first of them with its name.
        self.above = Region("", ABOVE)
        order = np.argsort(-scores["induction"].values, axis=None)[: int(run["heads_off"].quantity(-1))]
        self.best = self.lit([divmod(place, heads) for place in order])
        layer, number = run["best_heads"].pick(kind="induction").quantities()
        name = Words(f"head {number:.0f} of layer {layer:.0f}", "fact", "key").begin_in(self.above.head)
        self.head = VGroup(self.best[0], name)

    def _bars(self, papers: Iterable[VMobject], shares: NamedTensor) -> VGroup:
        bars, unit = VGroup(), self.side - 2 * INSET
        for paper, share in zip(papers, shares.quantities(), strict=True):
            bar = bar_of(share, "width", unit, pixels(paper.height) - 2 * INSET, radius=2, least=1)
            bars.add(bar.move_to(paper.get_left() + RIGHT * units(INSET), aligned_edge=LEFT))
        return bars

    def mean(self, share: Quantity) -> ShareBar:
        """The mean of all bars as one long bar above them."""
        bar = ShareBar(share, 0.75 * ABOVE.width, "share", MEAN)
        bar.track.set_stroke(palette().line, stroke(2), 1)
        return bar.move_to(ABOVE.centre)

    def flatten(self) -> Travel:
        """The wall becomes the field."""
        return Travel(VGroup(*self.papers, *self.thin), self.field, 0, "camera", leaving=True)

    def around(self, layer: int) -> VMobject:
        """A frame around a layer of the field; layers are counted from one."""
        heads = self.field[(layer - 1) * self.heads : layer * self.heads]
        return frame(self.pitch, FLAT, "focus", 3, 4).move_to(VGroup(*heads))

    def visits(self, layers: Sequence[Quantity]) -> Visit:
        """The frame goes from layer to layer."""
        return Visit(self.here, [self.around(max(1, int(layer))) for layer in layers])

    def cells(self, places: Places) -> list[VMobject]:
        """Heads of the field."""
        return [self.field[layer * self.heads + head] for layer, head in places]

    def lit(self, places: Places, role: str = "key") -> VGroup:
        """Heads of the field, each filled with a colour."""
        return VGroup(
            Box(self.side, pixels(cell.height), palette().role(role), 3, palette().role(role), 2).move_to(cell)
            for cell in self.cells(places)
        )

    def large(self, layer: int, head: int) -> VGroup:
        """A pattern, large: with a cell for each pair, its words, and as a tile as large as the pattern."""
        rows = self.weights.pick(layer=layer, head=head)
        pitch = (STAGE.height - 120) / len(rows)
        pattern = Pattern(rows, pitch)
        tile = SmallGrid(rows, pitch * len(rows) + 2 * EDGE).move_to(pattern.cells)
        words = VGroup(pattern.row_words("token"), pattern.column_words("token"))
        return VGroup(pattern, words, tile).move_to(STAGE.centre)


class HeadsByName:
    """The tiles of a wall in groups, one for each name that heads have earned.

    Args:
        groups: the places (layer, head) of each group.
        roles: the colour of each place.
        counts: how many are in each group, and last how many induction heads are in the first one.
    """

    def __init__(
        self, groups: Sequence[Places], roles: Mapping[tuple[int, ...], str], counts: Sequence[Quantity], room: Room
    ) -> None:
        lines = [-(-len(places) // LINE) for places in groups]
        self.side = (room.height - SPLIT * (len(lines) - 1)) / sum(lines) - AIR
        pitch, top = self.side + AIR, room.top
        self.words, self.tiles = VGroup(), VGroup()
        for places, deep, name, count in zip(groups, lines, NAMED, counts, strict=False):
            for k, place in enumerate(places):
                row, column = divmod(k, LINE)
                tile = Box(self.side, self.side, palette().role(roles[place]), 5, palette().line, 1.2)
                self.tiles.add(tile.move_to(at(room.left + (column + 0.5) * pitch, top + (row + 0.5) * pitch)))
            line = Room(room.left + LINE * pitch + 24, top, room.right, top + deep * pitch)
            told = Words(f"{count:.0f}", "large number").begin_in(line)
            self.words.add(VGroup(told, Words(name, "block").begin_in(line.split_columns(COUNT)[1])))
            top += deep * pitch + SPLIT
        self.resting = Words(f"{counts[-1]:.0f} of them induction heads", "block", "key")
        self.resting.next_to(self.words[0], DOWN).align_to(self.words[0], LEFT)
        self.roles, self.places = roles, [place for places in groups for place in places]
        self.unnamed = self.tiles[-len(groups[-1]) :]

    def at_rest(self, shown: VGroup, awake: bool = False) -> tuple[Animation, ...]:
        """The induction heads among the tiles that are shown take the colour of sinks: at rest, they look like them.

        Once they are `awake`, they have their own again.
        """
        pairs = zip(shown, self.tiles, self.places, strict=True)
        fill = palette().role("key" if awake else "residual")
        turned = [(old, new.copy().set_fill(fill)) for old, new, at in pairs if self.roles[at] == "key"]
        return tuple(reshape(*pair, "slow") for pair in turned)

    def on(self, wall: HeadWall) -> VGroup:
        """The same tiles where the heads stand in the field."""
        both = zip(self.tiles, wall.cells(self.places), strict=True)
        return VGroup(tile.copy().replace(cell, stretch=True) for tile, cell in both)


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
