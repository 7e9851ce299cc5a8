"""Norms: of every token's vector, by its mean and variance (LayerNorm) or its mean square alone (RMSNorm)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from transformer_core.config import Config
from transformer_core.tracing.tap import Tap, tap_at

STREAM = "batch position d_model"


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
        if not tap.wants("mean", "var", "normalized"):
            return tap("out", torch.layer_norm(x, self.gain.shape, self.gain, self.bias, self.eps), STREAM, x)
        if tap.edits("mean", "var", "normalized"):
            return self.step_by_step(x, tap)
        out, mean, inverse = torch.native_layer_norm(x, self.gain.shape, self.gain, self.bias, self.eps)
        mean = tap("mean", mean.squeeze(-1), "batch position", x)
        var = tap("var", inverse.squeeze(-1).pow(-2) - self.eps, "batch position", x, mean)
        plain = tap.derived(
            "normalized", lambda: torch.layer_norm(x, self.gain.shape, None, None, self.eps), STREAM, x, mean, var
        )
        return tap("out", out, STREAM, plain)

    def step_by_step(
        self, x: Float[Tensor, "batch position d_model"], tap: Tap
    ) -> Float[Tensor, "batch position d_model"]:
        """The same in steps, which somebody edits: once one of them is changed, they make `out` anew.

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


class RMSNorm(nn.Module):
    """out = x / √(mean(x²) + ε) · gain, the mean over the entries of one row. Zhang and Sennrich 2019, equation 4.

    Args:
        size: of a row; d_model if 0.
        axes: of what is normed; the last one runs along a row.
    """

    def __init__(self, config: Config, path: str, size: int = 0, axes: str = STREAM) -> None:
        super().__init__()
        self.path, self.eps, self.axes = path, config.norm_eps, axes
        self.gain = nn.Parameter(torch.ones(size or config.d_model))

    def forward(self, x: Float[Tensor, "... _"]) -> Float[Tensor, "... _"]:
        tap = tap_at(self.path)
        out = F.rms_norm(x, self.gain.shape, self.gain, self.eps)
        if not tap.wants("mean_square", "normalized"):
            return tap("out", out, self.axes, x)
        rows = self.axes.rpartition(" ")[0]
        if not tap.edits("mean_square", "normalized"):
            mean_square = tap.derived("mean_square", lambda: x.square().mean(-1), rows, x)
            divided = tap.derived("normalized", lambda: self.divided(x), self.axes, x, mean_square)
            return tap("out", out, self.axes, divided)
        square = x.square().mean(-1)
        seen = tap("mean_square", square, rows, x)
        plain = normalized = self.divided(x)
        if seen is not square:
            normalized = x * torch.rsqrt(seen[..., None] + self.eps)
        shown = tap("normalized", normalized, self.axes, x, seen)
        return tap("out", out if shown is plain else shown * self.gain, self.axes, shown)

    def divided(self, x: Float[Tensor, "... _"]) -> Float[Tensor, "... _"]:
        """The rows before the gain."""
        return F.rms_norm(x, self.gain.shape, None, self.eps)


def norm_of(config: Config, path: str) -> LayerNorm | RMSNorm:
    """The kind of norm that the config names, at `path`."""
    return RMSNorm(config, path) if config.norm == "rms" else LayerNorm(config, path)


def norm_at(config: Config, path: str) -> nn.Module:
    """The norm at `path`; where the config leaves norms out, the identity."""
    return nn.Identity() if config.norm_order == "none" else norm_of(config, path)
