import numpy as np
import pytest
from small import traced

from transformer_core.studies.sentence.read import read


def test_what_is_left_to_the_others_is_all_but_the_best():
    trace = traced({"rules.probs": ("choice vocab", [[0.7, 0.2, 0.1], [0, 1, 0]])})
    assert np.allclose(trace["rules.remaining_probability"].values, [0.3, 0])


def test_scores_of_a_sentence_are_sums_and_means_of_log_probabilities():
    logs = np.log([0.5, 0.25])
    trace = traced({"greedy.log_prob": ("step", logs), "greedy.score": ("", logs.sum())})
    assert trace["greedy.sentence_prob"] == pytest.approx(0.125)
    assert np.allclose(trace["greedy.chosen_probs"].values, [0.5, 0.25])
    assert np.allclose(np.exp(trace["greedy.running_score"].values), [0.5, 0.125])
    assert np.allclose(np.exp(trace["greedy.mean_score"].values), [0.5, 0.125**0.5])


def test_the_width_of_a_beam_is_the_most_that_it_kept_at_once():
    trace = traced({"beam.kept": ("node", [1, 1, 1, 0, 1]), "beam.step": ("node", [0, 1, 1, 1, 2])})
    assert trace["beam.beam_width"] == 2


def test_a_lecture_keeps_four_beginnings_and_greedy_words_have_their_probabilities():
    decoding = read("the car is red").under("decoding")
    assert decoding["beam.beam_width"] == 4
    assert np.allclose(decoding["greedy.chosen_probs"].values, decoding["greedy.probs"].values.max(-1))
