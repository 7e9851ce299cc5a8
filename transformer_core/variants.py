"""The sentence of a lecture, changed in one way: what would the model make of it? And what would the loss pull at?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from transformer_core.measures.order import TURNED, exchanged, shuffle
from transformer_core.model import Transformer
from transformer_core.tap import Edit, Tape, record
from transformer_core.vocabulary import END, SPECIAL

ATTENTION = "encoder.*.self_attn."


@dataclass(frozen=True)
class Sentence:
    """A source text, and what the model writes for it: ids for the model, words for the labels."""

    text: str
    source_ids: tuple[int, ...]
    target_ids: tuple[int, ...]
    source: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One more pass: the sentence to read, whether its positions are zeroed, and whether the encoder alone reads it."""

    sentence: Sentence
    unplaced: bool = False
    encoder_only: bool = False

    def edits(self, prefix: str, model: Transformer) -> Mapping[str, Edit]:
        """Zeros for the positions of the source, if the model adds any."""
        if not self.unplaced or model.config.positions == "none":
            return {}
        return {f"{prefix}.embed_src.positional": torch.zeros_like}

    def read(self, model: Transformer) -> None:
        source = torch.tensor([self.sentence.source_ids])
        if self.encoder_only:
            model.encode(source)
        else:
            model(source, torch.tensor([self.sentence.target_ids]))


def variants(given: Sentence, target_words: tuple[str, ...]) -> dict[str, Variant]:
    """`other.unplaced`: without positions; `other.shuffled`: its words shuffled too; `other.later`: another last word.

    `other.turned`, if the sentence has two words to exchange, is unplaced with these two in each other's place. `later`
    has the same source, and a target that differs in the last word that the decoder reads. `other.shorter` is the
    source without its last word, if it has two.
    """
    order, turned = shuffle(len(given.source)), exchanged(given.source)
    last = given.target_ids[-1]
    # From the other half of the vocabulary: in the alphabet, neighbours are forms of one word.
    words = len(target_words) - len(SPECIAL)
    other = len(SPECIAL) + (last - len(SPECIAL) + words // 2) % words
    later = replace(
        given,
        target_ids=(*given.target_ids[:-1], other),
        target=(*given.target[:-1], target_words[other]),
    )
    shorter = replace(given, source_ids=given.source_ids[:-1], source=given.source[:-1])
    passes = {
        "other.unplaced": Variant(given, unplaced=True, encoder_only=True),
        "other.shuffled": Variant(_reordered(given, order), unplaced=True, encoder_only=True),
        "other.later": Variant(later),
    }
    if turned:
        passes[TURNED] = Variant(_reordered(given, turned), unplaced=True, encoder_only=True)
    if shorter.source_ids:
        passes["other.shorter"] = Variant(shorter, encoder_only=True)
    return passes


def _reordered(given: Sentence, order: Sequence[int]) -> Sentence:
    """The same words in another order of the source."""
    return replace(
        given,
        source_ids=tuple(given.source_ids[i] for i in order),
        source=tuple(given.source[i] for i in order),
    )


def gradients(given: Sentence, model: Transformer) -> Tape:
    """dL/dz and dL/ds of every encoder attention, for L = -mean log p of the words that the model writes.

    On the tape as `gradients.encoder.{l}.self_attn.z` and `.scaled`. The loss needs the pass that it is taken in.
    """
    source, read = torch.tensor([given.source_ids]), torch.tensor([given.target_ids])
    with torch.enable_grad(), record(only=[f"{ATTENTION}z", f"{ATTENTION}scaled"]) as tape:
        loss = F.cross_entropy(model(source, read)[0], torch.tensor([*given.target_ids[1:], END]))
    found = torch.autograd.grad(loss, list(tape.values()))
    slopes = Tape()
    for name, gradient in zip(tape, found, strict=True):
        slopes.points[f"gradients.{name}"] = (gradient, tape.points[name][1], ())
    return slopes
