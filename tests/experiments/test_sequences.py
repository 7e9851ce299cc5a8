"""Recall and induction, in sizes that take seconds."""

import numpy as np
import pytest
import torch

from transformer_core.interpret import head_scores
from transformer_core.studies.experiments import sequences
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.tracing.trace import NamedTensor, Trace


def test_the_gradient_on_the_first_symbol_sinks_with_distance_in_recurrent_models_alone():
    near, far = sequences.DISTANCES.index(1), sequences.DISTANCES.index(100)
    fall = {}
    for name in sequences.MODELS:
        gradient = sequences.signal(name, seed=0, sequences=4)["gradient"]
        fall[name] = gradient[far] / gradient[near]
    assert fall["transformer"] > 1e-4
    assert fall["RNN"] < fall["LSTM"] < fall["LSTM, gates open"] < 1e-6


def test_a_transformer_learns_to_recall_in_few_steps():
    piece = sequences.learn("transformer", 1e-2, seed=0, steps=200)
    assert piece["curve"][-1] > 0.9
    assert len(piece["curve"]) == 4


def test_all_models_are_of_about_one_size():
    sizes = [sum(p.numel() for p in sequences.model_called(name, 0).parameters()) for name in sequences.MODELS]
    assert max(sizes) / min(sizes) < 1.1


def test_the_answer_is_the_first_symbol():
    x = torch.tensor([[3, 1, 2]])
    logits = torch.full((1, 3, sequences.RECALLED), -50.0)
    logits[0, -1, 3] = 50
    assert sequences.loss_of(lambda _, __: logits, x) == pytest.approx(0)


def test_a_sequence_is_a_permutation_written_twice():
    x = sequences.draw(4, 10, torch.Generator().manual_seed(0))
    assert torch.equal(x[:, :10], x[:, 10:])
    assert all(len(set(row.tolist())) == 10 for row in x)


def test_the_stripe_lies_behind_the_first_copy_of_a_symbol():
    weights = np.zeros((1, 1, 5, 5))
    # A B C A B: the second A looks at the first B, the second B at the first C.
    weights[0, 0, 3, 1] = weights[0, 0, 4, 2] = 1
    name = sequences.WEIGHTS.replace("*", "0")
    scores = head_scores(Trace({name: NamedTensor(name, weights, ("batch", "head", "query", "key"))}), period=3)
    assert scores["heads.induction"].values.tolist() == [[1]]
    assert scores["heads.previous_token"].values.tolist() == [[0]]


def test_a_short_training_has_everything_at_every_look():
    found = sequences.induction(Bench(), steps=12, seeds=1, every=4)
    looks = len(found["steps"].values)
    for name in ("accuracy", "stripe", "previous", "weights", "one_layer"):
        assert len(found[name].values) == looks
    assert np.allclose(found["weights"].values.astype(float).sum(-1), 1, atol=1e-2)
    assert found["weights"].labels["key"] == tuple(map(sequences.symbol, _probe_ids()))


def _probe_ids():
    return sequences.draw(1, sequences.PROBE, torch.Generator().manual_seed(1))[0].tolist()
