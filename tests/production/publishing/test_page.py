"""Page: a folder for a course, in a browser, from a disk and from a server."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from scenes.language import catalogue, languages
from scenes.language.sentences import places
from scenes.production.belongings import LIST, listed, take
from scenes.publishing.markup import HERE
from scenes.publishing.page import write_page
from scenes.publishing.quiz import SCRIPTS as OF_A_PACKAGE
from scenes.publishing.wording import SAID, SCRIPTS, SPEAKING, VIEWS, said_in, script_texts
from transformer_core.studies.axes import ALL_AXES
from transformer_core.tracing.trace import NamedTensor, Trace

FILM = "document.getElementById('film')"
SHARES = "#counting-1 .tensor"
TEMPLATES = ("page.html", "player.html", "trying.html", "anki.txt")
#: The background in the dark and in the light.
PAPERS = ("rgb(15, 20, 25)", "rgb(251, 248, 242)")


@pytest.fixture(scope="session")
def page_file(lecture, trace, tmp_path_factory):
    return write_page(replace(lecture, captioned="track"), trace, tmp_path_factory.mktemp("page") / "page")


@pytest.fixture(scope="module")
def served(page_file, serving):
    with serving(page_file.parent) as one:
        yield f"http://127.0.0.1:{one.server_port}/"


@pytest.fixture(params=["disk", "server"])
def page(request, look, page_file, served):
    return ready(look(page_file if request.param == "disk" else served))


@pytest.fixture
def disk(look, page_file):
    return ready(look(page_file))


def ready(page):
    page.wait_for_function(f"{FILM}.readyState >= 2")
    return page


def current(page, kind):
    return page.locator(f"{kind}[aria-current]")


def time(page):
    return page.evaluate(f"{FILM}.currentTime")


def test_the_film_plays_and_the_transcript_follows_it(page, lecture):
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    page.wait_for_function(f"{FILM}.currentTime > 0")
    page.evaluate(f"{FILM}.playbackRate = 8")
    last = lecture.steps[-1]
    page.locator(f"#{last.chapter}-{last.number}[aria-current]").wait_for()
    assert current(page, ".cue").text_content() == last.cues[-1].text
    assert current(page, ".chapters a").locator("span").text_content() == lecture.chapters[-1].title
    page.wait_for_function(f"{FILM}.ended")
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_a_click_on_what_was_said_takes_the_film_there(page, lecture):
    step = lecture.steps[0]
    cue = step.cues[1]
    page.get_by_role("link", name=cue.text, exact=True).click()
    assert time(page) == pytest.approx(step.start + cue.start, abs=0.01)
    page.wait_for_function(f"!{FILM}.seeking")
    assert current(page, ".cue").text_content() == cue.text
    page.locator(".chapters a").nth(1).click()
    assert time(page) == pytest.approx(lecture.chapters[1].start, abs=0.01)


def test_captions_are_text_over_a_clean_picture_and_say_what_the_transcript_says(page, lecture):
    captions = page.get_by_role("button", name="Captions")
    for mode in ("showing", "hidden", "showing"):
        assert page.evaluate(f"{FILM}.textTracks[0].mode") == mode
        assert captions.get_attribute("aria-pressed") == str(mode == "showing").lower()
        captions.click()
    captions.click()
    page.wait_for_function(f"{FILM}.textTracks[0].cues?.length")
    told = page.evaluate(f"[...{FILM}.textTracks[0].cues].map(c => c.getCueAsHTML().textContent.replace('\\n', ' '))")
    assert told == page.locator(".cue").all_text_contents() == [c.text for step in lecture.steps for c in step.cues]
    page.evaluate(f"{FILM}.currentTime = {lecture.steps[0].cues[0].start + 0.1}")
    page.wait_for_function(f"{FILM}.textTracks[0].activeCues.length")


def test_captions_in_the_picture_are_not_written_over(look, lecture, trace, tmp_path):
    page = ready(look(write_page(lecture, trace, tmp_path / "page")))
    assert page.evaluate(f"{FILM}.textTracks.length") == page.locator("#captions").count() == 0
    page.keyboard.press("c")
    assert "captions" not in page.locator(".keys").text_content()


def test_the_inspector_has_the_values_of_the_trace_and_rings_what_is_on_screen(page, lecture, trace):
    for step in lecture.steps:
        for button in page.locator(f"#{step.chapter}-{step.number} .tensor").all():
            name = button.get_attribute("aria-label")
            button.click()
            page.get_by_role("region", name=f"Tensor {name}").wait_for()
            tensor = trace.full(name)
            seen = {}
            for cell in page.locator(".inspector td[data-row]").all():
                cell.focus()
                place = json.loads(page.locator(".readout code").text_content())
                value = float(page.locator(".readout b").text_content().replace("−", "-"))
                assert value == tensor.values[tuple(place)]
                seen[tuple(place)] = "ring" in cell.get_attribute("class").split()
            assert set(seen) == set(np.ndindex(tensor.shape))
            ringed = {tuple(e["index"]) for e in step.shown if e["name"] == name and "axis" not in e}
            assert {place for place, ring in seen.items() if ring} == ringed
    assert page.locator(".inspector").count() == 1


def test_each_number_of_a_step_leads_to_its_place_in_a_tensor_that_says_how_it_was_computed(disk, lecture, trace):
    links = disk.locator(".ask-these a").all()
    assert len(links) == sum(len({(e["name"], *e["index"]) for e in s.shown if "axis" not in e}) for s in lecture.steps)
    for link in links:
        link.click()
        place = json.loads(link.get_attribute("data-index"))
        disk.locator(".inspector").wait_for()
        told = disk.locator(".inspector .readout code")
        assert told.count() == bool(place)
        assert not place or json.loads(told.text_content()) == place
        name = disk.locator(".inspector .name").text_content()
        entry = trace.explain(name, **dict.fromkeys(trace.full(name).axes, 0))
        sources = [*dict.fromkeys(entry.parents.values())]
        wanted = entry.made_by + (f", from {', '.join(sources)}" if sources else "")
        assert disk.locator(".inspector .made span").text_content() == wanted


def test_axes_are_named_labelled_and_explained(disk):
    disk.locator(SHARES).click()
    box = disk.locator(".inspector")
    box.wait_for()
    assert box.locator(".shape span").all_text_contents() == ["query 2", "key 3"]
    assert box.locator("thead th").all_text_contents() == ["The", "car", "red"]
    assert box.locator("tbody th").all_text_contents() == ["car", "red"]
    assert "query: the token that asks" in box.locator(".axes").text_content()
    cell = box.get_by_role("gridcell", name="query 1 “red”, key 0 “The”: 0.125, on screen in this step")
    cell.hover()
    assert box.locator(".readout b").text_content() == "0.125"
    assert box.locator(".readout code").text_content() == "[1, 0]"


def test_a_window_says_so_and_other_axes_are_chosen(look, lecture, tmp_path):
    values = np.arange(2 * 3 * 5000, dtype=float).reshape(2, 3, 5000) / 7
    trace = Trace({"big": NamedTensor("big", values, ("head", "query", "vocab"))})
    entry = {"name": "big", "index": [1, 2, 4999], "shown": "shown", "value": values[-1, -1, -1]}
    steps = [replace(lecture.steps[0], shown=(entry,)), *(replace(s, shown=()) for s in lecture.steps[1:])]
    chapters = [replace(lecture.chapters[0], steps=steps[:3]), replace(lecture.chapters[1], steps=steps[3:])]
    page = look(write_page(replace(lecture, chapters=chapters), trace, tmp_path / "page"))
    page.locator(".tensor").click()
    page.locator(".inspector").wait_for()
    assert page.locator(".inspector .cut").text_content() == "A window: 65 of 5000 along vocab"
    page.get_by_role("button", name="shown: show where it stands").click()
    assert page.locator(".readout code").text_content() == "[1, 2, 4999]"
    page.get_by_role("combobox", name="head").select_option("0")
    page.get_by_role("gridcell", name=f"head 0 “A”, query 1, vocab 3: {float(values[0, 1, 3])}", exact=True).focus()
    assert page.locator(".readout code").text_content() == "[0, 1, 3]"
    assert page.locator("td.ring").count() == 0


def test_keys_play_seek_step_and_walk_through_a_tensor(disk, lecture):
    starts = [step.start for step in lecture.steps]
    for expected in [*starts[1:], starts[-1]]:
        disk.keyboard.press("j")
        assert time(disk) == pytest.approx(expected, abs=0.01)
    disk.keyboard.press("k")
    assert time(disk) == pytest.approx(starts[-2], abs=0.01)
    disk.keyboard.press("ArrowLeft")
    assert time(disk) == pytest.approx(max(0, starts[-2] - 5), abs=0.01)
    disk.keyboard.press("Space")
    disk.wait_for_function(f"!{FILM}.paused")
    disk.keyboard.press("Space")
    disk.wait_for_function(f"{FILM}.paused")
    disk.keyboard.press("m")
    assert disk.evaluate(f"{FILM}.muted")
    disk.locator(SHARES).focus()
    disk.keyboard.press("Enter")
    disk.locator("td[data-row='0'][data-column='0']").focus()
    for key, place in [("ArrowRight", "[0, 1]"), ("ArrowDown", "[1, 1]"), ("End", "[1, 2]"), ("Home", "[1, 0]")]:
        before = time(disk)
        disk.keyboard.press(key)
        assert disk.locator(".readout code").text_content() == place
        assert time(disk) == before
    disk.keyboard.press("Escape")
    assert disk.locator(".inspector").count() == 0
    assert disk.evaluate("document.activeElement.matches('.tensor')")


@pytest.mark.parametrize(("scheme", "paper", "other"), [("dark", *PAPERS), ("light", *PAPERS[::-1])])
def test_the_theme_is_the_machines_until_one_is_chosen_and_both_can_be_used_by_all(
    look, page_file, scheme, paper, other
):
    page = ready(look(page_file, color_scheme=scheme))
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == paper
    page.locator(SHARES).click()
    page.locator(".inspector").wait_for()
    for view in ("Colours", "Numbers"):
        page.get_by_role("button", name=view).click()
        faults = Axe().run(page, options={"preload": False}).response["violations"]
        assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []
    page.get_by_role("button", name="Switch to the").click()
    assert page.evaluate(colour) == other
    page.reload()
    assert page.evaluate(colour) == other


def test_it_fits_a_telephone_and_what_is_said_stays_in_sight_under_the_film(look, page_file):
    page = ready(look(page_file))
    page.set_viewport_size({"width": 360, "height": 640})
    page.locator(SHARES).click()
    page.locator(".inspector").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for _ in range(3):
        page.keyboard.press("j")
    page.wait_for_function("""() => {
        const film = document.querySelector(".player").getBoundingClientRect();
        const step = document.querySelector("#other-1[aria-current] h3")?.getBoundingClientRect();
        return step && film.top >= 0 && step.top >= film.bottom && step.bottom <= innerHeight && scrollY > 0;
    }""")


def test_a_lecture_file_gives_title_author_and_colours(look, lecture, trace, tmp_path):
    named = replace(lecture, title="Mine", author="Ada <b>", colours={"background": "#102030"})
    page = ready(look(write_page(named, trace, tmp_path / "page"), color_scheme="dark"))
    assert page.locator("h1").text_content() == "Mine"
    assert page.locator(".author").text_content() == "Ada <b>"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 32, 48)"


def test_what_is_said_is_in_the_language_of_the_lecture_and_says_so_to_a_reader_of_screens(
    look, lecture, trace, tmp_path
):
    page = ready(look(write_page(replace(lecture, language="es"), trace, tmp_path / "page")))
    language = "part => part.closest('[lang]').lang"
    assert page.locator("h1").text_content() == "Cómo lee un transformer"
    spanish = ("h1", ".cue", "h2", ".chapters a", "#theme", ".keys")
    assert {page.locator(part).first.evaluate(language) for part in spanish} == {"es"}
    assert page.locator(".tensor").first.evaluate(language) == "en"
    page.get_by_role("button", name="Reproducir", exact=True).click()
    page.get_by_role("button", name="Pausar", exact=True).click()
    page.locator(SHARES).click()
    box = page.get_by_role("region", name="Tensor shares")
    box.get_by_role("button", name="Números").click()
    assert "query: el token que pregunta" in box.locator(".axes").text_content()
    assert box.locator(".name").evaluate(language) == "en"
    said = page.evaluate("""() => [...document.querySelectorAll("body *:not(script)")].flatMap(
        (one) => [one.getAttribute("aria-label"), one.children.length ? "" : one.textContent])""")
    rules = catalogue("es").rules
    english = {text for text in texts_of_a_page() if rules["page", text] != text}
    assert english & set(said) == set()


def texts_of_a_page():
    """Every English text of the page, wherever it is used."""
    python = SAID.findall((HERE / "page.py").read_text(encoding="utf-8"))
    return {
        *python,
        *said_in([*TEMPLATES, *OF_A_PACKAGE]),
        *script_texts(),
        *ALL_AXES.values(),
    }


@pytest.mark.parametrize("code", languages()[1:])
def test_every_language_has_the_words_of_a_page_with_their_slots(code):
    rules = {text: to for (context, text), to in catalogue(code).rules.items() if context == "page"}
    assert set(rules) == texts_of_a_page()
    assert [text for text, to in rules.items() if places(text) != places(to)] == []


def test_no_text_of_a_page_is_written_past_the_catalogue():
    for name in (*TEMPLATES, *SCRIPTS, *SPEAKING, VIEWS):
        code = (HERE / name).read_text(encoding="utf-8")
        assert re.findall(r"""(?:aria-label|textContent|text)["=: ]+["'`]\w+""", code) == [], name


def test_an_address_of_a_step_begins_there(look, page_file, lecture):
    page = ready(look(f"{page_file.as_uri()}#counting-3"))
    page.wait_for_function(f"{FILM}.currentTime > 0")
    assert time(page) == pytest.approx(lecture.steps[2].start, abs=0.01)


def test_what_is_linked_is_in_the_folder_and_is_what_was_rendered(page_file, disk, lecture):
    links = disk.eval_on_selector_all("a[download]", "links => links.map(link => link.getAttribute('href'))")
    assert len(links) == 6
    for link in links:
        assert (page_file.parent / link).read_bytes() == (lecture.folder / link).read_bytes()


def test_only_a_page_is_written_over(lecture, trace, tmp_path):
    mine = tmp_path / "page" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis\.txt was not written by lecture, which replaces the whole folder"):
        write_page(lecture, trace, mine.parent)
    assert [path.name for path in tmp_path.rglob("*")] == ["page", "thesis.txt"]


def test_a_page_that_somebody_put_files_into_is_left_as_it_is(lecture, trace, tmp_path):
    """For a server of pages, say: a name for it, and the history of the folder."""
    page = write_page(lecture, trace, tmp_path / "page").parent
    for name in (".git/HEAD", "CNAME"):
        (page / name).parent.mkdir(exist_ok=True)
        (page / name).write_text("mine")
        with pytest.raises(ValueError, match=f"{name} was not written by lecture"):
            write_page(lecture, trace, page)
        assert (page / name).read_text() == "mine"
        (page / name).unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == [LIST, "page"]


def test_a_page_takes_the_place_of_an_earlier_one_with_all_its_files(lecture, trace, tmp_path):
    write_page(lecture, trace, tmp_path / "page")
    stale = tmp_path / "page" / "tensors" / "stale.js"
    take(tmp_path, ["page/tensors/stale.js"])
    stale.touch()
    write_page(lecture, trace, tmp_path / "page")
    assert not stale.exists()
    assert listed(tmp_path) == {f"page/{p.relative_to(tmp_path / 'page').as_posix()}"
                                for p in (tmp_path / "page").rglob("*") if p.is_file()}  # fmt: skip


def test_a_page_that_is_a_link_is_refused_and_leaves_nothing(lecture, trace, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "page").symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        with pytest.raises(ValueError, match="page is a link"):
            write_page(lecture, trace, tmp_path / "page")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["elsewhere", "page"]


def test_a_search_finds_titles_words_that_are_said_and_tensors_whatever_their_case_and_accents(disk, lecture):
    box, step = disk.get_by_role("searchbox"), lecture.steps[2]
    said = step.cues[-1]
    for query, at in ((step.title, step.start), (" ".join(said.lines), step.start + said.start)):
        box.fill(query.upper().replace("E", "É"))
        link = disk.locator(f"#found a[href='#{step.chapter}-{step.number}']").first
        assert link.locator("mark").text_content().lower() in query.lower()
        link.click()
        disk.wait_for_function(f"Math.abs(film.currentTime - {at}) < 0.1")
    name = next(entry["name"] for entry in step.shown)
    box.fill(name)
    disk.locator("#found button").first.click()
    assert disk.locator(".inspector .name").text_content() == name
    box.fill("no such words")
    assert disk.locator("#found-told").text_content() == "0 found"
    box.press("Escape")
    assert box.input_value() == disk.locator("#found-told").text_content() == ""


def test_a_search_tells_a_term_in_plain_words_and_leads_to_the_step_that_explains_it(look, lecture, trace, tmp_path):
    first, *others = lecture.chapters[1].steps
    told = replace(first, chapter="training", title="Descenso de gradiente: un paso cuesta abajo")
    chapters = [lecture.chapters[0], replace(lecture.chapters[1], name="training", steps=[told, *others])]
    page = ready(look(write_page(replace(lecture, chapters=chapters, language="es"), trace, tmp_path / "page")))
    page.get_by_role("searchbox").fill("tasa")
    found = page.locator("#found a").first
    assert found.text_content() == "Términotasa de aprendizaje: fija la longitud de un paso"
    found.click()
    page.wait_for_function(f"Math.abs(film.currentTime - {told.start}) < 0.1")
    page.get_by_role("searchbox").fill("softmax")
    assert page.locator("#found a b").count() == 0, "a term of a step that this film does not have"
