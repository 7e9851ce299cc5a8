"""Own recordings: a folder of sounds, one a step or one a beat, that take the place of a voice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from scenes.production.facts import StepFacts
from scenes.production.repertoire import repertoire
from scenes.speech import sound
from scenes.stage.brand import Asset
from scenes.stage.captions import reading_seconds

NAME = re.compile(r"(\w+)-(\d+)(?:-(\d+))?")
#: Chapter, number of the step, and number of the beat; 0 for all of the step.
Place = tuple[str, int, int]


@dataclass
class Recordings:
    """The sounds of a folder, named by chapter and step, and by beat if wanted: `scores-03.wav`, `scores-03-2.wav`.

    Raises:
        ValueError: there is no such folder, a sound in it is a link to outside, or there are two for one step or beat.
    """

    folder: Path
    of: dict[Place, Asset] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.folder
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder of recordings")
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in sound.FORMATS and p.is_file()):
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"{path} is a link that leads out of this folder: put the sound itself there")
            named = NAME.fullmatch(path.stem)
            if named is None:
                self.strange.append(path.name)
                continue
            place = named[1], int(named[2]), int(named[3] or 0)
            for other, asset in self.of.items():
                if other[:2] == place[:2] and (other[2] == place[2] or 0 in {other[2], place[2]}):
                    what = "step" if 0 in {other[2], place[2]} else "beat"
                    raise ValueError(f"two recordings of one {what} in {folder}: {asset.path.name}, {path.name}")
            self.of[place] = Asset.of(path)

    def whole(self, step: StepFacts) -> Asset | None:
        """The recording of a whole step."""
        return self.of.get((step.chapter, step.number, 0))

    def beat(self, step: StepFacts, number: int) -> Asset | None:
        """The recording of a beat, counted from 1 on."""
        return self.of.get((step.chapter, step.number, number))

    def told(self, steps: Iterable[StepFacts]) -> list[str]:
        """Lines on sounds that belong to none of `steps`, all of their chapters', and on those with too few pauses."""
        known = {(step.chapter, step.number): step for step in steps}
        there = {chapter for chapter, _ in known}
        chapters = there | {entry.name for entry in repertoire()}
        names = [*self.strange]
        for (chapter, number, beat), recording in self.of.items():
            step = known.get((chapter, number))
            is_lost = chapter in there or chapter not in chapters if step is None else beat > len(step.beats)
            names += [recording.path.name] if is_lost else []
        lost = f"no step is called like {', '.join(names)}; a recording is called chapter-03.wav or chapter-03-2.wav"
        few = [few_pauses(whole, step.beats) for step in known.values() if (whole := self.whole(step))]
        return [*([lost] if names else []), *filter(None, few)]


def few_pauses(recording: Asset, beats: tuple[str, ...]) -> str:
    """A line if a recording has fewer pauses than there are between its beats; empty if it has enough."""
    cuts, pauses = cuts_of(recording, beats)
    if cuts or len(beats) < 2:
        return ""
    name, ending = recording.path.stem, recording.path.suffix
    return (
        f"{name}{ending} has {pauses} pauses for {len(beats)} beats, which share its time as they would need it to be"
        f" read: pause for {sound.PAUSE:g} seconds between beats, or record each, as in {name}-2{ending}"
    )


@lru_cache(maxsize=64)
def cuts_of(recording: Asset, beats: tuple[str, ...]) -> tuple[tuple[int, ...], int]:
    """The samples at which the beats after the first begin, none for too few pauses; and the number of pauses.

    Of more pauses than beats those are taken that are long, and near to where the beats would begin as they are read.
    """
    samples = sound.recorded(recording.path)
    pauses = sound.pauses(samples)
    wanted = len(beats) - 1
    if not 0 < wanted <= len(pauses):
        return (), len(pauses)
    ends = np.cumsum([reading_seconds(beat) for beat in beats])
    expected = ends[:-1] / max(ends[-1], 1e-9) * len(samples)
    starts, stops = np.array(pauses).T
    cost = np.abs(stops - expected[:, None]) - (stops - starts)
    _, taken = linear_sum_assignment(cost)  # whichever beat begins at which: in their order, they cost no more
    return tuple(int(starts[at] + stops[at]) // 2 for at in sorted(taken)), len(pauses)
