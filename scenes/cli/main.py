"""The command `lecture`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import click

from scenes.cli.begin import settled
from scenes.cli.clipping import clip
from scenes.cli.compare import compare
from scenes.cli.experiments import experiments
from scenes.cli.explain import explain
from scenes.cli.language import language
from scenes.cli.models import model, models
from scenes.cli.options import FILE, JSON, LANGUAGE, SENTENCE, TRUST, named, takes
from scenes.cli.orders import at_work, open_store, order_of, say_untold, scripted
from scenes.cli.output import plain, printable, save, tell, tell_program, warn
from scenes.cli.publishing import page, quiz, serve, slides
from scenes.cli.recording import record
from scenes.cli.render import render, stills
from scenes.cli.speaking import read_out, voices
from scenes.cli.test import test
from scenes.cli.watch import watch
from scenes.language import catalogue
from scenes.production.belongings import take_model, take_trace
from scenes.production.crew import in_one_line
from scenes.production.files import write_text
from scenes.production.mistakes import MistakesError
from scenes.production.repertoire import GROUPS, repertoire
from scenes.production.store import whole_trace

INTERRUPTED, UNUSABLE = 130, 1
LONGEST_LINE = 1000
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True}
#: Options by which every command says less or more, each with the variable that it sets, for the processes that draw.
LOUDNESS = (
    (("--quiet",), "LECTURE_QUIET", "No progress: results and errors alone."),
    (("-v", "--verbose"), "LECTURE_DEBUG", "Where an error comes from, as a traceback."),
)


@click.group(context_settings=CONTEXT, invoke_without_command=True)
@click.version_option(package_name="transformer-lecture", prog_name="lecture")
@click.pass_context
def lecture(context: click.Context) -> None:
    """A visual lecture on transformers, drawn from a running model.

    \b
      lecture render attention --text "The car is red"
      lecture stills scores.2 -ql
      lecture script 6

    Each command says more with --help, and takes --quiet and -v.
    """
    if context.invoked_subcommand is None:
        tell(*context.get_help().splitlines())


@lecture.command(name="list")
@JSON
def list_(as_json: bool) -> None:
    """The chapters, in the order of the lecture, and the groups."""
    printable()
    entries = repertoire()
    if as_json:
        rows = [{"name": e.name, "number": e.number, "title": e.title, "about": e.about} for e in entries]
        tell_program({"chapters": rows, "groups": GROUPS})
        return
    for entry in entries:
        tell(f"{entry.number:2}  {entry.name:12}  {entry.title}", f"{'':18}{entry.about}")
    for group, members in GROUPS.items():
        tell(f"    {group:12}  {', '.join(members)}")


@lecture.command()
@takes(named, *SENTENCE, LANGUAGE, TRUST)
@click.option("--spoken", "aloud", is_flag=True, help="As a voice reads it out: numbers and signs in words.")
@click.option("--format", "kind", type=click.Choice(["md", "txt"]), help="A transcript with times, without beats.")
def script(names: tuple[str, ...], aloud: bool, kind: str | None, **wishes: Any) -> None:
    """The narration of each step; "|" divides the beats."""
    from scenes.production.studio import untold

    printable()
    order = order_of(names, **wishes)
    with at_work() as studio:
        steps = studio.script(order)
    if kind:
        tell(*studio.transcript(order, steps, f".{kind}").splitlines())
        return
    language = order.look.language
    for entry in order.entries:
        own = [step for step in steps if step.chapter == entry.name]
        number = f"{entry.number}. " if entry.number else ""  # a slide has none
        if own:
            tell(f"{number}{catalogue(language).text(entry.title)}: {entry.text or order.text}", "")
        for step in own:
            seconds = step.frames / order.look.rate
            beats = read_out(step.beats, order.model, language) if aloud else step.beats
            tell(f"  {step.number}. {step.title}  [{seconds:.0f} s]", f"     {' | '.join(filter(None, beats))}", "")
    say_untold(language, untold(steps))


@lecture.command()
@takes(*SENTENCE)
@click.option("--output", type=FILE, required=True, help="An .npz file.")
def trace(text: str, model: str | None, edits: tuple[str, ...], output: Path) -> None:
    """Save every tensor of a forward pass to a file.

    The parameters and all that chapters derive from them are in it, too; axes and labels are in a .json file beside it.
    """
    take_trace(output)
    store, steps = open_store(), []
    try:
        steps = scripted(order_of((), text=text, model=model, edits=edits))
    except ModuleNotFoundError as error:  # the core alone has no chapters
        warn(f"what the chapters derive is left out; {error}")
    save(whole_trace(store.trace(text, model, edits=edits)[0], steps), output)


@lecture.command()
def words() -> None:
    """The words that the model knows, by kind."""
    from transformer_core.studies.translator.grammar import lexicon

    printable()
    kinds = {
        "nouns": {noun.singular for noun in lexicon.nouns()},
        "adjectives": {adjective.english for adjective in lexicon.adjectives()},
        "verbs": {verb.forms[0] for verb in lexicon.verbs()},
    }
    others = {"other words and forms": lexicon.english_words() - set().union(*kinds.values())}
    for kind, members in (kinds | others).items():
        tell(kind, f"  {', '.join(sorted(members))}")


@lecture.command()
@click.argument("file", type=FILE, default="lecture.toml")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(file: Path, force: bool) -> None:
    """Write a lecture file to begin with.

    FILE, by default lecture.toml, has comments, and renders as it is.
    """
    if file.suffix != ".toml":
        raise click.ClickException(f"{file}: a lecture file ends in .toml")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force writes over it")
    write_text(file, resources.files("scenes.production").joinpath("new-lecture.toml").read_text(encoding="utf-8"))
    tell(f"{file}  render it: lecture render {file}")


@lecture.command()
@click.option("--output", type=FILE, help="Default: the checkpoint of the project.")
@click.option("--steps", type=click.IntRange(1), help="Default: those of the project's recipe.")
@click.option("--seed", type=int, help="Default: that of the project's recipe.")
def train(output: Path | None, **wishes: Any) -> None:
    """Train the model of the lecture anew, and measure it.

    An interrupted training goes on where it stopped.
    """
    from scenes.production.bar import Bar
    from transformer_core.files.atomic import ending, ready
    from transformer_core.pretrained.model_registry import DEFAULT_MODEL
    from transformer_core.studies.translator.train import train as train_model

    path = ending(output, ".safetensors") if output else DEFAULT_MODEL
    if output:
        take_model(path)
    else:
        ready(path.parent)
    chosen = {name: value for name, value in wishes.items() if value is not None}
    with Bar() as bar:
        train_model(path, **chosen, progress=bar.training)
    tell(f"{path}")


def _with_loudness(command: click.Command) -> None:
    """Add the options by which every command, and those below it, says less or more."""
    for one in getattr(command, "commands", {}).values():
        _with_loudness(one)
    if command is test:  # whose options go to pytest
        return
    for names, variable, help_ in LOUDNESS:
        callback = partial(_set, variable)
        command.params.append(click.Option(names, is_flag=True, expose_value=False, callback=callback, help=help_))


def _set(variable: str, _: click.Context, __: click.Parameter, wanted: bool) -> None:
    if wanted:
        os.environ[variable] = "1"


for _command in (
    render, stills, experiments, language, model, compare, explain, watch, clip, slides, page, quiz, serve, voices,
    record, models, test,
):  # fmt: skip
    lecture.add_command(_command)
_with_loudness(lecture)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; whatever goes wrong is told in one line (-v or LECTURE_DEBUG=1 shows where)."""
    with settled(afresh=arguments is None):
        status = _status(arguments)
    if arguments is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: while Python is put away, a signal would end it
    if status == INTERRUPTED:
        # All is put away: to leave torch would take its time, and an interrupt that went through an exec would let
        # Python end by a signal.
        os._exit(status)
    sys.exit(status)


def _status(arguments: list[str] | None) -> int:
    try:
        lecture.main(arguments, prog_name="lecture", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted; finished steps are kept, and the next run goes on from there", INTERRUPTED)
    except MistakesError as error:
        return max(_say(line, UNUSABLE) for line in error.lines)
    except click.ClickException as error:
        return _say(error.format_message(), error.exit_code)
    except BrokenPipeError:
        return UNUSABLE
    except Exception as error:
        if os.environ.get("LECTURE_DEBUG"):
            raise
        return _say(in_one_line(error), UNUSABLE)
    return 0


def _say(line: str, status: int) -> int:
    # What was typed, or a file holds, may be part of the line: it must not move the cursor or turn the line around.
    line = plain(" ".join(line.split()))
    if len(line) > LONGEST_LINE:  # a line begins with where something is wrong, and ends with what
        line = f"{line[: LONGEST_LINE // 2]}…{line[1 - LONGEST_LINE // 2 :]}"
    with suppress(OSError):
        warn(line)
    return status


if __name__ == "__main__":
    main()
