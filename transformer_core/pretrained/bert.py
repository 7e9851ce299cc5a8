"""BERT. Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding"."""

from __future__ import annotations

from typing import Any

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained.copying import activation, expect, fill, fill_attention, fill_ffn, fill_norm
from transformer_core.pretrained.weights import Weights

#: A list of positions 0, 1, 2, ..., and the head that tells whether one sentence follows another.
NEEDLESS = ("*embeddings.position_ids", "cls.seq_relationship.*")
HEAD = "cls.predictions"


def config_of(facts: dict[str, Any], weights: Weights) -> Config:
    """The config of a `config.json`; the tensors tell whether there is a masked language model and a pooler."""
    expect(facts, is_decoder=False, add_cross_attention=False, position_embedding_type="absolute")
    headed = f"{HEAD}.bias" in weights
    return Config(
        source_vocab=facts["vocab_size"],
        d_model=facts["hidden_size"],
        d_ff=facts["intermediate_size"],
        heads=facts["num_attention_heads"],
        encoder_layers=facts["num_hidden_layers"],
        decoder_layers=0,
        norm_order="post",
        norm_eps=facts.get("layer_norm_eps", 1e-12),
        activation=activation(facts.get("hidden_act", "gelu")),
        positions="learned",
        max_positions=facts["max_position_embeddings"],
        embedding_scale=False,
        token_types=facts.get("type_vocab_size", 2),
        embedding_norm=True,
        output_layer="transformed" if headed else "none",
        tied_output=facts.get("tie_word_embeddings", True),
        output_bias=headed,
        pooler=f"{_start(weights)}pooler.dense.weight" in weights,
        dropout=facts.get("hidden_dropout_prob", 0.1),
    )


def _start(weights: Weights) -> str:
    """The start of the names of the encoder: a model with a head calls its encoder "bert"."""
    return "bert." if "bert.embeddings.word_embeddings.weight" in weights else ""


def fill_model(model: Transformer, weights: Weights) -> None:
    """Copy every tensor to its place."""
    start = _start(weights)
    within, tied = f"{start}embeddings", (f"{HEAD}.decoder.weight",) if model.config.tied_output else ()
    tables = {
        "table": weights.take(f"{within}.word_embeddings.weight", *tied),
        "learned": weights.take(f"{within}.position_embeddings.weight"),
        "types": weights.take(f"{within}.token_type_embeddings.weight"),
    }
    assert model.embed_src is not None
    fill(model.embed_src, tables)
    fill_norm(model.embed_src.norm, weights, f"{within}.LayerNorm")
    assert model.encoder is not None
    layers: list[Any] = [*model.encoder.layers]
    for at, layer in enumerate(layers):
        path = f"{start}encoder.layer.{at}"
        inside = f"{path}.attention.self"
        projections = (f"{inside}.query", f"{inside}.key", f"{inside}.value", f"{path}.attention.output.dense")
        fill_attention(layer.self_attn, weights, *projections)
        fill_norm(layer.norms[0], weights, f"{path}.attention.output.LayerNorm")
        fill_ffn(layer.ffn, weights, f"{path}.intermediate.dense", f"{path}.output.dense")
        fill_norm(layer.norms[1], weights, f"{path}.output.LayerNorm")
    if model.pooler is not None:
        fill(model.pooler, dict(zip(("w_p", "b_p"), weights.linear(f"{start}pooler.dense"), strict=True)))
    if model.output is not None:
        _fill_output(model, weights)


def _fill_output(model: Transformer, weights: Weights) -> None:
    assert model.output is not None
    assert model.output.transform is not None
    transform = model.output.transform
    fill(transform, dict(zip(("w_t", "b_t"), weights.linear(f"{HEAD}.transform.dense"), strict=True)))
    fill_norm(transform.norm, weights, f"{HEAD}.transform.LayerNorm")
    biases = [f"{HEAD}.bias", f"{HEAD}.decoder.bias"]
    if model.output.w is not None:
        biases.reverse()  # the one that is used, where the two are not tied
        fill(model.output, {"w": weights.take(f"{HEAD}.decoder.weight")})
    fill(model.output, {"b": weights.take(*biases)})
