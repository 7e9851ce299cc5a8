"""Kill and interrupt `lecture render` and `lecture train` at moments drawn by chance, and see what the next run makes.

    python tests/robustness/interruption.py --times 30 --seed 1
    python tests/robustness/interruption.py --what train --times 30

Each time in an empty folder: begin, wait, kill with SIGKILL (by turns the leader alone, and all its processes), wait
until no process is left, read every file that is there, run again, and compare every file with those of an undisturbed
run. Then the same with SIGINT. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from trial import LECTURE, differing, frames_are_right, halves, hashes, outlived, start, states, unfinished

#: What an interrupt says while the code is still being read, and later.
LINES = {
    "lecture: interrupted",
    "lecture: interrupted; finished steps are kept, and the next run goes on from there",
}
#: Seconds in which an interrupt has to end a command.
PATIENCE = 2.0
FILE = """title = "Short"
sentence = "{sentence}"
chapters = ["{chapter}"]
quality = "l"
outputs = ["film", "slides", "page"]
output = "renders/out"
"""


@dataclass
class Figures:
    """Figures of all trials of a command."""

    undisturbed_seconds: float
    killed: int = 0
    leader_alone: int = 0
    longest_orphan_seconds: float = 0.0
    interrupted: int = 0
    longest_interrupt_seconds: float = 0.0
    too_late: int = 0
    moments: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in vars(self).items()}
        return rounded | {"moments": [round(moment, 2) for moment in sorted(self.moments)]}


class Trials:
    """A command, disturbed again and again in folders of its own.

    Everything that the command makes lies in "renders".

    Args:
        command: what is run.
        place: a folder for the folders. What lies in its folder "given" lies in each before the command begins.
        chance: draws the moments.
        patience: seconds in which an interrupt has to end the command.
    """

    made = "renders"

    def __init__(
        self, command: Sequence[object], place: Path, chance: random.Random, patience: float = PATIENCE
    ) -> None:
        self.command, self.place, self.chance, self.patience = command, place, chance, patience
        folder, begun = self._empty("undisturbed"), time.monotonic()
        self._finish(folder)
        self.figures = Figures(time.monotonic() - begun)
        self.right = hashes(folder / self.made)
        self.figures.faults += self._wrong(folder)
        self._tell(f"undisturbed: {self.figures.undisturbed_seconds:.1f} s, {len(self.right)} files")

    def kill(self, number: int) -> None:
        """Kill the command at a moment drawn by chance, with all its processes; every other time, its leader alone."""
        folder, alone = self._empty(f"killed-{number}"), number % 2 == 0
        run, moment = self._begun(folder)
        if run.poll() is None:
            (os.kill if alone else os.killpg)(run.pid, signal.SIGKILL)
            self.figures.killed, self.figures.leader_alone = self.figures.killed + 1, self.figures.leader_alone + alone
            self.figures.moments.append(moment)
        else:
            self.figures.too_late += 1
        gone = outlived(run.pid)
        run.communicate()
        self.figures.longest_orphan_seconds = max(self.figures.longest_orphan_seconds, gone)
        before = states(folder)
        found = [f"not whole: {half}" for half in halves(folder / self.made)]
        time.sleep(0.2)
        found += ["written by nobody"] * (states(folder) != before)
        self._settle(f"kill {number} at {moment:.2f} s, {'leader' if alone else 'all'}", folder, found)

    def interrupt(self, number: int) -> None:
        """Interrupt the command as a terminal does, at a moment drawn by chance; every other time, twice."""
        folder = self._empty(f"interrupted-{number}")
        run, moment = self._begun(folder)
        found = []
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGINT)
            begun = time.monotonic()
            if number % 2:
                time.sleep(0.05)
                os.killpg(run.pid, signal.SIGINT)
            _, said = run.communicate()
            took = time.monotonic() - begun
            self.figures.interrupted += 1
            self.figures.longest_interrupt_seconds = max(self.figures.longest_interrupt_seconds, took)
            done = run.returncode == 0 and not said
            if not done and (said.strip() not in LINES or run.returncode != 130):
                found.append(f"status {run.returncode}, and it said {said.strip()[-400:]!r}")
            found += [f"it took {took:.1f} s"] * (took > self.patience)
            found += [f"left {left}" for left in [unfinished(folder)] if left]
            found += ["processes were left"] * (outlived(run.pid) > 0.5)
        else:
            run.communicate()
            self.figures.too_late += 1
        self._settle(f"interrupt {number} at {moment:.2f} s", folder, found)

    def _begun(self, folder: Path) -> tuple[object, float]:
        moment = self.chance.uniform(0, self.figures.undisturbed_seconds)
        run, begun = start(self.command, folder), time.monotonic()
        while run.poll() is None and time.monotonic() < begun + moment:
            time.sleep(0.005)
        return run, moment

    def _settle(self, what: str, folder: Path, found: list[str]) -> None:
        """Run once more, undisturbed, and compare."""
        try:
            self._finish(folder)
        except AssertionError as error:
            found.append(str(error))
        found += self._wrong(folder)
        self.figures.faults += [f"{what}: {fault}" for fault in found]
        self._tell(f"{what}: {'; '.join(found) or 'whole, and the same'}")
        if not found:
            shutil.rmtree(folder)

    def _wrong(self, folder: Path) -> list[str]:
        made = folder / self.made
        found = [f"not whole: {half}" for half in halves(made)]
        found += [f"left: {left}" for left in unfinished(folder)]
        found += [f"differs: {name}" for name in differing(self.right, hashes(made))]
        if (made / "out" / "steps.json").exists() and not frames_are_right(made / "out"):
            found.append("film or clips have another number of frames than the index")
        return found

    def _finish(self, folder: Path) -> None:
        run = start(self.command, folder)
        _, said = run.communicate()
        assert run.returncode == 0, f"the next run ended with {run.returncode}: {said[-400:]}"

    def _empty(self, name: str) -> Path:
        folder = self.place / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.place / "given", folder)
        return folder

    def _tell(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def rendering(place: Path, chance: random.Random, chapter: str, sentence: str, jobs: int) -> Trials:
    """Trials of a film with slides and a page, of which nothing is there yet, not even the trace."""
    given = place / "render" / "given"
    given.mkdir(parents=True)
    (given / "short.toml").write_text(FILE.format(chapter=chapter, sentence=sentence), encoding="utf-8")
    return Trials((*LECTURE, "render", "short.toml", "--jobs", jobs), given.parent, chance)


def training(place: Path, chance: random.Random, steps: int, sentences: int, measured_on: int) -> Trials:
    """Trials of a training with its measuring, on fewer sentences than `lecture train` has, and the same otherwise."""
    code = f"of.train = partial(of.train, sentences={sentences}, measured_on={measured_on})"
    less = f"from functools import partial; from transformer_core.studies.translator import train as of; {code}"
    # What reads torch before the command begins has its interrupt told as `scenes.cli.begin` tells one.
    told = "print('lecture: interrupted', file=sys.stderr)"
    early = f"try:\n    {less}\nexcept KeyboardInterrupt:\n    {told}\n    sys.exit(130)"
    code = f"import sys\n{early}\nfrom scenes.cli.begin import main\nmain()"
    command = (sys.executable, "-c", code) if sentences else LECTURE
    command = (*command, "train", "--steps", steps, "--output", "renders/tiny")
    (place / "train" / "given").mkdir(parents=True)
    return Trials(command, place / "train", chance)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--what", choices=["render", "train", "both"], default="both")
    options.add_argument("--times", type=int, default=30, help="kills of each command")
    options.add_argument("--interrupts", type=int, help="interrupts of each; as many as kills, if not given")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--chapter", default="scores")
    options.add_argument("--sentence", default="The car is red")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--steps", type=int, default=1200, help="of the training")
    options.add_argument("--sentences", type=int, default=20_000, help="to train on; 0 takes all of `lecture train`")
    options.add_argument("--measured-on", type=int, default=300, help="sentences")
    given = options.parse_args()
    chance, interrupts = random.Random(given.seed), given.times if given.interrupts is None else given.interrupts
    figures = {}
    with tempfile.TemporaryDirectory(prefix="interruption-", ignore_cleanup_errors=True) as folder:
        for what in ("render", "train") if given.what == "both" else (given.what,):
            place = Path(folder)
            if what == "render":
                trials = rendering(place, chance, given.chapter, given.sentence, given.jobs)
            else:
                trials = training(place, chance, given.steps, given.sentences, given.measured_on)
            for number in range(given.times):
                trials.kill(number)
            for number in range(interrupts):
                trials.interrupt(number)
            figures[what] = trials.figures.told()
    sys.stdout.write(f"{json.dumps(figures)}\n")
    sys.exit(any(each["faults"] for each in figures.values()))


if __name__ == "__main__":
    main()
