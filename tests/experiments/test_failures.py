"""Failures of the model: what kind of mistake it is, and whether the noun in between is to blame."""

import numpy as np
import pytest

from transformer_core.studies.experiments import output
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.studies.translator.grammar import reading
from transformer_core.tracing.trace import Trace

ATTRACTED = reading("she is young while this woman who is with the cat is rich".split())
RECORDED = Trace({}).under("experiment.failures")


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("rica", "rico", 0),
        ("caminó", "caminaron", 0),
        ("es", "son", 0),
        ("bate", "murciélago", 1),
        ("es", "está", 1),
        ("parque", "pájaro", 2),
        ("", "mientras", 2),
        ("e", "y", 2),
    ],
)
def test_a_mistake_has_a_kind(right, wrong, kind):
    assert output.kind_of(right, wrong) == output.KINDS[kind]


def test_the_first_wrong_word_may_be_one_that_is_missing():
    assert output.first_wrong(("a", "b"), ("a", "c")) == 1
    assert output.first_wrong(("a", "b"), ("a",)) == 1
    assert output.mistake(ATTRACTED, ATTRACTED.target[:-1]) == ("rica", "")
    assert output.mistake(ATTRACTED, (*ATTRACTED.target, "y")) == ("", "y")


def test_the_noun_in_between_is_nearer_than_the_one_that_the_word_agrees_with():
    place = output.between(ATTRACTED, len(ATTRACTED.target) - 1)
    assert ATTRACTED.source[place] == "cat"
    assert output.between(reading("the red car is new".split()), 2) is None


def test_only_nouns_that_the_grammar_allows_take_its_place():
    others = output.swaps(ATTRACTED, ATTRACTED.source.index("cat"))
    assert {"cat", "dog", "queen"} <= {*others}
    assert "car" not in others
    assert all(pair.target[-1] == "rica" for _, pair in others.values())


def test_every_sentence_is_counted_at_its_length():
    found = output.failures(Bench(), sentences=60)
    assert found["tested"].values.sum() == 60
    assert (
        found["kinds"].values.sum()
        == found["failed"].values
        == 60 - round(float((found["exact"].values * found["tested"].values).sum()))
    )


def test_the_recorded_failure_is_one_and_differs_first_where_it_says():
    right, written = (RECORDED[f"close.{name}"].words("position") for name in ("right", "written"))
    at = int(RECORDED["close.places"].pick(choice="first wrong"))
    assert output.first_wrong(right, written) == at
    assert output.kind_of(right[at], written[at]) == output.KINDS[0]
    assert RECORDED["close.probs"].pick(choice="written") > RECORDED["close.probs"].pick(choice="right")


def test_the_noun_in_between_decides_the_form_in_the_recorded_failure():
    tally = RECORDED["swapped.tally"]
    assert tally.pick(kind="like it", choice="right") == 0
    assert tally.pick(kind="unlike it", choice="right") == tally.pick(kind="unlike it", choice="tried") > 0
    like, right = RECORDED["swapped.like"].values, RECORDED["swapped.right"].values
    assert np.array_equal(right, 1 - like)
