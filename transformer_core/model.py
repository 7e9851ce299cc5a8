"""The Transformer: encoder-decoder, encoder-only and decoder-only from one config."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_core.attention import Cache, Mask, causal, mask_of
from transformer_core.config import Config
from transformer_core.embedding import Embedding
from transformer_core.layers import Stack
from transformer_core.tap import tap_at


class Output(nn.Module):
    """logits = x Eᵀ + b: how well each word of the vocabulary fits. Vaswani et al. 2017, section 3.4.

    E is the embedding table itself when the config ties them, and a matrix of its own otherwise.
    """

    def __init__(self, config: Config, vocab: int) -> None:
        super().__init__()
        self.w = None if config.tied_output else nn.Parameter(torch.empty(vocab, config.d_model))
        self.b = nn.Parameter(torch.zeros(vocab)) if config.output_bias else None

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """Shapes: x "batch position d_model", table "vocab d_model", result "batch position vocab"."""
        tap = tap_at("")
        logits = F.linear(x, table if self.w is None else self.w, self.b)
        logits = tap("logits", logits, "batch position vocab", x)
        if tap.wants("probs"):
            tap("probs", logits.softmax(-1), "batch position vocab", logits)
        return logits


class Transformer(nn.Module):
    """p(target | source): an encoder reads the source, a decoder continues the target. Vaswani et al. 2017, figure 1.

    Args:
        config: sizes and choices; a stack without layers is not built.
        seed: of the initial weights.
    """

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.embed_src = self.encoder = self.embed_tgt = self.decoder = None
        if config.encoder_layers:
            self.embed_src = Embedding(config, config.source_vocab, "embed_src")
            self.encoder = Stack(config, "encoder", config.encoder_layers)
        if config.decoder_layers:
            self.embed_tgt = Embedding(config, config.target_vocab, "embed_tgt")
            self.decoder = Stack(config, "decoder", config.decoder_layers, cross=self.encoder is not None)
        self.output = Output(config, config.target_vocab if self.decoder is not None else config.source_vocab)
        initialise(self, seed)

    def forward(
        self,
        source_ids: Tensor | None,
        target_ids: Tensor | None = None,
        source_padding: Tensor | None = None,
        target_padding: Tensor | None = None,
    ) -> Tensor:
        """The logits of every position; a padding mask is True where there is no token.

        Shapes: ids and padding "batch position", result "batch position vocab". Encoder-only models take no target,
        decoder-only models None for the source.
        """
        memory = None if self.encoder is None else self.encode(source_ids, source_padding)
        if self.decoder is None:
            return self.output(memory, self.embed_src.table)
        return self.decode(target_ids, memory, source_padding, target_padding)

    def encode(self, source_ids: Tensor, source_padding: Tensor | None = None) -> Tensor:
        """What the encoder makes of the source: "batch position d_model"."""
        x = self.embed_src(source_ids)
        return self.encoder(x, padding_mask(source_padding, x.dtype))

    def decode(
        self,
        target_ids: Tensor,
        memory: Tensor | None = None,
        source_padding: Tensor | None = None,
        target_padding: Tensor | None = None,
        cache: Cache | None = None,
        start: int = 0,
    ) -> Tensor:
        """The logits after every target token, "batch position vocab"; no token sees a later one.

        With a cache, `target_ids` holds only the tokens from position `start` on, and `target_padding` all of them.
        """
        x = self.embed_tgt(target_ids, start)
        length = target_ids.shape[1]
        mask = target_mask(length, start + length, target_padding, x)
        x = self.decoder(x, mask, memory, padding_mask(source_padding, x.dtype), cache)
        return self.output(x, self.embed_tgt.table)


def padding_mask(padding: Tensor | None, dtype: torch.dtype) -> Mask | None:
    """Hides the keys that are padding, from every query."""
    return None if padding is None else mask_of(padding[:, None, None, :], dtype)


def target_mask(queries: int, keys: int, padding: Tensor | None, x: Tensor) -> Mask | None:
    """Hides later tokens and padding; None for one query that may see everything."""
    if queries == 1 and padding is None:
        return None
    hidden = causal(queries, keys, x.device)[None, None]
    return mask_of(hidden if padding is None else hidden | padding[:, None, None, :], x.dtype)


def initialise(model: nn.Module, seed: int) -> None:
    """Xavier-uniform matrices, zero biases, unit gains; embeddings of length about one after scaling.

    The matrices that share one parameter are initialised each for itself. Source: Glorot and Bengio 2010, equation 16.
    """
    random = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith((".table", ".learned")):
            nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5, generator=random)
        elif parameter.dim() == 2:
            d_in = parameter.shape[1]
            matrices = parameter.split(d_in) if "attn" in name else (parameter,)
            for matrix in matrices:
                bound = math.sqrt(6 / sum(matrix.shape))
                nn.init.uniform_(matrix.data, -bound, bound, generator=random)
