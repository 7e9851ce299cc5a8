"""Ablation: heads that are switched off one by one, a translation that goes wrong, and the costs of spare heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import (
    Play,
    appear,
    grow,
    leave,
    ring_around,
)
from scenes.layout import Room
from scenes.mobjects.bars import ShareBar, bar_in
from scenes.mobjects.card import Card
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import in_line
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import at, pace, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a panel's head, and around its inside.
HEAD, INSET = 60.0, 22.0
#: Px of the line at the foot of a card, and there of the larger of two costs.
LINE, COSTLIEST = 100.0, 640.0


def upper(card: Card) -> Room:
    """The inside of a card, but for a line at its foot."""
    return card.inside.split_rows(-LINE, 24)[0]


def lower(card: Card) -> Room:
    """The line at the foot of a card."""
    return card.inside.split_rows(-LINE)[1]


class AblatedHeads(VGroup):
    """A panel for each head: its pattern, which goes dark when it is ablated, and a bar of what is right without it.

    Args:
        weights: for each layer, head × query × key.
        right: the share that is right without it, "layer head".
        before: what is right with all heads.
        card: what is filled; a line at its foot says what is right with all heads.
    """

    def __init__(self, weights: Sequence[NamedTensor], right: NamedTensor, before: Quantity, card: Card) -> None:
        self.shape = layers, self.heads = right.shape
        self.papers, self.names, self.grids, self.bars, self.numbers = (VGroup() for _ in range(5))
        places = [place for row in upper(card).rows(layers, 16) for place in row.columns(self.heads, 24)]
        for k, place in enumerate(places):
            layer, head = divmod(k, self.heads)
            paper = Box(place.width, place.height, palette().background, 14).move_to(place.centre)
            top, rest = place.inset(INSET, 0).split_rows(HEAD)
            body = rest.split_rows(-INSET)[0]
            side, beside = body.split_columns(min(body.height, body.width * 0.55), 24)
            above, foot = beside.rows(2, 0)
            share = right.quantity(layer, head)
            self.papers.add(paper)
            name = f"head {letter_of(head)}, {layer_name(layer)}"
            self.names.add(Words(name, "fact", "ink2", paper).begin_in(top))
            self.grids.add(SmallGrid(weights[layer][head], side.width).move_to(side.centre))
            self.numbers.add(Words(f"{share:.1%}", "large number", paper=paper).end_in(above))
            self.bars.add(ShareBar(share, foot.width, "", 30).move_to(foot.centre))
        side, body = lower(card).split_columns(lower(card).width / 3, 28)
        bar = ShareBar(before, COSTLIEST, "", 34).move_to(body.centre).align_to(at(body.left, 0), LEFT)
        told = Words(f"{before:.1%}", "large number").next_to(bar, RIGHT, buff=units(28))
        #: A line for all heads.
        self.whole = VGroup(Words("all heads at work", "fact", "ink2").end_in(side), bar, told)
        self.tracks = VGroup(bar.track for bar in self.bars)
        #: Patterns gone dark are frames with nothing inside.
        self.frames = VGroup(grid[0] for grid in self.grids)
        super().__init__(self.papers, self.names, self.grids, self.bars, self.numbers)

    @property
    def measured(self) -> list[VGroup]:
        """All that stands there when every head has been ablated."""
        return [self.papers, self.names, self.frames, self.bars, self.numbers]

    def place(self, layer: int, head: int) -> int:
        """The place of a head's panel."""
        return layer * self.heads + head

    def spare(self, which: NamedTensor, stack: str) -> list[VMobject]:
        """The panels of the heads of a stack that are spare: `which` has 1 for each, by its attention and number."""
        names = (f"{stack}.{layer}.self_attn {head}" for layer, head in np.ndindex(*self.shape))
        return [paper for paper, name in zip(self.papers, names, strict=True) if which.pick(part=name)]

    def dark(self, k: int) -> Animation:
        """The pattern of a head that is ablated goes dark."""
        return leave(self.grids[k][1])

    def count(self, k: int) -> Animation:
        """The share that is right without it."""
        return AnimationGroup(grow(self.bars[k].bar), appear(self.numbers[k]))

    def ablate(self, places: Sequence[int]) -> Animation:
        """Switch one head off after another, and count."""
        turns = (AnimationGroup(self.dark(k), self.count(k)) for k in places)
        return LaggedStart(*turns, lag_ratio=0.35, run_time=pace("tour"))


class WrongTranslation(VGroup):
    """A sentence, and what the model makes of it with a head off; the words that should be others are ringed.

    Args:
        source: the words that are read.
        written: 1 for each word that is right.
        right: the words that should be written.
        room: the rectangle that is filled.
    """

    def __init__(self, source: Sequence[Label], written: NamedTensor, right: Sequence[Label], room: Room) -> None:
        before, after = room.columns(2, 96)
        self.read, self.chips = in_line(source, before.width), in_line(written.words("position"), after.width)
        self.read.move_to(before.centre).align_to(at(before.right, 0), RIGHT)
        self.chips.move_to(after.centre).align_to(at(after.left, 0), LEFT)
        self.arrow = arrow(self.read.get_right() + RIGHT * units(12), self.chips.get_left() + LEFT * units(12))
        wrong = [k for k, fits in enumerate(written.values) if not fits]
        self.rings = VGroup(ring_around(self.chips[k], "warning") for k in wrong)
        #: The first wrong word, and the one that should be there.
        self.wrong, self.right = self.chips[wrong[0]].label, right[wrong[0]]
        super().__init__(self.read, self.arrow, self.chips, self.rings)


class SpareCosts:
    """The costs of spare heads one by one, added up, and all at once: two bars of one scale.

    Args:
        run: the results of the experiment.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        costs = (run["added_up"], "one by one, added up"), (run["together"], "all of them off")
        unit = COSTLIEST / max(float(cost) for cost, _ in costs)
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for (cost, name), line in zip(costs, room.rows(2, 4), strict=True):
            left, right = line.split_columns(room.width / 3, 28)
            self.names.add(Words(name, "fact", "ink2").end_in(left))
            self.bars.add(bar_in(right, cost, unit, 34))
            self.numbers.add(number(cost, ".1%", "stage number").next_to(self.bars[-1], RIGHT, buff=units(20)))

    def grown(self) -> list[Play]:
        """The bars grow, one after the other."""
        parts = zip(self.names, self.bars, self.numbers, strict=True)
        return [(appear(name), grow(bar), appear(text)) for name, bar, text in parts]
