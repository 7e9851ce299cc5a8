"""Evaluation of a translator on held-out sentences: exact matches, and the alignment of its cross-attention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transformer_core.decoding.sampling import greedy
from transformer_core.model import Transformer
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.grammar.phrases import PUNCTUATION
from transformer_core.text.vocabulary import END, PAD, START, Vocabulary
from transformer_core.tracing.tap import record
from transformer_core.training.batches import padded

BATCH = 250


def ids_of(sequences: Sequence[Sequence[int]]) -> Tensor:
    return torch.from_numpy(padded(sequences).astype(np.int64))


def batches_of(
    vocabulary: Vocabulary, pairs: Sequence[Pair], device: torch.device | None = None
) -> Iterator[tuple[Sequence[Pair], Tensor, Tensor]]:
    """Up to `BATCH` pairs at a time, their padded source ids, and their target ids from start to end mark."""
    for at in range(0, len(pairs), BATCH):
        some = pairs[at : at + BATCH]
        source = ids_of([vocabulary.source_ids(pair.source) for pair in some])
        target = ids_of([vocabulary.target_ids(pair.target) for pair in some])
        yield some, source.to(device), target.to(device)


def translate(model: Transformer, vocabulary: Vocabulary, sources: Sequence[Sequence[int]]) -> list[tuple[str, ...]]:
    """The greedy translation of each source."""
    return [vocabulary.target_words(row) for row in _greedy(model, vocabulary, ids_of(sources))]


def _greedy(model: Transformer, vocabulary: Vocabulary, ids: Tensor) -> list[list[int]]:
    longest = min(vocabulary.longest, model.config.max_positions - 1)
    ids = ids.to(model.device)
    return greedy(model, ids, START, END, longest, source_padding=ids == PAD)


def exact(model: Transformer, vocabulary: Vocabulary, pairs: Sequence[Pair]) -> list[bool]:
    """True for each sentence whose greedy translation is the grammar's, word for word."""
    return matches(lambda ids: _greedy(model, vocabulary, ids), vocabulary, pairs)


def matches(
    write: Callable[[Tensor], Sequence[Sequence[int]]], vocabulary: Vocabulary, pairs: Sequence[Pair]
) -> list[bool]:
    """True for each sentence that `write` translates as the grammar does, word for word: from ids to ids."""
    right: list[bool] = []
    for some, source, _ in batches_of(vocabulary, pairs):
        written = zip(write(source), some, strict=True)
        right += [vocabulary.target_words(ids) == pair.target for ids, pair in written]
    return right


def by_length(pairs: Sequence[Pair], right: Iterable[bool]) -> dict[str, Any]:
    """The share of sentences that are `right`, in all and by the number of English words."""
    words, found = np.array([len(pair.source) for pair in pairs]), np.array([*right])

    def share(some: np.ndarray) -> dict[str, float | int]:
        return {"exact": float(some.mean()), "sentences": len(some)}

    return share(found) | {"by_length": {int(n): share(found[words == n]) for n in np.unique(words)}}


@torch.no_grad()
def alignment(model: Transformer, vocabulary: Vocabulary, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Share of target words whose largest cross-attention, heads averaged, lies on a word that it translates.

    The row that predicts a word is the row that reads the word before it. Counted in all, and without the words that
    Spanish inserts; question marks don't count. The decoder layer is the one that aligns best.
    """
    hits: dict[int, list[tuple[bool, bool]]] = defaultdict(list)
    for some, source, target in batches_of(vocabulary, pairs, model.device):
        with record(only=["decoder.*.cross_attn.weights"]) as tape:
            model(source, target, source == PAD)
        for layer, weights in enumerate(tape.values()):
            top_key = weights.mean(1).argmax(-1).tolist()
            for pair, row in zip(some, top_key, strict=True):
                for word, sources, at_word, inserted in zip(
                    pair.target, pair.alignment, row, pair.inserted, strict=False
                ):
                    if word not in PUNCTUATION:
                        hits[layer].append((at_word in sources, inserted))
    scores = {layer: float(np.mean([hit for hit, _ in found])) for layer, found in hits.items()}
    best = max(scores, key=lambda layer: scores[layer])
    return {
        "layer": best,
        "all": scores[best],
        "without_inserted": float(np.mean([hit for hit, inserted in hits[best] if not inserted])),
        "by_layer": [scores[layer] for layer in sorted(scores)],
    }
