"""The model that comes with the lecture does what its card says."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice

import numpy as np
import pytest

from transformer_core.pretrained.model_registry import DEFAULT_MODEL
from transformer_core.studies.translator import roles
from transformer_core.studies.translator.evaluate import alignment, exact
from transformer_core.studies.translator.grammar import held_out_sentences
from transformer_core.studies.translator.train import (
    FOUR_CROSS_HEADS,
    LECTURE,
    POST_NORM,
    command,
    load_default,
    load_model,
    say,
)
from transformer_core.tracing.trace import Trace
from transformer_core.training.train import Recipe

MODEL, VOCABULARY, CARD = load_default()
SENTENCES = tuple(islice(held_out_sentences(123), 600))


@pytest.mark.parametrize(("text", "spanish"), LECTURE.items())
def test_the_sentences_of_the_lecture_come_out_right(text, spanish) -> None:
    assert say(MODEL, VOCABULARY, text) == spanish


def test_case_and_final_stop_do_not_matter() -> None:
    assert say(MODEL, VOCABULARY, "THE CAR IS RED.") == LECTURE["The car is red"]


def test_car_and_red_never_met_in_training() -> None:
    table = Trace.load(DEFAULT_MODEL.with_suffix(".npz"))["training.pairs"]
    assert table.pick(noun="car", adjective="red") == 0
    assert table.pick(noun="car").values.sum() > 500
    assert table.pick(adjective="red").values.sum() > 500


def test_the_accuracy_of_the_card_is_reproduced_on_new_held_out_sentences() -> None:
    assert np.mean(exact(MODEL, VOCABULARY, SENTENCES)) == pytest.approx(CARD["accuracy"]["exact"], abs=0.01)


def test_the_alignment_of_the_card_is_reproduced() -> None:
    assert alignment(MODEL, VOCABULARY, SENTENCES)["all"] == pytest.approx(CARD["alignment"]["all"], abs=0.01)


def test_the_roles_of_the_card_are_reproduced() -> None:
    table, _ = roles.score(MODEL, VOCABULARY, SENTENCES)
    for role in ("determiner->noun", "copula->adjective", "adjective(inflected)->noun"):
        best = CARD["roles"][role]
        assert table.pick(role=role, layer=best["layer"], head=best["head"]) == pytest.approx(best["score"], abs=0.03)


def test_saved_role_scores_are_those_of_the_card() -> None:
    saved = Trace.load(DEFAULT_MODEL.with_suffix(".npz"))["roles.score"]
    assert roles.best_heads(saved)["copula->adjective"]["score"] == pytest.approx(
        CARD["roles"]["copula->adjective"]["score"]
    )


def test_the_card_reaches_what_the_lecture_promises() -> None:
    by_length = CARD["accuracy"]["by_length"]
    assert CARD["accuracy"]["exact"] >= 0.997
    assert by_length["15"]["exact"] >= 0.95
    assert CARD["alignment"]["all"] >= 0.97
    assert CARD["alignment"]["without_inserted"] >= 0.985
    for role in ("determiner->noun", "copula->adjective", "pronoun(it/them)->antecedent"):
        assert CARD["roles"][role]["score"] >= 0.99
    assert CARD["roles"]["adjective(inflected)->noun"]["score"] >= 0.97
    assert CARD["roles"]["adjective(invariant)->noun"]["score_of_inflected_head"] <= 0.05


def test_four_cross_heads_translate_as_well_and_leave_the_encoder_less_to_do() -> None:
    model, vocabulary, card = load_model(FOUR_CROSS_HEADS)
    assert {text: say(model, vocabulary, text) for text in LECTURE} == LECTURE
    assert card["config"] == CARD["config"] | {"cross_heads": 4}
    assert card["roles"]["copula->adjective"]["score"] < CARD["roles"]["copula->adjective"]["score"]


def test_a_model_with_the_norm_behind_its_sums_translates_the_lecture_too() -> None:
    model, vocabulary, card = load_model(POST_NORM)
    assert {text: say(model, vocabulary, text) for text in LECTURE} == LECTURE
    expected = CARD["config"] | {"norm_order": "post", "final_norm": False}
    assert {name: card["config"][name] for name in expected} == expected
    assert card["accuracy"]["exact"] >= 0.99


def test_the_default_recipe_is_that_of_the_card() -> None:
    assert json.loads(json.dumps(asdict(Recipe()))) == CARD["recipe"]
    assert CARD["command"] == command(Recipe())
