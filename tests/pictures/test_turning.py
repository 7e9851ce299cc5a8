"""Hands of a clock on stage stand where the table of sines and cosines says."""

import numpy as np
import pytest
from manim import VGroup

from scenes.animations.turning import Turn
from scenes.mobjects.clocks import hands_shown
from scenes.mobjects.shapes import dot


@pytest.mark.parametrize("place", [0, 1, 4, 11])
def test_a_hand_stands_at_sine_and_cosine_of_its_place(place):
    angle, centre, places = np.radians(57.3), np.array([2.0, 1.0, 0.0]), 12
    tip = dot(centre + np.array([0.0, 1.0, 0.0]))
    turning = Turn(VGroup(VGroup(tip)), [centre], [angle], places)
    turning.begin()
    turning.interpolate((place + 0.3) / places)  # a hand rests in the first part of each place
    expected = centre + np.array([np.sin(place * angle), np.cos(place * angle), 0])
    assert np.allclose(tip.get_center(), expected, atol=1e-6)


def test_the_fastest_and_the_slowest_hand_are_always_shown():
    for pairs in (4, 32, 256):
        shown = hands_shown(pairs)
        assert shown[0] == 0
        assert shown[-1] == pairs - 1
