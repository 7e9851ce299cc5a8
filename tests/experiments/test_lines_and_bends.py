"""Linearity, and what a bend is for: in sizes that take a second."""

import numpy as np
import torch

from transformer_core.studies.experiments import parts
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.studies.translator.grammar.lexicon import kinds


def test_a_line_parts_two_opposite_clouds_at_most_and_the_layer_all_four():
    found = parts.boundary(Bench(), steps=300, seeds=2, looks=6)
    assert 0.7 < found["line_accuracy"].values < 0.8
    assert found["accuracy_last"].values > 0.98
    assert found["planes"].shape == (6, parts.CELLS, parts.CELLS)
    assert found["steps"].values[0] == 0


def test_the_best_line_parts_what_a_line_can_part():
    x = torch.tensor([[0.0, 1.0], [1.0, 2.0], [2.0, -1.0], [3.0, 0.0]])
    piece = parts.best_line(x, torch.tensor([1, 1, 0, 0]))
    assert piece["accuracy"] == 1


def test_every_crease_is_where_its_unit_wakes():
    layer = parts.layer_of(3, seed=1)
    piece = parts.trained(seed=1, steps=0, frames=(0,), points=4, hidden=3)
    (x, y, b) = piece["creases"][0, 0]
    on_it = torch.tensor([-b * x, -b * y]) / (x * x + y * y)
    assert torch.nn.functional.linear(on_it, layer.w1, layer.b1)[0].abs() < 1e-6


def test_fixed_weights_and_two_matrices_are_linear_in_every_sentence_and_nothing_else_is_in_any():
    found = parts.linearity(Bench(), sentences=6)
    for test in ("fixed shares", "two matrices"):
        assert (found["largest"].pick(choice=test).values < 1e-12).all()
    for test in ("attention", "feed-forward", "norm", "with biases"):
        assert (found["smallest"].pick(choice=test).values > 0.01).all()


def test_the_area_is_the_share_of_pairs_that_a_unit_orders_rightly():
    values = np.array([3.0, 1.0, 1.0, 0.0])
    members = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=float)
    # 3 > 1, 3 > 0, 1 = 1 (half), 1 > 0: 3.5 of 4 pairs.
    assert parts.areas(values, members).tolist() == [3.5 / 4, 0.5 / 4]


def test_every_kind_of_words_is_met_in_the_sentences():
    found = parts.neurons(Bench(), sentences=150)
    assert np.isfinite(found["area"].values).all()
    assert found["area"].labels["kind"] == tuple(kinds())
    best = found["area"].values.max(-1)
    assert np.allclose(found["best"].values, best)
    assert best.max() > 0.9
