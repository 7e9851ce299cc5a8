"""Experiments on what the lecture's model writes: at its likeliest, by chance, and wrongly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache, partial
from itertools import count, zip_longest

import numpy as np
import torch
from torch import Tensor

from transformer_core.decoding.sampling import Choose, write
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensors
from transformer_core.studies.experiments.translation import by_length, held_out, is_right, translator, vocabulary
from transformer_core.studies.translator.evaluate import exact, matches, translate
from transformer_core.studies.translator.grammar import Pair, reading
from transformer_core.studies.translator.grammar.lexicon import COPULAS, DETERMINERS, Noun, adjectives, nouns, verbs
from transformer_core.studies.translator.train import load_default
from transformer_core.text.vocabulary import END, PAD, START, Vocabulary


@experiment("How many held-out sentences come out right if words are sampled, and if the likeliest is taken?")
def sampling(bench: Bench, draws: int = 5, sentences: int = 1000) -> Found:
    """Accuracy of greedy decoding against sampling at temperature one, for the lecture's model.

    It was trained with label smoothing, which asks it to leave every word of the vocabulary a little (Szegedy et al.
    2016): so it is sampled a second time without that, each word's part of the smoothing subtracted from its
    probability.
    """
    bench.expect(1 + 2 * draws)
    model, vocabulary, card = load_default()
    smoothing = float(card["recipe"]["smoothing"])
    seeds = range(bench.seed, bench.seed + draws)
    greedy = bench.once("greedy", lambda: {"right": exact(model, vocabulary, held_out(sentences))})["right"]
    sampled, without = (
        bench.each(f"{name} {{}}", seeds, partial(drawn, model, vocabulary, sentences, smoothing=less))
        for name, less in (("sampled", 0.0), ("unsmoothed", smoothing))
    )
    shares = [np.repeat(greedy.mean(), draws), np.mean(sampled["right"], -1), np.mean(without["right"], -1)]
    words = {"choice": ("greedy", "sampled", "unsmoothed"), "seed": seeds}
    numbers = tensors(temperature=1.0, smoothing=smoothing, sentences=sentences)
    return tensors("choice seed", words, exact=shares) | numbers


def unsmoothed(probs: Tensor, smoothing: float) -> Tensor:
    """The probabilities without the part of `smoothing` that every word was to be left, scaled to sum to one."""
    left = (probs - smoothing / probs.shape[-1]).clamp(min=0)
    return left / left.sum(-1, keepdim=True)


def drawn(
    model: Transformer, vocabulary: Vocabulary, sentences: int, seed: int, smoothing: float = 0.0
) -> dict[str, list[bool]]:
    """True for each translation that is the grammar's, when every word is drawn from the model's probabilities."""
    seeds = count(1000 * seed)

    def by(random: torch.Generator) -> Choose:
        return lambda probs: torch.multinomial(unsmoothed(probs, smoothing), 1, generator=random)[:, 0]

    def translate(source: Tensor) -> list[list[int]]:
        choose = by(torch.Generator().manual_seed(next(seeds)))
        with torch.no_grad():
            return write(model, source, START, END, vocabulary.longest, source == PAD, True, choose)

    return {"right": matches(translate, vocabulary, held_out(sentences))}


KINDS = ("another form of it", "its other meaning", "some other word, or none")
#: So many words a side have room in a picture.
ROOM = 13
#: The roles whose query token has its form from the word it asks for.
AGREEING = ("adjective->referent", "adjective(inflected)->noun")


@cache
def families() -> dict[str, frozenset[tuple[str, str]]]:
    """Every Spanish form with its (English word, Spanish word) families: "rica" and "ricos" are of ("rich", "rico")."""
    found: dict[str, set[tuple[str, str]]] = {}

    def enter(family: tuple[str, str], forms: Sequence[str]) -> None:
        for form in forms:
            found.setdefault(form, set()).add(family)

    for noun in nouns():
        enter((noun.singular, noun.spanish), [noun.in_spanish(plural) for plural in noun.numbers])
    for adjective in adjectives():
        bent = [adjective.in_spanish(feminine, plural) for feminine in (False, True) for plural in (False, True)]
        enter((adjective.english, adjective.spanish), bent)
    for verb in verbs():
        enter((verb.english[0], verb.spanish[0]), verb.spanish)
    for (name, _), forms in COPULAS.items():
        enter(("be", name), forms)
    for (name, _), forms in DETERMINERS.items():
        enter((name, "determiner"), forms)
    return {form: frozenset(some) for form, some in found.items()}


def kind_of(right: str, wrong: str) -> str:
    """Classify the mistake of writing `wrong` for `right`."""
    ours, theirs = (families().get(word, frozenset()) for word in (right, wrong))
    if ours & theirs:
        return KINDS[0]
    return KINDS[1] if {english for english, _ in ours} & {english for english, _ in theirs} else KINDS[2]


def first_wrong(right: Sequence[str], written: Sequence[str]) -> int:
    """The first place at which two sentences differ; one after the last if they do not."""
    pairs = enumerate(zip_longest(right, written, fillvalue=""))
    return next((at for at, (a, b) in pairs if a != b), len(right))


def mistake(pair: Pair, written: Sequence[str]) -> tuple[str, str]:
    """The right word and the written one at the first place that is wrong; "" past an end."""
    at = first_wrong(pair.target, written)
    return (*pair.target, "")[at], (*written, "")[min(at, len(written))]


def between(pair: Pair, at: int) -> int | None:
    """The place of the last noun that stands between the English word of target word `at` and what that agrees with."""
    query_token = max(pair.alignment[at]) if at < len(pair.target) else 0
    heads = [noun for role in AGREEING for word, noun in pair.roles.get(role, ()) if word == query_token]
    forms = {form for noun in nouns() if not noun.ambiguous for form in noun.forms}
    inside = [k for k in range(max(heads, default=query_token) + 1, query_token) if pair.source[k] in forms]
    return inside[-1] if heads and inside else None


def swaps(pair: Pair, place: int) -> dict[str, tuple[Noun, Pair]]:
    """The sentence with each noun of the grammar, in the number that stands there, that can stand at `place`."""
    plural = pair.source[place] in {noun.plural for noun in nouns()}
    found = {}
    for noun in nouns():
        if plural in noun.numbers and not noun.ambiguous:
            form = noun.plural if plural else noun.singular
            other = reading((*pair.source[:place], form, *pair.source[place + 1 :]))
            if other:
                found[form] = noun, other
    return found


@experiment("Where does the lecture's model still fail: at which length, by which word, and why?")
def failures(bench: Bench, sentences: int = 10_000) -> Found:
    """Failures of the lecture's model: by length, by the kind of the first wrong word, and in one sentence in detail.

    This sentence is the longest failure of at most `ROOM` words a side whose first wrong word is another form of the
    right one ("rico" for "rica"). Such a form agrees with some other noun; psycholinguists know the error from people,
    as attraction (Bock and Miller 1991). Whether a noun between the word and what it is said of is to blame is tested,
    not guessed: every noun of the grammar that can stand there takes its place, and the model translates anew.
    """
    bench.expect(1)
    pairs = held_out(sentences)
    right = bench.once("sentences", lambda: {"right": is_right(translator(), pairs)})["right"]
    failed = [pair for pair, good in zip(pairs, right, strict=True) if not good]
    written = translations(failed)
    kinds = [kind_of(*mistake(pair, words)) for pair, words in zip(failed, written, strict=True)]
    counted = Counter(kinds)
    shown = [
        (pair, words, place)
        for pair, words, kind in zip(failed, written, kinds, strict=True)
        if kind == KINDS[0] and max(len(pair.source), len(pair.target), len(words)) <= ROOM
        and (place := between(pair, first_wrong(pair.target, words))) is not None
    ]  # fmt: skip
    close = close_by(*max(shown, key=lambda one: len(one[0].source))) if shown else {}
    of_kinds = tensors("choice", {"choice": KINDS}, kinds=[counted[kind] for kind in KINDS])
    return of_lengths(pairs, right) | close | of_kinds | tensors(failed=len(failed), sentences=len(pairs))


def translations(pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """The greedy translation of each pair's source."""
    sources = [vocabulary().source_ids(pair.source) for pair in pairs]
    return translate(translator(), vocabulary(), sources) if sources else []


def of_lengths(pairs: Sequence[Pair], right: np.ndarray) -> Found:
    """Exact translations, sentences, and the share of training sentences of that length (from the card)."""
    card = load_default()[2]
    shares = {int(n): share for n, share in card["training"]["share_by_length"].items()}
    lengths, counted, exact = by_length(pairs, right)
    known = np.isin(lengths, [*shares])
    told, trained = lengths[known], [shares[n] for n in lengths[known]]
    rows = {"length": told, "exact": exact[known], "tested": counted[known], "training_share": trained}
    return tensors("length", {"length": told}, **rows) | tensors(steps=card["recipe"]["steps"])


def close_by(pair: Pair, written: Sequence[str], place: int) -> Found:
    """One failure: its words, the odds at its first wrong word, and what other nouns at `place` make of it."""
    at = first_wrong(pair.target, written)
    query_token = max(pair.alignment[at])
    head = max(noun for role in AGREEING for word, noun in pair.roles.get(role, ()) if word == query_token)
    others = swaps(pair, place)
    answers = translations([other for _, other in others.values()])
    good = [words == other.target for words, (_, other) in zip(answers, others.values(), strict=True)]
    own = others[pair.source[place]][0].feminine
    like = [noun.feminine == own for noun, _ in others.values()]
    forms = [words[-1] if at >= len(words) else words[at] for words in answers]
    tallies = [[np.sum(np.array(good)[np.array(like) == kind]), like.count(kind)] for kind in (True, False)]
    ours = {"first wrong": at, "its word": query_token, "agrees with": head, "between": place}
    found = {
        "close": _sentence("source", pair.source, vocabulary().source)
        | _sentence("right", pair.target, vocabulary().target)
        | _sentence("written", written, vocabulary().target)
        | tensors("choice", {"choice": ("right", "written")}, probs=odds(pair, written, at))
        | tensors("choice", {"choice": ours}, places=[*ours.values()]),
        "swapped": tensors("noun", {"noun": others}, right=np.array(good, int), like=np.array(like, int))
        | _sentence("form", forms, vocabulary().target)
        | tensors("kind choice", {"kind": ("like it", "unlike it"), "choice": ("right", "tried")}, tally=tallies),
    }
    return {f"{part}.{name}": one for part, some in found.items() for name, one in some.items()}


def _sentence(name: str, words: Sequence[str], known: Sequence[str]) -> Found:
    """Ids along "position", labelled with the words."""
    return tensors("position", {"position": words}, **{name: [known.index(word) for word in words]})


@torch.no_grad()
def odds(pair: Pair, written: Sequence[str], at: int) -> list[float]:
    """p(right word), p(written word) at place `at`, where both sentences are still the same before it."""
    source = torch.tensor([vocabulary().source_ids(pair.source)])
    before = torch.tensor([[START, *vocabulary().target_ids(pair.target)[1 : at + 1]]])
    probs = translator()(source, before)[0, -1].softmax(-1)
    return [float(probs[vocabulary().target.index(word)]) for word in (pair.target[at], written[at])]
