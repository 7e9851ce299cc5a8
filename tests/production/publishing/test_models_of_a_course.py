"""The models of a course page: those that come with the lecture, and one that `lecture serve` runs behind it."""

from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection

import pytest
from answering import answering
from axe_playwright_python.sync_playwright import Axe
from core_models import config, jig
from test_model_service import DEEP, ENTRIES, TEXT, WORDS, traced_pass, zero_head

from scenes.publishing.live import live_model_called, shipped_live_models
from scenes.publishing.model_service import course_handler
from scenes.publishing.page import write_page
from scenes.publishing.policy import ASKING
from scenes.publishing.serving import server as serving
from transformer_core import Transformer, open_model
from transformer_core.live.running import RunningModel
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.translator.train import say
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.trace import Trace

SHIPPED = ["english-spanish", "english-spanish-four-cross-heads", "english-spanish-post-norm"]
WEIGHT = "decoder.7.self_attn.weights[head=1,query=3,key=1]"


@pytest.fixture(scope="module")
def deep():
    """A model that no page runs: a decoder alone."""
    model = jig(Transformer(config(**DEEP)).double()).eval()
    return LoadedModel(model, Vocabulary(WORDS, WORDS, longest=12), {"model": "deep"})


@pytest.fixture(scope="module")
def course(lecture, trace, tmp_path_factory):
    """A page of a film that shows the model of the lecture."""
    page = tmp_path_factory.mktemp("course") / "page"
    return write_page(lecture, trace, page, live_model_called(None), (), shipped_live_models())


@contextmanager
def offered(opened, page, folder, text=TEXT):
    with answering(serving(course_handler(RunningModel(opened), text, page.parent, folder), 0)) as server:
        yield f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture(scope="module")
def address(deep, course, tmp_path_factory):
    with offered(deep, course, tmp_path_factory.mktemp("offered")) as found:
        yield found


def drawn(page):
    page.locator("#trying[data-took]:not([aria-busy])").wait_for()
    return page


def models_of(page):
    return page.get_by_role("navigation", name="Models to try").get_by_role("link")


def choose(page, name):
    models_of(page).get_by_text(name, exact=True).click()
    drawn(page)


def answer(page):
    return page.locator(".answer b").text_content().strip()


def type_in(page, text):
    page.locator(".typed").fill(text)
    drawn(page)


def test_a_page_on_a_disk_offers_every_shipped_model_and_takes_the_sentence_along(look, course):
    page = drawn(look(f"{course.as_uri()}#try"))
    assert models_of(page).all_text_contents() == SHIPPED
    type_in(page, "The old house is small")
    for name in (*SHIPPED[1:], SHIPPED[0]):
        choose(page, name)
        opened = open_model(name)
        assert models_of(page).and_(page.locator("[aria-current]")).text_content() == name
        assert page.locator(".typed").input_value() == "The old house is small"
        assert answer(page) == say(opened.model, opened.tokenizer, "The old house is small")
        cells = page.get_by_role("grid", name="Encoder, layer 1, head A: weights").locator("[data-ask]")
        labels = cells.evaluate_all("all => all.map(one => one.ariaLabel)")
        told = [float(label.split(": ")[1].replace("−", "-")) for label in labels]
        weights = traced_pass(opened, "The old house is small")[1]["encoder.0.self_attn.weights"]
        assert told == pytest.approx(weights.values[0, 0].ravel(), abs=5e-4)
    page.go_back()
    drawn(page)
    assert models_of(page).and_(page.locator("[aria-current]")).text_content() == SHIPPED[2]
    assert page.locator(".told-box").count() == 1, "the figure before has left"


def test_a_served_model_is_one_of_the_choices_with_typing_asking_and_knobs(look, address, deep):
    page = drawn(look(f"{address}#try"))
    assert answer(page) == "el coche es rojo"
    assert models_of(page).all_text_contents() == [*SHIPPED, "deep"]
    choose(page, "deep")
    assert page.locator(".typed").input_value() == TEXT
    type_in(page, "h g f e")
    given, trace = traced_pass(deep, "h g f e")
    assert page.evaluate("trying.runs.now.written") == [*given.written]
    page.evaluate("name => trying.ask(name)", WEIGHT)
    page.locator("h3.asked").wait_for()
    assert page.locator(".asked-plate .path").text_content() == WEIGHT
    value = page.evaluate(ENTRIES, [WEIGHT])[0]["value"]
    assert float(value) == trace["decoder.7.self_attn.weights"].values[0, 1, 3, 1]
    page.locator(".folded[open] .off").first.click()
    drawn(page)
    now = traced_pass(deep, "h g f e", {"decoder.7.self_attn.z": zero_head})[1]
    name = "decoder.7.resid_post[position=2,d_model=3]"
    assert float(page.evaluate(ENTRIES, [name])[0]["value"]) == now["decoder.7.resid_post"].values[0, 2, 3]
    page.locator(".effects").wait_for()
    again = drawn(look(page.url))
    assert again.evaluate("[trying.model.name, trying.choice.text, trying.choice.asked, trying.choice.off]") == [
        "deep",
        "h g f e",
        WEIGHT,
        ["decoder.7.self_attn:0"],
    ]


def test_the_choice_is_a_step_of_the_history_and_stays_while_the_film_is_watched(look, address):
    page = drawn(look(f"{address}#try"))
    choose(page, "deep")
    page.get_by_role("link", name="Watch").click()
    assert not models_of(page).first.is_visible()
    page.get_by_role("link", name="Try it").click()
    assert page.evaluate("trying.model.name") == "deep"
    for _ in range(3):
        page.go_back()
    drawn(page)
    assert page.evaluate("trying.model.name") == SHIPPED[0]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_choice_can_be_used_by_all(look, address, width):
    page = look(f"{address}#model=deep")
    page.set_viewport_size({"width": width, "height": 844})
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    faults = Axe().run(page, options={"preload": False}).response["violations"]
    assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []
    models_of(page).get_by_text(SHIPPED[0], exact=True).focus()
    page.keyboard.press("Enter")
    drawn(page)
    assert page.evaluate("trying.model.name") == SHIPPED[0]


def test_numbers_of_a_film_on_a_large_model_can_be_asked_where_it_is_served(look, lecture, deep, tmp_path):
    """The page itself runs no such model: its numbers lead to their tensors until one is served."""
    trace = traced_pass(deep, TEXT)[1]
    weights = trace.full("decoder.7.self_attn.weights")
    shown = {"name": weights.name, "index": [0, 1, 3, 1], "shown": "7%", "value": float(weights.values[0, 1, 3, 1])}
    derived = {**shown, "name": "measured"}
    steps = [replace(lecture.steps[0], shown=(shown, derived)), *(replace(s, shown=()) for s in lecture.steps[1:])]
    chapters = [replace(lecture.chapters[0], steps=steps[:3]), replace(lecture.chapters[1], steps=steps[3:])]
    film = replace(lecture, chapters=chapters, text=TEXT)
    seen = Trace({weights.name: weights, "measured": replace(weights, name="measured")}, about={"model": "deep"})
    course = write_page(film, seen, tmp_path / "page", None, (), shipped_live_models())
    alone = look(course)
    alone.locator("#counting-1 .ask-these a").first.click()
    alone.get_by_role("region", name=f"Tensor {weights.name}").wait_for()
    with offered(deep, course, tmp_path / "made") as address:
        page = look(address)
        links = page.locator("#counting-1 .ask-these a")
        assert links.all_text_contents() == ["7%", "7%"]
        assert [link.get_attribute("href").partition("#")[2] for link in links.all()] == [f"ask={WEIGHT}", "counting-1"]
        links.first.click()
        drawn(page)
        assert page.evaluate("trying.model.name") == "deep"
        assert models_of(page).all_text_contents() == ["deep", *SHIPPED]
        assert page.locator(".asked-plate .path").text_content() == WEIGHT
        assert page.locator(".in-film").text_content().startswith("The film shows it as 7%")


def get(address, path="/"):
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    connection = HTTPConnection(host, int(port), timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body.decode()


def test_only_a_served_page_may_ask_its_server_and_the_folder_stays_as_it_is(address, course):
    written = course.read_text("utf-8")
    served, document = get(address)
    assert ASKING in served.headers["Content-Security-Policy"]
    assert ASKING in document
    assert "connect-src" not in written
    assert '"token"' not in written
    assert get(address, "/live/model-1.js")[0].headers["Content-Security-Policy"].count("connect-src") == 0
    assert course.read_text("utf-8") == written


def test_a_page_that_is_made_anew_is_offered_anew(deep, lecture, trace, tmp_path):
    page = tmp_path / "page"
    course = write_page(lecture, trace, page, others=shipped_live_models())
    with offered(deep, course, tmp_path / "made") as address:
        assert "Another title" not in get(address)[1]
        write_page(replace(lecture, title="Another title"), trace, page, others=shipped_live_models())
        assert "Another title" in get(address)[1]
        course.write_text("<p>none")
        assert get(address)[0].status == 404


def test_a_folder_without_a_place_for_a_model_is_refused_in_one_line(deep, tmp_path):
    (tmp_path / "index.html").write_text("<p>mine")
    with pytest.raises(ValueError, match="this page has no place for a served model: make it anew with lecture page"):
        course_handler(RunningModel(deep), TEXT, tmp_path, tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
