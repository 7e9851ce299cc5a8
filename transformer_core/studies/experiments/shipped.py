"""The lecture's own model and its passes over sentences, for the experiments on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from transformer_core.model import Transformer
from transformer_core.parameters import made_with, parameters
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.studies.translator.evaluate import batches_of
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.train import load_default
from transformer_core.text.vocabulary import PAD
from transformer_core.tracing.tap import Edit, Tape, record
from transformer_core.tracing.trace import Trace


@cache
def translator(dtype: torch.dtype = torch.float32) -> Transformer:
    """The model that the lecture shows, in evaluation mode."""
    return load_default()[0].to(dtype)


@torch.no_grad()
def passes(
    model: Transformer, pairs: Sequence[Pair], only: Iterable[str], edit: Mapping[str, Edit] | None = None
) -> Iterator[tuple[Sequence[Pair], Tensor, Tape]]:
    """Teacher-forced passes over `pairs`, a batch at a time: the pairs, their target ids, and what was recorded."""
    for some, source, target in batches_of(vocabulary(), pairs):
        with record(only=only, edit=edit) as tape:
            model(source, target[:, :-1], source == PAD, target[:, :-1] == PAD)
        yield some, target, tape


def source_rows(tensor: Tensor, pairs: Sequence[Pair]) -> np.ndarray:
    """The rows "batch position ..." of real source words, one below the other."""
    return np.concatenate([rows[: len(pair.source)].numpy() for rows, pair in zip(tensor, pairs, strict=True)])


@torch.no_grad()
def encoder_traces(model: Transformer, pairs: Sequence[Pair]) -> Iterator[Trace]:
    """A trace of the encoder for each sentence, one by one, with the parameters: all that a measure reads."""
    learned = parameters(model, lambda _name, _axis: None)
    for pair in pairs:
        with record() as tape:
            model.encode(torch.tensor([vocabulary().source_ids(pair.source)]))
        trace = tape.trace(about={"config": model.config.as_dict()})
        for name in tuple(trace):
            trace.parents[name] += made_with(name, learned)
        trace.tensors |= learned
        yield trace
