"""The one trace of a lecture: everything that is said and shown about one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.parameters import add_parameters
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, LoadedModel, Tokenizer, open_model
from transformer_core.studies.sentence import minimal_pairs
from transformer_core.studies.sentence.generate import decoding_tensors, generate
from transformer_core.studies.sentence.lstm_trace import LONG, read_lstms
from transformer_core.studies.sentence.variants import Sentence, Variant, variants
from transformer_core.studies.sentence.window import windows_of
from transformer_core.text.vocabulary import SentenceError, sentence
from transformer_core.tracing.edit import edits_of
from transformer_core.tracing.tap import Edit, Labels, record, under
from transformer_core.tracing.trace import NamedTensor, Trace, check_finite
from transformer_core.tracing.window import ORDER, Limits
from transformer_core.versions import versions


def read(
    text: str | Sequence[int],
    model: Transformer | LoadedModel | str | PathLike[str] | None = None,
    vocabulary: Tokenizer | None = None,
    others: Mapping[str, str] | None = None,
    about: Mapping[str, Any] | None = None,
    edit: Mapping[str, Edit] | Sequence[str] | None = None,
    target: str = "",
    beams: int = 1,
    limits: Limits | None = None,
) -> Trace:
    """Read `text`, let the model write what it writes, and trace one pass over both: the output is teacher-forced.

    A translator writes a translation, a decoder alone goes on with the text, an encoder alone writes nothing.

    Args:
        text: a sentence, or the ids of one.
        model: a model, as it is or as it was opened, or the name or path of one
            (`transformer_core.pretrained.model_registry`); that of this project if None.
        vocabulary: what turns the text into tokens; what belongs to the model if None.
        others: sentences to compare with, by key: their tensors are called `other.<key>.*`. `no_positions`, `shuffled`,
            `later` and, often, `turned` are there anyway (`transformer_core.studies.sentence.variants`).
        about: facts to add to `trace.about`.
        edit: what to make of the tensor of a name before it flows on, in writing and in reading, or lines that say it
            (`transformer_core.tracing.edit`); the pass without it is called `other.unedited.*`.
        target: a translation that is given to the decoder in the place of its own; where it is another one,
            `trace.about` has it as `given`.
        beams: how many beginnings of its own translation are followed (`transformer_core.decoding.beam`); one is
            greedy.
        limits: how many tokens a picture shows; of a longer text, `trace.in_sight()` is cut to some of them.

    Returns:
        All trace points with a batch of one; `parameters.*`; sizes as `config.*`; how the output is written, as
        `decoding.*` (see `transformer_core.studies.sentence.generate`); what two LSTMs make of it, if they know
        its words, as `lstm.*` and `lstm_with_attention.*` (see `transformer_core.studies.sentence.lstm_trace`); and
        what was measured of the checkpoint, saved beside it under its name. What experiments found is read when it is
        asked for.

    Raises:
        SentenceError: a text that the vocabulary cannot read.
        ValueError: no such model, or no vocabulary; a target for a model that translates no words, or beams with an
            edit.
    """
    if isinstance(model, Transformer):
        model = LoadedModel(model, vocabulary)
    here = model if isinstance(model, LoadedModel) else open_model(model or DEFAULT_MODEL)
    model, tokenizer, facts = here.model, vocabulary or here.tokenizer, dict(here.facts)
    if tokenizer is None:
        raise ValueError("a lecture needs the vocabulary that the model was trained with")
    if isinstance(text, str) and "english to spanish" in str(facts.get("card", {}).get("task", "")).lower():
        facts |= minimal_pairs.facts(text)
        others = {key: facts[key]["text"] for key in minimal_pairs.OTHERS if key in facts} | dict(others or {})
    unedited = generate(text, model, tokenizer, target=target)[0] if edit else None
    lines, edit = _asked(edit or {}, model, tokenizer, unedited)
    first, cuts = generate(text, model, tokenizer, edit, target, beams)
    sentences = {f"other.{key}": generate(other, model, tokenizer)[0] for key, other in (others or {}).items()}
    windows = windows_of(model, first, limits, told="roles" in facts) if limits else {}
    passes = {"": Variant(first, edited=edit)} | variants(
        first, tokenizer.target, model.config, windows.get("source" if model.encoder else "target")
    )
    if unedited:
        passes["other.unedited"] = Variant(unedited)
    lstms = read_lstms(first.source) if first.source else Trace({})
    if "long" in lstms.about:
        passes |= _long(tokenizer)
    passes |= {prefix: Variant(other) for prefix, other in sentences.items()}
    trace = traced(model, tokenizer, passes)
    trace.parents |= lstms.parents
    trace.tensors |= lstms.tensors | _sizes(model, first) | _given(first, cuts, passes) | dict(here.measured)
    if limits:
        trace.tensors["config.in_sight"] = NamedTensor("config.in_sight", np.array(limits.shown), ())
    if model.decoder is not None:
        trace.tensors |= decoding_tensors(model, tokenizer, first)
        trace.about["end"] = tokenizer.end
    trace.about |= (
        lstms.about
        | facts
        | {
            "text": first.text,
            "tokens": list(first.source or first.target),
            "output": sentence(first.written),
            "output_tokens": list(first.written),
            "target_tokens": list(first.target),
            "others": {key: sentences[f"other.{key}"].text for key in others or {}},
            "norm_order": model.config.norm_order,
            "config": model.config.as_dict(),
            "windows": windows,
            "versions": versions("numpy", "torch"),
            **(about or {}),
        }
    )
    if target and generate(text, model, tokenizer, edit, beams=beams)[0].written != first.written:
        trace.about["given"] = target
    if unedited:
        trace.about |= {"edits": list(lines), "unedited_output": sentence(unedited.written)}
        trace.tensors |= edit_tensors(lines, trace)
        trace.about["edit_effect"] = float(trace.tensors["edit_effect"])
    return trace


def _long(tokenizer: Tokenizer) -> dict[str, Variant]:
    """The sentence that the LSTMs read besides, for the encoder of a model that knows its words."""
    try:
        reading = tokenizer.read(LONG)
    except SentenceError:
        return {}
    known = reading.labels == tuple(LONG.split())
    given = Sentence(reading.text, reading.ids, (), reading.labels, ())
    return {"other.long": Variant(given, encoder_only=True)} if known else {}


def _asked(
    edit: Mapping[str, Edit] | Sequence[str], model: Transformer, tokenizer: Tokenizer, unedited: Sentence | None
) -> tuple[tuple[str, ...], Mapping[str, Edit]]:
    """The description of the edits, and the edits."""
    if isinstance(edit, Mapping) or unedited is None:
        return tuple(edit), edit if isinstance(edit, Mapping) else {}
    return tuple(edit), edits_of(tuple(edit), traced(model, tokenizer, {"": Variant(unedited)}))


def _given(first: Sentence, cuts: tuple[tuple[int, int], ...], passes: Mapping[str, Variant]) -> dict[str, NamedTensor]:
    """The places at which the pieces were cut from the text, and the order of the shuffled sentence."""
    found = {}
    for given in passes.values():
        if given.order:
            along = {"position": given.sentence.source or given.sentence.target}
            found[ORDER] = NamedTensor(ORDER, np.array(given.order), ("position",), along)
    if cuts:
        name = f"{'embed_src' if first.source else 'embed_tgt'}.offsets"
        cut = {"position": (first.source or first.target)[: len(cuts)]}
        found[name] = NamedTensor(name, np.array(cuts), ("position", "edge"), cut)
    return found


@torch.no_grad()
def traced(model: Transformer, tokenizer: Tokenizer, passes: Mapping[str, Variant]) -> Trace:
    """The trace of a pass for each sentence, by the prefix of its names, with the parameters that all of them share."""
    edits = {name: edit for prefix, given in passes.items() for name, edit in given.edits(prefix, model).items()}
    with record(edit=edits) as tape:
        for prefix, given in passes.items():
            with under(prefix):
                given.read(model)
    sentences = {prefix: given.sentence for prefix, given in passes.items()}
    labels = words_along(sentences, tokenizer)
    trace = tape.trace(labels)
    check_finite(trace)
    add_parameters(trace, model, labels, sentences)
    return trace


def _prefix(name: str, sentences: Mapping[str, Sentence]) -> str:
    return next((prefix for prefix in sentences if prefix and name.startswith(f"{prefix}.")), "")


def words_along(sentences: Mapping[str, Sentence], tokenizer: Tokenizer) -> Labels:
    """The words along an axis: a decoder's keys are source words in cross-attention, target words else."""

    def labels(name: str, axis: str) -> tuple[str, ...] | None:
        prefix = _prefix(name, sentences)
        rest = name.removeprefix(prefix).removeprefix(".")
        given = sentences[prefix]
        if axis == "vocab":
            return tokenizer.source if rest.startswith("embed_src") or not given.target else tokenizer.target
        if axis not in ("position", "query", "key") or rest.endswith(".positions"):
            return None
        reads_source = rest.startswith(("embed_src.", "encoder.")) or (axis == "key" and ".cross_attn." in rest)
        return given.source if reads_source or not given.target else given.target

    return labels


def _sizes(model: Transformer, given: Sentence) -> dict[str, NamedTensor]:
    """`config.*`: sizes of the model and of the sentence, without axes."""
    config = model.config
    names = ("d_model", "d_ff", "heads", "d_head", "encoder_layers", "decoder_layers", "source_vocab", "target_vocab")
    sizes = {name: getattr(config, name) for name in names} | {
        "cross_heads": config.cross_heads or config.heads,
        "d_head_cross": config.d_head_cross,
        "words": len(given.source or given.target),
        "target_words": len(given.target),
        "output_words": len(given.written),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    return {f"config.{name}": NamedTensor(f"config.{name}", np.array(size), ()) for name, size in sizes.items()}


def edit_tensors(lines: Sequence[str], edited: Trace) -> dict[str, NamedTensor]:
    """`edits`, the lines themselves along "choice"; `edit_outputs`, what was written before and is now, if anything is;
    and `edit_effect`: how far the output moved.

    With a decoder that is the largest share of probability, max_i 1/2 sum_w |p'_iw - p_iw|, that went to other tokens
    where both had written the same so far; else |x' - x| / |x| of the last rows of the encoder.
    """
    lines = tuple(lines)
    before = "other.unedited."
    if "probs" in edited.tensors and edited.about["target_tokens"]:
        ours, theirs = edited.tensors["probs"], edited.tensors[f"{before}probs"]
        words = [tensor.labels["position"] for tensor in (ours, theirs)]
        same = next((i for i, pair in enumerate(zip(*words, strict=False)) if pair[0] != pair[1]), min(map(len, words)))
        moved = 0.5 * np.abs(ours.values[0, :same] - theirs.values[0, :same]).sum(-1).max()
    else:
        rows = [name for name in edited.tensors if name.startswith("encoder.") and name.endswith(".resid_post")]
        ours, theirs = edited.tensors[rows[-1]], edited.tensors[before + rows[-1]]
        moved = np.linalg.norm(ours.values - theirs.values) / np.linalg.norm(theirs.values)
    outputs = (str(edited.about.get("unedited_output", "")), str(edited.about.get("output", "")))
    written = NamedTensor("edit_outputs", np.arange(2), ("choice",), {"choice": outputs})
    return ({"edit_outputs": written} if any(outputs) else {}) | {
        "edits": NamedTensor("edits", np.arange(len(lines)), ("choice",), {"choice": lines}),
        "edit_effect": NamedTensor("edit_effect", np.array(moved), ()),
    }
