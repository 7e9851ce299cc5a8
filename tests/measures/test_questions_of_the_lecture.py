"""The answers to the lecture's own questions, each against a calculation of its own."""

import pytest
import torch

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary

WORDS = Vocabulary.of("the car is red".split(), "el coche es rojo".split(), longest=6)


@pytest.fixture(scope="module")
def trace():
    torch.manual_seed(3)
    sizes = {"d_model": 16, "d_ff": 24, "heads": 4, "encoder_layers": 2, "decoder_layers": 2, "norm_order": "pre"}
    config = Config(source_vocab=len(WORDS.source), target_vocab=len(WORDS.target), **sizes)
    model = Transformer(config).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return read("the car is red", model, WORDS)


def test_a_new_word_moves_every_row_of_the_encoder_and_no_old_row_of_the_decoder(trace):
    grown = trace["encoder.1.resid_post.grown_change"].values[0]
    assert (grown > 1e-6).all()
    assert grown[-1] == 1
    assert (trace["encoder.0.resid_pre.grown_change"].values[0, :-1] == 0).all()
    later = trace["decoder.1.resid_post.later_change"].values[0]
    assert (later[:-1] == 0).all()
    assert later[-1] > 1e-6
