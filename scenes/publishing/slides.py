"""Slides: one HTML file, a slide a step, that waits at beats and plays from a disk without a network."""

from __future__ import annotations

import re
from pathlib import Path

from scenes.production.files import write_text
from scenes.publishing.live import LETTERS, LIVE_STYLE, STANDALONE, LiveModel, live_script, standalone
from scenes.publishing.markup import (
    ASSETS,
    HERE,
    caption_track,
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
from scenes.stage.captions import vtt

REVEAL = ASSETS / "reveal"
#: With more chapters than this, the title slide sets their names in two columns.
FEW = 6
SPEAKER = re.compile(r"<script>(.*?)<\\/script>", re.DOTALL)
KEYS = {
    "→": "next", "←": "back", "P": "pause, go on", "R": "once more", "L": "repeat", "C": "captions",
    "S": "speaker notes", "O": "overview", "F": "full screen", "B": "black",
}  # fmt: skip


def write_slides(
    lecture: Rendered, target: Path, model: LiveModel | None = None, stops: str = "beat", loop: bool = False
) -> Path:
    """Write the slides of `lecture` to `target` (.html): clips, notes, reveal.js and type, all in one file.

    Args:
        lecture: the film with all that lies beside it.
        target: the file to write.
        model: the one that the film shows: with it, a last slide answers to a learner's own sentence.
        stops: where a clip waits for the speaker, one of `rendered.STOPS`.
        loop: whether slides that stop nowhere begin again after the last one.
    """
    opening = _opening(lecture)
    chapters = "\n".join(_chapter(lecture, chapter, stops) for chapter in lecture.chapters)
    style = [(REVEAL / name).read_text(encoding="utf-8") for name in ("reset.css", "reveal.css")]
    scripts = [(REVEAL / name).read_text(encoding="utf-8") for name in ("reveal.js", "notes.js")]
    tried = f'<section id="try-it" class="tried">{standalone(lecture)}</section>' if model else ""
    seen = f"{opening}{tried}↻{LETTERS if model else ''}"
    faces = font_face("Inter", (420, 560), seen) + font_face("Source Serif 4", (480,), seen)
    style += [f":root{{{colours(lecture.palette)}}}", faces, (HERE / "slides.css").read_text(encoding="utf-8")]
    scripts.append((HERE / "slides.js").read_text(encoding="utf-8"))
    if model:
        style.append((HERE / LIVE_STYLE).read_text(encoding="utf-8"))
        scripts += [*map(live_script, STANDALONE), model.script]
    scripts = [script_text(code) for code in scripts]
    shown = f'class="reveal" data-stops="{stops}"{" data-loop=1" if loop else ""}'
    body = f'<body>\n<div {shown}><div class="slides">\n{opening}\n{chapters}\n{tried}\n</div></div>\n'
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
    known = {key: what for key, what in KEYS.items() if key != "C" or lecture.captioned == "track"}
    keys = "".join(f"<span><kbd>{key}</kbd>{escape(lecture.say(what))}</span>" for key, what in known.items())
    author = f'<p class="author">{escape(lecture.author)}</p>' if lecture.author else ""
    few = ' class="few"' if len(lecture.chapters) <= FEW else ""
    return (
        f'<section class="title" id="title"><div class="cover"><h1>{escape(lecture.heading)}</h1>'
        f'{author}<p class="sentence">“{escape(lecture.text)}”</p><ol{few}>{names}</ol>'
        f'<p class="keys">{keys}</p></div></section>'
    )


def _chapter(lecture: Rendered, chapter: RenderedChapter, stops: str) -> str:
    return "<section>\n" + "\n".join(_slide(lecture, step, stops) for step in chapter.steps) + "\n</section>"


def _slide(lecture: Rendered, step: RenderedStep, stops: str) -> str:
    """A step: its clip, and what is said in each part; every part but the first is a fragment without a picture."""
    parts = step.parts(stops)
    half = 0.5 / lecture.rate  # a part ends within its last picture, before the first one of the next
    ends = [*(part.end - half for part in parts[:-1]), parts[-1].end]
    times = " ".join(f"{part.start:.3f}-{end:.3f}" for part, end in zip(parts, ends, strict=True))
    track = ""
    if lecture.captioned == "track":
        track = caption_track(lecture.language, lecture.say("captions"), vtt(step.cues))
    said = [escape(part.text) for part in parts]
    first, *others = (
        f'<aside class="notes"><p>{" ".join([*said[:k], f"<strong>{text}</strong>", *said[k + 1 :]])}</p></aside>'
        for k, text in enumerate(said)
    )
    return (
        f'<section id="{step.chapter}-{step.number}" aria-label="{escape(step.title)}">'
        f'<video playsinline preload="auto" aria-label="{escape(step.title)}" data-parts="{times}"'
        f' data-src="{data_uri(step.clip)}">{track}</video>'
        f"{first}{''.join(f'<span class=fragment>{notes}</span>' for notes in others)}</section>"
    )
