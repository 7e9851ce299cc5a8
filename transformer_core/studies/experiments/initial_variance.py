"""Variance of the residual stream by depth before any training, for three scales of the initial weights.

All matrices but the embeddings are multiplied by the scale. Measured on training sentences: the variance of the entries
of the stream after each encoder layer, and how undecided the first attention is: the entropy of its rows over that of
equal shares. Source of the initial weights: Glorot and Bengio 2010.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from transformer_core.studies.experiments.deep import KINDS, batch, untrained
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import one_thread, vocabulary
from transformer_core.tracing.tap import record

SCALES = (0.25, 1.0, 4.0)
WITH_ADD = tuple(kind for kind in KINDS if not kind.endswith("no Add"))
PROBE = ("the", "car", "is", "red")


@torch.no_grad()
def streams(kind: str, scale: float, layers: int, seed: int, sentences: int) -> Piece:
    """Variance by layer, the input first; entropy of the first attention; its weights on the probe sentence."""
    model = untrained(kind, layers, seed)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and not name.endswith(".table"):
            parameter.mul_(scale)
    source, _ = batch(sentences, 0)
    real = source != 0
    with record(only=["encoder.*.resid_pre", "encoder.*.resid_post", "encoder.0.self_attn.weights"]) as tape:
        model.encode(source, ~real)
    after = [tape[f"encoder.{layer}.resid_post"] for layer in range(layers)]
    variances = [float(rows[real].var()) for rows in (tape["encoder.0.resid_pre"], *after)]
    weights = tape["encoder.0.self_attn.weights"]
    entropy = -(weights * weights.clamp_min(1e-12).log()).sum(-1)
    most = real.sum(-1).float().log()[:, None, None]
    asked = (real & (real.sum(-1, keepdim=True) > 1))[:, None, :].expand_as(entropy)  # one word has no choice
    with record(only=["encoder.0.self_attn.weights"]) as tape:
        model.encode(torch.tensor([vocabulary().source_ids(PROBE)]))
    return {
        "variance": np.array(variances),
        "entropy": (entropy / most)[asked].mean().numpy(),
        "weights": tape["encoder.0.self_attn.weights"][0].numpy(),
    }


@experiment("What do small and large initial weights make of the stream's variance, and of the first attention?")
def run(bench: Bench, layers: int = 8, seeds: int = 5, sentences: int = 64) -> Found:
    bench.expect(len(WITH_ADD) * len(SCALES))
    tried = range(bench.seed, bench.seed + seeds)

    def several(kind: str, scale: float) -> Piece:
        pieces = [streams(kind, scale, layers, seed, sentences) for seed in tried]
        return {name: np.stack([piece[name] for piece in pieces]) for name in pieces[0]}

    with one_thread():
        found = [
            [bench.once(f"{kind}, scale {scale}", partial(several, kind, scale)) for scale in SCALES]
            for kind in WITH_ADD
        ]
    words = {"choice": WITH_ADD, "scale": SCALES}

    def gathered(name: str) -> np.ndarray:
        return np.array([[piece[name] for piece in row] for row in found])

    return {
        "variance": tensor(np.median(gathered("variance"), 2), "choice scale layer", layer=range(layers + 1), **words),
        "variance_by_seed": tensor(gathered("variance"), "choice scale seed layer", layer=range(layers + 1), **words),
        "entropy": tensor(gathered("entropy").mean(2), "choice scale", **words),
        "entropy_by_seed": tensor(gathered("entropy"), "choice scale seed", **words),
        "weights": tensor(gathered("weights")[:, :, 0], "choice scale head query key", query=PROBE, key=PROBE, **words),
        "scales": tensor(SCALES, "scale", scale=SCALES),
    }
