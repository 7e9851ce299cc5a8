import numpy as np
from small import traced

from transformer_core.studies.measures.attention_weights import softmax

PAIRS, KEYS, QUERIES = "batch head query key", "batch head key d_head", "batch head query d_head"


def test_a_cosine_that_rounding_puts_beyond_one_is_an_angle_of_nothing():
    trace = traced({"a.cosine": (PAIRS, [[[[1 + 1e-15, -1 - 1e-15]]]]), "a.q": (QUERIES, np.ones((1, 1, 1, 1))),
                    "a.k": (KEYS, np.ones((1, 1, 2, 1)))})  # fmt: skip
    assert trace["a.angle"].values.tolist() == [[[[0, 180]]]]


def test_in_the_plane_of_a_query_and_a_key_both_have_their_lengths_and_their_angle():
    trace = traced({"a.q": (QUERIES, [[[[3, 0, 4]]]]), "a.k": (KEYS, [[[[0, 2, 0], [6, 1, 8]]]])})
    assert np.allclose(trace["a.plane"].values[0, 0, 0, 0], [[0, 2], [10, 1]])
    assert "other" not in trace["a.plane"].labels


def test_a_key_along_its_query_has_no_way_across():
    trace = traced({"a.q": (QUERIES, [[[[1, 0]]]]), "a.k": (KEYS, [[[[2, 0], [0, 3]]]])})
    assert trace["a.plane"].values[0, 0, 0, 0].tolist() == [[2, 0], [0, 0]]


def test_a_softmax_takes_rows_of_any_height_each_by_itself():
    assert softmax(np.array([[800.0, 800], [-900, -900]])).tolist() == [[0.5, 0.5], [0.5, 0.5]]
