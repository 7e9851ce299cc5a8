"""Counts of what a unit is named after, at the words of that kind alone."""

import numpy as np
from small import traced

from transformer_core.pretrained.model_registry import DEFAULT_MODEL
from transformer_core.studies.measures.feed_forward import OURS
from transformer_core.studies.results import found
from transformer_core.studies.translator.grammar.lexicon import kinds

WORDS = ("The", "car", "is", "red")


def test_the_words_of_a_sentence_belong_to_their_kinds():
    trace = traced({"encoder.0.ffn.post": ("batch position d_ff", np.ones((1, 4, 2)), {"position": WORDS})})
    table = trace["encoder.0.ffn.of_kind"]
    assert table.labels == {"position": WORDS, "kind": tuple(kinds())}
    for place, word in enumerate(WORDS):
        for kind, members in kinds().items():
            assert table.pick(position=place, kind=kind) == (word.lower() in members)
    assert 0 < table.values.sum() < table.values.size


def test_a_unit_counts_at_the_words_of_its_kind_and_nowhere_else():
    best = found("experiment.neurons.best_kind").values
    posts = np.random.default_rng(0).random((1, 4, best.shape[1]))
    for layer in range(len(best)):
        path = f"encoder.{layer}.ffn"
        trace = traced({f"{path}.post": ("batch position d_ff", posts, {"position": WORDS})})
        seen = trace[f"{path}.named_after"].values
        members = [{*kind} for kind in kinds().values()]
        for place, word in enumerate(WORDS):
            for unit, kind in enumerate(best[layer]):
                assert seen[place, unit] == posts[0, place, unit] * (word.lower() in members[kind])


def test_experiments_looked_into_the_model_that_a_lecture_takes_by_itself():
    assert DEFAULT_MODEL.stem == OURS
