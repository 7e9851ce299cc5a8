"""Sources of every size, and the areas of a model, which are all of its parameters."""

import pytest
from small import traced

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.measures.sizes import kind_of
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary

WORDS = Vocabulary.of("the car is red".split(), "el coche es rojo".split(), longest=6)


def lecture(**choices):
    sizes = {"d_model": 16, "d_ff": 24, "heads": 4, "encoder_layers": 2, "decoder_layers": 1, "norm_order": "pre"}
    config = Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **(sizes | choices))
    return read("the car is red", Transformer(config).double().eval(), WORDS)


@pytest.mark.parametrize(
    "choices",
    [{}, {"tied_output": False, "output_bias": True}, {"shared_embedding": True}, {"positions": "learned", "d_ff": 0}],
    ids=["tied", "untied", "shared", "learned places, no FFN"],
)
def test_the_parts_of_a_model_add_up_to_its_parameters(choices):
    trace = lecture(**choices)
    for name in ("counts", "by_kind"):
        assert trace[f"parameters.{name}"].values.sum() == trace["config.parameters"]
    assert trace["parameters.shares_by_kind"].values.sum() == pytest.approx(1)


@pytest.mark.parametrize(("width", "heads"), [(64, 4), (512, 8), (32, 1), (48, 6), (64, 64)])
def test_every_split_of_a_width_has_the_same_total_and_the_models_own_is_among_them(width, heads):
    splits = traced({"config.d_model": ("", width), "config.heads": ("", heads)})["config.splits"].values
    assert (splits[:, 0] * splits[:, 1] == width).all()
    assert heads in splits[:, 0]
    assert 1 < len(splits) <= 5
    assert splits[0, 0] == 1


def test_every_module_has_a_kind():
    modules = ("embed_src", "encoder.0.self_attn", "encoder.0.ln1", "encoder.final_norm", "embed_tgt", "output")
    assert [kind_of(module) for module in modules] == [
        "embeddings", "attention", "norms", "norms", "embeddings", "output"
    ]  # fmt: skip
    assert kind_of("pooler") == "output"
