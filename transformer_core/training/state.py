"""The state of an interrupted training, read back: to the last bit what was saved, or one line that names the file.

Everything is checked before anything is used, so that a training never goes on from what it cannot have come to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from transformer_core.files.tensors import metadata, unbroken
from transformer_core.versions import versions

#: So many steps lie between two lines of the history.
TOLD_EVERY = 50
#: The figures of a line, beside its step.
FIGURES = ("loss", "entropy", "gradient", "rate")
#: The moments of AdamW that belong to each parameter.
MOMENTS = ("exp_avg", "exp_avg_sq")
ANEW = "remove it, and the training begins anew"
State = tuple[int, list[dict[str, float]], dict[str, Tensor]]


def read_state(path: Path, recipe: Mapping[str, Any], model: nn.Module) -> State:
    """Step, history and tensors (`model.*`, `adam.*`) of the state at `path`, of a training of `model` by `recipe`.

    Raises:
        ValueError: the file is of another training, damaged, or holds what this training cannot have come to.
    """
    data = unbroken(path, ANEW)
    try:
        facts = {name: json.loads(fact) for name, fact in metadata(data).items()}
        differ = _differences(facts, recipe)
        if not differ:
            step, history = _progress(facts, recipe["steps"])
            tensors = load(data)
            _check(tensors, step, model)
            return step, history, tensors
    except (ValueError, LookupError, TypeError, AttributeError, SafetensorError) as error:
        raise ValueError(f"{path} is no state of a training: {error}; {ANEW}") from error
    raise ValueError(
        f"{path} is of another training, with {', '.join(differ)}: go on with that one as it was begun, choose another "
        "output, or remove the file to begin anew"
    )


def _differences(facts: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    """List what another training was begun with; another torch may differ in the last bits of a sum."""
    theirs = facts["recipe"] | {"torch": facts["versions"]["torch"]}
    ours = json.loads(json.dumps(recipe)) | {"torch": versions("torch")["torch"]}
    return [f"{name} {theirs.get(name)} instead of {ours[name]}" for name in ours if theirs.get(name) != ours[name]]


def _progress(facts: Mapping[str, Any], steps: int) -> tuple[int, list[dict[str, float]]]:
    """The step and the history, if a training of so many steps can have come to them."""
    step, history = facts["step"], facts["history"]
    if type(step) is not int or not 0 <= step <= steps:
        raise ValueError(f"its step is {short(step)}, and not from 0 to {steps}")
    told = [at for at in range(1, step + 1) if at % TOLD_EVERY == 0 or at == steps]
    known = [line["step"] for line in history] == told
    if not known or not all(math.isfinite(line[figure]) for line in history for figure in FIGURES):
        raise ValueError(f"its history is none of {step} steps")
    return step, history


def _check(tensors: Mapping[str, Tensor], step: int, model: nn.Module) -> None:
    """Hold the tensors against the model."""
    wanted = {f"model.{name}": value for name, value in model.state_dict().items()}
    for at, parameter in enumerate(model.parameters() if step else ()):
        wanted |= {f"adam.{at}.{name}": parameter for name in MOMENTS} | {f"adam.{at}.step": torch.tensor(0.0)}
    if wanted.keys() != tensors.keys():
        raise ValueError(f"it lacks, or has too many, {short(sorted(wanted.keys() ^ tensors.keys()))}")
    for name, like in wanted.items():
        tensor = tensors[name]
        if tensor.shape != like.shape or tensor.dtype != like.dtype or not tensor.isfinite().all():
            raise ValueError(f"{name} is not {list(like.shape)} finite numbers of {like.dtype}")
        if name.endswith(".step") and tensor != step:
            raise ValueError(f"{name} is {tensor.item():.0f}, and the step {step}")
