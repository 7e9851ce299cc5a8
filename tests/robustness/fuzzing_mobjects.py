"""Texts through every mobject that shows a text of the user, and through chapters that are made of them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import hostile
from fuzzing_texts import traced
from guarding import attempt
from manim import Mobject, logger, tempconfig
from PIL import Image
from small_folders import build

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pictures"))
from walking import chapters

from scenes.layout import STAGE, texts_on
from scenes.mobjects.formulas import Formula
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words, paragraph, word
from scenes.mobjects.tokens import Token, in_line
from scenes.production.files import on_one_line
from scenes.production.sheet import contact_sheet
from scenes.rendering import FastRenderer
from scenes.stage.captions import split
from scenes.stage.notes import Note
from scenes.stage.requirements import lacks
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, open_model
from transformer_core.tracing.trace import Trace

SMALL = {"frame_rate": 15, "pixel_width": 320, "pixel_height": 180}
#: The small models, and the one of this project.
KINDS = ("marian", "bert", "gpt2", "torch", "shipped")
STYLES = ("token", "small token", "note", "title", "caption", "kicker")


class Mobjects:
    """A case is the characters of a text, after the numbers that choose model and chapter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        logger.setLevel(logging.WARNING)
        folders = build(folder / "models")
        self.models = [*(open_model(folders[kind]) for kind in KINDS[:-1]), open_model(DEFAULT_MODEL)]
        self.chapters = chapters()
        self.shown: set[str] = set()

    def case(self, random: Random) -> list[Any]:
        shorter = hostile.text(random)[: random.choice([5, 20, 60])]
        return [random.randrange(len(self.models)), random.randrange(1000), *shorter]

    def prepare(self, case: Sequence[Any]) -> None: ...

    def sorts(self, case: Sequence[Any]) -> set[str]:
        """Return the sorts of the text and, once it was tried, which chapter was walked and what was drawn."""
        return {KINDS[case[0]], *self.shown} | hostile.sorts("".join(case[2:]))

    def run(self, case: Sequence[Any]) -> Any:
        kind, turn = case[0], case[1]
        text = "".join(case[2:])
        self.shown.clear()
        trace = traced(text, self.models[kind])
        if trace is None:
            return None
        able = [chapter for chapter in self.chapters if not lacks(trace, chapter.needs)]
        chapter = able[turn % len(able)]
        with tempconfig(SMALL | {"media_dir": str(self.folder)}), self.noting():
            show_labels(trace, text)
            self.show_heading(text)
            found = attempt(lambda: walked(chapter, trace, "light" if turn % 2 else "dark"))
        self.shown.add(f"chapter {chapter.__name__}")
        return found

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note which classes of ours are drawn."""
        begin = Mobject.__init__

        def noted(mobject: Mobject, *given: Any, **options: Any) -> None:
            if type(mobject).__module__.startswith("scenes.mobjects"):
                self.shown.add(f"mobject {type(mobject).__name__}")
            begin(mobject, *given, **options)

        with patch.object(Mobject, "__init__", noted):
            yield

    def show_heading(self, text: str) -> None:
        """The contact sheet, whose heading is the sentence."""
        poster = self.folder / "poster.png"
        if not poster.exists():
            Image.new("RGB", (32, 18)).save(poster)
        heading = f"6. Scores: “{on_one_line(text)}”"
        contact_sheet(
            [(poster, SimpleNamespace(number=1, title=on_one_line(text)))], heading, self.folder / "sheet.png"
        )


def show_labels(trace: Trace, text: str) -> None:
    """The mobjects that take tokens of the sentence, or the sentence: made as chapters make them."""
    seen = trace.in_sight()
    side = "encoder" if trace.about["config"]["encoder_layers"] else "decoder"
    shares = seen[f"{side}.0.self_attn.weights"].pick(batch=0, head=0)
    labels = [shares.label("key", at) for at in range(shares.size("key"))]
    for style in STYLES:
        for label in labels:
            assert word(label, style).text == str(label)
    shown = [Token(label, role) for label in labels for role in ("", "query", "key", "value")]
    shown += [in_line(labels, STAGE.width)]
    shown += [
        Formula(f"{{{{ q_({label}) : query }}}} dot k_({label}) = {shares.quantity(0, 0):.2f}") for label in labels[:2]
    ]
    shown += [TensorGrid(shares, weights=True)]
    for card in split(" ".join(labels)):
        shown += paragraph([*card], "caption", "ink", 960)
    note = Note.of(seen, f"{side}.0.self_attn")
    shown += [note] if note else []
    assert all(mobject.has_points() or mobject.submobjects or not mobject.text.strip() for mobject in shown)
    # What was typed may hold characters that no font of ours has: that is one line, and no empty box.
    attempt(lambda: Words(on_one_line(text)[:200], "note"))


def walked(chapter: Any, trace: Trace, theme: str) -> list[Any]:
    """All steps of a chapter, the last of them as a picture."""
    scene = chapter(trace=trace, theme=theme, renderer=FastRenderer())
    scene.renderer.skip_animations = True
    records = scene.perform(())
    picture = scene.renderer.still(scene)
    assert picture.std() > 0, "an empty picture"
    assert texts_on(scene.mobjects), "a stage without any text"
    return records
