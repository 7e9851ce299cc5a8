"""Rounding: what counts as none, and the decimals with which a sum on screen adds up for a viewer who checks it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: A difference below this part of the numbers that differ is rounding.
ROUNDING = 1e-6


def all_in_sight(parts: Sequence[float] | np.ndarray, totals: float | np.ndarray) -> bool:
    """Return True if `parts`, summed over the first axis, give `totals` within rounding: no term is left out."""
    return bool(np.allclose(np.sum(np.asarray(parts, float), axis=0), totals, rtol=ROUNDING, atol=ROUNDING))


def adding_up(parts: Sequence[float], total: float, least: int = 2, most: int = 4) -> str:
    """The shortest format with which the rounded parts add up to the rounded total; "" if none does."""
    for digits in range(least, most + 1):
        rest = sum(round(float(part), digits) for part in parts) - round(float(total), digits)
        if abs(rest) < 0.5 * 10**-digits:
            return f".{digits}f"
    return ""
