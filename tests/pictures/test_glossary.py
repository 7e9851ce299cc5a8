"""The glossary: each term is explained by a step, and no chapter says it before that step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from walking import SENTENCES, chapters, findings, name_of

from scenes.language import catalogue, languages
from scenes.publishing.wording import GLOSSARY, glossary
from scenes.stage.chapter import Chapter

PAGE = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
NUMBERS = {name_of(chapter): chapter.number for chapter in chapters()}


class Term(NamedTuple):
    """A row of the page: the term, the words that say it, and the step that explains it."""

    name: str
    meaning: str
    chapter: str
    step: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Any of the forms of the term, which a slash parts, in singular or plural."""
        forms = "|".join(re.escape(form.strip()) + "(?:s|es)?" for form in self.name.split("/"))
        return re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.IGNORECASE)


def terms() -> list[Term]:
    return [Term(one["term"], one["meaning"], one["chapter"], one["step"]) for one in glossary()]


def test_the_page_has_the_terms_that_pages_and_searches_have() -> None:
    rows = [line.strip("|").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    assert [Term(*(cell.strip() for cell in row)) for row in rows[1:]] == terms()


@pytest.mark.parametrize("code", languages()[1:])
def test_every_term_is_translated(code: str) -> None:
    rules = catalogue(code).rules
    assert [text for term in terms() for text in term[:2] if (GLOSSARY, text) not in rules] == []


def test_every_term_has_a_meaning_and_a_chapter() -> None:
    found = terms()
    assert len(found) > 40
    assert [term.name for term in found if not term.meaning or term.chapter not in NUMBERS] == []
    assert len({term.name for term in found}) == len(found)


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)
def test_a_chapter_explains_its_terms_and_says_no_term_before_it_is_explained(chapter: type[Chapter]) -> None:
    records = findings(chapter, SENTENCES[0], "dark").records
    steps = {record.title: record.number for record in records}
    wrong = []
    for term in terms():
        said = [record.number for record in records if term.pattern.search(f"{record.title}. {record.narration}")]
        if term.chapter == name_of(chapter):
            explained = steps.get(term.step)
            if explained is None or explained not in said:
                wrong.append(f"{term.name} is not explained in {term.step!r}")
            elif min(said) < explained:
                wrong.append(f"{term.name} is said in step {min(said)}, and explained in {explained}")
        elif said and NUMBERS[term.chapter] > chapter.number:
            wrong.append(f"{term.name} is said in step {min(said)}, and explained in {term.chapter}")
    assert wrong == []
