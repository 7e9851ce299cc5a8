"""Directions in the embeddings of a real language model, and of the lecture's translator, that mean something.

Pairs of words of five relations were chosen before anything was measured; those with a word of several pieces are left
out. The step of a pair leads from its first word to its second one. If a relation is a direction, the steps of its
pairs are parallel: each is compared, by its cosine, with the mean step of all other pairs. Two controls: pairs of words
by chance, whose 95th percentile a pair has to pass; and the same words with their partners exchanged, which have the
same mean step.

A plane for drawing is found on the first half of the pairs and shows the second: up is the mean step of the first half,
across the main direction of the words that are shown. And a small soft lookup: a country asks a table of capitals that
leaves it out, and what it gets is compared with all other capitals. And king - man + woman: the step from man to woman,
carried to king, with the words that are nearest on the way.

Sources: Mikolov et al. 2013 (word2vec, parallel steps), Linzen 2016 (the words that were asked with must
be left out, and a control is needed).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor, tensors
from transformer_core.studies.experiments.language_model import facts
from transformer_core.studies.experiments.translation import translator, vocabulary
from transformer_core.studies.measures.attention_weights import softmax, value_plane
from transformer_core.studies.measures.scores import planes
from transformer_core.studies.translator.grammar.lexicon import nouns, verbs

Pairs = Sequence[tuple[str, str]]

#: Pairs of words, 24 a relation.
RELATIONS: dict[str, tuple[tuple[str, str], ...]] = {
    name: tuple((one, other) for one, other in (pair.split("/") for pair in words.split()))
    for name, words in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
#: A table of capitals, and the country that asks it.
TABLE, ASKED = (("Spain", "Madrid"), ("Norway", "Oslo"), ("Japan", "Tokyo"), ("Egypt", "Cairo")), "Portugal"
#: How far the score of the second country is moved for the slider, in steps down and up.
SLIDER = np.linspace(-7.0, 4.0, 45)
#: The name of the language model, and the bits of its embeddings (Q8_0, which holds 8 bits and a scale for 32 of them).
MODEL, BITS = "SmolLM2", 8
#: Pairs by chance: the percentile that a pair has to pass, the groups that are drawn, and the pairs of each.
PERCENTILE, GROUPS, GROUP = 95, 400, 24
#: The words of king - man + woman with their signs, and how many of the nearest words are kept.
CROWN, NEAREST = {"king": 1.0, "man": -1.0, "woman": 1.0}, 5
#: The frames of the way from king to that sum, and how many of the nearest words at either end are followed.
WAY, FOLLOWED = 31, 4


class Embeddings:
    """The embeddings of a vocabulary, in double precision, with the words that are one piece."""

    def __init__(self, table: np.ndarray, places: dict[str, int], names: Sequence[str]) -> None:
        self.table, self.places, self.names = table.astype(np.float64), places, names
        self.lengths = np.linalg.norm(self.table, axis=-1)

    def __getitem__(self, words: Sequence[str] | str) -> np.ndarray:
        place = self.places[words] if isinstance(words, str) else [self.places[word] for word in words]
        return self.table[place]

    def known(self, pairs: Pairs) -> list[tuple[str, str]]:
        """The pairs of which both words are one piece."""
        return [pair for pair in pairs if all(word in self.places for word in pair)]

    def nearest(self, vector: np.ndarray, without: Sequence[str] = (), count: int = 1) -> list[int]:
        """The places of the words with the largest cosine, some words left out."""
        likeness = self.table @ vector / np.maximum(self.lengths, 1e-12)
        likeness[[self.places[word] for word in without]] = -np.inf
        return [int(place) for place in np.argsort(-likeness)[:count]]


def of_language_model(loaded: LoadedModel, words: Sequence[str]) -> Embeddings:
    """Words as they stand inside a sentence, behind a space."""
    assert loaded.tokenizer is not None
    ids = {word: loaded.tokenizer.read(f" {word}").ids for word in words}
    assert loaded.model.embed_tgt is not None
    single = {word: pieces[0] for word, pieces in ids.items() if len(pieces) == 1}
    return Embeddings(loaded.model.embed_tgt.table.detach().float().numpy(), single, loaded.tokenizer.target)


def of_translator() -> tuple[Embeddings, dict[str, Pairs]]:
    """The translator's embeddings, and all nouns and verbs of its grammar."""
    names = vocabulary().source
    places = {word: place for place, word in enumerate(names)}
    two = [noun.forms for noun in nouns() if len(noun.forms) == 2]
    pairs: dict[str, Pairs] = {
        "translator: plural": [*dict.fromkeys((one, other) for one, other in two)],
        "translator: past": [(verb.forms[0], verb.forms[-1]) for verb in verbs()],
    }
    table = translator().embed_src
    assert table is not None
    return Embeddings(table.table.detach().numpy(), places, names), pairs


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return (one * other).sum(-1) / np.maximum(lengths, 1e-12)


def mean_of_others(steps: np.ndarray) -> np.ndarray:
    """For each step the mean of all others."""
    return (steps.sum(0) - steps) / max(len(steps) - 1, 1)


def steps_of(embeddings: Embeddings, pairs: Pairs) -> np.ndarray:
    return embeddings[[other for _, other in pairs]] - embeddings[[one for one, _ in pairs]]


def by_chance(embeddings: Embeddings, words: Sequence[str], seed: int, groups: int) -> np.ndarray:
    """The cosines of pairs by chance with the mean step of the others of their group, "group pair"."""
    random, rows = np.random.default_rng(seed), embeddings[words]
    found = []
    for _ in range(groups):
        chosen = random.permutation(len(rows))[: 2 * GROUP]
        first, second = np.array_split(chosen, 2)
        steps = rows[second[: len(first)]] - rows[first[: len(second)]]
        found.append(cosine(steps, mean_of_others(steps)))
    return np.array(found)


def relation(embeddings: Embeddings, pairs: Pairs, level: float, seed: int) -> Piece:
    """Measure how parallel the steps of a relation are, and how often they lead to the right word."""
    steps, others = steps_of(embeddings, pairs), mean_of_others(steps_of(embeddings, pairs))
    ends = [other for _, other in pairs]
    likeness = cosine(steps, others)
    # Partners move on by some places, the same for all: nobody keeps its own.
    moved = np.roll(np.arange(len(pairs)), 1 + np.random.default_rng(seed).integers(max(len(pairs) - 1, 1)))
    swapped = embeddings[[ends[i] for i in moved]] - embeddings[[one for one, _ in pairs]]
    named, alone = [], []
    for (one, other), step in zip(pairs, others, strict=True):
        here, goal = embeddings[one], embeddings.places[other]
        named.append(embeddings.nearest(here + step, [one]) == [goal])
        alone.append(embeddings.nearest(here, [one]) == [goal])
    return {
        "cosine": likeness,
        "pairs": np.array(len(pairs)),
        "above": np.array((likeness > level).sum()),
        "share": np.array((likeness > level).mean()),
        "mean": np.array(likeness.mean()),
        "swapped": np.array(cosine(swapped, others).mean()),
        "named": np.array(np.mean(named)),
        "alone": np.array(np.mean(alone)),
    }


def plane(embeddings: Embeddings, pairs: Pairs) -> Piece:
    """The second half of the pairs, up along the mean step of the first half, across along their main direction.

    `spots` are the words, "vocab component", the two of a pair one after another; `steps` leads from each first to its
    second, across and up.
    """
    half = len(pairs) // 2
    up = steps_of(embeddings, pairs[:half]).mean(0)
    up /= np.linalg.norm(up)
    rows = np.stack([embeddings[list(pair)] for pair in pairs[half:]])
    flat = (rows - rows.mean((0, 1))).reshape(-1, rows.shape[-1])
    flat = flat - np.outer(flat @ up, up)
    across = np.linalg.svd(flat, full_matrices=False)[2][0]
    across *= np.sign(across[np.abs(across).argmax()])
    spots = np.stack([(rows - rows.mean((0, 1))) @ axis for axis in (across, up)], -1)
    return {"spots": spots.reshape(-1, 2), "steps": spots[:, 1] - spots[:, 0]}


def lookup(embeddings: Embeddings) -> Piece:
    """The country asks the table: dot products, softmax, and the weighted sum of the capitals, in the planes of an
    attention (`measures.scores.plane`, `measures.attention_weights.value_plane`)."""
    query, keys, values = (
        embeddings[ASKED],
        embeddings[[country for country, _ in TABLE]],
        embeddings[[capital for _, capital in TABLE]],
    )
    scores = keys @ query
    weights = softmax(scores)
    output = weights @ values
    spots = value_plane(values[None, None], (weights[:, None] * values)[None, None, None])[0, 0, 0]
    q_norm = np.asarray(np.linalg.norm(query))
    moved = np.repeat(scores[None], len(SLIDER), 0)
    moved[:, 1] += SLIDER
    return {
        "scores": scores,
        "weights": weights,
        "cosine": cosine(keys, query[None]),
        "k_norm": np.linalg.norm(keys, axis=-1),
        "q_norm": q_norm,
        "plane": planes(query[None, None, None], keys[None, None], q_norm[None, None, None])[0, 0, 0],
        "value_plane": spots,
        "weighted_value_plane": weights[:, None] * spots,
        "slider_scores": moved,
        "slider_weights": softmax(moved),
        "likeness": cosine(values, output[None]),
    }


def blend(embeddings: Embeddings) -> Found:
    """Add up what the lookup gives, and compare it with its values and with the right capital by cosine.

    The values are added up from the longest term to the shortest; each row of `blend` has the cosines of one sum. Of
    the capitals that the table does not have, the right one has the cosine of this `blend_rank` with the whole sum.
    """
    known = embeddings.known(RELATIONS["capital"])
    right = dict(known)[ASKED]
    capitals = [capital for _, capital in TABLE]
    others = sorted({capital for _, capital in known} - {*capitals})
    values = embeddings[capitals]
    terms = softmax(embeddings[[country for country, _ in TABLE]] @ embeddings[ASKED])[:, None] * values
    sums = terms[np.argsort(-np.linalg.norm(terms, axis=-1), kind="stable")].cumsum(0)
    rows = embeddings[[*capitals, right]]
    likeness = cosine(embeddings[others], sums[-1:])
    rank = 1 + int((likeness > likeness[others.index(right)]).sum())
    words = {"query": (ASKED,), "key": (*capitals, right)}
    found = tensors("query frame key", words, blend=cosine(rows[None], sums[:, None])[None])
    found |= tensors("query", words, blend_rank=[rank], others=[len(others)])
    return {f"lookup.{name}": one for name, one in found.items()}


@experiment("Do directions in the embeddings of a language model mean something?")
def meaning(bench: Bench, groups: int = GROUPS) -> Found:
    loaded = facts(bench)
    listed = sorted({word for pairs in RELATIONS.values() for pair in pairs for word in pair})
    others = [word for pair in TABLE for word in pair] + [ASKED]
    real = of_language_model(loaded, [*listed, *others])
    own, own_pairs = of_translator()
    words = [word for word in listed if word in real.places]
    own_words = [word for word in own.names if word.isalpha()]
    chances = [by_chance(one, some, bench.seed, groups) for one, some in ((real, words), (own, own_words))]
    levels = [float(np.percentile(chance, PERCENTILE)) for chance in chances]
    asked = {name: (real, real.known(pairs), levels[0]) for name, pairs in RELATIONS.items()}
    asked |= {name: (own, own.known(pairs), levels[1]) for name, pairs in own_pairs.items()}
    pieces = {name: bench.once(name, partial(relation, *some, bench.seed)) for name, some in asked.items()}
    named = {
        short: np.array([piece[short] for piece in pieces.values()])
        for short in ("pairs", "above", "share", "mean", "swapped", "named", "alone")
    }
    in_all = {f"{short}_in_all": sum(int(pieces[name][short]) for name in RELATIONS) for short in ("pairs", "above")}
    hundredths = np.percentile(chances[0], np.arange(100) + 0.5)
    found = (
        tensors("kind", {"kind": asked}, chance=np.array([some[2] for some in asked.values()]), **named)
        | tensors(chance_share=1 - PERCENTILE / 100, pieces=len(real.table), chance_pairs=chances[0].size, **in_all)
        | tensors("model", {"model": [MODEL]}, model=[BITS])
        | tensors("sample", by_chance=chances[0][0], chance_hundredths=hundredths)
    )
    for name in RELATIONS:
        ends = [other for _, other in asked[name][1]]
        found |= tensors("vocab", {"vocab": ends}, **{f"{name}_cosine": pieces[name]["cosine"]})
    pairs = real.known(RELATIONS["capital"])
    drawn = bench.once("plane of capital", partial(plane, real, pairs))
    shown = [word for pair in pairs[len(pairs) // 2 :] for word in pair]
    found |= tensors("vocab component", {"vocab": shown}, capital_plane=drawn["spots"])
    found |= tensors("vocab component", {"vocab": shown[1::2]}, capital_steps=drawn["steps"])
    return found | asking(real) | blend(real) | crowned(real) | carried(real)


def asking(embeddings: Embeddings) -> Found:
    """The tensors of the soft lookup."""
    piece = lookup(embeddings)
    countries, capitals = (tuple(pair[end] for pair in TABLE) for end in (0, 1))
    axes = {
        "scores": "key", "weights": "key", "cosine": "key", "k_norm": "key", "likeness": "key", "q_norm": "",
        "plane": "key other component", "value_plane": "key component", "weighted_value_plane": "key component",
        "slider_scores": "frame key", "slider_weights": "frame key",
    }  # fmt: skip
    of_values = {"likeness", "value_plane", "weighted_value_plane"}
    found = {}
    for name, words in axes.items():
        labels = {"key": capitals if name in of_values else countries} if "key" in words else {}
        # A query along each of them, so that the figures of the lecture can be asked with it.
        values, every = piece[name][None], f"query {words}".strip()
        found[f"lookup.{name}"] = tensor(values, every, query=(ASKED,), **labels)
    return found


def crowned(embeddings: Embeddings) -> Found:
    """The nearest words to king - man + woman, none left out, their cosines, and the rank of "queen"."""
    vector = np.array([*CROWN.values()]) @ embeddings[[*CROWN]]
    order = embeddings.nearest(vector, count=len(embeddings.table))
    words = {"rank": [embeddings.names[place] for place in order[:NEAREST]], "vocab": CROWN}
    return (
        tensors("rank", words, queen_cosine=cosine(embeddings.table[order[:NEAREST]], vector[None]))
        | tensors(queen_rank=order.index(embeddings.places["queen"]) + 1)
        | tensors("vocab", words, queen_of=[*CROWN.values()])
    )


def carried(embeddings: Embeddings) -> Found:
    """The step from man to woman carried to king, in a plane, and the cosines of the nearest words on the way.

    The plane lies along that step, and along what king and queen have together against man and woman. The words are
    those that begin with a space and are nearest at either end of the way.
    """
    words = ("king", "man", "woman", "queen")
    king, man, woman, other = rows = embeddings[[*words]]
    step = woman - man
    across = step / np.linalg.norm(step)
    up = king + other - man - woman
    up = up - (up @ across) * across
    axes = np.stack([across, up / np.linalg.norm(up)], -1)
    way = king + np.linspace(0, 1, WAY)[:, None] * step
    whole = [place for place, name in enumerate(embeddings.names) if not name.startswith("·")]
    likeness = cosine(embeddings.table[whole][None], way[[0, -1], None])
    near = {int(place) for row in likeness for place in np.argsort(-row, kind="stable")[:FOLLOWED]}
    listed = [whole[place] for place in sorted(near, key=lambda place: -likeness[0, place])]
    names = [embeddings.names[place] for place in listed]
    near_way = cosine(embeddings.table[listed][None], way[:, None])
    return (
        tensors("vocab component", {"vocab": words}, queen_plane=rows @ axes)
        | tensors("component", queen_step=step @ axes)
        | tensors("frame component", queen_path=way @ axes)
        | tensors("frame vocab", {"vocab": names}, queen_way=near_way)
    )
