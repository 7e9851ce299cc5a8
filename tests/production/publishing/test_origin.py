"""Every file says of what sentence, model, seed and versions it was made, where its format has a place for that."""

import json
import time
from html import unescape
from importlib.metadata import version
from pathlib import Path

import av
import pytest
from PIL import Image
from pptx import Presentation

from scenes.production.film import FilmClip
from scenes.production.origin import Origin
from scenes.production.studio import Studio
from scenes.publishing.deck import write_deck
from scenes.publishing.formats import FORMATS
from scenes.publishing.page import write_page
from scenes.publishing.slides import write_slides
from transformer_core.tracing.trace import Trace

SAID = ("model tiny", "seed 7", "transformer-lecture 0.1", "python 3.11.2", f"manim {version('manim')}")


def said(path: Path) -> str:
    """Return what the file at `path` says of itself."""
    if path.suffix in {".mp4", ".mkv", ".webm"}:
        with av.open(str(path)) as film:
            return " ".join(film.metadata.values())
    if path.suffix == ".pptx":
        told = Presentation(str(path)).core_properties
        return f"{told.subject} {told.comments}"
    if path.suffix in {".png", ".gif", ".avif"}:
        with Image.open(path) as picture:
            found = [*getattr(picture, "text", {}).values(), picture.info.get("comment"), picture.info.get("xmp")]
        return " ".join(text.decode() if isinstance(text, bytes) else text for text in found if text)
    text = path.read_text(encoding="utf-8")
    return unescape(text[: text.find("-->")] if path.suffix == ".vtt" else text)


def missing(path: Path) -> list[str]:
    """Return what a file should say of itself and does not."""
    return [part for part in (*SAID, "The car is red") if part not in said(path)]


def test_film_clips_posters_sheets_captions_and_index_say_it(finished):
    folder = finished.folder / "out"
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in {"", ".srt", ".json", ".vtt"}]
    assert len(files) == 1 + 4 + 4 + 2 + 2
    assert {path.name: missing(path) for path in files} == {path.name: [] for path in files}
    (captions,) = folder.glob("*.vtt")
    assert all(part in said(captions) for part in SAID)
    origin = json.loads((folder / "steps.json").read_text())["origin"]
    assert (origin["model"], origin["seed"], origin["text"]) == ("tiny", 7, "The car is red")
    assert origin["versions"]["manim"] == version("manim")


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"svg", "lottie"}))
def test_a_step_in_another_format_says_it(name, place, quiet, tmp_path):
    order = place.order("other")
    ((_, drawn),) = Studio(place.store, quiet()).clips(order, lambda _: True, FORMATS[name].drawn)
    target = tmp_path / f"step.{name}"
    FORMATS[name].make([FilmClip(drawn, "")], target, 15)
    assert missing(target) == []


def test_slides_and_page_say_it(lecture, finished, tmp_path):
    page = write_page(lecture, Trace.load(finished.folder / "trace.npz"), tmp_path / "page")
    for path in (write_slides(lecture, tmp_path / "a.html"), write_deck(lecture, tmp_path / "a.pptx"), page):
        assert missing(path) == [], path


def test_the_same_deck_has_the_same_bytes_whenever_it_is_made(lecture, tmp_path, monkeypatch):
    first = write_deck(lecture, tmp_path / "a.pptx").read_bytes()
    monkeypatch.setattr("zipfile.time.localtime", lambda *_: (2031, 5, 6, 7, 8, 9, 1, 126, 0))
    assert write_deck(lecture, tmp_path / "b.pptx").read_bytes() == first


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"svg", "lottie"}))
def test_the_same_step_has_the_same_bytes_whenever_it_is_made(name, place, quiet, tmp_path):
    order = place.order("other")
    ((_, drawn),) = Studio(place.store, quiet()).clips(order, lambda _: True, FORMATS[name].drawn)
    first, second = tmp_path / f"a.{name}", tmp_path / f"b.{name}"
    FORMATS[name].make([FilmClip(drawn, "")], first, 15)
    time.sleep(1.1 if name == "avif" else 0)  # its encoder writes down the second
    FORMATS[name].make([FilmClip(drawn, "")], second, 15)
    assert first.read_bytes() == second.read_bytes()


def test_what_nobody_knows_is_not_made_up():
    assert str(Origin.of({"text": "A"})).startswith("model not known; seed not known; ")


def test_a_sentence_that_would_end_a_comment_ends_none():
    from scenes.stage.captions import vtt

    text = vtt([], str(Origin.of({"edits": ["a --> b\n\n00:00.000 --> 00:09.000\nowned"]})))
    assert text.count("-->") == 0
    assert len(text.strip().splitlines()) == 3
