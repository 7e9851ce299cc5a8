"""Sizes of a model and a sentence, counts that follow from them, and the parameters part by part."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: The lengths that `lengths` runs through, if neither sentence is longer.
LONGEST = 13
#: How many ways to cut a width are listed at most.
SPLITS = 5
#: Models of other sizes, from what was published of them: layers, d_model, d_ff, the width of all queries and of all
#: keys, matrices of a feed-forward layer, entries of the vocabulary, and positions with a learned vector. Sources: the
#: configuration of SmolLM2-135M (Allal et al. 2025); GPT-3 175B, Brown et al. 2020, table 2.1 and section 2.1.
PUBLISHED = {
    "SmolLM2": (30, 576, 1536, 576, 192, 3, 49_152, 0),
    "GPT-3": (96, 12_288, 49_152, 12_288, 12_288, 2, 50_257, 2048),
}
#: What a part of the model is for, by the last word of its path.
KINDS = {
    "self_attn": "attention",
    "cross_attn": "attention",
    "ffn": "feed-forward",
    "embed_src": "embeddings",
    "embed_tgt": "embeddings",
}


@measure("axis")
def sizes(trace: Trace, prefix: str) -> Values:
    """The size of the tensor called `prefix` along each axis but "batch" and "head", in the order of its axes."""
    tensor = trace.full(prefix)
    kept = [(axis, size) for axis, size in zip(tensor.axes, tensor.shape, strict=True) if axis not in ("batch", "head")]
    return np.array([size for _, size in kept]), {"axis": tuple(axis for axis, _ in kept)}


@measure("choice")
def lengths(words: np.ndarray, output_words: np.ndarray) -> Values:
    """1, 2, 3, ...: lengths that a sentence might have, up to `LONGEST` or that of the longer of its two sides."""
    return np.arange(1, max(LONGEST, int(words), int(output_words) + 1) + 1)


@measure("choice part", part=("heads", "d_head"))
def splits(d_model: np.ndarray, heads: np.ndarray) -> Values:
    """(h, d_model / h) for numbers of heads h that divide the width, the model's own among them: "choice part"."""
    width, own = int(d_model), int(heads)
    near = [1, *(own * 2**k // 2 for k in range(8))]
    fair = sorted({h for h in near if h and width % h == 0})
    return np.array([(h, width // h) for h in fair[:SPLITS]])  # of which the own one is at most the third


@measure("part")
def counts(trace: Trace, prefix: str) -> Values:
    """The number of parameters of each module, in the order of a pass, "part"; `prefix` is `parameters`.

    A table that two modules share is counted where it comes first, so that all together are `config.parameters`.
    """
    config = trace.about["config"]
    shared = {f"{prefix}.output.w"} if config["tied_output"] else set()
    shared |= {f"{prefix}.embed_tgt.table"} if config["shared_embedding"] else set()
    found: dict[str, int] = {}
    for name in (name for name in trace.tensors if name.startswith(f"{prefix}.")):
        module = name.removeprefix(f"{prefix}.").rpartition(".")[0]
        if module:
            found[module] = found.get(module, 0) + (0 if name in shared else trace.full(name).values.size)
    kept = {module: count for module, count in found.items() if count}
    return np.array([*kept.values()]), {"part": tuple(kept)}


def kind_of(module: str) -> str:
    """ "attention", "feed-forward", "embeddings", "norms" or "output": what a module is for."""
    return KINDS.get(module.rpartition(".")[2], "norms" if "norm" in module or ".ln" in module else "output")


@measure("part")
def by_kind(trace: Trace, prefix: str, counts: np.ndarray) -> Values:
    """The same numbers kind by kind, most first, "part"; `prefix` is `parameters`."""
    kinds = np.array([kind_of(module) for module in trace.labels(f"{prefix}.counts")["part"]])
    found = sorted(((kind, counts[kinds == kind].sum()) for kind in np.unique(kinds)), key=lambda pair: -pair[1])
    return np.array([count for _, count in found]), {"part": tuple(str(kind) for kind, _ in found)}


@measure("part", like="by_kind")
def shares_by_kind(by_kind: np.ndarray) -> Values:
    """`by_kind` over all of them."""
    return by_kind / by_kind.sum()


@measure("layer part", part=("attention", "feed-forward"))
def layer_squares(trace: Trace, prefix: str) -> Values:
    """The matrices of the first layer of each stack in units of d_model^2: "layer part"; `prefix` is `parameters`."""
    stacks = [stack for stack in ("encoder", "decoder") if trace.about["config"][f"{stack}_layers"]]
    found = np.zeros((len(stacks), 2))
    for name in trace.tensors:
        module, _, last = name.removeprefix(f"{prefix}.").rpartition(".")
        row = next((i for i, stack in enumerate(stacks) if name.startswith(f"{prefix}.{stack}.0.")), None)
        if row is not None and last.startswith("w") and kind_of(module) in (kinds := ("attention", "feed-forward")):
            found[row, kinds.index(kind_of(module))] += trace.full(name).values.size
    return found / trace.about["config"]["d_model"] ** 2, {"layer": tuple(stacks)}


@measure("model part", model=PUBLISHED, part=("feed-forward", "attention", "embeddings"))
def published() -> Values:
    """The parameters of published models: "model part". Biases and norms, less than one in a thousand, are no part.

    Attention has 2 d_model (d_query + d_key) a layer, which is 4 d_model^2 where each head has keys of its own; a
    feed-forward layer has two matrices of d_model d_ff, or three where it is gated.
    """
    return np.array(
        [
            (layers * matrices * d_model * d_ff, layers * 2 * d_model * (query + key), (vocab + positions) * d_model)
            for layers, d_model, d_ff, query, key, matrices, vocab, positions in PUBLISHED.values()
        ],
        dtype=float,
    )


@measure("model part", model=PUBLISHED, part=("feed-forward", "attention"))
def published_squares(published: np.ndarray) -> Values:
    """The parameters of one layer of published models in units of d_model^2: "model part"."""
    layers, d_model = np.array([sizes[:2] for sizes in PUBLISHED.values()], dtype=float).T
    return published[:, :2] / (layers * d_model**2)[:, None]


@measure("model", like="published")
def published_total(published: np.ndarray) -> Values:
    """The sum over the parts of `published`, and a gain of d_model for the norms: two a layer, and a last one."""
    layers, d_model = np.array([sizes[:2] for sizes in PUBLISHED.values()], dtype=float).T
    return published.sum(-1) + (2 * layers + 1) * d_model


@measure("model part", like="published")
def published_shares(published: np.ndarray) -> Values:
    """`published` over its sum, model by model."""
    return published / published.sum(-1, keepdims=True)


@measure("")
def recurrent_path_length(words: np.ndarray) -> Values:
    """n - 1: the state updates between the first and the last of n tokens of a chain."""
    return words - 1


@measure("")
def score_count(words: np.ndarray) -> Values:
    """n^2: the cells of a grid of n tokens."""
    return words**2


@measure(like="millions")
def billions(millions: np.ndarray) -> Values:
    """Millions over a thousand."""
    return millions / 1000


@measure("")
def numbers_per_token(own_numbers: np.ndarray, rows_with: np.ndarray) -> Values:
    """The numbers that a KV cache holds of one token: its keys and values in all layers of the decoder."""
    return own_numbers / rows_with
