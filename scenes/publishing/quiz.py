"""A quiz from cards: data for the page of a course, a package for a learning platform, and notes for Anki."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scenes.production.files import write_archive, write_text
from scenes.publishing.cards import QuizCard, by_chapter, chosen, shuffled
from scenes.publishing.markup import filled, texts, themes
from scenes.publishing.policy import FOLDER
from scenes.publishing.rendered import Rendered
from scenes.publishing.typefaces import font_faces
from scenes.publishing.wording import said_in

#: The scripts of a package, in the order in which they are read.
SCRIPTS = ("common.js", "scorm.js", "quiz.js")
STYLE, INDEX = "quiz.css", "index.html"


def before_and_after(cards: Sequence[QuizCard]) -> dict[str, Any]:
    """Data for the script of a page: all cards, and a quiz before and after the film."""
    some = chosen(cards)
    return _data(cards, {name: shuffled(some, name) for name in ("before", "after")})


def _data(cards: Sequence[QuizCard], rounds: Mapping[str, Sequence[QuizCard]]) -> dict[str, Any]:
    listed = [_facts(card) for card in cards]
    content = json.dumps(listed, ensure_ascii=False).encode()
    return {
        "name": hashlib.blake2b(content, digest_size=8).hexdigest(),
        "cards": listed,
        "rounds": {name: [cards.index(card) for card in some] for name, some in rounds.items()},
    }


def _facts(card: QuizCard) -> dict[str, Any]:
    names = "name", "chapter", "title", "text", "choices", "right", "because", "tensors"
    step = None
    if card.place:
        chapter, number = card.place
        step = {"id": quote(f"{chapter}-{number}"), "chapter": card.answered_in, "title": card.step}
    return {name: getattr(card, name) for name in names} | {"beside": quote(card.chapter), "step": step}


def write_scorm(lecture: Rendered, cards: Sequence[QuizCard], target: Path) -> Path:
    """Write a package for learning platforms (SCORM 1.2) to `target`, a .zip; its page works by itself as well.

    Each chapter is an item of its own, with its own score.
    """
    chapters = by_chapter(cards)
    facts = {"quiz": _data(cards, chapters), "words": {text: lecture.say(text) for text in said_in(SCRIPTS)}}
    index = filled("quiz.html", lecture=lecture, policy=FOLDER, style=STYLE, scripts=SCRIPTS, **facts)
    style = "\n".join([font_faces(index), themes(lecture), *texts("page.css", STYLE)])
    files = dict(zip(SCRIPTS, texts(*SCRIPTS), strict=True)) | {INDEX: index, STYLE: style}
    files["imsmanifest.xml"] = filled(
        "imsmanifest.xml", lecture=lecture, content=facts["quiz"]["name"], chapters=chapters.items(), index=INDEX,
        files=sorted(files),
    )  # fmt: skip
    write_archive(target, sorted(files.items()))
    return target


def write_anki(lecture: Rendered, cards: Sequence[QuizCard], target: Path) -> Path:
    """Write notes that Anki imports to `target`, a .txt: a deck for each chapter, the question in front.

    A note is known again by its first field: who imports cards of the same sentence anew, gets no card twice.
    """

    def identity(card: QuizCard) -> str:
        known = f"{card.name} {lecture.language} {lecture.text} {card.text}".encode()
        return hashlib.blake2b(known, digest_size=8).hexdigest()

    def deck(card: QuizCard) -> str:
        return "::".join(part.replace("::", ": ") for part in (lecture.heading, f"{card.number:02} {card.title}"))

    write_text(target, filled("anki.txt", cards=cards, identity=identity, deck=deck, say=lecture.say))
    return target
