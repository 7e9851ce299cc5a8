"""A quiz from cards: data for the page of a course, a package for a learning platform, and notes for Anki."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from scenes.language import catalogue
from scenes.production.files import on_one_line, whole, write_text
from scenes.publishing.cards import Card, by_chapter, chosen, shuffled
from scenes.publishing.markup import HERE, document, escape, json_data, themes
from scenes.publishing.policy import FOLDER
from scenes.publishing.timeless import write_archive
from scenes.publishing.typefaces import font_faces
from scenes.publishing.wording import CONTEXT, said_in
from scenes.theme import Palette

#: The scripts of a package, in the order in which they are read.
SCRIPTS = ("common.js", "scorm.js", "quiz.js")
#: Namespaces of a package (IMS Content Packaging 1.1.2, ADL SCORM 1.2).
IMS, ADL = "http://www.imsproject.org/xsd/imscp_rootv1p1p2", "http://www.adlnet.org/xsd/adlcp_rootv1p2"
#: What a data element or a file is called.
DATA, STYLE, INDEX = "quiz", "quiz.css", "index.html"
Say = Callable[[str], str]


@dataclass(frozen=True)
class Quiz:
    """Cards about one sentence, with the title, language, colours and origin of the lecture that they belong to."""

    heading: str
    text: str
    cards: Sequence[Card]
    language: str
    theme: str
    palette: Palette
    made: str = ""

    @property
    def say(self) -> Say:
        """A few words beside the questions, in their language."""
        return partial(catalogue(self.language).rule, CONTEXT)


def before_and_after(cards: Sequence[Card]) -> str:
    """The data element of a page: all cards, and a quiz before and after the film; "" without cards."""
    if not cards:
        return ""
    some = chosen(cards)
    return json_data(DATA, _data(cards, {name: shuffled(some, name) for name in ("before", "after")}))


def _data(cards: Sequence[Card], rounds: Mapping[str, Sequence[Card]]) -> dict[str, Any]:
    listed = [_facts(card) for card in cards]
    content = json.dumps(listed, ensure_ascii=False).encode()
    return {
        "name": hashlib.blake2b(content, digest_size=8).hexdigest(),
        "cards": listed,
        "rounds": {name: [cards.index(card) for card in some] for name, some in rounds.items()},
    }


def _facts(card: Card) -> dict[str, Any]:
    names = "name", "chapter", "title", "text", "choices", "right", "because", "tensors"
    step = None
    if card.place:
        chapter, number = card.place
        step = {"id": quote(f"{chapter}-{number}"), "chapter": card.answered_in, "title": card.step}
    return {name: getattr(card, name) for name in names} | {"step": step}


def write_scorm(quiz: Quiz, target: Path) -> Path:
    """Write a package for learning platforms (SCORM 1.2) to `target`, a .zip; its page works by itself as well.

    Each chapter is an item of its own, with its own score.
    """
    data = _data(quiz.cards, by_chapter(quiz.cards))
    scripts = "\n".join(f'<script src="{name}"></script>' for name in SCRIPTS)
    body = f"""<body>
<main class="alone"><h1>{escape(quiz.heading)}</h1><p class="sentence">“{escape(quiz.text)}”</p></main>
{json_data("lecture", {"words": {text: quiz.say(text) for text in said_in(SCRIPTS)}})}
{json_data(DATA, data)}
{scripts}
</body>"""
    index = document(quiz, f'<link rel="stylesheet" href="{STYLE}">', body, FOLDER)
    faces = font_faces(index)
    sheets = [(HERE / name).read_text(encoding="utf-8") for name in ("page.css", STYLE)]
    files = {name: (HERE / name).read_text(encoding="utf-8") for name in SCRIPTS}
    files |= {INDEX: index, STYLE: "\n".join([faces, themes(quiz.palette, quiz.theme), *sheets])}
    files["imsmanifest.xml"] = _manifest(quiz, data["name"], sorted(files))
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for name, text in sorted(files.items()):
            archive.writestr(name, text)
    with whole(target) as part:
        write_archive(made, part)
    return target


def _manifest(quiz: Quiz, content: str, files: Sequence[str]) -> str:
    """The manifest: what the package is, an item for each chapter, and the files of the page that they open."""
    ET.register_namespace("", IMS)
    ET.register_namespace("adlcp", ADL)
    root = ET.Element(f"{{{IMS}}}manifest", identifier=f"lecture-quiz-{content}", version="1.2")
    inside = partial(_inside, root)
    about = inside("metadata")
    _inside(about, "schema", "ADL SCORM")
    _inside(about, "schemaversion", "1.2")
    organizations = inside("organizations", default="lecture")
    organization = _inside(organizations, "organization", identifier="lecture")
    _inside(organization, "title", on_one_line(f"{quiz.heading}: “{quiz.text}”"))
    for name, cards in by_chapter(quiz.cards).items():
        asking = {"identifierref": "page", "parameters": f"?{name}"}
        item = _inside(organization, "item", identifier=f"chapter-{name}", **asking)
        _inside(item, "title", on_one_line(f"{cards[0].number}. {cards[0].title}"))
    resource = _inside(inside("resources"), "resource", identifier="page", type="webcontent", href=INDEX)
    resource.set(f"{{{ADL}}}scormtype", "sco")
    for file in files:
        _inside(resource, "file", href=file)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _inside(parent: ET.Element, kind: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{IMS}}}{kind}", attributes)
    element.text = text
    return element


def write_anki(quiz: Quiz, target: Path) -> Path:
    """Write notes that Anki imports to `target`, a .txt: a deck for each chapter, the question in front.

    A note is known again by its first field: who imports cards of the same sentence anew, gets no card twice.
    """
    head = ["separator:tab", "html:true", "notetype:Basic", "guid column:1", "deck column:2", "tags column:5"]
    rows = [_note(card, quiz) for card in quiz.cards]
    write_text(target, "".join([*(f"#{line}\n" for line in head), *("\t".join(row) + "\n" for row in rows)]))
    return target


def _note(card: Card, quiz: Quiz) -> list[str]:
    """Identity, deck, front, back and tags of a note."""
    known = f"{card.name} {quiz.language} {quiz.text} {card.text}".encode()
    deck = "::".join(on_one_line(part).replace("::", ": ") for part in (quiz.heading, f"{card.number:02} {card.title}"))
    choices = "".join(f"<li>{_line(text)}</li>" for text in card.choices)
    place = f"<br><small>{_line(_where(card, quiz.say))}</small>" if card.place else ""
    read = quiz.say("Read from {0}").replace("{0}", ", ".join(card.tensors))
    sources = f"<br><small>{_line(read)}</small>" if card.tensors else ""
    front = f"{_line(card.text)}<br><ol type=A style=display:inline-block;text-align:left>{choices}</ol>"
    back = f"<b>{_line(card.answer)}</b><br>{_line(card.because)}{place}{sources}"
    return [hashlib.blake2b(known, digest_size=8).hexdigest(), _line(deck), front, back, f"lecture {card.chapter}"]


def _where(card: Card, say: Say) -> str:
    told = say("In the film: chapter {0}, “{1}”")
    return told.replace("{0}", str(card.answered_in)).replace("{1}", card.step)


def _line(text: str) -> str:
    """A text as HTML that goes into one field of one line."""
    return escape(on_one_line(text))
