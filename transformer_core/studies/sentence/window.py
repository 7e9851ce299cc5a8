"""Choose the tokens of a long sentence that a picture shows: those around the tokens that the lecture follows.

Of a decoder alone the window shows the beginning, where no row in sight looks at anything out of sight; chapters on
writing read the end of what is written instead (`transformer_core.tracing.window`).
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.focus import NEAR, focus_of
from transformer_core.studies.sentence.variants import Sentence
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.tap import record, to_numpy
from transformer_core.tracing.window import ENDING, Limits


def windows_of(model: Transformer, given: Sentence, limits: Limits, told: bool = False) -> dict[str, list[int]]:
    """First and last token (exclusive) in sight, of each side whose sentence is longer than a picture; else nothing.

    "ending" is the window of the target for chapters on writing. Where roles are `told`, by places in the whole source,
    the source has no window; and the target has one only from where the model no longer stops.
    """
    found = {}
    if len(given.source) > limits.whole and not told:
        found["source"] = _around(*_focus(model, given), len(given.source), limits.shown)
    if len(given.target) > (limits.written if told else limits.whole):
        end = [len(given.target) - limits.shown, len(given.target)]
        found |= {"target": [0, limits.shown] if model.encoder is None else end, ENDING: end}
    return found


def _focus(model: Transformer, given: Sentence) -> tuple[int, int]:
    """The two tokens that the lecture follows: see `focus.focus_of`."""
    ids = torch.tensor([given.source_ids], device=model.device)
    points = ("q", "masked", "weights")
    with torch.no_grad(), record(only=[f"encoder.*.self_attn.{point}" for point in points]) as tape:
        model.encode(ids)
    trace = tape.trace(lambda _, axis: given.source if axis in ("query", "key") else None)
    trace.tensors["embed_src.ids"] = NamedTensor("embed_src.ids", to_numpy(ids), ("batch", "position"))
    focus = focus_of(trace)
    return focus.query_token.position, focus.top_key.position


def _around(query_token: int, top_key: int, size: int, shown: int) -> list[int]:
    """The stretch of `shown` tokens with both in its middle."""
    middle = (query_token + top_key + 1) // 2
    start = min(max(0, middle - shown // 2), size - shown)
    return [start, start + shown]


def in_sight(apart: np.ndarray, backwards: bool, limits: Limits | None) -> tuple[int, int]:
    """First and last token (exclusive) that a picture shows: all, or some around the pair that differs most.

    Args:
        apart: the difference of each pair, "query key".
        backwards: whether a query sees no later key, as in a decoder: then it is the last one in sight where it can be.
    """
    size = len(apart)
    if limits is None or size <= limits.whole:
        return 0, size
    places = np.arange(size)
    near = np.abs(places[:, None] - places) < NEAR
    query, key = (int(i) for i in np.unravel_index(int(np.where(near, np.abs(apart), -1).argmax()), apart.shape))
    start = query + 1 - limits.shown if backwards else (query + key + 1) // 2 - limits.shown // 2
    start = min(max(0, start), size - limits.shown)
    return start, start + limits.shown
