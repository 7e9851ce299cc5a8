"""The output of the last layer: logits of every position, and BERT's vector for a whole text."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from transformer_core.attention import STREAM
from transformer_core.config import Config
from transformer_core.layers import ACTIVATIONS
from transformer_core.norms import norm_of
from transformer_core.tracing.tap import tap_at


class Output(nn.Module):
    """logits = x Eᵀ + b: how well each word of the vocabulary fits. Vaswani et al. 2017, section 3.4.

    E is the embedding table itself when the config ties them, and a matrix of its own otherwise. A "transformed" layer
    first turns x into LayerNorm(activation(x W_t + b_t)), as BERT does (Devlin et al. 2019, section 3.1, task 1).
    """

    def __init__(self, config: Config, vocab: int) -> None:
        super().__init__()
        self.w = None if config.tied_output else nn.Parameter(torch.empty(vocab, config.d_model))
        self.b = nn.Parameter(torch.zeros(vocab)) if config.output_bias else None
        self.transform = Transform(config, "output") if config.output_layer == "transformed" else None

    def forward(
        self, x: Float[Tensor, "batch position d_model"], table: Float[Tensor, "vocab d_model"]
    ) -> Float[Tensor, "batch position vocab"]:
        if self.transform is not None:
            x = self.transform(x)
        logits = F.linear(x, table if self.w is None else self.w, self.b)
        return tap_at("")("logits", logits, "batch position vocab", x)


class Transform(nn.Module):
    """LayerNorm(activation(x W_t + b_t)): in BERT, a row goes through it before it meets the vocabulary."""

    def __init__(self, config: Config, path: str) -> None:
        super().__init__()
        self.path, self.activation = path, ACTIVATIONS[config.activation]
        self.w_t = nn.Parameter(torch.empty(config.d_model, config.d_model))
        self.b_t = nn.Parameter(torch.zeros(config.d_model))
        self.norm = norm_of(config, f"{path}.ln")

    def forward(self, x: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position d_model"]:
        tap = tap_at(self.path)
        pre = tap("pre", F.linear(x, self.w_t, self.b_t), STREAM, x)
        return self.norm(tap("post", self.activation(pre), STREAM, pre))


class Pooler(nn.Module):
    """pooled = tanh(x_0 W_p + b_p): one vector for a text, read off its first token. Devlin et al. 2019, section 3."""

    def __init__(self, config: Config, path: str) -> None:
        super().__init__()
        self.path = path
        self.w_p = nn.Parameter(torch.empty(config.d_model, config.d_model))
        self.b_p = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, x: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch d_model"]:
        tap = tap_at(self.path)
        pre = tap("pre", F.linear(x[:, 0], self.w_p, self.b_p), "batch d_model", x)
        return tap("out", pre.tanh(), "batch d_model", pre)
