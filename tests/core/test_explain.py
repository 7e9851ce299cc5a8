"""Every number of a trace says how it was made, and is that number when it is made again from what it names."""

import numpy as np
import pytest
import torch
from core_models import model
from foreign import gpt2, marian
from hugging_face_models import BUILD, build, run_ours
from hugging_face_models import given as inputs_of
from model_shapes import GIVEN, SHAPES, given, shapes

from transformer_core.decoding.sampling import greedy
from transformer_core.parameters import add_parameters
from transformer_core.pretrained import load_hugging_face
from transformer_core.studies.sentence.read import read
from transformer_core.studies.translator.train import FOUR_CROSS_HEADS, POST_NORM
from transformer_core.tracing.explain import Entry, explain
from transformer_core.tracing.operations import OPERATIONS, Operation
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import NamedTensor, Trace

ENTRIES = 200


def unlabelled(_name, _axis):
    return None


def traced(watched, *inputs):
    with record() as tape, torch.no_grad():
        watched(*inputs)
    return add_parameters(tape.trace(), watched, unlabelled)


def entries(trace, name, count=ENTRIES):
    """Up to `count` random entries of a tensor, each once."""
    tensor = trace.full(name)
    random = np.random.default_rng(0)
    chosen = random.choice(tensor.values.size, min(count, tensor.values.size), replace=False)
    for place in chosen:
        index = np.unravel_index(int(place), tensor.shape)
        yield Entry(trace, name, dict(zip(tensor.axes, map(int, index), strict=True)))


def faults(trace, error=1e-12, count=ENTRIES, names=None):
    """Points that no operation explains, and entries whose number is another one when it is computed again."""
    found = []
    for name in trace.parents if names is None else names:
        if name.endswith(GIVEN):
            continue
        scale = max(1.0, float(np.abs(trace.full(name).values[np.isfinite(trace.full(name).values)]).max(initial=0)))
        for entry in entries(trace, name, count):
            if entry.operation is None:
                found.append(f"{name}: no operation")
                break
            if not (entry.recomputed == entry.value or abs(entry.recomputed - entry.value) <= error * scale):
                found.append(f"{name}{entry.index}: {entry.recomputed} is not {entry.value}")
                break
    return found


@pytest.fixture(scope="module")
def red():
    return read("The car is red")


@pytest.mark.parametrize(
    ("checkpoint", "count"),
    [(None, ENTRIES), *(pytest.param(one, 40, marks=pytest.mark.slow) for one in (POST_NORM, FOUR_CROSS_HEADS))],
    ids=["pre-norm", "post-norm", "four cross heads"],
)
def test_every_point_of_the_shipped_models_is_explained(checkpoint, count):
    trace = read("The car is red", checkpoint)
    points = [name for name in trace.parents if not name.startswith("other.")]
    assert len(points) > 200
    assert faults(trace, count=count, names=points) == []


def test_every_point_of_an_lstm_that_stands_beside_is_explained(red):
    points = [name for name in red.parents if name.startswith("other.") and "lstm" in name]
    assert len(points) > 50
    assert faults(red, count=20, names=points) == []


ATTENTION = "encoder.1.self_attn"
#: A measure, an entry of it, and the entries of which it was made.
MADE_OF = [
    (f"{ATTENTION}.weight_sums", {"head": 1, "query": 3},
     [(f"{ATTENTION}.weights", (0, 1, 3, key)) for key in range(4)]),
    (f"{ATTENTION}.partial_dot", {"head": 0, "query": 0, "key": 1, "d_head": 2},
     [(f"{ATTENTION}.terms", (0, 0, 0, 1, d)) for d in range(3)]),
    (f"{ATTENTION}.weighted_v", {"head": 0, "query": 1, "key": 2, "d_head": 3},
     [(f"{ATTENTION}.weights", (0, 0, 1, 2)), (f"{ATTENTION}.v", (0, 0, 2, 3))]),
    ("losses", {"position": 2}, [("true_probs", (0, 2))]),
    ("decoder.0.cross_attn.top_keys", {"query": 1},  # an index: no small change moves it
     [("decoder.0.cross_attn.mean_weights", (0, 1, key)) for key in range(4)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "at", "entries"), MADE_OF, ids=[name for name, *_ in MADE_OF])
def test_a_measure_says_of_which_entries_it_was_made(red, name, at, entries):
    cell = red.explain(name, **at)
    assert cell.operation.kind == "measure"
    assert cell.operation.equation
    assert sorted((entry.name, entry.index) for (entry,) in cell.terms) == sorted(entries)
    assert cell.recomputed == cell.value


def test_the_difference_from_the_largest_score_is_made_of_the_two_alone(red):
    largest = red[f"{ATTENTION}.masked"].pick(head=0, query=0).values[0].argmax()
    other = (int(largest) + 1) % 4
    terms = red.explain(f"{ATTENTION}.scores_minus_max", head=0, query=0, key=other).terms
    assert {entry.at["key"] for (entry,) in terms} == {int(largest), other}


def test_what_other_entries_of_a_measure_found_out_changes_no_answer(red):
    known = {}
    for head, query in np.ndindex(4, 4):
        entry = red.explain(f"{ATTENTION}.weight_sums", head=head, query=query)
        alone = [(one.name, one.index) for one in entry.moving()]
        assert [(one.name, one.index) for one in entry.moving(known)] == alone
        assert len(alone) == 4


def test_what_is_recorded_under_the_name_of_a_measure_is_none():
    """`difference` is a measure of what has seeds; here one number was recorded as it."""
    trace = Trace({"run.difference": NamedTensor("run.difference", np.array(0.5), ())})
    cell = trace.explain("run.difference")
    assert (cell.made_by, cell.terms, cell.value) == ("not explained", (), 0.5)


def test_what_an_experiment_recorded_says_which(red):
    cell = red.explain("experiment.variance.width", width=0)
    assert (cell.made_by, cell.terms) == ("measure: recorded by the experiment variance", ())


@shapes
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
def test_every_point_of_every_shape_of_model_is_explained_for_a_whole_batch(shape, padded):
    assert faults(traced(model(**SHAPES[shape]), *given(shape, padded)), count=20) == []


@pytest.mark.parametrize("shape", ["pre-norm", "BERT", "GPT-2", "Llama"])
def test_in_single_precision_the_numbers_agree_to_its_rounding(shape):
    assert faults(traced(model(torch.float32, **SHAPES[shape]), *given(shape)), error=2e-6, count=20) == []


@pytest.mark.parametrize(
    "kind",
    [
        "BertForMaskedLM",
        "BertForPreTraining",
        "GPT2LMHeadModel",
        "MarianMTModel",
        "LlamaForCausalLM 3.1",
        "Qwen3ForCausalLM",
    ],
)
def test_every_point_of_the_models_of_hugging_face_is_explained(kind, tmp_path):
    assert kind in BUILD
    build(kind).save_pretrained(tmp_path)
    ours = load_hugging_face(tmp_path, torch.float64)
    with record() as tape, torch.no_grad():
        run_ours(kind, ours, inputs_of())
    assert faults(add_parameters(tape.trace(), ours, unlabelled), count=20) == []


@pytest.mark.parametrize("build_pair", [gpt2, marian], ids=["GPT-2", "Marian"])
def test_keys_and_values_out_of_a_cache_come_from_the_step_before(build_pair):
    _, ours = build_pair()
    source = torch.tensor([[3, 4, 5]])
    alone = ours.encoder is None
    with record() as tape, torch.no_grad():
        greedy(ours, None if alone else source, source if alone else torch.tensor([[0]]), end=2, longest=4)
    trace = add_parameters(tape.trace(), ours, unlabelled)
    steps = [name for name in trace.parents if name.startswith("step.")]
    assert any(
        entry.operation.kind == "copy" for n in steps if n.endswith("self_attn.k") for entry in entries(trace, n)
    )
    assert faults(trace, count=20, names=steps) == []


def test_a_cell_names_what_it_was_made_of_down_to_the_ids(red):
    cell = explain(red, "encoder.1.self_attn.weights", head=1, query="red", key="car")
    assert cell.operation.kind == "softmax"
    assert [entry.labels["key"] for (entry,) in cell.terms] == ["The", "car", "is", "red"]
    score = cell.terms[1][0].terms[0][0].terms[0][0]
    assert (score.name, score.labels["query"], score.labels["key"]) == ("encoder.1.self_attn.scores", "red", "car")
    assert [(q.name[-1], k.name[-1], q.labels["query"], k.labels["key"]) for q, k in score.terms] == [
        ("q", "k", "red", "car")
    ] * 16
    reached = set()
    while cell.terms:
        cell = cell.terms[-1][0] if not cell.name.endswith("token") else cell.terms[0][0]
        reached.add(cell.name)
    assert cell.name.startswith("parameters.") or cell.name.endswith("ids")


def test_a_product_has_one_term_for_each_entry_that_is_summed_over(red):
    q = explain(red, "encoder.0.self_attn.q", head=2, query="is", d_head=5)
    assert len(q.terms) == 64 + 1  # and the bias
    x, w = q.terms[7]
    assert (x.at["position"], x.at["d_model"], w.at["d_model"], w.at["head"], w.at["d_head"]) == (2, 7, 7, 2, 5)
    out = explain(red, "encoder.0.self_attn.out", position="is", d_model=9)
    assert [term[0].at["head"] for term in out.terms[:-1]] == [0, 1, 2, 3]


def test_heads_stand_beside_each_other_in_the_concatenation(red):
    ((cell,),) = explain(red, "encoder.0.self_attn.concat", position=3, d_model=35).terms
    assert (cell.at["head"], cell.at["d_head"], cell.at["query"]) == (2, 3, 3)


def test_an_edited_number_says_what_it_would_be_without_the_edit():
    edited = read("The car is red", edit=["encoder.0.ffn.out[position=red]=0"])
    zeroed = explain(edited, "encoder.0.ffn.out", position="red", d_model=0)
    assert zeroed.edited
    assert zeroed.value == 0 != zeroed.recomputed
    assert "edited" in zeroed.tree()
    assert not explain(edited, "encoder.0.ffn.out", position="car", d_model=0).edited


def test_a_partial_trace_is_not_explained():
    watched = model(**SHAPES["pre-norm"])
    with record(only=["*.resid_post"]) as tape, torch.no_grad():
        watched(*given("pre-norm"))
    with pytest.raises(ValueError, match=r"kept only \*\.resid_post: to explain a number, record\(\) without only="):
        explain(tape.trace(), "encoder.0.resid_post", batch=0, position=0, d_model=0)


@pytest.mark.parametrize(
    ("picks", "line"),
    [
        ({"head": 1, "query": 0}, "has 4 places along key: say which, of The, car, is, red"),
        ({"head": 1, "query": 0, "key": "bus"}, "has no 'bus' along key: it has The, car, is, red"),
        ({"head": 9, "query": 0, "key": 0}, "has 4 entries along head, none at 9"),
        ({"row": 1}, "has no axis 'row': it has batch, head, query, key"),
    ],
)
def test_a_place_that_is_not_there_or_not_named_is_told(red, picks, line):
    with pytest.raises((KeyError, ValueError), match=line):
        explain(red, "encoder.1.self_attn.weights", **picks)


def test_a_word_that_stands_twice_has_to_be_given_by_its_place():
    trace = read("the car the car")
    with pytest.raises(ValueError, match=r"'car' stands at 1, 3 along key of .*: give the number"):
        explain(trace, "encoder.1.self_attn.weights", head=1, query=0, key="car")


def test_a_view_is_explained_as_the_tensor_that_it_shows(red):
    view = red.under("encoder.1.self_attn", batch=0, head=1)
    assert explain(view, "weights", query="red", key="car").index == (0, 1, 3, 1)


@pytest.mark.parametrize(
    ("point", "wrong"),
    [
        ("scores", Operation("dot product", "q · q", "q q")),
        ("weights", Operation("copy", "no softmax", "masked")),
        ("q", Operation("matrix product", "without the bias", "x w_q")),
        ("out", Operation("sum", "without the bias", "head_out")),
        ("z", Operation("weighted sum", "of the keys", "weights k")),
        ("scaled", Operation("copy", "unscaled", "x")),
    ],
)
def test_a_wrong_operation_is_found_out(red, point, wrong, monkeypatch):
    monkeypatch.setitem(OPERATIONS, point, (wrong,))
    assert faults(red, names=[f"encoder.1.self_attn.{point}"])
