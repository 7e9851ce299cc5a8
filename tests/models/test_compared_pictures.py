"""`lecture compare` for pairs of every kind: what is shown is true, can be read, and has its Spanish."""

import numpy as np
import pytest
from compared_pairs import PAIRS, found_in, pair_of

from scenes.chapters.compared.differences import NextWords
from scenes.chapters.compared.readings import TwoReadings, matches
from scenes.mobjects.tokens import Token

MOST_WORDS = 70
#: One pair of each kind: before and after, translators, encoders, decoders.
SPANISH = ("one change and several", "two checkpoints, pre-norm and post-norm", "two that cut words differently",
           "two encoders of other widths and depths", "two decoders", "the same, in a sentence")  # fmt: skip
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


@pytest.mark.parametrize("name", SPANISH)
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
    assert found.titles == ["Who stands side by side", "What each of them reads", "How far apart are they?"]


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


def test_the_picture_names_the_head_the_token_and_the_tensor_that_differ_most(pair):
    found = found_in(pair("before and after an ablation"), "dark", "en")
    assert found.texts.count("encoder layer 2, head 3") == 2
    assert "the farthest head of A: encoder layer 2, head 3" in found.texts
    assert [text for text in found.texts if text.startswith("the farthest token: ")]
    assert "encoder.1.self_attn.weights" in found.texts


def test_the_film_begins_with_the_question_of_its_pair(pair):
    asked = {
        "trained and untrained": "What did training change?",
        "before and after an ablation": "What does the edit change?",
        "two encoders of other widths and depths": "How far apart are these two?",
    }
    for name, question in asked.items():
        assert found_in(pair(name), "dark", "en").said[0].startswith(question)


def test_tokens_of_one_alone_are_framed_and_the_others_joined(pair):
    trace = pair("two that cut words differently")
    words = [trace[f"{letter}.read"].words("position") for letter in "ab"]
    same = matches(*words)
    assert [words[0][i] for i, _ in same] == [words[1][j] for _, j in same] != []
    picture = TwoReadings(trace)
    chips = [[chip for chip in line if isinstance(chip, Token)] for line in picture.tokens]
    joined = [one for one in same if all(place < len(line) for place, line in zip(one, chips, strict=True))]
    assert len(picture.joins) == len(joined)
    alone = [set(range(len(line))) - {one[side] for one in same} for side, line in enumerate(chips)]
    assert len(picture.marks) == sum(map(len, alone)) > 0
    alike = TwoReadings(pair("trained and untrained"))
    assert (len(alike.joins), len(alike.marks)) == (4, 0)


def test_of_the_next_words_those_are_shown_that_either_gives_a_share_to():
    first, second = np.full(20, 0.001), np.full(20, 0.001)
    first[[3, 5]] = 0.6, 0.02
    second[[9, 5]] = 0.3, 0.005
    assert NextWords.chosen(first, second) == [3, 9, 5]
    assert len(NextWords.chosen(np.full(20, 0.05), np.full(20, 0.05))) == NextWords.MOST
    second[:] = 0.0
    second[19] = 0.004
    assert NextWords.chosen(np.linspace(0.02, 0.1, 20)[::-1], second)[-1] == 19
