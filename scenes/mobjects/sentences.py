"""Sentences as ribbons, and the ways on which words go into a figure and come out of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from manim import DOWN, RIGHT, UP, Animation, Mobject, VGroup

from scenes.animations import Travel, draw
from scenes.layout import Room
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import rule, wire
from scenes.mobjects.text import Words
from scenes.theme import at
from transformer_core.tracing.provenance import Label

#: What stands in the place of a translation without a word.
NOTHING = "nothing: it ends at once"
#: The most words of a sentence that is read aloud.
ALOUD = 6


def sentence(words: Sequence[Label], room: Room, at_foot: bool = False) -> VGroup:
    """A sentence as a ribbon along the top of a room, or along its foot; of one without a word, a remark."""
    line = Ribbon(words, room) if words else VGroup(Words(NOTHING, "block", "ink2").move_to(room.centre))
    edge = at(0, room.bottom if at_foot else room.top)[1]
    return line.shift(UP * (edge - (line.get_bottom() if at_foot else line.get_top())[1]))


def across(starts: Sequence[Mobject], ends: Sequence[Mobject], side: np.ndarray = RIGHT) -> VGroup:
    """Level lines from each figure at the left to each at the right, of which one may serve all of the other side."""
    lines, more = VGroup(), starts if len(starts) >= len(ends) else ends
    for k, middle in enumerate(more):
        start, end = starts[min(k, len(starts) - 1)], ends[min(k, len(ends) - 1)]
        centre, edges = middle.get_center(), (start.get_edge_center(side), end.get_edge_center(-side))
        foot, top = (np.where(side, edge, centre) for edge in edges)
        lines.add(rule(foot, top, "residual", 5))
    return lines


#: The same straight up, from each figure below to each above.
upwards = partial(across, side=UP)


def gathered(figures: Sequence[Mobject], plate: Mobject, outwards: bool = False) -> VGroup:
    """Ways from each figure into the nearest edge of a plate, with one trunk for all; or out of it to each figure."""
    side = UP if plate.get_y() > figures[0].get_y() else DOWN
    door = plate.get_edge_center(-side)
    ways = VGroup()
    for figure in figures:
        foot = figure.get_edge_center(side)
        level = (foot[1] + door[1]) / 2
        corners = [foot, np.array([foot[0], level, 0]), np.array([door[0], level, 0]), door]
        ways.add(wire(corners[::-1] if outwards else corners, "residual", 5))
    return ways


def spelled(words: Sequence[Label]) -> str:
    """The words of a sentence, each with its source."""
    return " ".join(f"{word}" for word in words)


def is_short(words: Sequence[Label]) -> bool:
    """True for a sentence that is read aloud; a longer one is only shown."""
    return len(words) <= ALOUD


def one_by_one(
    ways: Sequence[Mobject], chips: Sequence[Mobject], doors: Sequence[Mobject] = ()
) -> list[tuple[Animation, ...]]:
    """Each word comes out along its own way, after the one before; out of its door, where it has one."""
    kind = "emphasise" if len(chips) > ALOUD else "flow"
    trips = zip(ways, chips, doors or ways, strict=True)
    return [(draw(way, kind="emphasise"), Travel(door, chip, kind=kind)) for way, chip, door in trips]
