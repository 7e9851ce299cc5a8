"""Models of Hugging Face from a folder, without their library, a network or a pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained import bert, gpt2, marian
from transformer_core.pretrained.torch_folder import KIND as TORCH
from transformer_core.pretrained.torch_folder import load_torch_folder
from transformer_core.pretrained.weights import Weights


class Kind(NamedTuple):
    """How one kind of model is read: its config, its weights, and the tensors in its files that nothing reads."""

    config: Callable[[dict[str, Any], Weights], Config]
    fill: Callable[[Transformer, Weights], None]
    needless: tuple[str, ...]


KINDS = {
    "bert": Kind(bert.config_of, bert.fill_model, bert.NEEDLESS),
    "gpt2": Kind(gpt2.config_of, gpt2.fill_model, gpt2.NEEDLESS),
    "marian": Kind(marian.config_of, marian.fill_model, marian.NEEDLESS),
}


@torch.no_grad()
def load_hugging_face(folder: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> Transformer:
    """The model in a folder of Hugging Face, in evaluation mode: BERT, GPT-2 or Marian; or what `save_torch` wrote.

    Reads `config.json` and `model.safetensors`, or several files with an index. BERT's encoder comes with its masked
    language model and its pooler if the folder has them. To train it further differs: dropout acts at one rate, and
    where the paper puts it, not on the weights of attention.

    Raises:
        FileNotFoundError: no config, or no weights, in the folder.
        ValueError: another kind of model, weights in a pickle, an option or a tensor that this core has no place for.
    """
    folder = Path(folder)
    facts = facts_of(folder)
    kind = KINDS.get(facts.get("model_type", ""))
    if kind is None and facts.get("model_type") != TORCH:
        known = ", ".join([*KINDS, TORCH])
        raise ValueError(f"{folder} holds a model of kind {facts.get('model_type')!r}; known are {known}")
    weights = Weights(folder, *(facts.get("architectures") or ())[:1])
    if kind is None:
        model = load_torch_folder(facts, weights, dtype)
    else:
        model = Transformer(kind.config(facts, weights)).to(dtype)
        kind.fill(model, weights)
    weights.finish(kind.needless if kind else ())
    return model.eval()


def facts_of(folder: Path) -> dict[str, Any]:
    """What a folder's `config.json` says.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no JSON object.
    """
    path = folder / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"{folder} has no config.json: a model is a folder of Hugging Face's form")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(facts, dict):
        raise ValueError(f"{path} holds no options by name")  # noqa: TRY004 - the file is wrong, not a type
    return facts
