"""Chats: what their user sees, how many tokens have a place, what is recalled, and how sure answers are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import appear, grow, ring_around
from scenes.chapters.c17_language_model.page import BROAD, LIST, MARK, RETURN, Page
from scenes.layout import STAGE, Room, following
from scenes.mobjects.marks import End, Thickness, means
from scenes.mobjects.next_tokens import NextTokens
from scenes.mobjects.shapes import Box, arrow, stroke
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where the question and the answer of a chat stand.
ASKED, ANSWERED = following(lambda: [row.inset(60, 90) for row in STAGE.rows(2)])
#: The type of a chat.
LARGE = "caption"
#: What an answer says before it names the capital.
COPULA = "is"
#: What is left beside the short lines of a chat.
BESIDE = Room(1070.0, 450.0, 1824.0, 830.0)
#: The field of places, and below it one chat or two.
WINDOW, CHATS = following(lambda: STAGE.split_rows(220, 24))
#: Turns of the chat in which a name is said, and of a new one.
TURNS = 4, 2
#: Px of what is said in a chat, of who says it, and of a country before its answer.
SAID, SPEAKER, COUNTRY = 490.0, 112.0, 150.0
#: The marks of a turn.
BEGIN, END_OF_TURN = "<|im_start|>", "<|im_end|>"
#: Px from the longest line to an arc around it, of the arc's bends up out of a word and back to one, and to its number.
ASIDE, RISE, HOOK, INSIDE = 44.0, 70.0, 70.0, 26.0


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
        taken: tokens of the text.
    """

    ROWS = 32

    def __init__(self, places: Quantity, taken: int, room: Room) -> None:
        columns = int(places) // self.ROWS
        wide, high = room.width / columns, room.height / self.ROWS
        self.field = Box(room.width, room.height, palette().surface, 4, palette().line, 2).move_to(room.centre)
        grid = VMobject(stroke_color=palette().background, stroke_width=stroke(2))
        across = [(at(room.left, y), at(room.right, y)) for y in np.linspace(room.top, room.bottom, self.ROWS + 1)]
        down = [(at(x, room.top), at(x, room.bottom)) for x in np.linspace(room.left, room.right, columns + 1)]
        grid.points = np.array([[a, a, b, b] for a, b in across + down]).reshape(-1, 3)
        self.grid = grid
        self.cells = VGroup(
            Box(wide, high, palette().role("query"), 0).move_to(
                at(room.left + (i % columns + 0.5) * wide, room.top + (i // columns + 0.5) * high)
            )
            for i in range(taken)
        )
        self.all = VGroup(self.field, self.grid, self.cells)


class Recalled:
    """A chat, who says what, up to an answer that is begun; its window above, and beside it what could come next.

    Args:
        which: 0 for the chat in which a name was said, 1 for a new one, which is its last `turns`.
    """

    def __init__(self, title: str, run: Trace, which: int, turns: int, room: Room) -> None:
        told, said = run["told"], turns_of(run["told"])
        self.window = Places(run["places"], len(told) - said[-turns][0] + said[0][0], room.cross(WINDOW))
        head, body = room.split_rows(50, 10)
        left, right = body.split_columns(SAID, 10)
        self.title = Words(title, "block", "ink2").begin_in(head)
        self.said = VGroup()
        for row, (who, begin, end) in zip(left.rows(max(TURNS), 0)[-turns:], said[-turns:], strict=True):
            side, rest = row.split_columns(SPEAKER)
            speaker = Page(told.pick(position=slice(who, begin - 1)), side, "note", row.height)
            speaker.words.set_fill(palette().ink2)
            self.said.add(VGroup(speaker, Page(told.pick(position=slice(begin, end)), rest, pitch=row.height)))
        name = run["told_attention"].largest()[0]
        last = run[f"recalled_{which}"].words("rank")[-1] == name
        self.list = few(run, f"recalled_{which}", right, "others", ".2%", apart=last)

    def look(self, weights: NamedTensor) -> VGroup:
        """An arc from the first name that is said to the last token, as thick as its attention weight, with that."""
        words = [text for line in self.said for text in line[1].words]
        key = weights.largest()[0]
        start = next(text for text in words if text.text == key).get_top() + UP * units(6)
        end, weight = words[-1].get_right() + RIGHT * units(6), weights.quantity(key.position)
        side = np.array([max(float(text.get_right()[0]) for text in words) + units(ASIDE), (start + end)[1] / 2, 0])
        up, back = UP * units(RISE), RIGHT * units(HOOK)
        above, below = (side + (tip - side)[1] * UP for tip in (start, end))
        line = VMobject(stroke_color=palette().query)
        line.points = np.array([start, start + up, above + up, side, side, below, end + back, end])
        line.set_stroke(width=stroke(BROAD * float(weight)), opacity=0.6)
        means(line, Thickness(weight, BROAD), End(weight, first=True, axis="key"))
        told = number(weight, "share", "stage number", "query")
        return VGroup(line, told.next_to(side, LEFT, buff=units(INSIDE)))


def few(run: Trace, name: str, room: Room, others: str, spec: str = ".1%", apart: bool = False) -> NextTokens:
    """A short list of next tokens, and all others by their name."""
    return NextTokens(run[name], room, others=(run[f"{name}_others"], others), spec=spec, apart=apart)


def turns_of(told: NamedTensor) -> list[tuple[int, int, int]]:
    """Of each turn of a chat but the first, of the system: who speaks, where that begins, and where it ends."""
    labels = [str(label) for label in told.words("position")] + [END_OF_TURN]
    roles = [i + 1 for i, label in enumerate(labels) if label == BEGIN][1:]
    begins = [labels.index(RETURN, role) + 1 for role in roles]
    return [(role, begin, labels.index(END_OF_TURN, begin)) for role, begin in zip(roles, begins, strict=True)]


class Answers:
    """Answers, a line each, after the country that was asked for; on the name a bar as high as its probability."""

    #: Px of a bar for a probability of one, and from its foot up to its number.
    SURE, RAISED = 70.0, 12.0

    def __init__(self, run: Trace, which: Sequence[int], title: str, room: Room) -> None:
        head, body = room.split_rows(50, 4)
        kind = int(bool(which[0]))
        mean, count = run["sure_of_names"].quantity(kind), run["names"].quantity(kind)
        self.title = Words(title, "block", "ink2").begin_in(head)
        self.mean = Words(f"mean of {count} names: {mean:.1%}", "fact", "query").end_in(head)
        rows = body.rows(len(which), 0)
        self.asked, self.lines = VGroup(), VGroup()
        #: The bars of the first answer up to the name; and of each answer that names one, the bar and its number.
        self.bars, self.named = VGroup(), VGroup()
        for place, row in zip(which, rows, strict=True):
            shares = run[f"answer_{place}"]
            last = len(shares) - bool(shares.label("step", len(shares) - 1).startswith(MARK))
            side, rest = row.split_columns(COUNTRY)
            line = Page(run[f"answer_{place}_spaces"].pick(step=slice(0, last)), rest, pitch=row.height)
            if last == len(shares):
                line.words.add(Words("…", "token").next_to(line.words[-1], RIGHT, buff=units(4)))
                line.words[-1].stand_on(line.words[0].baseline)
            self.lines.add(line.words)
            country = Words(f"{run['right'].label('sentence', place)}?", "fact", "ink2").begin_in(side)
            self.asked.add(country.stand_on(line.words[0].baseline))
            if place == which[0]:
                self.name = [text.text for text in line.words].index(COPULA) + 1
                self.bars.add(*(line.bar(i, shares.quantity(i), self.SURE) for i in range(self.name)))
            if run["named"].values[place]:
                named = [text.text for text in line.words].index(COPULA) + 1
                bar = line.bar(named, shares.quantity(named), self.SURE, "query")
                told = number(shares.quantity(named), ".1%", "large cell", "query")
                self.named.add(
                    VGroup(
                        bar, told.next_to(bar, RIGHT, buff=units(10)).align_to(bar, DOWN).shift(UP * units(self.RAISED))
                    )
                )
        below = Room(rows[1].left + COUNTRY, rows[1].top + 30, rows[-1].right, rows[-1].bottom)
        #: What could come after "is" in the first answer.
        self.list = few(run, f"after_is_{which[0]}", below, f"{run['few_others']:,.0f} others")
        #: What all other answers bring.
        self.rest = [part for row in zip(self.asked[1:], self.lines[1:], strict=True) for part in row]

    def types(self, place: int) -> tuple[Animation, ...]:
        """The first answer is written on by a token, with its probability."""
        written = place < self.name
        return (appear(self.lines[0][place]), grow(self.bars[place], DOWN)) if written else ()

    def found(self, right: NamedTensor, capitals: NamedTensor) -> list[VMobject]:
        """A ring around each capital that is right, and one in the colour of a warning around an answer without it."""
        told = zip(self.lines, right.values, capitals.labels["sentence"], strict=False)
        return [
            ring_around(next(text for text in line if text.text == name)) if true else ring_around(line, "warning")
            for line, true, name in told
        ]


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


def compared(listed: NextTokens, was: Quantity, text: str) -> VGroup:
    """The number of the grey bar in the second line of a list, and when it would hold, on the lines below."""
    lines = VGroup(number(was, ".1%", "large cell", "ink2"), Words(text, "note", "ink2"))
    for line, spot in zip(lines, listed.spots[2:], strict=False):
        line.settle(spot).end_at(float(at(listed.room.right, 0)[0]))
    return lines
