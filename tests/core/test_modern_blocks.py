"""Blocks of after 2017, each against its paper, computed another way: complex numbers, loops, and torch's own norm."""

import math
from dataclasses import replace

import pytest
import torch
from core_models import config, error, jig, model
from hugging_face_models import build, in_double
from model_shapes import SHAPES, given
from torch import nn

from transformer_core.attention import MultiHeadAttention, rotate
from transformer_core.config import Config, Rotary
from transformer_core.decoding.sampling import greedy
from transformer_core.layers import FeedForward
from transformer_core.model import Transformer, initialise
from transformer_core.norms import RMSNorm
from transformer_core.pretrained import load_hugging_face
from transformer_core.tracing.tap import record

ROWS = torch.randn(2, 3, 7, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def jigged(module):
    """A module alone, in double precision, with random numbers in every parameter."""
    initialise(module, 0)
    return jig(module.double())


LAYOUTS = pytest.mark.parametrize("layout", ["halves", "interleaved"])


def as_complex(x, layout):
    first, second = x.chunk(2, -1) if layout == "halves" else (x[..., ::2], x[..., 1::2])
    return torch.complex(first.contiguous(), second.contiguous())


@LAYOUTS
def test_a_rotation_is_a_product_with_a_complex_number_of_length_one(layout):
    rotated = rotate(ROWS, slice(0, 7), 7, Rotary(layout, base=100.0))
    angles = torch.arange(7)[:, None] * 100.0 ** (-torch.arange(4, dtype=torch.float64) / 4)
    expected = as_complex(ROWS, layout) * torch.polar(torch.ones_like(angles), angles)
    assert error(torch.view_as_real(as_complex(rotated, layout)), torch.view_as_real(expected)) <= 1e-14


@LAYOUTS
def test_the_product_of_a_query_and_a_key_depends_on_their_distance_alone(layout):
    q, k, rotary = ROWS[:, :, :1], ROWS[:, :, 1:2], Rotary(layout)

    def score(query, key):
        at = torch.tensor([query]), torch.tensor([key])
        return (rotate(q, at[0], 40, rotary) * rotate(k, at[1], 40, rotary)).sum(-1)

    assert torch.allclose(score(9, 4), score(35, 30), rtol=0, atol=1e-12)
    assert not torch.allclose(score(9, 4), score(9, 5), rtol=0, atol=1e-3)


def test_only_a_fraction_of_a_head_turns():
    rotated = rotate(ROWS, slice(0, 7), 7, Rotary(fraction=0.5))
    assert torch.equal(rotated[..., 4:], ROWS[..., 4:])
    assert error(rotated[..., :4], rotate(ROWS[..., :4].contiguous(), slice(0, 7), 7, Rotary())) <= 1e-15


def test_a_linear_scaling_divides_positions():
    assert Rotary(scaling="linear", factor=4.0).frequencies(8) == [f / 4 for f in Rotary().frequencies(8)]


def test_llama3_scaling_slows_only_what_never_turned_whole():
    plain, scaled = Rotary(base=1e4), Rotary(base=1e4, scaling="llama3", factor=8.0, trained_positions=1000)
    ratios = [s / f for s, f in zip(scaled.frequencies(16), plain.frequencies(16), strict=True)]
    turns = [1000 * f / (2 * math.pi) for f in plain.frequencies(16)]
    for ratio, turned in zip(ratios, turns, strict=True):
        smooth = (turned - 1) / 3
        expected = 1.0 if turned > 4 else 1 / 8 if turned < 1 else (1 - smooth) / 8 + smooth
        assert ratio == pytest.approx(expected, rel=1e-12)
    assert {1.0, 1 / 8} < {round(ratio, 12) for ratio in ratios}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_rms_norm_is_that_of_torch_and_its_steps_make_it(dtype):
    ours, theirs = RMSNorm(config(), "norm").to(dtype), nn.RMSNorm(16, eps=1e-5, dtype=dtype)
    theirs.load_state_dict({"weight": jig(ours).gain})
    x = torch.randn(2, 3, 16, dtype=dtype, generator=torch.Generator().manual_seed(1))
    with record() as tape:
        out = ours(x)
    assert torch.equal(out, theirs(x))
    steps = x / (tape["norm.mean_square"] + 1e-5).sqrt()[..., None]
    assert error(tape["norm.normalized"], steps) <= (1e-14 if dtype == torch.float64 else 1e-6)


@pytest.mark.parametrize(("activation", "act"), [("silu", nn.SiLU()), ("gelu", nn.GELU()), ("relu", nn.ReLU())])
def test_a_gated_layer_multiplies_one_projection_with_the_activation_of_another(activation, act):
    ffn = jigged(FeedForward(config(gated=True, activation=activation, biases="none"), "ffn"))
    w_gate, w1 = ffn.w1[:24], ffn.w1[24:]
    x = ROWS.reshape(3, 7, 16)
    assert error(ffn(x), (act(x @ w_gate.T) * (x @ w1.T)) @ ffn.w2.T) <= 1e-14


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_heads_of_a_group_read_the_same_keys_and_values(kv_heads):
    shared = jigged(MultiHeadAttention(config(kv_heads=kv_heads), 4, "a"))
    whole = MultiHeadAttention(config(), 4, "a").double()
    queries, keys, values = torch.split(shared.w_qkv, [16, 4 * kv_heads, 4 * kv_heads])
    biases = torch.split(shared.b_qkv, [16, 4 * kv_heads, 4 * kv_heads])

    def for_every_head(x):
        return torch.cat([x[4 * (head * kv_heads // 4) :][:4] for head in range(4)])

    with torch.no_grad():
        whole.w_qkv.copy_(torch.cat([queries, for_every_head(keys), for_every_head(values)]))
        whole.b_qkv.copy_(torch.cat([biases[0], for_every_head(biases[1]), for_every_head(biases[2])]))
        whole.w_o.copy_(shared.w_o)
        whole.b_o.copy_(shared.b_o)
    x = torch.randn(2, 5, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert error(shared(x), whole(x)) <= 1e-14


def test_in_a_window_a_token_sees_the_last_ones_alone():
    watched = model(encoder_layers=0, sliding_window=3, full_attention_layers=(1,))
    with record(only=["*.weights"]) as tape:
        watched(None, torch.arange(8)[None])
    seen = tape["decoder.0.self_attn.weights"][0, 0] > 0
    assert torch.equal(seen, torch.ones(8, 8, dtype=torch.bool).tril().triu(-2))
    assert torch.equal(tape["decoder.1.self_attn.weights"][0, 0] > 0, torch.ones(8, 8, dtype=torch.bool).tril())


@pytest.mark.parametrize(
    "shape", ["Llama", "Qwen 3 with windows and a partial rotation", "modern blocks in both stacks"]
)
def test_with_a_cache_the_logits_are_those_without(shape):
    ours = model(**SHAPES[shape])
    source, target, *_ = given(shape, padded=False)
    memory, cache = None if ours.encoder is None else ours.encode(source), {}
    whole = ours.decode(target, memory)
    steps = [ours.decode(target[:, at : at + 1], memory, cache=cache, start=at) for at in range(target.shape[1])]
    assert error(torch.cat(steps, 1), whole) <= 1e-13


@pytest.mark.parametrize("kind", ["LlamaForCausalLM 3.1", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"])
def test_sixty_four_greedy_tokens_are_those_of_generate(kind, tmp_path):
    theirs = build(kind)
    theirs.save_pretrained(tmp_path)
    ours = load_hugging_face(tmp_path, torch.float64)
    start = torch.randint(23, (3, 5), generator=torch.Generator().manual_seed(3))
    how = {"max_new_tokens": 64, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    with in_double():
        told = theirs.generate(start, attention_mask=torch.ones_like(start), **how)[:, 5:]
    written = greedy(ours, None, start, end=-1, longest=64)
    assert written == told.tolist()
    assert len({*written[0]}) > 3


@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        ({"norm_eps": 1e-3}, "LlamaForCausalLM"),
        ({"rotary": Rotary(base=50.0, layout="interleaved")}, "Qwen3ForCausalLM"),
        ({"rotary": Rotary(base=51.0)}, "Qwen3ForCausalLM"),
        ({"activation": "gelu"}, "LlamaForCausalLM"),
        ({"sliding_window": 4}, "MistralForCausalLM"),
        ({"full_attention_layers": ()}, "Qwen2ForCausalLM"),
        ({"embedding_scale": False}, "GemmaForCausalLM"),
    ],
)
def test_the_oracle_sees_a_mistaken(mistake, kind, tmp_path):
    theirs = build(kind)
    theirs.save_pretrained(tmp_path)
    ours = load_hugging_face(tmp_path, torch.float64)
    other = Transformer(replace(ours.config, **mistake)).double().eval()
    other.load_state_dict(ours.state_dict())
    ids = torch.arange(9)[None]
    with torch.no_grad(), in_double():
        expected = theirs(ids).logits
    with torch.no_grad():
        assert error(ours(None, ids), expected) <= 1e-12
        assert error(other(None, ids), expected) > 1e-6


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"kv_heads": 3}, "4 heads do not divide into 3 kv_heads"),
        ({"rotary": Rotary(), "head_size": 1}, "heads of two entries or more"),
        ({"norm": "batch"}, "norm 'batch' is none of layer, rms"),
        ({"full_attention_layers": (-1,)}, "full_attention_layers .* is no list of layers"),
        ({"rotary": 3}, "rotary 3 is no rotary positions"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, line):
    with pytest.raises(ValueError, match=line):
        config(**options)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"base": 1.0}, "a base above 1"),
        ({"factor": 0.5}, "a factor from 1 on"),
        ({"low": 4.0}, "low below high"),
        ({"scaling": "llama3"}, "takes the number of trained_positions"),
        ({"scaling": "yarn"}, "'yarn' is none of none, linear, llama3"),
        ({"turns": 3}, "unknown rotary fields: turns"),
    ],
)
def test_rotary_positions_that_do_not_fit_are_refused(options, line):
    with pytest.raises(ValueError, match=line):
        Config.from_dict(config().as_dict() | {"rotary": options})
