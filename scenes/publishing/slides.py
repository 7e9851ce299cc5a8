"""Slides: one HTML file, a slide a step, that waits at beats and plays from a disk without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scenes.production.files import write_text
from scenes.publishing.live import LETTERS, LIVE_STYLE, STANDALONE, LiveModel, figure_facts, live_scripts, still_of
from scenes.publishing.markup import colours, self_contained, texts
from scenes.publishing.rendered import STOPS, Rendered
from scenes.publishing.typefaces import font_faces
from transformer_core.files import ASSETS

REVEAL = ASSETS / "reveal"
SPEAKER = re.compile(r"<script>(.*?)<\\/script>", re.DOTALL)
KEYS = {
    "→": "next", "←": "back", "P": "pause, go on", "R": "once more", "L": "repeat", "C": "captions",
    "S": "speaker notes", "O": "overview", "F": "full screen", "B": "black",
}  # fmt: skip


def write_slides(
    lecture: Rendered, target: Path, model: LiveModel | None = None, stops: str = STOPS[0], loop: bool = False
) -> Path:
    """Write the slides of `lecture` to `target` (.html): clips, notes, reveal.js and type, all in one file.

    Args:
        model: the one that the film shows: with it, a last slide answers to a learner's own sentence.
        stops: where a clip waits for the speaker, one of `rendered.STOPS`.
        loop: whether slides that stop nowhere begin again after the last one.
    """
    known = [key for key in KEYS if key != "C" or lecture.captioned == "track"]
    keys = [(key, lecture.say(KEYS[key], context="slides")) for key in known]
    facts = figure_facts(lecture) | {"still": still_of(lecture, model)} if model else {"data": None}
    titles = [f"{chapter.number} {chapter.title}" for chapter in lecture.chapters]
    seen = " ".join([lecture.heading, lecture.author, f"“{lecture.text}” ↻", *titles, *map(" ".join, keys)])
    seen += json.dumps(facts["data"], ensure_ascii=False) + LETTERS if model else ""
    styles = [
        *texts("reset.css", "reveal.css", folder=REVEAL), f":root{{{colours(lecture.palette)}}}", font_faces(seen),
        *texts("slides.css", *([LIVE_STYLE] if model else [])),
    ]  # fmt: skip
    scripts = [*texts("reveal.js", "notes.js", folder=REVEAL), *texts("slides.js")]
    if model:
        scripts += [*live_scripts(STANDALONE).values(), model.script]
    facts |= {"stops": stops, "again": loop, "keys": keys, "half": 0.5 / lecture.rate}
    write_text(target, self_contained("slides.html", lecture, styles, scripts, [speaker_script()], **facts))
    return target


def speaker_script() -> str:
    """The script of the window with the speaker notes, which has the policy of the slides.

    reveal.js has that window's document in a template literal of `notes.js`.
    """
    found = SPEAKER.findall((REVEAL / "notes.js").read_text(encoding="utf-8"))
    if len(found) != 1:
        raise ValueError("notes.js of reveal.js has no longer one script for its window: find its policy anew")
    return re.sub(r"\\(.)", r"\1", found[0])
