"""Trace of how a sentence is written, held against what the model does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from transformer_core.decoding.sampling import greedy
from transformer_core.pretrained import load
from transformer_core.studies.sentence.generate import decoding_tensors, most_tokens
from transformer_core.studies.sentence.read import DEFAULT_MODEL
from transformer_core.studies.sentence.variants import Sentence
from transformer_core.text.vocabulary import END, START, Vocabulary

TEXT = "The animal did not cross the street because it was too tired"


@pytest.fixture(scope="module")
def told():
    model, card = load(DEFAULT_MODEL, torch.float64)
    vocabulary = Vocabulary.from_json(card["vocabulary"])
    ids = vocabulary.read(TEXT).ids
    (written,) = greedy(model, torch.tensor([ids]), START, END, 40)
    given = Sentence(TEXT, ids, (START, *written), (), ())
    return decoding_tensors(model, vocabulary, given), [vocabulary.target[i] for i in written]


def test_greedy_takes_the_tallest_bar_of_each_step_and_its_score_is_their_sum(told):
    tensors, words = told
    tallest = [str(row.largest()[0]) for row in tensors["decoding.greedy.probs"]]
    assert tallest == [*words, "<end>"]
    assert tallest == [str(word) for word in tensors["decoding.greedy.log_prob"].words("step")]
    assert float(tensors["decoding.greedy.score"]) == pytest.approx(
        np.log(tensors["decoding.greedy.probs"].values.max(-1)).sum()
    )
    assert tensors["decoding.greedy.end"].values == pytest.approx(
        tensors["decoding.greedy.probs"].pick(vocab="<end>").values
    )


def test_the_best_branch_spells_a_hypothesis_at_least_as_good_as_greedy(told):
    tensors, _ = told
    winner = int(tensors["decoding.beam.hypotheses"].pick(rank=0))
    final = tensors["decoding.beam.score"].pick(node=winner)
    assert tensors["decoding.beam.final"].pick(node=winner) == pytest.approx(final)
    assert tensors["decoding.beam.best"].values.sum() == int(tensors["decoding.beam.step"].pick(node=winner)) + 1
    assert final >= float(tensors["decoding.greedy.score"]) - 1e-9


def test_what_the_cache_keeps_does_not_move_and_is_counted(told):
    tensors, words = told
    steps, source = len(words) + 1, len(TEXT.split())
    assert tensors["decoding.cache.difference"].values < 1e-12
    assert tensors["decoding.cache.rows_without"].values == sum(range(steps + 1))
    assert tensors["decoding.cache.rows_with"].values == steps
    each = 2 * 2 * 64  # k and v, two layers, d_model
    assert tensors["decoding.cache.own_numbers"].values == each * steps
    assert tensors["decoding.cache.source_numbers"].values == each * source
    assert tensors["decoding.cache.numbers"].values == each * (steps + source)


@pytest.mark.parametrize(
    ("encoder", "longest", "places", "given", "read", "most"),
    [
        (True, 40, 64, 1, 5, 26),  # a translator that never ends: twice what it read, and 16
        (True, 12, 64, 1, 5, 12),
        (True, 512, 20, 1, 5, 19),
        (False, 512, 64, 5, 0, 8),
        (False, 512, 10, 5, 0, 5),
    ],
)
def test_a_model_that_never_ends_is_stopped(encoder, longest, places, given, read, most):
    model = SimpleNamespace(encoder=encoder or None, config=SimpleNamespace(max_positions=places))
    assert most_tokens(model, SimpleNamespace(longest=longest), given, read) == most
