"""Options of the commands that draw, and the order for the studio that is made of them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from scenes.cli.completion import chapters_like, models_like
from scenes.cli.models import called, say_effect, served
from scenes.cli.output import tell
from scenes.cli.speaking import speakers
from scenes.language import ENGLISH, languages

EXAMPLE = '"encoder.1.self_attn.weights[head=2]=0"; *= a number and =mean are known, too'
#: Settings of Manim for the scenes of a folder.
UNREAD = "manim.cfg"
DEFAULT_TEXT = "The car is red"
CHAPTERS = (
    "CHAPTER is a name or a number of `lecture list`, a range or a group of them, with steps after a dot, or a lecture"
    " file: scores, 6, 3-6, attention, scores.2, scores.2-4, my.toml. All chapters are meant without one."
)
#: Of an order that is not drawn.
UNSEEN: dict[str, Any] = {"quality": "h", "theme": "dark", "output": None, "jobs": os.cpu_count() or 1}
TRUST = click.option("--trust", is_flag=True, help="Run the chapters that lie as code beside a lecture file.")


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that reads a sentence."""
    text = click.option("--text", default=DEFAULT_TEXT, show_default=True, help="The sentence that the model reads.")
    help_ = "A name of `lecture models`, or the path of a folder or file."
    model = click.option("--model", default=None, shell_complete=models_like, help=help_)
    edit = click.option("--edit", "edits", multiple=True, metavar="EDIT", help=f"Change a tensor: {EXAMPLE}.")
    return text(model(edit(command)))


def spoken(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option of every command that says something to a viewer: the language."""
    known = click.Choice(languages())
    help_ = "The language of captions and pictures."
    return click.option("--language", type=known, default=ENGLISH, show_default=True, help=help_)(command)


def named(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument of every command that is about chapters, and say in its help how they are named."""
    command.__doc__ = f"{inspect.cleandoc(command.__doc__ or '')}\n\n{CHAPTERS}"
    return click.argument("names", nargs=-1, metavar="[CHAPTER]...", shell_complete=chapters_like)(command)


def drawn(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options of every command that draws films of chapters."""
    return named(sized(painted(command)))


def sized(command: Callable[..., Any], default: str = "h") -> Callable[..., Any]:
    """Add the options of every command whose pictures have a size: the quality, and the frames a second."""
    quality = click.option(
        "-q", "--quality", type=click.Choice(["l", "m", "h", "p", "k"]), default=default, show_default=True,
        help="480p15, 720p30, 1080p60, 1440p60 or 2160p60; -ql and the like, as Manim writes it.",
    )  # fmt: skip
    fps = click.option("--fps", type=click.IntRange(1, 120), help="Frames a second; default: those of the quality.")
    return quality(fps(command))


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


def captioned(usual: str) -> Callable[..., Any]:
    """Add the option of every command that may show what is said, or not; `usual` unless somebody says otherwise."""
    known = click.Choice(["burnt", "track", "none"])
    help_ = "What is said: in the picture, in a track for players over a clean picture, or nowhere."
    return click.option("--captions", type=known, default=usual, show_default=True, help=help_)


def order_of(names: tuple[str, ...], **wishes: Any) -> Any:
    """Return the order for the studio: options of the command line come before values of a lecture file in `names`.

    With `preview=True`, quality and folder are not those of the file, which are meant for its film.
    """
    from scenes.production.files import distinct, sentence_name, shortened
    from scenes.production.look import CAPTIONS, SHOWN, Look
    from scenes.production.studio import Order
    from scenes.stage.brand import PLAIN

    lecture, asked_for = _asked_for(names, wishes.pop("trust", False))
    is_heard, is_preview = "voice" in wishes, wishes.pop("preview", False)
    wishes |= _unasked(lecture, ("quality", "output") if is_preview else ()) if lecture else {}
    brand = lecture.brand if lecture else PLAIN
    captions = wishes.get("captions", CAPTIONS[0])
    look = Look.of(wishes["quality"], wishes["theme"], brand, wishes.get("language", ENGLISH), captions)
    look = replace(look, rate=wishes.get("fps") or look.rate)
    edits = tuple(wishes.get("edits", ()))
    asked = {"edits": edits, "target": wishes.get("target", ""), "beams": wishes.get("beams", 1)}
    other = [*([called(wishes["model"])] if wishes["model"] else []), *map(distinct, edits)]
    read = "-".join([sentence_name(wishes["text"]), *other])
    name = _named(lecture, asked_for) if lecture else f"{_named(None, asked_for)}-{read}"
    label = "-".join(filter(None, [shortened(name), look.name, SHOWN[captions]]))
    entries = _entries(lecture, asked_for)
    folder = wishes["output"] or Path("renders") / label
    if lecture and name != lecture.name and folder == lecture.output:  # a part of it goes beside its film
        folder = folder.with_name(label)
    if wishes["model"] is not None:
        entries = served(entries, open_store().about(wishes["text"], wishes["model"], **asked))
    if edits:
        say_effect(open_store().about(wishes["text"], wishes["model"], **asked))
    order = Order(
        entries,
        wishes["text"],
        label,
        look,
        folder,
        wishes["jobs"],
        wishes["model"],
        wishes.get("scheduler"),
        **asked,
        captions=captions,
        name=shortened(read),
        parts=tuple(asked_for) if any(part.first for part in asked_for) else (),
    )
    if is_heard and (wishes["voice"] or wishes.get("voice_command")):
        order = replace(order, **speakers(wishes["voice"], look.language, wishes.get("voice_command")))
    if lecture is None:
        return order
    return lecture.ordered(order)


def _asked_for(names: Sequence[str], trust: bool) -> tuple[Any, list[Any]]:
    """The lecture of the file among `names`, and the parts that are asked for; what is doubtful in it is told.

    A file without steps, beside other names, gives these its look, and is no part itself.
    """
    from scenes.production.repertoire import Part, cut, listed, parts

    written = [(name, *cut(name)) for name in listed(names)]
    files = {file for _, file, *_ in written if file.endswith(".toml")}
    if len(files) > 1:
        raise click.ClickException(f"one lecture file at a time, not {', '.join(sorted(files))}")
    if not files:
        return None, parts(names)
    from scenes.production.lecture_file import read

    lecture = read(Path(files.pop()), trust)
    for doubt in lecture.told:
        tell(f"lecture: {doubt}", err=True)
    found = []
    for name, bare, first, last in written:
        if not bare.endswith(".toml"):
            found += parts([name])
        elif first or len(written) == 1:
            found.append(Part(lecture.name, tuple(lecture.entries), first, last))
    return lecture, found


def _named(lecture: Any, asked_for: Sequence[Any]) -> str:
    """A file name part for what is asked for; chapters that a lecture file gives its look stand behind its name."""
    labels = list(dict.fromkeys(part.label for part in asked_for))
    is_of_file = lecture and any(part.entries == tuple(lecture.entries) for part in asked_for)
    return "-".join(labels if is_of_file or not lecture else [lecture.name, *labels]) or "lecture"


def _entries(lecture: Any, asked_for: Sequence[Any]) -> Sequence[Any]:
    """The chapters of all parts: in the order of the lecture file, or by their numbers; all of them for no part."""
    from scenes.production.repertoire import chosen

    wanted = {entry for part in asked_for for entry in part.entries}
    if lecture and wanted <= {*lecture.entries}:
        return [entry for entry in lecture.entries if entry in wanted]
    return sorted(wanted, key=lambda entry: (entry.number, entry.name)) or chosen(())


def _unasked(lecture: Any, kept: Sequence[str]) -> dict[str, Any]:
    """Return the values of a lecture file, except `kept` ones and those whose option is given on the command line."""
    said, context = lecture.options, click.get_current_context(silent=True)
    asked = {*kept} | {
        name for name in said if context and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if "text" in asked:
        asked.add("target")  # which translates the sentence of the file
    return {name: value for name, value in said.items() if name not in asked}


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have `folder` for one command: what else would write there waits, and says so. It is seen to take files first."""
    from scenes.production.files import alone

    if Path(UNREAD).is_file():
        tell(f"lecture: {UNREAD} is for other scenes and is not read; -q, --fps and --theme choose", err=True)
    with alone(folder, lambda: tell(f"lecture: waits for another command that writes to {folder}", err=True)):
        yield


def scripted(order: Any) -> list[Any]:
    """The facts of each step of an order, with what is said in it; nothing is drawn."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio

    with Bar() as bar:
        return Studio(open_store(), bar).script(order)


def open_store() -> Any:
    """Open the store: in the cache of the user, or in the folder that LECTURE_CACHE names."""
    from scenes.production.cache_folder import cache_folder, opened
    from scenes.production.store import Store

    return Store(opened(cache_folder()))
