from small import traced

from transformer_core.studies.measures.recurrence import farthest, parted


def test_two_translations_part_where_a_word_is_another_or_too_many():
    assert parted("el perro es muy viejo".split(), "el perro está muy viejo".split()) == [2]
    assert parted("es viejo el".split(), "el viejo es".split()) == [0, 2]
    assert parted("el perro muy viejo".split(), "el viejo".split()) == [1, 2]
    assert parted("a b c d e".split(), "x c d e".split()) == [0, 1]
    assert parted(["el"], ["el"]) == []


def test_the_words_that_belong_together_and_stand_farthest_apart_are_named_from_the_left():
    roles = {"near": [[1, 0], [2, 3]], "far": [[5, 2]], "as far": [[3, 6]]}
    assert farthest(traced({}, roles=roles)) == (2, 5)
    assert farthest(traced({}, roles={})) == farthest(traced({})) == (0, 0)
