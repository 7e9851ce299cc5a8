"""Measures of a trace, computed from its tensors: terms of a sum, lengths, angles, shares. NumPy alone.

Each function is registered under the name that it adds beside the tensors it reads, so that
`trace["encoder.0.self_attn.terms"]` is computed when it is first read, and saved with the rest. Every file of this
package is found by itself: a new measure is a function, in the file of its subject or in a new one. Indices: i is the
query, j the key, d an entry of a head, m an entry of the stream.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
