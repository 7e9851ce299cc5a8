"""A trace written by hand, from arrays of a few numbers."""

import numpy as np

from transformer_core.tracing.trace import NamedTensor, Trace


def traced(tensors, parents=None, **about):
    """`{"encoder.0.ffn.post": ("batch position d_ff", values)}`, and words along "position" if given as a third."""
    named = {}
    for name, (axes, values, *labels) in tensors.items():
        named[name] = NamedTensor(name, np.asarray(values, float), tuple(axes.split()), labels[0] if labels else {})
    return Trace(named, parents, about)
