"""Weights from elsewhere into this model, and this model to and from a file. Nothing that is read is executed.

Importing this package imports no torch: which models there are is asked by commands that need none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a type checker sees what is loaded late
    from transformer_core.pretrained.checkpoint import load, save
    from transformer_core.pretrained.gguf_file import load_gguf
    from transformer_core.pretrained.hugging_face import load_hugging_face
    from transformer_core.pretrained.torch_modules import load_torch, save_torch

__all__ = ["load", "load_gguf", "load_hugging_face", "load_torch", "save", "save_torch"]

#: The module that each name comes from: loaded when it is first asked for.
_FROM = {
    "load": "checkpoint",
    "load_gguf": "gguf_file",
    "load_hugging_face": "hugging_face",
    "load_torch": "torch_modules",
    "save": "checkpoint",
    "save_torch": "torch_modules",
}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"transformer_core.pretrained has no {name!r}")
    return getattr(import_module(f"transformer_core.pretrained.{_FROM[name]}"), name)
