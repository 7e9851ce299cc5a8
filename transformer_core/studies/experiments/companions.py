"""The lecture's other sentences, read by its model: three pairs that differ in one word, and one that turns words.

Kept, under the key of each sentence and the names of the trace: every attention's weights, the stream before the first
layer and after each, and the probabilities of the next word; so `experiment.companions.tired.probs` can be read beside
a sentence of the viewer's own. Of the pair with a word of two senses also: how far apart its rows end, over the mean
distance of two rows there.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.stream_plane import mean_distances, points_of
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.studies.sentence.read import read
from transformer_core.tracing.trace import NamedTensor, Trace

SENTENCES = {
    "closed": "The bank is closed",
    "broad": "The bank is wide",
    "tired": "The animal did not cross the street because it was too tired",
    "wide": "The animal did not cross the street because it was too wide",
    "car": "The car is red",
    "house": "The house is red",
    "phrase": "the red car",
}
#: The pair that gives one word two senses, and the word.
TWO_SENSES = ("closed", "broad", "bank")


def kept(name: str) -> bool:
    """True if a tensor of the trace is kept: those of the sentence itself, not of its variants."""
    if name.startswith(("other.", "parameters.", "config.")):
        return False
    return name.endswith((".weights", ".resid_post", "0.resid_pre")) or name == "probs"


def traced(text: str) -> Trace:
    return read(text, translator(), vocabulary())


def apart(sentences: int, seed: int) -> Piece:
    """The distance of the two rows of a word of two senses over the mean distance of two rows, by point."""
    first, second, word = TWO_SENSES
    distances = mean_distances(translator(), sentences, seed)
    ours, theirs = (traced(SENTENCES[key]) for key in (first, second))
    found = []
    for point in points_of(translator()):
        rows = [trace[point].pick(batch=0, position=word).values for trace in (ours, theirs)]
        found.append(np.linalg.norm(rows[0] - rows[1]))
    return {"apart": np.array(found) / distances}


@experiment("What does the model make of the lecture's other sentences?")
def run(bench: Bench, sentences: int = 500) -> Found:
    bench.expect(len(SENTENCES) + 1)
    found: dict[str, NamedTensor] = {}
    for key, text in SENTENCES.items():
        trace = traced(text)
        names = [name for name in trace if kept(name)]
        piece = bench.once(key, partial(arrays, trace, names))
        for name in names:
            full = trace.full(name)
            found[f"{key}.{name}"] = tensor(piece[name], " ".join(full.axes), **full.labels)
    points = points_of(translator())
    found["apart"] = tensor(bench.once("apart", partial(apart, sentences, bench.seed))["apart"], "layer", layer=points)
    return found


def arrays(trace: Trace, names: list[str]) -> Piece:
    """In single precision: what a picture shows."""
    return {name: trace.full(name).values.astype(np.float32) for name in names}
