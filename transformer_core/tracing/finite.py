"""Whether a pass stayed among the numbers. NumPy alone."""

from __future__ import annotations

import numpy as np

from transformer_core.tracing.trace import Trace


def check_finite(trace: Trace) -> None:
    """Nothing can be shown of a pass that has left the numbers; what is masked, −∞, belongs to it.

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
