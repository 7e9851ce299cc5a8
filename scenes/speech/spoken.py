"""Spoken form of written text: numbers, signs and names as words, in the language that is spoken.

Captions keep the written text; only the voice reads this one. Quoted words of the other language are in guillemets, so
that a voice can pronounce them as such.

>>> spoken("“rojo” gets over 99%: −0.5 × 2 = −1.", {"rojo"})
'«rojo» gets over ninety-nine percent: minus zero point five times two equals minus one.'
>>> spoken("“red” se lleva el 99%: θ₁ = 1/2", {"red"}, "es")
'«red» se lleva el noventa y nueve por ciento: theta uno es igual a un medio'
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from num2words import num2words

#: What stands for what, by language: words of numbers, signs, names, letters and fractions.
TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
#: Words that nobody would hear as quoted if they were not set off.
FUNCTION_WORDS = frozenset(word for table in TABLES.values() for word in table["function_words"].split())
SUBSCRIPTS = re.compile("[₀-₉₊₋ₐ-ₜᵢᵣᵤᵥᵦᵧᵨᵩᵪⱼ]+")
SUPERSCRIPTS = re.compile("[⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ⁱⁿᵃ-ᵡ]+")
QUOTED = re.compile("“([^”]*)”")
TOKEN = re.compile(r"<(\w+)>")
WORD = re.compile(r"[^\W\d_]+")
#: The most digits of a number that is read as one; of others, each digit is.
MOST_DIGITS = 15
#: Denominators of fractions that are read as such; the others are read as a division.
NAMED_FRACTIONS = range(2, 11)


@dataclass(frozen=True)
class Tongue:
    """Numbers and signs in one language, `en` or `es`. Groups of digits are divided as its texts have them."""

    code: str

    @property
    def words(self) -> dict[str, Any]:
        """The words of this language, by what they stand for."""
        return TABLES[self.code]

    @property
    def number(self) -> str:
        """A pattern of numbers."""
        group = "[\u00a0\u202f]" if self.code == "es" else ","
        return rf"(?<![\d.])\d{{1,3}}(?:{group}\d{{3}})+(?:\.\d+)?(?![\d])|\d+(?:\.\d+)?"

    def read(self, written: str) -> str:
        """A number that is written in digits."""
        whole, _, decimals = re.sub("[,\u00a0\u202f]", "", written).partition(".")
        if len(whole) > MOST_DIGITS:
            return " ".join(cardinal(int(digit), self.code) for digit in whole + decimals)
        digits = [cardinal(int(digit), self.code) for digit in decimals]
        return " ".join([cardinal(int(whole), self.code), *([self.words["point"], *digits] if digits else [])])

    def ordinal(self, number: int, ending: str = "") -> str:
        """`number` as an ordinal, such as "third"; Spanish ones may be feminine."""
        word = str(num2words(number, lang=self.code, to="ordinal")).replace(" and ", " ").replace(",", "")
        return f"{word[:-1]}a" if ending == "ª" else word.removesuffix("o") if ending == "er" else word

    def fraction(self, above: int, below: int) -> str:
        """A fraction in words."""
        names = self.words["fractions"].get(str(below)) or (self.ordinal(below), f"{self.ordinal(below)}s")
        return f"{self.words['one'] if above == 1 else cardinal(above, self.code)} {names[above != 1]}"

    def letter(self, char: str) -> str:
        """The name of a Greek letter."""
        name = unicodedata.name(unicodedata.normalize("NFKC", char)).split(" LETTER ")[-1]
        name = name.removeprefix("FINAL ").partition(" WITH")[0].lower()
        spelt = self.words["greek"].get(name, name)
        return self.words["capital"].format(spelt) if char.isupper() else spelt


def spoken(text: str, foreign: Collection[str] = (), language: str = "en") -> str:
    """`text` as it is read out in `language`; quoted words that are `foreign` come in guillemets."""
    tongue = Tongue(language if language in TABLES else "en")
    text = QUOTED.sub(lambda quote: _quoted(quote[1], foreign), text)
    for name, words in tongue.words["names"].items():
        text = text.replace(name, words)
    text = unicodedata.normalize("NFC", text)
    text = re.sub("[¼-¾⅐-⅞µ]", lambda char: f" {unicodedata.normalize('NFKC', char[0])}", text)
    text = _powers(TOKEN.sub(r"\1", text), tongue)
    text = _numbers(re.sub(r"(?<=\w)_(?=\w)", " ", text), tongue)
    text = re.sub("[–—]", ", ", text).replace("…", ", ").replace("’", "'").replace("‘", "'")
    text = "".join(_sign(char, tongue) for char in text)
    text = re.sub(r"\s+(?=[.,:;?!])", "", " ".join(text.split()))
    text = re.sub(r",+(?=[.,:;?!])|^,\s*|(?<=[.:;?!])\s*,", "", text)
    # A voice takes a full stop before a small letter for an abbreviation.
    return re.sub(r"(?:^|(?<=[.?!] ))[a-zñáéíóú]", lambda first: first[0].upper(), text)


def _quoted(text: str, foreign: Collection[str]) -> str:
    """Words in quotes: foreign if more of them are foreign than not. Where ears would miss the quotes, with pauses."""
    words = [word.lower() for word in WORD.findall(text)]
    if sum(word in foreign for word in words) * 2 > len(words):
        text = f"«{' '.join(words)}»"
    elif len(words) == 1 and words[0] not in FUNCTION_WORDS:
        return text
    return text if len(words) == 1 and text.startswith("«") else f", {text},"


def _powers(text: str, tongue: Tongue) -> str:
    """Subscripts beside what they belong to, superscripts as powers; and powers of ten as computers write them."""
    plain = unicodedata.normalize
    ten = tongue.words["ten"]
    times = f" {tongue.words['times']} "

    def exponential(found: re.Match[str]) -> str:
        factor, sign, exponent = found.groups()
        base = ten if factor == "1" else f"{factor}{times}{ten}"
        return f"{base} {'−' if sign in {*'-−'} else ''}{exponent}"

    text = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]([-−+]?)(\d+)(?!\w)", exponential, text)
    text = re.sub("⁽([^⁾]*)⁾|[{}]", lambda index: f" {plain('NFKC', index[1] or '')} ", text)
    text = SUBSCRIPTS.sub(lambda below: f" {plain('NFKC', below[0])} ", text)
    begun, _, last = ten.rpartition(" ")
    tens = r"(·\s*)?\b10(?=[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹])"
    text = re.sub(tens, lambda found: f"{times if found[1] else ''}{begun}", text)

    def power(found: re.Match[str]) -> str:
        after_ten = text[: found.start()].endswith(begun)
        if found[0] in tongue.words["signs"] and not after_ten:
            return found[0]
        return f" {last if after_ten else tongue.words['power']} {plain('NFKC', found[0])} "

    return SUPERSCRIPTS.sub(power, text)


def _numbers(text: str, tongue: Tongue) -> str:
    """Numbers in words: shapes, ranges, ordinals, fractions, names with numbers in them, and all others."""
    # Two whole numbers with a cross between them are a shape, unless what follows says that they are a product.
    text = re.sub(r"(?<![\d.])(\d[\d,]*) × (?=\d[\d,]*(?!\.?\d)(?!\s*[=≈]))", rf"\1 {tongue.words['by']} ", text)
    text = re.sub(r"(?<![\w.–-])(\d[\d.,]*)(?:\s*–\s*|-)(?=\d)", rf"\1 {tongue.words['to']} ", text)
    text = re.sub(r"(?<!\w)-(?=[\d.])|(?<=\w) - (?=\w)", " − ", text)
    text = re.sub(r"([$€])\s?(\d[\d.,]*\d|\d)", r"\2 \1", text)
    ending = r"\.?(?P<ending>[ºª]|(?<=\.)er)" if tongue.code == "es" else "(?P<ending>st|nd|rd|th)(?!\\w)"
    text = re.sub(
        rf"(?<![\d.,])(\d{{1,15}}|\d{{1,3}}(?:,\d{{3}}){{1,4}}){ending}",
        lambda found: tongue.ordinal(int(found[1].replace(",", "")), found["ending"]),
        text,
    )

    def fraction(found: re.Match[str]) -> str:
        above, below = int(found[1]), int(found[2])
        return tongue.fraction(above, below) if below in NAMED_FRACTIONS and above < below else found[0]

    text = re.sub(r"(?<![\d.,/\w])(\d{1,2})[/⁄](\d{1,2})(?![\d/]|[.,]\d)", fraction, text)
    point = f" {tongue.words['point']} "
    text = re.sub(r"(?<=[^\W\d_])\.(?=\d)|(?<=\d)\.(?=[^\W\d_])", point, text)
    text = re.sub(r"(?<=[^\W\d_])-?(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=\d)-(?=\d)", " ", text)
    return re.sub(
        rf"({tongue.number})(?: ([a-zñáéíóú]+))?",
        lambda found: " ".join(filter(None, [_agreeing(tongue.read(found[1]), found[2] or "", tongue), found[2]])),
        text,
    )


def _agreeing(words: str, noun: str, tongue: Tongue) -> str:
    """A Spanish number as it stands before a noun: "un vector", "veintiuna cabezas", "doscientas palabras"."""
    if tongue.code != "es" or not noun or noun in FUNCTION_WORDS or f" {tongue.words['point']} " in words:
        return words
    if re.search("as?$", noun):
        return re.sub(r"ientos\b", "ientas", re.sub("uno$", "una", words))
    return re.sub("veintiuno$", "veintiún", words).removesuffix("o") if words.endswith("uno") else words


def _sign(char: str, tongue: Tongue) -> str:
    """A character that is no letter of a word, in words; nothing for those that are not read."""
    if char in tongue.words["signs"]:
        return f" {tongue.words['signs'][char]} "
    if "GREEK" in unicodedata.name(char, "") and unicodedata.category(char) in {"Lu", "Ll"}:
        return f" {tongue.letter(char)} "
    if char.isdecimal():
        return f" {cardinal(int(char), tongue.code)} "
    kind = unicodedata.category(char)
    if kind[0] in "SCN" or char in "“”‖|_[]{}⁽⁾₍₎":
        return " "
    return char


def cardinal(number: int, language: str = "en") -> str:
    """A whole number in words.

    >>> cardinal(218_176), cardinal(21, "es")
    ('two hundred eighteen thousand one hundred seventy-six', 'veintiuno')
    """
    return str(num2words(number, lang=language)).replace(" and ", " ").replace(",", "")
