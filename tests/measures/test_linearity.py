import numpy as np
import pytest
import torch

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.tap import record

WORDS = Vocabulary.of("the car house is red green".split(), "el la coche casa es rojo verde".split(), longest=12)


@pytest.fixture(scope="module")
def model():
    sizes = {"d_model": 16, "d_ff": 24, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "norm_order": "pre"}
    config = Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **sizes)
    return Transformer(config, seed=3).double().eval()


@pytest.fixture(scope="module")
def trace(model):
    return read("The car is red", model, WORDS)


@pytest.mark.parametrize(
    ("point", "out", "measure"),
    [
        ("encoder.0.ln1.out", "encoder.0.self_attn.out", "encoder.0.self_attn.attention_gap"),
        ("encoder.0.ln2.out", "encoder.0.ffn.out", "encoder.0.ffn.feed_forward_gap"),
    ],
)
def test_the_gaps_are_those_of_the_running_model(model, trace, point, out, measure):
    """Without biases (they start at zero), editing what enters a sublayer gives the same gap as the formula."""
    a, b = trace["encoder.0.self_attn.factors"].values
    rows = torch.from_numpy(trace[point].values)
    ids = torch.tensor([WORDS.source_ids(["the", "car", "is", "red"])])

    def made(entering):
        with record(only=[out], edit={point: lambda _: entering}) as tape, torch.no_grad():
            model.encode(ids)
        return tape[out].numpy()

    apart = a * made(rows) + b * made(rows.flip(1))
    gap = np.abs(made(a * rows + b * rows.flip(1)) - apart).max() / np.abs(apart).max()
    assert trace[measure] == pytest.approx(gap)


def test_an_attention_that_reads_two_sequences_has_no_rows_to_mix(trace):
    with pytest.raises(ValueError, match="cross_attn reads two sequences"):
        _ = trace["decoder.0.cross_attn.attention_gap"]
