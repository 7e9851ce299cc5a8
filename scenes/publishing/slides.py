"""Slides: one HTML file, a slide a step, that plays from a disk without a network."""

from __future__ import annotations

import re
from pathlib import Path

from scenes.production.files import write_text
from scenes.publishing.live import LETTERS, LIVE_STYLE, STANDALONE, LiveModel, live_script, standalone
from scenes.publishing.markup import (
    ASSETS,
    HERE,
    colours,
    data_uri,
    document,
    escape,
    inline_style,
    script_text,
)
from scenes.publishing.policy import one_file
from scenes.publishing.rendered import Rendered, RenderedChapter, RenderedStep
from scenes.publishing.typefaces import font_face

REVEAL = ASSETS / "reveal"
#: With more chapters than this, the title slide sets their names in two columns.
FEW = 6
SPEAKER = re.compile(r"<script>(.*?)<\\/script>", re.DOTALL)
KEYS = {"→": "next step", "←": "back", "S": "speaker notes", "O": "overview", "F": "full screen", "B": "black"}


def write_slides(lecture: Rendered, target: Path, model: LiveModel | None = None) -> Path:
    """Write the slides of `lecture` to `target` (.html): clips, notes, reveal.js and type, all in one file.

    With `model`, the one that the film shows, a last slide answers to a learner's own sentence.
    """
    opening = _opening(lecture)
    chapters = "\n".join(_chapter(chapter) for chapter in lecture.chapters)
    style = [(REVEAL / name).read_text(encoding="utf-8") for name in ("reset.css", "reveal.css")]
    scripts = [(REVEAL / name).read_text(encoding="utf-8") for name in ("reveal.js", "notes.js")]
    tried = f'<section id="try-it" class="tried">{standalone(lecture)}</section>' if model else ""
    seen = f"{opening}{tried}{''.join(KEYS)}“”{LETTERS if model else ''}"
    faces = font_face("Inter", (420, 560), seen) + font_face("Source Serif 4", (480,), seen)
    style += [f":root{{{colours(lecture.palette)}}}", faces, (HERE / "slides.css").read_text(encoding="utf-8")]
    scripts.append((HERE / "slides.js").read_text(encoding="utf-8"))
    if model:
        style.append((HERE / LIVE_STYLE).read_text(encoding="utf-8"))
        scripts += [*map(live_script, STANDALONE), model.script]
    scripts = [script_text(code) for code in scripts]
    body = f'<body>\n<div class="reveal"><div class="slides">\n{opening}\n{chapters}\n{tried}\n</div></div>\n'
    body += "\n".join(f"<script>{code}</script>" for code in scripts) + "\n</body>"
    policy = one_file([*scripts, speaker_script()])
    head = "\n".join(map(inline_style, style))
    write_text(target, document(lecture, head, body, policy))
    return target


def speaker_script() -> str:
    """The script of the window with the speaker notes, which has the policy of the slides.

    reveal.js has that window's document in a template literal of `notes.js`.
    """
    found = SPEAKER.findall((REVEAL / "notes.js").read_text(encoding="utf-8"))
    if len(found) != 1:
        raise ValueError(
            "notes.js of reveal.js has no longer one script for its window: its policy has to be found anew"
        )
    return re.sub(r"\\(.)", r"\1", found[0])


def _opening(lecture: Rendered) -> str:
    names = "".join(f"<li><b>{c.number}</b>{escape(c.title)}</li>" for c in lecture.chapters)
    keys = "".join(f"<kbd>{key}</kbd>{escape(lecture.say(what))}" for key, what in KEYS.items())
    author = f'<p class="author">{escape(lecture.author)}</p>' if lecture.author else ""
    few = ' class="few"' if len(lecture.chapters) <= FEW else ""
    return (
        f'<section class="title" id="title"><div class="cover"><h1>{escape(lecture.heading)}</h1>'
        f'{author}<p class="sentence">“{escape(lecture.text)}”</p><ol{few}>{names}</ol>'
        f'<p class="keys">{keys}</p></div></section>'
    )


def _chapter(chapter: RenderedChapter) -> str:
    return "<section>\n" + "\n".join(map(_slide, chapter.steps)) + "\n</section>"


def _slide(step: RenderedStep) -> str:
    """A step: its clip, which plays when the slide comes and then stands, and what is said."""
    return (
        f'<section id="{step.chapter}-{step.number}" aria-label="{escape(step.title)}">'
        f'<video data-autoplay playsinline preload="auto" aria-label="{escape(step.title)}"'
        f' data-src="{data_uri(step.clip)}"></video>'
        f'<aside class="notes"><p>{escape(step.narration)}</p></aside></section>'
    )
