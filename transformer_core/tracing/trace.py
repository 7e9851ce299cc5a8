"""The trace: every tensor of one forward pass, by name.

This file needs NumPy alone. The model writes through `transformer_core.tracing.tap`; pictures read from here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from transformer_core.config import Config
from transformer_core.files.atomic import ending, reading, whole
from transformer_core.files.foreign import map_arrays, read_arrays, read_object
from transformer_core.tracing.explain import Entry, explain
from transformer_core.tracing.named_tensor import AXES, NamedTensor, Tensors
from transformer_core.tracing.notebook import trace_html
from transformer_core.tracing.renamed import renamed
from transformer_core.tracing.transformer_lens_names import HOOK, trace_point
from transformer_core.tracing.window import ENDING, WINDOW, in_full, through_window

__all__ = ["AXES", "NamedTensor", "Trace", "add_source"]

#: The version of the names of tensors that `save` writes into the card.
NAMES = 2


class TensorSource(NamedTuple):
    """A place where a trace looks for tensors that its pass did not record."""

    find: Callable[[Trace, str], NamedTensor | None]
    equation: Callable[[str], str]
    has: Callable[[str], bool]


_SOURCES: list[TensorSource] = []


def add_source(
    find: Callable[[Trace, str], NamedTensor | None],
    equation: Callable[[str], str],
    has: Callable[[str], bool] = lambda _name: False,
) -> None:
    """Let every trace ask a source for what its pass did not record, after the sources that were added before.

    Args:
        find: the tensor of a name, read or computed from the trace; None if this source does not have it.
        equation: its definition; "" if this source does not have it.
        has: whether `name in trace` is true by this source; nothing is computed.
    """
    _SOURCES.append(TensorSource(find, equation, has))


class Trace(Mapping[str, NamedTensor]):
    """Every tensor of one forward pass, in the order of execution, with its parents.

    `trace[name]` is a `NamedTensor`; a name that was not recorded is looked for in further sources when it is first
    read (see `add_source`), such as measures that follow from what was recorded. `under(prefix, head=0)` is the same
    trace seen from a part of the model, names shortened.
    """

    def __init__(
        self,
        tensors: Mapping[str, NamedTensor],
        parents: Mapping[str, tuple[str, ...]] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.tensors = Tensors(tensors)
        self.parents = dict(parents or {})
        self.about = dict(about or {})
        self.prefix = ""
        self.picks: dict[str, int | str | slice] = {}

    def under(self, prefix: str = "", **picks: int | str | slice) -> Trace:
        """The tensors whose names start with `prefix`, with `picks` taken along the axes that have them."""
        view = Trace({}, about=self.about)
        view.tensors, view.parents = self.tensors, self.parents
        view.prefix = self.prefix + (f"{prefix}." if prefix else "")
        view.picks = {**self.picks, **picks}
        return view

    def in_sight(self, at_the_end: bool = False) -> Trace:
        """This trace through the window that its sentence needs, if any: see `transformer_core.studies.window`."""
        return self.under(ENDING if at_the_end else WINDOW) if self.about.get("windows") else self

    def in_full(self, name: str, **picks: int | str) -> Any:
        """`self[name].pick(**picks)`, with all tokens along the axes that stay open: also those that are out of sight.

        What a row holds most of may stand where no picture has room for it; `picks` are places in what is in sight.
        """
        return in_full(self, self.point(name), **picks)

    def full(self, name: str) -> NamedTensor:
        """The full array called `name` (no prefix, no picks): of the pass, or of the first source that has it.

        Raises:
            KeyError: neither recorded nor found; the line names what is near.
        """
        if name.startswith((f"{WINDOW}.", f"{ENDING}.")):
            seen = through_window(self, name)
            return self.tensors.setdefault(seen.name, seen)
        if name not in self.tensors:
            whole = Trace({}, about=self.about)
            whole.tensors, whole.parents = self.tensors, self.parents
            found = _found(whole, name)
            if found is None:
                prefix = name.rpartition(".")[0]
                near = [n for n in self.tensors if n.rpartition(".")[0] == prefix][:8]
                raise KeyError(f"no tensor {name!r} in this trace; beside it: {', '.join(near) or 'nothing'}")
            self.tensors[name] = found
        return self.tensors[name]

    def equation(self, name: str) -> str:
        """The definition of the tensor called `name` by its source; "" for what the pass recorded."""
        return next((words for source in _SOURCES if (words := source.equation(name))), "")

    def computed(
        self, name: str, instead: Mapping[str, NamedTensor] = MappingProxyType({})
    ) -> tuple[NamedTensor | None, tuple[str, ...]]:
        """The tensor that a source finds or computes as `name`, and the tensors whose values it reads for this.

        None, and none, where what a measure of this name reads is not there: then a tensor was recorded under it.

        Args:
            name: the full name.
            instead: tensors to compute with in the place of those of their names.
        """
        listening = _Listening({}, about=self.about)
        listening.tensors, listening.parents = Tensors({**self.tensors, **instead}), self.parents
        try:
            return _found(listening, name), tuple(listening.read)
        except KeyError:
            return None, ()

    def labels(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """The labels along the axes of the full tensor called `name`."""
        return self.full(name).labels

    def __getitem__(self, name: str) -> Any:
        tensor = self.full(self.prefix + self.point(name))
        return tensor.pick(**{axis: at for axis, at in self.picks.items() if axis in tensor.axes})

    def __iter__(self) -> Iterator[str]:
        return (name[len(self.prefix) :] for name in self.tensors if name.startswith(self.prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def point(self, name: str) -> str:
        """The name of a tensor here: itself, or the point that TransformerLens calls so in the model of this trace.

        Raises:
            KeyError: no such point, or the trace does not say how its model was built.
        """
        if HOOK not in name:
            return name
        if "config" not in self.about:
            raise KeyError(f"{name} is a name of TransformerLens, and this trace does not name the config of its model")
        return trace_point(name, Config.from_dict(self.about["config"]))

    def __contains__(self, name: object) -> bool:
        try:
            name = self.point(str(name))
        except KeyError:
            return False
        full = f"{self.prefix}{name}".removeprefix(f"{WINDOW}.").removeprefix(f"{ENDING}.")
        return full in self.tensors or any(source.has(full) for source in _SOURCES)

    def _repr_html_(self) -> str:
        full = {name: self.prefix + name for name in self}
        return trace_html({name: (self.tensors[at], self.parents.get(at, ())) for name, at in full.items()})

    def explain(self, name: str, **picks: int | str) -> Entry:
        """Explain one entry of `name`: its operation, its terms, and the number recomputed from them.

        `picks` give a label or a place along each axis; see `transformer_core.tracing.explain`.
        """
        return explain(self, self.point(name), **picks)

    def save(self, path: str | os.PathLike[str], compressed: bool = False) -> Path:
        """Write every tensor to `path` (.npz) and axes, labels, order, parents and facts to a JSON beside it.

        Both are written under temporary names and moved only when both are whole: an interruption leaves the old pair.
        """
        path = ending(path, ".npz")
        card = {
            "names": NAMES,
            "about": self.about,
            "tensors": {
                name: {"axes": tensor.axes, "shape": tensor.shape, "labels": dict(tensor.labels)}
                | ({"parents": self.parents[name]} if name in self.parents else {})
                for name, tensor in self.tensors.items()
            },
        }
        write = np.savez_compressed if compressed else np.savez
        with whole(path.with_suffix(".json")) as told, whole(path) as part:
            write(part, allow_pickle=False, **{name: tensor.values for name, tensor in self.tensors.items()})
            told.write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
        return path

    @classmethod
    def facts(cls, path: str | os.PathLike[str]) -> dict[str, Any]:
        """The `about` of a saved trace, without its tensors."""
        return json.loads(_arrays_of(path).with_suffix(".json").read_text(encoding="utf-8"))["about"]

    @classmethod
    def load(cls, path: str | os.PathLike[str], mapped: bool = False) -> Trace:
        """Read what `save` wrote; nothing in the files is executed. Old names of tensors become those of today.

        A `mapped` trace reads its arrays from the file when they are touched, and does not look for damage.

        Raises:
            OSError: one of the two files is not there.
            ValueError: the files were damaged.
        """
        path = _arrays_of(path)
        arrays = map_arrays(path) if mapped else read_arrays(path)
        with reading(path, AttributeError):
            card = read_object(path.with_suffix(".json"), most=None)
            called = renamed if card.get("names", 1) < NAMES else str
            tensors, parents = {}, {}
            for old, facts in card["tensors"].items():
                labels = {axis: tuple(words) for axis, words in facts["labels"].items()}
                name = called(old)
                tensors[name] = NamedTensor(name, arrays[old], tuple(facts["axes"]), labels)
                if "parents" in facts:
                    parents[name] = tuple(map(called, facts["parents"]))
            return cls(tensors, parents, card["about"])


def _found(trace: Trace, name: str) -> NamedTensor | None:
    """The tensor called `name` of the first source that has it."""
    return next((tensor for source in _SOURCES if (tensor := source.find(trace, name)) is not None), None)


class _Listening(Trace):
    """A trace that notes which of its tensors are read."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.read: dict[str, None] = {}

    def full(self, name: str) -> NamedTensor:
        self.read[name] = None
        return super().full(name)

    def labels(self, name: str) -> Mapping[str, tuple[str, ...]]:
        return super().full(name).labels


def _arrays_of(path: str | os.PathLike[str]) -> Path:
    """The .npz of a saved trace, which may be named by either of its two files, or without a suffix."""
    path = Path(path)
    return path.with_suffix(".npz") if path.suffix == ".json" else ending(path, ".npz")


def check_finite(trace: Trace) -> None:
    """Refuse a pass with nan or +∞ in it, of which nothing can be shown; −∞, as at a masked key, is allowed.

    Raises:
        ValueError: it names the first tensor, in the order of execution, with an entry that is nan or +∞.
    """
    for name, tensor in trace.tensors.items():
        strange = np.isnan(tensor.values) | (tensor.values == np.inf)
        if strange.any():
            at = [int(i) for i in np.argwhere(strange)[0]]
            raise ValueError(
                f"{name} of this pass has no number at {at}: weights, or an edit, are so large that sums leave what a "
                "float can hold"
            )
