"""A word of two senses finds its meaning: the way of its vector in two sentences, sublayer by sublayer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, VGroup

from scenes.animations import Play, Travel, flow, reshape
from scenes.layout import STAGE
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.senses import TwoSenses
from scenes.mobjects.shapes import dot, rule
from scenes.mobjects.text import Words
from scenes.mobjects.wording import head_name
from scenes.theme import at, pixels, units
from transformer_core.studies.focus import sense_head
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.trace import Trace

#: Px above the ways, for the chips, and at the left of them, for that of the word.
AIR, SIDE = 90.0, 220.0
#: How much of the stage at the right of the word the ways fill.
WIDE = 0.62
#: How much is seen of a way that was gone before, px of a drop that runs along an arc.
FAINT, DROP = 0.35, 24.0
#: The colours of what attention adds, and of what the feed-forward network adds.
ROLES = {"resid_attn": "value", "resid_post": "ink2"}


class TwoWays(TwoSenses):
    """Two ways of a word's vector fill the stage; beside the end of the second one there is room for a sentence.

    Args:
        trace: it has `senses_path`, "choice layer component".
        layer, head: of the attention weights of the word.

    Both sentences, the `rows`, stand at this one place: one after the other is shown. `legs` are the arrows of each
    sentence that lead from stop to stop of the residual stream.
    """

    def __init__(self, trace: Trace, layer: int, head: int) -> None:
        name = f"encoder.{layer}.self_attn.weights"
        weights = [
            trace[f"other.{sense}.{name}"].pick(batch=0, head=head, query=trace.about[sense]["noun"])
            for sense in SENSES
        ]
        self.where = head_name(layer, head)
        sentences, right = [row.words("key") for row in weights], STAGE.split_columns(SIDE)[1]
        super().__init__(trace, sentences, right.split_rows(AIR)[1].split_columns(right.width * WIDE)[0])
        stops = self.path.labels["layer"][1:]
        self.legs = [
            VGroup(
                self.plane.arrow_to(self.plane.point(a.values), b.quantities(), ROLES[stop.rpartition(".")[2]])
                for stop, (a, b) in zip(stops, pairwise(way), strict=True)
            )
            for way in self.path
        ]
        beside = pixels(self.names[1].get_right()[0] - at(STAGE.left, 0)[0])
        over = STAGE.split_columns(beside, AIR)[1].rows(2)[0]
        self.rows = [Arcs(*row, over) for row in zip(sentences, self.nouns, weights, strict=True)]
        self.key = VGroup()
        for role, name in (("value", "added by attention"), ("ink2", "added by the feed-forward network")):
            line = rule(np.zeros(3), units(60) * RIGHT, role, 8)
            self.key.add(VGroup(line, Words(name, "stage word", "ink2")).arrange(RIGHT, buff=units(16)))
        self.key.arrange(DOWN, buff=units(20), aligned_edge=LEFT)
        self.key.next_to(self.rows[0].ribbon, DOWN, buff=units(60), aligned_edge=RIGHT)
        lengths = np.linalg.norm(np.diff(self.path.values, axis=1), axis=-1).sum(0)
        attention = float(lengths[[stop.endswith("resid_attn") for stop in stops]].sum())
        #: Which of the two makes most of the way.
        self.led_by = (
            "Attention brings in the hint; the feed-forward network makes most of the way from it."
            if attention < float(lengths.sum()) - attention
            else "Attention brings in the hint, and makes most of the way to two places."
        )

    def go(self, sentence: int = 0) -> list[Play]:
        """A drop comes along the arc, falls to the point and is the first arrow; each other grows out of a tip."""
        arc, legs = self.rows[sentence].strongest, self.legs[sentence]
        drop, tips = dot(arc.points[0], DROP, "value"), [dot(leg[-1].points[0], 1) for leg in legs]
        others = (Travel(tip, leg, 0.0, "flow") for tip, leg in zip(tips, legs[1:], strict=False))
        return [flow(drop, arc), Travel(drop, legs[0], kind="row", leaving=True), *others]

    def go_elsewhere(self) -> list[Play]:
        """The first way grows faint, while another drop comes and begins the second one."""
        comes, *steps = self.go(1)
        return [(reshape(self.legs[0], self.legs[0].copy().set_opacity(FAINT)), comes), *steps]


def two_ways(trace: Trace) -> TwoWays | None:
    """The ways in the head that tells the senses apart, if there is one."""
    place = sense_head(trace, SENSES)
    return place and TwoWays(trace, *place)
