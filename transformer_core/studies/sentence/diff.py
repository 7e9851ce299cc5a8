"""Differences of two passes, tensor by tensor, and the distances between them: `diff.*`. NumPy alone.

`diff.<name>` is b - a of the tensor `<name>`, for every tensor that both passes have in the same shape, along the
tokens that both have read alike: the whole source or none of it, since each of its rows may look at all others, and the
beginning of the target that both share, since its rows look at nothing behind. What has another width, another number
of heads, or other words along an axis is not subtracted.

Every distance lies between nothing and one, so that it can be read as a share: 0 is the same, 1 is as far as can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from transformer_core.studies.focus import DECODER, ENCODER, layers_of
from transformer_core.tracing.trace import NamedTensor, Trace

#: The tensors of one pass; what else a lecture's trace has is not compared.
OF_THE_PASS = ("embed_src.", "embed_tgt.", "encoder.", "decoder.", "output.", "pooler.", "logits", "probs")
#: Of these, what holds places and not quantities.
PLACES = (".ids", ".type_ids", ".position_ids", ".offsets", ".masked", ".positions")
TOKENS = ("position", "query", "key")


def of_the_pass(trace: Trace) -> list[str]:
    """The names of what one pass has recorded, in the order of execution."""
    return [name for name in trace.tensors if name.startswith(OF_THE_PASS)]


@dataclass(frozen=True)
class Common:
    """The number of tokens that two passes have read alike from the first on: all or none of the source; of the target.

    `alone` is true of two encoders without a decoder, which have no target.
    """

    source: int
    target: int
    alone: bool

    @classmethod
    def of(cls, a: Trace, b: Trace) -> Common:
        sides = [(trace.about["tokens"], trace.about["target_tokens"]) for trace in (a, b)]
        alone = [_is_decoder_alone(trace) for trace in (a, b)]
        (source, target), (other_source, other_target) = sides
        same = not any(alone) and tuple(source) == tuple(other_source)
        pairs = zip(target, other_target, strict=False)
        until = next((i for i, (one, other) in enumerate(pairs) if one != other), min(len(target), len(other_target)))
        written = target or other_target
        return cls(len(source) if same else 0, until if alone[0] == alone[1] else 0, not written)

    def along(self, name: str, axis: str) -> int:
        """The number of tokens along an axis for which the tensor `name` can be compared."""
        source = name.startswith(("embed_src.", "encoder.")) or (axis == "key" and ".cross_attn." in name)
        return self.source if source or self.alone else self.target


def _is_decoder_alone(trace: Trace) -> bool:
    return f"{ENCODER}.0.resid_pre" not in trace.tensors


def stack_to_compare(a: Trace, b: Trace) -> str:
    """The stack whose rows are compared: the encoders, or two decoders without one; "" where none are alike."""
    common = Common.of(a, b)
    for stack, tokens in ((ENCODER, common.source), (DECODER, common.target)):
        if tokens and all(f"{stack}.0.self_attn.weights" in trace.tensors for trace in (a, b)):
            return stack
    return ""


def differences(a: Trace, b: Trace) -> Iterator[NamedTensor]:
    """`diff.<name>` of everything that can be subtracted, in the order of execution."""
    common = Common.of(a, b)
    for name in of_the_pass(a):
        if name in b.tensors and not name.endswith(PLACES):
            pair = a.tensors[name], b.tensors[name]
            cut = _cut(name, *pair, common)
            if cut is not None:
                first, second, labels = cut
                yield NamedTensor(f"diff.{name}", second - first, pair[0].axes, labels)


def _cut(
    name: str, first: NamedTensor, second: NamedTensor, common: Common
) -> tuple[np.ndarray, np.ndarray, dict[str, tuple[str, ...]]] | None:
    """The values of both along what they have in common, and its labels; None if they have too little."""
    if first.axes != second.axes:
        return None
    values, others, labels = first.values, second.values, dict(first.labels)
    if not set(TOKENS) & set(first.axes) and not common.along(name, ""):
        return None
    for dimension, axis in enumerate(first.axes):
        if axis in TOKENS:
            until = common.along(name, axis)
            if not until:
                return None
            values, others = (kept.take(range(until), dimension) for kept in (values, others))
            labels |= {axis: labels[axis][:until]} if axis in labels else {}
        elif first.labels.get(axis) != second.labels.get(axis):
            return None
    return (values, others, labels) if values.shape == others.shape else None


def parameters_apart(a: Trace, b: Trace) -> Iterator[NamedTensor]:
    """Of the learned numbers that stand at the same place in both: how many, how many equal, the share.

    Output weights that are tied to an embedding are that embedding, and counted once.
    """
    names = [
        n for n in a.tensors if n.startswith("parameters.") and n in b.tensors and not (_tied(a, n) and _tied(b, n))
    ]
    pairs = [(a.tensors[name].values, b.tensors[name].values) for name in names]
    pairs = [(x, y) for x, y in pairs if x.shape == y.shape]
    compared = sum(x.size for x, _ in pairs)
    same = sum(int((x == y).sum()) for x, y in pairs)
    yield _number("diff.parameters.compared", compared)
    yield _number("diff.parameters.same", same)
    yield _number("diff.parameters.share", same / compared if compared else 0.0)


def _tied(trace: Trace, name: str) -> bool:
    tables = [
        trace.tensors[n].values.T for n in trace.tensors if n.startswith("parameters.embed_") and n.endswith(".table")
    ]
    return name == "parameters.output.w" and any(np.array_equal(trace.tensors[name].values, table) for table in tables)


def points_apart(found: list[NamedTensor]) -> Iterator[NamedTensor]:
    """The number of tensors that were subtracted, the number of equal ones, bit by bit, and the first that differs."""
    other = [tensor.name.removeprefix("diff.") for tensor in found if tensor.values.any()]
    yield _number("diff.points", len(found))
    yield _number("diff.equal_points", len(found) - len(other))
    first = tuple(other[:1])
    yield NamedTensor("diff.first", np.arange(len(first)), ("choice",), {"choice": first})


def _number(name: str, value: float) -> NamedTensor:
    return NamedTensor(name, np.array(value), ())


@dataclass(frozen=True)
class StreamRows:
    """The rows that both passes can show of one stack: its words, and the stream before and after its layers."""

    stack: str
    words: tuple[str, ...]
    a: Trace
    b: Trace

    def streams(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The rows as they enter, and behind each layer, "position d_model"; of unlike depths the last alone."""
        depths = [layers_of(trace, self.stack) for trace in (self.a, self.b)]
        kept = [layers if len(depths[0]) == len(depths[1]) else layers[-1:] for layers in depths]
        first, second = (
            [f"{self.stack}.0.resid_pre", *(f"{self.stack}.{layer}.resid_post" for layer in layers)] for layers in kept
        )
        return [self.rows(self.a, name) for name in first], [self.rows(self.b, name) for name in second]

    def rows(self, trace: Trace, name: str) -> np.ndarray:
        return trace.tensors[name].values[0, : len(self.words)]

    def last(self, trace: Trace) -> np.ndarray:
        """The output of the stack: the rows after its last norm, or after its last layer where there is none."""
        norm = f"{self.stack}.final_norm.out"
        layer = layers_of(trace, self.stack)[-1]
        return self.rows(trace, norm if norm in trace.tensors else f"{self.stack}.{layer}.resid_post")

    def weights(self, trace: Trace) -> np.ndarray:
        """The attention of every head, "layer head query key"."""
        size = len(self.words)
        names = [f"{self.stack}.{layer}.self_attn.weights" for layer in layers_of(trace, self.stack)]
        return np.stack([trace.tensors[name].values[0, :, :size, :size] for name in names])

    def stream_apart(self) -> Iterator[NamedTensor]:
        """`moved` "layer position" (see `rows_apart`), its mean `distance` "layer", `leaving`: b - a behind the last
        layer, and the `likeness` of what the stack hands on.

        Where the two have rows of another width, `moved` is how much else each row is like (`likeness_apart`).
        """
        pairs = list(zip(*self.streams(), strict=True))
        measure = rows_apart if pairs[0][0].shape == pairs[0][1].shape else likeness_apart
        moved = np.stack([measure(x, y) for x, y in pairs])
        yield self.named("moved", moved, "layer position")
        yield self.named("distance", moved.mean(-1), "layer")
        if measure is rows_apart:
            yield self.named("leaving", pairs[-1][1] - pairs[-1][0], "position d_model")
        alike = [likeness(self.last(trace)) for trace in (self.a, self.b)]
        yield from (self.named("likeness", one, "query key", letter) for one, letter in zip(alike, "ab", strict=True))
        yield self.named("likeness", alike[1] - alike[0], "query key")

    def heads(self, same_places: bool) -> tuple[list[NamedTensor], bool]:
        """The distance of each head of a from its partner in b, the partners, and the difference of the farthest pair.

        The partner stands at the same place where `same_places`, or where most heads are nearest to the one at their
        own place. Elsewhere heads have no order in common, and the partner is the head of b that is nearest. Also
        returns whether partners stand at the same place. `numbers` are 0, 1, ... to count layers and heads with.
        """
        first, second = self.weights(self.a), self.weights(self.b)
        size = first.shape[-1]
        table = heads_apart(first.reshape(-1, size, size), second.reshape(-1, size, size))
        partner = table.argmin(-1)
        own = np.arange(len(table))
        if first.shape == second.shape and not same_places:
            same_places = bool((table[own, own] <= table.min(-1)).mean() > 0.5)
        partner = own if same_places else partner
        distance = table[own, partner].reshape(first.shape[:2])
        layer, head = (int(i) for i in np.unravel_index(int(distance.argmax()), distance.shape))
        there = divmod(int(partner[own.reshape(distance.shape)[layer, head]]), second.shape[1])
        places = np.stack(np.divmod(partner, second.shape[1]), -1).reshape(*distance.shape, 2)
        return [
            self.named("heads", distance, "layer head"),
            self.named("heads_mean", distance.mean(), ""),
            self.named("numbers", np.arange(max(*first.shape[:2], *second.shape[:2]) + 1), "choice"),
            self.named("partners", places, "layer head part"),
            self.named("attention", second[there] - first[layer, head], "query key"),
        ], same_places

    def named(self, name: str, values: np.ndarray, axes: str, letter: str = "diff") -> NamedTensor:
        words = tuple(axes.split())
        labels = {axis: self.words for axis in words if axis in TOKENS}
        return NamedTensor(f"{letter}.{self.stack}.{name}", np.asarray(values), words, labels)


def words_apart(a: Trace, b: Trace, differing: dict[str, NamedTensor]) -> Iterator[NamedTensor]:
    """`diff.said` "position": the part of its probability that the next word gives to other words."""
    if "diff.probs" in differing and "position" in differing["diff.probs"].axes:
        probs = differing["diff.probs"]
        size = probs.size("position")
        said = shares_apart(a.tensors["probs"].values[0, :size], b.tensors["probs"].values[0, :size])
        yield NamedTensor("diff.said", said, ("position",), {"position": probs.labels["position"]})


def shares_apart(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """max(sum_j [q_j - p_j]_+, sum_j [p_j - q_j]_+) along the last axis: the part of a whole that went elsewhere.

    Of shares that make one each, both sums are the total variation, 1/2 sum_j |q_j - p_j|; where an edit has taken
    shares away, what is gone counts as gone elsewhere.
    """
    gained, lost = np.maximum(q - p, 0).sum(-1), np.maximum(p - q, 0).sum(-1)
    return np.clip(np.maximum(gained, lost), 0, 1)


def rows_apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|y - x| / (|x| + |y|) along the last axis: 0 for the same row, 1 for the opposite one or against nothing.

    By the triangle inequality it is never more than one. Two rows of zeros are the same.
    """
    length = np.linalg.norm(x, axis=-1) + np.linalg.norm(y, axis=-1)
    apart: np.ndarray = np.linalg.norm(y - x, axis=-1) / np.where(length > 0, length, 1.0)
    return np.asarray(np.minimum(apart, 1))


def likeness(rows: np.ndarray) -> np.ndarray:
    """cos(x_i, x_j) of every pair of rows; 0 for a row of zeros. It needs no common width to be compared."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = rows / np.where(length > 0, length, 1.0)
    alike: np.ndarray = np.clip(unit @ unit.T, -1, 1)
    np.fill_diagonal(alike, np.where(length[:, 0] > 0, 1.0, 0.0))  # which rounding would leave beside one
    return alike


def likeness_apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """mean_j |cos(y_i, y_j) - cos(x_i, x_j)| / 2: how much else a row is like; rows of x and y may differ in width.

    The mean is over the other rows; one row alone is like nothing else.
    """
    apart = np.abs(likeness(y) - likeness(x)) / 2
    np.fill_diagonal(apart, 0)
    return apart.sum(-1) / max(1, len(apart) - 1)


def heads_apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The mean over queries of `shares_apart`, of every pair of heads: "head other" of weights "head query key"."""
    return np.array([shares_apart(head, second).mean(-1) for head in first])
