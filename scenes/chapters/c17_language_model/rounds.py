"""Two ways in which a text goes on, and the columns of layers by which an answer is written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Play, Sweep, Travel, Wipe, appear, draw, exchange, flow, leave, reshape
from scenes.chapters.c17_language_model.page import CLOSE, MARK, TextPage
from scenes.layout import STAGE, Room, following
from scenes.mobjects.bars import bar_of
from scenes.mobjects.shapes import Box, curve, dot, rule, segments
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: How many tokens end a text; they, and beside them two ways on, as shares of the stage's width.
LAST, BEGINS, BENDS, ENDS = 5, 0.35, 0.07, 0.17
#: Px of a road, of its thinnest part, by which two parts overlap, around its words and where it ends, of a line of
#: words, and of what shuts a road; how opaque is what goes on in neither way.
WIDE, HAIR, SEAM, MARGIN, LINE, SHUT, MIST = 200.0, 3.0, 2.0, 20.0, 62.0, 10.0, 0.2
#: Columns of layers over a line of text; its type; px above them for a token, of the narrowest column, and of a marble;
#: how far a token flies aside, and how fast the first turns are.
COLUMNS, TEXT = following(lambda: STAGE.split_rows(-70))
TYPE, FALL, LEAST, LIGHT, ASIDE = "stage word", 80.0, 8.0, 14.0, 0.8
SLOW = "slow", "row"


class ForkingRoad:
    """The words of a text on a road as wide as all probability, and two ways on, as wide as a next word is likely.

    Args:
        spaces: of the words, whether a space stands before each; and of those that follow them.
        shares: the probabilities of two next words.
        room: where the road lies, in its middle.
        goals: where the ways end.
    """

    path: VMobject
    name: VGroup

    def __init__(
        self, spaces: Sequence[NamedTensor], shares: NamedTensor, room: Room, goals: Sequence[np.ndarray]
    ) -> None:
        place = room.inset(0, (room.height - WIDE) / 2)
        self.ground = Box.of(place, palette().weight, 0)
        page = TextPage(spaces[0], place.inset(MARGIN, 0), CLOSE, LINE)
        self.words = VGroup(*page.words, *(text for more in spaces[1:] for text in page.going_on(more)))
        self.words.move_to(place.centre)
        for text in self.words:
            text.set_fill(palette().background).paper = self.ground
        self.ways, self.names, self.paths, starts = VGroup(), VGroup(), [], []
        labels = zip(shares.words("rank"), shares.quantities(), (UP, DOWN), goals, strict=True)
        for label, share, side, goal in labels:
            edge, high = self.ground.get_corner(side + RIGHT) + LEFT * units(SEAM), max(float(share) * WIDE, HAIR)
            end = bar_of(share, "height", WIDE, MARGIN, radius=0, least=HAIR).move_to(goal, aligned_edge=RIGHT)
            middle = curve(edge - side * units(high / 2), end.get_left() + RIGHT * units(SEAM), level=True)
            self.ways.add(VGroup(band(middle.points, high), end))
            self.paths.append(middle)
            name, told = word(label, CLOSE).settle(goal), number(share, ".1%", "stage number", "ink2")
            name.begin_at(goal[0] + units(MARGIN))
            self.names.add(VGroup(name, told.next_to(name, DOWN, units(MARGIN)).align_to(name, LEFT)))
            starts.append(edge - side * units(high))
        #: What is left between the two, which fades, and its name.
        self.mist = VMobject(fill_color=palette().weight, fill_opacity=MIST, stroke_width=0)
        self.mist.set_points_as_corners([*starts, sum(starts) / 2 + RIGHT * units(WIDE / 2), starts[0]])
        self.others = Words("others", "fact", "ink2").next_to(self.mist, UP + RIGHT, 0)

    def fork(self) -> Play:
        """Both ways lead off, and what is left fades."""
        return Wipe(*self.ways), appear(self.mist, rise=False), *map(appear, self.names)

    def go_on(self) -> tuple[Animation, ...]:
        """The way to one of the words becomes a road of its own, below which its probability stands."""
        told = self.name[1].copy().next_to(self.ground, DOWN, units(MARGIN)).align_to(self.ground, LEFT)
        return Wipe(self.ground), *exchange([self.name[0]], [self.words[0]]), reshape(self.name[1], told)

    def drawn(self) -> list[Play]:
        """Chance rolls along the way to a word, which becomes a road of its own; there is none back."""
        marble = dot(self.path.get_start(), LIGHT, "query")
        shut = rule(self.ground.get_corner(UP + LEFT), self.ground.get_corner(DOWN + LEFT), "warning", SHUT)
        return [flow(marble, self.path), (leave(marble), *self.go_on()), draw(shut)]

    @classmethod
    def three(cls, run: Trace) -> tuple[ForkingRoad, ForkingRoad, ForkingRoad]:
        """The road of a text that asks for a name, and those on which it goes on with one name or the other."""
        told, stage = run["named_again"], STAGE
        first = run["likely"].pick(rank=slice(len(told.words("rank"))))
        begun, rest = stage.split_columns(BEGINS * stage.width, BENDS * stage.width)
        lines = rest.split_columns(-ENDS * stage.width)[0].rows(2, 0)
        goals = [at(line.left, (line.top + line.bottom) / 2) for line in lines]
        asking = run["text_0"].pick(position=slice(int(run["tokens"]) - LAST, None))
        roads, more = [cls([asking], first, begun, goals)], run["wrong"].pick(step=slice(1, None))
        for which, (name, line) in enumerate(zip((run["next_0"], run["wrong"]), lines, strict=True)):
            far = [at(line.right + BENDS * stage.width, y) for y in (line.top + WIDE / 2, line.bottom - WIDE / 2)]
            roads.append(cls([name.pick(step=slice(1)), more], told.pick(choice=which), line, far))
            #: The way that leads to this road, and the word at its end with its probability.
            roads[-1].path, roads[-1].name = roads[0].paths[which], roads[0].names[which]
        return roads[0], roads[1], roads[2]


def band(middle: np.ndarray, high: float) -> VMobject:
    """A band around a smooth line, everywhere so many px high."""
    up, shape = UP * units(high / 2), VMobject(fill_color=palette().weight, fill_opacity=1, stroke_width=0)
    ends = (segments(middle[-1] + up, middle[-1] - up), segments(middle[0] - up, middle[0] + up))
    shape.points = np.concatenate([middle + up, ends[0], middle[::-1] - up, ends[1]])
    return shape


class LayerColumns:
    """A column of all layers over each token of a chat; out of the last one comes the next token, and gets a column."""

    def __init__(self, run: Trace, asked: NamedTensor) -> None:
        shares, page = run["answer_0"], TextPage(asked, TEXT, TYPE)
        #: The prompt, and what is written behind it.
        self.prompt, self.answer = page, page.going_on(run["answer_0_spaces"])
        self.ended = shares.label("step", len(shares) - 1).startswith(MARK)
        above, below = COLUMNS.split_rows(FALL)
        rows = below.rows(int(run["layers"]), SEAM)[::-1]
        columns = []
        for text in (*page.words, *self.answer[:-1]):
            wide = max(LEAST, pixels(text.width) - 2 * SEAM)
            cells = (Box(wide, row.height, palette().residual, 2).move_to(row.centre) for row in rows)
            columns.append(VGroup(cells).set_x(text.get_x()))
        asking, last = columns[: len(page.words)], len(page.words) - 1
        #: The columns of the prompt before anything is computed, and how many layers they have.
        self.dark = VGroup(*asking).copy().set_fill(palette().line)
        self.layers = Words(f"{run['layers']} layers", "block", "residual").begin_in(above)
        #: The columns of the prompt, floor by floor, and that of each token that is written.
        self.rising = [VGroup(*map(VGroup, zip(*asking, strict=True))), *columns[len(asking) :]]
        #: Of each step the token that is chosen, over the last column, and its probability.
        self.chosen = [
            VGroup(word(label, CLOSE, "query"), number(share, ".0%", "stage number", "weight"))
            .arrange(LEFT, units(MARGIN))
            .next_to(column, UP, units(MARGIN))
            for label, share, column in zip(shares.words("step"), shares.quantities(), columns[last:], strict=True)
        ]

    def turns(self) -> list[list[Play]]:
        """All turns, faster and faster: light rises, and what comes out above flies around them into the next place."""
        kinds = [*SLOW, *["leave"] * len(self.chosen)]
        return [
            [
                Sweep(light, kind),
                appear(chosen),
                (leave(chosen[1]), Travel(chosen[0], place, ASIDE, fall, leaving=True)),
            ]
            for light, chosen, place, kind, fall in zip(
                self.rising, self.chosen, self.answer, kinds, kinds[1:], strict=False
            )
        ]
