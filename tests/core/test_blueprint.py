"""The plan of a model is the model: its parts are there, in this order, and the norms read what the plan says."""

import pytest
from core_models import model, sentences

from transformer_core.blueprint import blueprint
from transformer_core.tracing.tap import record

CHOICES = [
    {"norm_order": "pre"},
    {"norm_order": "post"},
    {"norm_order": "none"},
    {"norm_order": "post", "final_norm": True},
    {"positions": "none", "d_ff": 0},
    {"decoder_layers": 0},
    {"encoder_layers": 0},
]


def traced(choices):
    transformer = model(**choices)
    source, target = sentences()
    only_source, only_target = "decoder_layers" in choices, "encoder_layers" in choices
    with record() as tape:
        transformer(None if only_target else source, None if only_source else target)
    return transformer, tape.trace()


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_a_row_meets_the_parts_in_the_order_of_the_plan(choices):
    transformer, trace = traced(choices)
    order = list(trace)
    for tower in blueprint(transformer.config.as_dict()).values():
        met = [next(i for i, name in enumerate(order) if f"{name}.".startswith(f"{path}.")) for path in tower.parts]
        assert met == sorted(met)
        assert len(set(met)) == len(met)


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_the_plan_leaves_no_part_out(choices):
    transformer, trace = traced(choices)
    planned = {path for tower in blueprint(transformer.config.as_dict()).values() for path in tower.parts}
    points = {name.rpartition(".")[0] for name in trace if ".ln" in name or "norm." in name or "attn." in name}
    assert points <= planned
    assert ("embed_src.positional" in trace) == ("embed_src.positional" in planned)


@pytest.mark.parametrize("order", ["pre", "post"])
def test_a_norm_reads_the_stream_before_the_part_or_the_sum_after_it(order):
    transformer, trace = traced({"norm_order": order})
    sums = {"self_attn": "resid_attn", "cross_attn": "resid_cross", "ffn": "resid_ffn"}
    for tower in blueprint(transformer.config.as_dict()).values():
        for layer in tower.layers:
            for sublayer in layer:
                block = sublayer.path.rpartition(".")[0]
                summed = f"{block}.{sums[sublayer.kind]}"
                reads = trace.parents[f"{sublayer.norm}.mean"]
                assert sublayer.before == (order == "pre")
                assert (summed in reads) == (order == "post")
