"""The parts around attention: residual connections, the feed-forward layer, and the stacks of layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from transformer_core.attention import STREAM, Cache, Mask, MultiHeadAttention, bias_of
from transformer_core.config import Config
from transformer_core.norms import norm_at, norm_of
from transformer_core.tracing.tap import Tap, tap_at

UNITS = "batch position d_ff"
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}


class FeedForward(nn.Module):
    """FFN(x) = activation(x W_1 + b_1) W_2 + b_2, for each token alone. Vaswani et al. 2017, equation 2.

    Gated, it is (activation(x W_gate) ⊙ x W_1) W_2: SwiGLU with "silu", GeGLU with "gelu". Shazeer 2020, equation 6.
    """

    def __init__(self, config: Config, path: str) -> None:
        super().__init__()
        d, d_ff, bias = config.d_model, config.d_ff, config.biases == "all"
        self.path, self.activation, self.gated = path, ACTIVATIONS[config.activation], config.gated
        #: W_gate, if there is one, stands above W_1: both multiply the same rows.
        self.stacked = {"w1": (d_ff,) * (1 + config.gated)}
        units = sum(self.stacked["w1"])
        self.w1, self.b1 = nn.Parameter(torch.empty(units, d)), bias_of(units, bias)
        self.w2, self.b2 = nn.Parameter(torch.empty(d, d_ff)), bias_of(d, bias)

    def forward(self, x: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position d_model"]:
        tap = tap_at(self.path)
        pre = F.linear(x, self.w1, self.b1)
        if self.gated:
            gate_pre, pre = pre.chunk(2, -1)
            gate_pre = tap("gate_pre", gate_pre, UNITS, x)
            gate = tap("gate", self.activation(gate_pre), UNITS, gate_pre, recompute=lambda: self.activation(gate_pre))
            pre = tap("pre", pre, UNITS, x)
            # An edit of the gate changes what it is made of.
            recompute = None if tap.edits("gate") else lambda: self.activation(gate_pre) * pre
            post = tap("post", gate * pre, UNITS, gate, pre, recompute=recompute)
        else:
            pre = tap("pre", pre, UNITS, x)
            post = tap("post", self.activation(pre), UNITS, pre, recompute=lambda: self.activation(pre))
        return tap("out", F.linear(post, self.w2, self.b2), STREAM, post)


class Layer(nn.Module):
    """Self-attention, in a decoder cross-attention, and the feed-forward layer, each with a residual connection.

    Post-norm: x ← LayerNorm(x + Sublayer(x)). Pre-norm: x ← x + Sublayer(LayerNorm(x)).
    Source: Vaswani et al. 2017, section 3.1; Xiong et al. 2020.
    """

    def __init__(self, config: Config, path: str, cross: bool, window: int = 0) -> None:
        super().__init__()
        self.path, self.config = path, config
        self.self_attn = MultiHeadAttention(config, config.heads, f"{path}.self_attn", window=window)
        cross_heads = config.cross_heads or config.heads
        self.cross_attn = MultiHeadAttention(config, cross_heads, f"{path}.cross_attn", cross=True) if cross else None
        self.ffn = FeedForward(config, f"{path}.ffn") if config.d_ff else None
        sublayers = 1 + (self.cross_attn is not None) + (self.ffn is not None)
        self.norms = nn.ModuleList(norm_at(config, f"{path}.ln{i + 1}") for i in range(sublayers))

    def forward(
        self,
        x: Float[Tensor, "batch position d_model"],
        mask: Mask | None = None,
        memory: Float[Tensor, "batch key d_model"] | None = None,
        memory_mask: Mask | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch position d_model"]:
        tap = tap_at(self.path)
        norms = iter(self.norms)
        x = tap("resid_pre", x, STREAM, x)
        x = self.add("resid_attn", x, lambda y: self.self_attn(y, mask=mask, cache=cache), next(norms), tap)
        if self.cross_attn is not None:
            cross = self.cross_attn
            x = self.add("resid_cross", x, lambda y: cross(y, memory, memory_mask, cache), next(norms), tap)
        if self.ffn is not None:
            x = self.add("resid_ffn", x, self.ffn, next(norms), tap)
        return tap("resid_post", x, STREAM, x)

    def add(
        self,
        name: str,
        x: Float[Tensor, "batch position d_model"],
        sublayer: Callable[[Tensor], Tensor],
        norm: Callable[[Tensor], Tensor],
        tap: Tap,
    ) -> Float[Tensor, "batch position d_model"]:
        """One residual connection; the sum itself is tapped as `name`, before any norm."""
        pre = self.config.norm_order == "pre"
        out = sublayer(norm(x) if pre else x)
        dropped = F.dropout(out, self.config.dropout) if self.training else out
        total = tap(name, x + dropped, STREAM, x, out) if self.config.residual else tap(name, dropped, STREAM, out)
        return total if pre else norm(total)


class Stack(nn.Module):
    """`layers` layers above each other, and a last norm if the config has one."""

    def __init__(self, config: Config, path: str, layers: int, cross: bool = False) -> None:
        super().__init__()
        windows = [config.window_of(i) if path == "decoder" else 0 for i in range(layers)]
        self.layers = nn.ModuleList(Layer(config, f"{path}.{i}", cross, window) for i, window in enumerate(windows))
        self.final_norm = norm_of(config, f"{path}.final_norm") if config.final_norm else nn.Identity()

    def forward(
        self,
        x: Float[Tensor, "batch position d_model"],
        mask: Mask | None = None,
        memory: Float[Tensor, "batch key d_model"] | None = None,
        memory_mask: Mask | None = None,
        cache: Cache | None = None,
    ) -> Float[Tensor, "batch position d_model"]:
        for layer in self.layers:
            x = layer(x, mask, memory, memory_mask, cache)
        return self.final_norm(x)
