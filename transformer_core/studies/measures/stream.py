"""Measures of the residual stream: the sublayers' outputs, their running sum, angles, and paths in a plane."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.studies.measures.sublayers import AFTER
from transformer_core.tracing.trace import Trace

SAID = {"self_attn": "attention", "cross_attn": "cross-attention", "ffn": "feed-forward"}
#: The two sentences of a lecture that give one word two senses (`trace.about` has its place under these keys).
SENSES = ("one_sense", "other_sense")


def blocks(trace: Trace, prefix: str) -> list[int]:
    """The layers of the stack at `prefix` that the trace holds."""
    return [layer for layer in range(64) if f"{prefix}.{layer}.resid_post" in trace]


def additions(trace: Trace, prefix: str) -> list[tuple[str, np.ndarray]]:
    """The first vectors of a stack's residual stream and the output of each sublayer, in the order of execution."""
    found = [("input", trace.full(f"{prefix}.0.resid_pre").values)]
    made = (
        (f"{said} {layer + 1}", f"{prefix}.{layer}.{kind}.out")
        for layer in blocks(trace, prefix)
        for kind, said in SAID.items()
    )
    return found + [(said, trace.full(name).values) for said, name in made if name in trace]


@measure("batch sublayer position")
def contribution_norms(trace: Trace, prefix: str) -> Values:
    """|x_0| and |f_s| of each sublayer s: the norm of each addition to the residual stream, for each token."""
    names, rows = zip(*additions(trace, prefix), strict=True)
    labels = {**trace.full(f"{prefix}.0.resid_pre").labels, "sublayer": names}
    return np.linalg.norm(np.stack(rows, axis=1), axis=-1), labels


def stream_after(trace: Trace, prefix: str) -> list[str]:
    """The names of a stack's vectors before the first sublayer, and after each: with the norm, where it stands there.

    They are what each sublayer's output is added to, and what leaves.
    """
    layers = blocks(trace, prefix)
    sums = [
        f"{prefix}.{layer}.{AFTER[kind]}"
        for layer in layers
        for kind in SAID
        if f"{prefix}.{layer}.{kind}.out" in trace
    ]
    return [
        f"{prefix}.0.resid_pre",
        *(trace.parents[name][0] for name in sums[1:]),
        f"{prefix}.{layers[-1]}.resid_post",
    ]


@measure(like="contribution_norms")
def residual_norms(trace: Trace, prefix: str) -> Values:
    """|x_s|: the length of each vector of the residual stream at the stops of `stream_after`."""
    return np.stack([np.linalg.norm(trace.full(name).values, axis=-1) for name in stream_after(trace, prefix)], 1)


@measure("batch position", like="contribution_norms")
def contribution_norms_in_all(contribution_norms: np.ndarray) -> Values:
    """|x_0| + |f_1| + |f_2| + ...: how long the stream would be if all additions pointed the same way."""
    return contribution_norms.sum(1)


@measure("batch sublayer position component", like="contribution_norms")
def stream_steps(trace: Trace, prefix: str) -> Values:
    """p_0 and p_s - p_(s-1), with p_s = |x_s| (cos t_s, -sin t_s): the vectors x_s at the stops of `stream_after` and
    the steps between them, laid out in a plane with their true lengths.

    t_s = h_s - h_last, with h_0 = 0 and h_s = h_(s-1) + a_s, or h_(s-1) - a_s where that sum exceeds pi / 2;
    a_s = arccos cos(x_(s-1), x_s). So each triangle of two successive vectors and the step between keeps its sides,
    |p_s - p_(s-1)| = |x_s - x_(s-1)|, and the last vector lies along the first component.
    """
    stops = [trace.full(name).values for name in stream_after(trace, prefix)]
    headings = [np.zeros(stops[0].shape[:-1])]
    for one, other in pairwise(stops):
        turn = np.radians(degrees(cosine(one, other)))
        headings.append(headings[-1] + np.where(headings[-1] + turn > np.pi / 2, -turn, turn))
    lengths, turned = np.linalg.norm(stops, axis=-1), np.stack(headings) - headings[-1]
    spots = lengths[..., None] * np.stack([np.cos(turned), -np.sin(turned)], -1)
    return np.diff(spots, axis=0, prepend=0).swapaxes(0, 1)


@measure("batch position")
def cosine_first_last(trace: Trace, prefix: str) -> Values:
    """cos(x_first, x_last) of each row: what a token enters the stack with, and what it leaves with."""
    first, last = (trace.full(f"{prefix}.{at}") for at in ("0.resid_pre", f"{blocks(trace, prefix)[-1]}.resid_post"))
    return cosine(first.values, last.values), first.labels


@measure(like="cosine_first_last")
def angle_first_last(cosine_first_last: np.ndarray) -> Values:
    """arccos cos(x_first, x_last): the angle by which a stack turns each vector, in degrees from 0 to 180."""
    return degrees(cosine_first_last)


@measure("layer", like="share")
def layer_numbers(share: np.ndarray) -> Values:
    """0 before the first layer, and the number of each layer after it; `prefix` is `experiment.rows_alike`."""
    return np.arange(share.shape[-1])


@measure("choice", like="share")
def layers_until_alike(share: np.ndarray) -> Values:
    """The first layer after which less than a hundredth of a sentence's vectors is their own; -1 if there is none."""
    return np.where((share < 0.01).any(-1), (share < 0.01).argmax(-1), -1)


@measure("choice layer position component", like="rows")
def fan(rows: np.ndarray) -> Values:
    """(m x, u x) of each of the rows x of a layer: how far it leads along their mean, and across.

    m is the direction of the mean. u is at right angles to it: of all such directions, the one along which the rows lie
    most as they follow each other in the sentence, the first one ahead. `prefix` is `experiment.rows_alike`.
    """
    places = (rows.shape[-2] - 1) / 2 - np.arange(rows.shape[-2])
    ways, sides = np.linalg.qr(np.stack([rows.mean(-2, dtype=float), places @ rows], -1))
    return rows @ (ways * np.where(np.diagonal(sides, axis1=-2, axis2=-1) < 0, -1, 1)[..., None, :])


@measure("layer position", like="itself")
def moved(trace: Trace, prefix: str, itself: np.ndarray) -> Values:
    """|x'_l - x_l| of each row x_l of a stack, where x' is that of another sentence, as a share of the largest.

    `prefix` is `experiment.patching.<pair>_rows`; the sentences differ in one token, so all else follows from its row.
    """
    far = np.linalg.norm(trace.full(f"{prefix.removesuffix('rows')}donor_rows").values - itself.astype(float), axis=-1)
    return far / far.max()


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """cos(x, y) along the last axis."""
    return (one * other).sum(-1) / (np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1))


def degrees(cosines: np.ndarray) -> np.ndarray:
    """The angles of cosines, from 0 to 180."""
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def _before(trace: Trace, prefix: str) -> np.ndarray:
    """The rows of the stream that a sublayer of attention is added to."""
    return trace.full(f"{prefix.rpartition('.')[0]}.resid_pre").values


@measure("batch position d_model", like="out")
def added(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """x + f(x): the residual stream after attention, before any norm."""
    return _before(trace, prefix) + out


@measure("batch position", like="out")
def turned_if_replaced(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """arccos cos(x, f(x)), in degrees: the angle between a vector and the attention output that would replace it."""
    return degrees(cosine(_before(trace, prefix), out))


@measure("batch position", like="out")
def turned_if_added(trace: Trace, prefix: str, added: np.ndarray) -> Values:
    """arccos cos(x, x + f(x)), in degrees: the angle by which a vector turns where the attention output is added."""
    return degrees(cosine(_before(trace, prefix), added))


@measure("batch position other component", like="out", other=("before", "found", "added"))
def added_plane(trace: Trace, prefix: str, out: np.ndarray) -> Values:
    """x, f(x) and x + f(x) in the plane that they span: along x, and at right angles to it on the side of f(x)."""
    return _spanned(_before(trace, prefix), out)


@measure("batch head query other component", like="head_out", other=("before", "found", "added"))
def head_added_plane(trace: Trace, prefix: str, head_out: np.ndarray) -> Values:
    """x, z_h W_O,h and their sum in the plane that they span, for each head: along x, and at right angles to it."""
    return _spanned(_before(trace, prefix)[:, None], head_out)


def _spanned(before: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Two vectors and their sum in the plane of both: along the first, and at right angles to it, never below."""
    length = np.linalg.norm(before, axis=-1)
    along = (before * found).sum(-1) / length
    across = np.sqrt(np.maximum((found**2).sum(-1) - along**2, 0))
    nothing = np.zeros_like(along)
    spots = [(length + nothing, nothing), (along, across), (length + along, across)]
    return np.stack([np.stack(spot, -1) for spot in spots], -2)


def stops(trace: Trace, prefix: str) -> list[str]:
    """The names of the stream's rows in the stack at `prefix`: before the first block, and after each sublayer."""
    after = ("resid_attn", "resid_cross", "resid_post")
    names = [f"{prefix}.{layer}.{point}" for layer in blocks(trace, prefix) for point in after]
    return [f"{prefix}.0.resid_pre", *(name for name in names if name in trace)]


@measure("choice layer component")
def senses_path(trace: Trace, prefix: str) -> Values:
    """x_stop - x_first of one word in each of two sentences at every stop, in the plane of both ends.

    With a_c = x_last - x_first of sentence c, the first axis is a_1 / |a_1|, and the second the part of a_2 that is
    orthogonal to it: both ends lie in the plane, so that their lengths and their angle are kept. What lies between is
    projected. It is a true picture of the two ends only if both start at one point (`senses_start`).
    """
    rows = _senses(trace, prefix)
    moved = rows - rows[:, :1]
    one, other = moved[:, -1]
    first = one / np.linalg.norm(one)
    second = other - (other @ first) * first
    plane = np.stack([first, second / max(float(np.linalg.norm(second)), 1e-12)])
    return moved @ plane.T, {"layer": tuple(stops(trace, prefix))}


@measure("")
def senses_start(trace: Trace, prefix: str) -> Values:
    """|x - x'| of the word's rows before the first block of the two sentences: none, if it stands at the same place."""
    first = _senses(trace, prefix)[:, 0]
    return np.linalg.norm(first[0] - first[1])


def _senses(trace: Trace, prefix: str) -> np.ndarray:
    """The word's vectors at every stop of the two sentences, "choice layer d_model"."""
    return np.array(
        [
            [trace.full(f"other.{sense}.{name}").values[0, trace.about[sense]["noun"]] for name in stops(trace, prefix)]
            for sense in SENSES
        ]
    )
