"""A page for a course: a folder with the film, its transcript and the tensors behind each step.

It is plain files, works from a disk as from any server, and asks nothing of the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scenes.production.belongings import listed, only_ours, release, take
from scenes.production.delivery import INDEX
from scenes.production.files import place, whole_folder, write_text
from scenes.production.transcript import clock
from scenes.publishing.cards import QuizCard
from scenes.publishing.exhibits import Exhibit, exhibits
from scenes.publishing.live import LETTERS, LIVE_SCRIPTS, LIVE_STYLE, NO_SERVED, LiveModel, live_scripts, still_of
from scenes.publishing.markup import filled, texts, themes
from scenes.publishing.policy import FOLDER
from scenes.publishing.quiz import STYLE as QUIZ_STYLE
from scenes.publishing.quiz import before_and_after
from scenes.publishing.rendered import Rendered, RenderedStep
from scenes.publishing.typefaces import font_faces
from scenes.publishing.wording import REMOTE, SCRIPTS, VIEWS, script_data, terms_of
from scenes.theme import PALETTES
from transformer_core.studies.axes import ALL_AXES
from transformer_core.tracing.trace import Trace

#: Exhibits by the names of their tensors.
Exhibits = Mapping[str, Exhibit]
STYLE = "page.css"
#: A picture for who runs no scripts.
STILL = "still.svg"
#: So many of the numbers of a step, each with a link to where it comes from, are in sight; the others are folded.
IN_SIGHT = 6


def write_page(
    lecture: Rendered,
    trace: Trace,
    target: Path,
    model: LiveModel | None = None,
    cards: Sequence[QuizCard] = (),
    others: Sequence[LiveModel] = (),
) -> Path:
    """Write the page of `lecture`, with the tensors of `trace` that it shows and a quiz, into the folder `target`.

    With `model`, the one that the film shows, or `others` to choose from, it answers to a learner's own sentence.

    The folder is made beside it under a temporary name, and takes the place of an earlier page when it is whole.

    Raises:
        ValueError: `target` has something else in it, or is a link.
    """
    only_ours(target)
    home, earlier = target.parent, {name for name in listed(target.parent) if name.startswith(f"{target.name}/")}
    with whole_folder(target) as part:
        models = _named_apart([*([model] if model else []), *others])
        of_film = model.name if model else str(trace.about.get("model", ""))
        asked = next((one.names for one in models.values() if one.name == of_film), frozenset[str]())
        found = exhibits(lecture.steps, trace, asked)
        for one in found.values():
            one.write(part)
        for source in (*_files(lecture).values(), lecture.steps[0].poster):
            place(source, part / source.relative_to(lecture.folder))
        scripts = live_scripts(_scripts(models)) | {file: one.script for file, one in models.items()}
        still = still_of(lecture, model) if model else ""
        index = _html(lecture, found, _data(lecture, found, models, of_film), cards, STILL if still else "")
        sheets = [themes(lecture), *texts(STYLE, LIVE_STYLE, QUIZ_STYLE)]
        style = "\n".join([font_faces(index + (LETTERS if models else "")), *sheets])
        for name, text in {**scripts, STYLE: style, "index.html": index, **({STILL: still} if still else {})}.items():
            write_text(part / name, text)
        now = {f"{target.name}/{path.relative_to(part).as_posix()}" for path in part.rglob("*") if path.is_file()}
        take(home, now)
    release(home, earlier - now)
    return target / "index.html"


def _named_apart(models: Sequence[LiveModel]) -> dict[str, LiveModel]:
    """The models by their files, which are a script of one call each; of two with one name, the first."""
    named = {model.name: model for model in reversed(models)}
    there = [model for model in models if named[model.name] is model]
    return {f"live/model-{number}.js": model for number, model in enumerate(there, 1)}


def _scripts(models: Mapping[str, LiveModel]) -> list[str]:
    return [*SCRIPTS, *LIVE_SCRIPTS, REMOTE, VIEWS] if models else [*SCRIPTS]


def _files(lecture: Rendered) -> dict[str, Path]:
    """The files that the page hands out, each with its name; it plays the film, too."""
    files = {lecture.say("Film"): lecture.film, lecture.say("Index of all numbers"): lecture.folder / INDEX}
    files |= {f"{lecture.say('Captions')} {path.suffix}": path for path in lecture.captions}
    return files | {f"{lecture.say('Transcript')} {path.suffix}": path for path in lecture.transcripts}


def _html(lecture: Rendered, found: Exhibits, data: dict[str, Any], cards: Sequence[QuizCard], still: str) -> str:
    """The document. What runs and how it looks lie beside it, so that it needs no leave for scripts inside."""
    return filled(
        "page.html", lecture=lecture, say=lecture.say, policy=FOLDER, style=STYLE, scripts=_scripts(data["models"]),
        files=_files(lecture).items(),
        cues=[cue.later(step.start) for step in lecture.steps for cue in step.cues if lecture.captioned == "track"],
        end=sum(step.duration for step in lecture.steps), clock=clock, own=_id,
        address=lambda path: quote(path.relative_to(lecture.folder).as_posix()), in_sight=IN_SIGHT,
        tensors=partial(_tensors, found=found), numbers=partial(_numbers, found=found),
        data=data, still=still, no_served=NO_SERVED, quiz=before_and_after(cards) if cards else None,
    )  # fmt: skip


def _data(lecture: Rendered, found: Exhibits, models: Mapping[str, LiveModel], of_film: str) -> dict[str, Any]:
    """Data for the scripts of the page, whose film shows the model called `of_film`."""
    axes = dict.fromkeys(axis for one in found.values() for axis in one.tensor.axes)
    return script_data(lecture, PALETTES | {lecture.theme: lecture.palette}) | {
        "axes": {axis: lecture.say(ALL_AXES[axis]) for axis in axes if axis in ALL_AXES},
        "exhibits": [{"name": name, "file": one.file, "asked": one.asked} for name, one in found.items()],
        "steps": [_facts(step, found) for step in lecture.steps],
        "terms": terms_of(lecture),
        "models": [{"name": one.name, "file": file} for file, one in models.items()],
        "model": of_film,
    }


def _facts(step: RenderedStep, found: Exhibits) -> dict[str, Any]:
    """Id, title and start of a step, and of each entry shown: exhibit number, index, text, token's axis and value."""
    shown = [[found[e["name"]].number, e["index"], e["shown"], e.get("axis", ""), _finite(e)] for e in step.shown]
    return {"id": _id(step), "title": step.title, "start": step.start, "shown": shown}


def _finite(entry: Mapping[str, Any]) -> float | None:
    """The value of an entry that is shown, if it is a number that JSON has."""
    value = entry.get("value")
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _numbers(step: RenderedStep, found: Exhibits) -> list[dict[str, Any]]:
    """Numbers on screen, what the model computes last before what it was made of.

    Each has how it is shown, its place as it is asked for, whether the model of the page is asked, and where its
    tensor has it.
    """
    numbers: dict[str, dict[str, Any]] = {}
    for entry in sorted(step.shown, key=lambda one: found[one["name"]].late, reverse=True):
        if "axis" not in entry:
            one = found[entry["name"]]
            axes = zip(one.tensor.axes, entry["index"], strict=True)
            place = f"{entry['name']}[{','.join(f'{axis}={at}' for axis, at in axes if axis != 'batch')}]"
            facts = {"place": place, "shown": entry["shown"], "asked": one.asked}
            numbers.setdefault(place, facts | {"exhibit": one.number, "index": list(entry["index"])})
    return [*numbers.values()]


def _tensors(step: RenderedStep, found: Exhibits) -> list[tuple[str, list[tuple[str, int]]]]:
    """The tensors that the step shows, those of one part of the model together, each with the place of its exhibit."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for name in dict.fromkeys(e["name"] for e in sorted(step.shown, key=lambda e: "axis" in e)):
        groups.setdefault(name.rpartition(".")[0], []).append((name, found[name].number))
    return [*groups.items()]


def _id(step: RenderedStep) -> str:
    return quote(f"{step.chapter}-{step.number}")
