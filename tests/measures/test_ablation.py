import numpy as np
from small import traced

from transformer_core.studies.measures.ablation import roles_of

RUN, KINDS = "experiment.off", {"choice": ("determiner->noun", "everything else")}


def off():
    # One layer of two heads: without the second, half of the articles are wrong.
    score = [[[0.2, 0.95]], [[0.3, 0.91]], [[0.1, 0.0]]]
    return traced(
        {
            f"{RUN}.before": ("choice", [1.0, 0.9], KINDS),
            f"{RUN}.encoder": ("layer head choice", [[[1.0, 0.9], [0.5, 0.8]]], KINDS),
            "roles.score": ("role layer head", score, {"role": ("determiner->noun", "self", "next token")}),
        }
    )


def test_the_cost_of_a_head_is_what_its_absence_takes_from_each_kind_of_word():
    trace = off()
    assert np.allclose(trace[f"{RUN}.ablation_effect"].values, [[[0, 0.5]], [[0, 0.1]]])
    assert trace[f"{RUN}.ablation_accuracy"].pick(head=1, layer=0, role="determiner->noun").values.tolist() == [
        1.0,
        0.5,
    ]


def test_a_head_has_the_names_that_it_earned_and_most_have_none():
    trace = off()
    assert roles_of(trace, 0, 1) == ["determiner->noun", "self"]
    assert roles_of(trace, 0, 0) == []
    assert (trace["roles.heads_with_a_role"], trace["roles.heads_in_all"]) == (1, 2)
    assert roles_of(traced({}), 0, 0) == []


def test_a_score_of_exactly_the_threshold_earns_a_role_and_of_equals_the_first_is_named_first():
    names = tuple("abcdefghijklmnopqrst")
    score = np.full((20, 1, 1), 0.5)
    score[[3, 17, 18, 19]] = 0.9
    score[12] = 0.95
    trace = traced({"roles.score": ("role layer head", score, {"role": names})})
    assert roles_of(trace, 0, 0) == ["m", "d", "r", "s", "t"]
    low = traced({"roles.score": ("role layer head", [[[0.9]]], {"role": ("a",)})})
    assert (low["roles.heads_with_a_role"], low["roles.heads_in_all"]) == (1, 1)
