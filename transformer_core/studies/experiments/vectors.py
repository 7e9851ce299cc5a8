"""Experiments on the vectors of the lecture's model: positions, words, and the plane of its residual stream."""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import encoder_traces, held_out, rows_at, translator, vocabulary
from transformer_core.studies.measures.permutation import shuffle as shuffled_places
from transformer_core.studies.measures.scores import PARTS
from transformer_core.studies.translator.grammar import LONGEST, Pair
from transformer_core.text.vocabulary import SPECIAL
from transformer_core.tracing.tap import record

POINTS = ("encoder.0.self_attn.out", "encoder.{last}.resid_post")
CHOICES = ("with positions", "without")


@torch.no_grad()
def difference(model: Transformer, pair: Pair, placed: bool) -> list[float]:
    """max |x'_i - x_order(i)| / max |x| at each of `POINTS`."""
    ids = vocabulary().source_ids(pair.source)
    order = shuffled_places(len(ids))
    edit = {} if placed else {"embed_src.positional": torch.zeros_like}
    points = [point.format(last=model.config.encoder_layers - 1) for point in POINTS]
    rows = []
    for some in (ids, [ids[i] for i in order]):
        with record(only=points, edit=edit) as tape:
            model.encode(torch.tensor([some]))
        rows.append([tape[point][0] for point in points])
    both = zip(*rows, strict=True)
    return [float((shuffled - plain[order]).abs().max() / plain.abs().max()) for plain, shuffled in both]


@experiment("Do shuffled words have the rows that they had, if no position is added?")
def shuffle(bench: Bench, sentences: int = 200) -> Found:
    """Permutation equivariance of the encoder: its vectors for shuffled words, with and without positions.

    Measured on held-out sentences with the lecture's model: the largest difference between a word's row in the shuffled
    sentence and its row in the plain one, over the largest entry of the plain rows. For the viewer's own sentence the
    trace has `other.shuffled.*`.
    """
    model, pairs = translator(torch.float64), [pair for pair in held_out(sentences) if len(pair.source) > 1]

    def differences(choice: str) -> Piece:
        return {"difference": np.array([difference(model, pair, choice == CHOICES[0]) for pair in pairs])}

    found = bench.each("{}", CHOICES, differences)["difference"]
    words = {"choice": CHOICES, "layer": ("attention 1", "last row")}
    spread = tensors("choice layer", words, largest=found.max(1), typical=np.median(found, 1))
    return spread | tensors(sentences=found.shape[1])


FARTHEST = 6
OFFSETS = tuple(range(-FARTHEST, FARTHEST + 1))


@experiment("Does a head of the first layer prefer what stands before, or what stands behind?")
def direction(_bench: Bench, sentences: int = 300) -> Found:
    """Directional preference of heads: the place-with-place part of their scores by offset, and the mean of each part.

    The score of two rows of the first layer splits into word with word, word with place, place with word, place with
    place, and what the biases give (`transformer_core.studies.measures.scores`, after Dai et al. 2019). Averaged over
    held-out sentences, by how far the key stands behind the query.
    """
    places: list[list[np.ndarray]] = [[] for _ in OFFSETS]
    for trace in encoder_traces(translator(torch.float64), held_out(sentences)):
        place = trace["encoder.0.self_attn.score_parts"].pick(batch=0, part="place with place").values
        for at, offset in enumerate(OFFSETS):
            places[at].append(np.diagonal(place, offset, 1, 2))
    joined = [np.concatenate(found, axis=1) for found in places]
    mean, spread = np.stack([found.mean(1) for found in joined], 1), np.stack([found.std(1) for found in joined], 1)
    behind, before = mean[:, FARTHEST + 1 :], mean[:, :FARTHEST][:, ::-1]
    deviation = np.sqrt(spread[:, FARTHEST + 1 :] ** 2 + spread[:, :FARTHEST][:, ::-1] ** 2)
    words = {"distance": range(1, FARTHEST + 1), "offset": OFFSETS, "part": PARTS}
    sides = {"before": before, "behind": behind, "asymmetry": behind - before, "asymmetry_spread": deviation}
    return (
        tensors("head offset", words, place_with_place=mean, spread=spread)
        | tensors("head distance", words, **sides)
        | tensors(sentences=sentences)
    )


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
    return (sums @ (words / np.linalg.norm(words, axis=-1, keepdims=True)).T).argmax(-1) == np.arange(len(words))


def by_reader(sums: np.ndarray, seed: int) -> np.ndarray:
    """The same for a linear reader, of those sums that it was not fitted on."""
    positions, words, width = sums.shape
    rows, answers = sums.reshape(-1, width), np.tile(np.arange(words), positions)
    rows = np.c_[rows, np.ones(len(rows))]
    fit = np.random.default_rng(seed).random(len(rows)) < 0.5
    reader = np.linalg.lstsq(rows[fit], np.eye(words)[answers[fit]], rcond=None)[0]
    return (rows[~fit] @ reader).argmax(-1) == answers[~fit]


@experiment("Can the word be read from the sum of its embedding and its position?")
def word_from_sum(bench: Bench, positions: int = LONGEST) -> Found:
    """Recovery of the word from the sum of embedding and position, for every word at every place of the lecture's
    model.

    Two readers: the embedding with the largest cosine to the sum, which learned nothing; and a linear map to the words,
    fitted by least squares on half of all sums and asked about the other half.
    """
    words, sums = sums_of(translator(), positions)
    right = by_cosine(words, sums)
    return (
        tensors("position", recovered_by_position=right.mean(1))
        | tensors(recovered=right.mean(), reader=by_reader(sums, bench.seed).mean())
        | tensors(words=right.shape[1], positions=positions)
    )


COMPONENTS = 2


def points_of(model: Transformer) -> list[str]:
    layers = range(model.config.encoder_layers)
    after = [f"encoder.{layer}.{point}" for layer in layers for point in ("resid_attn", "resid_post")]
    return ["encoder.0.resid_pre", *after]


def principal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, axes "component d_model" and the share of variance of each, largest first.

    The sign is chosen so that the largest entry of each axis is positive: else two runs could mirror the picture.
    """
    mean = rows.mean(0)
    values, vectors = np.linalg.eigh(np.cov((rows - mean).T))
    order = values.argsort()[::-1]
    axes = vectors.T[order]
    signs = np.sign(np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1))
    return mean, axes * signs, values[order] / values.sum()


def mean_distance(rows: np.ndarray, random: np.random.Generator, pairs: int = 20_000) -> float:
    """The mean of |x - y| over so many pairs of rows by chance."""
    first, second = random.integers(len(rows), size=(2, pairs))
    differ = first != second
    return float(np.linalg.norm(rows[first[differ]] - rows[second[differ]], axis=-1).mean())


@experiment("In which plane do the stream's rows differ most?")
def stream_plane(bench: Bench, sentences: int = 500) -> Found:
    """The plane in which the stream's rows are drawn: the two directions in which held-out rows differ most.

    Rows of all words of held-out sentences, at the input of the first encoder layer, between its sublayers and after
    each layer, are taken together, so that one plane shows a word's whole way. Kept are the mean, the first components,
    the share of the variance that each explains, and the mean distance of two rows by chance at every point of the
    stream. Source: Pearson 1901 (principal components).
    """
    model, random = translator(), np.random.default_rng(bench.seed)
    rows = [rows.astype(np.float64) for rows in rows_at(model, held_out(sentences), points_of(model)).values()]
    mean, axes, shares = principal(np.concatenate(rows))
    distances = [mean_distance(at_point, random) for at_point in rows]
    kept = shares[:COMPONENTS]
    return (
        tensors("d_model", mean=mean)
        | tensors("component d_model", axes=axes[:COMPONENTS])
        | tensors("component", explained=kept, spectrum=shares)
        | tensors("layer", {"layer": points_of(model)}, mean_distance=distances)
        | tensors(explained_by_plane=kept.sum(), sentences=sentences)
    )
