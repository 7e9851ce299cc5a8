"""A second device without a graphics card: tensors that compute here, and meet no tensor of this machine.

As on a graphics card, an operation on tensors of two devices fails (a number without axes may come from the CPU), and
so do NumPy's views of a tensor; `.cpu()`, `.tolist()` and `.item()` bring values back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from unittest.mock import patch

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from transformer_core.attention import causal_mask, rotations
from transformer_core.embedding import sinusoids

#: Whatever is asked to be made on this device becomes a `Remote`; no values ever live on it in torch itself.
DEVICE = torch.device("meta")


class Remote(torch.Tensor):
    """A tensor elsewhere; `kept` has its values."""

    kept: torch.Tensor

    @staticmethod
    def __new__(cls, kept: torch.Tensor) -> Self:
        made = torch.Tensor._make_wrapper_subclass(
            cls, kept.shape, kept.stride(), kept.storage_offset(), dtype=kept.dtype, device=DEVICE
        )
        made.kept = kept
        return made

    def tolist(self) -> Any:
        """The values, brought back: torch asks each tensor subclass to say how."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, function: Any, _: Any, args: Any = (), options: Any = None) -> Any:
        return computed(function, args, options or {})


def computed(function: Any, args: Any, options: Any) -> Any:
    """The result of an operation with operands elsewhere, or that is asked to be made there."""
    leaves = tree_leaves((args, options))
    operands = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    remote = any(isinstance(leaf, Remote) for leaf in operands)
    asked = options.get("device")
    copies = function in {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}
    if remote and not copies and any(not isinstance(leaf, Remote) and leaf.dim() for leaf in operands):
        raise RuntimeError(f"{function}: expected all tensors to be on the same device, but found two")
    if asked is not None:
        options = {**options, "device": torch.device("cpu")}
    here = tree_map(lambda leaf: leaf.kept if isinstance(leaf, Remote) else leaf, (args, options))
    result = function(*here[0], **here[1])
    there = asked == DEVICE if asked is not None else remote
    if not there:
        return result
    known = {id(leaf.kept): leaf for leaf in operands if isinstance(leaf, Remote)}

    def back(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return known[id(leaf)] if id(leaf) in known else Remote(leaf)

    return tree_map(back, result)


class Generator(torch.Generator):
    """Random numbers for any device, drawn here."""

    def __new__(cls, device: Any = None) -> Self:  # noqa: ARG004 - torch knows no chance on `DEVICE`
        return super().__new__(cls)


class Made(TorchDispatchMode):
    """In this block what an operation is asked to make on `DEVICE` is a `Remote`."""

    def __torch_dispatch__(self, function: Any, _: Any, args: Any = (), options: Any = None) -> Any:
        options = options or {}
        if options.get("device") == DEVICE or any(isinstance(leaf, Remote) for leaf in tree_leaves((args, options))):
            return computed(function, args, options)
        return function(*args, **options)


class Written(TorchFunctionMode):
    """In this block `torch.tensor`, which is no operation, makes a `Remote` on `DEVICE`."""

    def __torch_function__(self, function: Any, _: Any, args: Any = (), options: Any = None) -> Any:
        options = options or {}
        if function is torch.tensor and options.get("device") == DEVICE:
            return Remote(torch.tensor(*args, **{**options, "device": None}))
        return function(*args, **options)


@contextmanager
def elsewhere() -> Iterator[None]:
    """In this block there is a second device; torch's inference mode, which knows no views of one, is left out."""
    with (
        Made(),
        Written(),
        patch.object(torch, "inference_mode", torch.no_grad),
        patch.object(torch, "Generator", Generator),
    ):
        yield
    for kept in (sinusoids, causal_mask, rotations):  # what was made on that device is of no use outside
        kept.cache_clear()


def sent(module: nn.Module) -> nn.Module:
    """The module, its parameters elsewhere."""
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(Remote(parameter.detach()), parameter.requires_grad))
    return module
