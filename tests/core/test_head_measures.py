"""Measures over several heads side by side, held against the model's own tensors."""

import numpy as np
import pytest

from transformer_core.studies.derived import register
from transformer_core.studies.sentence.read import read
from transformer_core.tracing.trace import NamedTensor, Trace

PATH = "encoder.1.self_attn"


@pytest.fixture(scope="module")
def trace():
    return read("the red car")


def test_what_the_heads_write_adds_up_to_the_output(trace):
    part = trace.under(PATH)
    assert np.allclose(part["head_sums"].values[:, -1], part["out"].values, atol=1e-12)


def test_a_row_that_serves_all_heads_still_sums_to_one(trace):
    mean = trace[f"{PATH}.mean_weights"]
    assert np.allclose(mean.values.sum(-1), 1)
    assert mean.words("key") == ("the", "red", "car")


def test_an_entry_of_the_row_moves_the_query_of_every_head_as_far_as_its_reach_says(trace):
    part, weights = trace.under(PATH, batch=0), trace.under(f"parameters.{PATH}")
    x = trace["encoder.1.ln1.out"].values[0, 1]
    moved = x.copy()
    moved[5] += 1
    for head in range(4):
        before, after = (np.einsum("m,md->d", row, weights["w_q"].values[head]) for row in (x, moved))
        assert np.linalg.norm(after - before) == pytest.approx(part["query_sensitivity"].values[head, 5])
    assert part["sensitive_heads"].values[5] == 4


def test_an_entry_that_no_matrix_reads_reaches_no_head():
    w_q = np.array([[[1.0, 2], [0, 0]], [[0, 0], [0, 0]]])
    trace = Trace({"parameters.a.w_q": NamedTensor("parameters.a.w_q", w_q, ("head", "d_model", "d_head"))})
    assert trace["a.sensitive_heads"].values.tolist() == [1, 0]


def test_two_files_cannot_derive_the_same_name():
    with pytest.raises(ValueError, match=r"measures\.decoder does it"):
        register("mean_weights", max)
