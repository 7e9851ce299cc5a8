"""A translation that is given, and is not the model's own: what chapters say and show stays true."""

import pytest
import walking
from walking import chapters, name_of

from scenes.stage.notes import Note
from scenes.stage.reading import read

TEXT, OWN, GIVEN = "The car is red", "el coche es rojo", "la casa es verde"


@pytest.fixture(scope="module")
def given():
    return read(TEXT, target=GIVEN)


@pytest.mark.parametrize("name", ["basics", "decoder", "inference"])
def test_a_chapter_on_writing_holds_its_contracts_for_a_given_translation(given, monkeypatch, name):
    (chapter,) = [chapter for chapter in chapters() if name_of(chapter) == name]
    monkeypatch.setattr(walking, "trace_of", lambda *_: given)
    found = walking._findings.__wrapped__(chapter, TEXT, "dark", "en", None)
    assert [found.lies, found.claims, found.faults, found.misdrawn] == [[], [], [], []]


def test_every_chapter_says_that_the_translation_was_given(given):
    assert "was given" in str(Note.of(given, ""))
    own = read(TEXT, target=OWN)
    assert "given" not in own.about
    assert Note.of(own, "") is None
