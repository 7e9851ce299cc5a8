"""A model of this core to and from one file: weights, config and card in a .safetensors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from transformer_core.config import Config
from transformer_core.files.atomic import ending
from transformer_core.files.foreign import parsed
from transformer_core.files.tensors import AFRESH, unbroken, write_tensors
from transformer_core.model import Transformer
from transformer_core.pretrained.weights import check_sizes, opened_file, tensor_in

#: What chapters and films say of a checkpoint, if its card has it.
FIGURES = {"recipe": ("smoothing", "entropy_penalty", "seed"), "alignment": ("all",)}


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
    path = ending(path, ".safetensors")
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
        FileNotFoundError: there is no such file.
        ValueError: the file holds no config of this core, it was damaged or changed since it was written, or its
            weights do not fit that config, or cannot be computed with.
    """
    path = ending(path, ".safetensors")
    with opened_file(path) as file:
        header = file.metadata() or {}
        if "config" not in header:
            raise ValueError(f"{path} is no checkpoint of this model: its header holds no config")
        unbroken(path, AFRESH)
        config, about = _header(header, path)
        check_sizes(config, path.stat().st_size, f"the header of {path}")
        weights = {name: tensor_in(file, name, path, dtype) for name in file.keys()}  # noqa: SIM118 (no mapping)
    model = Transformer(config, seed=None).to(dtype)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {path} do not fit its config: {error}") from error
    return model.eval(), about


def _header(header: Mapping[str, str], path: Path) -> tuple[Config, dict[str, Any]]:
    """The config and the card in the header of a checkpoint."""
    about = parsed(header.get("about", "{}"), f"the card in {path}")
    for table, names in FIGURES.items():
        own = about.get(table, dict.fromkeys(names, 0))
        if not isinstance(own, dict) or not all(isinstance(own.get(name, 0), int | float) for name in names):
            raise ValueError(f"the card in {path} holds no numbers as {', '.join(names)} of its {table}")
    try:
        return Config.from_dict(parsed(header["config"], "the config")), about
    except ValueError as error:
        raise ValueError(f"the header of {path}: {error}") from None
