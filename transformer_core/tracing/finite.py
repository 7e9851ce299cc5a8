"""A check that every number of a pass is one. NumPy alone."""

from __future__ import annotations

import numpy as np

from transformer_core.tracing.trace import Trace


def check_finite(trace: Trace) -> None:
    """Refuse a pass with nan or +∞ in it, of which nothing can be shown; −∞, as at a masked key, is allowed.

    Raises:
        ValueError: it names the first tensor, in the order of execution, with an entry that is nan or +∞.
    """
    for name, tensor in trace.tensors.items():
        strange = np.isnan(tensor.values) | (tensor.values == np.inf)
        if strange.any():
            at = [int(i) for i in np.argwhere(strange)[0]]
            raise ValueError(
                f"{name} of this pass has no number at {at}: weights, or an edit, are so large that sums leave what a "
                "float can hold"
            )
