"""The most telling entry of a tensor, chosen by a measure, never by hand."""

from __future__ import annotations

import numpy as np

from transformer_core.studies.focus import whole_words
from transformer_core.studies.measures.stream import blocks
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace


def argmax_terms(terms: NamedTensor) -> tuple[int, int]:
    """Of "head key d_head", the head and the entry to which several words give something, of either sign if they do."""
    values = terms.values
    sizes = np.sort(np.abs(values), axis=1)
    ups, downs = np.maximum(values, 0).sum(1), np.maximum(-values, 0).sum(1)
    reach = sizes[:, -2:].min(1) + sizes[:, -3:].min(1) + np.minimum(ups, downs)
    head, entry = np.unravel_index(int(reach.argmax()), reach.shape)
    return int(head), int(entry)


def argmax_ratio(difference: NamedTensor, spread: NamedTensor) -> tuple[int, int, float]:
    """argmax |difference| / spread, as positions along the two axes, and that ratio."""
    contrast = np.abs(difference.values) / spread.values
    first, second = np.unravel_index(int(contrast.argmax()), contrast.shape)
    return int(first), int(second), float(contrast[first, second])


def argmax_angle(trace: Trace, stack: str = "encoder") -> tuple[Label, Quantity]:
    """The token whose row a stack turns most, and by how many degrees
    (`transformer_core.studies.measures.stream.angle_first_last`).

    Marks such as [CLS] and pieces of words are left out where words are left.
    """
    turned: NamedTensor = trace[f"{stack}.angle_first_last"].pick(batch=0)
    words = whole_words(turned.labels.get("position", ()), len(turned))
    position = int(np.where(words, turned.values, -1.0).argmax())
    return turned.label("position", position), turned.quantity(position)


def argmax_norm(trace: Trace, stack: str, token: Label) -> tuple[str, int] | None:
    """The path of the norm of a stack by which the length of a token's vector changes most, up or down; and its layer,
    the last one for the norm after all layers. None where the stack has no norm."""
    layers = blocks(trace, stack)
    paths = {f"{stack}.{layer}.ln{place}": layer for layer in layers for place in (1, 2, 3)}
    paths[f"{stack}.final_norm"] = layers[-1]
    found = [path for path in paths if f"{path}.normalized" in trace]
    if not found:
        return None
    scales = [trace[f"{path}.scale"].pick(batch=0, position=token.position) for path in found]
    path = found[int(np.argmax(np.abs(np.log(np.maximum(np.array(scales, float), 1e-30)))))]
    return path, paths[path]


def sharpest(weights: NamedTensor) -> int:
    """The head whose rows spend most on their top keys, of head × query × key."""
    return int(weights.values.max(-1).mean(-1).argmax())


def with_a_choice(weights: NamedTensor) -> NamedTensor:
    """The rows of query × key but for a first one that sees itself alone, if others follow."""
    alone = len(weights) > 1 and int((weights.values[0] > 0).sum()) == 1
    return weights.pick(query=slice(1, None)) if alone else weights
