"""Provenance: a number of the film that no model in the page computes leads down to those that one computes."""

from dataclasses import replace

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from scenes.publishing.live import live_model_called
from scenes.publishing.page import IN_SIGHT, write_page
from scenes.publishing.provenance import MOST_FOUND, MOST_INPUTS, in_order, provenance
from transformer_core.studies.sentence.read import read as traced
from transformer_core.tracing.trace import NamedTensor, Trace

PART = "encoder.1.self_attn"
#: What a step shows, factors first, as it is drawn.
SHOWN = [
    *((f"{PART}.q", (0, 0, 3, i)) for i in range(4)),
    *((f"{PART}.k", (0, 0, 2, i)) for i in range(4)),
    (f"{PART}.scores", (0, 0, 3, 2)),
    (f"{PART}.partial_dot", (0, 0, 3, 2, 5)),
    (f"{PART}.cosine", (0, 0, 3, 2)),
]


def read(text):
    return float(text.replace("−", "-"))


@pytest.fixture(scope="module")
def sentence():
    return traced("The car is red")


@pytest.fixture(scope="module")
def model():
    return live_model_called(None)


@pytest.fixture(scope="module")
def course(lecture, sentence, model, tmp_path_factory):
    entries = [
        {"name": name, "index": [*index], "shown": f"{value:.3f}", "value": value}
        for name, index in SHOWN
        for value in [float(sentence.full(name).values[index])]
    ]
    steps = [replace(lecture.steps[0], shown=tuple(entries)), *(replace(s, shown=()) for s in lecture.steps[1:])]
    chapters = [replace(lecture.chapters[0], steps=steps[:3]), replace(lecture.chapters[1], steps=steps[3:])]
    return write_page(replace(lecture, chapters=chapters), sentence, tmp_path_factory.mktemp("course") / "page", model)


def test_all_numbers_of_a_step_are_linked_results_before_their_factors_and_the_first_few_in_sight(look, course):
    links = look(course).locator("#counting-1 .ask-these a")
    places = [
        link.get_attribute("data-entry") or link.get_attribute("href").removeprefix("#ask=") for link in links.all()
    ]
    names = [place.partition("[")[0].removeprefix(f"{PART}.") for place in places]
    assert names == ["cosine", "scores", "partial_dot", *4 * ["k"], *4 * ["q"]]
    assert [link.is_visible() for link in links.all()] == [i < IN_SIGHT for i in range(len(names))]


def asked(page, reference):
    """Open a number of the step, and return how the panel names its inputs, with their values."""
    page.locator(f"[data-entry='{reference}']").click()
    page.get_by_role("region", name="Where a number comes from").wait_for()


def inputs(page):
    page.locator(".made-of details").evaluate_all("parts => parts.forEach((one) => { one.open = true; })")
    return page.locator(".made-of li").all_text_contents()


def as_explained(entry):
    """The inputs of an entry, a line each, as `lecture explain` has them, but for the letter of a head."""
    lines = []
    for (cell,) in entry.terms:
        places = {axis: label for axis, label in cell.labels.items() if axis != "batch"}
        places["head"] = "ABCD"[cell.at["head"]]
        number = f"{float(f'{cell.value:.6g}')}".replace("-", "−")
        lines.append(f"{number} {cell.name}[{', '.join('='.join(pair) for pair in places.items())}]")
    return lines


def test_a_measure_is_asked_for_operation_inputs_and_result_down_to_what_the_model_in_the_page_computes(
    look, course, sentence
):
    page = look(course)
    asked(page, f"{PART}.cosine[head=0,query=3,key=2]")
    cosine = sentence.explain(f"{PART}.cosine", head=0, query=3, key=2)
    told = page.locator(".made-of")
    assert read(told.locator(".asked-made b").text_content()) == pytest.approx(cosine.value, rel=1e-5)
    assert told.locator(".made").text_content() == cosine.made_by
    assert inputs(page) == as_explained(cosine)
    assert Axe().run(page, options={"preload": False}).response["violations"] == []
    told.get_by_role("button", name="q_norm[head=A, query=red]").press("Enter")
    norm = sentence.explain(f"{PART}.q_norm", head=0, query=3)
    assert told.locator(".made").text_content() == norm.made_by
    assert inputs(page) == as_explained(norm)
    assert page.evaluate("document.activeElement.matches('.asked-made')")
    told.get_by_role("button", name="Back to").click()
    assert inputs(page) == as_explained(cosine)
    told.get_by_role("button", name="q_norm[head=A, query=red]").click()
    told.get_by_role("link", name="q[head=A, query=red, d_head=3]").click()
    page.locator("h3.asked[aria-label^='q, head A, red, entry 3']").wait_for()


def test_a_cell_that_the_film_shows_is_asked_where_it_stands_and_no_other_cell_of_a_measure(look, course, sentence):
    page = look(course)
    page.locator("#counting-1 .tensor[aria-label$=partial_dot]").click()
    cells = page.locator(".inspector td[data-made]")
    cells.first.wait_for()
    assert cells.count() == 1
    cells.press("Enter")
    assert inputs(page) == as_explained(sentence.explain(f"{PART}.partial_dot", head=0, query=3, key=2, d_head=5))
    page.locator(".made-of button.input").first.click()
    assert page.locator(".made-of a").count() == 2, "a product of an entry of the query and one of the key"


def test_of_many_inputs_the_largest_are_kept_and_of_too_many_the_tensors_alone():
    few, many = (
        Trace({"a": NamedTensor("a", np.arange(1.0, count + 1), ("seed",))}) for count in (100, MOST_FOUND + 1)
    )
    (told,) = provenance([few.explain("a.over_seeds")], ())["entries"]
    assert [term[0][-1] for term in told["inputs"]] == [*range(101 - MOST_INPUTS, 101)]
    assert told["more"] == 100 - MOST_INPUTS
    assert provenance([many.explain("a.over_seeds")], ()) == {}


def test_what_reads_another_tensor_is_later_and_what_was_given_comes_first(sentence):
    names = ["config.words", *(f"{PART}.{one}" for one in ("cosine", "k", "scores", "terms", "q")), "probs"]
    late = in_order(names, sentence)
    assert sorted(names, key=late.get) == [
        "config.words", f"{PART}.q", f"{PART}.k", f"{PART}.terms", f"{PART}.scores", f"{PART}.cosine", "probs"
    ]  # fmt: skip
