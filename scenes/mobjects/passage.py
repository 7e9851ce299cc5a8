"""Strands from the token that gives to the token that takes, as thick as what is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Mobject, VGroup, VMobject

from scenes.mobjects.marks import End, MarkMeaning, Thickness, means
from scenes.mobjects.shapes import curve, stroke
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace


def as_thick_as(weight: Quantity, line: VMobject, thin: float, thick: float, *ends: MarkMeaning) -> VMobject:
    """Make a line so thick as its weight is large, between `thin` and `thick` px; it means that, and its `ends`."""
    line.set_stroke(width=stroke(thin + (thick - thin) * float(weight)))
    return means(line, Thickness(weight, thick - thin, thin), *ends)


def strand(start: np.ndarray, end: np.ndarray, share: float, least: float, most: float = 13.0) -> VMobject:
    """One line of a fan; it leaves and arrives level."""
    seen = share >= least
    line = curve(start, end, thick=1.5 + (most - 1.5) * share if seen else 1.5, level=True)
    return line.set_stroke(opacity=(0.35 + 0.6 * share) if seen else 0.0)


def fan(weights: NamedTensor, read: Sequence[Mobject], given: Sequence[Mobject], least: float) -> VGroup:
    """For each weight, "query key", a strand from the key's figure in `read` to the query's in `given`, row by row."""
    strands = VGroup()
    for (i, j), share in zip(np.ndindex(weights.shape), weights.quantities(), strict=True):
        line = strand(read[j].get_right(), given[i].get_left(), share, least)
        strands.add(weigh(line, share, least))
    return strands


def weigh(line: VMobject, share: Quantity, least: float) -> VMobject:
    """Write on a strand which share it means, whose row it leads from, and to whose. One below `least` is not seen."""
    if share < least:
        return line
    # A row may be on stage entry by entry, and is then no token.
    ends = End(share, first=True, axis="key", alone=True), End(share, axis="query", alone=True)
    return means(line, Thickness(share, 11.5, 1.5), *ends)


def final_of(trace: Trace) -> NamedTensor:
    """The vectors that leave the encoder."""
    last = trace.about["config"]["encoder_layers"] - 1
    name = "encoder.final_norm.out"
    return rows_of(trace, name if name in trace else f"encoder.{last}.resid_post")


def rows_of(trace: Trace, name: str) -> NamedTensor:
    """A tensor of the first sentence of the batch: position × its width."""
    return trace[name].pick(batch=0)
