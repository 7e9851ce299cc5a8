"""Mean ablation of single heads: the output is replaced by its mean over all words of held-out sentences.

Counted is each Spanish word, with the right words before it, by the role that the grammar gives to its English word: an
article depends on its noun, a form of "be" on its adjective, an inflected adjective on its noun; and whole
sentences that the model writes itself. Zero would be a value that no later layer ever saw; the mean takes away what the
head says of this sentence and leaves what it says of every one. Source: Wang et al. 2022, section 2.1 (mean ablation).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from transformer_core.interpret import head_off
from transformer_core.interpret.intervention import attentions
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import passes, source_rows, translator
from transformer_core.studies.experiments.translation import held_out, one_thread, vocabulary
from transformer_core.studies.translator.evaluate import exact
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.roles import DECIDING
from transformer_core.text.vocabulary import PAD

KINDS = (*DECIDING, "everything else", "whole sentences")


def kinds_of(pair: Pair) -> np.ndarray:
    """For each Spanish word the place in `KINDS` of the role in which an English word it translates is the query."""
    query_tokens = [{query_token for query_token, _ in pair.roles.get(role, ())} for role in DECIDING]
    others = len(DECIDING)
    kinds = [next((at for at, some in enumerate(query_tokens) if some & {*of}), others) for of in pair.alignment]
    return np.array(kinds, dtype=int)


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
            hits.append((row[:words] == answers[1 : words + 1]).numpy())
    right, kind = np.concatenate(hits), np.concatenate([kinds_of(pair) for pair in pairs])
    shares = np.bincount(kind, right, len(KINDS) - 1) / np.maximum(np.bincount(kind, minlength=len(KINDS) - 1), 1)
    return np.array([*shares, np.mean(exact(model, vocabulary(), pairs))])


@experiment("What goes wrong when one head is switched off?")
def run(bench: Bench, sentences: int = 1000) -> Found:
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
    counted = np.bincount(np.concatenate([kinds_of(pair) for pair in pairs]), minlength=len(KINDS) - 1)
    return {
        name: tensor(
            [after[path] for path in heads if [*path.split(".")][::2] == where.split()], "layer head choice", **words
        )
        for name, where in stacks.items()
    } | {
        "before": tensor(before, "choice", **words),
        "counted": tensor([*counted, len(pairs)], "choice", **words),
    }
