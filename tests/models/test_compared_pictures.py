"""`lecture compare` for pairs of every kind: what is shown is true, can be read, and has its Spanish."""

import pytest
from compared_pairs import PAIRS, found_in, pair_of

MOST_WORDS = 45
EVERY = pytest.mark.parametrize("name", PAIRS)
#: Pairs whose rows stand for the same tokens, and what the chapter says of them beside who they are.
COMPARED = [name for name in PAIRS if "cut words differently" not in name and name != "a decoder and an encoder"]


@pytest.fixture(scope="module")
def pair(folders, tmp_path_factory):
    home = tmp_path_factory.mktemp("pairs")
    return lambda name: pair_of(name, folders, home)


@EVERY
def test_every_number_token_and_text_is_true_and_can_be_read(pair, name):
    found = found_in(pair(name), "dark", "en")
    assert found.wrong == []
    assert max(found.words) <= MOST_WORDS


@EVERY
def test_the_same_holds_in_spanish_on_light_paper_and_nothing_is_left_in_english(pair, name):
    found = found_in(pair(name), "light", "es")
    assert found.wrong == []
    assert max(found.words) <= MOST_WORDS
    assert found.untold == set()


@pytest.mark.parametrize("name", COMPARED)
def test_what_can_be_compared_is_shown_in_eight_steps(pair, name):
    found = found_in(pair(name), "dark", "en")
    assert len(found.titles) == 8
    assert "B − A" in found.texts


@pytest.mark.parametrize("name", ["the same", "the same, in a sentence", "an encoder and itself"])
def test_two_that_are_the_same_are_said_to_be_so(pair, name):
    said = " ".join(found_in(pair(name), "dark", "en").said)
    assert "are the same to the last bit" in said
    assert "The first tensor that differs" not in said
    assert "farthest apart" not in said


def test_fresh_weights_are_shown_with_their_seed(pair):
    found = found_in(pair("trained and untrained"), "dark", "en")
    assert "untrained, seed 1" in found.texts
    assert "A: english-spanish · B: english-spanish, untrained, seed 1" in found.texts
    assert "fresh weights, seed 1" in found.said[0]


def test_a_change_is_shown_as_it_was_asked_for(pair):
    found = found_in(pair("before and after an ablation"), "dark", "en")
    assert "encoder.1.self_attn.weights[head=2]=0" in found.texts
    assert "The first tensor that differs is encoder.1.self_attn.weights." in found.said[-1]
    assert "Layer 2, head 3 of A, and the same head of B." in found.said[3]
    both = found_in(pair("a change in both, one of them untrained"), "dark", "en")
    assert "seed 1, and with a change inside." in both.said[0]
    assert "and more changes" in both.texts


def test_where_widths_differ_the_picture_says_why_nothing_is_subtracted(pair):
    found = found_in(pair("two encoders of other widths and depths"), "dark", "en")
    assert "no difference: 48 entries against 32" in found.texts
    assert "Widths differ." in " ".join(found.said)


def test_where_tokens_differ_no_row_is_subtracted(pair):
    found = found_in(pair("two that cut words differently"), "dark", "en")
    assert "They cut the sentence differently" in found.said[1]
    assert "B − A" not in found.texts
    assert found.titles == ["Who stands side by side", "What each of them reads", "What it comes to"]


def test_heads_of_two_trainings_are_not_held_against_each_other_by_number(pair):
    said = " ".join(found_in(pair("two checkpoints, pre-norm and post-norm"), "dark", "en").said)
    assert "the head of B most like it" in said


def test_a_translation_that_was_given_is_not_said_to_be_written(pair):
    said = found_in(pair("untrained and trained, a given translation"), "dark", "en").said
    assert said[-1].startswith("Both were given the same translation.")


def test_of_a_long_sentence_it_is_said_how_much_is_in_sight(pair):
    found = found_in(pair("an encoder, trained and not, a long sentence"), "dark", "en")
    assert [text for text in found.texts if text.endswith("10 of 21 tokens in sight")]
    assert "Farthest apart in sight:" in found.said[3]
