"""A lecture file says what follows what: steps, slides of one's own, cards, chapters that read something else."""

import json
from dataclasses import replace

import av
import pytest

from scenes.production.drawing import Job, sources_of, survey
from scenes.production.lecture_checks import MOST_STEPS
from scenes.production.lecture_file import read
from scenes.production.repertoire import Selection
from scenes.production.slide import Slide
from scenes.publishing.exhibits import exhibits, told_apart
from scenes.publishing.rendered import Rendered
from scenes.stage.captions import reading_seconds
from transformer_core.tracing.trace import NamedTensor, Trace

WORDS = {"lines": ("One line", "Another"), "say": "Look | closely."}


@pytest.fixture
def ordered(place):
    """An order in which steps change places, with slides, and with a chapter that reads another sentence."""
    trace = Trace.load(place.folder / "trace.npz")
    shares = trace["shares"]
    other = Trace(
        {"shares": NamedTensor("shares", shares.values[::-1] / 2, shares.axes, shares.labels)}, about=trace.about
    )
    saved = {"": place.store.trace(), "The dog is big": (other.save(place.folder / "other.npz"), "other")}
    place.store.trace = lambda text="", *_, **__: saved.get(text, saved[""])
    counting, alone = place.order().entries
    alone = replace(alone, text="The dog is big")
    slide, title = Slide.of("slide_1", "A <b> & question", **WORDS), Slide.of("title", "")
    end = Slide.of("end", "Thanks", licence="CC BY 4.0", asked="me@example.org", lines=("See you",))
    running = [
        Selection("title", (title,)), Selection("counting", (counting,), 2, 3), Selection("slide_1", (slide,)),
        Selection("counting", (counting,), 1, 1), Selection("other", (alone,)), Selection("end", (end,)),
    ]  # fmt: skip
    order = place.order(title="How it counts", author="A. Lecturer")
    told = {one: one.told("How it counts", "A. Lecturer", "The car is red", "tiny", "en") for one in (title, end)}
    running = [replace(part, entries=tuple(told.get(one, one) for one in part.entries)) for part in running]
    entries = list(dict.fromkeys(entry for part in running for entry in part.entries))
    return replace(order, entries=entries, running=tuple(running), outputs=("film", "slides", "page"))


def made(place, order):
    from scenes.production.studio import Studio

    studio = Studio(place.store, type("Quiet", (), {"begin": lambda *_: None, "advance": lambda *_: None})())
    return studio.film(order)


def test_film_captions_marks_index_and_sheets_follow_the_order_of_the_file(place, ordered):
    film = made(place, ordered).film
    index = json.loads((film.parent / "steps.json").read_text())
    names = ["title.1", "counting.2", "counting.3", "slide_1.1", "counting.1", "other.1", "end.1"]
    assert [f"{step['chapter']}.{step['number']}" for step in index["steps"]] == names
    with av.open(str(film)) as container:
        marks = [mark["metadata"]["title"] for mark in container.chapters()]
    assert marks == ["How it counts", "Two", "Three", "A <b> & question", "One <b>", "Alone", "Thanks"]
    assert [(c["name"], c["steps"], c["text"]) for c in index["chapters"]] == [
        ("title", 1, "The car is red"), ("counting", 4, "The car is red"),
        ("other", 1, "The dog is big"), ("end", 1, "The car is red"),
    ]  # fmt: skip
    captions = film.with_suffix(".srt").read_text()
    said = ["gets", "Done.", "Look", "closely.", "It begins.", "One."]
    assert sorted(said, key=captions.index) == said
    there = {path.name for path in film.parent.rglob("*")}
    assert {"slide_1-01.mp4", "title-01.png", "contact-sheet-counting.png", "contact-sheet-end.png"} <= there
    assert [s["start"] for s in index["steps"]] == sorted(s["start"] for s in index["steps"])


def test_slides_and_page_follow_too_and_a_word_of_a_slide_is_data(place, ordered, monkeypatch):
    from scenes.cli import publishing

    monkeypatch.setattr(publishing, "open_store", lambda: place.store)
    with publishing.published(ordered):
        made(place, ordered)
    slides = (ordered.output / "film-slides.html").read_text()
    places = [slides.index(f'id="{name}"') for name in ("title-1", "counting-2", "slide_1-1", "counting-1", "end-1")]
    assert places == sorted(places)
    page = (ordered.output / "page" / "index.html").read_text()
    assert "A &lt;b&gt; &amp; question" in page
    assert "A <b>" not in page
    assert page.index("counting-3") < page.index("slide_1-1") < page.index("counting-1")


def test_a_number_of_a_chapter_that_reads_another_sentence_is_looked_up_in_what_it_read(place, ordered):
    lecture = Rendered.read(made(place, ordered).film.parent)
    trace, other = (Trace.load(place.store.trace(text)[0]) for text in ("", "The dog is big"))
    found = exhibits(told_apart(lecture, trace, {"other": other}).steps, trace)
    assert list(found) == ["shares", "shares (The dog is big, tiny)"]
    assert found["shares"].tensor.values[1, 0] == 0.125
    assert found["shares (The dog is big, tiny)"].tensor.values[1, 0] == 0.125


def test_a_slide_shows_its_lines_and_lasts_as_long_as_it_is_read(place):
    silent = Slide.of("slide_1", "Title", lines=WORDS["lines"])
    spoken = Slide.of("slide_1", "Title", **WORDS)
    facts = []
    for slide in (silent, spoken):
        look = place.order().look
        facts += survey(Job(slide, place.folder / "trace.npz", "tiny", look, sources_of(slide)), lambda *_: None)
    assert facts[0].frames / 15 >= reading_seconds("Title One line Another")
    assert (facts[0].cues, facts[0].narration) == ((), "")
    assert facts[1].beats == ("Look", "closely.")
    assert facts[0].key != facts[1].key
    assert all(not one.untold for one in facts)


def test_cards_say_title_author_and_sentence_and_how_it_was_made_under_which_licence_and_where_to_ask():
    facts = ("How it counts", "A. Lecturer", "The car is red", "english-spanish")
    title = Slide.of("title", "").told(*facts, "en")
    assert (title.title, title.lines) == ("How it counts", ("A. Lecturer", "“The car is red”"))
    end = Slide.of("end", "Thanks", licence="CC BY 4.0", asked="me@example.org", lines=("See you",))
    told = end.told(*facts, "en").lines
    assert told[0] == "A. Lecturer"
    assert "transformer-lecture" in told[1]
    assert "english-spanish" in told[1]
    assert told[2:] == ("Licence: CC BY 4.0", "Questions: me@example.org", "See you")
    assert "Preguntas: me@example.org" in end.told(*facts, "es").lines


def test_a_change_of_a_slide_draws_that_slide_alone(place, ordered):
    made(place, ordered)
    (old,) = [entry for entry in ordered.entries if entry.name == "slide_1"]
    new = replace(old, lines=("Another",))
    running = [replace(p, entries=tuple(new if e == old else e for e in p.entries)) for p in ordered.running]
    entries = [new if entry == old else entry for entry in ordered.entries]
    again = made(place, replace(ordered, running=tuple(running), entries=entries))
    assert [step.chapter for step in again.new] == ["slide_1"]


def test_a_step_that_is_not_there_is_told_with_those_that_are(place, ordered):
    (counting, *_) = place.order().entries
    for first, last, wrong in ((2, 9, "counting.9"), (9, 9, "counting.9"), (9, 0, "counting.8")):
        order = replace(ordered, entries=[counting], running=(Selection("counting", (counting,), first, last),))
        with pytest.raises(ValueError, match=f"there is no step {wrong}: counting has steps 1 to 3"):
            made(place, order)


def test_steps_are_told_in_the_order_of_the_list_without_those_that_are_left_out(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("[[chapters]]\nname = 'scores'\nsteps = [5, '1-3', '7-']\nwithout = [2, 8]\n")
    lecture = read(path)
    assert [(p.first, p.last) for p in lecture.running] == [(5, 5), (1, 1), (3, 3), (7, 7), (9, 0)]
    assert [entry.name for entry in lecture.entries] == ["scores"]
    assert MOST_STEPS > 100


def test_a_chapter_that_comes_again_with_another_sentence_has_a_name_of_its_own(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text('chapters = ["scores", { name = "scores", sentence = "The dog is big" }]\n')
    first, second = read(path).entries
    assert (first.name, second.name, second.text) == ("scores", "scores_2", "The dog is big")
