"""Recovery of the word from the sum of embedding and position, for every word at every place of the lecture's model.

Two readers: the embedding with the largest cosine to the sum, which learned nothing; and a linear map to the words,
fitted by least squares on half of all sums and asked about the other half.
"""

from __future__ import annotations

import numpy as np

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.translator.grammar import LONGEST
from transformer_core.text.vocabulary import SPECIAL


def sums_of(model: Transformer, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """The scaled embeddings of all words, "vocab d_model", and each of them at each place, "position vocab d_model"."""
    embedding = model.embed_src
    assert embedding is not None
    scale = model.config.d_model**0.5 if model.config.embedding_scale else 1.0
    words = embedding.table.detach().double().numpy()[len(SPECIAL) :] * scale
    places = embedding.positional(0, positions)[0].detach().double().numpy()
    return words, words + places[:, None]


def by_cosine(words: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """For each sum, whether the word's own embedding is nearest by cosine: "position vocab"."""
    unit = words / np.linalg.norm(words, axis=-1, keepdims=True)
    return (sums @ unit.T).argmax(-1) == np.arange(len(words))


def by_reader(sums: np.ndarray, seed: int) -> np.ndarray:
    """The same for a linear reader, of those sums that it was not fitted on."""
    positions, words, width = sums.shape
    rows, answers = sums.reshape(-1, width), np.tile(np.arange(words), positions)
    rows = np.c_[rows, np.ones(len(rows))]
    fit = np.random.default_rng(seed).random(len(rows)) < 0.5
    reader = np.linalg.lstsq(rows[fit], np.eye(words)[answers[fit]], rcond=None)[0]
    return (rows[~fit] @ reader).argmax(-1) == answers[~fit]


def measured(model: Transformer, positions: int, seed: int) -> Piece:
    words, sums = sums_of(model, positions)
    right = by_cosine(words, sums)
    lengths = np.linalg.norm(words, axis=-1).mean(), np.linalg.norm((sums - words)[:, 0], axis=-1).mean()
    return {"right": right, "reader": by_reader(sums, seed), "lengths": np.array(lengths)}


@experiment("Can the word be read from the sum of its embedding and its position?")
def run(bench: Bench, positions: int = LONGEST) -> Found:
    piece = bench.once("all sums", lambda: measured(translator(), positions, bench.seed))
    return {
        "recovered": tensor(piece["right"].mean()),
        "recovered_by_position": tensor(piece["right"].mean(1), "position"),
        "reader": tensor(piece["reader"].mean()),
        "words": tensor(piece["right"].shape[1]),
        "positions": tensor(positions),
        "length_word": tensor(piece["lengths"][0]),
        "length_place": tensor(piece["lengths"][1]),
    }
