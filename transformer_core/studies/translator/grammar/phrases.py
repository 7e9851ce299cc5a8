"""Phrases in two languages at once: the same parts, in English order and in Spanish order.

An English word is an object, not a string: a Spanish word remembers the very words that it translates, and a role the
very words that it joins, so that both survive any reordering. Positions are counted once, when the sentence is done.
"""

from __future__ import annotations

from dataclasses import dataclass

PUNCTUATION = frozenset("¿?")


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
