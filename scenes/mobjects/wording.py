"""Numbers in words, and which tensors and entries a chapter speaks of."""

from __future__ import annotations

from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

LETTERS = {"query": "Q", "key": "K", "value": "V"}


def entering(trace: Trace, focus: Focus) -> NamedTensor:
    """The vectors that the queries of this attention are made of, as the trace says: position × d_model."""
    return trace[trace.parents[f"{focus.path}.q"][0]].pick(batch=0)


def counted(quantity: Quantity, noun: str) -> str:
    """ "1 row", "4 rows"."""
    return f"{quantity} {noun}" if float(quantity) == 1 else f"{quantity} {noun}s"


ALIKE = 0.9


def alike(cosine: Quantity) -> bool:
    """True if two vectors point almost the same way."""
    return cosine > ALIKE


def strongest(vector: NamedTensor) -> Label:
    """The place of the entry with the largest absolute value."""
    label: Label = max(vector.largest(), vector.smallest(), key=lambda found: abs(found[-1]))[0]
    return label
