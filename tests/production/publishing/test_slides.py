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
    lecture = replace(lecture, captioned="track")
    return write_slides(lecture, tmp_path_factory.mktemp("slides") / "slides.html")


def stands(page, at):
    """Wait until the clip of this slide has come to `at`, and stands there."""
    page.wait_for_function(f"{NOW}?.paused && Math.abs({NOW}.currentTime - {at}) < 0.05")


def faster(page):
    page.wait_for_function(f"{NOW} && !{NOW}.paused && {NOW}.currentTime > 0")
    page.evaluate(f"{NOW}.playbackRate = 8")


@pytest.mark.parametrize("key", ["ArrowRight", "PageDown"])
def test_next_plays_to_the_end_of_a_beat_where_the_clip_stands(look, slides, lecture, key):
    page = look(slides)
    assert page.locator("section.title h1").is_visible()
    for step in lecture.steps:
        for part in step.parts("beat"):
            page.keyboard.press(key)
            assert page.evaluate("Reveal.getCurrentSlide().id") == f"{step.chapter}-{step.number}"
            faster(page)
            assert page.evaluate(f"{NOW}.currentTime") > part.start
            stands(page, part.end)
    first = lecture.steps[0].parts("beat")
    assert [part.text for part in first] == ["It begins.", "Here it is."]


def test_a_picture_of_the_next_beat_is_not_seen_before_it_is_asked_for(look, slides, lecture):
    page = look(f"{slides.as_uri()}#/counting-1")
    end = lecture.steps[0].parts("beat")[0].end
    faster(page)
    page.wait_for_function(f"{NOW}.paused && {NOW}.currentTime > {end - 1 / lecture.rate}")
    assert page.evaluate(f"{NOW}.currentTime") < end


def test_back_goes_beat_by_beat_to_clips_as_they_stood(look, slides, lecture):
    page = look(f"{slides.as_uri()}#/counting-2")
    faster(page)
    first, second = (part.end for part in lecture.steps[0].parts("beat"))
    page.keyboard.press("ArrowLeft")
    stands(page, second)
    page.keyboard.press("PageUp")
    stands(page, first)
    assert page.evaluate("Reveal.getCurrentSlide().id") == "counting-1"


@pytest.mark.parametrize("key", [" ", "p"])
def test_a_key_pauses_and_goes_on(look, slides, key):
    page = look(f"{slides.as_uri()}#/counting-1")
    page.wait_for_function(f"{NOW}?.currentTime > 0")
    page.keyboard.press(key)
    at = page.evaluate(f"[{NOW}.paused, {NOW}.currentTime]")
    page.wait_for_timeout(200)
    assert page.evaluate(f"[{NOW}.paused, {NOW}.currentTime]") == [True, at[1]]
    page.keyboard.press(key)
    page.wait_for_function(f"!{NOW}.paused && {NOW}.currentTime > {at[1]}")


def test_a_beat_plays_once_more_or_again_and_again(look, slides, lecture):
    page = look(f"{slides.as_uri()}#/counting-1")
    faster(page)
    end = lecture.steps[0].parts("beat")[0].end
    stands(page, end)
    page.keyboard.press("r")
    page.wait_for_function(f"!{NOW}.paused && {NOW}.currentTime < {end} - 0.1")
    stands(page, end)
    page.keyboard.press("l")
    for _ in range(2):
        page.wait_for_function(f"{NOW}.currentTime > {end} / 2")
        page.wait_for_function(f"{NOW}.currentTime < {end} / 2")
    page.keyboard.press("l")
    stands(page, end)


def test_captions_are_shown_when_asked_for_where_the_picture_has_none(look, slides, lecture, tmp_path):
    page = look(f"{slides.as_uri()}#/counting-1")
    faster(page)
    track, cues = f"{NOW}.textTracks[0]", lecture.steps[0].cues
    assert page.evaluate(f"{track}.mode") == "disabled"
    page.keyboard.press("c")
    assert page.evaluate(f"{track}.mode") == "showing"
    page.wait_for_function(f"{track}.cues?.length === {len(cues)}")
    assert page.evaluate(f"[...{track}.cues].map((cue) => cue.text)") == [cue.text for cue in cues]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{track}.mode") == "showing"
    page.keyboard.press("c")
    assert page.evaluate(f"{track}.mode") == "hidden"
    assert "captions" in page.locator(".keys").text_content()
    burnt = look(write_slides(lecture, tmp_path / "slides.html"))
    assert burnt.locator("track").count() == 0
    assert "captions" not in burnt.locator(".keys").text_content()


def test_slides_that_stop_at_steps_have_a_stop_a_step(look, lecture, tmp_path):
    page = look(write_slides(lecture, tmp_path / "slides.html", stops="step"))
    for step in lecture.steps:
        page.keyboard.press("ArrowRight")
        faster(page)
        stands(page, step.duration)
    assert page.evaluate("Reveal.getCurrentSlide().id") == "{0.chapter}-{0.number}".format(lecture.steps[-1])


def test_slides_that_stop_nowhere_go_on_by_themselves_and_begin_again(look, lecture, tmp_path):
    page = look(write_slides(lecture, tmp_path / "slides.html", stops="none", loop=True))
    page.keyboard.press("ArrowRight")
    page.evaluate("document.querySelectorAll('video').forEach((one) => { one.defaultPlaybackRate = 8 })")
    faster(page)
    for step in (*lecture.steps[1:], lecture.steps[0]):
        page.wait_for_function(f"Reveal.getCurrentSlide().id === '{step.chapter}-{step.number}'")
        faster(page)


def test_on_paper_and_from_afar_each_step_is_one_picture_its_last(look, slides, lecture):
    page = look(f"{slides.as_uri()}?print-pdf")
    page.wait_for_function("document.querySelectorAll('.pdf-page').length > 0")
    assert page.locator(".pdf-page").count() == 1 + len(lecture.steps)
    ends = "[...document.querySelectorAll('section video')].map((one) => one.currentTime)"
    assert page.evaluate(ends) == pytest.approx([step.duration for step in lecture.steps], abs=0.05)
    page = look(f"{slides.as_uri()}#/counting-1")
    faster(page)
    stands(page, lecture.steps[0].parts("beat")[0].end)
    page.keyboard.press("o")
    stands(page, lecture.steps[0].duration)
    page.keyboard.press("o")
    stands(page, lecture.steps[0].parts("beat")[0].end)


@pytest.mark.parametrize("where", ["disk", "server"])
def test_the_speaker_view_has_the_narration_with_the_beat_that_plays_and_shows_what_comes_next(
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
        assert opened.value.locator(".speaker-controls-notes strong").text_content() == "It begins."
        frames = [
            opened.value.frame_locator(f"{frame} iframe").locator(f"#counting-1.present:has(.fragment{state})")
            for frame, state in (("#current-slide", ":not(.visible)"), ("#upcoming-slide", ".visible"))
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
        page.keyboard.press("ArrowRight")
        opened.value.locator(".speaker-controls-notes strong", has_text="Here it is.").wait_for()
        page.wait_for_function(f"!{NOW}.paused")
        opened.value.keyboard.press("p")
        opened.value.locator("#current-slide").click()
        page.wait_for_function(f"{NOW}.paused")


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
    assert "siguiente" in page.locator(".keys").text_content()
    assert page.locator("html").get_attribute("lang") == "es"


@pytest.mark.parametrize("code", languages()[1:])
def test_every_language_has_the_words_of_the_title_slide(code):
    assert {("slides", english) for english in (GENERAL, *KEYS.values())} <= set(catalogue(code).rules)
