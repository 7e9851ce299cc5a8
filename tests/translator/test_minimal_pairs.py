"""The sentences that a lecture compares the viewer's own with."""

import pytest

from transformer_core.studies.sentence.minimal_pairs import facts
from transformer_core.studies.translator.grammar import reading
from transformer_core.studies.translator.grammar.lexicon import nouns


def genders(word):
    return {noun.feminine for noun in nouns() if word in noun.forms}


@pytest.mark.parametrize(
    "text", ["The car is red", "the red car", "a red car", "The cars are red", "The house is white"]
)
def test_the_other_noun_has_the_other_gender_and_bends_the_adjective(text):
    found = facts(text)["gender"]
    words, others = text.lower().split(), found["text"].lower().split()
    at, adjective = found["position"], found["adjective"]
    assert [here for here, (a, b) in enumerate(zip(words, others, strict=True)) if a != b] == [at]
    assert genders(words[at]) != genders(others[at])
    ours, theirs = reading(words), reading(others)
    forms = [
        next(word for word, of in zip(pair.target, pair.alignment, strict=True) if adjective in of)
        for pair in (ours, theirs)
    ]
    assert forms[0] != forms[1]


def test_a_sentence_without_an_adjective_that_bends_has_no_contrast():
    assert not {"swap", "gender"} & {*facts("The girl buys the apple")}


def test_the_grammars_own_translation_says_what_every_word_translates():
    gold = facts("the red car")["gold"]
    assert gold == {"words": ["el", "coche", "rojo"], "alignment": [[0], [2], [1]], "inserted": [False] * 3}


def test_outside_the_grammar_no_contrast_is_made_of_the_sentence():
    found = facts("is red car the")
    assert not found["in_grammar"]
    assert not {"swap", "gender", "phrase", "gold"} & {*found}
