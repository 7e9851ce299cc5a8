"""A language model of three layers, of the kind that the experiments on a real one read."""

import pytest

from transformer_core.config import Config, Rotary
from transformer_core.model import Transformer

WORDS = 60


@pytest.fixture(scope="session")
def small_decoder():
    config = Config(
        target_vocab=WORDS, d_model=24, d_ff=32, heads=6, kv_heads=2, encoder_layers=0, decoder_layers=3,
        norm_order="pre", norm="rms", gated=True, activation="silu", positions="none", rotary=Rotary(), biases="none",
    )  # fmt: skip
    model = Transformer(config, seed=1).double().eval()
    model.embed_tgt.table.data.mul_(4)
    return model
