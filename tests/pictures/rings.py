"""A ring says: this is what I speak of. What it goes around is compared with the words in which it comes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

import numpy as np
from manim import Mobject

from scenes.mobjects.marks import Length, Rings, Shade
from scenes.mobjects.marks.judging import box_of
from scenes.mobjects.marks.names import BITE
from scenes.mobjects.tokens import Token
from transformer_core.tracing.provenance import Quantity, Source, Span
from transformer_core.tracing.trace import Trace


class RingWatch:
    """The rings of a walk, each judged when it comes, and whenever it has moved.

    A ring may pass over other things: in each beat one of those that are judged has to be around what is said.
    """

    def __init__(self) -> None:
        #: Each ring that was judged, and where; it is kept, so that no other one gets its id.
        self.seen: dict[int, tuple[Mobject, np.ndarray]] = {}
        self.judged: dict[str, list[str]] = {}

    @property
    def faults(self) -> list[str]:
        """Beats whose rings are all around something else, each with the first of them."""
        return [f"{beat}: {judged[0]}" for beat, judged in self.judged.items() if judged and all(judged)]

    def look(self, beat: str, stage: Sequence[Mobject], said: Sequence[Sequence[Span]], trace: Trace) -> None:
        """Compare rings with what the last of these texts says, or where it is silent of them, the first."""
        parts = [part for root in stage for part in root.get_family()]
        shown: list[tuple[Mobject, list[Source]]] = []
        for ring in parts:
            if any(isinstance(meaning, Rings) for meaning in vars(ring).get("meanings", ())):
                box = np.stack(box_of(ring))
                if id(ring) not in self.seen or not np.allclose(box, self.seen[id(ring)][1]):
                    self.seen[id(ring)] = ring, box
                    shown = shown or [(part, sources) for part in parts if (sources := [*_shown(part)])]
                    inside = {source for part, sources in shown if _within(part, box) for source in sources}
                    self.judged.setdefault(beat, []).extend(_judged(inside, said, trace))


def _within(part: Mobject, ring: np.ndarray) -> bool:
    low, high = ring[0, :2] - BITE, ring[1, :2] + BITE
    if len(part.points) and not ((part.points[0, :2] >= low).all() and (part.points[0, :2] <= high).all()):
        return False
    if not part.get_family()[-1].has_points():
        return False
    box = box_of(part)
    return bool(np.all(box[0][:2] >= low) and np.all(box[1][:2] <= high))


def _shown(part: Mobject) -> Iterator[Source]:
    """The entries and tokens that a part of a picture shows."""
    quantities = [vars(part).get("quantity")]
    quantities += [one.quantity for one in vars(part).get("meanings", ()) if isinstance(one, (Length, Shade))]
    yield from (one.source for one in quantities if isinstance(one, Quantity))
    yield from (span.source for span in vars(part).get("spans", ()))
    if isinstance(part, Token):
        yield part.label.source


def _judged(inside: set[Source], said: Sequence[Sequence[Span]], trace: Trace) -> list[str]:
    """Return one fault, or "" if a ring is around what is said; nothing where nothing is said of the like."""
    entries = [source for source in inside if not source.axis]
    tokens = [source for source in inside if source.axis]
    for spans in reversed(said):
        sources = [span.source for span in spans]
        found = [one in entries for one in sources if not one.axis and one.name in {entry.name for entry in entries}]
        if entries:
            matches = [_of_token(one, entries, trace) for one in sources if one.axis]
            found += [match for match in matches if match is not None]
        elif tokens:
            sentences = {trace.full(one.name).labels.get(one.axis) for one in tokens}
            labels = [label for one in sources for label in ([one] if one.axis else _labels(one, sentences, trace))]
            named = {str(label.value) for label in labels}
            found += [any(str(one.value) in named for one in tokens)] if named else []
        if found:
            told = " ".join(span.shown for span in spans)
            around = sorted({f"{one.name}{list(one.index)}" for one in inside})[:3]
            return ["" if any(found) else f"a ring is around {around}, and the words say {told!r}"]
    return []


def _labels(number: Source, sentences: Container[Any], trace: Trace) -> list[Source]:
    """The tokens of the row and the column of an entry, if they are of one of these sentences."""
    tensor = trace.full(number.name)
    axes = zip(tensor.axes, number.index, strict=True)
    places = [(axis, place) for axis, place in axes if axis in tensor.labels and tensor.labels[axis] in sentences]
    return [Source(number.name, (place,), tensor.labels[axis][place], axis) for axis, place in places]


def _of_token(label: Source, entries: Sequence[Source], trace: Trace) -> bool | None:
    """True if all entries are those of this token; None where they are of another sentence."""
    sentence = trace.full(label.name).labels.get(label.axis)
    places = set()
    for entry in entries:
        tensor = trace.full(entry.name)
        axes = [axis for axis in tensor.axes if sentence and tensor.labels.get(axis) == sentence]
        if label.axis in axes or len(axes) == 1:
            places.add(entry.index[tensor.axes.index(label.axis if label.axis in axes else axes[0])])
    return places == {label.index[0]} if places else None
