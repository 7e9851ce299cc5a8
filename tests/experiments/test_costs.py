"""Costs of attention and the cache: counts are exact, times only have to point the right way."""

import numpy as np
import torch

from transformer_core.decoding.sampling import greedy
from transformer_core.studies.experiments import costs, output
from transformer_core.studies.experiments.laboratory import Bench
from transformer_core.studies.experiments.translation import translator


def test_the_counts_meet_at_the_crossover():
    found = costs.attention_cost(Bench(), lengths=(32, 128, 256), repeats=2)
    products = found["multiplications"].pick(length="256").values
    assert found["crossover"].values == 256
    assert products[0] == products[1]
    assert found["milliseconds"].shape == (3, 2)


def test_attention_keeps_four_times_the_bytes_for_twice_the_length_and_the_rest_twice():
    kept = costs.attention_cost(Bench(), lengths=(512, 1024), repeats=1)["bytes"]
    attention, rest = kept.values.T
    # One grid of weights a head in single precision; and queries, keys and values.
    config = translator().config
    assert attention[1] == 4 * (config.heads * 1024**2 + 3 * 1024 * config.d_model)
    assert 3.8 < attention[1] / attention[0] < 4
    assert rest[1] == 2 * rest[0]


def test_one_cost_overtakes_the_other_between_two_measured_lengths():
    lengths, measured = (10, 100, 1000), np.array([[1.0, 10], [10, 10.1], [100, 10]])
    assert costs.overtaken(lengths, measured).tolist() == [100, 1000]
    assert np.isnan(costs.overtaken(lengths[:2], measured[:2])).all()
    assert np.isnan(costs.overtaken(lengths[2:], measured[2:])).all()


def test_with_and_without_a_cache_the_same_tokens_are_written():
    model = costs.roomy(24)
    written = [greedy(model, costs.source_of(), 1, costs.NEVER, 20, cached=cached) for cached in (True, False)]
    assert written[0] == written[1]
    assert len(written[0][0]) == 20


def test_the_cache_holds_two_rows_a_token_and_layer():
    model = costs.roomy(16)
    own, of_the_encoder = costs.cache_bytes(model, 10)
    config = model.config
    assert own == 2 * 10 * config.d_model * config.decoder_layers * 4
    assert of_the_encoder == 2 * costs.source_of().shape[1] * config.d_model * config.decoder_layers * 4


def test_with_a_cache_one_decoder_row_is_computed_for_each_token():
    found = costs.cache_cost(Bench(), lengths=(8, 192), repeats=3)
    assert found["rows"].values.tolist() == [[36, 8], [18528, 192]]
    assert found["milliseconds"].values.shape == (2, 2)
    assert (found["speedup"].values > 0).all()


def test_bytes_of_one_storage_are_counted_once():
    x = torch.ones(10, requires_grad=True)

    def work():
        y = x * 2
        return (y * y).sum() + (y.view(2, 5) ** 2).sum()

    assert costs.kept_for_backward(work) == 40


def test_weights_are_not_counted():
    x, weight = torch.ones(2, 3), torch.ones(5, 3, requires_grad=True)
    assert costs.kept_for_backward(lambda: x @ weight.T, [weight]) == x.nbytes


def test_what_smoothing_leaves_to_every_word_is_taken_off_again():
    smooth = 0.9 * torch.tensor([[0.75, 0.25, 0, 0]]) + 0.1 / 4
    assert torch.allclose(output.unsmoothed(smooth, 0.1), torch.tensor([[0.75, 0.25, 0, 0]]), atol=1e-6)
    assert torch.equal(output.unsmoothed(smooth, 0.0), smooth / smooth.sum())


def test_drawn_sentences_are_the_same_for_the_same_seed_and_more_are_right_without_smoothing():
    few = [output.sampling(Bench(), draws=1, sentences=40)["exact"].values[:, 0] for _ in range(2)]
    assert few[0].tolist() == few[1].tolist()
    greedy, sampled, unsmoothed = few[0]
    assert sampled < unsmoothed <= greedy
