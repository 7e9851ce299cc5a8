"""The sentence of a lecture, changed in one way."""

import numpy as np
import pytest
import torch
from core_models import jig

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.measures.permutation import shuffle
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.tap import record

WORDS = Vocabulary.of("the car house is red green".split(), "el la coche casa es rojo verde".split(), longest=12)


def lecture(**choices):
    sizes = {"d_model": 16, "d_ff": 24, "heads": 4, "encoder_layers": 2, "decoder_layers": 2, "norm_order": "pre"}
    config = Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **sizes, **choices)
    return read("The car is red", jig(Transformer(config)).double().eval(), WORDS)


@pytest.fixture(scope="module")
def trace():
    return lecture()


def test_without_positions_shuffled_words_have_the_rows_that_they_had(trace):
    plain, shuffled = (trace[f"other.{key}.encoder.1.self_attn.out"] for key in ("no_positions", "shuffled"))
    words = plain.labels["position"]
    order = [words.index(word) for word in shuffled.labels["position"]]
    assert order == shuffle(4)
    assert all(here != there for here, there in enumerate(order))
    assert np.allclose(shuffled.values[:, np.argsort(order)], plain.values, atol=1e-12)
    assert trace["other.shuffled.encoder.1.self_attn.out.permutation_difference"] < 1e-12


def test_with_positions_they_are_others(trace):
    with_places, without = (
        trace["encoder.0.self_attn.out"].values,
        trace["other.no_positions.encoder.0.self_attn.out"].values,
    )
    assert np.abs(with_places - without).max() > 1e-3
    assert not trace["other.no_positions.embed_src.positional"].values.any()


@pytest.mark.parametrize("positions", ["learned", "none"])
def test_any_kind_of_positions_can_be_left_out(positions):
    trace = lecture(positions=positions)
    assert trace["other.shuffled.encoder.1.self_attn.out.permutation_difference"] < 1e-12


def test_another_last_word_changes_no_row_before_it(trace):
    ours, theirs = (trace[f"{root}logits"].values for root in ("", "other.later."))
    words = trace["other.later.logits"].labels["position"]
    assert words[:-1] == trace["logits"].labels["position"][:-1]
    assert words[-1] != trace["logits"].labels["position"][-1]
    assert np.array_equal(ours[:, :-1], theirs[:, :-1])
    assert not np.array_equal(ours[:, -1], theirs[:, -1])


def test_every_score_has_the_gradient_that_the_formula_gives(trace):
    for layer in range(2):
        path = f"gradients.encoder.{layer}.self_attn"
        assert trace[f"{path}.score_gradient_difference"] < 1e-9
        assert trace[f"{path}.scaled"].labels == {
            "query": ("The", "car", "is", "red"),
            "key": ("The", "car", "is", "red"),
        }


def test_a_gradient_leaves_nothing_behind():
    sizes = {"d_model": 8, "d_ff": 8, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
    model = jig(Transformer(Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **sizes)))
    read("The car is red", model.double().eval(), WORDS)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_one_word_can_only_be_shuffled_to_itself():
    assert shuffle(1) == [0]


def test_a_small_step_against_the_gradient_of_a_score_lowers_the_loss_by_its_square(trace):
    """L(s - eps g) = L(s) - eps |g|^2: the gradient is that of the words that the model writes, and the end."""
    sizes = {"d_model": 16, "d_ff": 24, "heads": 4, "encoder_layers": 2, "decoder_layers": 2, "norm_order": "pre"}
    config = Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **sizes)
    model = jig(Transformer(config)).double().eval()
    point = "encoder.0.self_attn.scaled"
    slope = torch.from_numpy(trace[f"gradients.{point}"].values)
    step = 1e-4 / slope.norm()
    source = torch.tensor([WORDS.source_ids(["the", "car", "is", "red"])])
    target = torch.tensor([[*WORDS.target_ids(trace.about["output_tokens"])]])
    losses = []
    for edit in ({}, {point: lambda scores: scores - step * slope}):
        with record(only=[point], edit=edit), torch.no_grad():
            logits = model(source, target[:, :-1])
        losses.append(torch.nn.functional.cross_entropy(logits[0], target[0, 1:]))
    assert losses[0] == pytest.approx(trace["losses"].values.mean())
    assert losses[0] - losses[1] == pytest.approx(float(step * slope.square().sum()), rel=1e-2)
