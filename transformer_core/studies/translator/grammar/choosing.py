"""Choosers, which decide what the grammar leaves open: at random, or by a sentence that is to be recognised.

The grammar is written once, as nested loops over what could be chosen. Under a `Sampler` each loop runs once, with a
random choice; under a `Recogniser` it runs over the choices that occur in a given text, and the ways through are the
readings of that text. So what can be generated can be recognised, by construction.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from transformer_core.studies.translator.grammar.phrases import Constituent

Option = TypeVar("Option")


class Chooser(Protocol):
    """The choices of the grammar, made by a `Sampler` or a `Recogniser`."""

    def any(self, options: Sequence[Option], weights: Sequence[float] | None = None) -> Iterator[Option]: ...

    def maybe(self, share: float) -> Iterator[bool]: ...

    def fits(self, part: Constituent) -> bool: ...

    def allows(self, noun: str, adjective: str) -> bool: ...


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

    def fits(self, part: Constituent) -> bool:  # noqa: ARG002 (chance fits anything)
        return True

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

    def fits(self, part: Constituent) -> bool:
        return not part.english or tuple(word.text for word in part.english) in self.runs

    def allows(self, noun: str, adjective: str) -> bool:  # noqa: ARG002 (the split concerns training alone)
        return True
