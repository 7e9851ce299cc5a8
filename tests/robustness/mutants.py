"""Do the tests notice? The core is changed in one place at a time, and the tests that concern the place are run.

    python tests/robustness/mutants.py                     # the model's attention, the trace and decoding
    python tests/robustness/mutants.py tracing/trace.py --show  # one file, with each change that no test noticed
    python tests/robustness/mutants.py measures            # all files of measures, each held by its oracles

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
import re
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import click
from changing import Change, changes
from trying import CoreTrial, Outcome
from trying_measures import MeasuresTrial

ROOT = Path(__file__).resolve().parents[2]
REASONS = Path(__file__).with_name("survivors.toml")
ENOUGH = 0.85
#: The tests of each file, the quick and likely ones first.
TESTS = {
    "attention.py": "core/test_masks.py core/test_attention.py core/test_trace_identities.py core/test_decoding.py "
    "core/test_tracing.py",
    "tracing/trace.py": "core/test_trace.py core/test_tracing.py",
    "decoding/sampling.py": "core/test_sampling.py core/test_decoding.py core/test_decoding_equals_hugging_face.py",
    "tracing/named_tensor.py": "core/test_named_tensor.py",
    "tracing/tap.py": "core/test_tap.py core/test_tracing.py core/test_interventions.py",
    "files/foreign.py": "core/test_array_files.py core/test_trace.py",
    "studies/sentence/diff.py": "measures/test_distances.py",
    "decoding/beam.py": "core/test_beam.py core/test_decoding_equals_hugging_face.py",
}

#: The tests by hand of each file of measures: what is no derived tensor has no oracle.
BY_HAND = {
    "questions.py": "measures/test_questions_of_the_lecture.py",
    "sublayers.py": "core/test_sublayers.py",
    "recurrence.py": "measures/test_recurrence.py",
    "decoder.py": "measures/test_decoder.py measures/test_lens.py",
    "significance.py": "core/test_significance.py",
    "training_pairs.py": "core/test_training_pairs.py",
    "learning.py": "measures/test_learning.py",
    "linearity.py": "measures/test_linearity.py",
    "permutation.py": "measures/test_permutation.py",
    "patterns.py": "measures/test_patterns.py",
    "position_table.py": "measures/test_position_table.py",
    "scores.py": "measures/test_scores.py measures/test_positions.py",
    "attention_weights.py": "measures/test_scores.py core/test_head_measures.py measures/test_gradients.py",
    "sizes.py": "measures/test_sizes.py",
    "stream.py": "measures/test_stream.py",
    "selection.py": "measures/test_selection.py",
    "ablation_trainings.py": "measures/test_ablation_trainings.py",
}
MEASURES = [
    path.relative_to(ROOT / "transformer_core").as_posix()
    for path in sorted((ROOT / "transformer_core" / "studies" / "measures").glob("[!_]*.py"))
]


def means_the_same(change: Change) -> bool:
    """Decide whether a change is one that no test can tell, wherever it stands.

    What is paired has one length by then, `strict` only says so; a sum of products may name its axes by any letter; and
    `named` does not read the trace unless it is told what to take labels from.
    """
    was, now = (re.sub(r", strict=\w+|, (?=\))", "", line) for line in (change.was, change.now))
    was, now = (re.sub(r'einsum\("[^"]+"', lambda found: found[0].lower(), line) for line in (was, now))
    was, now = (re.sub(r"\b(named|_gap)\(None,", r"\1(trace,", line) for line in (was, now))
    return was == now


def reasons() -> dict[tuple[str, str, str], str]:
    """Return why no test can tell a change, by its file, and the line before and after."""
    groups = tomllib.loads(REASONS.read_text(encoding="utf-8")).get("reason", [])
    return {(group["file"], was, now): group["why"] for group in groups for was, now in group["changes"]}


def tried(file: str, only: str) -> tuple[Counter[str], list[Change]]:
    """Try each change of `file` in a line that contains `only`; return counts by outcome, and the unnoticed changes."""
    kind, tests = (MeasuresTrial, BY_HAND.get(Path(file).name, "")) if file in MEASURES else (CoreTrial, TESTS[file])
    trial = kind(ROOT, f"transformer_core/{file}", [f"tests/{path}" for path in tests.split()])
    found = [change for change in changes(ROOT / "transformer_core" / file) if only in change.was]
    ends: Counter[str] = Counter()
    survivors = []
    for number, change in enumerate(found, 1):
        outcome = trial.of(change.source, change.line)
        ends[outcome.name] += 1
        if outcome is Outcome.SURVIVED:
            survivors.append(change)
        if sys.stderr.isatty():
            click.echo(f"\r{file}: {number} of {len(found)}, {len(survivors)} survived ", nl=False, err=True)
    return ends, survivors


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Change the core in one place at a time, and see whether a test fails."
    )
    parser.add_argument(
        "files", nargs="*", choices=[*TESTS, *MEASURES, "measures", []], default=[*TESTS], metavar="FILE"
    )
    parser.add_argument("--only", default="", help="Only changes of lines that contain this text.")
    parser.add_argument("--show", action="store_true", help="Show the survivors that have a reason as well.")
    wishes = parser.parse_args()
    known, failed = reasons(), False
    files = [file for wish in wishes.files for file in (MEASURES if wish == "measures" else [wish])]
    for file in sorted(
        files, key=MEASURES.__contains__
    ):  # whose core is loaded before the changes: those of others not
        start = time.monotonic()
        ends, survivors = tried(file, wishes.only)
        caught = ends["KILLED"] + ends["TOO_LONG"]
        total = caught + ends["SURVIVED"]
        unexplained = [
            change for change in survivors if not means_the_same(change) and (file, change.was, change.now) not in known
        ]
        click.echo(
            f"{file:24} {total:4} changes, {caught:4} found ({caught / max(total, 1):.1%}; {ends['TOO_LONG']} by their "
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
