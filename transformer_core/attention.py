"""Attention: masks, scaled dot-product attention, and several heads of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_core.config import Config, Rotary
from transformer_core.norms import RMSNorm
from transformer_core.tracing.tap import Tap, Write, tap_at

QUERIES = "batch head query d_head"
KEYS = "batch head key d_head"
SHARED_KEYS = "batch kv_head key d_head"
SCORE_AXES = "batch head query key"
STREAM = "batch position d_model"
HEAD_OUT = "batch head query d_model"
CONCAT = "batch position d_concat"

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


def within_window(mask: Mask | None, queries: int, keys: int, window: int, x: Float[Tensor, "... _"]) -> Mask | None:
    """`mask`, which also hides the keys that stand `window` or more tokens before their query. Beltagy et al. 2020."""
    if keys <= window:
        return mask
    hidden = torch.ones(queries, keys, dtype=torch.bool, device=x.device).tril(keys - queries - window)[None, None]
    return mask_of(hidden if mask is None else hidden | (mask.bias == -math.inf), x.dtype)


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
    tap: Write,
) -> Float[Tensor, "batch head query d_head"]:
    """Attention(Q, K, V) = softmax(QKᵀ / √d_k) V.

    Every query meets every key; the softmax of their scores says which share of each value it takes.
    `d_k=1` leaves the scores unscaled. Source: Vaswani et al. 2017, section 3.2.1, equation 1.
    """
    scores = tap("scores", q @ k.mT, SCORE_AXES, q, k)
    scaled = tap("scaled", scores / math.sqrt(d_k), SCORE_AXES, scores)
    masked = tap("masked", mask(scaled) if mask else scaled, SCORE_AXES, scaled)
    weights = tap("weights", mask.softmax(masked) if mask else masked.softmax(-1), SCORE_AXES, masked)
    return tap("z", weights @ v, QUERIES, weights, v)


@lru_cache(maxsize=16)
@torch.inference_mode(mode=False)
def rotations(
    rotary: Rotary, d_head: int, positions: int, dtype: torch.dtype, device: torch.device
) -> tuple[Float[Tensor, "position d_head"], Float[Tensor, "position d_head"], Int[Tensor, " d_head"]]:
    """cos and ±sin of the angle of each entry at each position, and the partner of each entry, for `rotate`.

    Made in float64, then rounded to `dtype`.
    """
    turns = [rotary.turn(d_head, entry) for entry in range(d_head)]
    frequency, sign = torch.tensor(turns, dtype=torch.float64).unbind(1)
    angle = torch.arange(positions, dtype=torch.float64)[:, None] * frequency
    partners = torch.tensor(rotary.partners(d_head), device=device)
    return angle.cos().to(device, dtype), (angle.sin() * sign).to(device, dtype), partners


def rotate(
    x: Float[Tensor, "batch _ position d_head"], at: slice | Int[Tensor, " position"], length: int, rotary: Rotary
) -> Float[Tensor, "batch _ position d_head"]:
    """x' = x cos(mθ) ± partner(x) sin(mθ): the pairs of each row, rotated by its position m. Su et al. 2021, eq. 34.

    `at` are the positions of the rows, of a text of `length` tokens.
    """
    made = 2 ** max(length - 1, 1).bit_length()  # few tables are made while a text grows
    cos, sin, partners = rotations(rotary, x.shape[3], made, x.dtype, x.device)
    return x * cos[at] + x.index_select(3, partners) * sin[at]


class MultiHeadAttention(nn.Module):
    """MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W_O, where head_i = Attention(Q W_Q, K W_K, V W_V).

    Self-attention takes queries, keys and values from one sequence, and projects them in one multiplication;
    cross-attention takes keys and values from `memory`. In self-attention several heads may share keys and values
    (`kv_heads`), queries and keys may be normed (`qk_norm`) and rotated by their positions (`rotary`), and a `window`
    may hide what is far behind. A cache keeps keys as they were projected: they are rotated when they are read.

    Source: Vaswani et al. 2017, section 3.2.2; shared keys: Ainslie et al. 2023; see `Config` for the others.
    """

    def __init__(self, config: Config, heads: int, path: str, cross: bool = False, window: int = 0) -> None:
        super().__init__()
        d = config.d_model
        self.path, self.heads, self.cross, self.window = path, heads, cross, window
        self.kv_heads = heads if cross else config.kv_heads or heads
        self.d_head = d // heads if cross or not config.head_size else config.head_size
        self.d_k = self.d_head if config.attention_scale else 1
        self.rotary = None if cross else config.rotary
        queries, keys = heads * self.d_head, self.kv_heads * self.d_head
        qkv_bias, bias = config.biases != "none", config.biases == "all"
        # What is multiplied with the same rows stands in one weight: W_Q, W_K, W_V, transposed, below each other.
        if cross:
            self.w_q, self.b_q = nn.Parameter(torch.empty(queries, d)), bias_of(queries, qkv_bias)
            self.w_kv, self.b_kv = nn.Parameter(torch.empty(2 * keys, d)), bias_of(2 * keys, qkv_bias)
            self.stacked: dict[str, tuple[int, ...]] = {"w_kv": (keys, keys)}
        else:
            self.w_qkv = nn.Parameter(torch.empty(queries + 2 * keys, d))
            self.b_qkv = bias_of(queries + 2 * keys, qkv_bias)
            self.stacked = {"w_qkv": (queries, keys, keys)}
        self.concat_axes = STREAM if queries == d else CONCAT
        self.w_o = nn.Parameter(torch.empty(d, queries))
        self.b_o = bias_of(d, bias)
        normed = config.qk_norm and not cross
        self.q_norm = RMSNorm(config, f"{path}.q_norm", self.d_head, QUERIES) if normed else None
        self.k_norm = RMSNorm(config, f"{path}.k_norm", self.d_head, self.key_axes) if normed else None

    @property
    def key_axes(self) -> str:
        """The axes of keys and values: several heads may share theirs."""
        return KEYS if self.kv_heads == self.heads else SHARED_KEYS

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
        k, v = tap("k", k, self.key_axes, source), tap("v", v, self.key_axes, source)
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), self.k_norm(k)
        if self.rotary is not None:
            q, k = self.rotated(q, k, self.rotary, tap)
        if self.window:
            mask = within_window(mask, q.shape[2], k.shape[2], self.window, q)
        attend = partial(self.attend, q, k, v, mask)
        z = attend(tap.recomputing(q, k, attend))
        concat = tap("concat", concatenated(z), self.concat_axes, z, recompute=lambda: concatenated(z))
        out = F.linear(concat, self.w_o, self.b_o)
        if not tap.wants("head_out"):
            return tap("out", out, STREAM, concat)
        if tap.edits("head_out"):
            head_out = self.out_by_head(z)
            seen = tap("head_out", head_out, HEAD_OUT, z)
            out = out if seen is head_out else out + (seen - head_out).sum(1)
            return tap("out", out, STREAM, seen, concat)
        version = version_of(self.w_o)
        later = tap.derived("head_out", lambda: self.out_by_head(z, version), HEAD_OUT, z)
        return tap("out", out, STREAM, later, concat)

    def rotated(
        self, q: Float[Tensor, QUERIES], k: Float[Tensor, "batch _ key d_head"], rotary: Rotary, tap: Tap
    ) -> tuple[Float[Tensor, QUERIES], Float[Tensor, "batch _ key d_head"]]:
        """Queries and keys rotated by their positions; the last query stands at the last key."""
        keys = k.shape[2]
        at: list[slice | Tensor] = [slice(keys - q.shape[2], keys), slice(0, keys)]
        if tap.wants("query_positions", "key_positions"):  # the same, as numbers, for a reader
            numbers = torch.arange(keys, device=q.device)
            at = [
                tap(f"{axis}_positions", numbers[span], axis) for axis, span in zip(("query", "key"), at, strict=True)
            ]
        places = [[each] if isinstance(each, Tensor) else [] for each in at]
        return (
            tap("q_rotated", rotate(q, at[0], keys, rotary), QUERIES, q, *places[0]),
            tap("k_rotated", rotate(k, at[1], keys, rotary), self.key_axes, k, *places[1]),
        )

    def attend(
        self,
        q: Float[Tensor, QUERIES],
        k: Float[Tensor, "batch _ key d_head"],
        v: Float[Tensor, "batch _ key d_head"],
        mask: Mask | None,
        tap: Write,
    ) -> Float[Tensor, QUERIES]:
        """Attention of every head to the keys and values that it has, or shares with others."""
        if self.kv_heads != self.heads:
            k, v = (tap(f"{name}_repeated", self.repeated(part), KEYS, part) for name, part in (("k", k), ("v", v)))
        return attention(q, k, v, mask, self.d_k, tap)

    def repeated(self, x: Float[Tensor, "batch kv_head key d_head"]) -> Float[Tensor, "batch head key d_head"]:
        """The keys or values of each head: neighbouring heads share them."""
        return x.repeat_interleave(self.heads // self.kv_heads, 1)

    def out_by_head(
        self, z: Float[Tensor, "batch head query d_head"], version: int | None = None
    ) -> Float[Tensor, "batch head query d_model"]:
        """z W_O of each head: out is their sum over heads, plus b_O. Elhage et al. 2021.

        Raises:
            RuntimeError: W_O has changed since `version`: what was recorded was made with other numbers.
        """
        if version not in {None, version_of(self.w_o)}:
            raise RuntimeError(f"{self.path}.head_out is computed when it is read, and W_O has changed since the pass")
        batch, heads, queries, d_head = z.shape
        rows = z.transpose(0, 1).reshape(heads, batch * queries, d_head)
        return torch.bmm(rows, self.w_o_by_head()).view(heads, batch, queries, -1).transpose(0, 1)

    def w_o_by_head(self) -> Float[Tensor, "head d_head d_model"]:
        """W_O cut into the rows that each head multiplies, a view."""
        return self.w_o.view(len(self.w_o), self.heads, self.d_head).permute(1, 2, 0)

    def project(
        self,
        x: Float[Tensor, "batch query d_model"],
        source: Float[Tensor, "batch position d_model"],
        cache: Cache | None,
    ) -> tuple[Float[Tensor, QUERIES], Float[Tensor, "batch _ key d_head"], Float[Tensor, "batch _ key d_head"]]:
        """Queries of `x`, keys and values of `source`; a cache adds those of earlier tokens, or keeps the memory's."""
        if self.cross:
            q = self.split(F.linear(x, self.w_q, self.b_q), self.heads)[0]
            if cache is not None and self.path in cache:
                return q, *cache[self.path]
            k, v = self.split(F.linear(source, self.w_kv, self.b_kv), *[self.kv_heads] * 2)
        else:
            projected = F.linear(x, self.w_qkv, self.b_qkv)
            q, k, v = self.split(projected, self.heads, self.kv_heads, self.kv_heads)
            if cache is not None and self.path in cache:
                k, v = (torch.cat(pair, 2) for pair in zip(cache[self.path], (k, v), strict=True))
        if cache is not None:
            cache[self.path] = (k, v)
        return q, k, v

    def split(
        self, projected: Float[Tensor, "batch position _"], *heads: int
    ) -> tuple[Float[Tensor, "batch _ position d_head"], ...]:
        """Cut the columns by head; the first part has as many heads as the first number says, and so on."""
        batch, positions, _ = projected.shape
        if len({*heads}) > 1:
            cut = projected.view(batch, positions, -1, self.d_head).transpose(1, 2)
            return tuple(part.contiguous() for part in torch.split(cut, list(heads), 1))
        cut = projected.view(batch, positions, len(heads), heads[0], self.d_head)
        return cut.permute(2, 0, 3, 1, 4).contiguous().unbind(0)


def version_of(parameter: Tensor) -> int:
    """The number of times that torch has seen these numbers change."""
    return parameter._version  # noqa: SLF001 - documented, though it has no public name


def concatenated(z: Float[Tensor, QUERIES]) -> Float[Tensor, "batch query _"]:
    """The rows of all heads beside each other."""
    return z.transpose(1, 2).flatten(2)


def bias_of(size: int, there: bool) -> nn.Parameter | None:
    """A bias, as it begins; None where the config leaves it out."""
    return nn.Parameter(torch.zeros(size)) if there else None
