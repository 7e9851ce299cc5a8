"""The command `lecture experiments`: what was measured for the lecture, and how to measure it again."""

from __future__ import annotations

from pathlib import Path

import click

from scenes.cli.options import FILE, FOLDER
from scenes.cli.orders import open_store
from scenes.cli.output import tell
from scenes.production.belongings import no_link, take


@click.group(invoke_without_command=True)
@click.pass_context
def experiments(context: click.Context) -> None:
    """The experiments behind the lecture: list, run, report."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@experiments.command(name="list")
def list_() -> None:
    """Each experiment, what it asks, and how long it took."""
    from transformer_core.studies import results
    from transformer_core.studies.experiments.laboratory import experiments as all_experiments

    for name, one in all_experiments().items():
        about = results.card(name).get("about")
        took = f"{about['seconds']:.0f} s" if about else "not recorded"
        tell(f"{name:20}  {took:>12}  {one.question}")


@experiments.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--seed", type=int, default=0, help="Of all that is drawn by chance.")
@click.option("--output", type=FOLDER, help="Folder; default: the project's.")
def run(names: tuple[str, ...], seed: int, output: Path | None) -> None:
    """Run experiments again, and record what they find.

    NAME is one of `lecture experiments`. An interrupted run goes on where it stopped.
    """
    from scenes.production.bar import Bar
    from transformer_core.studies.experiments.laboratory import perform

    if output:
        take(output, [f"{name}{suffix}" for name in names for suffix in (".npz", ".json")])
    pieces = open_store().folder / "experiments"
    for name in names:
        with Bar() as bar:
            path = perform(name, seed, output=output, pieces=pieces, watch=bar.measuring)
        tell(f"{path}")


@experiments.command()
@click.option("--output", type=FILE, default=Path("docs/experiments.md"), help="The page; its plots go beside it.")
def report(output: Path) -> None:
    """One page of tables and plots of all that was recorded."""
    from scenes.production.findings import HEAD
    from scenes.production.findings import report as write_report

    _may_report(output, HEAD.partition("\n")[0])
    written = write_report(output)
    tell(f"{written[0]}  {len(written) - 1} plots")


def _may_report(page: Path, title: str) -> None:
    """Refuse to write over another page: ours begins with `title`, and its plots are its own.

    Raises:
        ValueError: somebody else's page is there, or a folder without a page.
    """
    folder = page.with_suffix("")
    no_link(page)
    no_link(folder)
    there = page if page.exists() else folder
    first = page.read_text(encoding="utf-8", errors="replace").partition("\n")[0] if page.is_file() else ""
    if there.exists() and first != title:
        raise ValueError(f"{there} is there and was not written by lecture: move it away, or name another --output")
