"""Of which kinds the words of this sentence are: what a unit of the feed-forward layer may be named after."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.derived import derived
from transformer_core.studies.measures.naming import named
from transformer_core.studies.translator.grammar.kinds import kinds
from transformer_core.tracing.trace import NamedTensor, Trace

#: The model that experiments look into: its units (`neurons`), its heads (`heads_off`), its training (`emergence`).
OURS = "english-spanish"


@derived("of_kind")
def of_kind(trace: Trace, prefix: str) -> NamedTensor:
    """1 where the word at a position is of a kind, else 0: "position kind"."""
    words = trace.full(f"{prefix}.post").labels["position"]
    values = np.array([[word.lower() in kind for kind in kinds().values()] for word in words], dtype=int)
    found = named(trace, prefix, "of_kind", values, "position kind", ("post",))
    return NamedTensor(found.name, found.values, found.axes, {**found.labels, "kind": tuple(kinds())})


@derived("named_after")
def named_after(trace: Trace, prefix: str) -> NamedTensor:
    """The activation of each unit at each word, where the word is of the kind that the unit tells best; else zero.

    "position d_ff". The kinds are those of the experiment `neurons`; prefix is `encoder.<layer>.ffn`.
    """
    layer = int(prefix.split(".")[1])
    best = trace.full("experiment.neurons.best_kind").values[layer]
    inside = trace.full(f"{prefix}.of_kind").values[:, best]
    values = trace.full(f"{prefix}.post").values[0] * inside
    return named(trace, prefix, "named_after", values, "position d_ff", ("post",))
