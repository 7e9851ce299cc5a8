"""A linear probe: does an adjective's vector tell the gender of its noun?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transformer_core.interpret.lens import stream
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import held_out, passes, translator
from transformer_core.studies.experiments.vectors import principal
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.grammar.lexicon import nouns

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
    assert model.encoder is not None
    points = stream("encoder", model.encoder)
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
    words = {"choice": KINDS, "layer": layers, "part": (*layers, "genders dealt at random")}
    unseen, last = found["unseen"][0], found["told"][:, -1]
    return (
        tensors("part sample component", words, spots=found["spots"][0])
        | tensors("part sample", words, genders=found["genders"][0])
        | tensors("sample", unseen=unseen)
        | tensors(asked=unseen.sum())
        | tensors("choice layer", words, told=found["told"], control=found["control"])
        | tensors("choice", words, told_last=last, **{name: found[name] for name in ("majority", "rows", "nouns")})
    )
