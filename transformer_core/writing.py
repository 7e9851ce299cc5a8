"""How one sentence is written, step by step: what a lecture on decoding shows, as tensors of the trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from transformer_core.beam import beam
from transformer_core.decoding import greedy, named, reshaped, sample
from transformer_core.model import Transformer
from transformer_core.tap import record
from transformer_core.trace import NamedTensor
from transformer_core.vocabulary import END, START, Vocabulary

#: What may be done to the probabilities of a step before a word is drawn, by label.
RULES: Mapping[str, Mapping[str, Any]] = {
    "as they are": {},
    "temperature 0.5": {"temperature": 0.5},
    "temperature 2": {"temperature": 2.0},
    "top-k": {"top_k": 3},
    "top-p": {"top_p": 0.9},
}

WIDTH = 4


@torch.no_grad()
def writing(model: Transformer, vocabulary: Vocabulary, source_ids: Sequence[int]) -> dict[str, NamedTensor]:
    """`decoding.*`: greedy decoding, beam search, four rules and the cache, for one source.

    `greedy.probs` "step vocab", `greedy.log_prob`, `.entropy`, `.end` (probability of the end mark), along "step";
    `greedy.score`, the sum of log_prob. `beam.*`, the tree by the sum of log-probabilities, and `normalised.*`, by that
    sum over the length; see `beam.Tree`. `rules.probs` "choice vocab": the step `rules.step`, where the model was most
    undecided, under each of `RULES`; `rules.kept`, how many words are left, and `rules.temperature`, `.k`, `.p`.
    `cache.*`: see `cached`.
    """
    source, words = torch.tensor([source_ids]), vocabulary.target
    longest = min(vocabulary.longest, model.config.max_positions - 1)
    found = sample(model, source, START, END, longest, temperature=0)
    tensors = found.tensors(words, prefix="decoding.greedy.")
    del tensors["decoding.greedy.rule"]  # greedy has none
    labels = {"step": tensors["decoding.greedy.probs"].labels["step"], "vocab": words, "choice": tuple(RULES)}
    tensors |= named("decoding.greedy.", {"end": found.probs[0, :, END]}, ("step",), labels)
    tensors |= named("decoding.greedy.", {"score": found.log_prob[0].sum()}, (), {})
    width = min(WIDTH, len(words) // 2)
    for name, penalty in (("beam", 0.0), ("normalised", 1.0)):
        (tree,) = beam(model, source, START, END, width, longest, length_penalty=penalty)
        tensors |= tree.tensors(words, f"decoding.{name}.")
    undecided = int(found.entropy[0].argmax())
    rules = torch.stack([reshaped(found.probs[0, undecided], **rule) for rule in RULES.values()])
    figures = {
        "probs": rules,
        "kept": (rules > 0).sum(-1),
        "temperature": torch.tensor([rule.get("temperature", 1.0) for rule in RULES.values()]),
    }
    tensors |= named("decoding.rules.", figures, ("choice", "vocab"), labels)
    single = {"step": undecided, "k": RULES["top-k"]["top_k"], "p": RULES["top-p"]["top_p"]}
    tensors |= named("decoding.rules.", {name: torch.tensor(value) for name, value in single.items()}, (), {})
    return tensors | named("decoding.cache.", cached(model, source, found.token.shape[1]), (), {})


def cached(model: Transformer, source: Tensor, steps: int) -> dict[str, Tensor]:
    """The same sentence without a cache, and what a cache would not compute again.

    `difference`: how far any key or value of an old row moves when a token is added, which is why they can be kept;
    `rows_without` and `rows_with`: decoder rows computed in all; `numbers`: how many the cache holds at the end.
    """
    with record(only=["step.*.self_attn.[kv]", "step.*.cross_attn.[kv]"]) as tape:
        greedy(model, source, START, END, steps, cached=False)
    differences = []
    for name, now in tape.items():
        _, step, point = name.split(".", 2)
        before = tape.get(f"step.{int(step) - 1}.{point}")
        if before is not None:
            differences.append((now[:, :, : before.shape[2]] - before).abs().max())
    last = sum(tensor.numel() for name, tensor in tape.items() if name.startswith(f"step.{steps - 1}."))
    return {
        "difference": torch.stack(differences).max() if differences else torch.zeros(()),
        "rows_without": torch.tensor(steps * (steps + 1) // 2),
        "rows_with": torch.tensor(steps),
        "numbers": torch.tensor(last),
    }
