"""Wording: what the buttons of a page are called, in the language of its lecture.

Each text stands in English where it is used: in Python and in the scripts as `say("…")`, in the form of the player as
`${…}`. Translations are entries of the catalogue with the context "page". Names of tensors and axes stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from string import Template

from scenes.publishing.markup import HERE, escape

CONTEXT = "page"
#: The scripts of a page, in the order in which they are read.
SCRIPTS = ("common.js", "player.js", "values.js", "inspector.js", "search.js", "quiz.js")
#: Those of the part that answers to a sentence, and the one that shows it or the film.
SPEAKING = (
    "figures.js", "asking.js", "choice.js", "comparison.js", "sentence.js", "knobs.js", "journey.js", "trying.js"
)  # fmt: skip
VIEWS = "views.js"
#: The script that asks a model which `lecture serve` runs.
REMOTE = "remote.js"
SAID = re.compile(r'\bsay\("([^"]+)"')


class Form(Template):
    """A form whose `$name` is a value and whose `${Any words}` are a text, both escaped where they are put."""

    braceidpattern = r"[^{}]+"

    def filled(self, say: Callable[[str], str], markup: dict[str, str], **values: object) -> str:
        """The form with `values` and texts as text, and `markup` as it is.

        Raises:
            KeyError: the form has a `$name` that was not given.
        """
        texts = {text: escape(say(text)) for text in self.texts()}
        return self.substitute({**texts, **{name: escape(str(value)) for name, value in values.items()}, **markup})

    def texts(self) -> list[str]:
        """The texts that there are to say."""
        return [found["braced"] for found in self.pattern.finditer(self.template) if found["braced"]]


def script_texts() -> list[str]:
    """Return the texts that the scripts of a page show."""
    return said_in((*SCRIPTS, *SPEAKING, VIEWS, REMOTE))


def said_in(scripts: Sequence[str]) -> list[str]:
    """Return the texts that some scripts show."""
    return [text for name in scripts for text in SAID.findall((HERE / name).read_text(encoding="utf-8"))]
