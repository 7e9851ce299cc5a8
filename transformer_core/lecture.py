"""The one trace of a lecture: everything that is said and shown about one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from transformer_core import contrast
from transformer_core.chains import read as read_by_chains
from transformer_core.decoding import greedy
from transformer_core.model import Transformer
from transformer_core.parameters import made_with, parameters
from transformer_core.pretrained import load
from transformer_core.tap import Labels, record, under
from transformer_core.trace import NamedTensor, Trace
from transformer_core.variants import Sentence, Variant, gradients, variants
from transformer_core.vocabulary import END, START, Vocabulary, sentence
from transformer_core.writing import writing

ASSETS = Path(__file__).resolve().parents[1] / "assets"
DEFAULT_MODEL = ASSETS / "models" / "english-spanish.safetensors"


def read(
    text: str | Sequence[int],
    model: Transformer | str | PathLike[str] | None = None,
    vocabulary: Vocabulary | None = None,
    others: Mapping[str, str] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Trace:
    """Read `text`, let the model translate it, and trace one pass over both: the translation is teacher-forced.

    Args:
        text: a sentence, or the ids of one.
        model: a model, or the checkpoint of one; the model that comes with this project if None.
        vocabulary: its words; those in the checkpoint if None.
        others: sentences to compare with, by key: their tensors are called `other.<key>.*`. `unplaced`, `shuffled`
            `later` and, often, `turned` are there anyway (`transformer_core.variants`).
        about: facts to add to `trace.about`.

    Returns:
        All trace points with a batch of one; `parameters.*`; sizes as `config.*`; how the translation is written, as
        `decoding.*` (see `transformer_core.writing`); what two LSTMs make of it, if they know its words, as
        `lstm.*` and `attending_lstm.*` (see `transformer_core.chains`); and what was measured of the checkpoint, saved
        beside it under its name. What experiments found is read when it is asked for.

    Raises:
        SentenceError: a text that the vocabulary cannot read.
        ValueError: a model without an encoder or without a decoder, or no vocabulary.
    """
    measured: dict[str, NamedTensor] = {}
    facts: dict[str, Any] = {}
    if not isinstance(model, Transformer):
        model, vocabulary, facts, measured = _opened(Path(model or DEFAULT_MODEL), vocabulary)
    if vocabulary is None or model.encoder is None or model.decoder is None:
        raise ValueError("a lecture needs a model with encoder and decoder, and its vocabulary")
    if isinstance(text, str) and "english to spanish" in str(facts.get("card", {}).get("task", "")).lower():
        facts |= contrast.facts(text)
        others = {key: facts[key]["text"] for key in contrast.OTHERS if key in facts} | dict(others or {})
    first = _translated(text, model, vocabulary)
    sentences = {f"other.{key}": _translated(other, model, vocabulary) for key, other in (others or {}).items()}
    passes = {"": Variant(first)} | variants(first, vocabulary.target)
    passes |= {prefix: Variant(other) for prefix, other in sentences.items()}
    trace = _traced(model, vocabulary, passes)
    chains = read_by_chains(first.source)
    trace.parents |= chains.parents
    trace.tensors |= chains.tensors | _sizes(model, first) | writing(model, vocabulary, first.source_ids) | measured
    trace.about |= (
        chains.about
        | facts
        | {
            "text": first.text,
            "tokens": list(first.source),
            "output": sentence(first.target[1:]),
            "output_tokens": list(first.target[1:]),
            "others": {key: sentences[f"other.{key}"].text for key in others or {}},
            "norm_order": model.config.norm_order,
            "config": model.config.as_dict(),
            **(about or {}),
        }
    )
    return trace


def _opened(
    path: Path, vocabulary: Vocabulary | None
) -> tuple[Transformer, Vocabulary | None, dict[str, Any], dict[str, NamedTensor]]:
    """Model, vocabulary and card of a checkpoint, and the tensors that were measured before."""
    model, card = load(path, torch.float64)  # so that sums on screen add up to the last digit shown
    words = card.pop("vocabulary", None)
    if vocabulary is None and words is not None:
        vocabulary = Vocabulary.from_json(words)
    beside = path.with_suffix(".npz")
    measured = Trace.load(beside).tensors if beside.exists() else {}
    return model, vocabulary, {"model": path.stem, "card": card}, measured


def _translated(text: str | Sequence[int], model: Transformer, vocabulary: Vocabulary) -> Sentence:
    if isinstance(text, str):
        reading = vocabulary.read(text)
        source_ids, labels = tuple(reading.ids), tuple(reading.labels)
    else:
        source_ids = tuple(text)
        labels = tuple(vocabulary.source[i] for i in source_ids)
        text = sentence(labels)
    longest = min(vocabulary.longest, model.config.max_positions - 1)
    (written,) = greedy(model, torch.tensor([source_ids]), START, END, longest)
    target_ids = (START, *written)
    return Sentence(text, source_ids, target_ids, labels, tuple(vocabulary.target[i] for i in target_ids))


@torch.no_grad()
def _traced(model: Transformer, vocabulary: Vocabulary, passes: Mapping[str, Variant]) -> Trace:
    """One pass for each sentence, the gradients of the first, and the parameters that all of them share."""
    edits = {name: edit for prefix, given in passes.items() for name, edit in given.edits(prefix, model).items()}
    with record(edit=edits) as tape:
        for prefix, given in passes.items():
            with under(prefix):
                given.read(model)
    sentences = {prefix: given.sentence for prefix, given in passes.items()}
    labels = words_along(sentences, vocabulary)
    trace = tape.trace(labels)
    learned = parameters(model, labels)
    for name in tuple(trace.tensors):
        prefix = _prefix(name, sentences)
        trace.parents[name] += made_with(name.removeprefix(prefix).removeprefix("."), learned)
    trace.tensors |= learned | gradients(sentences[""], model).trace(labels).tensors
    return trace


def _prefix(name: str, sentences: Mapping[str, Sentence]) -> str:
    return next((prefix for prefix in sentences if prefix and name.startswith(f"{prefix}.")), "")


def words_along(sentences: Mapping[str, Sentence], vocabulary: Vocabulary) -> Labels:
    """Which words stand along an axis: a decoder's keys are source words in cross-attention, target words else."""

    def labels(name: str, axis: str) -> tuple[str, ...] | None:
        prefix = _prefix(name, sentences)
        rest = name.removeprefix(prefix).removeprefix(".").removeprefix("gradients.")
        if axis == "vocab":
            return vocabulary.source if rest.startswith("embed_src") else vocabulary.target
        if axis not in ("position", "query", "key") or rest.endswith(".positions"):
            return None
        reads_source = rest.startswith(("embed_src.", "encoder.")) or (axis == "key" and ".cross_attn." in rest)
        return sentences[prefix].source if reads_source else sentences[prefix].target

    return labels


def _sizes(model: Transformer, given: Sentence) -> dict[str, NamedTensor]:
    """`config.*`: sizes of the model and of the sentence, without axes."""
    config = model.config
    names = ("d_model", "d_ff", "heads", "d_head", "encoder_layers", "decoder_layers", "source_vocab", "target_vocab")
    sizes = {name: getattr(config, name) for name in names} | {
        "cross_heads": config.cross_heads or config.heads,
        "d_head_cross": config.d_head_cross,
        "words": len(given.source),
        "output_words": len(given.target) - 1,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    return {f"config.{name}": NamedTensor(f"config.{name}", np.array(size), ()) for name, size in sizes.items()}
