"""A model that stays open, reads texts, and explains the numbers of its last passes.

`engine.js` does the same in a browser, for models that a page can hold. What stands here answers for larger ones:
`scenes.publishing.model_service` passes the questions of a page on, and `remote.js` asks them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from threading import Lock
from typing import Any

import numpy as np
import torch

from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.sentence.generate import generate
from transformer_core.studies.sentence.read import traced
from transformer_core.studies.sentence.variants import Sentence, Variant
from transformer_core.text.vocabulary import SentenceError
from transformer_core.tracing.edit import Change
from transformer_core.tracing.explain import Entry, is_learned
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.tap import Edit, matcher
from transformer_core.tracing.trace import Trace

#: Passes that are kept, so that a text can be compared with and without the changes of a learner.
KEPT = 6
#: A tensor of more numbers is sent as a window: the first `SEEN` places of each axis that is longer than `LONG`.
MOST_SENT, LONG, SEEN = 2**24, 64, 32
#: Rows of a table that are sent on either side of the one that was picked.
BESIDE = 4
#: Numbers that differ by less came out of sums in another order.
SAME = 1e-9
#: The axes along which places of the target stand.
WRITTEN = ("position", "query", "key")


@dataclass(frozen=True)
class LiveRun:
    """A text that was read, what the model wrote, and the trace of one pass over both."""

    given: Sentence
    trace: Trace


class RunningModel:
    """A model that stays open: `run` reads a text, the other methods tell of a run by its key.

    Args:
        opened: the model, and what reads for it.

    Raises:
        ValueError: a model without a vocabulary.
    """

    def __init__(self, opened: LoadedModel) -> None:
        if opened.tokenizer is None:
            raise ValueError("this model has no vocabulary, so it cannot read a text")
        self.model, self.tokenizer = opened.model, opened.tokenizer
        self.name = str(opened.facts.get("model", ""))
        #: The words of the text, and those of what is written.
        self.words = {"source": tuple(self.tokenizer.source), "target": tuple(self.tokenizer.target)}
        self.runs: OrderedDict[str, LiveRun] = OrderedDict()
        # Requests come in threads of their own; a recorder and the intermediate results of a trace are not shared.
        self.lock = Lock()

    def _run(self, key: str) -> LiveRun:
        """The run of a key, which from now on is the one that was asked last."""
        self.runs.move_to_end(key)
        return self.runs[key]

    def facts(self) -> dict[str, Any]:
        """The name, the stacks, the words of both vocabularies, and the edits that switch something off."""
        config = self.model.config
        widths = {"self": config.d_head, "cross": config.d_head_cross}
        scale = [{"name": f"*.{kind}_attn.scaled", "at": {}, "times": width**0.5} for kind, width in widths.items()]
        switches = {}
        if config.attention_scale:
            switches["attention_scale"] = scale if self.model.encoder and self.model.decoder else scale[:1]
        if config.rotary:
            switches["positional"] = [{"name": f"*.{part}_rotated", "at": {}, "bypass": True} for part in "qk"]
        elif config.positions != "none":
            switches["positional"] = [{"name": "embed_*.positional", "at": {}, "times": 0}]
        if self.model.decoder and not config.sliding_window:
            switches["causal_mask"] = [{"name": "decoder.*.self_attn.masked", "at": {}, "bypass": True}]
        return {
            "name": self.name,
            "stacks": [name for name in ("encoder", "decoder") if getattr(self.model, name) is not None],
            "words": self.words,
            "switches": switches,
        }

    def run(self, text: str, edits: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Read `text`, write what the model writes, and trace one pass; both under the `edits`.

        An edit is `{"name", "at", "value"}` or `{"name", "at", "times"}`: a tensor or a pattern of names, a place along
        some of its axes, and the number to set or to multiply by. "-inf" is minus infinity. With `{"name", "at": {},
        "bypass": True}` the tensor is what its operation was given first, as if there were no such operation.

        Returns:
            The `key` of the run, the `tokens` of text and target, what was `written`, and the names of all tensors.

        Raises:
            SentenceError: the model cannot read the text, the text is too long for a page, or nothing can be computed
                under the edits.
            TypeError: the text is none.
            ValueError: an edit that names no tensor, or no axis of it.
        """
        if not isinstance(text, str):
            raise TypeError(f"a text is read, and no {type(text).__name__}")
        with self.lock:
            key, found = self._found(text, edits)
        given = found.given
        return {
            "key": key,
            "tokens": given.source or given.target[: given.prompt],
            "target": given.target,
            "prompt": given.prompt if given.target else 0,
            "written": given.target_ids[given.prompt :],
            "names": list(found.trace.tensors),
        }

    def _found(self, text: str, edits: Sequence[Mapping[str, Any]]) -> tuple[str, LiveRun]:
        """The run of a text under edits, and its key; read if it is not among the last ones."""
        key = hashlib.sha256(json.dumps([text, list(edits)], sort_keys=True).encode()).hexdigest()[:16]
        if key not in self.runs:
            changes = _changes(edits, self._found(text, ())[1].trace) if edits else {}
            self.runs[key] = self._read(text, changes)
            while len(self.runs) > KEPT:
                self.runs.popitem(last=False)
        return key, self._run(key)

    @torch.no_grad()
    def _read(self, text: str, edits: Mapping[str, Edit]) -> LiveRun:
        try:
            given = generate(text, self.model, self.tokenizer, edits)[0]
            count, most = len(given.target or given.source), MOST_SENT // len(self.words["target"])
            trace = self._traced(given, edits) if count <= most else None
        except SentenceError:
            raise
        except ValueError as error:  # such as edits that leave a query no key at all
            raise SentenceError(f"the model computes no numbers here: {error}") from None
        if trace is None:
            raise SentenceError(f"a page shows at most {most} tokens of this model, and here are {count}")
        return LiveRun(given, trace)

    def _traced(self, given: Sentence, edits: Mapping[str, Edit]) -> Trace:
        trace = traced(self.model, self.tokenizer, {"": Variant(given, edited=edits)})
        trace.about["config"] = self.model.config.as_dict()
        return trace

    def tensors(self, key: str, names: Sequence[str], whole: bool = True) -> list[dict[str, Any]]:
        """The tensors called `names` of a run: axes, shape, labels and values, of large ones a window.

        Raises:
            KeyError: no such run or tensor.
        """
        with self.lock:
            trace = self._run(key).trace
            return [self._tensor(trace.tensors[name], whole) for name in names]

    def _tensor(self, tensor: NamedTensor, whole: bool) -> dict[str, Any]:
        size = tensor.values.size
        windowed = size > MOST_SENT or (not whole and size > LONG * 128)
        kept = [list(range(SEEN)) if windowed and n > LONG else None for n in tensor.shape]
        values = tensor.values[tuple(slice(None) if k is None else slice(len(k)) for k in kept)]
        return {**self._facts(tensor), "kept": kept, "values": _numbers(values)}

    def _facts(self, tensor: NamedTensor) -> dict[str, Any]:
        """Name, axes, shape and labels; where they are all words of a vocabulary, which one it is."""
        labels = {axis: self._side(tuple(words)) or words for axis, words in tensor.labels.items()}
        return {"name": tensor.name, "axes": tensor.axes, "shape": tensor.shape, "labels": labels}

    def _side(self, words: tuple[str, ...]) -> str:
        """The vocabulary that these are all words of; "" if they are those of a sentence."""
        return next((side for side, all_words in self.words.items() if words == all_words), "")

    def ask(self, key: str, references: Sequence[tuple[str, Mapping[str, int]]]) -> list[dict[str, Any] | None]:
        """The entries at `references`, each a name and a place along each axis, with their terms; None for no entry.

        Raises:
            KeyError: no such run.
        """
        with self.lock:
            trace = self._run(key).trace
            return [self._asked(trace, name, at) for name, at in references]

    def _asked(self, trace: Trace, name: str, at: Mapping[str, int]) -> dict[str, Any] | None:
        tensor = trace.tensors.get(name)
        if tensor is None:
            return None
        place = {axis: at.get(axis, 0) for axis in tensor.axes}
        if any(not 0 <= place[axis] < max(size, 1) for axis, size in zip(tensor.axes, tensor.shape, strict=True)):
            return None
        entry = Entry(trace, name, place)
        terms, operation = entry.terms, entry.operation
        told = {name, *(cell.name for term in terms for cell in term)}
        return {
            "name": name,
            "at": place,
            "kind": operation and operation.kind,
            "equation": operation and operation.equation,
            "made": "computed" if operation else "learned" if is_learned(name) else "given",
            "numbers": _numbers(np.array([entry.value, entry.recomputed])),
            "edited": bool(entry.edited),
            "terms": [_products(names, list(same)) for names, same in groupby(terms, _names)],
            "tensors": [self._facts(trace.tensors[one]) for one in sorted(told)],
            "rows": _rows(entry),
        }

    def changes(self, key: str, before: str) -> list[dict[str, Any]]:
        """Of each tensor that a run changed, the entry that changed most: `value`, what it `was`, and its `index`.

        The decoder is compared as far as both runs wrote the same.

        Raises:
            KeyError: no such run.
        """
        with self.lock:
            now, old = self._run(key), self._run(before)
            pairs = zip(now.given.target, old.given.target, strict=False)
            whole = len(now.given.target) if now.given.target else sys.maxsize  # an encoder alone writes nothing
            shared = next((i for i, (a, b) in enumerate(pairs) if a != b), whole)
            found = [
                _change(now.trace.tensors[name], old.trace.tensors[name], shared)
                for name in now.trace.tensors
                if not is_learned(name) and name in old.trace.tensors
            ]
            return [one for one in found if one]


def _changes(edits: Sequence[Mapping[str, Any]], plain: Trace) -> dict[str, Edit]:
    """The edits by the name of their tensors; several of one tensor are made one after the other."""
    found: dict[str, list[Edit]] = {}
    for edit in sorted(edits, key=lambda edit: "bypass" in edit):  # what is passed on is what the other edits leave
        names = [*filter(matcher(str(edit["name"])), plain.tensors)]
        if not names:
            raise ValueError(f"no tensor of this pass is called {edit['name']}")
        if "bypass" in edit:
            for name in names:
                _bypass(found, name, plain)
            continue
        number = float(edit["times"] if "times" in edit else edit["value"])
        for name in names:
            axes = plain.tensors[name].axes
            where = {str(axis): int(place) for axis, place in edit["at"].items()}
            if not axes or {*where} - {*axes} or is_learned(name):
                raise ValueError(f"{name} cannot be changed at {where}: its axes are {', '.join(axes)}")
            found.setdefault(name, []).append(Change(axes, where, "*=" if "times" in edit else "=", number))
    return {name: _in_turn(changes) for name, changes in found.items()}


def _bypass(found: dict[str, list[Edit]], name: str, plain: Trace) -> None:
    """Add the edits that make a tensor the first of its parents, which has to be of the same shape."""
    parent = next(iter(plain.parents.get(name, ())), None)
    if parent is None or _form(plain.tensors[parent]) != _form(plain.tensors[name]):
        raise ValueError(f"{name} is not made of another tensor of its shape")
    seen: list[torch.Tensor] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        seen[:] = [tensor]
        return tensor

    found.setdefault(parent, []).append(keep)
    found.setdefault(name, []).append(lambda tensor: seen[0] if seen else tensor)


def _form(tensor: NamedTensor) -> tuple[object, ...]:
    return tensor.axes, tensor.shape


def _in_turn(changes: Sequence[Edit]) -> Callable[[torch.Tensor], torch.Tensor]:
    def edit(tensor: torch.Tensor) -> torch.Tensor:
        for change in changes:
            tensor = change(tensor)
        return tensor

    return edit


def _names(term: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(cell.name for cell in term)


def _products(names: tuple[str, ...], terms: Sequence[tuple[Entry, ...]]) -> dict[str, Any]:
    """Terms with factors of the same tensors: for each factor, the places and the values along all terms."""
    factors = list(zip(*terms, strict=True))
    return {
        "names": names,
        "places": [_bytes(np.array([cell.index for cell in factor], np.int32)) for factor in factors],
        "values": [_numbers(np.array([cell.value for cell in factor])) for factor in factors],
    }


def _rows(entry: Entry) -> list[dict[str, Any]]:
    """The rows that a picture of the entry shows.

    Of a norm the row that it normalises, of a gather those of the table, of a rotation the one that it makes.
    Each has the tensor's `name`, the `place` along all axes but the last one, and the `values` along that.
    """
    kind = entry.operation.kind if entry.operation else ""
    if kind == "norm":
        cell = entry.terms[0][0]
        return [_row(cell.tensor, cell.index[:-1])]
    if kind == "rotation":
        return [_row(entry.tensor, entry.index[:-1])]
    if kind == "gather":
        cell = entry.terms[0][-1]
        picked, count = cell.index[0], cell.tensor.shape[0]
        return [_row(cell.tensor, (i,)) for i in range(max(0, picked - BESIDE), min(count, picked + BESIDE + 1))]
    return []


def _row(tensor: NamedTensor, place: tuple[int, ...]) -> dict[str, Any]:
    return {"name": tensor.name, "place": place, "values": _numbers(tensor.values[place])}


def _change(now: NamedTensor, old: NamedTensor, shared: int) -> dict[str, Any] | None:
    """The entry of a tensor that changed most, as far as its places stand for the same tokens in both runs."""
    late = now.name.startswith(("decoder", "embed_tgt", "logits", "probs"))
    ends = [
        min(a, b, shared if late and axis in WRITTEN and not ("cross_attn" in now.name and axis == "key") else a)
        for axis, a, b in zip(now.axes, now.shape, old.shape, strict=True)
    ]
    part = tuple(slice(end) for end in ends)
    values, was = (one.values[part].astype(np.float64) for one in (now, old))
    if not values.size:
        return None
    with np.errstate(invalid="ignore"):
        by = np.where(values == was, 0.0, np.abs(values - was))
    at = np.unravel_index(int(by.argmax()), by.shape)
    if not by[at] > SAME:
        return None
    index = [int(i) for i in at]
    return {"name": now.name, "axes": now.axes, "index": index, "numbers": _numbers(np.array([values[at], was[at]]))}


def _numbers(values: np.ndarray) -> dict[str, str]:
    """Numbers as they are: their type, and their bytes (little-endian) in base64."""
    kind = "float32" if values.dtype == np.float32 else "float64"
    return {"type": kind, "bytes": _bytes(values.astype(f"<{kind[0]}{int(kind[-2:]) // 8}"))}


def _bytes(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
