"""A head plays a role where its score over many sentences has earned it, and where this sentence shows it."""

import numpy as np
import pytest
from small import traced

from transformer_core.studies.focus import EARNED, best_head, focus_of

WORDS = ("the", "car", "is", "red")
ROLES = ("adjective->noun", "determiner->noun")
PAIRS = "batch head query key"


def shares(*looks):
    """Weights in which each (head, query, key) of `looks` gets 0.7 of a row, and the others share the rest."""
    found = np.full((1, 2, 4, 4), 0.1)
    for head, query_token, answer in looks:
        found[0, head, query_token, answer] = 0.7
    return found


def sentence(scores, weights=None, pairs=None):
    """Two layers of two heads; `scores` are those of the first role, those of the second all 0.95."""
    labels = {"query": WORDS, "key": WORDS}
    first, second = weights or (shares((0, 1, 0)), shares((1, 3, 1)))
    table = np.stack([np.asarray(scores, float), np.full((2, 2), 0.95)])
    tensors = {
        "roles.score": ("role layer head", table, {"role": ROLES}),
        "encoder.0.self_attn.weights": (PAIRS, first, labels),
        "encoder.1.self_attn.weights": (PAIRS, second, labels),
        "encoder.0.self_attn.q": ("batch head query d_head", np.zeros((1, 2, 4, 1))),
        "encoder.1.self_attn.q": ("batch head query d_head", np.zeros((1, 2, 4, 1))),
    }
    return traced(tensors, roles={ROLES[0]: [[3, 1]]} if pairs is None else pairs)


def test_the_head_with_the_best_score_is_followed_where_its_asker_looks_at_the_answer():
    focus = focus_of(sentence([[0.2, 0.91], [0.93, 0.96]]), ROLES)
    assert (focus.layer, focus.head, focus.role) == (1, 1, ROLES[0])
    assert (focus.query_token, focus.top_key) == ("red", "car")
    assert (focus.query_token.axis, focus.query_token.position, focus.top_key.axis, focus.top_key.position) == (
        "query",
        3,
        "key",
        1,
    )
    assert (float(focus.score), focus.score.name, focus.score.index) == (0.96, "roles.score", (0, 1, 1))
    assert focus.path == "encoder.1.self_attn"


@pytest.mark.parametrize(
    "trace",
    [
        sentence(np.full((2, 2), EARNED - 0.01)),
        sentence(np.full((2, 2), 0.96), (shares((1, 1, 0)), shares((1, 3, 2)))),
        sentence(np.full((2, 2), 0.96), pairs={}),
        sentence(np.full((2, 2), 0.96), pairs={"some other role": [[3, 1]]}),
    ],
    ids=["no head has earned it", "the asker looks elsewhere", "no pair in this sentence", "another role"],
)
def test_without_a_role_the_largest_share_is_followed_and_no_role_is_named(trace):
    focus = focus_of(trace, ROLES)
    assert focus.role == ""
    assert focus.score is None
    assert (
        trace[f"{focus.path}.weights"].pick(batch=0, head=focus.head, query=focus.query_token, key=focus.top_key) == 0.7
    )


def test_a_role_that_is_liked_better_goes_before_one_with_a_larger_share():
    weights = (np.maximum(shares((0, 3, 1)) - 0.1, 0), shares((1, 3, 1)))
    first = sentence([[0.97, 0], [0, 0]], weights, {ROLES[0]: [[3, 1]], ROLES[1]: [[3, 1]]})
    assert focus_of(first, ROLES).role == ROLES[0]
    assert focus_of(first, ROLES[::-1]).role == ROLES[1]


def test_of_several_pairs_of_a_role_the_one_with_the_largest_share_is_followed():
    second = shares((1, 3, 1))
    second[0, 1, 0, 1] = 0.8
    focus = focus_of(sentence([[0, 0], [0, 0.97]], (shares(), second), {ROLES[0]: [[3, 1], [0, 1]]}), ROLES)
    assert (focus.query_token, focus.top_key) == ("the", "car")


def test_a_role_without_a_score_has_no_head():
    trace = sentence(np.full((2, 2), 0.96))
    assert best_head(trace, "no such role") is None
    del trace.tensors["roles.score"]
    assert best_head(trace, ROLES[0]) is None
    assert best_head(sentence([[0.2, 0.91], [0.93, 0.96]]), ROLES[0])[:2] == (1, 1)
