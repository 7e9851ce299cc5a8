"""Text that knows where its numbers and words came from.

A `Quantity` is one entry of a named tensor, a `Label` one token of an axis. Formatted into a sentence, each leaves
an invisible mark around what it wrote, so that `parse` can list every number and word of a sentence with its source:

    >>> share = Quantity(0.9931, "encoder.0.self_attn.weights", (0, 1, 3, 1))
    >>> text, spans = parse(f"red gives {share:share} to car")
    >>> text
    'red gives 99% to car'
    >>> spans[0].shown, spans[0].source.index
    ('99%', (0, 1, 3, 1))
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Self

OPEN, MIDDLE, CLOSE = "\ue000", "\ue001", "\ue002"
MINUS = "\u2212"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MARK = re.compile(f"{OPEN}([^{MIDDLE}]*){MIDDLE}([^{CLOSE}]*){CLOSE}")


@dataclass(frozen=True)
class Source:
    """The source of something shown: `name` of the tensor, `index` into its full array, and the value there.

    A label's source has the axis in place of a value: the token written at `index[0]` along that axis.
    """

    name: str
    index: tuple[int, ...]
    value: float | str
    axis: str = ""


@dataclass(frozen=True)
class Span:
    """`shown` stands at `start` of a plain text, made from `source` by the format `spec`."""

    start: int
    shown: str
    source: Source
    spec: str = ""


def shown(value: float, spec: str = "") -> str:
    """The text of `value` under `spec`: Python's format, a true minus sign, and never a negative zero.

    An exponent is written as a power of ten: "6·10⁻¹⁷".

    Two specs are our own. `share` writes a weight as whole per cent and says so where rounding would claim
    all or nothing ("over 99%", "under 1%"); `weight` writes two decimals, "<0.01" and ">0.99".
    """
    if spec == "share":
        if 0.995 <= value < 1 - 1e-9:
            return "over 99%"
        if 0 < value < 0.005:
            return "under 1%"
        return format(value, ".0%")
    if spec == "weight":
        if 0 < value < 0.005:
            return "<0.01"
        if 0.995 <= value < 1 - 1e-9:
            return ">0.99"
        return format(value, ".2f") if value else "0"
    if value == float("-inf"):
        return f"{MINUS}∞"
    whole = str(int(value)) if value == int(value) else repr(value)
    text = format(value, spec) if spec else whole
    if not re.search("[1-9]", text):
        text = text.lstrip("-+")
    factor, e, power = text.partition("e")
    if e:
        text = f"{factor}·10{str(int(power)).translate(SUPERSCRIPTS)}"
    return text.replace("-", MINUS)


class Quantity(float):
    """One entry of a named tensor: a float that remembers `name` and `index`."""

    __slots__ = ("index", "name")
    name: str
    index: tuple[int, ...]

    def __new__(cls, value: float, name: str, index: tuple[int, ...]) -> Self:
        self = super().__new__(cls, value)
        self.name, self.index = name, tuple(int(i) for i in index)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Quantity, (float(self), self.name, self.index)

    @property
    def source(self) -> Source:
        """The place of this number: tensor, index and value."""
        return Source(self.name, self.index, float(self))

    def __format__(self, spec: str) -> str:
        head = json.dumps([self.name, self.index, float(self), "", spec])
        return f"{OPEN}{head}{MIDDLE}{shown(float(self), spec)}{CLOSE}"


class Label(str):
    """One token of an axis: a word that remembers the tensor, the axis and the position it was read from."""

    __slots__ = ("axis", "name", "position")
    name: str
    axis: str
    position: int

    def __new__(cls, text: str, name: str, axis: str, position: int) -> Self:
        self = super().__new__(cls, text)
        self.name, self.axis, self.position = name, axis, int(position)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Label, (str(self), self.name, self.axis, self.position)

    @property
    def source(self) -> Source:
        """The place of this word: tensor, axis, position and text."""
        return Source(self.name, (self.position,), str(self), self.axis)

    def __format__(self, spec: str) -> str:
        head = json.dumps([self.name, [self.position], str(self), self.axis, spec])
        return f"{OPEN}{head}{MIDDLE}{str.__format__(self, spec)}{CLOSE}"


class Phrase(str):
    """A part of a sentence that is a text of its own, such as the name of a role: marked, but without a source.

    In another language the sentence around it stays one sentence, whichever phrase stands in it.
    """

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return f"{OPEN}{json.dumps(['', [], str(self), 'phrase', spec])}{MIDDLE}{str.__format__(self, spec)}{CLOSE}"


def parse(text: str) -> tuple[str, tuple[Span, ...]]:
    """Split marked text in the plain text and the spans that have a source."""
    plain, spans, end, length = [], [], 0, 0
    for mark in MARK.finditer(text):
        before = text[end : mark.start()]
        name, index, value, axis, spec = json.loads(mark[1])
        plain += [before, mark[2]]
        value = float(value) if not axis else value
        if name:
            spans.append(Span(length + len(before), mark[2], Source(name, tuple(index), value, axis), spec))
        length += len(before) + len(mark[2])
        end = mark.end()
    return "".join([*plain, text[end:]]), tuple(spans)


def plain(text: str) -> str:
    """`text` without its marks."""
    return parse(text)[0]
