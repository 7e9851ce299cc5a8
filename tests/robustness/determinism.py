"""Make everything on several "machines", and compare every file: films, clips in every format, slides, page, traces.

    python tests/robustness/determinism.py --chapters scores
    python tests/robustness/determinism.py --chapters qkv scores weighting --without train
    python tests/robustness/determinism.py --hashes made.json     # here, and then there with the same file

The machines are this one with one worker; with two; with two whose jobs come in an order drawn by chance; with one
processor; and another one, as near as one computer comes to two: a copy of the code at another path, another user
(where we are root), host name, home, locale, time zone, umask, temporary folder and seed of the hashes of Python, and a
configuration of Manim that asks for something else. Where there is a second computer of the same kind, and the same
libraries, a file of hashes goes from one to the other. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from trial import LECTURE, ROOT, differing, hashes, start

FILE = """title = "Short"
sentence = "The car is red"
chapters = {chapters}
quality = "l"
outputs = ["film", "slides", "page"]
output = "renders/out"
"""
#: Jobs in another order, and results in the right one.
SHUFFLED = """
import random
from scenes.production.crew import Crew
perform, chance = Crew.perform, random.Random({seed})
def shuffled(crew, works):
    order = chance.sample(range(len(works)), len(works))
    found = dict(zip(order, perform(crew, [works[at] for at in order])))
    return [found[at] for at in range(len(works))]
Crew.perform = shuffled
from scenes.cli.main import main
main()
"""
TRAIN = """
from functools import partial
from scenes.cli.main import main
from transformer_core.studies.translator import train as default_model
default_model.train = partial(default_model.train, sentences=5000, measured_on=100)
main()
"""
NOBODY = 65534
MANIM = "[CLI]\nbackground_color = #FF0000\nframe_rate = 12\nframe_height = 4\nmovie_file_extension = .mov\n"


@dataclass
class Machine:
    """Setting in which the same commands are run.

    Args:
        name: for the report.
        folder: where its files are.
        before: words put before each command, such as `taskset -c 0`.
        lecture: command line that stands for `lecture`.
    """

    name: str
    folder: Path
    jobs: int = 1
    before: tuple[object, ...] = ()
    lecture: tuple[object, ...] = LECTURE
    environment: dict[str, str] = field(default_factory=dict)
    code: Path = ROOT

    def run(self, *command: object) -> None:
        """Run a command in its folder.

        Raises:
            RuntimeError: it failed.
        """
        given = {"PYTHONPATH": str(self.code), **self.environment}
        run = start((*self.before, *command), self.folder, **given)
        said = run.communicate()[1]
        if run.returncode:
            raise RuntimeError(f"{self.name}: {said[-600:]}")


def machines(place: Path, seed: int) -> list[Machine]:
    """This one in four ways, and another."""
    shuffled = (sys.executable, "-c", SHUFFLED.format(seed=seed))
    found = [
        Machine("one worker", place / "one"),
        Machine("two workers", place / "two", jobs=2),
        Machine("two workers, jobs shuffled", place / "shuffled", jobs=2, lecture=shuffled),
        Machine("one processor", place / "processor", jobs=2, before=("taskset", "-c", "0")),
        _other(place / "elsewhere" / "a machine", seed),
    ]
    return [machine for machine in found if not machine.before or shutil.which(str(machine.before[0]))]


def _other(folder: Path, seed: int) -> Machine:
    """Another machine: everything that is not the code, the libraries and the processor is different."""
    home, temporary, code = folder / "home", folder / "tmp", folder / "code of another"
    for part in (home / ".config" / "manim", temporary, folder / "run"):
        part.mkdir(parents=True)
    (home / ".config" / "manim" / "manim.cfg").write_text(MANIM, encoding="utf-8")
    for part in ("scenes", "transformer_core", "assets"):
        shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
    before = ["unshare", "--uts", "sh", "-c", 'umask 077; hostname elsewhere && exec "$@"', "sh"]
    if os.geteuid() == 0 and _readable_by_all(Path(sys.executable)):
        before += ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    elif os.geteuid():
        before = ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    environment = {
        "HOME": str(home), "TMPDIR": str(temporary), "PYTHONHASHSEED": str(seed + 1), "TZ": "Asia/Kathmandu",
        "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "USER": "other", "LOGNAME": "other", "HOSTNAME": "elsewhere",
        "OMP_NUM_THREADS": "2", "COLUMNS": "40", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    return Machine("another machine", folder / "run", 2, tuple(before), LECTURE, environment, code)


def _readable_by_all(path: Path) -> bool:
    """Return True if another user can reach and run this file."""
    return all(parent.stat().st_mode & 0o005 for parent in path.resolve().parents) and os.access(path, os.X_OK)


def make(machine: Machine, chapters: list[str], formats: list[str], without: list[str]) -> dict[str, str]:
    """Run all commands on `machine`; what is in each file that came of it."""
    folder = machine.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "short.toml").write_text(FILE.format(chapters=json.dumps(chapters)), encoding="utf-8")
    jobs = ("--jobs", machine.jobs)
    machine.run(*machine.lecture, "render", "short.toml", *jobs)
    if "clips" not in without:
        wanted = [part for name in formats for part in ("--format", name)]
        small = ("--width", 480, "--output", "renders/clips")
        machine.run(*machine.lecture, "clip", f"{chapters[0]}.1", *wanted, *small, *jobs)
    if "trace" not in without:
        machine.run(*machine.lecture, "trace", "--output", "renders/all.npz")
    if "train" not in without:
        machine.run(sys.executable, "-c", TRAIN, "train", "--steps", 60, "--output", "renders/tiny")
    return {name: found for name, found in hashes(folder / "renders").items() if "/.cache/" not in name}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--chapters", nargs="+", default=["scores"])
    options.add_argument("--formats", nargs="+", default=["mp4", "webm", "gif", "avif", "png"])
    options.add_argument("--without", nargs="*", default=[], choices=["clips", "trace", "train"])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, help="a folder for all that is made")
    options.add_argument("--hashes", type=Path, help="compare with what this file has; where there is none, write it")
    given = options.parse_args()
    place = given.keep or Path(tempfile.mkdtemp(prefix="determinism-"))
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    figures: dict[str, dict[str, object]] = {}
    kept = given.hashes is not None and given.hashes.exists()
    first: dict[str, str] = json.loads(given.hashes.read_text(encoding="utf-8")) if kept else {}
    try:
        for machine in machines(place, given.seed):
            begun = time.monotonic()
            found = make(machine, given.chapters, given.formats, given.without)
            first = first or found
            wrong = differing(first, found)
            figures[machine.name] = {"files": len(found), "differing": wrong}
            took = time.monotonic() - begun
            sys.stderr.write(f"{machine.name}: {len(found)} files, {len(wrong)} differ {wrong[:5]}; {took:.0f} s\n")
            sys.stderr.flush()
    finally:
        if given.keep is None:
            shutil.rmtree(place, ignore_errors=True)
    if given.hashes is not None and not kept:
        given.hashes.write_text(json.dumps(first, indent=1), encoding="utf-8")
    sys.stdout.write(f"{json.dumps(figures)}\n")
    sys.exit(any(each["differing"] for each in figures.values()))


if __name__ == "__main__":
    main()
