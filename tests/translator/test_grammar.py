"""Promises of the grammar: sound Spanish, a clean split, and sentences that can be read back."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from transformer_core.studies.translator import roles
from transformer_core.studies.translator.grammar import (
    LONGEST,
    Sampler,
    all_pairs,
    draw,
    held_out_pairs,
    held_out_sentences,
    readings,
    training_sentences,
)
from transformer_core.studies.translator.grammar.lexicon import (
    adjectives,
    english_words,
    nouns,
    plural_in_spanish,
    spanish_words,
)

TRAINING = tuple(islice(training_sentences(0), 3000))
HELD_OUT = tuple(islice(held_out_sentences(1), 150))


def test_training_never_joins_a_held_out_pair() -> None:
    joined = Counter(pair for sentence in TRAINING for pair in sentence.pairs)
    assert not set(joined) & held_out_pairs()
    assert joined["car", "red"] == 0
    assert sum(n for (noun, _), n in joined.items() if noun == "car") > 10
    assert sum(n for (_, adjective), n in joined.items() if adjective == "red") > 10


def test_car_and_red_are_held_out_with_a_fifth_of_all_pairs() -> None:
    assert ("car", "red") in held_out_pairs()
    assert 0.18 <= len(held_out_pairs()) / len(all_pairs()) <= 0.2


def test_every_word_of_a_held_out_pair_is_trained_with_others() -> None:
    trained = set(all_pairs()) - held_out_pairs()
    assert {noun for noun, _ in held_out_pairs()} <= {noun for noun, _ in trained}
    assert {adjective for _, adjective in held_out_pairs()} <= {adjective for _, adjective in trained}


def test_every_held_out_sentence_joins_a_held_out_pair() -> None:
    assert all(sentence.pairs & held_out_pairs() for sentence in HELD_OUT)


def test_the_same_seed_draws_the_same_sentences() -> None:
    assert [draw(a) for a in [Sampler(5)] * 20] == [draw(b) for b in [Sampler(5)] * 20]
    assert draw(Sampler(5)) != draw(Sampler(6))


@pytest.mark.parametrize("sentences", [TRAINING[:120], HELD_OUT[:120]], ids=["training", "held out"])
def test_every_sentence_reads_back_with_the_same_translation_and_roles(sentences) -> None:
    for sentence in sentences:
        found = list(readings(sentence.source))
        assert found, sentence.source
        for reading in found:
            assert (reading.target, reading.alignment, reading.roles) == (
                sentence.target,
                sentence.alignment,
                sentence.roles,
            )


def test_alignment_and_roles_point_inside_the_sentence() -> None:
    for sentence in TRAINING:
        n = len(sentence.source)
        assert 1 <= n <= LONGEST
        assert len(sentence.alignment) == len(sentence.inserted) == len(sentence.target)
        assert all(sources and all(0 <= i < n for i in sources) for sources in sentence.alignment)
        assert all(0 <= i < n for links in sentence.roles.values() for link in links for i in link)
        assert set(sentence.roles) <= set(roles.ROLES)


def test_only_words_of_the_vocabularies_are_drawn() -> None:
    assert {word for sentence in TRAINING for word in sentence.source} <= english_words()
    assert {word for sentence in TRAINING for word in sentence.target} <= spanish_words()


def by_form() -> dict[str, tuple[bool, bool]]:
    """Gender and number of every Spanish noun form, written down again from the dictionary alone."""
    return {noun.in_spanish(plural): (noun.feminine, plural) for noun in nouns() for plural in (False, True)}


ARTICLES = {
    **dict.fromkeys(("el", "un", "este", "del", "al"), (False, False)),
    **dict.fromkeys(("la", "una", "esta"), (True, False)),
    **dict.fromkeys(("los", "unos", "estos"), (False, True)),
    **dict.fromkeys(("las", "unas", "estas"), (True, True)),
}


def test_articles_agree_with_the_noun_behind_them() -> None:
    known, checked = by_form(), 0
    for sentence in TRAINING:
        for article, noun in zip(sentence.target, sentence.target[1:], strict=False):
            if article in ARTICLES and noun in known:
                assert ARTICLES[article] == known[noun], sentence.target
                checked += 1
    assert checked > 2500


def test_adjectives_agree_with_their_noun() -> None:
    feminine_of = {a.spanish: a.spanish[:-1] + "a" if a.spanish.endswith("o") else a.spanish for a in adjectives()}
    spanish_of, known, checked = {a.english: a for a in adjectives()}, by_form(), 0
    for sentence in TRAINING:
        translated = {
            i: word for word, sources in zip(sentence.target, sentence.alignment, strict=True) for i in sources
        }
        links = [link for name, found in sentence.roles.items() if name.startswith("adj") for link in found]
        for query_token, answer in links:
            feminine, plural = known[translated[answer]]
            adjective = spanish_of[sentence.source[query_token]]
            form = feminine_of[adjective.spanish] if feminine else adjective.spanish
            assert translated[query_token] == (
                (plural_in_spanish(form), "jóvenes")[form == "joven"] if plural else form
            )
            checked += 1
    assert checked > 1000


def test_estar_goes_with_states_and_ser_with_qualities() -> None:
    states = {form for a in adjectives() if a.copula == "estar" for form in forms_of(a)}
    qualities = {form for a in adjectives() if a.copula == "ser" for form in forms_of(a)}
    for sentence in TRAINING:
        for verb, word in zip(sentence.target, sentence.target[1:], strict=False):
            if verb in ("está", "están", "estaba", "estaban"):
                assert word not in qualities
            if verb in ("es", "son", "era", "eran"):
                assert word not in states


def forms_of(adjective) -> set[str]:
    return {adjective.in_spanish(feminine, plural) for feminine in (False, True) for plural in (False, True)}


def test_spanish_contracts_its_words() -> None:
    for sentence in TRAINING:
        following = list(zip(sentence.target, sentence.target[1:], strict=False))
        assert ("de", "el") not in following
        assert ("a", "el") not in following
        assert not [pair for pair in following if pair[0] == "y" and pair[1].startswith("i")]


def test_no_adjective_is_said_of_what_it_makes_no_sense_of() -> None:
    assert ("bridge", "hungry") not in all_pairs()
    assert ("apple", "closed") not in all_pairs()
    assert ("car", "delicious") not in all_pairs()


def test_nothing_has_two_colours_or_is_open_and_closed() -> None:
    colours = {"red", "white", "black", "yellow", "green", "blue", "grey"}
    for sentence in TRAINING:
        for noun in {noun for noun, _ in sentence.pairs}:
            said = {adjective for name, adjective in sentence.pairs if name == noun}
            if sentence.source.count(noun) <= 1:
                assert len(said & colours) <= 1
                assert not {"open", "closed"} <= said


@pytest.mark.parametrize(
    ("text", "role", "pair"),
    [
        ("The car is red.", "adjective(inflected)->noun", (3, 1)),
        ("The car is green", "adjective(invariant)->noun", (3, 1)),
        ("the red car", "determiner->noun", (0, 2)),
        ("The bank is closed", "ambiguous noun->deciding word", (1, 3)),
        ("The bank is wide", "copula->adjective", (2, 3)),
        ("The girl buys the apple and eats it", "pronoun(it/them)->antecedent", (7, 4)),
        ("The animal did not cross the street because it was too tired", "adjective->referent", (11, 1)),
        ("The animal did not cross the street because it was too wide", "adjective->referent", (11, 6)),
    ],
)
def test_the_sentences_of_the_lecture_parse_with_their_roles(text, role, pair) -> None:
    assert pair in roles.parse(text)[role]


@pytest.mark.parametrize("text", ["car", "cars", "yes", "the red car", "Is the car red?", "Hello!"])
def test_short_texts_are_in_the_grammar(text) -> None:
    assert roles.in_grammar(text)


def test_a_natural_sentence_of_twelve_words_is_in_the_grammar() -> None:
    text = "The animal did not cross the street because it was too tired"
    assert len(text.split()) == 12
    assert roles.in_grammar(text)


@pytest.mark.parametrize(
    "text",
    ["the bank", "is the red car near the house ?", "red the car is", "the car the car", "the bridge is hungry", ""],
)
def test_other_texts_are_not(text) -> None:
    assert not roles.in_grammar(text)


def test_recognising_the_longest_sentences_is_quick() -> None:
    from time import perf_counter

    long = [sentence for sentence in TRAINING if len(sentence.source) >= 16][:30]
    start = perf_counter()
    assert all(next(readings(sentence.source), None) for sentence in long)
    assert perf_counter() - start < 6
