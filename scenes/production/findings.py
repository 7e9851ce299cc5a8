"""One page of what the experiments found: a section for each, with tables and plots made from the recorded results.

Nothing here is written by hand for an experiment. A number without axes becomes a fact; a tensor along steps, lengths
or the like becomes a plot, seeds as a band; a small tensor becomes a table, seeds as their mean and spread. Whatever is
larger is named with its axes, and is for the lecture to draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np

from scenes.production.files import write_text
from transformer_core.files.atomic import whole
from transformer_core.studies import results
from transformer_core.studies.measures.significance import ALPHA, p_values
from transformer_core.tracing.trace import NamedTensor, Trace

#: Axes that a plot runs along, and the tensors that may have their values.
ALONG = {
    "step": ("step", "training.step", "checks"), "checkpoint": ("step",), "length": ("length", "lengths"),
    "position": (), "layer": (), "distance": ("distance", "distances"), "depth": ("depth", "depths"), "bin": (),
}  # fmt: skip
#: Axes along which trainings differ in what was done: their entries are compared. Roles or frames are not alternatives.
ALTERNATIVES = frozenset({"model", "choice", "part", "width", "amount"})
MOST_LINES, MOST_CELLS, MOST_PLOTS = 12, 60, 10
#: What the page says of itself.
HEAD = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Section:
    """One experiment: its recorded tensors by short name, and what its card says."""

    name: str
    about: dict[str, Any]
    tensors: dict[str, NamedTensor]

    @classmethod
    def of(cls, name: str, folder: Path | None = None) -> Section:
        saved = Trace.load((folder or results.FOLDER) / name)
        prefix = f"{results.PREFIX}{name}."
        if f"{prefix}roles.score" in saved and "checkpoint" in saved.full(f"{prefix}roles.score").axes:
            saved.full(f"{prefix}roles.score_of_final_head")
        return cls(name, saved.about, {full.removeprefix(prefix): saved.full(full) for full in saved})


def report(page: Path, folder: Path | None = None) -> list[Path]:
    """Write `page` (Markdown), and its plots into a folder of the same name beside it; returns all files written."""
    sections = [Section.of(name, folder) for name in results.experiments(folder)]
    written = [page]
    lines = [HEAD, *(f"- [{s.name}](#{s.name}): {s.about['question']}" for s in sections), ""]
    for section in sections:
        lines += [f"## {section.name}", "", f"**{section.about['question']}**", "", *_facts(section), ""]
        drawn = set()
        for title, figure in islice(_plots(section), MOST_PLOTS):
            drawn.add(title)
            path = page.with_suffix("") / f"{section.name}.{title}.svg"
            _save(figure, path)
            written.append(path)
            lines += [f"![{section.name}: {title}]({page.stem}/{path.name})", ""]
        for title, table in _tables(section):
            drawn.add(title)
            lines += [f"`{title}`", "", *table, ""]
        lines += _rest(section, drawn)
    write_text(page, "\n".join(lines).rstrip() + "\n")
    return written


def _facts(section: Section) -> Iterator[str]:
    """Yield the lines on how an experiment was run, and its numbers without axes."""
    about, versions = section.about, section.about["versions"]
    made = ", ".join(f"{name} {number}" for name, number in versions.items())
    yield from (f"    {about['command']}", "", f"{about['seconds']:,.0f} seconds; {made}.")
    if "quantisation" in about:
        yield from ("", f"Of {about['model']}, quantised: {about['quantisation']}.")
    scalars = [f"{name} {_shown(one.values)}" for name, one in section.tensors.items() if not one.axes]
    if scalars:
        yield from ("", f"{'; '.join(scalars)}.")


def _is_axis(section: Section, name: str) -> bool:
    """Return True if a tensor only gives the values along an axis."""
    return len(section.tensors[name].axes) == 1 and name in {given for names in ALONG.values() for given in names}


def _plots(section: Section) -> Iterator[tuple[str, Any]]:
    """A figure for each tensor that has an axis to plot along, and few enough lines."""
    from matplotlib.figure import Figure

    for name, one in section.tensors.items():
        along = next((axis for axis in ALONG if axis in one.axes), None)
        if along is None or one.size(along) < 3 or _is_axis(section, name):
            continue
        if one.axes == ("position",) == tuple(one.labels) and one.values.dtype.kind == "i":
            continue  # the ids of a sentence: nothing to see
        others = [axis for axis in one.axes if axis not in {along, "seed"}]
        if not np.ptp(one.values.astype(float), axis=one.axes.index(along)).any():
            continue  # the same everywhere: nothing to see
        if np.prod([one.size(axis) for axis in others]) > MOST_LINES or len(others) > 2:
            continue
        figure = Figure((7, 3.6), layout="constrained")
        axes = figure.add_subplot(xlabel="step" if along == "checkpoint" else along, ylabel=name)
        x = _along(section, one, along)
        for number, (label, rows) in enumerate(_lines(one, along, others)):
            (line,) = axes.plot(x, rows.mean(0), "--" if number > 9 else "-", label=label)  # ten colours, then dashes
            if len(rows) > 1:
                axes.fill_between(x, rows.min(0), rows.max(0), color=line.get_color(), alpha=0.2, linewidth=0)
        if along in {"checkpoint", "distance"}:
            axes.set_xscale("symlog", linthresh=float(x[x > 0].min()))
        if one.values.min() > 0 and one.values.max() > 1000 * one.values.min():
            axes.set_yscale("log")
        if others:
            axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
        yield name, figure


def _along(section: Section, one: NamedTensor, axis: str) -> np.ndarray:
    """The values along an axis: those of a tensor that gives them, or its labels, or its indices."""
    for name in ALONG[axis]:
        values = section.tensors.get(name)
        if values is not None and values.shape == (one.size(axis),):
            return values.values.astype(float)
    try:
        return np.array([float(label) for label in one.labels[axis]])
    except (KeyError, ValueError):
        return np.arange(one.size(axis), dtype=float)


def _lines(one: NamedTensor, along: str, others: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """For each line of a plot its name, and its values by seed: "seed x"."""
    order = [one.axes.index(axis) for axis in others]
    seed = [one.axes.index("seed")] if "seed" in one.axes else []
    values = one.values.astype(float).transpose([*order, *seed, one.axes.index(along)])
    for index in product(*(range(one.size(axis)) for axis in others)):
        names = [str(one.label(axis, at)) for axis, at in zip(others, index, strict=True)]
        yield ", ".join(names), np.atleast_2d(values[index])


def _save(figure: Any, path: Path) -> None:
    """The same figure gives the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none"}), whole(path) as part:
        figure.savefig(part, format="svg", metadata={"Date": None, "Creator": None})


def _tables(section: Section) -> Iterator[tuple[str, list[str]]]:
    """A table for each small tensor that is not plotted."""
    for name, one in section.tensors.items():
        if not one.axes or _is_axis(section, name) or any(axis in ALONG for axis in one.axes):
            continue
        rows = [axis for axis in one.axes if axis != "seed"]
        if one.values.size > MOST_CELLS * max(1, one.size("seed") if "seed" in one.axes else 1) or len(rows) > 2:
            continue
        if "seed" in one.axes and rows:
            yield name, _over_seeds(one, rows)
        elif len(one.axes) <= 2:
            yield name, _plain(one)


def _over_seeds(one: NamedTensor, rows: Sequence[str]) -> list[str]:
    """Mean and spread of each entry; of alternatives also p against the first, the whole table being one family."""
    values = one.values.transpose([one.axes.index(axis) for axis in (*rows, "seed")]).astype(float)
    first, *others = values.reshape(-1, values.shape[-1])
    columns = [*rows, "mean", "spread"]
    verdicts: list[list[str]] = [[]] * (1 + len(others))
    if others and set(rows) <= ALTERNATIVES:
        columns += ["from the first", "p", "more than chance"]
        judged = zip(p_values(np.array(others), first), others, strict=True)
        verdicts = [["", "", ""], *(_verdict(p, row, first) for p, row in judged)]
    found = []
    for index, here, verdict in zip(np.ndindex(values.shape[:-1]), [first, *others], verdicts, strict=True):
        names = [str(one.label(axis, at)) for axis, at in zip(rows, index, strict=True)]
        found.append([*names, *_mean(here), *verdict])
    return _table(columns, found)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown."""
    head, *body = (f"| {' | '.join(cells)} |" for cells in (columns, *rows))
    return [head, "|---" * len(columns) + "|", *body]


def _mean(row: np.ndarray) -> list[str]:
    """Mean and spread; where a training never came there, how many did, and no mean."""
    came = int(np.isfinite(row).sum())
    if came < len(row):
        return [f"{came} of {len(row)} came there", ""]
    return [_shown(row.mean()), _shown(np.ptp(row))]


def _verdict(p: float, row: np.ndarray, first: np.ndarray) -> list[str]:
    """The difference from the first, p by Holm, and what it says."""
    difference = _shown(row.mean() - first.mean(), "+") if np.isfinite([*row, *first]).all() else ""
    if len(row) < 2:
        return [difference, "", "one training each: no test"]
    return [difference, _shown(p), "yes" if p <= ALPHA else "cannot tell"]


def _plain(one: NamedTensor) -> list[str]:
    """One row, or a row for each label along the first axis."""
    columns = [str(label) for label in one.words(one.axes[-1])]
    names = [str(label) for label in one.words(one.axes[0])] if len(one.axes) == 2 else [""]
    rows = zip(names, np.atleast_2d(one.values), strict=True)
    return _table([" / ".join(one.axes), *columns], [[name, *map(_shown, row)] for name, row in rows])


def _rest(section: Section, drawn: set[str]) -> list[str]:
    """Return lines that name the tensors in no fact, plot or table: of those with the same axes, the first three."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for name, one in section.tensors.items():
        if one.axes and name not in drawn and not _is_axis(section, name):
            kinds.setdefault(one.axes, []).append(f"`{name}`")
    left = [f"{', '.join(names[:3])}{', ...' * (len(names) > 3)} ({', '.join(axes)})" for axes, names in kinds.items()]
    return [f"Recorded besides: {'; '.join(left)}.", ""] if left else []


def _shown(value: Any, sign: str = "") -> str:
    """A number in a table: whole, or with three digits that count; a step that did not come is infinite."""
    number = float(value)
    if not np.isfinite(number):
        return "never" if number > 0 else "none"
    return format(number, f"{sign},.0f") if number == int(number) else format(number, f"{sign}.3g")
