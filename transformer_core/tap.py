"""How the model writes a tensor into a trace, without changing it.

    >>> with record(edit={"encoder.0.ffn.out": torch.zeros_like}) as tape:
    ...     logits = model(source, target)
    >>> tape["encoder.0.self_attn.weights"]      # the torch tensor
    >>> tape.trace(labels)                       # everything, as a NumPy `Trace`

Without a recorder, `tap_at(path)` answers with a tap that returns its tensor unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import translate
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from transformer_core.trace import NamedTensor, Trace

Edit = Callable[[Tensor], Tensor]
Labels = Callable[[str, str], tuple[str, ...] | None]

_recorder: ContextVar[Tape | None] = ContextVar("recorder", default=None)


class Tap(Protocol):
    """`tap(name, tensor, axes, *made_of)` names a tensor and returns it, or what an edit made of it."""

    def __call__(self, name: str, tensor: Tensor, axes: str, /, *made_of: Tensor) -> Tensor: ...

    def wants(self, *names: str) -> bool: ...


class _Silence:
    """The tap of a model that nobody watches."""

    def __call__(self, _name: str, tensor: Tensor, _axes: str, /, *_made_of: Tensor) -> Tensor:
        return tensor

    def wants(self, *_names: str) -> bool:
        return False


_SILENCE = _Silence()


def tap_at(path: str) -> Tap:
    """The tap of the module at `path`: silent, unless a recorder is active in this thread."""
    tape = _recorder.get()
    return _SILENCE if tape is None else _Live(tape, path)


class _Live:
    """A tap that writes `path.name` on a tape."""

    def __init__(self, tape: Tape, path: str) -> None:
        self.tape, self.path = tape, f"{path}." if path else ""

    def __call__(self, name: str, tensor: Tensor, axes: str, /, *made_of: Tensor) -> Tensor:
        return self.tape.write(self.path + name, tensor, axes, made_of)

    def wants(self, *names: str) -> bool:
        return any(self.tape.wants(self.path + name) for name in names)


class Tape(Mapping[str, Tensor]):
    """What one `record()` heard: tensors by name, in order of execution, with axes and parents."""

    def __init__(self, only: Iterable[str] | None = None, edit: Mapping[str, Edit] | None = None) -> None:
        self.only = None if only is None else {pattern: re.compile(translate(pattern)).match for pattern in only}
        self.edit = dict(edit or {})
        self.prefix = ""
        self.tensors: dict[str, Tensor] = {}
        self.axes: dict[str, str] = {}
        self.unused = {*self.edit, *(self.only or ())}
        self._written: list[tuple[str, Tensor, tuple[Tensor, ...]]] = []

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def keeps(self, name: str) -> bool:
        """Whether `only` leaves `name` on the tape."""
        if self.only is None:
            return True
        hits = [pattern for pattern, match in self.only.items() if match(name)]
        self.unused.difference_update(hits)
        return bool(hits)

    def wants(self, name: str) -> bool:
        """Whether somebody keeps or edits `name`: if not, a tensor that only a reader needs is not computed."""
        return self.only is None or self.prefix + name in self.edit or self.keeps(self.prefix + name)

    def write(self, name: str, tensor: Tensor, axes: str, made_of: tuple[Tensor, ...]) -> Tensor:
        """Edit `tensor` if asked to, keep it if asked to, and return what flows on.

        An edit that changes no bit is no edit: the tensor itself flows on.

        Raises:
            ValueError: an edit changed the shape or the type, or a name was written twice.
        """
        name = self.prefix + name
        if name in self.edit:
            tensor = self._edited(name, tensor)
        if self.only is None or self.keeps(name):
            if name in self.tensors:
                raise ValueError(f"{name} was written twice: use one record() for one forward pass")
            self.tensors[name], self.axes[name] = tensor, axes
        self._written.append((name, tensor, made_of))
        return tensor

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The nearest kept tensors that each kept tensor was made of; to be read when the pass is over."""
        makers: dict[int, tuple[str, ...]] = {}
        parents = {}
        # Tensors are told apart by identity, which is safe as long as the tape holds every one of them.
        for name, tensor, made_of in self._written:
            found = tuple(dict.fromkeys(maker for source in made_of for maker in makers.get(id(source), ())))
            if name in self.tensors:
                parents[name], found = found, (name,)
            makers[id(tensor)] = found
        self._written.clear()
        return parents

    def _edited(self, name: str, tensor: Tensor) -> Tensor:
        self.unused.discard(name)
        # An edit may write in place, but the original may still flow elsewhere.
        edited = self.edit[name](tensor.clone())
        if edited.shape != tensor.shape or edited.dtype != tensor.dtype:
            raise ValueError(
                f"the edit of {name} made {tuple(edited.shape)} {edited.dtype} of {tuple(tensor.shape)} {tensor.dtype}"
            )
        return tensor if torch.equal(edited, tensor) else edited

    def trace(self, labels: Labels | None = None, about: Mapping[str, Any] | None = None) -> Trace:
        """Everything on this tape as NumPy; `labels(name, axis)` gives the tokens along an axis, or None."""
        tensors = {}
        for name, tensor in self.tensors.items():
            axes = tuple(self.axes[name].split())
            named = {axis: tokens for axis in axes if labels and (tokens := labels(name, axis)) is not None}
            tensors[name] = NamedTensor(name, tensor.detach().cpu().numpy().copy(), axes, named)
        return Trace(tensors, self.parents, about)


@contextmanager
def record(only: Iterable[str] | None = None, edit: Mapping[str, Edit] | None = None) -> Iterator[Tape]:
    """Listen to every tap in this block: `with record() as tape: model(source, target)`.

    Args:
        only: names or patterns ("decoder.*.cross_attn.weights") to keep; all if None.
        edit: what to make of the tensor of a name before it flows on.

    Raises:
        RuntimeError: another recorder is active; two would mix.
        KeyError: a name in `only` or `edit` that no tensor of the pass has.
    """
    if _recorder.get() is not None:
        raise RuntimeError("a recorder is already active: close it before opening another")
    tape = Tape(only, edit)
    token = _recorder.set(tape)
    try:
        yield tape
    finally:
        _recorder.reset(token)
        if tape.only is not None:
            # Once the parents are known, what was not kept need not stay in memory.
            _ = tape.parents
    if tape.unused:
        raise KeyError(f"no tensor of this pass is called {', '.join(sorted(tape.unused))}")


@contextmanager
def under(prefix: str) -> Iterator[None]:
    """Write what this block taps below `prefix`, such as `step.3`; without a recorder, do nothing."""
    tape = _recorder.get()
    if tape is None or not prefix:
        yield
        return
    before, tape.prefix = tape.prefix, f"{tape.prefix}{prefix}."
    try:
        yield
    finally:
        tape.prefix = before
