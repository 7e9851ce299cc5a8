"""A tiny lecture: one chapter of three steps on a trace of six numbers, in pictures of 96 by 54 pixels."""

from pathlib import Path

import numpy as np
import pytest

from scenes.production.look import Look
from scenes.production.repertoire import parts, repertoire
from scenes.production.store import Store
from scenes.production.studio import Order, Studio
from transformer_core.tracing.trace import NamedTensor, Trace

CHAPTER = '''
from collections.abc import Iterator
from scenes.animations import appear, light
from scenes.layout import centred
from scenes.mobjects.text import number, word
from scenes.stage.chapter import Chapter, Step, beat
from transformer_core.tracing.trace import Trace

class Counting(Chapter):
    """Three numbers."""
    number = 1
    title = "Counting"

    def steps(self, trace: Trace) -> Iterator[Step]:
        shares = trace["shares"].pick(query="red")
        first = centred(number(shares.quantity(0)))
        yield Step("One <b>", beat("It begins.", appear(first)), beat("Here it is."))
        query, share = shares.largest()
        named = word(query).next_to(first)
        yield Step("Two", beat(f"“{query}” gets {share:.0%}.", appear(named)))
        last = number(shares.quantity(1)).next_to(named)
        yield Step("Three", beat("Done.", appear(last)), stage=[])
'''
OTHER = '''
from scenes.animations import appear
from scenes.mobjects.text import number
from scenes.stage.chapter import Chapter, Step, beat

class Other(Chapter):
    """One number."""
    number = 2
    title = "Other"

    def steps(self, trace):
        yield Step("Alone", beat("One.", appear(number(trace["shares"].quantity(1, 0)))))
'''
LOOK = Look(96, 54, 15, "dark")
ABOUT = {
    "text": "The car is red",
    "model": "tiny",
    "card": {"recipe": {"seed": 7}},
    "versions": {"transformer-lecture": "0.1", "python": "3.11.2"},
}


def tiny_trace() -> Trace:
    labels = {"query": ("car", "red"), "key": ("The", "car", "red")}
    values = np.array([[0.25, 0.5, 0.25], [0.125, 0.625, 0.25]])
    return Trace({"shares": NamedTensor("shares", values, ("query", "key"), labels)}, about=ABOUT)


class Quiet:
    """Progress that only counts."""

    def __init__(self):
        self.begun, self.frames, self.steps = [], 0, 0

    def begin(self, what, frames, steps):
        self.begun.append((what, frames, steps))

    def advance(self, frames, steps):
        self.frames += frames
        self.steps += steps


class Place:
    """A folder with chapters, a store that has the trace, and a studio."""

    def __init__(self, folder: Path):
        self.folder, self.chapters = folder, folder / "chapters"
        self.chapters.mkdir(parents=True, exist_ok=True)
        self.write()
        saved = tiny_trace().save(folder / "trace.npz")
        self.store = Store(folder / "store")
        self.store.trace = lambda *_, **__: (saved, "tiny")

    def write(self, old: str = "", new: str = ""):
        (self.chapters / "c01_counting.py").write_text(CHAPTER.replace(old, new) if old else CHAPTER)
        (self.chapters / "c02_other.py").write_text(OTHER)

    def order(self, *names: str, jobs: int = 1, output: str = "out", look: Look = LOOK, **wishes) -> Order:
        named = {entry for part in parts(names, self.chapters) for entry in part.entries}
        entries = sorted(named) or repertoire(self.chapters)
        return Order(entries, "The car is red", "film", look, self.folder / output, jobs, **wishes)

    def film(self, *names: str, **wishes):
        self.progress = Quiet()
        return Studio(self.store, self.progress).film(self.order(*names, **wishes))

    def stills(self, *names: str):
        return Studio(self.store, Quiet()).stills(self.order(*names))


@pytest.fixture(scope="session")
def new_place():
    """Makes a place in a folder."""
    return Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def places():
    """For tests that need several places, or progress of their own kind."""
    return Place


@pytest.fixture
def quiet():
    return Quiet


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A place where the film of both chapters has been made once, for tests that only look."""
    place = Place(tmp_path_factory.mktemp("finished"))
    place.made = place.film()
    return place
