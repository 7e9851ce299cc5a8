"""A row of tokens, and an arc for each attention weight: above the row, below it, and mirrored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import Play, Riding, Travel, appear, exchange, grow, leave, move_ring, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_in, bar_of
from scenes.mobjects.marks import End, Stands, means
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.shapes import Box, arch, dashes, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, line_width
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor

#: Px of the thinnest arc and of one of all the weight; a weight under `SEEN` has no arc.
THIN, THICK, SEEN = 2.0, 24.0, 0.02
#: Px of a chip, of the margin beside its word, and of the bar below it: its width, its greatest length, its distance.
HIGH, EDGE, BAR, LONGEST, BELOW = 66.0, 16.0, 72.0, 110.0, 16.0
#: Lines of a room, and those on which one row and two rows stand; px that their arcs rise: a fan, an arc, two rows.
LINES, MIDDLE, TWO = 13, 4.8, (3, 8)
FAN, ARC, PAIR = 200.0, 160.0, 105.0
#: Px beside a bar for its number.
NUMBER = 110.0
#: Px of an arc that has no room for a number.
NARROW = 300.0
#: The share of the attention of a token from which on it looks most at one, and how far ways bend below and above.
MOST, UNDER, OVER = 0.5, -0.5, 0.4
#: How many dashes an arc has, and the share of its part of the arc that each takes.
DASHES, DASH = 14, 0.5


class ArcRow(VGroup):
    """A sentence as chips in a row, with room for arcs above and below.

    Args:
        labels: the tokens.
        row: where the chips stand.
        reach: px that the widest arc rises.
    """

    def __init__(self, labels: Sequence[Label], row: Room = STAGE, reach: float = 260.0) -> None:
        self.chips, self.reach = VGroup(map(self.chip, labels)), reach
        space = (row.width - line_width(self.chips)) / max(1, len(labels) - 1)
        self.chips.arrange(buff=units(space)).move_to(at(row.left, row.top + HIGH / 2), LEFT)
        super().__init__(*self.chips)

    @staticmethod
    def chip(label: Label) -> Token:
        """A token in large type, as wide as it is."""
        return Token(label, "", pixels(word(label, "stage word").width) + 2 * EDGE, HIGH, "stage word")

    def arcs(self, weights: NamedTensor, query: int, up: bool = True, role: str = "weight") -> VGroup:
        """The weights of a query, along "key", as arcs that end at it, above the chips or below them."""
        arcs, labels = VGroup(), [chip.label for chip in self.chips]
        for j, weight in enumerate(weights.quantities()[: len(labels)]):
            if j == query or weight < SEEN:
                continue
            key, asks = self.chips[j], self.chips[query]
            side = 1 if up else -1
            start, end = (chip.get_edge_center(side * UP) for chip in (key, asks))
            line = arch(start, end, side * self.rise(j, query) / 0.75, role)
            arcs.add(as_thick_as(weight, line, THIN, THICK, End(labels[j], first=True), End(labels[query])))
        return arcs

    def rise(self, one: int, other: int) -> float:
        """The height of the arc between two tokens, in px."""
        return self.reach * (0.25 + 0.75 * abs(one - other) / (len(self.chips) - 1))

    def number(self, weight: Quantity, key: int, query: int, up: bool = True) -> Words:
        """A weight inside the arc between two tokens, or, where that is narrow, behind all arcs of the query."""
        side = UP if up else DOWN
        ends = [self.chips[place].get_edge_center(side) for place in (key, query)]
        narrow = abs(ends[0] - ends[1])[0] < units(NARROW)
        high = units(self.rise(0, query) + 44 if narrow else self.rise(key, query) - 50)
        return number(weight, "share", "large number").settle(sum(ends) / 2 + side * high)

    def facing(self, weight: Quantity, key: int, up: bool = True) -> Words:
        """A weight on the side of a token that has no arcs."""
        side = DOWN if up else UP
        return number(weight, "share", "stage number").settle(self.chips[key].get_edge_center(side) + side * units(36))

    def named(self, text: str) -> Words:
        """A name at the left, below the arcs."""
        edge = self.chips[0].get_bottom() + DOWN * units(self.reach)
        return Words(text, "block", "query").settle(edge).begin_at(self.chips[0].get_left()[0])

    def marks(self, weights: NamedTensor) -> dict[int, VGroup]:
        """Below each token that looks most at the one before it, what it can be marked with: what it follows."""
        back = [k for k in range(1, len(self.chips)) if weights.quantity(k, k - 1) > MOST]
        cards = {k: self.following(k - 1, "key", "") for k in back}
        return {k: card.next_to(self.chips[k], DOWN, buff=units(BELOW)) for k, card in cards.items()}

    def following(self, place: int, role: str, end: str) -> VGroup:
        """A card that says "after" a token: a mark, or with a question mark at its `end` what a query looks for."""
        label = self.chips[place].label
        lines = VGroup(Words("after", "aside", role), means(Words(f"{label}{end}", "token", role), Stands(label)))
        lines.arrange(DOWN, buff=units(6))
        wide = max(pixels(lines.width) + EDGE, HIGH)
        box = Box(wide, 1.35 * HIGH, palette().surface, 8, palette().role(role), 2.5)
        return VGroup(box, lines.move_to(box))

    def below(self, card: VGroup, places: Iterable[int]) -> list[np.ndarray]:
        """The places of a card as it passes under tokens, at its own height."""
        return [np.array([self.chips[place].get_x(), card.get_y(), 0]) for place in places]

    def lengths(self, norms: NamedTensor) -> tuple[VGroup, VGroup]:
        """A bar hanging below each token, as long as a vector of it, and the numbers of the bars."""
        unit, bars, numbers = LONGEST / float(norms.values.max()), VGroup(), VGroup()
        for chip, norm in zip(self.chips, norms.quantities(), strict=True):
            bar = bar_of(norm, "height", unit, BAR, "value", least=0)
            bars.add(bar.move_to(chip.get_bottom() + DOWN * units(BELOW), aligned_edge=UP))
            numbers.add(number(norm, ".1f", "stage number").settle(bar.get_bottom() + DOWN * units(34)))
        return bars, numbers


def in_the_middle(labels: Sequence[Label], room: Room, reach: float = FAN) -> ArcRow:
    """A row of tokens with room for arcs above it, and for bars or arcs below."""
    line = room.split_rows(room.height * MIDDLE / LINES)[1]
    return ArcRow(labels, line, reach)


def with_next(labels: Sequence[Label], said: Label, room: Room) -> tuple[ArcRow, Token]:
    """A row of tokens, and behind it the token that goes on with it."""
    before, rest = room.split_columns(-room.width / LINES, 40)
    row = in_the_middle(labels, before, ARC)
    return row, in_the_middle([said], rest).chips[0]


class MirroredPair:
    """Two sentences one below the other, with the arcs of one token in each, mirrored.

    Args:
        rows: the weights of that token in each sentence, along "key".
        query: the token that attends, by its place.
    """

    def __init__(self, rows: Sequence[NamedTensor], query: int, room: Room = STAGE) -> None:
        places = (room.rows(LINES, 0)[line] for line in TWO)
        self.rows, self.query = rows, query
        self.above, self.below = (ArcRow(row.words("key"), at, PAIR) for row, at in zip(rows, places, strict=True))
        self.both = (self.above, self.below)
        self.sides = [*zip(self.both, rows, (True, False), strict=True)]
        self.lines = [line for look, row, up in self.sides for line in look.arcs(row, query, up)]
        #: Between both sentences a line along what is read of each, up to the token that attends.
        self.read = [self._along(look.chips[: query + 1], DOWN if up else UP) for look, _, up in self.sides]
        #: The chips behind that token, of both sentences, and the last ones.
        self.later: list[Token] = [chip for look in self.both for chip in look.chips[query + 1 :]]
        self.ends: list[Token] = [look.chips[-1] for look in self.both]
        #: The token that is attended to most in the second sentence, but for the first and the last one.
        self.noun: Label = rows[1].pick(key=slice(1, len(rows[1]) - 1)).largest()[0]

    def told(self, key: int) -> list[Words]:
        """The two weights on one token."""
        return [look.facing(row.quantity(key), key, up) for look, row, up in self.sides]

    @staticmethod
    def _along(chips: VGroup, side: np.ndarray) -> VMobject:
        """A line along tokens, on one side of them."""
        start, end = chips[0].get_corner(side + LEFT), chips[-1].get_corner(side + RIGHT)
        return rule(start, end, "focus", 5).shift(side * units(BELOW))

    def frontier(self, text: str) -> VGroup:
        """A dashed line behind the token that attends, through both rows, and what is true of the tokens beyond it."""
        near = self.above.chips[self.query]
        x = (near.get_right()[0] + self.above.chips[self.query + 1].get_left()[0]) / 2
        top, foot = near.get_top()[1] + units(60), self.below.chips[0].get_bottom()[1] - units(60)
        line = dashes(np.array([x, top, 0]), np.array([x, foot, 0]), "ink3", 4)
        return VGroup(line, Words(text, "block", "ink2").settle(line.get_center()).begin_at(x + units(24)))

    def both_ways(self, text: str) -> VGroup:
        """A dashed arc from the token that attends to the last one of the first sentence, and what it is."""
        near, far = self.above.chips[self.query].get_top(), self.ends[0].get_top()
        way = arch(near, far, self.above.reach).get_subcurve
        arc = VGroup(way(k / DASHES, (k + DASH) / DASHES) for k in range(DASHES)).set_stroke(palette().ink2)
        return VGroup(arc, Words(text, "block", "ink2").next_to(arc, UP))


class PronounReadings(VGroup):
    """A sentence twice, with each noun in the place of "it", and below either the loss of the word that is read.

    Args:
        pair: where the sentence stands before.
        losses: "choice position", of each word that follows the noun.
    """

    def __init__(self, pair: MirroredPair, losses: NamedTensor, room: Room) -> None:
        words, self.pair, (nouns, read) = pair.rows[0].words("key"), pair, map(losses.words, ("choice", "position"))
        self.it, the, lines = words.index("it"), words[words.index("the")], room.rows(2, 40)
        self.rows = [ArcRow([*words[: self.it], the, n, *read], x) for n, x in zip(nouns, lines, strict=True)]
        #: The nouns at their own places, in either sentence.
        self.sources = [row.chips[words.index(noun)] for row, noun in zip(self.rows, nouns, strict=True)]
        #: The losses word by word, and bars of them.
        self.losses = [losses.pick(position=k).quantities() for k in range(len(read))]
        unit, self.beyond = (room.width - 2 * NUMBER) / float(losses.values.max()), RIGHT * units(0.6 * NUMBER)
        both = [zip(lines, column, strict=True) for column in self.losses]
        self.states = [
            VGroup(bar_in(line.inset(0, HIGH + BELOW), loss, unit, 2 * HIGH) for line, loss in pairs) for pairs in both
        ]
        starts = zip(self.states[0], self.losses[0], strict=True)
        self.numbers = VGroup(
            number(q, ".1f", "large number").settle(bar.get_right() + self.beyond) for bar, q in starts
        )
        self.bars, self.rings = self.states[0].copy(), [ring_around(row.chips[self.it + 2]) for row in self.rows]
        best = int(losses.pick(position=-1).values.argmin())
        #: The sentence whose last word has the smaller loss, and the other one; and a ring around its noun.
        self.likelier, self.other = self.rows[best], self.rows[1 - best]
        self.ring = ring_around(self.likelier.chips[self.it + 1])
        super().__init__(*self.rows, *self.rings, self.bars, self.numbers, self.ring)

    def begin(self) -> list[Play]:
        """Each noun moves from its place into that of "it", in a sentence of its own."""
        it, both = self.it, [*zip(self.pair.both, self.rows, strict=True)]
        stay = (one for look, row in both for one in exchange(look.chips[:it], row.chips[:it]))
        rest = (chip for row in self.rows for chip in (row.chips[it], *row.chips[it + 2 :]))
        ways = [(source, row.chips[it + 1]) for source, row in zip(self.sources, self.rows, strict=True)]
        nouns = (Travel(a, b, units(2.5 * HIGH) / abs(b.get_x() - a.get_x()), "cut") for a, b in ways)
        return [(leave(*(look.chips[it:] for look, _ in both)), *stay), (*nouns, appear(*rest))]

    def read(self) -> list[Play]:
        """Word by word, each bar becomes as long as the loss of the word that is read after its noun."""
        plays: list[Play] = [appear(*self.rings), (*map(grow, self.bars), appear(self.numbers))]
        for k in range(len(self.losses) - 1):
            rings = (move_ring(a, row.chips[self.it + 3 + k]) for a, row in zip(self.rings, self.rows, strict=True))
            states, losses = self.states[k : k + 2], self.losses[k : k + 2]
            plays.append((*rings, Riding(self.bars, states, self.numbers, losses, ".1f", self.beyond, "row")))
        return plays


def fan(row: ArcRow, weights: NamedTensor) -> VGroup:
    """The arcs of all tokens but the first; `weights` is query × key."""
    arcs = (row.arcs(weights.pick(query=i), i) for i in range(1, len(row.chips)))
    return VGroup(turn.set_stroke(opacity=MOST) for turn in arcs)
