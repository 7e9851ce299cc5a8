"""Slides of a lecture file: a title card, text between steps, an end card. Each is a chapter of one step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scenes.language import catalogue
from scenes.production.repertoire import ChapterEntry

DRAWN_BY = Path(__file__).resolve().parents[1] / "stage" / "slide.py"
TITLE, END = "title", "end"


@dataclass(frozen=True, order=True)
class Slide(ChapterEntry):
    """A title, lines under it, and what is said; `asked` is where to ask, and `licence` what an end card says of it."""

    lines: tuple[str, ...] = ()
    say: str = ""
    asked: str = ""
    licence: str = ""

    @classmethod
    def of(cls, name: str, title: str, **words: Any) -> Slide:
        return cls(0, name, title, "", "Lines", DRAWN_BY, **words)

    @property
    def large(self) -> bool:
        """True for a title card or an end card, whose title stands in the middle."""
        return self.name in {TITLE, END}

    @property
    def code(self) -> list[str]:
        """The code that draws the slide, and its words; the same words under another name are another slide."""
        return [*super().code, self.name, self.title, *self.lines, self.say]

    def load(self) -> Any:
        """Return what makes the chapter that draws this slide."""
        from scenes.stage.slide import Lines

        return partial(Lines, self.title, self.lines, self.say, self.large)

    def told(self, title: str, author: str, text: str, model: str, language: str) -> Slide:
        """The slide with what it says of the lecture: who gives it, what is read, how the film was made."""
        if not self.large:
            return self
        say = catalogue(language).text
        if self.name == TITLE:
            lines = [author, f"“{text}”"]
        else:
            made = say("Made with transformer-lecture {0}: every number was computed by the model {1}.")
            licence = say("Licence: {0}").replace("{0}", self.licence) if self.licence else ""
            asked = say("Questions: {0}").replace("{0}", self.asked) if self.asked else ""
            made = made.replace("{0}", version("transformer-lecture")).replace("{1}", model)
            lines = [author, made, licence, asked]
        return replace(self, title=self.title or title, lines=(*filter(None, lines), *self.lines))


def model_name(model: str) -> str:
    """A model's name or path as a viewer reads it."""
    return Path(model).name.removesuffix(".safetensors").removesuffix(".gguf")
