"""Deck: the slides as a PowerPoint file, new or added to one of the user's, for those who have to present with one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lxml import etree
from PIL import Image
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from scenes.production import film
from scenes.production.files import stage, write_archive
from scenes.publishing.live import LiveModel, still_of
from scenes.publishing.rendered import STOPS, Rendered, RenderedStep, Segment

WIDTH = Emu(12192000)  # 13.33 inches, as PowerPoint's own wide slides
#: Placeholders that a layout may have beside its title.
FOOTERS = {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER}
SERIF, SANS = "Georgia", "Arial"  # a file of PowerPoint carries no type; these are on every machine that has it
MARGIN = 0.083  # of the width, as the pictures have it
#: Seconds for which a picture stands in a show that stops nowhere.
HELD = 8
#: What XML 1.0 has no place for.
UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: PowerPoint's extension that groups slides: MS-PPTX 2.6.
SECTIONS = "http://schemas.microsoft.com/office/powerpoint/2010/main"
SECTIONS_ID = "{521415D9-36F7-43E2-AB2F-B90AF26B5E84}"


def write_deck(
    lecture: Rendered,
    target: Path,
    model: LiveModel | None = None,
    into: Path | None = None,
    stops: str = STOPS[0],
    loop: bool = False,
) -> Path:
    """Write `lecture` to `target` (.pptx): a slide for each stop, whose clip plays at once.

    Args:
        model: the one that the film shows: a last slide has its attention weights, where the HTML slides answer.
        into: a presentation of the user's: the slides come behind its own, in a copy, in its size and with its master.
        stops: where a clip waits for the speaker, one of `rendered.STOPS`.
        loop: whether a show that stops nowhere begins again.

    Raises:
        ValueError: `into` is no presentation that can be read, or is `target` itself.
    """
    deck = opened(into, target) if into else _new(lecture)
    earlier = list(deck.slides)
    sections = [] if into else [(lecture.heading, [_opening(deck, lecture)])]
    with stage() as folder:
        for chapter in lecture.chapters:
            played = (one for step in chapter.steps for one in _played(step, stops, folder))
            sections.append((chapter.title, [_slide(deck, lecture, *one, stops) for one in played]))
        if model and (still := still_of(lecture, model)):
            from scenes.publishing.still import in_pixels

            last = _figure(deck, lecture, in_pixels(still, folder), stops)
            sections.append((lecture.say("Try it"), [last]))
    _name_sections(deck, into.stem if into else "", earlier, sections)
    if loop:
        _begin_again(deck)
    made = BytesIO()
    deck.save(made)
    with ZipFile(made) as saved:
        write_archive(target, ((name, saved.read(name)) for name in saved.namelist()))
    return target


def _new(lecture: Rendered) -> Any:
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, Emu(round(WIDTH * lecture.height / lecture.width))
    _tell(deck, title=lecture.heading, subject=lecture.text, creator=lecture.author, description=lecture.made)
    _fill(deck.slide_master, lecture.palette.background)
    return deck


def opened(path: Path, target: Path) -> Any:
    """The presentation at `path`, of which a copy goes to `target`.

    Raises:
        ValueError: it is no presentation that can be read, or would be written over.
    """
    if path.suffix.lower() != ".pptx":
        raise ValueError(f"{path} is no .pptx: save it as one in PowerPoint, Keynote or LibreOffice")
    if target.exists() and target.samefile(path):
        raise ValueError(f"{path} would be written over by its copy: move it, or name another folder by --output")
    try:
        return Presentation(str(path))
    except Exception as error:  # python-pptx, zipfile and lxml each have their own
        raise ValueError(f"{path} cannot be opened as a PowerPoint file (.pptx without a password)") from error


def _played(step: RenderedStep, stops: str, folder: Path) -> Iterator[tuple[RenderedStep, Segment, Path, Path]]:
    """The parts of a step, each with its clip and the picture that is seen while it does not play.

    Of a beat this is its first picture, with which the beat before ends, so that nothing jumps when it starts.
    """
    parts = step.parts(stops)
    for k, part in enumerate(parts, 1):
        if len(parts) == 1:
            yield step, part, step.clip, step.poster
            continue
        clip = folder / f"{step.chapter}-{step.number:02d}-{k}.mp4"
        film.cut(step.clip, part.start, part.end, clip)
        film.first_picture(clip).save(clip.with_suffix(".png"))
        yield step, part, clip, clip.with_suffix(".png")


def _tell(deck: Any, **facts: str) -> None:
    """Write `facts` into the properties of the file; python-pptx would refuse those longer than 255 characters."""
    for name, text in facts.items():
        element = getattr(deck.core_properties._element, f"get_or_add_{name}")()  # noqa: SLF001 - as below
        element.text = _plain(text)


def _opening(deck: Any, lecture: Rendered) -> Any:
    slide, palette = deck.slides.add_slide(_layout(deck)), lecture.palette
    left, width = Emu(round(MARGIN * WIDTH)), Emu(round((1 - 2 * MARGIN) * WIDTH))
    height = deck.slide_height
    _head(slide, lecture.heading, palette.ink, left, height // 4, width, height // 5, size=44)
    below = slide.shapes.add_textbox(left, height // 4 + height // 5, width, height // 2)
    lines = [(lecture.author, 18, SANS, palette.ink2)] if lecture.author else []
    lines += [(f"“{lecture.text}”", 24, SANS, palette.query), ("", 12, SANS, palette.ink2)]
    if len(lecture.chapters) > 1:
        lines += [(f"{c.number}   {c.title}", 14, SANS, palette.ink2) for c in lecture.chapters]
    _write(below, lines)
    return slide


def _slide(
    deck: Any, lecture: Rendered, step: RenderedStep, part: Segment, clip: Path, poster: Path, stops: str
) -> Any:
    """A part of a step: its clip fills the slide; behind it stands the title, for the outline and screen readers."""
    slide = _blank(deck)
    left, top, width, height = _fitting(deck, lecture)
    _head(slide, step.title, lecture.palette.ink, left, top, width, height // 8)
    movie = slide.shapes.add_movie(str(clip), left, top, width, height, str(poster), mime_type="video/mp4")
    movie.name = _plain(step.title)
    movie._element.nvPicPr.cNvPr.set("descr", _plain(part.text))  # noqa: SLF001 - python-pptx has no name for it
    timing = slide.element.find(qn("p:timing"))
    for condition in timing.iter(qn("p:cond")):
        condition.set("delay", "0")
    if stops == "none":
        timing.addprevious(_transition(part.end - part.start))
    slide.notes_slide.notes_text_frame.text = _plain(part.text)
    return slide


def _figure(deck: Any, lecture: Rendered, picture: Path, stops: str) -> Any:
    """The figure that answers in HTML slides, as a picture: nothing in PowerPoint runs a model."""
    slide = _blank(deck)
    _fill(slide, lecture.palette.background)
    left, top, width, height = _fitting(deck, lecture)
    below = height // 8
    _head(slide, lecture.say("Try it"), lecture.palette.ink, left, top, width, below)
    with Image.open(picture) as opened:
        scale = min(width / opened.width, (height - below) / opened.height)
        wide, high = round(opened.width * scale), round(opened.height * scale)
    shape = slide.shapes.add_picture(str(picture), left + (width - wide) // 2, top + below, wide, high)
    told = lecture.say("The translation of “{0}”, and all attention weights of the model", lecture.text)
    shape._element.nvPicPr.cNvPr.set("descr", _plain(told))  # noqa: SLF001 - as above
    if stops == "none":
        slide.element.find(qn("p:clrMapOvr")).addnext(_transition(HELD))
    slide.notes_slide.notes_text_frame.text = _plain(told)
    return slide


def _fill(slide: Any, colour: str) -> None:
    """Paint the ground of a slide, or of all, by their master."""
    ground = slide.background.fill
    ground.solid()
    ground.fore_color.rgb = RGBColor.from_string(colour.removeprefix("#"))


def _head(slide: Any, text: str, colour: str, *place: int, size: int = 24) -> None:
    """Write the title of a slide, if its layout has one, at a place: left, top, width and height."""
    if title := slide.shapes.title:
        title.left, title.top, title.width, title.height = place
        _write(title, [(text, size, SERIF, colour)])


def _transition(seconds: float) -> Any:
    """The change to the next slide, after some seconds."""
    return etree.Element(qn("p:transition"), advTm=str(round(seconds * 1000)))


def _blank(deck: Any) -> Any:
    """A new slide with a title and no other placeholder."""
    slide = deck.slides.add_slide(_layout(deck))
    for other in [one for one in slide.placeholders if one != slide.shapes.title]:
        other.element.getparent().remove(other.element)
    return slide


def _layout(deck: Any) -> Any:
    """The layout for a title and nothing else, by what it has, since its name may be in any language; or the first."""
    for layout in deck.slide_layouts:
        if {holder.placeholder_format.type for holder in layout.placeholders} - FOOTERS == {PP_PLACEHOLDER.TITLE}:
            return layout
    return deck.slide_layouts[0]


def _fitting(deck: Any, lecture: Rendered) -> tuple[Emu, Emu, Emu, Emu]:
    """Left, top, width and height of a clip that is as large as the slide allows, in its middle."""
    scale = min(deck.slide_width / lecture.width, deck.slide_height / lecture.height)
    width, height = round(lecture.width * scale), round(lecture.height * scale)
    return Emu((deck.slide_width - width) // 2), Emu((deck.slide_height - height) // 2), Emu(width), Emu(height)


def _write(shape: Any, lines: list[tuple[str, int, str, str]]) -> None:
    frame = shape.text_frame
    frame.word_wrap = True
    for number, (text, size, font, colour) in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = 1
        run = paragraph.add_run()
        run.text = _plain(text)
        run.font.size, run.font.name = Pt(size), font
        run.font.color.rgb = RGBColor.from_string(colour.removeprefix("#"))


def _name_sections(deck: Any, name: str, earlier: list[Any], sections: list[tuple[str, list[Any]]]) -> None:
    """Group the slides by chapter, as PowerPoint's sorter shows them, and `earlier` ones if nothing was grouped yet."""
    root = deck.element
    rows = next(root.iter(f"{{{SECTIONS}}}sectionLst"), None)
    if rows is None:
        holder = root.find(qn("p:extLst"))
        holder = etree.SubElement(root, qn("p:extLst")) if holder is None else holder
        extension = etree.SubElement(holder, qn("p:ext"), uri=SECTIONS_ID)
        rows = etree.SubElement(extension, f"{{{SECTIONS}}}sectionLst", nsmap={"p14": SECTIONS})
        sections = [*([(name, earlier)] if earlier else []), *sections]
    for title, slides in sections:
        identity = f"{{00000000-0000-4000-8000-{len(rows) + 1:012X}}}"
        row = etree.SubElement(rows, f"{{{SECTIONS}}}section", name=_plain(title), id=identity)
        members = etree.SubElement(row, f"{{{SECTIONS}}}sldIdLst")
        for slide in slides:
            etree.SubElement(members, f"{{{SECTIONS}}}sldId", id=str(slide.slide_id))


def _begin_again(deck: Any) -> None:
    """Let the show begin again after its last slide."""
    part = deck.part.part_related_by(RELATIONSHIP_TYPE.PRES_PROPS)
    root = etree.fromstring(part.blob)
    show = root.find(qn("p:showPr"))
    if show is None:
        before = sum(child.tag in {qn("p:htmlPubPr"), qn("p:webPr"), qn("p:prnPr")} for child in root)
        root.insert(before, show := etree.Element(qn("p:showPr")))
    show.set("loop", "1")
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)  # noqa: SLF001 - as above


def _plain(text: str) -> str:
    """`text` without what a file of XML cannot hold."""
    return UNSPEAKABLE.sub("", text)
