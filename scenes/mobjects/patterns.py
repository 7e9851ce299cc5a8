"""Patterns of attention: a square for each pair, as large as the share, and many grids side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, UP, Animation, VGroup, VMobject

from scenes.animations import reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Beside, Squares, means
from scenes.mobjects.shapes import Box, quads, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import in_line
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import at, palette, pixels, units
from transformer_core.studies.focus import Focus
from transformer_core.tracing.trace import NamedTensor, Trace

#: The share of a cell's side that a whole share fills.
FULL = 0.9
#: The side of a cell, as a share of the distance to the next.
CELL = 0.92
#: More heads than this stand in two lines.
MOST_IN_A_LINE = 6
#: Rows nearer to each other than this, in px, have no words.
CLOSEST = 27.0
#: Px of a panel's head and foot, of the margin at its sides, and between two panels; the style of the words.
HEAD, FOOT, INSET, PANEL, WORDS = 64.0, 136.0, 22.0, 24.0, "token"

#: Px for the name of the layer above its heads, by how much more the words of the rows stand clear of rings, and from
#: the place of a row to a ring around it.
TAG, CLEAR, RING = 54.0, 24.0, 7.0


def squares(centres: np.ndarray, sides: np.ndarray, role: str, outline: bool = False) -> VMobject:
    """Upright squares as one shape: centres (n × 2) and sides (n) in units."""
    colour = palette().role(role)
    corners = np.array([(-1, 1), (1, 1), (1, -1), (-1, -1)]) / 2
    each = centres[:, None] + corners * sides[:, None, None]
    shape = quads(each, fill_color=colour, fill_opacity=0 if outline else 1, stroke_color=colour)
    return shape.set_stroke(width=stroke(1.5) if outline else 0)


class Pattern(VGroup):
    """Shares as squares in a grid: queries run down, keys to the right; the area is the share.

    `lines[i]` is the row of query i, one shape of a square for each key, so that patterns can turn into each other.
    Where `masked` is minus infinity, a pair has no cell: its query may not look there.
    """

    def __init__(self, weights: NamedTensor, pitch: float, masked: NamedTensor | None = None) -> None:
        rows, columns = weights.shape
        self.weights, self.pitch = weights, units(pitch)
        self.at = np.array([[(j, -i) for j in range(columns)] for i in range(rows)]) * self.pitch
        open_to = np.ones((rows, columns), bool) if masked is None else ~np.isneginf(masked.values)
        full = np.full(int(open_to.sum()), self.pitch * CELL)
        self.cells = squares(self.at[open_to], full, "line", outline=True)
        sides = self.pitch * FULL * np.sqrt(weights.values)
        self.lines = VGroup(squares(self.at[i], sides[i], "weight") for i in range(rows))
        for i, line in enumerate(self.lines):
            means(line, Squares(weights, i, FULL))
        super().__init__(self.cells, self.lines)

    def band(self, row: int) -> VMobject:
        """The place of a row, for a ring around it: that runs between its cells and those of the rows beside it."""
        pitch = self.cells.height / (len(self.lines) - 1 + CELL)
        box = Box(pixels(self.cells.width), max(RING, pixels(pitch) - 2 * RING), palette().background, 2)
        top = self.cells.get_top()[1] - pitch * (row + CELL / 2)
        return box.move_to(np.array([self.cells.get_x(), top, 0]))

    def place(self, row: int, column: int) -> np.ndarray:
        """The centre of a pair's cell."""
        corner = self.cells.get_corner(UP + LEFT)
        return corner + np.array([column + CELL / 2, -row - CELL / 2, 0]) * self.pitch

    def row_words(self, style: str = "map") -> VGroup:
        """The words of the queries, at the left of their rows."""
        words = [means(word(label, style, "ink2"), Beside(label)) for label in self.weights.words("query")]
        edge = self.cells.get_left()[0] - units(16)
        for i, text in enumerate(words):
            text.settle(np.array([edge, self.place(i, 0)[1], 0])).end_at(edge)
        return VGroup(*words)

    def column_words(self, style: str = "map") -> VGroup:
        """The words of the keys on top of their columns, upright where they would touch."""
        texts = [means(word(label, style, "ink2"), Beside(label)) for label in self.weights.words("key")]
        xs = [self.place(0, j)[0] for j in range(len(texts))]
        crowded = max(text.width for text in texts) > self.pitch - units(10)
        return VGroup(on_columns(texts, xs, self.cells.get_top()[1], crowded))


def on_columns(texts: list[Words], xs: Sequence[float], top: float, upright: bool) -> list[Words]:
    """Put texts on the columns in the middle of which the `xs` lie, turned to stand `upright` or as they are read."""
    foot = top + units(12)
    for text, x in zip(texts, xs, strict=True):
        if upright:
            text.rotate(np.pi / 2)
            text.turned = True
            text.move_to(np.array([x, foot, 0]), aligned_edge=DOWN)
        else:
            text.settle(np.array([x, 0, 0])).stand_on(foot + units(4))
    return texts


class HeadPlate(VGroup):
    """The plate of a head in a room, with its name at the upper left; it is the same one wherever the head is shown."""

    def __init__(self, head: int, room: Room, large: bool = True) -> None:
        self.key = "head", head
        self.paper = Box.of(room, palette().surface, 14, palette().line, 2)
        style = "block" if large else "fact"
        letter = Words(f"head {letter_of(head)}", style, "ink", self.paper)
        if letter.width > units(room.width - 2 * INSET):
            letter = Words(letter_of(head), style, "ink", self.paper)
        letter.settle(at(0, room.top + HEAD / 2)).begin_at(at(room.left + INSET, 0)[0])
        super().__init__(self.paper, letter)


class Patterns(VGroup):
    """The heads of a layer as panels side by side, each with a grid for the whole sentence.

    Args:
        weights: head × query × key.
        masked: the masked scores of one of these heads; a mask is the same for all of them.
        room: the rectangle that is filled.

    `panels[h]` is a plate with the name of head h and its grid: it can be moved as one. Where the words of the sentence
    have no room at the grids, they stand once above all panels.
    """

    def __init__(self, weights: NamedTensor, masked: NamedTensor | None = None, room: Room = STAGE) -> None:
        heads, rows, columns = weights.shape
        lines, labels = 1 if heads <= MOST_IN_A_LINE else 2, weights.words("query")
        self.large = lines == 1
        side = pixels(max(word(label, WORDS).width for label in labels)) + 24
        longest = pixels(max(word(label, WORDS).width for label in weights.words("key")))
        foot = FOOT if self.large else HEAD

        def laid_out(rest: Room, above: float) -> tuple[list[Room], float]:
            """The places of the panels in a room, and the pitch of their grids."""
            places = [part for line in rest.rows(lines) for part in line.columns(-(-heads // lines), PANEL)][:heads]
            free = places[0].height - HEAD - above - foot
            return places, min((places[0].width - 2 * INSET) / columns, free / rows)

        above = longest + 16
        panels, pitch = laid_out(room.split_columns(side)[1], above)
        wordy = self.large and pitch > CLOSEST
        if wordy and longest <= pitch - 10:
            above = 46.0
            panels, pitch = laid_out(room.split_columns(side)[1], above)
        elif not wordy:
            above = 0.0
            panels, pitch = laid_out(room.split_rows(64, 16)[1], above)
        high = HEAD + above + pitch * rows + foot
        self.grids, self.plates, self.panels = VGroup(), VGroup(), VGroup()
        for head, place in enumerate(panels):
            middle = (place.top + place.bottom) / 2
            plate = HeadPlate(head, Room(place.left, middle - high / 2, place.right, middle + high / 2), self.large)
            grid = Pattern(weights[head], pitch, masked)
            top = middle - high / 2 + HEAD + above
            grid.shift(at((place.left + place.right) / 2, top + pitch * rows / 2) - grid.cells.get_center())
            self.grids.add(grid)
            self.plates.add(plate)
            self.panels.add(VGroup(plate, grid))
        self.words = (
            VGroup(
                self.grids[0].row_words(WORDS).shift(LEFT * units(CLEAR)),
                *(grid.column_words(WORDS) for grid in self.grids),
            )
            if wordy
            else VGroup(in_line(labels, room.width).move_to(room.split_rows(64)[0].centre))
        )
        super().__init__(self.panels, self.words)

    @classmethod
    def of(cls, trace: Trace, focus: Focus, layer: int) -> Patterns:
        """The heads of a layer of the stack that is followed, with the rows of the query token."""
        part, query = trace.under(f"{focus.stack}.{layer}.self_attn", batch=0), focus.query_token
        picture = cls(part["weights"], part["masked"].pick(head=0), STAGE.split_rows(TAG)[1])
        picture.tag = Words(layer_name(layer), "block", "ink2").next_to(picture, UP, buff=units(14))
        picture.tag.begin_at(picture.panels.get_left()[0])
        picture.layer, picture.rows = layer, part.in_full("weights", query=query.position)
        picture.bands = [grid.band(grid.weights.position("query", query)) for grid in picture.grids]
        picture.top_keys = picture._top_keys(picture.rows)
        return picture

    def _top_keys(self, rows: NamedTensor) -> VGroup:
        """At the foot of each panel, the top key of a query and its weight; `rows` has the row of each head."""
        found = VGroup()
        for plate, grid, row in zip(self.plates, self.grids, rows, strict=True):
            top_key, share = row.largest()
            if not self.large:
                text = Words(f"{top_key} {share:share}", "note", paper=plate.paper)
                found.add(text.settle(plate.get_bottom() + UP * units(HEAD / 2)))
                continue
            lines = word(top_key, "stage word"), number(share, "share", "large number")
            for text, y in zip(lines, (94, 44), strict=True):
                text.paper = plate.paper
                found.add(text.settle(np.array([grid.get_x(), (plate.get_bottom() + UP * units(y))[1], 0])))
        return found

    def turn_into(self, other: Patterns) -> tuple[Animation, ...]:
        """The squares of each head become those of the same head in another layer."""
        return tuple(reshape(a.lines, b.lines, "slow") for a, b in zip(self.grids, other.grids, strict=True))
