"""The model that runs in a browser computes, reads and explains what the model of the core does."""

import itertools
import math

import numpy as np
import pytest
import torch
from core_models import config, jig

from scenes.publishing.live import shipped_live_models
from transformer_core import Transformer, open_model, record
from transformer_core.config import Rotary
from transformer_core.live import ENGINE
from transformer_core.live.export import as_script, live_model
from transformer_core.parameters import add_parameters
from transformer_core.studies.sentence.generate import generate
from transformer_core.studies.translator.grammar import held_out_sentences
from transformer_core.text.vocabulary import Vocabulary, pieces
from transformer_core.tracing.edit import edits_of
from transformer_core.tracing.explain import Entry

#: Every model that comes with the lecture and runs in a page.
SHIPPED = tuple(model.name for model in shipped_live_models())
#: How many new sentences each of them reads.
SENTENCES = 200
#: Of each tensor its largest size, its sum, and its product with numbers that stand in no order.
PROJECTIONS = """(trace) => Object.fromEntries(trace.names.filter((n) => !n.startsWith("parameters.")).map((name) => {
  const finite = Array.from(trace.get(name).values, (x) => (Number.isFinite(x) ? x : 0));
  const by = (weight) => finite.reduce((all, x, i) => all + x * weight(i), 0);
  return [name, [Math.max(...finite.map(Math.abs)), by(() => 1), by((i) => Math.sin(i * i + 1))]];
}))"""


@pytest.fixture(scope="module")
def browser_models(chromium):
    """Models by name, open in a page: `run(name, script, argument)` calls a function of the model and the argument."""
    page = chromium.new_page()
    page.add_script_tag(path=ENGINE)
    page.evaluate(
        "() => { globalThis.models = {}; globalThis.liveModel = (data) => { models[data.name] = live.open(data); }; }"
    )
    known = set()

    def run(name, script, argument=None, data=None):
        if name not in known:
            opened = None if data else open_model(name)
            page.add_script_tag(content=as_script(data or live_model(opened.model, opened.tokenizer, name)))
            known.add(name)
        return page.evaluate(f"([name, given]) => ({script})(models[name], given)", [name, argument])

    yield run
    page.close()


def traced(model, source, target, edit=None):
    """A pass over these ids as the lecture traces it: the numbers that the browser has to find."""
    batch = [torch.tensor([ids]) if ids else None for ids in (source, target)]
    with torch.no_grad(), record(edit=edit) as tape:
        model(*batch)
    return add_parameters(tape.trace(), model, lambda _name, _axis: None)


def projections(trace, names):
    found = {}
    for name in names:
        flat = trace.full(name).values.ravel().astype(float)
        flat = np.where(np.isfinite(flat), flat, 0)
        weights = np.sin(np.arange(flat.size, dtype=float) ** 2 + 1)
        found[name] = [np.abs(flat).max(), flat.sum(), flat @ weights]
    return found


def assert_same(here, there):
    assert here.keys() == there.keys()
    for name, numbers in there.items():
        for mine, theirs in zip(here[name], numbers, strict=True):
            assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("name", SHIPPED)
def test_two_hundred_new_sentences_give_every_tensor_and_the_translation_of_the_core_for_each_model(
    browser_models, name
):
    opened = open_model(name)
    pairs = [*itertools.islice(held_out_sentences(7 + SHIPPED.index(name)), SENTENCES)]
    assert len(pairs) == SENTENCES
    for pair in pairs:
        text = " ".join(pair.source)
        given, _ = generate(text, opened.model, opened.tokenizer)
        found = browser_models(
            name,
            f"(model, text) => {{ const t = model.run(text); return [t.output, t.targetTokens, ({PROJECTIONS})(t)]; }}",
            text,
        )
        output, target, numbers = found
        assert (tuple(target), output) == (given.target, " ".join(given.written).replace(" ?", "?").replace("¿ ", "¿"))
        trace = traced(opened.model, given.source_ids, given.target_ids)
        assert {*trace.tensors} >= numbers.keys()
        missing = {n for n in trace.tensors if not n.startswith("parameters.")} - numbers.keys()
        assert not missing
        assert_same(numbers, projections(trace, numbers))


ARCHITECTURES = {
    "a decoder as today's, with rotary positions, shared keys and gates": {
        "encoder_layers": 0, "source_vocab": 0, "norm": "rms", "gated": True, "activation": "silu", "positions": "none",
        "biases": "none", "kv_heads": 2, "rotary": Rotary(), "qk_norm": True, "norm_order": "pre", "sliding_window": 3,
        "embedding_scale": False,
    },
    "a decoder with pairs side by side, scaled angles and partly turned heads": {
        "encoder_layers": 0, "source_vocab": 0, "positions": "none", "head_size": 8, "kv_heads": 1,
        "rotary": Rotary("interleaved", fraction=0.5, scaling="llama3", factor=4.0, trained_positions=16),
    },
    "an encoder as BERT's": {
        "decoder_layers": 0, "target_vocab": 0, "positions": "learned", "token_types": 2, "embedding_norm": True,
        "pooler": True, "activation": "gelu", "output_layer": "transformed", "output_bias": True,
    },
    "a translator as Marian's": {
        "positions": "halves", "activation": "gelu-tanh", "output_bias": True, "cross_heads": 2,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_architecture_needs_no_line_of_its_own_in_the_browser(browser_models, kind):
    model = jig(Transformer(config(**ARCHITECTURES[kind])).double()).eval()
    words = tuple("abcdefghijklm")
    vocabulary = Vocabulary(words[:11] if model.decoder is None or model.encoder else words, words, longest=12)
    data = live_model(model, vocabulary, kind)
    text = "d e f d g h"
    given, _ = generate(text, model, vocabulary)
    script = f"(model, text) => {{ const t = model.run(text); return [t.targetTokens, ({PROJECTIONS})(t)]; }}"
    target, numbers = browser_models(kind, script, text, data)
    assert tuple(target) == given.target
    trace = traced(model, given.source_ids, given.target_ids)
    assert {n for n in trace.tensors if not n.startswith("parameters.")} == numbers.keys()
    assert_same(numbers, projections(trace, numbers))


EXPLAINED = """(model, { text, entries }) => { const trace = model.run(text); return entries.map(([name, at]) => {
  const entry = trace.explain(name, at);
  return { kind: entry.kind, equation: entry.equation, value: entry.value, recomputed: entry.recomputed,
    terms: entry.terms.map((term) => term.map((one) => [one.name, one.index, one.value])) };
}); }"""


def test_what_an_entry_is_made_of_is_what_the_core_says(browser_models):
    opened, text = open_model(SHIPPED[0]), "Is the big house red?"
    given, _ = generate(text, opened.model, opened.tokenizer)
    trace = traced(opened.model, given.source_ids, given.target_ids)
    random, places = np.random.default_rng(5), []
    for name in trace.tensors:
        tensor = trace.full(name)
        for flat in random.choice(tensor.values.size, min(6, tensor.values.size), replace=False):
            index = map(int, np.unravel_index(flat, tensor.shape))
            places.append((name, dict(zip(tensor.axes, index, strict=True))))
    for (name, at), found in zip(
        places, browser_models(SHIPPED[0], EXPLAINED, {"text": text, "entries": places}), strict=True
    ):
        entry = Entry(trace, name, at)
        operation = entry.operation
        assert (found["kind"], found["equation"]) == (operation and operation.kind, operation and operation.equation)
        assert found["recomputed"] == pytest.approx(entry.recomputed, rel=1e-9, abs=1e-12) or math.isinf(entry.value)
        theirs = [[(cell.name, [*cell.index], cell.value) for cell in term] for term in entry.terms]
        mine = [[(n, i, v) for n, i, v in term] for term in found["terms"]]
        assert [[cell[:2] for cell in term] for term in mine] == [[cell[:2] for cell in term] for term in theirs]
        assert [v for term in mine for *_, v in term] == pytest.approx([v for term in theirs for *_, v in term])


@pytest.mark.parametrize(
    ("line", "edit"),
    [
        ("encoder.1.self_attn.z[head=1]=0", {"name": "encoder.1.self_attn.z", "at": {"head": 1}, "value": 0}),
        (
            "decoder.0.cross_attn.weights[query=1,key=2]*=0.5",
            {"name": "decoder.0.cross_attn.weights", "at": {"query": 1, "key": 2}, "times": 0.5},
        ),
    ],
)
def test_an_edit_changes_translation_and_tensors_as_it_does_in_the_core(browser_models, line, edit):
    opened, text = open_model(SHIPPED[0]), "Is the big house red?"
    unedited, _ = generate(text, opened.model, opened.tokenizer)
    edits = edits_of((line,), traced(opened.model, unedited.source_ids, unedited.target_ids))
    given, _ = generate(text, opened.model, opened.tokenizer, edits)
    script = f"""(model, [text, edit]) => {{ const t = model.run(text, {{ edits: [edit] }}), plain = model.run(text);
      return [t.targetTokens, t.differs(plain), ({PROJECTIONS})(t)]; }}"""
    target, changed, numbers = browser_models(SHIPPED[0], script, [text, edit])
    assert tuple(target) == given.target
    assert {edit["name"], "probs"} <= {*changed}
    assert "embed_src.sum" not in changed
    assert_same(numbers, projections(traced(opened.model, given.source_ids, given.target_ids, edits), numbers))


def test_a_switch_changes_the_setting_that_it_names(browser_models):
    """Undivided scores are the scores; an open mask hides nothing; without positions the encodings are zero."""
    text = "Is the big house red?"
    script = """(model, text) => {
      const at = (config, name) => Array.from(model.run(text, { target: [5, 6], config }).get(name).values);
      return [at({ attention_scale: false }, "encoder.0.self_attn.scaled"), at({}, "encoder.0.self_attn.scores"),
        at({ causal_mask: false }, "decoder.0.self_attn.masked"), at({}, "decoder.0.self_attn.scaled"),
        at({ positional: false }, "embed_src.sum"), at({}, "embed_src.scaled")]; }"""
    undivided, scores, unmasked, scaled, without, plain = browser_models(SHIPPED[0], script, text)
    assert (undivided, unmasked, without) == (scores, scaled, plain)


TEXTS = (
    "The car is red.", "isn't the DOG small?", "Don\u2019t!", "  the\tcat ,the dog  ", "the caf\u00e9 cafe\u0301",
    "red...", "x-ray 42 _ a_b", "\u00bfes rojo?", "It's a house!", "\uff1f\u3002", "the \U0001f600 cat",
    "rock'n'roll \u2018dog\u2019",
)  # fmt: skip


def test_a_text_is_cut_into_the_words_that_the_core_cuts(browser_models):
    script = """(model, texts) => texts.map((text) => { try { return model.read(text).labels; }
      catch (error) { return [error.code, ...(error.unknown ?? [])]; } })"""
    vocabulary = open_model(SHIPPED[0]).tokenizer
    for text, found in zip(TEXTS, browser_models(SHIPPED[0], script, TEXTS), strict=True):
        labels = pieces(text)
        unknown = [word for word in dict.fromkeys(map(str.lower, labels)) if word not in vocabulary.source[3:]]
        assert found == ([*labels] if labels and not unknown else ["unknown", *unknown] if labels else ["empty"])


def test_a_model_that_no_page_can_hold_is_refused_in_one_line(monkeypatch):
    opened = open_model(SHIPPED[0])
    monkeypatch.setattr("transformer_core.live.export.MOST_COPIED", 1000)
    with pytest.raises(ValueError, match=r"english-spanish has 218,176 parameters: a page in a browser reads at most"):
        live_model(opened.model, opened.tokenizer, SHIPPED[0])
