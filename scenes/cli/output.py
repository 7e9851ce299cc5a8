"""Telling: what a command says on the terminal. A path, a title or a sentence of a user's may be part of any line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category

import click

from transformer_core.tracing.trace import Trace

if TYPE_CHECKING:
    from rich.console import Console

#: Columns of a table where no terminal says how many it has.
NARROW = 100


def tell(*lines: str, err: bool = False) -> None:
    """Say `lines`, each as one line, whatever is in it."""
    for line in lines:
        click.echo(plain(line), err=err)


def warn(*lines: str) -> None:
    """Say on standard error what may be wrong."""
    tell(*(f"lecture: {line}" for line in lines), err=True)


def tell_program(content: Any) -> None:
    """Say something as JSON, for programs."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=1))


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "step"), counted(2, "step")
    ('1 step', '2 steps')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def printable() -> None:
    """For a command that does nothing but print: see that there is somewhere to print to.

    Raises:
        ClickException: standard output was closed before the command began.
    """
    if sys.stdout is None:
        raise click.ClickException("standard output is closed, and this command does nothing but print")


def plain(text: str) -> str:
    """`text` with a dot for what would end the line, move the cursor, turn the line around or not be seen.

    >>> plain("red" + chr(27) + "[2J" + chr(10) + chr(0x202e) + "car")
    'red·[2J··car'
    """
    return "".join(char if char.isprintable() or category(char) == "Zs" else "·" for char in text)


def console() -> Console:
    """Return the console on which tables are printed."""
    from rich.console import Console

    seen = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if seen else NARROW, highlight=False, quiet=sys.stdout is None)


def save(trace: Trace, path: Path) -> None:
    """Save a trace, and say so."""
    saved = trace.save(path)
    tell(f"{saved}  {len(trace)} tensors; axes, labels and parents in {saved.with_suffix('.json').name}")
