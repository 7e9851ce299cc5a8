"""The contracts hold inside of plays, too: what stands still is true, and no text stands on another."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from between import collisions, covered, look_between, overlaps
from truth import lies
from walking import SENTENCES, chapters, name_of, of_two_scales

from scenes.mobjects.marks import misdrawn
from scenes.stage.chapter import Chapter

#: Frames of all chapters are looked into, those of two in the quick tests.
WALKED = [
    name if name in ("scores", "weighting") else pytest.param(name, marks=pytest.mark.slow)
    for name in map(name_of, chapters())
]
#: Chapters of which a picture lays plates over each other: joined outputs of heads, bars at their places on a curve.
LYING = ("heads", "modern")


@dataclass
class Between:
    """The faults inside of the plays of a chapter, and the number of frames that were looked at."""

    lies: list[str] = field(default_factory=list)
    misdrawn: list[str] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    scales: set[str] = field(default_factory=set)
    collisions: list[str] = field(default_factory=list)
    frames: int = 0


@pytest.mark.parametrize("name", WALKED)
def test_every_frame_of_a_play_is_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Between()

    def look(scene: Chapter, here: str, moving: set[int]) -> None:
        trace = scene.material()
        found.frames += 1
        found.lies += [here + lie for lie in lies(scene.mobjects, trace)]
        found.misdrawn += [here + fault for fault in misdrawn(scene.mobjects, trace, moving)]
        found.overlaps += [here + pair for pair in overlaps(scene.mobjects) + covered(scene.mobjects, moving)]
        found.scales |= {here.partition(",")[0] + ": " + name for name in of_two_scales(scene.mobjects, moving)}
        found.collisions += [here + pair for pair in collisions(scene.mobjects, moving)]

    def rest(scene: Chapter, here: str) -> None:
        found.misdrawn += [here + fault for fault in misdrawn(scene.mobjects, scene.material())]

    (chapter,) = [chapter for chapter in chapters() if name_of(chapter) == name]
    look_between(chapter, SENTENCES[0], look, monkeypatch, rest)
    assert found.frames > 50
    assert [found.lies, found.misdrawn] == [[], []]
    assert found.collisions == [] or name in LYING
    assert found.overlaps == []
    assert found.scales == set()
