"""Origin: what a file was made of, and by what, for the place that its format has for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from PIL.PngImagePlugin import PngInfo

from scenes.production.files import on_one_line
from scenes.production.fingerprint import libraries

UNKNOWN = "not known"


@dataclass(frozen=True)
class Origin:
    """The sentence, the model and the seed of its training, the edits, and the versions of all that took part.

    Nothing else draws by chance that a picture could depend on, and nothing here changes from run to run: no time, no
    machine, no path.
    """

    text: str
    model: str
    seed: int | None
    edits: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> Self:
        """Return the origin of what is drawn here from a trace whose `Trace.about` is `about`."""
        seed = about.get("card", {}).get("recipe", {}).get("seed")
        versions = {**about.get("versions", {}), **libraries()}
        edits = tuple(map(str, about.get("edits", ())))
        return cls(str(about.get("text", "")), str(about.get("model", "")), seed, edits, versions)

    def __str__(self) -> str:
        """One line: `model english-spanish; seed 1; transformer-lecture 0.1.0; python 3.11.2; ...`."""
        seed = UNKNOWN if self.seed is None else self.seed
        made = [f"model {self.model or UNKNOWN}", f"seed {seed}", *(f"edit {edit}" for edit in self.edits)]
        return "; ".join([*made, *(f"{name} {number}" for name, number in self.versions.items())])

    @property
    def tags(self) -> dict[str, str]:
        """Tags of a film or sound file: the sentence as its comment, the rest as its description."""
        return {"comment": f"“{on_one_line(self.text)}”", "description": str(self)}


def text_of(tags: Mapping[str, str]) -> PngInfo:
    """Return the text chunks of a PNG for `tags`, under the names that the PNG standard has."""
    info = PngInfo()
    for name, text in tags.items():
        info.add_itxt(name.capitalize(), text)
    return info
