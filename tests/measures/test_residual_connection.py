import numpy as np
import pytest
from small import traced

PATH = "encoder.0.self_attn"
ROW = "batch position d_model"


def block():
    return traced(
        {
            "encoder.0.resid_pre": (ROW, [[[3.0, 0], [0, 1]]]),
            f"{PATH}.out": (ROW, [[[0.0, 4], [0, -3]]]),
            "encoder.0.resid_post": (ROW, [[[3.0, 4], [0, -2]]]),
        }
    )


def test_a_vector_that_is_replaced_is_gone_and_one_that_is_added_to_stays():
    trace = block()
    assert trace[f"{PATH}.added"].values.tolist() == [[[3, 4], [0, -2]]]
    assert trace[f"{PATH}.turned_if_replaced"].values.tolist() == [[90, 180]]
    assert trace[f"{PATH}.turned_if_added"].values[0, 0] == pytest.approx(np.degrees(np.arccos(3 / 5)))


def test_in_the_plane_of_both_a_vector_lies_along_the_first_axis():
    plane = block()[f"{PATH}.added_plane"].pick(batch=0)
    assert plane.labels["other"] == ("before", "found", "added")
    assert plane.pick(position=0).values.tolist() == [[3, 0], [0, 4], [3, 4]]
    assert plane.pick(position=1).values.tolist() == [[1, 0], [-3, 0], [-2, 0]]


def test_a_stream_has_the_length_of_what_leaves_each_sublayer():
    assert np.allclose(block()["encoder.residual_norms"].values, [[[3, 1], [5, 2]]])
