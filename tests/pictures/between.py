"""Frames inside of plays: a chapter walked with a look at the stage while things are on their way."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from itertools import combinations, cycle
from typing import Any

import numpy as np
import pytest
from manim import Mobject, VMobject
from walking import walk

from scenes.layout import texts_on
from scenes.mobjects.deck import DeckPlate
from scenes.mobjects.marks.judging import box_of
from scenes.mobjects.shapes import Box
from scenes.rendering.motion import every, movers
from scenes.stage.chapter import Chapter
from scenes.stage.step import Record
from scenes.theme import PIXELS_PER_UNIT, units

#: Where in a play the stage is looked at: early in one, late in the next.
MOMENTS = (1 / 3, 2 / 3)
#: Below this opacity a text is coming or going, and may stand on another.
FAINT = 0.5

#: A point of a plot is at most so large.
POINT = units(36)

Look = Callable[[Chapter, str, "set[int]"], None]


def look_between(
    chapter: type[Chapter],
    text: str,
    look: Look,
    monkeypatch: pytest.MonkeyPatch,
    rest: Callable[[Chapter, str], None] = lambda *_: None,
) -> None:
    """Walk a chapter in the dark theme, and call `look` with the scene, the moment, and what moves, inside plays.

    `rest` is called behind each play: what has moved stands still, and must be true though it leaves with the next.
    """
    moments = cycle(MOMENTS)

    def play(scene: Chapter, given: Any, record: Record, showing: bool, stretched: float = 1.0) -> None:  # noqa: ARG001
        together = [a for a in (given if isinstance(given, tuple) else (given,)) if a is not None]
        if not together:
            return
        animations = scene.compile_animations(*together)
        scene.add_mobjects_from_animations(animations)
        for animation in animations:
            animation._setup_scene(scene)  # what Scene.begin_animations does
            animation.begin()
        lasting = max(animation.get_run_time() for animation in animations)
        moment = next(moments)
        for animation in animations:
            animation.interpolate(min(1.0, moment * lasting / animation.get_run_time()))
        kinds = "+".join(sorted({type(animation).__name__ for animation in every(animations)}))
        look(scene, f"step {record.number}, {kinds}: ", movers(animations))
        for animation in animations:
            animation.finish()
            animation.clean_up_from_scene(scene)
        rest(scene, f"step {record.number}, behind {kinds}: ")

    monkeypatch.setattr(chapter, "_play", play, raising=False)
    walk(chapter, text, "dark", lambda _: None)


def overlaps(stage: Sequence[Mobject]) -> list[str]:
    """Pairs of texts that stand on each other and are both there, not coming or going.

    A copy that leaves its source, or a token that comes out of a token, says the same as what it stands on.
    """
    there = [(text, box_of(text)) for text in texts_on(stage) if _opacity(text) >= FAINT]
    return [
        f"{one.text!r} and {other.text!r} overlap"
        for (one, a), (other, b) in combinations(there, 2)
        if one.text != other.text
        and min(a[1][0], b[1][0]) - max(a[0][0], b[0][0]) > units(1)
        and min(a[1][1], b[1][1]) - max(a[0][1], b[0][1]) > units(1)
    ]


def covered(stage: Sequence[Mobject], moving: Container[int]) -> list[str]:
    """Texts that are there, and lie under a plate that is drawn after them and stands still or is dived past."""
    drawn = [part for root in stage for part in root.get_family()]
    place = {id(part): n for n, part in enumerate(drawn)}
    plates = [
        (n, part, box_of(part))
        for n, part in enumerate(drawn)
        if isinstance(part, Box) and part.get_fill_opacity() >= FAINT
        if id(part) not in moving or getattr(part, "dived", False)
    ]
    found = []
    for text in texts_on(stage):
        if _opacity(text) < FAINT or id(text) in moving:
            continue
        low, high = box_of(text)
        for n, plate, (under, over) in plates:
            shared = np.minimum(high, over) - np.maximum(low, under)
            if n > place[id(text)] and (shared[:2] > units(2)).all():
                found.append(f"{text.text!r} lies under a plate of {plate.width * PIXELS_PER_UNIT:.0f} px")
    return found


def collisions(stage: Sequence[Mobject], moving: Container[int]) -> list[str]:
    """Plates that stand still and lie partly over each other: those of a deck are meant to, points of a plot may."""
    plates = {
        id(part): part
        for root in stage
        for part in root.get_family()
        if isinstance(part, Box) and part.get_fill_opacity() >= FAINT and max(part.width, part.height) > POINT
        if not isinstance(part, DeckPlate) and id(part) not in moving and not getattr(part, "dived", False)
    }
    boxes = np.array([np.stack(box_of(plate))[:, :2].ravel() for plate in plates.values()])
    if not len(boxes):
        return []
    low, high = boxes[:, :2], boxes[:, 2:]
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    within = (low[:, None] >= low[None] - units(2)).all(-1) & (high[:, None] <= high[None] + units(2)).all(-1)
    found = (shared > units(2)).all(-1) & ~within & ~within.T
    return [
        "plates of {:.0f} × {:.0f} px lie over each other".format(*shared[i, j] * PIXELS_PER_UNIT)
        for i, j in np.argwhere(np.triu(found, 1))
    ]


def _opacity(text: VMobject) -> float:
    return max(float(part.get_fill_opacity()) for part in text.get_family() if part.has_points())
