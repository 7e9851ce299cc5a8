"""Dot products of random vectors: the reason to divide scores by the root of d_k.

If the entries of q and k are independent with mean zero and variance one, each product has mean zero and variance one,
and var(q . k) = d_k (Vaswani et al. 2017, section 3.2.1, footnote 4).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.measures.attention_weights import softmax

WIDTHS = (1, 4, 16, 64, 256, 1024)
KEYS, DRAWS, WALKS = 8, 4000, 40
DIVISORS: dict[str, Callable[[int], float]] = {"raw": lambda _: 1.0, "root": lambda d: d**0.5, "full": float}
BINS = np.linspace(-80, 80, 81)


@experiment("How large are dot products of random vectors, and what does a softmax make of them?")
def run(bench: Bench) -> Found:
    """Draw q and k from the standard normal, `DRAWS` times `KEYS` keys a width; the names say what is kept."""
    rng = np.random.default_rng(bench.seed)
    variance, heights, largest, slopes, rows = [], [], [], [], []
    for width in WIDTHS:
        q, k = rng.normal(size=(DRAWS, width)), rng.normal(size=(DRAWS, KEYS, width))
        scores = np.einsum("nd,nkd->nk", q, k)
        variance.append(scores.var())
        heights.append(np.histogram(scores, BINS)[0] / scores.size)
        shares = [softmax(scores / divide(width)) for divide in DIVISORS.values()]
        largest.append([share.max(-1).mean() for share in shares])
        slopes.append([_jacobian_norm(share).mean() for share in shares])
        rows.append([np.sort(share, axis=-1)[:, ::-1].mean(0) for share in shares])
    steps = rng.normal(size=(WALKS, 64)) * rng.normal(size=(WALKS, 64))
    return {
        "width": tensor(np.array(WIDTHS), "width", width=WIDTHS),
        "keys": tensor(KEYS),
        "variance": tensor(variance, "width", width=WIDTHS),
        "histogram": tensor(heights, "width bin", width=WIDTHS),
        "edges": tensor(BINS, "edge"),
        "largest_weight": tensor(largest, "width choice", width=WIDTHS, choice=DIVISORS),
        "jacobian_norm": tensor(slopes, "width choice", width=WIDTHS, choice=DIVISORS),
        "sorted_weights": tensor(rows, "width choice key", width=WIDTHS, choice=DIVISORS),
        "walks": tensor(steps.cumsum(-1), "sample step"),
        "walk_steps": tensor(steps.shape[1]),
        "walk_reach": tensor(np.abs(steps.cumsum(-1)).max()),
        "walk_roots": tensor(np.sqrt(np.arange(steps.shape[1] + 1)), "step"),
        "walk_end_variance": tensor(steps.sum(-1).var()),
    }


def _jacobian_norm(shares: np.ndarray) -> np.ndarray:
    """The Frobenius norm of d softmax / d s = diag(w) - w w^T, for each row of shares."""
    jacobian = shares[..., None] * (np.eye(shares.shape[-1]) - shares[..., None, :])
    return np.linalg.norm(jacobian, axis=(-2, -1))
