"""Traces of the lecture's LSTM translators for a sentence: their states, word after word, and their translations.

They come trained (`transformer_core.studies.experiments.lstm_checkpoints`), and read a sentence only if each of its
words is one of theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from transformer_core.files import ASSETS
from transformer_core.files.tensors import AFRESH, unbroken, write_tensors
from transformer_core.pretrained.weights import opened_file
from transformer_core.studies.measures.permutation import TURNED, exchanged
from transformer_core.studies.translator.grammar import reading
from transformer_core.studies.translator.lstm import LSTMTranslator, parameters_of
from transformer_core.text.vocabulary import END, START, Vocabulary
from transformer_core.tracing.tap import record, to_numpy, under
from transformer_core.tracing.trace import NamedTensor, Trace

FOLDER = ASSETS / "models"
#: The checkpoint of each, by the name that the experiments give it.
CHECKPOINTS = {"LSTM": FOLDER / "lstm.safetensors", "LSTM with attention": FOLDER / "lstm-with-attention.safetensors"}
#: A sentence that is too much for one state: the last word takes its Spanish form from the far noun, not the near one.
LONG = "the old woman who sees the dog is very tired"
#: The two nouns, and the last word.
FAR, NEAR, LAST = "woman", "dog", "tired"
#: The parents of each tensor of an LSTM: tensors beside it, tensors of the encoder, and parameters.
GATE = "embedded states_before"
MADE_OF = {
    "embedded": "ids", "i": GATE, "f": GATE, "g": GATE, "o": GATE, "cells": "f cells_before i g", "states": "o cells",
    "states_before": "states", "cells_before": "cells", "last_state": "states", "last_cell": "cells", "q": "states",
    "scores": "q k", "weights": "scores", "z": "weights k", "out": "z states", "logits": "out",
}  # fmt: skip
HANDED = {"states_before": "last_state", "cells_before": "last_cell", "k": "states"}
MADE_WITH = {"embedded": "table", **{gate: f"w_{gate} u_{gate} b_{gate}" for gate in "ifgo"}} | {
    "q": "w_q", "out": "w_c w_h b_c", "logits": "w",
}  # fmt: skip


def save_lstm(model: LSTMTranslator, path: Path, about: Mapping[str, Any]) -> None:
    """The weights in half precision, with sizes and `about` (a card) in the header, whole or not at all."""
    sizes = {
        "source_vocab": model.embed_src.num_embeddings,
        "target_vocab": model.embed_tgt.num_embeddings,
        "d_model": model.embed_src.embedding_dim,
        "d_state": model.encoder.hidden_size,
        "attends": model.w_a is not None,
    }
    weights = {name: value.detach().half() for name, value in model.state_dict().items()}
    header = {"sizes": json.dumps(sizes), "about": json.dumps(dict(about), ensure_ascii=False)}
    write_tensors(path, weights, header)


@cache
def load_lstm(path: Path) -> tuple[LSTMTranslator, Vocabulary, dict[str, Any]]:
    """The model in evaluation mode, its words, and its card, from what `save_lstm` wrote; nothing in it is executed.

    Raises:
        ValueError: the file holds no LSTM translator, or was damaged or changed since it was written.
    """
    with opened_file(path) as file:
        header = file.metadata() or {}
        unbroken(path, AFRESH)
        weights = {name: file.get_tensor(name).double() for name in file.keys()}  # noqa: SIM118 (no mapping)
    if "sizes" not in header:
        raise ValueError(f"{path} is no LSTM translator: its header holds no sizes")
    model = LSTMTranslator(**json.loads(header["sizes"])).double()
    model.load_state_dict(weights)
    about = json.loads(header["about"])
    return model.eval(), Vocabulary.from_json(about.pop("vocabulary")), about


def read_lstms(labels: Sequence[str]) -> Trace:
    """Traces of both for the sentence whose words are `labels`: `lstm.*`, `lstm_with_attention.*`, in double precision.

    `encoder.states` has the state after each word, `decoder.logits` what is said after each word that they write
    themselves. `other.exchanged.*` are the states of the same words, two of which have changed places (`exchanged`),
    and `other.long.*` what is made of `LONG`; `about["long"]` has the grammar's own translation of that, and by each
    noun the form that it gives to the last word. Nothing is there if one of the words is none of theirs, or without
    their checkpoints.
    """
    found = Trace({})
    for path in CHECKPOINTS.values():
        if path.exists():
            model, vocabulary, _ = load_lstm(path)
            if all(label.lower() in vocabulary.source for label in labels):
                for trace in (_read(model, vocabulary, tuple(labels)), _long(path)):
                    found.tensors |= trace.tensors
                    found.parents |= trace.parents
                    for fact, more in trace.about.items():
                        found.about[fact] = found.about.get(fact, {}) | more
    return found


@cache
def _long(path: Path) -> Trace:
    model, vocabulary, _ = load_lstm(path)
    trace = _read(model, vocabulary, tuple(LONG.split()), "other.long")
    forms = {noun: _translated(f"the {noun} is {LAST}")[-1] for noun in (FAR, NEAR)}
    trace.about["long"] = {"text": LONG, "gold": _translated(LONG), "forms": forms}
    return trace


def _translated(text: str) -> list[str]:
    """The grammar's own translation of one of its sentences."""
    pair = reading(text.split())
    assert pair is not None
    return list(pair.target)


@torch.no_grad()
def _read(model: LSTMTranslator, vocabulary: Vocabulary, labels: tuple[str, ...], prefix: str = "") -> Trace:
    source = torch.tensor([vocabulary.source_ids([label.lower() for label in labels])])
    (written,) = model.greedy(source, START, END, vocabulary.longest)
    target = torch.tensor([[START, *written]])
    order = None if prefix else exchanged(labels)
    with record() as tape:
        with under(prefix):
            model(source, target)
        if order is not None:
            with under(TURNED):
                model.encode(source[:, order])

    def words(name: str, axis: str) -> tuple[str, ...] | None:
        if axis == "vocab":
            return vocabulary.target
        if axis == "key" or (axis == "position" and ".encoder." in name):
            return tuple(labels[i] for i in order) if order and name.startswith(TURNED) else labels
        return tuple(vocabulary.target[i] for i in target[0]) if axis in {"position", "query"} else None

    trace = tape.trace(words)
    for name, tensor, axes in parameters_of(model):
        full = f"{model.path}.parameters.{name}"
        trace.tensors[full] = NamedTensor(full, to_numpy(tensor).copy(), tuple(axes.split()))
    for name in trace.parents:
        path, _, point = name.rpartition(".")
        near = [f"{path}.{parent}" for parent in MADE_OF.get(point, "").split()]
        handed = f"{path.removesuffix('decoder')}encoder"
        near += [f"{handed}.{parent}" for parent in HANDED.get(point, "").split() if path.endswith("decoder")]
        side = path.rpartition(".")[2]
        near += [f"{model.path}.parameters.{side}.{learned}" for learned in MADE_WITH.get(point, "").split()]
        trace.parents[name] = tuple(parent for parent in near if parent in trace.tensors)
    return trace
