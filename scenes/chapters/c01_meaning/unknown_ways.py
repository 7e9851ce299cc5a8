"""A word of two senses, before anybody knows how its vector gets to either."""

from __future__ import annotations

from manim import DOWN, VGroup, VMobject

from scenes.layout import STAGE
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.senses import TwoSenses
from scenes.mobjects.shapes import dashes, direction, dot
from scenes.mobjects.text import Words
from scenes.theme import units
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.trace import Trace

#: Px around the ways, for the chips, at the sides and on top.
AIR, ABOVE = 90.0, 120.0


class UnknownWays(TwoSenses):
    """Two sentences as `rows` of arcs at the right, and in the `room` at the left the word with two dashed `ways`.

    The row of the way that ends higher is the upper one. Each way is a line, a question mark, and a dot at its end.
    """

    def __init__(self, trace: Trace) -> None:
        right, self.room = STAGE.golden_columns(last=True)
        sentences = [trace[f"other.{sense}.embed_src.token"].words("position") for sense in SENSES]
        super().__init__(trace, sentences, self.room.split_columns(AIR)[1].inset(AIR, ABOVE))
        first, second = self.path.values[:, -1, 1]
        rows = right.rows(2)[:: 1 if first >= second else -1]
        self.rows = [Arcs(words, noun, room=row) for words, noun, row in zip(sentences, self.nouns, rows, strict=True)]
        self.ways = VGroup(self._way(name) for name in self.names)

    def _way(self, name: VMobject) -> VGroup:
        start, spot = self.start[0].get_center(), dot(name.get_bottom() + units(14) * DOWN, 11, "value")
        end = spot.get_center()
        way, side = direction(start, end)
        line = dashes(start + way * units(30), end - way * units(30), "value", 6, 14)
        return VGroup(line, Words("?", "large number", "value").settle((start + end) / 2 + side * units(40)), spot)
