"""BERT, GPT-2 and Marian as oracles: with their weights, this model computes the same, inside as well as at the end."""

from dataclasses import replace

import pytest
import torch
from core_models import error
from hugging_face_models import BUILD, build, given, run_ours, run_theirs, seen_in
from hugging_face_points import points

from transformer_core.embedding import sinusoids
from transformer_core.model import Transformer
from transformer_core.pretrained import load, load_hugging_face, save
from transformer_core.tracing.tap import record

GATE = {torch.float64: 1e-12, torch.float32: 2e-6}
kinds = pytest.mark.parametrize("kind", BUILD)
dtypes = pytest.mark.parametrize("dtype", GATE, ids=str)
pytestmark = pytest.mark.usefixtures("_no_gradient")


@pytest.fixture
def _no_gradient():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A model of theirs, and ours from the folder that it was saved in; each is made once, and not to be changed."""
    made = {}

    def make(kind, dtype=torch.float64, jigged=True):
        if (kind, dtype, jigged) not in made:
            theirs = build(kind, dtype, jigged)
            folder = tmp_path_factory.mktemp("folder")
            theirs.save_pretrained(folder)
            made[kind, dtype, jigged] = load_hugging_face(folder, dtype), theirs
        return made[kind, dtype, jigged]

    return make


def end(kind, ours):
    """Return our logits, or the last rows of a model without a head, to compare with what `run_theirs` returns."""
    with record() as tape:
        out = run_ours(kind, ours, given())
    return tape["decoder.final_norm.out"] if kind == "GPT2Model" else out


@kinds
@dtypes
def test_outputs_equal_those_of_hugging_face(kind, dtype, pair):
    ours, theirs = pair(kind, dtype)
    assert error(end(kind, ours), run_theirs(kind, theirs, given())) <= GATE[dtype]


@kinds
@dtypes
def test_every_intermediate_equals_the_one_that_hooks_find(kind, dtype, pair):
    ours, theirs = pair(kind, dtype)
    seen = seen_in(kind, theirs, given())
    with record() as tape:
        run_ours(kind, ours, given())
    assert {*seen} == {name for _, _, name in points(kind)}
    assert len(seen) >= 30
    for name, expected in seen.items():
        assert error(tape[name], expected.view_as(tape[name])) <= GATE[dtype], name


@kinds
@dtypes
def test_watching_changes_no_bit_of_it(kind, dtype, pair):
    ours, _ = pair(kind, dtype)
    plain = run_ours(kind, ours, given())
    with record() as tape:
        watched = run_ours(kind, ours, given())
    assert torch.equal(plain, watched)
    with record(edit=dict.fromkeys(tape, torch.clone)) as edited:
        assert torch.equal(run_ours(kind, ours, given()), plain)
    assert all(torch.equal(tape[name], edited[name]) for name in tape)


@kinds
def test_our_own_checkpoint_of_it_computes_the_same(kind, pair, tmp_path):
    ours, _ = pair(kind)
    again, _ = load(save(ours, tmp_path / "model"), torch.float64)
    assert torch.equal(run_ours(kind, again, given()), run_ours(kind, ours, given()))


@pytest.mark.parametrize("kind", ["GPT2LMHeadModel", "MarianMTModel", "MistralForCausalLM", "Qwen3ForCausalLM"])
def test_a_cache_changes_no_logit(kind, pair):
    ours, _ = pair(kind)
    inputs = given()
    hidden = None if ours.encoder is None else inputs.hidden_source
    memory = None if ours.encoder is None else ours.encode(inputs.source, hidden)
    whole, cache = ours.decode(inputs.target, memory, hidden), {}
    for at in range(inputs.target.shape[1]):
        step = ours.decode(inputs.target[:, at : at + 1], memory, hidden, cache=cache, start=at)
        assert error(step, whole[:, at : at + 1]) <= 1e-12


def mistaken(model, **choices):
    """The same weights under another config."""
    other = Transformer(replace(model.config, **choices)).double().eval()
    other.load_state_dict(model.state_dict())
    return other


def changed(model, name, change):
    """The same config, and one parameter turned into another of the same shape."""
    other = mistaken(model)
    other.get_parameter(name).copy_(change(other.get_parameter(name).clone()))
    return other


def interleaved(fused):
    """Rows [q; k; v], read as q, k and v of the first head, then of the second."""
    return fused.view(4, 3, 4, -1).transpose(0, 1).reshape(fused.shape)


def exact_sinusoids(model):
    other = Transformer(replace(model.config, positions="learned")).double().eval()
    other.load_state_dict(model.state_dict(), strict=False)
    for embedding in (other.embed_src, other.embed_tgt):
        embedding.learned.copy_(sinusoids(12, 16, halves=True, dtype=torch.float64))
    return other


#: Mistakes that are easily made: the kind of model, and the model with the mistake.
MISTAKES = {
    "epsilon of BERT": ("BertModel", lambda ours: mistaken(ours, norm_eps=1e-5)),
    "tanh instead of the exact gelu": ("BertModel", lambda ours: mistaken(ours, activation="gelu-tanh")),
    "token types dropped": ("BertModel", lambda ours: changed(ours, "embed_src.types", torch.zeros_like)),
    "bias of the words dropped": ("BertForMaskedLM", lambda ours: changed(ours, "output.b", torch.zeros_like)),
    "exact gelu instead of tanh": ("GPT2LMHeadModel", lambda ours: mistaken(ours, activation="gelu")),
    "a square Conv1D not transposed": (
        "GPT2LMHeadModel",
        lambda ours: changed(ours, "decoder.layers.0.self_attn.w_o", lambda w: w.T),
    ),
    "q, k, v interleaved by head": (
        "GPT2LMHeadModel",
        lambda ours: changed(ours, "decoder.layers.0.self_attn.w_qkv", interleaved),
    ),
    "scaled embedding of GPT-2": ("GPT2LMHeadModel", lambda ours: mistaken(ours, embedding_scale=True)),
    "sinusoids interleaved": ("MarianMTModel", lambda ours: mistaken(ours, positions="interleaved")),
    "sinusoids not rounded to float32": ("MarianMTModel", exact_sinusoids),
    "embedding not scaled": ("MarianMTModel", lambda ours: mistaken(ours, embedding_scale=False)),
    "gelu instead of swish": ("MarianMTModel", lambda ours: mistaken(ours, activation="gelu")),
    "bias of the logits dropped": ("MarianMTModel", lambda ours: changed(ours, "output.b", torch.zeros_like)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_oracle_sees(mistake, pair):
    kind, make = MISTAKES[mistake]
    ours, theirs = pair(kind)
    assert error(end(kind, make(ours)), run_theirs(kind, theirs, given())) > 1e4 * GATE[torch.float64]


@pytest.mark.parametrize("mistake", ["bias of the words dropped", "bias of the logits dropped"])
def test_weights_as_they_are_initialised_would_hide_a_dropped_bias(mistake, pair):
    kind, make = MISTAKES[mistake]
    ours, theirs = pair(kind, jigged=False)
    assert error(end(kind, make(ours)), run_theirs(kind, theirs, given())) <= GATE[torch.float64]


def test_only_the_traced_key_shows_that_its_bias_was_dropped(pair):
    ours, theirs = pair("GPT2LMHeadModel")

    def without_key_bias(fused):
        fused[16:32] = 0
        return fused

    wrong = changed(ours, "decoder.layers.0.self_attn.b_qkv", without_key_bias)
    with record() as tape:
        logits = run_ours("GPT2LMHeadModel", wrong, given())
    assert error(logits, run_theirs("GPT2LMHeadModel", theirs, given())) <= 1e-12
    name = "decoder.0.self_attn.k"
    assert error(tape[name], seen_in("GPT2LMHeadModel", theirs, given())[name]) > 1e-2


def test_padding_that_is_inverted_does_not_pass(pair):
    ours, theirs = pair("MarianMTModel")
    inputs = given()
    upside_down = replace(inputs, hidden_source=~inputs.hidden_source)
    expected = run_theirs("MarianMTModel", theirs, inputs)
    assert error(run_ours("MarianMTModel", ours, upside_down), expected) > 1e-3


def test_tokens_without_a_type_are_of_the_first(pair):
    ours, theirs = pair("BertModel")
    ids = given().source
    assert error(ours(ids), theirs(ids).last_hidden_state) <= 1e-12
