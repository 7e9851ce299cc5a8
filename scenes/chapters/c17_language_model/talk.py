"""Chats: what their user sees, how many tokens have a place, what is recalled, and how sure answers are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import appear, grow
from scenes.chapters.c17_language_model.page import BROAD, CLOSE, MARK, RETURN, TextPage
from scenes.layout import STAGE, Following, Room, following
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import AxisSpan, End, Tick, means
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.shapes import Box, arrow, dot, rule, stroke
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where the question and the answer of a chat stand.
ASKED, ANSWERED = following(lambda: [row.inset(60, 90) for row in STAGE.rows(2)])
#: What an answer says before it names the capital.
COPULA = "is"
#: Px along a line of a chat that is read, from line to line, and of a line with bars above it.
READ, LINE, BARRED = 1600.0, 92.0, 150.0
#: What is left beside the short lines of a chat.
BESIDE = Following(lambda: STAGE.split_columns(-514)[1].split_rows(-3 * BARRED)[1])
#: The field of places, and below it one chat or two.
WINDOW, CHATS = following(lambda: STAGE.split_rows(220, 24))
#: The turns of a new chat; px of what is said in one, of who says it, and from the side of its window.
NEW, SAID, SPEAKER, SPACE = 2, 800.0, 190.0, 40.0
#: Two answers, one below the other, and below them the lanes of all.
FULL, LANES = following(lambda: STAGE.split_rows(450, 30))
#: Px of a bar for a probability of one; of the title of a lane, of what lies behind its end, of its height, of a dot,
#: and of a mean.
CERTAIN, LANE, SCALE, THICK, DOT, TALL = 110.0, 420.0, 50.0, 48.0, 12.0, 26.0
#: Px from the foot of a bar up to a number beside it.
RAISED = 14.0
#: The marks of a turn.
BEGIN, END_OF_TURN = "<|im_start|>", "<|im_end|>"
#: Px from the longest line to an arc around it, of the arc's bends up out of a word and back to one, and from these.
ASIDE, RISE, HOOK, AWAY = 44.0, 44.0, 70.0, 16.0


class ChatMessage(VGroup):
    """A message of a chat, as its user sees it: from the left, or up to the right."""

    def __init__(self, spaces: NamedTensor, room: Room, right: bool = False) -> None:
        line = TextPage(spaces, room.inset(30, 0), CLOSE, room.height)
        self.words = line.words
        wide = pixels(self.words.width) + 72
        self.box = Box(wide, room.height, palette().surface, 30, palette().role("query" if right else "residual"), 3)
        edge = room.right - wide / 2 if right else room.left + wide / 2
        self.box.move_to(at(edge, (room.top + room.bottom) / 2))
        self.words.move_to(self.box)
        for text in self.words:
            text.paper = self.box
        super().__init__(self.box, self.words)


class ContextWindow:
    """The context window as a field of places, of which a text takes the first.

    Args:
        places: how many tokens have one.
        taken: tokens of the text.
    """

    ROWS = 32

    def __init__(self, places: Quantity, taken: int, room: Room) -> None:
        room, self.foot = room.split_rows(-44)
        columns = int(places) // self.ROWS
        wide, high = room.width / columns, room.height / self.ROWS
        self.field = Box.of(room, palette().line, 4, palette().ink3, 3)
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
        self.title = Words(f"{places:,.0f} places", "fact", "ink2").end_in(self.foot)
        self.ground = VGroup(self.field, self.grid, self.title)

    def taken(self, count: Quantity) -> Words:
        """Write the number of taken places below the field."""
        return Words(f"{count} taken", "fact", "query").begin_in(self.foot)


class RecalledName:
    """A chat in its window, line by line, up to an answer that is begun; a new chat has the last `NEW` lines alone."""

    def __init__(self, run: Trace, room: Room) -> None:
        told = run["told"]
        #: What the field of places becomes.
        self.field = Box.of(room, palette().background, 4, palette().ink3, 3)
        turns, left = turns_of(told), room.inset(SPACE, RAISED).split_columns(SAID)[0]
        self.said = VGroup()
        for row, (who, begin, end) in zip(left.rows(len(turns), 0), turns, strict=True):
            side, rest = row.split_columns(SPEAKER)
            speaker = TextPage(told.pick(position=slice(who, begin - 1)), side, "fact", side.height)
            speaker.words.set_fill(palette().ink2)
            line = TextPage(told.pick(position=slice(begin, end)), rest, CLOSE, rest.height)
            self.said.add(VGroup(speaker, line))

    def look(self, weights: NamedTensor) -> VGroup:
        """An arc from the first name that is said to the last token, as thick as its attention weight, and that."""
        words = [text for line in self.said for text in line[1].words]
        key = weights.largest()[0]
        start = next(text for text in words if text.text == key).get_top() + UP * units(AWAY)
        end, weight = words[-1].get_right() + RIGHT * units(AWAY), weights.quantity(key.position)
        side = np.array([max(float(text.get_right()[0]) for text in words) + units(ASIDE), (start + end)[1] / 2, 0])
        up, back = UP * units(RISE), RIGHT * units(HOOK)
        above, below = (side + (tip - side)[1] * UP for tip in (start, end))
        line = VMobject(stroke_color=palette().weight, stroke_opacity=0.6)
        line.points = np.array([start, start + up, above + up, side, side, below, end + back, end])
        as_thick_as(weight, line, 0.0, BROAD, End(weight, first=True, axis="key"))
        told = Words(f"attention {weight:share}", "stage number", "weight").next_to(line, RIGHT, units(ASIDE))
        return VGroup(line, told)


def turns_of(told: NamedTensor) -> list[tuple[int, int, int]]:
    """Of each turn of a chat but the first, of the system: who speaks, where that begins, and where it ends."""
    labels = [str(label) for label in told.words("position")] + [END_OF_TURN]
    roles = [i + 1 for i, label in enumerate(labels) if label == BEGIN][1:]
    begins = [labels.index(RETURN, role) + 1 for role in roles]
    return [(role, begin, labels.index(END_OF_TURN, begin)) for role, begin in zip(roles, begins, strict=True)]


class WrittenAnswer:
    """An answer as it is written, each token up to the name under a bar as high as its probability."""

    def __init__(self, run: Trace, place: int, room: Room) -> None:
        shares = run[f"answer_{place}"]
        last = len(shares) - bool(shares.label("step", len(shares) - 1).startswith(MARK))
        page = TextPage(run[f"answer_{place}_spaces"].pick(step=slice(last)), room, CLOSE)
        self.floor = page.floors()
        self.words, self.name = page.words, [*map(str, shares.words("step"))].index(COPULA) + 1
        self.bars = [page.bar(i, shares.quantity(i), CERTAIN, "weight") for i in range(self.name)]
        self.bar = page.bar(self.name, shares.quantity(self.name), CERTAIN, "query")
        self.number = number(shares.quantity(self.name), ".1%", "stage number", "query")
        self.number.next_to(self.bar, RIGHT, buff=units(16)).align_to(self.bar, DOWN).shift(UP * units(RAISED))
        #: What is written after the name; dots where the answer goes on.
        self.rest = [*page.words[self.name + 1 :]]
        if last == len(shares):
            self.rest.append(Words("…", CLOSE, "ink3").begin_at(float(page.words.get_right()[0]) + units(8)))
            self.rest[-1].stand_on(page.words[0].baseline)

    def types(self, place: int) -> tuple[Animation, ...]:
        """The answer is written on by a token, with its probability."""
        return (appear(self.words[place]), grow(self.bars[place], DOWN)) if place < self.name else ()


class NameProbabilities:
    """The probabilities of names that follow in answers, as dots between nothing and one, with their mean."""

    def __init__(self, run: Trace, places: Sequence[int], title: str, room: Room) -> None:
        self.places, (self.side, rest) = places, room.split_columns(LANE)
        span, (left, y), right = AxisSpan(0, 0.0, 1.0), (rest.left, (rest.top + rest.bottom) / 2), rest.right - SCALE
        ends = (Words(text, "aside", "ink2").settle(at(x, y + 46)) for x, text in ((left, "never"), (right, "certain")))
        self.title = Words(title, "fact", "ink2").begin_in(self.side)
        #: From a probability of nothing to that of one.
        self.track = means(Box(right - left, THICK, palette().surface, 4).move_to(at((left + right) / 2, y)), span)
        self.ground = VGroup(self.track, *(ends if places[0] else ()))
        answers = [run[f"answer_{place}"] for place in places if run["named"].values[place]]
        names = [one.quantity([*map(str, one.words("step"))].index(COPULA) + 1) for one in answers]
        mean = run["sure_of_names"].quantity(int(bool(places[0])))
        spots = [np.array([span.spot(float(one), self.track), self.track.get_y(), 0]) for one in (*names, mean)]
        dots = VGroup(
            means(dot(spot, DOT, "ink"), Tick(one, span)) for spot, one in zip(spots[:-1], names, strict=True)
        )
        first = int(run["named"].values[places[0]])
        #: That of the first place, if a name stands there, and those of the others.
        self.first, self.dots = dots[:first], dots[first:]
        tick = means(rule(spots[-1] + UP * units(TALL), spots[-1] + DOWN * units(TALL), "query", 6), Tick(mean, span))
        told = number(mean, ".1%", "stage number", "query").next_to(tick, UP, buff=units(8))
        self.mean = VGroup(tick, told)

    def recalled(self, chat: str, name: Label, share: Quantity) -> VGroup:
        """The probability of one name in a chat, as a bar in the same track."""
        bar = bar_of(share, "width", pixels(self.track.width), THICK, "query").move_to(self.track.get_left(), LEFT)
        told = Words(f"{name} {share:.2%}", "stage number", "query").next_to(bar, RIGHT, units(RAISED))
        told.paper = self.track
        return VGroup(Words(chat, "fact", "ink2").begin_in(self.side), told, bar)


def between(question: ChatMessage, answer: ChatMessage) -> VGroup:
    """From a question to its answer."""
    start, end = question.box.get_bottom(), answer.box.get_top()
    return arrow(np.array([0, start[1] - units(16), 0]), np.array([0, end[1] + units(16), 0]), "ink3", 6, 26)


def in_a_row(labels: Sequence[Label]) -> VGroup:
    """Tokens as chips, across the stage."""
    return STAGE.inset(60).fit(VGroup(map(Token, labels)).arrange(buff=units(16)), most=1.7)
