"""Facts of a model for a list, from the headers of its files: its kind, how many numbers it has, and its licence."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from transformer_core.files.gguf_header import read_gguf_header
from transformer_core.files.json_objects import parsed, read_object
from transformer_core.files.tensors import check_header

ENCODER, DECODER, BOTH = "encoder", "decoder", "encoder and decoder"
#: By the model_type of a config.json, or the architecture that a GGUF file names.
KINDS = {
    "bert": f"{ENCODER}, BERT kind",
    "gemma": f"{DECODER}, Gemma kind",
    "gpt2": f"{DECODER}, GPT-2 kind",
    "llama": f"{DECODER}, Llama kind",
    "marian": f"{BOTH}, Marian kind",
    "mistral": f"{DECODER}, Mistral kind",
    "qwen2": f"{DECODER}, Qwen 2 kind",
    "qwen3": f"{DECODER}, Qwen 3 kind",
    "torch.nn.Transformer": f"{BOTH}, torch.nn kind",
}


class ModelFacts(NamedTuple):
    """Kind and licence, empty if they are not known, how many numbers the tensors have, and how many bytes the files.

    A broken file has no numbers: who opens it is told why.
    """

    kind: str = ""
    numbers: int = 0
    bytes: int = 0
    licence: str = ""


def model_facts(path: Path) -> ModelFacts:
    """The facts of the model at `path`, a folder, a checkpoint or a GGUF file; no weight is read."""
    with suppress(OSError, ValueError, SafetensorError):
        if path.suffix == ".gguf" and not path.is_dir():
            header = read_gguf_header(path)
            kind, licence = (header.facts.get(f"general.{name}") for name in ("architecture", "license"))
            numbers = sum(tensor.numbers for tensor in header.tensors.values())
            return ModelFacts(KINDS.get(str(kind), ""), numbers, path.stat().st_size, licence_name(licence))
        if path.is_dir():
            files = sorted(path.glob("*.safetensors"))
            kind = KINDS.get(str(read_object(path / "config.json").get("model_type")), "")
            return ModelFacts(kind, sum(map(_numbers, files)), sum(file.stat().st_size for file in files))
        return ModelFacts(_own_kind(path), _numbers(path), path.stat().st_size)
    return ModelFacts()


def licence_name(licence: Any) -> str:
    """The name of a licence as SPDX writes it, of those that a header has in small letters.

    >>> licence_name("apache-2.0"), licence_name("mit"), licence_name("other"), licence_name(None)
    ('Apache-2.0', 'MIT', 'other', '')
    """
    known = {"apache-2.0": "Apache-2.0", "mit": "MIT"}
    return known.get(licence, licence) if isinstance(licence, str) else ""


def _numbers(path: Path) -> int:
    with _opened(path) as file:
        return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 (no mapping)


def _own_kind(path: Path) -> str:
    with _opened(path) as file:
        config = parsed((file.metadata() or {}).get("config", "{}"), path)
    there = [name for name in (ENCODER, DECODER) if config.get(f"{name}_layers")]
    return " and ".join(there)


def _opened(path: Path) -> Any:
    check_header(path)
    return safe_open(path, framework="numpy")
