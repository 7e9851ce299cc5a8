"""Cards: the questions of the chapters in a film, in its language, each with the step that answers it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, zip_longest
from types import MappingProxyType

from scenes.language import spoken_in, translated
from scenes.language.sentences import PLACE
from scenes.production.facts import StepFacts
from scenes.production.repertoire import ChapterEntry, repertoire
from scenes.publishing.rendered import RenderedStep
from scenes.quiz.question import Question
from scenes.stage.requirements import lacks
from transformer_core.studies.results import examined
from transformer_core.tracing.provenance import Phrase, parse, plain
from transformer_core.tracing.trace import Trace

#: Questions of a quiz before and after a film, at most.
MOST = 20
#: Steps of a film, as the studio knows them or as they are read from an index.
Steps = Sequence[StepFacts] | Sequence[RenderedStep]


@dataclass(frozen=True)
class QuizCard:
    """A question that the film of one sentence answers, and where it does.

    Attributes:
        name: the same for every sentence and in every language, such as `weighting-q2`.
        chapter, number, title: of the chapter that asks.
        text, choices, right, because: the question, its answers, the place of the right one, and the reason.
        place: chapter and number of the step that answers it, or None if that chapter is not in the film.
        answered_in, step: the number of that chapter, and the title of the step.
        tensors: names of the tensors whose entries are said.
    """

    name: str
    chapter: str
    number: int
    title: str
    text: str
    choices: tuple[str, ...]
    right: int
    because: str
    place: tuple[str, int] | None = None
    answered_in: int = 0
    step: str = ""
    tensors: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        return self.choices[self.right]


def cards_of(
    chapters: Sequence[ChapterEntry],
    trace: Trace,
    steps: Steps,
    language: str,
    others: Mapping[str, Trace] = MappingProxyType({}),
    doubt: Callable[[str], None] = lambda _line: None,
) -> list[QuizCard]:
    """The cards of `chapters`, as the film with `steps` shows them. They read `trace`, but for those with a trace among
    `others`.

    A question is left out if for this sentence or model not exactly one of its answers is right, or if the chapter that
    should answer it is there and does not; `doubt` is told which one of a user's own chapter, and why.

    Raises:
        ValueError: a question of a user's own names a chapter that neither film nor lecture has.
    """
    numbers = {entry.name: entry.number for entry in (*repertoire(), *chapters)}
    found: list[QuizCard] = []
    with spoken_in(language) as voice:
        for entry in {chapter.name: chapter for chapter in chapters}.values():
            title = voice.catalogue.text(entry.title)
            for name, question in asked_by(entry, others.get(entry.name, trace)):
                made = _card(name, entry, title, question, numbers, steps)
                if isinstance(made, QuizCard):
                    found.append(made)
                elif not entry.inside:
                    doubt(f"{name} is left out: {made}")
    return found


def asked_by(entry: ChapterEntry, trace: Trace) -> Iterator[tuple[str, Question]]:
    """Name and question of each that a chapter asks about `trace`."""
    ask = entry.questions()
    if ask is None:
        return
    kind = entry.load()
    if kind.recorded:
        trace = examined(kind.recorded)
    if lacks(trace, kind.needs):
        return
    for number, question in enumerate(ask(trace.in_sight(kind.at_the_end)), 1):
        yield f"{entry.name}-q{number}", question


def _card(
    name: str, entry: ChapterEntry, title: str, question: Question, numbers: Mapping[str, int], steps: Steps
) -> QuizCard | str:
    """The card of a question, or why there is none; `numbers` are those of all chapters that may answer it."""
    answering = question.chapter or entry.name
    if answering not in numbers:
        raise ValueError(f"{name} is answered in a chapter {answering!r}, and there is none")
    if question.right is None:
        right = sum(bool(holds) for _, holds in question.choices)
        return f"{right} of its answers are right by this trace"
    there = [step for step in steps if step.chapter == answering]
    named = _pattern(question.step)
    step = next((step for step in there if named.fullmatch(step.title)), None)
    if there and step is None:
        return f"no step of {answering} is called {plain(question.step)!r}"
    order = sorted(range(len(question.choices)), key=lambda at: _drawn(name, at))
    said = question.text, *(question.choices[at][0] for at in order), question.because
    (text, *choices, because), spans = zip(*map(parse, map(translated, said)), strict=True)
    sources = dict.fromkeys(span.source.name for span in chain.from_iterable(spans))
    return QuizCard(
        name, entry.name, entry.number, title, text, tuple(choices), order.index(question.right), because,
        place=(step.chapter, step.number) if step else None, answered_in=numbers[answering],
        step=step.title if step else "", tensors=tuple(sources),
    )  # fmt: skip


def _pattern(title: str) -> re.Pattern[str]:
    """A title with its slots as a pattern of what it may be in the language that is spoken."""
    slot = Phrase("\0")
    parts = plain(translated(PLACE.sub(lambda _: f"{slot}", title))).split(slot)
    return re.compile(".+".join(map(re.escape, parts)))


def _drawn(*what: object) -> bytes:
    """An order that looks drawn by lot, and is the same each time."""
    return hashlib.blake2b(" ".join(map(str, what)).encode()).digest()


def by_chapter(cards: Sequence[QuizCard]) -> dict[str, list[QuizCard]]:
    """The cards of each chapter, in their order."""
    return {name: [*own] for name, own in groupby(cards, lambda card: card.chapter)}


def chosen(cards: Sequence[QuizCard], most: int = MOST) -> list[QuizCard]:
    """Cards for a quiz: the first of each chapter, then the second ones, and so on, at most so many."""
    rounds = chain.from_iterable(zip_longest(*by_chapter(cards).values()))
    return [card for card in rounds if card is not None][:most]


def shuffled(cards: Sequence[QuizCard], name: str) -> list[QuizCard]:
    """The cards in an order that the name of a round gives."""
    return sorted(cards, key=lambda card: _drawn(name, card.name))
