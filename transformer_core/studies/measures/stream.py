"""The residual stream: what every sublayer adds to it, how the sum grows, and how far a row has come."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import beside, named
from transformer_core.tracing.trace import NamedTensor, Trace

SAID = {"self_attn": "attention", "cross_attn": "cross-attention", "ffn": "feed-forward"}


def blocks(trace: Trace, prefix: str) -> list[int]:
    """The layers of the stack at `prefix` that the trace holds."""
    return [layer for layer in range(64) if f"{prefix}.{layer}.resid_post" in trace]


def additions(trace: Trace, prefix: str) -> list[tuple[str, np.ndarray]]:
    """The first vectors of a stack's residual stream and the output of each sublayer, in the order of execution."""
    found = [("input", trace.full(f"{prefix}.0.resid_pre").values)]
    for layer in blocks(trace, prefix):
        for sublayer, said in SAID.items():
            if f"{prefix}.{layer}.{sublayer}.out" in trace:
                found.append((f"{said} {layer + 1}", trace.full(f"{prefix}.{layer}.{sublayer}.out").values))
    return found


def _by_sublayer(trace: Trace, prefix: str, name: str, values: np.ndarray, axes: str) -> NamedTensor:
    labels = {"sublayer": tuple(said for said, _ in additions(trace, prefix))}
    words = trace.full(f"{prefix}.0.resid_pre").labels
    return NamedTensor(f"{prefix}.{name}", values, tuple(axes.split()), {**words, **labels})


@derived("contribution_norms")
def contribution_norms(trace: Trace, prefix: str) -> NamedTensor:
    """|x_0| and |f_s| of each sublayer s: how much each tributary carries, for each token."""
    lengths = np.stack([np.linalg.norm(rows, axis=-1) for _, rows in additions(trace, prefix)], axis=1)
    return _by_sublayer(trace, prefix, "contribution_norms", lengths, "batch sublayer position")


@derived("residual_sums")
def residual_sums(trace: Trace, prefix: str) -> NamedTensor:
    """x_0 + sum_{s' <= s} f_s': the row as its sum grows."""
    sums = np.stack([rows for _, rows in additions(trace, prefix)], axis=1).cumsum(1)
    return _by_sublayer(trace, prefix, "residual_sums", sums, "batch sublayer position d_model")


@derived("residual_sums_difference")
def residual_sums_difference(trace: Trace, prefix: str) -> NamedTensor:
    """The largest difference between that sum and the last row, relative to the row's largest entry.

    None, but for rounding, in pre-norm; in post-norm a norm rescales the sum after each addition.
    """
    last = trace.full(f"{prefix}.{blocks(trace, prefix)[-1]}.resid_post").values
    (sums,) = beside(trace, prefix, "residual_sums")
    return named(trace, prefix, "residual_sums_difference", np.abs(sums[:, -1] - last).max() / np.abs(last).max(), "")


@derived("cosine_first_last")
def cosine_first_last(trace: Trace, prefix: str) -> NamedTensor:
    """cos(x_first, x_last) of each row: what a token enters the stack with, and what it leaves with."""
    first = trace.full(f"{prefix}.0.resid_pre")
    last = trace.full(f"{prefix}.{blocks(trace, prefix)[-1]}.resid_post").values
    lengths = np.linalg.norm(first.values, axis=-1) * np.linalg.norm(last, axis=-1)
    values = (first.values * last).sum(-1) / lengths
    return NamedTensor(f"{prefix}.cosine_first_last", values, ("batch", "position"), first.labels)


@derived("angle_first_last")
def angle_first_last(trace: Trace, prefix: str) -> NamedTensor:
    """arccos cos(x_first, x_last): by how many degrees a stack turns each row, from 0 to 180."""
    cosine = trace.full(f"{prefix}.cosine_first_last")
    degrees = np.degrees(np.arccos(np.clip(cosine.values, -1, 1)))
    return NamedTensor(f"{prefix}.angle_first_last", degrees, cosine.axes, cosine.labels)


@derived("apart")
def apart(trace: Trace, prefix: str) -> NamedTensor:
    """|x - x'| of the rows at one place of two sentences, over the mean distance of two held-out rows there.

    `prefix` is a stream row of the sentence to compare with, `other.<key>.encoder.1.resid_post`.
    """
    theirs = trace.full(prefix)
    ours = trace.full(prefix.split(".", 2)[2])
    both = min(ours.shape[1], theirs.shape[1])
    distance = np.linalg.norm(ours.values[:, :both] - theirs.values[:, :both], axis=-1)
    point = prefix.split(".", 2)[2]
    usual = trace.full("experiment.stream_plane.mean_distance").pick(layer=point)
    labels = {"position": theirs.labels["position"][:both]} if "position" in theirs.labels else {}
    return NamedTensor(f"{prefix}.apart", distance / float(usual), ("batch", "position"), labels)
