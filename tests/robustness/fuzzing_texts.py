"""Texts through both readers, a trace, captions, and everything else that a text is written into."""

from __future__ import annotations

import html
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

import hostile
from guarding import attempt
from small_folders import build

from scenes.language import spoken_in
from scenes.production.files import LONGEST_NAME, on_one_line, shortened, slug
from scenes.production.fingerprint import hashed
from scenes.publishing.markup import filled
from scenes.publishing.policy import FOLDER
from scenes.publishing.rendered import Rendered
from scenes.speech.spoken import spoken
from scenes.stage.captions import LINE_CHARACTERS, Cue, split, srt, vtt
from scenes.stage.reading import read
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, LoadedModel, known_models, open_model
from transformer_core.studies.focus import focus_of
from transformer_core.text.subwords import Subwords
from transformer_core.text.vocabulary import SHOWN, TokenizedText
from transformer_core.tracing.provenance import CLOSE, MIDDLE, OPEN, parse
from transformer_core.tracing.trace import Trace


class Texts:
    """A case is the characters of a text."""

    def __init__(self, folder: Path) -> None:
        folders = build(folder / "models")
        self.shipped = open_model(DEFAULT_MODEL)
        self.small = [open_model(folders[kind]) for kind in ("gpt2", "bert", "marian")]
        places = [model.path for model in known_models() if model.name == "minilm"]
        self.pieces = [Subwords(place, 512) for place in places]

    def case(self, random: Random) -> list[str]:
        return [*hostile.text(random)]

    def prepare(self, case: Sequence[str]) -> None: ...

    def sorts(self, case: Sequence[str]) -> set[str]:
        return hostile.sorts("".join(case))

    def run(self, case: Sequence[str]) -> Any:
        """Read the text with every model, and return the last trace made of it, or None if nothing could be read."""
        text = "".join(case)
        written_elsewhere(text)
        attempt(lambda: self.shipped.tokenizer.translation(text))
        for tokenizer in self.pieces:
            check_reading(text, attempt(lambda tokenizer=tokenizer: tokenizer.read(text)))
        found = None
        for here in (self.shipped, self.small[len(text) % 3]):
            trace = traced(text, here)
            if trace is not None:
                check_captions(trace)
                found = trace
        return found


def traced(text: str, here: LoadedModel) -> Trace | None:
    """The trace of a text by a model, if its tokenizer reads it."""
    reading = attempt(lambda: here.tokenizer.read(text))
    check_reading(text, reading)
    if reading is None:
        return None
    return attempt(lambda: read(text, here.model, here.tokenizer, about={"model": "small"}))


def check_reading(text: str, reading: TokenizedText | None) -> None:
    """Labels can be drawn, each on one line, and say where they were cut."""
    if reading is None:
        return
    assert reading.ids, "a sentence without tokens"
    assert len(reading.labels) == len(reading.ids)
    for label in reading.labels:
        assert 0 < len(label) <= SHOWN, f"label {label!r}"
        assert label.isprintable(), f"label {label!r}"
        assert not set(label) & {OPEN, MIDDLE, CLOSE}, f"label {label!r}"
    assert all(0 <= begin <= end <= len(text) for begin, end in reading.offsets)


def check_captions(trace: Trace) -> None:
    """Check what a chapter would say of these tokens, in both languages, as captions and aloud."""
    words = next(
        tensor for name, tensor in trace.items() if name.endswith((".sum", ".out")) and "position" in tensor.axes
    )
    first, last = words.label("position", 0), words.label("position", len(words.labels["position"]) - 1)
    said = [f"Here “{first}” stands first, and “{last}” last. |There are {trace['config.words']} of them."]
    if trace.about["config"]["encoder_layers"]:
        focus = focus_of(trace)
        share = trace[f"{focus.path}.weights"].pick(batch=0, head=focus.head, query=focus.query_token.position)
        said.append(f"“{focus.query_token}” gives {share.quantity(focus.top_key.position):share} to “{focus.top_key}”.")
    for language in ("en", "es"):
        with spoken_in(language) as voice:
            for marked in said:
                text, spans = parse(voice.tell(marked))
                assert len(spans) >= 1
                for beat in text.split("|"):
                    check_cues(split(beat))
                    assert spoken(beat).strip()


def check_cues(cards: Sequence[Sequence[str]]) -> None:
    """Cards stay what they are in SubRip and in WebVTT: nothing in them is a tag, an arrow or an end."""
    cues = [Cue(float(at), at + 0.9, tuple(lines)) for at, lines in enumerate(cards)]
    assert all(len(line) <= LINE_CHARACTERS for cue in cues for line in cue.lines)
    blocks = srt(cues).split("\n\n")
    assert [block.split("\n")[0] for block in blocks if block] == [str(at + 1) for at in range(len(cues))]
    assert srt(cues).count("-->") == len(cues)
    lines = vtt(cues).split("\n")
    assert lines[0] == "WEBVTT"
    assert sum("-->" in line for line in lines) == len(cues)
    assert not any("<" in line for line in lines)
    told = [html.unescape(line) for line in lines[1:] if line and "-->" not in line]
    assert told == [line for cue in cues for line in cue.lines]


class Seen(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.scripts = ""

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.elements.append(tag)
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_data(self, data: str) -> None:
        self.scripts += data if self.elements[-1:] == ["script"] else ""


PLAIN = [
    "html", "head", *["meta"] * 4, "link", "meta", "title", "link", "body", "main", "h1", "p", "script", "script",
]  # fmt: skip


def written_elsewhere(text: str) -> None:
    """A text in names of files, keys, lines, titles and pages."""
    assert len(hashed(text)) == 32
    for name in (slug(text), shortened(f"{slug(text)}-{slug(text[::-1])}-{slug(text)}")):
        assert 0 < len(name.encode()) <= LONGEST_NAME
        assert name.replace("-", "").isalnum()
    line = on_one_line(text)
    assert line.isprintable()
    line.encode()
    if any("\ud800" <= char <= "\udfff" for char in text):
        return  # no tokenizer reads it, so that it never comes to a page
    seen = Seen()
    film = Path("film.mp4")
    lecture = Rendered(film.parent, text, text, film, 16, 9, "dark", "en", (), text, made=text)
    seen.feed(
        filled("quiz.html", lecture=lecture, policy=FOLDER, style=text, scripts=[], words={text: text}, quiz=[text])
    )
    assert seen.elements == PLAIN, "a text became an element of the page"
