"""Ablation: heads that are switched off one by one, a translation that goes wrong, and the costs of spare heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup, VMobject

from scenes.animations import OffAndOn, Play, Through, Wipe, appear, draw, grow, lagged, leave, ring_around
from scenes.language import Told
from scenes.layout import Room
from scenes.mobjects.bars import ShareBar, bar_in, bar_of
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import Box, arrow, curve, dashes
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, paragraph, wrapped
from scenes.mobjects.tokens import Token, in_line
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import CALLED, layer_name, letter_of
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px around heads in a layer, of the line at the foot of the stage, and of that of the numbers above it.
INSET, LINE, NUMBERS = 8.0, 96.0, 66.0
#: Px of a bar for all heads, its part of the width of a head, and of the larger of two costs, and its bar.
ALL, BROAD, COSTLIEST, BAR = 96.0, 0.6, 640.0, 72.0
#: Px of the names of what words depend on, between two, around a number, and of a stream of all words.
NAMED, BETWEEN, AROUND, STREAM = 156.0, 18.0, 44.0, 200.0


def right_in(room: Room, name: str, share: Quantity) -> VGroup:
    """A line of its own: who works, a bar for the share that is right, and the share."""
    side, body = room.split_columns(room.width / 3, 28)
    bar = ShareBar(share, COSTLIEST, "", 34).move_to(body.centre).align_to(at(body.left, 0), LEFT)
    told = Words(f"{share:.1%}", "large number").next_to(bar, RIGHT, buff=units(28))
    return VGroup(Words(name, "fact", "ink2").end_in(side), bar, told)


class AblatedHeads(VGroup):
    """The heads of a stack in one row, layer by layer; below each a bar of what is right when it is ablated.

    Args:
        weights: for each layer, head × query × key.
        averages: what an ablated head gives to every token, "layer head d_head".
        right: the share that is right without it, "layer head".
        before: what is right with all heads.
        rooms: one for each layer, from left to right; `below` is the room of the bars.
    """

    def __init__(
        self,
        weights: Sequence[NamedTensor],
        averages: NamedTensor,
        right: NamedTensor,
        before: Quantity,
        rooms: Sequence[Room],
        below: Room,
    ) -> None:
        _, self.heads = right.shape
        self.names, self.grids, self.averages, self.bars, self.numbers = (VGroup() for _ in range(5))
        body, foot = below.split_rows(-LINE)[0].split_rows(-NUMBERS)
        scale = full_colour(averages)

        def counted(share: Quantity, x: float, wide: float) -> tuple[Box, Words]:
            bar = bar_of(share, "height", body.height, wide).move_to(at(x, body.bottom), aligned_edge=DOWN)
            return bar, Words(f"{share:.1%}", "large number").settle(at(x, (foot.top + foot.bottom) / 2))

        for layer, room in enumerate(rooms):
            for head, place in enumerate(room.inset(INSET).columns(self.heads, INSET)):
                side, x = min(place.width, place.height), (place.left + place.right) / 2
                self.grids.add(SmallGrid(weights[layer][head], side).move_to(place.centre))
                average = Vector(averages.pick(layer=layer, head=head), side, side, "weight", scale)
                self.averages.add(average.move_to(place.centre))
                name = Words(letter_of(head), "block", "ink2").settle(at(x, room.top - 22))
                self.names.add(name)
                if not head:
                    called = Words(layer_name(layer), "fact", "ink2").settle(name.get_center())
                    self.names.add(called.end_at(name.get_left()[0] - units(22)))
                bar, told = counted(right.quantity(layer, head), x, BROAD * side)
                self.bars.add(bar)
                self.numbers.add(told)
        #: The same with all heads: a bar, and its height all along the others.
        bar, told = counted(before, (below.left + rooms[0].left) / 2, ALL)
        level = dashes(bar.get_top(), np.array([at(below.right, 0)[0], bar.get_top()[1], 0]), "ink3", 3)
        called = Words("all heads", "fact").settle(rooms[0].centre).set_x(bar.get_x())
        name = Words(f"{before:.1%} right", "fact").next_to(level, UP, buff=units(INSET)).align_to(level, RIGHT)
        self.whole = VGroup(level, bar, told, called, name)
        super().__init__(self.names, self.grids)

    def place(self, layer: int, head: int) -> int:
        """The place of a head in the row."""
        return layer * self.heads + head

    def ringed(self, k: int, role: str = "focus") -> VMobject:
        """A ring around a head, above what comes in it later."""
        return ring_around(self.grids[k], role)

    def called(self, k: int) -> Words:
        """A name for what a head gives that is off."""
        return Words("its average", "fact", "ink2").next_to(self.grids[k], DOWN, buff=units(NUMBERS))

    def averaged(self, k: int, come: Animation | None = None) -> Animation:
        """A head that is ablated gives its average instead."""
        return AnimationGroup(leave(self.grids[k]), come or appear(self.averages[k], rise=False))

    def count(self, k: int) -> Animation:
        """The share that is right without it."""
        return AnimationGroup(grow(self.bars[k], DOWN), appear(self.numbers[k]))

    def ablate(self, places: Sequence[int]) -> Animation:
        """Switch one head off after another, and count."""
        turns = (AnimationGroup(self.averaged(k), self.count(k)) for k in places)
        return lagged(turns, 0.35, kind="tour")

    def again(self) -> tuple[Animation, ...]:
        """All heads attend again."""
        return leave(self.averages), *(Wipe(grid, kind="slow") for grid in self.grids)


class LostWords:
    """From each head a stream to what goes wrong without it, as wide as the share of its words.

    Args:
        cost: "role layer head".
        least: the share from which on there is a stream.
        grids: the heads, in a row.
        room: from below these down.
    """

    def __init__(self, cost: NamedTensor, least: float, grids: VGroup, room: Room) -> None:
        foot, roles = room.split_rows(-NAMED)[1], cost.labels["role"]
        felt = {role: [(k, share) for k, share in enumerate(cost.pick(role=role).quantities()) if share >= least]
                for role in sorted(roles, key=lambda role: int(cost.pick(role=role).values.argmax()))}  # fmt: skip
        wide = [units(STREAM) * sum(float(share) for some in felt.values() for j, share in some if j == k)
                for k in range(len(grids))]  # fmt: skip
        edges = [grid.get_x() - both / 2 for grid, both in zip(grids, wide, strict=True)]
        #: By role its plate; by head its streams, each with its number.
        self.plates: dict[str, VGroup] = {}
        self.streams, self.numbers = (VGroup(VGroup() for _ in grids) for _ in range(2))
        for (role, some), place in zip(felt.items(), foot.columns(len(felt), BETWEEN), strict=True):
            plate = Box.of(place, palette().surface, 12)
            told = [Told(line) for line in wrapped(CALLED[role], "stage word", place.width - AROUND)]
            lines = paragraph([*told], "stage word", "ink", 0)
            for line in lines:
                line.paper = plate
            self.plates[role] = VGroup(plate, place.inset(INSET).fit(VGroup(*lines), most=1.0))
            for (k, share), part in zip(some, place.columns(len(some), 0), strict=True):
                half = units(STREAM) * float(share) / 2
                start, end = grids[k].get_bottom(), at((part.left + part.right) / 2, part.top)
                start[0], edges[k] = edges[k] + half, edges[k] + 2 * half
                self.streams[k].add(as_thick_as(share, curve(start, end, "warning"), 0, STREAM))
                told = number(share, "share", "large number").settle(end + UP * units(AROUND))
                self.numbers[k].add(told.begin_at(end[0] + half + units(BETWEEN)))

    def tour(self, grids: VGroup) -> Animation:
        """Each head goes off and on, and what is lost without it falls down."""
        turns = (AnimationGroup(OffAndOn(grid[1]), *([draw(lines), appear(told)] if len(lines) else []))
                 for grid, lines, told in zip(grids, self.streams, self.numbers, strict=True))  # fmt: skip
        return lagged(turns, 0.6, kind="tour")

    def other_way(self, role: str) -> tuple[VMobject, Words]:
        """A way that is not known yet, to what hardly goes wrong."""
        top = self.plates[role].get_top() + LEFT * (self.plates[role].width / 2 - units(AROUND))
        asked = Words("?", "chapter", "query").settle(top + UP * units(3 * AROUND))
        return dashes(asked.get_bottom() + DOWN * units(BETWEEN), top, "query", 6), asked


class WrongTranslation(VGroup):
    """A sentence, and what the model makes of it with a head off; the words that should be others are ringed.

    Args:
        source: the words that are read.
        written: 1 for each word that is right.
        right: the words that should be written.
        room: what has this line at its foot.
    """

    def __init__(self, source: Sequence[Label], written: NamedTensor, right: Sequence[Label], room: Room) -> None:
        before, after = room.split_rows(-LINE)[1].columns(2, 96)
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
