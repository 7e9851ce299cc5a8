"""Claims of the lecture about trainings, held against the committed ones: direction, and whether it is an effect."""

import numpy as np
import pytest

from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import NamedTensor, Trace

TRACE = Trace({})
REMOVED = TRACE.under("experiment.parts_removed.exact")


@pytest.mark.parametrize("part", ["positions", "residual", "feed-forward", "root"])
def test_leaving_out_costs_more_than_chance_explains(part):
    assert REMOVED["difference"].pick(part=part) < -0.03
    assert REMOVED["effect"].pick(part=part) == 1


@pytest.mark.parametrize("part", ["all heads but one", "warm-up"])
def test_leaving_out_makes_no_difference_that_can_be_told_from_chance(part):
    assert REMOVED["effect"].pick(part=part) == 0


def test_with_all_else_alike_two_layers_a_side_are_better_without_norm_and_six_need_it():
    deep = TRACE["experiment.depth_and_norm.exact"]
    names = "pre-norm, no warm-up", "no norm, no warm-up"
    for depth, better in (("shallow, ", 1), ("", 0)):
        pair = [deep.pick(model=f"{depth}{name}") for name in names]
        assert counts(*pair)
        assert np.argmax([row.values.mean() for row in pair]) == better
    assert deep.pick(model="no norm, no warm-up").values.max() == 0


def test_two_layers_a_side_gain_without_norm_after_a_warm_up_too():
    assert REMOVED["difference"].pick(part="norm") > 0
    assert REMOVED["effect"].pick(part="norm") == 1


def test_the_root_is_worth_more_to_one_wide_head_than_to_several_narrow_ones():
    exact = TRACE["experiment.parts_removed.exact"]

    def lost(whole, rest):
        values = exact.pick(part=whole).values - exact.pick(part=rest).values
        return NamedTensor("lost", values, ("seed",))

    narrow, wide = lost("nothing", "root"), lost("all heads but one", "all heads but one, and root")
    assert counts(narrow, wide)
    assert wide.values.mean() > 3 * narrow.values.mean()


def test_attention_is_most_of_what_a_transformer_has_over_an_lstm():
    lstm, attending, transformer = TRACE["experiment.against_lstm.exact.over_seeds"].values
    assert lstm < attending < transformer
    assert attending - lstm > (transformer - lstm) / 2
    assert TRACE["experiment.against_lstm.exact.effect"].values.tolist() == [0, 1, 1]


def test_the_longer_the_sentence_the_further_an_lstm_falls_behind():
    right = TRACE["experiment.against_lstm.by_length.over_seeds"]
    short, long = (right.pick(length=length).values for length in ("5", "13"))
    assert long[0] < 0.1
    assert short[0] > 0.8
    assert (long < short).all()


def test_before_training_the_gradient_of_an_lstm_shrinks_with_every_word_and_a_transformers_does_not():
    gradient = TRACE["experiment.against_lstm.gradient.over_seeds"].pick(choice="before training")
    assert (np.diff(gradient.pick(model="LSTM").values) > 0).all()
    transformer = gradient.pick(model="Transformer").values
    assert transformer.max() < 2 * transformer.min()


def test_waves_beat_learned_rows_and_both_beat_none_in_a_brief_training():
    waves, learned, none = TRACE["experiment.positions_compared.exact.over_seeds"].values
    assert waves > learned > none > 0.3
    exact = TRACE["experiment.positions_compared.exact"]
    assert counts(exact.pick(choice="waves"), exact.pick(choice="learned"))


def test_without_positions_only_the_masked_decoder_can_tell_a_place():
    read = TRACE["experiment.positions_compared.place_read"]
    assert (abs(read.pick(model="encoder").values) < 1e-6).all()
    assert (read.pick(model="decoder").values > 0.1).all()


def test_more_width_and_more_sentences_both_help():
    exact = TRACE["experiment.size_and_data.exact"]
    here = exact.pick(width="32", amount="4000")
    assert counts(exact.pick(width="64", amount="4000"), here)
    assert counts(exact.pick(width="32", amount="8000"), here)


def test_fourfold_first_weights_are_a_bad_start_and_a_quarter_is_not_clearly_worse():
    effects = TRACE["experiment.initial_scales.exact.effect"]
    assert effects.pick(choice="fourfold") == 1
    assert effects.pick(choice="quarter") == 0


def test_a_role_settles_in_another_head_in_another_training():
    seeds = TRACE.under("experiment.heads_over_seeds")
    assert seeds["places"].pick(role="adjective(inflected)->noun") > 1
    assert seeds["best_score"].pick(role="copula->adjective").values.min() > 0.95


def test_sampling_at_temperature_one_costs_more_than_chance_explains():
    assert TRACE["experiment.sampling.exact.effect"].pick(choice="sampled") == 1


def test_in_every_training_the_head_of_inflected_adjectives_leaves_invariant_ones_alone():
    seeds = TRACE.under("experiment.heads_over_seeds")
    assert seeds["held"] == seeds["tried"] == 5
    assert seeds["adjectives"].pick(choice="invariant").values.max() < 0.1
