"""Lookups in the tables of words (words.toml): Spanish inflection, words that go together, and kinds of words."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLES = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
#: The masculine and the feminine form of a determiner, by its English name and its number.
DETERMINERS = {(name, plural): tuple(forms) for name, plural, *forms in TABLES["determiners"]}
#: The singular and the plural form of "ser" and "estar", by name and tense.
COPULAS = {(name, past): tuple(forms) for name, past, *forms in TABLES["copulas"]}
#: The same of "be", by tense.
BE = {False: ("is", "are"), True: ("was", "were")}


def plural_in_spanish(word: str) -> str:
    """casa - casas, flor - flores, voz - voces, camión - camiones."""
    if word[-1] in "aeiouéó":
        return word + "s"
    if word[-1] == "z":
        return word[:-1] + "ces"
    bare = word[-2].translate(str.maketrans("áéíóú", "aeiou")) if word[-1] in "ns" else word[-2]
    return word[:-2] + bare + word[-1] + "es"


def plural_in_english(word: str) -> str:
    """car - cars, box - boxes, beach - beaches."""
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


@dataclass(frozen=True)
class Noun:
    singular: str
    plural: str
    spanish: str
    feminine: bool
    tags: frozenset[str]
    ambiguous: bool = False

    @property
    def numbers(self) -> tuple[bool, ...]:
        """False for the singular, True for the plural; a mass such as "soup" has no plural."""
        return (False,) if "mass" in self.tags else (False, True)

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(self.plural if plural else self.singular for plural in self.numbers)

    def is_a(self, tags: frozenset[str]) -> bool:
        return not tags.isdisjoint(self.tags) or self.singular in tags

    def in_spanish(self, plural: bool) -> str:
        return plural_in_spanish(self.spanish) if plural else self.spanish


@dataclass(frozen=True)
class Adjective:
    english: str
    spanish: str
    plural: str
    copula: str
    tags: frozenset[str]

    @property
    def forms(self) -> tuple[str, ...]:
        return (self.english,)

    @property
    def inflected(self) -> bool:
        """True if Spanish inflects it for gender: rojo and roja, but verde and verde."""
        return self.spanish.endswith("o")

    def in_spanish(self, feminine: bool, plural: bool) -> str:
        inflect = feminine and self.inflected
        singular = self.spanish[:-1] + "a" if inflect else self.spanish
        return (plural_in_spanish(singular) if inflect else self.plural) if plural else singular


Frame = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class Verb:
    """`english` is base, third person and past; `spanish` present and past, each singular and plural."""

    english: tuple[str, str, str]
    spanish: tuple[str, str, str, str]
    frames: tuple[Frame, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(form.split("+")[0] for form in self.english)

    def in_spanish(self, plural: bool, past: bool) -> str:
        return self.spanish[2 * past + plural]


@dataclass(frozen=True)
class Preposition:
    english: str
    spanish: str
    frames: tuple[Frame, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        return (self.english.split("+")[0],)


def _rows(table: str) -> list[str]:
    return [row for row in TABLES[table].splitlines() if row]


def _frames(text: str) -> tuple[Frame, ...]:
    halves = [frame.partition(">") for frame in text.split(";")]
    return tuple((frozenset(left.split()), frozenset(right.split())) for left, _, right in halves)


@cache
def nouns() -> tuple[Noun, ...]:
    entries = [entry.split() for row in _rows("nouns") for entry in row.split("|")]
    names = [english for english, *_ in entries]
    return tuple(
        Noun(
            english.split("/")[0],
            english.split("/")[1] if "/" in english else plural_in_english(english),
            spanish,
            gender == "f",
            frozenset(tags),
            names.count(english) > 1,
        )
        for english, spanish, gender, *tags in entries
    )


@cache
def adjectives() -> tuple[Adjective, ...]:
    found = []
    for english, spanish, copula, *tags in (row.split() for row in _rows("adjectives")):
        singular, _, plural = spanish.partition("/")
        found.append(Adjective(english, singular, plural or plural_in_spanish(singular), copula, frozenset(tags)))
    return tuple(found)


@cache
def _opposites() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(group.split()) for row in _rows("opposites") for group in row.split("|"))


@cache
def clash(first: str, second: str) -> bool:
    """True if two adjectives are the same, or cannot both be said of one thing."""
    return first == second or any({first, second} <= group for group in _opposites())


@cache
def is_colour(adjective: str) -> bool:
    return adjective in _opposites()[0]


@cache
def verbs() -> tuple[Verb, ...]:
    rows = [[part.strip() for part in row.split("|")] for row in _rows("verbs")]
    found = []
    for english, spanish, frames in rows:
        base, third, past = english.split()
        now, now_plural, then, then_plural = spanish.split()
        found.append(Verb((base, third, past), (now, now_plural, then, then_plural), _frames(frames)))
    return tuple(found)


@cache
def prepositions() -> tuple[Preposition, ...]:
    rows = [row.split(maxsplit=2) for row in _rows("prepositions")]
    return tuple(Preposition(english, spanish, _frames(frames)) for english, spanish, frames in rows)


@cache
def transitive() -> tuple[Verb, ...]:
    return tuple(verb for verb in verbs() if verb.frames[0][1])


@cache
def intransitive() -> tuple[Verb, ...]:
    return tuple(verb for verb in verbs() if not verb.frames[0][1])


@cache
def objects_of(verb: Verb | Preposition, subject: Noun) -> frozenset[str]:
    """The tags of what `subject` can do this to, or stand in this relation to; empty if it can't."""
    return frozenset().union(*(right for left, right in verb.frames if subject.is_a(left)))


@cache
def adjectives_of(noun: Noun) -> tuple[Adjective, ...]:
    return tuple(adjective for adjective in adjectives() if noun.is_a(adjective.tags))


@cache
def _by_base() -> dict[str, Verb]:
    return {verb.english[0]: verb for verb in verbs()}


@cache
def reasons(verb: Verb, negated: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The adjectives of the subject, and of the object, that explain why somebody does this, or does not."""
    for base, sign, rest in (row.split(maxsplit=2) for row in _rows("reasons")):
        if _by_base()[base] is verb and (sign == "not") == negated:
            return _frames(rest)[0]
    return frozenset(), frozenset()


@cache
def afterwards(verb: Verb) -> tuple[Verb, ...]:
    """The verbs that may follow with the same object."""
    pairs = [pair.split() for row in _rows("then") for pair in row.split("|")]
    return tuple(_by_base()[second] for first, second in pairs if _by_base()[first] is verb)


def english_words() -> frozenset[str]:
    """Every word that an English sentence of the grammar may have."""
    found = {form for noun in nouns() for form in noun.forms} | {a.english for a in adjectives()}
    found |= {word for verb in verbs() for form in verb.english for word in form.split("+")}
    found |= {word for preposition in prepositions() for word in preposition.english.split("+")}
    return frozenset(found | set(TABLES["english_function_words"].split()))


def spanish_words() -> frozenset[str]:
    """Every word that a Spanish sentence of the grammar may have."""
    found = {noun.in_spanish(plural) for noun in nouns() for plural in noun.numbers}
    found |= {form for verb in verbs() for form in verb.spanish}
    found |= {form for forms in (*DETERMINERS.values(), *COPULAS.values()) for form in forms}
    found |= {word for preposition in prepositions() for word in preposition.spanish.split("+")}
    for adjective in adjectives():
        partners = [noun for noun in nouns() if noun.is_a(adjective.tags)]
        found |= {adjective.in_spanish(n.feminine, plural) for n in partners for plural in n.numbers}
    return frozenset(found | set(TABLES["spanish_function_words"].split()))


@cache
def kinds() -> dict[str, frozenset[str]]:
    """The words of each kind; a word may be of several."""
    noun = {form: n for n in nouns() for form in n.forms}
    adjective = {a.english: a for a in adjectives()}
    found = {
        "articles": set("the a an this these some".split()),
        "nouns": set(noun),
        "singular nouns": {n.singular for n in nouns()},
        "plural nouns": {n.plural for n in nouns() if "mass" not in n.tags},
        "masculine nouns": {word for word, n in noun.items() if not n.feminine and not n.ambiguous},
        "feminine nouns": {word for word, n in noun.items() if n.feminine and not n.ambiguous},
        "people": {word for word, n in noun.items() if "person" in n.tags},
        "animals": {word for word, n in noun.items() if "animal" in n.tags},
        "food": {word for word, n in noun.items() if "food" in n.tags},
        "nouns of two senses": {word for word, n in noun.items() if n.ambiguous},
        "adjectives": set(adjective),
        "colours": {word for word in adjective if is_colour(word)},
        "adjectives with a gender": {word for word, a in adjective.items() if a.inflected},
        "adjectives without a gender": {word for word, a in adjective.items() if not a.inflected},
        "states": {word for word, a in adjective.items() if a.copula == "estar"},
        "verbs": {form for verb in (*transitive(), *intransitive()) for form in verb.forms},
        "verbs in the past": {verb.english[2].split("+")[0] for verb in (*transitive(), *intransitive())},
        "forms of be": set("is are was were".split()),
        "prepositions": {p.forms[0] for p in prepositions()},
        "pronouns": set("he she it they them".split()),
        "conjunctions": set("and but while because who that".split()),
        "negations": {"not"},
    }
    return {name: frozenset(words) for name, words in found.items()}
