"""The parts around attention: residual connections, layer norm, the feed-forward layer, and the stacks of layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from transformer_core.attention import STREAM, Cache, Mask, MultiHeadAttention
from transformer_core.config import Config
from transformer_core.tracing.tap import Tap, tap_at

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}


class LayerNorm(nn.Module):
    """out = (x - mean) / √(var + ε) · gain + bias, mean and variance over the entries of one token.

    Source: Ba, Kiros and Hinton 2016, equation 4.
    """

    def __init__(self, config: Config, path: str) -> None:
        super().__init__()
        self.path, self.eps = path, config.norm_eps
        self.gain = nn.Parameter(torch.ones(config.d_model))
        self.bias = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, x: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position d_model"]:
        tap = tap_at(self.path)
        if tap.wants("mean", "var", "normalized"):
            return self.step_by_step(x, tap)
        return tap("out", torch.layer_norm(x, self.gain.shape, self.gain, self.bias, self.eps), STREAM, x)

    def step_by_step(
        self, x: Float[Tensor, "batch position d_model"], tap: Tap
    ) -> Float[Tensor, "batch position d_model"]:
        """The same in steps, for a recorder; once one of them is edited, they make `out` anew.

        The kernel hands out mean and deviation as constants: no gradient flows through `mean` and `var`.
        """
        out, mean, inverse = torch.native_layer_norm(x, self.gain.shape, self.gain, self.bias, self.eps)
        mean, var = mean.squeeze(-1), inverse.squeeze(-1).pow(-2) - self.eps
        seen_mean = tap("mean", mean, "batch position", x)
        if seen_mean is not mean:
            var = (x - seen_mean[..., None]).square().mean(-1)
        seen_var = tap("var", var, "batch position", x, seen_mean)
        plain = torch.layer_norm(x, self.gain.shape, None, None, self.eps)
        normalized = plain
        if seen_mean is not mean or seen_var is not var:
            normalized = (x - seen_mean[..., None]) * torch.rsqrt(seen_var[..., None] + self.eps)
        seen = tap("normalized", normalized, STREAM, x, seen_mean, seen_var)
        if seen is not plain:
            out = seen * self.gain + self.bias
        return tap("out", out, STREAM, seen)


def norm_at(config: Config, path: str) -> nn.Module:
    """The layer norm at `path`; where the config leaves norms out, the identity."""
    return nn.Identity() if config.norm_order == "none" else LayerNorm(config, path)


class FeedForward(nn.Module):
    """FFN(x) = activation(x W_1 + b_1) W_2 + b_2, for each token alone. Vaswani et al. 2017, equation 2."""

    def __init__(self, config: Config, path: str) -> None:
        super().__init__()
        self.path, self.activation = path, ACTIVATIONS[config.activation]
        self.w1 = nn.Parameter(torch.empty(config.d_ff, config.d_model))
        self.b1 = nn.Parameter(torch.zeros(config.d_ff))
        self.w2 = nn.Parameter(torch.empty(config.d_model, config.d_ff))
        self.b2 = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, x: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position d_model"]:
        tap = tap_at(self.path)
        pre = tap("pre", F.linear(x, self.w1, self.b1), "batch position d_ff", x)
        post = tap("post", self.activation(pre), "batch position d_ff", pre)
        return tap("out", F.linear(post, self.w2, self.b2), STREAM, post)


class Layer(nn.Module):
    """Self-attention, in a decoder cross-attention, and the feed-forward layer, each with a residual connection.

    Post-norm: x ← LayerNorm(x + Sublayer(x)). Pre-norm: x ← x + Sublayer(LayerNorm(x)).
    Source: Vaswani et al. 2017, section 3.1; Xiong et al. 2020.
    """

    def __init__(self, config: Config, path: str, cross: bool) -> None:
        super().__init__()
        self.path, self.config = path, config
        self.self_attn = MultiHeadAttention(config, config.heads, f"{path}.self_attn")
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
        self.layers = nn.ModuleList(Layer(config, f"{path}.{i}", cross) for i in range(layers))
        self.final_norm = LayerNorm(config, f"{path}.final_norm") if config.final_norm else nn.Identity()

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
        final: Tensor = self.final_norm(x)
        return final
