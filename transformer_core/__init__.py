"""A compact Transformer whose every tensor can be named, read, edited and trusted.

Importing this package imports no torch: a process that only draws reads a saved trace with NumPy alone.
"""

from transformer_core.trace import AXES, Label, NamedTensor, Quantity, Trace

__all__ = ["AXES", "Label", "NamedTensor", "Quantity", "Trace"]
