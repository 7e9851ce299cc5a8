"""Options of the commands that draw, and the order for the studio that is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from scenes.cli.modelling import called, say_effect, served
from scenes.cli.speaking import speakers
from scenes.cli.telling import tell
from scenes.language import ENGLISH, languages

EXAMPLE = '"encoder.1.self_attn.weights[head=2]=0"; *= a number and =mean are known, too'
DEFAULT_TEXT = "The car is red"
TRUST = click.option("--trust", is_flag=True, help="Run the chapters that lie as code beside a lecture file.")


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that reads a sentence."""
    text = click.option("--text", default=DEFAULT_TEXT, show_default=True, help="The sentence that the model reads.")
    model = click.option("--model", default=None, help="A name of `lecture models`, or the path of a folder or file.")
    edit = click.option("--edit", "edits", multiple=True, metavar="EDIT", help=f"Change a tensor: {EXAMPLE}.")
    return text(model(edit(command)))


def spoken(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option of every command that says something to a viewer: the language."""
    known = click.Choice(languages())
    help_ = "The language of captions and pictures."
    return click.option("--language", type=known, default=ENGLISH, show_default=True, help=help_)(command)


def drawn(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options of every command that draws chapters."""
    names = click.argument("names", nargs=-1, metavar="[NAME]...")
    return names(sized(painted(command)))


def sized(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option of every command whose pictures have a size: the quality."""
    return click.option(
        "-q", "--quality", type=click.Choice(["l", "m", "h", "p", "k"]), default="h", show_default=True,
        help="480p15, 720p30, 1080p60, 1440p60 or 2160p60; -ql and the like, as Manim writes it.",
    )(command)  # fmt: skip


def painted(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that draws chapters, except the quality."""
    return shared(placed(TRUST(command)))


def placed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that draws, whatever it draws."""
    options = [
        click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", show_default=True),
        click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder; default renders/...."),
        click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes; default: all."),
        click.option("--scheduler", metavar="ADDRESS", help="Draw on this Dask cluster instead: tcp://host:8786."),
        click.option("--scheduler-file", metavar="FILE", help="The same, by the file that its scheduler has written."),
    ]  # fmt: skip

    @wraps(command)
    def reaching(*arguments: Any, scheduler: str | None, scheduler_file: str | None, **wishes: Any) -> Any:
        if scheduler_file is not None:
            from scenes.production.reaching import address_in

            scheduler = address_in(scheduler_file, scheduler)
        return command(*arguments, scheduler=scheduler, **wishes)

    for option in reversed(options):
        reaching = option(reaching)
    return spoken(reaching)


def order_of(names: tuple[str, ...], **wishes: Any) -> Any:
    """Return the order for the studio: options of the command line come before values of a lecture file in `names`."""
    from scenes.production.files import distinct, sentence_name, shortened
    from scenes.production.look import Look
    from scenes.production.repertoire import chosen
    from scenes.production.studio import Order
    from scenes.stage.brand import PLAIN

    lecture, names = _lecture_in(names, wishes.pop("trust", False))
    is_heard = "voice" in wishes
    wishes |= _unasked(lecture) if lecture else {}
    brand = lecture.brand if lecture else PLAIN
    look = Look.of(wishes["quality"], wishes["theme"], brand, wishes.get("language", ENGLISH))
    edits = tuple(wishes.get("edits", ()))
    asked = {"edits": edits, "target": wishes.get("target", ""), "beams": wishes.get("beams", 1)}
    other = [*([called(wishes["model"])] if wishes["model"] else []), *map(distinct, edits)]
    read = "-".join([sentence_name(wishes["text"]), *other])
    name = lecture.name if lecture else "-".join(["-".join(names) or "lecture", read])
    label = "-".join(filter(None, [shortened(name), look.name]))
    entries = lecture.entries if lecture and not names else chosen(names)
    if wishes["model"] is not None:
        entries = served(entries, open_store().about(wishes["text"], wishes["model"], **asked))
    if edits:
        say_effect(open_store().about(wishes["text"], wishes["model"], **asked))
    order = Order(
        entries,
        wishes["text"],
        label,
        look,
        wishes["output"] or Path("renders") / label,
        wishes["jobs"],
        wishes["model"],
        wishes.get("scheduler"),
        **asked,
        name=shortened(read),
    )
    if is_heard and wishes["voice"]:
        order = replace(order, **speakers(wishes["voice"], look.language))
    if lecture is None:
        return order
    return replace(order, title=lecture.title, author=lecture.author, outputs=lecture.outputs)


def _lecture_in(names: tuple[str, ...], trust: bool) -> tuple[Any, tuple[str, ...]]:
    """The lecture of the file among `names`, and the other names; what is doubtful in it is told."""
    files = [name for name in names if name.endswith(".toml")]
    if len(files) > 1:
        raise click.ClickException(f"one lecture file at a time, not {', '.join(files)}")
    if not files:
        return None, names
    from scenes.production.lecture_file import read

    lecture = read(Path(files[0]), trust)
    for doubt in lecture.told:
        tell(f"lecture: {doubt}", err=True)
    return lecture, tuple(name for name in names if name not in files)


def _unasked(lecture: Any) -> dict[str, Any]:
    """Return the values of a lecture file, except those whose option is given on the command line."""
    same = ("model", "quality", "theme", "output", "language", "voice", "target", "beams", "edits")
    said = {name: name for name in same} | {"text": "sentence"}
    context = click.get_current_context(silent=True)
    asked = {name for name in said if context and context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if "text" in asked:
        asked.add("target")  # which translates the sentence of the file
    return {name: getattr(lecture, key) for name, key in said.items() if name not in asked}


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have `folder` for one command: what else would write there waits, and says so. It is seen to take files first."""
    from scenes.production.files import alone

    with alone(folder, lambda: tell(f"lecture: waits for another command that writes to {folder}", err=True)):
        yield


def open_store() -> Any:
    """Open the store: in the cache of the user, or in the folder that LECTURE_CACHE names."""
    from scenes.production.cache_folder import cache_folder, opened
    from scenes.production.store import Store

    return Store(opened(cache_folder()))
