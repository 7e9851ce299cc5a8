"""Phrases in two languages at once, in English order and in Spanish order, and who chooses what they are made of.

An English word is an object, not a string: a Spanish word remembers the very words that it translates, and a role the
very words that it joins, so that both survive any reordering. Positions are counted once, when the sentence is done.

The grammar is written once, as nested loops over what could be chosen. Under a `Sampler` each loop runs once, with a
random choice; under a `Recogniser` it runs over the choices that occur in a given text, and the ways through are the
readings of that text. So what can be generated can be recognised, by construction.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

PUNCTUATION = frozenset("¿?")
Option = TypeVar("Option")


@dataclass(frozen=True, eq=False)
class Word:
    """One occurrence of an English word."""

    text: str


@dataclass(frozen=True)
class Target:
    """One Spanish word and the English words that it translates; `inserted` if English says nothing for it."""

    text: str
    sources: tuple[Word, ...]
    inserted: bool = False


@dataclass(frozen=True)
class Link:
    """`query_token` plays `role` towards `answer`: a determiner and its noun, say."""

    role: str
    query_token: Word
    answer: Word


@dataclass(frozen=True, eq=False)
class Constituent:
    """English words, Spanish words, the roles between English words, and the (noun, adjective) pairs it joins."""

    english: tuple[Word, ...] = ()
    spanish: tuple[Target, ...] = ()
    links: tuple[Link, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> Word:
        return self.english[0]

    def linked(self, *links: Link) -> Constituent:
        return Constituent(self.english, self.spanish, self.links + links, self.pairs)


NOTHING = Constituent()


def phrase(english: str, spanish: str = "") -> Constituent:
    """Words that translate each other as a whole; `+` separates words ("look+for").

    Spanish words beyond the number of English ones are inserted: "near" is "cerca", and Spanish adds "de".
    """
    words = tuple(Word(text) for text in english.split("+"))
    forms = [text for text in spanish.split("+") if text]
    return Constituent(words, tuple(Target(text, words, at >= len(words)) for at, text in enumerate(forms)))


def inserted(spanish: str, *sources: Word) -> Constituent:
    """Spanish words that English has no word for; `sources` are those that call for them."""
    return Constituent(spanish=tuple(Target(text, sources, inserted=True) for text in spanish.split("+")))


def combine(english: list[Constituent], spanish: list[Constituent] | None = None) -> Constituent:
    """The parts in English order and, where it differs, in Spanish order."""
    return Constituent(
        tuple(word for part in english for word in part.english),
        tuple(target for part in spanish or english for target in part.spanish),
        tuple(link for part in english for link in part.links),
        tuple(pair for part in english for pair in part.pairs),
    )


@dataclass(frozen=True)
class Pair:
    """A sentence, its translation and all that the grammar knows of the two.

    `alignment[i]` holds the source positions that target word i translates, `inserted[i]` says that English has no word
    for it; `roles[name]` holds (query token, answer) source positions; `pairs` the (noun, adjective) pairs that it
    joins.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    alignment: tuple[tuple[int, ...], ...]
    inserted: tuple[bool, ...]
    roles: dict[str, tuple[tuple[int, int], ...]]
    pairs: frozenset[tuple[str, str]]


def finish(whole: Constituent) -> Pair:
    """Count positions, and let Spanish contract its words (de el: del, a el: al, y i...: e i...)."""
    targets: list[Target] = []
    for target in whole.spanish:
        previous = targets[-1] if targets else None
        if previous and target.text == "el" and previous.text in ("de", "a"):
            text = previous.text.rstrip("e") + "el" if previous.text == "de" else "al"
            targets[-1] = Target(text, previous.sources + target.sources)
            continue
        if previous and previous.text == "y" and target.text[0] == "i":
            targets[-1] = Target("e", previous.sources)
        targets.append(target)
    at = {id(word): position for position, word in enumerate(whole.english)}
    roles: dict[str, tuple[tuple[int, int], ...]] = {}
    for link in whole.links:
        roles[link.role] = (*roles.get(link.role, ()), (at[id(link.query_token)], at[id(link.answer)]))
    return Pair(
        tuple(word.text for word in whole.english),
        tuple(target.text for target in targets),
        tuple(tuple(sorted({at[id(word)] for word in target.sources})) for target in targets),
        tuple(target.inserted for target in targets),
        {role: tuple(sorted(set(found))) for role, found in sorted(roles.items())},
        frozenset(whole.pairs),
    )


class DeadEndError(Exception):
    """No option is left here: the draw starts over."""


class Sampler:
    """Choices by chance. None is ever reconsidered: at a dead end the draw starts over."""

    def __init__(self, seed: int, held_out: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a draw, not a secret)
        self.held_out = held_out

    def any(self, options: Sequence[Option], weights: Sequence[float] | None = None) -> Iterator[Option]:
        if options:
            yield self.random.choices(options, weights)[0]
        raise DeadEndError

    def maybe(self, share: float) -> Iterator[bool]:
        yield self.random.random() < share
        raise DeadEndError

    def fitting(self, part: Constituent) -> Iterator[Constituent]:
        """The part itself: chance fits anything."""
        yield part

    def allows(self, noun: str, adjective: str) -> bool:
        """True if training may join the two."""
        return (noun, adjective) not in self.held_out


class Recogniser:
    """Choices that a text leaves open: words that occur in it, phrases that stand in it side by side."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = frozenset(words)
        self.runs = {tuple(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}

    def any(
        self,
        options: Sequence[Option],
        weights: Sequence[float] | None = None,  # noqa: ARG002 (a reading is no matter of chance)
    ) -> Iterator[Option]:
        for option in options:
            forms = getattr(option, "forms", None)
            if forms is None or not self.words.isdisjoint(forms):
                yield option

    def maybe(self, share: float) -> Iterator[bool]:
        if share < 1:
            yield False
        if share > 0:
            yield True

    def fitting(self, part: Constituent) -> Iterator[Constituent]:
        """The part, if its English words stand side by side in the text."""
        if not part.english or tuple(word.text for word in part.english) in self.runs:
            yield part

    def allows(self, noun: str, adjective: str) -> bool:  # noqa: ARG002 (the split concerns training alone)
        return True


#: Who makes the choices of the grammar.
Chooser = Sampler | Recogniser
