"""`lecture serve --model`: the figure of the page, with a model that runs behind it on this machine."""

import http.client
import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from contextlib import closing, contextmanager

import numpy as np
import pytest
from answering import answering
from axe_playwright_python.sync_playwright import Axe
from core_models import config, jig

from scenes.publishing.model_service import LONGEST, SECRET, model_handler
from scenes.publishing.rendered import Rendered
from scenes.publishing.serving import server as serving
from transformer_core import Transformer, open_model
from transformer_core.config import Rotary
from transformer_core.live.running import RunningModel
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.sentence.generate import generate
from transformer_core.studies.sentence.read import traced
from transformer_core.studies.sentence.variants import Variant
from transformer_core.text.vocabulary import SentenceError, Vocabulary
from transformer_core.tracing.explain import Entry

WORDS = tuple("abcdefghijklmnop")
TEXT = "d e f d g h"
#: A decoder as today's, with more layers than are drawn one below the other.
DEEP = {
    "encoder_layers": 0, "decoder_layers": 8, "source_vocab": 0, "target_vocab": len(WORDS), "norm": "rms",
    "gated": True, "activation": "silu", "positions": "none", "biases": "none", "kv_heads": 2, "rotary": Rotary(),
    "norm_order": "pre", "max_positions": 24,
}  # fmt: skip


@contextmanager
def served(opened, text, folder, theme="dark", language="en"):
    running = RunningModel(opened)
    handler = model_handler(running, Rendered.without_film(text, theme, language), folder)
    with answering(serving(handler, 0)) as server:
        yield f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture(scope="module")
def deep():
    model = jig(Transformer(config(**DEEP)).double()).eval()
    return LoadedModel(model, Vocabulary(WORDS, WORDS, longest=12), {"model": "deep"})


@pytest.fixture(scope="module")
def address(deep, tmp_path_factory):
    with served(deep, TEXT, tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture
def page(look, address):
    found = look(address)
    found.locator("#trying[data-took]").wait_for()
    return found


@pytest.fixture
def settle(page):
    def settled():
        page.wait_for_function("() => !trying.place.hasAttribute('aria-busy')")

    return settled


def traced_pass(opened, text, edit=None):
    given, _ = generate(text, opened.model, opened.tokenizer, edit)
    trace = traced(opened.model, opened.tokenizer, {"": Variant(given, edited=edit or {})})
    trace.about["config"] = opened.model.config.as_dict()
    return given, trace


ENTRIES = """async (references) => {
  const run = trying.runs.now;
  await run.ask(references);
  return references.map((one) => entryOf(run, one)).map((entry) => ({ kind: entry.kind, equation: entry.equation,
    value: String(entry.value), recomputed: String(entry.recomputed), edited: entry.edited,
    terms: entry.terms.map((term) => term.map((cell) => [cell.name, cell.index, String(cell.value)])) }));
}"""


def test_an_entry_of_every_tensor_is_what_the_core_says_down_to_its_terms(page, deep):
    trace = traced_pass(deep, TEXT)[1]
    random, wanted = np.random.default_rng(3), []
    for name in trace.tensors:
        tensor = trace.tensors[name]
        index = np.unravel_index(int(random.integers(tensor.values.size)), tensor.shape)
        at = {axis: int(i) for axis, i in zip(tensor.axes, index, strict=True)}
        places = ",".join(f"{axis}={i}" for axis, i in at.items() if axis != "batch")
        wanted.append((f"{name}[{places}]", Entry(trace, name, at)))
    found = page.evaluate(ENTRIES, [reference for reference, _ in wanted])
    for (reference, entry), told in zip(wanted, found, strict=True):
        assert told["kind"] == (entry.operation and entry.operation.kind), reference
        assert told["equation"] == (entry.operation and entry.operation.equation)
        numbers = [float(told[part].replace("Infinity", "inf")) for part in ("value", "recomputed")]
        assert numbers == pytest.approx([entry.value, entry.recomputed], abs=0)
        terms = [[(n, tuple(i), float(v.replace("Infinity", "inf"))) for n, i, v in term] for term in told["terms"]]
        assert terms == [[(cell.name, cell.index, cell.value) for cell in term] for term in entry.terms]


def test_what_is_typed_is_gone_on_with_and_what_cannot_be_read_leaves_the_last_result(page, deep, settle):
    for text in (TEXT, "h g f e"):
        page.locator(".typed").fill(text)
        settle()
        given, trace = traced_pass(deep, text)
        assert page.evaluate("trying.runs.now.written") == [*given.written]
        assert page.locator(".token-chip.written").all_text_contents() == [
            f"{word}{i}" for word, i in zip(given.written, given.target_ids[given.prompt :], strict=True)
        ]
        weights = page.evaluate("[...trying.runs.now.get('decoder.7.self_attn.weights').values]")
        assert weights == trace["decoder.7.self_attn.weights"].values.ravel().tolist()
    page.locator(".typed").fill("h g f zebra")
    settle()
    assert "zebra" in page.get_by_role("alert").text_content()
    assert page.evaluate("trying.runs.now.text") == "h g f e"
    page.locator(".typed").fill("h g f")
    settle()
    assert page.get_by_role("alert").text_content() == ""


def test_the_text_goes_on_with_the_next_word_that_is_clicked(page, deep, settle):
    trace = traced_pass(deep, TEXT)[1]
    place = len(TEXT.split()) - 1
    words, shares = trace["probs"].labels["vocab"], trace["probs"].values[0, place]
    likely = np.argsort(-shares, kind="stable")[:5]
    buttons = page.locator(".nexts button")
    assert buttons.locator("span").all_text_contents() == [str(words[i]) for i in likely]
    told = [float(text.strip("<>%")) for text in buttons.locator("small").all_text_contents()]
    assert told == pytest.approx([100 * shares[i] for i in likely], abs=0.5)
    buttons.nth(1).click()
    settle()
    assert page.locator(".typed").input_value() == f"{TEXT} {words[likely[1]]}"
    assert page.evaluate("trying.runs.now.text") == f"{TEXT} {words[likely[1]]}"


def test_of_many_layers_one_is_open_and_each_shows_its_heads(page, deep):
    folds = page.locator(".folded")
    assert folds.evaluate_all("all => all.map((one) => one.open)") == [False] * 7 + [True]
    heads = deep.model.config.heads
    assert page.locator(".small-heads canvas").count() == 8 * heads
    folds.nth(2).locator("summary").click()
    table = page.get_by_role("grid", name="Decoder, layer 3, head A: weights")
    table.wait_for()
    table.locator("[data-ask]").first.click()
    page.locator("h3.asked").wait_for()
    assert page.locator(".asked-plate .path").text_content() == "decoder.2.self_attn.weights[head=0,query=0,key=0]"
    page.reload()
    page.locator("h3.asked").wait_for()
    assert page.locator(".asked-plate .path").text_content() == "decoder.2.self_attn.weights[head=0,query=0,key=0]"


def test_a_knob_makes_the_pass_of_an_edit_and_shows_the_number_before(page, deep, settle):
    page.locator(".folded[open] .off").first.click()
    settle()
    edit = {"decoder.7.self_attn.z": zero_head}
    given, now = traced_pass(deep, TEXT, edit)
    before = traced_pass(deep, TEXT)[1]
    assert page.evaluate("trying.runs.now.written") == [*given.written]
    name = "decoder.7.resid_post[position=5,d_model=3]"
    told = page.evaluate(ENTRIES, [name])[0]
    assert float(told["value"]) == now["decoder.7.resid_post"].values[0, 5, 3]
    page.evaluate("name => trying.ask(name)", name)
    page.locator(".asked-value s").wait_for()
    was = float(page.locator(".asked-value s").text_content().replace("−", "-"))
    assert was == pytest.approx(before["decoder.7.resid_post"].values[0, 5, 3], abs=5e-4)
    changed = page.evaluate("trying.runs.changes().map((one) => one.name)")
    same = {n for n in now.tensors if np.array_equal(now.tensors[n].values, before.tensors[n].values)}
    assert not same & {*changed}
    page.get_by_role("button", name="Reset all").click()
    settle()
    assert page.evaluate("trying.runs.same")


def zero_head(z):
    z[:, 0] = 0
    return z


def test_a_cut_edge_has_no_weight_and_the_scale_can_be_left_out(page, settle):
    page.evaluate("trying.turn('cut', 'decoder.7.self_attn[head=1,query=4,key=2]')")
    settle()
    name = "decoder.7.self_attn.weights[head=1,query=4,key=2]"
    assert float(page.evaluate(ENTRIES, [name])[0]["value"]) == 0
    page.evaluate("trying.turn('switched', 'attention_scale')")
    settle()
    told = page.evaluate(ENTRIES, ["decoder.0.self_attn.scaled[head=0,query=3,key=1]"])[0]
    assert float(told["value"]) == pytest.approx(float(told["terms"][0][0][2]), rel=1e-12), "the score as it is"
    assert told["edited"]


def test_without_mask_and_rotation_a_word_sees_all_others_by_queries_and_keys_as_they_are(deep):
    running = RunningModel(deep)
    switches = running.facts()["switches"]
    key = running.run(TEXT, [*switches["causal_mask"], *switches["positional"]])["key"]
    trace = running.runs[key].trace
    part = trace.under("decoder.3.self_attn", batch=0)
    q, k = (part[name].values for name in "qk")
    group = len(q) // len(k)
    scores = q @ np.repeat(k, group, 0).swapaxes(1, 2) / np.sqrt(q.shape[-1])
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    assert part["weights"].values == pytest.approx(shares / shares.sum(-1, keepdims=True), abs=1e-12)
    assert (part["weights"].values > 0).all(), "no key is hidden"


def test_a_switch_lets_other_changes_of_the_same_tensor_through(deep):
    running = RunningModel(deep)
    switches = running.facts()["switches"]
    for edits in (("causal_mask", "attention_scale"), ("attention_scale", "causal_mask")):
        key = running.run(TEXT, [one for name in edits for one in switches[name]])["key"]
        part = running.runs[key].trace.under("decoder.0.self_attn", batch=0)
        assert part["masked"].values == pytest.approx(part["scores"].values, rel=1e-12)


def test_a_change_that_leaves_no_number_is_told_and_can_be_taken_back(page, settle):
    page.evaluate("trying.turn('cut', 'decoder.7.self_attn[head=0,query=0,key=0]')")
    settle()
    assert "computes no numbers" in page.get_by_role("alert").text_content()
    page.evaluate("trying.restore()")
    settle()
    assert page.get_by_role("alert").text_content() == ""
    assert page.evaluate("trying.runs.same")


def test_of_texts_that_are_typed_while_the_model_reads_the_last_one_is_shown(page, settle):
    page.locator(".folded[open] .off").first.click()
    for text in ("h g zebra", "g f", "g f e"):
        page.evaluate("text => trying.typed(text)", text)
    settle()
    assert page.evaluate("[trying.runs.before.text, trying.runs.now.text, trying.runs.same]") == [
        "g f e",
        "g f e",
        False,
    ]
    assert page.get_by_role("alert").text_content() == ""


def test_a_link_names_an_entry_in_any_order_and_a_head_that_is_there(look, address):
    page = look(f"{address}#ask=decoder.7.self_attn.weights[key=1,query=3,head=1]&off=decoder.70.self_attn:0")
    page.locator("h3.asked").wait_for()
    assert page.locator(".asked-plate .path").text_content() == "decoder.7.self_attn.weights[head=1,query=3,key=1]"
    assert page.evaluate("trying.runs.same")


def test_an_encoder_alone_is_served_and_writes_nothing(look, tmp_path):
    sizes = {"decoder_layers": 0, "target_vocab": 0, "source_vocab": len(WORDS), "output_layer": "none"}
    model = jig(Transformer(config(**sizes)).double()).eval()
    opened = LoadedModel(model, Vocabulary(WORDS, WORDS, longest=12), {"model": "encoder"})
    with served(opened, TEXT, tmp_path) as address:
        page = look(address)
        page.locator("#trying[data-took]").wait_for()
        assert page.get_by_role("grid", name="Encoder, layer 1, head A: weights").is_visible()
        page.locator(".off").first.click()
        page.locator(".effects").wait_for()
        assert page.evaluate("trying.runs.changes().length") > 0


def test_a_server_that_is_gone_is_told(look, deep, tmp_path):
    with served(deep, TEXT, tmp_path) as address:
        page = look(address)
        page.locator("#trying[data-took]").wait_for()
    page.route("**/model/run", lambda route: route.fulfill(body=""))
    page.locator(".typed").fill("g f e")
    page.wait_for_function("() => document.querySelector('.fault').textContent !== ''")
    assert "Is lecture serve still running?" in page.get_by_role("alert").text_content()
    assert not page.evaluate("trying.place.hasAttribute('aria-busy')")


def test_a_text_that_is_too_long_for_a_page_is_refused(deep, monkeypatch):
    monkeypatch.setattr("transformer_core.live.running.MOST_SENT", 8 * len(WORDS))
    with pytest.raises(SentenceError, match="at most 8 tokens"):
        RunningModel(deep).run(TEXT)


def test_a_translator_is_served_as_it_runs_in_a_page(look, tmp_path):
    opened = open_model("english-spanish")
    with served(opened, "The house is red", tmp_path, "light", "es") as address:
        page = look(address)
        page.locator("#trying[data-took]").wait_for()
        assert page.locator(".answer b").text_content() == "la casa es roja"
        assert page.get_by_role("grid", name="Codificador, capa 1, cabeza A: pesos", exact=True).is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_can_be_used_by_all(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("trying.ask('decoder.7.ln1.normalized[position=2,d_model=1]')")
    page.locator("h3.asked").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    faults = Axe().run(page, options={"preload": False}).response["violations"]
    assert [(f["id"], f["nodes"][0]["html"]) for f in faults] == []


def test_a_hostile_text_is_text(page, settle, hostile):
    page.locator(".typed").fill(hostile.text[:200])
    settle()
    assert page.get_by_role("alert").text_content()
    assert page.evaluate("globalThis.owned") is None


@pytest.fixture(scope="module")
def ask(address):
    """Ask the server without a browser."""
    host, port = address.removeprefix("http://").rstrip("/").split(":")

    def asked(path="/model/run", body=None, method="POST", **headers):
        given = json.dumps({"text": TEXT} if body is None else body) if not isinstance(body, bytes) else body
        with closing(http.client.HTTPConnection(host, int(port), timeout=20)) as connection:
            connection.request(method, path, given, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

    secret = asked("/", b"", "GET")[1].decode().partition('"token":"')[2].partition('"')[0]
    return asked, {SECRET: secret, "Content-Type": "application/json"}


def test_a_question_is_answered_to_who_knows_the_secret_of_the_page(ask):
    asked, known = ask
    status, body, headers = asked(**known)
    assert status == 200
    assert json.loads(body)["tokens"] == TEXT.split()
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({SECRET: ""}, 403),
        ({SECRET: "0" * 32}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"path": "/model/nothing"}, 404),
        ({"path": "/model/__init__"}, 404),
        ({"body": b"x" * (LONGEST + 1)}, 413),
        ({"body": b"{"}, 422),
        ({"body": b"[" * 60_000}, 422),
        ({"body": []}, 422),
        ({"body": {"text": 7}}, 422),
        ({"body": {"text": [1, 2, 3]}}, 422),
        ({"body": {"text": TEXT, "other": 1}}, 422),
        ({"body": {"text": TEXT, "edits": [{}]}}, 422),
        ({"body": {"text": TEXT, "edits": [{"name": "decoder.0.self_attn.z", "at": {"head": "x"}, "value": 0}]}}, 422),
        ({"body": {"text": TEXT, "edits": [{"name": "nothing", "at": {}, "value": 0}]}}, 422),
        ({"body": {"text": TEXT, "edits": [{"name": "parameters.*", "at": {}, "value": 0}]}}, 422),
        ({"body": {"text": TEXT, "edits": [{"name": "logits", "at": {}, "bypass": True}]}}, 422),
        ({"body": {"text": TEXT, "edits": [{"name": "nothing", "at": {}, "bypass": True}]}}, 422),
        ({"path": "/model/tensors", "body": {"key": "0", "names": []}}, 422),
        ({"path": "/model/changes", "body": {"key": "0", "before": "0"}}, 422),
    ],
)
def test_another_question_is_refused_and_the_next_one_answered(ask, changed, status):
    asked, known = ask
    path, body = changed.pop("path", "/model/run"), changed.pop("body", None)
    found, told, _ = asked(path, body, **(known | changed))
    assert found == status
    assert b"Traceback" not in told
    assert asked(**known)[0] == 200


def test_a_question_can_not_be_asked_by_a_link(ask):
    asked, known = ask
    assert asked("/model/run", b"", "GET", **known)[0] == 404


def test_of_each_tensor_the_largest_change_is_told(deep):
    edit = {"name": "decoder.7.self_attn.z", "at": {"head": 0}, "times": 0.98}
    running = RunningModel(deep)
    before, now = running.run(TEXT), running.run(TEXT, [edit])
    assert before["target"] == now["target"], "the same words are written, so all places are compared"
    traces = [running.runs[run["key"]].trace for run in (now, before)]
    found = {one["name"]: one for one in running.changes(now["key"], before["key"])}
    for name in (name for name in traces[0].tensors if not name.startswith("parameters.")):
        value, was = (trace.tensors[name].values.astype(float) for trace in traces)
        with np.errstate(invalid="ignore"):  # a hidden key is at minus infinity in both
            by = np.where(value == was, 0, np.abs(value - was))
        if by.max() <= 1e-9:
            assert name not in found
            continue
        told = np.frombuffer(b64decode(found[name]["numbers"]["bytes"]))
        index = tuple(found[name]["index"])
        assert by[index] == by.max()
        assert told.tolist() == [value[index], was[index]]
    assert {"decoder.7.self_attn.z", "decoder.7.resid_post", "logits"} <= found.keys()


def test_runs_that_were_asked_long_ago_are_forgotten(deep):
    running = RunningModel(deep)
    keys = [running.run(text)["key"] for text in "abcdefgh"]
    assert len(set(keys)) == 8
    with pytest.raises(KeyError):
        running.tensors(keys[0], ["logits"])
    assert running.tensors(keys[-1], ["logits"])[0]["name"] == "logits"


def test_the_command_opens_a_model_says_where_and_ends_with_an_interrupt(tmp_path):
    code = "from scenes.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", "--model", "english-spanish", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as running:  # fmt: skip
        line = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
    assert line.startswith("http://127.0.0.1:")
    assert "serving ended" in rest
    assert running.returncode == 0
