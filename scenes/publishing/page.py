"""A page for a course: a folder with the film, its transcript and the tensors behind each step.

It is plain files, works from a disk as from any server, and asks nothing of the network.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from scenes.language import ENGLISH
from scenes.production.captions import vtt
from scenes.production.delivery import INDEX
from scenes.production.files import place, whole_folder, write_text
from scenes.publishing.exhibits import Exhibit, exhibits, glossary
from scenes.publishing.markup import HERE, colours, document, escape, inline_script, inline_style, json_data
from scenes.publishing.rendered import Rendered, RenderedChapter, RenderedStep
from scenes.publishing.typefaces import font_face
from scenes.theme import PALETTES
from transformer_core.trace import Trace

#: By this a folder is known as one that may be written anew.
MARK = '<meta name="generator" content="lecture page">'
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


def write_page(lecture: Rendered, trace: Trace, target: Path) -> Path:
    """Write the page of `lecture`, with the tensors of `trace` that it shows, into the folder `target`.

    The folder is made beside it under a temporary name, and takes the place of an earlier page when it is whole.

    Raises:
        ValueError: `target` has something else in it.
    """
    if target.exists() and not _is_page(target):
        raise ValueError(f"{target} is there and is no page of a lecture: it is left as it is")
    with whole_folder(target) as part:
        found = exhibits(lecture.steps, trace)
        for one in found.values():
            one.write(part)
        for source in _media(lecture):
            place(source, part / source.relative_to(lecture.folder))
        write_text(part / "index.html", _html(lecture, found))
    return target / "index.html"


def _is_page(folder: Path) -> bool:
    index = folder / "index.html"
    return index.is_file() and MARK in index.read_text(encoding="utf-8")


def _media(lecture: Rendered) -> list[Path]:
    """The files that the page plays, shows or hands out."""
    beside = [lecture.film, *map(lecture.film.with_suffix, (".srt", ".vtt")), lecture.folder / INDEX]
    return [*beside, *(step.clip for step in lecture.steps), lecture.steps[0].poster]


def _html(lecture: Rendered, found: Mapping[str, Exhibit]) -> str:
    palettes = PALETTES | {lecture.theme: lecture.palette}
    dark, light = (f"{colours(palettes[name])};color-scheme:{name}" for name in ("dark", "light"))
    themes = (
        f":root{{{dark}}}@media(prefers-color-scheme:light){{:root:not([data-theme=dark]){{{light}}}}}"
        f":root[data-theme=light]{{{light}}}"
    )
    body = _body(lecture, found)
    faces = font_face("Inter", (420, 560), body) + font_face("Source Serif 4", (480,), body)
    data = {
        "ramps": {name: [own.diverging, own.sequential] for name, own in palettes.items()},
        "axes": glossary(list(found.values())),
        "exhibits": [one.facts() for one in found.values()],
        "steps": [_facts(step, list(found)) for step in lecture.steps],
    }
    scripts = [(HERE / name).read_text(encoding="utf-8") for name in ("player.js", "values.js", "inspector.js")]
    style = inline_style("\n".join([faces, themes, (HERE / "page.css").read_text(encoding="utf-8")]))
    end = "\n".join([json_data("lecture", data), *map(inline_script, scripts)])
    whole = f"<body>\n{body}\n{end}\n</body>"
    return document(
        lecture.heading, f"{MARK}\n{style}", whole, language=ENGLISH, theme=lecture.theme, made=lecture.made
    )


def _facts(step: RenderedStep, names: Sequence[str]) -> dict[str, Any]:
    """When a step is, and what it shows: the number of the exhibit, the index, what is written, and a token's axis."""
    shown = [[names.index(e["name"]), e["index"], e["shown"], e.get("axis", "")] for e in step.shown]
    return {"id": _id(step), "title": step.title, "start": step.start, "shown": shown}


def _body(lecture: Rendered, found: Mapping[str, Exhibit]) -> str:
    names = list(found)
    keys = "".join(f"<div><dt>{key}</dt><dd>{what}</dd></div>" for key, what in KEYS.items())
    chapters = "\n".join(_chapter(chapter, names) for chapter in lecture.chapters)
    spoken = f' lang="{escape(lecture.language)}"'  # the page itself speaks English, as the names of tensors do
    author = f'<p class="author">{escape(lecture.author)}</p>' if lecture.author else ""
    return f"""<a class="skip" href="#transcript">Skip to the transcript</a>
<header><div><h1{spoken}>{escape(lecture.heading)}</h1>{author}<p class="sentence">“{escape(lecture.text)}”</p></div>
<button id="theme" type="button" class="plain">Light</button></header>
<main>
<div class="watch">
{_player(lecture)}
<div class="beside">
<nav aria-label="Chapters"><ol class="chapters"{spoken}>{"".join(map(_mark, lecture.chapters))}</ol></nav>
{_files(lecture)}
<dl class="keys" aria-label="Keys">{keys}</dl>
</div>
</div>
<div class="transcript" id="transcript"{spoken} tabindex="-1" role="region" aria-label="Transcript">
{chapters}
</div>
</main>
<button id="follow" type="button" hidden>Follow the film</button>"""


def _player(lecture: Rendered) -> str:
    cues = [cue.later(step.start) for step in lecture.steps for cue in step.cues]
    captions = base64.b64encode(vtt(cues).encode()).decode()
    end = sum(step.duration for step in lecture.steps)
    ticks = "".join(
        f'<i{" class=first" if step is chapter.steps[0] else ""} style="left:{100 * step.start / end:.3f}%"></i>'
        for chapter in lecture.chapters
        for step in chapter.steps
    )
    values = {
        "film": lecture.film.name,
        "poster": lecture.steps[0].poster.relative_to(lecture.folder).as_posix(),
        "width": lecture.width,
        "height": lecture.height,
        "heading": lecture.heading,
        "language": lecture.language,
        "captions": captions,
        "end": end,
        "clock": _clock(end),
    }
    template = Template((HERE / "player.html").read_text(encoding="utf-8"))
    return template.substitute({name: escape(str(value)) for name, value in values.items()}, ticks=ticks)


def _mark(chapter: RenderedChapter) -> str:
    return (
        f'<li><a href="#{_id(chapter.steps[0])}" data-at="{chapter.start}"><b>{chapter.number}</b>'
        f"<span>{escape(chapter.title)}</span><time>{_clock(chapter.start)}</time></a></li>"
    )


def _files(lecture: Rendered) -> str:
    names = {"Film": lecture.film.name, "Index of all numbers": INDEX}
    names |= {f"Captions {kind}": lecture.film.with_suffix(kind).name for kind in (".srt", ".vtt")}
    links = "".join(f'<a href="{escape(name)}" download>{what}</a>' for what, name in names.items())
    return f'<p class="files">{links}</p>'


def _chapter(chapter: RenderedChapter, names: Sequence[str]) -> str:
    steps = "\n".join(_step(step, names) for step in chapter.steps)
    return f'<section class="chapter"><h2><b>{chapter.number}</b>{escape(chapter.title)}</h2>\n{steps}\n</section>'


def _step(step: RenderedStep, names: Sequence[str]) -> str:
    """A step: its title, what is said card by card, and what there is to look into."""
    cues = " ".join(
        f'<a class="cue" href="#{_id(step)}" data-at="{step.start + cue.start}" data-to="{step.start + cue.end}">'
        f"{escape(cue.text)}</a>"
        for cue in step.cues
    )
    clip = f"{step.clip.parent.name}/{step.clip.name}"
    return f"""<article class="step" id="{_id(step)}" data-at="{step.start}" data-to="{step.start + step.duration}">
<h3><a href="#{_id(step)}" data-at="{step.start}"><time>{_clock(step.start)}</time>{escape(step.title)}</a></h3>
<p class="said">{cues}</p>
<div class="tensors" lang="{ENGLISH}" role="group" aria-label="Tensors of this step">{_tensors(step, names)}
<a class="clip" href="{escape(clip)}" download aria-label="Clip of {escape(step.title)}">Clip</a></div></article>"""


def _tensors(step: RenderedStep, names: Sequence[str]) -> str:
    """A button for each tensor that the step shows, those of one part of the model together."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(e["name"] for e in sorted(step.shown, key=lambda e: "axis" in e)):
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    return "".join(
        f'<span class="group"><span>{escape(part).replace(".", ".<wbr>")}</span>'
        + "".join(
            f'<button type="button" class="tensor" data-exhibit="{names.index(name)}" aria-expanded="false"'
            f' aria-label="{escape(name)}">{escape(name.rpartition(".")[2])}</button>'
            for name in members
        )
        + "</span>"
        for part, members in groups.items()
    )


def _id(step: RenderedStep) -> str:
    return f"{step.chapter}-{step.number}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
