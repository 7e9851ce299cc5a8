"""What two passes differ by, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transformer_core.trace import Trace

Row = tuple[str, str, str, str]
#: Of a long output so many letters are printed.
LONGEST = 60


def table(trace: Trace) -> Any:
    """Every row of `rows`, under who is A and who is B."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", *(f"{letter.upper()}: {_called(trace, letter)}" for letter in "ab"), "difference"):
        made.add_column(escape(_printable(column)), overflow="fold")
    for row in rows(trace):
        made.add_row(*(escape(_printable(text)) for text in row))
    return made


def rows(trace: Trace) -> Iterator[Row]:
    """What is compared, what it is in A and in B, and how far they are apart."""
    yield "parameters", *_both(trace, "config.parameters"), _equal(trace, "parameters.same", "parameters.compared")
    yield "tokens read", *_both(trace, "counted"), ""
    yield "tensors of the pass", "", "", _equal(trace, "equal_points", "points")
    for name in trace["apart.first"].labels["choice"]:
        yield "the first that differs", name, "", ""
    if trace.about["stack"]:
        yield from _of_the_stack(trace, trace.about["stack"])
    if "apart.said" in trace:
        yield _next_word(trace)
    written = [trace.about[letter]["output"] for letter in "ab"]
    if any(written):
        both = all(trace.about[letter]["config"]["decoder_layers"] for letter in "ab")
        same = "" if not both else "the same" if written[0] == written[1] else "different"
        yield "written", _shortened(written[0]), _shortened(written[1]), same


def _of_the_stack(trace: Trace, stack: str) -> Iterator[Row]:
    distance, heads = trace[f"apart.{stack}.distance"].values, trace[f"apart.{stack}.heads"].values
    partners = trace[f"apart.{stack}.partners"].values
    yield f"rows entering {stack}.0", "", "", f"{distance[0]:.1%} apart"
    for layer, row in enumerate(heads):
        head = int(row.argmax())
        there, other = (int(place) for place in partners[layer, head])
        partner = f"head={other}" if there == layer else f"{stack}.{there}, head={other}"
        yield f"attention of {stack}.{layer}, farthest", f"head={head}", partner, f"{row[head]:.1%} elsewhere"
        if len(distance) == len(heads) + 1:
            yield f"rows leaving {stack}.{layer}", "", "", f"{distance[layer + 1]:.1%} apart"
    if len(distance) != len(heads) + 1:
        yield "rows leaving the last layer", "", "", f"{distance[-1]:.1%} apart"


def _next_word(trace: Trace) -> Row:
    """The place at which the next words differ most."""
    said = trace["apart.said"]
    place = int(said.values.argmax())
    best = [trace[f"{letter}.probs"].pick(batch=0, position=place).largest() for letter in "ab"]
    first, second = (f"{word!s} {float(share):.1%}" for word, share in best)
    return f"next word after {said.labels['position'][place]}", first, second, f"{said.values[place]:.1%} elsewhere"


def _both(trace: Trace, name: str) -> tuple[str, str]:
    first, second = (f"{float(trace[f'{letter}.{name}']):,.0f}" for letter in "ab")
    return first, second


def _equal(trace: Trace, same: str, of: str) -> str:
    if not trace[f"apart.{of}"]:
        return "none of one shape"
    return f"{float(trace[f'apart.{same}']):,.0f} of {float(trace[f'apart.{of}']):,.0f} the same"


def _called(trace: Trace, letter: str) -> str:
    side = trace.about[letter]
    seed = f", seed {side['seed']}" if "seed" in side else ""
    return f"{side['model']}{', ' * bool(side['kind'])}{side['kind']}{seed}"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _printable(text: str) -> str:
    """What was typed, or a file holds, must not move the cursor."""
    return "".join(char if char.isprintable() else "·" for char in text)
