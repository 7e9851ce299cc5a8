"""The experiment on modern blocks, with a small model whose weights are drawn by chance, and what it recorded."""

import numpy as np
import pytest
import torch

from transformer_core.config import Config, Rotary
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments import modern_blocks
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import Trace


def found(name):
    return Trace({}).under("experiment.modern_blocks")[name]


@pytest.fixture(scope="module", params=["halves", "interleaved"])
def small(request):
    config = Config(
        target_vocab=20, d_model=24, d_ff=32, heads=6, kv_heads=2, head_size=8, encoder_layers=0, decoder_layers=2,
        norm_order="pre", norm="rms", gated=True, activation="silu", positions="none", biases="none",
        rotary=Rotary(request.param),
    )  # fmt: skip
    return LoadedModel(Transformer(config, seed=1).double().eval(), None)


def test_a_turned_query_and_key_give_the_scores_of_the_model_wherever_they_stand(small):
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    with torch.inference_mode(), record(only=["decoder.1.self_attn.*"]) as tape:
        small.model(None, ids)
    seen = tape.trace().under("decoder.1.self_attn", batch=0)
    q, k = seen["q"].values[5, 4], seen["k"].values[1, 2]
    clock = modern_blocks.turned(small, q, k, 7)
    assert clock["scores"][4, 2] == pytest.approx(seen["scores"].values[5, 4, 2], abs=1e-12)
    for offset in range(7):
        assert np.ptp(np.diagonal(clock["scores"], -offset)) < 1e-12
        assert clock["adds"][offset].sum() == pytest.approx(clock["scores"][offset, 0], abs=1e-12)
    assert np.linalg.norm(clock["query_hands"], axis=-1) == pytest.approx(1)


def test_hands_turn_clockwise_by_the_angle_of_their_pair(small):
    clock = modern_blocks.turned(small, np.arange(1.0, 9), np.ones(8), 3)
    across, up = np.moveaxis(clock["query_hands"], -1, 0)
    angles = np.degrees(np.arctan2(across, up))  # from twelve o'clock on
    assert (angles[1] - angles[0]) % 360 == pytest.approx(clock["turns"] % 360)


def test_without_a_mean_both_norms_are_one():
    x = np.array([3.0, -1, -4, 2])
    same = modern_blocks.normed(x)
    assert same["difference"] < 1e-12
    assert modern_blocks.normed(x + 5)["difference"] > 0.5
    assert same["likeness"] == pytest.approx(1)


def test_units_are_chosen_by_their_product_and_by_the_number_behind_a_shut_gate():
    before = np.array([2.0, -4, 1, -3, -5, 0.1])
    gate, number = before / (1 + np.exp(-before)), np.array([3.0, 2, 0.1, 5, 1, 1])
    chosen = modern_blocks.gated(before, gate, number, units=1)
    assert chosen["units"].tolist() == [0, 3]
    assert chosen["shut"].tolist() == [0, 1]
    assert chosen["product"] == pytest.approx(gate[[0, 3]] * number[[0, 3]])
    assert chosen["relu"].tolist() == [2, 0]


def test_the_mean_of_a_vector_of_the_language_model_is_next_to_nothing():
    assert float(found("mean_share")) < 0.03
    assert found("mean_share_by_text").values.max() < 0.03
    assert float(found("difference")) < 0.05
    assert float(found("likeness")) > 0.999


def test_scores_stay_where_both_move_and_change_where_one_does():
    scores = found("scores").values
    assert np.ptp(np.diagonal(scores, -3)) < 1e-9
    assert scores[4, 1] == pytest.approx(float(found("score")), rel=1e-6)
    assert scores[10, 0] < 0.7 * scores[10, 7]


def test_little_comes_through_a_gate_that_is_nearly_shut():
    shut = found("shut").values > 0
    kept = np.abs(found("product").values / found("number").values)
    assert (kept[shut] < 0.2).all()
    assert (kept[~shut] > 0.5).all()
    assert np.abs(found("number").values[shut]).min() > 1.5


def test_with_a_third_of_the_keys_the_cache_is_a_third_and_without_it_would_outgrow_the_weights():
    every, shared = found("cache").values[:, -1]
    assert every == pytest.approx(3 * shared)
    assert shared < float(found("weights_size")) < every
    layers, width, context = found("large_sizes").values
    assert float(found("large_token")) == pytest.approx(2 * 2 * layers * width / 1e6)
    assert float(found("large_cache")) == pytest.approx(2 * 2 * layers * width * context / 1e9)
