"""In a cell of a notebook the model answers, Python hears what was asked, and a picture stands where no script runs."""

import base64
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from scenes import ask
from scenes.publishing.markup import HERE
from transformer_core import read
from transformer_core.pretrained.model_registry import known_models
from transformer_core.text.vocabulary import SentenceError

TEXT, ASKED = "The house is red", "encoder.1.self_attn.weights[head=1,query=3,key=1]"
#: A widget's model as anywidget hands it to `render`, which writes down what is saved.
RENDER = """async ([script, values]) => {
  globalThis.saved = [];
  const model = { get: (name) => values[name], set: (name, value) => { values[name] = value; },
    save_changes: () => { saved.push(values.address); } };
  const { default: widget } = await import(`data:text/javascript;base64,${script}`);
  globalThis.leave = widget.render({ model, el: document.body });
}"""


@pytest.fixture(scope="module")
def figure():
    return ask(TEXT, asked=ASKED)


@pytest.fixture
def cell(look, figure, tmp_path):
    """The frame of the figure in a page that has nothing else."""
    (tmp_path / "notebook.html").write_text("<!doctype html><title>cell</title><link rel=icon href='data:,'>")
    page = look(tmp_path / "notebook.html")
    script = base64.b64encode((HERE / "notebook.js").read_bytes()).decode()
    values = {name: getattr(figure, name) for name in ("document", "title", "address", "height")}
    page.evaluate(RENDER, [script, values])
    return page, page.frame_locator("iframe")


def test_the_model_reads_in_the_cell_and_python_hears_what_is_asked(cell, figure):
    page, frame = cell
    frame.locator(".asking.open").get_by_text("softmax", exact=True).wait_for()
    frame.locator(".typed").fill("The bank is wide")
    frame.locator(".answer").get_by_text("ancha").wait_for()
    page.wait_for_function("saved.some((address) => address.includes('bank'))")
    figure.address = page.evaluate("saved.at(-1)")
    assert figure.text == "The bank is wide"


def test_the_frame_reaches_nothing_of_the_notebook(cell):
    page, _ = cell
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    inside = next(frame for frame in page.frames if frame != page.main_frame)
    assert inside.evaluate("() => { try { return parent.document.title; } catch (error) { return error.name; } }") == (
        "SecurityError"
    )


def test_what_it_begins_with_is_known_in_python():
    begun = ask(TEXT, asked=ASKED)
    assert (begun.text, begun.asked) == (TEXT, ASKED)
    assert repr(begun) == "Figure('The house is red')"


def test_where_no_script_runs_a_picture_shows_the_weights_of_the_trace(figure):
    data, _ = figure._repr_mimebundle_()
    picture = ET.fromstring(data["image/svg+xml"])
    shades = [float(rect.get("fill-opacity")) for rect in picture.iter() if rect.get("fill-opacity")]
    trace = read(TEXT)
    names = [n for n in trace.tensors if n.endswith("_attn.weights") and n.startswith(("encoder.", "decoder."))]
    weights = np.concatenate([trace[name].values.ravel() for name in names])
    np.testing.assert_allclose(shades, weights, atol=5e-4)


@pytest.mark.parametrize(
    ("wishes", "error", "line"),
    [
        ({"theme": "pink"}, ValueError, "no theme 'pink': it is one of dark, light"),
        ({"text": "The zebra"}, SentenceError, "zebra"),
        ({"model": "minilm"}, ValueError, "minilm does not run in a page: that takes a translator of whole words"),
    ],
)
def test_what_cannot_be_shown_is_one_line(wishes, error, line):
    if wishes.get("model", "minilm") not in {model.name for model in known_models()}:
        pytest.skip("this model is not installed here")
    with pytest.raises(error, match=line):
        ask(**wishes)
