"""The command `lecture explain`: how a number was computed, as a tree or as a clip."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from scenes.cli.options import PLACE, SENTENCE, sized, takes
from scenes.cli.orders import CommandOptions, alone_in, at_work, called, open_store
from scenes.cli.output import printable, tell, tell_program
from scenes.production.belongings import take
from scenes.production.files import distinct, sentence_name, shortened, slug
from transformer_core.tracing.explain import Entry, places_of
from transformer_core.tracing.trace import Trace

EXAMPLE = "encoder.1.self_attn.weights[head=1,query=red,key=car]"
ENTRY = re.compile(r"([\w.]++)(?:\[([^\[\]]*+)\])?")


@click.command()
@click.argument("entry", metavar="NAME[AXIS=PLACE,...]")
@takes(*SENTENCE)
@click.option("--depth", type=click.IntRange(0, 12), default=1, help="How many operations to go down.")
@click.option("--terms", type=click.IntRange(1), default=8, help="How many terms of a sum to print.")
@click.option("--json", "as_json", is_flag=True, help="For programs: all terms, with names, indices and values.")
@click.option("--render", "as_clip", is_flag=True, help="Draw it: a clip with a step for each operation.")
@takes(*sized(), *PLACE)
def explain(entry: str, depth: int, terms: int, as_json: bool, as_clip: bool, **wishes: Any) -> None:
    """The computation of a number of the model, term by term.

    NAME is a tensor, and AXIS=PLACE,... an entry of it, by tokens or by numbers. Printed are its operation, the numbers
    that went in, and theirs.

    \b
      lecture explain "encoder.1.self_attn.weights[head=1,query=red,key=car]" --depth 3
      lecture explain "encoder.1.self_attn.weights[head=1,query=red,key=car]" --depth 3 --render

    With --render it goes down the largest terms; -q, --theme, --language, --output, --jobs and --scheduler are for it.
    """
    found = ENTRY.fullmatch(entry.strip())
    if found is None:
        raise click.ClickException(f"{entry!r} names no entry: write a tensor and its places, as {EXAMPLE}")
    if as_clip and as_json:
        raise click.ClickException("--render draws and --json prints: ask for one of them")
    options = CommandOptions(**wishes)
    if options.output and not as_clip:
        raise click.ClickException("--output is the folder of a clip: ask for one with --render")
    printable()
    places = places_of(found[2] or "")
    trace = Trace.load(open_store().trace(options.text, options.model, edits=options.edits)[0])
    cell = trace.explain(found[1], **places)
    if as_clip:
        _draw(cell, depth, options)
    elif as_json:
        tell_program(cell.as_dict(depth))
    else:
        tell(*cell.tree(depth, terms).splitlines())


def _draw(cell: Entry, depth: int, options: CommandOptions) -> None:
    """Draw the making of an entry, and print the name of the clip."""
    from scenes.production.explanation import explanation
    from scenes.production.film import FilmClip, join, seconds
    from scenes.stage.explained import Asked

    look = options.look()
    name = _named(cell, depth, options, look.name)
    folder = options.output or Path("renders") / "explained"
    chapter = explanation(Asked(cell.name, tuple(cell.at.items()), max(1, depth)))
    order = options.order([chapter], name, look, folder)
    with alone_in(folder), at_work() as studio:
        take(folder, [name])
        drawn = studio.clips(order, lambda _: True, ".mp4")
        parts = [FilmClip(clip, facts.title) for facts, clip in drawn]
        join(parts, (), folder / name, {"title": parts[0].title}, "und")
    tell(f"{folder / name}  {len(drawn)} steps, {seconds(folder / name):.0f} s")


def _named(cell: Entry, depth: int, options: CommandOptions, look: str) -> str:
    """The file name of a clip: the entry, how deep it goes, and what was read."""
    places = [(axis, label) for axis, label in cell.labels.items() if cell.size(axis) > 1]
    words = [f"{axis}-{distinct(label, label if slug(label) == label.lower() else None)}" for axis, label in places]
    model = called(options.model) if options.model else ""
    read = [model, sentence_name(options.text), *map(distinct, options.edits)]
    parts = [slug(cell.name), *map(slug, words), f"depth-{depth}", *read, look]
    return f"{shortened('-'.join(filter(None, parts)))}.mp4"
