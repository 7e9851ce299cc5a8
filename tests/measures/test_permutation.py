"""Words change places: which stands where, and how far their rows move."""

import pytest

from transformer_core.studies.measures.permutation import exchanged, shuffle


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
