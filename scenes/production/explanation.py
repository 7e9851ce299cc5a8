"""The chapter on one number, as the studio draws it: it is no part of the lecture, and its entry says which number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scenes.production.fingerprint import hashed
from scenes.production.repertoire import ChapterEntry
from scenes.stage import explained
from scenes.stage.explained import Asked, Explained


@dataclass(frozen=True, order=True)
class Explanation(ChapterEntry):
    """A chapter that explains the entry that was `asked` for."""

    asked: Asked | None = None

    def load(self) -> Any:
        """Give what makes the chapter."""
        assert self.asked is not None
        return partial(Explained, asked=self.asked)


def explanation(asked: Asked) -> Explanation:
    """The chapter on one number; its name tells it from that on any other."""
    name = f"explained-{hashed(asked)[:12]}"
    about = (Explained.__doc__ or "").partition("\n")[0]
    return Explanation(0, name, Explained.title, about, "Explained", Path(explained.__file__), (), asked=asked)
