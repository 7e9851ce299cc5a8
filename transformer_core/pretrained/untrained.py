"""A model as its training would begin: the same architecture, with fresh weights."""

from __future__ import annotations

from dataclasses import replace

import torch

from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel


def seed_of(trained: LoadedModel) -> int:
    """The seed that the training of this model began with, as its card has it; 0 where no card tells one."""
    seed = trained.facts.get("card", {}).get("recipe", {}).get("seed", 0)
    return seed if type(seed) is int and 0 <= seed < 2**63 else 0  # what torch takes as one


def untrained(trained: LoadedModel, seed: int) -> LoadedModel:
    """The architecture and the tokens of `trained`, with the weights of this seed; nothing that was measured of it.

    With the seed of its card these are the very weights that its training began with: `training.Run` draws them by the
    same call. In float64, as a model is opened.
    """
    config = trained.model.config
    model = Transformer(config, seed=seed).to(torch.float64).eval()
    return replace(trained, model=model, facts={"model": trained.facts["model"], "card": {}}, measured={})
