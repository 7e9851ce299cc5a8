"""Contracts 2 and 5 for every step of every chapter: what is shown is true, and stands where it can be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from truth import lies, wrong_in_step
from walking import SENTENCES, Picture, chapters

from scenes.layout import faults
from scenes.storyboard import Chapter

EVERYWHERE = [(chapter, text) for chapter in chapters() for text in SENTENCES]
NAMES = [f"{chapter.__name__}-{text[:14]}" for chapter, text in EVERYWHERE]
MOST_WORDS, STEPS, SECONDS = 45, range(6, 15), (60, 180)


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE, ids=NAMES)
def test_every_number_and_token_on_screen_is_its_source(walk: Callable, chapter: type[Chapter], text: str) -> None:
    def look(picture: Picture) -> None:
        wrong = lies(picture.stage, picture.trace)
        assert not wrong, f"step {picture.record.number}: {wrong}"

    walk(chapter, text, "dark", look)


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE, ids=NAMES)
def test_every_claim_of_a_caption_is_derived(walk: Callable, chapter: type[Chapter], text: str) -> None:
    def look(picture: Picture) -> None:
        wrong = wrong_in_step(picture.step.title, picture.step.beats, picture.trace)
        assert not wrong, f"step {picture.record.number}: {wrong}"

    walk(chapter, text, "dark", look)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE, ids=NAMES)
def test_every_picture_can_be_read(walk: Callable, chapter: type[Chapter], text: str, theme: str) -> None:
    def look(picture: Picture) -> None:
        found = faults(picture.stage)
        assert not found, f"step {picture.record.number}: {found}"

    walk(chapter, text, theme, look)


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)
def test_a_chapter_has_a_handful_of_short_steps(walk: Callable, chapter: type[Chapter]) -> None:
    def look(picture: Picture) -> None:
        words = len(picture.record.narration.split())
        assert words <= MOST_WORDS, f"step {picture.record.number} says {words} words"

    scene = walk(chapter, SENTENCES[0], "dark", look)
    assert len(scene.records) in STEPS
    assert SECONDS[0] <= sum(record.duration for record in scene.records) <= SECONDS[1]
