"""Whoever watches the model changes nothing; whoever edits a tensor changes all that is made of it, and only that."""

import math
import threading

import pytest
import torch
from core_models import config, jig, model, paddings, sentences

from transformer_core.model import Transformer
from transformer_core.tap import record, tap_at, under
from transformer_core.trace import AXES, Trace

SHAPES = {
    "pre-norm": {"norm_order": "pre", "cross_heads": 1},
    "post-norm": {"norm_order": "post", "final_norm": True, "activation": "gelu"},
    "no norms": {"norm_order": "none", "positions": "none", "attention_scale": False, "embedding_scale": False},
    "no residuals": {"residual": False, "tied_output": False, "output_bias": True, "positions": "halves"},
    "no feed-forward": {"d_ff": 0, "positions": "learned", "norm_order": "pre"},
    "encoder only": {"decoder_layers": 0, "norm_order": "pre"},
    "decoder only": {"encoder_layers": 0, "norm_order": "pre"},
}
shapes = pytest.mark.parametrize("shape", SHAPES)


def given(shape, padded=True):
    source, target = sentences()
    hidden = paddings(source, target) if padded else (None, None)
    return (
        None if shape == "decoder only" else source,
        None if shape == "encoder only" else target,
        *(hidden if shape != "decoder only" else (None, hidden[1])),
    )


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
def test_an_edit_that_returns_the_same_numbers_changes_no_bit(shape):
    watched, inputs = model(**SHAPES[shape]), given(shape)
    with record() as plain:
        watched(*inputs)
    with record(edit=dict.fromkeys(plain, torch.clone)) as edited:
        watched(*inputs)
    assert [*plain] == [*edited]
    assert all(torch.equal(plain[name], edited[name]) for name in plain)


def descendants(parents, name):
    found = {name}
    for child, made_of in parents.items():
        if found & {*made_of}:
            found.add(child)
    return found


@shapes
def test_an_edit_of_any_point_changes_what_is_made_of_it_and_nothing_else(shape):
    watched, inputs = model(**SHAPES[shape]), given(shape)
    random = torch.Generator().manual_seed(3)

    def disturb(tensor):
        # Not one shift for a whole row: softmax and layer norm do not see it.
        return tensor + torch.randn(tensor.shape, generator=random, dtype=tensor.dtype).abs() + 0.1

    with torch.no_grad(), record() as plain:
        watched(*inputs)
    for name in plain:
        with torch.no_grad(), record(edit={name: disturb}) as edited:
            watched(*inputs)
        changed = {other for other in plain if not torch.equal(plain[other], edited[other])}
        assert changed == descendants(plain.parents, name), name
        assert name == "probs" or "logits" in changed, name


@shapes
def test_parents_come_before_their_children_and_only_inputs_have_none(shape):
    with record() as tape:
        model(**SHAPES[shape])(*given(shape))
    order = {name: i for i, name in enumerate(tape)}
    assert all(order[parent] < order[name] for name in tape for parent in tape.parents[name])
    orphans = {name for name in tape if not tape.parents[name]}
    assert all(name.endswith((".token", ".positional")) for name in orphans)


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


@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_every_residual_is_the_sum_of_what_enters_and_what_the_sublayer_adds(norm_order):
    with record() as tape:
        model(norm_order=norm_order)(*given(""))
    pre = norm_order == "pre"
    for side, sublayers in (
        ("encoder", {"attn": "self_attn", "ffn": "ffn"}),
        ("decoder", {"attn": "self_attn", "cross": "cross_attn", "ffn": "ffn"}),
    ):
        for layer in range(2):
            at = f"{side}.{layer}"
            entering = tape[f"{at}.resid_pre"]
            for number, (point, part) in enumerate(sublayers.items(), 1):
                total = tape[f"{at}.resid_{point}"]
                assert torch.equal(total, entering + tape[f"{at}.{part}.out"])
                entering = total if pre else tape[f"{at}.ln{number}.out"]
            assert torch.equal(tape[f"{at}.resid_post"], entering)
    assert torch.equal(tape["encoder.1.resid_pre"], tape["encoder.0.resid_post"])


def test_what_is_shown_of_attention_is_what_was_computed():
    watched = model(norm_order="pre")
    with record() as tape:
        watched(*given(""))
    for path in ("encoder.1.self_attn", "decoder.0.self_attn", "decoder.1.cross_attn"):
        q, k, v, scores, scaled, masked, weights, z = (
            tape[f"{path}.{point}"] for point in "q k v scores scaled masked weights z".split()
        )
        assert torch.equal(scores, q @ k.mT)
        assert torch.equal(scaled, scores / math.sqrt(4))
        assert torch.equal(masked[masked.isfinite()], scaled[masked.isfinite()])
        assert torch.equal(weights, masked.softmax(-1))
        assert torch.equal(z, weights @ v)
        assert torch.equal(tape[f"{path}.concat"], torch.cat([*z.unbind(1)], -1))


def test_the_output_of_attention_is_the_sum_of_its_heads_and_a_bias():
    watched = model(norm_order="pre")
    with record() as tape:
        watched(*given(""))
    bias = watched.encoder.layers[0].self_attn.b_o
    total = tape["encoder.0.self_attn.head_out"].sum(1) + bias
    assert torch.allclose(total, tape["encoder.0.self_attn.out"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_the_steps_of_a_norm_lead_to_its_output(norm_order):
    watched = model(norm_order=norm_order)
    with record() as tape:
        watched(*given(""))
    x = tape["decoder.0.resid_attn"]
    path = f"decoder.0.ln{2 if norm_order == 'pre' else 1}"
    norm = watched.decoder.layers[0].norms[1 if norm_order == "pre" else 0]
    mean, var, normalized, out = (tape[f"{path}.{point}"] for point in "mean var normalized out".split())
    close = {"rtol": 1e-12, "atol": 1e-12}
    assert torch.allclose(mean, x.mean(-1), **close)
    assert torch.allclose(var, x.var(-1, correction=0), **close)
    assert torch.allclose(normalized, (x - mean[..., None]) / (var[..., None] + 1e-5).sqrt(), **close)
    assert torch.allclose(out, normalized * norm.gain + norm.bias, **close)


def test_a_subset_keeps_what_its_patterns_name_and_knows_the_nearest_parents():
    with record(only=["decoder.*.cross_attn.weights", "logits"]) as tape:
        model()(*given(""))
    assert [*tape] == ["decoder.0.cross_attn.weights", "decoder.1.cross_attn.weights", "logits"]
    assert tape.parents["decoder.1.cross_attn.weights"] == ("decoder.0.cross_attn.weights",)
    assert tape.parents["logits"] == ("decoder.0.cross_attn.weights", "decoder.1.cross_attn.weights")


def test_an_edit_acts_on_a_point_that_is_not_kept():
    watched = model()
    with record(only=["logits"], edit={"encoder.0.ln1.mean": torch.zeros_like}) as tape:
        edited = watched(*given(""))
    assert [*tape] == ["logits"]
    assert not torch.equal(edited, watched(*given("")))


def test_a_name_that_no_tensor_has_is_refused():
    with pytest.raises(KeyError, match=r"encoder\.0\.self_attn\.weight"), record(only=["encoder.0.self_attn.weight"]):
        model()(*given(""))
    with pytest.raises(KeyError, match=r"encoder\.7\.ffn\.out"), record(edit={"encoder.7.ffn.out": torch.clone}):
        model()(*given(""))


def test_an_edit_must_keep_the_shape():
    with pytest.raises(ValueError, match="the edit of logits made"), record(edit={"logits": lambda x: x[:1]}):
        model()(*given(""))


def test_an_edit_may_write_in_place_without_touching_the_past():
    watched = model()
    with record(edit={"encoder.0.resid_pre": torch.Tensor.zero_}) as tape:
        watched(*given(""))
    assert tape["embed_src.sum"].abs().min() > 0
    assert tape["encoder.0.resid_pre"].abs().max() == 0


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
