"""Differences of two passes, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenes.cli.output import plain
from transformer_core.tracing.trace import Trace

Row = tuple[str, str, str, str]
#: Of a long output so many letters are printed.
LONGEST = 60
#: What stands in the column of differences where there are none, and where there is nothing to hold against another.
SAME, NOTHING = "the same", "nothing to compare"


def table(trace: Trace) -> Any:
    """Every row of `rows`, under who is A and who is B."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    told = [f"{letter.upper()}: {_called(trace, letter)}" for letter in "ab"]
    told += [f"the first that differs: {name}" for name in trace["diff.first"].labels["choice"]]
    made = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="",
        title="\n".join(escape(plain(line)) for line in told),
    )  # fmt: skip
    for column in ("", "A", "B", "difference"):
        made.add_column(column, overflow="fold", no_wrap=column in ("", "difference"))
    for row in rows(trace):
        made.add_row(*(escape(plain(text)) for text in row))
    return made


def rows(trace: Trace) -> Iterator[Row]:
    """Yield each quantity that is compared, with its value in A, its value in B, and the difference."""
    stack = trace.about["stack"]
    yield "parameters", *_both(trace, "config.parameters"), _equal(trace, "parameters.same", "parameters.compared")
    yield "tokens read", *_both(trace, "counted"), SAME if _read_alike(trace) else "different"
    wide = _both(trace, "config.d_model")
    if wide[0] != wide[1]:
        yield "entries of a vector", *wide, NOTHING
    if trace["diff.points"] or wide[0] == wide[1]:
        yield "tensors of the pass", "", "", _equal(trace, "equal_points", "points")
    if stack:
        yield from _of_the_stack(trace, stack)
    if "diff.said" in trace:
        yield _next_word(trace)
    written = [trace.about[letter]["output"] for letter in "ab"]
    if any(written):
        both = all(trace.about[letter]["config"]["decoder_layers"] for letter in "ab")
        same = "" if not both else SAME if written[0] == written[1] else "different"
        yield "written", _shortened(written[0]), _shortened(written[1]), same


def _of_the_stack(trace: Trace, stack: str) -> Iterator[Row]:
    distance, heads = trace[f"diff.{stack}.distance"].values, trace[f"diff.{stack}.heads"].values
    partners = trace[f"diff.{stack}.partners"].values
    yield f"rows entering {stack}.0", "", "", _apart(distance[0])
    for layer, row in enumerate(heads):
        head = int(row.argmax())
        there, other = (int(place) for place in partners[layer, head])
        partner = f"head={other}" if there == layer else f"{stack}.{there}, head={other}"
        if row[head]:
            yield f"farthest head, {stack}.{layer}", f"head={head}", partner, f"{row[head]:.1%} elsewhere"
        else:
            yield f"attention of {stack}.{layer}", "", "", SAME
        if len(distance) == len(heads) + 1:
            yield f"rows leaving {stack}.{layer}", "", "", _apart(distance[layer + 1])
    if len(distance) != len(heads) + 1:
        yield "rows leaving the end", "", "", _apart(distance[-1])


def _next_word(trace: Trace) -> Row:
    """The place at which the next words differ most."""
    said = trace["diff.said"]
    place = int(said.values.argmax())
    best = [trace[f"{letter}.probs"].pick(batch=0, position=place).largest() for letter in "ab"]
    first, second = (f"{word!s} {float(share):.1%}" for word, share in best)
    moved = f"{said.values[place]:.1%} elsewhere" if said.values[place] else SAME
    return f"next word after {_shortened(said.labels['position'][place], 12)}", first, second, moved


def _both(trace: Trace, name: str) -> tuple[str, str]:
    first, second = (f"{float(trace[f'{letter}.{name}']):,.0f}" for letter in "ab")
    return first, second


def _read_alike(trace: Trace) -> bool:
    first, second = (tuple(trace[f"{letter}.read"].labels["position"]) for letter in "ab")
    return first == second


def _equal(trace: Trace, same: str, of: str) -> str:
    equal, compared = (float(trace[f"diff.{name}"]) for name in (same, of))
    if not compared:
        return NOTHING
    return "all the same" if equal == compared else f"{equal:,.0f} of {compared:,.0f} equal"


def _apart(distance: float) -> str:
    return f"{distance:.1%} apart" if distance else SAME


def _called(trace: Trace, letter: str) -> str:
    side = trace.about[letter]
    seed = f", seed {side['seed']}" if "seed" in side else ""
    return f"{side['model']}{', ' * bool(side['kind'])}{side['kind']}{seed}"


def _shortened(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
