"""The terms of the field that a film explains, with the step that does."""

from __future__ import annotations

import json

from scenes.language import catalogue
from scenes.publishing.markup import ASSETS
from scenes.publishing.rendered import Rendered

CONTEXT = "glossary"


def glossary() -> list[dict[str, str]]:
    """Each `term` of the lecture, its `meaning`, and the `chapter` and title of the `step` that explains it.

    They are in English; translations are entries of the catalogue with the context "glossary".
    """
    found: list[dict[str, str]] = json.loads((ASSETS / "glossary.json").read_text(encoding="utf-8"))
    return found


def terms_of(lecture: Rendered) -> list[dict[str, str]]:
    """The terms that steps of `lecture` explain, in its language: `term`, `meaning`, and the name of the `step`."""
    titles = {(step.chapter, step.title): step.name for step in lecture.steps}
    words = catalogue(lecture.language)
    return [
        {"term": lecture.say(one["term"], CONTEXT), "meaning": lecture.say(one["meaning"], CONTEXT), "step": step}
        for one in glossary()
        if (step := titles.get((one["chapter"], str(words.text(one["step"])))))
    ]
