"""The share of the picture before that is still there as a step begins."""

from __future__ import annotations

import numpy as np

#: Seconds in which a viewer connects two pictures, and the share of the old one that has to stay at least.
CONNECTS, STAYS = 3.3, 0.1
#: The stage as shares of the frame: from below the title to above the captions, and the corner of the map.
TOP, FOOT, MAP = 39 / 270, 231 / 270, (48 / 270, 382 / 480)
#: How far a drawn pixel is from the background at least.
DRAWN = 8


def kept(before: np.ndarray, now: np.ndarray) -> float:
    """Return the share of what was drawn on the stage that is drawn in its place now; 1 if next to nothing was."""
    old, new = (_drawn(picture) for picture in (before, now))
    return float((old & new).sum() / old.sum()) if old.sum() > old.size / 4000 else 1.0


def _drawn(picture: np.ndarray) -> np.ndarray:
    """The pixels of the stage that differ from its background, which is the colour in the corner of the frame."""
    high, wide = picture.shape[:2]
    drawn: np.ndarray = (np.abs(picture.astype(int) - picture[0, 0].astype(int)) > DRAWN).any(-1)
    drawn[: int(MAP[0] * high), int(MAP[1] * wide) :] = False
    return drawn[int(TOP * high) : int(FOOT * high)]
