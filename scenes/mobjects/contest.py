"""Recorded runs of several models in one plot, drawn by a cursor that reads all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import LEFT, Animation, VGroup, VMobject

from scenes.animations import Along, Count, Sweep
from scenes.layout import centred
from scenes.mobjects.handover import ROLES
from scenes.mobjects.marks import Called, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.theme import units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace


class Contest(VGroup):
    """A line for each model; where the cursor stands, the value of each is read out at the right.

    Args:
        plot: the frame.
        x: where the lines are measured.
        lines: name -> (role, values along x, other trainings "seed x" or nothing, thick).
        spec: the format of what is read out.
        clock: the name of x beside its number.
        models: name -> the label of its model, where the name is another.
    """

    def __init__(
        self,
        plot: Plot,
        x: Sequence[Quantity],
        lines: Mapping[str, tuple[str, NamedTensor, NamedTensor | None]],
        spec: str,
        clock: str,
        models: Mapping[str, str] | None = None,
    ) -> None:
        self.plot, self.x, self.spec = plot, list(x), spec
        self.values = {name: tensor.quantities() for name, (_, tensor, _) in lines.items()}
        self.pieces = VGroup(*(self._piece(lines, k) for k in range(len(self.x))))
        low, high = plot.axes[0].get_left(), plot.axes[1].get_top()
        self.cursor = rule(low, np.array([low[0], high[1], 0]), "focus", 3)
        self.places = [self._foot(k) for k in range(len(self.x))]
        self.cursor.move_to(self.places[0])
        self.clock = VGroup(Words(clock, "aside", "ink2"), number(self.x[0], ",.0f", "large number"))
        self.readouts = VGroup(
            *(
                VGroup(
                    means(Words(name, "fact", role), Called((models or {}).get(name, name), "model")),
                    number(self.values[name][0], spec, "large number"),
                )
                for name, (role, _, _) in lines.items()
            )
        )
        column = plot.axes[0].get_right()[0] + units(225)
        for line, y in zip([self.clock, *self.readouts], np.linspace(0, -3.2, len(lines) + 1), strict=True):
            line[1].end_at(column).stand_on(high[1] - units(50) + y)
            line[0].begin_at(column + units(22)).stand_on(line[1].baseline)
        super().__init__(plot, self.pieces, self.cursor, self.clock, self.readouts)
        centred(self)
        self.places = [self._foot(k) for k in range(len(self.x))]

    def _foot(self, k: int) -> np.ndarray:
        """The middle of the cursor at the k-th place."""
        low, high = self.plot.axes[0].get_y(), self.plot.axes[1].get_top()[1]
        return np.array([self.plot.point(float(self.x[k]), 10 ** self.plot.y[0])[0], (low + high) / 2, 0])

    def _piece(self, lines: Mapping[str, tuple[str, NamedTensor, NamedTensor | None]], k: int) -> VGroup:
        """What is drawn as the cursor comes to the k-th place."""
        found = VGroup()
        for role, tensor, others in lines.values():
            single = [(row, 2.0) for row in others] if others is not None else []
            for values, thick in [*single, (tensor, 6.0)]:
                spots = [self.plot.point(float(self.x[i]), float(values.values[i])) for i in (max(k - 1, 0), k)]
                piece = path(spots, role, thick) if k else dot(spots[1], thick / 2, role)
                places = (k - 1, k) if k else (k,)
                course = self.plot.course([self.x[i] for i in places], [values.quantity(i) for i in places])
                found.add(means(piece, course))
        return found

    def run(self, first: int, last: int, kind: str = "slow") -> tuple[Animation, ...]:
        """The cursor goes from place to place, draws, and reads."""
        span = slice(first, last + 1)
        rows = zip(self.readouts, self.values.values(), strict=True)
        counts = [Count(line[1], values[span], self.spec, kind) for line, values in rows]
        return (
            Sweep(VGroup(*self.pieces[span]), kind),
            Along(self.cursor, self.places[span], kind),
            Count(self.clock[1], self.x[span], ",.0f", kind),
            *counts,
        )


def by_length(run: Trace) -> Contest:
    """Experiment `against_lstm`: sentences right by the number of words; thin lines are single trainings."""
    right, mean, lengths = run["by_length"], run["by_length.over_seeds"], run["length"]
    plot = Plot(lengths.values.tolist(), (0, 1), ("words in the sentence", "new sentences right"), 980, 520)
    ends = [lengths.quantity(k) for k in (0, 5, 10, len(lengths) - 1)]
    plot.add(plot.ticks(ends), plot.shares())
    lines = {name: (role, mean.pick(model=name), right.pick(model=name)) for name, role in ROLES.items()}
    return Contest(plot, lengths.quantities(), lines, "share", "words")


#: The models that recall, what they are called, and their roles.
RECALLING = {
    "transformer": ("Transformer", "weight"),
    "LSTM, gates open": ("LSTM, gates opened", "value"),
    "LSTM": ("LSTM", "residual"),
    "RNN": ("plain RNN", "ink3"),
}


def sinking(run: Trace) -> Contest:
    """Experiment `recall`: the gradient at the first symbol, untrained, by its distance."""
    distances, gradient = run["distances"], run["gradient"]
    names = "symbols back", "gradient at the first symbol, powers of ten"
    plot = Plot(distances.values.tolist(), gradient.values.reshape(-1).tolist(), names, 980, 520, (False, True))
    plot.add(plot.ticks([distances.quantity(k) for k in (0, 4, 5, 6, 7)]))
    lines = {name: (role, gradient.pick(model=key), None) for key, (name, role) in RECALLING.items()}
    models = {name: key for key, (name, _) in RECALLING.items()}
    return Contest(plot, distances.quantities(), lines, ".0e", "symbols back", models)


class Recall(VGroup):
    """Experiment `recall`: accuracy over the training, a line for each training; a dot where all are known."""

    def __init__(self, run: Trace) -> None:
        checks, steps = run["checks"], run["steps"]
        names = "steps of training", "first symbols recalled, all distances"
        self.plot = Plot([0, *checks.values.tolist()], (0, 1), names, 1050, 500)
        self.pieces, self.dots = VGroup(), {}
        models = ("LSTM", "LSTM, gates open", "transformer")
        for k in range(len(checks)):
            self.pieces.add(VGroup(*(self._piece(run, model, k) for model in models)))
        for model in models:
            reached = [int(step) for step in steps.pick(model=model).values if np.isfinite(step)]
            self.dots[model] = VGroup(*(self._mark(step, RECALLING[model][1]) for step in reached))
        self.plot.add(self.plot.ticks([checks.quantity(k) for k in (9, 19, 29, 39)], ",.0f"), self.plot.shares())
        edge = self.plot.axes[0].get_right()[0] + units(70)
        self.calls = {}
        for y, model in zip((1.0, 0.72, 0.44), ("transformer", "LSTM, gates open", "LSTM"), strict=True):
            height = self.plot.axes[1].get_bottom()[1] + y * self.plot.high - units(40)
            self.calls[model] = self._call(run, model).move_to(np.array([edge, height, 0]), aligned_edge=LEFT)
        super().__init__(self.plot, self.pieces, *self.dots.values(), *self.calls.values())
        centred(self)

    def _piece(self, run: Trace, model: str, k: int) -> VGroup:
        """What the trainings of a model do up to the k-th check; before the first step all are left to chance."""
        role, steps, lines = RECALLING[model][1], run["checks"].values, VGroup()
        for row in run["curve"].pick(model=model):
            values = row.values
            start = (float(steps[k - 1]), float(values[k - 1])) if k else (0.0, float(run["chance"]))
            line = path([self.plot.point(*start), self.plot.point(float(steps[k]), float(values[k]))], role, 4)
            before = row.quantity(k - 1) if k else run["chance"]
            lines.add(means(line, self.plot.course([start[0], run["checks"].quantity(k)], [before, row.quantity(k)])))
        return lines

    def _mark(self, step: int, role: str) -> VMobject:
        return dot(self.plot.point(step, 1.0), 11, role)

    @staticmethod
    def _call(run: Trace, model: str) -> VGroup:
        name, role = RECALLING[model]
        median = run["steps_median"].pick(model=model)
        count, of = run["steps.trainings_that_solved"].pick(model=model), run["steps.trainings"]
        told = f"step {median:,.0f}" if np.isfinite(float(median)) else f"{count} of {of} trainings"
        rate = run["rate"].pick(model=model)
        title = means(Words(f"{name}, best rate {rate:g}", "fact", role), Called(model, "model"))
        lines = VGroup(title, Words(told, "large number"))
        lines[1].begin_at(lines[0].get_left()[0]).stand_on(lines[0].baseline - units(50))
        if not np.isfinite(float(median)):
            note = Words("a dot: every distance learned", "aside", "ink2").begin_at(lines[0].get_left()[0])
            lines[1].add(note.stand_on(lines[1].baseline - units(44)))
        return lines
