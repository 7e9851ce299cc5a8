"""Kinds of English words, by what they are and by what they mean."""

from __future__ import annotations

from functools import cache

from transformer_core.studies.translator.grammar.lexicon import (
    adjectives,
    intransitive,
    is_colour,
    nouns,
    prepositions,
    transitive,
)


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
