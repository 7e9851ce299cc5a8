"""A store whose traces are pairs: two models, or one before and after a change, over one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenes.production.fingerprint import hashed, source
from scenes.production.repertoire import CHAPTERS, Entry, entries_in
from scenes.production.seals import content, seal
from scenes.production.store import PACKAGES, Store, checkpoints
from transformer_core.at_hand import SHIPPED, UNTRAINED, placed

OURS = SHIPPED / "english-spanish.safetensors"


@dataclass(frozen=True)
class Pair:
    """Who is compared: each a name, a path, "untrained" or None for the model of the lecture, with edits; a seed."""

    models: tuple[str | None, str | None]
    edits: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    seed: int | None = None

    @property
    def places(self) -> list[Path]:
        """Where the trained ones lie."""
        return [OURS if model is None else placed(model) for model in self.models if model != UNTRAINED]


class Pairs(Store):
    """A store whose trace of a text is that of a pair (`transformer_core.comparing`)."""

    def __init__(self, folder: Path, pair: Pair) -> None:
        super().__init__(folder)
        self.pair = pair

    def trace(
        self,
        text: str,
        model: str | None,  # noqa: ARG002 - the pair says which
        computing: Callable[[], None] = lambda: None,
        edits: Sequence[str] = (),  # noqa: ARG002 - as above
        target: str = "",
        beams: int = 1,  # noqa: ARG002 - greedy
    ) -> tuple[Path, str]:
        pair = self.pair
        known = [line for place in pair.places for line in checkpoints(place)]
        asked = hashed("pair", text, target, pair, *pair.places, source(PACKAGES / "transformer_core"), *known)
        path = self.folder / "traces" / f"{asked}.npz"
        files = path, path.with_suffix(".json")
        if not all(self.has(file) for file in files):
            computing()
            from transformer_core.comparing import Side, compare

            first, second = (Side(name, lines) for name, lines in zip(pair.models, pair.edits, strict=True))
            compare(text, first, second, pair.seed, target).save(path)
            for file in files:
                seal(file)
        return path, hashed(*map(content, files))


def side_by_side() -> list[Entry]:
    """The chapter on a pair, which is no part of the lecture."""
    return entries_in(CHAPTERS / "compared" / "side_by_side.py")
