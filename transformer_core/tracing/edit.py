"""An edit as a line of text: `encoder.1.self_attn.weights[head=2, query=red]=0`. It is parsed, never evaluated.

The name may be a pattern with `*` and `?`, or one of TransformerLens. After the name of a tensor may stand, for some of
its axes, an index or a token; then `=` a number, `*=` a number, or `=mean`: each entry becomes the mean over all
tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from torch import Tensor

from transformer_core.tracing.explain import places_of
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.tap import Edit, matcher
from transformer_core.tracing.trace import Trace
from transformer_core.tracing.transformer_lens_names import HOOK

# Possessive: nothing that was matched is tried in another way, so that a line takes time in proportion to its length.
LINE = re.compile(r"\s*+((?:[\w.?]|\*(?!=))++)\s*+(?:\[([^\[\]]*+)\]\s*+)?(\*?=)\s*+(\S++)\s*+")
#: A line of more characters names no tensor and no token that there is.
LONGEST_LINE = 1000
EXAMPLE = "encoder.1.self_attn.weights[head=2]=0"
MEAN = "mean"


@dataclass(frozen=True)
class Change:
    """The change of one tensor: `where`, a place along some of its axes, and the `operation` there."""

    axes: tuple[str, ...]
    where: Mapping[str, int]
    operation: str
    number: float | None

    def __call__(self, tensor: Tensor) -> Tensor:
        """The edited tensor; one that has not yet so many tokens stays as it is."""
        at = tuple(self.where.get(axis, slice(None)) for axis in self.axes)
        sizes = dict(zip(self.axes, tensor.shape, strict=True))
        if any(place >= sizes[axis] for axis, place in self.where.items()):
            return tensor
        if self.number is None:
            tokens = self.axes.index("query" if "query" in self.axes else "position")
            tensor[at] = tensor.mean(tokens, keepdim=True).expand_as(tensor)[at]
        elif self.operation == "*=":
            tensor[at] *= self.number
        else:
            tensor[at] = self.number
        return tensor


def edits_of(lines: Sequence[str], plain: Trace) -> dict[str, Edit]:
    """The edits that `lines` ask for, by the name of the tensor; `plain` is a trace of the same pass without any.

    Raises:
        ValueError: a line that is no edit, a name, an axis, an index or a token that is not there, the same tensor
            twice; what would be right is said.
    """
    found: dict[str, Edit] = {}
    for line in lines:
        for name, change in _changes(line, plain):
            if name in found:
                raise ValueError(f"{name} is edited twice: name it in one --edit")
            found[name] = change
    return found


def _changes(line: str, plain: Trace) -> Iterator[tuple[str, Change]]:
    """The tensors that a line names, by name or by a pattern, each with what is made of it."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"an edit has at most {LONGEST_LINE} characters, this one {len(line)}: {line[:40]}…")
    parts = LINE.fullmatch(line)
    if parts is None:
        raise ValueError(f'"{line}" is no edit: write a tensor, axes, and what to set, such as {EXAMPLE}')
    name, chosen, operation, value = parts.groups()
    points = [
        point
        for point, tensor in plain.tensors.items()
        # Ids name rows of a table: another text is read by another --text.
        if tensor.values.dtype.kind == "f" and not point.startswith(("parameters.", "config.", "other."))
    ]
    called = {plain.point(name) if name in plain else name} if HOOK in name else {*filter(matcher(name), points)}
    if not called & {*points}:
        near = get_close_matches(name, points, 3) or [point for point in points if point.endswith("weights")][:3]
        raise ValueError(f"no tensor of this pass is called {name}: near are {', '.join(near)}")
    number = None if value == MEAN and operation == "=" else _number(value, line)
    for point in sorted(called):
        tensor = plain.tensors[point]
        where = {axis: _place(tensor, axis, wanted) for axis, wanted in places_of(chosen or "").items()}
        if number is None and not {"query", "position"} & set(tensor.axes):
            raise ValueError(f"{point} has no axis of tokens to take the mean over: it has {', '.join(tensor.axes)}")
        yield point, Change(tensor.axes, where, operation, number)


def _place(tensor: NamedTensor, axis: str, wanted: str) -> int:
    if axis not in tensor.axes:
        raise ValueError(f"{tensor.name} has no axis {axis!r}: it has {', '.join(tensor.axes)}, as in {EXAMPLE}")
    try:
        return tensor.position(axis, wanted)
    except KeyError as error:
        raise ValueError(str(error.args[0])) from None


def _number(value: str, line: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} in {line!r} is neither a number nor {MEAN}") from None
    if not np.isfinite(number):
        raise ValueError(f"{value!r} in {line!r} is no finite number")
    return number
