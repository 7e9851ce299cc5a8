"""The next token that a real language model predicts after ten prompts, and the layer in which it gets there.

The likeliest twenty pieces of each, and the entropy of all 49,152. The logit lens reads every layer as if it were the
last: the rank of the piece that the model says in the end, and the first layer from which on it stays the likeliest.
Source: nostalgebraist 2020 (logit lens).
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.interpret.lens import logit_lens
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.language_model import PROMPTS, facts, ids_of, pieces_of

SHOWN = 20


def predicted(loaded: LoadedModel, text: str, shown: int = SHOWN) -> Piece:
    """The likeliest pieces after `text` with their probabilities, the entropy, and the lens on the winner."""
    ids, model = ids_of(loaded, text), loaded.model
    with torch.inference_mode():
        probs = model(None, ids)[0, -1].double().softmax(-1)
    likely = probs.topk(shown)
    wanted = torch.full_like(ids, int(likely.indices[0]))
    lens = logit_lens(model, (None, ids), wanted, positions=[-1], top=1)
    ranks = lens["lens.rank"].values[:, 0, 0]
    return {
        "ids": likely.indices.numpy(),
        "probs": likely.values.numpy(),
        "entropy": torch.special.entr(probs).sum().numpy(),
        "ranks": ranks,
        "said": lens["lens.top_ids"].values[:, 0, 0, 0],
        "decided": np.array(decided(ranks)),
    }


def decided(ranks: np.ndarray) -> int:
    """The first layer, 0 for the input, from which on the winner is the likeliest."""
    behind = np.flatnonzero(ranks > 1)
    return int(behind[-1]) + 1 if len(behind) else 0


@experiment("What does a real language model predict after ten prompts, and in which layer is it decided?")
def run(bench: Bench) -> Found:
    loaded = facts(bench)
    found = bench.each("{}", PROMPTS, lambda key: predicted(loaded, PROMPTS[key]))
    layers = ("input", *map(str, range(loaded.model.config.decoder_layers)))
    texts = {"sentence": tuple(PROMPTS.values())}
    tensors = {
        "top": tensor(found["probs"], "sentence rank", **texts),
        "entropy": tensor(found["entropy"], "sentence", **texts),
        "lens_rank": tensor(found["ranks"], "sentence layer", layer=layers, **texts),
        "decided": tensor(found["decided"], "sentence", **texts),
        "decided_median": tensor(np.median(found["decided"])),
        "decided_spread": tensor(np.ptp(found["decided"])),
    }
    for at, key in enumerate(PROMPTS):
        pieces = pieces_of(loaded, found["ids"][at].tolist())
        tensors[key] = tensor(found["probs"][at], "rank", rank=pieces)
        said = pieces_of(loaded, found["said"][at].tolist())
        read = [f"{layer}: {piece}" for layer, piece in zip(layers, said, strict=True)]
        tensors[f"{key}_lens"] = tensor(found["ranks"][at], "layer", layer=read)
    return tensors
