"""The command `lecture explain`: how a number was computed."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from scenes.cli.ordering import shared
from scenes.cli.telling import printable, tell

EXAMPLE = "encoder.1.self_attn.weights[head=1,query=red,key=car]"
ENTRY = re.compile(r"([\w.]++)(?:\[([^\[\]]*+)\])?")


@click.command()
@click.argument("entry", metavar="NAME[AXIS=PLACE,...]")
@shared
@click.option(
    "--depth", type=click.IntRange(0, 12), default=1, show_default=True, help="How many operations to go down."
)
@click.option("--terms", type=click.IntRange(1), default=8, show_default=True, help="How many terms of a sum to print.")
@click.option("--json", "as_json", is_flag=True, help="For programs: all terms, with names, indices and values.")
def explain(entry: str, depth: int, terms: int, as_json: bool, **wishes: Any) -> None:
    """Print how a number of the model was computed: its operation, the numbers that went in, and theirs.

    \b
      lecture explain "encoder.1.self_attn.weights[head=1,query=red,key=car]" --depth 3
    """
    from scenes.cli.ordering import open_store
    from transformer_core.tracing.explain import places_of
    from transformer_core.tracing.trace import Trace

    found = ENTRY.fullmatch(entry.strip())
    if found is None:
        raise click.ClickException(f"{entry!r} names no entry: write a tensor and its places, as {EXAMPLE}")
    printable()
    try:
        places = places_of(found[2] or "")
        trace = Trace.load(open_store().trace(wishes["text"], wishes["model"], edits=wishes["edits"])[0])
        cell = trace.explain(found[1], **places)
    except (KeyError, ValueError) as error:
        raise click.ClickException(str(error.args[0])) from None
    if as_json:
        click.echo(json.dumps(cell.as_dict(depth), ensure_ascii=False, indent=1))
    else:
        tell(*cell.tree(depth, terms).splitlines())
