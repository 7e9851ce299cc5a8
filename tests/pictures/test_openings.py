"""A step goes on from the picture before it, instead of beginning with an empty stage."""

from __future__ import annotations

import numpy as np
import pytest
from golden import SIZE
from openings import STAYS, kept
from walking import SENTENCES, chapters, findings

from scenes.stage.chapter import Chapter

#: The share of a chapter's steps that may begin with an empty stage: where a question has nothing in common with the
#: one before, to keep something would mislead.
EMPTY = 0.4
WIDE, HIGH = SIZE


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.__name__)
def test_most_steps_keep_something_of_the_picture_before(chapter: type[Chapter]) -> None:
    stays = findings(chapter, SENTENCES[0], "dark").kept
    emptied = [step for step, share in stays.items() if share < STAYS]
    assert len(emptied) <= EMPTY * len(stays), f"steps {emptied} begin with an empty stage"


def picture(*boxes: tuple[int, int]) -> np.ndarray:
    """A dark frame with squares of 20 px at these places."""
    frame = np.full((HIGH, WIDE, 3), 16, np.uint8)
    for x, y in boxes:
        frame[y : y + 20, x : x + 20] = 200
    return frame


@pytest.mark.parametrize(
    ("before", "now", "share"),
    [
        (picture((100, 100)), picture((100, 100)), 1.0),
        (picture((100, 100)), picture((300, 100)), 0.0),
        (picture((100, 100), (200, 100)), picture((200, 100)), 0.5),
        (picture((100, 100), (440, 10), (100, 240)), picture((440, 10), (100, 240)), 0.0),
        (picture(), picture((100, 100)), 1.0),
    ],
    ids=["it stays", "it is wiped", "a half stays", "map and caption do not count", "nothing was there"],
)
def test_what_stays_is_what_is_drawn_in_its_place(before: np.ndarray, now: np.ndarray, share: float) -> None:
    assert kept(before, now) == share
