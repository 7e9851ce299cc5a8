"""Hostile input in large numbers: `python tests/robustness/fuzz.py texts --count 20000 --seed 1`.

Kinds are `texts`, `mobjects`, `lectures` and `weights`. A case follows from the seed and its number. It holds if it
comes to an answer, or to a line that the project raised on purpose, within 5 seconds and 2 GiB, and touches neither a
file outside its folder, nor the network, nor another program. A case that fails is made shorter as long as it fails in
the same way, and saved; one that took too long is tried a second time first. The last line is JSON; the status is 1 if
anything failed. If the process itself dies, the number of its case is in the file `now` beside the saved ones;
`--first` goes on from a number.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Protocol

sys.dont_write_bytecode = True  # a module that is imported late would be written outside the folder
sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import click  # noqa: E402
import guarding  # noqa: E402 - found by the line above

KINDS = {
    "texts": ("fuzzing_texts", "Texts"),
    "mobjects": ("fuzzing_mobjects", "Mobjects"),
    "lectures": ("fuzzing_lectures", "Lectures"),
    "weights": ("fuzzing_weights", "Weights"),
}
#: What is tried to make a case shorter.
TRIES = 120


class Kind(Protocol):
    """Kind of trial: a case is a list of parts, made from random numbers; `run` does with it what is tried."""

    def case(self, random: Random) -> list[Any]: ...

    def prepare(self, case: Sequence[Any]) -> None: ...

    def run(self, case: Sequence[Any]) -> Any: ...

    def sorts(self, case: Sequence[Any]) -> set[str]: ...


def tried(trial: Kind, case: Sequence[Any], watch: guarding.Watch) -> guarding.Outcome:
    """One case under guard, once it is prepared."""
    trial.prepare(case)
    return guarding.judged(lambda: trial.run(case), watch)


def made(kind: str, folder: Path) -> Kind:
    """The kind of that name, with what it needs in `folder`."""
    module, name = KINDS[kind]
    built: Kind = getattr(import_module(module), name)(folder)
    return built


def shorter(case: list[Any], fails: Callable[[list[Any]], bool]) -> list[Any]:
    """The case without the parts that it also fails without: halves first, then ever smaller pieces."""
    size, tries = len(case) // 2, 0
    while size and tries < TRIES:
        at = 0
        while at < len(case) and tries < TRIES:
            less, tries = case[:at] + case[at + size :], tries + 1
            if less and fails(less):
                case = less
            else:
                at += size
        size //= 2
    return case


def fuzz(
    kind: str, count: int, seed: int, folder: Path, saved: Path, tell: Callable[[int, int], None], first: int = 0
) -> dict[str, Any]:
    """Try `count` cases from the number `first` on; `tell` is told how many were tried and how many failed."""
    home, before = folder.resolve(), Path.cwd()
    trial = made(kind, home)
    watch = guarding.watched(home)
    failures: list[dict[str, Any]] = []
    answered, twice, worst, start = 0, 0, 0.0, time.perf_counter()
    sorts: Counter[str] = Counter()
    now = saved / kind / "now"
    now.parent.mkdir(parents=True, exist_ok=True)
    os.chdir(home)
    try:
        plain = trial.case(Random(kind))
        trial.prepare(plain)
        trial.run(plain)  # what is imported and read once is not the first case's
        with guarding.limited_memory():
            for number in range(first, first + count):
                now.write_text(f"{seed}-{number}\n", encoding="ascii")
                case = trial.case(Random(f"{kind} {seed} {number}"))
                outcome = tried(trial, case, watch)
                if "seconds" in outcome.failed:  # where a machine that others use stood still, a case does so once
                    outcome, twice = tried(trial, case, watch), twice + 1
                sorts.update(trial.sorts(case))
                answered, worst = answered + outcome.answered, max(worst, outcome.seconds)
                if outcome.failed:
                    failures.append(_failure(trial, case, number, seed, outcome.failed, watch, saved / kind))
                tell(number - first + 1, len(failures))
        now.unlink()
    finally:
        os.chdir(before)
    return {
        "kind": kind, "seed": seed, "first": first, "count": count,
        "answered": answered, "refused": count - answered - len(failures), "failures": len(failures),
        "tried_twice": twice, "worst_seconds": round(worst, 2), "peak_memory": guarding.peak_memory(),
        "files_outside": len(watch.outside), "connections": len(watch.connections),
        "seconds": round(time.perf_counter() - start), "sorts": dict(sorted(sorts.items())),
        "failed": [f"{failure['number']}: {failure['failed']}" for failure in failures[:20]],
    }  # fmt: skip


def _failure(
    trial: Kind, case: list[Any], number: int, seed: int, failed: str, watch: guarding.Watch, saved: Path
) -> dict[str, Any]:
    """Shorten a case that failed, save it with its seed, and return what was saved."""
    same = failed[:40]
    slow = "seconds" in failed  # to be tried a hundred times
    least = case if slow else shorter(case, lambda less: _again(trial, less, watch).startswith(same))
    failure = {"seed": seed, "number": number, "failed": failed, "case": repr(least)}
    (saved / f"{seed}-{number}.json").write_text(json.dumps(failure, indent=1), encoding="utf-8")
    return failure


def _again(trial: Kind, case: list[Any], watch: guarding.Watch) -> str:
    try:
        return tried(trial, case, watch).failed
    except Exception:
        return ""  # without this part, it is no case


@click.command()
@click.argument("kind", type=click.Choice([*KINDS]))
@click.option("--count", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--first", type=click.IntRange(0), default=0, help="The number of the first case.")
@click.option("--only", type=click.IntRange(0), help="Try this case alone, and let it fail with its traceback.")
@click.option("--saved", type=click.Path(path_type=Path), default=Path("renders/fuzz"), show_default=True)
def main(kind: str, count: int, seed: int, first: int, only: int | None, saved: Path) -> None:
    """Try hostile input, and say what came of it in one line of JSON."""
    started = time.perf_counter()

    def tell(done: int, failed: int) -> None:
        if done % 100 == 0 or done == count:
            seconds = time.perf_counter() - started
            click.echo(f"{done} of {count}, {failed} failed, {seconds:.0f} s", err=True)

    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        if only is not None:
            trial = made(kind, Path(folder).resolve())
            case = trial.case(Random(f"{kind} {seed} {only}"))
            click.echo(f"{case!r:.2000}")
            os.chdir(folder)
            trial.prepare(case)
            click.echo(f"{trial.run(case)!r:.300}")
            return
        found = fuzz(kind, count, seed, Path(folder), saved.resolve(), tell, first)
    click.echo(json.dumps(found))
    too_much = found["peak_memory"] > guarding.MEMORY
    sys.exit(int(bool(found["failures"] or found["files_outside"] or found["connections"] or too_much)))


if __name__ == "__main__":
    main()
