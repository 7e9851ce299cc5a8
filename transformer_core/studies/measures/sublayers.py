"""Token ids, and the sensitivity of each sublayer's outputs to the inputs at other positions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from transformer_core.studies.measures.attention_weights import as_attention_input, scale_of, softmax
from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.linearity import feeding
from transformer_core.studies.measures.naming import Values, joined, measure
from transformer_core.studies.measures.norms import normed
from transformer_core.tracing.trace import Trace

#: What the boxes of a layer are called, by the name of their tensors.
BOXES = {"ln1": "norm", "self_attn": "attention", "ln2": "second norm", "ffn": "feed-forward"}
#: The residual stream after each kind of sublayer.
AFTER = {"self_attn": "resid_attn", "cross_attn": "resid_cross", "ffn": "resid_ffn"}


@measure("batch position", like="token")
def ids(trace: Trace, prefix: str, token: np.ndarray) -> Values:
    """The row of the embedding table that each token fetched, counted from 0; `prefix` is `embed_src` or another.

    Raises:
        ValueError: a row that is not in the table.
    """
    name = joined(prefix, "token")
    table = trace.full(next(made for made in trace.parents[name] if made.endswith(".table"))).values
    same = (token[..., None, :] == table).all(-1)
    if not same.any(-1).all():
        raise ValueError(f"{name} holds a row that is not in its table")
    return same.argmax(-1)


@measure("batch position")
def added_share(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """|f_i| / |x_i|: the norm of the sublayer's output over that of the vector that it is added to."""
    block, _, kind = prefix.rpartition(".")
    total = trace.full(f"{block}.{AFTER[kind]}")
    return np.linalg.norm(out, axis=-1) / np.linalg.norm(total.values - out, axis=-1), total.labels


@measure("batch query key d_model", like="weights")
def weighted_rows(trace: Trace, prefix: str, mean_weights: np.ndarray) -> Values:
    """w_ij x_j, with the weights in the mean of all heads and the rows x_j that the attention reads as keys."""
    return mean_weights[..., None] * entering(trace, prefix, "k")[:, None]


@measure("batch query d_model", like="weights")
def mixture(weighted_rows: np.ndarray) -> Values:
    """sum_j w_ij x_j."""
    return weighted_rows.sum(2)


def _attention(trace: Trace, prefix: str) -> Callable[[np.ndarray], np.ndarray]:
    w_q, w_k, w_v, w_o = (trace.full(f"parameters.{prefix}.w_{letter}").values for letter in "qkvo")
    biases = (f"parameters.{prefix}.b_{letter}" for letter in "qkvo")
    b_q, b_k, b_v, b_o = (trace.full(b).values if b in trace else np.zeros((1, 1), w_o.dtype) for b in biases)
    scale = scale_of(trace, prefix)

    def attend(x: np.ndarray) -> np.ndarray:
        q, k, v = (
            as_attention_input(trace, prefix, letter, (np.einsum("im,hmd->hid", x, w) + b[:, None])[None])[0]
            for letter, w, b in (("q", w_q, b_q), ("k", w_k, b_k), ("v", w_v, b_v))
        )
        return np.einsum("hid,hdm->im", softmax(np.einsum("hid,hjd->hij", q, k) * scale) @ v, w_o) + b_o

    return attend


def _box(trace: Trace, path: str) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """The function of the box at `path`, and the rows that it reads."""
    if path.endswith(("ln1", "ln2")):
        first = "mean_square" if f"{path}.mean_square" in trace else "mean"
        return lambda x: normed(trace, path, x), entering(trace, path, first)[0]
    if path.endswith("ffn"):
        return feeding(trace, path, biases=True), entering(trace, path, "pre")[0]
    return _attention(trace, path), entering(trace, path, "q")[0]


@measure("part query key")
def token_sensitivity(trace: Trace, prefix: str) -> Values:
    """max |f(x)_i - f(x without j)_i| over its largest value: the change of output i when input j is set to zero.

    For each box of the layer at `prefix`, computed anew.
    """
    found = {}
    for kind, box in BOXES.items():
        if any(name.startswith(f"{prefix}.{kind}.") for name in trace.tensors):
            f, rows = _box(trace, f"{prefix}.{kind}")
            whole, changed = f(rows), []
            for j in range(len(rows)):
                blanked = rows.copy()
                blanked[j] = 0
                changed.append(np.abs(f(blanked) - whole).max(-1))
            found[box] = np.stack(changed, axis=1) / np.max(changed)
    words = trace.labels(joined(prefix, "resid_pre")).get("position")
    labels = {"part": tuple(found)} | ({"query": words, "key": words} if words else {})
    return np.stack([*found.values()]), labels


@measure("part", like="token_sensitivity")
def sensitive_pairs(token_sensitivity: np.ndarray) -> Values:
    """The number of pairs of two different rows of which blanking one changes the other, box by box."""
    return ((token_sensitivity * ~np.eye(token_sensitivity.shape[1], dtype=bool)) > 0).sum((1, 2))


@measure("part key", like="token_sensitivity")
def pairs_so_far(token_sensitivity: np.ndarray) -> Values:
    """The same after each row in turn has been blanked: those of the first, of the first two, of all."""
    return ((token_sensitivity * ~np.eye(token_sensitivity.shape[1], dtype=bool)) > 0).sum(1).cumsum(-1)


@measure("")
def token_pairs(trace: Trace, prefix: str) -> Values:
    """n (n - 1): the pairs of two different rows, either way round."""
    count = trace.full(joined(prefix, "resid_pre")).shape[1]
    return count * (count - 1)
