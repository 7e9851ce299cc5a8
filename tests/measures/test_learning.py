import numpy as np
from small import traced

from transformer_core.studies.measures.learning import last_mistake, lows, stays, steepest, winner

RUN = "experiment.watched"
VOCAB = ("<pad>", "<start>", "<end>", "a", "b")


def watched():
    # Reads "<start> a", has to write "a <end>"; three looks.
    probs = [
        [[0, 0, 0.5, 0.25, 0.25], [0, 0, 0.25, 0.5, 0.25]],
        [[0, 0, 0.2, 0.6, 0.2], [0, 0, 0.25, 0.5, 0.25]],
        [[0, 0, 0.1, 0.8, 0.1], [0, 0, 0.5, 0.25, 0.25]],
    ]
    words = {"position": ("<start>", "a"), "vocab": VOCAB}
    roles = ("determiner->noun", "self")
    score = [[[[0.0, 0.1]], [[0.5, 0]]], [[[0.0, 0.95]], [[0.6, 0]]], [[[0.0, 1.0]], [[0.7, 0]]]]
    return traced(
        {
            f"{RUN}.probs": ("checkpoint batch position vocab", np.array(probs)[:, None], words),
            f"{RUN}.step": ("checkpoint", [10, 20, 100]),
            f"{RUN}.alignment": ("checkpoint", [0.1, 0.2, 0.95]),
            f"{RUN}.exact": ("checkpoint", [0.0, 0.0, 0.5]),
            f"{RUN}.roles.score": ("checkpoint role layer head", score, {"role": roles}),
            f"{RUN}.roles.queries": ("checkpoint role", [[200, 200]] * 3),
        }
    )


def test_the_loss_of_a_word_is_minus_the_logarithm_of_its_probability():
    trace = watched()
    assert trace[f"{RUN}.checkpoint_true_probs"].values.tolist() == [[0.25, 0.25], [0.6, 0.25], [0.8, 0.5]]
    assert np.allclose(trace[f"{RUN}.checkpoint_losses"].values, -np.log([[0.25, 0.25], [0.6, 0.25], [0.8, 0.5]]))


def test_looks_with_fewer_mistakes_than_ever_are_told_and_the_last_mistake_is_found():
    trace = watched()
    assert trace[f"{RUN}.checkpoint_hits"].values.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert lows(trace, RUN) == [0, 1, 2]
    assert last_mistake(trace, RUN) == (1, 1)


def test_lines_stand_in_the_order_in_which_they_are_learned():
    trace = watched()
    assert trace[f"{RUN}.learned"].labels["line"] == ("determiner->noun", "alignment", "whole sentences")
    assert trace[f"{RUN}.learned_onset"].values.tolist() == [20, 100, -1]
    assert trace[f"{RUN}.lines"] == 3
    assert winner(trace, RUN, "determiner->noun") == (0, 1)


def test_a_stride_is_the_largest_part_of_a_rise_within_a_doubling_of_the_steps():
    # From step 10 to 20 the role rises by .85 of .9, alignment by .1 of .85; from 20 to 100 is more than a doubling.
    assert np.allclose(watched()[f"{RUN}.largest_rise_in_doubling"].values, [0.85 / 0.9, 0.1 / 0.85, 0])
    assert watched()[f"{RUN}.abrupt_lines"] == 1


def test_a_score_that_falls_again_has_not_come_to_stay():
    steps = np.array([1, 2, 3])
    assert [stays(np.array(scores), steps) for scores in ([0.95, 0.5, 0.9], [0.9, 0.95, 1], [1, 1, 0])] == [3, 1, -1]


def test_the_steepest_row_is_the_one_with_the_largest_push():
    path, pairs, rows = "encoder.0.self_attn", "batch head query key", "batch head query d_head"
    trace = traced(
        {
            f"{path}.weights": (pairs, [[[[0.5, 0.5], [0.5, 0.5]]]]),
            f"{path}.v": ("batch head key d_head", [[[[2.0], [0.0]]]]),
            f"{path}.z": (rows, [[[[1.0], [1.0]]]]),
            f"gradients.{path}.z": (rows, [[[[1.0], [-3.0]]]]),
            f"gradients.{path}.scaled": (pairs, [[[[0.5, -0.5], [-1.5, 1.5]]]]),
        }
    )
    assert steepest(trace) == (0, 0, 1)
    assert steepest(traced({})) is None


def trained(score, asked, alignment=(0, 0, 1), steps=(0, 10, 20)):
    return traced(
        {
            f"{RUN}.step": ("checkpoint", steps),
            f"{RUN}.alignment": ("checkpoint", alignment),
            f"{RUN}.exact": ("checkpoint", [0, 0, 0]),
            f"{RUN}.roles.score": ("checkpoint role layer head", score, {"role": ("a", "b")}),
            f"{RUN}.roles.queries": ("checkpoint role", asked),
        }
    )


def test_a_role_is_learned_that_is_earned_in_the_end_in_a_hundred_cases_whatever_was_before():
    score = [[[[0.0]], [[1.0]]], [[[0.5]], [[1.0]]], [[[0.9]], [[0.8]]]]
    found = trained(score, [[0, 500], [0, 500], [100, 500]])[f"{RUN}.learned"]
    assert found.labels["line"] == ("alignment", "a", "whole sentences")
    fewer = trained(score, [[500, 500], [500, 500], [99, 500]])[f"{RUN}.learned"]
    assert fewer.labels["line"] == ("alignment", "whole sentences")


def test_what_was_there_from_the_first_step_on_stands_first():
    found = trained([[[[1.0]], [[0.0]]]] * 3, [[200, 200]] * 3)
    assert found[f"{RUN}.learned"].labels["line"] == ("a", "alignment", "whole sentences")
    assert found[f"{RUN}.learned_onset"].values.tolist() == [0, 20, -1]


def test_half_of_a_rise_within_a_doubling_is_no_stride():
    found = trained([[[[0.0]], [[0.0]]]] * 3, [[0, 0]] * 3, alignment=(0, 0.5, 1), steps=(10, 20, 50))
    assert found[f"{RUN}.largest_rise_in_doubling"].values.tolist() == [0.5, 0]
    assert found[f"{RUN}.abrupt_lines"] == 0


def test_the_winner_is_the_head_that_is_best_at_the_last_look():
    heads = np.array([[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9]])
    labels = {"role": ("self",)}
    trace = traced({f"{RUN}.roles.score": ("checkpoint role layer head", heads[:, None, None], labels)})
    assert winner(trace, RUN, "self") == (0, 2)


def hits(*looks):
    return traced({f"{RUN}.checkpoint_hits": ("checkpoint position", looks)})


def test_a_look_is_a_low_only_if_fewer_words_are_wrong_than_ever_and_the_last_one_is_told_anyway():
    assert lows(hits([0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1], [1, 1, 0]), RUN) == [0, 1, 4, 5]
    assert lows(hits([0, 0], [1, 1]), RUN) == [0, 1]


def test_the_last_mistake_is_the_first_wrong_word_of_the_last_look_with_one():
    assert last_mistake(hits([0, 1], [0, 1], [1, 0], [1, 1]), RUN) == (2, 1)
    assert last_mistake(hits([1, 1], [1, 1]), RUN) is None


def test_a_small_push_is_a_push_and_of_equal_ones_the_first_layer_is_steepest():
    pairs, rows = "batch head query key", "batch head query d_head"
    tensors = {}
    for layer in range(2):
        path = f"encoder.{layer}.self_attn"
        tensors |= {
            f"{path}.weights": (pairs, [[[[0.5, 0.5]]]]),
            f"{path}.v": ("batch head key d_head", [[[[2.0], [0.0]]]]),
            f"{path}.z": (rows, [[[[1.0]]]]),
            f"gradients.{path}.z": (rows, [[[[0.25]]]]),
            f"gradients.{path}.scaled": (pairs, [[[[0.125, -0.125]]]]),
        }
    assert steepest(traced(tensors)) == (0, 0, 0)
