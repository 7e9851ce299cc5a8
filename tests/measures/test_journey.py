"""Rows on their way: the plane is the one of largest spread, and the picture of two senses keeps lengths and angle."""

from __future__ import annotations

import numpy as np
import pytest

from transformer_core.lecture import read
from transformer_core.measures.journey import SENSES, stops
from transformer_core.trace import Trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    return read("The car is red")


def test_no_plane_keeps_more_of_the_spread_than_that_of_the_journey(trace: Trace) -> None:
    rows = np.concatenate([trace[name].values[0] for name in stops(trace, "encoder")])
    rows -= rows.mean(0)
    spreads = np.linalg.eigvalsh(rows.T @ rows)
    assert np.isclose(float(trace["encoder.journey_explained"]), spreads[-2:].sum() / spreads.sum())
    drawn = trace["encoder.journey"].values
    assert np.isclose((drawn**2).sum(), spreads[-2:].sum())


def test_two_senses_keep_their_lengths_and_their_distance(trace: Trace) -> None:
    ends = [[trace[f"other.{sense}.{name}"].values[0, 1] for sense in SENSES] for name in
            (stops(trace, "encoder")[0], stops(trace, "encoder")[-1])]  # fmt: skip
    moved = np.array(ends[1]) - np.array(ends[0])
    drawn = trace["encoder.senses_moved"].values
    assert np.allclose(np.linalg.norm(drawn, axis=1), np.linalg.norm(moved, axis=1))
    assert np.isclose(np.linalg.norm(drawn[0] - drawn[1]), np.linalg.norm(moved[0] - moved[1]))
    apart = np.linalg.norm(ends[1][0] - ends[1][1]) / np.linalg.norm(moved[0])
    assert np.isclose(float(trace["encoder.senses_end"]), apart)


def test_a_word_at_one_place_starts_at_one_point_in_both_sentences(trace: Trace) -> None:
    assert float(trace["encoder.senses_start"]) == 0
