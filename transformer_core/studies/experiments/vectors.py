"""Experiments on the vectors of the lecture's model: positions, words and what a vector tells of others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from transformer_core import interpret
from transformer_core.decoding.sampling import greedy
from transformer_core.interpret.intervention import Measure, replaced
from transformer_core.model import Transformer
from transformer_core.studies.experiments.heads import means
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import (
    encoder_traces,
    held_out,
    passes,
    rows_at,
    translator,
    vocabulary,
)
from transformer_core.studies.measures.permutation import shuffle as shuffled_places
from transformer_core.studies.measures.scores import PARTS
from transformer_core.studies.translator.grammar import LONGEST, Pair
from transformer_core.studies.translator.grammar.lexicon import nouns
from transformer_core.studies.translator.train import LECTURE
from transformer_core.text.vocabulary import END, SPECIAL, START
from transformer_core.tracing.tap import Edit, record

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


def differences(placed: bool, sentences: int) -> Piece:
    model, pairs = translator(torch.float64), [pair for pair in held_out(sentences) if len(pair.source) > 1]
    return {"difference": np.array([difference(model, pair, placed) for pair in pairs])}


@experiment("Do shuffled words have the rows that they had, if no position is added?")
def shuffle(bench: Bench, sentences: int = 200) -> Found:
    """Permutation equivariance of the encoder: its vectors for shuffled words, with and without positions.

    Measured on held-out sentences with the lecture's model: the largest difference between a word's row in the shuffled
    sentence and its row in the plain one, over the largest entry of the plain rows. For the viewer's own sentence the
    trace has `other.shuffled.*`.
    """
    found = bench.each("{}", CHOICES, lambda choice: differences(choice == CHOICES[0], sentences))["difference"]
    words = {"choice": CHOICES, "layer": ("attention 1", "last row")}
    return {
        "largest": tensor(found.max(1), "choice layer", **words),
        "typical": tensor(np.median(found, 1), "choice layer", **words),
        "sentences": tensor(found.shape[1]),
    }


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
    sizes = []
    for trace in encoder_traces(translator(torch.float64), held_out(sentences)):
        parts = trace["encoder.0.self_attn.score_parts"]
        place = parts.pick(batch=0, part="place with place").values
        for at, offset in enumerate(OFFSETS):
            places[at].append(np.diagonal(place, offset, 1, 2))
        sizes.append(np.abs(parts.values[0]).mean((1, 2)))
    joined = [np.concatenate(found, axis=1) for found in places]
    mean, spread = np.stack([found.mean(1) for found in joined], 1), np.stack([found.std(1) for found in joined], 1)
    behind, before = mean[:, FARTHEST + 1 :], mean[:, :FARTHEST][:, ::-1]
    deviation = np.sqrt(spread[:, FARTHEST + 1 :] ** 2 + spread[:, :FARTHEST][:, ::-1] ** 2)
    distance = {"distance": range(1, FARTHEST + 1)}
    return {
        "place_with_place": tensor(mean, "head offset", offset=OFFSETS),
        "spread": tensor(spread, "head offset", offset=OFFSETS),
        "before": tensor(before, "head distance", **distance),
        "behind": tensor(behind, "head distance", **distance),
        "asymmetry": tensor(behind - before, "head distance", **distance),
        "asymmetry_spread": tensor(deviation, "head distance", **distance),
        "part_sizes": tensor(np.mean(sizes, axis=0), "head part", part=PARTS),
        "sentences": tensor(sentences),
    }


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


@experiment("Can the word be read from the sum of its embedding and its position?")
def word_from_sum(bench: Bench, positions: int = LONGEST) -> Found:
    """Recovery of the word from the sum of embedding and position, for every word at every place of the lecture's
    model.

    Two readers: the embedding with the largest cosine to the sum, which learned nothing; and a linear map to the words,
    fitted by least squares on half of all sums and asked about the other half.
    """
    words, sums = sums_of(translator(), positions)
    right = by_cosine(words, sums)
    return {
        "recovered": tensor(right.mean()),
        "recovered_by_position": tensor(right.mean(1), "position"),
        "reader": tensor(by_reader(sums, bench.seed).mean()),
        "words": tensor(right.shape[1]),
        "positions": tensor(positions),
        "length_word": tensor(np.linalg.norm(words, axis=-1).mean()),
        "length_place": tensor(np.linalg.norm((sums - words)[:, 0], axis=-1).mean()),
    }


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


def stream_rows(model: Transformer, sentences: int) -> list[np.ndarray]:
    """The rows of all words of held-out sentences at each point of the stream."""
    return [rows.astype(np.float64) for rows in rows_at(model, held_out(sentences), points_of(model)).values()]


@experiment("In which plane do the stream's rows differ most?")
def stream_plane(bench: Bench, sentences: int = 500) -> Found:
    """The plane in which the stream's rows are drawn: the two directions in which held-out rows differ most.

    Rows of all words of held-out sentences, at the input of the first encoder layer, between its sublayers and after
    each layer, are taken together, so that one plane shows a word's whole way. Kept are the mean, the first components,
    the share of the variance that each explains, and the mean distance of two rows by chance at every point of the
    stream. Source: Pearson 1901 (principal components).
    """
    model, random = translator(), np.random.default_rng(bench.seed)
    rows = stream_rows(model, sentences)
    mean, axes, shares = principal(np.concatenate(rows))
    distances = [mean_distance(at_point, random) for at_point in rows]
    return {
        "mean": tensor(mean, "d_model"),
        "axes": tensor(axes[:COMPONENTS], "component d_model"),
        "explained": tensor(shares[:COMPONENTS], "component"),
        "explained_by_plane": tensor(shares[:COMPONENTS].sum()),
        "spectrum": tensor(shares, "component"),
        "mean_distance": tensor(distances, "layer", layer=points_of(model)),
        "sentences": tensor(sentences),
    }


#: Rows that are drawn of the nouns that a reader knows, and of those that it never read.
FOLDS, RIDGE, DRAWN = 5, 1.0, 50
KINDS = ("inflected", "invariant")


def links(pair: Pair, kind: str) -> list[tuple[int, int]]:
    """(adjective, noun) positions, where the grammar knows the noun's gender."""
    return [(a, n) for a, n in pair.roles.get(f"adjective({kind})->noun", ()) if pair.source[n] in genders()]


def genders() -> dict[str, bool]:
    """For each form of a noun, true if it is feminine in Spanish; nouns of two senses are left out."""
    return {form: noun.feminine for noun in nouns() if not noun.ambiguous for form in noun.forms}


def rows_of(model: Transformer, pairs: Sequence[Pair], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Adjective rows "layer sample d_model", the input first, and the singular noun of each."""
    points = ["encoder.0.resid_pre"] + [f"encoder.{layer}.resid_post" for layer in range(model.config.encoder_layers)]
    singular = {form: noun.singular for noun in nouns() for form in noun.forms}
    rows: list[list[np.ndarray]] = [[] for _ in points]
    of: list[str] = []
    for some, _, tape in passes(model, pairs, points):
        for at, pair in enumerate(some):
            for adjective, noun in links(pair, kind):
                of.append(singular[pair.source[noun]])
                for layer, point in enumerate(points):
                    rows[layer].append(tape[point][at, adjective].numpy())
    return np.array(rows, dtype=np.float64), np.array(of)


def fitted(rows: np.ndarray, answers: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reader of the known rows, "d_model", with its bias behind, and what it says of every row."""
    x = np.c_[rows - rows[known].mean(0), np.ones(len(rows))]
    gram = x[known].T @ x[known] + RIDGE * np.eye(x.shape[1])
    reader = np.linalg.solve(gram, x[known].T @ answers[known])
    return reader, x @ reader


def folds(nouns_of: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """The rows that each reader is asked about: all of some nouns."""
    names = random.permutation(np.unique(nouns_of))
    return [np.isin(nouns_of, fold) for fold in np.array_split(names, FOLDS)]


def told(rows: np.ndarray, answers: np.ndarray, nouns_of: np.ndarray, random: np.random.Generator) -> float:
    """The share of rows "sample d_model" whose sign is told by a reader that saw none of their noun, over all folds."""
    right = np.zeros(len(rows), dtype=bool)
    for asked in folds(nouns_of, random):
        right[asked] = np.sign(fitted(rows, answers, ~asked)[1][asked]) == answers[asked]
    return float(right.mean())


def spots(rows: np.ndarray, answers: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Each row on a plane, "sample component": what the reader of the others says, and how far the row lies along the
    direction in which these differ most, of those at right angles to the reader's."""
    reader, reading = fitted(rows, answers, ~asked)
    along = reader[:-1] / np.linalg.norm(reader[:-1])
    mean, axes, _ = principal(rows[~asked] - np.outer(rows[~asked] @ along, along))
    return np.stack([reading, (rows - np.outer(rows @ along, along) - mean) @ axes[0]], -1)


def probed(kind: str, sentences: int, seed: int) -> Piece:
    rows, of = rows_of(translator(), held_out(sentences), kind)
    feminine = {noun.singular: noun.feminine for noun in nouns()}
    answers = np.array([1.0 if feminine[noun] else -1.0 for noun in of])
    random = np.random.default_rng(seed)
    names = np.unique(of)
    dealt = dict(zip(names, random.permutation([feminine[noun] for noun in names]), strict=True))
    by_chance = np.array([1.0 if dealt[noun] else -1.0 for noun in of])
    return {
        "told": np.array([told(layer, answers, of, np.random.default_rng(seed)) for layer in rows]),
        "control": np.array([told(layer, by_chance, of, np.random.default_rng(seed)) for layer in rows]),
        "majority": np.array(max((answers > 0).mean(), (answers < 0).mean())),
        "rows": np.array(len(of)),
        "nouns": np.array(len(names)),
    } | drawn(rows, answers, by_chance, folds(of, np.random.default_rng(seed))[0], seed)


def drawn(rows: np.ndarray, answers: np.ndarray, dealt: np.ndarray, asked: np.ndarray, seed: int) -> Piece:
    """`DRAWN` rows that the first reader knows, and as many of nouns that it never read, on a plane for each layer.

    The last plane is that of the last layer's reader of dealt genders.
    """
    random = np.random.default_rng(seed)
    # Of so few sentences as in a test, some rows are drawn twice.
    each = [random.choice(np.flatnonzero(some), DRAWN, replace=bool(some.sum() < DRAWN)) for some in (~asked, asked)]
    shown = np.concatenate(each)
    planes = [*((layer, answers) for layer in rows), (rows[-1], dealt)]
    return {
        "spots": np.array([spots(layer, genders, asked)[shown] for layer, genders in planes]),
        "genders": np.array([genders[shown] for _, genders in planes]),
        "unseen": asked[shown],
    }


@experiment("Does the encoder row of an adjective tell the gender of its noun?")
def probe(bench: Bench, sentences: int = 3000) -> Found:
    """A linear probe for the gender of a noun in the encoder's vector of its adjective, tested on nouns it never read.

    The rows are those of adjectives in held-out sentences, before the first layer and after each; the reader is fitted
    by ridge regression to +1 for a feminine noun and -1 for a masculine one (Alain and Bengio 2017). Nouns are dealt
    into folds, and every row is judged by a reader that saw no row of its noun: a reader that only knew nouns by heart
    would fail. As a control, genders are dealt to the nouns by chance (Hewitt and Liang 2019). Some rows of inflected
    adjectives are kept as points: what the first reader says, and a direction at right angles to its own.
    """
    found = bench.each("{}", KINDS, lambda kind: probed(kind, sentences, bench.seed))
    layers = ["input", *(f"layer {at}" for at in range(1, found["told"].shape[1]))]
    words = {"choice": KINDS, "layer": layers}
    planes = {"part": (*layers, "genders dealt at random")}
    return {
        "spots": tensor(found["spots"][0], "part sample component", **planes),
        "genders": tensor(found["genders"][0], "part sample", **planes),
        "unseen": tensor(found["unseen"][0], "sample"),
        "asked": tensor(found["unseen"][0].sum()),
        "told": tensor(found["told"], "choice layer", **words),
        "control": tensor(found["control"], "choice layer", **words),
        "told_last": tensor(found["told"][:, -1], "choice", choice=KINDS),
        "majority": tensor(found["majority"], "choice", choice=KINDS),
        "rows": tensor(found["rows"], "choice", choice=KINDS),
        "nouns": tensor(found["nouns"], "choice", choice=KINDS),
    }


#: The sentence that is changed, and the one that a row is taken from.
PAIRS = {
    "tired": (
        "The animal did not cross the street because it was too tired",
        "The animal did not cross the street because it was too wide",
    ),
    "car": ("The car is red", "The house is red"),
}


def forms(key: str) -> tuple[str, str]:
    """The last words of the two translations."""
    return LECTURE[PAIRS[key][0]].split()[-1], LECTURE[PAIRS[key][1]].split()[-1]


def agrees(words: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """1 for each word that stands in its place in the right sentence."""
    return np.array([int(right[at : at + 1] == [word]) for at, word in enumerate(words)])


def sides(key: str) -> list[tuple[Tensor, Tensor]]:
    """Both sentences, and of their translations the start mark and all words before the last.

    The row that has to write the adjective is the last one.
    """
    return [
        (
            torch.tensor([vocabulary().read(text).ids]),
            torch.tensor([vocabulary().target_ids(LECTURE[text].split())[:-2]]),
        )
        for text in PAIRS[key]
    ]


def transplanted(model: Transformer, key: str) -> Piece:
    """The shift by the row of each place, "layer position", and the lead of the other form before and after.

    The same for the probabilities of both forms; and the rows of both sentences, "layer position d_model".
    """
    (into, read), (donor, _) = sides(key)
    mine, other = (vocabulary().target.index(form) for form in forms(key))

    def lead(logits: Tensor) -> Tensor:
        return logits[0, -1, other] - logits[0, -1, mine]

    def likely(logits: Tensor, form: int) -> Tensor:
        return logits[0, -1].softmax(-1)[form]

    measures: list[Measure] = [lead, *(partial(likely, form=form) for form in (mine, other))]
    found, *chances = (interpret.patching(model, (into, read), (donor, read), measure) for measure in measures)
    ends = [[float(one[f"patching.{name}"].values) for name in ("base", "donor")] for one in (found, *chances)]
    return {
        "shift": found["patching.shift"].values,
        "leads": np.array(ends[0]),
        "prob": np.array([end[0] + one["patching.effect"].values for end, one in zip(ends[1:], chances, strict=True)]),
        "unpatched": np.array(ends[1:]),
        "rows": rows(model, into, read),
        "donor_rows": rows(model, donor, read),
    }


@torch.no_grad()
def by_head(model: Transformer, key: str, usual: dict[str, np.ndarray]) -> Piece:
    """The probabilities of both forms where one head of the encoder is the other sentence's, or at its mean.

    "choice layer head" where it gives what it gives in the other sentence. "choice part" with all heads, and "choice
    part layer head" where it is at its mean, after the Spanish words of the own or of the other sentence. And what
    becomes of the other sentence, word for word, where the head that moves most is at its mean.
    """
    (into, read), (donor, other_read) = sides(key)
    ids = [vocabulary().target.index(form) for form in forms(key)]
    layers, heads = range(model.config.encoder_layers), range(model.config.heads)
    paths = [f"encoder.{layer}.self_attn" for layer in layers]

    def likely(prefix: Tensor, edit: dict[str, Edit] | None = None) -> list[float]:
        with record(only=(), edit=edit):
            return model(into, prefix)[0, -1].softmax(-1)[ids].tolist()

    with record(only=[f"{path}.z" for path in paths]) as tape:
        model(donor, read)
    given = [[likely(read, {f"{p}.z": replaced(1, head, tape[f"{p}.z"][:, head])}) for head in heads] for p in paths]
    off = [[{f"{p}.z": replaced(1, head, torch.from_numpy(usual[p][head]))} for head in heads] for p in paths]
    most = np.unravel_index(np.array(given)[..., 1].argmax(), (len(layers), len(heads)))
    with record(only=(), edit=off[most[0]][most[1]]):
        written = greedy(model, donor, START, END, vocabulary().longest)[0]
    return {
        "heads": np.moveaxis(np.array(given), -1, 0),
        "prefix": np.array([likely(prefix) for prefix in (read, other_read)]).T,
        "off": np.moveaxis(np.array([[[likely(x, e) for e in row] for row in off] for x in (read, other_read)]), -1, 0),
        "written": np.array(written),
    }


@torch.no_grad()
def rows(model: Transformer, source: Tensor, read: Tensor) -> np.ndarray:
    """The encoder's stream before the first layer and after each, "layer position d_model"."""
    points = ["encoder.0.resid_pre", *(f"encoder.{layer}.resid_post" for layer in range(model.config.encoder_layers))]
    with record(only=points) as tape:
        model(source, read)
    return torch.stack([tape[point][0] for point in points]).numpy().astype(np.float32)


@experiment("Which row carries what decides an adjective's form: a transplant between two sentences")
def patching(bench: Bench, sentences: int = 1000) -> Found:
    """Activation patching: one vector of a pass is replaced by that of another sentence.

    Two pairs of sentences that differ in one word: another adjective, and another noun. One row of the encoder's
    stream, at one layer, is replaced by the other run's row, and the decoder, which has read the same words so far,
    predicts the adjective. The effect is how far the difference of the two forms' logits moves, as a share of its way
    from the one sentence to the other: 0 changes nothing, 1 is the whole difference
    (`transformer_core.interpret.patching`). The probabilities of both forms are recorded, too, of both sentences and of
    each transplant, and the rows themselves. The same probabilities where a single head gives what it gives in the
    other sentence; and where it is at its mean over held-out sentences, after the Spanish words of either sentence: so
    they tell which head moves the gender, and what decides without it.
    """
    model, found = translator(torch.float64), Found()
    bench.expect(1 + 2 * len(PAIRS))
    usual = bench.once("means", lambda: means(model, held_out(sentences)))
    layers = ["input", *(f"layer {at + 1}" for at in range(model.config.encoder_layers))]
    for key, texts in PAIRS.items():
        into, donor = (vocabulary().read(text).labels for text in texts)
        both = forms(key)
        piece = bench.once(key, partial(transplanted, model, key))
        single = bench.once(f"{key}, by head", partial(by_head, model, key, usual))
        written, right = vocabulary().target_words(single["written"].tolist()), LECTURE[texts[1]].split()
        own = LECTURE[texts[0]].split()
        found |= {
            f"{key}_shift": tensor(piece["shift"], "layer position", layer=layers, position=into),
            f"{key}_leads": tensor(piece["leads"], "choice", choice=both),
            f"{key}_largest": tensor(piece["shift"].max(1), "layer", layer=layers),
            f"{key}_best": tensor(piece["shift"].argmax(1), "layer", layer=layers),
            f"{key}_donor": tensor(piece["shift"][0], "position", position=donor),
            f"{key}_prob": tensor(piece["prob"], "choice layer position", choice=both, layer=layers, position=into),
            f"{key}_unpatched": tensor(piece["unpatched"], "choice part", choice=both, part=("own", "donor")),
            f"{key}_rows": tensor(piece["rows"], "layer position d_model", layer=layers, position=into),
            f"{key}_donor_rows": tensor(piece["donor_rows"], "layer position d_model", layer=layers, position=donor),
            f"{key}_heads": tensor(single["heads"], "choice layer head", choice=both),
            f"{key}_prefix": tensor(single["prefix"], "choice part", choice=both, part=("own", "donor")),
            f"{key}_off": tensor(single["off"], "choice part layer head", choice=both, part=("own", "donor")),
            f"{key}_written": tensor(agrees(written, right), "position", position=written),
            f"{key}_donor_written": tensor(agrees(right, right), "position", position=right),
            f"{key}_own_written": tensor(agrees(own, own), "position", position=own),
        }
    return found
