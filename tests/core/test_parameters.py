"""The learned numbers by name: all of them, once, and turned so that x W is what the model computes."""

import numpy as np
import torch
from core_models import model
from model_shapes import SHAPES, given, shapes

from transformer_core.parameters import made_with, parameters
from transformer_core.shapes import parameters_by_layer
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import AXES


def unlabelled(_name, _axis):
    return None


@shapes
def test_every_learned_number_is_named_and_counted_once(shape):
    watched = model(**SHAPES[shape])
    counted = sum(row.count for rows in parameters_by_layer(watched).values() for row in rows)
    assert counted == sum(parameter.numel() for parameter in watched.parameters())
    named = parameters(watched, unlabelled)
    assert {axis for tensor in named.values() for axis in tensor.axes} <= {*AXES}
    tied = named["parameters.output.w"].values.size * watched.config.tied_output
    shared = watched.embed_src.table.numel() if watched.config.shared_embedding else 0
    assert sum(tensor.values.size for tensor in named.values()) == counted + tied + shared


def test_the_parts_of_bert_are_their_inputs_times_their_parameters():
    watched = model(**SHAPES["BERT"])
    with torch.no_grad(), record() as tape:
        watched(*given("BERT"))
    named, trace = parameters(watched, unlabelled), tape.trace()
    last = trace["encoder.1.resid_post"].values

    def made(point):
        return [named[name].values for name in made_with(point, named)]

    def same(point, expected):
        assert np.allclose(trace[point].values, expected, rtol=0, atol=1e-12)

    weight, bias = made("output.pre")
    same("output.pre", last @ weight + bias)
    weight, bias = made("pooler.pre")
    same("pooler.pre", last[:, 0] @ weight + bias)
    same("pooler.out", np.tanh(trace["pooler.pre"].values))
    weight, bias = made("logits")
    same("logits", trace["output.ln.out"].values @ weight + bias)
    (types,) = made("embed_src.token_type")
    same("embed_src.token_type", np.broadcast_to(types[0], trace["embed_src.token"].shape))
    gain, bias = made("embed_src.ln.out")
    same("embed_src.ln.out", trace["embed_src.ln.normalized"].values * gain + bias)
