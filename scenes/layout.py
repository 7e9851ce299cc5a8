"""Layout: where things stand in a picture, and what is wrong with where they stand.

A chapter places by relation: `centred`, `next_to`. `faults` checks the texts of a
finished picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TypeVar

import numpy as np
from manim import DOWN, RIGHT, Mobject, VGroup, VMobject

from scenes.theme import READABLE, SMALLEST, WIDE, at, between, contrast, palette, shape, units

#: Weights of the four points of a curve at places along it.
_T = np.linspace(0, 1, 17)[:, None]
SAMPLES = np.hstack([(1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T**2 * (1 - _T), _T**3])
Figure = TypeVar("Figure", bound=Mobject)


@dataclass(frozen=True)
class Room:
    """A rectangle of the stage in px of a 1080p frame, from the top left: what a figure is laid out in.

    >>> top, rest = STAGE.split_rows(60, space=20)
    >>> (top.height, rest.top)
    (60.0, 270.0)
    """

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Px from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Px from top to bottom."""
        return self.bottom - self.top

    @property
    def centre(self) -> np.ndarray:
        """The middle, as a point of the scene."""
        return at((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def split_rows(self, height: float, space: float = 0) -> tuple[Room, Room]:
        """The upper `height` px and the rest; counted from the bottom if it is negative."""
        cut = self.top + height if height >= 0 else self.bottom + height
        above, below = (cut, cut + space) if height >= 0 else (cut - space, cut)
        return Room(self.left, self.top, self.right, above), Room(self.left, below, self.right, self.bottom)

    def split_columns(self, width: float, space: float = 0) -> tuple[Room, Room]:
        """The left `width` px and the rest; counted from the right if it is negative."""
        cut = self.left + width if width >= 0 else self.right + width
        before, after = (cut, cut + space) if width >= 0 else (cut - space, cut)
        return Room(self.left, self.top, before, self.bottom), Room(after, self.top, self.right, self.bottom)

    def rows(self, count: int, space: float = 20) -> list[Room]:
        """`count` equal parts, one below the other."""
        high = (self.height - (count - 1) * space) / count
        tops = [self.top + i * (high + space) for i in range(count)]
        return [Room(self.left, top, self.right, top + high) for top in tops]

    def columns(self, count: int, space: float = 48) -> list[Room]:
        """`count` equal parts, side by side."""
        wide = (self.width - (count - 1) * space) / count
        lefts = [self.left + i * (wide + space) for i in range(count)]
        return [Room(left, self.top, left + wide, self.bottom) for left in lefts]

    def cross(self, row: Room) -> Room:
        """The room in which this column and a row meet."""
        return Room(self.left, row.top, self.right, row.bottom)

    def halves(self) -> list[Room]:
        """Two equal parts: side by side if the room is much wider than high, else one below the other."""
        return self.columns(2) if self.width > 2.2 * self.height else self.rows(2)

    def golden_columns(self, space: float = 48, last: bool = False) -> tuple[Room, Room]:
        """Two parts side by side in the golden ratio, the larger one first: it lies left, or right if it is `last`.

        In a narrow frame, a room that is not much wider than high is halved in rows: no column would hold a figure.
        """
        if shape().narrow and self.width < 1.5 * self.height:
            above, below = self.rows(2, space)
            return (below, above) if last else (above, below)
        large = (self.width - space) * 0.618
        if last:
            small, rest = self.split_columns(-large, space)
            return rest, small
        return self.split_columns(large, space)

    def golden_rows(self, space: float = 20) -> tuple[Room, Room]:
        """Two parts one below the other in the golden ratio, the larger one above."""
        return self.split_rows((self.height - space) * 0.618, space)

    def inset(self, across: float, down: float | None = None) -> Room:
        """The room without a margin of `across` px at the sides and `down` px above and below."""
        down = across if down is None else down
        return Room(self.left + across, self.top + down, self.right - across, self.bottom - down)

    def holding(self, spots: np.ndarray) -> tuple[float, np.ndarray]:
        """A plane whose `spots`, count × 2, just fit: the px of a one, and where its origin stands."""
        low, high = spots.min(0), spots.max(0)
        px = float((np.array([self.width, self.height]) / np.maximum(high - low, 1e-9)).min())
        return px, self.centre - np.array([*(low + high) / 2, 0]) * units(px)

    def padded(self) -> Room:
        """The room without the margin that is left around what is drawn inside a frame."""
        return self.inset(26)

    def fit(self, mobject: Figure, most: float = 1.6) -> Figure:
        """Centre a figure, shrunk until it fits, or grown up to `most` times."""
        mobject.scale(min(units(self.width) / mobject.width, units(self.height) / mobject.height, most))
        return mobject.move_to(self.centre)


class Following(Room):
    """A room that follows the shape of the picture being drawn: it is `made` anew whenever it is asked.

    >>> Following(lambda: STAGE.inset(100)).width
    1528.0
    """

    def __init__(self, made: Callable[[], Room]) -> None:
        object.__setattr__(self, "made", made)

    left = property(lambda self: self.made().left)
    top = property(lambda self: self.made().top)
    right = property(lambda self: self.made().right)
    bottom = property(lambda self: self.made().bottom)


def across(px: float) -> float:
    """Of so many px of the usual stage's width, the share that this stage has.

    >>> across(980)
    980.0
    """
    return px * STAGE.width / Room(*WIDE.stage).width


def in_turn(figures: VGroup, room: Room, buff: float) -> VGroup:
    """Figures side by side, or one below the other where the room is narrow and tall, as large as the room allows."""
    is_tall = shape().narrow and room.width < 1.5 * room.height
    return room.fit(figures.arrange(DOWN if is_tall else RIGHT, buff=buff))


def following(made: Callable[[], Sequence[Room]]) -> list[Room]:
    """The two rooms that are `made`, each one that follows the shape of the picture."""
    return [Following(partial(_part_of, made, place)) for place in range(2)]


def _part_of(made: Callable[[], Sequence[Room]], place: int) -> Room:
    return made()[place]


#: The whole stage: between the margins, below the title and above the captions.
STAGE: Room = Following(lambda: Room(*shape().stage))


def centred(mobject: Mobject) -> Mobject:
    """In the middle of the stage."""
    return mobject.move_to(STAGE.centre)


def _box(mobject: Mobject) -> tuple[float, float, float, float]:
    points = np.concatenate([part.points for part in mobject.get_family() if len(part.points)])
    return (*points[:, :2].min(0), *points[:, :2].max(0))


def texts_on(stage: Sequence[Mobject]) -> list[VMobject]:
    """Every visible text of a picture, our own and foreign ones alike."""
    found: dict[int, VMobject] = {}
    for mobject in stage:
        inside: set[int] = set()
        for part in mobject.get_family():
            if _says(part) and id(part) not in inside and _visible(part):
                found[id(part)] = part
                inside |= {id(p) for p in _parts(part)}
    return list(found.values())


def _says(mobject: Mobject) -> bool:
    """Return True for a text; Manim looks long for an attribute that a mobject does not have."""
    return ("text" in vars(mobject) or hasattr(type(mobject), "text")) and isinstance(mobject.text, str)


def _parts(mobject: Mobject) -> list[Mobject]:
    """The mobject with all its parts."""
    return mobject.get_family() if mobject.submobjects else [mobject]


def _visible(mobject: Mobject) -> bool:
    return any(
        p.has_points() and (p.get_fill_opacity() > 0.02 or (p.get_stroke_opacity() > 0.02 and p.get_stroke_width() > 0))
        for p in _parts(mobject)
        if isinstance(p, VMobject)
    )


def faults(stage: Sequence[Mobject]) -> list[str]:
    """Return the faults of a picture: text out of its box or the frame, overlapping, too small, or too faint."""
    texts, frame_width, frame_height = texts_on(stage), units(shape().width), units(shape().height)
    found = []
    for text in texts:
        name = repr(text.text)
        left, low, right, high = _box(text)
        edge = units(24)
        if (
            left < -frame_width / 2 + edge
            or right > frame_width / 2 - edge
            or high > frame_height / 2 - edge
            or low < -frame_height / 2 + edge
        ):
            found.append(f"{name} leaves the frame")
        size = getattr(text, "size", SMALLEST)
        if size < SMALLEST - 0.01:
            found.append(f"{name} is {size:.1f} px, under {SMALLEST:.0f}")
        found += _paper_faults(text, name)
    for (first, a), (second, b) in combinations([(text, _box(text)) for text in texts], 2):
        wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        if wide > units(1) and high > units(1):
            found.append(f"{first.text!r} and {second.text!r} overlap")
    return found


def crossed(stage: Sequence[Mobject]) -> list[str]:
    """Return what is wrong where an edge or a line of a figure runs through a text, as may be wanted here and there."""
    texts = texts_on(stage)
    inside = {id(part) for text in texts for part in text.get_family()}
    parts = [p for one in stage for p in one.family_members_with_points() if id(p) not in inside and _visible(p)]
    curves = [part.points[: len(part.points) // 4 * 4, :2].reshape(-1, 4, 2) for part in parts]
    spots = np.einsum("st,cti->csi", SAMPLES, np.concatenate(curves or [np.zeros((0, 4, 2))])).reshape(-1, 2)
    found = []
    for text in texts:
        left, low, right, high = np.array(_box(text)) + units(3) * np.array([1, 1, -1, -1])
        within = (spots > (left, low)).all(axis=1) & (spots < (right, high)).all(axis=1)
        if within.any():
            found.append(f"a line runs through {text.text!r}")
    return found


def _paper_faults(text: VMobject, name: str) -> list[str]:
    paper: VMobject | None = getattr(text, "paper", None)
    background = palette().background
    ground = background
    found = []
    if paper is not None:
        left, low, right, high = _box(text)
        p_left, p_low, p_right, p_high = _box(paper)
        slack = units(0.5)
        if left < p_left - slack or right > p_right + slack or low < p_low - slack or high > p_high + slack:
            found.append(f"{name} is larger than its box")
        ground = between(background, paper.get_fill_color().to_hex(), paper.get_fill_opacity())
    ink = _ink(text)
    if ink and contrast(between(ground, ink[0], ink[1]), ground) < READABLE - 0.02:
        found.append(f"{name} has contrast {contrast(between(ground, ink[0], ink[1]), ground):.2f} on {ground}")
    return found


def _ink(text: VMobject) -> tuple[str, float] | None:
    parts = [p for p in text.get_family() if p.has_points() and p.get_fill_opacity() > 0]
    return (parts[0].get_fill_color().to_hex(), parts[0].get_fill_opacity()) if parts else None
