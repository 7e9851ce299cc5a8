"""The kinds of the words of this sentence, after which units of the feed-forward layer may be named."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.measures.naming import Values, measure
from transformer_core.studies.translator.grammar.lexicon import kinds
from transformer_core.tracing.trace import Trace

#: The model that experiments look into: its units (`neurons`), its heads (`heads_off`), its training (`emergence`).
OURS = "english-spanish"


@measure("position kind", like="post")
def of_kind(trace: Trace, prefix: str) -> Values:
    """1 where the word at a position is of a kind, else 0: "position kind"."""
    words = trace.full(f"{prefix}.post").labels["position"]
    values = np.array([[word.lower() in kind for kind in kinds().values()] for word in words], dtype=int)
    return values, {"kind": tuple(kinds())}


@measure("position d_ff", like="post")
def named_after(trace: Trace, prefix: str, of_kind: np.ndarray, post: np.ndarray) -> Values:
    """The activation of each unit at each word, where the word is of the kind that the unit tells best; else zero.

    "position d_ff". The kinds are those of the experiment `neurons`; prefix is `encoder.<layer>.ffn`.
    """
    layer = int(prefix.split(".")[1])
    best = trace.full("experiment.neurons.best_kind").values[layer]
    return post[0] * of_kind[:, best]
