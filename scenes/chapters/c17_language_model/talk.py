"""Chats: what their user sees, how many tokens have a place, what is recalled, and how sure answers are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, RIGHT, VGroup, VMobject

from scenes.animations import ring_around
from scenes.chapters.c17_language_model.page import LIST, MARK, Page
from scenes.layout import STAGE, Room, following
from scenes.mobjects.bars import bar_of
from scenes.mobjects.shapes import Box, arrow, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where the question and the answer of a chat stand.
ASKED, ANSWERED = following(lambda: [row.inset(60, 90) for row in STAGE.rows(2)])
#: The type of a chat.
LARGE = "caption"
#: The colours of the bars up to a name, and of that of its first token.
ROLES = "weight", "query"
#: What an answer says before it names the capital.
COPULA = "is"
#: What is left beside the short lines of a chat.
BESIDE = Room(1070.0, 450.0, 1824.0, 830.0)
#: The field of places, and the two chats below.
WINDOW, CHATS = following(lambda: STAGE.split_rows(430, 40))


class Bubble(VGroup):
    """A message of a chat, as its user sees it: from the left, or up to the right."""

    def __init__(self, spaces: NamedTensor, room: Room, right: bool = False) -> None:
        line = Page(spaces, room.inset(30, 0), LARGE, pitch=room.height)
        self.words = line.words
        wide = float(self.words.width) * 135 + 72
        self.box = Box(wide, room.height, palette().surface, 30, palette().role("query" if right else "residual"), 3)
        edge = room.right - wide / 2 if right else room.left + wide / 2
        self.box.move_to(at(edge, (room.top + room.bottom) / 2))
        self.words.move_to(self.box)
        for text in self.words:
            text.paper = self.box
        super().__init__(self.box, self.words)


class Places:
    """The context window as a field of places, of which a text takes the first.

    Args:
        places: how many tokens have one.
        taken: tokens of the text; `fitting` such texts have a place.
    """

    ROWS = 32

    def __init__(self, places: Quantity, taken: Quantity, fitting: Quantity, room: Room) -> None:
        columns = int(places) // self.ROWS
        self.wide, self.high = room.width / columns, room.height / self.ROWS
        self.field = Box(room.width, room.height, palette().surface, 4).move_to(room.centre)
        grid = VMobject(stroke_color=palette().background, stroke_width=stroke(2))
        across = [(at(room.left, y), at(room.right, y)) for y in np.linspace(room.top, room.bottom, self.ROWS + 1)]
        down = [(at(x, room.top), at(x, room.bottom)) for x in np.linspace(room.left, room.right, columns + 1)]
        grid.points = np.array([[a, a, b, b] for a, b in across + down]).reshape(-1, 3)
        self.grid, self.columns, self.room = grid, columns, room
        self.cells = VGroup(self._cell(i, i + 1, "query") for i in range(int(taken)))
        begins = [int(taken) * i for i in range(int(fitting))]
        #: As many more texts of this length as fit, piece by piece where a row ends.
        self.more = VGroup(self._text(begin, begin + int(taken), i % 2) for i, begin in enumerate(begins) if i)

    def _cell(self, begin: int, end: int, role: str) -> Box:
        """Neighbouring places of one row."""
        row, column = divmod(begin, self.columns)
        wide = (end - begin) * self.wide
        box = Box(wide, self.high, palette().role(role), 0)
        spot = at(self.room.left + column * self.wide + wide / 2, self.room.top + (row + 0.5) * self.high)
        return box.move_to(spot)

    def _text(self, begin: int, end: int, odd: int) -> VGroup:
        border = (begin // self.columns + 1) * self.columns
        parts = [(begin, min(end, border)), (border, end)]
        return VGroup(self._cell(a, b, "ink3" if odd else "line") for a, b in parts if b > a)


class Recalled:
    """A chat in brief, and the probability of a name after it."""

    def __init__(self, title: str, chances: NamedTensor, place: int, room: Room) -> None:
        head, body, foot = room.rows(3, 0)
        self.title = Words(title, "block", "ink2").begin_in(head)
        self.said = word(chances.label("sentence", place), "stage word").begin_in(body)
        self.token = word(chances.label("rank", 0), "stage word", "query").begin_in(foot)
        share = chances.quantity(place, 0)
        spec = "share" if share > 0.01 else ".2%"
        whole = room.width - 160 - float(self.token.width) * 135
        self.bar = bar_of(share, "width", whole, 40, radius=4, least=3)
        self.bar.next_to(self.token, RIGHT, buff=units(24)).set_y(foot.centre[1])
        self.number = number(share, spec, "stage number").next_to(self.bar, RIGHT, buff=units(20))
        self.number.set_y(foot.centre[1])


class Answers:
    """Answers, a line each, with the probability of each token as a bar on it."""

    #: Px of a bar for a probability of one.
    SURE = 60.0

    def __init__(self, run: Trace, which: Sequence[int], title: str, room: Room) -> None:
        head, body = room.split_rows(50, 4)
        self.title = Words(title, "block", "ink2").begin_in(head)
        #: What a bar is, and the mean of those up to the name and at its first token.
        sure = run["sure"][bool(which[0])].quantities()
        means_of = [number(share, "share", "stage number", role) for share, role in zip(sure, ROLES, strict=True)]
        self.legend = Words("mean bar", "aside", "ink2")
        row_of = VGroup(self.legend, *means_of).arrange(RIGHT, buff=units(24)).move_to(head.centre)
        self.means = row_of.shift(RIGHT * (at(head.right, 0)[0] - row_of.get_right()[0]))[1:]
        #: The countries that were asked for, and the answers.
        self.asked, self.lines = VGroup(), VGroup()
        #: The bars up to the name, and those from it on.
        self.bars, self.named = VGroup(), VGroup()
        for place, row in zip(which, body.rows(len(which), 0), strict=True):
            shares = run[f"answer_{place}"]
            last = len(shares) - bool(shares.label("step", len(shares) - 1).startswith(MARK))
            line = Page(run[f"answer_{place}_spaces"].pick(step=slice(0, last)), row, LARGE, row.height)
            if last == len(shares):
                line.words.add(Words("…", LARGE).next_to(line.words[-1], RIGHT, buff=units(4)))
                line.words[-1].stand_on(line.words[0].baseline)
            self.lines.add(line.words)
            country = Words(f"{run['right'].label('sentence', place)}?", "fact", "ink2").end_in(row)
            self.asked.add(country.stand_on(line.words[0].baseline))
            said = [text.text for text in line.words]
            named = said.index(COPULA) + 1 if COPULA in said else -1
            roles = [ROLES[i == named] for i in range(last)]
            bars = [line.bar(i, shares.quantity(i), self.SURE, role) for i, role in enumerate(roles)]
            border = max(named, 0) or last
            self.bars.add(*bars[:border])
            self.named.add(*bars[border:])

    def found(self, right: NamedTensor, capitals: NamedTensor) -> list[VMobject]:
        """A ring around each capital that is right."""
        told = zip(self.lines, right.values, capitals.labels["sentence"], strict=False)
        return [ring_around(next(text for text in line if text.text == name)) for line, true, name in told if true]


def between(question: Bubble, answer: Bubble) -> VGroup:
    """From a question to its answer."""
    start, end = question.box.get_bottom(), answer.box.get_top()
    return arrow(np.array([0, start[1] - units(16), 0]), np.array([0, end[1] + units(16), 0]), "ink3", 6, 26)


def in_a_row(labels: Sequence[Label], question: Bubble) -> VGroup:
    """The tokens of a question as chips, across the stage."""
    begin = [str(label) for label in labels].index(question.words[0].text)
    row = VGroup(Token(label) for label in labels[begin : begin + len(question.words)]).arrange(buff=units(16))
    return STAGE.inset(60).fit(row, most=1.7)


def added(title: str, texts: Sequence[Sequence[str]]) -> VGroup:
    """Plates in the place of the list, with some lines each: what another model has more of."""
    head, below = LIST.split_rows(50, 20)
    plates = VGroup(Words(title, "block", "ink2").begin_in(head))
    for text, room in zip(texts, below.rows(len(texts), 40), strict=True):
        paper = Box(room.width, room.height, palette().surface, 18).move_to(room.centre)
        lines = VGroup(Words(line, "stage word", paper=paper) for line in text).arrange(DOWN, buff=units(16))
        plates.add(VGroup(paper, *lines.move_to(room.centre)))
    return plates
