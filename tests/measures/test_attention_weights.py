import numpy as np

from transformer_core.studies.measures.attention_weights import softmax


def test_a_softmax_takes_rows_of_any_height_each_by_itself():
    assert softmax(np.array([[800.0, 800], [-900, -900]])).tolist() == [[0.5, 0.5], [0.5, 0.5]]
