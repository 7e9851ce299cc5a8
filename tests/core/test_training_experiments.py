"""The experiments that train a translator, in sizes that take seconds: they run, and point where they should."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transformer_core.experiments import against_lstm, emergence, parts_removed
from transformer_core.experiments.laboratory import Bench
from transformer_core.experiments.translation import BRIEF

#: Two layers a side need more steps than a test has; one a side shows the same.
SMALL = BRIEF.sizes | {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1}
TINY = replace(BRIEF, steps=400, sentences=6000, batch=32, warm_up=50, peak_rate=8e-3, sizes=SMALL)


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


def test_less_is_learned_without_positions_and_least_without_residual_connections():
    parts = ("nothing", "positions", "residual")
    found = parts_removed.run(Bench(), TINY, parts, trainings=1, sentences=60, checks=(200, 400))
    losses = dict(zip(parts, found["held_out_loss"].values[:, 0], strict=True))
    assert found["curve"].axes == ("part", "seed", "step")
    assert losses["residual"] > losses["positions"] > losses["nothing"]


@pytest.mark.parametrize("part", parts_removed.PARTS)
def test_leaving_out_a_part_changes_the_recipe_and_nothing_but_that_part(part):
    left = parts_removed.without(part, TINY, 7)
    changes = {n: v for n, v in left.sizes.items() if v != TINY.sizes.get(n)} | (
        {"warm_up": 0} if left.warm_up == 0 else {}
    )
    assert changes == parts_removed.PARTS[part]
    assert replace(left, sizes=TINY.sizes, seed=TINY.seed, warm_up=TINY.warm_up) == TINY


@pytest.fixture(scope="module")
def compared():
    return against_lstm.run(Bench(), TINY, trainings=1, sentences=300, words=8, checks=(200, 400))


def test_the_three_models_have_about_as_many_parameters_in_the_recorded_sizes():
    sizes = [sum(p.numel() for p in against_lstm.built(name, BRIEF).parameters()) for name in against_lstm.MODELS]
    assert max(sizes) < 1.05 * min(sizes)


def test_an_lstm_gains_from_attention(compared):
    losses = dict(zip(against_lstm.MODELS, compared["held_out_loss"].values[:, 0], strict=True))
    assert losses["LSTM with attention"] < losses["LSTM"]
    assert compared["by_length"].shape[-1] == len(compared["length"])


def test_before_training_less_gradient_reaches_the_first_word_of_an_lstm_than_its_last(compared):
    gradient = compared["gradient"].pick(seed=0, choice="before training")
    assert gradient.pick(model="LSTM", position=0) < gradient.pick(model="LSTM", position=7)
    assert (gradient.values > 0).all()
