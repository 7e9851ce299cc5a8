"""The experiments that train a translator, in sizes that take seconds: they run, and point where they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from transformer_core.studies.experiments import against_lstm, descent, emergence, lstm_checkpoints, output, trainings
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.studies.experiments.translation import BRIEF, TrainingPlan, built, changed, judged, rebuilt
from transformer_core.studies.sentence import lstm_trace
from transformer_core.tracing.trace import Trace

#: Two layers a side need more steps than a test has; one a side shows the same.
SMALL = BRIEF.sizes | {"d_model": 32, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1}
TINY = replace(BRIEF, steps=400, sentences=6000, batch=32, warm_up=50, peak_rate=8e-3, sizes=SMALL)


@pytest.fixture(scope="module")
def growth():
    return emergence.emergence(Bench(), steps=160, looks=4, sentences=60, drawn=3000)


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


@pytest.fixture(scope="module")
def early():
    return descent.descent(Bench(), at=120, drawn=3000)


def test_a_nudge_of_a_score_moves_the_loss_as_its_gradient_says(early):
    nudges, losses = early["nudge"].values, early["nudged_loss"].values
    middle = len(nudges) // 2
    assert nudges[middle] == 0
    assert np.allclose(losses[:, middle], early["word_loss"].values)
    slopes = early["gradients.decoder.1.cross_attn.scaled"].values[0, 0, int(early["place"].values)]
    measured = (losses[:, middle + 1] - losses[:, middle - 1]) / (nudges[middle + 1] - nudges[middle - 1])
    assert np.allclose(measured, slopes, atol=0.02 * np.abs(slopes).max())
    assert np.allclose(early["nudged_weights"].values.sum(-1), 1)


def test_small_steps_descend_the_measured_loss_and_the_gradient_is_that_of_all_parts(early):
    small = early["small_losses"].values
    assert small[0] == early["batch_loss"].values
    assert (np.diff(small) < 0).all()
    first = early["small_places"].values[1]
    assert np.isclose(first, descent.SMALL[0] * early["gradient_norm"].values)
    assert np.isclose((early["part_gradients"].values ** 2).sum(), early["gradient_norm"].values ** 2)
    grid, losses = early["place_along"].values, early["loss_along"].values
    for name in ("small", "large"):
        there = np.interp(early[f"{name}_places"].values, grid, losses)
        assert np.allclose(there, early[f"{name}_losses"].values, atol=0.01)


def test_the_committed_early_step_leaps_too_far_with_large_steps_and_its_sentence_is_in_no_batch():
    trace = Trace({}).under("experiment.descent")
    assert trace["in_training"] == 0
    assert (np.diff(trace["small_losses"].values) < 0).all()
    assert (np.diff(trace["large_losses"].values) > 0).all()
    assert trace["gradients.decoder.1.cross_attn.score_gradient_difference"] < 1e-5
    assert str(trace["probs"].pick(batch=0, position=3).largest()[0]) != descent.WORD


def test_less_is_learned_without_positions_and_least_without_residual_connections():
    parts = ("nothing", "positions", "residual")
    found = trainings.parts_removed(Bench(), TrainingPlan(TINY, 1, 60, (200, 400)), parts)
    losses = dict(zip(parts, found["held_out_loss"].values[:, 0], strict=True))
    assert found["curve"].axes == ("part", "seed", "step")
    assert losses["residual"] > losses["positions"] > losses["nothing"]


@pytest.mark.parametrize("part", trainings.PARTS)
def test_leaving_out_a_part_changes_the_recipe_and_nothing_but_that_part(part):
    left = changed(TINY, trainings.PARTS[part], 7)
    changes = {n: v for n, v in left.sizes.items() if v != TINY.sizes.get(n)} | (
        {"warm_up": 0} if left.warm_up == 0 else {}
    )
    assert changes == trainings.PARTS[part]
    assert replace(left, sizes=TINY.sizes, seed=TINY.seed, warm_up=TINY.warm_up) == TINY


@pytest.fixture(scope="module")
def compared():
    return against_lstm.against_lstm(Bench(), TINY, trainings=1, sentences=300, words=8, checks=(200, 400))


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


def test_the_lstm_checkpoints_are_trained_measured_and_saved(tmp_path):
    cards = lstm_checkpoints.make(replace(TINY, steps=3), 40, tmp_path)
    for card, (name, path) in zip(cards, lstm_trace.CHECKPOINTS.items(), strict=True):
        model, vocabulary, about = lstm_trace.load_lstm(tmp_path / path.name)
        assert about["name"] == card["name"] == name
        assert (model.w_a is not None) == ("attention" in name)
        assert model.embed_src.num_embeddings == len(vocabulary.source)
        assert f"{card['parameters']:,} parameters" in (tmp_path / path.name).with_suffix(".md").read_text()


def test_six_layers_a_side_learn_less_with_post_norm_where_there_is_no_warm_up():
    deep = replace(TINY, steps=60, sizes=TINY.sizes | {"d_model": 16, "encoder_layers": 6, "decoder_layers": 6})
    models = ("pre-norm, no warm-up", "post-norm, no warm-up")
    losses = trainings.depth_and_norm(Bench(), TrainingPlan(deep, 1, 50, (60,)), models)["held_out_loss"]
    assert losses.pick(seed=0, model=models[0]) < losses.pick(seed=0, model=models[1])


def test_more_sentences_help_a_model_that_has_seen_few():
    brief = replace(TINY, steps=250)
    losses = trainings.size_and_data(Bench(), TrainingPlan(brief, 1, 50, ()), (32,), (100, 6000))["held_out_loss"]
    assert losses.pick(seed=0, width=0, amount="6000") < losses.pick(seed=0, width=0, amount="100")


def test_the_larger_the_first_weights_the_spikier_the_first_attention():
    largest = [trainings.first_weights(BRIEF, scale).max(-1).mean() for scale in (0.25, 1, 4)]
    assert largest[0] < 0.27 < largest[1] < largest[2]


def test_without_positions_the_mask_of_the_decoder_tells_the_place_of_a_copy_and_the_encoder_does_not():
    encoder, decoder = trainings.places_read(built(replace(TINY, sizes=SMALL | {"positions": "none"})).eval())
    assert abs(encoder) < 0.01
    assert decoder > 0.05


def test_the_weights_of_a_judged_training_can_be_taken_up_again():
    few = replace(TINY, steps=3)
    piece = judged(Bench(), few, 10, ())
    assert all(
        (one == other).all()
        for one, other in zip(
            rebuilt(few, piece).parameters(), rebuilt(few, judged(Bench(), few, 10, ())).parameters(), strict=True
        )
    )
    assert (rebuilt(few, piece).embed_src.table != built(few).embed_src.table).any()


def test_roles_are_scored_in_every_training():
    found = trainings.heads_over_seeds(Bench(), replace(TINY, steps=20), trainings=2, sentences=30)
    assert found["score"].axes == ("seed", "role", "layer", "head")
    assert found["best_score"].values.max() <= 1
    assert 0 <= found["held"].values <= found["tried"].values == 2
    assert (found["places"].values >= 1).all()


def test_sampling_is_right_less_often_than_taking_the_likeliest_word():
    found = output.sampling(Bench(), draws=1, sentences=60)["exact"]
    assert found.pick(choice="sampled", seed=0) < found.pick(choice="greedy", seed=0)


def test_the_committed_training_settles_alignment_before_adjectives_and_lets_go_of_the_invariant_ones():
    trace = Trace({}).under("experiment.emergence")
    settled, steps = trace["roles.score_of_final_head"], trace["step"].values
    inflected = steps[settled.pick(role="adjective(inflected)->noun").values > 0.8][0]
    assert steps[trace["alignment"].values > 0.8][0] < inflected
    assert settled.pick(role="adjective(inflected)->noun").values[-1] > 0.95
    assert settled.pick(role="adjective(invariant)->noun").values[-1] < 0.05
    assert trace["exact"].values[-1] > 0.99
