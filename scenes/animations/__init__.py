"""Animations. `verbs` has short names for the usual ones, such as `appear` and `leave`; classes do the moving.

Come, Leave: fade. Swell, Sink: so do discs, which grow and shrink. OffAndOn: a part fades and comes back. Flight: a
copy flies to its place. Travel, Travels: the thing itself, or many, come from elsewhere. Visit: a ring goes from cell
to cell. Along: a marker steps over columns. Sweep: parts come on one by one. Wipe: a shape is uncovered. RunOut: a bar
gets shorter, to nothing. Morph, Reform: shapes become others. Through: shapes pass through recorded states; Riding: so
do bars with numbers, Shades: fills, Count: a number. Turn: hands turn, with rests; Roll: without. Swinging: an arrow
turns about its foot, and its product follows. Dive, Rise: the camera goes into a part, and back. Pulses: dots run along
lines for as long as a beat lasts. Motion and Fade are what the others are made of.
"""

from scenes.animations.ambient import Pulses, pulses
from scenes.animations.dives import Dive, Rise
from scenes.animations.fades import Come, Fade, Leave, Motion
from scenes.animations.flights import Flight, Travel, Travels
from scenes.animations.motions import Along, Count, Morph, OffAndOn, Riding, RunOut, Shades, Sweep, Through, Visit, Wipe
from scenes.animations.reforming import Reform
from scenes.animations.swings import Swinging
from scenes.animations.turning import Roll, Turn
from scenes.animations.verbs import (
    EASE_OUT,
    GLIDE,
    Play,
    appear,
    appear_in_turn,
    deal,
    dim,
    draw,
    exchange,
    fill,
    flow,
    follow,
    gather,
    grow,
    hand_out,
    lagged,
    leave,
    light,
    meet,
    move_ring,
    multiply,
    put_back,
    recast,
    reshape,
    ring_around,
    settle_in,
    sink,
    slide,
    take_out,
    through,
)

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
    "OffAndOn",
    "Play",
    "Pulses",
    "Reform",
    "Riding",
    "Rise",
    "Roll",
    "RunOut",
    "Shades",
    "Sweep",
    "Swinging",
    "Through",
    "Travel",
    "Travels",
    "Turn",
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
    "follow",
    "gather",
    "grow",
    "hand_out",
    "lagged",
    "leave",
    "light",
    "meet",
    "move_ring",
    "multiply",
    "pulses",
    "put_back",
    "recast",
    "reshape",
    "ring_around",
    "settle_in",
    "sink",
    "slide",
    "take_out",
    "through",
]
