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
from functools import cached_property, partial
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from transformer_core.config import Config
from transformer_core.tracing.named_tensor import Tensors
from transformer_core.tracing.trace import NamedTensor, Trace
from transformer_core.tracing.transformer_lens_names import HOOK, aliases

Edit = Callable[[Tensor], Tensor]
Labels = Callable[[str, str], tuple[str, ...] | None]

_recorder: ContextVar[Tape | None] = ContextVar("recorder", default=None)
#: How many recorders are open in all threads: without any, `torch.compile` need not look for one.
_open = 0
_counting = Lock()


#: A tensor that only a reader needs, made of one with more entries than this, is computed when it is read.
LARGE = 2**14
#: The same for all pairs of queries and keys, which a pass needs and a recording need not keep.
MANY_PAIRS = 2**16
RECOMPUTABLE = ("k_repeated", "v_repeated", "scores", "scaled", "masked", "weights")
#: The attribute of a tensor that a tape does not hold, with what it holds in its place.
INSTEAD = "_held_instead"

#: The part of a tap that names a tensor.
Write = Callable[..., Tensor]
Recompute = Callable[[], Tensor]


class Deferred:
    """A tensor that is computed when it is read, as often as it is read: `make` does it."""

    def __init__(self, make: Callable[[], Tensor]) -> None:
        self.make, self.gradients = make, torch.is_grad_enabled()

    def value(self) -> Tensor:
        """The tensor, computed now, with gradients if it was recorded with them."""
        with torch.set_grad_enabled(self.gradients):
            return self.make()


class NotKept:
    """In the place of a tensor that `only` leaves out: what it was made of is known through it."""

    __slots__ = ()


Source = Tensor | Deferred | NotKept


class NullTap:
    """The tap of a model that nobody watches."""

    def __call__(
        self,
        _name: str,
        tensor: Tensor,
        _axes: str,
        /,
        *_made_of: Source,
        recompute: Recompute | None = None,  # noqa: ARG002
    ) -> Tensor:
        return tensor

    def wants(self, *_names: str) -> bool:
        return False

    edits = wants

    def derived(self, _name: str, _make: Callable[[], Tensor], _axes: str, /, *made_of: Source) -> Source:
        return made_of[0]

    def recomputing(self, _q: Tensor, _k: Tensor, _again: Callable[[Write], Tensor]) -> Write:
        return self


NULL_TAP = NullTap()


def tap_at(path: str) -> Tap:
    """The tap of the module at `path`: silent, unless a recorder is active in this thread."""
    tape = _recorder.get() if _open else None
    return NULL_TAP if tape is None else RecordingTap(tape, path)


class RecordingTap:
    """A tap that writes `path.name` on a tape: `tap(name, tensor, axes, *made_of)`.

    `recompute` makes the same tensor of others that are kept: of a large one it is all that a recording keeps.
    """

    def __init__(self, tape: Tape, path: str) -> None:
        self.tape, self.path = tape, f"{tape.prefix}{path}." if path else tape.prefix

    def __call__(
        self, name: str, tensor: Tensor, axes: str, /, *made_of: Source, recompute: Recompute | None = None
    ) -> Tensor:
        """Edit `tensor` if asked to, put it on the tape, and return what flows on.

        Raises:
            ValueError: an edit changed the shape or the type, or a name was written twice.
        """
        # A pass has some hundred points: what happens here for each of them is all that full tracing costs beyond
        # the tensors that only a reader needs.
        name, tape = self.path + name, self.tape
        if tape.edit and (edit := tape.edit_of(name)):
            tensor = edited(name, tensor, edit)
        elif recompute is not None and tensor.numel() > LARGE and not torch.is_grad_enabled():
            tape.write(name, Deferred(recompute), axes, made_of, tensor)
            return tensor
        if tape.plain and name not in tape.points:  # as `write` does it
            tape.points[name] = (tensor, axes, made_of)
        else:
            tape.write(name, tensor, axes, made_of, tensor)
        return tensor

    def wants(self, *names: str) -> bool:
        """True if somebody keeps or edits one of `names`: if not, what only a reader needs is not computed."""
        tape = self.tape
        return tape.only is None or any(
            tape.keeps(name) or tape.edit_of(name) for name in map(self.path.__add__, names)
        )

    def edits(self, *names: str) -> bool:
        """True if somebody edits one of `names`."""
        return bool(self.tape.edit) and any(self.tape.edit_of(self.path + name) for name in names)

    def derived(self, name: str, make: Callable[[], Tensor], axes: str, /, *made_of: Source) -> Source:
        """Write what only a reader needs, and nobody edits: of a large tensor it is computed when it is read."""
        name, tape, first = self.path + name, self.tape, made_of[0]
        kept = tape.only is None or tape.keeps(name)
        small = kept and isinstance(first, Tensor) and first.numel() <= LARGE
        value: Source = make() if small else Deferred(make)
        tape.write(name, value, axes, made_of, value)
        return value

    def recomputing(self, q: Tensor, k: Tensor, again: Callable[[Write], Tensor]) -> Write:
        """A tap that keeps none of many pairs of queries and keys: `again` computes them when they are read."""
        few = q.numel() * k.shape[2] <= MANY_PAIRS * k.shape[3] or torch.is_grad_enabled()
        if few or self.edits(*RECOMPUTABLE):
            return self
        recent = self.tape.recent

        def part(name: str) -> Tensor:
            """The tensor of this name, computed again; those that were read last, of all attentions, are kept."""
            if recent.get("of") is not again:
                found: dict[str, Tensor] = {}
                again(lambda name, tensor, _axes, /, *_made_of: found.setdefault(name, tensor))
                recent.update(of=again, found=found)
            return recent["found"][name]

        def write(name: str, tensor: Tensor, axes: str, /, *made_of: Source) -> Tensor:
            if name == "z":
                return self(name, tensor, axes, *made_of)
            later = Deferred(partial(part, name))
            self.tape.write(self.path + name, later, axes, made_of, tensor)
            return tensor

        return write


#: What names a tensor and returns it, or what an edit made of it.
Tap = NullTap | RecordingTap


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
        self.points: dict[str, tuple[Source, str, tuple[Source, ...]]] = {}
        self.recent: dict[str, Any] = {}
        #: The identities of tensors that flow on and are not held; another may take one over later.
        self._unheld: set[int] = set()
        #: True while every tensor of the pass is held.
        self.plain = only is None

    def write(self, name: str, value: Source, axes: str, made_of: tuple[Source, ...], flows: Source) -> None:
        """Hold `value` for the tensor that `flows` on, which may be the same.

        Raises:
            ValueError: a name was written twice.
        """
        if name in self.points:
            raise ValueError(f"{name} was written twice: use one record() for one forward pass")
        if self._unheld:
            made_of = tuple(getattr(s, INSTEAD, s) if id(s) in self._unheld else s for s in made_of)
        if self.only is not None and not self.keeps(name):
            value = NotKept()
        if value is not flows:
            self.plain = False
            setattr(flows, INSTEAD, value)
            self._unheld.add(id(flows))
        elif self._unheld:
            self._unheld.discard(id(flows))
        self.points[name] = (value, axes, made_of)

    def __getitem__(self, name: str) -> Tensor:
        value = self.points[name][0]
        if isinstance(value, Tensor):
            return value
        if isinstance(value, NotKept):
            raise KeyError(name)
        return value.value()

    def __iter__(self) -> Iterator[str]:
        return iter(self.points) if self.only is None else filter(self.keeps, self.points)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The nearest kept tensors that each kept tensor was made of; to be read when the pass is over."""
        makers: dict[int, tuple[str, ...]] = {}
        parents = {}
        # Values are told apart by identity, which is safe as long as the tape holds every one of them.
        for name, (value, _, made_of) in self.points.items():
            found = tuple(dict.fromkeys(maker for source in made_of for maker in makers.get(id(source), ())))
            if not isinstance(value, NotKept):
                parents[name], found = found, (name,)
            makers[id(value)] = found
        return parents

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

    def close(self) -> None:
        """Look whether every name and pattern named something.

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
        """Everything on this tape as NumPy; `labels(name, axis)` gives the tokens along an axis, or None.

        Large tensors share their memory with the tape: a copy of a long text would fill it.
        """
        tensors = Tensors()
        for name, (value, words, _) in self.points.items():
            assert not isinstance(value, NotKept)
            axes = tuple(words.split())
            named = {axis: tokens for axis in axes if labels and (tokens := labels(name, axis)) is not None}
            if isinstance(value, Deferred):
                tensors.later(name, lambda name=name, value=value, axes=axes, named=named:  # type: ignore[misc]
                              NamedTensor(name, to_numpy(value.value()), axes, named))  # fmt: skip
            else:
                tensors[name] = NamedTensor(name, own(value), axes, named)
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


def own(tensor: Tensor) -> np.ndarray:
    """The values in NumPy, which nobody else will change: copied, if they are few, given in, or part of a parameter."""
    learned = isinstance(tensor._base, nn.Parameter)  # noqa: SLF001 - documented, though it has no public name
    shared = tensor.is_floating_point() and tensor.numel() > LARGE and not learned
    return to_numpy(tensor) if shared else to_numpy(tensor).copy()


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
