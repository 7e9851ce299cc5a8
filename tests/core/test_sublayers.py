"""Sublayers that let one row see another: computed anew in NumPy, and held against the model itself."""

import numpy as np
import pytest
from core_models import model, sentences

from transformer_core.parameters import made_with, parameters
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import NamedTensor, Trace


def traced(transformer, source, edit=None):
    _, target = sentences(batch=1)
    with record(edit=edit) as tape:
        transformer(source, target)
    trace = tape.trace()
    learned = parameters(transformer, lambda _name, _axis: None)
    for name in tuple(trace.tensors):
        trace.parents[name] += made_with(name, learned)
    return Trace(trace.tensors | learned, trace.parents, {"config": transformer.config.as_dict()})


@pytest.fixture(scope="module", params=[("pre", "relu"), ("post", "gelu")], ids=str)
def translator(request):
    order, activation = request.param
    return model(norm_order=order, activation=activation)


@pytest.fixture(scope="module")
def source():
    return sentences(batch=1)[0]


@pytest.fixture(scope="module")
def trace(translator, source):
    return traced(translator, source)


def test_a_row_that_no_table_holds_is_an_error(trace):
    other = Trace(dict(trace.tensors), trace.parents, trace.about)
    other.tensors.pop("embed_src.ids", None)
    token = other.tensors["embed_src.token"]
    values = token.values.copy()
    values[0, -1] += 1
    other.tensors["embed_src.token"] = NamedTensor(token.name, values, token.axes)
    with pytest.raises(ValueError, match="not in its table"):
        _ = other["embed_src.ids"]


@pytest.mark.parametrize(("box", "reads", "writes"), [("attention", "self_attn.q", "self_attn.out"),
                                                      ("feed-forward", "ffn.pre", "ffn.out")])  # fmt: skip
def test_a_blanked_row_changes_what_it_changes_in_the_model(translator, trace, source, box, reads, writes):
    entering = trace.parents[f"encoder.0.{reads}"][0]

    def blank(rows):
        rows[:, 1] = 0
        return rows

    edited = traced(translator, source, {entering: blank})
    changed = np.abs(edited[f"encoder.0.{writes}"].values - trace[f"encoder.0.{writes}"].values)[0].max(-1)
    ours = trace["encoder.0.token_sensitivity"].pick(part=box, key=1).values
    assert np.allclose(changed / changed.max(), ours / ours.max(), atol=1e-6)
