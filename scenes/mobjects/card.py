"""A card that carries an experiment: it stays while the pictures on it change."""

from __future__ import annotations

from manim import VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import palette


class Card(VGroup):
    """A plain surface with a name in its upper left corner.

    Args:
        name: what the experiment on it is made with.
        room: the rectangle that it fills; `inside` is what it leaves for pictures.

    Example::

        card = Card("the queries of one head", Room(360, 190, 1560, 590))
        queries = trace["encoder.1.self_attn.q"].pick(batch=0, head=0)
        figure = VGroup(card, card.inside.fit(Heatmap(queries, 1000, 250)))
    """

    #: Style and role of the name.
    NAMED = "fact", "ink2"

    def __init__(self, name: str, room: Room = STAGE) -> None:
        self.paper = paper_in(room)
        self.head, self.inside = room.padded().split_rows(40, 12)
        #: Of the inside, a line for the tokens that are read, and the rest.
        self.line, self.below = self.inside.split_rows(60, 24)
        self.words = self.called(name)
        super().__init__(self.paper, self.words)

    def called(self, name: str) -> Words:
        """Another name in the place of the card's own."""
        return Words(name, *self.NAMED, self.paper).begin_in(self.head)


def paper_in(room: Room) -> Box:
    """A plain surface; where another one stood in the step before, it comes out of that."""
    paper = Box.of(room, palette().surface, 18)
    paper.key = ("paper",)
    return paper
