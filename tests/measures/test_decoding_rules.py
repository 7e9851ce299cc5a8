import numpy as np
from small import traced

from transformer_core.studies.sentence.read import read


def test_probabilities_of_words_multiply_along_a_sentence():
    trace = traced({"greedy.log_prob": ("step", np.log([0.5, 0.25]))})
    assert np.allclose(trace["greedy.chosen_probs"].values, [0.5, 0.25])
    assert np.allclose(trace["greedy.running_prob"].values, [0.5, 0.125])


def test_the_width_of_a_beam_is_the_most_that_it_kept_at_once():
    trace = traced({"beam.kept": ("node", [1, 1, 1, 0, 1]), "beam.step": ("node", [0, 1, 1, 1, 2])})
    assert trace["beam.beam_width"] == 2


def test_a_lecture_keeps_four_beginnings_and_greedy_words_have_their_probabilities():
    decoding = read("the car is red").under("decoding")
    assert decoding["beam.beam_width"] == 4
    assert np.allclose(decoding["greedy.chosen_probs"].values, decoding["greedy.probs"].values.max(-1))
