"""Cost of attention: multiplications, time and memory of one encoder layer over the length of the sequence.

In a layer of the lecture's sizes, 2 n^2 d multiplications make scores and blends, 4 n d^2 + 2 n d d_ff everything else
(Vaswani et al. 2017, table 1). Measured beside them, in single precision and one thread: the processor's time, the
least of several, of scores and blends and of everything else; and the bytes that a training step keeps for the way
back. The matrix of scores is formed, as everywhere in this project: a fused kernel would hide it, and save its memory.
Once the grid is large, much of its time is the system's, which hands out fresh memory for it at every pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from transformer_core.attention import attention
from transformer_core.config import Config
from transformer_core.layers import Layer
from transformer_core.model import initialise
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import one_thread
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
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


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


def measured(config: Config, length: int, repeats: int) -> Piece:
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
def run(bench: Bench, lengths: tuple[int, ...] = LENGTHS, repeats: int = 100) -> Found:
    config = Config.from_dict(translator().config.as_dict() | {"dropout": 0.0})
    with one_thread():
        found = bench.each("length {}", lengths, lambda n: measured(config, n, repeats))
    seconds, kept = found["seconds"], found["bytes"]
    parts = {"part": PARTS, "length": lengths}
    counted = [multiplications(config, n) for n in lengths]
    return {
        "lengths": tensor(lengths, "length", length=lengths),
        "multiplications": tensor(counted, "length part", **parts),
        "milliseconds": tensor(1000 * seconds, "length part", **parts),
        "bytes": tensor(kept, "length part", **parts),
        "time_ratio": tensor(seconds[-1] / seconds[-2], "part", part=PARTS),
        "memory_ratio": tensor(kept[-1] / kept[-2], "part", part=PARTS),
        "layer_time_ratio": tensor(seconds[-1].sum() / seconds[-2].sum()),
        "layer_memory_ratio": tensor(kept[-1].sum() / kept[-2].sum()),
        "crossover": tensor(2 * config.d_model + config.d_ff),
        "overtaken": tensor(overtaken(lengths, seconds), "choice", choice=("not yet", "already")),
    }


def overtaken(lengths: Sequence[int], costs: np.ndarray) -> np.ndarray:
    """The two measured lengths between which the first of two costs overtakes the second; NaN if it does not.

    Where between them, the measurements do not tell: the costs of a layer jump where its memory outgrows a cache.
    """
    leads = costs[:, 0] > costs[:, 1]
    first = int(np.argmax(leads))
    return np.array([lengths[first - 1], lengths[first]], float) if leads[first] and first else np.full(2, np.nan)
