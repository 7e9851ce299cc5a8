"""Identities on the tape: each tensor is what the equation makes of those before it."""

import math

import pytest
import torch
from core_models import model, sentences
from model_shapes import DECODERS, ENCODERS, SHAPES, given, shapes

from transformer_core.tracing.tap import record


@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_every_residual_is_the_sum_of_what_enters_and_what_the_sublayer_adds(norm_order):
    with record() as tape:
        model(norm_order=norm_order)(*given(""))
    pre = norm_order == "pre"
    for side, sublayers in (
        ("encoder", {"attn": "self_attn", "ffn": "ffn"}),
        ("decoder", {"attn": "self_attn", "cross": "cross_attn", "ffn": "ffn"}),
    ):
        for layer in range(2):
            at = f"{side}.{layer}"
            entering = tape[f"{at}.resid_pre"]
            for number, (point, part) in enumerate(sublayers.items(), 1):
                total = tape[f"{at}.resid_{point}"]
                assert torch.equal(total, entering + tape[f"{at}.{part}.out"])
                entering = total if pre else tape[f"{at}.ln{number}.out"]
            assert torch.equal(tape[f"{at}.resid_post"], entering)
    assert torch.equal(tape["encoder.1.resid_pre"], tape["encoder.0.resid_post"])


@shapes
def test_what_is_shown_of_attention_is_what_was_computed(shape):
    watched = model(**SHAPES[shape])
    with record() as tape:
        watched(*given(shape))
    paths = [name.removesuffix(".weights") for name in tape if name.endswith(".weights")]
    assert len(paths) == 2 * (1 if shape in ENCODERS | DECODERS else 3)
    for path in paths:
        q, k, v, scores, scaled, masked, weights, z = (
            tape[f"{path}.{point}"] for point in "q k v scores scaled masked weights z".split()
        )
        if f"{path}.q_norm.out" in tape:
            q, k = tape[f"{path}.q_norm.out"], tape[f"{path}.k_norm.out"]
        if f"{path}.q_rotated" in tape:
            q, k = tape[f"{path}.q_rotated"], tape[f"{path}.k_rotated"]
        if f"{path}.k_repeated" in tape:
            k, v = tape[f"{path}.k_repeated"], tape[f"{path}.v_repeated"]
        assert torch.equal(scores, q @ k.mT)
        assert torch.equal(scaled, scores / (math.sqrt(q.shape[-1]) if watched.config.attention_scale else 1))
        assert torch.equal(masked[masked.isfinite()], scaled[masked.isfinite()])
        assert torch.equal(weights, masked.softmax(-1))
        assert torch.equal(z, weights @ v)
        assert torch.equal(tape[f"{path}.concat"], torch.cat([*z.unbind(1)], -1))


def test_the_embedding_of_bert_is_a_sum_that_is_normed_before_the_first_layer():
    watched = model(**SHAPES["BERT"])
    source, _ = sentences()
    types = torch.arange(5) % 3 * torch.ones_like(source)
    with record() as tape:
        watched(source, source_types=types)
    parts = (tape[f"embed_src.{part}"] for part in ("scaled", "token_type", "positional"))
    assert torch.equal(tape["embed_src.token_type"], watched.embed_src.types[types])
    assert torch.allclose(tape["embed_src.sum"], sum(parts), rtol=0, atol=1e-15)
    assert tape["encoder.0.resid_pre"] is tape["embed_src.out"]
    assert tape.parents["encoder.0.resid_pre"] == ("embed_src.out",)
    assert tape.parents["embed_src.sum"] == ("embed_src.scaled", "embed_src.token_type", "embed_src.positional")


def test_the_output_of_attention_is_the_sum_of_its_heads_and_a_bias():
    watched = model(norm_order="pre")
    with record() as tape:
        watched(*given(""))
    bias = watched.encoder.layers[0].self_attn.b_o
    total = tape["encoder.0.self_attn.head_out"].sum(1) + bias
    assert torch.allclose(total, tape["encoder.0.self_attn.out"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_the_steps_of_a_norm_lead_to_its_output(norm_order):
    watched = model(norm_order=norm_order)
    with record() as tape:
        watched(*given(""))
    x = tape["decoder.0.resid_attn"]
    path = f"decoder.0.ln{2 if norm_order == 'pre' else 1}"
    norm = watched.decoder.layers[0].norms[1 if norm_order == "pre" else 0]
    mean, var, normalized, out = (tape[f"{path}.{point}"] for point in "mean var normalized out".split())
    close = {"rtol": 1e-12, "atol": 1e-12}
    assert torch.allclose(mean, x.mean(-1), **close)
    assert torch.allclose(var, x.var(-1, correction=0), **close)
    assert torch.allclose(normalized, (x - mean[..., None]) / (var[..., None] + 1e-5).sqrt(), **close)
    assert torch.allclose(out, normalized * norm.gain + norm.bias, **close)
