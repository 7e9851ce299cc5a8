import numpy as np
import pytest
from small import traced

from transformer_core.studies.measures.selection import (
    argmax_angle,
    argmax_norm,
    argmax_ratio,
    argmax_terms,
    with_a_choice,
)
from transformer_core.tracing.trace import NamedTensor


def tensor(values, axes):
    return NamedTensor("t", np.array(values, dtype=float), tuple(axes.split()))


def test_the_clearest_difference_is_large_beside_its_spread_not_large_in_itself():
    difference, spread = [[10.0, -3.0], [1.0, 0.5]], [[5.0, 0.5], [1.0, 1.0]]
    assert argmax_ratio(tensor(difference, "head distance"), tensor(spread, "head distance")) == (0, 1, 6.0)


def rows(last, words):
    axes, labels = "batch position d_model", {"position": words}
    first = np.array([[[1.0, 0.0]] * len(words)])
    return traced({"encoder.0.resid_pre": (axes, first, labels), "encoder.0.resid_post": (axes, [last], labels)})


def test_the_token_that_is_followed_is_the_one_that_turns_most_not_the_one_that_grows_most():
    token, degrees = argmax_angle(rows([[9, 0], [1, 1], [0, 0.1]], ("grows", "degrees_per_position", "falls")))
    assert (token, degrees) == ("falls", pytest.approx(90))


def test_a_mark_is_not_followed_where_words_are_left():
    last = [[-1, 0], [1, 1], [1, 0]]
    assert argmax_angle(rows(last, ("[CLS]", "ship", "·s")))[0] == "ship"
    assert argmax_angle(rows(last, ("[CLS]", "·a", "·s")))[0] == "[CLS]"


def test_the_norm_that_is_shown_changes_the_length_most_up_or_down():
    """By the lengths before and after: halved, and made four times as long."""
    entering, labels = [[[2.0, -2.0]]], {"position": ("red",)}
    made = {"encoder.0.ln1": [[[1.0, -1.0]]], "encoder.final_norm": [[[8.0, -8.0]]]}
    trace = traced(
        {
            "encoder.0.resid_pre": ("batch position d_model", entering, labels),
            "encoder.0.resid_post": ("batch position d_model", entering, labels),
            **{f"{path}.normalized": ("batch position d_model", rows, labels) for path, rows in made.items()},
            **{f"{path}.out": ("batch position d_model", rows, labels) for path, rows in made.items()},
            **{f"{path}.mean": ("batch position", [[0.0]], labels) for path in made},
        },
        {f"{path}.mean": ("encoder.0.resid_pre",) for path in made},
    )
    assert argmax_norm(trace, "encoder", trace["encoder.0.ln1.out"].label("position", 0)) == ("encoder.final_norm", 0)


def told(terms):
    """Head and entry of the largest sum of the second and the third largest term, and of what the weaker sign gives."""
    best = {}
    for head, entry in np.ndindex(terms.shape[0], terms.shape[2]):
        column = terms[head, :, entry]
        sizes = sorted((abs(term) for term in column), reverse=True)
        weaker = min(sum(term for term in column if term > 0), sum(-term for term in column if term < 0))
        best[head, entry] = sizes[1] + sizes[2] + weaker
    return max(best, key=best.get)


@pytest.mark.parametrize("seed", range(12))
def test_the_liveliest_entry_has_three_large_terms_of_both_signs(seed):
    terms = np.random.default_rng(seed).normal(size=(3, 5, 4)) * (1 + seed % 3)
    assert argmax_terms(tensor(terms, "head key d_head")) == told(terms)


def test_a_word_that_hardly_turns_is_followed_before_a_mark():
    assert argmax_angle(rows([[1, 0.001], [-1, 0]], ("ship", "[SEP]")))[0] == "ship"


def test_without_words_the_row_that_turns_most_is_followed():
    trace = rows([[1, 0.001], [-1, 0]], ("a", "b"))
    for name, kept in [*trace.tensors.items()]:
        trace.tensors[name] = NamedTensor(name, kept.values, kept.axes)
    assert argmax_angle(trace)[0] == "1"


def test_a_stack_without_norms_has_none_that_changes_a_length():
    trace = rows([[2, 0]], ("red",))
    assert argmax_norm(trace, "encoder", trace["encoder.0.resid_pre"].label("position", 0)) is None


def test_a_row_that_sees_itself_alone_has_no_choice():
    masked = NamedTensor("w", np.array([[1.0, 0], [0.3, 0.7]]), ("query", "key"))
    assert with_a_choice(masked).largest()[-1] == 0.7
    free = NamedTensor("w", np.array([[0.9, 0.1], [0.3, 0.7]]), ("query", "key"))
    assert with_a_choice(free).largest()[-1] == 0.9
    alone = NamedTensor("w", np.array([[1.0]]), ("query", "key"))
    assert len(with_a_choice(alone)) == 1
