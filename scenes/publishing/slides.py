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
    filled,
    inline_style,
    script_text,
)
from scenes.publishing.policy import element, one_file
from scenes.publishing.rendered import Rendered
from scenes.publishing.typefaces import font_faces
from scenes.stage.captions import vtt

REVEAL = ASSETS / "reveal"
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
    keys = [(key, lecture.say(what)) for key, what in KEYS.items() if key != "C" or lecture.captioned == "track"]
    tried = standalone(lecture) if model else ""
    titles = [f"{chapter.number} {chapter.title}" for chapter in lecture.chapters]
    seen = " ".join([lecture.heading, lecture.author, f"“{lecture.text}” ↻", *titles, *map(" ".join, keys)])
    seen += tried + LETTERS if model else ""
    faces = font_faces(seen)
    styles = [*_texts(REVEAL, "reset.css", "reveal.css"), f":root{{{colours(lecture.palette)}}}", faces]
    scripts = _texts(REVEAL, "reveal.js", "notes.js") + _texts(HERE, "slides.js")
    if model:
        scripts += [*map(live_script, STANDALONE), model.script]
    scripts = [script_text(code) for code in scripts]
    styles += _texts(HERE, "slides.css", *([LIVE_STYLE] if model else []))
    written = filled(
        "slides.html", lecture=lecture, stops=stops, again=loop, keys=keys, half=0.5 / lecture.rate, data_uri=data_uri,
        track=lambda step: caption_track(lecture.language, lecture.say("captions"), vtt(step.cues)), tried=tried,
        head="\n".join(map(inline_style, styles)), scripts=scripts,
        policy=element(one_file([*scripts, speaker_script()])),
    )  # fmt: skip
    write_text(target, written)
    return target


def _texts(folder: Path, *names: str) -> list[str]:
    return [(folder / name).read_text(encoding="utf-8") for name in names]


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
