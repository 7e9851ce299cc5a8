"""What a suspicious viewer checks: each digit and each named token on screen against the trace, with own arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from manim import DecimalNumber, MathTypst, Mobject, SVGMobject, Text, Typst

from scenes.language import Catalogue
from scenes.layout import texts_on
from scenes.mobjects.text import Words, _shape
from scenes.mobjects.wording import ORDINALS
from scenes.theme import TYPES
from transformer_core.tracing.provenance import Quantity, Source, Span, parse
from transformer_core.tracing.trace import Trace

NUMBER = re.compile(r"[−-]?\d+(?:[,.\u202f]\d{3})*(?:[.,]\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?:\u202f?%)?")
POWER = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
QUOTED = re.compile(r"“([^”\s]+)”")  # a token has no space; a question in quotes has
PHRASE = re.compile(r"“([^”]+)”")
HEAD = re.compile(r"[Hh]ead ([A-Z]) of the (\S+) layer")


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
    for phrase in PHRASE.finditer(text):
        words = [*re.finditer(r"\S+", phrase[1])]
        if len(words) > 1 and all(word[0] in vocabulary_of(trace) for word in words):
            bare = [word[0] for word in words if not covered[phrase.start(1) + word.start()]]
            found += [f"{text!r}: {word!r} of a translation has no source" for word in bare]
    return found


def vocabulary_of(trace: Trace) -> Container[str]:
    """The words that a translator can write; nothing of a model that goes on in the language of its text."""
    translates = trace.about.get("config", {}).get("encoder_layers") and "probs" in trace
    return frozenset(trace.labels("probs")["vocab"]) if translates else ()


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
        f"{type(part).__name__} {vars(part).get('text', '')!r} knows no source"
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
    """Return what title and narration state without a source, against it, or of another row or head than named."""
    found, named, heads = [], set[str](), set[tuple[int, int]]()
    for text in (title, *beats):
        plain, spans = parse(text)
        found += wrong_in_text(plain, spans, trace, written)
        named |= {str(span.source.value) for span in spans if span.source.axis}
        heads |= heads_in(plain)
        for span in spans:
            if span.source.axis or not (head := head_of(span.source.name, span.source.index, trace)):
                continue
            if heads and head not in heads:
                found.append(f"{plain!r}: {span.shown} is of another head: layer, head {head}")
            if named and (row := _row_of(span.source, trace)) and row not in named:
                found.append(f"{plain!r}: {span.shown} is of {row!r}, which is not named")
    return found


def other_head(texts: Sequence[str], stage: Iterable[Mobject], trace: Trace) -> list[str]:
    """A head that is named, and of which nothing is shown where something is of others."""
    named = set[tuple[int, int]]().union(*(heads_in(parse(text)[0]) for text in texts))
    shown = {head for quantity in shown_on(stage) if (head := head_of(quantity.name, quantity.index, trace))}
    missing = named - shown
    return [f"{head} is named, and heads {sorted(shown)} are shown" for head in sorted(missing)] if shown else []


def shown_on(stage: Iterable[Mobject]) -> Iterator[Quantity]:
    """Every entry that a mark on stage means."""
    for part in (part for root in stage for part in root.get_family()):
        for meaning in vars(part).get("meanings", ()):
            if isinstance(found := getattr(meaning, "quantity", None), Quantity):
                yield found


def heads_in(text: str) -> set[tuple[int, int]]:
    """The heads that a text names, as layer and head."""
    found = [one for one in HEAD.findall(text) if one[1] in ORDINALS]
    return {(ORDINALS.index(layer), ord(letter) - ord("A")) for letter, layer in found}


def head_of(name: str, index: Sequence[int], trace: Trace) -> tuple[int, int] | None:
    """The layer and the head of an entry of an attention; None of others."""
    layer = re.search(r"(?:encoder|decoder)\.(\d+)\.self_attn\.[^.]+$", name)
    axes = trace.full(name).axes if layer else ()
    return (int(layer[1]), index[axes.index("head")]) if layer and "head" in axes else None


def _row_of(source: Source, trace: Trace) -> str:
    """The token of the query whose row an entry stands in; "" for what is no entry of a row of tokens."""
    tensor = trace.full(source.name)
    if "query" not in tensor.labels:
        return ""
    return tensor.labels["query"][source.index[tensor.axes.index("query")]]
