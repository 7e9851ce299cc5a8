"""Sentences of one clause: statements, questions, and phrases that stand alone."""

from __future__ import annotations

from collections.abc import Iterator

from transformer_core.studies.translator.grammar.choosing import Chooser
from transformer_core.studies.translator.grammar.clauses import (
    LIVING,
    THINGS,
    action,
    asked,
    described,
    located,
    movement,
    objects,
    subject,
)
from transformer_core.studies.translator.grammar.lexicon import objects_of, transitive
from transformer_core.studies.translator.grammar.noun_phrases import ANY, DEFINITE, INDEFINITE, bare, noun_phrase, place
from transformer_core.studies.translator.grammar.phrases import NOTHING, Constituent, combine, inserted, phrase

EVERYTHING = LIVING | THINGS
FLYING = frozenset({"night", "wader", "plane"})


def moment(g: Chooser, past: bool) -> Iterator[Constituent]:
    """now, today, yesterday, or nothing."""
    when = [phrase("today", "hoy"), phrase("yesterday", "ayer") if past else phrase("now", "ahora")]
    for said in g.maybe(0.15):
        if said:
            yield from (word for word in g.any(when) if g.fits(word))
        else:
            yield NOTHING


def being(g: Chooser, past: bool, more: float = 0.25) -> Iterator[Constituent]:
    """The car is red; the bank near the river is closed now."""
    for about in subject(g, EVERYTHING, past, more, DEFINITE, decided=True):
        for saying in described(g, about, past):
            passing = saying.verb.spanish[0].text.startswith("est")
            for at in moment(g, past) if passing else (NOTHING,):
                yield combine([saying.of(about.phrase), at])


def standing(g: Chooser, past: bool, more: float = 0.15) -> Iterator[Constituent]:
    """The dog is under the table."""
    for about in subject(g, EVERYTHING, past, more, DEFINITE):
        for saying in located(g, about, past):
            yield saying.of(about.phrase)


def acting(g: Chooser, past: bool, more: float = 0.25) -> Iterator[Constituent]:
    """The girl buys the apple; the dog follows the cat that is in the garden."""
    for about in subject(g, LIVING, past, more):
        for _, whole, _ in action(g, about, past, more=more):
            for at in moment(g, past):
                yield combine([about.phrase, whole, at])


def moving(g: Chooser, past: bool, more: float = 0.15) -> Iterator[Constituent]:
    """The bird sings in the garden."""
    for about in subject(g, LIVING | FLYING, past, more, decided=True):
        for whole in movement(g, about, past):
            for at in moment(g, past):
                yield combine([about.phrase, whole, at])


def existing(g: Chooser, past: bool) -> Iterator[Constituent]:
    """There is a dog in the garden - hay un perro en el jardín."""
    for about in noun_phrase(g, EVERYTHING, INDEFINITE, 0.3):
        be = ("were" if about.plural else "was") if past else ("are" if about.plural else "is")
        there = phrase(f"there+{be}", "había" if past else "hay")
        if g.fits(there):
            for where in place(g, about.noun):
                yield combine([there, about.phrase, where])


def asking_how_it_is(g: Chooser, past: bool) -> Iterator[Constituent]:
    """Is the car red ? - ¿ es rojo el coche ?"""
    mark = phrase("?", "?")
    opening = inserted("¿", mark.first)
    if g.fits(mark):
        for about in subject(g, EVERYTHING, past, 0.2, DEFINITE, decided=True):
            for saying in described(g, about, past, negative=0.0):
                english = [saying.verb, about.phrase, saying.rest, mark]
                yield combine(english, [opening, saying.verb, saying.rest, about.phrase, mark])


def asking_what_is_done(g: Chooser, past: bool) -> Iterator[Constituent]:
    """Does the girl buy the apple ? - ¿ compra la niña la manzana ?"""
    mark = phrase("?", "?")
    opening = inserted("¿", mark.first)
    if not g.fits(mark):
        return
    for about in noun_phrase(g, LIVING, DEFINITE):
        for verb in g.any([v for v in transitive() if objects_of(v, about.noun)]):
            do, group = asked(verb, about.plural, past)
            if g.fits(group):
                for found, a in objects(g, verb, group, about, past):
                    english = [do, about.phrase, group, found.phrase, mark]
                    yield combine(english, [opening, group, about.phrase, a, found.phrase, mark])


def naming(g: Chooser, _past: bool) -> Iterator[Constituent]:
    """The red car; a car; cars."""
    for single in g.maybe(0.5):
        if single:
            for found in bare(g, EVERYTHING):
                if not found.noun.ambiguous:
                    yield found.phrase
        else:
            for found in noun_phrase(g, EVERYTHING, ANY, 0.6):
                yield found.phrase


def answering(g: Chooser, _past: bool) -> Iterator[Constituent]:
    """yes, no, hello."""
    for word in g.any((phrase("yes", "sí"), phrase("no", "no"), phrase("hello", "hola"))):
        if g.fits(word):
            yield word
