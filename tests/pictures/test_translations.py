"""The lecture in Spanish: nothing is missing, and its pictures keep the contracts of the English ones."""

from __future__ import annotations

import re

import pytest
from test_contracts import MOST_WORDS, POST_NORM, SECONDS
from walking import SENTENCES, chapters, findings

from scenes.language import catalogue
from scenes.speech.narration import foreign_words
from scenes.speech.spoken import spoken
from scenes.stage.chapter import Chapter

EVERY = pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)


@EVERY
def test_every_sentence_has_a_spanish_entry(chapter: type[Chapter]) -> None:
    """What is missing is added by `lecture language es --write`; CONTRIBUTING says how to go on."""
    spanish = catalogue("es")
    walks = [findings(chapter, text, "dark") for text in SENTENCES]
    walks.append(findings(chapter, SENTENCES[0], "dark", model=POST_NORM))
    heard = [one for walk in walks for record in walk.records for one in record.heard]
    assert sorted({one.template for one in heard if spanish.find(one.template) is None}) == []


@EVERY
def test_every_picture_in_spanish_is_true_and_can_be_read(chapter: type[Chapter]) -> None:
    found = findings(chapter, SENTENCES[0], "dark", "es")
    assert found.lies == []
    assert found.claims == []
    assert found.faults == []
    assert found.misdrawn == []


@EVERY
def test_a_chapter_in_spanish_is_no_longer_than_it_may_be(chapter: type[Chapter]) -> None:
    records = findings(chapter, SENTENCES[0], "dark", "es").records
    # "99 %", with a space that does not break, is a word like "99%".
    assert [record.number for record in records if len(record.narration.split(" ")) > MOST_WORDS] == []
    assert SECONDS[0] <= sum(record.duration for record in records) <= SECONDS[1]


@pytest.mark.parametrize("language", ["en", "es"])
@EVERY
def test_a_chapter_is_read_out_without_a_digit_a_greek_letter_or_a_sign(chapter: type[Chapter], language: str) -> None:
    """Only letters of the language, punctuation, and guillemets around words of the other one reach a voice."""
    beats = [beat for record in findings(chapter, SENTENCES[0], "dark", language).records for beat in record.beats]
    said = [spoken(beat, foreign_words(None, language), language) for beat in beats]
    assert [text for text in said if re.search(r"[^\w\s.,:;?!¿¡'«»()-]|[\d_]|[Α-ωϐ-ϖ]", text)] == []
