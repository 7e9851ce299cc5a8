"""A tiny lecture of two steps, rendered by the real command in processes of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import forking

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = '''
from scenes.animations import appear, leave
from scenes.layout import centred
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import number
from scenes.stage.chapter import Chapter, Step, beat

class Tiny(Chapter):
    """A weight, then all of them."""
    number = 1
    title = "Tiny"

    def steps(self, trace):
        weights = trace["encoder.0.self_attn.weights"].pick(batch=0, head=0)
        first = centred(number(weights.quantity(0, 0)))
        yield Step("One", beat("It begins.", appear(first)))
        grid = centred(TensorGrid(weights))
        yield Step("Two", beat("It ends.", appear(grid), leave(grid), appear(grid)), stage=[])
'''
LECTURE = 'title = "Tiny"\nchapters = ["tiny.py"]\nquality = "l"\n'
FILM = "tiny-480p15.mp4"


class Tiny:
    """A folder with the tiny lecture, and a cache with what was made of it."""

    def __init__(self, folder: Path):
        self.folder, self.cache = folder, folder / "cache"
        (folder / "tiny.toml").write_text(LECTURE)
        self.write()

    def write(self, old: str = "", new: str = ""):
        (self.folder / "tiny.py").write_text(CHAPTER.replace(old, new) if old else CHAPTER)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LECTURE_CACHE": str(self.cache),
            "OMP_NUM_THREADS": "1",
            "LECTURE_QUIET": "1",
        }

    def lecture(self, *arguments: str, around=(), unset=(), **settings):
        """Run the command to its end, by the command `around` if there is one; in a fork if nothing else is asked."""
        if not (around or unset or settings):
            return forking.run(arguments, self.folder, self.environment)
        environment = {**self.environment, **settings.pop("environment", {})}
        environment = {name: value for name, value in environment.items() if name not in unset}
        command = [*around, sys.executable, "-m", "scenes.cli.main", *arguments]
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 600, **settings}
        return subprocess.run(command, cwd=self.folder, env=environment, text=True, check=False, **settings)

    def render(self, output: str = "out", name: str = "render", wishes=("--jobs", "1"), **settings):
        return self.lecture(name, "tiny.toml", "--trust", *wishes, f"--output={output}", **settings)

    def redraw(self) -> None:
        """Let the next film be drawn, not taken from the cache."""
        shutil.rmtree(self.cache / "clips")

    def film(self, output: str = "out") -> bytes:
        return (self.folder / output / FILM).read_bytes()

    def unfinished(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if ".part" in path.name]


def one_line(done, *parts: str) -> None:
    """The command failed and said why in one line."""
    assert done.returncode == 1, done.stderr
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("lecture: ")
    for part in parts:
        assert part in done.stderr


def goes_on(done) -> None:
    """The command did what was asked, and had nothing to say about it."""
    assert (done.returncode, done.stderr) == (0, "")
