"""Tasks with a pause: what is asked, a bar that runs out while the viewer thinks, and what the tensors say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, PI, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import appear, appear_in_turn, draw, lagged, reshape, ring_around
from scenes.chapters.c20_faq.cards import STAMP, SplitMatrix, mark
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Ground, Swung, means
from scenes.mobjects.patterns import on_columns
from scenes.mobjects.pause import Pause
from scenes.mobjects.planes import Plane
from scenes.mobjects.shapes import arch, arrow, dashes, ellipsis, rule
from scenes.mobjects.tensors import TensorGrid, abridged
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: The side of a grid in px, how far both are from the middle, and the most rows that are shown.
SIDE, AWAY, LANES = 460.0, 540.0, 13
#: Px of a matrix of parameters, and the heights of both.
MATRIX, HEIGHTS = 316.0, (398.0, 734.0)
#: Px of the names of both sides, of a relative change, around it, of a line of words, and of the ways below it.
NAMED, CHANGE, AIR, LINE, ARCS = 300.0, 100.0, 22.0, 64.0, 56.0
#: Px of an arrow, of its head, and of a thin one.
THICK, HEAD, THIN = 9.0, 34.0, 5.0


class ScoreSquare(VGroup):
    """A square of scores as colours, with the tokens at the left and on top."""

    def __init__(self, scores: NamedTensor, name: str, scale: float, x: float) -> None:
        count = len(scores)
        pitch = min(124.0, SIDE / count)
        self.cells = TensorGrid(scores, "heat", scale=scale, wide=pitch - 4, high=pitch - 4)
        self.cells.move_to(at(x, 536))
        queries, keys = scores.words("query"), scores.words("key")
        edge, top = self.cells.get_left()[0] - units(14), self.cells.get_top()[1]
        rows = VGroup(
            word(label, "map", "ink2").settle(self.cells.row(i).get_center()).end_at(edge)
            for i, label in enumerate(queries)
        )
        texts = [word(label, "map", "ink2") for label in keys]
        upright, xs = max(text.width for text in texts) > units(pitch - 12), [one.get_x() for one in self.cells.columns]
        columns = VGroup(on_columns(texts, xs, top - units(0 if upright else 2), upright))
        self.words = VGroup(rows, columns)
        self.title = Words(name, "block").settle(at(x, 0)).stand_on(columns.get_top()[1] + units(24))
        super().__init__(self.cells, self.words, self.title)
        self.shift(DOWN * max(0.0, self.title.get_top()[1] - at(0, STAGE.top)[1]))

    def told(self, query_token: Label, top_key: Label, share: Quantity) -> VGroup:
        """ "red → car 99%" below the grid."""
        wide = max(chip_width(query_token, small=True), chip_width(top_key, small=True))
        first, second = Token(query_token, "query", wide, 44), Token(top_key, "key", wide, 44)
        way = arrow(np.zeros(3), RIGHT * units(56), "ink3", 3)
        line = VGroup(first, way, second, Words(f"{share:share}", "number")).arrange(RIGHT, buff=units(18))
        return line.move_to(np.array([self.cells.get_x(), at(0, 836)[1], 0]))


class SwappedScores:
    """Two matrices, at their left the scores, and at their right those of the same rows with the matrices swapped."""

    def __init__(
        self, scores: NamedTensor, swapped: NamedTensor, matrices: Sequence[NamedTensor], splits: NamedTensor
    ) -> None:
        scale, middle = float(np.abs(scores.values).max()), (STAGE.left + STAGE.right) / 2
        self.before = ScoreSquare(scores, "the scores", scale, middle - AWAY)
        self.after = ScoreSquare(swapped, "matrices swapped", scale, middle + AWAY)
        self.pause = Pause(middle + AWAY, 560)
        #: The query and the key matrix, each with its name.
        self.matrices = VGroup()
        for matrix, name, y in zip(matrices, ("W_Q", "W_K"), HEIGHTS, strict=True):
            square = SplitMatrix(matrix, splits, MATRIX, at(middle, y))
            self.matrices.add(VGroup(square, Words(name, "title").next_to(square, LEFT, units(24))))
        old, new = self.before.cells.cells, self.after.cells.cells
        #: The marks of negative cells.
        self.dashes = VGroup(cell.dash for cell in new.values() if cell.dash)
        #: Copies of all cells, first where the same pair of tokens stands at the right, and the line that they turn
        #: about: each becomes the cell whose row and column are traded.
        self.turned = [new[j, i].box for i, j in old]
        self.moved = [cell.box.copy().move_to(new[place].box) for place, cell in old.items()]
        self.copies = [cell.box.copy() for cell in old.values()]
        after = self.after.cells
        self.line = dashes(after.get_corner(UP + LEFT), after.get_corner(DOWN + RIGHT), "ink", 4)

    def swap(self) -> list[Animation]:
        """Both matrices change places."""
        goals = (one.copy().set_y(other.get_y()) for one, other in zip(self.matrices, self.matrices[::-1], strict=True))
        return [reshape(one, goal, turn=PI / 2) for one, goal in zip(self.matrices, goals, strict=True)]

    def rows(self, query_token: Label) -> list[VMobject]:
        """Rings around the row of a query, in both grids."""
        return [ring_around(grid.cells.row(query_token.position)) for grid in (self.before, self.after)]


class SwungVectors:
    """Vectors of one side of the model as arrows, a column a token: as they were, and as a new last token turns them.

    Each lies in the plane of what it was, which points up, and of what it is, which is one long: from tip to tip is
    its relative change. `arrows` swing to what they are `now`, and `was` stays; `verdict` is whether those that were
    there before can be kept in a cache.

    Args:
        rows, moved: what they are, and by how much they changed.
        tips: where the tip of each was, and where it is.
        of, room: this side of the model, and where it is drawn.
        spots, most: all tips of both sides, for one scale, and into how many columns the room is divided.
    """

    def __init__(
        self, rows: NamedTensor, moved: NamedTensor, tips: np.ndarray, of: str, room: Room, spots: np.ndarray, most: int
    ) -> None:
        side, body = room.split_columns(NAMED)
        columns, lasts = body.split_rows(-ARCS)[0].columns(most, 0), len(rows) - 1
        styles = [[word(label, style) for label in rows.words("position")] for style in ("large word", "stage word")]
        widths = [pixels(max(text.width for text in texts)) + AIR for texts in styles]
        upright = widths[0] > columns[0].width
        texts, wide = styles[upright], widths[upright]
        self.words, self.numbers, self.rings = VGroup(), VGroup(), list[VMobject]()
        self.arrows, self.now, self.was, self.arcs, self.gaps = (VGroup() for _ in range(5))
        for i, column in zip(abridged(len(rows), LANES - 3, 2), columns, strict=False):
            above, line = column.split_rows(-(wide if upright else LINE), AIR)
            beside, place = above.split_columns(CHANGE, AIR)
            px, foot = place.holding(spots)
            if i is None:
                self.gaps.add(ellipsis().move_to(line.centre))
                continue
            self.words.add(*on_columns([texts[i]], [foot[0]], at(0, line.bottom)[1], upright))
            was, now = (foot + units(px) * np.array([*tip, 0]) for tip in tips[i])
            self.arrows.add(Plane.line(foot, was, "residual", THICK, HEAD))
            self.now.add(Plane.line(foot, now, "residual", THICK, HEAD))
            if i < lasts:
                self.was.add(means(Plane.line(foot, was, "ink3", THIN, HEAD), ground := Ground()))
                means(self.now[-1], Swung(moved.quantity(i), ground))
                if i == 0:
                    self.was.add(Words("before", "fact", "ink2").end_in(beside.split_rows(LINE)[0]))
                if not upright:
                    told = number(moved.quantity(i), "share", "large number")
                    self.numbers.add(told.end_in(beside.split_rows(-LINE)[1]))
                role = "warning" if moved.quantity(i) else "residual"
                self.rings.append(ring_around(self.words[-1], role, roomy=True))
        *before, new = self.words
        for k, text in enumerate(before):
            rise = ARCS * (len(before) - k) / len(before)
            self.arcs.add(arch(new.get_bottom(), text.get_bottom(), -rise, "weight", THIN).shift(DOWN * units(AIR / 2)))
        #: What is new, and the words that were there before it; between both stands what hides the new from the old.
        self.new, self.before = [new, self.arrows[-1], ring_around(new, roomy=True)], [*before, *self.gaps]
        below = body.split_rows(-ARCS)[1].centre
        called = Words("causal mask", "block").settle(below + DOWN * units(AIR / 2))
        called.set_x((before[-1].get_x() + new.get_x()) / 2 if before else new.get_x())
        low = called.get_top() + UP * units(AIR / 2)
        self.wall = VGroup(rule(low, np.array([low[0], at(0, room.top)[1], 0]), "ink", THICK), called)
        kept = bool((moved.values[:-1] == 0).all())
        head, rest = side.split_rows(LINE)
        self.title = Words(of, "title").begin_in(head)
        legend = Words("relative change", "fact", "ink2").begin_in(rest.split_rows(LINE)[0])
        self.numbers = VGroup(*([legend] if self.numbers else []), *self.numbers)
        self.verdict = VGroup(mark(kept).scale(STAMP), Words("cache" if kept else "no cache", "title"))
        self.verdict.arrange(RIGHT, buff=units(AIR)).move_to(rest.split_rows(-2 * LINE)[1].centre).align_to(
            self.title, LEFT
        )

    def swing(self) -> list[tuple[Animation | None, ...]]:
        """A way leads from the new token to each other, whose vector turns; then it is told by how much."""
        turns = (
            AnimationGroup(draw(arc), reshape(arrow, now))
            for arc, arrow, now in zip(self.arcs, self.arrows, self.now, strict=False)
        )
        return [(appear(self.was, rise=False), lagged(turns, 0.5)), (appear_in_turn([*self.numbers]),)]

    def stop(self) -> list[tuple[Animation | None, ...]]:
        """A wall comes before the new token, and it is told that no vector has changed."""
        return [(draw(self.wall[0], kind="row"), appear(self.wall[1])), (appear_in_turn([*self.numbers]),)]

    def judge(self) -> tuple[Animation | None, ...]:
        """Each is ringed as one that changed or did not, and so it is told whether a cache could keep them."""
        return appear_in_turn(self.rings), appear(self.verdict)


def tips_of(rows: NamedTensor, old: NamedTensor) -> np.ndarray:
    """Return where the tip of each row was and is: row × 2 × (across, up), in lengths of what it is, or new."""
    tips = np.tile([0.0, 1.0], (len(rows), 2, 1))
    for tip, now, was in zip(tips[:-1], rows.values, old.values, strict=False):
        one, other = np.linalg.norm(now), np.linalg.norm(was)
        cosine = float(now @ was / one / other)
        tip[:] = (0.0, other / one), (np.sqrt(max(0.0, 1 - cosine**2)), cosine)
    return tips


def both_sides(
    rows: Sequence[NamedTensor], earlier: Sequence[NamedTensor], changes: Sequence[NamedTensor]
) -> list[SwungVectors]:
    """Encoder above, decoder below."""
    tips = [*map(tips_of, rows, earlier)]
    spots = np.concatenate([np.zeros((1, 2)), *(one.reshape(-1, 2) for one in tips)])
    both = zip(rows, changes, tips, ("encoder", "decoder"), STAGE.rows(2, ARCS), strict=True)
    return [SwungVectors(*one, spots, min(LANES, max(map(len, rows)))) for one in both]
