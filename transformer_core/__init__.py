"""A compact Transformer whose every tensor can be named, read, edited and trusted.

Importing this package imports no torch: a process that only draws reads a saved trace with NumPy alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from transformer_core import studies as studies  # lets a trace find measures and results by name
from transformer_core.config import Config
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import AXES, NamedTensor, Trace

if TYPE_CHECKING:  # a type checker sees what is loaded late
    from transformer_core.decoding.beam import beam
    from transformer_core.decoding.sampling import greedy, sample
    from transformer_core.model import Transformer
    from transformer_core.pretrained import load, load_hugging_face, save
    from transformer_core.pretrained.model_registry import open_model
    from transformer_core.studies.sentence.read import read
    from transformer_core.tracing.tap import record

__all__ = [
    "AXES",
    "Config",
    "Label",
    "NamedTensor",
    "Quantity",
    "Trace",
    "Transformer",
    "beam",
    "greedy",
    "load",
    "load_hugging_face",
    "open_model",
    "read",
    "record",
    "sample",
    "save",
]

#: Names that need torch, and the module that each comes from: loaded when first asked for.
_WITH_TORCH = {
    "Transformer": "model",
    "beam": "decoding.beam",
    "greedy": "decoding.sampling",
    "load": "pretrained",
    "load_hugging_face": "pretrained",
    "open_model": "pretrained.model_registry",
    "read": "studies.sentence.read",
    "record": "tracing.tap",
    "sample": "decoding.sampling",
    "save": "pretrained",
}


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"transformer_core has no {name!r}")
    return getattr(import_module(f"transformer_core.{_WITH_TORCH[name]}"), name)
