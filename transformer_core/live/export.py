"""A model as data for a browser: its words, its parameters, and the operation that makes each tensor.

`engine.js` beside this file runs what stands here. It knows no architecture: it follows the operations in the order in
which the model executed them, and finds the entries that belong together by the names of the axes, as `explain` does.
So one file serves every model whose trace can be explained, and what it explains is what it has computed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.parameters import MOST_COPIED, add_parameters
from transformer_core.studies.sentence.generate import CONTINUED, SOME, WRITTEN
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.explain import GIVEN, PLACES, Entry, is_learned
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import Trace

#: Lengths of the two texts of which the graph is read: different ones, so that an axis shows whose tokens run along it.
SOURCE, TARGET = 2, 3
#: Types that JavaScript reads, the smallest first.
TYPES = (np.float16, np.float32, np.float64)


def live_model(model: Transformer, vocabulary: Vocabulary, name: str) -> dict[str, Any]:
    """The data of which `live.open` makes a model that runs in a browser.

    `points` are the tensors of a pass in the order of execution: each has `axes`, the `sizes` along them ("source" and
    "target" stand for the number of tokens), `labels` (an axis with the words that run along it) and `parents`; its
    `operation` is a place in `operations`, null for what the model is given, and `terms` are its products of parents.
    `parameters` are the learned tensors, rounded by nothing: their bytes stand in base64.

    Raises:
        ValueError: a model that is too large for a page, or whose numbers cannot all be explained.
    """
    size = sum(parameter.numel() for parameter in model.parameters())
    if size > MOST_COPIED:
        raise ValueError(f"{name} has {size:,} parameters: a page in a browser reads at most {MOST_COPIED:,}")
    trace = _traced(model)
    names = sorted((n for n in trace.tensors if not is_learned(n) or n in trace.parents), key=is_learned, reverse=True)
    operations = {id(one): one for n in names if (one := _entry(trace, n).operation)}
    places = {key: at for at, key in enumerate(operations)}
    points = [_point(trace, n, places) for n in names]
    if unknown := [p["name"] for p in points if p["operation"] is None and p["name"].rpartition(".")[2] not in GIVEN]:
        raise ValueError(f"no operation is known for {unknown[0]} of {name}")
    return {
        "name": name,
        "facts": {"parameters": size},
        "config": model.config.as_dict(),
        "vocabulary": {part: getattr(vocabulary, part) for part in ("source", "target", "longest", "start", "end")},
        "most": {"times": WRITTEN, "more": SOME, "continued": CONTINUED},
        "operations": [
            {"kind": one.kind, "equation": one.equation, "compute": one.compute.__name__, "along": one.along}
            for one in operations.values()
        ],
        "points": points,
        "parameters": [_parameter(t) for n, t in trace.tensors.items() if is_learned(n) and n not in trace.parents],
    }


def as_script(data: Mapping[str, Any]) -> str:
    """The data as a script of one call, which a page that was opened from a disk may load."""
    return f"liveModel({json.dumps(data, ensure_ascii=True, separators=(',', ':'))});\n"


@torch.no_grad()
def _traced(model: Transformer) -> Trace:
    """A pass over the first ids, to read the graph of."""
    source = torch.zeros(1, SOURCE, dtype=torch.long) if model.encoder is not None else None
    target = torch.zeros(1, TARGET, dtype=torch.long) if model.decoder is not None else None
    with record() as tape:
        model(source, target)
    return add_parameters(tape.trace(), model, lambda _name, _axis: None)


def _entry(trace: Trace, name: str) -> Entry:
    return Entry(trace, name, dict.fromkeys(trace.full(name).axes, 0))


def _point(trace: Trace, name: str, places: Mapping[int, int]) -> dict[str, Any]:
    tensor, entry = trace.full(name), _entry(trace, name)
    operation = entry.operation
    return {
        "name": name,
        "axes": tensor.axes,
        "sizes": [_size(name, axis, size) for axis, size in zip(tensor.axes, tensor.shape, strict=True)],
        "labels": _labels(tensor, name),
        "parents": trace.parents.get(name, ()),
        "operation": None if operation is None else places[id(operation)],
        "terms": entry.factors,
    }


def _size(name: str, axis: str, size: int) -> int | str:
    if is_learned(name) or axis not in PLACES:
        return size
    return {SOURCE: "source", TARGET: "target"}.get(size, size)


def _labels(tensor: NamedTensor, name: str) -> dict[str, str]:
    """By axis, the words that run along it: tokens of the source or target, or a whole vocabulary."""
    found = {
        a: str(s) for a, n in zip(tensor.axes, tensor.shape, strict=True) if isinstance(s := _size(name, a, n), str)
    }
    if "vocab" in tensor.axes:
        found["vocab"] = "source words" if "embed_src" in name else "target words"
    return found


def _parameter(tensor: NamedTensor) -> dict[str, Any]:
    values = np.ascontiguousarray(tensor.values)
    kind = next(kind for kind in TYPES if np.array_equal(values.astype(kind), values))
    return {
        "name": tensor.name,
        "axes": tensor.axes,
        "sizes": tensor.shape,
        "labels": _labels(tensor, tensor.name),
        "type": np.dtype(kind).name,
        "bytes": base64.b64encode(values.astype(kind).tobytes()).decode(),
    }
