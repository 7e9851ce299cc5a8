"""The facts of a model for a list: kind, numbers, bytes and licence, told without opening it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from transformer_core.files.foreign import parsed, read_object
from transformer_core.files.gguf_header import read_gguf_header
from transformer_core.files.tensors import check_header
from transformer_core.pretrained.model_packages import PACKAGES
from transformer_core.pretrained.model_registry import SHIPPED, KnownModel, numbers_in

ENCODER, DECODER = "encoder", "decoder"
#: By the model_type of a config.json, or the architecture that a GGUF file names.
KINDS = {
    "bert": f"{ENCODER}, BERT kind",
    "gemma": f"{DECODER}, Gemma kind",
    "gpt2": f"{DECODER}, GPT-2 kind",
    "llama": f"{DECODER}, Llama kind",
    "marian": f"{ENCODER} and {DECODER}, Marian kind",
    "mistral": f"{DECODER}, Mistral kind",
    "qwen2": f"{DECODER}, Qwen 2 kind",
    "qwen3": f"{DECODER}, Qwen 3 kind",
    "torch.nn.Transformer": f"{ENCODER} and {DECODER}, torch.nn kind",
}


def describe(model: KnownModel) -> dict[str, Any]:
    """The facts of a model, as far as they are known; one that is broken has no parameters and no bytes."""
    path, numbers = model.path, numbers_in(model.path)
    kind, licence = _kind_and_licence(path) if numbers else ("", "")
    if model.name in PACKAGES:
        licence = PACKAGES[model.name].licence
    row = {"name": model.name, "path": str(path), "origin": model.origin, "kind": kind, "parameters": numbers}
    files = path.glob("*.safetensors") if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files) if numbers else 0
    return row | {"bytes": size, "licence": "MIT" if SHIPPED in path.parents else licence}


def licence_name(licence: Any) -> str:
    """The name of a licence as SPDX writes it, of those that a header has in small letters.

    >>> licence_name("apache-2.0"), licence_name("mit"), licence_name("other"), licence_name(None)
    ('Apache-2.0', 'MIT', 'other', '')
    """
    known = {"apache-2.0": "Apache-2.0", "mit": "MIT"}
    return known.get(licence, licence) if isinstance(licence, str) else ""


def _kind_and_licence(path: Path) -> tuple[str, str]:
    """Both as the files state them; empty where they do not."""
    with suppress(OSError, ValueError, SafetensorError):
        if path.is_dir():
            return KINDS.get(str(read_object(path / "config.json").get("model_type")), ""), ""
        if path.suffix == ".gguf":
            facts = read_gguf_header(path).facts
            return KINDS.get(str(facts.get("general.architecture")), ""), licence_name(facts.get("general.license"))
        check_header(path)
        with safe_open(path, framework="numpy") as file:
            config = parsed((file.metadata() or {}).get("config", "{}"), path)
        return " and ".join(name for name in (ENCODER, DECODER) if config.get(f"{name}_layers")), ""
    return "", ""
