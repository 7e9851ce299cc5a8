"""A long sentence is seen through a window: entries keep their values, measures are those of the whole."""

import numpy as np
import pytest

from scenes.stage.reading import read
from scenes.theme import LIMITS
from transformer_core.studies.focus import focus_of

LONG = "the old ship sails home before the storm and the cat sees the other cat and the captain sleeps"


@pytest.fixture(scope="module")
def trace(folders):
    return read(LONG, folders["bert"])


@pytest.fixture(scope="module")
def decoded(folders):
    return read(LONG, folders["gpt2"])


def test_a_window_shows_the_entries_of_the_whole_at_their_places(trace):
    start, stop = trace.about["windows"]["source"]
    assert stop - start == LIMITS.shown
    seen, whole = trace.in_sight()["encoder.1.self_attn.weights"], trace["encoder.1.self_attn.weights"]
    assert np.array_equal(seen.values, whole.values[:, :, start:stop, start:stop])
    assert seen.labels["query"] == whole.labels["query"][start:stop]
    assert trace.full(seen.name) is seen


def test_a_measure_is_taken_of_the_whole_and_cut_afterwards(trace):
    sums = trace.in_sight()["encoder.0.self_attn.weight_sums"]
    assert np.allclose(sums.values, 1)
    assert trace.in_sight()["encoder.0.self_attn.weights"].values.sum(-1).max() < 1


def test_a_row_in_sight_can_be_read_in_full(trace, decoded):
    """By its place in sight: words such as "the" stand there more than once."""
    seen, (start, stop) = trace.in_sight(), trace.about["windows"]["source"]
    whole = trace["encoder.1.self_attn.weights"]
    for place in range(stop - start):
        row = seen.under("encoder.1.self_attn", batch=0).in_full("weights", query=place)
        assert np.array_equal(row.values, whole.values[0, :, start + place])
        assert row.name == whole.name
    last = decoded.in_sight(at_the_end=True).in_full(
        "decoder.0.self_attn.weights", batch=0, head=1, query=LIMITS.shown - 1
    )
    assert np.array_equal(last.values, decoded["decoder.0.self_attn.weights"].values[0, 1, -1])
    assert trace.in_full("encoder.0.self_attn.weights", query=0).shape == (1, 4, *whole.shape[-1:])


def test_what_no_token_runs_along_is_not_cut(trace):
    for name in ("parameters.embed_src.table", "embed_src.position_table"):
        assert trace.in_sight()[name] is trace[name]
    assert trace.in_sight()["config.words"] == len(trace.about["tokens"])


def test_asker_and_favourite_are_in_sight(trace):
    whole, seen = focus_of(trace), focus_of(trace.in_sight())
    assert (str(whole.query_token), str(whole.top_key)) == (str(seen.query_token), str(seen.top_key))
    assert whole.layer == seen.layer


def test_a_decoder_is_followed_where_it_is_in_sight(decoded):
    whole, seen = focus_of(decoded), focus_of(decoded.in_sight())
    assert whole.path == seen.path
    start = decoded.about["windows"]["target"][0]
    for one, other in ((whole.query_token, seen.query_token), (whole.top_key, seen.top_key)):
        assert (str(one), one.position) == (str(other), other.position + start)


def test_the_words_in_sight_are_shuffled_among_themselves(trace):
    order = trace.in_sight()["other.shuffled.order"].values
    assert sorted(order) == list(range(LIMITS.shown))
    assert not (order == np.arange(LIMITS.shown)).any()
    assert trace["other.shuffled.encoder.0.self_attn.out.permutation_difference"] < 1e-12


def test_a_short_sentence_needs_no_window(folders):
    short = read("the cat sleeps", folders["bert"])
    assert short.in_sight() is short
