import numpy as np
import pytest
from small import traced

from transformer_core.studies.sentence.read import read


def model_with(positions="interleaved", **tensors):
    return traced(tensors, config={"positions": positions, "max_positions": 64, "d_model": 8})


def test_places_begin_with_the_positions_of_the_sentence():
    trace = read("the car is red")
    assert np.allclose(trace["embed_src.position_table"].values[:4], trace["embed_src.positional"].values[0])


def test_a_model_without_positions_has_no_places():
    with pytest.raises(KeyError, match="no positions"):
        model_with("none")["embed_src.position_table"]
