"""Pieces of words, shown so that they can be read, and where they were cut from the sentence."""

import numpy as np
import pytest

from scenes.stage.reading import read
from transformer_core.text.subwords import Subwords, spelled, visible
from transformer_core.text.vocabulary import SentenceError


def labels(folder, text):
    return Subwords(folder, 40).read(text).labels


def test_a_piece_that_goes_on_begins_with_a_dot_in_every_kind(folders):
    for kind in ("bert", "gpt2", "marian"):
        pieces = labels(folders[kind], "the stormship sails")
        text = " ".join(piece for piece in pieces if piece[0] not in "[<").replace(" ·", "")
        assert text == "the stormship sails", kind
        assert any(piece.startswith("·") for piece in pieces), kind


def test_words_are_shown_as_they_were_typed(folders):
    assert labels(folders["bert"], "The CAT")[0:1] == ("[CLS]",)
    assert "".join(labels(folders["bert"], "The CAT")).replace("·", "") == "[CLS]TheCAT[SEP]"


def test_bytes_that_are_no_character_stand_in_brackets(folders):
    pieces = labels(folders["gpt2"], "cat 日")
    assert "".join(pieces[:2]).replace("·", "") == "cat"
    assert list(pieces[2:]) == ["[space]", "[E6]", "[97]", "[A5]"]
    assert spelled("Ã©") == "é"


def test_a_character_that_no_font_of_ours_has_is_shown_by_its_number():
    assert visible("日") == "U+65E5"
    assert visible("naïve") == "naïve"


@pytest.mark.parametrize("kind", ["bert", "gpt2", "marian"])
def test_the_trace_has_the_place_of_each_piece_in_the_sentence(kind, folders):
    text = "the unbelievable captain"
    trace = read(text, folders[kind])
    offsets = trace["embed_tgt.offsets" if kind == "gpt2" else "embed_src.offsets"]
    for label, (begin, end) in zip(offsets.words("position"), offsets.values, strict=True):
        if label[0] not in "[<":
            assert text[begin:end].strip() == label.removeprefix("·")
    assert np.all(np.diff(offsets.values[:, 1][offsets.values[:, 1] > 0]) >= 0)


def test_nothing_and_too_much_to_read_are_told_in_one_line(folders):
    for text, said in ((" ", "nothing to read"), ("the cat " * 40, "reads at most 40")):
        with pytest.raises(SentenceError, match=said):
            Subwords(folders["bert"], 40).read(text)


def test_no_text_is_cut_short_by_what_the_file_says_of_truncation(folders):
    assert len(labels(folders["bert"], "the cat sees the other cat and the cat sleeps")) > 8
