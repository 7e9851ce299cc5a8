"""Attention: masks, scaled dot-product attention, and several heads of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_core.config import Config
from transformer_core.tracing.tap import Tap, tap_at

QUERIES = "batch head query d_head"
KEYS = "batch head key d_head"
PAIRS = "batch head query key"
STREAM = "batch position d_model"

#: Keys and values of each attention of a decoder by its path, "batch head key d_head", grown token by token.
Cache = dict[str, tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Mask:
    """The keys that are hidden from each query: `bias` is -inf there and 0 elsewhere.

    `blind` marks the queries that see no key at all, or is None if there are none. They attend to nothing: their
    weights are 0, where an unguarded softmax would give NaN.
    """

    bias: Float[Tensor, "batch 1 query key"]
    blind: Bool[Tensor, "batch 1 query 1"] | None

    def __call__(self, scores: Float[Tensor, "batch head query key"]) -> Float[Tensor, "batch head query key"]:
        return scores + self.bias

    def softmax(self, masked: Float[Tensor, "batch head query key"]) -> Float[Tensor, "batch head query key"]:
        """The weights of each query over the keys; all 0 for a blind query."""
        if self.blind is None:
            return masked.softmax(-1)
        return masked.masked_fill(self.blind, 0.0).softmax(-1).masked_fill(self.blind, 0.0)


def mask_of(hidden: Bool[Tensor, "batch 1 query key"], dtype: torch.dtype) -> Mask:
    """The mask that hides the keys where `hidden` is True."""
    bias = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill(hidden, -math.inf)
    blind = hidden.all(-1, keepdim=True)
    # A compiled pass cannot ask a tensor which way to go: it treats every query as if it might be blind.
    return Mask(bias, blind if torch.compiler.is_compiling() or bool(blind.any()) else None)


def causal(queries: int, keys: int, device: torch.device | None = None) -> Bool[Tensor, "query key"]:
    """True where a key comes after its query; the last query is at the last key. Vaswani et al. 2017, section 3.2.3."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).triu(keys - queries + 1)


@lru_cache(maxsize=64)
@torch.inference_mode(mode=False)
def causal_mask(queries: int, keys: int, dtype: torch.dtype, device: torch.device) -> Mask:
    """The mask that hides later keys and no others, made once for each length."""
    return mask_of(causal(queries, keys, device)[None, None], dtype)


def attention(
    q: Float[Tensor, "batch head query d_head"],
    k: Float[Tensor, "batch head key d_head"],
    v: Float[Tensor, "batch head key d_head"],
    mask: Mask | None,
    d_k: float,
    tap: Tap,
) -> Float[Tensor, "batch head query d_head"]:
    """Attention(Q, K, V) = softmax(QKᵀ / √d_k) V.

    Every query meets every key; the softmax of their scores says which share of each value it takes.
    `d_k=1` leaves the scores unscaled. Source: Vaswani et al. 2017, section 3.2.1, equation 1.
    """
    scores = tap("scores", q @ k.mT, PAIRS, q, k)
    scaled = tap("scaled", scores / math.sqrt(d_k), PAIRS, scores)
    masked = tap("masked", mask(scaled) if mask else scaled, PAIRS, scaled)
    weights = tap("weights", mask.softmax(masked) if mask else masked.softmax(-1), PAIRS, masked)
    return tap("z", weights @ v, QUERIES, weights, v)


class MultiHeadAttention(nn.Module):
    """MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W_O, where head_i = Attention(Q W_Q, K W_K, V W_V).

    Self-attention takes queries, keys and values from one sequence, and projects them in one multiplication;
    cross-attention takes keys and values from `memory`. Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(self, config: Config, heads: int, path: str, cross: bool = False) -> None:
        super().__init__()
        d = config.d_model
        self.path, self.heads, self.cross = path, heads, cross
        self.d_k = d // heads if config.attention_scale else 1
        # What is multiplied with the same rows stands in one weight: W_Q, W_K, W_V, transposed, below each other.
        if cross:
            self.w_q, self.b_q = nn.Parameter(torch.empty(d, d)), nn.Parameter(torch.zeros(d))
            self.w_kv, self.b_kv = nn.Parameter(torch.empty(2 * d, d)), nn.Parameter(torch.zeros(2 * d))
        else:
            self.w_qkv, self.b_qkv = nn.Parameter(torch.empty(3 * d, d)), nn.Parameter(torch.zeros(3 * d))
        self.w_o = nn.Parameter(torch.empty(d, d))
        self.b_o = nn.Parameter(torch.zeros(d))

    def forward(
        self,
        x: Float[Tensor, "batch query d_model"],
        memory: Float[Tensor, "batch key d_model"] | None = None,
        mask: Mask | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch query d_model"]:
        tap = tap_at(self.path)
        source = x if memory is None else memory
        q, k, v = self.project(x, source, cache)
        q = tap("q", q, QUERIES, x)
        k, v = tap("k", k, KEYS, source), tap("v", v, KEYS, source)
        z = attention(q, k, v, mask, self.d_k, tap)
        concat = tap("concat", z.transpose(1, 2).flatten(2), STREAM, z)
        out = F.linear(concat, self.w_o, self.b_o)
        if tap.wants("head_out"):
            return self.out_of_heads(z, concat, out, tap)
        return tap("out", out, STREAM, concat)

    def out_of_heads(
        self,
        z: Float[Tensor, "batch head query d_head"],
        concat: Float[Tensor, "batch query d_model"],
        out: Float[Tensor, "batch query d_model"],
        tap: Tap,
    ) -> Float[Tensor, "batch query d_model"]:
        """out = Σ_heads z W_O + b_O: the same output, seen as a sum over heads. Elhage et al. 2021."""
        batch, heads, queries, d_head = z.shape
        rows = z.transpose(0, 1).reshape(heads, batch * queries, d_head)
        head_out = torch.bmm(rows, self.w_o_by_head()).view(heads, batch, queries, -1).transpose(0, 1)
        edited = tap("head_out", head_out, "batch head query d_model", z)
        if edited is not head_out:
            out = out + (edited - head_out).sum(1)
        return tap("out", out, STREAM, edited, concat)

    def w_o_by_head(self) -> Float[Tensor, "head d_head d_model"]:
        """W_O cut into the rows that each head multiplies, a view."""
        d = len(self.w_o)
        return self.w_o.view(d, self.heads, d // self.heads).permute(1, 2, 0)

    def project(
        self,
        x: Float[Tensor, "batch query d_model"],
        source: Float[Tensor, "batch position d_model"],
        cache: Cache | None,
    ) -> tuple[Float[Tensor, QUERIES], Float[Tensor, KEYS], Float[Tensor, KEYS]]:
        """Queries of `x`, keys and values of `source`; a cache adds those of earlier tokens, or keeps the memory's."""
        if self.cross:
            q = self.split(F.linear(x, self.w_q, self.b_q), 1)[0]
            if cache is not None and self.path in cache:
                return q, *cache[self.path]
            k, v = self.split(F.linear(source, self.w_kv, self.b_kv), 2)
        else:
            q, k, v = self.split(F.linear(x, self.w_qkv, self.b_qkv), 3)
            if cache is not None and self.path in cache:
                k, v = (torch.cat(pair, 2) for pair in zip(cache[self.path], (k, v), strict=True))
        if cache is not None:
            cache[self.path] = (k, v)
        return q, k, v

    def split(
        self, projected: Float[Tensor, "batch position _"], parts: int
    ) -> tuple[Float[Tensor, "batch head position d_head"], ...]:
        """Cut the columns, parts · head · d_head of them, into as many parts, each by head."""
        batch, positions, _ = projected.shape
        cut = projected.view(batch, positions, parts, self.heads, -1)
        return cut.permute(2, 0, 3, 1, 4).contiguous().unbind(0)
