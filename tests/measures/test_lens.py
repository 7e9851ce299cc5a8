import numpy as np
import pytest
import torch

from transformer_core.config import Config
from transformer_core.interpret import logit_lens
from transformer_core.model import Transformer
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import END, Vocabulary

WORDS = Vocabulary.of("the car house is red green".split(), "el la coche casa es rojo verde".split(), longest=12)


@pytest.mark.parametrize("order", ["pre", "post"])
@pytest.mark.parametrize("bias", [False, True])
def test_the_lens_of_the_trace_is_that_of_the_running_model(order, bias):
    sizes = {"d_model": 16, "d_ff": 24, "heads": 2, "encoder_layers": 1, "decoder_layers": 2, "norm_order": order}
    config = Config(len(WORDS.source), len(WORDS.target), output_bias=bias, **sizes)
    model = Transformer(config, seed=5).double().eval()
    trace = read("The car is red", model, WORDS)
    written = WORDS.target_ids(trace.about["output_tokens"])
    source, target = torch.tensor([WORDS.source_ids("the car is red".split())]), torch.tensor([written[:-1]])
    wanted = torch.tensor([[*written[1:-1], END]])
    found = logit_lens(model, (source, target), wanted)
    assert np.allclose(trace["decoder.lens_logits"].values, found["lens.logits"].values)
    assert np.array_equal(trace["decoder.lens_ranks"].values, found["lens.rank"].values)
    assert np.allclose(trace["decoder.lens_logits"].pick(layer="layer 2").values, trace["logits"].values)
