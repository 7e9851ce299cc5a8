"""`lecture watch`: what is saved is drawn, what is wrong is told, and an interrupt is the way to end it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue

import pytest

from scenes.cli.orders import order_of
from scenes.cli.watch import CHAPTERS, PACKAGES, _files, _is_imported

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import signal
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from conftest import Place
from scenes.cli import main as cli
from scenes.cli import orders

if __name__ == "__main__":
    # A shell starts what runs in its background with this signal ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place = Place(Path({folder!r}))
    orders.open_store = lambda: place.store
    cli.main(["watch", str(place.chapters / "c01_counting.py"), "--output", {folder!r} + "/out", "--jobs", "1"])
"""


class Watching:
    """The command, running, and the lines that it says."""

    def __init__(self, folder: Path):
        program = folder / "program.py"
        program.write_text(PROGRAM.format(tests=str(Path(__file__).parent), folder=str(folder)))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(program)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        self.lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def said(self) -> list[str]:
        """Return the lines that the command prints until it watches again."""
        lines = []
        while not lines or not lines[-1].startswith("watching"):
            lines.append(self.lines.get(timeout=60))
        return lines

    def end(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=30)


@pytest.fixture
def watching(places, tmp_path):
    places(tmp_path)
    running = Watching(tmp_path)
    yield running
    running.process.kill()
    running.process.wait()


def test_what_is_saved_is_drawn_a_mistake_is_told_and_an_interrupt_ends_it(watching, tmp_path):
    chapter = tmp_path / "chapters" / "c01_counting.py"
    clips = tmp_path / "out" / "clips"
    assert "3 steps, 3 of them drawn now" in watching.said()[-2]
    before = {clip.name: clip.read_bytes() for clip in clips.iterdir()}

    right = chapter.read_text()
    chapter.write_text(right.replace("Here it is.", "There it is."))
    told = watching.said()
    assert told[0] == f"{clips / 'counting-01.mp4'}  One <b>"
    assert "3 steps, 1 of them drawn now" in told[1]
    assert {clip.name for clip in clips.iterdir() if clip.read_bytes() != before[clip.name]} == {"counting-01.mp4"}

    chapter.write_text(right.replace("def steps(", "def steps)("))
    told = watching.said()
    assert len(told) == 2, told
    assert told[0].startswith("lecture: SyntaxError: ")
    assert "c01_counting.py, line" in told[0]

    chapter.write_text(right.replace("shares.largest()", "nowhere.largest()"))
    told = watching.said()
    line = right[: right.index("shares.largest()")].count("\n") + 1
    assert told[0] == f"lecture: NameError: name 'nowhere' is not defined (c01_counting.py, line {line})"

    # Saved as many editors do it: another file takes its name.
    (tmp_path / "new.py").write_text(right)
    (tmp_path / "new.py").replace(chapter)
    assert "3 steps, 0 of them drawn now" in watching.said()[0]
    assert {clip.name: clip.read_bytes() for clip in clips.iterdir()} == before

    assert watching.end() == 0
    assert watching.lines.get(timeout=5).strip("^C") in {"watching ended", ""}


def test_a_lecture_file_is_watched_in_the_quality_of_a_preview_away_from_its_film(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\nchapters = ["scores"]\nquality = "h"\nsentence = "The dog is red"\n')
    order = order_of((str(file),), text="", quality="l", preview=True)
    assert (order.look.height, order.look.rate) == (480, 15)
    assert (order.text, [entry.name for entry in order.entries]) == ("The dog is red", ["scores"])
    assert order.output == Path("renders") / "mine-480p15"


def test_a_chapter_is_drawn_where_render_draws_it_and_its_steps_can_be_chosen():
    wishes = {"text": "The car is red", "quality": "l"}
    watched = order_of(("scores.2",), preview=True, **wishes)
    assert watched == order_of(("Scores.2",), **wishes)
    assert watched.output == Path("renders") / "scores-02-the-car-is-red-480p15"
    by_file = order_of((str(ROOT / "scenes" / "chapters" / "c06_scores.py"),), preview=True, **wishes)
    assert by_file.output == Path("renders") / "scores-the-car-is-red-480p15"


def test_a_file_without_a_chapter_is_told(tmp_path):
    file = tmp_path / "c01_nothing.py"
    file.write_text("number = 1\n")
    with pytest.raises(ValueError, match=r"no chapter is in c01_nothing\.py"):
        _files(str(file))


def test_a_process_that_waits_for_a_change_has_imported_all_code_but_chapters(tmp_path):
    assert all(_is_imported(package / "anything" / "more.py") for package in PACKAGES)
    assert not any(_is_imported(folder / "c01_mine.py") for folder in (CHAPTERS, CHAPTERS / "c02_other", tmp_path))
    found = subprocess.run(
        [sys.executable, "-c", "import scenes.rendering, scenes.stage.chapter, sys; print(*sys.modules)"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "scenes.mobjects" in found.stdout
    assert "scenes.chapters" not in found.stdout
