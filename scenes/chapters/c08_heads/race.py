"""Heads in training: how often each of them plays one role, step by step."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.marks import means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dashes, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import units
from transformer_core.studies.focus import best_head
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a label beside the end of a line and of the numbers at the left, and of the names of both axes.
LABEL, AXES = 420.0, 130.0


class Race(VGroup):
    """One role over a training: a line for each head, and the score from which a role is named.

    Args:
        scores: checkpoint × layer × head.
        steps: of the checkpoints; the first, before any training, has no place on a logarithmic axis.
        earned: the score from which a role is named.
        onset: the step from which the best head has it.
        room: the rectangle that is filled.
    """

    def __init__(
        self, scores: NamedTensor, steps: NamedTensor, earned: Quantity, onset: Quantity, room: Room = STAGE
    ) -> None:
        first = int(np.argmax(steps.values > 0))
        self.scores, self.step, times = scores, onset, steps.values[first:]
        values = scores.values[first:]
        layers, heads = values.shape[1:]
        names = "step of the training, logarithmic", "share of adjectives with the largest weight on their noun"
        plot = Plot(
            times.tolist(),
            (0, 1),
            names,
            room.width - LABEL,
            room.height - AXES,
            (True, False),
        )
        found = [(layer, head) for layer in range(layers) for head in range(heads)]
        self.best = max(found, key=lambda at: float(values[-1][at]))
        others = [at for at in found if at != self.best]
        self.rival = max(others, key=lambda at: float(values[:, at[0], at[1]].max()))
        curves = {at: [plot.point(t, v) for t, v in zip(times, values[:, at[0], at[1]], strict=True)] for at in found}
        order = [*others, self.best]
        self.steps = VGroup(*(self._pieces(plot, steps, curves, order, first + k) for k in range(len(times) - 1)))
        low, high = plot.point(times[0], float(earned)), plot.point(times[-1], float(earned))
        self.line = VGroup(dashes(low, high, "ink3", 2.5))
        self.line.add(number(earned, ".0%", "fact", "ink2").next_to(low, LEFT, buff=units(14)))
        self.plot = plot.add(plot.shares())
        self.ticks = plot.ticks([steps.quantity(first), onset, steps.quantity(len(steps) - 1)], ",.0f", "fact")
        self.onset = dashes(plot.point(float(onset), 0), plot.point(float(onset), 1), "weight", 3)
        self.labels = VGroup(
            *(self._label(at, curves[at][-1], role) for at, role in ((self.best, "weight"), (self.rival, "ink2")))
        )
        super().__init__(plot, self.steps, self.line, self.ticks, self.onset, self.labels)
        room.fit(self)

    @classmethod
    def of(cls, trace: Trace, role: str, room: Room) -> Race | None:
        """A role through the recorded training of this model; None if there is none, or if no head settled in it."""
        run = trace.under("experiment.emergence")
        if "roles.score" not in run or "roles.score" not in trace or run["roles.onset"].pick(role=role) < 0:
            return None
        scores, onset = (run[f"roles.{name}"].pick(role=role) for name in ("score", "onset"))
        picture, place = cls(scores, run["step"], trace["roles.role_threshold"], onset, room), best_head(trace, role)
        return picture if place and place[:2] == picture.best else None

    def _pieces(
        self,
        plot: Plot,
        steps: NamedTensor,
        curves: dict[tuple[int, int], list[np.ndarray]],
        order: list[tuple[int, int]],
        checkpoint: int,
    ) -> VGroup:
        """The way of every head from one checkpoint to the next, the winner on top."""
        found, ends = VGroup(), (checkpoint, checkpoint + 1)
        k = checkpoint - (len(steps) - len(curves[self.best]))
        for at in order:
            role, thick = self._look(at)
            piece = rule(curves[at][k], curves[at][k + 1], role, thick)
            course = plot.course([steps.quantity(c) for c in ends], [self.scores.quantity(c, *at) for c in ends])
            found.add(means(piece, course))
        return found

    def _look(self, at: tuple[int, int]) -> tuple[str, float]:
        return ("weight", 8) if at == self.best else ("ink2", 4.5) if at == self.rival else ("ink3", 2.5)

    def _label(self, at: tuple[int, int], end: np.ndarray, role: str) -> Words:
        layer, head = at
        return Words(f"head {letter_of(head)}, {layer_name(layer)}", "fact", role).next_to(end, RIGHT, buff=units(20))

    def peak(self) -> tuple[Quantity, Quantity]:
        """The best score that the rival ever had, and its last one."""
        layer, head = self.rival
        row = self.scores.pick(layer=layer, head=head)
        return row.largest()[-1], row.quantity(len(row) - 1)
