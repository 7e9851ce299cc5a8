"""The rules of the grammar, from noun phrases over clauses to sentences, each in both languages at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from transformer_core.studies.translator.grammar import lexicon
from transformer_core.studies.translator.grammar.lexicon import BE, COPULAS, DETERMINERS, Adjective, Noun, Verb
from transformer_core.studies.translator.grammar.phrases import (
    NOTHING,
    Chooser,
    Constituent,
    Link,
    Target,
    Word,
    combine,
    inserted,
    phrase,
)

DEFINITE = {"the": 0.8, "this": 0.2, "these": 0.2}
ANY = {"the": 0.6, "a": 0.25, "some": 0.25, "this": 0.15, "these": 0.15}
GROUND = {"the": 0.8, "a": 0.1, "this": 0.1, "these": 0.1}
INDEFINITE = {"a": 1.0, "some": 1.0}
LIVING = frozenset({"person", "animal"})
THINGS = frozenset(
    "vehicle building way place furniture opening container device text clothing food plant agency shore night club "
    "wader hoist".split()
)
EVERYTHING = LIVING | THINGS
FLYING = frozenset({"night", "wader", "plane"})
#: A noun with two meanings is drawn more often: it has more to be learned.
AMBIGUOUS_WEIGHT = 4.0
PRONOUNS = (
    Noun("he", "", "él", False, frozenset({"person", "adult"})),
    Noun("she", "", "ella", True, frozenset({"person", "adult"})),
)


@dataclass(frozen=True, eq=False)
class NounPhrase:
    """A phrase with its noun, which decides the agreement of everything that refers to it."""

    phrase: Constituent
    noun: Noun
    plural: bool
    word: Word
    determiner: str = ""


@cache
def nouns_among(tags: frozenset[str]) -> tuple[Noun, ...]:
    return tuple(noun for noun in lexicon.nouns() if noun.is_a(tags))


def adjective_about(adjective: Adjective, about: NounPhrase, *, far: bool = False) -> Constituent:
    """The adjective, agreeing with its noun; `far` if only a pronoun stands for the noun beside it."""
    bare = phrase(adjective.english, adjective.in_spanish(about.noun.feminine, about.plural))
    if about.noun in PRONOUNS:
        return bare
    pair = Constituent(bare.english, bare.spanish, (), ((about.noun.singular, adjective.english),))
    if far:
        return pair.linked(Link("adjective->referent", bare.first, about.word))
    kind = "inflected" if adjective.inflected else "invariant"
    pair = pair.linked(
        Link(f"adjective({kind})->noun", bare.first, about.word), Link("noun->adjective", about.word, bare.first)
    )
    if about.noun.ambiguous:
        return pair.linked(Link("ambiguous noun->deciding word", about.word, bare.first))
    return pair


def sayable(g: Chooser, about: NounPhrase) -> list[Adjective]:
    """The adjectives that may still be said of the noun: none that it has, and none against that."""
    name = about.noun.singular
    said = [adjective for noun, adjective in about.phrase.pairs if noun == name]
    return [
        a
        for a in lexicon.adjectives_of(about.noun)
        if g.allows(name, a.english) and not any(lexicon.clash(a.english, s) for s in said)
    ]


def pronoun(g: Chooser, tags: frozenset[str]) -> Iterator[NounPhrase]:
    """he, she: where `tags` are open to people."""
    for noun in g.any([noun for noun in PRONOUNS if noun.is_a(tags)]):
        for word in g.fitting(phrase(noun.singular, noun.spanish)):
            yield NounPhrase(word, noun, False, word.first)


def bare(g: Chooser, tags: frozenset[str]) -> Iterator[NounPhrase]:
    """A noun without a determiner, singular or plural."""
    nouns_here = nouns_among(tags)
    for noun in g.any(nouns_here, [AMBIGUOUS_WEIGHT if noun.ambiguous else 1.0 for noun in nouns_here]):
        for plural in g.maybe(0.0 if "mass" in noun.tags else 0.3):
            for word in g.fitting(phrase(noun.plural if plural else noun.singular, noun.in_spanish(plural))):
                yield NounPhrase(word, noun, plural, word.first)


def attributes(g: Chooser, head: NounPhrase, share: float) -> Iterator[Adjective | None]:
    """An adjective that may stand before the noun, or None."""
    for wanted in g.maybe(share):
        if wanted:
            yield from g.any(sayable(g, head))
        else:
            yield None


def noun_phrase(
    g: Chooser, tags: frozenset[str], shares: dict[str, float] = ANY, adjective: float = 0.25, *, decided: bool = False
) -> Iterator[NounPhrase]:
    """Determiner, adjective, noun; in Spanish the adjective follows. `decided`: something else tells what it means."""
    for head in bare(g, tags):
        noun = head.noun
        kinds = [d for d, plural in DETERMINERS if plural == head.plural and d in shares]
        if "mass" in noun.tags:
            kinds = [kind for kind in kinds if kind != "a"]
        needed = noun.ambiguous and not decided
        for kind in g.any(kinds, [shares[kind] for kind in kinds]):
            for attribute in attributes(g, head, 1.0 if needed else adjective):
                between = adjective_about(attribute, head) if attribute else NOTHING
                after = (between if attribute else head.phrase).first.text
                english = "an" if kind == "a" and after[0] in "aeiou" else kind
                article = phrase(english, DETERMINERS[kind, head.plural][noun.feminine])
                article = article.linked(Link("determiner->noun", article.first, head.word))
                for whole in g.fitting(combine([article, between, head.phrase], [article, head.phrase, between])):
                    yield NounPhrase(whole, noun, head.plural, head.word, kind)


def place(g: Chooser, figure: Noun) -> Iterator[Constituent]:
    """The prepositional phrases of place or company that `figure` may have: a preposition and a noun phrase."""
    for preposition in g.any([p for p in lexicon.prepositions() if lexicon.objects_of(p, figure)]):
        for relation in g.fitting(phrase(preposition.english, preposition.spanish)):
            for ground in noun_phrase(g, lexicon.objects_of(preposition, figure), GROUND, 0.15):
                if ground.noun != figure:
                    yield from g.fitting(combine([relation, ground.phrase]))


@dataclass(frozen=True, eq=False)
class Saying:
    """A predicate in the parts that a question moves: verb, negation, the rest."""

    verb: Constituent
    negation: Constituent
    rest: Constituent

    def of(self, subject: Constituent) -> Constituent:
        """A statement with a copula: the car is not red - el coche no es rojo."""
        return combine([subject, self.verb, self.negation, self.rest], [subject, self.negation, self.verb, self.rest])


def copula(kind: str, plural: bool, past: bool) -> Constituent:
    return phrase(BE[past][plural], COPULAS[kind, past][plural])


def negation(g: Chooser, share: float = 0.2) -> Iterator[Constituent]:
    for negated in g.maybe(share):
        yield phrase("not", "no") if negated else NOTHING


def described(g: Chooser, about: NounPhrase, past: bool, negative: float = 0.2) -> Iterator[Saying]:
    """is red - es rojo; is closed - está cerrado: the adjective decides which Spanish verb it is."""
    for adjective in g.any(open_to := sayable(g, about)):
        for first in g.fitting(adjective_about(adjective, about)):
            be = copula(adjective.copula, about.plural, past)
            for more, answers in and_more(g, adjective, about, open_to):
                linked = be.linked(*(Link("copula->adjective", be.first, word) for word in (first.first, *answers)))
                plain = more is not NOTHING or lexicon.is_colour(adjective.english)
                for degree in g.any((NOTHING,) if plain else (NOTHING, NOTHING, phrase("very", "muy"))):
                    for rest in g.fitting(combine([degree, first, more])):
                        for no in negation(g, negative) if more is NOTHING else (NOTHING,):
                            yield Saying(linked, no, rest)


def and_more(
    g: Chooser, first: Adjective, about: NounPhrase, open_to: list[Adjective]
) -> Iterator[tuple[Constituent, tuple[Word, ...]]]:
    """A second adjective that takes the same Spanish verb (big and red), or nothing; and its English word."""
    for second in g.maybe(0.1):
        if not second:
            yield NOTHING, ()
            continue
        others = [a for a in open_to if a.copula == first.copula and not lexicon.clash(a.english, first.english)]
        # Before an i, "y" turns into "e": so few adjectives begin with one that they are drawn more often.
        for adjective in g.any(others, [3.0 if a.spanish.startswith("i") else 1.0 for a in others]):
            more = adjective_about(adjective, about)
            yield combine([phrase("and", "y"), more]), more.english


def located(g: Chooser, about: NounPhrase, past: bool) -> Iterator[Saying]:
    """is near the house - está cerca de la casa."""
    for where in place(g, about.noun):
        for no in negation(g):
            yield Saying(copula("estar", about.plural, past), no, where)


def conjugated(
    g: Chooser, verb: Verb, plural: bool, past: bool, *, negated: bool
) -> Iterator[tuple[Constituent, Constituent]]:
    """The negation (does not - no) and the verb."""
    spanish = verb.in_spanish(plural, past)
    if not negated:
        forms = g.fitting(phrase(verb.english[2 if past else 0 if plural else 1], spanish))
        yield from ((NOTHING, group) for group in forms)
        return
    for no in g.fitting(phrase("did+not" if past else "do+not" if plural else "does+not", "no")):
        words = phrase(verb.english[0]).english
        for group in g.fitting(Constituent(words, (Target(spanish, (*words, no.first)),))):
            yield no, group


def asked(verb: Verb, plural: bool, past: bool) -> tuple[Constituent, Constituent]:
    """The word that asks (does), for which Spanish has none, and the verb."""
    do = phrase("did" if past else "do" if plural else "does")
    words = phrase(verb.english[0]).english
    return do, Constituent(words, (Target(verb.in_spanish(plural, past), (*words, do.first)),))


def personal(verb: Constituent, verb_name: str, found: NounPhrase) -> Constituent:
    """The "a" that Spanish puts before people, and before animals that one knows and neither buys nor sells."""
    person = "person" in found.noun.tags
    known = not found.noun.tags.isdisjoint({"animal", "night", "wader"}) and found.determiner not in ("a", "some")
    if person or (known and verb_name not in ("buy", "sell")):
        return inserted("a", *verb.english, *found.phrase.english)
    return NOTHING


def objects(
    g: Chooser, verb: Verb, group: Constituent, doer: NounPhrase, past: bool, more: float = 0.0, adjective: float = 0.25
) -> Iterator[tuple[NounPhrase, Constituent]]:
    """The objects that the doer's verb may have, and the personal "a" before each, if any."""
    for found in noun_phrase(g, lexicon.objects_of(verb, doer.noun), ANY, adjective):
        if found.noun == doer.noun:
            continue
        a = personal(group, verb.english[0], found)
        for whole in modified(g, found, past, more):
            yield whole, a


def action(
    g: Chooser, doer: NounPhrase, past: bool, negative: float = 0.2, more: float = 0.0
) -> Iterator[tuple[Verb, Constituent, NounPhrase]]:
    """buys the apple - compra la manzana: verb and object, the object handed out too."""
    for verb in g.any([verb for verb in lexicon.transitive() if lexicon.objects_of(verb, doer.noun)]):
        for negated in g.maybe(negative):
            for no, group in conjugated(g, verb, doer.plural, past, negated=negated):
                for found, a in objects(g, verb, group, doer, past, more):
                    for whole in g.fitting(combine([no, group, found.phrase], [no, group, a, found.phrase])):
                        yield verb, whole, found


def movement(g: Chooser, subject: NounPhrase, past: bool) -> Iterator[Constituent]:
    """sleeps in the garden - duerme en el jardín; of two animals called "bat", only one sleeps."""
    for verb in g.any([v for v in lexicon.intransitive() if any(subject.noun.is_a(left) for left, _ in v.frames)]):
        for negated in g.maybe(0.15):
            for no, group in conjugated(g, verb, subject.plural, past, negated=negated):
                decides = Link("ambiguous noun->deciding word", subject.word, group.first)
                linked = group.linked(decides) if subject.noun.ambiguous else group
                for somewhere in g.maybe(0.6):
                    for where in place(g, subject.noun) if somewhere else (NOTHING,):
                        yield combine([no, linked, where])


def relative(g: Chooser, about: NounPhrase, past: bool) -> Iterator[Constituent]:
    """who buys the apple, that is in the street, that the man buys."""
    person = "person" in about.noun.tags
    for que in g.fitting(phrase("who" if person else "that", "que")):
        for kind in g.any(("act", "place", "suffer")):
            if kind == "act":
                for _, whole, _ in action(g, about, past, negative=0.1):
                    yield combine([que, whole])
            elif kind == "place":
                for saying in located(g, about, past):
                    yield saying.of(que)
            elif not about.noun.tags & {"person", "animal", "night", "wader"}:
                yield from suffered(g, que, about, past)


def suffered(g: Chooser, que: Constituent, about: NounPhrase, past: bool) -> Iterator[Constituent]:
    """that the man buys - que el hombre compra."""
    for actor in noun_phrase(g, frozenset({"person"}), {"the": 1.0}, 0.1):
        for verb in g.any([v for v in lexicon.transitive() if about.noun.is_a(lexicon.objects_of(v, actor.noun))]):
            for _, group in conjugated(g, verb, actor.plural, past, negated=False):
                yield from g.fitting(combine([que, actor.phrase, group]))


def modified(g: Chooser, about: NounPhrase, past: bool, share: float) -> Iterator[NounPhrase]:
    """The noun phrase as it is, or with a place or a relative clause behind it."""
    for more in g.maybe(share):
        if not more:
            yield about
            continue
        for clause in g.maybe(0.6):
            for tail in relative(g, about, past) if clause else place(g, about.noun):
                for whole in g.fitting(combine([about.phrase, tail])):
                    yield replace(about, phrase=whole)


def subject(
    g: Chooser,
    tags: frozenset[str],
    past: bool,
    more: float = 0.25,
    shares: dict[str, float] = ANY,
    *,
    decided: bool = False,
) -> Iterator[NounPhrase]:
    """The subjects of a sentence: he, she, or a noun phrase with or without something after it."""
    for short in g.maybe(0.06):
        if short:
            yield from pronoun(g, tags)
        else:
            for about in noun_phrase(g, tags, shares, decided=decided):
                yield from modified(g, about, past, more)


def moment(g: Chooser, past: bool) -> Iterator[Constituent]:
    """now, today, yesterday, or nothing."""
    when = [phrase("today", "hoy"), phrase("yesterday", "ayer") if past else phrase("now", "ahora")]
    for said in g.maybe(0.15):
        if said:
            for word in g.any(when):
                yield from g.fitting(word)
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
        for there in g.fitting(phrase(f"there+{be}", "había" if past else "hay")):
            for where in place(g, about.noun):
                yield combine([there, about.phrase, where])


def asking_how_it_is(g: Chooser, past: bool) -> Iterator[Constituent]:
    """Is the car red ? - ¿ es rojo el coche ?"""
    for mark in g.fitting(phrase("?", "?")):
        opening = inserted("¿", mark.first)
        for about in subject(g, EVERYTHING, past, 0.2, DEFINITE, decided=True):
            for saying in described(g, about, past, negative=0.0):
                english = [saying.verb, about.phrase, saying.rest, mark]
                yield combine(english, [opening, saying.verb, saying.rest, about.phrase, mark])


def asking_what_is_done(g: Chooser, past: bool) -> Iterator[Constituent]:
    """Does the girl buy the apple ? - ¿ compra la niña la manzana ?"""
    for mark in g.fitting(phrase("?", "?")):
        opening = inserted("¿", mark.first)
        for about in noun_phrase(g, LIVING, DEFINITE):
            for verb in g.any([v for v in lexicon.transitive() if lexicon.objects_of(v, about.noun)]):
                do, asked_for = asked(verb, about.plural, past)
                for group in g.fitting(asked_for):
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
        yield from g.fitting(word)


def doing_two_things(g: Chooser, past: bool) -> Iterator[Constituent]:
    """The girl buys the apple and eats it - la niña compra la manzana y la come."""
    for about in subject(g, LIVING, past, 0.3):
        for verb, whole, found in action(g, about, past, negative=0.0):
            if "person" in found.noun.tags:
                continue
            for second in g.any(
                [v for v in lexicon.afterwards(verb) if found.noun.is_a(lexicon.objects_of(v, about.noun))]
            ):
                for negated in g.maybe(0.25):
                    link, it = phrase("but", "pero") if negated else phrase("and", "y"), standing_for(found)
                    for no, group in conjugated(g, second, about.plural, past, negated=negated):
                        for tail in g.fitting(combine([link, no, group, it], [link, no, it, group])):
                            yield combine([about.phrase, whole, tail])


def standing_for(found: NounPhrase) -> Constituent:
    """it, them: lo, la, los, las by what it stands for."""
    form = ("la" if found.noun.feminine else "lo") + ("s" if found.plural else "")
    it = phrase("them" if found.plural else "it", form)
    return it.linked(Link("pronoun(it/them)->antecedent", it.first, found.word))


def deed_with_reason(g: Chooser, past: bool) -> Iterator[tuple[Constituent, NounPhrase, NounPhrase, Verb, bool]]:
    """A deed, or one left undone, that the grammar knows reasons for: clause, doer, object, verb, negated."""
    for about in noun_phrase(g, LIVING, ANY, 0.1):
        for verb in g.any([v for v in lexicon.transitive() if lexicon.objects_of(v, about.noun)]):
            for negated in g.maybe(0.6):
                if not any(lexicon.reasons(verb, negated)):
                    continue
                for no, group in conjugated(g, verb, about.plural, past, negated=negated):
                    for found, a in objects(g, verb, group, about, past, adjective=0.1):
                        english = [about.phrase, no, group, found.phrase]
                        for whole in g.fitting(combine(english, [about.phrase, no, group, a, found.phrase])):
                            if "person" not in found.noun.tags:
                                yield whole, about, found, verb, negated


def giving_reasons(g: Chooser, past: bool) -> Iterator[Constituent]:
    """The animal did not cross the street because it was too tired: the adjective tells who or what "it" is."""
    for main, about, found, verb, negated in deed_with_reason(g, past):
        of_doer, of_object = lexicon.reasons(verb, negated)
        for own in g.maybe(0.5):
            referent, names = (about, of_doer) if own else (found, of_object)
            for reason in because(g, referent, names, past, negated):
                yield combine([main, reason])


def because(
    g: Chooser, referent: NounPhrase, names: frozenset[str], past: bool, negated: bool
) -> Iterator[Constituent]:
    """because it was too wide - porque era demasiado ancha."""
    noun = referent.noun
    for adjective in g.any([a for a in sayable(g, referent) if a.english in names]):
        it = phrase("they" if referent.plural else personal_pronoun(noun))
        word = adjective_about(adjective, referent, far=True)
        be = copula(adjective.copula, referent.plural, past)
        be = be.linked(Link("copula->adjective", be.first, word.first))
        degree = phrase("too", "demasiado") if negated else phrase("very", "muy")
        yield from g.fitting(combine([phrase("because", "porque"), it, be, degree, word]))


def personal_pronoun(noun: Noun) -> str:
    return ("she" if noun.feminine else "he") if "person" in noun.tags else "it"


def side_by_side(g: Chooser, past: bool) -> Iterator[Constituent]:
    """The car is red and the girl sings: two clauses in one tense."""
    links, likely = (phrase("and", "y"), phrase("but", "pero"), phrase("while", "mientras")), (0.6, 0.2, 0.2)
    kinds, shares = (being, standing, acting, moving), (0.4, 0.15, 0.3, 0.15)
    for link in g.any(links[: 2 if past else 3], likely[: 2 if past else 3]):
        for joint in g.fitting(link):
            for left in g.any(kinds, shares):
                for first in left(g, past, 0.25):
                    for begun in g.fitting(combine([first, joint])):
                        for right in g.any(kinds, shares):
                            for second in right(g, past, 0.25):
                                yield combine([begun, second])
