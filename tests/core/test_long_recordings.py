"""A recording of a long text keeps less than a pass computes, and gives the same bits when they are read."""

import gc
import weakref

import pytest
import torch
from core_models import config, jig
from model_shapes import SHAPES

from transformer_core.model import Transformer
from transformer_core.tracing import tap
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.named_tensor import Tensors
from transformer_core.tracing.tap import Deferred, NotKept, record

LONG = ["pre-norm", "GPT-2", "Llama", "Qwen 3 with windows and a partial rotation", "modern blocks in both stacks"]
long = pytest.mark.parametrize("shape", LONG)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """The models of the tests are narrow: a thousand entries are many."""
    monkeypatch.setattr(tap, "LARGE", 1000)


def watched(shape):
    return jig(Transformer(config(**{**SHAPES[shape], "max_positions": 512}), seed=1).double(), 0.1).eval()


def given(model, length=160):
    ids = torch.randint(11, (2, length), generator=torch.Generator().manual_seed(0))
    return (None if model.encoder is None else ids), ids


def recording(model, **how):
    with torch.no_grad(), record(**how) as tape:
        model(*given(model))
    return tape


def values(tape):
    return {name: value for name, (value, *_) in tape.points.items()}


@long
def test_what_is_computed_again_has_the_bits_of_what_was_computed(shape, monkeypatch):
    model = watched(shape)
    tape = recording(model)
    later = [name for name, value in values(tape).items() if isinstance(value, Deferred)]
    assert {name.rpartition(".")[2] for name in later} > {"scores", "scaled", "masked", "weights", "head_out", "probs"}
    monkeypatch.setattr(tap, "LARGE", 2**40)
    monkeypatch.setattr(tap, "MANY_PAIRS", 2**40)
    held = recording(model)
    assert not any(isinstance(value, Deferred) for value in values(held).values())
    assert list(tape) == list(held)
    assert tape.parents == held.parents
    assert all(torch.equal(tape[name], held[name]) for name in held)
    trace, whole = tape.trace(), held.trace()
    assert list(trace) == list(whole)
    assert all((trace[name].values == whole[name].values).all() for name in whole)


@long
def test_an_edit_of_any_point_acts_as_in_a_short_text(shape, monkeypatch):
    model = watched(shape)
    names = [name for name in recording(model) if name.startswith(("decoder.0", "probs", "logits"))]
    for name in names:
        if not recording(model)[name].is_floating_point():
            continue
        edit = {name: lambda x: x * 1.5 + torch.linspace(0, 1, x.shape[-1], dtype=x.dtype)}
        tape = recording(model, edit=edit)
        with monkeypatch.context() as patch:
            patch.setattr(tap, "LARGE", 2**40)
            patch.setattr(tap, "MANY_PAIRS", 2**40)
            held = recording(model, edit=edit)
        assert all(torch.equal(tape[other], held[other]) for other in held), name
        assert tape.parents == held.parents, name


def test_with_only_nothing_else_is_held_and_parents_are_the_nearest_kept():
    model = watched("Llama")
    with torch.no_grad(), record(only=["*.resid_post", "logits"]) as tape:
        model(*given(model))
        gone = [name for name, value in values(tape).items() if isinstance(value, NotKept)]
        assert len(gone) > 40
        with pytest.raises(KeyError):
            tape["decoder.0.self_attn.q"]
    assert list(tape) == ["decoder.0.resid_post", "decoder.1.resid_post", "logits"]
    assert tape.parents["decoder.1.resid_post"] == ("decoder.0.resid_post",)
    assert tape.parents["logits"] == ("decoder.1.resid_post",)


def test_a_tape_is_freed_with_its_last_reference():
    model = watched("Llama")
    gc.disable()
    try:
        tape = recording(model)
        gone = weakref.ref(tape), weakref.ref(tape["decoder.0.resid_post"])
        trace = tape.trace()
        assert tape["decoder.0.self_attn.weights"].shape == trace["decoder.0.self_attn.weights"].shape
        del tape, trace
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


def test_of_tensors_that_are_computed_the_last_few_are_kept():
    trace = recording(watched("Llama")).trace()
    first = trace["decoder.0.self_attn.weights"]
    assert trace.full("decoder.0.self_attn.weights") is not None
    later = [name for name in trace if name.endswith(("scores", "scaled", "masked", "weights", "head_out", "gate"))]
    assert len(later) > Tensors.LAST
    for name in later:
        trace.full(name)
    assert len(trace.tensors._last) == Tensors.LAST
    assert (trace["decoder.0.self_attn.weights"].values == first.values).all()


def test_a_number_of_a_long_text_is_explained():
    trace = recording(watched("pre-norm")).trace(about={"config": watched("pre-norm").config.as_dict()})
    entry = Entry(trace, "decoder.1.self_attn.weights", {"batch": 0, "head": 2, "query": 150, "key": 3})
    assert entry.recomputed == pytest.approx(entry.value, abs=1e-12)
    assert len(entry.terms) == 160


def test_what_each_head_wrote_is_refused_once_its_weights_have_changed():
    model = watched("Llama")
    tape = recording(model)
    with torch.no_grad():
        model.decoder.layers[0].self_attn.w_o.add_(1)
    assert tape["decoder.1.self_attn.head_out"].isfinite().all()
    with pytest.raises(RuntimeError, match=r"decoder\.0\.self_attn\.head_out is computed when it is read, and W_O"):
        tape["decoder.0.self_attn.head_out"]


def test_with_gradients_pairs_are_held_so_that_they_can_be_asked_for_theirs():
    model = watched("Llama")
    with record() as tape:
        loss = model(*given(model)).logsumexp(-1).sum()
    weights = tape["decoder.0.self_attn.weights"]
    (slope,) = torch.autograd.grad(loss, weights)
    assert slope.abs().max() > 0
