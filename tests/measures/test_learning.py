import numpy as np
from small import traced

from transformer_core.studies.measures.learning import candidates, first_right, stays, winner

RUN = "experiment.watched"


def test_candidates_are_the_likeliest_words_and_then_the_right_one():
    logits = traced({"logits": ("vocab", [0.5, 3.0, -1.0, 2.0, 2.5, 1.0, 0.0], {"vocab": tuple("abcdefg")})})["logits"]
    assert candidates(logits, "d") == (1, 4, 5, 0, 6, 3)
    assert candidates(logits, "c") == (1, 4, 3, 5, 0, 2)


def test_a_score_that_falls_again_has_not_come_to_stay():
    steps = np.array([1, 2, 3])
    assert [stays(np.array(scores), steps) for scores in ([0.95, 0.5, 0.9], [0.9, 0.95, 1], [1, 1, 0])] == [3, 1, -1]


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


def test_the_first_right_look_is_the_first_of_several_and_none_where_a_word_is_always_wrong():
    assert first_right(hits([1, 0], [1, 1], [0, 1], [1, 1]), RUN) == 1
    assert first_right(hits([1, 1], [1, 1]), RUN) == 0
    assert first_right(hits([1, 0], [0, 1]), RUN) is None
