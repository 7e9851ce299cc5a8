"""The language that is spoken now, and the one place where a text becomes its translation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scenes.language.catalogue import ENGLISH, IN_ENGLISH, Catalogue, catalogue
from scenes.language.sentences import Mark, MarkedSentence, filled, sentences
from transformer_core.tracing.provenance import MARK, Label

#: Axes whose labels are names that this project gave. All other labels are words of the model: never translated.
NAMES = frozenset({"part", "sublayer", "kind", "layer", "model", "role", "phrase"})


@dataclass(frozen=True)
class Heard:
    """A sentence that was said: its template, what it became (None: there is no entry), and one example."""

    template: str
    became: str | None
    example: str


@dataclass
class Translator:
    """Tells texts in one language, and remembers which."""

    catalogue: Catalogue
    heard: dict[str, Heard] = field(default_factory=dict)

    def take(self) -> list[Heard]:
        """Return what was said since the last call."""
        heard, self.heard = [*self.heard.values()], {}
        return heard

    def tell(self, text: str) -> str:
        """`text` in this language: each sentence by its template, each number as this language writes it."""
        if isinstance(text, Label):
            return self._label(text, text.axis)
        if "{" in MARK.sub("", text):  # no text of ours: a brace would be read as a slot
            return text
        parts = sentences(text)
        if self.catalogue.code == ENGLISH:
            for part in parts:
                self._find(part)
            return text
        return "".join(self._sentence(part) + part.after for part in parts)

    def _sentence(self, sentence: MarkedSentence) -> str:
        slots = tuple(MARK.sub(lambda match: self._mark(Mark(match[1], match[2])), slot) for slot in sentence.slots)
        return filled(self._find(sentence), slots)

    def _find(self, sentence: MarkedSentence) -> str:
        template = sentence.template
        if not sentence.worded:
            return template
        if template not in self.heard:
            self.heard[template] = Heard(template, self.catalogue.find(template), sentence.example)
        return self.heard[template].became or template

    def _mark(self, mark: Mark) -> str:
        shown = self._label(mark.shown, mark.axis) if mark.axis else self.catalogue.number(mark.shown)
        return mark.showing(shown)

    def _label(self, label: str, axis: str) -> str:
        return self._find(MarkedSentence(label, ())) if axis in NAMES else label


class Told(str):
    """A text that is in the language spoken already."""

    __slots__ = ()


_voices = [Translator(IN_ENGLISH)]


def voice() -> Translator:
    """The voice of the picture being drawn."""
    return _voices[-1]


def translated(text: str) -> Told:
    """A text of a picture or a caption, marked or not, in the language that is spoken now."""
    return text if isinstance(text, Told) else Told(_voices[-1].tell(text))


@contextmanager
def spoken_in(code: str) -> Iterator[Translator]:
    """Speak the language called `code` inside this block."""
    _voices.append(Translator(catalogue(code)))
    try:
        yield _voices[-1]
    finally:
        _voices.pop()
