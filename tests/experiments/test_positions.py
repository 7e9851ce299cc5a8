"""Effect of positions, measured on the lecture's model: in sizes that take a second."""

import numpy as np
import pytest

from transformer_core.studies.experiments import vectors
from transformer_core.studies.experiments.laboratory import Bench


def test_without_positions_shuffled_rows_only_trade_places():
    found = vectors.shuffle(Bench(), sentences=10)
    assert (found["largest"].pick(choice="without").values < 1e-12).all()
    assert (found["typical"].pick(choice="with positions").values > 0.1).all()


def test_a_word_is_the_nearest_to_its_sum_if_it_is_longer_than_the_place():
    words = np.array([[3.0, 0.0], [0.0, 3.0]])
    near, far = words + np.array([0.0, 1.0]), words + np.array([0.0, 9.0])
    assert vectors.by_cosine(words, np.stack([near, far])).tolist() == [[True, True], [False, True]]


def test_a_reader_tells_words_that_it_was_not_fitted_on():
    random = np.random.default_rng(0)
    words, places = random.normal(size=(5, 16)), random.normal(size=(20, 16))
    assert vectors.by_reader(words + places[:, None], seed=0).mean() > 0.9
    assert vectors.by_reader(random.normal(size=(20, 5, 16)), seed=0).mean() < 0.5


def test_words_are_found_again_in_the_sums_of_the_lectures_model():
    found = vectors.word_from_sum(Bench(), positions=4)
    assert found["recovered_by_position"].shape == (4,)
    assert found["recovered"].values == pytest.approx(found["recovered_by_position"].values.mean())
    assert found["recovered"].values > 0.9


def test_the_places_of_some_head_prefer_one_direction():
    found = vectors.direction(Bench(), sentences=12)
    assert found["place_with_place"].labels["offset"][vectors.FARTHEST] == "0"
    lead = np.abs(found["asymmetry"].values) - found["asymmetry_spread"].values
    assert lead.max() > 0
    behind, before = found["behind"].values, found["before"].values
    assert np.allclose(behind - before, found["asymmetry"].values)
    assert np.allclose(found["place_with_place"].pick(offset="1").values, behind[:, 0])
    assert np.allclose(found["place_with_place"].pick(offset="-1").values, before[:, 0])
