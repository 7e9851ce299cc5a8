"""Measures over several heads side by side, held against the model's own tensors."""

import numpy as np
import pytest

from transformer_core.studies.derived import register
from transformer_core.studies.sentence.read import read

PATH = "encoder.1.self_attn"


@pytest.fixture(scope="module")
def trace():
    return read("the red car")


def test_what_the_heads_write_adds_up_to_the_output(trace):
    part = trace.under(PATH)
    assert np.allclose(part["head_sums"].values[:, -1], part["out"].values, atol=1e-12)


def test_two_files_cannot_derive_the_same_name():
    with pytest.raises(ValueError, match=r"measures\.decoder does it"):
        register("mean_weights", max)
