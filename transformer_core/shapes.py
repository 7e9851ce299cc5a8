"""The shape of every tensor of a pass, from ids to probabilities, and the table of parameters: read off the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from math import prod
from typing import TypeVar

import torch

from transformer_core.model import Transformer
from transformer_core.parameters import every_parameter
from transformer_core.tracing.tap import record

#: The axes along which the tokens of a sequence lie.
TOKENS = ("position", "query", "key")
#: The ids that a model reads, as the tour calls them.
INPUTS = {"embed_src.ids": "source_ids", "embed_tgt.ids": "target_ids"}


@dataclass(frozen=True)
class Shape:
    """The name of a tensor, its axes, and the size along each: a number, or the name of a length."""

    name: str
    axes: tuple[str, ...]
    sizes: tuple[int | str, ...]

    @property
    def layer(self) -> str:
        """The part of the model that it belongs to: `embed_src`, `encoder.0`, `decoder.final_norm`, `output`."""
        parts = self.name.split(".")
        if parts[0] in ("encoder", "decoder"):
            return ".".join(parts[:2])
        return parts[0] if len(parts) > 1 else {"logits": "output", "probs": "output"}.get(self.name, "input")

    @property
    def words(self) -> str:
        return " × ".join(self.axes)

    @property
    def numbers(self) -> str:
        return " × ".join(map(str, self.sizes))


@dataclass(frozen=True)
class Learned(Shape):
    """A learned tensor, with the numbers that it adds: none if they are those of another tensor."""

    count: int


ShapeRow = TypeVar("ShapeRow", Shape, Learned)


def folded(rows: Iterable[ShapeRow]) -> list[tuple[tuple[str, ...], tuple[ShapeRow, ...]]]:
    """The rows by layer; layers that follow on each other and are alike stand together, with the rows of the first."""
    names: list[tuple[str, ...]] = []
    members: list[tuple[ShapeRow, ...]] = []
    for layer, group in groupby(rows, key=lambda row: row.layer):
        here = tuple(group)
        if names and _within(names[-1][0], members[-1]) == _within(layer, here):
            names[-1] = (*names[-1], layer)
        else:
            names.append((layer,))
            members.append(here)
    return list(zip(names, members, strict=True))


def _within(layer: str, rows: Iterable[Shape]) -> list[Shape]:
    """The rows with their names as they are inside of the layer."""
    return [replace(row, name=row.name.removeprefix(layer)) for row in rows]


def shapes_of(model: Transformer) -> tuple[Shape, ...]:
    """The shape of every tensor of a pass, in the order of execution, for one sentence: from ids to probabilities.

    A source has n tokens, and a target m; in a model of one stack the sequence has n. Read off a pass over two and
    three tokens, so that no shape is told that the model does not have.
    """
    source = None if model.encoder is None else torch.zeros(1, 2, dtype=torch.long)
    target = None if model.decoder is None else torch.zeros(1, 3, dtype=torch.long)
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), record() as tape:
            model(*(None if ids is None else ids.to(model.device) for ids in (source, target)))
    finally:
        model.train(training)
    lengths = {2: "n", 3: "n" if source is None else "m"}
    found: list[Shape] = []
    for name, tensor in tape.items():
        if not tensor.is_floating_point():  # what is read: ids are told as the input, the others follow from them
            if name in INPUTS:
                found.append(Shape(INPUTS[name], ("position",), (lengths[tensor.shape[1]],)))
            continue
        axes = tape.points[name][1].split()
        pairs = [(axis, lengths[size] if axis in TOKENS else size)
                 for axis, size in zip(axes, tensor.shape, strict=True) if axis != "batch"]  # fmt: skip
        found.append(Shape(name, *zip(*pairs, strict=True)))
    return tuple(found)


def parameters_by_layer(model: Transformer) -> dict[str, tuple[Learned, ...]]:
    """The learned tensors of each part of the model, in the order of a pass; all counts together are its parameters.

    Tied output weights, and an embedding that two stacks share, are listed and counted once.
    """
    found: dict[str, list[Learned]] = {}
    seen: set[int] = set()
    for name, tensor, axes in every_parameter(model):
        # Views of one parameter start at different places of its memory; tied ones at the same.
        fresh = tensor.data_ptr() not in seen
        seen.add(tensor.data_ptr())
        learned = Learned(name, tuple(axes.split()), tuple(tensor.shape), prod(tensor.shape) if fresh else 0)
        found.setdefault(learned.layer, []).append(learned)
    return {layer: tuple(rows) for layer, rows in found.items()}
