"""Counts of a linear probe's mistakes, of the rows that are drawn."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure


@measure("part", like="genders")
def wrong_side(spots: np.ndarray, genders: np.ndarray, unseen: np.ndarray) -> Values:
    """|{i : sign(reading_i) ≠ gender_i}| of the drawn rows i whose nouns the probe never read, on each plane."""
    return ((np.sign(spots[..., 0]) != genders) & (unseen > 0)).sum(-1)
