"""Every tool of interpretation, on a case that is calculated by hand, and by the identities that it claims."""

import numpy as np
import pytest
import torch
from core_models import config, error, jig, model, paddings, sentences
from model_shapes import SHAPES

from transformer_core.config import Config
from transformer_core.interpret import (
    ablation,
    head_ablation,
    head_off,
    head_scores,
    logit_attribution,
    logit_lens,
    measured,
    patching,
)
from transformer_core.model import Transformer
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import NamedTensor, Trace

LABELS = {"position": ("a", "b")}
IDS = torch.tensor([[0, 1]])


def by_hand() -> Transformer:
    """One head that copies the average of the rows so far: word 0 is (1, 0), word 1 (0, 1), word 2 (1, 1).

    After the words 0 and 1 the stream is (0, 1) + (1/2, 1/2), and the logits are 1/2, 3/2 and 2.
    """
    sizes = {"target_vocab": 3, "d_model": 2, "heads": 1, "d_ff": 0, "encoder_layers": 0, "decoder_layers": 1}
    plain = {"norm_order": "none", "positions": "none", "embedding_scale": False, "final_norm": False}
    small = Transformer(Config(**sizes, **plain)).double().eval()
    attention = small.decoder.layers[0].self_attn
    with torch.no_grad():
        small.embed_tgt.table.copy_(torch.tensor([[1, 0], [0, 1], [1, 1]]))
        attention.w_qkv.copy_(torch.cat([torch.zeros(4, 2), torch.eye(2)]))
        attention.w_o.copy_(torch.eye(2))
    return small


def word(which: int, position: int = 1):
    return lambda logits: logits[0, position, which]


def test_the_lens_by_hand():
    found = logit_lens(by_hand(), (None, IDS), torch.tensor([[2, 1]]), LABELS)
    lens = found["lens.logits"]
    assert lens.pick(layer="input", batch=0, position="b").values.tolist() == [0, 1, 1]
    assert lens.pick(layer="0", batch=0, position="b").values.tolist() == pytest.approx([0.5, 1.5, 2])
    assert found["lens.rank"].pick(batch=0, position="b").values.tolist() == [1, 2]
    assert found["lens.probs"].values.sum(-1) == pytest.approx(1)


@pytest.mark.parametrize("norm_order", ["pre", "post"])
@pytest.mark.parametrize("stacks", [{}, {"decoder_layers": 0}])
def test_the_last_layer_of_the_lens_is_what_the_model_says(norm_order, stacks):
    watched = model(norm_order=norm_order, output_bias=True, **stacks)
    inputs = sentences() if not stacks else sentences()[:1]
    lens = logit_lens(watched, inputs)["lens.logits"]
    assert lens.size("layer") == 3
    assert error(torch.from_numpy(lens.values[-1]), watched(*inputs).detach()) <= 1e-12


def test_ablation_by_hand():
    small = by_hand()
    assert ablation(small, (None, IDS), word(2), "decoder.0.self_attn.z").values.tolist() == pytest.approx([-1])
    # The head's mean over both rows is (3/4, 1/4), in place of (1/2, 1/2).
    of_mean = [ablation(small, (None, IDS), word(w), "decoder.0.self_attn.z", "mean").pick(head=0) for w in range(3)]
    assert of_mean == pytest.approx([0.25, -0.25, 0])


def test_the_effect_of_a_last_neuron_is_what_it_writes_against_the_word():
    watched = model(norm_order="none", encoder_layers=0)
    ids = sentences()[1]
    with record() as tape:
        watched(None, ids)
    ffn = watched.decoder.layers[1].ffn
    written = tape["decoder.1.ffn.post"][0, 1] * (watched.embed_tgt.table[4] @ ffn.w2)
    effect = ablation(watched, (None, ids), word(4), "decoder.1.ffn.post")
    assert error(torch.from_numpy(effect.values), -written.detach()) <= 1e-10


def test_a_head_that_is_off_is_a_head_that_is_ablated():
    watched = model(norm_order="pre", cross_heads=2)
    source, target = sentences()
    inputs = (source, target, *paddings(source, target))
    table = head_ablation(watched, inputs, word(5), "mean")
    assert {name: tensor.shape for name, tensor in table.items()} == {
        "ablation.encoder.self_attn": (2, 4),
        "ablation.decoder.self_attn": (2, 4),
        "ablation.decoder.cross_attn": (2, 2),
    }
    plain = measured(watched, inputs, word(5))
    with record(only=["decoder.0.cross_attn.z"]) as tape:
        watched(*inputs)
    z = tape["decoder.0.cross_attn.z"][:, 1]
    mean = torch.stack([row for rows, hidden in zip(z, inputs[3], strict=True)
                        for row, h in zip(rows, hidden, strict=True) if not h]).mean(0)  # fmt: skip
    before = {name: value.clone() for name, value in watched.state_dict().items()}
    with head_off(watched, "decoder.0.cross_attn", 1, mean.detach()):
        effect = measured(watched, inputs, word(5)) - plain
    assert table["ablation.decoder.cross_attn"].pick(layer=0, head=1) == pytest.approx(effect, rel=1e-9)
    with head_off(watched, "encoder.1.self_attn", 3):
        effect = measured(watched, inputs, word(5)) - plain
    zero = head_ablation(watched, inputs, word(5))["ablation.encoder.self_attn"]
    assert zero.pick(layer=1, head=3) == pytest.approx(effect, rel=1e-9)
    assert all(torch.equal(value, before[name]) for name, value in watched.state_dict().items())


def test_only_heads_and_neurons_are_ablated():
    with pytest.raises(ValueError, match="neither heads nor neurons"):
        ablation(by_hand(), (None, IDS), word(0), "decoder.0.resid_post")


def test_patching_by_hand():
    found = patching(by_hand(), (None, IDS), (None, torch.tensor([[1, 1]])), word(0), "decoder", LABELS)
    assert (found["patching.base"].values, found["patching.donor"].values) == (0.5, 0)
    # Before the layer the difference lies in the row of the first word; after it, in the row that is read.
    assert found["patching.shift"].axes == ("layer", "position")
    assert found["patching.shift"].labels == {"layer": ("input", "0"), "position": ("a", "b")}
    assert found["patching.shift"].values.tolist() == [[1, 0], [0, 1]]
    assert found["patching.effect"].values.tolist() == [[-0.5, 0], [0, -0.5]]


def test_patching_what_does_not_differ_is_refused():
    with pytest.raises(ValueError, match="nothing to shift"):
        patching(by_hand(), (None, IDS), (None, IDS), word(0), "decoder")
    with pytest.raises(ValueError, match="same shape"):
        patching(by_hand(), (None, IDS), (None, IDS[:, :1]), word(0), "decoder")


def test_patching_the_source_reaches_the_decoder():
    watched = model(norm_order="pre")
    source, target = sentences(batch=1)
    other = source.clone()
    other[0, 2] = (other[0, 2] + 1) % 11
    shift = patching(watched, (source, target), (other, target), word(3))["patching.shift"].values
    # At the input only the row of the word that differs carries the difference, and it carries all of it.
    assert shift[0] == pytest.approx([0, 0, 1, 0, 0], abs=1e-12)
    assert (np.abs(shift[2]) > 1e-6).all()


def test_attribution_by_hand():
    found = logit_attribution(by_hand(), (None, IDS), torch.tensor([[0, 2]]), LABELS)
    assert found.labels["part"] == ("token", "biases", "decoder.0.self_attn.0")
    assert found.pick(batch=0, position="b").values.tolist() == pytest.approx([1, 0, 1])
    assert found.pick(batch=0, position="a").values.tolist() == pytest.approx([1, 0, 1])


@pytest.mark.parametrize("norm_order", ["pre", "post", "none"])
@pytest.mark.parametrize(
    "choices",
    [
        {"cross_heads": 2, "output_bias": True, "tied_output": False},
        {"encoder_layers": 0, "positions": "learned"},
        {"decoder_layers": 0, "token_types": 2, "embedding_norm": True},
        {name: choice for name, choice in SHAPES["Llama"].items() if name != "norm_order"},
    ],
)
def test_the_attributions_of_all_parts_sum_to_the_logit(norm_order, choices):
    watched = model(norm_order=norm_order, **choices)
    source, target = sentences()
    inputs = (
        (None, target) if "encoder_layers" in choices else (source, None if "decoder_layers" in choices else target)
    )
    logits = watched(*inputs).detach()
    wanted = logits.argsort(-1)[..., 3]
    found = logit_attribution(watched, inputs, wanted)
    sums = torch.from_numpy(found.values.sum(0))
    assert error(sums, logits.gather(-1, wanted[..., None])[..., 0]) <= 1e-12


def test_a_logit_is_no_sum_without_residual_connections():
    with pytest.raises(ValueError, match="residual"):
        logit_attribution(model(residual=False), sentences(), sentences()[1])


def trace_of(weights: list[list[float]], name: str = "decoder.0.self_attn.weights") -> Trace:
    rows = np.array(weights)[None, None]
    return Trace({name: NamedTensor(name, rows, ("batch", "head", "query", "key"))})


def test_head_scores_by_hand():
    found = head_scores(trace_of([[1, 0, 0, 0], [0.4, 0.6, 0, 0], [0.1, 0.7, 0.2, 0], [0.2, 0.1, 0.5, 0.2]]), period=2)
    means = {name: float(tensor.pick(layer=0, head=0)) for name, tensor in found.items()}
    assert means == pytest.approx(
        {
            "heads.previous_token": (0.4 + 0.7 + 0.5) / 3,
            "heads.next_token": 0,
            "heads.itself": (1 + 0.6 + 0.2 + 0.2) / 4,
            "heads.sink": (0.4 + 0.1 + 0.2) / 3,
            "heads.duplicate": (0.1 + 0.1) / 2,
            "heads.induction": (0.7 + 0.5) / 2,
        }
    )


def test_scores_of_all_layers_stand_below_each_other():
    with record(only=["encoder.*.weights"]) as tape:
        jig(Transformer(config()).double()).eval()(*sentences())
    found = head_scores(tape.trace(), "encoder")["heads.next_token"]
    third = tape["encoder.1.self_attn.weights"][:, 3].diagonal(1, 1, 2).mean()
    assert found.pick(layer=1, head=3) == pytest.approx(third.item())
    with pytest.raises(KeyError, match="no weights of decoder"):
        head_scores(tape.trace())
    with pytest.raises(ValueError, match="do not repeat"):
        head_scores(tape.trace(), "encoder", period=5)


def test_the_lens_of_some_tokens_and_the_likeliest_words_is_a_part_of_the_whole():
    watched, inputs = model(encoder_layers=0, norm_order="pre"), (None, sentences()[1])
    wanted = inputs[1].roll(-1, 1)
    whole = logit_lens(watched, inputs, wanted)
    part = logit_lens(watched, inputs, wanted, positions=[1, 4], top=3)
    probs = whole["lens.probs"].values[:, :, [1, 4]]
    order = np.argsort(-probs, axis=-1)[..., :3]
    assert part["lens.top_ids"].axes == ("layer", "batch", "position", "rank")
    assert np.array_equal(part["lens.top_ids"].values, order)
    assert np.allclose(part["lens.top_probs"].values, np.take_along_axis(probs, order, -1), atol=1e-15)
    assert np.array_equal(part["lens.rank"].values, whole["lens.rank"].values[:, :, [1, 4]])
    assert set(part) == {"lens.top_ids", "lens.top_probs", "lens.rank"}


@pytest.mark.parametrize("choices", [{"encoder_layers": 0, "norm_order": "pre"}, SHAPES["Llama"]], ids=["GPT", "Llama"])
def test_a_model_in_bfloat16_is_traced_edited_and_read_early(choices):
    watched, inputs = model(torch.bfloat16, **choices), (None, sentences()[1])
    with record(edit={"decoder.0.ffn.out": torch.zeros_like}) as tape, torch.no_grad():
        watched(*inputs)
    trace = tape.trace()
    assert trace["decoder.0.ffn.out"].values.dtype == np.float32
    assert not trace["decoder.0.ffn.out"].values.any()
    lens = logit_lens(watched, inputs)["lens.probs"]
    assert np.allclose(lens.values.sum(-1), 1, atol=0.02)
    effects = head_ablation(watched, inputs, lambda logits: float(logits.float().mean()))
    assert np.isfinite(effects["ablation.decoder.self_attn"].values).all()
