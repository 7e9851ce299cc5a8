import numpy as np
from small import traced

ROW = "batch position d_model"


def test_two_senses_that_go_one_way_lie_on_one_line_however_far_they_start_apart():
    trace = traced(
        {
            "encoder.0.resid_pre": (ROW, np.zeros((1, 2, 2))),
            "encoder.0.resid_post": (ROW, np.zeros((1, 2, 2))),
            "other.one_sense.encoder.0.resid_pre": (ROW, [[[9, 9], [1, 1]]]),
            "other.one_sense.encoder.0.resid_post": (ROW, [[[9, 9], [4, 5]]]),
            "other.other_sense.encoder.0.resid_pre": (ROW, [[[1, 2], [9, 9]]]),
            "other.other_sense.encoder.0.resid_post": (ROW, [[[7, 10], [9, 9]]]),
        },
        one_sense={"noun": 1},
        other_sense={"noun": 0},
    )
    assert np.allclose(trace["encoder.senses_path"].values, [[[0, 0], [5, 0]], [[0, 0], [10, 0]]])
    assert trace["encoder.senses_start"] == 1


def test_a_cosine_that_rounding_puts_beyond_one_is_a_turn_of_nothing_or_of_half_a_circle():
    trace = traced({"encoder.cosine_first_last": ("batch position", [[1 + 1e-15, -1 - 1e-15]])})
    assert trace["encoder.angle_first_last"].values.tolist() == [[0, 180]]
