"""A store whose traces are pairs: two models, or one before and after a change, over one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes.production.repertoire import CHAPTERS, ChapterEntry, entries_in
from scenes.production.store import Computing, Saved, Store
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, UNTRAINED, find_model
from transformer_core.tracing.trace import Trace


@dataclass(frozen=True)
class ModelPair:
    """Two models to compare: a name, a path, "untrained" or None for the lecture's model each, with edits; a seed."""

    models: tuple[str | None, str | None]
    edits: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    seed: int | None = None

    @property
    def places(self) -> list[Path]:
        """Paths of the trained models."""
        return [DEFAULT_MODEL if model is None else find_model(model) for model in self.models if model != UNTRAINED]


class PairStore(Store):
    """A store whose trace of a text is that of a pair (`transformer_core.studies.sentence.compare`)."""

    def __init__(self, folder: Path, pair: ModelPair) -> None:
        super().__init__(folder)
        self.pair = pair

    def trace(self, text: str, *_: Any, target: str = "", computing: Computing = lambda: None, **__: Any) -> Saved:
        """The trace of the pair, which says itself of which models and with which edits."""
        pair = self.pair

        def compared() -> Trace:
            from scenes.stage.reading import compare
            from transformer_core.studies.sentence.compare import Side

            first, second = (Side(name, lines) for name, lines in zip(pair.models, pair.edits, strict=True))
            return compare(text, first, second, pair.seed, target)

        return self.traced(("pair", text, target, pair, *pair.places), pair.places, computing, compared)


def side_by_side() -> list[ChapterEntry]:
    """The chapter on a pair, which is no part of the lecture."""
    return entries_in(CHAPTERS / "compared" / "side_by_side.py")
