"""The real language model of the experiments, and the texts that it reads: SmolLM2-135M-Instruct, in 4 bits."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel, open_model
from transformer_core.studies.experiments.laboratory import Bench

NAME = "smollm2"
_TEXTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
#: Beginnings by a short name; short texts of plain prose; and pairs of sentences: the text, two last words, and a noun.
PROMPTS: dict[str, str] = _TEXTS["prompts"]
TEXTS: tuple[str, ...] = tuple(_TEXTS["prose"]["texts"])
PAIRS: dict[str, tuple[str, str, str, str]] = {name: tuple(pair) for name, pair in _TEXTS["pairs"].items()}


@lru_cache(maxsize=1)
def language_model() -> LoadedModel:
    """The installed model, in single precision.

    Raises:
        ValueError: it is not installed; the line says how to.
    """
    return open_model(NAME, "float32")


def facts(bench: Bench) -> LoadedModel:
    """The model, whose name, config and quantisation the card of the experiment will state."""
    loaded = language_model()
    stated = {"config": loaded.model.config.as_dict(), "quantisation": loaded.facts["quantisation"]}
    bench.facts |= {"model": "SmolLM2-135M-Instruct", **stated}
    return loaded


def ids_of(loaded: LoadedModel, text: str) -> Tensor:
    """The ids of a text, without a start mark, "batch position" for one sentence."""
    assert loaded.tokenizer is not None
    return torch.tensor([loaded.tokenizer.read(text).ids])


def pieces_of(loaded: LoadedModel, ids: list[int]) -> tuple[str, ...]:
    """The pieces as they are shown."""
    assert loaded.tokenizer is not None
    return tuple(loaded.tokenizer.target[i] for i in ids)


def losses(model: Transformer, ids: Tensor) -> Tensor:
    """-log p of each piece after the first, "batch position", in nats."""
    with torch.inference_mode():
        logs = model(None, ids[:, :-1]).log_softmax(-1)
    return -logs.gather(-1, ids[:, 1:, None])[..., 0]
