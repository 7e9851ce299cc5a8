"""Words change places: which stands where, and how far their rows move."""

import numpy as np
import pytest
from small import traced

from transformer_core.studies.measures.permutation import exchanged, shuffle
from transformer_core.tracing.trace import NamedTensor
from transformer_core.tracing.window import ORDER

ROW = "batch position d_model"
WORDS = ("a", "b", "c", "d")


@pytest.mark.parametrize("words", [1, 2, 3, 7, 20])
def test_after_a_shuffle_every_word_is_there_once_and_none_at_its_place(words):
    order = shuffle(words)
    assert sorted(order) == list(range(words))
    assert words == 1 or not any(place == word for place, word in enumerate(order))
    assert order == shuffle(words)


def test_words_in_sight_trade_places_among_themselves():
    order = shuffle(9, [3, 6])
    assert [sorted(part) for part in (order[:3], order[3:6], order[6:])] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_the_last_word_trades_with_the_first_unlike_it_in_the_second_half():
    assert exchanged("the cat sees the dog".split()) == [0, 1, 4, 3, 2]
    assert exchanged("a b The the".split()) is None
    assert exchanged(["one"]) is None


def test_rows_that_only_trade_places_do_not_move():
    plain = np.arange(8.0).reshape(1, 4, 2)
    order = [2, 0, 3, 1]
    moved = plain[:, order] + np.array([0, 0, 0, 0.7])[None, :, None] * [1, 0]
    trace = traced(
        {
            "other.no_positions.encoder.0.out": (ROW, plain),
            "other.shuffled.encoder.0.out": (ROW, moved),
        }
    )
    trace.tensors[ORDER] = NamedTensor(ORDER, np.array(order), ("position",))
    assert trace["other.shuffled.encoder.0.out.permutation_difference"] == pytest.approx(0.7 / 7)


@pytest.mark.parametrize("beside", ["other.no_positions.", ""])
def test_a_row_of_a_turned_sentence_is_compared_with_that_of_its_word(beside):
    """With the rows without positions where there are such; those of an LSTM, which has none, with its own."""
    plain = np.array([[[1.0, 0], [2, 0], [3, 0], [4, 0]]])
    turned = plain[:, [0, 1, 3, 2]] + np.array([[[0, 0], [0, 0], [0, 1], [2, 0]]])
    tensors = {
        "embed_src.sum": (ROW, np.zeros((1, 4, 2)), {"position": WORDS}),
        f"{beside}states": (ROW, plain),
        "other.exchanged.states": (ROW, turned, {"position": ("a", "b", "d", "c")}),
    }
    if beside:
        tensors["states"] = (ROW, 9 * plain)
    trace = traced(tensors)
    change = trace["other.exchanged.states.exchange_change"]
    assert change.values.tolist() == [0, 0, 0.25, 0.5]
    assert change.labels == {"position": ("a", "b", "d", "c")}
    assert trace["other.exchanged.states.largest_exchange_change"] == 0.5
