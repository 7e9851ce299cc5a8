import numpy as np
from small import traced

from transformer_core.studies.measures.recurrence import farthest, parted

MODELS = {"model": ("chain", "with attention", "grid")}


def test_a_chain_ticks_once_a_word():
    assert traced({"config.words": ("", 3)})["config.tokens_read"].values.tolist() == [1, 2, 3]


def test_hops_are_the_distance_of_two_words():
    states = ("batch position d_state", np.zeros((1, 3, 2)), {"position": ("a", "b", "c")})
    hops = traced({"lstm.encoder.states": states})["lstm.encoder.recurrent_path_lengths"]
    assert hops.pick(query="c", key="a") == 2
    assert hops.values.tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]


def test_a_memory_is_made_of_what_each_token_wrote_and_what_was_left_of_it():
    words, gate = {"position": ("a", "b")}, "batch position d_state"
    tensors = {"f": [[[0.0, 0.0], [0.5, 1.0]]], "i": [[[1.0, 1.0], [1.0, 1.0]]], "g": [[[2.0, 2.0], [0.0, 2.0]]],
               "cells": [[[2.0, 2.0], [1.0, 4.0]]]}  # fmt: skip
    trace = traced({f"lstm.{name}": (gate, values, words) for name, values in tensors.items()})
    shares = trace["lstm.memory_shares"].pick(batch=0)
    assert shares.pick(query="a").values.tolist() == [1, 0]
    # Of the memory (1, 4), "a" has left (1, 2), and "b" has written (0, 2).
    assert np.allclose(shares.pick(query="b").values, [9 / 17, 8 / 17])


def test_an_equal_share_falls_with_each_token():
    shares = ("batch query key", np.ones((1, 3, 3)), {"query": ("a", "b", "c")})
    assert traced({"lstm.memory_shares": shares})["lstm.equal_shares"].values.tolist() == [1, 1 / 2, 1 / 3]


def by_length():
    right = [[[0.9, 0.5, 0.95]], [[1, 0.9, 0.8]], [[0.5, 1, 1]]]
    return traced({"run.by_length": ("model seed length", right, MODELS | {"length": ("3", "4", "7")})})


def test_a_model_is_good_until_it_first_falls_below_nine_in_ten():
    assert by_length()["run.by_length.longest_solved"].values.tolist() == [3, 4, 0]


def test_attention_has_bought_its_part_of_the_whole_gain():
    trace = traced({"run.exact": ("model seed", [[0.3, 0.5], [0.7, 0.9], [0.9, 0.9]], MODELS)})
    assert np.isclose(trace["run.exact.share_of_gain"], 0.4 / 0.5)


def test_trainings_that_came_there_are_counted():
    trace = traced({"run.steps": ("model seed", [[np.inf, 20], [np.inf, np.inf], [5, 6]], MODELS)})
    assert trace["run.steps.trainings_that_solved"].values.tolist() == [1, 0, 2]
    assert trace["run.steps.trainings"] == 2


def test_a_state_is_as_large_as_it_has_entries():
    assert (
        traced({"lstm.encoder.states": ("batch position d_state", np.zeros((1, 3, 7)))})["lstm.encoder.state_size"] == 7
    )


def test_two_translations_part_where_a_word_is_another_or_too_many():
    assert parted("el perro es muy viejo".split(), "el perro está muy viejo".split()) == [2]
    assert parted("es viejo el".split(), "el viejo es".split()) == [0, 2]
    assert parted("el perro muy viejo".split(), "el viejo".split()) == [1, 2]
    assert parted("a b c d e".split(), "x c d e".split()) == [0, 1]
    assert parted(["el"], ["el"]) == []


def test_the_words_that_belong_together_and_stand_farthest_apart_are_named_from_the_left():
    roles = {"near": [[1, 0], [2, 3]], "far": [[5, 2]], "as far": [[3, 6]]}
    assert farthest(traced({}, roles=roles)) == (2, 5)
    assert farthest(traced({}, roles={})) == farthest(traced({})) == (0, 0)
