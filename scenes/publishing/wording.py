"""Wording: what the buttons of a page are called, in the language of its lecture, and the terms that its film explains.

Each text stands in English where it is used, in templates and scripts, as `say("…")`. Translations are entries of the
catalogue with the context "page", those of terms with "glossary". Names of tensors and axes stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from scenes.language import catalogue
from scenes.publishing.markup import texts
from scenes.publishing.rendered import Rendered
from scenes.theme import DIVERGING_STOPS, SEQUENTIAL_STOPS, Palette
from transformer_core.files import ASSETS

GLOSSARY = "glossary"
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


def script_data(lecture: Rendered, palettes: Mapping[str, Palette]) -> dict[str, Any]:
    """The colours of numbers by theme, and the words of all scripts, for the script of any document."""
    return {
        "stops": [DIVERGING_STOPS, SEQUENTIAL_STOPS],
        "ramps": {name: [palette.diverging, palette.sequential] for name, palette in palettes.items()},
        "words": {text: lecture.say(text) for text in script_texts()},
    }


def script_texts() -> list[str]:
    """Return the texts that the scripts of a page show."""
    return said_in((*SCRIPTS, *SPEAKING, VIEWS, REMOTE))


def said_in(files: Sequence[str]) -> list[str]:
    """Return the texts that some scripts and templates show."""
    return [text for code in texts(*files) for text in SAID.findall(code)]


def glossary() -> list[dict[str, str]]:
    """Each `term` of the lecture, its `meaning`, and the `chapter` and title of the `step` that explains it."""
    found: list[dict[str, str]] = json.loads((ASSETS / "glossary.json").read_text(encoding="utf-8"))
    return found


def terms_of(lecture: Rendered) -> list[dict[str, str]]:
    """The terms that steps of `lecture` explain, in its language: `term`, `meaning`, and the id of the `step`."""
    ids = {(step.chapter, step.title): f"{step.chapter}-{step.number}" for step in lecture.steps}
    titles = catalogue(lecture.language)
    return [
        {**{key: lecture.say(one[key], context=GLOSSARY) for key in ("term", "meaning")}, "step": step}
        for one in glossary()
        if (step := ids.get((one["chapter"], str(titles.text(one["step"])))))
    ]
