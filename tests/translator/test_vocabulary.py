"""Text to tokens and back, and the one line that a text gets which cannot be read."""

from __future__ import annotations

import unicodedata
from itertools import islice

import pytest

from transformer_core.studies.translator.grammar import training_sentences
from transformer_core.studies.translator.train import vocabulary_of_grammar
from transformer_core.text.vocabulary import END, PAD, START, SentenceError, Vocabulary, pieces, sentence

VOCABULARY = vocabulary_of_grammar()


def test_words_come_back_from_their_ids() -> None:
    for pair in islice(training_sentences(2), 300):
        reading = VOCABULARY.read(" ".join(pair.source))
        assert reading.words == pair.source
        assert reading.ids == tuple(VOCABULARY.source_ids(pair.source))
        assert VOCABULARY.target_words(VOCABULARY.target_ids(pair.target)) == pair.target


def test_case_and_the_final_stop_make_no_difference_to_the_model_but_labels_keep_the_case() -> None:
    typed = VOCABULARY.read("The car is red.")
    assert typed.labels == ("The", "car", "is", "red")
    assert typed.ids == VOCABULARY.read("the CAR is red").ids == VOCABULARY.read("  The car is red !").ids


def test_a_question_mark_is_a_word_of_its_own() -> None:
    assert VOCABULARY.read("Is the car red?").words == ("is", "the", "car", "red", "?")


def test_contractions_are_written_out() -> None:
    assert pieces("The car isn't red") == ("The", "car", "is", "not", "red")
    assert pieces("Doesn’t") == ("Does", "not")


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert pieces(unicodedata.normalize("NFD", "café")) == pieces("café") == ("café",)


def test_a_vocabulary_survives_its_file() -> None:
    assert Vocabulary.from_json(VOCABULARY.to_json()) == VOCABULARY


def test_padding_start_and_end_have_the_first_ids() -> None:
    assert (PAD, START, END) == (0, 1, 2)
    assert VOCABULARY.source[:3] == VOCABULARY.target[:3] == ("<pad>", "<start>", "<end>")


def test_a_translation_is_written_with_its_punctuation() -> None:
    assert sentence(("¿", "es", "rojo", "el", "coche", "?")) == "¿es rojo el coche?"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "The car is red"),
        ("   \n\t ", "The car is red"),
        (".", "The car is red"),
        ("the carr is red", "car"),
        ("the elephant is red", "elephant"),
        ("word " * 200, "200"),
        ("the car " * 100, "200"),
        ("🚗 is red", "🚗"),
        ("<pad> car", "<"),
        ('#read("x") $ ] \\ & <b>', "#"),
        ("السيارة حمراء", "السيارة"),
        ("the \u202ecar\u202c", "·"),
        ("a" * 5000, "aaa"),
        ("car\x00\x1b[31m", "·"),
    ],
)
def test_what_cannot_be_read_gets_one_clear_line(text, named) -> None:
    with pytest.raises(SentenceError) as caught:
        VOCABULARY.read(text)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 260
    assert line.isprintable()
    assert named in line


def test_a_typing_error_is_answered_with_the_near_word() -> None:
    with pytest.raises(SentenceError, match='"hosue": it knows house'):
        VOCABULARY.read("the hosue is red")
