"""Commands about models: which are at hand. And which chapters a model can serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from scenes.telling import printable, tell


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def models(as_json: bool) -> None:
    """The models at hand: those of the project, of installed packages, and in the folder of your own ones."""
    from transformer_core.pretrained.model_registry import INSTALLED_BY, known_models, models_home
    from transformer_core.pretrained.model_registry import as_json as listed

    printable()
    found = known_models()
    if as_json:
        click.echo(listed(found))
        return
    for model in found:
        tell(model.name, f"    {model.origin}: {model.path}")
    for name in INSTALLED_BY.keys() - {model.name for model in found}:
        tell(name, f"    not installed yet: {INSTALLED_BY[name]}")
    tell(f"your own: a folder of Hugging Face or a checkpoint in {models_home()}, or any path")


def called(model: str) -> str:
    """A file name part for a model: its name if it is at hand, else that of its file, with a hash of its path.

    Raises:
        ValueError: there is no such model.
    """
    from scenes.production.files import distinct, fingerprinted
    from transformer_core.pretrained.model_registry import UNTRAINED, find_model, known_models

    if model == UNTRAINED:
        return model
    path = find_model(model)
    if any(one.name == model and one.path == path for one in known_models()):
        return distinct(model)
    return fingerprinted(path.name.removesuffix(".safetensors"), str(path.resolve()))


def served(entries: Sequence[Any], about: dict[str, Any]) -> list[Any]:
    """The chapters of `entries` that the model of a trace with these facts can serve; the others are told in one line.

    Raises:
        ClickException: it can serve none.
    """
    from scenes.requirements import lacking

    lacks = {entry.name: lacking(about, entry.needs) for entry in entries}
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
    """What a model with edits writes, beside what it wrote without."""
    before, after = about["unedited_output"], about["output"]
    if not before and not after:
        tell(f"the last rows of the encoder move by {about['edit_effect']:.1%} of their length", err=True)
    else:
        told = f"the output stays: {after}" if before == after else f"the output changes from: {before}, to: {after}"
        tell(told, err=True)
