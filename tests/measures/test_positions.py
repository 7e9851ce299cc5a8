import numpy as np
import pytest
from small import traced

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.measures.scores import PARTS
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary

WORDS = Vocabulary.of("the car house is red green".split(), "el la coche casa es rojo verde".split(), longest=12)


def test_without_norm_and_biases_a_score_is_the_four_products_of_word_and_place():
    # One head, d_model 2, A = W_Q W_K^T = identity: e = (1, 0), (0, 2), p = (0, 3), (1, 1).
    rows = {"scaled": [[[1, 0], [0, 2]]], "positional": [[[0, 3], [1, 1]]]}
    eye = [np.eye(2)]
    q = np.array([[[[1, 3], [1, 3]]]], float)
    trace = traced(
        {f"embed_src.{name}": ("batch position d_model", values) for name, values in rows.items()}
        | {f"parameters.encoder.0.self_attn.w_{side}": ("head d_model d_head", eye) for side in "qk"}
        | {
            "encoder.0.self_attn.q": ("batch head query d_head", q),
            "encoder.0.self_attn.k": ("batch head key d_head", q),
            "encoder.0.self_attn.scores": ("batch head query key", q @ q.swapaxes(-1, -2)),
        },
        {"encoder.0.self_attn.q": ("encoder.0.resid_pre",)},
    )
    parts = trace["encoder.0.self_attn.score_parts"].pick(batch=0, head=0)
    # Query 0, key 1: e.e = 0, e.p = 1, p.e = 6, p.p = 3.
    assert parts.pick(query=0, key=1).values.tolist() == [0, 1, 6, 3, 0]
    assert np.allclose(parts.values.sum(-1), 10)


@pytest.mark.parametrize("order", ["pre", "post", "none"])
@pytest.mark.parametrize("positions", ["interleaved", "learned", "none"])
def test_the_parts_of_a_score_add_up_to_it(order, positions):
    config = Config(
        source_vocab=len(WORDS.source),
        target_vocab=len(WORDS.target),
        d_model=16,
        d_ff=24,
        heads=2,
        encoder_layers=1,
        decoder_layers=1,
        norm_order=order,
        positions=positions,
    )
    trace = read("The car is red", Transformer(config, seed=3).double().eval(), WORDS, others={"more": "red house"})
    for path in ("encoder.0.self_attn", "decoder.0.self_attn", "other.more.encoder.0.self_attn"):
        parts = trace[f"{path}.score_parts"]
        assert np.allclose(parts.values.sum(-1), trace[f"{path}.scores"].values, atol=1e-10)
        place = parts.pick(part="place with place").values
        assert (np.abs(place).max() > 1e-3) == (positions != "none")
        assert parts.labels["part"] == PARTS


def test_a_later_layer_reads_more_than_word_and_place():
    trace = traced({})
    with pytest.raises(ValueError, match="more than word and place"):
        _ = trace["encoder.1.self_attn.score_parts"]
