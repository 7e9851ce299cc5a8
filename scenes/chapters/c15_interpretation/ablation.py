"""Ablation: heads that are switched off one by one, a translation that goes wrong, and the costs of spare heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import LEFT, RIGHT, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import OffAndOn, Play, Through, appear, grow, lagged, leave, ring_around
from scenes.layout import Room
from scenes.mobjects.bars import ShareBar, bar_in
from scenes.mobjects.pause import Pause
from scenes.mobjects.region import Region
from scenes.mobjects.shapes import Box, arrow
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token, in_line
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a panel's head, and around its inside.
HEAD, INSET = 60.0, 22.0
#: Px of the line at the foot of a region, there of the larger of two costs, and of its bar.
LINE, COSTLIEST, BAR = 100.0, 640.0, 72.0


def upper(region: Region) -> Room:
    """The inside of a region, but for a line at its foot."""
    return region.inside.split_rows(-LINE, 24)[0]


def lower(region: Region) -> Room:
    """The line at the foot of a region."""
    return region.inside.split_rows(-LINE)[1]


def right_in(room: Room, name: str, share: Quantity) -> VGroup:
    """A line of its own: who works, a bar for the share that is right, and the share."""
    side, body = room.split_columns(room.width / 3, 28)
    bar = ShareBar(share, COSTLIEST, "", 34).move_to(body.centre).align_to(at(body.left, 0), LEFT)
    told = Words(f"{share:.1%}", "large number").next_to(bar, RIGHT, buff=units(28))
    return VGroup(Words(name, "fact", "ink2").end_in(side), bar, told)


class AblatedHeads(VGroup):
    """A panel for each head: its pattern, in its place its average when it is ablated, and a bar of what is right then.

    Args:
        weights: for each layer, head × query × key.
        averages: what an ablated head gives to every token, "layer head d_head".
        right: the share that is right without it, "layer head".
        before: what is right with all heads.
        region: what is filled; a line at its foot says what is right with all heads.
    """

    def __init__(
        self,
        weights: Sequence[NamedTensor],
        averages: NamedTensor,
        right: NamedTensor,
        before: Quantity,
        region: Region,
    ) -> None:
        self.shape = layers, self.heads = right.shape
        self.papers, self.names, self.grids, self.bars, self.numbers = (VGroup() for _ in range(5))
        self.averages, self.calls, scale = VGroup(), VGroup(), full_colour(averages)
        places = [place for row in upper(region).rows(layers, 16) for place in row.columns(self.heads, 24)]
        for k, place in enumerate(places):
            layer, head = divmod(k, self.heads)
            paper = Box.of(place, palette().background, 14)
            top, rest = place.inset(INSET, 0).split_rows(HEAD)
            body = rest.split_rows(-INSET)[0]
            side, beside = body.split_columns(min(body.height, body.width * 0.55), 24)
            above, foot = beside.rows(2, 0)
            share = right.quantity(layer, head)
            self.papers.add(paper)
            self.names.add(Words(letter_of(head), "block", "ink", paper).begin_in(top))
            if not head:
                self.names.add(Words(layer_name(layer), "fact", "ink2", paper).end_in(top))
            self.grids.add(SmallGrid(weights[layer][head], side.width).move_to(side.centre))
            average = Vector(averages.pick(layer=layer, head=head), side.width, side.width, "weight", scale)
            self.averages.add(average.move_to(side.centre))
            self.calls.add(Words("average", "fact", "ink2", paper).begin_in(above))
            self.numbers.add(Words(f"{share:.1%}", "large number", paper=paper).end_in(above))
            self.bars.add(ShareBar(share, foot.width, "", 30).move_to(foot.centre))
        #: A line for all heads.
        self.whole = right_in(lower(region), "all heads at work", before)
        self.tracks = VGroup(bar.track for bar in self.bars)
        super().__init__(self.papers, self.names, self.grids, self.bars, self.numbers)

    def place(self, layer: int, head: int) -> int:
        """The place of a head's panel."""
        return layer * self.heads + head

    def ringed(self, k: int, role: str = "focus") -> VMobject:
        """A ring around a panel, above what comes in it later."""
        return ring_around(self.papers[k], role).set_z_index(1)

    def averaged(self, k: int, come: Animation | None = None) -> Animation:
        """A head that is ablated gives its average instead."""
        return AnimationGroup(leave(self.grids[k]), come or appear(self.averages[k], rise=False))

    def count(self, k: int) -> Animation:
        """The share that is right without it."""
        return AnimationGroup(grow(self.bars[k].bar), appear(self.numbers[k]))

    def ablate(self, places: Sequence[int]) -> Animation:
        """Switch one head off after another, and count."""
        turns = (AnimationGroup(self.averaged(k), self.count(k)) for k in places)
        return lagged(turns, 0.35, kind="tour")


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
        self.fitting = [chip for k, chip in enumerate(self.chips) if k not in wrong]
        #: The wrong words, and those that should be there.
        self.slips = VGroup(self.chips[k] for k in wrong)
        self.instead = VGroup(Token(right[k], height=52).move_to(self.chips[k]) for k in wrong)
        #: The first wrong word, and the one that should be there.
        self.wrong, self.right = self.chips[wrong[0]].label, right[wrong[0]]
        super().__init__(self.read, self.arrow, self.chips, self.rings)


class SpareHeads(VGroup):
    """Every head of the model as its pattern, a row a layer; and what goes wrong with spare ones off: two bars.

    Args:
        trace: that of the sentence.
        run: the results of the experiment.
        room: the rectangle that is filled.
    """

    def __init__(self, trace: Trace, run: Trace, room: Room) -> None:
        above, below = room.split_rows(404, 24)
        told, below = below.split_rows(48, 20)
        heading, body = above.split_rows(44, 10)
        parts, which = run["which"].labels["part"], run["which"].values
        layers = sorted({part.split(".")[1] for part in parts})
        rows = [[k for k, part in enumerate(parts) if part.split(".")[1] == layer] for layer in layers]
        self.grids, self.names = VGroup(*(VGroup() for _ in parts)), VGroup()
        for row, line in zip(rows, body.rows(len(rows), 18), strict=True):
            for k, place in zip(row, line.columns(len(row), 18), strict=True):
                path, head = parts[k].split()
                weights = trace.in_full(f"{path}.weights", batch=0)[int(head)]
                self.grids[k].add(*SmallGrid(weights, min(place.width, place.height)).move_to(place.centre))
        kinds = [parts[k].split(".", 1)[0] if "self" in parts[k] else "cross" for k in rows[0]]
        for kind in dict.fromkeys(kinds):
            some = VGroup(self.grids[k] for k, one in zip(rows[0], kinds, strict=True) if one == kind)
            self.names.add(Words(kind, "block", "ink2").settle(np.array([some.get_x(), heading.centre[1], 0])))
        self.spare = [self.grids[k] for k in np.flatnonzero(which)]
        #: The one whose absence costs least.
        self.idle = max(np.flatnonzero(which), key=lambda k: run["alone"].values[k])
        costs = (run["added_up"], "one by one, added up"), (run["together"], "all of them off")
        self.unit, self.lines = (below.width * 0.66) / max(float(cost) for cost, _ in costs), below.rows(2, 30)
        self.calls, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for (cost, name), line in zip(costs, self.lines, strict=True):
            left, self.track = line.split_columns(below.width * 0.2, 28)
            self.calls.add(Words(name, "fact", "ink2").end_in(left))
            self.bars.add(self._bar(cost, line))
            self.numbers.add(number(cost, ".1%", "large number", "warning").next_to(self.bars[-1], RIGHT, units(24)))
        note = f"sentences lost, of another {run['sentences']:,.0f} than before"
        self.note = Words(note, "fact", "ink2").settle(told.centre).begin_at(at(self.track.left, 0)[0])
        self.pause = Pause((self.track.left + self.track.right) / 2, (self.lines[1].top + self.lines[1].bottom) / 2)
        so_far = run["cost_so_far"]
        self.states = [VGroup(self._bar(so_far.quantity(int(k)), self.lines[0])) for k in np.flatnonzero(which)]
        super().__init__(self.names, self.grids)

    def _bar(self, cost: Quantity, line: Room) -> Box:
        return bar_in(self.track.cross(line), cost, self.unit, BAR, "warning")

    def right(self, share: NamedTensor) -> list[VGroup]:
        """Lines of what is right with all heads and without the idle one, of the encoder: "model layer head"."""
        shares = [share.quantity(k, *divmod(int(self.idle), share.size("head"))) for k in range(len(share))]
        names, rooms = ("right with all heads", "right without this head"), self.lines[0].inset(0, -24).rows(2, 0)
        return [right_in(*one) for one in zip(rooms, names, shares, strict=True)]

    def one_by_one(self) -> list[Play]:
        """Spare heads go off and on, one after another; with each, the bar is as long as what they cost so far."""
        turns = lagged([OffAndOn(grid[1]) for grid in self.spare], 1.0)
        grown = Through(VGroup(self.states[0][0].copy()), self.states, "slow")
        return [appear(self.note, self.calls[0]), (turns, grown), appear(self.numbers[0])]

    def together(self) -> list[Play]:
        """All spare heads go off at once, and stay so."""
        return [(leave(*(grid[1] for grid in self.spare)), appear(self.calls[1]))]
