"""What a suspicious viewer checks: each digit and each named token on screen against the trace, with own arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from manim import DecimalNumber, MathTypst, Mobject, SVGMobject, Text, Typst

from scenes.language import Catalogue
from scenes.layout import texts_on
from scenes.mobjects.text import Words, _shape
from scenes.theme import TYPES
from transformer_core.tracing.provenance import Span, parse
from transformer_core.tracing.trace import Trace

NUMBER = re.compile(r"[−-]?\d+(?:[,.\u202f]\d{3})*(?:[.,]\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?:\u202f?%)?")
POWER = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
QUOTED = re.compile(r"“([^”\s]+)”")  # a token has no space; a question in quotes has


@dataclass(frozen=True)
class Written:
    """How a language writes numbers and shares, and what it calls the parts that this project named in English."""

    decimal: str = "."
    group: str = ","
    over: str = "over 99%"
    under: str = "under 1%"
    name: Callable[[str], str | None] = str

    @classmethod
    def by(cls, catalogue: Catalogue) -> Written:
        half, many, over, under = (catalogue.rule("number", one) for one in ("0.5", "12,345", "over 99%", "under 1%"))
        return cls(half[1:-1], many[2:-3], over, under, catalogue.find)


IN_ENGLISH = Written()


def wrong_in_text(text: str, spans: Sequence[Span], trace: Trace, written: Written = IN_ENGLISH) -> list[str]:
    """Digits and quoted tokens of a text that have no source, and sources that do not say what is shown."""
    covered = np.zeros(len(text) + 1, bool)
    found = []
    for span in spans:
        covered[span.start : span.start + len(span.shown)] = True
        if text[span.start : span.start + len(span.shown)] != span.shown:
            found.append(f"{text!r}: the source of {span.shown!r} belongs to another text")
        found += wrong_in_source(span, trace, written)
    for digits in NUMBER.finditer(text):
        if not covered[digits.start() : digits.end()].all():
            found.append(f"{text!r}: {digits[0]} has no source")
    for quoted in QUOTED.finditer(text):
        if not covered[quoted.start(1) : quoted.end(1)].all():
            found.append(f"{text!r}: the token {quoted[1]!r} has no source")
    return found


def wrong_in_source(span: Span, trace: Trace, written: Written = IN_ENGLISH) -> list[str]:
    """Whether the entry at the source, read again, rounds to what is shown."""
    source = span.source
    tensor = trace.full(source.name)
    if source.axis:
        label = tensor.labels[source.axis][source.index[0]] if source.axis in tensor.labels else str(source.index[0])
        right = label == source.value and span.shown in {label, written.name(label)}
        return [] if right else [f"{span.shown!r} is not {source.name} {source}: {label!r}"]
    value = float(tensor.values[source.index])
    if value != source.value and not (np.isinf(value) and np.isinf(float(source.value))):
        return [f"{span.shown}: {source.name}{list(source.index)} holds {value!r}, the picture {source.value!r}"]
    return [] if says(span.shown, value, written) else [f"{span.shown!r} is shown for {value!r} of {source.name}"]


def says(shown: str, value: float, written: Written = IN_ENGLISH) -> bool:
    """Whether `shown` is `value` at the precision that it shows."""
    special = {
        written.over: 0.995 <= value < 1,
        written.under: 0 < value < 0.005,
        "<0.01": 0 < value < 0.005,
        ">0.99": 0.995 <= value < 1,
        "−∞": value == -np.inf,
    }
    if shown in special:
        return special[shown]
    plain = shown.replace("−", "-").replace(written.group, "").replace(written.decimal, ".")
    part = plain.rstrip("%\u202f")
    mantissa, _, power = part.partition("·10")
    exponent = power.translate(POWER)
    decimals = len(mantissa.partition(".")[2])
    unit = 10.0**-decimals * 10.0 ** (int(exponent) if exponent else 0) / (100 if plain.endswith("%") else 1)
    stated = float(f"{mantissa}e{exponent or 0}") / (100 if plain.endswith("%") else 1)
    return (
        abs(stated - value) <= unit * 0.5 * (1 + 1e-9) + 1e-15 and not plain.startswith("-0.00%") and plain != "-0.00"
    )


def foreign_texts(stage: Iterable[Mobject]) -> list[str]:
    """Texts that are not ours: nothing knows where their digits come from."""
    return [
        f"{type(part).__name__} {getattr(part, 'text', '')!r} knows no source"
        for mobject in stage
        for part in mobject.get_family()
        if isinstance(part, (Text, DecimalNumber))
        or (isinstance(part, (SVGMobject, Typst, MathTypst)) and not hasattr(part, "spans"))
    ]


def drawn_otherwise(words: Words) -> bool:
    """Whether the outline on screen is not that of the text which the mobject says it shows."""
    outline, _, _ = _shape(words.text, TYPES[words.style])
    if len(outline) != len(words.points):
        return True
    if not len(outline):
        return False
    drawn = words.points[:, :2] @ (np.array([[0, -1], [1, 0]]) if words.turned else np.eye(2))
    here, there = drawn - drawn.min(0), outline - outline.min(0)
    return bool(np.abs(here / np.ptp(here, axis=0).max() - there / np.ptp(there, axis=0).max()).max() > 1e-3)


def lies(stage: Sequence[Mobject], trace: Trace, written: Written = IN_ENGLISH) -> list[str]:
    """Everything on stage that shows what its source does not say."""
    found = foreign_texts(stage)
    captions = {id(m) for m in stage if isinstance(m, Words) and m.style == "caption"}
    for text in texts_on(stage):
        if id(text) in captions or not hasattr(text, "spans"):
            continue
        if isinstance(text, Words):
            found += wrong_in_text(text.text, text.spans, trace, written)
            if drawn_otherwise(text):
                found.append(f"{text.text!r} is not what is drawn")
        else:
            found += wrong_in_formula(text.text, text.spans, trace)
    return found


def wrong_in_formula(text: str, spans: Sequence[Span], trace: Trace) -> list[str]:
    """A formula's digits; its tokens stand in it as strings."""
    covered = np.zeros(len(text) + 1, bool)
    found = []
    for span in spans:
        covered[span.start : span.start + len(span.shown)] = True
        found += wrong_in_source(span, trace)
    return found + [
        f"{text!r}: {n[0]} has no source" for n in NUMBER.finditer(text) if not covered[n.start() : n.end()].all()
    ]


def wrong_in_step(title: str, beats: Sequence[str], trace: Trace, written: Written = IN_ENGLISH) -> list[str]:
    """What a step's title and narration state without a source, or against it."""
    found = []
    for text in (title, *beats):
        found += wrong_in_text(*parse(text), trace, written)
    return found
