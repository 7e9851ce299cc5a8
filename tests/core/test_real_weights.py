"""A trained model with an implementation of its own, in NumPy: glassllm has adjacent pairs, shared keys and SwiGLU."""

from importlib import resources

import glassllm
import numpy as np
import pytest
import torch
from core_models import error

from transformer_core.config import Config, Rotary
from transformer_core.decoding.sampling import greedy
from transformer_core.model import Transformer
from transformer_core.tracing.tap import record

TEXTS = {"en": "Alice was beginning to get very tired of sitting by her sister", "pt": "Capitu olhou para o mar"}
#: Their name of a step, and ours.
STEPS = {
    "norm.attn": "ln1.out",
    "attn.q": "self_attn.q",
    "attn.k": "self_attn.k",
    "attn.v": "self_attn.v",
    "attn.rope_q": "self_attn.q_rotated",
    "attn.rope_k": "self_attn.k_rotated",
    "attn.scores": "self_attn.scaled",
    "attn.softmax": "self_attn.weights",
    "attn.mix": "self_attn.z",
    "attn.out": "self_attn.out",
    "resid.attn": "resid_attn",
    "norm.ffn": "ln2.out",
    "ffn.gate": "ffn.gate_pre",
    "ffn.up": "ffn.pre",
    "ffn.act": "ffn.post",
    "ffn.down": "ffn.out",
    "resid.ffn": "resid_post",
}


@pytest.fixture(scope="module", params=TEXTS)
def pair(request):
    """Theirs, ours with the same weights, and ids; both in double precision."""
    path = resources.files("glassllm") / "weights" / f"{request.param}.npz"
    theirs = glassllm.GlassLM.load(path, dtype=np.float64)
    _, tokenizer = glassllm.load_pretrained(request.param)
    return theirs, ours_of(theirs), tokenizer.encode(TEXTS[request.param])


def ours_of(theirs):
    sizes = theirs.cfg
    ours = Transformer(
        Config(
            target_vocab=sizes.vocab_size,
            d_model=sizes.d_model,
            d_ff=int(8 * sizes.d_model / 3),
            heads=sizes.n_heads,
            kv_heads=sizes.n_kv_heads,
            encoder_layers=0,
            decoder_layers=sizes.n_layers,
            norm_order="pre",
            norm="rms",
            norm_eps=sizes.eps,
            gated=True,
            activation="silu",
            positions="none",
            rotary=Rotary("interleaved", sizes.rope_base),
            embedding_scale=False,
            biases="none",
            max_positions=sizes.max_len,
            dropout=0.0,
        )
    ).double()
    ours.decoder.final_norm.gain.data = tensor(theirs.norm_f.gamma)
    ours.embed_tgt.table.data = tensor(theirs.E)
    for layer, block in zip(ours.decoder.layers, theirs.blocks, strict=True):
        attn, ffn = block.attn, block.ffn
        layer.self_attn.w_qkv.data = torch.cat([tensor(w).T for w in (attn.W_Q, attn.W_K, attn.W_V)])
        layer.self_attn.w_o.data = tensor(attn.W_O).T
        layer.ffn.w1.data = torch.cat([tensor(ffn.W1).T, tensor(ffn.W3).T])
        layer.ffn.w2.data = tensor(ffn.W2).T
        for norm, gain in zip(layer.norms, (block.norm1, block.norm2), strict=True):
            norm.gain.data = tensor(gain.gamma)
    return ours.eval()


def tensor(theirs):
    return torch.tensor(theirs.data)


def test_every_step_of_theirs_is_a_point_of_ours(pair):
    theirs, ours, ids = pair
    tracer = glassllm.Tracer()
    with glassllm.no_grad():
        logits = theirs(ids, trace=tracer)
    with record() as tape, torch.no_grad():
        told = ours(None, torch.tensor([ids]))
    assert error(told, tensor(logits)) <= 1e-12
    seen = [each for each in tracer.records if each.id in STEPS]
    assert len(seen) == len(STEPS) * theirs.cfg.n_layers
    for each in seen:
        mine = tape[f"decoder.{each.layer}.{STEPS[each.id]}"][0]
        assert error(mine, torch.tensor(each.value).view_as(mine)) <= 1e-12, (each.id, each.layer)


def test_it_goes_on_as_theirs_does(pair):
    theirs, ours, ids = pair
    told = [step.token for step in theirs.generate(ids, 64, greedy=True)]
    assert greedy(ours, None, torch.tensor([ids]), end=-1, longest=64) == [told]
