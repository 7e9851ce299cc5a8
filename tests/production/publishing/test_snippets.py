"""The snippets of docs/slides.md, taken from the page and run as far as their tools are at hand."""

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from pptx import Presentation

ROOT = Path(__file__).resolve().parents[3]
REVEAL = ROOT / "assets" / "reveal"
PAGE = (ROOT / "docs" / "slides.md").read_text(encoding="utf-8")
CLIP = "document.querySelector('video')"


def snippets(heading, kind):
    """The code of a kind below a heading."""
    section = re.split(r"^### ", PAGE.split(f"\n### {heading}\n")[1], flags=re.MULTILINE)[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(lecture, tmp_path):
    """A folder such as the page speaks of, with the first clip of the tiny lecture as the second of scores."""
    for source in (lecture.steps[0].clip, lecture.steps[0].poster):
        (tmp_path / source.parent.name).mkdir()
        shutil.copy(source, tmp_path / source.parent.name / f"scores-02{source.suffix}")
    shutil.copy(lecture.folder / "steps.json", tmp_path)
    return tmp_path


def run(tool, *arguments, package, folder):
    if shutil.which(tool) is None:
        pytest.skip(f"there is no {tool} to read it with: apt-get install {package}")
    done = subprocess.run([tool, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_clip_in_a_deck_of_reveal_stops_at_its_beats(look, lecture, folder):
    (section,), (script,) = snippets("reveal.js", "html"), snippets("reveal.js", "js")
    first, second = lecture.steps[0].parts("beat")
    section = section.replace("4.2 9.8", f"{second.start}").replace('<span class="fragment"></span>', "", 1)
    (folder / "deck.html").write_text(
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{(REVEAL / "reveal.css").as_uri()}">'
        f'<div class="reveal"><div class="slides"><section>Mine</section>{section}</div></div>'
        f'<script src="{(REVEAL / "reveal.js").as_uri()}"></script><script>Reveal.initialize(); {script}</script>'
    )
    page = look(folder / "deck.html")
    for part in (first, second):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"!{CLIP}.paused && {CLIP}.currentTime > {part.start}")
        page.evaluate(f"{CLIP}.playbackRate = 4")
        page.wait_for_function(f"{CLIP}.paused")
        assert page.evaluate(f"{CLIP}.currentTime") == pytest.approx(part.end, abs=0.2)
    assert page.evaluate("Reveal.isLastSlide()")


def test_the_sections_of_a_folder_have_its_clips_and_beats(lecture, folder, monkeypatch, capsys):
    (script,) = snippets("reveal.js", "python")
    (folder / "sections.py").write_text(script)
    monkeypatch.chdir(folder)
    runpy.run_path("sections.py")
    sections = capsys.readouterr().out.split("</section>\n")[:-1]
    for section, step in zip(sections, lecture.steps, strict=True):
        assert f'src="clips/{step.clip.name}"' in section
        starts = [part.start for part in step.parts("beat")[1:]]
        assert f'data-stops="{" ".join(f"{start:.2f}" for start in starts)}"' in section
        assert section.count("fragment") == len(starts)


def test_pandoc_makes_of_the_page_for_quarto_a_slide_with_the_clip_behind_it(folder):
    (page,) = snippets("Quarto", "markdown")
    (folder / "deck.qmd").write_text(page)
    run(
        "pandoc",
        "-t",
        "revealjs",
        "-s",
        "-o",
        "deck.html",
        "-f",
        "markdown",
        "deck.qmd",
        package="pandoc",
        folder=folder,
    )
    made = (folder / "deck.html").read_text()
    assert re.search(r'<section[^>]*data-background-video="clips/scores-02\.mp4"', made)
    assert made.count("<section") == 3
    assert all((folder / name).is_file() for name in re.findall(r"clips/[\w.-]+", page))


def test_latex_makes_a_pdf_that_names_the_clip_and_shows_its_last_picture(folder):
    (source,) = snippets("Beamer", "latex")
    (folder / "deck.tex").write_text(source)
    options = ("-interaction=nonstopmode", "-halt-on-error", r"\pdfcompresslevel=0\pdfobjcompresslevel=0\input{deck}")
    run("pdflatex", "-jobname=deck", *options, package="texlive-latex-recommended", folder=folder)
    made = (folder / "deck.pdf").read_bytes()
    assert re.search(rb"/Subtype\s*/Movie", made)
    assert b"(clips/scores-02.mp4)" in made
    assert re.search(rb"/Subtype\s*/Image", made)


def test_the_script_for_google_slides_asks_for_a_slide_and_a_film_for_each_clip(chromium):
    (script,) = snippets("Google Slides", "js")
    page = chromium.new_page()
    sent = page.evaluate(
        f"""() => {{
        const sent = [];
        let count = 0;
        const SlidesApp = {{ getActivePresentation: () => ({{
          getPageWidth: () => 720, getPageHeight: () => 405, getId: () => "deck" }}) }};
        const Utilities = {{ getUuid: () => `uuid-${{count++}}` }};
        const DriveApp = {{ getFilesByName: (name) => ({{ next: () => ({{ getId: () => `file of ${{name}}` }}) }}) }};
        const Slides = {{ Presentations: {{ batchUpdate: (body, deck) => sent.push([body, deck]) }} }};
        {script}
        addClips();
        return sent;
        }}"""
    )
    page.close()
    assert [deck for _, deck in sent] == ["deck"] * 3
    for k, (body, _) in enumerate(sent, 1):
        slide, film, plays = body["requests"]
        place, name = slide["createSlide"]["objectId"], film["createVideo"]["objectId"]
        assert film["createVideo"] == {
            "objectId": name, "source": "DRIVE", "id": f"file of scores-0{k}.mp4",
            "elementProperties": {
                "pageObjectId": place,
                "size": {"width": {"magnitude": 720, "unit": "PT"}, "height": {"magnitude": 405, "unit": "PT"}},
            },
        }  # fmt: skip
        assert plays["updateVideoProperties"] == {
            "objectId": name, "fields": "autoPlay", "videoProperties": {"autoPlay": True}
        }  # fmt: skip
        assert place != name


def test_a_script_puts_a_clip_into_a_presentation(folder, monkeypatch):
    (script,) = snippets("PowerPoint", "python")
    (folder / "insert.py").write_text(script)
    Presentation().save(folder / "my.pptx")
    monkeypatch.chdir(folder)
    runpy.run_path("insert.py")
    (slide,) = Presentation("mine.pptx").slides
    media = [one.target_part.blob for one in slide.part.rels.values() if one.reltype.endswith("/media")]
    assert media == [(folder / "clips" / "scores-02.mp4").read_bytes()]
