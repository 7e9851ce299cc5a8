"""GPT-2. Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"."""

from __future__ import annotations

from typing import Any

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained.copying import activation, expect, fill, fill_norm, size
from transformer_core.pretrained.weights import Weights

#: The causal masks that older files keep.
NEEDLESS = ("*.attn.bias", "*.attn.masked_bias")


def config_of(facts: dict[str, Any], _weights: Weights) -> Config:
    """The config of a `config.json`."""
    expect(facts, add_cross_attention=False, scale_attn_by_inverse_layer_idx=False, reorder_and_upcast_attn=False)
    return Config(
        target_vocab=facts["vocab_size"],
        d_model=facts["n_embd"],
        d_ff=facts.get("n_inner") or 4 * size(facts, "n_embd"),
        heads=facts["n_head"],
        encoder_layers=0,
        decoder_layers=facts["n_layer"],
        norm_order="pre",
        norm_eps=facts.get("layer_norm_epsilon", 1e-5),
        activation=activation(facts.get("activation_function", "gelu_new")),
        positions="learned",
        max_positions=facts["n_positions"],
        embedding_scale=False,
        attention_scale=facts.get("scale_attn_weights", True),
        tied_output=facts.get("tie_word_embeddings", True),
        dropout=facts.get("resid_pdrop", 0.1),
    )


def fill_model(model: Transformer, weights: Weights) -> None:
    """Copy every tensor to its place; those of "Conv1D" stand transposed, and a square one would not tell."""
    start = "transformer." if "transformer.wte.weight" in weights else ""
    tied = ("lm_head.weight",) if model.config.tied_output else ()
    table, learned = weights.take(f"{start}wte.weight", *tied), weights.take(f"{start}wpe.weight")
    fill(model.embed_tgt, {"table": table, "learned": learned})
    assert model.decoder is not None
    layers: list[Any] = [*model.decoder.layers]
    for at, layer in enumerate(layers):
        path = f"{start}h.{at}"
        for module, first, second, turned in (
            (layer.self_attn, "attn.c_attn", "attn.c_proj", ("w_qkv", "b_qkv", "w_o", "b_o")),
            (layer.ffn, "mlp.c_fc", "mlp.c_proj", ("w1", "b1", "w2", "b2")),
        ):
            (w, b), (w_out, b_out) = weights.linear(f"{path}.{first}"), weights.linear(f"{path}.{second}")
            fill(module, dict(zip(turned, (w.T, b, w_out.T, b_out), strict=True)))
        fill_norm(layer.norms[0], weights, f"{path}.ln_1")
        fill_norm(layer.norms[1], weights, f"{path}.ln_2")
    fill_norm(model.decoder.final_norm, weights, f"{start}ln_f")
    if model.output is not None and model.output.w is not None:
        fill(model.output, {"w": weights.take("lm_head.weight")})
