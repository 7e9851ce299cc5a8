"""The command `lecture new`: a lecture as a file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from scenes.cli.output import tell


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="lecture.toml")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(file: Path, force: bool) -> None:
    """Write a lecture file to begin with.

    FILE, by default lecture.toml, has comments, and renders as it is.
    """
    from scenes.production.files import write_text

    if file.suffix != ".toml":
        raise click.ClickException(f"{file}: a lecture file ends in .toml")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force writes over it")
    write_text(file, resources.files("scenes.production").joinpath("new-lecture.toml").read_text(encoding="utf-8"))
    tell(f"{file}  render it: lecture render {file}")
