import numpy as np
import pytest
import torch
from core_models import config, model, paddings, sentences

from transformer_core.names import aliases, trace_point, transformer_lens_name
from transformer_core.tap import record

GPT = config(encoder_layers=0, norm_order="pre")
ROWS = {
    "embed_tgt.token": "hook_embed",
    "embed_tgt.positional": "hook_pos_embed",
    "decoder.1.self_attn.q": "blocks.1.attn.hook_q",
    "decoder.1.self_attn.k": "blocks.1.attn.hook_k",
    "decoder.1.self_attn.v": "blocks.1.attn.hook_v",
    "decoder.1.self_attn.masked": "blocks.1.attn.hook_attn_scores",
    "decoder.1.self_attn.weights": "blocks.1.attn.hook_pattern",
    "decoder.1.self_attn.z": "blocks.1.attn.hook_z",
    "decoder.1.self_attn.head_out": "blocks.1.attn.hook_result",
    "decoder.1.self_attn.out": "blocks.1.hook_attn_out",
    "decoder.1.resid_pre": "blocks.1.hook_resid_pre",
    "decoder.1.resid_attn": "blocks.1.hook_resid_mid",
    "decoder.1.resid_post": "blocks.1.hook_resid_post",
    "decoder.1.ln1.scale": "blocks.1.ln1.hook_scale",
    "decoder.1.ln2.normalized": "blocks.1.ln2.hook_normalized",
    "decoder.final_norm.scale": "ln_final.hook_scale",
    "decoder.1.ffn.pre": "blocks.1.mlp.hook_pre",
    "decoder.1.ffn.post": "blocks.1.mlp.hook_post",
    "decoder.1.ffn.out": "blocks.1.hook_mlp_out",
    "logits": "unembed.hook_out",
}
NAMELESS = (
    *("embed_tgt.scaled", "embed_tgt.sum", "decoder.1.self_attn.scores", "decoder.1.self_attn.scaled", "probs"),
    *("decoder.1.self_attn.concat", "decoder.1.resid_cross", "decoder.1.resid_ffn", "decoder.1.ln1.var"),
)
SHAPES = {
    "encoder only": {"decoder_layers": 0, "pooler": True},
    "decoder only": {"encoder_layers": 0, "norm_order": "pre"},
    "both": {"norm_order": "pre"},
    "without feed-forward or norms": {"d_ff": 0, "norm_order": "none"},
    "without logits": {"decoder_layers": 0, "output_layer": "none", "norm_order": "pre"},
}


@pytest.mark.parametrize("point", ROWS)
def test_a_point_has_its_name_in_transformer_lens_and_the_name_leads_back(point):
    assert transformer_lens_name(point, GPT) == ROWS[point]
    assert trace_point(ROWS[point], GPT) == point


@pytest.mark.parametrize("point", NAMELESS)
def test_a_point_that_transformer_lens_does_not_have_has_no_name(point):
    assert transformer_lens_name(point, GPT) is None


def test_a_name_that_leads_nowhere_is_refused():
    with pytest.raises(KeyError, match="hook_rot_q"):
        trace_point("blocks.0.attn.hook_rot_q", GPT)


def test_two_stacks_have_names_of_their_own():
    both = config()
    assert trace_point("encoder_blocks.0.attn.hook_pattern", both) == "encoder.0.self_attn.weights"
    assert trace_point("decoder_blocks.0.self_attn.hook_pattern", both) == "decoder.0.self_attn.weights"
    assert trace_point("decoder_blocks.0.cross_attn.hook_pattern", both) == "decoder.0.cross_attn.weights"
    assert trace_point("decoder_embed.hook_out", both) == "embed_tgt.token"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_name_can_be_read_from_a_trace_and_no_two_are_the_same(shape):
    watched = model(**SHAPES[shape])
    source, target = sentences()
    hidden_source, hidden_target = paddings(source, target)
    with torch.no_grad(), record() as tape:
        if shape == "decoder only":
            watched(None, target, target_padding=hidden_target)
        else:
            watched(source, target if watched.decoder is not None else None, hidden_source)
    trace, table = tape.trace(), aliases(watched.config)
    assert len({*table.values()}) == len(table)
    assert {hook: trace[trace_point(hook, watched.config)].name for hook in table.values()} == {
        hook: point for point, hook in table.items()
    }


def test_the_scale_of_a_norm_is_the_root_of_its_variance_and_epsilon():
    with torch.no_grad(), record() as tape:
        model(norm_order="pre", norm_eps=0.01)(*sentences())
    trace = tape.trace()
    for path in ("encoder.0.ln1", "decoder.1.ln3", "decoder.final_norm"):
        expected = np.sqrt(trace[f"{path}.var"].values + 0.01)
        assert np.allclose(trace[f"{path}.scale"].values, expected, rtol=1e-12, atol=0)
