"""A linear probe for the gender of a noun in the encoder's vector of its adjective, tested on nouns it never read.

The rows are those of adjectives in held-out sentences, before the first layer and after each; the reader is fitted by
ridge regression to +1 for a feminine noun and -1 for a masculine one (Alain and Bengio 2017). Nouns are dealt into
folds, and every row is judged by a reader that saw no row of its noun: a reader that only knew nouns by heart would
fail. As a control, genders are dealt to the nouns by chance (Hewitt and Liang 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import passes, translator
from transformer_core.studies.experiments.translation import held_out
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.grammar.lexicon import nouns

FOLDS, RIDGE = 5, 1.0
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


def told(rows: np.ndarray, answers: np.ndarray, nouns_of: np.ndarray, random: np.random.Generator) -> float:
    """The share of rows "sample d_model" whose sign is told by a reader that saw none of their noun, over all folds."""
    names = random.permutation(np.unique(nouns_of))
    right = np.zeros(len(rows), dtype=bool)
    for fold in np.array_split(names, FOLDS):
        asked = np.isin(nouns_of, fold)
        known = ~asked
        centre = rows[known].mean(0)
        x = np.c_[rows - centre, np.ones(len(rows))]
        gram = x[known].T @ x[known] + RIDGE * np.eye(x.shape[1])
        reader = np.linalg.solve(gram, x[known].T @ answers[known])
        right[asked] = np.sign(x[asked] @ reader) == answers[asked]
    return float(right.mean())


def measured(kind: str, sentences: int, seed: int) -> Piece:
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
    }


@experiment("Does the encoder row of an adjective tell the gender of its noun?")
def run(bench: Bench, sentences: int = 3000) -> Found:
    found = bench.each("{}", KINDS, lambda kind: measured(kind, sentences, bench.seed))
    layers = ["input", *(f"layer {at}" for at in range(1, found["told"].shape[1]))]
    words = {"choice": KINDS, "layer": layers}
    return {
        "told": tensor(found["told"], "choice layer", **words),
        "control": tensor(found["control"], "choice layer", **words),
        "told_last": tensor(found["told"][:, -1], "choice", choice=KINDS),
        "majority": tensor(found["majority"], "choice", choice=KINDS),
        "rows": tensor(found["rows"], "choice", choice=KINDS),
        "nouns": tensor(found["nouns"], "choice", choice=KINDS),
    }
