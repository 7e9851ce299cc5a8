"""A row of shares as a length of one, cut between the tokens that it goes to."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, VGroup

from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import chip_width
from scenes.theme import gap, ink_on, shared, units
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import NamedTensor

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
