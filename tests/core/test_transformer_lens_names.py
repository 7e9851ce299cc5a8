import numpy as np
import pytest
import torch
from core_models import config, model, sentences
from model_shapes import SHAPES, given, shapes

from transformer_core.tracing.tap import record
from transformer_core.tracing.transformer_lens_names import aliases, trace_point

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


@pytest.mark.parametrize("point", ROWS)
def test_a_point_has_its_name_in_transformer_lens_and_the_name_leads_back(point):
    assert aliases(GPT)[point] == ROWS[point]
    assert trace_point(ROWS[point], GPT) == point


@pytest.mark.parametrize("point", NAMELESS)
def test_a_point_that_transformer_lens_does_not_have_has_no_name(point):
    assert point not in aliases(GPT)


def test_a_name_that_leads_nowhere_is_refused():
    with pytest.raises(KeyError, match="hook_rot_q"):
        trace_point("blocks.0.attn.hook_rot_q", GPT)


@pytest.fixture
def watched():
    """A decoder alone, what it reads, and the trace of the pass."""
    ours, ids = model(encoder_layers=0, norm_order="pre"), sentences()[1]
    with torch.no_grad(), record() as tape:
        ours(None, ids)
    return ours, ids, tape.trace(about={"config": ours.config.as_dict()})


def test_a_trace_is_read_by_the_names_of_transformer_lens(watched):
    trace = watched[2]
    assert trace["blocks.0.attn.hook_pattern"].name == "decoder.0.self_attn.weights"
    assert trace.explain("blocks.0.attn.hook_pattern", batch=0, head=1, query=2, key=0).operation.kind == "softmax"
    assert "blocks.0.attn.hook_pattern" in trace
    assert "blocks.7.attn.hook_pattern" not in trace
    with pytest.raises(KeyError, match=r"blocks\.7\.attn\.hook_pattern"):
        _ = trace["blocks.7.attn.hook_pattern"]


def test_what_is_recorded_is_chosen_by_the_names_of_transformer_lens(watched):
    ours, ids, trace = watched
    with torch.no_grad(), record(only=["blocks.*.attn.hook_pattern", "blocks.1.hook_mlp_out"]) as tape:
        ours(None, ids)
    assert [*tape] == ["decoder.0.self_attn.weights", "decoder.1.self_attn.weights", "decoder.1.ffn.out"]
    assert np.array_equal(tape["decoder.1.ffn.out"], trace["decoder.1.ffn.out"].values)


def test_an_edit_may_have_a_name_or_a_pattern_of_transformer_lens(watched):
    ours, ids, _ = watched
    found = []
    for name in ("decoder.0.ffn.out", "blocks.0.hook_mlp_out", "blocks.[0].hook_mlp_out"):
        with torch.no_grad(), record(edit={name: torch.zeros_like}) as tape:
            found.append(ours(None, ids))
        assert not tape["decoder.0.ffn.out"].any()
        assert tape["decoder.1.ffn.out"].any()
    assert all(torch.equal(found[0], logits) for logits in found)


def test_a_name_of_transformer_lens_that_no_tensor_has_is_refused_in_recording(watched):
    for asked in ({"only": ["blocks.7.hook_mlp_out"]}, {"edit": {"encoder_blocks.0.hook_mlp_out": torch.zeros_like}}):
        with pytest.raises(KeyError, match="hook_mlp_out"), torch.no_grad(), record(**asked):
            watched[0](None, watched[1])


def test_two_stacks_have_names_of_their_own():
    both = config()
    assert trace_point("encoder_blocks.0.attn.hook_pattern", both) == "encoder.0.self_attn.weights"
    assert trace_point("decoder_blocks.0.self_attn.hook_pattern", both) == "decoder.0.self_attn.weights"
    assert trace_point("decoder_blocks.0.cross_attn.hook_pattern", both) == "decoder.0.cross_attn.weights"
    assert trace_point("decoder_embed.hook_out", both) == "embed_tgt.token"
    assert trace_point("decoder_blocks.1.cross_attn.hook_out", both) == "decoder.1.cross_attn.out"


def test_in_post_norm_a_sum_goes_by_the_norm_that_it_enters():
    post = config(norm_order="post")
    assert aliases(post)["encoder.0.resid_attn"] == "encoder_blocks.0.ln1.hook_in"
    assert aliases(post)["encoder.0.resid_ffn"] == "encoder_blocks.0.ln2.hook_in"
    assert aliases(post)["decoder.0.resid_cross"] == "decoder_blocks.0.ln2.hook_in"
    assert aliases(post)["decoder.0.resid_ffn"] == "decoder_blocks.0.ln3.hook_in"
    with pytest.raises(KeyError, match="hook_resid_mid"):
        trace_point("decoder_blocks.0.hook_resid_mid", post)


def test_an_embedding_with_a_norm_is_what_leaves_the_norm():
    bert = config(**SHAPES["BERT"])
    assert trace_point("hook_embed", bert) == "embed_src.ln.out"
    assert trace_point("embed.hook_out", bert) == "embed_src.token"
    assert trace_point("token_type_embed.hook_out", bert) == "embed_src.token_type"


@shapes
def test_every_name_can_be_read_from_a_trace_and_no_two_are_the_same(shape):
    watched = model(**SHAPES[shape])
    with torch.no_grad(), record() as tape:
        watched(*given(shape))
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
