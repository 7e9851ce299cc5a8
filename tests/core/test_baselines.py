"""The LSTM translator does what it says, padded or not."""

import pytest
import torch

from transformer_core.studies.translator.lstm import LSTMTranslator
from transformer_core.tracing.tap import record

SOURCE, TARGET = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]), torch.tensor([[1, 5, 6], [1, 7, 8]])


@pytest.fixture(params=[False, True], ids=["plain", "attends"])
def translator(request):
    return LSTMTranslator(12, 11, 8, 10, attends=request.param, seed=1).eval()


def test_padding_changes_nothing(translator):
    padded = translator(SOURCE, TARGET, SOURCE == 0)
    assert torch.allclose(padded[1], translator(SOURCE[1:, :2], TARGET[1:])[0], atol=1e-6)


def test_a_row_does_not_see_later_words(translator):
    changed = TARGET.clone()
    changed[:, 2] = 9
    assert torch.equal(translator(SOURCE, TARGET)[:, :2], translator(SOURCE, changed)[:, :2])


def test_greedy_writes_the_likeliest_word_of_every_row(translator):
    written = translator.greedy(SOURCE, 1, 2, 5, SOURCE == 0)
    for row, ids in enumerate(written):
        read = torch.tensor([[1, *ids]])
        likeliest = translator(SOURCE[row : row + 1], read, SOURCE[row : row + 1] == 0)[0].argmax(-1).tolist()
        assert likeliest[: len(ids)] == ids


def test_the_last_state_is_all_that_a_decoder_without_attention_knows(translator):
    states, last = translator.encode(SOURCE[:1])
    same = torch.equal(
        translator.decode(TARGET[:1], states, last)[0], translator.decode(TARGET[:1], 0 * states, last)[0]
    )
    assert same == (translator.w_a is None)


def test_its_states_can_be_recorded(translator):
    with record() as tape:
        translator(SOURCE, TARGET)
    assert tape[f"{translator.path}.encoder.states"].shape == (2, 4, 10)
    assert (f"{translator.path}.decoder.weights" in tape) == (translator.w_a is not None)
