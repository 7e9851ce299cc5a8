"""A browser that hears every error and every request, and the tiny lecture as it was rendered."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scenes.publishing.rendered import Rendered

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: What a page may ask for without leaving the machine.
HERE = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "chrome-error:")
HOSTILE = "</script></style>\"'><img src=x onerror=\"document.title='owned'\"><b>red</b> & blue"


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


@pytest.fixture
def look(chromium):
    """Open a file or an address; at the end, the page must have been quiet and have asked for nothing elsewhere."""
    faults, contexts = [], []

    def listen(page):
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
def lecture(finished):
    """The tiny lecture of two chapters and four steps."""
    return Rendered.read(finished.folder / "out")


@pytest.fixture(scope="session")
def hostile(lecture):
    """The same, with a sentence that would like to be HTML, in every place that a sentence reaches."""
    chapters = [
        replace(
            chapter,
            title=HOSTILE,
            steps=[replace(step, title=HOSTILE, narration=HOSTILE) for step in chapter.steps],
        )
        for chapter in lecture.chapters
    ]
    return replace(lecture, text=HOSTILE, title=HOSTILE, chapters=chapters)
