"""The Transformer: encoder-decoder, encoder-only and decoder-only from one config."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_core.attention import Cache, Mask, causal, causal_mask, mask_of
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
        logits = F.linear(x, table if self.w is None else self.w, self.b)
        return tap_at("")("logits", logits, "batch position vocab", x)


class Transformer(nn.Module):
    """p(target | source): an encoder reads the source, a decoder continues the target. Vaswani et al. 2017, figure 1.

    Args:
        config: sizes and choices; a stack without layers is not built.
        seed: of the initial weights.
    """

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        first, second = config.encoder_layers, config.decoder_layers
        self.embed_src = Embedding(config, config.source_vocab, "embed_src") if first else None
        self.encoder = Stack(config, "encoder", first) if first else None
        self.embed_tgt = Embedding(config, config.target_vocab, "embed_tgt") if second else None
        self.decoder = Stack(config, "decoder", second, cross=first > 0) if second else None
        self.output = Output(config, config.target_vocab if second else config.source_vocab)
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
        logits: Tensor
        if self.decoder is None and self.embed_src is not None:
            logits = self.output(memory, self.embed_src.table)
        else:
            logits = self.decode(target_ids, memory, source_padding, target_padding)
        if tap_at("").wants("probs"):
            probabilities(logits)
        return logits

    def encode(self, source_ids: Tensor | None, source_padding: Tensor | None = None) -> Tensor:
        """What the encoder makes of the source: "batch position d_model".

        Raises:
            ValueError: no encoder, or no source.
        """
        if self.encoder is None or self.embed_src is None or source_ids is None:
            raise ValueError("to encode takes a model with an encoder, and source ids")
        x: Tensor = self.embed_src(source_ids)
        memory: Tensor = self.encoder(x, padding_mask(source_padding, x.dtype))
        return memory

    def decode(
        self,
        target_ids: Tensor | None,
        memory: Tensor | None = None,
        source_padding: Tensor | None = None,
        target_padding: Tensor | None = None,
        cache: Cache | None = None,
        start: int = 0,
    ) -> Tensor:
        """The logits after every target token, "batch position vocab"; no token sees a later one.

        With a cache, `target_ids` holds only the tokens from position `start` on, and `target_padding` all of them.

        Raises:
            ValueError: no decoder, no target, or no memory where the decoder reads one.
        """
        if self.decoder is None or self.embed_tgt is None or target_ids is None:
            raise ValueError("to decode takes a model with a decoder, and target ids")
        if (memory is None) != (self.encoder is None):
            raise ValueError("a decoder reads a memory if, and only if, the model has an encoder")
        x: Tensor = self.embed_tgt(target_ids, start)
        length = target_ids.shape[1]
        mask = target_mask(length, start + length, target_padding, x)
        x = self.decoder(x, mask, memory, padding_mask(source_padding, x.dtype), cache)
        logits: Tensor = self.output(x, self.embed_tgt.table)
        return logits


def probabilities(logits: Tensor) -> Tensor:
    """p(word) = softmax(logits), over the vocabulary: "batch position vocab"."""
    return tap_at("")("probs", logits.softmax(-1), "batch position vocab", logits)


def padding_mask(padding: Tensor | None, dtype: torch.dtype) -> Mask | None:
    """Hides the keys that are padding, from every query."""
    return None if padding is None else mask_of(padding[:, None, None, :], dtype)


def target_mask(queries: int, keys: int, padding: Tensor | None, x: Tensor) -> Mask | None:
    """Hides later tokens and padding; None for one query that may see everything."""
    if queries == 1 and padding is None:
        return None
    if padding is None:
        return causal_mask(queries, keys, x.dtype, x.device)
    return mask_of(causal(queries, keys, x.device) | padding[:, None, None, :], x.dtype)


def initialise(model: nn.Module, seed: int) -> None:
    """Xavier-uniform matrices, zero biases, unit gains; embeddings of length about one after scaling.

    The matrices that share one parameter are initialised each for itself. Source: Glorot and Bengio 2010, equation 16.
    """
    random = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith((".table", ".learned")):
            nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5, generator=random)
        elif parameter.dim() == 2:
            together = len(parameter) // parameter.shape[1] if "attn" in name else 1
            for matrix in parameter.data.chunk(together):
                bound = math.sqrt(6 / sum(matrix.shape))
                nn.init.uniform_(matrix, -bound, bound, generator=random)
