"""For every step of every chapter: what is shown is true, and stands where it can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from walking import FRESH, QUICK, RANDOM, RARE, SENTENCES, TIED, UNUSUAL, chapters, findings, name_of

from scenes.stage.chapter import Chapter
from transformer_core.studies.translator.train import POST_NORM


def walked(*texts: str, among: Sequence[str] = (), also: Sequence[str] = ()) -> list[Any]:
    """Each chapter with each text, and those that `among` names with the texts in `also`; the QUICK ones each time."""
    return [
        pytest.param(chapter, text, id=f"{chapter.__name__}-{text[:14]}", marks=() if text in QUICK else SLOW)
        for chapter in chapters()
        for text in (*texts, *(also if name_of(chapter) in among else ()))
    ]


SLOW = pytest.mark.slow
EVERYWHERE = walked(*SENTENCES)
#: Where things stand is the same in either theme: in the light one a sentence tells of its colours.
LIGHT = walked(SENTENCES[0])
#: The other norm order: a short sentence, and the longest where a picture or a sentence depends on this order.
BEHIND = walked(
    SENTENCES[0],
    among=("basics", "encoder", "residual", "decoder", "interpretation", "faq"),
    also=SENTENCES[-1:],
)
#: What is seldom typed, and a model that was never trained.
SELDOM = walked(*RARE, among=("meaning", "basics", *TIED, "decoder", "inference"), also=UNUSUAL[::2])
UNTRAINED = walked(FRESH[0], among=TIED, also=FRESH[1:])
#: How many marks of a chapter mean a number at the ends of its steps about the first sentence, at least: some four
#: fifths of what there are.
MARKS = {
    "meaning": 240,
    "basics": 720,
    "lstm": 1390,
    "encoder": 2560,
    "positions": 850,
    "qkv": 650,
    "scores": 230,
    "weighting": 140,
    "heads": 700,
    "residual": 290,
    "feed_forward": 3160,
    "decoder": 810,
    "training": 93,
    "inference": 310,
    "interpretation": 180,
    "modern": 1500,
    "language_model": 177,
    "inside": 370,
    "arguing": 200,
    "faq": 290,
}
MOST_WORDS, STEPS, SECONDS = 70, range(5, 15), (60, 240)


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE)
def test_every_number_and_token_on_screen_is_its_source(chapter: type[Chapter], text: str) -> None:
    assert findings(chapter, text, "dark").lies == []


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE)
def test_every_length_shade_and_place_on_screen_is_its_number(chapter: type[Chapter], text: str) -> None:
    assert findings(chapter, text, "dark").misdrawn == []


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE)
def test_bars_of_one_tensor_in_one_picture_have_one_scale(chapter: type[Chapter], text: str) -> None:
    """Each may be true by its own unit, and yet they cannot be compared."""
    assert findings(chapter, text, "dark").scales == []


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE)
def test_a_ring_is_around_what_is_spoken_of(chapter: type[Chapter], text: str) -> None:
    assert findings(chapter, text, "dark").rings == []


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)
def test_the_marks_of_a_chapter_mean_numbers(chapter: type[Chapter]) -> None:
    """Else the contract above would hold of pictures that say nothing about their marks."""
    assert findings(chapter, SENTENCES[0], "dark").marks >= MARKS[name_of(chapter)]


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE)
def test_every_claim_of_a_caption_is_derived(chapter: type[Chapter], text: str) -> None:
    assert findings(chapter, text, "dark").claims == []


@pytest.mark.parametrize(("chapter", "text"), EVERYWHERE)
def test_every_picture_can_be_read(chapter: type[Chapter], text: str) -> None:
    assert findings(chapter, text, "dark").faults == []


@SLOW
@pytest.mark.parametrize(("chapter", "text"), LIGHT)
def test_every_picture_can_be_read_in_the_light_theme(chapter: type[Chapter], text: str) -> None:
    found = findings(chapter, text, "light")
    assert [found.faults, found.misdrawn] == [[], []]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)
def test_a_chapter_has_a_handful_of_short_steps(chapter: type[Chapter]) -> None:
    records = findings(chapter, SENTENCES[0], "dark").records
    assert [record.number for record in records if len(record.narration.split()) > MOST_WORDS] == []
    assert len(records) in STEPS
    assert SECONDS[0] <= sum(record.duration for record in records) <= SECONDS[1]


@SLOW
@pytest.mark.parametrize(("chapter", "text"), BEHIND)
def test_a_chapter_holds_all_contracts_for_a_model_with_the_norm_behind_its_sums(
    chapter: type[Chapter], text: str
) -> None:
    found = findings(chapter, text, "dark", model=POST_NORM)
    assert found.wrong == []
    assert found.records
    assert [record.number for record in found.records if len(record.narration.split()) > MOST_WORDS] == []


@SLOW
@pytest.mark.parametrize(("chapter", "text"), SELDOM)
def test_a_chapter_holds_all_contracts_for_sentences_that_are_seldom_typed(chapter: type[Chapter], text: str) -> None:
    found = findings(chapter, text, "dark")
    assert found.wrong == []


@SLOW
@pytest.mark.parametrize(("chapter", "text"), UNTRAINED)
def test_a_chapter_holds_all_contracts_for_random_weights(chapter: type[Chapter], text: str) -> None:
    found = findings(chapter, text, "dark", model=RANDOM)
    assert found.wrong == []
