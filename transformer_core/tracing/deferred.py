"""Values that stand on a tape in the place of a tensor: computed when they are read, or left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

#: The part of a tap that names a tensor.
Write = Callable[..., Tensor]


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


class Recomputation:
    """The parts of one attention, computed again by `again` when they are read.

    `recent` holds those that were read last, of all attentions of a tape: the four are often read together.
    """

    def __init__(self, again: Callable[[Write], Tensor], recent: dict[str, Any]) -> None:
        self.again, self.recent = again, recent

    def part(self, name: str) -> Tensor:
        """The tensor of this name."""
        if self.recent.get("of") is not self.again:
            found: dict[str, Tensor] = {}

            def write(name: str, tensor: Tensor, _axes: str, /, *_made_of: Source) -> Tensor:
                return found.setdefault(name, tensor)

            self.again(write)
            self.recent.update(of=self.again, found=found)
        return self.recent["found"][name]
