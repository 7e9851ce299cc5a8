"""Cost of decoding n tokens with and without a cache of keys and values.

A model of the lecture's sizes, with random weights and room for more positions, writes exactly n tokens for one source:
the work does not depend on which. Measured: the processor's time in one thread, the least of several; counted: the
decoder rows that are computed, and the bytes of keys and values that are kept at the end. That both ways write the same
tokens is a test.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from transformer_core.attention import Cache
from transformer_core.config import Config
from transformer_core.decoding.sampling import greedy
from transformer_core.model import Transformer
from transformer_core.studies.experiments.attention_cost import fastest
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import one_thread
from transformer_core.text.vocabulary import START

LENGTHS = (8, 16, 32, 64, 128, 256)
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


def measured(model: Transformer, length: int, repeats: int) -> Piece:
    def write(cached: bool) -> list[list[int]]:
        return greedy(model, source_of(), START, NEVER, length, cached=cached)

    seconds = [fastest(partial(write, cached), repeats) for cached in (False, True)]
    return {"seconds": np.array(seconds), "bytes": np.array(cache_bytes(model, length))}


@experiment("What does the cache of keys and values save, as the text grows?")
def run(bench: Bench, lengths: tuple[int, ...] = LENGTHS, repeats: int = 3) -> Found:
    model = roomy(max(lengths) + 1)
    with one_thread():
        found = bench.each("length {}", lengths, lambda n: measured(model, n, repeats))
    seconds, kept, counts = found["seconds"], found["bytes"], np.array(lengths)
    words = {"length": lengths, "choice": ("without", "with")}
    return {
        "lengths": tensor(lengths, "length", length=lengths),
        "milliseconds": tensor(1000 * seconds, "length choice", **words),
        "speedup": tensor(seconds[:, 0] / seconds[:, 1], "length", length=lengths),
        "rows": tensor(np.stack([counts * (counts + 1) // 2, counts], 1), "length choice", **words),
        "bytes": tensor(kept[:, 0], "length", length=lengths),
        "encoder_bytes": tensor(kept[:, 1], "length", length=lengths),
        "longest": tensor(lengths[-1]),
        "longest_speedup": tensor(seconds[-1, 0] / seconds[-1, 1]),
        "longest_bytes": tensor(kept[-1, 0]),
    }
