"""Depth, Add and norm before any training, in sizes that take a second."""

import numpy as np
import pytest

from transformer_core.studies.experiments import depth
from transformer_core.studies.experiments.depth import KINDS, untrained
from transformer_core.studies.experiments.laboratory import Bench


@pytest.fixture(scope="module")
def gradients():
    return depth.gradient_by_depth(Bench(), depths=(2, 6), seeds=2, sentences=4)


def test_without_norm_and_add_less_gradient_reaches_the_first_layer_of_a_deeper_model(gradients):
    first = gradients["first"].pick(choice="no norm, no Add").values
    assert first[1] < first[0] / 2
    assert (first < gradients["first"].pick(choice="pre-norm").values).all()


def test_pre_norm_keeps_the_gradient_of_the_first_layer_in_its_range(gradients):
    first = gradients["first"].pick(choice="pre-norm").values
    assert 0.3 < first[1] / first[0] < 3


def test_every_layer_of_every_depth_has_its_gradient(gradients):
    assert gradients["layers_6"].shape == (len(KINDS), 2, 6)
    last = np.median(gradients["layers_6"].values[..., -1], axis=1)
    assert np.allclose(gradients["last"].pick(depth="6").values, last)


def test_without_add_the_rows_of_a_sentence_become_alike():
    last = depth.rows_alike(Bench(), layers=8, seeds=1, sentences=6)["last"]
    for norm in ("pre-norm", "post-norm"):
        assert last.pick(choice=f"{norm}, no Add") < last.pick(choice=norm) / 2


def test_kinds_differ_in_norm_and_add_alone():
    plain = untrained("pre-norm", 1, 0).config.as_dict()
    for kind, changes in KINDS.items():
        other = untrained(kind, 1, 0).config.as_dict()
        differing = {name for name in plain if plain[name] != other[name]}
        assert differing <= {"norm_order", "residual", "final_norm"}
        assert {name: other[name] for name in changes} == changes
