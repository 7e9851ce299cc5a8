import numpy as np
from small import traced

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
