"""The clip on one number: each step says and shows what the trace holds, and goes on where the step above ended."""

from __future__ import annotations

from functools import partial

import pytest
from truth import lies, wrong_in_step
from walking import findings, trace_of, walk

from scenes.mobjects.marks import misdrawn
from scenes.stage.explained import Asked, Explained, largest, path
from scenes.stage.matching import parts_of

TEXT = "The car is red"
ASKED = {
    "a weight": ("encoder.1.self_attn.weights", {"head": 1, "query": "red", "key": "car"}, 12),
    "a logit": ("logits", {"position": 1, "vocab": 25}, 5),
    "a unit": ("encoder.0.ffn.post", {"position": "is", "d_ff": 20}, 4),
    "a gate": ("lstm.encoder.i", {"position": 2, "d_state": 3}, 2),
    "a learned number": ("parameters.encoder.0.self_attn.w_q", {"head": 1, "d_model": 3, "d_head": 5}, 2),
}


def chapter(name, at, depth):
    return partial(Explained, asked=Asked(name, tuple(trace_of(TEXT).explain(name, **at).at.items()), depth))


@pytest.mark.parametrize("asked", ASKED)
def test_every_step_is_true_and_can_be_read(asked):
    found = findings(chapter(*ASKED[asked]), TEXT, "dark")
    assert (found.lies, found.claims, found.faults) == ([], [], [])
    assert all(len(record.narration.split()) <= 45 for record in found.records)


def test_it_goes_down_from_a_weight_to_the_ids_and_says_so_in_spanish():
    steps = []

    def look(picture):
        steps.append(picture.record)
        assert misdrawn(picture.stage, picture.trace) == []

    walk(chapter(*ASKED["a weight"]), TEXT, "light", look, "es")
    assert len(steps) >= 8
    assert [one.template for record in steps for one in record.heard if one.became is None] == []


def test_the_number_of_a_step_stands_among_the_inputs_of_the_step_above():
    entry = trace_of(TEXT).explain("encoder.1.self_attn.weights", head=1, query="red", key="car")
    entries = path(entry, 9)
    seen = []
    walk(
        chapter(*ASKED["a weight"]),
        TEXT,
        "dark",
        lambda picture: seen.append({key for m in picture.stage for key, _ in parts_of(m)}),
    )
    for keys, below in zip(seen, entries[1:9], strict=False):
        assert ("entry", below.name, below.index) in keys


def test_of_a_softmax_the_own_score_is_followed_and_of_a_sum_the_largest_term():
    entry = trace_of(TEXT).explain("encoder.1.self_attn.weights", head=1, query="red", key="The")
    assert largest(entry).labels["key"] == "The"
    product = trace_of(TEXT).explain("encoder.0.self_attn.scores", head=2, query="red", key="car")
    sizes = [abs(q.value * k.value) for q, k in product.terms]
    assert largest(product).at == product.terms[sizes.index(max(sizes))][0].at


def test_a_sentence_that_is_not_true_would_be_found():
    assert wrong_in_step("Score", ["It makes 7.5."], trace_of(TEXT)) != []
    assert lies([], trace_of(TEXT)) == []
