"""Translators of any depth and norm order, before any training, for the experiments on depth."""

from __future__ import annotations

from functools import cache

from torch import Tensor

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.studies.translator.train import training_corpus

#: What is compared: the norm order, and whether sublayers are added to the stream.
KINDS = {
    "pre-norm": {"norm_order": "pre", "residual": True},
    "post-norm": {"norm_order": "post", "residual": True},
    "no norm": {"norm_order": "none", "residual": True},
    "pre-norm, no Add": {"norm_order": "pre", "residual": False},
    "post-norm, no Add": {"norm_order": "post", "residual": False},
    "no norm, no Add": {"norm_order": "none", "residual": False},
}


def untrained(kind: str, layers: int, seed: int, d_model: int = 64) -> Transformer:
    """A translator with `layers` layers on each side, freshly initialised, without dropout."""
    words = vocabulary()
    config = Config(
        source_vocab=len(words.source),
        target_vocab=len(words.target),
        d_model=d_model,
        d_ff=2 * d_model,
        heads=4,
        encoder_layers=layers,
        decoder_layers=layers,
        dropout=0.0,
        **KINDS[kind],  # type: ignore[arg-type]
    )
    return Transformer(config, seed)


@cache
def batch(sentences: int, seed: int) -> tuple[Tensor, Tensor]:
    """Source and target ids of so many training sentences."""
    return next(training_corpus(sentences, seed, vocabulary()).batches(sentences, seed))
