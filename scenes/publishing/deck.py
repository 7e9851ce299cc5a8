"""Deck: the slides as a PowerPoint file, for those who have to present with one."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from scenes.production.files import whole
from scenes.publishing.rendered import Rendered, RenderedStep
from scenes.publishing.timeless import write_archive
from scenes.theme import Palette

WIDTH = Emu(12192000)  # 13.33 inches, as PowerPoint's own wide slides
TITLE_ONLY = 5  # the layout with a title and nothing else, in python-pptx's template
SERIF, SANS = "Georgia", "Arial"  # a file of PowerPoint carries no type; these are on every machine that has it
MARGIN = 0.083  # of the width, as the pictures have it
#: What XML 1.0 has no place for.
UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: PowerPoint's extension that groups slides: MS-PPTX 2.6.
SECTIONS, SECTIONS_ID = (
    "http://schemas.microsoft.com/office/powerpoint/2010/main",
    ("{521415D9-36F7-43E2-AB2F-B90AF26B5E84}"),
)


def write_deck(lecture: Rendered, target: Path) -> Path:
    """Write `lecture` to `target` (.pptx): a slide a step, its clip playing at once, its last picture as the poster."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, Emu(round(WIDTH * lecture.height / lecture.width))
    _tell(deck, title=lecture.heading, subject=lecture.text, creator=lecture.author, description=lecture.made)
    palette = lecture.palette
    master = deck.slide_master.background.fill
    master.solid()
    master.fore_color.rgb = _rgb(palette.background)
    sections = [(lecture.heading, [_opening(deck, lecture, palette)])]
    sections += [(c.title, [_slide(deck, step, palette) for step in c.steps]) for c in lecture.chapters]
    _name_sections(deck, sections)
    made = BytesIO()
    deck.save(made)
    with whole(target) as part:
        write_archive(made, part)
    return target


def _tell(deck: Any, **facts: str) -> None:
    """Write `facts` into the properties of the file; python-pptx would refuse those longer than 255 characters."""
    for name, text in facts.items():
        element = getattr(deck.core_properties._element, f"get_or_add_{name}")()  # noqa: SLF001 - as below
        element.text = _plain(text)


def _opening(deck: Any, lecture: Rendered, palette: Palette) -> Any:
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    left, width = Emu(round(MARGIN * WIDTH)), Emu(round((1 - 2 * MARGIN) * WIDTH))
    height = deck.slide_height
    title = slide.shapes.title
    title.left, title.top, title.width, title.height = left, height // 4, width, height // 5
    _write(title, [(lecture.heading, 44, SERIF, palette.ink)])
    below = slide.shapes.add_textbox(left, height // 4 + height // 5, width, height // 2)
    lines = [(lecture.author, 18, SANS, palette.ink2)] if lecture.author else []
    lines += [(f"“{lecture.text}”", 24, SANS, palette.query), ("", 12, SANS, palette.ink2)]
    if len(lecture.chapters) > 1:
        lines += [(f"{c.number}   {c.title}", 14, SANS, palette.ink2) for c in lecture.chapters]
    _write(below, lines)
    return slide


def _slide(deck: Any, step: RenderedStep, palette: Palette) -> Any:
    """A step: the clip fills the slide; behind it stands the title, for the outline and for screen readers."""
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    title = slide.shapes.title
    title.left, title.top, title.width, title.height = Emu(0), Emu(0), WIDTH, deck.slide_height // 8
    _write(title, [(step.title, 24, SERIF, palette.ink)])
    size = (Emu(0), Emu(0), WIDTH, deck.slide_height)
    movie = slide.shapes.add_movie(str(step.clip), *size, str(step.poster), mime_type="video/mp4")
    movie.name = _plain(step.title)
    movie._element.nvPicPr.cNvPr.set("descr", _plain(step.narration))  # noqa: SLF001 - python-pptx has no name for it
    for condition in slide.element.iter(qn("p:cond")):
        condition.set("delay", "0")
    slide.notes_slide.notes_text_frame.text = _plain(step.narration)
    return slide


def _write(shape: Any, lines: list[tuple[str, int, str, str]]) -> None:
    frame = shape.text_frame
    frame.word_wrap = True
    for number, (text, size, font, colour) in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = 1
        run = paragraph.add_run()
        run.text = _plain(text)
        run.font.size, run.font.name, run.font.color.rgb = Pt(size), font, _rgb(colour)


def _name_sections(deck: Any, sections: list[tuple[str, list[Any]]]) -> None:
    """Group the slides by chapter, as PowerPoint's sorter shows them."""
    extension = etree.Element(qn("p:ext"), uri=SECTIONS_ID)
    rows = etree.SubElement(extension, f"{{{SECTIONS}}}sectionLst", nsmap={"p14": SECTIONS})
    for number, (name, slides) in enumerate(sections, 1):
        identity = f"{{00000000-0000-4000-8000-{number:012X}}}"
        row = etree.SubElement(rows, f"{{{SECTIONS}}}section", name=_plain(name), id=identity)
        members = etree.SubElement(row, f"{{{SECTIONS}}}sldIdLst")
        for slide in slides:
            etree.SubElement(members, f"{{{SECTIONS}}}sldId", id=str(slide.slide_id))
    root = deck.element
    holder = root.find(qn("p:extLst"))
    if holder is None:
        holder = etree.SubElement(root, qn("p:extLst"))
    holder.append(extension)


def _rgb(colour: str) -> RGBColor:
    return RGBColor(*bytes.fromhex(colour.removeprefix("#")))


def _plain(text: str) -> str:
    """`text` without what a file of XML cannot hold."""
    return UNSPEAKABLE.sub("", text)
