"""The Transformer: encoder-decoder, encoder-only and decoder-only from one config."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_core.attention import Cache, Mask, causal, causal_mask, mask_of
from transformer_core.config import Config
from transformer_core.embedding import Embedding
from transformer_core.layers import Stack
from transformer_core.output import Output, Pooler
from transformer_core.tracing.tap import model_of_the_pass, tap_at

VOCAB = "batch position vocab"


class Transformer(nn.Module):
    """p(target | source): an encoder reads the source, a decoder continues the target. Vaswani et al. 2017, figure 1.

    Args:
        config: sizes and choices; a stack without layers is not built.
        seed: of the initial weights; None leaves them as the memory is, for weights that are filled in.
    """

    def __init__(self, config: Config, seed: int | None = 0) -> None:
        super().__init__()
        self.config = config
        first, second = config.encoder_layers, config.decoder_layers
        self.embed_src = Embedding(config, config.source_vocab, "embed_src", config.token_types) if first else None
        self.encoder = Stack(config, "encoder", first) if first else None
        self.embed_tgt = Embedding(config, config.target_vocab, "embed_tgt") if second else None
        self.decoder = Stack(config, "decoder", second, cross=first > 0) if second else None
        if config.shared_embedding and self.embed_src is not None and self.embed_tgt is not None:
            self.embed_tgt.table = self.embed_src.table
            self.register_state_dict_post_hook(_store_shared_table_once)  # type: ignore[no-untyped-call]
            self.register_load_state_dict_pre_hook(_load_shared_table_twice)  # type: ignore[no-untyped-call]
        vocab = config.target_vocab if second else config.source_vocab
        self.output = None if config.output_layer == "none" else Output(config, vocab)
        self.pooler = Pooler(config, "pooler") if config.pooler else None
        if seed is not None:
            initialise(self, seed)

    @property
    def device(self) -> torch.device:
        """The device of the parameters: ids have to be there, too."""
        return next(self.parameters()).device

    def forward(
        self,
        source_ids: Int[Tensor, "batch key"] | None,
        target_ids: Int[Tensor, "batch query"] | None = None,
        source_padding: Bool[Tensor, "batch key"] | None = None,
        target_padding: Bool[Tensor, "batch query"] | None = None,
        source_types: Int[Tensor, "batch key"] | None = None,
    ) -> Float[Tensor, "batch position vocab"]:
        """The logits of every position; a padding mask is True where there is no token.

        The tokens of the target ask, as queries of cross-attention; those of the source are its keys. Encoder-only
        models take no target, decoder-only models None for the source; a model without an output layer returns its
        last rows, of d_model numbers each.

        Raises:
            ValueError: a source for a model without an encoder, or what `encode` and `decode` refuse.
        """
        if self.encoder is None and source_ids is not None:
            raise ValueError("this model has no encoder: give None for the source, and what it reads as the target")
        memory = None if self.encoder is None else self.encode(source_ids, source_padding, source_types)
        if memory is None or self.decoder is not None:
            logits = self.decode(target_ids, memory, source_padding, target_padding)
        else:
            logits = self.read_off(memory)
        tap = tap_at("")
        if self.output is not None and not tap.edits("probs"):
            tap.derived("probs", lambda: logits.softmax(-1), VOCAB, logits)
        elif self.output is not None:
            probabilities(logits)
        return logits

    def read_off(self, memory: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position vocab"]:
        """The logits of an encoder alone, or its rows if it has no output layer.

        Its pooler runs for a recorder, who alone sees what it says.
        """
        if self.pooler is not None and tap_at("pooler").wants("pre", "out"):
            self.pooler(memory)
        if self.output is None or self.embed_src is None:
            return memory
        return self.output(memory, self.embed_src.table)

    def encode(
        self,
        source_ids: Int[Tensor, "batch position"] | None,
        source_padding: Bool[Tensor, "batch position"] | None = None,
        source_types: Int[Tensor, "batch position"] | None = None,
    ) -> Float[Tensor, "batch position d_model"]:
        """The encoder's output for the source, one row for each token: the memory that a decoder reads.

        Raises:
            ValueError: no encoder, no source, or token types where the model has none.
        """
        if self.encoder is None or self.embed_src is None or source_ids is None:
            raise ValueError("to encode takes a model with an encoder, and source ids")
        model_of_the_pass(self.config)
        x: Tensor = self.embed_src(source_ids, types=source_types)
        return self.encoder(x, padding_mask(source_padding, x.dtype))

    def decode(
        self,
        target_ids: Int[Tensor, "batch query"] | None,
        memory: Float[Tensor, "batch key d_model"] | None = None,
        source_padding: Bool[Tensor, "batch key"] | None = None,
        target_padding: Bool[Tensor, "batch position"] | None = None,
        cache: Cache | None = None,
        start: int = 0,
    ) -> Float[Tensor, "batch query vocab"]:
        """The logits after every target token; no token sees a later one.

        With a cache, `target_ids` holds only the tokens from position `start` on, and `target_padding` all of them.

        Raises:
            ValueError: no decoder, no target, or no memory where the decoder reads one.
        """
        if self.decoder is None or self.embed_tgt is None or self.output is None or target_ids is None:
            raise ValueError("to decode takes a model with a decoder, and target ids")
        if (memory is None) != (self.encoder is None):
            raise ValueError("a decoder reads a memory if, and only if, the model has an encoder")
        model_of_the_pass(self.config)
        x: Tensor = self.embed_tgt(target_ids, start)
        length = target_ids.shape[1]
        mask = target_mask(length, start + length, target_padding, x)
        x = self.decoder(x, mask, memory, padding_mask(source_padding, x.dtype), cache)
        return self.output(x, self.embed_tgt.table)


def _store_shared_table_once(_model: nn.Module, state: dict[str, Tensor], prefix: str, _metadata: Any) -> None:
    del state[f"{prefix}embed_tgt.table"]


def _load_shared_table_twice(_model: nn.Module, state: dict[str, Tensor], prefix: str, *_rest: Any) -> None:
    if f"{prefix}embed_src.table" in state:
        state[f"{prefix}embed_tgt.table"] = state[f"{prefix}embed_src.table"]


def probabilities(logits: Float[Tensor, "batch position vocab"]) -> Float[Tensor, "batch position vocab"]:
    """p(word) = softmax(logits), over the vocabulary."""
    return tap_at("")("probs", logits.softmax(-1), VOCAB, logits)


def padding_mask(padding: Bool[Tensor, "batch key"] | None, dtype: torch.dtype) -> Mask | None:
    """Hide the keys that are padding, from every query."""
    return None if padding is None else mask_of(padding[:, None, None, :], dtype)


def target_mask(
    queries: int, keys: int, padding: Bool[Tensor, "batch key"] | None, x: Float[Tensor, "batch query d_model"]
) -> Mask | None:
    """Hide later tokens and padding; None for one query that may see everything."""
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
        if name.endswith((".table", ".learned", ".types")):
            nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5, generator=random)
        elif parameter.dim() == 2:
            owner, _, own = name.rpartition(".")
            together = getattr(model.get_submodule(owner), "stacked", {}).get(own, (len(parameter),))
            for matrix in torch.split(parameter.data, list(together)):
                bound = math.sqrt(6 / sum(matrix.shape))
                nn.init.uniform_(matrix, -bound, bound, generator=random)
