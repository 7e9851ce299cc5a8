"""The site of the documentation: it builds strictly, its links lead somewhere, and it loads nothing from elsewhere."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
#: Elements by which a browser loads something, and the attribute that says from where.
LOADED = {"img": "src", "script": "src", "link": "href", "video": "src", "source": "src", "iframe": "src"}


class Page(HTMLParser):
    """The places that a page has, what it links to, and what a browser loads with it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.places, self.links, self.loaded = {""}, [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.places |= {facts[name] for name in ("id", "name") if facts.get(name)}
        if tag == "a" and facts.get("href"):
            self.links.append(facts["href"])
        if facts.get(LOADED.get(tag, "")) and facts.get("rel") not in {"canonical", "next", "prev"}:
            self.loaded.append(facts[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    # Nothing is reached while it is built: there is no way out through a proxy that nobody runs.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **nowhere}, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_local_link_leads_to_a_place_that_is_there(site, pages):
    wrong = []
    for path, page in pages.items():
        for link in {*page.links, *page.loaded}:
            parts = urlsplit(link)
            if parts.scheme or path.name == "404.html":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            places = pages[target].places if target in pages else {unquote(parts.fragment)}
            if not (target.is_relative_to(site) and target.is_file()) or unquote(parts.fragment) not in places:
                wrong.append(f"{path.relative_to(site)}: {link}")
    assert not wrong


def test_every_page_of_the_documentation_is_on_the_site(pages, site):
    names = {path.relative_to(site).with_suffix(".md").as_posix() for path in pages}
    docs = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert docs <= names
    assert {"contributing.md", "changelog.md", "notebook.md", "api/index.md", "experiments/induction.md"} <= names


def test_no_comment_of_a_page_is_shown_or_found(pages, site):
    shown = re.compile(r"(held|measured) by (tests/|python |\./lecture )")
    inline = re.compile(r"<code>[^<]*</code>")
    assert not [path.name for path, page in pages.items() if shown.search(inline.sub("", page.text))]
    assert not re.search(r"held by tests/core", (site / "search" / "search_index.js").read_text(encoding="utf-8"))


def test_equations_and_shapes_of_docstrings_are_set_as_such(pages, site):
    page = pages[site / "api" / "core.html"].text
    assert "softmax(QKᵀ / √d<sub>k</sub>) V" in page
    assert "MultiHead(Q, K, V) = Concat(head<sub>1</sub>, ..., head<sub>h</sub>) W<sub>O</sub>" in page
    assert '"batch head query d_head"' in unescape(re.sub(r"<[^>]*>", "", page))


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no Chromium")
def test_from_a_disk_it_is_searched_and_nothing_is_asked_of_the_network(site):
    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        for name in ("index.html", "api/core.html", "figures.html", "notebook.html", "experiments.html"):
            page.goto(f"file://{site}/{name}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        page.goto(f"file://{site}/index.html")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.click(".md-search__input")
        page.keyboard.type("logit lens")
        page.wait_for_selector(".md-search-result__link >> nth=0")
        assert "logit_lens" in page.inner_text(".md-search-result__list")
        browser.close()
    assert asked
    assert not [url for url in asked if urlsplit(url).scheme not in {"file", "data", "blob"}]
