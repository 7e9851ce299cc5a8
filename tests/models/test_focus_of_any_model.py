"""The focus of any model: in its encoder, or in a decoder alone, where a top key stands before its query token."""

import numpy as np
import pytest
from scenes_of import read_once

from transformer_core.studies import focus as studied
from transformer_core.studies.focus import focus_of, layers_of, mixed_focus, most_attentive, stack_of, within_reach
from transformer_core.tracing.trace import NamedTensor, Trace

TEXT = "the old ship sails home"
STACKS = {"bert": "encoder", "gpt2": "decoder", "marian": "encoder", "torch": "encoder"}


@pytest.fixture(scope="module", params=STACKS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def trace(kind, folders):
    return read_once(TEXT, folders[kind])


def test_the_encoder_is_followed_and_the_decoder_where_there_is_none(kind, trace):
    focus = focus_of(trace)
    assert focus.stack == stack_of(trace) == STACKS[kind]
    assert focus.path == f"{STACKS[kind]}.{focus.layer}.self_attn"
    assert layers_of(trace) == layers_of(trace, STACKS[kind]) == [0, 1]
    assert focus.seen(trace)["weights"].pick(query=focus.query_token).shape == (len(trace.about["tokens"]),)


def test_a_token_may_look_at_all_others_in_an_encoder_and_at_earlier_ones_in_a_decoder(kind, trace):
    focus = focus_of(trace)
    keys = within_reach(focus.seen(trace), focus.query_token)
    behind = kind != "gpt2"
    assert keys == tuple(range(len(trace.about["tokens"]) if behind else focus.query_token.position + 1))
    assert focus.top_key.position in keys
    assert behind or focus.top_key.position < focus.query_token.position


def shares(rows, words):
    values = np.array([rows], float)
    return {0: NamedTensor("w", values, ("head", "query", "key"), {"query": words, "key": words})}


def test_the_first_token_of_a_decoder_is_no_favourite_where_there_is_another():
    rows = [[1, 0, 0], [0.9, 0.1, 0], [0.7, 0.2, 0.1]]
    focus = most_attentive(shares(rows, ("a", "b", "c")), "decoder")
    assert (focus.query_token, focus.top_key, focus.stack) == ("c", "b", "decoder")
    alone = most_attentive(shares([[1, 0], [0.9, 0.1]], ("a", "b")), "decoder")
    assert (alone.query_token, alone.top_key) == ("b", "a")
    assert most_attentive(shares(rows, ("a", "b", "c"))).top_key == "a"


def attending(*heads):
    """A decoder of one layer, in which the third token is followed."""
    words = ("a", "b", "c")
    rows = np.array([[[1, 0, 0], [1, 0, 0], last] for last in heads], float)
    names = {"query": words, "key": words}
    return NamedTensor("decoder.0.self_attn.weights", rows[None], ("batch", "head", "query", "key"), names)


@pytest.mark.parametrize(
    ("heads", "chosen"),
    [
        (([0.76, 0, 0.24], [0.2, 0, 0.8], [0.1, 0.8, 0.1]), 2),  # the sink, itself, another token
        (([0.4, 0.1, 0.5], [0, 1, 0]), 0),  # a row that lies on one key shows no sum
    ],
)
def test_of_heads_that_mix_the_one_is_followed_that_looks_at_another_token(heads, chosen, monkeypatch):
    weights = attending(*heads)
    trace = Trace({weights.name: weights, "decoder.0.self_attn.q": weights})
    query_token = weights.label("query", 2)
    monkeypatch.setattr(studied, "focus_of", lambda _: studied.Focus(0, 0, query_token, query_token, stack="decoder"))
    assert mixed_focus(trace).head == chosen


def test_a_trace_without_attention_is_told_so():
    with pytest.raises(ValueError, match="no self-attention"):
        stack_of(Trace({}))


def a_trace(*matrices, words, ids=None):
    """One layer of an encoder without roles, with a head for each matrix."""
    weights, path = np.array([matrices], float), "encoder.0.self_attn"
    labels = {"query": words, "key": words}
    tensors = {
        f"{path}.weights": NamedTensor(f"{path}.weights", weights, ("batch", "head", "query", "key"), labels),
        f"{path}.q": NamedTensor(f"{path}.q", weights[..., :1], ("batch", "head", "query", "d_head")),
    }
    ids = np.array([range(len(words)) if ids is None else ids])
    return Trace(tensors | {"embed_src.ids": NamedTensor("embed_src.ids", ids, ("batch", "position"))})


WORDS = ("[CLS]", "old", "ships", "sail", "home", "[SEP]")
#: Each token looks at the one before, "sail" most of all; the first looks everywhere.
BEFORE = 0.8 * np.eye(6, k=-1) + 0.2 / 6
BEFORE[0], BEFORE[3] = 1 / 6, [0.01, 0.02, 0.95, 0.02, 0, 0]
#: One whole weight from word to word, and nothing else.
ONE_LOOK = np.full((6, 6), 1 / 6)
ONE_LOOK[1] = np.eye(6)[4]
SINK = np.eye(6)[[0] * 6]


def test_a_head_with_a_clear_pattern_is_followed_rather_than_one_with_the_largest_weight():
    trace = a_trace(ONE_LOOK, BEFORE, words=WORDS)
    focus = focus_of(trace)
    assert (focus.head, str(focus.pattern), focus.role) == (1, "the token before", "")
    assert (focus.query_token, focus.top_key) == ("sail", "ships"), "the largest weight of this pattern, between words"
    assert (
        focus.score
        == trace[focus.score.name].values[focus.score.index]
        == pytest.approx((4 * (0.8 + 0.2 / 6) + 0.95) / 5)
    )
    assert focus.chance == trace[focus.chance.name].values[focus.chance.index] == pytest.approx(1 / 6)


def test_a_sink_or_a_look_at_itself_is_clear_and_not_followed():
    focus = focus_of(a_trace(SINK, np.eye(6), ONE_LOOK, words=WORDS))
    assert (focus.head, focus.pattern, focus.query_token, focus.top_key) == (2, None, "old", "home")


def test_a_link_that_no_word_looks_at_most_is_not_followed():
    rows = BEFORE.copy()
    rows[2:5] = [0.5, 0, 0, 0, 0, 0.5]
    rows[[2, 3, 4], [1, 2, 3]] = 0.4
    assert focus_of(a_trace(rows, words=WORDS)).pattern is None


def test_without_any_pattern_the_largest_weight_is_followed():
    focus = focus_of(a_trace(ONE_LOOK, words=WORDS))
    assert (focus.pattern, focus.score, focus.query_token) == (None, None, "old")


def test_a_repeat_is_followed_to_what_stood_behind_the_earlier_copy():
    words, rows = ("a", "b", "c", "a", "b", "d"), np.full((6, 6), 1 / 6)
    rows[3], rows[4] = np.eye(6)[1], np.eye(6)[2] * 0.9 + 0.1 / 6
    focus = focus_of(a_trace(rows, words=words, ids=[0, 1, 2, 0, 1, 3]))
    assert (str(focus.pattern), focus.query_token.position, focus.top_key.position) == (
        "what followed an earlier copy",
        3,
        1,
    )
