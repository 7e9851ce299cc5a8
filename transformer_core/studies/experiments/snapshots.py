"""Watching a training: what the model makes of the same sentences at chosen steps, stacked into named tensors.

>>> read, labels = probe(vocabulary, {"": ("The car is red", "el coche es rojo")})
>>> recorder = Recorder(read, log_spaced(8000, 25), points=["*.weights", "probs"], labels=labels)
>>> run.go_on(watch=recorder)
>>> recorder.tensors()["decoder.0.cross_attn.weights"].axes
('checkpoint', 'batch', 'head', 'query', 'key')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.sentence.read import words_along
from transformer_core.studies.sentence.variants import Sentence
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.tap import Labels, record, under
from transformer_core.tracing.trace import NamedTensor, Trace

Read = Callable[[Transformer], Any]
Measure = Callable[[Transformer], Iterable[NamedTensor]]


def log_spaced(last: int, count: int = 25) -> tuple[int, ...]:
    """`count` steps: 0, 1, ..., `last`, each about the same ratio after the one before. A training learns in strides,
    and most of them come early.

    Raises:
        ValueError: fewer than three, or more than there are.
    """
    if not 3 <= count <= last + 1:
        raise ValueError(f"no {count} different steps from 0 to {last}")
    steps = [0, 1]
    for left in range(count - 2, 0, -1):
        ratio = (last / steps[-1]) ** (1 / left)
        steps.append(max(steps[-1] + 1, round(steps[-1] * ratio)))
    return tuple(steps)


def probe(vocabulary: Vocabulary, sentences: Mapping[str, tuple[str, str]]) -> tuple[Read, Labels]:
    """One pass over each English text and its right translation, by prefix, and the words along their axes.

    Raises:
        SentenceError: a text that the vocabulary cannot read.
    """
    given = {}
    for prefix, (text, translation) in sentences.items():
        reading = vocabulary.read(text)
        target_ids = tuple(vocabulary.target_ids(translation.split())[:-1])
        words = tuple(vocabulary.target[i] for i in target_ids)
        given[prefix] = Sentence(text, reading.ids, target_ids, reading.labels, words)

    def read(model: Transformer) -> None:
        for prefix, pair in given.items():
            with under(prefix):
                model(torch.tensor([pair.source_ids]), torch.tensor([pair.target_ids]))

    return read, words_along(given, vocabulary)


class Recorder:
    """The `watch` of a training: keeps trace points of a pass over the same sentences, at some steps.

    The model is seen as it is used, in evaluation mode; watching changes no weight by a bit.

    Args:
        read: the pass, such as `lambda model: model(source, target)`.
        steps: when to look; see `log_spaced`.
        points: names or patterns of the trace points to keep.
        labels: the words along an axis of a point, as for `Tape.trace`.
        measure: further tensors to compute from the model at each of these steps, such as scores of heads.
    """

    def __init__(
        self,
        read: Read,
        steps: Iterable[int],
        points: Iterable[str] = ("*.weights",),
        labels: Labels | None = None,
        measure: Measure | None = None,
    ) -> None:
        self.read, self.points, self.labels, self.measure = read, tuple(points), labels, measure
        self.steps = frozenset(steps)
        self.taken: dict[int, dict[str, NamedTensor]] = {}

    def __call__(self, step: int, model: Transformer) -> None:
        if step in self.steps:
            self.taken[step] = self.look(model)

    @torch.no_grad()
    def look(self, model: Transformer) -> dict[str, NamedTensor]:
        """One snapshot, by name.

        Raises:
            KeyError: a pattern in `points` that no tensor of the pass has.
        """
        training = model.training
        model.eval()
        try:
            with record(only=self.points) as tape:
                self.read(model)
            measured = self.measure(model) if self.measure else ()
            return dict(tape.trace(self.labels)) | {tensor.name: tensor for tensor in measured}
        finally:
            model.train(training)

    def tensors(self) -> dict[str, NamedTensor]:
        """The recorded tensors, each stacked along a first axis "checkpoint" whose labels are the steps; `step` has the
        steps as numbers.

        Raises:
            ValueError: no step was recorded.
        """
        if not self.taken:
            raise ValueError("nothing was recorded: the training came to none of the chosen steps")
        steps = sorted(self.taken)
        checkpoints = {"checkpoint": tuple(map(str, steps))}
        found = {"step": NamedTensor("step", np.array(steps), ("checkpoint",), checkpoints)}
        for name, tensor in self.taken[steps[0]].items():
            values = np.stack([self.taken[step][name].values for step in steps])
            found[name] = NamedTensor(name, values, ("checkpoint", *tensor.axes), {**checkpoints, **tensor.labels})
        return found

    def save(self, path: Path) -> None:
        """Everything that `load` needs, as a trace: to be written whenever the state of a run is."""
        taken = {f"{step}.{name}": tensor for step, snapshot in self.taken.items() for name, tensor in snapshot.items()}
        Trace(taken).save(path)

    def load(self, path: Path) -> None:
        """Take in what `save` wrote, so that a training that goes on keeps the snapshots of its first part.

        Raises:
            ValueError: it was damaged; a line that names it.
        """
        for full, tensor in Trace.load(path).tensors.items():
            step, _, name = full.partition(".")
            self.taken.setdefault(int(step), {})[name] = replace(tensor, name=name)
