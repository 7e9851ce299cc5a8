"""A page for a course: a folder with the film, its transcript and the tensors behind each step.

It is plain files, works from a disk as from any server, and asks nothing of the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scenes.language import ENGLISH
from scenes.production.belongings import listed, only_ours, release, take
from scenes.production.delivery import INDEX
from scenes.production.files import place, whole_folder, write_text
from scenes.publishing.cards import Card
from scenes.publishing.exhibits import Exhibit, exhibits, glossary
from scenes.publishing.live import LETTERS, LIVE_SCRIPTS, LIVE_STYLE, MODEL, LiveModel, live_script, section
from scenes.publishing.markup import HERE, caption_track, document, escape, json_data, themes
from scenes.publishing.policy import FOLDER
from scenes.publishing.quiz import STYLE as QUIZ_STYLE
from scenes.publishing.quiz import before_and_after
from scenes.publishing.rendered import Rendered, RenderedChapter, RenderedStep
from scenes.publishing.terms import terms_of
from scenes.publishing.typefaces import font_faces
from scenes.publishing.wording import CONTEXT, SCRIPTS, VIEWS, Form, script_texts
from scenes.stage.captions import vtt
from scenes.theme import PALETTES
from transformer_core.tracing.trace import Trace

MARK = '<meta name="generator" content="lecture page">'
STYLE = "page.css"
#: So many of the numbers that a step shows are linked to where they come from.
LINKED = 6
Say = Callable[[str], str]
KEYS = {
    "Space": "play, pause",
    "← →": "5 seconds",
    "J K": "next step, step before",
    "C": "captions",
    "M": "mute",
    "F": "full screen",
    "T": "dark, light",
    "Esc": "close a tensor",
}


def write_page(
    lecture: Rendered, trace: Trace, target: Path, model: LiveModel | None = None, cards: Sequence[Card] = ()
) -> Path:
    """Write the page of `lecture`, with the tensors of `trace` that it shows and a quiz, into the folder `target`.

    With `model`, the one that the film shows, the page answers to a learner's own sentence.

    The folder is made beside it under a temporary name, and takes the place of an earlier page when it is whole.

    Raises:
        ValueError: `target` has something else in it, or is a link.
    """
    only_ours(target)
    home, earlier = target.parent, {name for name in listed(target.parent) if name.startswith(f"{target.name}/")}
    with whole_folder(target) as part:
        found = exhibits(lecture.steps, trace)
        for one in found.values():
            one.write(part)
        for source in _media(lecture):
            place(source, part / source.relative_to(lecture.folder))
        index = _html(lecture, found, model, cards)
        for name in SCRIPTS:
            write_text(part / name, (HERE / name).read_text(encoding="utf-8"))
        for name in (*LIVE_SCRIPTS, VIEWS) if model else ():
            write_text(part / name, live_script(name))
        if model:
            write_text(part / MODEL, model.script)
        write_text(part / STYLE, _style(lecture, index + (LETTERS if model else "")))
        write_text(part / "index.html", index)
        now = {f"{target.name}/{path.relative_to(part).as_posix()}" for path in part.rglob("*") if path.is_file()}
        take(home, now)
    release(home, earlier - now)
    return target / "index.html"


def _media(lecture: Rendered) -> list[Path]:
    """The files that the page plays, shows or hands out."""
    return [lecture.film, *lecture.captions, lecture.folder / INDEX, lecture.steps[0].poster]


def _style(lecture: Rendered, seen: str) -> str:
    """The style sheet: colours of both themes, and type for what is `seen`."""
    faces = font_faces(seen)
    sheets = [(HERE / name).read_text(encoding="utf-8") for name in (STYLE, LIVE_STYLE, QUIZ_STYLE)]
    return "\n".join([faces, themes(lecture.palette, lecture.theme), *sheets])


def _html(lecture: Rendered, found: Mapping[str, Exhibit], live: LiveModel | None, cards: Sequence[Card]) -> str:
    """The document. What runs and how it looks lie beside it, so that it needs no leave for scripts inside."""
    say = partial(lecture.say, context=CONTEXT)
    palettes = PALETTES | {lecture.theme: lecture.palette}
    data = {
        "ramps": {name: [own.diverging, own.sequential] for name, own in palettes.items()},
        "axes": {axis: say(meaning) for axis, meaning in glossary(list(found.values())).items()},
        "words": {text: say(text) for text in script_texts()},
        "exhibits": [one.facts() | {"asked": bool(live and name in live.names)} for name, one in found.items()],
        "steps": [_facts(step, list(found)) for step in lecture.steps],
        "terms": [one | {"step": one["step"].replace(".", "-")} for one in terms_of(lecture)],
        "live": MODEL if live else "",
    }
    names = [*SCRIPTS, *LIVE_SCRIPTS, VIEWS] if live else SCRIPTS
    scripts = "\n".join(f'<script src="{name}"></script>' for name in names)
    elements = f"{json_data('lecture', data)}\n{before_and_after(cards)}"
    body = f"<body>\n{_body(lecture, found, say, live)}\n{elements}\n{scripts}\n</body>"
    return document(lecture, f'{MARK}\n<link rel="stylesheet" href="{STYLE}">', body, FOLDER)


def _facts(step: RenderedStep, names: Sequence[str]) -> dict[str, Any]:
    """Id, title and start of a step, and of each entry shown: exhibit number, index, text, token's axis and value."""
    shown = [[names.index(e["name"]), e["index"], e["shown"], e.get("axis", ""), _finite(e)] for e in step.shown]
    return {"id": _id(step), "title": step.title, "start": step.start, "shown": shown}


def _finite(entry: Mapping[str, Any]) -> float | None:
    """The value of an entry that is shown, if it is a number that JSON has."""
    value = entry.get("value")
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _body(lecture: Rendered, found: Mapping[str, Exhibit], say: Say, live: LiveModel | None) -> str:
    known = {key: what for key, what in KEYS.items() if key != "C" or lecture.captioned == "track"}
    keys = "".join(f"<div><dt>{escape(say(key))}</dt><dd>{escape(say(what))}</dd></div>" for key, what in known.items())
    chapters = "\n".join(
        _chapter(chapter, found, say, live.names if live else frozenset()) for chapter in lecture.chapters
    )
    tried = section(lecture.text, say) if live else ""
    author = f'<p class="author">{escape(lecture.author)}</p>' if lecture.author else ""
    return f"""<a class="skip" href="#transcript">{escape(say("Skip to the transcript"))}</a>
<header><div><h1>{escape(lecture.heading)}</h1>{author}<p class="sentence">“{escape(lecture.text)}”</p></div>
{_views(say) if live else ""}<button id="theme" type="button" class="plain">{escape(say("Light"))}</button></header>
<main>
<div class="watch">
{_player(lecture, say)}
<div class="beside">
<nav aria-label="{escape(say("Chapters"))}"><ol class="chapters">{"".join(map(_mark, lecture.chapters))}</ol></nav>
{_files(lecture, say)}
<dl class="keys" aria-label="{escape(say("Keys"))}">{keys}</dl>
</div>
</div>
<div class="transcript" id="transcript" tabindex="-1" role="region" aria-label="{escape(say("Transcript"))}">
{_search(say)}
{chapters}
</div>
</main>
{tried}
<button id="follow" type="button" hidden>{escape(say("Follow the film"))}</button>"""


def _views(say: Say) -> str:
    """The two parts of a page: each has an address."""
    links = "".join(
        f'<a href="#{name}">{escape(text)}</a>' for name, text in (("watch", say("Watch")), ("try", say("Try it")))
    )
    return f'<nav class="views-of" aria-label="{escape(say("Parts of the page"))}">{links}</nav>'


def _search(say: Say) -> str:
    """A box to search the transcript, terms and the names of tensors with, and a list for what is found."""
    told = escape(say("Search what is said, terms and tensors"))
    return (
        f'<form class="search" role="search"><label for="search">{told}</label>'
        '<input id="search" type="search" autocomplete="off" spellcheck="false">'
        '<p id="found-told" role="status"></p><ol id="found"></ol></form>'
    )


def _player(lecture: Rendered, say: Say) -> str:
    track = button = ""
    if lecture.captioned == "track":
        cues = [cue.later(step.start) for step in lecture.steps for cue in step.cues]
        track = caption_track(lecture.language, say("Captions"), vtt(cues))
        button = f'<button id="captions" type="button" aria-label="{escape(say("Captions"))}">CC</button>'
    end = sum(step.duration for step in lecture.steps)
    ticks = "".join(
        f'<i{" class=first" if step is chapter.steps[0] else ""} data-left="{100 * step.start / end:.3f}"></i>'
        for chapter in lecture.chapters
        for step in chapter.steps
    )
    return Form((HERE / "player.html").read_text(encoding="utf-8")).filled(
        say,
        {"ticks": ticks, "track": track, "caption_button": button},
        film=_address(lecture, lecture.film),
        poster=_address(lecture, lecture.steps[0].poster),
        width=lecture.width,
        height=lecture.height,
        heading=lecture.heading,
        end=end,
        clock=_clock(end),
    )


def _address(lecture: Rendered, path: Path) -> str:
    """Return the URL of a file of the lecture, relative to the page."""
    return quote(path.relative_to(lecture.folder).as_posix())


def _mark(chapter: RenderedChapter) -> str:
    return (
        f'<li><a href="#{_id(chapter.steps[0])}" data-at="{chapter.start}"><b>{chapter.number}</b>'
        f"<span>{escape(chapter.title)}</span><time>{_clock(chapter.start)}</time></a></li>"
    )


def _files(lecture: Rendered, say: Say) -> str:
    files = {say("Film"): lecture.film, say("Index of all numbers"): lecture.folder / INDEX}
    files |= {f"{say('Captions')} {path.suffix}": path for path in lecture.captions}
    links = (f'<a href="{_address(lecture, path)}" download>{escape(what)}</a>' for what, path in files.items())
    return f'<p class="files">{"".join(links)}</p>'


def _chapter(chapter: RenderedChapter, found: Mapping[str, Exhibit], say: Say, asked: AbstractSet[str]) -> str:
    steps = "\n".join(_step(step, found, say, asked) for step in chapter.steps)
    return f'<section class="chapter"><h2><b>{chapter.number}</b>{escape(chapter.title)}</h2>\n{steps}\n</section>'


def _step(step: RenderedStep, found: Mapping[str, Exhibit], say: Say, asked: AbstractSet[str]) -> str:
    """A step: its title, what is said card by card, and what there is to look into."""
    own = _id(step)
    cues = " ".join(
        f'<a class="cue" href="#{own}" data-at="{step.start + cue.start}" data-to="{step.start + cue.end}">'
        f"{escape(cue.text)}</a>"
        for cue in step.cues
    )
    numbers = _numbers(step, found, say, asked)
    return f"""<article class="step" id="{own}" data-at="{step.start}" data-to="{step.start + step.duration}">
<h3><a href="#{own}" data-at="{step.start}"><time>{_clock(step.start)}</time>{escape(step.title)}</a></h3>
<p class="said">{cues}</p>
<div class="tensors" role="group" aria-label="{escape(say("Tensors of this step"))}">{_tensors(step, list(found))}</div>
{numbers}</article>"""


def _numbers(step: RenderedStep, found: Mapping[str, Exhibit], say: Say, asked: AbstractSet[str]) -> str:
    """Links from numbers on screen to where they come from, those of tensors that can be `asked`."""
    places: dict[str, str] = {}
    for entry in step.shown:
        if entry["name"] in asked and "axis" not in entry:
            axes = zip(found[entry["name"]].tensor.axes, entry["index"], strict=True)
            where = ",".join(f"{axis}={at}" for axis, at in axes if axis != "batch")
            places.setdefault(f"{entry['name']}[{where}]", entry["shown"])
    if not places:
        return ""
    named = say("{0}: where it comes from")
    links = "".join(
        f'<a href="#ask={escape(at)}" aria-label="{escape(named.replace("{0}", text))}">{escape(text)}</a>'
        for at, text in [*places.items()][:LINKED]
    )
    return f'<p class="ask-these"><span>{escape(say("Ask where it comes from"))}</span>{links}</p>'


def _tensors(step: RenderedStep, names: Sequence[str]) -> str:
    """A button for each tensor that the step shows, those of one part of the model together; its names are English."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(e["name"] for e in sorted(step.shown, key=lambda e: "axis" in e)):
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    return "".join(
        f'<span class="group" lang="{ENGLISH}"><span>{escape(part).replace(".", ".<wbr>")}</span>'
        + "".join(
            f'<button type="button" class="tensor" data-exhibit="{names.index(name)}" aria-expanded="false"'
            f' aria-label="{escape(name)}">{escape(name.rpartition(".")[2])}</button>'
            for name in members
        )
        + "</span>"
        for part, members in groups.items()
    )


def _id(step: RenderedStep) -> str:
    return quote(f"{step.chapter}-{step.number}")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
