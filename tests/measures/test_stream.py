import numpy as np
import pytest
from small import traced

STREAM = "batch position d_model"
WORDS = {"position": ("red", "car")}


def stream(last):
    rows = {
        "encoder.0.resid_pre": [[[3, 4], [0, 1]]],
        "encoder.0.self_attn.out": [[[0, 2], [1, 0]]],
        "encoder.0.ffn.out": [[[1, 0], [0, 0]]],
        "encoder.0.resid_post": last,
    }
    return {name: (STREAM, values, WORDS) for name, values in rows.items()}


def test_the_input_and_all_additions_make_the_last_row():
    trace = traced(stream([[[4, 6], [1, 1]]]))
    lengths = trace["encoder.contribution_norms"]
    assert lengths.labels["sublayer"] == ("input", "attention 1", "feed-forward 1")
    assert lengths.pick(batch=0, position="red").values.tolist() == [5, 2, 1]


def test_the_cosine_compares_what_enters_with_what_leaves():
    cosine = traced(stream([[[4, 3], [1, 0]]]))["encoder.cosine_first_last"].pick(batch=0)
    assert cosine.pick(position="red") == pytest.approx(24 / 25)
    assert cosine.pick(position="car") == 0


def test_a_row_that_leaves_at_a_right_angle_was_turned_by_ninety_degrees():
    turned = traced(stream([[[-6, -8], [1, 0]]]))["encoder.angle_first_last"].pick(batch=0)
    assert turned.values.tolist() == pytest.approx([180, 90])


def plane(width=2):
    return {
        "experiment.stream_plane.mean": ("d_model", np.ones(width)),
        "experiment.stream_plane.axes": ("component d_model", np.eye(width)[::-1][:2]),
        "experiment.stream_plane.mean_distance": ("layer", [4.0], {"layer": ("encoder.0.resid_post",)}),
    }


def test_how_far_apart_two_sentences_take_a_word_is_told_in_mean_distances():
    other = {f"other.swap.{name}": tensor for name, tensor in stream([[[4, 6], [1, 3]]]).items()}
    trace = traced(stream([[[4, 6], [1, 1]]]) | other | plane())
    assert trace["other.swap.encoder.0.resid_post.apart"].values.tolist() == [[0, 0.5]]


def test_sentences_of_two_lengths_are_compared_as_far_as_both_go_with_or_without_words():
    longer, shorter = (np.array([rows]) for rows in ([[4.0, 6], [1, 1], [0, 9]], [[4.0, 9]]))
    for ours, theirs in ((longer, shorter), (shorter, longer)):
        name = "encoder.0.resid_post"
        trace = traced({name: (STREAM, ours), f"other.swap.{name}": (STREAM, theirs)} | plane())
        found = trace[f"other.swap.{name}.apart"]
        assert found.values.tolist() == [[0.75]]
        assert not found.labels


def test_a_cosine_that_rounding_puts_beyond_one_is_a_turn_of_nothing_or_of_half_a_circle():
    trace = traced({"encoder.cosine_first_last": ("batch position", [[1 + 1e-15, -1 - 1e-15]])})
    assert trace["encoder.angle_first_last"].values.tolist() == [[0, 180]]


def test_a_norm_shifts_then_divides_then_gains():
    trace = traced(
        {
            "encoder.0.resid_pre": (STREAM, [[[1, 3]]]),
            "encoder.0.ln1.mean": ("batch position", [[2]]),
            "encoder.0.ln1.normalized": (STREAM, [[[-1, 1]]]),
            "encoder.0.ln1.out": (STREAM, [[[-2, 5]]]),
            "parameters.encoder.0.ln1.gain": ("d_model", [2, 4]),
        },
        {
            "encoder.0.ln1.mean": ("encoder.0.resid_pre",),
            "encoder.0.ln1.out": ("encoder.0.ln1.normalized", "parameters.encoder.0.ln1.gain"),
        },
    )
    norm = trace.under("encoder.0.ln1", batch=0, position=0)
    assert norm["centred"].values.tolist() == [-1, 1]
    assert norm["scaled_by_gain"].values.tolist() == [-2, 4]
    assert norm["var_after"] == 1
