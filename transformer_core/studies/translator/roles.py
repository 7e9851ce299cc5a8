"""Grammatical roles of attention heads, measured over many sentences, never read off one picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.translator.evaluate import batches_of
from transformer_core.studies.translator.grammar import Pair, reading
from transformer_core.text.vocabulary import PAD, Vocabulary, pieces
from transformer_core.tracing.tap import record, to_numpy
from transformer_core.tracing.trace import NamedTensor

#: Roles in which what the query token becomes in Spanish may depend on what it looks at.
DECIDING = (
    "determiner->noun",
    "copula->adjective",
    "adjective(inflected)->noun",
    "adjective(invariant)->noun",
    "adjective->referent",
    "ambiguous noun->deciding word",
    "pronoun(it/them)->antecedent",
)
ROLES = (*DECIDING, "noun->adjective", "previous token", "next token", "self")

Pairs = dict[str, tuple[tuple[int, int], ...]]


def with_neighbours(pair: Pair) -> Pairs:
    """The roles of the grammar, and those that any text has: the word before, the word behind, the word itself."""
    words = range(len(pair.source))
    return pair.roles | {
        "previous token": tuple((i, i - 1) for i in words[1:]),
        "next token": tuple((i, i + 1) for i in words[:-1]),
        "self": tuple((i, i) for i in words),
    }


def parse(text: str) -> Pairs | None:
    """For each role, the (query token, answer) positions in the sentence; None outside the grammar."""
    pair = reading([piece.lower() for piece in pieces(text)])
    return with_neighbours(pair) if pair else None


def in_grammar(text: str) -> bool:
    """True if the grammar can make this sentence."""
    return parse(text) is not None


@torch.no_grad()
def cases(model: Transformer, vocabulary: Vocabulary, pairs: Sequence[Pair]) -> Iterator[tuple[str, np.ndarray]]:
    """For each query token of a role: the role, and in which heads, "layer head", its largest weight lies on an answer
    that the grammar names.
    """
    for some, source, _ in batches_of(vocabulary, pairs, model.device):
        with record(only=["encoder.*.self_attn.weights"]) as tape:
            model.encode(source, source == PAD)
        favourites = to_numpy(torch.stack([weights.argmax(-1) for weights in tape.values()]))
        for number, pair in enumerate(some):
            for role, links in with_neighbours(pair).items():
                for query_token, several in groupby(links, key=itemgetter(0)):  # any answer is right: "is big and red"
                    yield role, np.isin(favourites[:, number, :, query_token], [answer for _, answer in several])


def score(model: Transformer, vocabulary: Vocabulary, pairs: Sequence[Pair]) -> tuple[NamedTensor, NamedTensor]:
    """score[role, layer, head] = the share of query tokens whose largest weight lies on an answer that the grammar
    names.

    Returns the scores as `roles.score`, and the number of query tokens of each role as `roles.queries`.
    """
    layers, heads = model.config.encoder_layers, model.config.heads
    hits, query_tokens = np.zeros((len(ROLES), layers, heads)), np.zeros(len(ROLES))
    for role, found in cases(model, vocabulary, pairs):
        hits[ROLES.index(role)] += found
        query_tokens[ROLES.index(role)] += 1
    shares = hits / np.maximum(query_tokens, 1)[:, None, None]
    return (
        NamedTensor("roles.score", shares.astype(np.float32), ("role", "layer", "head"), {"role": ROLES}),
        NamedTensor("roles.queries", query_tokens.astype(np.int64), ("role",), {"role": ROLES}),
    )


def best_heads(table: NamedTensor) -> dict[str, dict[str, float | int]]:
    """For each role the layer, head and score of the head that plays it best."""
    found: dict[str, dict[str, float | int]] = {}
    for role in ROLES:
        layer, head, score = table.pick(role=role).largest()
        found[role] = {"layer": layer.position, "head": head.position, "score": float(score)}
    return found
