"""Rounding: what counts as none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: A difference below this part of the numbers that differ is rounding.
ROUNDING = 1e-6


def all_in_sight(parts: Sequence[float] | np.ndarray, totals: float | np.ndarray) -> bool:
    """Return True if `parts`, summed over the first axis, give `totals` within rounding: no term is left out."""
    return bool(np.allclose(np.sum(np.asarray(parts, float), axis=0), totals, rtol=ROUNDING, atol=ROUNDING))
