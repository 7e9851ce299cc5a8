"""The text that the model writes: its own, one that was given, or its own while each pass is edited; and the decoding
of it, step by step, as tensors of the trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from transformer_core.decoding.beam import beam
from transformer_core.decoding.sampling import greedy, named, sample
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import Tokenizer
from transformer_core.studies.sentence.variants import Sentence
from transformer_core.text.vocabulary import SentenceError, TokenizedText, Vocabulary, sentence
from transformer_core.tracing.tap import Edit, record
from transformer_core.tracing.trace import NamedTensor

WIDTH = 4
#: How many tokens a decoder alone goes on with.
CONTINUED = 8
#: How many tokens a translator writes at most: as often as many as it reads, and some. One that never says it has ended
#: would go on to its last place, and what is measured of the way there grows with the square of it.
WRITTEN, SOME = 2, 16


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
        reading = TokenizedText(sentence(labels), labels, labels, tuple(text))
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


@torch.no_grad()
def decoding_tensors(model: Transformer, tokenizer: Tokenizer, given: Sentence) -> dict[str, NamedTensor]:
    """`decoding.*`: greedy decoding, beam search and the cache, for one source, or one text to go on with.

    `greedy.probs` "step vocab", `greedy.log_prob`, `.entropy`, `.end` (probability of the end mark), along "step";
    `greedy.score`, the sum of log_prob. `beam.*`, the tree by the sum of log-probabilities; see `beam.Tree`.
    `cache.*`: see `cached`.
    """
    source = torch.tensor([given.source_ids], device=model.device) if given.source_ids else None
    start = torch.tensor([given.target_ids[: given.prompt]], device=model.device)
    words, end = tokenizer.target, tokenizer.end
    longest = most_tokens(model, tokenizer, given.prompt, len(given.source_ids))
    found = sample(model, source, start, end, longest, temperature=0)
    tensors = found.tensors(words, prefix="decoding.greedy.")
    del tensors["decoding.greedy.rule"]  # greedy has none
    labels = {"step": tensors["decoding.greedy.probs"].labels["step"], "vocab": words}
    tensors |= named("decoding.greedy.", {"end": found.probs[0, :, end] * (end >= 0)}, ("step",), labels)
    tensors |= named("decoding.greedy.", {"score": found.log_prob[0].sum()}, (), {})
    width = min(WIDTH, len(words) // 2)
    (tree,) = beam(model, source, start, end, width, longest, length_penalty=0.0)
    tensors |= tree.tensors(words, "decoding.beam.")
    return tensors | named("decoding.cache.", cached(model, source, start, end, found.token), (), {})


def most_tokens(model: Transformer, tokenizer: Tokenizer, given: int, read: int) -> int:
    """The most tokens to write after the `given`: min(places, 2 read + 16), or a few to go on with a text.

    Raises:
        SentenceError: what is given leaves no place for one.
    """
    most = min(tokenizer.longest, model.config.max_positions - given)
    if most < 1:
        raise SentenceError(f"this text has {given} tokens, and leaves the model no place to go on: type a shorter one")
    return min(CONTINUED if model.encoder is None else WRITTEN * read + SOME, most)


def cached(model: Transformer, source: Tensor | None, start: Tensor, end: int, written: Tensor) -> dict[str, Tensor]:
    """The same sentence without a cache, and what a cache would not compute again.

    `difference`: how far any key or value of an old row moves when a token is added, which is why they can be kept (of
    a decoder alone, whose text may be long, in the last two steps);
    `rows_without` and `rows_with`: decoder rows computed in all; `numbers`: how many the cache holds at the end, and
    `own_numbers` and `source_numbers`, those of the tokens written and those of the encoder's output.
    """
    points = ["step.*.self_attn.[kv]", *["step.*.cross_attn.[kv]"] * (source is not None)]
    steps = written.shape[1]
    shown = steps if model.encoder else min(steps, 2)
    before_these = torch.cat([start, written[:, : steps - shown]], 1)
    with record(only=points) as tape:
        greedy(model, source, before_these, end, shown, cached=False)
    differences = []
    for name, now in tape.items():
        _, step, point = name.split(".", 2)
        before = tape.get(f"step.{int(step) - 1}.{point}")
        if before is not None:
            differences.append((now[:, :, : before.shape[2]] - before).abs().max())
    last = [
        sum(tensor.numel() for name, tensor in tape.items() if name.startswith(f"step.{shown - 1}.") and kind in name)
        for kind in (".self_attn.", ".cross_attn.")
    ]
    return {
        "difference": torch.stack(differences).max() if differences else torch.zeros(()),
        "rows_without": torch.tensor(sum(range(start.shape[1], start.shape[1] + steps))),
        "rows_with": torch.tensor(start.shape[1] + steps - 1),
        "numbers": torch.tensor(sum(last)),
        "own_numbers": torch.tensor(last[0]),
        "source_numbers": torch.tensor(last[1]),
    }
