"""The recorded modern blocks, computed again by hand: NumPy, and the numbers of the file alone."""

import numpy as np
import pytest
from gguf import GGUFReader, dequantize

from transformer_core.pretrained.model_registry import open_model
from transformer_core.studies import results
from transformer_core.studies.experiments.modern_blocks import (
    GATED_LAYER,
    HEAD,
    KEY,
    LAYER,
    NORMED,
    QUERY,
    STREAM_LAYER,
    TEXT,
)
from transformer_core.tracing.trace import Trace

HEADS, SHARED, WIDTH, BASE, EPS = 9, 3, 64, 100_000.0, 1e-5


def found(name):
    return Trace({}).under("experiment.modern_blocks")[name]


def by_rms(x, gain):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * gain


def turned(x, places):
    """Neighbouring entries are a pair, as llama.cpp stores them: "head position entry"."""
    angles = np.asarray(places)[:, None] * BASE ** (-np.arange(0, WIDTH, 2) / WIDTH)
    pairs = (x[..., ::2] + 1j * x[..., 1::2]) * np.exp(1j * angles)
    return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)


def halves(x):
    """The same entries in the order of Hugging Face: the first ones of all pairs, then the second ones."""
    return np.concatenate([x[..., ::2], x[..., 1::2]], -1)


def silu(x):
    return x / (1 + np.exp(-x))


@pytest.fixture(scope="module")
def by_hand(smollm2):
    """Streams, queries, keys, values and gated units of one sentence, up to the layers that were recorded."""
    stored = {one.name: one for one in GGUFReader(smollm2).tensors}

    def weight(name):
        return dequantize(stored[f"{name}.weight"].data, stored[f"{name}.weight"].tensor_type).astype(float)

    ids = list(open_model("smollm2").tokenizer.read(TEXT).ids)
    x, seen = weight("token_embd")[ids], {}
    places, later = np.arange(len(ids)), np.triu(np.full((len(ids), len(ids)), -np.inf), 1)
    for layer in range(GATED_LAYER + 1):
        part = f"blk.{layer}"
        seen["stream", layer] = x
        y = by_rms(x, weight(f"{part}.attn_norm"))
        q, k, v = (
            (y @ weight(f"{part}.attn_{letter}").T).reshape(len(ids), -1, WIDTH).swapaxes(0, 1) for letter in "qkv"
        )
        seen["heads", layer] = q, k, v
        keys, values = (np.repeat(one, HEADS // SHARED, 0) for one in (turned(k, places), v))
        scores = turned(q, places) @ keys.swapaxes(1, 2)
        seen["scores", layer] = scores
        weights = np.exp(scores / np.sqrt(WIDTH) + later)
        z = weights / weights.sum(-1, keepdims=True) @ values
        x = x + z.swapaxes(0, 1).reshape(len(ids), -1) @ weight(f"{part}.attn_output").T
        y = by_rms(x, weight(f"{part}.ffn_norm"))
        before, number = (y @ weight(f"{part}.ffn_{name}").T for name in ("gate", "up"))
        seen["units", layer] = before, number
        x = x + (silu(before) * number) @ weight(f"{part}.ffn_down").T
    return seen


def near(recorded, right, tolerance=2e-4):
    """True if single precision explains the difference."""
    return np.abs(np.asarray(recorded) - right).max() <= tolerance * np.abs(right).max()


def test_both_norms_of_the_recorded_stream_are_those_computed_by_hand(by_hand):
    x = by_hand["stream", STREAM_LAYER][NORMED]
    count = int(found("drawn"))
    assert near(found("stream").values, x[:count])
    assert near(found("layer_normed").values, ((x - x.mean()) / x.std())[:count])
    assert near(found("rms_normed").values, (x / np.sqrt((x**2).mean()))[:count])
    assert [float(found("mean")), float(found("root_mean_square"))] == pytest.approx(
        [x.mean(), np.sqrt((x**2).mean())], rel=2e-4
    )


def test_the_turned_query_and_key_give_the_recorded_scores_at_every_pair_of_positions(by_hand):
    q, k, _ = by_hand["heads", LAYER]
    query, key = q[HEAD, QUERY], k[HEAD // (HEADS // SHARED), KEY]
    places = range(len(found("scores")))
    rows, columns = (np.stack([turned(one[None], [place])[0] for place in places]) for one in (query, key))
    assert near(found("query").values, halves(query))
    assert near(found("key").values, halves(key))
    assert near(found("scores").values, rows @ columns.T)
    assert float(found("score")) == pytest.approx(by_hand["scores", LAYER][HEAD, QUERY, KEY], rel=2e-4)
    hands = columns.reshape(len(places), -1, 2)[..., ::-1]
    assert near(found("key_hands").values, hands / np.linalg.norm(hands, axis=-1, keepdims=True), 2e-3)
    products = (rows.reshape(len(places), -1, 2) * columns[0].reshape(-1, 2)).sum(-1)
    assert near(found("adds").values, products)


def test_gated_units_are_the_product_of_two_projections(by_hand):
    before, number = (part[QUERY] for part in by_hand["units", GATED_LAYER])
    units = [int(label) for label in found("gate").labels["d_ff"]]
    assert near(found("gate_before").values, before[units])
    assert near(found("gate").values, silu(before)[units])
    assert near(found("number").values, number[units])
    assert near(found("product").values, (silu(before) * number)[units])


def test_queries_of_all_heads_and_the_keys_that_they_share_are_those_computed_by_hand(by_hand):
    q, k, v = (part[:, QUERY] for part in by_hand["heads", LAYER])
    assert near(found("queries").values, halves(q))
    assert near(found("shared_keys").values, halves(k))
    assert near(found("shared_values").values, v)


def test_the_cache_is_two_numbers_of_two_bytes_for_every_layer_head_entry_and_token(smollm2):
    facts = GGUFReader(smollm2).fields
    layers, tokens = (int(facts[f"llama.{name}"].contents()) for name in ("block_count", "context_length"))
    cache = found("cache").values[:, -1]
    assert cache == pytest.approx([2 * 2 * layers * heads * WIDTH * tokens / 1e6 for heads in (HEADS, SHARED)])
    assert results.card("modern_blocks")["about"]["config"]["max_positions"] == tokens
