"""The distance between two passes, against loops and against the bounds of each measure."""

import math

import numpy as np
import pytest

from scenes.theme import LIMITS
from transformer_core.studies.sentence.diff import heads_apart, likeness, likeness_apart, rows_apart, shares_apart
from transformer_core.studies.sentence.window import in_sight

DRAW = np.random.default_rng(4)


def test_of_shares_that_make_one_each_half_of_all_differences_went_elsewhere():
    p, q = DRAW.dirichlet(np.ones(5), (2, 3, 4))
    by_hand = [[sum(abs(a - b) for a, b in zip(*rows, strict=True)) / 2 for rows in zip(*heads, strict=True)]
               for heads in zip(p, q, strict=True)]  # fmt: skip
    assert np.allclose(shares_apart(p, q), by_hand)
    assert shares_apart(np.array([1.0, 0, 0]), np.array([0, 0, 1.0])) == 1


def test_shares_that_an_edit_took_away_went_elsewhere_too():
    assert shares_apart(np.array([0.5, 0.5]), np.array([0.5, 0.0])) == 0.5
    assert shares_apart(np.array([0.5, 0.0]), np.array([0.5, 0.5])) == 0.5
    assert shares_apart(np.array([0.0, 0.0]), np.array([3.0, 0.0])) == 1, "no part of a whole is more than all"


def test_rows_are_apart_by_their_distance_over_both_lengths():
    x, y = DRAW.normal(size=(2, 3, 4))
    by_hand = [math.dist(a, b) / (math.hypot(*a) + math.hypot(*b)) for a, b in zip(x, y, strict=True)]
    assert np.allclose(rows_apart(x, y), by_hand)
    assert rows_apart(np.array([3.0, 4]), np.array([-3.0, -4])) == 1
    assert rows_apart(np.array([3.0, 4]), np.zeros(2)) == 1
    assert rows_apart(np.zeros(2), np.zeros(2)) == 0
    assert rows_apart(np.array([0.03, 0.04]), np.array([0.0, 0.05])) == pytest.approx(math.sqrt(0.001) / 0.1)
    third = np.full(3, 0.1)
    assert rows_apart(third, -3 * third) <= 1
    assert (rows_apart(x, -x) <= 1).all(), "rounding makes nothing more than one"


def test_rows_are_alike_by_their_cosine_and_a_row_of_zeros_is_like_nothing():
    rows = np.array([[3.0, 4], [6, 8], [-4, 3], [0, 0]])
    assert likeness(rows).tolist() == pytest.approx(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]))
    short = np.array([[0.03, 0.04], [0.05, 0], [0, -70]])
    assert np.allclose(likeness(short), [[1, 0.6, -0.8], [0.6, 1, 0], [-0.8, 0, 1]])
    assert (np.diagonal(likeness(DRAW.normal(size=(5, 3)))) == 1).all()
    assert np.abs(likeness(np.outer([1, -2, 7, 0.1], [0.3, 0.1, 0.7]))).max() <= 1


def test_what_a_row_is_like_is_compared_where_widths_differ():
    wide, narrow = np.eye(3), np.array([[1.0, 0], [1, 0], [-1, 0]])
    assert likeness_apart(wide, narrow).tolist() == [(1 + 1) / 2 / 2] * 3
    slanted = np.array([[3.0, 4], [1, 0]])
    assert np.allclose(likeness_apart(slanted, 2 * slanted), 0)
    assert likeness_apart(np.eye(2), np.array([[1.0], [2]])).tolist() == [0.5, 0.5]
    assert likeness_apart(wide, wide).tolist() == [0, 0, 0]
    assert likeness_apart(np.ones((1, 2)), np.ones((1, 3))).tolist() == [0]
    two = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert np.allclose(likeness_apart(wide, two), [1 / 2 / 2, 1 / 2 / 2, 0])


def test_every_pair_of_heads_has_its_distance():
    first, second = DRAW.dirichlet(np.ones(4), (2, 3, 5))
    second = second[:2]
    found = heads_apart(first, second)
    assert found.shape == (3, 2)
    for a in range(3):
        for b in range(2):
            whole = np.abs(first[a] - second[b]).sum(-1) / 2
            assert found[a, b] == pytest.approx(whole.mean())


def table(size, *marks):
    found = np.zeros((size, size))
    for query, key, value in marks:
        found[query, key] = value
    return found


def test_a_sentence_of_thirteen_tokens_is_seen_whole_and_of_a_longer_one_ten():
    assert in_sight(table(13, (0, 12, 1)), backwards=False, limits=LIMITS) == (0, 13)
    assert [type(end) for end in in_sight(table(14, (0, 1, 1)), backwards=False, limits=LIMITS)] == [int, int]
    assert in_sight(table(14, (0, 1, 1)), backwards=False, limits=LIMITS) == (0, 10)


def test_the_pair_that_differs_most_stands_in_the_middle():
    apart = table(40, (20, 23, -0.9), (3, 4, 0.5))
    assert in_sight(apart, backwards=False, limits=LIMITS) == (22 - 5, 22 + 5)
    assert in_sight(table(40, (20, 22, 1)), backwards=False, limits=LIMITS) == (21 - 5, 21 + 5)
    assert in_sight(table(40, (39, 38, 1)), backwards=False, limits=LIMITS) == (30, 40)
    assert in_sight(table(40, (1, 0, 1)), backwards=False, limits=LIMITS) == (0, 10)


def test_a_pair_too_far_apart_for_a_picture_is_passed_over():
    assert in_sight(table(40, (0, 39, 1), (20, 20, 0.1)), backwards=False, limits=LIMITS) == (15, 25)
    assert in_sight(table(40, (10, 19, 1), (30, 30, 0.1)), backwards=False, limits=LIMITS) == (10, 20)
    assert in_sight(table(40, (10, 20, 1), (30, 30, 0.1)), backwards=False, limits=LIMITS) == (25, 35)


def test_where_no_query_sees_a_later_key_the_query_is_the_last_in_sight():
    assert in_sight(table(40, (20, 18, 1)), backwards=True, limits=LIMITS) == (11, 21)
    assert in_sight(table(40, (4, 2, 1)), backwards=True, limits=LIMITS) == (0, 10)
    assert in_sight(table(40, (39, 38, 1)), backwards=True, limits=LIMITS) == (30, 40)
