"""A picture of the attention weights stands where no script runs: on the page, in the HTML slides, in PowerPoint."""

from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from pptx import Presentation

from scenes.publishing.deck import write_deck
from scenes.publishing.live import live_model_called
from scenes.publishing.page import write_page
from scenes.publishing.slides import write_slides
from scenes.theme import PALETTES
from transformer_core import read

TEXT = "The car is red"
ALT = f"The translation of “{TEXT}”, and all attention weights of the model"
SILENT = {"java_script_enabled": False}


@pytest.fixture(scope="module")
def model():
    return live_model_called(None)


@pytest.fixture(scope="module")
def film(lecture):
    return replace(lecture, text=TEXT)


def weights():
    trace = read(TEXT)
    names = [n for n in trace.tensors if n.endswith("_attn.weights") and n.startswith(("encoder.", "decoder."))]
    return [head for name in names for head in trace[name].pick(batch=0).values]


def seen(page):
    """The picture of the figure, once it is decoded."""
    picture = page.get_by_alt_text(ALT)
    picture.scroll_into_view_if_needed()
    assert picture.is_visible()
    box = picture.bounding_box()
    assert box["width"] > 300
    assert box["height"] > 300
    return picture


def test_the_page_shows_the_weights_of_the_trace_and_its_link_leads_to_them(look, film, trace, model, tmp_path):
    file = write_page(film, trace, tmp_path / "page", model)
    page = look(file, **SILENT)
    page.get_by_role("link", name="Try it").click()
    picture = seen(page)
    assert "No script runs here" in page.locator("#try").text_content()
    svg = ET.parse(file.parent / picture.get_attribute("src"))
    shades = [float(rect.get("fill-opacity")) for rect in svg.iter() if rect.get("fill-opacity")]
    np.testing.assert_allclose(shades, np.concatenate([head.ravel() for head in weights()]), atol=5e-4)
    with_scripts = look(file)
    assert with_scripts.get_by_alt_text(ALT).count() == 0


def test_the_slides_stand_below_each_other_with_what_is_said_and_the_picture_at_the_end(look, film, model, tmp_path):
    page = look(write_slides(film, tmp_path / "slides.html", model, "step"), **SILENT)
    seen(page)
    for step in film.steps:
        assert page.get_by_role("heading", name=step.title, exact=True).is_visible()
        assert page.locator(f"#{step.chapter}-{step.number} aside").is_visible()
        size = page.locator(f"#{step.chapter}-{step.number} strong").evaluate("one => getComputedStyle(one).fontSize")
        assert float(size.removesuffix("px")) >= 16
    assert page.locator("video:visible").count() == 0
    tops = [section.bounding_box()["y"] for section in page.locator("section:not(:has(section))").all()]
    assert tops == sorted(tops)
    assert len({*tops}) == len(film.steps) + 2


def test_the_last_slide_of_powerpoint_is_the_picture_in_the_middle_of_its_slide(film, model, tmp_path):
    """Of the first matrices each cell is looked at: it lies between paper and ink as its weight says."""
    deck = Presentation(str(write_deck(film, tmp_path / "slides.pptx", stops="none", model=model)))
    last = [*deck.slides][-1]
    (shape,) = [shape for shape in last.shapes if hasattr(shape, "image")]
    assert shape._element.nvPicPr.cNvPr.get("descr") == ALT
    assert abs(2 * shape.left + shape.width - deck.slide_width) <= 1
    assert shape.top + shape.height <= deck.slide_height
    assert last.shapes.title.text == "Try it"
    assert 'advTm="8000"' in last.part.blob.decode()
    grey = np.asarray(Image.open(BytesIO(shape.image.blob)).convert("L"), float)
    palette = PALETTES[film.theme]
    paper, ink = (Image.new("RGB", (1, 1), c).convert("L").getpixel((0, 0)) for c in (palette.surface, palette.ink))
    pixel = 144 / 96
    for number, head in enumerate(weights()[:3]):
        for row, column in np.ndindex(head.shape):
            x, y = 26 + number * (4 * 22 + 26) + 22 * column + 10, 2 * 26 + 13 + 22 * row + 10
            found = (grey[round(y * pixel), round(x * pixel)] - paper) / (ink - paper)
            assert found == pytest.approx(head[row, column], abs=0.03)


def test_a_sentence_that_the_model_cannot_read_has_no_picture(film, trace, model, tmp_path):
    other = replace(film, text="zebras gallop")
    file = write_page(other, trace, tmp_path / "page", model)
    assert not (file.parent / "still.svg").exists()
    assert "<noscript" not in file.read_text(encoding="utf-8")
    slides = Presentation(str(write_deck(other, tmp_path / "slides.pptx", stops="step", model=model))).slides
    assert len(slides) == 1 + len(film.steps)
