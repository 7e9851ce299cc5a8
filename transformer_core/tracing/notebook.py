"""Tensors and traces as HTML for a notebook: short whatever their size, and every text escaped. NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby, islice
from typing import Any

import numpy as np

#: At most so many entries are shown along an axis, letters of a label, tensors of a trace, and parents of a tensor.
ENTRIES, LETTERS, TENSORS, PARENTS = 8, 24, 600, 6


def tensor_html(name: str, values: np.ndarray, axes: tuple[str, ...], labels: Mapping[str, tuple[str, ...]]) -> str:
    """Name, axes and sizes; a table along the last two axes, at the first entry of the others; min, mean and max."""
    sizes = dict(zip(axes, values.shape, strict=True))
    lines = [f"<b>{escape(name)}</b> {escape(' × '.join(f'{axis} {size}' for axis, size in sizes.items()))}"]
    if values.size:
        words = [labels.get(axis) or range(size) for axis, size in sizes.items()]
        first = ", ".join(f"{axis} {_text(word[0])}" for axis, word in zip(axes[:-2], words, strict=False))
        rows, columns = ([""], [""], *words)[-2:]
        matrix = np.broadcast_to(values[(0,) * (values.ndim - 2)], (len(rows), len(columns)))
        down, across = _seen(len(rows)), _seen(len(columns))
        table = [["", *(_at(columns, column) for column in across)]] if axes else []
        for row in down:
            entries = ("…" if None in {row, column} else _text(matrix[row, column]) for column in across)
            table.append([_at(rows, row), *entries])
        with np.errstate(all="ignore"):
            found = {"min": values.min(), "mean": values.mean(dtype=float), "max": values.max()}
        lines += [f"at {escape(first)}"] * bool(first) + [_table(table)]
        lines.append(", ".join(f"{what} {_text(value.item())}" for what, value in found.items()))
    return f"<div>{'<br>'.join(lines)}</div>"


def trace_html(tensors: Mapping[str, tuple[Any, Sequence[str]]]) -> str:
    """Axes, shape and parents of each named tensor, given with its parents; each part of the model is folded."""
    found = [f"<b>Trace</b> of {len(tensors)} tensors"]
    for part, members in groupby(islice(tensors.items(), TENSORS), key=lambda member: _part(member[0])):
        table = [["name", "axes", "shape", "made from"]]
        for name, (tensor, parents) in members:
            made_from = ", ".join(parents[:PARENTS]) + ", …" * (len(parents) > PARENTS)
            table.append([name, " ".join(tensor.axes), " × ".join(map(str, tensor.shape)), made_from])
        found.append(f"<details><summary>{escape(part)}: {len(table) - 1}</summary>{_table(table)}</details>")
    rest = f"… and {len(tensors) - TENSORS} more" if len(tensors) > TENSORS else ""
    return f"<div>{''.join(found)}{rest}</div>"


def _part(name: str) -> str:
    """`encoder.0` of `encoder.0.ffn.out`, `embed_src` of `embed_src.sum`."""
    first, *rest = name.split(".")
    return f"{first}.{rest[0]}" if len(rest) > 1 and rest[0].isdecimal() else first


def _seen(size: int) -> list[int | None]:
    """The places that are shown along an axis; None stands for those in the middle."""
    half = ENTRIES // 2
    return [*range(size)] if size <= ENTRIES else [*range(half), None, *range(size - half, size)]


def _at(labels: Sequence[Any], place: int | None) -> str:
    return "…" if place is None else _text(labels[place])


def _text(entry: Any) -> str:
    """Four significant digits of a number; a long label cut."""
    text = f"{entry:.4g}" if isinstance(entry, (float, np.floating)) else str(entry)
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
