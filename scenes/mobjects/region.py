"""The name of an experiment above its pictures: it stays while they change."""

from __future__ import annotations

from manim import VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.text import Words


class Region(VGroup):
    """A name in the upper left corner of a room, and the rest of the room for pictures.

    Args:
        name: what the experiment is made with.
        room: the rectangle that it fills; `inside` is what it leaves for pictures.

    Example::

        region = Region("the queries of one head", Room(360, 190, 1560, 590))
        queries = trace["encoder.1.self_attn.q"].pick(batch=0, head=0)
        figure = VGroup(region, region.inside.fit(Heatmap(queries, 1000, 250)))
    """

    #: Style and role of the name.
    NAMED = "fact", "ink2"

    def __init__(self, name: str, room: Room = STAGE) -> None:
        self.head, self.inside = room.split_rows(40, 12)
        #: Of the inside, a line for the tokens that are read, and the rest.
        self.line, self.below = self.inside.split_rows(60, 24)
        self.words = self.called(name)
        super().__init__(self.words)

    def called(self, name: str) -> Words:
        """Another name in the place of the region's own."""
        return Words(name, *self.NAMED).begin_in(self.head)
