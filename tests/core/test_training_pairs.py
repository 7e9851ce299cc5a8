"""Counts of words that met, and rows that write a source word: against counts and rows laid out by hand."""

import numpy as np

from transformer_core.studies.measures.training_pairs import in_spanish, met, neighbours
from transformer_core.studies.sentence import minimal_pairs as contrast
from transformer_core.tracing.trace import NamedTensor, Trace

NOUNS, ADJECTIVES = ("car", "house", "dog"), ("red", "old", "angry")
PAIRS = NamedTensor(
    "training.pairs",
    np.array([[0, 7, 0], [5, 2, 0], [1, 3, 9]]),
    ("noun", "adjective"),
    {"noun": NOUNS, "adjective": ADJECTIVES},
)


def about(tokens, **roles):
    return Trace({"training.pairs": PAIRS}, about={"tokens": tokens.split(), "roles": roles})


def test_the_pair_of_a_sentence_is_looked_up():
    noun, adjective, own = met(about("The car is red", **{"adjective(inflected)->noun": [[3, 1]]}))
    assert (noun, adjective, own) == ("car", "red", True)
    assert PAIRS.pick(noun=noun, adjective=adjective) == 0


def test_of_several_pairs_the_one_that_met_least_is_looked_up_and_what_the_table_does_not_know_is_passed_over():
    links = [[0, 1], [2, 3], [4, 5], [6, 1], [0, 7]]
    noun, adjective, own = met(about("old car old house angry dog blue tree", **{"adjective->noun": links}))
    assert (noun, adjective, own) == ("house", "old", True)  # 7, 2 and 9 times


def test_roles_that_were_not_told_leave_a_noun_by_itself():
    told = Trace({"training.pairs": PAIRS}, about={"tokens": ["house"]})
    assert met(told) == ("house", "angry", False)


def test_the_adjective_that_a_noun_never_met_is_the_one_that_others_met_most():
    counts = np.array([[0, 0, 4], [9, 1, 0]])
    pairs = NamedTensor("training.pairs", counts, ("noun", "adjective"), {"noun": NOUNS[:2], "adjective": ADJECTIVES})
    trace = Trace({"training.pairs": pairs}, about={"tokens": ["car"]})
    assert met(trace)[1] == "red"


def test_a_noun_without_adjective_gets_one_that_it_never_met():
    noun, adjective, own = met(about("car"))
    assert (noun, adjective, own) == ("car", "angry", False)


def test_a_sentence_without_a_known_noun_has_no_pair():
    assert met(about("it")) is None
    assert met(Trace({}, about={"tokens": ["car"]})) is None


def test_the_neighbours_of_an_empty_cell_are_not_empty():
    nouns, adjectives = neighbours(PAIRS, 0, 0, 3)
    assert sorted(nouns) == [0, 1, 2]
    assert adjectives == [0, 1]
    assert all(PAIRS.values[noun, 0] > 0 for noun in nouns if noun)


def test_a_word_that_misses_most_of_the_others_is_no_neighbour_and_of_two_the_rarer_goes():
    counts = np.array([[0, 6, 5, 4], [9, 1, 1, 1], [8, 1, 0, 0], [7, 1, 1, 0], [6, 1, 1, 1]])
    table = NamedTensor("training.pairs", counts, ("noun", "adjective"))
    nouns, adjectives = neighbours(table, 0, 0, 6)
    assert (sorted(nouns), sorted(adjectives)) == ([0, 1, 4], [0, 1, 2, 3])
    assert np.count_nonzero(counts[np.ix_(nouns, adjectives)] == 0) == 1


def test_where_no_word_met_another_the_pair_stands_alone():
    table = NamedTensor("training.pairs", np.array([[0, 3], [2, 0]]), ("noun", "adjective"))
    nouns, adjectives = neighbours(table, 0, 0, 6)
    assert len(nouns) * len(adjectives) == 2


def test_the_best_friends_stand_on_both_sides_of_the_pair_the_best_first():
    counts = np.ones((20, 20), int)
    counts[:, 4] = [5, 1, 9, 3, 0, 7, *[0] * 14]
    counts[3] = [2] * 20
    table = NamedTensor("training.pairs", counts, ("noun", "adjective"))
    nouns, adjectives = neighbours(table, 3, 4, 5)
    assert nouns == [2, 5, 3, 0, 1]
    assert adjectives == [0, 1, 4, 2, 3], "of equals the first"
    assert neighbours(table, 3, 4, 4)[0] == [2, 3, 5, 0]


def test_two_senses_differ_in_one_word_and_in_the_translation_of_another() -> None:
    for text in ("The car is red", "the bank is wide", "is the car"):
        found = contrast.facts(text)
        first, second = (found[key]["text"].split() for key in ("one_sense", "other_sense"))
        changed = [i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
        assert changed == [found["one_sense"]["decides"]]
        meanings = {contrast._meaning(found[key]["text"], found[key]["noun"]) for key in ("one_sense", "other_sense")}
        assert len(meanings) == 2


def test_the_sentence_itself_is_taken_if_one_of_its_nouns_has_two_meanings() -> None:
    assert contrast.facts("the bank is wide")["one_sense"]["text"] == "the bank is wide"


def test_the_foreign_sentence_is_none_of_the_grammar() -> None:
    assert not contrast.facts(contrast.FOREIGN)["in_grammar"]


def test_a_word_has_all_its_forms_in_spanish():
    assert in_spanish("red") == {"rojo", "roja", "rojos", "rojas"}
    assert in_spanish("car") == in_spanish("cars") == {"coche", "coches"}
    assert in_spanish("is") == set()
