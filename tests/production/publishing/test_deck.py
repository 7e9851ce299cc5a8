"""Deck: a PowerPoint file, read back by python-pptx, and printed by LibreOffice where there is one."""

import shutil
import subprocess

import pytest
from lxml import etree
from pptx import Presentation
from pptx.oxml.ns import qn

from scenes.publishing.deck import write_deck


@pytest.fixture(scope="session")
def deck(lecture, tmp_path_factory):
    return write_deck(lecture, tmp_path_factory.mktemp("deck") / "slides.pptx")


def steps_of(path):
    """All slides but the title's."""
    return list(Presentation(str(path)).slides)[1:]


def movie(slide):
    return next(shape for shape in slide.shapes if shape.shape_type is not None and "MEDIA" in str(shape.shape_type))


def test_each_step_is_a_slide_with_its_clip_its_last_picture_and_its_notes(deck, lecture):
    slides = steps_of(deck)
    assert [slide.notes_slide.notes_text_frame.text for slide in slides] == [step.narration for step in lecture.steps]
    assert [slide.shapes.title.text for slide in slides] == [step.title for step in lecture.steps]
    for slide, step in zip(slides, lecture.steps, strict=True):
        clips = {rel.target_part.blob for rel in slide.part.rels.values() if rel.reltype.endswith("/media")}
        assert clips == {step.clip.read_bytes()}
        assert movie(slide).poster_frame.blob == step.poster.read_bytes()


def test_a_clip_fills_its_slide_and_starts_by_itself(deck):
    presentation = Presentation(str(deck))
    for slide in list(presentation.slides)[1:]:
        shape = movie(slide)
        assert (shape.left, shape.top, shape.width, shape.height) == (
            0, 0, presentation.slide_width, presentation.slide_height,
        )  # fmt: skip
        assert {condition.get("delay") for condition in slide.element.iter(qn("p:cond"))} == {"0"}


def test_chapters_are_sections(deck, lecture):
    root = Presentation(str(deck)).element
    names = root.xpath("//*[local-name()='section']/@name")
    assert names == [lecture.heading, *(chapter.title for chapter in lecture.chapters)]
    members = [
        len(section) for section in root.iter("{http://schemas.microsoft.com/office/powerpoint/2010/main}sldIdLst")
    ]
    assert members == [1, *(len(chapter.steps) for chapter in lecture.chapters)]


def test_a_sentence_is_text_and_what_xml_cannot_hold_is_left_out(hostile, tmp_path):
    from dataclasses import replace

    path = write_deck(replace(hostile, text=hostile.text + "\x00\x0b\ufffe"), tmp_path / "slides.pptx")
    first = Presentation(str(path)).slides[0]
    assert Presentation(str(path)).core_properties.title == hostile.title
    assert f"“{hostile.text}”" in [line.text for shape in first.shapes for line in shape.text_frame.paragraphs]
    etree.fromstring(etree.tostring(first.element))


def test_libreoffice_opens_it_and_prints_every_slide(deck, lecture, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("there is no LibreOffice to open it with: apt-get install libreoffice-impress")
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    command = [office, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(deck)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = (tmp_path / "slides.pdf").read_bytes()
    assert printed.count(b"/Type/Page/") + printed.count(b"/Type/Page ") + printed.count(b"/Type/Page\n") == 1 + len(
        lecture.steps
    )
