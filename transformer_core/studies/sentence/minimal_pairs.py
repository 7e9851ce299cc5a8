"""The analysis of a sentence by the grammar, and other sentences to compare it with."""

from __future__ import annotations

from typing import Any

from transformer_core.studies.translator.grammar import reading
from transformer_core.studies.translator.grammar.lexicon import adjectives, is_colour, nouns
from transformer_core.studies.translator.roles import parse
from transformer_core.text.vocabulary import pieces

#: Sentences that a lecture reads besides, if the sentence offers them.
OTHERS = ("swap", "gender", "phrase", "one_sense", "other_sense", "foreign")
#: Where the sentence has no noun of two meanings, this one is read.
TWO_SENSES = "the bank is closed"
#: Known words in an order that the grammar never makes.
FOREIGN = "car red the is"
AMBIGUOUS = "ambiguous noun->deciding word"
INFLECTED, INVARIANT = "adjective(inflected)->noun", "adjective(invariant)->noun"


def facts(text: str) -> dict[str, Any]:
    """The facts of `text` by the grammar: if it is a sentence of it, the pairs of tokens of each role, and contrasts.

    `gold` is the grammar's own translation: its words, the source positions that each translates, and which of them
    English has no word for. `swap` is the same sentence with an adjective that Spanish inflects replaced by one that
    it doesn't: where it stands, the new text, and the Spanish forms of both. `gender` replaces its noun by one of the
    other gender, and `phrase` puts the adjective before its noun, which Spanish turns round. What a sentence doesn't
    offer is left out.

    `one_sense` and `other_sense` differ in one word, which decides what a noun means: the text, where that noun stands,
    and where the word `decides`. `foreign` is no sentence of the grammar. These three are there for every sentence.
    """
    roles = parse(text)
    found: dict[str, Any] = {"in_grammar": roles is not None, "roles": {}, "foreign": {"text": FOREIGN}}
    if roles is None:
        return found | _senses(TWO_SENSES)
    found["roles"] = {role: [list(link) for link in links] for role, links in roles.items() if links}
    found |= {"gold": _gold(text)}
    words = [piece for piece in pieces(text) if piece not in ".!"]
    found |= _senses(text) or _senses(TWO_SENSES)
    others = {"swap": _swap(words, roles), "gender": _gender(words, roles), "phrase": _phrase(words, roles)}
    return found | {key: other for key, other in others.items() if other}


def _gold(text: str) -> dict[str, Any]:
    pair = reading([piece.lower() for piece in pieces(text)])
    assert pair is not None  # or there would be no roles
    return {"words": list(pair.target), "alignment": list(map(list, pair.alignment)), "inserted": list(pair.inserted)}


def _senses(text: str) -> dict[str, Any]:
    """The sentence, and one in which another adjective gives a noun another translation; "wide" if it may."""
    words = [piece for piece in pieces(text) if piece not in ".!"]
    for noun, place in (parse(text) or {}).get(AMBIGUOUS, ()):
        for adjective in sorted(adjectives(), key=lambda a: a.english != "wide"):
            other = " ".join([*words[:place], adjective.english, *words[place + 1 :]])
            same = (noun, place) in (parse(other) or {}).get(AMBIGUOUS, ())
            if same and _meaning(other, noun) != _meaning(text, noun):
                where = {"noun": noun, "decides": place}
                return {"one_sense": {"text": " ".join(words)} | where, "other_sense": {"text": other} | where}
    return {}


def _meaning(text: str, place: int) -> str:
    """The Spanish word of the token at `place`, by the grammar's own alignment."""
    gold = _gold(text)
    return str(next(word for word, at in zip(gold["words"], gold["alignment"], strict=True) if place in at))


def _swap(words: list[str], roles: dict[str, Any]) -> dict[str, Any] | None:
    """The first sentence that parses with an invariant adjective in the place of the first inflected one."""
    for place, noun in roles.get(INFLECTED, ()):
        here = words[place].lower()
        for adjective in sorted(
            adjectives(), key=lambda a: (is_colour(a.english) != is_colour(here), a.english != "green")
        ):
            other = " ".join([*words[:place], adjective.english, *words[place + 1 :]])
            if (place, noun) in (parse(other) or {}).get(INVARIANT, ()):
                both = (next(a for a in adjectives() if a.english == here), adjective)
                forms, others = (list(dict.fromkeys(a.in_spanish(f, False) for f in (False, True))) for a in both)
                return {"text": other, "position": place, "forms": forms, "other_forms": others}
    return None


def _gender(words: list[str], roles: dict[str, Any]) -> dict[str, Any] | None:
    """The first sentence that parses with a noun of the other gender for an inflected adjective; "house" if it may."""
    for adjective, place in roles.get(INFLECTED, ()):
        here = next((noun for noun in nouns() if words[place].lower() in noun.forms and not noun.ambiguous), None)
        if here is None:
            continue
        plural = words[place].lower() != here.singular
        others = [noun for noun in nouns() if noun.feminine != here.feminine and plural in noun.numbers]
        for noun in sorted(others, key=lambda noun: noun.singular != "house"):
            new = noun.plural if plural else noun.singular
            other = " ".join([*words[:place], new, *words[place + 1 :]])
            if not noun.ambiguous and (adjective, place) in (parse(other) or {}).get(INFLECTED, ()):
                return {"text": other, "position": place, "adjective": adjective}
    return None


def _phrase(words: list[str], roles: dict[str, Any]) -> dict[str, Any] | None:
    """ "the red car", made of "The car is red"."""
    for role in (INFLECTED, "adjective->referent"):
        for adjective, noun in roles.get(role, ()):
            other = f"the {words[adjective].lower()} {words[noun].lower()}"
            if noun < adjective and (1, 2) in (parse(other) or {}).get(INFLECTED, ()):
                return {"text": other}
    return None
