"""Experiments on what attention costs, and on the size of its scores."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from transformer_core.attention import Cache, attention
from transformer_core.config import Config
from transformer_core.decoding.sampling import greedy
from transformer_core.layers import Layer
from transformer_core.model import Transformer, initialise
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import translator
from transformer_core.studies.measures.attention_weights import softmax
from transformer_core.text.vocabulary import START
from transformer_core.tracing.tap import tap_at

LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
PARTS = ("scores and blends", "everything else")


def multiplications(config: Config, length: int) -> tuple[int, int]:
    """2 n^2 d, and 4 n d^2 + 2 n d d_ff."""
    d = config.d_model
    return 2 * length**2 * d, 4 * length * d**2 + 2 * length * d * config.d_ff


def fastest(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the processor, the least of `repeats`: what else the machine does can only add to it."""
    work()
    return min(timeit.repeat(work, repeat=repeats, number=1, timer=time.process_time))


def kept_for_backward(work: Callable[[], object], weights: Iterable[Tensor] = ()) -> int:
    """Bytes of all tensors that autograd keeps of `work`, each storage once; those of `weights` are not counted."""
    apart = {weight.untyped_storage().data_ptr() for weight in weights}
    sizes: dict[int, int] = {}

    def pack(kept: Tensor) -> Tensor:
        storage = kept.untyped_storage()
        if storage.data_ptr() not in apart:
            sizes[storage.data_ptr()] = storage.nbytes()
        return kept

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        result = work()
    assert result is not None  # as long as it lives, so does what was kept: no storage is met twice
    return sum(sizes.values())


def layer_cost(config: Config, length: int, repeats: int) -> Piece:
    layer = Layer(config, "encoder.0", cross=False)
    initialise(layer, 0)
    random = torch.Generator().manual_seed(length)
    x = torch.randn(1, length, config.d_model, generator=random)
    q, k, v = torch.randn(3, 1, config.heads, length, config.d_head, generator=random)

    def attend() -> Tensor:
        return attention(q, k, v, None, config.d_head, tap_at(""))

    def everything_else() -> Tensor:
        """The layer with its values in the place of the blends."""
        values = layer.self_attn.project(layer.norms[0](x), x, None)[2]
        concat = values.transpose(1, 2).flatten(2)
        between = x + F.linear(concat, layer.self_attn.w_o, layer.self_attn.b_o)
        assert layer.ffn is not None
        return between + layer.ffn(layer.norms[1](between))

    parts = attend, everything_else
    with torch.no_grad():
        seconds = [fastest(part, repeats) for part in parts]
    for entering in (q, k, v, x):
        entering.requires_grad_()
    return {"seconds": np.array(seconds), "bytes": np.array([kept_for_backward(w, layer.parameters()) for w in parts])}


@experiment("What do attention and the rest of a layer cost, as the sequence grows?")
def attention_cost(bench: Bench, lengths: tuple[int, ...] = LENGTHS, repeats: int = 100) -> Found:
    """Cost of attention: multiplications, time and memory of one encoder layer over the length of the sequence.

    In a layer of the lecture's sizes, 2 n^2 d multiplications make scores and blends, 4 n d^2 + 2 n d d_ff everything
    else (Vaswani et al. 2017, table 1). Measured beside them, in single precision and one thread: the processor's time,
    the least of several, of scores and blends and of everything else; and the bytes that a training step keeps for the
    way back. The matrix of scores is formed, as everywhere in this project: a fused kernel would hide it, and save its
    memory. Once the grid is large, much of its time is the system's, which hands out fresh memory for it at every pass.
    """
    config = Config.from_dict(translator().config.as_dict() | {"dropout": 0.0})
    found = bench.each("length {}", lengths, lambda n: layer_cost(config, n, repeats))
    seconds, kept = found["seconds"], found["bytes"]
    words = {"part": PARTS, "length": lengths, "choice": ("not yet", "already")}
    counted = [multiplications(config, n) for n in lengths]
    return (
        tensors("length", words, lengths=lengths)
        | tensors("length part", words, multiplications=counted, milliseconds=1000 * seconds, bytes=kept)
        | tensors("part", words, time_ratio=seconds[-1] / seconds[-2])
        | tensors(crossover=2 * config.d_model + config.d_ff)
        | tensors("choice", words, overtaken=overtaken(lengths, seconds))
    )


def overtaken(lengths: Sequence[int], costs: np.ndarray) -> np.ndarray:
    """The two measured lengths between which the first of two costs overtakes the second; NaN if it does not.

    Where between them, the measurements do not tell: the costs of a layer jump where its memory outgrows a cache.
    """
    leads = costs[:, 0] > costs[:, 1]
    first = int(np.argmax(leads))
    return np.array([lengths[first - 1], lengths[first]], float) if leads[first] and first else np.full(2, np.nan)


WRITTEN_LENGTHS = (8, 16, 32, 64, 128, 256)
NEVER = -1


def roomy(longest: int) -> Transformer:
    """The lecture's config with positions up to `longest`, freshly initialised."""
    config = translator().config.as_dict() | {"max_positions": longest, "dropout": 0.0}
    return Transformer(Config.from_dict(config)).eval()


def source_of(words: int = 8) -> torch.Tensor:
    return torch.arange(10, 10 + words)[None]


@torch.no_grad()
def cache_bytes(model: Transformer, length: int) -> tuple[int, int]:
    """Bytes of the decoder's own keys and values after `length` tokens, and of those of the encoder's rows."""
    cache: Cache = {}
    memory = model.encode(source_of())
    for at in range(length):
        model.decode(torch.full((1, 1), START), memory, cache=cache, start=at)
    sizes = {path: sum(kept.numel() * kept.element_size() for kept in pair) for path, pair in cache.items()}
    own = sum(size for path, size in sizes.items() if "self_attn" in path)
    return own, sum(sizes.values()) - own


def decoding_cost(model: Transformer, length: int, repeats: int) -> Piece:
    def write(cached: bool) -> list[list[int]]:
        return greedy(model, source_of(), START, NEVER, length, cached=cached)

    seconds = [fastest(partial(write, cached), repeats) for cached in (False, True)]
    return {"seconds": np.array(seconds), "bytes": np.array(cache_bytes(model, length))}


@experiment("What does the cache of keys and values save, as the text grows?")
def cache_cost(bench: Bench, lengths: tuple[int, ...] = WRITTEN_LENGTHS, repeats: int = 3) -> Found:
    """Cost of decoding n tokens with and without a cache of keys and values.

    A model of the lecture's sizes, with random weights and room for more positions, writes exactly n tokens for one
    source: the work does not depend on which. Measured: the processor's time in one thread, the least of several;
    counted: the decoder rows that are computed, and the bytes of keys and values that are kept at the end. That both
    ways write the same tokens is a test.
    """
    model = roomy(max(lengths) + 1)
    found = bench.each("length {}", lengths, lambda n: decoding_cost(model, n, repeats))
    seconds, kept, counts = found["seconds"], found["bytes"], np.array(lengths)
    words = {"length": lengths, "choice": ("without", "with")}
    speedup, rows = seconds[:, 0] / seconds[:, 1], np.stack([counts * (counts + 1) // 2, counts], 1)
    return (
        tensors("length", words, lengths=lengths, speedup=speedup, bytes=kept[:, 0])
        | tensors("length choice", words, milliseconds=1000 * seconds, rows=rows)
        | tensors(longest=lengths[-1], longest_speedup=speedup[-1])
    )


WIDTHS = (1, 4, 16, 64, 256, 1024)
KEYS, DRAWS, WALKS = 8, 4000, 40
DIVISORS: dict[str, Callable[[int], float]] = {"raw": lambda _: 1.0, "root": lambda d: d**0.5, "full": float}
BINS = np.linspace(-80, 80, 81)
#: The leads at which the curve of a weight is drawn, the even steps of a nudge, and half the width of a tangent.
LEADS, NUDGES, HALF_TANGENT = np.linspace(-4, 22, 131), 12, 1.0


@experiment("How large are dot products of random vectors, and what does a softmax make of them?")
def variance(bench: Bench) -> Found:
    """Dot products of random vectors: the reason to divide scores by the root of d_k.

    If the entries of q and k are independent with mean zero and variance one, each product has mean zero and variance
    one, and var(q . k) = d_k (Vaswani et al. 2017, section 3.2.1, footnote 4).

    Draw q and k from the standard normal, `DRAWS` times `KEYS` keys a width; the names say what is kept. The largest
    weights are means over all draws. What begins with `one` is of one draw of the largest width, a typical one: its
    leads are nearest to the medians, in median deviations. In `NUDGES` steps, what the softmax reads for its best key
    gets smaller, in the end by one. The weight of that key is p = 1 / (1 + e^-lead), where the lead is what the softmax
    reads for it, less the logarithm of the sum of e to the power of what it reads for the others; the slope is
    p (1 - p). The `walks` are running sums of products, each over the divisor of so many, `walk_roots` their standard
    deviations, below zero and above, and `walk_weights` a softmax of the first of them, one for each key.
    """
    rng = np.random.default_rng(bench.seed)
    variance, heights, largest = [], [], []
    for width in WIDTHS:
        q, k = rng.normal(size=(DRAWS, width)), rng.normal(size=(DRAWS, KEYS, width))
        scores = np.einsum("nd,nkd->nk", q, k)
        variance.append(scores.var())
        heights.append(np.histogram(scores, BINS)[0] / scores.size)
        scaled = [np.sort(scores / divide(width), axis=-1)[:, ::-1] for divide in DIVISORS.values()]
        largest.append([softmax(each)[:, 0].mean() for each in scaled])
    steps = rng.normal(size=(WALKS, 64)) * rng.normal(size=(WALKS, 64))
    sorted_scores = np.stack(scaled)
    leads = sorted_scores[..., 0] - np.log(np.exp(sorted_scores[..., 1:]).sum(-1))
    off = np.abs(leads - np.median(leads, axis=1, keepdims=True))
    typical = sorted_scores[:, (off / np.median(off, axis=1, keepdims=True)).max(0).argmin()]
    nudged = typical[:, None] - np.linspace(0, 1, NUDGES + 1)[:, None] * np.eye(KEYS)[0]
    weights = softmax(nudged)
    leads = nudged[..., 0] - np.log(np.exp(typical[:, 1:]).sum(-1, keepdims=True))
    slopes = weights[:, 0, 0] * (1 - weights[:, 0, 0])
    ends = np.array([-HALF_TANGENT, HALF_TANGENT])
    tangent = weights[:, 0, :1] + slopes[:, None] * ends
    counts, words = range(1, steps.shape[1] + 1), {"width": WIDTHS, "choice": DIVISORS}
    over = np.array([[divide(count) for count in counts] for divide in DIVISORS.values()])
    walks, roots = steps.cumsum(-1) / over[:, None], np.stack([-np.sqrt(counts) / over, np.sqrt(counts) / over], 1)
    return (
        tensors("width", words, width=np.array(WIDTHS), variance=variance)
        | tensors("width bin", words, histogram=heights)
        | tensors("width choice", words, largest_weight=largest)
        | tensors("choice step key", words, one_weights=weights)
        | tensors("choice step", words, one_leads=leads)
        | tensors("choice", words, one_slopes=slopes)
        | tensors("choice edge", words, tangent_leads=leads[:, :1] + ends, tangent_weights=tangent)
        | tensors("bin", curve_leads=LEADS, curve_weights=1 / (1 + np.exp(-LEADS)))
        | tensors("edge", edges=BINS)
        | tensors("choice sample step", words, walks=walks)
        | tensors("choice edge step", words, walk_roots=roots)
        | tensors("choice step key", words, walk_weights=softmax(walks[:, :KEYS].swapaxes(1, 2)))
        | tensors("step", walk_counts=np.array(counts))
        | tensors(keys=KEYS, draws=DRAWS, walk_steps=len(counts), walk_reach=np.abs(walks).max())
    )
