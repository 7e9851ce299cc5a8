import numpy as np
import pytest
from small import traced

from transformer_core.studies.measures.sheets import MIXES, POINTS

PATH = "encoder.0.ffn"


def block(rows=((1.0, 0), (0, -1)), weights=((0.2, 0.8), (0.4, 0.6))):
    """Two rows, (1, 0) and (0, -1), of which the first looks at the second; ReLU between two unit matrices."""
    rows, weights = np.array([rows]), np.array([[weights]])
    words = dict.fromkeys(("position", "query", "key"), ("a", "b")[: rows.shape[1]])
    w1, b1, w2, b2 = np.eye(2), np.array([0.0, 2]), np.array([[1.0, 0], [0, 3]]), np.array([5.0, 0])
    pre = rows @ w1 + b1
    parameters = {"w1": ("d_model d_ff", w1), "b1": ("d_ff", b1), "w2": ("d_ff d_model", w2), "b2": ("d_model", b2)}
    return traced(
        {f"parameters.{PATH}.{name}": values for name, values in parameters.items()}
        | {
            "encoder.0.self_attn.q": ("batch head query d_head", rows[:, None]),
            "encoder.0.self_attn.weights": ("batch head query key", weights, words),
            "encoder.0.ln2.out": ("batch position d_model", rows, words),
            "encoder.0.resid_post": ("batch position d_model", rows + 1, words),
            f"{PATH}.pre": ("batch position d_ff", pre, words),
            f"{PATH}.out": ("batch position d_model", np.maximum(pre, 0) @ w2 + b2, words),
        },
        {
            f"{PATH}.pre": ("encoder.0.ln2.out", f"parameters.{PATH}.w1", f"parameters.{PATH}.b1"),
            f"{PATH}.out": (f"{PATH}.pre", f"parameters.{PATH}.w2", f"parameters.{PATH}.b2"),
        },
        config={"activation": "relu"},
    )


def test_two_matrices_leave_a_sheet_straight_and_even():
    trace = block()
    sheet = trace[f"{PATH}.two_matrices_sheet"].values
    # f(x) = (1, 0), f(y) = (0, -3): across f(x) on the side of f(y), the second entry turns its sign.
    assert np.allclose(sheet[..., 0], MIXES[:, None])
    assert np.allclose(sheet[..., 1], 3 * MIXES[None, :])
    assert trace[f"{PATH}.two_matrices_apart"] == 0


def test_a_bend_folds_the_sheet_and_parts_the_sides():
    trace = block()
    points = trace[f"{PATH}.two_matrices_points"]
    assert points.labels["choice"] == POINTS
    assert np.allclose(points.pick(choice="zero").values, 0)
    # Without biases ReLU kills y = (0, -1), so the test of b = -0.5 sees (2, 0.5) -> (2, 1.5) against 2 f(x) = (2, 0).
    assert trace[f"{PATH}.feed_forward_apart"] == pytest.approx(1.5 / 2)


def test_frozen_shares_pass_and_shares_that_follow_do_not():
    rows = np.array([[[1.0, 0], [0, 1]]])
    words = {"query": ("a", "b"), "key": ("a", "b")}
    one = np.eye(2)[None]
    scores = np.einsum("bid,bjd->bij", rows, rows)[:, None]
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    path = "encoder.0.self_attn"
    trace = traced(
        {f"parameters.{path}.w_{letter}": ("head d_model d_head", one) for letter in "qkvo"}
        | {
            f"{path}.q": ("batch head query d_head", rows[:, None]),
            f"{path}.scores": ("batch head query key", scores),
            f"{path}.scaled": ("batch head query key", scores),
            f"{path}.masked": ("batch head query key", scores),
            f"{path}.weights": ("batch head query key", weights, words),
            "encoder.0.ln1.out": ("batch position d_model", rows),
            "encoder.0.resid_post": ("batch position d_model", rows + 1),
        },
        {f"{path}.{letter}": ("encoder.0.ln1.out", f"parameters.{path}.w_{letter}") for letter in "qkv"},
        config={},
    )
    assert trace[f"{path}.fixed_weights_apart"] < 1e-12
    assert trace[f"{path}.attention_apart"] > 0.1
    share = 1 / (1 + np.exp(-1))
    # f(x) = (share, 1 - share): along itself it has its own length.
    assert trace[f"{path}.fixed_weights_points"].pick(choice="x").values[0] == pytest.approx(np.hypot(share, 1 - share))


def test_a_token_that_is_alone_meets_its_own_row_behind_the_block():
    trace = block(((1.0, 0),), ((1.0,),))
    # Behind the block it is (2, 1): twice along (1, 0), and once across.
    assert np.allclose(trace[f"{PATH}.entering_points"].pick(choice="y").values, [2, 1])


def test_a_word_is_of_the_kinds_that_hold_it():
    post = np.array([[[0.5, 0.0], [2.0, 1.0]]])
    trace = traced({f"{PATH}.post": ("batch position d_ff", post, {"position": ("The", "car")})})
    kinds = trace[f"{PATH}.of_kind"]
    assert kinds.pick(position=0, kind="articles") == 1
    assert kinds.pick(position=1, kind="articles") == 0
    assert kinds.pick(position=1, kind="nouns") == 1
