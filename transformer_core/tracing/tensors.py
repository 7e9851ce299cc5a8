"""The table of named tensors that a trace holds. NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformer_core.tracing.named_tensor import NamedTensor


class Tensors(dict[str, NamedTensor]):
    """Named tensors, of which some are computed when they are read; the last few of these are kept."""

    #: So many of those that are computed stay.
    LAST = 8

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._last: dict[str, NamedTensor] = {}

    def later(self, name: str, make: Callable[[], NamedTensor]) -> None:
        """Add a tensor that `make` computes."""
        super().__setitem__(name, make)  # type: ignore[assignment]

    def __getitem__(self, name: str) -> NamedTensor:
        found: Any = super().__getitem__(name)
        if isinstance(found, NamedTensor):
            return found
        if name not in self._last:
            if len(self._last) == self.LAST:
                del self._last[next(iter(self._last))]
            self._last[name] = found()
        return self._last[name]

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def values(self) -> Any:
        return (self[name] for name in self)

    def items(self) -> Any:
        return ((name, self[name]) for name in self)
