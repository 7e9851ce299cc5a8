import numpy as np
import pytest
import torch
from small import traced

from transformer_core.layers import ACTIVATIONS
from transformer_core.studies.measures.feed_forward import ACTIVATIONS as IN_NUMPY

STREAM, UNITS = "batch position d_model", "batch position d_ff"
PATH = "encoder.0.ffn"


def layer(activation="relu"):
    # Unit 0 reads the first entry, unit 1 its opposite. Both write to the first entry, unit 1 also to the second.
    rows = np.array([[[2.0, 0], [-1, 0], [3, 0]]])
    w1, b1, w2, b2 = np.array([[1.0, -1], [0, 0]]), np.array([0.5, 0]), np.array([[1.0, 0], [1, 1]]), np.array([0, 7.0])
    pre = rows @ w1 + b1
    post = np.maximum(pre, 0)
    weights = {"w1": ("d_model d_ff", w1), "b1": ("d_ff", b1), "w2": ("d_ff d_model", w2), "b2": ("d_model", b2)}
    return traced(
        {f"parameters.{PATH}.{name}": values for name, values in weights.items()}
        | {
            "encoder.0.ln2.out": (STREAM, rows),
            f"{PATH}.pre": (UNITS, pre),
            f"{PATH}.post": (UNITS, post),
            f"{PATH}.out": (STREAM, post @ w2 + b2),
        },
        {
            f"{PATH}.pre": ("encoder.0.ln2.out", f"parameters.{PATH}.w1", f"parameters.{PATH}.b1"),
            f"{PATH}.out": (f"{PATH}.post", f"parameters.{PATH}.w2", f"parameters.{PATH}.b2"),
        },
        config={"activation": activation},
    )


def test_a_unit_is_awake_above_zero():
    trace = layer()
    assert trace[f"{PATH}.post"].values.tolist() == [[[2.5, 0], [0, 1], [3.5, 0]]]
    assert trace[f"{PATH}.active_units"].values.tolist() == [[1, 1, 1]]


def test_a_row_alone_comes_out_as_among_its_neighbours():
    trace = layer()
    assert trace[f"{PATH}.per_position"].values.tolist() == trace[f"{PATH}.out"].values.tolist()
    assert trace[f"{PATH}.per_position_difference"].values.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_torch(name):
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)
    assert np.allclose(IN_NUMPY[name](x.numpy()), ACTIVATIONS[name](x).numpy())


def test_rows_of_one_sign_each_pass_even_a_bend():
    # The first entry is |x|: |2.5|, |-1.5|, |5| against 2 * 2 - 0.5 * 3, 2 * 1 - 0.5 * 1, 2 * 3 - 0.5 * 2.
    assert layer()[f"{PATH}.feed_forward_gap"] == 0


def test_one_failure_refutes_linearity():
    trace = layer()
    rows = trace.full("encoder.0.ln2.out").values
    rows[0, :, 0] = [1, 0, -8]
    # First entry: f(2 * 1 + 4) = 6 against 2 * 1 - 0.5 * 8 = -2. The largest of the other side is 2 * 8 in the second.
    assert trace[f"{PATH}.feed_forward_gap"] == pytest.approx(8 / 16)


def test_two_matrices_are_one_until_a_bias_is_added():
    trace = layer()
    assert trace[f"{PATH}.two_matrices_gap"] == 0
    # Constants c = (0.5, 7) become c on one side and 2 c - 0.5 c on the other: 3.5 apart. The largest entry of the
    # second is 1.5 * 7 - (-1.5), of the row that mixes -1 with itself.
    assert trace[f"{PATH}.biases_gap"] == pytest.approx(3.5 / 12)
