"""Switch a head off: its output is replaced by its mean over all words of held-out sentences. What goes wrong?

Counted is each Spanish word, with the right words before it: adjectives whose Spanish form shows the gender of their
noun, and everything else; and whole sentences that the model writes itself. Zero would be a value that no later layer
ever saw; the mean takes away what the head says of this sentence and leaves what it says of every one.
Source: Wang et al. 2022, section 2.1 (mean ablation).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from transformer_core.evaluation import exact
from transformer_core.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.experiments.shipped import passes, source_rows, translator
from transformer_core.experiments.translation import held_out, one_thread, vocabulary
from transformer_core.interpret import head_off
from transformer_core.interpret.intervention import attentions
from transformer_core.model import Transformer
from transformer_core.tasks import Pair
from transformer_core.vocabulary import PAD

KINDS = ("gender forms", "everything else", "whole sentences")


def shows_gender(pair: Pair) -> np.ndarray:
    """Which Spanish words translate an adjective that Spanish inflects."""
    adjectives = {adjective for adjective, _ in pair.roles.get("adjective(inflected)->noun", ())}
    adjectives |= {adjective for adjective, _ in pair.roles.get("adjective->referent", ())}
    return np.array([bool(adjectives & {*sources}) for sources in pair.alignment])


def means(model: Transformer, pairs: Sequence[Pair]) -> dict[str, np.ndarray]:
    """The mean of z over all words that are no padding, by the path of each attention: "head d_head"."""
    paths = [path for path, _ in attentions(model)]
    rows: dict[str, list[np.ndarray]] = {path: [] for path in paths}
    for some, target, tape in passes(model, pairs, [f"{path}.z" for path in paths]):
        for path in paths:
            z = tape[f"{path}.z"].transpose(1, 2)
            reads_source = path.startswith("encoder")
            rows[path].append(source_rows(z, some) if reads_source else z[target[:, :-1] != PAD].numpy())
    return {path: np.concatenate(found).mean(0) for path, found in rows.items()}


def judged(model: Transformer, pairs: Sequence[Pair]) -> np.ndarray:
    """The share of words that are right, by kind, with the right words before them; and of sentences written whole."""
    hits: list[np.ndarray] = []
    for some, target, tape in passes(model, pairs, ["logits"]):
        guessed = tape["logits"].argmax(-1)
        for pair, row, answers in zip(some, guessed, target, strict=True):
            words = len(pair.target)
            hits.append(np.stack([(row[:words] == answers[1 : words + 1]).numpy(), shows_gender(pair)]))
    right, gender = np.concatenate(hits, axis=1)
    return np.array([right[gender].mean(), right[~gender].mean(), np.mean(exact(model, vocabulary(), pairs))])


@experiment("What goes wrong when one head is switched off?")
def run(bench: Bench, sentences: int = 500) -> Found:
    model, pairs = translator(), held_out(sentences)
    heads = {path: attention.heads for path, attention in attentions(model)}
    bench.expect(2 + sum(heads.values()))
    with one_thread():
        usual = bench.once("means", lambda: means(model, pairs))
        before = bench.once("all heads", lambda: {"right": judged(model, pairs)})["right"]

        def without(path: str, head: int) -> Piece:
            with head_off(model, path, head, torch.from_numpy(usual[path][head])):
                return {"right": judged(model, pairs)}

        after = {
            path: [bench.once(f"{path} {head}", partial(without, path, head))["right"] for head in range(count)]
            for path, count in heads.items()
        }
    words = {"choice": KINDS}
    stacks = {"encoder": "encoder self_attn", "decoder": "decoder self_attn", "cross": "decoder cross_attn"}
    askers = np.concatenate([shows_gender(pair) for pair in pairs])
    return {
        name: tensor(
            [after[path] for path in heads if [*path.split(".")][::2] == where.split()], "layer head choice", **words
        )
        for name, where in stacks.items()
    } | {
        "before": tensor(before, "choice", **words),
        "counted": tensor([askers.sum(), (~askers).sum(), len(pairs)], "choice", **words),
    }
