"""Accuracy of greedy decoding against sampling at temperature one, for the lecture's model."""

from __future__ import annotations

from functools import partial

import numpy as np

from transformer_core.decoding.sampling import sample
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import batches_of, held_out, one_thread
from transformer_core.studies.translator.evaluate import exact, ids_of
from transformer_core.studies.translator.train import load_default
from transformer_core.text.vocabulary import END, PAD, START, Vocabulary


@experiment("How many held-out sentences come out right if words are sampled, and if the likeliest is taken?")
def run(bench: Bench, draws: int = 5, sentences: int = 1000) -> Found:
    bench.expect(1 + draws)
    model, vocabulary, _ = load_default()
    with one_thread():
        greedy = bench.once("greedy", lambda: {"right": exact(model, vocabulary, held_out(sentences))})["right"]
        seeds = range(bench.seed, bench.seed + draws)
        sampled = [
            bench.once(f"sampled {seed}", partial(drawn, model, vocabulary, sentences, seed))["right"] for seed in seeds
        ]
    shares = [np.repeat(greedy.mean(), draws), np.mean(sampled, -1)]
    return {
        "exact": tensor(shares, "choice seed", choice=("greedy", "sampled"), seed=seeds),
        "temperature": tensor(1.0),
        "sentences": tensor(sentences),
    }


def drawn(model: Transformer, vocabulary: Vocabulary, sentences: int, seed: int) -> dict[str, list[bool]]:
    """True for each translation that is the grammar's, when every word is drawn from the model's probabilities."""
    right: list[bool] = []
    for number, some in enumerate(batches_of(held_out(sentences))):
        source = ids_of([vocabulary.source_ids(pair.source) for pair in some])
        written = sample(model, source, START, END, vocabulary.longest, source == PAD, seed=1000 * seed + number)
        right += [vocabulary.target_words(ids) == pair.target for ids, pair in zip(written.ids, some, strict=True)]
    return {"right": right}
