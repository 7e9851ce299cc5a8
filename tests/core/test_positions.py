import math

import pytest
import torch
from core_models import model, sentences

from transformer_core.embedding import sinusoids
from transformer_core.tracing.tap import record


def test_the_encoding_is_the_formula_of_the_paper():
    table = sinusoids(10, 6, dtype=torch.float64)
    for position in (0, 1, 9):
        for pair in range(3):
            angle = position / 10000 ** (2 * pair / 6)
            assert table[position, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-15)
            assert table[position, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-15)


def test_halves_hold_the_same_numbers_as_interleaved_in_another_order():
    apart, mixed = sinusoids(10, 8, halves=True), sinusoids(10, 8)
    assert torch.equal(apart, torch.cat([mixed[:, 0::2], mixed[:, 1::2]], 1))


def test_an_odd_width_has_one_sine_more():
    assert torch.equal(sinusoids(4, 5), sinusoids(4, 5).clamp(-1, 1))
    assert torch.equal(sinusoids(4, 5)[0], torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0]))


@pytest.mark.parametrize("positions", ["interleaved", "halves", "learned", "none"])
def test_the_sum_is_the_scaled_token_and_its_position(positions):
    watched = model(positions=positions)
    source, target = sentences()
    with record() as tape:
        watched(source, target)
    assert torch.equal(tape["embed_src.token"], watched.embed_src.table[source])
    assert torch.equal(tape["embed_src.scaled"], tape["embed_src.token"] * 4)
    if positions == "none":
        assert "embed_src.positional" not in tape
        assert torch.equal(tape["embed_src.sum"], tape["embed_src.scaled"])
    else:
        assert torch.equal(tape["embed_src.sum"], tape["embed_src.scaled"] + tape["embed_src.positional"])


def test_without_positions_the_encoder_cannot_tell_the_order_of_words():
    source, _ = sentences()
    order = [3, 1, 4, 0, 2]
    blind, seeing = model(positions="none"), model()
    assert torch.allclose(blind.encode(source)[:, order], blind.encode(source[:, order]), rtol=0, atol=1e-12)
    assert not torch.allclose(seeing.encode(source)[:, order], seeing.encode(source[:, order]), atol=1e-3)


@pytest.mark.parametrize("positions", ["interleaved", "learned"])
def test_a_sentence_beyond_the_last_position_is_refused(positions):
    source, _ = sentences(source=33)
    with pytest.raises(ValueError, match="position 32 is beyond the 32 positions"):
        model(positions=positions).encode(source)
