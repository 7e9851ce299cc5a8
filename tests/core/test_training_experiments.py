"""The experiments that train a translator, in sizes that take seconds: they run, and point where they should."""

from __future__ import annotations

import pytest

from transformer_core.experiments import emergence
from transformer_core.experiments.laboratory import Bench


@pytest.fixture(scope="module")
def growth():
    return emergence.run(Bench(), steps=160, looks=4, sentences=60, drawn=3000)


def test_a_watched_training_has_every_measure_at_every_checkpoint(growth):
    looks = growth["step"].values
    assert looks[0] == 0
    assert looks[-1] == 160
    for name in ("exact", "alignment", "roles.score", "score_variance", "decoder.0.cross_attn.weights", "tired.probs"):
        assert growth[name].axes[0] == "checkpoint"
        assert len(growth[name]) == len(looks)
        assert growth[name].labels["checkpoint"] == tuple(map(str, looks))


def test_the_loss_on_held_out_sentences_falls_as_the_model_is_trained(growth):
    assert growth["held_out_loss"].values[-1] < growth["held_out_loss"].values[0] / 2


def test_scaled_scores_have_a_variance_of_about_one_before_any_training(growth):
    assert 0.2 < growth["score_variance"].values[0].mean() < 3
