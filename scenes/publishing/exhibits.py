"""Exhibits: the tensors that a lecture shows, as files that a page reads without a server.

A page that is opened from a disk may load scripts, and no data. So each tensor is a script of one call. It holds every
value as JavaScript's own number, which is a float64: nothing is rounded. What is large is a window, which says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any

from scenes.production.files import slug, write_text
from scenes.publishing.provenance import in_order, provenance
from scenes.publishing.rendered import Rendered, RenderedChapter, RenderedStep
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.trace import Trace

#: A window has about so many values at most, and so many entries along an axis, before what is shown is added.
MOST_VALUES, MOST_ALONG = 8192, 64
FEWEST_ALONG = 8


@dataclass(frozen=True)
class Exhibit:
    """A tensor, which indices along each of its axes the page has, and what it was made by, of which tensors.

    `provenance` says it of the numbers that are shown, where the page cannot compute them; `late` is larger for what is
    computed later. The model of the page is `asked` for those that it computes.
    """

    number: int
    tensor: NamedTensor
    kept: tuple[tuple[int, ...], ...]
    made_by: str = ""
    made_of: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    late: tuple[int, int] = (-1, 0)
    asked: bool = False

    @property
    def file(self) -> str:
        return f"tensors/{self.number + 1:03d}-{slug(self.tensor.name)}.js"

    def write(self, folder: Path) -> None:
        """The script: axes, true shape, the indices kept (null for all), labels, source, and the values in order."""
        values = self.tensor.values
        for axis, own in enumerate(self.kept):
            values = values.take(own, axis)
        content = {
            "name": self.tensor.name,
            "file": self.file,
            "axes": self.tensor.axes,
            "shape": self.tensor.shape,
            "dtype": str(values.dtype),
            "kept": [None if len(own) == size else own for own, size in zip(self.kept, self.tensor.shape, strict=True)],
            "labels": {
                axis: [self.tensor.labels[axis][i] for i in own]
                for axis, own in zip(self.tensor.axes, self.kept, strict=True)
                if axis in self.tensor.labels
            },
            "made": self.made_by,
            "of": self.made_of,
            "provenance": self.provenance,
            "values": values.ravel().tolist(),
        }
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))  # with Infinity and NaN, as scripts have
        write_text(folder / self.file, f"exhibit({text});\n")


def exhibits(steps: Sequence[RenderedStep], trace: Trace, computed: Container[str] = ()) -> dict[str, Exhibit]:
    """An exhibit for each tensor of `trace` that one of `steps` shows, by name, in the order of the film.

    The model of the page has `computed` some of them; of the others it says what their numbers were made of.
    """
    places: dict[str, list[tuple[int, ...]]] = {}
    for step in steps:
        for entry in step.shown:
            places.setdefault(entry["name"], []).append(_place(entry, trace.full(entry["name"])))
    late = in_order(places, trace)
    found = {}
    for number, (name, shown) in enumerate(places.items()):
        tensor = trace.full(name)
        wanted = [{place[axis] for place in shown if place[axis] >= 0} for axis in range(len(tensor.axes))]
        numbers = [dict(zip(tensor.axes, place, strict=True)) for place in dict.fromkeys(shown) if -1 not in place]
        entries = [] if name in computed else [trace.explain(name, **at) for at in numbers]
        first = trace.explain(name, **dict.fromkeys(tensor.axes, 0))
        made_of = tuple(dict.fromkeys(first.parents.values()))
        facts = first.made_by, made_of, provenance(entries, computed), late[name], name in computed
        found[name] = Exhibit(number, tensor, _window(tensor.shape, wanted), *facts)
    return found


def told_apart(lecture: Rendered, trace: Trace, others: Mapping[str, Trace]) -> Rendered:
    """`lecture` with its tensors told apart where chapters read something else: their names say what.

    `others` has what those chapters read, by their names; what they show of it is added to `trace`, that of the rest.
    """

    def named(entry: dict[str, Any], chapter: RenderedChapter) -> dict[str, Any]:
        name = f"{entry['name']} ({re.sub(r'[.]', ' ', f'{chapter.text}, {chapter.model}').strip()})"
        trace.tensors[name] = replace(others[chapter.name].full(entry["name"]), name=name)
        return {**entry, "name": name}

    def told(chapter: RenderedChapter) -> RenderedChapter:
        steps = [replace(step, shown=tuple(named(entry, chapter) for entry in step.shown)) for step in chapter.steps]
        return replace(chapter, steps=steps)

    chapters = [told(chapter) if chapter.name in others else chapter for chapter in lecture.chapters]
    return replace(lecture, chapters=chapters)


def _place(entry: dict[str, Any], tensor: NamedTensor) -> tuple[int, ...]:
    """The index of a number; of a token, its place along its axis, and -1 along the others."""
    if "axis" not in entry:
        return tuple(entry["index"])
    return tuple(entry["index"][0] if axis == entry["axis"] else -1 for axis in tensor.axes)


def _window(shape: tuple[int, ...], wanted: Sequence[set[int]]) -> tuple[tuple[int, ...], ...]:
    """The first indices along each axis, fewer until the window is small, and always those that are `wanted`.

    >>> _window((2, 3), [{0}, {2}])
    ((0, 1), (0, 1, 2))
    """
    first = [min(size, MOST_ALONG) for size in shape]
    while True:
        kept = tuple(tuple(sorted({*range(own), *more})) for own, more in zip(first, wanted, strict=True))
        longest = max(range(len(shape)), key=lambda axis: first[axis], default=0)
        if prod(map(len, kept)) <= MOST_VALUES or first[longest] <= FEWEST_ALONG:
            return kept
        first[longest] = max(FEWEST_ALONG, first[longest] // 2)
