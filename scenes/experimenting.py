"""The command `lecture experiments`: what was measured for the lecture, and how to measure it again."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group(invoke_without_command=True)
@click.pass_context
def experiments(context: click.Context) -> None:
    """The experiments behind the lecture: a list of them; run one again; a page of what they found."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@experiments.command(name="list")
def list_() -> None:
    """Each experiment, what it asks, and how long it took when it was recorded."""
    from transformer_core import results
    from transformer_core.experiments.laboratory import experiments as all_experiments

    for name, one in all_experiments().items():
        about = results.card(name).get("about")
        took = f"{about['seconds']:.0f} s" if about else "not recorded"
        click.echo(f"{name:20}  {took:>12}  {one.question}")


@experiments.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn by chance.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder; default: the project's.")
def run(names: tuple[str, ...], seed: int, output: Path | None) -> None:
    """Run experiments again and record what they find; an interrupted run is gone on with."""
    from scenes.production.bar import Bar
    from transformer_core.experiments.laboratory import perform
    from transformer_core.whole_files import ready

    if output:
        ready(output)
    pieces = Path(os.environ.get("LECTURE_CACHE", Path("renders") / ".cache")).resolve() / "experiments"
    for name in names:
        with Bar() as bar:
            path = perform(name, seed, output=output, pieces=pieces, watch=bar.measuring)
        click.echo(f"{path}")


@experiments.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("docs") / "experiments.md",
    show_default=True,
    help="The page; its plots go into a folder of the same name beside it.",
)
def report(output: Path) -> None:
    """One page of tables and plots of all that was recorded."""
    from scenes.production.findings import report as write_report

    written = write_report(output)
    click.echo(f"{written[0]}  {len(written) - 1} plots")
