"""A long text on the stage, line under line: its tokens, bars that stand on them, and arcs between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Mobject, VGroup, VMobject

from scenes.animations import Travel, leave, ring_around
from scenes.animations.flights import Travels
from scenes.layout import STAGE, Room, following
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import End, Stands, means
from scenes.mobjects.next_tokens import NextTokens
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.shapes import Box, arch, curve, dashes, frame, hatching, rule
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, gap, palette, pixels, typeset, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: What ends a line, and as a share of an em the space between the foot of a word and its bar.
RETURN, CLEAR = "↵", 1.0
#: How a mark of the template begins.
MARK = "<|"
#: Px of the thinnest stream, and of the lowest bar.
THIN, LEAST = 0.4, 0.05
#: How many lines a page is high.
LINES = 11
#: The text, its last vector and the list of tokens, side by side.
PROSE, REST = following(lambda: STAGE.split_columns(928, 40))
VECTOR, LIST = following(lambda: REST.split_columns(50, 50))
#: Px from a line to its vector, from a word up to an arc, of the rise of a short arc, and what the longest rises more.
TIED, TOUCH, LOW, HIGH = 56.0, 10.0, 90.0, 400.0
#: Px of a bar for a probability of one, in the lines of a text.
SURE = 70.0
#: Px of a stream for a weight of one.
BROAD = 30.0
#: Px of a bar on a word, and on a large one: equal, as its height alone is a number.
COLUMN, WIDE = 20.0, 42.0
#: The type of a few words that are looked at closely.
CLOSE = "large word"
#: Px of a bar for a probability of one, where it stands on a word.
LIKELY = 400.0
#: How many tokens are looked at closely at the beginning of the text, at the name, and at the end.
BEGUN, AT_NAME, LAST = 4, 2, 2
#: Where the first words of a text are looked at closely, with px of a bar for a bit of surprise.
FIRST, BIT = Room(STAGE.left, STAGE.top, STAGE.right, 760.0), 22.0
#: Above them, the lanes of all tokens through all layers.
FRONT = FIRST.split_rows(-120)[0]
#: Where the surprise of all tokens stands, and above it as many slots as a perplexity says.
SLOTS, ALL = following(lambda: STAGE.split_rows(190, 30))
#: Px of a bar for a bit where all stand side by side, the share of its room that one takes, and px for a mean beside.
SMALL, FILLED, MEAN = 18.0, 0.72, 300.0
#: The place in the text of the word whose merges are shown.
WHOLE = 3
#: Px from a word down to its number, and from a level up to its text; of a line for a title, and around a field.
BENEATH, LIFTED, HEAD, RIM = 46.0, 16.0, 44.0, 12.0
#: Px of the names, numbers and bars of what is compared above a text, and how many such lines its room would hold.
NAMED, TOLD, SLIM, FIT = 520.0, 120.0, 36.0, 5
#: A probability of two bits.
QUARTER = 0.25
#: The weight from which on a token has an arc.
FAINT = 0.02
#: Px of a probability of one in the list.
WHOLE_BAR = 200.0


class TextPage(VGroup):
    """A text as it is read, a word for each token; what belongs to one word is not parted by the end of a line.

    Args:
        spaces: along an axis of tokens, whether a space stands before each.
        room: the rectangle that is filled; the lines are `pitch` px apart, by default so that they fill it.
        style: of its words; the marks of a chat are in another colour, and lines end where one says so. Where tokens
            are left out, an ellipsis stands for them.
    """

    def __init__(self, spaces: NamedTensor, room: Room, style: str = "token", pitch: float = 0.0) -> None:
        self.room, self.style, self.axis = room, style, spaces.axes[0]
        labels, kept = spaces.words(self.axis), spaces.kept[self.axis]
        #: Between words, as a share of an em: room for a frame around one.
        self.space, self.left_out = 0.33 if style == CLOSE else 0.44, VGroup()
        self.words = VGroup(self._word(label) for label in labels)
        lines = self._broken(labels, spaces.values)
        self.pitch = pitch or (room.height if style == CLOSE else min(118.0, room.height / len(lines)))
        em = typeset(style).size
        self.clear = units(CLEAR * em)
        for place, line in enumerate(lines):
            x, base = float(at(room.left, 0)[0]), float(at(0, room.top + (place + 1) * self.pitch - 14)[1])
            for at_token in line:
                x += units(self.space * em) if spaces.values[at_token] and at_token != line[0] else 0.0
                if at_token and kept[at_token] > kept[at_token - 1] + 1:
                    self.left_out.add(dots := Words("…", style, "ink3").begin_at(x).stand_on(base))
                    x += (dots.advance + self.space) * units(em)
                self.words[at_token].begin_at(x).stand_on(base)
                x += self.words[at_token].advance * units(em)
        self.lines, self.line_of = lines, {i: n for n, line in enumerate(lines) for i in line}
        #: All that is written, in an order of its own.
        self.parts = VGroup(*self.words, *self.left_out)
        super().__init__(self.words, self.left_out)

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
            x += wide + self.space * em
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
        bar = bar_of(value, "height", unit, WIDE if self.style == CLOSE else COLUMN, role, 2, LEAST)
        return bar.move_to(np.array([text.get_x(), text.baseline + self.clear, 0]), DOWN)

    def floors(self) -> VGroup:
        """The line on which the bars of each line stand."""
        lines = VGroup()
        for line in self.lines:
            first, last = self.words[line[0]], self.words[line[-1]]
            floor = Box(pixels(last.get_right()[0] - first.get_left()[0]), 1.5, palette().line, 0.5)
            lines.add(floor.move_to(np.array([first.get_left()[0], first.baseline + self.clear - units(1.5), 0]), LEFT))
        return lines

    def looks(self, weights: NamedTensor, role: str) -> tuple[VGroup, VGroup, list[Quantity]]:
        """Arcs from the words that have weight into the last one, the largest below its word, and all of them."""
        arcs, numbers, seen = VGroup(), VGroup(), []
        end, whole = self.words[-1].get_top() + UP * units(TOUCH), float(self.width)
        for place, weight in enumerate(weights.quantities()):
            if weight <= FAINT:
                continue
            if weight == weights.largest()[-1]:
                told = Words(f"attention {weight:share}", "stage number", role)
                numbers.add(told.settle(self._foot(place)).begin_at(self.words[place].get_left()[0]))
            if place == len(weights) - 1:
                continue
            start = self.words[place].get_top() + UP * units(TOUCH)
            rise = LOW + HIGH * (end - start)[0] / whole
            line = arch(start, end, rise, role).set_stroke(opacity=0.6)
            arcs.add(as_thick_as(weight, line, THIN, THIN + BROAD, End(weight, first=True, axis="key", alone=True)))
            seen.append(weight)
        return arcs, numbers, seen

    def tie(self, to: VMobject, text: Words | None = None) -> VMobject:
        """From a word, by default the last one, to its vector, level with the word."""
        start = (text or self.words[-1]).get_right() + RIGHT * units(10)
        return rule(start, np.array([to.get_left()[0] - units(TIED), start[1], 0]), "residual", 3)

    def below(self, place: int, value: Quantity, spec: str = ".2f") -> Words:
        """A number below a word."""
        return number(value, spec, "stage number", "query").settle(self._foot(place))

    def _foot(self, place: int) -> np.ndarray:
        text = self.words[place]
        return np.array([text.get_x(), text.baseline - units(BENEATH), 0])

    def told(self, share: Quantity) -> Words:
        """A share behind the last word."""
        text = self.words[-1]
        told = number(share, "share", "stage number", "weight").next_to(text, RIGHT, buff=units(24))
        return told.stand_on(text.baseline)

    def next_line(self) -> Room:
        """The room for one more line below."""
        top = self.room.top + len(self.lines) * self.pitch
        return Room(self.room.left, top, self.room.right, top + self.pitch)

    def going_on(self, spaces: NamedTensor) -> VGroup:
        """The words that follow the last one, on the next line if there is no room."""
        more = TextPage(spaces, self.next_line(), self.style, self.pitch)
        space = self.space * typeset(self.style).size * bool(spaces.values[0] or self.words[-1].text == RETURN)
        begin = float(self.words[-1].get_right()[0]) + units(space)
        if begin + float(more.words.width) <= at(self.room.right, 0)[0]:
            shift = np.array([begin - float(more.words[0].get_left()[0]), units(self.pitch), 0])
            more.shift(shift)
        return more.words


class NextToken(VGroup):
    """The token that is likeliest after a text, where it would be written, under a bar of its probability."""

    def __init__(self, page: TextPage, found: NamedTensor, unit: float, role: str = "query") -> None:
        self.words = page.going_on(found)
        text = self.words[0].set_fill(palette().query)
        share = found.quantity(0)
        self.bar = bar_of(share, "height", unit, WIDE if page.style == CLOSE else COLUMN, role, 2, 0)
        self.bar.move_to(np.array([text.get_x(), text.baseline + page.clear, 0]), DOWN)
        self.number = number(share, "share", "stage number", role).next_to(text, RIGHT, buff=units(12))
        self.number.stand_on(text.baseline)
        super().__init__(self.words, self.bar, self.number)

    def clear(self) -> Self:
        """Stand a word's space farther right, clear of a ring around the last word."""
        return self.shift(RIGHT * gap("word"))


class LongText:
    """A long text, its last vector, and what is likeliest next; and a few of its words, large and in one place."""

    def __init__(self, run: Trace) -> None:
        self.page = TextPage(run["text_0"], PROSE, pitch=PROSE.height / LINES)
        last = run["last"].pick(layer=int(run["layers"]))
        self.last = standing(Strip(last, VECTOR.height, VECTOR.width)).move_to(VECTOR.centre)
        others = run["likely_others"], f"{run['others_count']:,.0f} others"
        self.likely = NextTokens(run["likely"], LIST, others=others, whole=WHOLE_BAR)
        #: These words as they are, with another name, and what follows either.
        name, count = int(run["name"]), int(run["tokens"])
        self.kept = (*range(BEGUN), *range(name + 1 - AT_NAME, name + 1), *range(count - LAST, count))
        self.text, self.other = (
            TextPage(run[f"text_{which}"].pick(position=self.kept), FIRST, CLOSE) for which in range(2)
        )
        self.guess = NextToken(self.text, run["next_0"], LIKELY).clear()
        self.now = NextToken(self.other, run["next_1"], LIKELY).clear()
        #: The last vector, above its word.
        self.vector = standing(Strip(last, LIKELY, VECTOR.width)).match_x(self.text.words[-1])
        self.vector.align_to(self.guess.bar, DOWN)
        #: The place of the name among these words, and a ring around it.
        self.place = self.kept.index(name)
        self.ring = ring_around(self.text.words[self.place])

    def close_up(self) -> tuple[Animation, ...]:
        """Keep what is looked at closely, and let the rest of the text and of the list go."""
        found, likely = self.guess, self.likely
        rest = [text for place, text in enumerate(self.page.words) if place not in self.kept]
        first = likely.bars[0], likely.names[0], likely.numbers[0]
        old = *(self.page.words[place] for place in self.kept), self.last, *first
        gone = leave(*rest, *likely.names[1:], *likely.numbers[1:], *likely.bars[1:], likely.rest)
        return gone, moved(old, [*self.text.words, self.vector, found.bar, found.words, found.number])


class VectorChanges:
    """The move of each token's vector, as shades: a lane for a token, a floor for a layer, the input below.

    Args:
        apart: the distances, "layer position".
        name: the place of the token that was changed.
    """

    def __init__(self, apart: NamedTensor, name: int) -> None:
        head, paper = FRONT.split_rows(HEAD, 12)
        body, (layers, tokens) = paper.inset(RIM), apart.shape
        self.scale, self.pitch, self.body = full_colour(apart), body.width / tokens, body
        rooms = [*reversed(body.rows(layers, 0))]
        self.floors = VGroup()
        for layer, place in enumerate(rooms):
            floor = Heatmap(apart.pick(layer=(layer,)), body.width, place.height, self.scale)
            floor.remove(floor.backdrop)
            self.floors.add(floor.move_to(place.centre))
        self.head, self.paper = head, Box.of(paper, palette().surface, 0)
        before = Room(body.left, body.top, body.left + name * self.pitch, body.bottom)
        shut = before.inset(RIM, HEAD + RIM)
        lines, plate = hatching(shut.width, shut.height), Box(before.width, HEAD, palette().surface, 0)
        told = Words("causal mask", "fact", "ink", plate).settle(plate.get_center())
        self.masked = VGroup(lines.set_stroke(palette().ink3), plate, told).move_to(shut.centre)

    def around(self, layer: int, place: int) -> VMobject:
        """A frame around a cell."""
        high = self.body.height / len(self.floors)
        spot = self.foot(place) + UP * units((layer + 0.5) * high)
        return frame(2 * self.pitch, 2 * high, "focus", 3, 4).move_to(spot)

    def foot(self, place: int) -> np.ndarray:
        """The lower end of the lane of a token."""
        return at(self.body.left + (place + 0.5) * self.pitch, self.body.bottom)

    def tie(self, text: Words, place: int) -> VMobject:
        """From a word up to its lane."""
        return curve(text.get_top() + UP * units(10), self.foot(place) + DOWN * units(8), "ink3")

    def chances(self, probs: NamedTensor) -> VGroup:
        """Bars in the lanes: how likely each token but the first was, after those before it; first, what they say."""
        chances = VGroup(Words("how likely each token was; full height: certain", "fact", "ink2").begin_in(self.head))
        for place, chance in enumerate(probs.quantities(), 1):
            bar = bar_of(chance, "height", pixels(self.paper.height), FILLED * self.pitch, "query", 0, LEAST)
            chances.add(bar.move_to(self.foot(place)).align_to(self.paper, DOWN))
        return chances


class TokenBars(VGroup):
    """A bar for each token of a whole text, side by side along the foot of the stage, without the words."""

    def __init__(self, values: NamedTensor) -> None:
        room, self.side = ALL.split_columns(-MEAN, 20)
        pitch, foot = room.width / len(values), at(room.left, room.bottom)
        self.bars = VGroup(
            bar_of(value, "height", SMALL, FILLED * pitch, "weight", 2, LEAST).move_to(
                foot + RIGHT * units((place + 0.5) * pitch), DOWN
            )
            for place, value in enumerate(values.quantities())
        )
        self.floor = Box(room.width, 1.5, palette().line, 0.5).move_to(foot, LEFT)
        super().__init__(self.floor, self.bars)

    def level(self, value: Quantity, text: str) -> VGroup:
        """A dashed line as high as a bar for `value`, and beside it what it is."""
        lift = UP * units(SMALL * float(value))
        line = dashes(self.floor.get_left() + lift, self.floor.get_right() + lift, "query", 4)
        return VGroup(line, Words(text, "block", "query").settle(line.get_end()).begin_at(at(self.side.left, 0)[0]))


def told_on(bar: VMobject, value: Quantity, spec: str = ".1f", role: str = "ink") -> Words:
    """The number of an upright bar, on top of it."""
    return number(value, spec, "stage number", role).settle(bar.get_top() + UP * units(BENEATH / 2))


def ablated(told: Iterable[tuple[str, Quantity]]) -> list[VGroup]:
    """Above a text that is looked at closely, a probability a line: its name, its bar, and its number."""
    lines = FIRST.inset(0, HEAD).rows(FIT, 0)
    rows = []
    for (name, share), (side, rest) in zip(told, (line.split_columns(NAMED, 40) for line in lines), strict=False):
        bar = bar_of(share, "width", rest.width - TOLD, SLIM, "query", 4).move_to(rest.centre)
        bar.align_to(at(rest.left, 0), LEFT)
        told_at = number(share, "share", "large number", "query").next_to(bar, RIGHT, buff=units(24))
        rows.append(VGroup(Words(name, "block").end_in(side), bar, told_at))
    return rows


def before(old: VMobject, new: VMobject) -> VMobject:
    """A faint copy of what stood there, below what stands there now."""
    return old.copy().set_fill(palette().ink2).next_to(new, DOWN, units(LIFTED)).align_to(new, LEFT)


def quarter_of(probs: NamedTensor) -> int:
    """The place of the probability that is nearest to a quarter."""
    return int(np.abs(probs.values - QUARTER).argmin())


def slots(count: Quantity, text: str) -> VGroup:
    """As many equal slots as a perplexity says, across the stage, below a text."""
    head, each = SLOTS.split_rows(HEAD)
    rooms = each.columns(round(float(count)), 0)
    many = (frame(FILLED * one.width, FILLED * one.width, "query", 3, 4).move_to(one.centre) for one in rooms)
    return VGroup(Words(text, "block", "query").begin_in(head), *many)


def through_layers(rows: NamedTensor) -> tuple[VGroup, Room]:
    """A vector on end as it enters the first layer and after each, shaded by its own largest entry; a room below."""
    body, foot = REST.split_rows(-60)
    columns = VGroup()
    for i, room in enumerate(body.columns(len(rows), 0)):
        row = Heatmap(rows.pick(layer=(i,)), body.height, 0.8 * room.width)
        row.remove(row.backdrop)
        columns.add(standing(row).move_to(room.centre))
    return columns, foot


def standing(strip: VGroup) -> VGroup:
    """A vector on end, its first entry on top."""
    strip.rotate(-np.pi / 2)
    return strip


def moved(old: Sequence[Mobject], new: Sequence[Mobject], kind: str = "row") -> Travels:
    """Each of several things goes to where its successor stands, and becomes it."""
    return Travels([Travel(a, b, 0, kind, leaving=True) for a, b in zip(old, new, strict=True)])
