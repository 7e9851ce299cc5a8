"""Deck: a PowerPoint file, read back by python-pptx, and printed by LibreOffice where there is one."""

import shutil
import subprocess
from io import BytesIO
from zipfile import ZipFile

import av
import numpy as np
import pytest
from lxml import etree
from PIL import Image
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.oxml.ns import qn

from scenes.publishing.deck import write_deck


@pytest.fixture(scope="session")
def deck(lecture, tmp_path_factory):
    return write_deck(lecture, tmp_path_factory.mktemp("deck") / "slides.pptx")


@pytest.fixture(scope="session")
def by_step(lecture, tmp_path_factory):
    return write_deck(lecture, tmp_path_factory.mktemp("deck") / "slides.pptx", stops="step")


@pytest.fixture
def theirs(tmp_path):
    """A presentation of a user's: 4:3, a master with a colour of its own, one slide with a footer."""
    one = Presentation()
    one.slide_master.background.fill.solid()
    one.slide_master.background.fill.fore_color.rgb = RGBColor(1, 2, 3)
    one.slides.add_slide(one.slide_layouts[1]).shapes.title.text = "Mine"
    one.save(tmp_path / "mine.pptx")
    return tmp_path / "mine.pptx"


def steps_of(path):
    """All slides but the title's."""
    return list(Presentation(str(path)).slides)[1:]


def movie(slide):
    return next(shape for shape in slide.shapes if shape.shape_type is not None and "MEDIA" in str(shape.shape_type))


def clip_of(slide):
    """The film of a slide."""
    (clip,) = {rel.target_part.blob for rel in slide.part.rels.values() if rel.reltype.endswith("/media")}
    return clip


def pictures(clip):
    with av.open(BytesIO(clip) if isinstance(clip, bytes) else str(clip)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def test_each_step_is_a_slide_with_its_clip_its_last_picture_and_its_notes(by_step, lecture):
    slides = steps_of(by_step)
    assert [slide.notes_slide.notes_text_frame.text for slide in slides] == [step.narration for step in lecture.steps]
    assert [slide.shapes.title.text for slide in slides] == [step.title for step in lecture.steps]
    for slide, step in zip(slides, lecture.steps, strict=True):
        assert clip_of(slide) == step.clip.read_bytes()
        assert movie(slide).poster_frame.blob == step.poster.read_bytes()


def test_a_slide_a_beat_has_the_pictures_and_the_words_of_its_beat(deck, lecture):
    slides = steps_of(deck)
    parts = [(step, part) for step in lecture.steps for part in step.parts("beat")]
    assert [slide.notes_slide.notes_text_frame.text for slide in slides] == [part.text for _, part in parts]
    assert len(parts) == len(lecture.steps) + 1
    for slide, (step, part) in zip(slides, parts, strict=True):
        whole, own = pictures(step.clip), pictures(clip_of(slide))
        start, end = (round(time * lecture.rate) for time in (part.start, part.end))
        assert np.array_equal(own, whole[start:end])
        shown = np.asarray(Image.open(BytesIO(movie(slide).poster_frame.blob)))
        if len(step.parts("beat")) > 1:
            assert np.array_equal(shown, own[0])


@pytest.mark.parametrize("name", ["deck", "by_step"])
def test_a_clip_fills_its_slide_and_starts_by_itself(name, request):
    presentation = Presentation(str(request.getfixturevalue(name)))
    for slide in list(presentation.slides)[1:]:
        shape = movie(slide)
        assert (shape.left, shape.top, shape.width, shape.height) == (
            0, 0, presentation.slide_width, presentation.slide_height,
        )  # fmt: skip
        assert {condition.get("delay") for condition in slide.element.iter(qn("p:cond"))} == {"0"}


def test_a_show_that_stops_nowhere_goes_on_after_each_clip_and_begins_again(lecture, tmp_path):
    path = write_deck(lecture, tmp_path / "slides.pptx", stops="none", loop=True)
    waits = [slide.element.find(qn("p:transition")).get("advTm") for slide in steps_of(path)]
    assert waits == [str(round(step.duration * 1000)) for step in lecture.steps]
    with ZipFile(path) as archive:
        assert b'showPr loop="1"' in archive.read("ppt/presProps.xml")


def test_slides_go_into_a_copy_of_a_presentation_behind_its_own_in_its_size_and_with_its_master(
    lecture, theirs, tmp_path
):
    before = theirs.read_bytes()
    path = write_deck(lecture, tmp_path / "slides.pptx", stops="step", into=theirs)
    assert theirs.read_bytes() == before
    mine, made = Presentation(str(theirs)), Presentation(str(path))
    assert (made.slide_width, made.slide_height) == (mine.slide_width, mine.slide_height)
    assert made.slide_master.background.fill.fore_color.rgb == RGBColor(1, 2, 3)
    assert [slide.shapes.title.text for slide in made.slides] == ["Mine", *(step.title for step in lecture.steps)]
    for slide in steps_of(path):
        shape = movie(slide)
        assert shape.width == made.slide_width
        assert shape.width / shape.height == pytest.approx(lecture.width / lecture.height, rel=1e-4)
        assert 2 * shape.top + shape.height == made.slide_height
    assert sections(path) == [("mine", 1), *((chapter.title, len(chapter.steps)) for chapter in lecture.chapters)]
    again = write_deck(lecture, tmp_path / "again.pptx", stops="step", into=path)
    assert len(sections(again)) == len(sections(path)) + len(lecture.chapters)
    assert sum(count for _, count in sections(again)) == len(Presentation(str(again)).slides)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("mine.pptx", b"no archive", "cannot be opened as a PowerPoint file"),
        ("mine.pptx", b"PK\x05\x06" + bytes(18), "cannot be opened as a PowerPoint file"),
        ("mine.key", b"", "is no .pptx"),
    ],
)
def test_what_is_no_presentation_is_one_clear_line(lecture, tmp_path, name, content, line):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=line):
        write_deck(lecture, tmp_path / "slides.pptx", into=path)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_presentation_is_not_written_over_by_its_copy(lecture, theirs):
    with pytest.raises(ValueError, match="would be written over"):
        write_deck(lecture, theirs, into=theirs)


def sections(path):
    rows = Presentation(str(path)).element.xpath("//*[local-name()='section']")
    return [(row.get("name"), len(row.xpath(".//*[local-name()='sldId']"))) for row in rows]


def test_chapters_are_sections(deck, by_step, lecture):
    named = [(lecture.heading, 1), *((chapter.title, len(chapter.steps)) for chapter in lecture.chapters)]
    assert sections(by_step) == named
    assert sections(deck) == [named[0], ("Counting", 4), ("Other", 1)]


def test_a_sentence_is_text_and_what_xml_cannot_hold_is_left_out(hostile, tmp_path):
    from dataclasses import replace

    path = write_deck(replace(hostile, text=hostile.text + "\x00\x0b\ufffe"), tmp_path / "slides.pptx")
    first = Presentation(str(path)).slides[0]
    assert Presentation(str(path)).core_properties.title == hostile.title
    assert f"“{hostile.text}”" in [line.text for shape in first.shapes for line in shape.text_frame.paragraphs]
    etree.fromstring(etree.tostring(first.element))


def test_libreoffice_opens_it_and_prints_every_slide(by_step, lecture, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("there is no LibreOffice to open it with: apt-get install libreoffice-impress")
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    command = [office, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(by_step)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = (tmp_path / "slides.pdf").read_bytes()
    assert printed.count(b"/Type/Page/") + printed.count(b"/Type/Page ") + printed.count(b"/Type/Page\n") == 1 + len(
        lecture.steps
    )
