"""Heads of a real language model: attention sinks, previous-token heads, induction heads, and how spread attention is.

In twelve texts: the weight on the first token, on the token before, and the entropy, by layer and head. In random
pieces that are repeated once: the weight of each head on the piece that followed the same one before, and the loss in
the first and the second half. What the best induction heads do is measured by ablating them: their output is
replaced by its mean, and so is that of as many heads drawn by chance.

Source: Xiao et al. 2024 (sinks); Elhage et al. 2021, Olsson et al. 2022 (induction); Clark et al. 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from transformer_core.interpret.heads import head_scores
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.language_model import TEXTS, facts, ids_of, losses
from transformer_core.tracing.tap import record

WEIGHTS = "decoder.*.self_attn.weights"
#: Random pieces in each half, and how many such sequences.
HALF, SEQUENCES = 40, 12
#: How many heads are ablated at once, and how many draws of other heads they are held against.
TAKEN, DRAWS = (1, 5, 10), 4
#: The first pieces of the vocabulary are marks.
MARKS = 20
Heads = Sequence[tuple[int, int]]


def attending(loaded: LoadedModel, text: str) -> Piece:
    """Scores of every head in one text, "layer head": sink, previous token, entropy over the largest possible."""
    ids = ids_of(loaded, text)
    with torch.inference_mode(), record(only=[WEIGHTS]) as tape:
        loaded.model(None, ids)
    scores = head_scores(tape.trace())
    weights = torch.stack([*tape.values()])[:, 0, :, 1:].double()  # the first token sees itself alone
    most = torch.arange(2, ids.shape[1] + 1, dtype=torch.float64).log()
    entropy = (torch.special.entr(weights).sum(-1) / most).mean(-1)
    return {
        "sink": scores["heads.sink"].values,
        "previous": scores["heads.previous_token"].values,
        "entropy": entropy.numpy(),
    }


def repeated(loaded: LoadedModel, seed: int, half: int = HALF, sequences: int = SEQUENCES) -> Tensor:
    """Random pieces, each sequence written twice: "batch position"."""
    random = torch.Generator().manual_seed(seed)
    vocab = loaded.model.config.target_vocab
    once = torch.randint(min(MARKS, vocab // 2), vocab, (sequences, half), generator=random)
    return torch.cat([once, once], 1)


def induction(loaded: LoadedModel, ids: Tensor) -> Piece:
    """The induction score of every head, "sentence layer head", and the loss of both halves, "sentence choice"."""
    half, scores = ids.shape[1] // 2, []
    for row in ids:
        with torch.inference_mode(), record(only=[WEIGHTS]) as tape:
            loaded.model(None, row[None])
        scores.append(head_scores(tape.trace(), period=half)["heads.induction"].values)
    return {"score": np.stack(scores), "loss": by_half(losses(loaded.model, ids)).numpy()}


def by_half(loss: Tensor) -> Tensor:
    """The mean loss of the first half, its first piece left out, and of the second, "batch choice"."""
    half = (loss.shape[1] + 1) // 2
    return torch.stack([loss[:, : half - 1].mean(1), loss[:, half:].mean(1)], 1)


def without(heads: Heads, read: Callable[[], Tensor]) -> Tensor:
    """The result of `read` while the output of each of `heads` is its mean over texts and places."""
    edits = {}
    for layer in {layer for layer, _ in heads}:
        mine = [head for at, head in heads if at == layer]

        def average(z: Tensor, mine: list[int] = mine) -> Tensor:
            z[:, mine] = z[:, mine].mean((0, 2), keepdim=True)
            return z

        edits[f"decoder.{layer}.self_attn.z"] = average
    with torch.inference_mode(), record(only=["logits"], edit=edits):
        return read()


def ablated(loaded: LoadedModel, ids: Tensor, best: Heads, seed: int, draws: int = DRAWS) -> Piece:
    """The loss of the second half without the best heads, and without as many others, drawn `draws` times."""
    model, random = loaded.model, np.random.default_rng(seed)
    shape = (model.config.decoder_layers, model.config.heads)
    others = [(int(layer), int(head)) for layer, head in np.ndindex(shape) if (layer, head) not in {*best}]
    drawn = [[others[i] for i in random.choice(len(others), len(best), replace=False)] for _ in range(draws)]
    halves = [by_half(without(heads, partial(losses, model, ids))).mean(0)[1] for heads in (best, *drawn)]
    return {"loss": torch.stack(halves).numpy()}


@experiment("Where do the heads of a real language model look, and what do its induction heads do?")
def run(bench: Bench) -> Found:
    loaded = facts(bench)
    config = loaded.model.config
    bench.expect(len(TEXTS) + 1 + len(TAKEN))
    texts = bench.each("text {}", range(len(TEXTS)), lambda at: attending(loaded, TEXTS[at]))
    ids = repeated(loaded, bench.seed)
    found = bench.once("repeated", partial(induction, loaded, ids))
    score = found["score"].mean(0)
    order = [divmod(int(i), config.heads) for i in np.argsort(-score, axis=None)]
    removed = bench.each("without {}", TAKEN, lambda count: ablated(loaded, ids, order[:count], bench.seed))["loss"]
    places = {"layer": range(config.decoder_layers), "head": range(config.heads)}
    named = [f"{layer}.{head}" for layer, head in order[: TAKEN[-1]]]
    return {
        **{name: tensor(values.mean(0), "layer head", **places) for name, values in texts.items()},
        **{f"{name}_by_layer": tensor(values.mean((0, 2)), "layer", layer=places["layer"])
           for name, values in texts.items()},
        **{f"{name}_by_text": tensor(values.mean((1, 2)), "sentence") for name, values in texts.items()},
        **{f"{name}_spread": tensor(np.ptp(values.mean(2), axis=0), "layer", layer=places["layer"])
           for name, values in texts.items()},
        "induction": tensor(score, "layer head", **places),
        "induction_best": tensor([score[layer, head] for layer, head in order[: TAKEN[-1]]], "rank", rank=named),
        "induction_spread": tensor([np.ptp(found["score"][:, layer, head]) for layer, head in order[: TAKEN[-1]]],
                                   "rank", rank=named),
        "loss": tensor(found["loss"].mean(0), "choice", choice=("first half", "second half")),
        "loss_spread": tensor(np.ptp(found["loss"], axis=0), "choice", choice=("first half", "second half")),
        "without_best": tensor(removed[:, 0], "amount", amount=TAKEN),
        "without_others": tensor(removed[:, 1:], "amount sample", amount=TAKEN),
        "texts": tensor(len(TEXTS)),
        "sequences": tensor(len(ids)),
    }  # fmt: skip
