"""Who is followed: in the encoder, or in the decoder of a model without one, whose favourites stand before."""

import numpy as np
import pytest

from transformer_core.cast import cast_of, layers_of, most_attentive, stack_of, within_reach
from transformer_core.lecture import read
from transformer_core.trace import NamedTensor, Trace

TEXT = "the old ship sails home"
STACKS = {"bert": "encoder", "gpt2": "decoder", "marian": "encoder", "torch": "encoder"}


@pytest.fixture(scope="module", params=STACKS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def trace(kind, folders):
    return read(TEXT, folders[kind])


def test_the_encoder_is_followed_and_the_decoder_where_there_is_none(kind, trace):
    cast = cast_of(trace)
    assert cast.stack == stack_of(trace) == STACKS[kind]
    assert cast.path == f"{STACKS[kind]}.{cast.layer}.self_attn"
    assert layers_of(trace) == layers_of(trace, STACKS[kind]) == [0, 1]
    assert cast.seen(trace)["weights"].pick(query=cast.asker).shape == (len(trace.about["tokens"]),)


def test_a_token_may_look_at_all_others_in_an_encoder_and_at_earlier_ones_in_a_decoder(kind, trace):
    cast = cast_of(trace)
    keys = within_reach(cast.seen(trace), cast.asker)
    behind = kind != "gpt2"
    assert keys == tuple(range(len(trace.about["tokens"]) if behind else cast.asker.position + 1))
    assert cast.favourite.position in keys
    assert behind or cast.favourite.position < cast.asker.position


def shares(rows, words):
    values = np.array([rows], float)
    return {0: NamedTensor("w", values, ("head", "query", "key"), {"query": words, "key": words})}


def test_the_first_token_of_a_decoder_is_no_favourite_where_there_is_another():
    rows = [[1, 0, 0], [0.9, 0.1, 0], [0.7, 0.2, 0.1]]
    cast = most_attentive(shares(rows, ("a", "b", "c")), "decoder")
    assert (cast.asker, cast.favourite, cast.stack) == ("c", "b", "decoder")
    alone = most_attentive(shares([[1, 0], [0.9, 0.1]], ("a", "b")), "decoder")
    assert (alone.asker, alone.favourite) == ("b", "a")
    assert most_attentive(shares(rows, ("a", "b", "c"))).favourite == "a"


def test_a_trace_without_attention_is_told_so():
    with pytest.raises(ValueError, match="no self-attention"):
        stack_of(Trace({}))
