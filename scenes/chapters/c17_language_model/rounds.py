"""Two ways in which a text goes on, and the loop in which an answer is written."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import Play, Travel, appear, exchange, flow, leave
from scenes.chapters.c17_language_model.page import CLOSE, MARK, Page
from scenes.chapters.c17_language_model.talk import BEGIN
from scenes.layout import STAGE, Room, following
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.next_tokens import NextTokens
from scenes.mobjects.shapes import Box, arrow, dot, path
from scenes.mobjects.text import Words, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The end of the text, beside it what it may go on with; and below, side by side, two ways on.
HEAD, TWO = following(lambda: STAGE.split_rows(250, 50))
ASKING, CHOICE = following(lambda: [Room(HEAD.left, HEAD.top, 900, 330), Room(960, HEAD.top, HEAD.right - 20, 350)])
#: Px of the middle of a pause.
PAUSE = 960.0, 590.0
#: Px of the line of a way on, and from it to its list.
LINE, APART = 100.0, 60.0
#: The stations of the loop in columns, under their names; the question, and the answer below it.
STATIONS, TEXT = following(lambda: STAGE.split_rows(370, 70))
#: Px of a layer and of a vector, across; of a light that goes round; and of a bar for a probability of one.
LAYER, VECTOR, LIGHT, SURE = 360.0, 70.0, 14.0, 260.0
#: How fast the first turns are.
SLOW = ("row", "transform")
#: Px of the line of the names of stations, and between a station and an arrow.
TITLE, AIR = 64.0, 14.0


class Branch:
    """A text that goes on with one of two names, and what is likely when the name is asked for again.

    Args:
        written: what begins with the name.
        asks: a name, and what asks for it again.
        told: the probabilities of both names then.
    """

    def __init__(self, written: NamedTensor, asks: NamedTensor, told: NamedTensor, room: Room) -> None:
        line, below = room.split_rows(LINE, APART)
        page = Page(written.pick(step=slice(1)), line, CLOSE)
        self.name = page.words[0].set_fill(palette().query)
        self.after = page.going_on(asks.pick(step=slice(1, None)))
        self.list = NextTokens(told, Room(below.left, below.top, below.right, below.top + 180))


class Loop:
    """The stations of a text on its way to the next token, around the question and the answer that is written."""

    def __init__(self, run: Trace, asked: NamedTensor, chat: NamedTensor) -> None:
        shares, above, below = run["answer_0"], *TEXT.rows(2, 0)
        labels = chat.words("position")
        begin = len(labels) - 1 - labels[::-1].index(BEGIN)
        turn = Page(chat.pick(position=slice(begin, len(labels) - 1)), below, CLOSE)
        #: The question, and where the assistant's turn begins.
        self.question = VGroup(Page(asked, above, CLOSE), turn)
        for text in (text for page in self.question for text in page.words):
            if not text.text.startswith(MARK):
                text.set_fill(palette().ink2)
        self.answer = turn.going_on(run["answer_0_spaces"])
        self.answer.shift(RIGHT * units(AIR))
        self.ended = shares.label("step", len(shares) - 1).startswith(MARK)
        head, body = STATIONS.split_rows(TITLE)
        left, middle, right = body.columns(3, 140)
        layers = VGroup(
            Box(LAYER, one.height, palette().residual, 2).move_to(one.centre)
            for one in left.rows(int(run["layers"]), 3)
        )
        vector = Box(VECTOR, body.height, palette().residual, 8).move_to(middle.centre)
        titles = [
            Words(text, "block", "ink2").settle(room.cross(head).centre)
            for text, room in zip(
                (f"{run['layers']} layers", "last vector", "next token"), (left, middle, right), strict=True
            )
        ]
        self.stations = VGroup(layers, vector, *titles)
        bar, name = right.rows(2, 0)
        #: Of each step the token that is chosen, and its probability as a bar.
        self.chosen = [
            (word(label, CLOSE, "query").settle(name.centre), ShareBar(share, SURE, ".0%", 64))
            for label, share in zip(shares.words("step"), shares.quantities(), strict=True)
        ]
        for _, chance in self.chosen:
            chance.shift(bar.centre - chance.track.get_center())
        corner = np.array([left.centre[0], at(0, TEXT.top)[1], 0])
        stops = [corner, left.centre, middle.centre, right.centre + LEFT * units(SURE / 2)]
        self.way = path(stops, "residual")
        ends = [
            (corner, layers.get_bottom() + DOWN * units(AIR)),
            (layers.get_right() + RIGHT * units(AIR), vector.get_left() + LEFT * units(AIR)),
            (vector.get_right() + RIGHT * units(AIR), right.centre + LEFT * units(AIR + SURE / 2)),
            (right.centre + DOWN * units(right.height / 2), right.centre * RIGHT + corner * UP),
        ]
        self.ways = [arrow(start, end, "ink3", 5, 22) for start, end in ends]
        self.light = dot(corner, LIGHT, "query")

    def turns(self) -> list[list[Play]]:
        """All turns, faster and faster."""
        kinds = [*SLOW, *["leave"] * len(self.chosen)]
        return [self._turn(step, kind) for step, kind in enumerate(kinds[: len(self.chosen)])]

    def _turn(self, step: int, kind: str) -> list[Play]:
        """The text passes through all stations; then its light becomes the token that is chosen, and that goes down."""
        name, bar = self.chosen[step]
        here = appear(bar), Travel(self.light, name, kind="appear", leaving=True)
        gone = [leave(bar)] if step < len(self.chosen) - 1 else []
        return [flow(self.light, self.way, kind), here, (*exchange([name], [self.answer[step]], kind), *gone)]
