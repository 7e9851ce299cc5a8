"""Hands of a clock on stage stand where the table of sines and cosines says."""

import numpy as np
import pytest
from manim import VGroup

from scenes.animations import Turn
from scenes.chapters.c09_positions.clocks import hands_shown
from scenes.mobjects.shapes import dot


@pytest.mark.parametrize("place", [0, 1, 4, 11])
def test_a_hand_stands_at_sine_and_cosine_of_its_place(place):
    angle, centre, places = np.radians(57.3), np.array([2.0, 1.0, 0.0]), range(12)
    tip = dot(centre + np.array([0.0, 1.0, 0.0]))
    turning = Turn(VGroup(VGroup(tip)), [centre], [angle], places, VGroup())
    turning.begin()
    turning.interpolate((place + 0.3) / len(places))  # a hand rests in the first part of each place
    expected = centre + np.array([np.sin(place * angle), np.cos(place * angle), 0])
    assert np.allclose(tip.get_center(), expected, atol=1e-6)


def test_a_hand_turns_back_from_where_it_stands():
    angle, centre = np.radians(57.3), np.array([2.0, 1.0, 0.0])
    tip = dot(centre + np.array([np.sin(9 * angle), np.cos(9 * angle), 0.0]))
    turning = Turn(VGroup(VGroup(tip)), [centre], [angle], [9, 0], VGroup())
    turning.begin()
    turning.interpolate(1.0)
    assert np.allclose(tip.get_center(), centre + np.array([0.0, 1.0, 0.0]), atol=1e-3)


@pytest.mark.parametrize(("pairs", "count"), [(1, 1), (4, 4), (32, 6), (256, 6)])
def test_one_factor_leads_from_each_hand_that_is_shown_to_the_next_from_the_fastest_on(pairs, count):
    shown = np.array(hands_shown(pairs))
    assert (shown[0], len(shown)) == (0, count)
    assert shown[-1] < pairs
    speeds = 10_000.0 ** (-shown / pairs)
    assert (speeds[1:] < speeds[:-1]).all()
    assert np.allclose(speeds[1:] / speeds[:-1], speeds[1:2] / speeds[:1])
