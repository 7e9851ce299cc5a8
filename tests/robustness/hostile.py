"""Hostile texts, and hostile values of other kinds: what a sentence, a config or a lecture file might hold."""

from __future__ import annotations

from random import Random
from typing import Any

#: Where characters are drawn from: first and last code point.
RANGES = {
    "controls": (0x00, 0x1F), "latin": (0x20, 0x7E), "later controls": (0x7F, 0x9F), "accents": (0xA0, 0x24F),
    "combining": (0x300, 0x36F), "hebrew and arabic": (0x590, 0x6FF), "indic": (0x900, 0xDFF),
    "jamo": (0x1100, 0x11FF), "spaces and bidi": (0x2000, 0x206F), "symbols": (0x2100, 0x2BFF), "cjk": (0x3000, 0x9FFF),
    "surrogates": (0xD800, 0xDFFF), "private": (0xE000, 0xE010), "forms": (0xFB00, 0xFEFF),
    "specials": (0xFFF0, 0xFFFF), "second plane": (0x10000, 0x1FFFF), "ideographs": (0x20000, 0x3FFFF),
    "tags": (0xE0000, 0xE01EF), "last planes": (0xF0000, 0x10FFFF), "all": (0x00, 0x10FFFF),
}  # fmt: skip
#: Syntax of all that a text goes through: Typst, Pango, HTML, shells, paths, formats, captions, our own marks.
SNIPPETS = (
    '#eval("1+1")', '#read("/etc/passwd")', "$ x^2 $", "#[", "]", '"', "\\", "\\u{41}", "}}", "{{ q : query }}",
    "#import", "<span foreground='red'>", "</span>", "&amp;", "&#0;", "&", "<b>", "<script>alert(1)</script>",
    "</script>", "<!--", "]]>", '"><img src=x onerror=alert(1)>', "javascript:", "$(touch owned)", "`touch owned`",
    "; rm -rf .", "| cat", "&& false", "../../../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", "~root", "CON",
    "\0", "%s", "%n", "{0}", "{", "}", "{x!r}", "${HOME}", "-->", "00:00:01,000 --> 00:00:02,000", "WEBVTT", "NOTE",
    "1\n", "“", "”", "|", "\n\n", "\r\n", "\u2028", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad",
    "\ue000", "\ue001", "\ue002", '\ue000["a",[0],1,"","share"]\ue00199%\ue002', "\ue000\ue001\ue002",
    "İ", "ß", "ǆ", "ﷺ", "K", "ﬁ", "e\u0301", "👩‍👩‍👧", "🇪🇸", "١٢٣", "10⁻⁹⁹⁹", "9" * 40, "1e999", "NaN", "-0",
    "--help", "-x", "@file", "[CLS]", "<pad>", "<|endoftext|>", "##x", "Ġ", "▁", "[UNK]",
    "\x1b[2J", "\x1b]0;title\x07", "\x07", "\x00", "\x85",
)  # fmt: skip
#: Syntax of what a text goes through, by what it means something to.
SYNTAX = {
    "Typst": ("#eval", "#read", "#[", "#import", "$ x^2 $", "{{ q"), "Pango": ("<span", "</span>", "<b>", "&amp;"),
    "HTML": ("<script", "</script>", "<!--", "<img", "&#0;", "javascript:", "]]>"),
    "shell": ("$(touch", "`touch", "; rm", "| cat", "&& false", "${HOME}"),
    "paths": ("../", "..\\", "/etc/passwd", "C:\\", "~root"), "captions": ("-->", "WEBVTT"),
    "marks of our own": ("\ue000", "\ue001", "\ue002"), "terminals": ("\x1b[", "\x1b]"),
}  # fmt: skip
#: Sorts of characters by the code points that Unicode gives them.
SORTS = {
    name: frozenset(codes)
    for name, codes in {
        "controls": (*range(0x20), *range(0x7F, 0xA0)),
        "bidi": (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
        "zero width": (0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF),
        "surrogates": range(0xD800, 0xE000),
        "combining": range(0x300, 0x370),
    }.items()
}
#: Words that are known to a reader, so that what is hostile does not end everything at the first word.
KNOWN = "the car is red cat sees old ship sails home house and a girl buys apple The Car it".split()
#: Lengths that are tried again and again; most texts are short.
LENGTHS = (1, 2, 3, 5, 8, 13, 20, 40)
LONG = (200, 1000, 5000, 10_000)


def text(random: Random) -> str:
    """A hostile text; one in twenty-five is long."""
    long = random.random() < 0.04
    size = random.choice(LONG if long else LENGTHS)
    way = random.randrange(6)
    if way == 0:
        return "".join(_character(random, *random.choice(list(RANGES.values()))) for _ in range(size))
    if way == 1:
        low, high = random.choice(list(RANGES.values()))
        return "".join(_character(random, low, high) for _ in range(size))
    if way == 2:
        return random.choice(["a", "\u0301", "\u0315\u0301\u0316", " ", "👩‍", "“", "the ", "日", "<", "﷽"]) * size
    parts = [random.choice(KNOWN) if random.random() < 0.6 else random.choice(SNIPPETS) for _ in range(size)]
    if way == 3:
        parts = random.choices(KNOWN, k=size)
    if way == 4:
        parts = [_bent(random, part) for part in parts]
    return random.choice([" ", " ", "", "\u00a0", "  ", "\n"]).join(parts)


def sorts(text: str) -> set[str]:
    """Return what is hostile in a text: sorts of characters, planes of Unicode after the first, syntax, length."""
    codes = {*map(ord, text)}
    found = {name for name, some in SORTS.items() if codes & some}
    found |= {f"plane {code >> 16}" for code in codes if code >> 16}
    found |= {name for name, pieces in SYNTAX.items() if any(piece in text for piece in pieces)}
    return found | ({"10,000 characters or more"} if len(text) >= LONG[-1] else set())


def _character(random: Random, low: int, high: int) -> str:
    return chr(random.randint(low, high))


def _bent(random: Random, word: str) -> str:
    """A word with one character put in, taken away, or changed."""
    at = random.randrange(len(word) + 1)
    other = _character(random, *random.choice(list(RANGES.values())))
    return random.choice(
        [word[:at] + other + word[at:], word[:at] + word[at + 1 :], word[:at] + other + word[at + 1 :]]
    )


def value(random: Random, deep: int = 2) -> Any:
    """A hostile value of JSON or TOML."""
    simple: list[Any] = [
        None, True, False, 0, 1, -1, 2, 3, 7, 64, 10**6, 10**12, 2**31, 2**32, 2**63, 2**64, 10**100, -(2**63), 0.5,
        -0.0, 1e-300, 1e300, float("inf"), float("nan"), "", "12", "null", "gelu", "../../etc/passwd", "/dev/zero",
        "x" * 1000,
    ]  # fmt: skip
    way = random.random()
    if way < 0.7 or not deep:
        return random.choice(simple)
    if way < 0.8:
        return text(random)[:200]
    if way < 0.9:
        return [value(random, deep - 1) for _ in range(random.choice([0, 1, 2, 5]))]
    return {f"{text(random)[:10]}": value(random, deep - 1) for _ in range(random.choice([0, 1, 3]))}
