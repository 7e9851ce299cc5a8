import numpy as np
import pytest
from small import traced

from transformer_core.embedding import sinusoids
from transformer_core.studies.measures.position_table import MOST_PLACES
from transformer_core.studies.sentence.read import read


def model_with(positions="interleaved", **tensors):
    return traced(tensors, config={"positions": positions, "max_positions": 64, "d_model": 8})


@pytest.mark.parametrize(("layout", "halves"), [("interleaved", False), ("halves", True)])
def test_places_are_the_rows_of_the_models_own_sinusoids(layout, halves):
    here = model_with(layout)["embed_src.position_table"].values
    assert here.shape == (MOST_PLACES, 8)
    assert np.allclose(here, sinusoids(64, 8, halves).numpy()[:MOST_PLACES], atol=1e-6)


def test_places_begin_with_the_positions_of_the_sentence():
    trace = read("the car is red")
    assert np.allclose(trace["embed_src.position_table"].values[:4], trace["embed_src.positional"].values[0])


def test_learned_places_are_the_learned_rows():
    rows = np.arange(24.0).reshape(3, 8)
    trace = model_with("learned", **{"parameters.embed_src.positions": ("position d_model", rows)})
    assert trace["embed_src.position_table"].values.tolist() == rows.tolist()
    # 0..7 with 8..15: 0*8 + 1*9 + ... + 7*15 = 364; 8..15 with 16..23: 1900; so the products do not go by distance.
    assert trace["embed_src.position_products"].values[0, 1] == 364
    assert trace["embed_src.position_products_spread"] > 1000
    alike = np.array([[1.0, 0], [0, 1], [0, 1]])  # all of one length: 0 and 1 are unlike, 1 and 2 the same
    trace = model_with("learned", **{"parameters.embed_src.positions": ("position d_model", alike)})
    assert trace["embed_src.position_products_spread"] == 1


def test_a_model_without_positions_has_no_places():
    with pytest.raises(KeyError, match="no positions"):
        model_with("none")["embed_src.position_table"]


@pytest.mark.parametrize("layout", ["interleaved", "halves"])
def test_every_hand_of_a_place_turns_by_its_own_angle(layout):
    trace = model_with(layout)
    # 10000^(-2i/8) radians: 1, 0.1, 0.01, 0.001.
    assert np.allclose(trace["embed_src.table_degrees_per_position"].values, np.degrees([1, 0.1, 0.01, 0.001]))
    assert trace["embed_src.sin_cos_pairs"] == 4
    assert trace["embed_src.position_products_spread"] < 1e-12


def test_word_and_place_keep_lengths_and_angle_in_their_plane():
    word, place = [[[3.0, 0, 4]]], [[[0.0, 2, 0]]]
    trace = traced({
        "embed_src.scaled": ("batch position d_model", word), "embed_src.positional": ("batch position d_model", place)
    })  # fmt: skip
    assert trace["embed_src.sum_plane"].values[0, 0].tolist() == [[5, 0], [0, 2]]
    assert trace["embed_src.sum_angle"].values.item() == 90
    assert trace["embed_src.largest_entry"].values.item() == 4


def test_the_sum_is_compared_with_every_word_by_its_direction():
    table = [[0, 0], [2, 0], [0, 5]]
    trace = traced({
        "parameters.embed_src.table": ("vocab d_model", table), "embed_src.sum": ("batch position d_model", [[[3, 4]]])
    })  # fmt: skip
    assert np.allclose(trace["embed_src.cosine_with_words"].values, [[[0, 0.6, 0.8]]])
