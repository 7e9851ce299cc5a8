"""The command `lecture test`: all that must hold of the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.pass_context
def test(context: click.Context) -> None:
    """Check the project: style, types, imports, tests.

    Further arguments go to pytest. With -m slow it runs the tests that take long, with -m "slow or not slow" these
    and all others.
    """
    if not (ROOT / "tests").is_dir():
        raise click.ClickException("the tests are in the repository: run ./lecture test in a checkout")
    python, tools, jobs = sys.executable, Path(sys.executable).parent, os.cpu_count() or 1
    checks: dict[str, list[str | Path]] = {
        "style": [tools / "ruff", "check", "."],
        "format": [tools / "ruff", "format", "--check", "."],
        "types": [python, "-m", "mypy"],
        "import contracts": [tools / "lint-imports"],
        "tests": [python, "-m", "pytest", "-n", f"{jobs}", "--dist", "loadscope", "--random-order", *context.args],
    }
    failed = []
    for name, command in checks.items():
        click.secho(f"── {name}", bold=True)
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:  # noqa: S603 - our own tools
            failed.append(name)
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")
    click.echo("all checks passed")
