"""A browser that hears every error and every request, and the tiny lecture as it was rendered."""

import os
import shutil
import sys
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from scenes.production.store import whole_trace
from scenes.publishing.rendered import Rendered
from scenes.publishing.serving import folder_handler, server

HOME = Path(__file__).parent
sys.path[:0] = [str(HOME), str(HOME.parents[1]), str(HOME.parents[1] / "core")]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: What a page may ask for without leaving the machine.
HERE = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "chrome-error:")
#: A sentence that would like to be markup, code, a place to fill in, or another line; whatever of it runs, says so.
HOSTILE = (
    "<img src=x onerror=globalThis.owned=1>"
    "</script></style></title></textarea><script>globalThis.owned=1</script>"
    "\"'` autofocus tabindex=0 onfocus=globalThis.owned=1 onmouseover='globalThis.owned=1' x=\""
    "<!--<script>]]><svg/onload=globalThis.owned=1><b>red</b> & blue &lt; green"
    "${globalThis.owned=1} {{constructor.constructor('globalThis.owned=1')()}} $title {0} \\u003c {\\an8}"
    "\u2028\u2029\u202e javascript:globalThis.owned=1 -->"
)


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium. Without one the tests are skipped, but never in CI."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)), playwright.chromium.executable_path)
        if not Path(path).exists():
            say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            say("there is no Chromium to look with: apt-get install chromium, or playwright install chromium")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def wait_for(page, what):
    """Wait until `what` is true. Playwright's own wait evaluates a text in the page, which our policies forbid."""
    for turn in count():
        if page.evaluate(what):
            return
        assert turn < 1000, f"it never came to this: {what}"
        page.wait_for_timeout(20)


@pytest.fixture
def look(chromium):
    """Open a file or an address; at the end, the page must have been quiet and have asked for nothing elsewhere."""
    faults, contexts = [], []

    def listen(page):
        page.wait_for_function = partial(wait_for, page)
        page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(HERE) else faults.append(asked.url))
        page.on("requestfailed", lambda asked: faults.append(f"{asked.url[:80]} {asked.failure}"))

    def opened(where, **settings):
        context = chromium.new_context(viewport={"width": 1280, "height": 720}, **settings)
        contexts.append(context)
        context.on("page", listen)
        page = context.new_page()
        page.goto(where if isinstance(where, str) else where.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def serving():
    """Serves a folder inside a block."""
    from answering import answering

    return lambda folder: answering(server(folder_handler(folder), 0))


@pytest.fixture(scope="session")
def lecture(finished):
    """The tiny lecture of two chapters and four steps."""
    return Rendered.read(finished.folder / "out")


@pytest.fixture(scope="session")
def trace(finished, lecture):
    return whole_trace(finished.folder / "trace.npz", lecture.steps)


def named(lecture, text):
    """`lecture` with `text` in every place that a sentence, a file or a model reaches."""
    chapters = [
        replace(
            chapter,
            title=text,
            steps=[
                replace(
                    step,
                    title=text,
                    narration=text,
                    beats=tuple(replace(beat, text=text) for beat in step.beats),
                    cues=tuple(replace(cue, lines=(text,)) for cue in step.cues),
                    shown=tuple({**entry, "shown": text} for entry in step.shown),
                )
                for step in chapter.steps
            ],
        )
        for chapter in lecture.chapters
    ]
    return replace(lecture, text=text, title=text, author=text, made=text, chapters=chapters)


@pytest.fixture(scope="session")
def hostile(lecture):
    return named(lecture, HOSTILE)


@pytest.fixture(scope="session")
def harmless(lecture):
    """The same characters in an order that means nothing."""
    return named(lecture, "".join(sorted({*HOSTILE})).strip())
