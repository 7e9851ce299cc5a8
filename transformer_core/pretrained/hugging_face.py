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
    """The model in a folder of Hugging Face, in evaluation mode: BERT, GPT-2 or Marian.

    Reads `config.json` and `model.safetensors`, or several files with an index. BERT's encoder comes with its masked
    language model and its pooler if the folder has them. To train it further differs: dropout acts at one rate, and
    where the paper puts it, not on the weights of attention.

    Raises:
        FileNotFoundError: no config, or no weights, in the folder.
        ValueError: another kind of model, weights in a pickle, an option or a tensor that this core has no place for.
    """
    folder = Path(folder)
    facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = KINDS.get(facts.get("model_type", ""))
    if kind is None:
        raise ValueError(f"{folder} holds a model of kind {facts.get('model_type')!r}; known are {', '.join(KINDS)}")
    weights = Weights(folder, *(facts.get("architectures") or ())[:1])
    model = Transformer(kind.config(facts, weights)).to(dtype)
    kind.fill(model, weights)
    weights.finish(kind.needless)
    return model.eval()
