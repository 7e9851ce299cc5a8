"""Attacks: a sentence, a title, a name of a tensor that would like to be markup; and what holds if one becomes it."""

from dataclasses import replace

import pytest

import scenes.publishing.markup
from scenes.cli.show import ShownFilm
from scenes.publishing.markup import colours, json_data
from scenes.publishing.page import write_page
from scenes.publishing.policy import FOLDER, META
from scenes.publishing.slides import REVEAL, write_slides
from transformer_core.tracing.trace import Trace

#: Every element with the names of its attributes, but for breaks in long names: what markup there is.
SKELETON = """[...document.querySelectorAll("*:not(wbr)")].map(
    (one) => [one.tagName, ...one.getAttributeNames().sort()].join(" "))"""
OWNED = "globalThis.owned"


def renamed(lecture, trace, name):
    """The lecture and its trace with another name for their tensor, and as one of its tokens."""
    chapters = [
        replace(c, steps=[replace(s, shown=tuple({**e, "name": name} for e in s.shown)) for s in c.steps])
        for c in lecture.chapters
    ]
    shares = trace.full("shares")
    labels = {axis: (*shares.labels[axis][:-1], name) for axis in shares.labels}
    tensor = replace(shares, name=name, labels=labels, origin=(), kept={})
    return replace(lecture, chapters=chapters), Trace({name: tensor})


def test_a_page_of_hostile_texts_has_the_markup_of_a_harmless_one_and_shows_them_as_they_are(
    look, hostile, harmless, trace, tmp_path
):
    found = {}
    for kind, lecture in {"hostile": hostile, "harmless": harmless}.items():
        text = lecture.text
        clean = replace(lecture, captioned="track")
        page = look(write_page(*renamed(clean, trace, text), tmp_path / kind))
        page.locator("#counting-1 .tensor").first.click()
        page.locator(".inspector").wait_for()
        page.mouse.move(300, 300)
        found[kind] = page.evaluate(SKELETON)
        assert page.evaluate(OWNED) is None
        assert page.title() == text
        assert page.locator(".sentence").text_content() == f"“{text}”"
        places = ("h1", ".author", ".chapters span", "h2", "h3", ".cue", ".name", ".shown button", "thead th span")
        assert [place for place in places if text not in page.locator(place).last.text_content()] == []
        assert page.locator("#counting-1 .tensor").first.get_attribute("aria-label") == text
        told = page.evaluate("[...document.getElementById('film').textTracks[0].cues].map((c) => c.getCueAsHTML())")
        assert len(told) == sum(len(step.cues) for step in lecture.steps)
    assert found["hostile"] == found["harmless"]


def test_slides_of_hostile_texts_have_the_markup_of_harmless_ones_and_so_has_the_window_with_the_notes(
    look, hostile, harmless, tmp_path
):
    found = {}
    for kind, lecture in {"hostile": hostile, "harmless": harmless}.items():
        page = look(write_slides(replace(lecture, captioned="track"), tmp_path / f"{kind}.html"))
        page.keyboard.press("ArrowRight")
        with page.context.expect_page() as opened:
            page.keyboard.press("s")
        notes = opened.value.locator(".speaker-controls-notes .value")
        notes.filter(has_text="<").wait_for()
        assert notes.locator("strong").text_content() == lecture.text
        found[kind] = page.evaluate(SKELETON), notes.evaluate("(one) => one.innerHTML").count("<")
        assert [one.evaluate(OWNED) for one in (page, opened.value)] == [None, None]
        places = ("h1", ".author", ".cover li", "aside.notes")
        assert [place for place in places if lecture.text not in page.locator(place).last.text_content()] == []
    assert found["hostile"] == found["harmless"]


@pytest.fixture
def careless(monkeypatch):
    """No text is escaped any more."""
    careless = scenes.publishing.markup.TEMPLATES.overlay(autoescape=False)
    monkeypatch.setattr(scenes.publishing.markup, "TEMPLATES", careless)


@pytest.fixture
def tried(chromium):
    """Opens a document; whether an attack on it succeeded, or None until one was tried."""

    def opened(where):
        context = chromium.new_context()
        page = context.new_page()
        refused = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(where if isinstance(where, str) else where.as_uri())
        for _ in range(500):
            if page.evaluate(OWNED) or refused:
                break
            page.wait_for_timeout(20)
        succeeded = page.evaluate(OWNED) == 1
        context.close()
        assert succeeded or any("script" in one for one in refused), "the attack was not even tried"
        return succeeded

    return opened


@pytest.mark.usefixtures("careless")
@pytest.mark.parametrize("kind", ["page", "slides"])
def test_where_a_text_was_not_escaped_the_policy_keeps_it_from_running(tried, hostile, trace, tmp_path, kind, serving):
    """The same file without its policy is the proof that the attack is one."""
    if kind == "page":
        file = write_page(hostile, trace, tmp_path / "page")
    else:
        file = write_slides(hostile, tmp_path / "index.html")
    assert not tried(file)
    text = file.read_bytes()
    assert META.search(text)
    file.write_bytes(META.sub(b"", text))
    assert tried(file)
    if kind == "page":  # a policy that comes with the file from the server is as good
        with serving(file.parent) as served:
            assert not tried(f"http://127.0.0.1:{served.server_port}/")


def test_a_page_and_slides_have_no_script_in_attributes_and_say_their_policy_first(hostile, trace, look, tmp_path):
    attributes = "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
    for file in (write_page(hostile, trace, tmp_path / "page"), write_slides(hostile, tmp_path / "slides.html")):
        assert [name for name in look(file).evaluate(attributes) if name.startswith("on")] == []
        text = file.read_text()
        policy = META.search(text.encode())[1].decode()
        allowed = policy.split("script-src ")[1].split(";")[0]
        assert "unsafe" not in allowed
        assert text.index("Content-Security-Policy") < text.index("<title>")
    assert f'content="{FOLDER}"' in (tmp_path / "page" / "index.html").read_text()
    assert "<script>" not in (tmp_path / "page" / "index.html").read_text()


def test_data_for_a_script_has_nothing_that_a_parser_of_html_could_stop_at():
    text = json_data("lecture", {"said": "</script><!--<script>\u2028&amp;"})
    assert text.count("<") == 2
    assert text.endswith("</script>")


def test_what_is_put_into_slides_as_a_script_begins_no_comment_in_it():
    """Behind `<!--` and `<script`, an end of a script is none."""
    for path in REVEAL.glob("*.js"):
        assert not ("<!--" in (text := path.read_text()) and "<script" in text.split("<!--")[-1].split("-->")[0]), path


@pytest.mark.parametrize("value", ["red;}body{display:none", "#12345", "#1234567", "url(//x)", "</style><script>", ""])
def test_what_is_no_colour_never_becomes_css(lecture, value):
    with pytest.raises(ValueError, match="the colour ink should be written as #RRGGBB"):
        colours(replace(lecture.palette, ink=value))


def test_a_title_is_text_in_a_notebook(look, hostile, lecture, tmp_path):
    markup = ShownFilm(lecture.steps[0].clip, hostile.text, 1.0)._repr_html_()
    (tmp_path / "cell.html").write_text(f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{markup}")
    page = look(tmp_path / "cell.html")
    assert page.locator("video").get_attribute("aria-label") == hostile.text
    assert page.locator("body *").count() == 1
    assert page.evaluate(OWNED) is None
