"""Variants of a lecture's sentence, each changed in one way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.measures.permutation import PLACED, TURNED, exchanged, shuffle
from transformer_core.text.vocabulary import SPECIAL
from transformer_core.tracing.tap import Edit


@dataclass(frozen=True)
class Sentence:
    """A source text, and what the model writes for it: ids for the model, words for the labels.

    The first `prompt` tokens of the target were given, the others written. An encoder alone has no target, a decoder
    alone no source.
    """

    text: str
    source_ids: tuple[int, ...]
    target_ids: tuple[int, ...]
    source: tuple[str, ...]
    target: tuple[str, ...]
    prompt: int = 1

    @property
    def written(self) -> tuple[str, ...]:
        """The tokens that the model wrote."""
        return self.target[self.prompt :]


@dataclass(frozen=True)
class Variant:
    """One more pass: the sentence to read, whether its positions are zeroed, and whether the encoder alone reads it.

    `edited` are edits by the name of a tensor; `order` is that of the words, where they were shuffled.
    """

    sentence: Sentence
    no_positions: bool = False
    encoder_only: bool = False
    edited: Mapping[str, Edit] = field(default_factory=dict)
    order: tuple[int, ...] = ()

    def edits(self, prefix: str, model: Transformer) -> Mapping[str, Edit]:
        """The edits of this pass, and zeros for the positions of what is read, if the model adds any."""
        own = {f"{prefix}.{name}" if prefix else name: edit for name, edit in self.edited.items()}
        if not self.no_positions or model.config.positions == "none":
            return own
        side = "embed_src" if self.sentence.source_ids else "embed_tgt"
        return own | {f"{prefix}.{side}.positional": torch.zeros_like}

    def read(self, model: Transformer) -> Tensor:
        """The logits, or what else the model gives."""
        source, target = (
            torch.tensor([ids], device=model.device) if ids else None
            for ids in (self.sentence.source_ids, self.sentence.target_ids)
        )
        if self.encoder_only:
            return model.encode(source)
        return model(source, target)


def variants(
    given: Sentence, target_words: tuple[str, ...], config: Config, window: list[int] | None = None
) -> dict[str, Variant]:
    """`other.no_positions`: without positions; `other.shuffled`: its words shuffled too; `other.placed`: shuffled, with
    positions; `other.later`: another last word.

    `other.exchanged`, if the sentence has two words to exchange, has no positions either, and these two in each other's
    place. `later` has the same source, and a target that differs in the last word that the decoder reads. Only what the
    model has is there: the first three are of its encoder, the last one is of its decoder. The words in the `window`
    trade places among themselves. A decoder alone has the first three as well; there the last word in sight keeps its
    place, so that it sees the same words before it; if it adds no positions but turns queries and keys by them, there
    is nothing to take away, and it has none of them. `other.shorter` is the source without its last word, if there are
    two.
    """
    found = _of_encoder(given, window) if config.encoder_layers else _of_decoder_alone(given, window, config)
    return found | (_of_decoder(given, target_words) if config.decoder_layers else {})


def _of_encoder(given: Sentence, window: list[int] | None) -> dict[str, Variant]:
    order, turned = shuffle(len(given.source), window), exchanged(given.source)
    found = {
        "other.no_positions": Variant(given, no_positions=True, encoder_only=True),
        "other.shuffled": Variant(_reordered(given, order), no_positions=True, encoder_only=True, order=tuple(order)),
        PLACED: Variant(_reordered(given, order), encoder_only=True),
    }
    if turned:
        found[TURNED] = Variant(_reordered(given, turned), no_positions=True, encoder_only=True)
    if len(given.source) > 1:
        shorter = replace(given, source_ids=given.source_ids[:-1], source=given.source[:-1])
        found["other.shorter"] = Variant(shorter, encoder_only=True)
    return found


def _of_decoder_alone(given: Sentence, window: list[int] | None, config: Config) -> dict[str, Variant]:
    if config.rotary:
        return {}
    last = (window[1] if window else len(given.target)) - 1
    order = [*shuffle(last), *range(last, len(given.target))]
    return {
        "other.no_positions": Variant(given, no_positions=True),
        "other.shuffled": Variant(_reordered(given, order), no_positions=True, order=tuple(order)),
        PLACED: Variant(_reordered(given, order)),
    }


def _of_decoder(given: Sentence, target_words: tuple[str, ...]) -> dict[str, Variant]:
    last = given.target_ids[-1]
    # From the other half of the vocabulary: in the alphabet, neighbours are forms of one word.
    words = len(target_words) - len(SPECIAL)
    other = len(SPECIAL) + (last - len(SPECIAL) + words // 2) % words
    later = replace(given, target_ids=(*given.target_ids[:-1], other), target=(*given.target[:-1], target_words[other]))
    return {"other.later": Variant(later)}


def _reordered(given: Sentence, order: Sequence[int]) -> Sentence:
    """The same words in another order: of the source, or of the target of a decoder alone."""
    side = "source" if given.source_ids else "target"
    moved: dict[str, Any] = {name: tuple(getattr(given, name)[i] for i in order) for name in (f"{side}_ids", side)}
    return replace(given, **moved)
