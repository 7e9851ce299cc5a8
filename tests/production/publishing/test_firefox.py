"""The page in Firefox: tensors, typing, asking, knobs, keyboard, a phone's width, and no request to anywhere.

What the page does in all its parts is tested in Chromium; here, that another engine does it as well.
"""

import json
import shutil

import pytest
from firefox import Firefox
from test_models_of_a_course import offered
from test_quiz import CARDS

from scenes.publishing.live import live_model_called
from scenes.publishing.page import write_page
from scenes.publishing.slides import write_slides
from transformer_core import open_model

BROWSERS = ("firefox-esr", "firefox")
WEIGHT = "encoder.1.self_attn.weights[head=1,query=3,key=1]"
ANSWER = "document.querySelector('.answer b').textContent.trim()"
READY = "document.querySelector('#trying[data-took]') !== null"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Firefox to look with: apt-get install firefox-esr")
    browser = Firefox(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def written(lecture, trace, tmp_path_factory):
    return write_page(lecture, trace, tmp_path_factory.mktemp("firefox") / "page", live_model_called(None), CARDS)


@pytest.fixture
def look(firefox, written):
    """Open the page at an address; at the end it was quiet, and asked for nothing but its own files."""
    firefox.said, firefox.asked = [], []

    def at(address, **size):
        firefox.open("about:blank")
        firefox.open(f"{written.as_uri()}#{address}", **size)
        return firefox

    yield at
    assert firefox.said == []
    assert [url for url in firefox.asked if not url.startswith(("file:", "data:", "about:", "blob:"))] == []


def test_a_tensor_of_a_step_is_opened_by_keyboard_and_read_cell_by_cell(look):
    page = look("")
    page.value("void document.querySelector('.tensor').focus()")
    page.press("Enter")
    page.wait_for("document.querySelector('.inspector td[tabindex=\"0\"]') !== null")
    page.value("void document.querySelector('.inspector td[tabindex=\"0\"]').focus()")
    before = page.value("document.querySelector('.readout').textContent")
    page.press("Right", "Down")
    assert page.value("document.querySelector('.readout').textContent") != before


def test_what_is_typed_is_translated_and_a_number_is_asked_by_keyboard_down_to_an_id(look):
    page = look("try")
    page.wait_for(READY)
    page.value("void (document.querySelector('.typed').focus(), document.querySelector('.typed').select())")
    page.press("The house is red")
    assert page.wait_for(f"{ANSWER} === 'la casa es roja' && {ANSWER}")
    page.wait_for("!document.querySelector('#trying[aria-busy]')")
    page.value("void document.querySelector('[data-ask^=\"embed_src.sum\"]').focus()")
    page.press("Enter")
    way = [""]
    while page.value("document.querySelector('.asking button[data-ask]') !== null"):
        way.append(page.wait_for(f"trying.choice.asked !== {json.dumps(way[-1])} && trying.choice.asked"))
        page.value("void document.querySelector('.asking button[data-ask]')?.focus()")
        page.press("Enter")
    assert [step.partition("[")[0] for step in way[1:3]] == ["embed_src.sum", "embed_src.scaled"]
    assert page.value("trying.choice.asked").startswith("embed_src.ids")


def test_a_knob_shows_what_was_before(look):
    page = look(f"ask={WEIGHT}")
    page.wait_for(READY)
    page.value("void document.querySelector('[data-key=positional]').focus()")
    page.press("Space")
    assert page.wait_for("document.querySelector('.answer .was')?.textContent")
    assert page.value("trying.choice.config") == {"positional": False}


def test_the_quiz_is_answered_by_keyboard(look):
    page = look("")
    page.value("void document.querySelector('#quiz-before .primary').focus()")
    page.press("Enter")
    for at in range(len(CARDS)):
        page.wait_for(f"document.querySelector('#quiz-before progress')?.value === {at}")
        page.press("Space", "Enter")
    right = sum(card.right == 0 for card in CARDS)
    assert page.wait_for("document.querySelector('#quiz-before .score')?.textContent") == f"{right} of 3 right"


def test_a_phone_is_wide_enough_in_both_themes(look):
    for address in ("", "try", f"ask={WEIGHT}"):
        page = look(address, width=390, height=844)
        page.wait_for("document.readyState === 'complete'")
        for _ in range(2):
            assert page.value("document.documentElement.scrollWidth <= innerWidth"), address
            page.value("void document.querySelector('#theme').click()")


def test_a_served_model_is_chosen_typed_into_asked_and_changed_by_keyboard(firefox, written, tmp_path):
    served = "english-spanish-post-norm"
    firefox.said, firefox.asked = [], []
    with offered(open_model(served), written, tmp_path, "The car is red") as address:
        firefox.open(f"{address}#try")
        firefox.wait_for(READY)
        firefox.value("void document.querySelector('#models a:last-child').focus()")
        firefox.press("Enter")
        assert firefox.wait_for("trying?.runs && trying.model.name") == served
        firefox.value("void (document.querySelector('.typed').focus(), document.querySelector('.typed').select())")
        firefox.press("The house is red")
        firefox.wait_for(f"{ANSWER} === 'la casa es roja'")
        firefox.wait_for("!document.querySelector('#trying[aria-busy]')")
        firefox.value("void document.querySelector('[data-ask^=\"embed_src.sum\"]').focus()")
        firefox.press("Enter")
        assert firefox.wait_for("document.querySelector('.asked-plate .path')?.textContent").startswith("embed_src.sum")
        firefox.value("void document.querySelector('[data-key=positional]').focus()")
        firefox.press("Space")
        assert firefox.wait_for("document.querySelector('.answer .was')?.textContent")
        assert [url for url in firefox.asked if not url.startswith((address, "data:", "about:", "blob:"))] == []
        firefox.open("about:blank")
    assert firefox.said == []


def test_slides_stop_at_a_beat_pause_and_go_back(firefox, lecture, tmp_path):
    clip = "Reveal.getCurrentSlide().querySelector('video')"
    first, second = lecture.steps[0].parts("beat")
    firefox.said = []
    firefox.open(write_slides(lecture, tmp_path / "slides.html").as_uri())
    if not firefox.value("""document.createElement("video").canPlayType('video/mp4; codecs="avc1.42E01E"')"""):
        pytest.skip("this Firefox plays no H.264: apt-get install libavcodec61")
    for part in (first, second):
        firefox.press("Right")
        firefox.wait_for(f"{clip} && !{clip}.paused && {clip}.currentTime > {part.start}")
        firefox.press("Space")
        assert firefox.value(f"{clip}.paused && {clip}.currentTime < {part.end} - 0.1")
        firefox.press("Space")
        firefox.wait_for(f"{clip}.paused && Math.abs({clip}.currentTime - {part.end}) < 0.05")
    firefox.press("Left")
    firefox.wait_for(f"{clip}.paused && Math.abs({clip}.currentTime - {first.end}) < 0.05")
    assert firefox.said == []
