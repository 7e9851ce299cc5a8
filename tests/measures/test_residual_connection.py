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


def test_a_row_that_is_replaced_is_gone_and_one_that_is_added_to_stays():
    trace = block()
    assert trace[f"{PATH}.added"].values.tolist() == [[[3, 4], [0, -2]]]
    assert trace[f"{PATH}.left_if_replaced"].values.tolist() == [[0, -1]]
    assert trace[f"{PATH}.left_if_added"].values[0, 0] == pytest.approx(3 / 5)


def test_a_stream_has_the_length_of_its_running_sum():
    assert np.allclose(block()["encoder.residual_norms"].values, [[[3, 1], [5, 2]]])
