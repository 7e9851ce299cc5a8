"""The text that the model writes: its own, one that was given, or its own while each pass is edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from transformer_core.decoding.beam import beam
from transformer_core.decoding.sampling import greedy
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import Tokenizer
from transformer_core.studies.sentence.decoding_trace import most_tokens
from transformer_core.studies.sentence.variants import Sentence
from transformer_core.text.vocabulary import Reading, SentenceError, Vocabulary, sentence
from transformer_core.tracing.tap import Edit, record


def generate(
    text: str | Sequence[int],
    model: Transformer,
    tokenizer: Tokenizer,
    edit: Mapping[str, Edit] | None = None,
    target: str = "",
    beams: int = 1,
) -> tuple[Sentence, tuple[tuple[int, int], ...]]:
    """The text and what the model writes to it, and where each token of the text was cut."""
    if isinstance(text, str):
        reading = tokenizer.read(text)
    else:
        labels = tuple(tokenizer.source[i] for i in text)
        reading = Reading(sentence(labels), labels, labels, tuple(text))
    if model.decoder is None:
        return Sentence(reading.text, reading.ids, (), reading.labels, ()), reading.offsets
    alone = model.encoder is None
    given = reading.ids if alone else (tokenizer.start,)
    source = None if alone else torch.tensor([reading.ids], device=model.device)
    start = torch.tensor([given], device=model.device)
    longest = most_tokens(model, tokenizer, len(given), len(reading.ids))
    if target:
        written = _given_translation(target, model, tokenizer, longest)
    elif edit:
        written = _written_edited(model, source, given, tokenizer.end, longest, edit, beams)
    elif beams > 1:
        (tree,) = beam(model, source, start, tokenizer.end, beams, longest)
        written = tree.ids()
    else:
        (written,) = greedy(model, source, start, tokenizer.end, longest)
    ids = (*given, *written)
    labels = (
        *(reading.labels if alone else (tokenizer.target[tokenizer.start],)),
        *(tokenizer.target[i] for i in written),
    )
    if alone:
        return Sentence(reading.text, (), ids, (), labels, len(given)), reading.offsets
    return Sentence(reading.text, reading.ids, ids, reading.labels, labels), reading.offsets


def _given_translation(text: str, model: Transformer, tokenizer: Tokenizer, longest: int) -> list[int]:
    if model.encoder is None or not isinstance(tokenizer, Vocabulary):
        raise ValueError("a translation can be given only to a translator whose vocabulary has whole words")
    ids = [*tokenizer.translation(text)]
    if len(ids) > longest:
        raise SentenceError(f"this translation has {len(ids)} words, and the model writes at most {longest}")
    return ids


@torch.no_grad()
def _written_edited(
    model: Transformer,
    source: Tensor | None,
    given: tuple[int, ...],
    end: int,
    longest: int,
    edit: Mapping[str, Edit],
    beams: int,
) -> list[int]:
    """Decode while each pass is edited: without a cache, every step reads all that was written."""
    if beams > 1:
        raise ValueError("an edited model writes greedily: leave the beams out, or the edits")
    target = [*given]
    for _ in range(longest):
        with record(only=[], edit=edit):
            following = int(model(source, torch.tensor([target], device=model.device))[0, -1].argmax())
        if following == end:
            break
        target.append(following)
    return target[len(given) :]
