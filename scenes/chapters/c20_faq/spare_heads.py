"""Every head of a model as its pattern, and what spare ones cost one by one and together."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, VGroup

from scenes.animations import OffAndOn, Play, Through, appear, lagged, leave
from scenes.layout import Room
from scenes.mobjects.bars import bar_in
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import Box
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.text import Words, number
from scenes.theme import at, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import Trace

#: Px of the larger of two costs, and of a bar.
COSTLIEST, BAR = 640.0, 72.0


class SpareHeads(VGroup):
    """Every head of the model as its pattern, a row a layer; and what goes wrong with spare ones off: two bars.

    Args:
        trace: that of the sentence.
        run: the results of the experiment.
        room: the rectangle that is filled.
    """

    def __init__(self, trace: Trace, run: Trace, room: Room) -> None:
        above, below = room.split_rows(404, 24)
        told, bars = below.split_rows(48, 20)
        heading, body = above.split_rows(44, 10)
        self.parts, which = run["which"].labels["part"], run["which"].values
        parts, self.below = self.parts, below
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
        costs = (run["added_up"], "one by one, added up"), (run["together"], "all of them off")
        self.unit, self.lines = (bars.width * 0.66) / max(float(cost) for cost, _ in costs), bars.rows(2, 30)
        self.calls, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for (cost, name), line in zip(costs, self.lines, strict=True):
            left, self.track = line.split_columns(bars.width * 0.2, 28)
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

    def one_by_one(self) -> list[Play]:
        """Spare heads go off and on, one after another; with each, the bar is as long as what they cost so far."""
        turns = lagged([OffAndOn(grid[1]) for grid in self.spare], 1.0)
        grown = Through(VGroup(self.states[0][0].copy()), self.states, "slow")
        return [appear(self.note, self.calls[0]), (turns, grown), appear(self.numbers[0])]

    def together(self) -> list[Play]:
        """All spare heads go off at once, and stay so."""
        return [(leave(*(grid[1] for grid in self.spare)), appear(self.calls[1]))]
