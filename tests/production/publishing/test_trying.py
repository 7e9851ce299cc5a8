"""Try it: the model reads what a learner types, every number can be asked, and knobs show before and after."""

import math
import re
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from core_models import config, jig
from test_engine import ARCHITECTURES

from scenes.publishing.live import live_model_called, shipped_live_models
from scenes.publishing.page import write_page
from scenes.publishing.slides import write_slides
from transformer_core import Transformer, open_model, record
from transformer_core.live.export import live_model
from transformer_core.parameters import add_parameters
from transformer_core.studies.translator.train import say
from transformer_core.text.vocabulary import Vocabulary, pieces
from transformer_core.tracing.explain import explain
from transformer_core.tracing.operations import OPERATIONS
from transformer_core.tracing.trace import Trace

TEXT, OTHER = "The car is red", "The cat sees the old house"
WEIGHT = "encoder.1.self_attn.weights[head=1,query=3,key=1]"
#: An entry of each kind of operation, from the last of the model to the first.
KINDS = (
    "probs[position=3,vocab=386]",
    "logits[position=3,vocab=386]",
    WEIGHT,
    "decoder.0.self_attn.masked[head=0,query=1,key=3]",
    "encoder.1.self_attn.scaled[head=1,query=3,key=1]",
    "encoder.1.self_attn.scores[head=1,query=3,key=1]",
    "encoder.1.self_attn.q[head=1,query=3,d_head=6]",
    "encoder.1.self_attn.z[head=1,query=3,d_head=2]",
    "encoder.0.self_attn.out[position=2,d_model=4]",
    "encoder.0.ln1.mean[position=3]",
    "encoder.0.ln1.var[position=3]",
    "encoder.0.ln1.normalized[position=3,d_model=5]",
    "encoder.0.ln1.out[position=3,d_model=5]",
    "encoder.0.ffn.post[position=2,d_ff=4]",
    "encoder.0.resid_attn[position=2,d_model=4]",
    "embed_src.positional[position=2,d_model=4]",
    "embed_src.token[position=1,d_model=20]",
)


@pytest.fixture(scope="module")
def opened():
    return open_model("english-spanish")


@pytest.fixture(scope="module")
def oracle(opened):
    """A pass as the lecture traces it, which knows nothing of the browser."""

    def traced(text, edit=None):
        model, words = opened.model, opened.tokenizer
        written = [words.target.index(word) for word in say(model, words, text).split()]
        batch = [torch.tensor([ids]) for ids in (words.read(text).ids, [words.start, *written])]
        with torch.no_grad(), record(edit=edit) as tape:
            model(*batch)
        labels = {"source": pieces(text), "target": ["<start>", *(words.target[i] for i in written)]}
        found = add_parameters(tape.trace(), model, lambda _name, _axis: None)
        found.about["config"] = model.config.as_dict()
        return found, labels

    return traced


@pytest.fixture(scope="module")
def model():
    return live_model_called(None)


@pytest.fixture(scope="module")
def live_file(lecture, oracle, model, tmp_path_factory):
    """The page of a film that shows three numbers of the model, of which one is not the model's."""
    weights = oracle(TEXT)[0].full("encoder.1.self_attn.weights")
    entries = [
        {"name": weights.name, "index": [0, 1, 3, key], "shown": f"{value:.0%}", "value": value}
        for key, value in ((1, float(weights.values[0, 1, 3, 1])), (2, 0.75))
    ]
    steps = [replace(lecture.steps[0], shown=tuple(entries)), *(replace(s, shown=()) for s in lecture.steps[1:])]
    chapters = [replace(lecture.chapters[0], steps=steps[:3]), replace(lecture.chapters[1], steps=steps[3:])]
    trace = Trace({weights.name: weights})
    return write_page(replace(lecture, chapters=chapters), trace, tmp_path_factory.mktemp("live") / "page", model)


@pytest.fixture
def tried(look, live_file):
    """Open the page at an address of the part that answers."""

    def at(address="try", **settings):
        page = look(f"{live_file.as_uri()}#{address}", **settings)
        page.locator("#trying[data-took]:not([aria-busy])").wait_for()
        return page

    return at


def place_of(reference):
    name, places = reference.removesuffix("]").split("[")
    return name, {axis: int(at) for axis, at in (pair.split("=") for pair in places.split(",") if pair)}


def reference_of(entry):
    places = ",".join(f"{axis}={entry.at[axis]}" for axis in entry.tensor.axes if axis != "batch")
    return f"{entry.name}[{places}]"


def read(text):
    return float(text.replace("−", "-").replace("∞", "inf"))


def number(page, name, **at):
    """A number of the run that the page shows, to the last digit."""
    return page.evaluate("([name, at]) => trying.runs.now.explain(name, at).value", [name, at])


def answer(page):
    return page.locator(".answer b").text_content().strip()


def refused(page):
    return page.get_by_role("alert").all_text_contents()


def type_in(page, text):
    """Put a sentence into the box, and wait until all is drawn: what is out of view comes a moment later."""
    page.locator(".typed").fill(text)
    page.locator("#trying:not([aria-busy])").wait_for()


def test_what_is_typed_is_read_and_translated_at_once_with_the_numbers_of_a_trace(tried, opened, oracle):
    page = tried()
    for text in (TEXT, OTHER, "the dogs are angry"):
        type_in(page, text)
        assert answer(page) == say(opened.model, opened.tokenizer, text)
        found, labels = oracle(text)
        name = "encoder.1.self_attn.weights"
        cells = page.get_by_role("grid", name="Encoder, layer 2, head A: weights").locator("[data-ask]")
        told = [read(label.split(": ")[1]) for label in cells.evaluate_all("all => all.map(one => one.ariaLabel)")]
        assert told == pytest.approx(found.full(name).values[0, 0].ravel(), abs=5e-4)
        assert page.locator("[aria-label='encoder.0.resid_post'] .word").all_text_contents() == [*labels["source"]]
        assert page.locator(".next .chosen").all_text_contents() == [*labels["target"][1:], "<end>"]


#: The words in the last row of stations: of one in view, and of one below it.
STATIONS = """() => [".station", ".station:nth-of-type(3)"].map(
    (one) => document.querySelector(`${one} .figure-row:last-child .word`).textContent)"""
TYPED_AT_ONCE = f"(text) => {{ trying.typed(text); return [...({STATIONS})(), trying.runs.now.output]; }}"


def test_a_long_sentence_is_drawn_where_it_is_seen_before_all_the_rest(tried):
    """A task of the browser has to be short, for words to follow the fingers: of a long sentence a tenth is in view."""
    page = tried()
    page.set_viewport_size({"width": 1280, "height": 720})
    page.locator(".station").first.scroll_into_view_if_needed()
    long = "The animal eats the apple in the house because it is old"
    assert page.evaluate(TYPED_AT_ONCE, long) == ["old", "red", page.evaluate("trying.runs.now.output")]
    page.locator("#trying:not([aria-busy])").wait_for()
    assert page.evaluate(STATIONS) == ["old", "old"]
    both = f"(texts) => texts.map((text) => ({TYPED_AT_ONCE})(text).slice(0, 2))"  # no idle moment in between
    other = page.evaluate(both, ["The dogs are angry", "The car is old"])
    assert other == [["angry", "old"], ["old", "old"]]
    page.locator("#trying:not([aria-busy])").wait_for()
    assert page.locator(".station").last.locator(".figure-row, option").count() > 0
    assert page.locator(".next .after span").all_text_contents() == page.evaluate("trying.runs.now.targetTokens")


#: Cells and strips whose number is not that of the run that the page has now, and how many there are.
OUTDATED = """() => {
  const all = [...document.querySelectorAll(".journey :is(td, .strip)[data-ask]")];
  return [all.length, all.filter((one) => {
    const { name, at } = asked(one.dataset.ask), entry = trying.runs.now.entry(name, at);
    const place = Object.entries(entry?.labels ?? {}).find(([axis]) => ["position", "query"].includes(axis));
    const told = one.getAttribute("aria-valuetext") ?? one.ariaLabel;
    return !place || !told.startsWith(place[1]) || !told.includes(`: ${figures.shortly(entry.value)}`);
  }).length];
}"""


def test_whatever_is_drawn_is_of_the_newest_text_and_of_the_newest_knob(tried):
    page = tried()
    page.evaluate(
        "(texts) => texts.forEach((text) => trying.typed(text))", [OTHER, "The dogs are angry", "The cat is old"]
    )
    page.locator("#trying:not([aria-busy])").wait_for()
    cells, outdated = page.evaluate(OUTDATED)
    assert (cells > 100, outdated) == (True, 0)
    page.evaluate("['encoder.0.self_attn:1', 'decoder.1.cross_attn:0'].forEach((one) => trying.turn('off', one))")
    page.locator("#trying:not([aria-busy])").wait_for()
    assert page.evaluate(OUTDATED)[1] == 0
    assert page.locator(".station .head.yours").count() == 2


#: Write down each run of the model: its text, and if something is changed in it.
COUNTED = """() => {
  const run = trying.model.run.bind(trying.model);
  globalThis.ran = [];
  trying.model.run = (text, how) => { ran.push([text, how !== undefined]); return run(text, how); };
}"""


def test_the_run_without_changes_is_computed_once_a_text(tried, opened):
    page = tried()
    page.evaluate(COUNTED)
    page.locator(".typed").fill(OTHER)
    page.get_by_role("switch", name="Positions").uncheck()
    page.get_by_role("button", name="Encoder, layer 1, head B: turn off").click()
    assert page.evaluate("ran") == [[OTHER, False], [OTHER, True], [OTHER, True]]
    page.locator(".typed").fill(TEXT)
    assert page.evaluate("ran.slice(3)") == [[TEXT, False], [TEXT, True]]
    assert page.evaluate("trying.runs.before.output") == say(opened.model, opened.tokenizer, TEXT)
    page.get_by_role("button", name="Reset all").click()
    assert (page.evaluate("ran.length"), answer(page)) == (5, say(opened.model, opened.tokenizer, TEXT))


#: Of each tensor its name, the sizes that are compared, its numbers in both runs, the largest change, and its place.
BOTH = """() => trying.runs.names.map((name) => {
  const both = [trying.runs.now, trying.runs.before].map((run) => run.get(name)), change = trying.runs.change(name);
  const numbers = both.map(({ shape, values }) => [shape, [...values].map(String)]);
  return [name, trying.runs.endsOf(name), numbers, change && [change.by, change.index]];
})"""


def test_the_largest_change_of_each_tensor_is_found_also_where_the_translations_part(tried):
    """The same by NumPy, of all numbers of both runs: of those that stand for the same words in both."""
    page = tried(f"text={quote(OTHER)}&without=positional")
    runs = page.evaluate(BOTH)
    parted = 0
    for name, ends, numbers, change in runs:
        if ends is None:
            assert change is None
            continue
        window = tuple(slice(end) for end in ends)
        now, old = (np.array(values, float).reshape(shape)[window] for shape, values in numbers)
        parted += any(list(shape) != ends for shape, _ in numbers)
        with np.errstate(invalid="ignore"):
            apart = np.where(now == old, 0, np.abs(now - old))
        if apart.max() <= 1e-9:
            assert change is None, name
        else:
            assert change[0] == apart.max(), name
            assert apart[tuple(change[1])] == apart.max(), name
    assert 0 < parted < len(runs)


#: Of a strip the colours of its cells, and whether a gap follows each.
PIXELS = """(strip) => {
  const canvas = strip.querySelector("canvas"), wide = canvas.width;
  const { data } = canvas.getContext("2d").getImageData(0, 0, wide, 1);
  return Array.from({ length: wide / 7 }, (_, i) => [...data.slice(28 * i, 28 * i + 3), data[28 * i + 27]]);
}"""


def test_a_strip_has_a_cell_for_each_number_blue_above_zero_and_orange_below(tried, oracle):
    values = oracle(TEXT)[0].full("embed_src.sum").values[0, 1]
    cells = tried().get_by_role("slider", name="embed_src.sum, car").evaluate(PIXELS)
    assert [gap for *_, gap in cells] == [0] * len(values)
    shown = {np.sign(blue - red) for value, (red, _, blue, _) in zip(values, cells, strict=True) if value > 0.5}
    assert shown == {1}
    assert {np.sign(c[2] - c[0]) for value, c in zip(values, cells, strict=True) if value < -0.5} == {-1}


#: How many pictures of numbers there are in a station, and how many have no colour yet.
BLANK = """(station) => {
  const all = [...station.querySelectorAll("canvas")];
  const pen = (one) => one.getContext("2d", { willReadFrequently: true });
  const bytes = (one) => pen(one).getImageData(0, 0, one.width, one.height).data;
  return [all.length, all.filter((one) => bytes(one).every((byte) => byte === 0)).length];
}"""


def test_pictures_out_of_view_are_painted_when_they_come_near_or_are_printed(tried):
    page = tried()
    page.set_viewport_size({"width": 1280, "height": 720})
    stations = page.locator(".station:has(canvas)")
    stations.first.scroll_into_view_if_needed()
    page.locator(".typed").fill(OTHER)
    page.locator("#trying:not([aria-busy])").wait_for()
    pictures, blank = stations.last.evaluate(BLANK)
    assert 0 < pictures == blank
    assert stations.first.evaluate(BLANK)[1] == 0
    stations.last.scroll_into_view_if_needed()
    page.wait_for_function(
        "() => !trying.journey.unpainted.has([...document.querySelectorAll('.station:has(canvas)')].at(-1))"
    )
    assert stations.last.evaluate(BLANK)[1] == 0
    stations.first.scroll_into_view_if_needed()
    page.locator(".typed").fill("The dogs are angry")
    page.locator("#trying:not([aria-busy])").wait_for()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert [blank for _, blank in stations.evaluate_all(f"(all) => all.map({BLANK})")] == [0] * stations.count()


def test_known_words_are_offered_and_unknown_ones_named_with_near_ones_while_the_last_result_stays(tried):
    page = tried()
    page.locator(".typed").fill("The ca")
    assert "The cat" in page.locator("datalist option").evaluate_all("options => options.map(one => one.value)")
    assert refused(page) == [""], "a word that is not yet whole is no fault"
    assert answer(page) == "el coche es rojo"
    page.locator(".typed").fill("The zebra and the carr are red")
    assert refused(page) == ["It does not know the words “zebra”, “carr”."]
    assert answer(page) == "el coche es rojo"
    page.locator(".typed").fill("The carr is red")
    assert refused(page) == ["It does not know the word “carr”."]
    page.locator(".near").get_by_role("button", name="car", exact=True).click()
    assert page.locator(".typed").input_value() == TEXT
    assert refused(page) == [""]
    page.locator(".typed").fill("")
    assert refused(page) == ["There is no word to read yet."]
    page.locator(".typed").fill("the " * 80)
    assert "too long" in refused(page)[0]
    assert page.locator(".journey .token-chip").first.text_content().startswith("The")


def test_a_near_word_takes_the_place_of_the_word_that_it_is_near_to_and_of_no_other(tried):
    page = tried()
    page.locator(".typed").fill("The zebra is near the hous")
    assert page.locator(".still").text_content() == f"This is still “{TEXT}”."
    assert page.locator(".near").text_content() == "Near “hous”:houseshouse"
    page.locator(".near").get_by_role("button", name="house", exact=True).click()
    assert page.locator(".typed").input_value() == "The zebra is near the house"


def test_what_if_no_word_looks_at_another_or_has_a_position_is_tried_by_a_click(tried, oracle):
    page = tried()
    page.get_by_role("button", name="no word of “The house is red” could look at another?").click()
    assert answer(page) == "el casa es rojo"
    off = {f"encoder.{layer}.self_attn.z": lambda z: z * 0 for layer in (0, 1)}
    found, _ = oracle("The house is red", off)
    name = "encoder.1.resid_post"
    assert number(page, name, position=1, d_model=3) == pytest.approx(found.full(name).values[0, 1, 3], abs=1e-9)
    page.get_by_role("button", name="“The car is red” had no positions?").click()
    assert page.get_by_role("switch", name="Positions").is_checked() is False
    assert page.locator(".chip").count() == 0


def test_what_is_out_of_sight_is_told_at_the_top(tried):
    page = tried()
    bar = page.locator(".answer-bar")
    assert bar.is_visible() is False
    page.locator(".station").last.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.answer-bar.on') !== null")
    assert bar.text_content() == f"{TEXT} →el coche es rojo"


def test_a_server_is_asked_for_the_files_of_the_page_alone(look, live_file, serving):
    with serving(live_file.parent) as served:
        page = look(f"http://127.0.0.1:{served.server_port}/#text=The%20house%20is%20red")
        page.locator("#trying[data-took]").wait_for()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        assert answer(page) == "la casa es roja"
        page.locator(".typed").fill(TEXT)
        assert answer(page) == "el coche es rojo"
        assert asked == []


def test_words_are_put_in_by_a_click(tried):
    page = tried()
    page.get_by_text("words that it knows").click()
    page.locator(".typed").fill("")
    for word in ("the", "house", "is", "old"):
        page.locator(".vocabulary").get_by_role("button", name=word, exact=True).click()
    assert page.locator(".typed").input_value() == "the house is old"
    assert answer(page) == "la casa es vieja"


@pytest.mark.parametrize("reference", KINDS)
def test_a_number_is_drawn_with_its_value_and_all_its_inputs_each_to_be_asked(tried, oracle, reference):
    page = tried(f"ask={reference}")
    name, at = place_of(reference)
    entry = explain(oracle(TEXT)[0], name, **at)
    box = page.get_by_role("region", name="Where a number comes from")
    assert number(page, name, **at) == pytest.approx(entry.value, abs=1e-5)
    told = read(box.locator(".asked-value b").get_attribute("title"))
    assert told == pytest.approx(entry.value, abs=1e-5)
    assert box.locator(".equation em").text_content() == entry.operation.equation
    for button in box.get_by_role("button", name=re.compile("Show all")).all():
        button.click()
    box.get_by_role("button", name=re.compile("Show all")).first.wait_for(state="detached")
    asked = set(box.locator("button[data-ask]").evaluate_all("all => all.map(one => one.dataset.ask)"))
    assert asked == {reference_of(cell) for term in entry.terms for cell in term}


def test_the_largest_terms_come_first_and_the_others_are_counted_and_summed(tried, oracle):
    page = tried("ask=encoder.1.self_attn.q[head=1,query=3,d_head=6]")
    terms = explain(oracle(TEXT)[0], "encoder.1.self_attn.q", head=1, query=3, d_head=6).terms
    steps = sorted((math.prod(cell.value for cell in term) for term in terms), key=abs, reverse=True)
    shown = [read(text) for text in page.locator(".terms li > b").all_text_contents()]
    assert shown == pytest.approx(steps[:5], abs=5e-4)
    assert page.locator(".rest span").text_content().replace("−", "-") == (
        f"and {len(steps) - 5} smaller ones, together {sum(steps[5:]):.3f}"
    )


def test_by_keyboard_alone_one_comes_from_a_weight_down_to_an_id_and_back(tried):
    page = tried()
    page.get_by_role("button", name="head B: show it large").nth(1).press("Enter")
    grid = page.get_by_role("grid", name="Encoder, layer 2, head B: weights")
    grid.locator("td[tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    spoken = "document.activeElement.ariaLabel"
    way = [page.evaluate(spoken)]
    while (inputs := page.locator(".making button[data-ask]")).count():
        inputs.first.focus()
        page.keyboard.press("Enter")
        way.append(page.evaluate(spoken))
    names = [step.split(",")[0] for step in way]
    assert way[0].startswith("weights, red → car, head B: 0.992")
    assert names[1:8] == ["masked", "scaled", "scores", "q", "norm out", "normalized", "resid pre"]
    assert names[-4:] == ["sum", "scaled", "token", "ids"]
    assert page.locator(".words").text_content() == (
        "Here the way ends: this is the number of the word in the vocabulary, and it was given."
    )
    page.get_by_role("navigation", name="The way here").get_by_role("button").last.press("Enter")
    assert page.evaluate(spoken) == way[-2]
    page.keyboard.press("Escape")
    assert page.locator("h3.asked").count() == 0
    assert page.evaluate("document.activeElement.dataset.ask") == WEIGHT


def test_a_link_brings_sentence_knobs_and_entry_back_and_so_do_back_and_forward(tried):
    page = tried(f"ask={WEIGHT}&text={quote(OTHER)}&temperature=2&off=encoder.0.self_attn:2&without=positional")
    assert page.locator(".typed").input_value() == OTHER
    assert page.evaluate("trying.choice.config") == {"positional": False}
    assert page.get_by_role("switch", name="Positions").is_checked() is False
    assert page.get_by_role("slider", name="Temperature of the next word").input_value() == "2"
    assert page.get_by_role("button", name="Encoder, layer 1, head C off: take this change back").count() == 1
    assert page.locator("h3.asked").get_attribute("aria-label").startswith("weights, the → cat")
    here = page.url
    page.locator(".making button[data-ask]").first.click()
    there = page.url
    assert there != here
    page.go_back()
    page.locator("h3.asked[aria-label^='weights']").wait_for()
    assert page.url == here
    page.go_forward()
    page.locator("h3.asked[aria-label^='masked']").wait_for()
    assert page.locator(".trail li").count() == 2, "the way here comes back, too"
    page.reload()
    page.locator("h3.asked[aria-label^='masked']").wait_for()
    assert page.url == there
    page.get_by_role("button", name="Reset all").click()
    assert page.locator(".yours").count() == 0


@pytest.mark.parametrize("bad", ["nothing.here[head=1]", "encoder.1.self_attn.weights[head=9,query=0,key=0]", "<b>"])
def test_a_link_to_what_is_not_there_says_so(tried, bad):
    page = tried(f"ask={quote(bad)}")
    assert f"This sentence has no number at {bad}." in refused(page)


def test_a_link_with_a_word_that_is_not_known_says_so_and_keeps_the_knobs_for_the_sentence_of_the_film(tried):
    page = tried("text=The zebra is red&off=encoder.0.self_attn:2&cut=encoder.0.self_attn[head=0,query=8,key=1]")
    assert refused(page) == ["It does not know the word “zebra”."]
    assert page.locator(".typed").input_value() == "The zebra is red"
    assert page.locator(".knobs .chip").all_text_contents() == ["Encoder, layer 1, head C off ×"]
    assert number(page, "encoder.0.self_attn.z", head=2, query=3, d_head=5) == 0
    page.get_by_role("switch", name="Positions").click()
    assert number(page, "embed_src.positional", position=2, d_model=1) == 0


#: What a knob does to a tensor: an index, and the value that stands there.
KNOBS = {
    "off=encoder.1.self_attn:1": ("encoder.1.self_attn.z", (0, 1), 0.0),
    "cut=encoder.1.self_attn[head=1,query=3,key=1]": ("encoder.1.self_attn.masked", (0, 1, 3, 1), -math.inf),
}


def edited(name, index, value):
    def edit(tensor):
        changed = tensor.clone()
        changed[index] = value
        return changed

    return {name: edit}


def differ(one, other):
    return not np.allclose(one, other, rtol=0, atol=1e-7)


@pytest.mark.parametrize("knob", KNOBS)
def test_a_knob_shows_the_number_and_the_one_before_as_two_traces_have_them(tried, oracle, knob):
    page = tried(f"ask=encoder.1.self_attn.out[position=3,d_model=7]&{knob}")
    before, after = (oracle(TEXT, edit)[0] for edit in (None, edited(*KNOBS[knob])))
    at = (0, 3, 7)
    name = "encoder.1.self_attn.out"
    assert number(page, name, position=3, d_model=7) == pytest.approx(after.full(name).values[at], abs=1e-5)
    box = page.locator(".asked-value")
    was = read(box.locator("s").text_content())
    assert was == pytest.approx(before.full(name).values[at], abs=5e-4)
    page.get_by_role("button", name=re.compile("^All .* largest change first")).click()
    listed = set(page.locator(".changes .where").all_text_contents())
    assert listed == {name for name in before.tensors if differ(before.full(name).values, after.full(name).values)}
    assert page.locator(".answer .by").text_content() == "with your changes"
    assert page.locator(".grid td.changed").count() > 0
    assert page.locator(".in-film").count() == 0, "what a knob made is not the film's"


def test_an_edge_is_cut_and_a_head_turned_off_where_they_are_and_all_is_reset(tried):
    page = tried(f"ask={WEIGHT}")
    page.get_by_role("button", name="Cut this edge").click()
    assert number(page, "encoder.1.self_attn.weights", head=1, query=3, key=1) == 0
    row = [number(page, "encoder.1.self_attn.weights", head=1, query=3, key=key) for key in range(4)]
    assert sum(row) == pytest.approx(1), "the other words share the whole"
    assert page.evaluate("document.activeElement.dataset.key") == "edge", "the focus stays"
    page.get_by_role("button", name="Encoder, layer 1, head D: turn off").click()
    assert page.get_by_role("button", name="Encoder, layer 1, head D: turn off").get_attribute("aria-pressed") == "true"
    page.get_by_role("switch", name="Divide scores by √d").click()
    for what in ("scaled", "scores"):
        assert number(page, f"encoder.0.self_attn.{what}", head=0, query=1, key=2) == pytest.approx(
            number(page, "encoder.0.self_attn.scores", head=0, query=1, key=2)
        )
    page.get_by_role("switch", name="Mask: no word sees later ones").click()
    assert number(page, "decoder.0.self_attn.weights", head=0, query=0, key=1) > 0
    page.get_by_role("button", name="Reset all").click()
    assert page.locator(".yours, .changed, .changes section").count() == 0
    assert number(page, "decoder.0.self_attn.weights", head=0, query=0, key=1) == 0


def test_temperature_changes_shares_alone_and_shows_those_before(tried, oracle):
    page = tried("temperature=2")
    found, labels = oracle(TEXT)
    logits = found.full("logits").values[0]
    for row, words in enumerate(page.locator(".next").all()):
        powers = np.exp((logits[row] - logits[row].max()) / 2)
        shares = powers / powers.sum()
        told = int(re.match(r"\d+", words.locator(".number").first.text_content())[0])
        assert told == pytest.approx(100 * shares.max(), abs=0.6)
    assert answer(page) == " ".join(labels["target"][1:])
    assert page.locator(".bar-was").count() > 0
    assert page.locator(".next-words .by").text_content() == "at your temperature 2.0"


def test_numbers_of_the_film_lead_to_where_they_come_from_and_back(look, live_file):
    page = look(live_file)
    links = page.locator("#counting-1 .ask-these a")
    assert links.count() == 2
    links.first.click()
    assert page.locator("h3.asked").get_attribute("aria-label").startswith("weights, red → car, head B")
    page.get_by_role("link", name=re.compile("The film shows it as 99%: One <b>")).click()
    page.locator("#counting-1[aria-current]").wait_for()
    assert page.locator("main").is_visible()
    assert not page.locator("#trying").is_visible()
    links.nth(1).click()
    page.locator("h3.asked[aria-label^='weights, red → is']").wait_for()
    assert page.locator(".in-film").count() == 0, "where film and model differ, nothing is said of the film"
    page.get_by_role("link", name="Watch").click()
    page.locator("#counting-1 .tensor").click()
    page.get_by_role("gridcell", name=re.compile("head 1 “B”, query 3, key 1: ")).press("Enter")
    page.locator("h3.asked[aria-label^='weights, red → car, head B']").wait_for()


def test_the_keys_of_the_film_rest_while_the_model_is_tried(tried):
    page = tried()
    page.locator(".token-chip").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("film.currentTime") == 0


def test_all_tensors_of_the_run_can_be_looked_into_and_asked(tried):
    page = tried(f"text={quote(OTHER)}")
    page.get_by_role("combobox", name="A tensor of this sentence").select_option("encoder.0.ffn.post")
    box = page.get_by_role("region", name="Tensor encoder.0.ffn.post")
    cell = box.get_by_role("gridcell", name=re.compile("position 2 “sees”, d_ff 5: "))
    told = float(cell.get_attribute("aria-label").split(": ")[1])
    assert told == number(page, "encoder.0.ffn.post", position=2, d_ff=5)
    cell.click()
    assert page.locator("h3.asked").get_attribute("aria-label").startswith("post, sees, unit 5")
    type_in(page, "the dogs are angry")
    assert box.get_by_role("rowheader").nth(1).text_content() == "dogs", "it follows what is typed"


def test_after_a_knob_a_tensor_shows_each_number_beside_the_one_before(tried, oracle):
    name, at = "encoder.1.resid_post", (0, 3, 7)
    page = tried("off=encoder.0.self_attn:1")
    before, after = (
        oracle(TEXT, edit)[0].full(name).values for edit in (None, edited("encoder.0.self_attn.z", (0, 1), 0.0))
    )
    page.get_by_role("combobox", name="A tensor of this sentence").select_option(name)
    cell = page.locator(".inspector td[data-row='3'][data-column='7']")
    now, was = map(read, re.fullmatch(".*: (.*), before (.*)", cell.get_attribute("aria-label")).groups())
    assert (now, was) == pytest.approx((after[at], before[at]), abs=1e-6)
    assert page.locator(".inspector td.changed").count() == np.sum(np.abs(before - after) > 1e-9)
    cell.focus()
    assert read(page.locator(".readout .was").text_content().removeprefix("before ")) == was
    page.get_by_role("button", name="Reset all").click()
    page.locator("#trying:not([aria-busy])").wait_for()
    assert page.locator(".inspector td[data-row]").count() == before.size
    assert page.locator(".inspector td.changed").count() == 0


def test_a_tensor_opens_at_the_head_that_is_spoken_of(tried):
    page = tried(f"ask={WEIGHT}")
    for name in ("encoder.1.self_attn.weights", "encoder.1.self_attn.q", "decoder.0.self_attn.q"):
        page.get_by_role("combobox", name="A tensor of this sentence").select_option(name)
        head = page.locator(".inspector select[name=head] option:checked").text_content()
        assert head == ("B" if name.startswith("encoder.1.self_attn") else "A")
    page.get_by_role("button", name="head C: show it large").nth(1).click()
    page.get_by_role("combobox", name="A tensor of this sentence").select_option("encoder.1.self_attn.k")
    page.get_by_role("combobox", name="head", exact=True).locator("option:checked", has_text="C").wait_for(
        state="attached"
    )


#: Of each kind in a run: how an entry is told, how many parts its picture has, and which picture is drawn.
FIGURES = """([data, text]) => {
  const trace = live.open(data).run(text), found = {};
  for (const name of trace.names) {
    const { axes, shape } = trace.get(name), places = axes.map((axis, i) => [axis, Math.min(1, shape[i] - 1)]);
    const entry = trace.explain(name, Object.fromEntries(places)), { kind } = entry;
    const drawn = () => [figures.figure(entry, trace).length, figures.kinds.includes(kind)];
    if (kind) found[kind] ??= [figures.told(entry).join(" "), ...drawn()];
  }
  return found;
}"""
#: Kinds of the LSTMs, which no page runs.
RECURRENT = {"gate", "state", "step before", "last word", "constant"}


def test_every_kind_of_operation_has_words_and_a_picture(tried, opened):
    page, words = tried(), tuple("abcdefghijklm")
    models = [(live_model(opened.model, opened.tokenizer, "shipped"), TEXT)]
    for name, facts in ARCHITECTURES.items():
        model = jig(Transformer(config(**facts)).double()).eval()
        models.append((live_model(model, Vocabulary(words[:11], words, longest=12), name), "d e f d"))
    found = {}
    for data, text in models:
        found |= page.evaluate(FIGURES, [data, text])
    known = {operation.kind for rows in OPERATIONS.values() for operation in rows}
    assert found.keys() == known - RECURRENT
    for kind, (told, parts, drawn) in found.items():
        assert told not in {"", "This is computed from them."}, kind
        assert parts > 0, kind
        assert drawn, kind


TURNED = """([data, text, at]) => {
  const trace = live.open(data).run(text), entry = trace.explain("decoder.0.self_attn.q_rotated", at);
  const [chart, plates] = figures.figure(entry, trace), points = chart.querySelector("polyline").getAttribute("points");
  return [points, entry.terms.map(([x]) => x.value), plates.querySelectorAll("[data-ask]").length];
}"""


def test_a_rotation_is_drawn_as_the_turn_of_its_pair(tried):
    """Entries 1 and 3 of a head of 4 are a pair, turned by m / 10000^(2/4) at position m."""
    words = tuple("abcdefghijklm")
    facts = ARCHITECTURES["a decoder as today's, with rotary positions, shared keys and gates"]
    model = jig(Transformer(config(**facts)).double()).eval()
    data = live_model(model, Vocabulary(words[:11], words, longest=12), "turned")
    points, values, inputs = tried().evaluate(TURNED, [data, "d e f d", {"head": 1, "query": 3, "d_head": 1}])
    turned = complex(*values) * np.exp(3j / 10000 ** (2 / 4))
    x, y = map(float, points.split()[1].split(","))
    assert complex(x, -y) == pytest.approx(50 * turned / abs(turned))
    assert inputs == 3


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_can_be_used_by_all_in_both_themes_and_on_a_telephone(tried, scheme):
    page = tried(f"ask={WEIGHT}&off=encoder.0.self_attn:1&temperature=2", color_scheme=scheme)
    for width, reference in ((1280, WEIGHT), (1280, KINDS[6]), (390, KINDS[5])):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("reference => trying.ask(reference)", reference)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        faults = Axe().run(page, options={"preload": False}).response["violations"]
        assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []
    sheet = page.locator(".asking").bounding_box()
    assert sheet["y"] > 100, "the sentence stays in sight above the panel"
    assert sheet["y"] + sheet["height"] == pytest.approx(844)
    page.get_by_role("button", name="Close", exact=True).click()
    assert not page.locator(".asking").is_visible()


def test_a_hostile_sentence_or_link_is_text(tried, hostile):
    page = tried(f"text={quote(hostile.text)}")
    assert refused(page) == ["That is too long: it reads 40 words at most."]
    assert answer(page) == "el coche es rojo"
    for part in ("ask", "off", "cut", "without", "temperature"):
        page.evaluate("hash => { location.hash = hash }", f"{part}={quote(hostile.text)}")
        page.wait_for_timeout(50)
    page.locator(".typed").fill(hostile.text[:60])
    assert "does not know the words “<”, “img”" in refused(page)[0]
    assert page.evaluate("globalThis.owned") is None
    assert page.locator("#trying :is(img, b > b, svg[onload])").count() == 0


def test_a_page_without_a_model_has_no_such_part(lecture, trace, look, tmp_path):
    page = look(write_page(lecture, trace, tmp_path / "page"))
    assert page.locator("#trying, .views-of, [href^='#ask']").count() == 0
    assert not (tmp_path / "page" / "engine.js").exists()


def test_the_last_slide_answers_to_a_sentence_and_keeps_the_keys_that_it_uses(look, lecture, model, tmp_path):
    page = look(write_slides(lecture, tmp_path / "slides.html", model, "step"))
    slide = "Reveal.getCurrentSlide().id"
    for _ in range(len(lecture.steps) + 1):
        page.keyboard.press("PageDown")
    assert page.evaluate(slide) == "try-it"
    page.locator(".typed").fill("The house is red")
    assert answer(page) == "la casa es roja"
    strip = page.get_by_role("slider", name="embed_src.sum, house")
    strip.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert strip.get_attribute("aria-valuetext").startswith("house, entry 5: ")
    page.keyboard.press("Enter")
    assert page.locator("h3.asked").get_attribute("aria-label").startswith("sum, house, entry 5: ")
    assert page.evaluate(slide) == "try-it"
    page.keyboard.press("PageUp")
    assert page.evaluate(slide) == "{0.chapter}-{0.number}".format(lecture.steps[-1])


def test_it_speaks_the_language_of_the_lecture(look, lecture, trace, model, tmp_path):
    written = write_page(replace(lecture, language="es"), trace, tmp_path / "page", model)
    page = look(f"{written.as_uri()}#ask={WEIGHT}")
    page.get_by_role("region", name="De dónde sale un número").get_by_role("button", name="Cortar esta arista").click()
    assert page.get_by_role("button", name="Restablecer todo").is_visible()
    assert page.locator(".answer .by").text_content() == "con tus cambios"
    assert page.locator(".equation").evaluate("part => part.closest('[lang]').lang") == "en"


#: Names of tensors without a figure of how an entry was made, or with a fault where it is asked.
UNDRAWN = """() => trying.runs.now.names.filter((name) => {
  const { axes, shape } = trying.runs.now.get(name);
  trying.ask(figures.refOf(name, axes, shape.map((size) => Math.min(1, size - 1))));
  const drawn = trying.asking.box.querySelectorAll(".making button, .making .strip").length > 0;
  return drawn === /^parameters\\.(?!output\\.w$)|ids$/.test(name);
})"""


@pytest.mark.parametrize("name", [model.name for model in shipped_live_models()])
def test_an_entry_of_every_tensor_of_every_shipped_model_has_a_figure(look, lecture, trace, tmp_path, name):
    page = look(
        f"{write_page(lecture, trace, tmp_path / 'page', live_model_called(name)).as_uri()}#text=The house is red"
    )
    page.locator("#trying[data-took]").wait_for()
    assert answer(page) == "la casa es roja"
    assert page.locator(".thumb").count() == (24 if "four" in name else 18)
    assert page.evaluate(UNDRAWN) == []


def test_a_model_that_no_page_can_run_gives_none(monkeypatch):
    monkeypatch.setattr("transformer_core.parameters.MOST_COPIED", 1000)
    assert live_model_called(None) is None
