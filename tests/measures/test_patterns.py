"""Patterns of heads: on matrices made by hand, whose pattern is known before anything is measured."""

import numpy as np
import pytest
from small import traced

from transformer_core.studies.head_patterns import CLEAR, LINKS, WITHIN
from transformer_core.studies.measures.patterns import pattern_of, widest
from transformer_core.tracing.trace import NamedTensor, Trace

PAIRS = "batch head query key"
PATH = "encoder.0.self_attn"
BEFORE, BEHIND, ITSELF, FIRST, LAST, SAME, INDUCTION = WITHIN


def heads(*matrices, ids=None, path=PATH, masked=None, **about):
    """A trace with one head for each matrix; every token is another one unless `ids` says so."""
    weights = np.array([matrices], float)
    side = "embed_tgt" if path.startswith("decoder") else "embed_src"
    ids = range(weights.shape[-2]) if ids is None else ids
    tensors = {f"{path}.weights": (PAIRS, weights), f"{side}.ids": ("batch position", [[*ids]])}
    tensors[f"{path}.q"] = ("batch head query d_head", np.zeros((*weights.shape[:3], 1)))
    if masked is not None:
        tensors[f"{path}.masked"] = (PAIRS, np.array([[masked] * len(matrices)]))
    return traced(tensors, **about)


def uniform(size, causal=False):
    seen = np.tril(np.ones((size, size))) if causal else np.ones((size, size))
    return seen / seen.sum(-1, keepdims=True)


def at(trace, name, role, head=0, path=PATH):
    where = {"batch": 0, "role": role}
    tensor = trace[f"{path}.{name}"]
    return float(tensor.pick(**where, head=head) if "head" in tensor.axes else tensor.pick(**where))


def clearest(trace, head=0, path=PATH):
    found = pattern_of(trace, path, head)
    return found and str(found.name)


def stripe(size, offset):
    """Every query looks at the key `offset` away; those that have none there look at all alike."""
    rows = np.eye(size, k=offset)
    rows[rows.sum(-1) == 0] = 1 / size
    return rows


def column(size, place):
    return np.eye(size)[[place] * size]


@pytest.mark.parametrize(
    ("matrix", "name"),
    [(stripe(6, -1), BEFORE), (stripe(6, 1), BEHIND), (np.eye(6), ITSELF), (column(6, 0), FIRST), (column(6, 5), LAST)],
)
def test_a_head_is_named_after_the_matrix_that_it_is(matrix, name):
    trace = heads(matrix)
    assert clearest(trace) == name
    assert at(trace, "pattern_scores", name) == 1
    assert at(trace, "pattern_chances", name) == pytest.approx(1 / 6)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("ids", [range(7), [0, 1, 2, 0, 1, 2, 0]])
def test_a_head_that_looks_at_all_alike_shows_no_pattern(causal, ids):
    path = "decoder.0.self_attn" if causal else PATH
    trace = heads(uniform(7, causal), ids=ids, path=path)
    assert np.abs(trace[f"{path}.pattern_clearness"].values).max() < 1e-12
    assert pattern_of(trace, path, 0) is None


def test_in_a_trace_without_an_embedding_words_that_are_written_alike_are_the_same_token():
    weights = NamedTensor(f"{PATH}.weights", uniform(3)[None, None], tuple(PAIRS.split()), {"key": ("a", "b", "a")})
    trace = Trace({weights.name: weights})
    assert at(trace, "pattern_queries", SAME) == 2
    del trace.tensors[f"{PATH}.pattern_keys"]
    trace.tensors[weights.name] = NamedTensor(weights.name, weights.values, weights.axes)
    assert not trace[f"{PATH}.pattern_keys"].pick(role=SAME).values.any()


def test_chance_in_a_decoder_is_a_share_of_what_the_mask_leaves():
    path = "decoder.0.self_attn"
    rows = np.array([[1, 0, 0, 0], [0.9, 0.1, 0, 0], [0, 0.9, 0.1, 0], [0, 0, 0.9, 0.1]])
    trace = heads(rows, path=path)
    assert at(trace, "pattern_chances", BEFORE, path=path) == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)
    assert at(trace, "pattern_scores", BEFORE, path=path) == pytest.approx(0.9)
    assert clearest(trace, path=path) == BEFORE
    assert at(trace, "pattern_queries", BEHIND, path=path) == 0, "what is masked is no answer"
    assert at(trace, "pattern_queries", ITSELF, path=path) == 3, "the first row has no choice"


def test_a_recorded_mask_hides_keys_of_an_encoder_too():
    hidden = np.zeros((3, 3))
    hidden[:, 2] = -np.inf
    rows = np.array([[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0]])
    trace = heads(rows, masked=hidden)
    assert at(trace, "pattern_queries", LAST) == 0
    assert at(trace, "pattern_chances", BEFORE) == pytest.approx(1 / 2)


def test_one_look_is_no_pattern():
    trace = heads([[0.01, 0.99], [0.99, 0.01]])
    assert at(trace, "pattern_scores", BEFORE) > CLEAR > at(trace, "pattern_clearness", BEFORE)


def test_a_pattern_is_clear_from_the_threshold_on():
    trace = heads([[0.5, 0.5], [1, 0]])
    assert at(trace, "pattern_clearness", BEFORE) == CLEAR
    assert clearest(trace) == BEFORE
    assert trace["encoder.clear_heads"] == 1


def test_permuted_heads_and_sentences_have_permuted_scores():
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.ones(6), (3, 4, 6))
    ids = rng.integers(0, 4, (3, 6))
    sentences, order = [2, 0, 1], [3, 1, 0, 2]

    def measured(weights, ids):
        trace = traced({f"{PATH}.weights": (PAIRS, weights), "embed_src.ids": ("batch position", ids)})
        return [trace[f"{PATH}.{name}"].values for name in ("pattern_clearness", "effective_keys", "is_top_key")]

    for plain, permuted in zip(
        measured(weights, ids), measured(weights[sentences][:, order], ids[sentences]), strict=True
    ):
        assert np.allclose(plain[sentences][:, order], permuted)


def test_breadth_is_the_number_of_keys_over_which_a_head_spreads_evenly():
    two = np.zeros((4, 4))
    two[:, :2] = 0.5
    assert np.allclose(heads(np.eye(4), two, uniform(4))[f"{PATH}.effective_keys"].values, [[1, 2, 4]])
    assert widest(heads(np.eye(4), two, uniform(4)))[:2] == (0, 2)


def test_the_widest_head_may_stand_in_any_layer_of_the_stack_that_is_asked():
    narrow, wide = np.eye(4)[None, None], uniform(4)[None, None]
    tensors = {}
    layers = {"encoder.0": narrow, "encoder.1": wide}
    layers |= {"decoder.0": narrow, "decoder.1": narrow, "decoder.2": wide}
    for path, weights in layers.items():
        tensors[f"{path}.self_attn.weights"] = (PAIRS, weights)
        tensors[f"{path}.self_attn.q"] = ("batch head query d_head", np.zeros((1, 1, 4, 1)))
    trace = traced(tensors)
    assert (widest(trace)[0], widest(trace, "decoder")[0]) == (1, 2)
    assert float(widest(trace, "decoder")[2]) == pytest.approx(4)
    assert (trace["encoder.all_heads"], trace["decoder.all_heads"]) == (2, 3)
    assert (trace["encoder.clear_heads"], trace["decoder.clear_heads"]) == (1, 2)


def test_a_pattern_is_told_with_the_share_of_this_head_the_chance_and_how_clear_it_is():
    seen = pattern_of(heads(uniform(6), stripe(6, -1)), PATH, 1)
    assert (float(seen.score), float(seen.chance), float(seen.clearness)) == pytest.approx((1, 1 / 6, 5 / 6))
    assert (seen.score.name, seen.score.index) == (f"{PATH}.pattern_scores", (0, 1, 0))
    assert (seen.chance.name, seen.chance.index) == (f"{PATH}.pattern_chances", (0, 0))
    assert (seen.clearness.name, seen.clearness.index) == (f"{PATH}.pattern_clearness", (0, 1, 0))


def test_tokens_of_another_pass_are_told_apart_by_the_ids_of_that_pass():
    trace = traced(
        {
            f"other.two.{PATH}.weights": (PAIRS, [[uniform(3)]]),
            "other.two.embed_src.ids": ("batch position", [[5, 6, 5]]),
            "embed_src.ids": ("batch position", [[1, 2, 3]]),
        }
    )
    assert at(trace, "pattern_queries", SAME, path=f"other.two.{PATH}") == 2


def test_without_ids_tokens_are_told_apart_by_the_rows_that_they_fetched():
    table = np.eye(3)
    trace = traced(
        {
            f"{PATH}.weights": (PAIRS, [[uniform(3)]]),
            "embed_src.token": ("batch position d_model", table[None, [2, 1, 2]]),
            "parameters.embed_src.table": ("vocab d_model", table),
        },
        {"embed_src.token": ("parameters.embed_src.table",)},
    )
    assert at(trace, "pattern_queries", SAME) == 2


def test_the_alignment_of_the_grammar_is_that_of_the_sentence_itself():
    path = "decoder.0.cross_attn"
    about = {"gold": {"words": ["x"], "alignment": [[0]]}, "output_tokens": ["x"]}
    trace = traced({f"other.two.{path}.weights": (PAIRS, [[uniform(2)]])}, **about)
    assert trace[f"other.two.{path}.pattern_scores"].labels["role"] == ("the place as far along",)


def test_a_query_that_may_see_nothing_spreads_over_nothing():
    rows = np.array([[0, 0, 0], [0.5, 0.5, 0], [1, 0, 0]])
    assert heads(rows)[f"{PATH}.effective_keys"].values.tolist() == [[1.5]]


def test_a_link_leads_from_one_token_to_another_and_is_no_sink():
    assert set(LINKS) == {BEFORE, BEHIND, SAME, INDUCTION}
