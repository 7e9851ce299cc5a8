"""After one stands a singular, after any other number a plural: in all that is said and shown."""

from __future__ import annotations

import re

import pytest
from test_contracts import EVERYWHERE, SELDOM, SLOW, UNTRAINED
from walking import RANDOM, Findings, findings

from scenes.stage.chapter import Chapter

#: Not part of a longer number, such as "2.1", "1:1", "-1" or "10⁻¹".
ONE, MORE = r"(?<![\d.,·×:/−-])1", r"(?<![\d.,·×:/−-])(?:0|[2-9]|[1-9]\d+)"
#: Words with an s at the end that stand behind one: verbs and singulars.
NO_PLURAL = (
    "is has was does as this its less across always pass loss bias class "
    "gives takes reads writes lies stands enters leaves stays pulls pushes asks goes shows moves makes"
)
#: Verbs that stand behind more than one.
OF_MANY = "are have were do pull push enter leave stay give take read write show differ agree go gets?"
NOUNS = "row column head word token cell pattern layer entry way time place step pass sentence block unit number case"

TOO_MANY = re.compile(rf"{ONE} (?:[a-z]+ )?(?!(?:{'|'.join(NO_PLURAL.split())})\b)[a-z]+[a-rt-z]s\b")
TOO_FEW = re.compile(rf"{MORE} (?:{'|'.join(NOUNS.split())})\b(?! by)")
VERB = re.compile(rf"{ONE} (?:{'|'.join(OF_MANY.split())})\b")
WALKS = [
    pytest.param(*walk.values, model, id=f"{walk.id}{'-random' * bool(model)}", marks=SLOW if model else walk.marks)
    for walks, model in ((EVERYWHERE + SELDOM, None), (UNTRAINED, RANDOM))
    for walk in walks
]


def wrong_numbers(text: str) -> list[str]:
    """Find the places where a number and the word behind it do not agree."""
    return [found[0] for rule in (TOO_MANY, TOO_FEW, VERB) for found in rule.finditer(text)]


def told(found: Findings) -> list[str]:
    """Each title, narration and text on screen of a chapter."""
    return [*(text for record in found.records for text in (record.title, record.narration)), *sorted(found.texts)]


@pytest.mark.parametrize(("chapter", "text", "model"), WALKS)
def test_numbers_agree_with_the_words_behind_them(chapter: type[Chapter], text: str, model: object) -> None:
    found = findings(chapter, text, "dark", model=model)
    assert [fault for said in told(found) for fault in wrong_numbers(said)] == []


@pytest.mark.parametrize(
    "wrong", ["has 1 cells", "1 pull it down", "1 rows, 1 columns", "the 1 equal blocks", "4 row enter", "12 word"]
)
def test_numbers_that_do_not_agree_are_found(wrong: str) -> None:
    assert wrong_numbers(wrong)


@pytest.mark.parametrize("right", ["1 row enters", "4 rows", "2.1 times", "1 is", "0 rows", "1.5 rows", "10 words"])
def test_numbers_that_agree_pass(right: str) -> None:
    assert wrong_numbers(right) == []
