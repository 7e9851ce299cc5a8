"""Quiz: cards beside a chapter, the same questions before and after the film, packages for platforms and for Anki."""

import csv
import html
import io
import json
import re
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as ET

import pytest
from answering import answering
from axe_playwright_python.sync_playwright import Axe

from scenes.publishing.cards import QuizCard
from scenes.publishing.page import write_page
from scenes.publishing.quiz import write_anki, write_scorm
from scenes.publishing.rendered import Rendered

CARDS = [
    QuizCard(
        "counting-q1", "counting", 1, "Counting", "How much is “red”?", ("Half", "A quarter", "All"), 1,
        "Because it was measured.", ("counting", 2), 1, "Two", ("shares",),
    ),
    QuizCard(
        "counting-q2", "counting", 1, "Counting", "Which comes first?", ("None", "The last", "=The first", "Both"), 2,
        "Because it is counted.", ("other", 1), 2, "Alone",
    ),
    QuizCard(
        "other-q1", "other", 2, "Other", "Is it alone?", ("No", "It is", "At times"), 1, "Because nobody is near."
    ),
]  # fmt: skip
#: A text that no line and no document of XML can hold.
BROKEN = '\t#deck:x\n"=1\x00\x1b[2J <&>'
RIGHT = {card.name: card.answer for card in CARDS}
SKELETON = """[...document.querySelectorAll("*:not(wbr)")].map(
    (one) => [one.tagName, ...one.getAttributeNames().sort()].join(" "))"""


@pytest.fixture(scope="session")
def page_file(lecture, trace, tmp_path_factory):
    return write_page(lecture, trace, tmp_path_factory.mktemp("quiz") / "page", cards=CARDS)


@pytest.fixture
def page(look, page_file):
    return look(page_file)


def answer(panel, choose):
    """Answer all questions from the one that is asked on, by what `choose` says of each; return their order."""
    asked = []
    while panel.locator("form").count():
        text = panel.locator("legend").text_content()
        (card,) = [card for card in CARDS if card.text == text]
        asked.append(card.name)
        panel.get_by_role("radio", name=choose(card), exact=True).check()
        panel.locator("form button[type=submit]").click()
    return asked


def wrong(card):
    return card.choices[card.right - 1]


def take_both(page):
    """Before the film one is right, after it all are."""
    orders = []
    for name, choose in (
        ("Before the film", lambda card: card.answer if card is CARDS[0] else wrong(card)),
        ("After the film", lambda card: card.answer),
    ):
        panel = page.get_by_role("region", name=name)
        panel.get_by_role("button", name="Begin").click()
        orders.append(answer(panel, choose))
    return orders


def table(page):
    """The result: each question with its marks before and after."""
    rows = page.locator("#quiz-after tbody tr").all()
    return {row.locator("summary").text_content(): row.locator("td .unseen").all_text_contents() for row in rows}


def test_before_and_after_ask_the_same_in_another_order_and_stand_side_by_side(page):
    before, after = take_both(page)
    assert sorted(before) == sorted(after) == [card.name for card in CARDS]
    assert before != after
    assert page.locator("#quiz-before .score").text_content() == "1 of 3 right"
    assert page.locator("#quiz-after thead b").all_text_contents() == ["1 of 3 right", "3 of 3 right"]
    assert table(page) == {
        CARDS[0].text: ["right", "right"],
        CARDS[1].text: ["not right", "right"],
        CARDS[2].text: ["not right", "right"],
    }


def test_who_does_not_know_says_so_and_need_not_guess(page):
    for name in ("Before the film", "After the film"):
        panel = page.get_by_role("region", name=name)
        panel.get_by_role("button", name="Begin").click()
        while panel.locator("form").count():
            panel.get_by_role("button", name="I do not know").click()
    assert panel.locator("thead b").all_text_contents() == ["0 of 3 right", "0 of 3 right"]
    panel.locator("summary").first.click()
    assert "You chose: I do not know" in panel.locator("tbody tr").first.text_content()
    page.reload()
    assert page.locator("#quiz-before .score").text_content() == "0 of 3 right", "it is kept as an answer"


def test_before_the_film_nothing_is_given_away_and_afterwards_each_answer_has_its_reason(page):
    panel = page.get_by_role("region", name="Before the film")
    panel.get_by_role("button", name="Begin").click()
    answer(panel, wrong)
    assert panel.locator(".score").text_content() == "0 of 3 right"
    assert not any(card.because in panel.text_content() for card in CARDS)
    panel = page.get_by_role("region", name="After the film")
    panel.get_by_role("button", name="Begin").click()
    answer(panel, wrong)
    for card, row in zip(CARDS, panel.locator("tbody tr").all(), strict=True):
        row.locator("summary").click()
        told = row.text_content()
        assert all(text in told for text in (f"You chose: {wrong(card)}", card.answer, card.because))


def test_a_quiz_is_taken_by_keyboard_and_the_keys_of_the_film_stay_out_of_it(page):
    panel = page.get_by_role("region", name="Before the film")
    panel.get_by_role("button", name="Begin").focus()
    page.keyboard.press("Enter")
    for place in (1, 2, 3):
        assert panel.get_by_role("progressbar").get_attribute("aria-label") == f"Question {place} of 3"
        assert page.evaluate("document.activeElement.type") == "radio"
        page.keyboard.press("Enter")
        assert panel.get_by_role("status").text_content() == "Choose an answer first."
        page.keyboard.press("ArrowDown")
        assert panel.locator("input").nth(1).is_checked()
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Before the film"
    assert page.evaluate("document.getElementById('film').currentTime") == 0
    assert panel.locator(".score").text_content() == f"{sum(card.right == 1 for card in CARDS)} of 3 right"


def test_answers_are_kept_in_the_browser_and_a_quiz_goes_on_where_it_was_left(page):
    panel = page.get_by_role("region", name="Before the film")
    panel.get_by_role("button", name="Begin").click()
    panel.get_by_role("radio").first.check()
    panel.get_by_role("button", name="Next").click()
    page.reload()
    panel.get_by_role("button", name="Go on: 1 of 3 are answered").click()
    assert panel.get_by_role("progressbar").get_attribute("aria-label") == "Question 2 of 3"
    panel.get_by_role("button", name="Back").click()
    assert panel.get_by_role("radio").first.is_checked()
    answer(panel, wrong)
    page.reload()
    assert panel.locator(".score").text_content() == "0 of 3 right"
    panel.get_by_role("button", name="Begin again").click()
    page.reload()
    assert panel.get_by_role("button", name="Begin").is_visible()


@pytest.mark.parametrize("kept", ["null", "{", '{"before": {"counting-q1": 99, "other-q1": "x"}}', "[1]"])
def test_what_a_browser_keeps_may_be_damaged_or_of_somebody_else(page, kept):
    page.evaluate("text => localStorage.setItem(`quiz ${JSON.parse(quiz.textContent).name}`, text)", kept)
    page.reload()
    assert page.get_by_role("button", name="Begin").count() == 2


def test_a_browser_that_keeps_nothing_shows_the_quiz_all_the_same(look, page_file):
    page = look("about:blank")
    page.add_init_script(
        "for (const one of ['getItem', 'setItem']) Storage.prototype[one] = () => { throw Error(one); };"
    )
    page.goto(page_file.as_uri())
    take_both(page)
    assert table(page)[CARDS[1].text] == ["not right", "right"]


def test_a_learner_takes_the_answers_along_as_a_table_or_as_data(page):
    take_both(page)
    got = {}
    for kind in ("CSV", "JSON"):
        with page.expect_download() as loading:
            page.get_by_role("button", name=f"Download as {kind}").click()
        assert loading.value.suggested_filename == f"quiz.{kind.lower()}"
        got[kind] = loading.value.path().read_text(encoding="utf-8-sig")
    rows = json.loads(got["JSON"])
    assert {(row["round"], row["question"]): row["right"] for row in rows} == {
        (kind, card.name): kind == "after" or card is CARDS[0] for kind in ("before", "after") for card in CARDS
    }
    read = list(csv.DictReader(io.StringIO(got["CSV"], newline="")))
    assert [row["text"] for row in read] == [row["text"] for row in rows]
    assert {row["question"]: row["right answer"] for row in read} == {**RIGHT, "counting-q2": "'=The first"}


def test_a_film_that_begins_with_a_later_step_has_the_cards_of_its_chapter_whatever_that_is_called(
    look, lecture, trace, tmp_path
):
    name, first = "my chapter", lecture.chapters[0]
    later = [replace(step, chapter=name) for step in first.steps[1:]]
    film = replace(lecture, chapters=[replace(first, name=name, steps=later), *lecture.chapters[1:]])
    cards = [replace(CARDS[0], chapter=name, place=(name, 2)), *CARDS[2:]]
    page = look(write_page(film, trace, tmp_path / "page", cards=cards))
    asked = page.locator(".chapter .cards legend").all_text_contents()
    assert asked == [CARDS[0].text, CARDS[2].text]


def test_a_card_of_a_chapter_tells_right_from_wrong_and_leads_to_the_step_that_answers(page, lecture):
    cards = page.get_by_role("region", name="Questions on “Counting”")
    assert cards.locator("form").count() == 2
    form, status = cards.locator("form").first, cards.locator("form").first.get_by_role("status")
    form.get_by_role("button", name="Check").click()
    assert status.text_content() == "Choose an answer first."
    form.get_by_role("radio", name="Half").check()
    form.get_by_role("button", name="Check").click()
    assert "Not so: try again." in status.text_content()
    assert CARDS[0].because not in status.text_content()
    form.get_by_role("radio", name="A quarter").check()
    assert status.text_content() == ""
    form.get_by_role("button", name="Check").click()
    assert status.text_content() == "Right.Because it was measured.In the film: TwoRead from shares"
    status.get_by_role("link", name="Two").click()
    assert page.evaluate("document.getElementById('film').currentTime") == pytest.approx(
        lecture.steps[1].start, abs=0.01
    )
    page.reload()
    assert form.get_by_role("radio", name="A quarter").is_checked()
    assert "Right." in status.text_content()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_can_be_used_by_all_in_both_themes_and_on_a_telephone(look, page_file, scheme, width):
    page = look(page_file, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 780})
    form = page.locator(".cards form").first
    form.get_by_role("radio").first.check()
    form.get_by_role("button").click()
    page.get_by_role("region", name="Before the film").get_by_role("button", name="Begin").click()
    faults = Axe().run(page, options={"preload": False}).response["violations"]
    page.reload()
    take_both(page)
    page.locator("#quiz-after summary").first.click()
    faults += Axe().run(page, options={"preload": False}).response["violations"]
    assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_page_without_questions_shows_no_quiz(look, lecture, trace, tmp_path):
    page = look(write_page(lecture, trace, tmp_path / "page"))
    assert page.locator(".quiz, .cards").count() == 0


def test_a_quiz_is_in_the_language_of_its_film(look, lecture, trace, tmp_path):
    page = look(write_page(replace(lecture, language="es"), trace, tmp_path / "page", cards=CARDS))
    panel = page.get_by_role("region", name="Antes de la película")
    panel.get_by_role("button", name="Empezar").click()
    assert panel.get_by_role("progressbar").get_attribute("aria-label") == "Pregunta 1 de 3"


def named(text):
    """The cards with `text` in every place that a sentence or a model reaches."""
    return [
        replace(
            card,
            title=text,
            text=text,
            choices=tuple(f"{at}{text}" for at in range(3)),
            right=0,
            because=text,
            step=text,
        )
        for card in CARDS
    ]


def quiz_of(cards, title="Mine", text="The car is red", language="en"):
    return Rendered.without_film(text, "dark", language, title), cards


def test_a_hostile_sentence_is_text_in_every_card(look, lecture, trace, hostile, harmless, tmp_path):
    found = {}
    for kind, text in {"hostile": hostile.text, "harmless": harmless.text}.items():
        page = look(write_page(lecture, trace, tmp_path / kind, cards=named(text)))
        for panel in (page.locator("#quiz-before"), page.locator("#quiz-after")):
            panel.get_by_role("button", name="Begin").click()
            while panel.locator("form").count():
                panel.get_by_role("radio").first.check()
                panel.locator("form button[type=submit]").click()
        assert page.locator(".card legend").first.text_content() == text
        assert page.locator("#quiz-after .answer").first.text_content() == f"0{text}"
        assert page.evaluate("globalThis.owned") is None
        found[kind] = page.evaluate(SKELETON)
    assert found["hostile"] == found["harmless"]


def unpacked(quiz, folder):
    """The files of a package."""
    with zipfile.ZipFile(write_scorm(*quiz, folder / "quiz.zip")) as archive:
        archive.extractall(folder / "package")
    return folder / "package"


IMS, ADL = "{http://www.imsproject.org/xsd/imscp_rootv1p1p2}", "{http://www.adlnet.org/xsd/adlcp_rootv1p2}"
#: Of content packaging as SCORM 1.2 has it: what an element must have, in this order, and its attributes.
RULES = {
    "manifest": (("metadata", "organizations", "resources"), {"identifier", "version"}),
    "metadata": (("schema", "schemaversion"), set()),
    "organizations": (("organization",), {"default"}),
    "organization": (("title", "item", ...), {"identifier"}),
    "item": (("title",), {"identifier", "identifierref", "parameters"}),
    "resources": (("resource",), set()),
    "resource": (("file", ...), {"identifier", "type", "href", f"{ADL}scormtype"}),
}


def faults_of_manifest(root, files):
    """The faults for which a strict platform would refuse a package."""
    found = []
    for element in root.iter():
        kind = element.tag.removeprefix(IMS)
        inside, attributes = RULES.get(kind, ((), set(element.keys())))
        kinds = tuple(child.tag.removeprefix(IMS) for child in element)
        if ... in inside:  # as many of the last kind as there are
            inside = (*inside[:-1], *(len(kinds) - len(inside) + 1) * inside[-2:-1])
        if kinds != inside:
            found.append(f"{kind} has {kinds}")
        if {*element.keys()} != attributes:
            found.append(f"{kind} has the attributes {element.keys()}")
    identifiers = [element.get("identifier") for element in root.iter() if element.get("identifier")]
    resource = root.find(f"{IMS}resources/{IMS}resource")
    checks = {
        "identifiers twice": len({*identifiers}) == len(identifiers),
        "identifiers are names": all(re.fullmatch(r"[A-Za-z_][\w.-]*", one) for one in identifiers),
        "default names the organization": root.find(f"{IMS}organizations").get("default")
        == root.find(f".//{IMS}organization").get("identifier"),
        "items name the resource": {one.get("identifierref") for one in root.iter(f"{IMS}item")}
        == {resource.get("identifier")},
        "version": [e.text for e in root.find(f"{IMS}metadata")] == ["ADL SCORM", "1.2"],
        "it can be launched": (resource.get("type"), resource.get(f"{ADL}scormtype")) == ("webcontent", "sco"),
        "all files are listed": {e.get("href") for e in resource} == files - {"imsmanifest.xml"},
        "what is opened is listed": resource.get("href") in {e.get("href") for e in resource},
    }
    return found + [what for what, holds in checks.items() if not holds]


def test_a_package_has_a_manifest_as_scorm_prescribes_it_whatever_the_sentence(tmp_path, hostile):
    text = hostile.text + BROKEN
    package = unpacked(quiz_of(named(text), title=text, text=text), tmp_path)
    files = {path.name for path in package.iterdir()}
    assert files == {"imsmanifest.xml", "index.html", "quiz.css", "common.js", "scorm.js", "quiz.js"}
    assert faults_of_manifest(ET.parse(package / "imsmanifest.xml").getroot(), files) == []


PLANTED = (
    ('identifierref="page"', 'identifierref="pages"'),
    (' parameters="?counting"', ""),
    ('scormtype="sco"', 'scormtype="asset"'),
    ("<schema>", "<title>x</title><schema>"),
    ('default="lecture"', 'default="x"'),
    ('<file href="quiz.js" />', ""),
    ('identifier="page"', 'identifier="1 page"'),
)


def test_a_manifest_that_a_platform_would_refuse_is_found(tmp_path):
    package = unpacked(quiz_of(CARDS), tmp_path)
    text, files = (package / "imsmanifest.xml").read_text(encoding="utf-8"), {path.name for path in package.iterdir()}
    assert faults_of_manifest(ET.fromstring(text), files) == []
    for planted in PLANTED:
        assert planted[0] in text
        assert faults_of_manifest(ET.fromstring(text.replace(*planted, 1)), files), planted


#: A platform as SCORM 1.2 has it, in the window that shows the package; it keeps what was set, and the order of calls.
PLATFORM = """if (window === top) {
  window.set = JSON.parse(sessionStorage.getItem("set") ?? '{"cmi.core.lesson_status": "not attempted"}');
  window.calls = [];
  window.API = {
    LMSInitialize: (text) => { calls.push("Initialize"); return text === "" ? "true" : "false"; },
    LMSGetValue: (name) => set[name] ?? "",
    LMSSetValue: (name, value) => {
      if (typeof value !== "string") throw Error("a value is a text");
      set[name] = value; sessionStorage.setItem("set", JSON.stringify(set)); calls.push(name); return "true";
    },
    LMSCommit: () => { calls.push("Commit"); return "true"; },
    LMSFinish: () => { calls.push("Finish"); return "true"; },
  };
}"""


@pytest.fixture
def platform(look, tmp_path):
    """A page of a platform with the package in a frame."""
    unpacked(quiz_of(CARDS), tmp_path)
    frame = '<iframe src="package/index.html?counting" width="1000" height="680"></iframe>'
    head = '<!doctype html><link rel="icon" href="data:,"><title>Course</title>'
    (tmp_path / "index.html").write_text(head + frame)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as one:
        page = look("about:blank")
        page.add_init_script(PLATFORM)
        page.goto(f"http://127.0.0.1:{one.server_port}/")
        yield page


def test_a_learning_platform_gets_score_status_and_each_answer(platform):
    frame = platform.frame_locator("iframe")
    panel = frame.locator("#quiz-counting")
    assert frame.locator(".quiz").count() == 1
    assert platform.evaluate("set")["cmi.core.lesson_status"] == "incomplete"
    panel.get_by_role("button", name="Begin").click()
    assert answer(panel, lambda card: wrong(card) if card is CARDS[1] else card.answer) == [c.name for c in CARDS[:2]]
    told = platform.evaluate("set")
    assert told["cmi.core.score.raw"] == "50"
    assert (told["cmi.core.score.min"], told["cmi.core.score.max"]) == ("0", "100")
    assert told["cmi.core.lesson_status"] == "completed"
    assert [told[f"cmi.interactions.{at}.id"] for at in range(2)] == [card.name for card in CARDS[:2]]
    assert [told[f"cmi.interactions.{at}.result"] for at in range(2)] == ["correct", "wrong"]
    assert [told[f"cmi.interactions.{at}.correct_responses.0.pattern"] for at in range(2)] == ["b", "c"]
    assert len(told["cmi.suspend_data"]) <= 4096
    assert platform.evaluate("calls")[0] == "Initialize"
    assert platform.evaluate("calls")[-1] == "Commit"
    platform.locator("iframe").evaluate("frame => frame.remove()")
    assert platform.evaluate("calls")[-1] == "Finish"


def test_a_platform_lets_a_learner_go_on_where_the_quiz_was_left(platform):
    panel = platform.frame_locator("iframe").locator("#quiz-counting")
    panel.get_by_role("button", name="Begin").click()
    panel.get_by_role("radio").first.check()
    panel.get_by_role("button", name="Next").click()
    platform.reload()
    panel.get_by_role("button", name="Go on: 1 of 2 are answered").click()
    assert panel.get_by_role("progressbar").get_attribute("aria-label") == "Question 2 of 2"


def test_the_page_of_a_package_works_without_a_platform_from_a_disk(look, tmp_path):
    page = look(unpacked(quiz_of(CARDS), tmp_path) / "index.html")
    assert page.locator(".quiz h2").all_text_contents() == ["Counting", "Other"]
    panel = page.get_by_role("region", name="Counting")
    panel.get_by_role("button", name="Begin").click()
    answer(panel, lambda card: card.answer)
    assert panel.locator(".score").text_content() == "2 of 2 right"
    panel.locator("summary").first.click()
    assert "In the film: chapter 1, “Two”" in panel.text_content()
    faults = Axe().run(page, options={"preload": False}).response["violations"]
    assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []


def test_the_same_quiz_has_the_same_bytes(tmp_path):
    for write, name in ((write_scorm, "quiz.zip"), (write_anki, "quiz.txt")):
        made = [write(*quiz_of(CARDS), tmp_path / f"{at}-{name}").read_bytes() for at in range(2)]
        assert made[0] == made[1]


def notes_in(path):
    """Notes of a text file as the manual of Anki describes it: lines of keys that begin with #, then a note a line."""
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    head = dict(line[1:].split(":", 1) for line in lines if line.startswith("#"))
    rows = [line.split({"tab": "\t"}[head["separator"]]) for line in lines if not line.startswith("#")]
    columns = {int(head[f"{name} column"]) - 1: name for name in ("guid", "deck", "tags")}
    assert {len(row) for row in rows} == {5}
    fields = [at for at in range(5) if at not in columns]
    return head, [
        {name: row[at] for at, name in columns.items()}
        | dict(zip(("front", "back"), [row[at] for at in fields], strict=True))
        for row in rows
    ]


def seen(field):
    """The text of a field of HTML."""
    return html.unescape(re.sub("<[^<>]*>", "|", field))


def test_anki_reads_a_note_for_each_card_in_a_deck_for_each_chapter(tmp_path):
    head, notes = notes_in(write_anki(*quiz_of(CARDS), tmp_path / "quiz.txt"))
    assert (head["html"], head["notetype"]) == ("true", "Basic")
    assert [note["deck"] for note in notes] == ["Mine::01 Counting", "Mine::01 Counting", "Mine::02 Other"]
    for card, note in zip(CARDS, notes, strict=True):
        assert [part for part in seen(note["front"]).split("|") if part] == [card.text, *card.choices]
        assert [part for part in seen(note["back"]).split("|") if part][:2] == [card.answer, card.because]
    assert "In the film: chapter 1, “Two”" in seen(notes[0]["back"])
    assert "Read from shares" in seen(notes[0]["back"])


def test_a_note_is_known_again_by_sentence_and_language_and_by_no_other_card(tmp_path):
    same, other, spanish = (
        [note["guid"] for note in notes_in(write_anki(*quiz_of(CARDS, **change), tmp_path / "quiz.txt"))[1]]
        for change in ({"title": "Another title"}, {"text": "the red car"}, {"language": "es"})
    )
    first = [note["guid"] for note in notes_in(write_anki(*quiz_of(CARDS), tmp_path / "quiz.txt"))[1]]
    assert same == first
    assert len({*first, *other, *spanish}) == 3 * len(CARDS)


def test_a_hostile_sentence_is_text_in_the_notes_of_anki(tmp_path, hostile):
    for text in (hostile.text, BROKEN):
        head, notes = notes_in(write_anki(*quiz_of(named(text), title=text, text=text), tmp_path / "quiz.txt"))
        assert len(head) == 6
        assert len(notes) == len(CARDS)
        for note in notes:
            tags = {*re.findall("<(/?[a-z]+)", note["front"] + note["back"])}
            assert tags <= {"ol", "/ol", "li", "/li", "b", "/b", "br", "small", "/small"}
