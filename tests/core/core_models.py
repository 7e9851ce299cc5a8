"""Small models and inputs for the tests of the core, and the error that they are judged by."""

import torch
from torch import Tensor, nn

from transformer_core.config import Config
from transformer_core.model import Transformer

SOURCES, TARGETS = 11, 13


def config(**choices) -> Config:
    sizes = {"source_vocab": SOURCES, "target_vocab": TARGETS, "d_model": 16, "d_ff": 24, "heads": 4}
    layers = {"encoder_layers": 2, "decoder_layers": 2, "dropout": 0.0, "max_positions": 32}
    return Config(**{**sizes, **layers, **choices})


def jig(module: nn.Module, size: float = 0.3) -> nn.Module:
    """Random numbers in every parameter: zero biases and unit gains would hide a mistake."""
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random, dtype=parameter.dtype), alpha=size)
    return module


def model(dtype=torch.float64, **choices) -> Transformer:
    # Without norms large weights saturate every softmax.
    size = 0.05 if choices.get("norm_order") == "none" else 0.3
    return jig(Transformer(config(**choices)).to(dtype), size).eval()


def sentences(batch: int = 3, source: int = 5, target: int = 6, seed: int = 2) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return (
        torch.randint(SOURCES, (batch, source), generator=random),
        torch.randint(TARGETS, (batch, target), generator=random),
    )


def paddings(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Every sentence one word shorter than the one before."""

    def padding(ids: Tensor) -> Tensor:
        rows, columns = ids.shape
        return torch.arange(columns) >= (columns - torch.arange(rows)[:, None])

    return padding(source), padding(target)


def error(ours: Tensor, theirs: Tensor) -> float:
    """Largest absolute difference over largest absolute value."""
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max().clamp_min(1e-300)).item()
