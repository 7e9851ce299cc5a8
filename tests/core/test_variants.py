"""The sentence of a lecture, changed in one way."""

import numpy as np
import pytest
from core_models import jig

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.measures.permutation import shuffle
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary

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


def test_one_word_can_only_be_shuffled_to_itself():
    assert shuffle(1) == [0]
