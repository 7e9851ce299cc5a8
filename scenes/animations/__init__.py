"""Animations: `verbs` are what chapters call, `motions` the animations behind them.

A verb or motion that one chapter alone uses has its own file in this folder, and is imported from there.
"""

from scenes.animations.ambient import Pulses, pulses
from scenes.animations.dealing import deal, exchange, gather, through
from scenes.animations.dives import Dive, Rise
from scenes.animations.fades import Come, Fade, Leave, Motion
from scenes.animations.flights import Flight, Travel, Travels
from scenes.animations.meetings import meet
from scenes.animations.motions import Along, Count, Morph, Riding, Sweep, Through, Visit
from scenes.animations.reforming import Reform
from scenes.animations.swings import Swinging
from scenes.animations.verbs import (
    EASE_OUT,
    GLIDE,
    appear,
    appear_in_turn,
    dim,
    draw,
    fill,
    flow,
    fly,
    follow,
    grow,
    highlight,
    leave,
    light,
    move_ring,
    ring_around,
    settle_in,
    slide,
)
from scenes.animations.wiping import Wipe

__all__ = [
    "EASE_OUT",
    "GLIDE",
    "Along",
    "Come",
    "Count",
    "Dive",
    "Fade",
    "Flight",
    "Leave",
    "Morph",
    "Motion",
    "Pulses",
    "Reform",
    "Riding",
    "Rise",
    "Sweep",
    "Swinging",
    "Through",
    "Travel",
    "Travels",
    "Visit",
    "Wipe",
    "appear",
    "appear_in_turn",
    "deal",
    "dim",
    "draw",
    "exchange",
    "fill",
    "flow",
    "fly",
    "follow",
    "gather",
    "grow",
    "highlight",
    "leave",
    "light",
    "meet",
    "move_ring",
    "pulses",
    "ring_around",
    "settle_in",
    "slide",
    "through",
]
