"""Questions on the chapters that a model of any kind has: true of it, or left out."""

from collections import Counter

import pytest
from scenes_of import read_once
from truth import wrong_in_text

from scenes.production.repertoire import repertoire
from scenes.publishing.cards import asked_by
from transformer_core.studies.results import examined
from transformer_core.tracing.provenance import parse, plain

TEXTS = {
    "bert": "the old ship sails home before the storm",
    "gpt2": "the cat sees the other cat",
    "llama": "the old ship sails home",
    "marian": "rain falls on the lighthouse",
    "torch": "the cat sleeps",
}
#: A chapter that they all have, and a question of it.
ATTENTION = {"qkv", "scores", "weighting", "heads"}


@pytest.fixture(scope="module", params=TEXTS)
def asked(request, folders):
    """The kind of a model, and name, question and trace of all that is asked of it."""
    trace = read_once(TEXTS[request.param], folders[request.param])
    return request.param, [
        (name, question, examined(entry.load().recorded) if entry.load().recorded else trace)
        for entry in repertoire()
        for name, question in asked_by(entry, trace)
    ]


def test_every_number_and_token_has_its_source(asked):
    _, found = asked
    wrong = [
        f"{name}: {fault}"
        for name, question, trace in found
        for text in (question.text, *(answer for answer, _ in question.choices), question.because)
        for fault in wrong_in_text(*parse(text), trace)
    ]
    assert wrong == []


def test_chapters_on_attention_ask_at_least_two_questions_that_have_one_right_answer(asked):
    _, found = asked
    counts = Counter(name.partition("-")[0] for name, question, _ in found if question.right is not None)
    assert {name for name in ATTENTION if counts[name] < 2} == set()


def test_a_decoder_notices_the_order_without_positions_and_the_answer_says_so(asked):
    """Its causal mask lets each token see other words when they change places; in an encoder no vector changes."""
    kind, found = asked
    order = [question for _, question, _ in found if plain(question.text).startswith("Without positions")]
    right = {plain(question.choices[question.right][0]) for question in order}
    expected = {"gpt2": {"The vectors of the words, too"}, "llama": set()}  # that one turns queries and keys instead
    assert right == expected.get(kind, {"Only the order of the vectors"})


def test_heads_that_share_keys_are_not_asked_what_if_two_matrices_change_places(asked):
    kind, found = asked
    assert (kind == "llama") == (
        not any("change places" in question.text for name, question, _ in found if name[:3] == "qkv")
    )
