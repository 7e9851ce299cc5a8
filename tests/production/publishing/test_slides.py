"""Slides: one HTML file that plays in a browser without a network, a slide a step."""

from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace

import pytest
from playwright.sync_api import TimeoutError as TooSlow

from scenes.language import catalogue, languages
from scenes.production.studio import Studio
from scenes.publishing.rendered import GENERAL, Rendered
from scenes.publishing.slides import KEYS, write_slides
from scenes.stage.brand import Brand
from scenes.theme import DARK

TURNS = 3
NOW = "Reveal.getCurrentSlide().querySelector('video')"


@pytest.fixture(scope="session")
def slides(lecture, tmp_path_factory):
    return write_slides(lecture, tmp_path_factory.mktemp("slides") / "slides.html")


def test_next_goes_through_every_step_in_order_and_each_clip_plays_to_its_end_and_stands(look, slides, lecture):
    page = look(slides)
    assert page.locator("section.title h1").is_visible()
    for step in lecture.steps:
        page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.getCurrentSlide().id") == f"{step.chapter}-{step.number}"
        page.wait_for_function(f"{NOW} && !{NOW}.paused && {NOW}.currentTime > 0")
        page.evaluate(f"{NOW}.playbackRate = 16")
        page.wait_for_function(f"{NOW}.ended")
        assert page.evaluate(f"{NOW}.currentTime") == pytest.approx(step.duration, abs=0.05)
        assert page.evaluate("Reveal.getCurrentSlide().id") == f"{step.chapter}-{step.number}"


def test_a_clip_that_is_returned_to_plays_again_from_its_beginning(look, slides):
    page = look(f"{slides.as_uri()}#/counting-1")
    page.wait_for_function(f"{NOW}?.currentTime > 0")
    page.evaluate(f"{NOW}.currentTime = {NOW}.duration")
    page.wait_for_function(f"{NOW}.ended")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{NOW}.currentTime > 0")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"!{NOW}.paused && {NOW}.currentTime < 1")


@pytest.mark.parametrize("where", ["disk", "server"])
def test_the_speaker_view_has_the_narration_as_notes_and_shows_this_slide_and_the_next(
    look, slides, lecture, serving, where
):
    with ExitStack() as held:
        if where == "server":
            served = held.enter_context(serving(slides.parent))
            page = look(f"http://127.0.0.1:{served.server_port}/{slides.name}")
        else:
            page = look(slides)
        page.keyboard.press("ArrowRight")
        with page.context.expect_page() as opened:
            page.keyboard.press("s")
        notes = opened.value.locator(".speaker-controls-notes .value")
        notes.filter(has_text=lecture.steps[0].narration).wait_for()
        frames = [
            opened.value.frame_locator(f"{frame} iframe").locator(f"#{step.name.replace('.', '-')}.present")
            for frame, step in zip(("#current-slide", "#upcoming-slide"), lecture.steps[:2], strict=True)
        ]
        for turn in range(TURNS):
            with suppress(TooSlow) if turn < TURNS - 1 else nullcontext():
                for frame in frames:
                    frame.wait_for(timeout=10_000)
                break
            # On a busy machine reveal.js may tell a frame where to go before the frame listens; it tells it again with
            # each change of the slide.
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowLeft")


def test_the_file_is_all_there_is(slides):
    assert [path.name for path in slides.parent.iterdir()] == ["slides.html"]


def test_light_slides_stand_on_paper(look, lecture, tmp_path):
    page = look(write_slides(replace(lecture, theme="light"), tmp_path / "slides.html"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 248, 242)"


def test_a_folder_without_a_film_is_one_clear_line(tmp_path):
    with pytest.raises(ValueError, match=r"there is no steps\.json in .*: render the lecture into it first"):
        Rendered.read(tmp_path)


def test_a_lecture_file_gives_title_author_and_colours(look, lecture, tmp_path):
    named = replace(lecture, title="Mine <b>", author="Ada", colours={"background": "#102030"})
    page = look(write_slides(named, tmp_path / "slides.html"))
    assert page.locator("h1").text_content() == "Mine <b>"
    assert page.locator(".author").text_content() == "Ada"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 32, 48)"


def test_changed_colours_are_read_from_the_index_of_the_film(place):
    order = place.order("other")
    look = replace(order.look, brand=Brand(colours=(("background", "#102030"),)))
    Studio(place.store, Quiet()).film(replace(order, look=look))
    assert Rendered.read(order.output).palette == replace(DARK, background="#102030")


class Quiet:
    begin = advance = staticmethod(lambda *_: None)


def test_what_stands_on_the_title_slide_is_in_the_language_of_the_lecture(look, lecture, tmp_path):
    page = look(write_slides(replace(lecture, language="es"), tmp_path / "slides.html"))
    assert page.locator("h1").text_content() == "Cómo lee un transformer"
    assert "siguiente paso" in page.locator(".keys").text_content()
    assert page.locator("html").get_attribute("lang") == "es"


@pytest.mark.parametrize("code", languages()[1:])
def test_every_language_has_the_words_of_the_title_slide(code):
    assert {("slides", english) for english in (GENERAL, *KEYS.values())} <= set(catalogue(code).rules)
