"""Try it: the part of a page in which the model itself reads what a learner types, and every number can be asked.

It needs nothing of a film: its scripts and style make a page of their own, or a slide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes.publishing.markup import HERE, colours, json_data, self_contained, texts
from scenes.publishing.policy import ASKING, FOLDER
from scenes.publishing.rendered import Rendered
from scenes.publishing.typefaces import font_faces
from scenes.publishing.wording import REMOTE, SPEAKING, script_data
from scenes.theme import PALETTES
from transformer_core.live import ENGINE

#: The scripts of the section, in the order in which they are read; the engine of the model comes first.
LIVE_SCRIPTS = (ENGINE.name, *SPEAKING)
LIVE_STYLE = "live.css"
#: All scripts of a document that has the figure and no film.
STANDALONE = ("common.js", "values.js", *LIVE_SCRIPTS, "standalone.js")
#: What stands in a page where `lecture serve` writes the facts of a model that it runs.
NO_SERVED = json_data("served", None)
#: What words of a model and numbers are written in, beyond a Latin keyboard: the type of a page has to have it.
LETTERS = "áéíóúüñÁÉÍÓÚÜÑ¿¡→−·÷√∞×›…“”‘’Σε≤≥²₀₁₂₃₄₅₆₇₈₉"


def figure_facts(lecture: Rendered, asked: str = "", whole: bool = False) -> dict[str, Any]:
    """Values for the template `trying.html`: a figure that begins with the entry `asked`, and data for `STANDALONE`.

    All tensors are listed where it is the `whole` page.
    """
    data = script_data(lecture, dict.fromkeys(PALETTES, lecture.palette))
    return {"say": lecture.say, "data": data, "asked": asked, "whole": whole, "still": ""}


def still_of(lecture: Rendered, model: LiveModel) -> str:
    """Draw, as SVG, what `model` makes of the sentence of `lecture`; "" where it cannot read that sentence."""
    from scenes.publishing.still import still
    from transformer_core.text.vocabulary import SentenceError

    try:
        return still(lecture.text, model.path, lecture.palette)
    except SentenceError:
        return ""


def figure_document(lecture: Rendered, model: str, asked: str = "", served: bool = False) -> str:
    """Return a document that holds the figure, and needs nothing else.

    `model` is the script of one call that gives it the model; that of a `served` one says where to ask for it.
    """
    names = (*STANDALONE[:-1], *([REMOTE] if served else []), STANDALONE[-1])
    themed = f":root{{{colours(lecture.palette)};color-scheme:{lecture.theme}}}"
    styles = [themed, font_faces(LETTERS), *texts(LIVE_STYLE)]
    facts = figure_facts(lecture, asked, whole=True)
    scripts = [*live_scripts(names).values(), model]
    return self_contained("figure.html", lecture, styles, scripts, served=served, **facts)


def live_scripts(names: Sequence[str]) -> dict[str, str]:
    """The texts of scripts of a page, by their names."""
    return {name: (ENGINE if name == ENGINE.name else HERE / name).read_text(encoding="utf-8") for name in names}


def offering(document: str, facts: Mapping[str, Any]) -> str:
    """Return the `document` of a page with a model that its server runs, as `facts` say, among those to choose from.

    Such a page may ask its server, and no other.

    Raises:
        ValueError: the document is no page that has a place for it.
    """
    for before, after in {NO_SERVED: json_data("served", facts), f'"{FOLDER}"': f'"{FOLDER}; {ASKING}"'}.items():
        if document.count(before) != 1:
            raise ValueError("this page has no place for a served model: make it anew with lecture page")
        document = document.replace(before, after)
    return document


@dataclass(frozen=True)
class LiveModel:
    """A model that runs in a page: its name, the script with its numbers, the tensors it computes, and its file."""

    name: str
    script: str
    names: frozenset[str]
    path: Path


def live_model_called(name: str | None) -> LiveModel | None:
    """The model called `name`, None for that of the lecture; None for one that no page can run.

    A page runs models that translate words, up to the size that `live_model` takes.
    """
    from transformer_core import open_model
    from transformer_core.live.export import as_script, live_model
    from transformer_core.parameters import MOST_COPIED
    from transformer_core.pretrained.model_registry import DEFAULT_MODEL, find_model, numbers_in
    from transformer_core.text.vocabulary import Vocabulary

    path = find_model(name) if name else DEFAULT_MODEL
    if numbers_in(path) > MOST_COPIED:
        return None
    opened = open_model(path)
    translates = opened.model.encoder is not None and opened.model.decoder is not None
    if not translates or not isinstance(opened.tokenizer, Vocabulary):
        return None
    data = live_model(opened.model, opened.tokenizer, str(opened.facts["model"]))
    names = frozenset(one["name"] for one in (*data["points"], *data["parameters"]))
    return LiveModel(data["name"], as_script(data), names, path)


def shipped_live_models() -> list[LiveModel]:
    """The models that come with the lecture and run in a page, by their names."""
    from transformer_core.pretrained.model_registry import SHIPPED, known_models

    names = sorted(known.name for known in known_models() if known.path.parent == SHIPPED)
    return list(filter(None, map(live_model_called, names)))
