"""Do the tests notice? The core is changed in one place at a time, and the tests that concern the place are run.

    python tests/robustness/mutants.py                     # attention.py, trace.py, decoding.py and what they lean on
    python tests/robustness/mutants.py trace.py --show     # one file, with each change that no test noticed

What may be changed (numbers, operators, comparisons, arguments, texts, assignments, ...) is mutmut's table. Its own
runner leaves decorated functions alone, which are half of the core, so the changes are applied here: to every function,
class and constant, and each decorator is taken away once. Types, imports and docstrings stay.

Each change runs in a process of its own, forked where torch is loaded already. It is found (killed) if a test fails,
or if the tests take ten times as long as they should. A change that no test can find, because it means the same, is
listed with its reason in `survivors.toml`. The command fails if fewer than 85% are found, or a survivor has no reason.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import click
from changing import Change, changes
from trying import Outcome, Trial

ROOT = Path(__file__).resolve().parents[2]
REASONS = Path(__file__).with_name("survivors.toml")
ENOUGH = 0.85
#: The tests of each file, the quick and likely ones first.
TESTS = {
    "attention.py": "core/test_masks.py core/test_attention.py core/test_trace_identities.py core/test_decoding.py "
    "core/test_tracing.py",
    "trace.py": "core/test_trace.py core/test_tracing.py",
    "decoding.py": "core/test_sampling.py core/test_decoding.py core/test_decoding_equals_hugging_face.py",
    "named_tensor.py": "core/test_named_tensor.py",
    "tap.py": "core/test_tap.py core/test_tracing.py core/test_interventions.py",
    "array_files.py": "core/test_array_files.py core/test_trace.py",
    "beam.py": "core/test_beam.py core/test_decoding_equals_hugging_face.py",
}


def reasons() -> dict[tuple[str, str, str], str]:
    """Why no test can tell a change: by its file, and the line before and after."""
    groups = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("reason", [])
    return {(group["file"], was, now): group["why"] for group in groups for was, now in group["changes"]}


def tried(file: str, only: str) -> tuple[Counter[str], list[Change]]:
    """How many changes of `file` came to which end, and those that no test noticed."""
    trial = Trial(ROOT, f"transformer_core/{file}", [f"tests/{path}" for path in TESTS[file].split()])
    found = [change for change in changes(ROOT / "transformer_core" / file) if only in change.was]
    ends: Counter[str] = Counter()
    survivors = []
    for number, change in enumerate(found, 1):
        outcome = trial.of(change.source)
        ends[outcome.name] += 1
        if outcome is Outcome.SURVIVED:
            survivors.append(change)
        click.echo(f"\r{file}: {number} of {len(found)}, {len(survivors)} survived ", nl=False, err=True)
    click.echo(err=True)
    return ends, survivors


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Change the core in one place at a time, and see whether a test fails."
    )
    parser.add_argument("files", nargs="*", choices=[*TESTS, []], default=[*TESTS], metavar="FILE")
    parser.add_argument("--only", default="", help="Only changes of lines that contain this text.")
    parser.add_argument("--show", action="store_true", help="Show the survivors that have a reason as well.")
    wishes = parser.parse_args()
    known, failed = reasons(), False
    for file in wishes.files:
        start = time.monotonic()
        ends, survivors = tried(file, wishes.only)
        caught = ends["KILLED"] + ends["TOO_LONG"]
        total = caught + ends["SURVIVED"]
        unexplained = [change for change in survivors if (change.file, change.was, change.now) not in known]
        click.echo(
            f"{file:16} {total:4} changes, {caught:4} found ({caught / max(total, 1):.1%}; {ends['TOO_LONG']} by their "
            f"time), {len(survivors):3} survived, {len(unexplained)} of them without a reason, "
            f"{time.monotonic() - start:.0f} s"
        )
        for change in survivors if wishes.show else unexplained:
            click.echo(f"\n  {file}:{change.line}\n  - {change.was}\n  + {change.now}")
        failed |= bool(unexplained) or caught < ENOUGH * total
    sys.exit(failed)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
