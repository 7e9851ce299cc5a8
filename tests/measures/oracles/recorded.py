"""The traces in which every derived tensor is computed twice: sentences of all kinds, and models of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch

from oracles import ORACLES, Recorded, wanted
from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import open_model
from transformer_core.studies.derived import _DERIVED
from transformer_core.studies.focus import focus_of
from transformer_core.studies.sentence.compare import untrained
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.trace import NamedTensor, Trace

SPANISH = "el la coche casa es rojo verde".split()
WORDS = Vocabulary.of("the car house is red green".split(), SPANISH, longest=12)
EXPERIMENTS = Path(__file__).resolve().parents[3] / "assets" / "experiments"
LONG = "the old man who sees the small dog is very tired and big"
FACTS = {"roles": {"adjective->noun": [[3, 1]], "determiner->noun": [[0, 1]], "self": [[0, 0]]}}


def small(seed: int, **choices: object) -> Transformer:
    """A model of a few numbers, all of them random: gains and biases as well."""
    sizes = {"d_model": 12, "d_ff": 20, "heads": 3, "encoder_layers": 2, "decoder_layers": 2, "max_positions": 30}
    words = {"source_vocab": len(WORDS.source), "target_vocab": len(WORDS.target)}
    model = Transformer(Config(**{**words, **sizes, **choices}), seed=seed).double().eval()
    draw = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
    return model


def _of_untrained() -> Trace:
    shipped = open_model("english-spanish")
    return read("The car is red", untrained(shipped, 5).model, shipped.tokenizer)


#: What is a difference of nothing in a true pass, and is compared in a falsified one, too.
DIFFERENCES = {"per_position_difference", "divided_difference", "swapped_difference", "weight_sums"}
FALSIFIED = ("out", "scores", "weights", "resid_post", "q", "normalized")


def _disturbed() -> Trace:
    """A pass of which half the records were falsified: what is a difference of nothing elsewhere is one here."""
    trace = read("the green house is red", small(3, norm_order="post"), WORDS, target="la casa verde es rojo")
    draw = np.random.default_rng(2)
    for name, tensor in [*trace.tensors.items()]:
        if name.rpartition(".")[2] in FALSIFIED and "parameters" not in name:
            values = tensor.values * (1 + 0.2 * draw.standard_normal(tensor.values.shape))
            trace.tensors[name] = NamedTensor(name, values, tensor.axes, tensor.labels)
    return trace


#: By name; the quick ones, which have most branches between them, first.
TRACES: dict[str, Callable[[], Trace]] = {
    "small, sines first": lambda: read(
        "the car is red",
        small(1, norm_order="pre", positions="halves", activation="gelu", output_bias=True, cross_heads=2),
        WORDS,
        about=FACTS,
        target="el coche es rojo",
        others={"swap": "the house is green"},
    ),
    "a decoder alone": lambda: read(
        "el coche es el coche",
        small(2, encoder_layers=0, source_vocab=0, positions="learned", activation="gelu-tanh", norm_order="pre"),
        Vocabulary.of(SPANISH, SPANISH, longest=12),
    ),
    "falsified": _disturbed,
    "an encoder alone": lambda: read(
        "the red car is red",
        small(
            4,
            decoder_layers=0,
            target_vocab=0,
            activation="silu",
            norm_order="none",
            output_layer="none",
            tied_output=False,
            attention_scale=False,
            embedding_scale=False,
        ),
        WORDS,
    ),
    "no positions, no tie": lambda: read(
        "red car",
        small(6, decoder_layers=1, positions="none", norm_order="post", final_norm=True, tied_output=False),
        WORDS,
        target="coche rojo",
    ),
    "The car is red": lambda: read("The car is red"),
    "repeated words": lambda: read("the car the car"),
    "one word": lambda: read("banks"),
    "thirteen words": lambda: read(LONG),
    "post-norm": lambda: read("the red car", "english-spanish-post-norm"),
    "random weights": _of_untrained,
}


@cache
def trace_of(name: str) -> Trace:
    return TRACES[name]()


@cache
def recorded_of(name: str) -> Recorded:
    """The arrays of a trace, and those of the experiments, read by themselves."""
    trace = trace_of(name)
    arrays = {name: tensor.values for name, tensor in trace.tensors.items()}
    labels = {name: dict(tensor.labels) for name, tensor in trace.tensors.items()}
    if name == "The car is red":
        for path in sorted(EXPERIMENTS.glob("*.json")):
            facts = json.loads(path.read_text(encoding="utf-8"))["tensors"]
            with np.load(path.with_suffix(".npz")) as file:
                found = {tensor: file[tensor] for tensor in facts}
            arrays |= found
            labels |= {tensor: facts[tensor]["labels"] for tensor in found}
    focus = focus_of(copy_of(trace))
    return Recorded(arrays, labels, trace.about, (focus.query_token.position, focus.top_key.position))


def copy_of(trace: Trace) -> Trace:
    """The same records, so that what is derived from them stands in no other trace."""
    return Trace(trace.tensors, trace.parents, trace.about)


@cache
def answers(name: str, text: str) -> list[tuple[str, np.ndarray, dict[str, tuple[str, ...]]]]:
    """Compute the expected tensor at every place of a trace: prefix, values, labels."""
    made, recorded = ORACLES[name], recorded_of(text)
    return [(prefix, *wanted(made, recorded, prefix)) for prefix in made.prefixes(recorded)]


def reaches(name: str, text: str) -> bool:
    return text != "falsified" or name in DIFFERENCES


def compare(name: str, text: str) -> None:
    """Derive the tensor at every place of a trace, and hold it against its oracle.

    Raises:
        AssertionError: another name, other axes, values or labels.
    """
    for prefix, values, labels in answers(name, text):
        full = f"{prefix}.{name}" if prefix else name
        tensor = _DERIVED[name](copy_of(trace_of(text)), prefix)
        assert tensor.name == full
        assert tensor.axes == ORACLES[name].axes, full
        assert tensor.shape == values.shape, full
        away = 1e-13 + 1e-9 * np.abs(values[np.isfinite(values)], dtype=float).max(initial=0)
        apart = np.argwhere(~np.isclose(tensor.values, values, rtol=1e-9, atol=away))
        first = tuple(apart[0]) if len(apart) else ()
        assert not len(apart), f"{full}{[*first]} is {tensor.values[first]}, and has to be {values[first]}"
        here = {axis: words for axis, words in tensor.labels.items() if axis in tensor.axes and words}
        assert here == labels, full
