"""Roles of heads in a training: which head ends up with which, and since when, by a table of a few numbers."""

import numpy as np
from small import traced

ROLES = ("adjective(inflected)->noun", "adjective(invariant)->noun", "determiner->noun")
#: checkpoint, role, and two heads of one layer.
SCORES = [
    [[0.95, 0.10], [0.2, 0.9], [0.1, 0.2]],
    [[0.20, 0.50], [0.3, 0.8], [0.2, 0.95]],
    [[0.93, 0.92], [0.1, 0.4], [0.3, 0.60]],
    [[0.10, 0.99], [0.6, 0.5], [0.4, 0.70]],
]


def training():
    labels = {"role": ROLES, "checkpoint": ("0", "10", "20", "30")}
    score = ("checkpoint role layer head", np.array(SCORES)[:, :, None], labels)
    return traced({"training.roles.score": score, "training.step": ("checkpoint", [0, 10, 20, 30])})


def test_a_role_is_followed_in_the_head_that_has_it_at_the_end():
    settled = training()["training.roles.score_of_final_head"]
    assert settled.axes == ("checkpoint", "role")
    assert settled.pick(role=ROLES[0]).values.tolist() == [0.1, 0.5, 0.92, 0.99]
    assert settled.pick(role=ROLES[2]).values.tolist() == [0.2, 0.95, 0.6, 0.7]


def test_invariant_adjectives_are_looked_at_by_the_head_of_the_inflected_ones():
    assert training()["training.roles.score_of_final_head"].pick(role=ROLES[1]).values.tolist() == [0.9, 0.8, 0.4, 0.5]


def test_a_role_is_there_since_its_score_never_falls_again():
    since = training()["training.roles.onset"]
    assert since.labels == {"role": ROLES}
    assert since.values.tolist() == [20, -1, -1]
