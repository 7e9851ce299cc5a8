"""The command `lecture model`: the shapes on the way from ids to probabilities, and where the parameters are."""

from __future__ import annotations

import sys
from typing import Any

import click

from scenes.cli.completion import models_like
from scenes.cli.output import printable, tell

NARROW = 100


@click.command()
@click.option(
    "--model",
    "name",
    shell_complete=models_like,
    help="A name of `lecture models`, or the path of a folder or a checkpoint.",
)
def model(name: str | None) -> None:
    """The shape of every tensor, and where the parameters are."""
    printable()
    from transformer_core.pretrained import load, load_gguf, load_hugging_face
    from transformer_core.pretrained.model_registry import find_model
    from transformer_core.studies.sentence.read import DEFAULT_MODEL

    path = find_model(name) if name else DEFAULT_MODEL
    if path.suffix == ".gguf" and path.is_file():
        shown = load_gguf(path)
    else:
        shown = load_hugging_face(path) if path.is_dir() else load(path)[0]
    config = shown.config
    total = sum(parameter.numel() for parameter in shown.parameters())
    stacks = [
        f"{count} {side} layer{'s' * (count > 1)}"
        for side, count in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers))
        if count
    ]
    tell(f"{path.stem}: {', '.join(stacks)}, {config.norm_order}-norm, {total:,} parameters", "")
    page = console()
    page.print(_shapes(shown))
    page.print(_parameters(shown, total))


def console() -> Any:
    """Return the console on which tables are printed."""
    from rich.console import Console

    # Where nothing is told of a width, a table is as wide as it needs to be.
    seen = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if seen else NARROW, highlight=False, quiet=sys.stdout is None)


def _shapes(shown: Any) -> Any:
    from transformer_core.shapes import folded, shapes_of

    rows = shapes_of(shown)
    several = any("m" in row.sizes for row in rows)
    lengths = "n source and m target tokens" if several else "n tokens"
    table = _table(f"From ids to probabilities: {lengths}", "tensor", "axes", "shape")
    for layers, members in folded(rows):
        _heading(table, layers)
        for row in members:
            table.add_row(f"  {row.name.removeprefix(f'{layers[0]}.')}", row.words, row.numbers)
    return table


def _parameters(shown: Any, total: int) -> Any:
    from transformer_core.shapes import folded, parameters_by_layer

    table = _table("Parameters", "tensor", "axes", "shape", "numbers in all", "share")
    rows = [row for members in parameters_by_layer(shown).values() for row in members]
    for layers, members in folded(rows):
        _heading(table, layers, *_figures(sum(row.count for row in members) * len(layers), total))
        for row in members:
            name = f"  {row.name.removeprefix(f'{layers[0]}.')}"
            table.add_row(name, row.words, row.numbers, *_figures(row.count * len(layers), total))
    return table


def _figures(count: int, total: int) -> tuple[str, str]:
    """Return count and share of the total as texts; a count of 0 is "tied": its weights are in another tensor."""
    if not count:
        return "tied", ""
    share = count / total
    return f"{count:,}", f"{share:.1%}" if share >= 0.0005 else "<0.1%"


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in ("numbers in all", "share") else "left", overflow="fold")
    return table


def _heading(table: Any, layers: tuple[str, ...], *figures: str) -> None:
    name = f"{layers[0]} to {layers[-1]}" if len(layers) > 1 else layers[0]
    table.add_row(*(f"[bold]{text}[/bold]" for text in (name, "", "each" * (len(layers) > 1), *figures)))
