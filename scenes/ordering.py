"""What commands that draw understand, and the order that they make of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DEFAULT_TEXT = "The car is red"


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every command that reads a sentence understands."""
    text = click.option("--text", default=DEFAULT_TEXT, show_default=True, help="The sentence that the model reads.")
    model = click.option("--model", default=None, help="A checkpoint other than the one of the project.")
    return text(model(command))


def drawn(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every command that draws understands."""
    options = [
        click.argument("names", nargs=-1, metavar="[NAME]..."),
        click.option(
            "-q", "--quality", type=click.Choice(["l", "m", "h", "p", "k"]), default="h", show_default=True,
            help="480p15, 720p30, 1080p60, 1440p60 or 2160p60; -ql and the like, as Manim writes it.",
        ),
        click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", show_default=True),
        click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder; default renders/...."),
        click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes; default: all."),
        click.option("--scheduler", metavar="ADDRESS", help="Draw on this Dask cluster instead: tcp://host:8786."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return shared(command)


def order_of(
    names: tuple[str, ...],
    text: str,
    model: str | None,
    quality: str,
    theme: str,
    output: Path | None,
    jobs: int,
    scheduler: str | None = None,
) -> Any:
    """What is asked for, as the studio takes it."""
    from scenes.production.files import slug
    from scenes.production.look import Look
    from scenes.production.repertoire import chosen
    from scenes.production.studio import Order

    look = Look.of(quality, theme)
    label = "-".join(filter(None, ["-".join(names) or "lecture", slug(text), look.name]))
    return Order(chosen(names), text, label, look, output or Path("renders") / label, jobs, model, scheduler)


def open_store() -> Any:
    """What was made before: `renders/.cache`, or the folder that LECTURE_CACHE names."""
    from scenes.production.store import Store

    return Store(Path(os.environ.get("LECTURE_CACHE", Path("renders") / ".cache")).resolve())
