"""Models that the core is measured against: the same maths in plain torch modules, and torch's own Transformer."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.config import Config
from transformer_core.embedding import sinusoids
from transformer_core.layers import Layer, Stack
from transformer_core.model import Transformer
from transformer_core.norms import LayerNorm


class PlainAttention(nn.Module):
    """softmax(QKᵀ / √d_k + mask) V in several heads, as one would write it without wanting to see inside."""

    def __init__(self, d_model: int, heads: int, cross: bool) -> None:
        super().__init__()
        self.heads, self.cross, self.scale = heads, cross, math.sqrt(d_model // heads)
        if cross:
            self.query, self.key_value = nn.Linear(d_model, d_model), nn.Linear(d_model, 2 * d_model)
        else:
            self.query_key_value = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)

    def cut(self, projected: Tensor, parts: int) -> tuple[Tensor, ...]:
        batch, positions, _ = projected.shape
        cut = projected.view(batch, positions, parts, self.heads, -1)
        return cut.permute(2, 0, 3, 1, 4).contiguous().unbind(0)

    def forward(self, x: Tensor, memory: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        if self.cross:
            (q,) = self.cut(self.query(x), 1)
            k, v = self.cut(self.key_value(memory), 2)
        else:
            q, k, v = self.cut(self.query_key_value(x), 3)
        scores = q @ k.mT / self.scale
        weights = (scores if bias is None else scores + bias).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class PlainLayer(nn.Module):
    """A pre-norm layer."""

    def __init__(self, config: Config, cross: bool) -> None:
        super().__init__()
        self.self_attn = PlainAttention(config.d_model, config.heads, cross=False)
        self.cross_attn = PlainAttention(config.d_model, config.heads, cross=True) if cross else None
        self.norms = nn.ModuleList(nn.LayerNorm(config.d_model) for _ in range(2 + cross))
        self.linear1, self.linear2 = nn.Linear(config.d_model, config.d_ff), nn.Linear(config.d_ff, config.d_model)

    def forward(self, x: Tensor, bias: Tensor | None, memory: Tensor | None) -> Tensor:
        x = x + self.self_attn(self.norms[0](x), bias=bias)
        if self.cross_attn is not None:
            x = x + self.cross_attn(self.norms[1](x), memory)
        return x + self.linear2(F.relu(self.linear1(self.norms[-1](x))))


class PlainStack(nn.Module):
    def __init__(self, config: Config, layers: int, cross: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PlainLayer(config, cross) for _ in range(layers))
        self.final_norm = nn.LayerNorm(config.d_model)

    def forward(self, x: Tensor, bias: Tensor | None = None, memory: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, bias, memory)
        return self.final_norm(x)


class Plain(nn.Module):
    """A pre-norm Transformer with sinusoids and a tied output: encoder-decoder, or a decoder alone."""

    def __init__(self, ours: Transformer) -> None:
        super().__init__()
        config = self.config = ours.config
        self.source = nn.Embedding(config.source_vocab, config.d_model) if config.encoder_layers else None
        self.target = nn.Embedding(config.target_vocab, config.d_model)
        self.register_buffer("positions", sinusoids(config.max_positions, config.d_model))
        self.register_buffer("later", torch.full((config.max_positions,) * 2, -math.inf).triu(1))
        self.encoder = PlainStack(config, config.encoder_layers, cross=False) if config.encoder_layers else None
        self.decoder = PlainStack(config, config.decoder_layers, cross=config.encoder_layers > 0)
        self.eval()
        self.take(ours)

    def embed(self, table: nn.Embedding, ids: Tensor) -> Tensor:
        return table(ids) * math.sqrt(self.config.d_model) + self.positions[None, : ids.shape[1]]

    def forward(self, source: Tensor | None, target: Tensor) -> Tensor:
        memory = None if self.encoder is None else self.encoder(self.embed(self.source, source))
        length = target.shape[1]
        bias = self.later[:length, :length]
        return F.linear(self.decoder(self.embed(self.target, target), bias, memory), self.target.weight)

    def take(self, ours: Transformer) -> None:
        """The weights of `ours`, so that both compute the same."""
        pairs = [(self.target.weight, ours.embed_tgt.table), *stacks(self.decoder, ours.decoder)]
        if self.encoder is not None:
            pairs += [(self.source.weight, ours.embed_src.table), *stacks(self.encoder, ours.encoder)]
        with torch.no_grad():
            for here, there in pairs:
                here.copy_(there)


def stacks(plain: PlainStack, ours: Stack) -> list[tuple[Tensor, Tensor]]:
    pairs = norm(plain.final_norm, ours.final_norm)
    for here, there in zip(plain.layers, ours.layers, strict=True):
        pairs += layer(here, there)
    return pairs


def layer(plain: PlainLayer, ours: Layer) -> list[tuple[Tensor, Tensor]]:
    pairs = attention(plain.self_attn, ours.self_attn)
    if plain.cross_attn is not None:
        pairs += attention(plain.cross_attn, ours.cross_attn)
    for here, there in zip(plain.norms, ours.norms, strict=True):
        pairs += norm(here, there)
    ffn, one, two = ours.ffn, plain.linear1, plain.linear2
    return [*pairs, (one.weight, ffn.w1), (one.bias, ffn.b1), (two.weight, ffn.w2), (two.bias, ffn.b2)]


def norm(plain: nn.LayerNorm, ours: LayerNorm) -> list[tuple[Tensor, Tensor]]:
    return [(plain.weight, ours.gain), (plain.bias, ours.bias)]


def attention(plain: PlainAttention, ours: MultiHeadAttention) -> list[tuple[Tensor, Tensor]]:
    pairs = [(plain.out.weight, ours.w_o), (plain.out.bias, ours.b_o)]
    if plain.cross:
        pairs += [(plain.query.weight, ours.w_q), (plain.query.bias, ours.b_q)]
        return [*pairs, (plain.key_value.weight, ours.w_kv), (plain.key_value.bias, ours.b_kv)]
    return [*pairs, (plain.query_key_value.weight, ours.w_qkv), (plain.query_key_value.bias, ours.b_qkv)]


class TorchTransformer(nn.Module):
    """`nn.Transformer` between the same embeddings, positions and tied output as ours.

    Torch also drops attention weights, which the paper does not; `drop_weights=False` leaves that out.
    """

    def __init__(self, config: Config, drop_weights: bool = True) -> None:
        super().__init__()
        self.config = config
        self.source = nn.Embedding(config.source_vocab, config.d_model)
        self.target = nn.Embedding(config.target_vocab, config.d_model)
        self.register_buffer("positions", sinusoids(config.max_positions, config.d_model))
        self.register_buffer("later", nn.Transformer.generate_square_subsequent_mask(config.max_positions))
        sizes = (config.d_model, config.heads, config.encoder_layers, config.decoder_layers, config.d_ff)
        first = config.norm_order == "pre"
        self.transformer = nn.Transformer(*sizes, dropout=config.dropout, batch_first=True, norm_first=first)
        for part in self.transformer.modules():
            if isinstance(part, nn.MultiheadAttention) and not drop_weights:
                part.dropout = 0.0

    def embed(self, table: nn.Embedding, ids: Tensor) -> Tensor:
        x = table(ids) * math.sqrt(self.config.d_model) + self.positions[None, : ids.shape[1]]
        return F.dropout(x, self.config.dropout, self.training)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        later = self.later[: target.shape[1], : target.shape[1]]
        x, y = self.embed(self.source, source), self.embed(self.target, target)
        return F.linear(self.transformer(x, y, tgt_mask=later, tgt_is_causal=True), self.target.weight)
