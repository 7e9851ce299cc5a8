"""The model that comes with the lecture does what its card says."""

from __future__ import annotations

from itertools import islice

import pytest

from transformer_core import roles
from transformer_core.default_model import DEFAULT, LECTURE, load_default, say
from transformer_core.evaluation import accuracy, alignment
from transformer_core.tasks import held_out_sentences
from transformer_core.trace import Trace

MODEL, VOCABULARY, CARD = load_default()
SENTENCES = tuple(islice(held_out_sentences(123), 600))


@pytest.mark.parametrize(("text", "spanish"), LECTURE.items())
def test_the_sentences_of_the_lecture_come_out_right(text, spanish) -> None:
    assert say(MODEL, VOCABULARY, text) == spanish


def test_case_and_final_stop_do_not_matter() -> None:
    assert say(MODEL, VOCABULARY, "THE CAR IS RED.") == LECTURE["The car is red"]


def test_car_and_red_never_met_in_training() -> None:
    table = Trace.load(DEFAULT)["training.pairs"]
    assert table.pick(noun="car", adjective="red") == 0
    assert table.pick(noun="car").values.sum() > 500
    assert table.pick(adjective="red").values.sum() > 500


def test_the_accuracy_of_the_card_is_reproduced_on_new_held_out_sentences() -> None:
    assert accuracy(MODEL, VOCABULARY, SENTENCES)["exact"] == pytest.approx(CARD["accuracy"]["exact"], abs=0.01)


def test_the_alignment_of_the_card_is_reproduced() -> None:
    assert alignment(MODEL, VOCABULARY, SENTENCES)["all"] == pytest.approx(CARD["alignment"]["all"], abs=0.01)


def test_the_roles_of_the_card_are_reproduced() -> None:
    table, _ = roles.score(MODEL, VOCABULARY, SENTENCES)
    for role in ("determiner->noun", "copula->adjective", "adjective(inflected)->noun"):
        best = CARD["roles"][role]
        assert table.pick(role=role, layer=best["layer"], head=best["head"]) == pytest.approx(best["score"], abs=0.03)


def test_saved_role_scores_are_those_of_the_card() -> None:
    saved = Trace.load(DEFAULT)["roles.score"]
    assert roles.best_heads(saved)["copula->adjective"]["score"] == pytest.approx(
        CARD["roles"]["copula->adjective"]["score"]
    )


def test_the_card_reaches_what_the_lecture_promises() -> None:
    assert CARD["accuracy"]["exact"] >= 0.995
    assert CARD["alignment"]["all"] >= 0.97
    for role in ("determiner->noun", "copula->adjective"):
        assert CARD["roles"][role]["score"] >= 0.99
    assert CARD["roles"]["adjective(invariant)->noun"]["score_of_inflected_head"] <= 0.05
