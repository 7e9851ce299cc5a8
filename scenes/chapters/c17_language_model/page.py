"""A long text on the stage, line under line: its tokens, bars that stand on them, and streams out of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, Mobject, VGroup, VMobject

from scenes.animations import Travel
from scenes.animations.flights import Travels
from scenes.layout import STAGE, Room, following
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import End, Stands, Thickness, means
from scenes.mobjects.next_tokens import likeliest
from scenes.mobjects.shapes import Box, dashes, frame, rule, stroke
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, typeset, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: What ends a line, as a share of an em the space between words, and between the foot of a word and its bar.
RETURN, SPACE, CLEAR = "↵", 0.28, 1.0
#: How a mark of the template begins.
MARK = "<|"
#: Px of the thinnest stream, and of the lowest bar.
THIN, LEAST = 0.4, 0.05
#: The text, its last vector and the list of tokens, side by side.
PROSE, REST = following(lambda: STAGE.split_columns(1090, 40))
VECTOR, LIST = following(lambda: REST.split_columns(50, 50))
#: Px from a line of words down to its first stream, from there to the last, and of the bend into one.
BELOW, LANES, TURN = 18.0, 18.0, 40.0
#: Px of a bar for a bit of surprise, for vectors as far apart as they are long, and for a probability of one.
BIT, APART, SURE = 3.6, 46.0, 56.0
#: Px of a stream for a weight of one.
BROAD = 30.0
#: Px of a bar on a word: equal, as its height alone is a number.
COLUMN = 20.0
#: Px of one of several slots that are alike, its height, and px to the next.
SLOT, UPRIGHT, NEXT = 9.0, 36.0, 8.0
#: The place in the text of the word whose merges are shown.
WHOLE = 3
#: How many tokens are listed by their weights, and the weight from which on one has a stream.
SEEN, FAINT = 6, 0.02
#: Px of a probability of one in the list.
WHOLE_BAR = 270.0


class Page(VGroup):
    """A text as it is read, a word for each token; what belongs to one word is not parted by the end of a line.

    Args:
        spaces: along an axis of tokens, whether a space stands before each.
        room: the rectangle that is filled; the lines are `pitch` px apart, by default so that they fill it.
        style: of its words; the marks of a chat are in another colour, and lines end where one says so.
        own: a name; words of pages with another name are other words to a match cut: they would cross on their way.
    """

    def __init__(
        self, spaces: NamedTensor, room: Room, style: str = "token", pitch: float = 0.0, own: str = ""
    ) -> None:
        self.room, self.style, self.axis = room, style, spaces.axes[0]
        labels = spaces.words(self.axis)
        self.words = VGroup(self._word(label) for label in labels)
        if own:
            for place, text in enumerate(self.words):
                text.key = (own, place, text.text)
        lines = self._broken(labels, spaces.values)
        self.pitch = pitch or min(118.0, room.height / len(lines))
        em = typeset(style).size
        self.clear = units(CLEAR * em)
        for place, line in enumerate(lines):
            x, base = float(at(room.left, 0)[0]), float(at(0, room.top + (place + 1) * self.pitch - 14)[1])
            for at_token in line:
                x += units(SPACE * em) if spaces.values[at_token] and at_token != line[0] else 0.0
                self.words[at_token].begin_at(x).stand_on(base)
                x += self.words[at_token].advance * units(em)
        self.lines, self.line_of = lines, {i: n for n, line in enumerate(lines) for i in line}
        super().__init__(self.words)

    def _word(self, label: Label) -> Words:
        role = "ink3" if label == RETURN else "query" if label.startswith(MARK) else "ink"
        return means(word(label, self.style, role), Stands(label))

    def _broken(self, labels: Sequence[Label], spaces: np.ndarray) -> list[list[int]]:
        """The places of the tokens of each line."""
        em = typeset(self.style).size
        lines: list[list[int]] = [[]]
        x, place = 0.0, 0
        while place < len(labels):
            end = place + 1
            while end < len(labels) and not spaces[end] and str(labels[end - 1]) != RETURN:
                end += 1
            wide = sum(self.words[i].advance for i in range(place, end)) * em
            if lines[-1] and (x + wide > self.room.width or str(labels[place - 1]) == RETURN):
                lines.append([])
                x = 0.0
            x += wide + SPACE * em
            lines[-1].extend(range(place, end))
            place = end
        return lines

    def bars(self, values: NamedTensor, unit: float, role: str = "weight") -> VGroup:
        """A bar on each word, `unit` px high for a one; with fewer values than words, on the last ones."""
        first = len(self.words) - len(values)
        return VGroup(self.bar(place, value, unit, role) for place, value in enumerate(values.quantities(), first))

    def bar(self, place: int, value: Quantity, unit: float, role: str = "weight") -> Box:
        """The bar on one word."""
        text = self.words[place]
        bar = bar_of(value, "height", unit, COLUMN, role, 2, LEAST)
        return bar.move_to(np.array([text.get_x(), text.baseline + self.clear, 0]), DOWN)

    def floors(self) -> VGroup:
        """The line on which the bars of each line stand."""
        lines = VGroup()
        for line in self.lines:
            first, last = self.words[line[0]], self.words[line[-1]]
            floor = Box(float(last.get_right()[0] - first.get_left()[0]) * 135, 1.5, palette().line, 0.5)
            lines.add(floor.move_to(np.array([first.get_left()[0], first.baseline + self.clear - units(1.5), 0]), LEFT))
        return lines

    def streams(self, weights: NamedTensor, to: VMobject, role: str) -> VGroup:
        """A stream from each token of some weights into an upright vector.

        It runs between two lines of words: that of a later token above those of earlier ones, so that none crosses.
        """
        streams, edge = VGroup(), float(at(self.room.right, 0)[0])
        top, foot = to.get_top()[1] - units(20), to.get_bottom()[1] + units(20)
        for place, weight in zip(weights.kept["key"], weights.quantities(), strict=True):
            text, line = self.words[place], VMobject(stroke_color=palette().role(role))
            within = self.lines[self.line_of[place]]
            deep = 1 - (within.index(place) + 0.5) / len(within)
            start = text.get_bottom() + DOWN * units(3)
            lane = text.baseline - units(BELOW + LANES * deep)
            down, turn = np.array([start[0], lane, 0]), RIGHT * units(TURN)
            out = np.array([max(edge, start[0] + 2 * turn[0]), lane, 0])
            end = np.array([to.get_left()[0], top + (foot - top) * (self.line_of[place] + deep) / len(self.lines), 0])
            over = RIGHT * (end - out)[0] / 2
            way = [start, down, down, down + turn, down + turn, down + turn, out, out, out, out + over, end - over, end]
            line.points = np.array(way)
            line.set_stroke(width=stroke(THIN + BROAD * float(weight)), opacity=0.5)
            streams.add(means(line, Thickness(weight, BROAD, THIN), End(weight, first=True, axis="key", alone=True)))
        return streams

    def tie(self, to: VMobject, text: Words | None = None) -> VMobject:
        """From a word, by default the last one, to its vector, level with the word."""
        start = (text or self.words[-1]).get_right() + RIGHT * units(10)
        return rule(start, np.array([to.get_left()[0] - units(6), start[1], 0]), "residual", 3)

    def slots(self, count: Quantity) -> VGroup:
        """As many equal slots as a perplexity says, above the end of the last line."""
        right, foot = float(at(self.room.right, 0)[0]), self.words[-1].baseline + units(52)
        row = VGroup(frame(SLOT, UPRIGHT, "query", 2, 2) for _ in range(round(float(count))))
        row.arrange(RIGHT, buff=units(NEXT))
        return row.move_to(np.array([right - float(row.width) / 2, foot, 0]), DOWN)

    def levels(self, value: Quantity, unit: float) -> VGroup:
        """A dashed line over each line of words, as high as a bar for `value`."""
        floors = self.floors()
        lift = np.array([0, units(unit * float(value)), 0])
        return VGroup(dashes(one.get_left() + lift, one.get_right() + lift, "query", 3) for one in floors)

    def legend(self, text: str, role: str = "ink2", above: bool = False) -> Words:
        """The meaning of the bars, at the end of the last line, or above that."""
        words = Words(text, "fact", role).stand_on(self.words[-1].baseline + units(42 if above else 0))
        return words.end_at(float(at(self.room.right, 0)[0]))

    def measure(self, value: Quantity, unit: float, text: str, role: str = "weight") -> VGroup:
        """The scale of the bars, at the end of the last line: one of them, and its number in `text`."""
        words, bar = self.legend(text), bar_of(value, "height", unit, COLUMN, role, 2, 0)
        spot = np.array([words.get_left()[0] - units(2 * COLUMN), words.baseline, 0])
        return VGroup(bar.move_to(spot, DOWN), words)

    def told(self, share: Quantity) -> Words:
        """A share behind the last word."""
        text = self.words[-1]
        return number(share, "share", "stage number").next_to(text, RIGHT, buff=units(24)).stand_on(text.baseline)

    def next_line(self) -> Room:
        """The room for one more line below."""
        top = self.room.top + len(self.lines) * self.pitch
        return Room(self.room.left, top, self.room.right, top + self.pitch)

    def going_on(self, spaces: NamedTensor) -> VGroup:
        """The words that follow the last one, on the next line if there is no room."""
        more = Page(spaces, self.next_line(), self.style, self.pitch)
        begin = float(self.words[-1].get_right()[0]) + units(SPACE * typeset(self.style).size)
        if begin + float(more.words.width) <= at(self.room.right, 0)[0]:
            shift = np.array([begin - float(more.words[0].get_left()[0]), units(self.pitch), 0])
            more.shift(shift)
        return more.words


class Next(VGroup):
    """The token that is likeliest after a text, where it would be written, under a bar of its probability."""

    def __init__(self, page: Page, found: NamedTensor, unit: float) -> None:
        self.words = page.going_on(found)
        text = self.words[0].set_fill(palette().query)
        share = found.quantity(0)
        self.bar = bar_of(share, "height", unit, COLUMN, "query", 2, 0)
        self.bar.move_to(np.array([text.get_x(), text.baseline + page.clear, 0]), DOWN)
        self.number = number(share, "share", "stage number", "query")
        self.number.next_to(text, RIGHT, buff=units(24)).stand_on(text.baseline)
        super().__init__(self.words, self.bar, self.number)


def through_layers(rows: NamedTensor) -> tuple[VGroup, Room]:
    """A vector on end as it enters the first layer and after each, shaded by its own largest entry; a room below."""
    body, foot = REST.split_rows(-60)
    columns = VGroup()
    for i, room in enumerate(body.columns(len(rows), 0)):
        row = Heatmap(rows.pick(layer=(i,)), body.height, 0.8 * room.width)
        row.remove(row.backdrop)
        columns.add(standing(row).move_to(room.centre))
    return columns, foot


def strongest(weights: NamedTensor) -> NamedTensor:
    """The weights that have a stream."""
    places = tuple(place for place in likeliest(weights, SEEN) if weights.values[place] > FAINT)
    found: NamedTensor = weights.pick(key=places)
    return found


def standing(strip: VGroup) -> VGroup:
    """A vector on end, its first entry on top."""
    strip.rotate(-np.pi / 2)
    return strip


def moved(old: Sequence[Mobject], new: Sequence[Mobject], kind: str = "row") -> Travels:
    """Each of several things goes to where its successor stands, and becomes it."""
    return Travels([Travel(a, b, 0, kind, leaving=True) for a, b in zip(old, new, strict=True)])
