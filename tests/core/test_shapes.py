"""The tour of shapes and the table of parameters say what the model has, and add up."""

import pytest
import torch
from core_models import model, sentences

from transformer_core.shapes import folded, parameters_by_layer, shapes_of
from transformer_core.tracing.tap import record

KINDS = [
    {},
    {"encoder_layers": 0, "positions": "learned", "norm_order": "pre"},
    {"decoder_layers": 0, "token_types": 2, "embedding_norm": True, "output_layer": "transformed", "pooler": True},
    {"cross_heads": 2, "tied_output": False, "output_bias": True},
    {"source_vocab": 13, "shared_embedding": True},
    {"norm_order": "none", "d_ff": 0},
]


@pytest.mark.parametrize("choices", KINDS)
def test_every_shape_of_a_pass_is_that_of_the_tour_for_these_lengths(choices):
    watched = model(**choices).train()
    source, target = sentences(batch=1)
    inputs = (None if watched.encoder is None else source, None if watched.decoder is None else target)
    lengths = {"n": 5 if watched.encoder is not None else 6, "m": 6}
    tour = {shape.name: shape for shape in shapes_of(watched)}
    assert watched.training
    with torch.no_grad(), record() as tape:
        watched(*inputs)
    activations = {name: tensor for name, tensor in tape.items() if tensor.is_floating_point()}
    assert set(tour) - {"source_ids", "target_ids"} == set(activations)
    for name, tensor in activations.items():
        assert [lengths.get(size, size) for size in tour[name].sizes] == list(tensor.shape[1:])
        assert tour[name].axes == tuple(axis for axis in tape.points[name][1].split() if axis != "batch")


@pytest.mark.parametrize("choices", KINDS)
def test_the_counts_of_all_parts_are_the_parameters_of_the_model(choices):
    watched = model(**choices)
    table = parameters_by_layer(watched)
    assert sum(row.count for rows in table.values() for row in rows) == sum(p.numel() for p in watched.parameters())
    assert all(row.layer == layer for layer, rows in table.items() for row in rows)


def test_a_tied_output_is_listed_and_adds_nothing():
    (output,) = parameters_by_layer(model())["output"]
    assert (output.name, output.words, output.numbers, output.count) == ("output.w", "d_model × vocab", "16 × 13", 0)


def test_the_scores_of_cross_attention_are_m_rows_of_n():
    shapes = {shape.name: shape for shape in shapes_of(model())}
    assert shapes["decoder.0.cross_attn.scores"].words == "head × query × key"
    assert shapes["decoder.0.cross_attn.scores"].numbers == "4 × m × n"
    assert shapes["source_ids"].numbers == "n"
    assert next(iter(shapes)) == "source_ids"
    assert list(shapes)[-1] == "probs"


def test_layers_that_are_alike_are_told_once():
    parts = [layers for layers, _ in folded(shapes_of(model(encoder_layers=3)))]
    assert parts[:3] == [("input",), ("embed_src",), ("encoder.0", "encoder.1", "encoder.2")]
