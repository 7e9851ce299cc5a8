"""Sentences as arrays of ids, and the batches that training reads: seed and number give the same batch again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int, UInt16
from torch import Tensor

from transformer_core.text.vocabulary import PAD, Vocabulary


@runtime_checkable
class SentencePair(Protocol):
    """A source sentence with its translation, and the pairs of noun and adjective that it joins."""

    @property
    def source(self) -> Sequence[str]: ...
    @property
    def target(self) -> Sequence[str]: ...
    @property
    def pairs(self) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True)
class Corpus:
    """Sentence pairs as padded ids, the lengths of the sources, and how often a noun meets an adjective."""

    source: UInt16[np.ndarray, "sentence key"]
    target: UInt16[np.ndarray, "sentence query"]
    lengths: Int[np.ndarray, " sentence"]
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def of(cls, sentences: Iterable[SentencePair], vocabulary: Vocabulary) -> Corpus:
        """The corpus of these sentence pairs, in their order."""
        sources, targets, pairs = [], [], Counter[tuple[str, str]]()
        for pair in sentences:
            sources.append(vocabulary.source_ids(pair.source))
            targets.append(vocabulary.target_ids(pair.target))
            pairs.update(pair.pairs)
        return cls(padded(sources), padded(targets), np.array([len(ids) for ids in sources]), pairs)

    def batch(self, rows: Int[np.ndarray, " batch"]) -> tuple[Int[Tensor, "batch key"], Int[Tensor, "batch query"]]:
        """Ids of some rows, cut to the longest of them."""
        source, target = self.source[rows], self.target[rows]
        return (
            torch.from_numpy(source[:, : (source != PAD).sum(1).max()].astype(np.int64)),
            torch.from_numpy(target[:, : (target != PAD).sum(1).max()].astype(np.int64)),
        )

    def batches(
        self, size: int, seed: int, start: int = 0
    ) -> Iterator[tuple[Int[Tensor, "batch key"], Int[Tensor, "batch query"]]]:
        """Batches without end, of sentences of about one length, from batch number `start` on.

        Each pass shuffles all sentences, sorts a hundred batches' worth at a time by length, and shuffles the batches.
        """
        per_pass = max(1, len(self) // size)
        passing, skipped = divmod(start, per_pass)
        while True:
            random = np.random.default_rng([seed, passing])
            order = random.permutation(len(self))[: per_pass * size]
            parts = [order[at : at + 100 * size] for at in range(0, len(order), 100 * size)]
            order = np.concatenate([part[np.argsort(self.lengths[part], kind="stable")] for part in parts])
            rows = order[: per_pass * size].reshape(per_pass, -1)[random.permutation(per_pass)]
            for row in rows[skipped:]:
                yield self.batch(row)
            passing, skipped = passing + 1, 0


def padded(sequences: Sequence[Sequence[int]]) -> UInt16[np.ndarray, "sentence position"]:
    """Rows of ids, filled up with padding to the longest."""
    rows = np.full((len(sequences), max(map(len, sequences))), PAD, dtype=np.uint16)
    for row, ids in zip(rows, sequences, strict=True):
        row[: len(ids)] = ids
    return rows
