"""Models of Hugging Face from a folder, without their library, a network or a pickle."""

from __future__ import annotations

import os
from pathlib import Path
from reprlib import repr as short
from types import ModuleType
from typing import Any

import torch

from transformer_core.config import Config
from transformer_core.files.foreign import read_object
from transformer_core.model import Transformer
from transformer_core.pretrained import bert, gpt2, llama, marian
from transformer_core.pretrained.torch_modules import KIND as TORCH
from transformer_core.pretrained.torch_modules import load_torch_folder
from transformer_core.pretrained.weights import CONFIG, Weights, check_sizes

#: The module that reads each kind: `config_of` its config, `fill_model` its weights, but for those that are `NEEDLESS`.
KINDS = {
    "bert": bert,
    "gpt2": gpt2,
    "marian": marian,
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma"), llama),
}


@torch.no_grad()
def load_hugging_face(folder: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> Transformer:
    """The model in a folder of Hugging Face, in evaluation mode: BERT, GPT-2, Marian, Llama and its kin; or
    what `save_torch` wrote.

    Reads `config.json` and `model.safetensors`, or several files with an index. BERT's encoder comes with its masked
    language model and its pooler if the folder has them. To train it further differs: dropout acts at one rate, and
    where the paper puts it, not on the weights of attention.

    Raises:
        FileNotFoundError: no config, or no weights, in the folder.
        ValueError: another kind of model, weights in a pickle, an option or a tensor that this core has no place for.
    """
    folder = Path(folder)
    facts = facts_of(folder)
    name = facts.get("model_type", "")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None and name != TORCH:
        known = ", ".join([*KINDS, TORCH])
        if not name:
            raise ValueError(f"{folder / CONFIG} names no model_type: known are {known}")
        raise ValueError(f"{folder} holds a model of kind {short(name)}; known are {known}")
    written_by = facts.get("architectures")
    weights = Weights(folder, f"{written_by[0]}" if isinstance(written_by, list) and written_by else "AutoModel")
    model = load_torch_folder(facts, weights, dtype) if kind is None else filled(kind, facts, weights, dtype)
    weights.finish(kind.NEEDLESS if kind else ())
    return model.eval()


@torch.no_grad()
def filled(kind: ModuleType, facts: dict[str, Any], weights: Weights, dtype: torch.dtype) -> Transformer:
    """The model of one kind, with every tensor in its place; nothing is made of sizes that the files cannot fill.

    Raises:
        ValueError: a fact that is missing or wrong, or weights of other shapes; the line names the file.
    """
    stated = weights.stated
    try:
        config: Config = kind.config_of(facts, weights)
    except KeyError as error:
        raise ValueError(f"{stated} does not state {error.args[0]}") from None
    except ValueError as error:
        raise ValueError(f"{stated}: {error}") from None
    if not config.d_ff:
        raise ValueError(f"{stated} leaves the feed-forward layers without a width")
    check_sizes(config, weights.size, stated)
    model = Transformer(config, seed=None).to(dtype)
    try:
        kind.fill_model(model, weights)
    except (RuntimeError, IndexError) as error:  # torch's, for shapes that cannot be put together or taken apart
        raise ValueError(f"the weights in {weights.folder} do not fit the sizes in {stated.name}: {error}") from error
    return model


def facts_of(folder: Path) -> dict[str, Any]:
    """The facts in the `config.json` of a folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no JSON object.
    """
    path = folder / CONFIG
    if not path.exists():
        raise FileNotFoundError(
            f"{folder} has no {CONFIG}: a model is a folder with config.json, model.safetensors and tokenizer.json, or "
            "the path of a checkpoint in .safetensors"
        )
    return read_object(path)
