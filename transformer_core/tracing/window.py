"""A window on the tokens of a long sentence: tensors cut to it, numbers and measures of the whole. NumPy alone.

`window.<name>` is the tensor `<name>`, cut along every axis that the sentence runs along to the tokens in
`about["windows"]`. What is derived is derived from the whole sentence first and cut afterwards: an attention weight is
a part of all tokens, also of those outside. `ending.<name>` is cut to the end of what is written instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from transformer_core.tracing.named_tensor import NamedTensor

#: Before the names of tensors that are cut to a window; the second stands at the end of the target.
WINDOW, ENDING = "window", "ending"
#: Where the words of the shuffled sentence stood before: the one tensor whose entries are places in the sentence.
ORDER = "other.shuffled.order"


@dataclass(frozen=True)
class Limits:
    """The numbers of tokens that are shown side by side; the pictures say them.

    Args:
        shown: as many tokens of a long sentence.
        whole: a sentence of up to so many tokens is shown whole.
        written: so long at most is what is written for a sentence that is shown whole; one that is longer never ends.
    """

    shown: int
    whole: int
    written: int


class TraceView(Protocol):
    """The part of a `Trace` that is read here."""

    prefix: str
    picks: dict[str, int | str | slice]

    @property
    def tensors(self) -> Mapping[str, NamedTensor]: ...

    about: dict[str, Any]

    def full(self, name: str) -> NamedTensor: ...
    def __getitem__(self, name: str) -> Any: ...


def through_window(trace: TraceView, name: str) -> NamedTensor:
    """The tensor called `name` without its prefix, cut to the tokens in sight; the whole one if nothing is cut."""
    prefix, _, plain = name.partition(".")
    if name in trace.tensors:
        return trace.tensors[name]
    whole = trace.full(plain)
    values, labels = whole.values, dict(whole.labels)
    for axis, (start, stop) in _cuts(trace, prefix, whole).items():
        values = values.take(range(start, stop), whole.axes.index(axis))
        labels[axis] = whole.labels[axis][start:stop]
        if plain == ORDER:
            values = values - start
    return whole if values is whole.values else NamedTensor(name, values, whole.axes, labels)


def in_full(trace: TraceView, name: str, **picks: int | str) -> Any:
    """The result of `trace.in_full(name, **picks)`."""
    prefix, _, plain = f"{trace.prefix}{name}".partition(".")
    if prefix not in (WINDOW, ENDING):
        return trace[name].pick(**picks)
    seen, whole = trace.full(trace.prefix + name), trace.full(plain)
    starts = {axis: start for axis, (start, _) in _cuts(trace, prefix, whole).items()}
    fixed = {axis: at for axis, at in trace.picks.items() if axis in whole.axes and not isinstance(at, slice)} | picks
    return whole.pick(**{axis: seen.position(axis, at) + starts.get(axis, 0) for axis, at in fixed.items()})


def behind_window(trace: TraceView, name: str, at: Mapping[str, int]) -> tuple[str, dict[str, int]]:
    """The name of the whole tensor behind a window, and the place in it along each axis; itself if it is no window."""
    prefix, _, plain = name.partition(".")
    if prefix not in (WINDOW, ENDING):
        return name, dict(at)
    cuts = _cuts(trace, prefix, trace.full(plain))
    return plain, {axis: place + cuts.get(axis, (0, 0))[0] for axis, place in at.items()}


def _cuts(trace: TraceView, prefix: str, whole: NamedTensor) -> dict[str, tuple[int, int]]:
    """First and last token (exclusive) in sight, along each axis that a sentence with a window runs along."""
    windows = trace.about["windows"]
    sides = {"source": trace.about["tokens"], ENDING if prefix == ENDING else "target": trace.about["target_tokens"]}
    found = {}
    for axis, words in whole.labels.items():
        for side, sentence in sides.items():
            if side in windows and axis not in found and _same(words, sentence):
                found[axis] = (windows[side][0], windows[side][1])
    return found


def _same(words: tuple[str, ...], sentence: list[str]) -> bool:
    """True if an axis runs along this sentence, in whatever order, or with another last word."""
    if len(words) != len(sentence):
        return False
    return [*words[:-1]] == [*sentence[:-1]] or sorted(words) == sorted(sentence)
