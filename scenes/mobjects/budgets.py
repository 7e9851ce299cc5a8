"""A row of shares as a length of one, cut between the tokens that it goes to."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, UP, VGroup

from scenes.layout import LEFT_EDGE, RIGHT_EDGE, Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, gap, ink_on, shared, units
from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where the arcs of a row stand.
ARCS = Room(LEFT_EDGE, 330, RIGHT_EDGE, 850)
#: Room in px between two pieces of a budget.
CUT = 4.0
#: Px in height up to which a row has no room for words.
THIN = 32.0


def letter_of(head: int) -> Phrase:
    """A head's name in pictures: A for the first, as the trace counts them."""
    return Phrase(chr(ord("A") + head))


class Budget(VGroup):
    """Shares of one row, end to end: together always as long as the frame.

    Pieces keep the order of the keys and come for every key, so that one budget can turn into another.
    """

    def __init__(self, shares: NamedTensor, wide: float, high: float) -> None:
        self.outline = frame(wide + 8, high + 8, "line", 2, 8)
        self.pieces, self.names = VGroup(), VGroup()
        left = -wide / 2
        for j, share in enumerate(shares.quantities()):
            fill = shared(0.25 + 0.75 * float(share))
            piece = Box(max(wide * float(share) - CUT, 0.4), high, fill, 6)
            means(piece, Length(share, "width", wide, high, 0.4, -CUT), Shade(share, least=0.25))
            piece.move_to(np.array([units(left + wide * float(share) / 2), 0, 0]))
            left += wide * float(share)
            self.pieces.add(piece)
            label = shares.label("key", j)
            if chip_width(label, small=high < 60) < wide * float(share) - CUT and high > THIN:
                name = word(label, "small token" if high < 60 else "token").settle(piece.get_center())
                name.set_fill(ink_on(fill)).paper = piece
                self.names.add(name)
        most, share = shares.largest()
        # A thin row has no room for words: the largest stands beside it.
        self.most = number(share, "share", "number") if high > THIN else Words(f"{most} {share:share}", "note")
        self.most.next_to(self.outline, RIGHT, buff=gap("chip"))
        super().__init__(self.outline, self.pieces, self.names, self.most)


class Budgets(VGroup):
    """What one row has to spend, the same row if it had to serve every head's look, and a row for each head.

    A row is spent on all tokens, also on those that are out of sight; arcs go to those that are in sight.

    Args:
        trace: the lecture's trace.
        focus: the head, and the query token.
    """

    def __init__(self, trace: Trace, focus: Focus, wide: float = 1240) -> None:
        rows = trace[f"{focus.path}.weights"].pick(batch=0, query=focus.query_token.position)
        mean = trace[f"{focus.path}.mean_weights"].pick(batch=0, query=focus.query_token.position)
        spent, spread = (
            trace.in_full(f"{focus.path}.{name}", batch=0, query=focus.query_token.position)
            for name in ("weights", "mean_weights")
        )
        heads = len(rows)
        self.query_token = Token(focus.query_token, "query").move_to(at(LEFT_EDGE + 96, 268))
        middle = at(300 + wide / 2, 268)
        self.single = Budget(spent[focus.head], wide, 68)
        self.cut = Budget(spread, wide, 68)
        for budget in (self.single, self.cut):
            budget.shift(middle - budget.outline.get_center())
        pitch = min(104.0, 440 / heads)
        self.rows, self.letters = VGroup(), VGroup()
        for head in range(heads):
            budget = Budget(spent[head], wide, min(68.0, pitch * 0.72))
            budget.shift(at(300 + wide / 2, 446 + (head + 0.5) * pitch) - budget.outline.get_center())
            letter = Words(f"head {letter_of(head)}", "fact", "ink2").next_to(budget.outline, LEFT, buff=gap("chip"))
            self.rows.add(budget)
            self.letters.add(letter)
        self.one_name = Words("one row: its shares make one", "axis", "ink2")
        self.one_name.next_to(self.single.outline, UP, buff=units(14)).align_to(self.single.outline, LEFT)
        self.cut_name = Words("one row that looks wherever the heads look", "axis", "ink2")
        self.cut_name.move_to(self.one_name, aligned_edge=LEFT).stand_on(self.one_name.baseline)
        self.looks = self._looks(rows[focus.head], mean, focus)
        self.rows_name = Words("a row for each head", "axis", "ink2")
        self.rows_name.next_to(self.rows[0].outline, UP, buff=units(14)).align_to(self.rows[0].outline, LEFT)
        super().__init__(
            *self.looks,
            self.query_token,
            self.single,
            self.cut,
            self.rows,
            self.letters,
            self.one_name,
            self.cut_name,
            self.rows_name,
        )

    @staticmethod
    def _looks(single: NamedTensor, mean: NamedTensor, focus: Focus) -> tuple[Arcs, Arcs]:
        """The same shares as arcs over the sentence: of one head, and if one row had to look wherever they all look."""
        here = single.position("key", focus.query_token.position)
        one, all_of_them = (Arcs(row.words("key"), here, row, ARCS) for row in (single, mean))
        return one, all_of_them
