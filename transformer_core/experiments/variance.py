"""Why the scores are divided by the root of d_k: dot products of random vectors, measured.

If the entries of q and k are independent with mean zero and variance one, each product has mean zero and variance one,
and var(q . k) = d_k (Vaswani et al. 2017, section 3.2.1, footnote 4).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from transformer_core.measures.shares import softmax
from transformer_core.trace import NamedTensor, Trace

WIDTHS = (1, 4, 16, 64, 256, 1024)
KEYS, DRAWS, WALKS = 8, 4000, 40
DIVISORS: dict[str, Callable[[int], float]] = {"raw": lambda _: 1.0, "root": lambda d: d**0.5, "full": float}
BINS = np.linspace(-80, 80, 81)
SEED = 0


def run(seed: int = SEED) -> Trace:
    """Draw q and k from the standard normal, `DRAWS` times `KEYS` keys a width; the names say what is kept."""
    rng = np.random.default_rng(seed)
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
    labels = {"width": tuple(map(str, WIDTHS)), "choice": tuple(DIVISORS)}
    results = {
        "width": (np.array(WIDTHS), "width"),
        "keys": (np.array(KEYS), ""),
        "variance": (np.array(variance), "width"),
        "histogram": (np.array(heights), "width bin"),
        "edges": (BINS, "edge"),
        "largest_weight": (np.array(largest), "width choice"),
        "jacobian_norm": (np.array(slopes), "width choice"),
        "sorted_weights": (np.array(rows), "width choice key"),
        "walks": (steps.cumsum(-1), "sample step"),
        "walk_steps": (np.array(steps.shape[1]), ""),
        "walk_reach": (np.abs(steps.cumsum(-1)).max(), ""),
        "walk_roots": (np.sqrt(np.arange(steps.shape[1] + 1)), "step"),
        "walk_end_variance": (np.array(steps.sum(-1).var()), ""),
    }
    return Trace(
        {
            f"experiment.variance.{name}": NamedTensor(
                f"experiment.variance.{name}",
                values,
                tuple(axes.split()),
                {axis: names for axis, names in labels.items() if axis in axes.split()},
            )
            for name, (values, axes) in results.items()
        },
        about={
            "experiment": "variance",
            "seed": seed,
            "draws": DRAWS,
            "command": "python -m transformer_core.experiments.variance",
        },
    )


def _jacobian_norm(shares: np.ndarray) -> np.ndarray:
    """The Frobenius norm of d softmax / d s = diag(w) - w w^T, for each row of shares."""
    jacobian = shares[..., None] * (np.eye(shares.shape[-1]) - shares[..., None, :])
    norms: np.ndarray = np.linalg.norm(jacobian, axis=(-2, -1))
    return norms


if __name__ == "__main__":
    run().save(Path(__file__).parents[2] / "assets/experiments/variance.npz")
