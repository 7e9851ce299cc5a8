"""The model from outside, before anything of it is known: words go in on top, and come out below."""

from __future__ import annotations

from collections.abc import Sequence

from manim import VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import vector_in
from scenes.theme import palette
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px for what comes out, and between it and the box.
FOOT, SPACE = 150.0, 44.0
#: How much larger the question stands in the opened box than the name of a chapter.
LARGER = 2.4


class Opening(VGroup):
    """A sentence along the top, a closed box, and what comes out of it: words, or a vector for each token.

    Args:
        words: the sentence.
        output: the words that come out.
        vectors: of a model that gives no words, "position d_model".

    The eye goes into the `box` until it fills the room `inside`, where the `question` stands.
    """

    def __init__(self, words: Sequence[Label], output: Sequence[Label], vectors: NamedTensor | None = None) -> None:
        self.source = Ribbon(words)
        body, foot = self.source.below(STAGE, SPACE).split_rows(-FOOT, SPACE)
        self.gives = bool(output)
        self.output = self._output(output, vectors, foot)
        room = body.inset(body.width / 5, 0)
        self.box = Box.of(room, palette().surface, 26, palette().ink3, 3)
        self.name_plate = Words("a Transformer", "title", paper=self.box).settle(room.centre)
        self.inside = self.source.below(STAGE)
        self.question = Words("?", "chapter", paper=self.box).scale(LARGER).settle(self.inside.centre)
        super().__init__(self.box, self.name_plate, self.source, self.output)

    def _output(self, output: Sequence[Label], vectors: NamedTensor | None, foot: Room) -> VGroup:
        if output:
            return VGroup(*Ribbon(output, foot).chips)
        if vectors is None:
            return VGroup(Words("nothing: it ends at once", "block", "ink2").settle(foot.centre))
        rows = zip(foot.columns(len(vectors), 12), vectors, strict=True)
        return VGroup(vector_in(column, row, "residual", most=84) for column, row in rows)
