"""Try it: the part of a page in which the model itself reads what a learner types, and every number can be asked.

It needs nothing of a film: its section, scripts and style make a page of their own, or a slide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scenes.publishing.markup import HERE, colours, document, escape, inline_style, json_data, script_text
from scenes.publishing.policy import ASKING, one_file
from scenes.publishing.rendered import Rendered
from scenes.publishing.typefaces import font_faces
from scenes.publishing.wording import CONTEXT, REMOTE, SPEAKING, script_texts
from transformer_core.live import ENGINE

#: The scripts of the section, in the order in which they are read; the engine of the model comes first.
LIVE_SCRIPTS = (ENGINE.name, *SPEAKING)
LIVE_STYLE = "live.css"
#: All scripts of a document that has the figure and no film.
STANDALONE = ("common.js", "values.js", *LIVE_SCRIPTS, "standalone.js")
PAPER = "body{margin:0;padding:24px 0;background:var(--background);color:var(--ink);font:420 16px/1.6 Inter,sans-serif}"
#: The file of a page with the model: a script of one call.
MODEL = "live/model.js"
#: What words of a model and numbers are written in, beyond a Latin keyboard: the type of a page has to have it.
LETTERS = "áéíóúüñÁÉÍÓÚÜÑ¿¡→−·÷√∞×›…“”‘’Σε≤≥²₀₁₂₃₄₅₆₇₈₉"


def section(text: str, say: Callable[[str], str]) -> str:
    """The section that the scripts show and fill; it begins with the sentence `text`."""
    waiting = escape(say("The model is being read."))
    return (
        f'<section id="trying" class="live" tabindex="-1" aria-label="{escape(say("Try it"))}"'
        f' data-text="{escape(text)}" hidden><p>{waiting}</p></section>'
    )


def standalone(lecture: Rendered, asked: str = "", whole: bool = False) -> str:
    """The figure in a document without a film: its place, and the data that `STANDALONE` reads, in its colours.

    It begins with the entry that is `asked`, and lists all tensors where it is `whole`.
    """
    say = partial(lecture.say, context=CONTEXT)
    ramps = [lecture.palette.diverging, lecture.palette.sequential]
    data = {"ramps": {"dark": ramps, "light": ramps}, "words": {text: say(text) for text in script_texts()}, "live": ""}
    place = f'<div id="trying" class="live" role="region" aria-label="{escape(say("Try it"))}"'
    facts = f'data-text="{escape(lecture.text)}" data-asked="{escape(asked)}"{" data-whole" if whole else ""}'
    return f"{place} {facts} data-prevent-swipe></div>\n{json_data('lecture', data)}"


def figure_document(lecture: Rendered, model: str, asked: str = "", served: bool = False) -> str:
    """Return a document that holds the figure, and needs nothing else.

    `model` is the script of one call that gives it the model; that of a `served` one says where to ask for it.
    """
    names = (*STANDALONE[:-1], *([REMOTE] if served else []), STANDALONE[-1])
    codes = [*map(live_script, names), model]
    scripts = [script_text(code) for code in codes]
    faces = font_faces(LETTERS)
    themed = f":root{{{colours(lecture.palette)};color-scheme:{lecture.theme}}}"
    style = [themed, faces, PAPER, live_script(LIVE_STYLE)]
    body = f"<body>\n{standalone(lecture, asked, whole=True)}\n"
    body += "\n".join(f"<script>{code}</script>" for code in scripts) + "\n</body>"
    policy = one_file(scripts) + (f"; {ASKING}" if served else "")
    return document(lecture, "\n".join(map(inline_style, style)), body, policy)


def live_script(name: str) -> str:
    """The text of one of `LIVE_SCRIPTS` or `STANDALONE`."""
    return (ENGINE if name == ENGINE.name else HERE / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class LiveModel:
    """A model that runs in a page: the script with its numbers, and the names of the tensors that it computes."""

    script: str
    names: frozenset[str]


def live_model_called(name: str | None) -> LiveModel | None:
    """The model called `name`, None for that of the lecture; None for one that no page can run.

    A page runs models that translate words, up to the size that `live_model` takes.
    """
    from transformer_core import open_model
    from transformer_core.live.export import as_script, live_model
    from transformer_core.parameters import LARGE
    from transformer_core.pretrained.model_registry import find_model, model_facts
    from transformer_core.studies.sentence.read import DEFAULT_MODEL
    from transformer_core.text.vocabulary import Vocabulary

    path = find_model(name) if name else DEFAULT_MODEL
    if model_facts(path).numbers > LARGE:
        return None
    opened = open_model(path)
    translates = opened.model.encoder is not None and opened.model.decoder is not None
    if not translates or not isinstance(opened.tokenizer, Vocabulary):
        return None
    data = live_model(opened.model, opened.tokenizer, str(opened.facts["model"]))
    names = frozenset(one["name"] for one in (*data["points"], *data["parameters"]))
    return LiveModel(as_script(data), names)
