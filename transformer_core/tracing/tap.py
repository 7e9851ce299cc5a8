"""Taps: at each, the model writes a tensor into a trace, without changing it.

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
from threading import Lock
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from transformer_core.config import Config
from transformer_core.tracing.trace import NamedTensor, Trace
from transformer_core.tracing.transformer_lens_names import HOOK, aliases

Edit = Callable[[Tensor], Tensor]
Labels = Callable[[str, str], tuple[str, ...] | None]

_recorder: ContextVar[Tape | None] = ContextVar("recorder", default=None)
#: How many recorders are open in all threads: without any, `torch.compile` need not look for one.
_open = 0
_counting = Lock()


@runtime_checkable
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
    tape = _recorder.get() if _open else None
    return _SILENCE if tape is None else _Live(tape, path)


class _Live:
    """A tap that writes `path.name` on a tape."""

    def __init__(self, tape: Tape, path: str) -> None:
        self.tape, self.path = tape, f"{tape.prefix}{path}." if path else tape.prefix

    def __call__(self, name: str, tensor: Tensor, axes: str, /, *made_of: Tensor) -> Tensor:
        """Edit `tensor` if asked to, put it on the tape, and return what flows on.

        Raises:
            ValueError: an edit changed the shape or the type, or a name was written twice.
        """
        # A pass has some hundred points: what happens here for each of them is all that full tracing costs beyond
        # the tensors that only a reader needs.
        name, tape = self.path + name, self.tape
        if tape.edit and (edit := tape.edit_of(name)):
            tensor = edited(name, tensor, edit)
        if name in tape.points:
            raise ValueError(f"{name} was written twice: use one record() for one forward pass")
        tape.points[name] = (tensor, axes, made_of)
        return tensor

    def wants(self, *names: str) -> bool:
        """True if somebody keeps or edits one of `names`: if not, what only a reader needs is not computed."""
        tape = self.tape
        return tape.only is None or any(
            tape.keeps(name) or tape.edit_of(name) for name in map(self.path.__add__, names)
        )


class Tape(Mapping[str, Tensor]):
    """The recording of one `record()`: tensors by name, in order of execution, with axes and parents."""

    def __init__(self, only: Iterable[str] | None = None, edit: Mapping[str, Edit] | None = None) -> None:
        self.only = None if only is None else {pattern: matcher(pattern) for pattern in as_patterns(only)}
        self.edit = dict(edit or {})
        self._edit_patterns = {pattern: matcher(pattern) for pattern in self.edit if set(pattern) & set("*?[")}
        self.hooks = [pattern for pattern in (*(self.only or ()), *self.edit) if HOOK in pattern]
        self._edits_used: set[str] = set()
        self.prefix = ""
        #: Each tensor with its axes and those that it was made of; once the block is over, only what is kept.
        self.points: dict[str, tuple[Tensor, str, tuple[Tensor, ...]]] = {}

    def __getitem__(self, name: str) -> Tensor:
        if not self.keeps(name):
            raise KeyError(name)
        return self.points[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.points) if self.only is None else filter(self.keeps, self.points)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def read_hooks(self, config: Config) -> None:
        """Let names and patterns of TransformerLens mean the points that they name in a model of this config."""
        points = {hook: self.prefix + point for point, hook in aliases(config).items()}
        for pattern in self.hooks:
            meant = [point for hook, point in points.items() if matcher(pattern)(hook)]
            if self.only is not None and pattern in self.only:
                self.only[pattern] = one_of(meant)
            if pattern in self.edit:
                self._edit_patterns[pattern] = one_of(meant)

    def keeps(self, name: str) -> bool:
        """True if `only` leaves `name` on the tape."""
        return self.only is None or any(match(name) for match in self.only.values())

    def edit_of(self, name: str) -> Edit | None:
        """The edit of the tensor `name`: the one that names it, else the first whose pattern matches."""
        pattern = (
            name if name in self.edit else next((p for p, match in self._edit_patterns.items() if match(name)), "")
        )
        if not pattern:
            return None
        self._edits_used.add(pattern)
        return self.edit[pattern]

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The nearest kept tensors that each kept tensor was made of; to be read when the pass is over."""
        makers: dict[int, tuple[str, ...]] = {}
        parents = {}
        # Tensors are told apart by identity, which is safe as long as the tape holds every one of them.
        for name, (tensor, _, made_of) in self.points.items():
            found = tuple(dict.fromkeys(maker for source in made_of for maker in makers.get(id(source), ())))
            if self.keeps(name):
                parents[name], found = found, (name,)
            makers[id(tensor)] = found
        return parents

    def close(self) -> None:
        """Forget what `only` does not keep: it was there for the parents alone.

        Raises:
            KeyError: a name in `only` or `edit` that no tensor of the pass has.
        """
        unused = self.edit.keys() - self._edits_used
        for pattern, match in (self.only or {}).items():
            unused |= set() if any(map(match, self.points)) else {pattern}
        if self.only is not None:
            self.points = {name: self.points[name] for name in self.parents}
        if unused:
            raise KeyError(f"no tensor of this pass is called {', '.join(sorted(unused))}")

    def trace(self, labels: Labels | None = None, about: Mapping[str, Any] | None = None) -> Trace:
        """Everything on this tape as NumPy; `labels(name, axis)` gives the tokens along an axis, or None."""
        tensors = {}
        for name, tensor in self.items():
            axes = tuple(self.points[name][1].split())
            named = {axis: tokens for axis in axes if labels and (tokens := labels(name, axis)) is not None}
            tensors[name] = NamedTensor(name, to_numpy(tensor).copy(), axes, named)
        # A reader has to know where parents were left out, and where a number is not what its parents give.
        partial = {} if self.only is None else {"only": list(self.only)}
        edited = {"edited": sorted(self.edit)} if self.edit else {}
        return Trace(tensors, self.parents, partial | edited | dict(about or {}))


def as_patterns(only: Iterable[str]) -> list[str]:
    """Names or patterns as a list; a text alone is one of them, and not its letters."""
    return [only] if isinstance(only, str) else list(only)


def matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """A function that matches the whole of a name against a pattern with `*`, `?` and `[...]`."""
    return re.compile(translate(pattern)).match


def one_of(names: Iterable[str]) -> Callable[[str], re.Match[str] | None]:
    """A function that matches each of these names."""
    return re.compile("|".join(map(re.escape, names)) or "(?!)").fullmatch


def model_of_the_pass(config: Config) -> None:
    """Tell an active recorder which model it hears, so that it understands names of TransformerLens."""
    if _open and (tape := _recorder.get()) is not None and tape.hooks:
        tape.read_hooks(config)


def edited(name: str, tensor: Tensor, edit: Edit) -> Tensor:
    """The tensor that `edit` makes of `tensor`; an edit that changes no bit is no edit: the tensor itself flows on.

    Raises:
        ValueError: the edit changed the shape or the type.
    """
    # An edit may write in place, but the original may still flow elsewhere.
    made = edit(tensor.clone())
    if made.shape != tensor.shape or made.dtype != tensor.dtype:
        raise ValueError(
            f"the edit of {name} made {tuple(made.shape)} {made.dtype} of {tuple(tensor.shape)} {tensor.dtype}"
        )
    return tensor if torch.equal(made, tensor) else made


def to_numpy(tensor: Tensor) -> np.ndarray:
    """The values in NumPy, from any device; bfloat16, which NumPy has not, as float32."""
    tensor = tensor.detach().cpu()
    return tensor.float().numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()


def _count(change: int) -> None:
    global _open  # noqa: PLW0603 - a plain number is what a compiled pass can watch
    with _counting:
        _open += change


@contextmanager
def record(only: Iterable[str] | None = None, edit: Mapping[str, Edit] | None = None) -> Iterator[Tape]:
    """Listen to every tap in this block: `with record() as tape: model(source, target)`.

    Args:
        only: names or patterns ("decoder.*.cross_attn.weights") to keep; all if None. Names of TransformerLens will do,
            too ("blocks.*.attn.hook_pattern"), here and in `edit`.
        edit: what to make of the tensor of a name, or of all whose names match a pattern, before it flows on.

    Raises:
        RuntimeError: another recorder is active; two would mix.
        KeyError: a name in `only` or `edit` that no tensor of the pass has.
    """
    if _recorder.get() is not None:
        raise RuntimeError("a recorder is already active: close it before opening another")
    tape = Tape(only, edit)
    token = _recorder.set(tape)
    _count(1)
    try:
        yield tape
    finally:
        _count(-1)
        _recorder.reset(token)
    tape.close()


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


@contextmanager
def unseen() -> Iterator[None]:
    """Compute without gradients what leaves no tensor behind.

    torch's inference mode is faster by a sixth, but its tensors can enter no graph later: a recorder, which keeps them,
    gets ordinary ones.
    """
    with torch.inference_mode() if _recorder.get() is None else torch.no_grad():
        yield
