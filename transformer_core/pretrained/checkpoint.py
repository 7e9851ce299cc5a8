"""A model of this core to and from one file: weights, config and card in a .safetensors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.tensor_file import write_tensors


def save(
    model: Transformer,
    path: str | os.PathLike[str],
    about: Mapping[str, Any] | None = None,
    dtype: torch.dtype | None = None,
) -> Path:
    """Write the weights to one .safetensors file, with the config and `about` (a card) as JSON in its header.

    The file is written under a temporary name and moved, so that an interruption leaves a whole file or none.
    `dtype`, such as `torch.float16`, rounds the weights on the way.
    """
    path = Path(path).with_suffix(".safetensors")
    weights = {name: value.detach().to(dtype or value.dtype) for name, value in model.state_dict().items()}
    header = {
        "config": json.dumps(model.config.as_dict()),
        "about": json.dumps(dict(about or {}), ensure_ascii=False),
    }
    write_tensors(path, weights, header)
    return path


def load(path: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> tuple[Transformer, dict[str, Any]]:
    """The model in evaluation mode, and its card, from what `save` wrote; nothing in the file is executed.

    Raises:
        ValueError: the file holds no config of this core, or its weights do not fit that config.
    """
    path = Path(path).with_suffix(".safetensors")
    with safe_open(path, framework="pt") as file:
        header = file.metadata() or {}
        weights = {name: file.get_tensor(name).to(dtype) for name in file.keys()}  # noqa: SIM118 (no mapping)
    if "config" not in header:
        raise ValueError(f"{path} is no checkpoint of this model: its header holds no config")
    model = Transformer(Config.from_dict(json.loads(header["config"]))).to(dtype)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {path} do not fit its config: {error}") from error
    return model.eval(), json.loads(header.get("about", "{}"))
