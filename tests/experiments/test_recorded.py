"""What was recorded says what the lecture may claim: the committed figures, held against their directions."""

import numpy as np
import pytest

from transformer_core import results
from transformer_core.cast import EARNED
from transformer_core.trace import AXES, Trace

EXPERIMENTS = results.experiments()


def found(name):
    return Trace({}).under(f"experiment.{name}")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_recorded_experiment_says_how_to_run_it_again_and_holds_numbers_alone(name):
    card = results.card(name)
    about = card["about"]
    assert about["experiment"] == name
    assert about["command"] == f"lecture experiments run {name} --seed {about['seed']}"
    assert about["seconds"] < 20 * 60
    for full, facts in card["tensors"].items():
        assert {*facts["axes"]} <= {*AXES}, full
        values = results.found(full).values.astype(float)
        assert not np.isnan(values).any(), full


def test_all_that_was_recorded_is_small():
    assert sum(path.stat().st_size for path in results.FOLDER.glob("*")) < 15e6


def test_gender_is_told_from_adjectives_that_spanish_inflects_and_from_no_others():
    told, control = found("probe")["told_last"], found("probe")["control"].pick(layer="layer 2")
    assert told.pick(choice="inflected") > EARNED
    assert told.pick(choice="invariant") < 0.6
    assert (control.values < 0.6).all()


def test_a_transplanted_noun_moves_to_its_adjective_in_the_last_layer():
    shift = found("patching")["car_shift"]
    assert shift.pick(layer="layer 1", position="car") > 0.9
    assert shift.pick(layer="layer 2", position="car") < 0.1
    assert shift.pick(layer="layer 2", position="red") > 0.8


def test_a_norm_keeps_the_gradient_and_without_norm_and_add_it_vanishes():
    first = found("gradient_by_depth")["first"].pick(depth="16")
    assert first.pick(choice="no norm, no Add") < 1e-2
    assert 0.1 < first.pick(choice="pre-norm, no Add") < 10
    assert first.pick(choice="no norm") > 1e6


def test_without_add_the_rows_of_a_sentence_are_one_after_few_layers():
    share = found("rows_alike")["share"]
    assert share.pick(choice="pre-norm, no Add", layer="3") < 1e-3
    assert share.pick(choice="pre-norm", layer="16") > 0.3


def test_most_units_have_no_simple_name():
    assert found("neurons")["unnamed"] > 0.5


def test_words_are_found_again_in_their_sums():
    assert found("word_from_sum")["recovered"] > EARNED


def test_one_cross_attention_head_leaves_more_roles_to_the_encoder_than_four():
    named = found("cross_heads")["named"]
    assert named.pick(model="one") > named.pick(model="four")
    role = found("cross_heads")["best_role"].pick(role="determiner->noun")
    assert role.pick(model="one") > 0.99
    assert found("cross_heads")["best_role"].pick(role="copula->adjective", model="four") < 0.5
