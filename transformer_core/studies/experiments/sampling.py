"""Accuracy of greedy decoding against sampling at temperature one, for the lecture's model."""

from __future__ import annotations

from itertools import count

import numpy as np
from torch import Tensor

from transformer_core.decoding.sampling import sample
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import held_out, one_thread
from transformer_core.studies.translator.evaluate import exact, matches
from transformer_core.studies.translator.train import load_default
from transformer_core.text.vocabulary import END, PAD, START, Vocabulary


@experiment("How many held-out sentences come out right if words are sampled, and if the likeliest is taken?")
def run(bench: Bench, draws: int = 5, sentences: int = 1000) -> Found:
    bench.expect(1 + draws)
    model, vocabulary, _ = load_default()
    with one_thread():
        greedy = bench.once("greedy", lambda: {"right": exact(model, vocabulary, held_out(sentences))})["right"]
        seeds = range(bench.seed, bench.seed + draws)
        sampled = bench.each("sampled {}", seeds, lambda seed: drawn(model, vocabulary, sentences, seed))["right"]
    shares = [np.repeat(greedy.mean(), draws), np.mean(sampled, -1)]
    return {
        "exact": tensor(shares, "choice seed", choice=("greedy", "sampled"), seed=seeds),
        "temperature": tensor(1.0),
        "sentences": tensor(sentences),
    }


def drawn(model: Transformer, vocabulary: Vocabulary, sentences: int, seed: int) -> dict[str, list[bool]]:
    """True for each translation that is the grammar's, when every word is drawn from the model's probabilities."""
    seeds = count(1000 * seed)

    def write(source: Tensor) -> list[list[int]]:
        return sample(model, source, START, END, vocabulary.longest, source == PAD, seed=next(seeds)).ids

    return {"right": matches(write, vocabulary, held_out(sentences))}
