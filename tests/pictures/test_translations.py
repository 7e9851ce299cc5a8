"""The lecture in Spanish: nothing is missing, and its pictures keep the contracts of the English ones."""

from __future__ import annotations

import pytest
from test_contracts import MOST_WORDS, POST_NORM, SECONDS
from walking import SENTENCES, chapters, findings

from scenes.language import catalogue
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
