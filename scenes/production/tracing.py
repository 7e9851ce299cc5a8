"""Trace that `lecture trace` saves: one forward pass, and what the chapters derive from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from transformer_core.tracing.trace import Trace

if TYPE_CHECKING:
    from scenes.production.store import Store
    from scenes.production.studio import Order


class Showing(Protocol):
    """A step, as the studio knows it or as it is read from an index."""

    @property
    def shown(self) -> tuple[dict[str, Any], ...]: ...


def whole_trace(path: Path, steps: Iterable[Showing]) -> Trace:
    """The trace saved at `path`, with every measure of it that one of `steps` shows."""
    trace = Trace.load(path)
    for name in dict.fromkeys(str(entry["name"]) for step in steps for entry in step.shown):
        trace.full(name)
    return trace


def others_of(order: Order, store: Store) -> dict[str, Trace]:
    """The arguments of the traces of chapters that have a sentence or a model of their own, by their names."""
    apart = [entry for entry in order.entries if entry.text or entry.model]
    return {entry.name: Trace.load(store.trace(**order.reads(entry))[0]) for entry in apart}


def known_words() -> dict[str, list[str]]:
    """The words of the project's grammar by kind, each in one form, and then all other forms."""
    from transformer_core.studies.translator.grammar import lexicon

    kinds = {
        "nouns": [noun.singular for noun in lexicon.nouns()],
        "adjectives": [adjective.english for adjective in lexicon.adjectives()],
        "verbs": [verb.forms[0] for verb in lexicon.verbs()],
    }
    kinds = {kind: sorted(set(members)) for kind, members in kinds.items()}
    named = {word for members in kinds.values() for word in members}
    return kinds | {"other words and forms": sorted(lexicon.english_words() - named)}
