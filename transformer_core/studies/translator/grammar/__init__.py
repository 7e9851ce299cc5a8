"""A small English-Spanish grammar that knows its own structure: the training data of the lecture's models."""

from transformer_core.studies.translator.grammar.draw import (
    LONGEST,
    all_pairs,
    draw,
    held_out_pairs,
    held_out_sentences,
    reading,
    readings,
    training_sentences,
)
from transformer_core.studies.translator.grammar.phrases import Pair, Sampler

__all__ = [
    "LONGEST",
    "Pair",
    "Sampler",
    "all_pairs",
    "draw",
    "held_out_pairs",
    "held_out_sentences",
    "reading",
    "readings",
    "training_sentences",
]
