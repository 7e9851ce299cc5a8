"""Whatever view is taken of a tensor, each entry knows its name, its words and where it stands in the full array."""

import numpy as np
import pytest

from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.provenance import Label

WORDS = ("the", "cat", "sees", "the", "cat")
#: Another value at each index, and no two axes of one size.
FULL = NamedTensor(
    "encoder.0.weights",
    np.arange(2 * 5 * 3, dtype=float).reshape(2, 5, 3),
    ("head", "query", "key"),
    {"query": WORDS, "key": ("a", "b", "c")},
)
VIEWS = {
    "the whole": FULL,
    "one head": FULL.pick(head=1),
    "from the end": FULL.pick(head=-1, key=-3),
    "by a word": FULL.pick(query="sees"),
    "a stretch": FULL.pick(query=slice(1, 4)),
    "every other, backwards": FULL.pick(query=slice(None, None, -2)),
    "some, in another order": FULL.pick(key=(2, 0), query=("sees", "the")),
    "a range": FULL.pick(query=range(3, 5)),
    "a part of a part": FULL.pick(query=slice(1, 5)).pick(query=slice(1, 3), head=0).pick(query=1),
    "turned": FULL.transpose("key", "head", "query"),
    "turned back to front": FULL.transpose(),
    "a part of what was turned": FULL.transpose("key", "query", "head").pick(query=(4, 1)).transpose()[1],
    "by brackets": FULL[1, :, 2],
}
views = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


@views
def test_every_entry_of_a_view_is_the_one_at_its_index_in_the_full_array(view):
    places = list(np.ndindex(view.shape))
    assert [FULL.values[view.index(*place)] for place in places] == [view.values[place] for place in places]
    found = view.quantities()
    assert [float(quantity) for quantity in found] == [*view.values.flat]
    assert [FULL.values[quantity.index] for quantity in found] == [*view.values.flat]
    assert {quantity.name for quantity in found} == {FULL.name}


@views
def test_every_word_of_a_view_is_the_one_at_its_place_in_the_full_array(view):
    for axis in view.axes:
        for place, word in enumerate(view.words(axis)):
            assert word == (FULL.labels[axis][word.position] if axis in FULL.labels else str(place))
            assert word == view.label(axis, place)
            assert (word.name, word.axis) == (FULL.name, axis)


def test_what_a_view_keeps_it_keeps_in_order():
    assert FULL[1, :, 2].values.tolist() == [17, 20, 23, 26, 29]
    assert FULL[1].axes == ("query", "key")
    assert FULL.pick(query=slice(None, None, -2)).values[0, :, 0].tolist() == [12, 6, 0]
    assert FULL.pick(query=slice(None, None, -2)).labels["query"] == ("cat", "sees", "the")
    assert FULL.pick(key=(2, 0)).values[0].tolist()[0] == [2, 0]
    assert FULL.pick(head=(1,)).labels == FULL.labels
    assert FULL.transpose().axes == ("key", "query", "head")
    assert FULL.transpose().values[2, 4, 1] == FULL.values[1, 4, 2]
    assert FULL.transpose("query", "head", "key").shape == (5, 2, 3)


def test_a_picked_axis_is_gone_with_its_words():
    row = FULL.pick(head=1, query="sees")
    assert row.axes == ("key",)
    assert row.labels == {"key": ("a", "b", "c")}
    assert dict(row.kept) == {"key": range(3)}
    assert row.origin == (1, 2, "key")


def test_sizes_lengths_and_single_entries_read_as_those_of_numpy():
    assert FULL.shape == (2, 5, 3)
    assert [FULL.size(axis) for axis in FULL.axes] == [2, 5, 3]
    assert len(FULL) == 2
    assert [row.shape for row in FULL] == [(5, 3), (5, 3)]
    assert [row.index(0, 0)[0] for row in FULL] == [0, 1]
    assert float(NamedTensor("size", np.array(7), ())) == 7.0
    picked = FULL.pick(head=1, query=2, key="b")
    assert (float(picked), picked.name, picked.index) == (22.0, FULL.name, (1, 2, 1))


def test_the_largest_and_the_smallest_are_told_with_their_words():
    values = np.array([[0.1, 0.7, 0.2], [0.3, 0.05, 0.65]])
    table = NamedTensor("w", values, ("query", "key"), {"query": ("cat", "sees"), "key": ("a", "b", "c")})
    assert table.largest() == ("cat", "b", 0.7)
    assert table.smallest() == ("sees", "b", 0.05)
    query_token, asked, share = table.transpose().largest()
    assert (query_token, asked, share.index) == ("b", "cat", (0, 1))


def test_a_word_that_stands_twice_is_found_where_it_was_read():
    second = FULL.words("query")[3]
    assert FULL.position("query", second) == 3
    assert FULL.position("query", "the") == 0
    assert FULL.pick(query=slice(2, 5)).position("query", second) == 1


def test_a_word_read_elsewhere_is_found_by_its_text():
    here = FULL.pick(query=slice(0, 3))
    assert here.position("query", FULL.words("query")[4]) == 1  # its own place is not in this view
    assert FULL.position("query", Label("cat", "other", "query", 2)) == 1  # something else stands at its place
    assert FULL.position("query", Label("sees", "other", "query", 40)) == 2


def test_a_place_may_be_counted_from_the_end_and_may_not_lie_outside():
    assert [FULL.position("key", at) for at in (0, 2, -1, -3)] == [0, 2, 2, 0]
    for at in (3, -4):
        with pytest.raises(KeyError, match=rf"^'encoder\.0\.weights has 3 entries along key, none at {at}'$"):
            FULL.position("key", at)


def test_a_word_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(KeyError, match=r"encoder\.0\.weights has no 'dog' along key: it has a, b, c\"$"):
        FULL.pick(key="dog")
    with pytest.raises(KeyError, match=r"has no 'a' along head: it has no labels\"$"):
        FULL.pick(head="a")


def test_axes_and_words_must_fit_the_values():
    values = np.zeros((2, 3))
    for axes in (("query",), ("query", "key", "head"), ("key", "key")):
        with pytest.raises(ValueError, match=r"^w: axes .* do not name the dimensions of shape \(2, 3\)$"):
            NamedTensor("w", values, axes)
    with pytest.raises(ValueError, match=r"^w: 2 labels for axis key of shape \(2, 3\)$"):
        NamedTensor("w", values, ("query", "key"), {"key": ("a", "b")})
    # Words of an axis that is not open do no harm: a caller may know more than this tensor has.
    assert NamedTensor("w", values, ("query", "key"), {"head": ("only",)}).axes == ("query", "key")


def test_numbers_may_come_as_lists():
    assert NamedTensor("w", [[1, 2]], ("query", "key")).quantity(0, 1) == 2


def test_a_word_is_not_looked_for_where_there_are_none():
    with pytest.raises(KeyError, match=r"has no 'x' along head: it has no labels\"$"):
        FULL.position("head", Label("x", "other", "head", 1))


def test_an_index_needs_a_place_along_every_open_axis():
    for place in ((0,), (0, 0), (0, 0, 0, 0)):
        with pytest.raises(ValueError, match=r"zip\(\) argument"):
            FULL.index(*place)


def test_an_axis_that_a_tensor_does_not_have_cannot_be_picked():
    with pytest.raises(KeyError, match="x has no axis 'layer': it has query, key"):
        NamedTensor("x", np.zeros((2, 2)), ("query", "key")).pick(layer=0)
