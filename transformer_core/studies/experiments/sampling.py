"""Accuracy of greedy decoding against sampling at temperature one, for the lecture's model.

It was trained with label smoothing, which asks it to leave every word of the vocabulary a little (Szegedy et al. 2016):
so it is sampled a second time without that, each word's part of the smoothing subtracted from its probability.
"""

from __future__ import annotations

from functools import partial
from itertools import count

import numpy as np
import torch
from torch import Tensor

from transformer_core.decoding.sampling import Choose, write
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensor
from transformer_core.studies.experiments.translation import held_out, one_thread
from transformer_core.studies.translator.evaluate import exact, matches
from transformer_core.studies.translator.train import load_default
from transformer_core.text.vocabulary import END, PAD, START, Vocabulary


@experiment("How many held-out sentences come out right if words are sampled, and if the likeliest is taken?")
def run(bench: Bench, draws: int = 5, sentences: int = 1000) -> Found:
    bench.expect(1 + 2 * draws)
    model, vocabulary, card = load_default()
    smoothing = float(card["recipe"]["smoothing"])
    seeds = range(bench.seed, bench.seed + draws)
    with one_thread():
        greedy = bench.once("greedy", lambda: {"right": exact(model, vocabulary, held_out(sentences))})["right"]
        sampled, without = (
            bench.each(f"{name} {{}}", seeds, partial(drawn, model, vocabulary, sentences, smoothing=less))
            for name, less in (("sampled", 0.0), ("unsmoothed", smoothing))
        )
    shares = [np.repeat(greedy.mean(), draws), np.mean(sampled["right"], -1), np.mean(without["right"], -1)]
    return {
        "exact": tensor(shares, "choice seed", choice=("greedy", "sampled", "unsmoothed"), seed=seeds),
        "temperature": tensor(1.0),
        "smoothing": tensor(smoothing),
        "sentences": tensor(sentences),
    }


def unsmoothed(probs: Tensor, smoothing: float) -> Tensor:
    """The probabilities without the part of `smoothing` that every word was to be left, scaled to sum to one."""
    left = (probs - smoothing / probs.shape[-1]).clamp(min=0)
    return left / left.sum(-1, keepdim=True)


def drawn(
    model: Transformer, vocabulary: Vocabulary, sentences: int, seed: int, smoothing: float = 0.0
) -> dict[str, list[bool]]:
    """True for each translation that is the grammar's, when every word is drawn from the model's probabilities."""
    seeds = count(1000 * seed)

    def by(random: torch.Generator) -> Choose:
        return lambda probs: torch.multinomial(unsmoothed(probs, smoothing), 1, generator=random)[:, 0]

    def translate(source: Tensor) -> list[list[int]]:
        choose = by(torch.Generator().manual_seed(next(seeds)))
        with torch.no_grad():
            return write(model, source, START, END, vocabulary.longest, source == PAD, True, choose)

    return {"right": matches(translate, vocabulary, held_out(sentences))}
