"""A step as a Lottie animation: each mobject is a layer whose curves, place and colours change between keyframes."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from manim import Mobject, VMobject
from manim.utils.family import extract_mobject_family_members

from scenes.rendering.leaves import COLOURS, LINE_WIDTH
from scenes.rendering.vector import CAPS, JOINS, WIDTHS, contours
from scenes.theme import shape, units

#: How far, in px of the stage, in opacity and in px of a stroke, what lies between two keyframes may be off.
PLACE, COLOUR, WIDTH = 0.3, 0.004, 0.05
#: Lottie's numbers for how lines end and meet.
ENDS, CORNERS = {"butt": 1, "round": 2, "square": 3}, {"miter": 1, "round": 2, "bevel": 3}
#: No turn, no size of its own: what Lottie asks for beside a group.
AT_REST: dict[str, Any] = {"ty": "tr", "a": {"a": 0, "k": [0, 0]}, "r": {"a": 0, "k": 0}, "o": {"a": 0, "k": 100}}


@dataclass(frozen=True)
class DrawnMobject:
    """A mobject as it stands in a frame.

    Attributes:
        build: the number of curves of each contour, and whether it is closed.
        curves: all of them, curve × 4 × 2, in px.
        paint: of the stroke behind, the fill and the stroke: red, green, blue, opacity, px of width.
    """

    leaf: VMobject
    build: tuple[tuple[int, bool], ...]
    curves: np.ndarray
    paint: np.ndarray

    @classmethod
    def of(cls, leaf: VMobject) -> DrawnMobject | None:
        """The mobject as it stands now; None if nothing of it is seen."""
        paint, parts = _paint(leaf), list(contours(leaf))
        if not parts or not (paint[:, 3:] > 0).all(1).any():
            return None
        build = tuple((len(curves), closed) for curves, closed in parts)
        return cls(leaf, build, np.concatenate([curves for curves, _ in parts]), paint)

    @cached_property
    def looks(self) -> tuple[Any, ...]:
        """A key that is equal for two that look the same."""
        return self.build, self.curves.tobytes(), self.paint.tobytes()


class Track:
    """A mobject while it stands on the stage with curves of one build: a layer.

    `states` are samples at `frames`; between two of them all changes at an even speed.
    """

    def __init__(self, first: DrawnMobject) -> None:
        self.build, self.end = first.build, 0
        self.frames: list[int] = []
        self.states: list[DrawnMobject] = []

    def add(self, frame: int, state: DrawnMobject) -> None:
        """Note how the mobject looks from this frame on."""
        if self.states and state.looks == self.states[-1].looks:
            return
        if self.states and self.frames[-1] < frame - 1:  # it stood still until now
            self._note(frame - 1, self.states[-1])
        self._note(frame, state)

    def _note(self, frame: int, state: DrawnMobject) -> None:
        self.frames.append(frame)
        self.states.append(state)

    def layer(self, scale: float) -> dict[str, Any]:
        """The layer, with lengths multiplied by `scale`."""
        frames, curves = np.array(self.frames), np.stack([one.curves for one in self.states]) * scale
        paints, leaf = np.stack([one.paint for one in self.states]), self.states[0].leaf
        state = leaf.__dict__
        corner, end = CORNERS[JOINS[state["joint_type"].value]], ENDS[CAPS[state["cap_style"].value]]
        painted = []
        for name, paint in zip(COLOURS, paints.swapaxes(0, 1), strict=True):
            colour, opacity, width = paint[:, :3], 100 * paint[:, 3:4], paint[:, 4:] * scale
            if opacity.any() and width.any():
                item = {"c": _property(frames, colour, COLOUR), "o": _property(frames, opacity, 100 * COLOUR)}
                if name.startswith("fill"):
                    painted.append({"ty": "fl", "r": 1, **item})
                else:
                    item["w"] = _property(frames, width, WIDTH)
                    painted.append({"ty": "st", "lc": end, "lj": corner, "ml": 10, **item})
        shapes = [{"ty": "gr", "it": self._shapes(frames, curves)}, *reversed(painted)]
        named = {"nm": str(leaf.text)} if getattr(leaf, "text", "") else {}
        still = {"ty": "gr", "it": [*shapes, {**AT_REST, "p": {"a": 0, "k": [0, 0]}, "s": {"a": 0, "k": [100, 100]}}]}
        return {"ty": 4, **named, "ip": self.frames[0], "op": self.end, "st": 0, "ks": {}, "shapes": [still]}

    def _shapes(self, frames: np.ndarray, curves: np.ndarray) -> list[dict[str, Any]]:
        """The contours: moved and stretched, if that is all that happens to them, else each with its own keyframes."""
        points = curves.reshape(len(curves), -1, 2)
        low, high = points.min(1), points.max(1)
        size = high - low
        base = int(size.sum(1).argmax())
        stretch = np.where(size[base] > PLACE, size / np.maximum(size[base], PLACE), 1.0)
        place = low - low[base] * stretch
        moved = points[base] * stretch[:, None] + place[:, None]
        if np.abs(moved - points).max() < PLACE:
            curves = curves[base : base + 1]
            # Between keyframes both corners of the box go straight on, and so do its place and its size.
            kept = _keyframes(np.concatenate([low, high], 1), frames, PLACE)
            moves = {"p": _keyed(frames[kept], place[kept], 2), "s": _keyed(frames[kept], 100 * stretch[kept], 3)}
        else:
            moves = {"p": {"a": 0, "k": [0, 0]}, "s": {"a": 0, "k": [100, 100]}}
        kept = _keyframes(curves.reshape(len(curves), -1), frames, PLACE) if len(curves) > 1 else [0]
        return [*self._contours(frames[kept], curves[kept]), {**AT_REST, **moves}]

    def _contours(self, frames: np.ndarray, curves: np.ndarray) -> Iterator[dict[str, Any]]:
        first = 0
        for count, closed in self.build:
            paths = [_path(one[first : first + count], closed) for one in curves]
            first += count
            if len(paths) == 1:
                yield {"ty": "sh", "ks": {"a": 0, "k": paths[0]}}
            else:
                yield {"ty": "sh", "ks": _animated(frames, [[path] for path in paths])}


class Recording:
    """In the place of a clip: notes what stands on the `stage` in each frame."""

    def __init__(self, stage: Callable[[], Sequence[Mobject]]) -> None:
        self.stage, self.frames = stage, 0
        #: From the back to the front.
        self.tracks: list[Track] = []
        self._open: dict[int, Track] = {}

    def write(self, *_: Any) -> None:
        self.repeat()

    def repeat(self, count: int = 1) -> None:
        """Note a picture that stands for so many frames."""
        leaves = extract_mobject_family_members(self.stage(), use_z_index=True, only_those_with_points=True)
        drawn = [found for leaf in leaves if isinstance(leaf, VMobject) and (found := DrawnMobject.of(leaf))]
        places = {id(track): k for k, track in enumerate(self.tracks)}
        standing = {id(one.leaf) for one in drawn}
        # A caption is made anew for every part of a beat: what looks as what has just left goes on with its layer.
        left = {track.states[-1].looks: track for key, track in self._open.items() if key not in standing}
        known = [self._open.get(id(one.leaf)) or left.pop(one.looks, None) for one in drawn]
        same = [track is not None and track.build == one.build for track, one in zip(known, drawn, strict=True)]
        # What has come to the front or went to the back gets a layer of its own there; as many as can stay do.
        stays = _rising([places[id(t)] if goes_on else -1 for t, goes_on in zip(known, same, strict=True)])
        seen: dict[int, Track] = {}
        after: Track | None = None
        for k, one in enumerate(drawn):
            track = known[k] if k in stays else None
            if track is None:
                track = Track(one)
                self.tracks.insert(self.tracks.index(after) + 1 if after else 0, track)
            after = seen[id(one.leaf)] = track
            track.add(self.frames, one)
        self.frames += count
        for track in seen.values():
            track.end = self.frames
        self._open = seen

    def lottie(self, title: str, made: str, rate: int, width: int, background: str, beats: Sequence[float]) -> str:
        """The animation as JSON, `width` px wide; clear without a `background`. Each beat begins at a marker."""
        scale = width / shape().width
        size = {"w": width, "h": round(shape().height * scale)}
        layers = [track.layer(scale) for track in reversed(self.tracks)]
        if background:
            ground = {"sw": size["w"], "sh": size["h"], "sc": background}
            layers.append({"ty": 1, "ip": 0, "op": self.frames, "st": 0, "ks": {}, **ground})
        markers = [{"tm": round(start * rate), "cm": f"{k + 1}", "dr": 0} for k, start in enumerate(beats)]
        found = {
            "v": "5.7.0", "nm": title, "meta": {"g": made}, "fr": rate, "ip": 0, "op": self.frames, **size,
            "layers": layers, "markers": markers,
        }  # fmt: skip
        return json.dumps(found, separators=(",", ":"))


def _paint(leaf: VMobject) -> np.ndarray:
    """The paint of a `DrawnMobject`.

    Raises:
        ValueError: a part has several colours.
    """
    state, found = leaf.__dict__, np.ones((3, 5))
    for row, name, thick in zip(found, COLOURS, WIDTHS, strict=True):
        rgbas = np.asarray(state[name])
        if len(rgbas) > 1 and rgbas[:, 3].any() and (rgbas != rgbas[0]).any():
            raise ValueError("a colour that changes across a shape cannot be said in Lottie: take --format webm")
        row[:4] = np.clip(rgbas[0], 0, 1)
        if thick:
            row[4] = float(state[thick]) * LINE_WIDTH / units(1)
    return found


def _rising(places: Sequence[int]) -> set[int]:
    """Indices of the longest increasing subsequence of `places`, of which negative ones are left out."""
    ends, before = list[int](), dict[int, int]()
    for k, place in enumerate(places):
        if place >= 0:
            at = bisect_left(ends, place, key=places.__getitem__)
            before[k] = ends[at - 1] if at else -1
            ends[at : at + 1] = [k]
    found, k = set[int](), ends[-1] if ends else -1
    while k >= 0:
        found.add(k)
        k = before[k]
    return found


def _keyframes(values: np.ndarray, frames: np.ndarray, slack: float) -> list[int]:
    """Of samples, frame × number, those that must be kept for straight lines between them to be off by `slack` at most.

    Source: Douglas and Peucker, Algorithms for the reduction of the number of points, 1973.
    """
    kept, open_ = {0, len(values) - 1}, [(0, len(values) - 1)]
    while open_:
        first, last = open_.pop()
        if last - first < 2:
            continue
        share = (frames[first + 1 : last] - frames[first]) / (frames[last] - frames[first])
        straight = values[first] + share[:, None] * (values[last] - values[first])
        off = np.abs(straight - values[first + 1 : last]).max(1)
        if off.max() > slack:
            worst = first + 1 + int(off.argmax())
            kept.add(worst)
            open_ += [(first, worst), (worst, last)]
    return sorted(kept)


def _property(frames: np.ndarray, values: np.ndarray, slack: float) -> dict[str, Any]:
    """A property that is the same all the time, or has keyframes; a single number is written without brackets."""
    kept = _keyframes(values, frames, slack)
    if np.abs(values - values[0]).max() > slack:
        return _keyed(frames[kept], values[kept], 3)
    still = _rounded(values[0], 3)
    return {"a": 0, "k": still if len(still) > 1 else still[0]}


def _keyed(frames: np.ndarray, values: np.ndarray, digits: int) -> dict[str, Any]:
    if len(frames) == 1 or (values == values[0]).all():
        return {"a": 0, "k": _rounded(values[0], digits)}
    return _animated(frames, [_rounded(one, digits) for one in values])


def _animated(frames: np.ndarray, values: Sequence[Any]) -> dict[str, Any]:
    """Keyframes, from each of which but the last all goes on at an even speed."""
    even = {"o": {"x": 0, "y": 0}, "i": {"x": 1, "y": 1}}
    *keys, last = ({"t": int(frame), "s": value} for frame, value in zip(frames, values, strict=True))
    return {"a": 1, "k": [*({**key, **even} for key in keys), last]}


def _path(curves: np.ndarray, closed: bool) -> dict[str, Any]:
    """Cubic curves one after another, curve × point × 2, as vertices and the handles that lead into and out of each."""
    vertices = [curve[0] for curve in curves]
    out = [curve[1] - curve[0] for curve in curves]
    into = [curve[2] - curve[3] for curve in curves]
    if closed:
        into = [into[-1], *into[:-1]]
    else:
        vertices, out, into = [*vertices, curves[-1][3]], [*out, np.zeros(2)], [np.zeros(2), *into]
    named = {"v": vertices, "i": into, "o": out}
    return {"c": bool(closed), **{name: [_rounded(one, 2) for one in rows] for name, rows in named.items()}}


def _rounded(values: Any, digits: int) -> list[float]:
    return [int(v) if v == int(v) else v for v in np.round(np.atleast_1d(values).astype(float), digits).tolist()]
