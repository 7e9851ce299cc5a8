"""Spoken form of written text: numbers, signs and names as words.

Captions keep the written text; only the voice reads this one. Spanish words are in guillemets, so that a voice can
pronounce them as Spanish.

>>> spoken("“rojo” gets over 99%: −0.5 × 2 = −1.", {"rojo"})
'«rojo» gets over ninety-nine percent: minus zero point five times two equals minus one.'
"""

from __future__ import annotations

import re
from collections.abc import Collection

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789")
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
LARGE = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
POWER = re.compile(r"(·\s*)?\b10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
#: Two whole numbers with a cross between them are a shape, unless what follows says that they are a product.
SHAPE = re.compile(r"(?<![\d.])(\d[\d,]*) × (?=\d[\d,]*(?!\.?\d)(?!\s*[=≈]))")
SIGNS = {
    "×": "times", "·": "times", "=": "equals", "≈": "is about", "+": "plus", "−": "minus", "±": "plus or minus",
    "/": "over", "<": "less than", ">": "more than", "≤": "at most", "≥": "at least", "≠": "is not", "→": "to",
    "←": "from", "%": "percent", "°": "degrees", "²": "squared", "³": "cubed", "√": "the root of", "Σ": "the sum of",
    "∞": "infinity", "θ": "theta", "ε": "epsilon", "∂": "d", "&": "and", "*": "star", "#": "number", "‖": "",
    "“": "", "”": "",  # a quote that nothing ends
}  # fmt: skip
#: Spelling that stands for something else than its letters.
NAMES = {"QK^T": "Q K transpose", "QKᵀ": "Q K transpose", "^T": " transpose", "ᵀ": " transpose"}
#: Words that nobody would hear as quoted if they were not set off.
FUNCTION_WORDS = frozenset(
    "a an the this that these those is are was were be to of in on at by for from with and or but nor not no it its "
    "he she they his her if as than so because".split()
)
QUOTED = re.compile("“([^”]*)”")
TOKEN = re.compile(r"<(\w+)>")
WORD = re.compile(r"[^\W\d_]+")


def spoken(text: str, spanish: Collection[str] = ()) -> str:
    """`text` as it is read out; quoted words that are `spanish` come in guillemets."""
    text = QUOTED.sub(lambda quote: _quoted(quote[1], spanish), text)
    for name, words in NAMES.items():
        text = text.replace(name, words)
    text = TOKEN.sub(r"\1", text)
    text = POWER.sub(_power, text)
    text = SHAPE.sub(r"\1 by ", text)
    text = re.sub(r"(?<=\w)_(?=\w)", " ", text)
    text = re.sub(r"(?<=\d)\s*[–-]\s*(?=\d)", " to ", text)
    text = re.sub("[–—]", ", ", text).replace("…", ", ").replace("’", "'").replace("‘", "'")
    for sign, words in SIGNS.items():
        text = text.replace(sign, f" {words} ")
    text = re.sub(NUMBER, lambda number: _number(number[0]), text)
    text = re.sub(r"\s+(?=[.,:;?!])", "", " ".join(text.split()))
    text = re.sub(r",+(?=[.,:;?!])|^,\s*|(?<=[.:;?!])\s*,", "", text)
    # A voice takes a full stop before a small letter for an abbreviation.
    return re.sub(r"(?:^|(?<=[.?!] ))[a-z]", lambda first: first[0].upper(), text)


def _quoted(text: str, spanish: Collection[str]) -> str:
    """Words in quotes: Spanish if more of them are Spanish than not. Where ears would miss the quotes, with pauses."""
    words = [word.lower() for word in WORD.findall(text)]
    if sum(word in spanish for word in words) * 2 > len(words):
        text = f"«{' '.join(words)}»"
    elif len(words) == 1 and words[0] not in FUNCTION_WORDS:
        return text
    return text if len(words) == 1 and text.startswith("«") else f", {text},"


def _power(found: re.Match[str]) -> str:
    return f"{' times' if found[1] else ''} ten to the {found[2].translate(SUPERSCRIPTS)}"


def _number(text: str) -> str:
    whole, _, decimals = text.replace(",", "").partition(".")
    after = "".join(f" {SMALL[int(digit)]}" for digit in decimals)
    return cardinal(int(whole)) + (f" point{after}" if after else "")


def cardinal(number: int) -> str:
    """A whole number in words.

    >>> cardinal(218_176)
    'two hundred eighteen thousand one hundred seventy-six'
    """
    if number < len(SMALL):
        return SMALL[number]
    if number < 100:
        return TENS[number // 10] + (f"-{SMALL[number % 10]}" if number % 10 else "")
    for size, name in LARGE:
        if number >= size:
            count, rest = divmod(number, size)
            return f"{cardinal(count)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError
