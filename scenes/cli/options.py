"""Options and arguments that several commands have, each said once: a command lists those that it `takes`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from scenes.language import DEFAULT_TEXT, ENGLISH, languages
from scenes.speech.engines import SILENT

Command = Callable[..., Any]
Option = Callable[[Command], Command]

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
PROCESSES = os.cpu_count() or 1
EXAMPLE = '"encoder.1.self_attn.weights[head=2]=0"; also "*=2" and "=mean"'
CHAPTERS = (
    "CHAPTER is a name or a number of `lecture list`, a range or a group of them, with steps after a dot, or a lecture"
    " file: scores, 6, 3-6, attention, scores.2, scores.2-4, my.toml. All chapters are meant without one."
)


def takes(*options: Option) -> Option:
    """Add `options` to a command; its help has them in this order."""

    def taking(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return taking


def chapters_like(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Chapters and groups that begin so, each with its subject, after a comma, too; else the shell completes a path."""
    from scenes.production.repertoire import GROUPS, repertoire

    before, comma, last = begun.rpartition(",")
    known = {entry.name: entry.about for entry in repertoire()} | {name: ", ".join(of) for name, of in GROUPS.items()}
    found = {name: about for name, about in known.items() if name.startswith(last.lower())}
    return _completed({f"{before}{comma}{name}": about for name, about in found.items()}, begun)


def models_like(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Models at hand that begin so; else the shell completes a path."""
    from transformer_core.pretrained.model_registry import known_models

    known = {one.name: one.origin for one in known_models()}
    return _completed({name: about for name, about in known.items() if name.startswith(begun)}, begun)


def _completed(found: dict[str, str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name, help=about) for name, about in found.items()] or [CompletionItem(begun, type="file")]


def named(command: Command) -> Command:
    """Add the argument of every command that is about chapters, and say in its help how they are named."""
    command.__doc__ = f"{inspect.cleandoc(command.__doc__ or '')}\n\n{CHAPTERS}"
    return click.argument("names", nargs=-1, metavar="[CHAPTER]...", shell_complete=chapters_like)(command)


def sized(quality: str = "h") -> tuple[Option, ...]:
    """The options of every command whose pictures have a size: the quality, and the frames a second."""
    help_ = "480p15, 720p30, 1080p60, 1440p60 or 2160p60; -ql and the like, as Manim writes it."
    return (
        click.option("-q", "--quality", type=click.Choice([*"lmhpk"]), default=quality, help=help_),
        click.option("--fps", type=click.IntRange(1, 120), help="Frames a second; default: those of the quality."),
    )


def captioned(usual: str) -> Option:
    """The option of every command that may show what is said, or not; `usual` unless somebody says otherwise."""
    known = click.Choice(["burnt", "track", "none"])
    help_ = "What is said: in the picture, in a track for players over a clean picture, or nowhere."
    return click.option("--captions", type=known, default=usual, help=help_)


def in_formats(*known: str) -> Option:
    """The option of a command that makes files of several formats, all of them by default."""
    return click.option("--format", "formats", type=click.Choice(known), multiple=True, help="Default: both.")


def _by_file(context: click.Context, _: click.Parameter, file: str | None) -> None:
    """Have the address in a scheduler's file as the value of --scheduler, which is read before."""
    if file is not None:
        from scenes.production.reaching import address_in

        context.params["scheduler"] = address_in(file, context.params["scheduler"])


JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
TEXT = click.option("--text", default=DEFAULT_TEXT, help="The sentence that the model reads.")
MODEL = click.option("--model", shell_complete=models_like, help="A name of `lecture models`, or a path.")
EDIT = click.option("--edit", "edits", multiple=True, metavar="EDIT", help=f"Change a tensor: {EXAMPLE}.")
LANGUAGE = click.option("--language", type=click.Choice(languages()), default=ENGLISH, help="Of captions and pictures.")
THEME = click.option("--theme", type=click.Choice(["dark", "light"]), default="dark")
OUTPUT = click.option("--output", type=FOLDER, help="Folder; default renders/....")
JOBS = click.option("--jobs", type=click.IntRange(1), default=PROCESSES, show_default="all", help="Processes.")
TRUST = click.option("--trust", is_flag=True, help="Run Python beside a lecture file: only if you trust its author.")

#: Who draws, if it is not this machine: a cluster, by its address or by a file that has it.
SCHEDULER = (
    click.option(
        "--scheduler", is_eager=True, metavar="ADDRESS", help="Draw on this Dask cluster instead: tcp://host:8786."
    ),
    click.option(
        "--scheduler-file", expose_value=False, callback=_by_file, metavar="FILE",
        help="The same, by the file that its scheduler has written.",
    ),
)  # fmt: skip

#: What the model reads.
SENTENCE = (TEXT, MODEL, EDIT)
#: How anything is drawn.
PLACE = (LANGUAGE, THEME, OUTPUT, JOBS, *SCHEDULER)
#: How chapters are drawn, but for their size; and what a film of chapters is made of.
PAINTED = (*SENTENCE, *PLACE, TRUST)
DRAWN: tuple[Option, ...] = (named, *sized(), *PAINTED)
#: Who is heard.
SPEAKERS = f"Who speaks: a voice, a folder of recordings, or both by two options; default {SILENT}. See lecture voices."
VOICE = (
    click.option("--voice", multiple=True, metavar="NAME|FOLDER", help=SPEAKERS),
    click.option("--voice-command", metavar="COMMAND", help='Speak by a program of your own: "say -o {file} {text}".'),
)
