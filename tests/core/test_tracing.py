"""Whoever watches the model changes nothing, and sees everything: names, axes, order, parents."""

import threading

import pytest
import torch
from core_models import config, jig, model, sentences
from model_shapes import GIVEN, SHAPES, given, shapes

from transformer_core.attention import causal_mask
from transformer_core.decoding.sampling import greedy
from transformer_core.model import Transformer
from transformer_core.tracing.tap import record, tap_at, under, unseen
from transformer_core.tracing.trace import AXES, Trace


@shapes
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("padded", [False, True])
def test_tracing_changes_no_bit_of_the_output(shape, dtype, padded):
    watched = model(dtype, **SHAPES[shape])
    inputs = given(shape, padded)
    untraced = watched(*inputs)
    with record() as tape:
        traced = watched(*inputs)
    assert torch.equal(traced, untraced)
    assert torch.equal(tape["logits"], untraced)


def test_tracing_changes_no_bit_of_a_gradient_in_training():
    def gradients(watch):
        trained = jig(Transformer(config(dropout=0.2, norm_order="pre"))).train()
        torch.manual_seed(0)
        if watch:
            with record():
                loss = trained(*given("")).square().mean()
        else:
            loss = trained(*given("")).square().mean()
        loss.backward()
        return [parameter.grad for parameter in trained.parameters()]

    assert all(torch.equal(a, b) for a, b in zip(gradients(watch=False), gradients(watch=True), strict=True))


@shapes
def test_parents_come_before_their_children_and_only_inputs_have_none(shape):
    with record() as tape:
        model(**SHAPES[shape])(*given(shape))
    order = {name: i for i, name in enumerate(tape)}
    assert all(order[parent] < order[name] for name in tape for parent in tape.parents[name])
    orphans = {name for name in tape if not tape.parents[name]}
    assert all(name.endswith(GIVEN) for name in orphans)


@shapes
def test_every_axis_is_in_the_glossary(shape):
    with record() as tape:
        model(**SHAPES[shape])(*given(shape))
    trace = tape.trace()
    assert {axis for name in trace for axis in trace[name].axes} <= {*AXES}


def test_every_trace_point_of_the_glossary_is_there():
    with record() as tape:
        model(**SHAPES["pre-norm"])(*given("pre-norm"))
    attention = "q k v scores scaled masked weights z head_out concat out".split()
    norm = "mean var normalized out".split()
    for side, layer_points in (("encoder", "attn ffn"), ("decoder", "attn cross ffn")):
        assert f"embed_{'src' if side == 'encoder' else 'tgt'}.sum" in tape
        expected = [f"resid_{point}" for point in f"pre {layer_points} post".split()]
        expected += [f"self_attn.{point}" for point in attention] + ["ffn.pre", "ffn.post", "ffn.out"]
        expected += [f"ln{i}.{point}" for i in range(1, 3 + (side == "decoder")) for point in norm]
        expected += [f"cross_attn.{point}" for point in attention] * (side == "decoder")
        for layer in range(2):
            found = {name for name in tape if name.startswith(f"{side}.{layer}.")}
            assert found == {f"{side}.{layer}.{point}" for point in expected}


def test_in_training_too_every_tensor_knows_what_it_was_made_of():
    for shape, choices in SHAPES.items():
        trained = jig(Transformer(config(**{**choices, "dropout": 0.2}))).train()
        with record() as tape:
            trained(*given(shape))
        orphans = {name for name in tape if not tape.parents[name]}
        assert all(name.endswith(GIVEN) for name in orphans), shape


def test_a_subset_keeps_what_its_patterns_name_and_knows_the_nearest_parents():
    with record(only=["decoder.*.cross_attn.weights", "logits"]) as tape:
        model()(*given(""))
    assert [*tape] == ["decoder.0.cross_attn.weights", "decoder.1.cross_attn.weights", "logits"]
    assert tape.parents["decoder.1.cross_attn.weights"] == ("decoder.0.cross_attn.weights",)
    assert tape.parents["logits"] == ("decoder.0.cross_attn.weights", "decoder.1.cross_attn.weights")


def test_a_name_that_no_tensor_has_is_refused():
    with pytest.raises(KeyError, match=r"encoder\.0\.self_attn\.weight"), record(only=["encoder.0.self_attn.weight"]):
        model()(*given(""))
    with pytest.raises(KeyError, match=r"encoder\.7\.ffn\.out"), record(edit={"encoder.7.ffn.out": torch.clone}):
        model()(*given(""))


def test_an_exception_leaves_no_recorder_behind():
    with pytest.raises(ZeroDivisionError), record():
        raise ZeroDivisionError
    with record() as tape:
        model()(*given(""))
    assert "logits" in tape


def test_a_second_recorder_is_refused_and_the_first_goes_on():
    with record() as tape:
        with pytest.raises(RuntimeError, match="already active"), record():
            pass
        model()(*given(""))
    assert "logits" in tape


def test_two_passes_on_one_tape_need_two_prefixes():
    watched = model()
    with record() as tape:
        watched(*given(""))
        with pytest.raises(ValueError, match="written twice"):
            watched(*given(""))
        with under("again"):
            watched(*given(""))
    assert torch.equal(tape["again.logits"], tape["logits"])
    assert tape.parents["again.probs"] == ("again.logits",)


def test_another_thread_is_not_recorded():
    watched = model()
    with record() as tape:
        thread = threading.Thread(target=watched, args=given(""))
        thread.start()
        thread.join()
    assert len(tape) == 0


def test_a_tap_without_a_recorder_returns_its_tensor():
    tensor = torch.ones(2)
    assert tap_at("anywhere")("name", tensor, "position") is tensor


def test_a_trace_of_decoding_keeps_its_steps_in_order(tmp_path):
    source, _ = sentences()
    with record() as tape:
        greedy(model(), source, 1, -1, 3)
    tape.trace().save(tmp_path / "steps")
    again = Trace.load(tmp_path / "steps")
    assert [*again] == [*tape]
    assert [name for name in again if name.endswith("probs")] == [f"step.{step}.probs" for step in range(3)]
    assert again.under("step.2")["decoder.0.self_attn.weights"].shape == (3, 4, 1, 3)
    assert again.parents["step.1.decoder.0.cross_attn.k"] == ("encoder.1.resid_post",)


def test_a_trace_can_be_saved_and_read_without_torch(tmp_path):
    with record() as tape:
        model()(*given(""))
    trace = tape.trace(about={"text": "words"})
    trace.save(tmp_path / "trace")
    again = Trace.load(tmp_path / "trace")
    assert [*again] == [*trace]
    assert again.parents == trace.parents
    assert again.about == {"text": "words"}
    assert all(
        (again[name].values == trace[name].values).all() and again[name].axes == trace[name].axes for name in trace
    )


def test_what_is_unseen_is_computed_in_inference_mode_unless_a_recorder_keeps_it():
    with unseen():
        assert torch.ones(1).is_inference()
    with record(), unseen():
        assert not torch.ones(1).is_inference()
        assert not torch.is_grad_enabled()


def test_a_mask_made_unseen_serves_a_training_later():
    causal_mask.cache_clear()
    with unseen():
        mask = causal_mask(7, 7, torch.float64, torch.device("cpu"))
    assert not mask.bias.is_inference()


def test_what_is_not_kept_is_not_on_the_tape_while_the_pass_goes_on_either():
    with record(only=["logits"]) as tape:
        model()(*given(""))
        assert [*tape] == ["logits"]
        with pytest.raises(KeyError, match="embed_src"):
            _ = tape["embed_src.sum"]
    assert "embed_src.sum" not in tape


def test_a_source_for_a_model_without_an_encoder_is_refused():
    source, target = sentences()
    with pytest.raises(ValueError, match="this model has no encoder: give None for the source"):
        model(encoder_layers=0)(source, target)
