"""The LSTM translators that come with the lecture: what they make of a sentence, and where their states differ."""

import json

import numpy as np
import pytest
import torch

from transformer_core.studies.measures.permutation import exchanged
from transformer_core.studies.sentence import lstm_trace
from transformer_core.studies.sentence.read import read
from transformer_core.studies.translator.grammar import reading
from transformer_core.studies.translator.lstm import LSTMTranslator
from transformer_core.text.vocabulary import SPECIAL

BOTH = ("lstm", "lstm_with_attention")


@pytest.fixture(scope="module")
def trace():
    return read("The car is red")


def written(trace, name):
    return trace[f"{name}.decoder.logits"].words("position")[1:]


@pytest.mark.parametrize("name", BOTH)
def test_a_state_follows_from_the_one_before_and_the_word_alone(trace, name):
    path = dict(zip(BOTH, lstm_trace.CHECKPOINTS.values(), strict=True))[name]
    model, x = lstm_trace.load_lstm(path)[0], trace[f"{name}.encoder.embedded"].values[0]
    w = {key: value.detach().numpy() for key, value in model.encoder.named_parameters()}
    h = c = np.zeros(model.encoder.hidden_size)
    for t, row in enumerate(x):
        gates = w["weight_ih_l0"] @ row + w["bias_ih_l0"] + w["weight_hh_l0"] @ h + w["bias_hh_l0"]
        i, f, g, o = np.split(gates, 4)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        assert np.allclose(trace[f"{name}.encoder.states"].values[0, t], h, atol=1e-12)


@pytest.mark.parametrize("name", BOTH)
def test_what_is_written_is_the_likeliest_word_of_every_row(trace, name):
    logits = trace[f"{name}.decoder.logits"].pick(batch=0)
    likeliest = [logits.pick(position=row).largest()[0] for row in range(len(logits))]
    assert likeliest == [*written(trace, name), "<end>"]


def test_the_states_change_from_the_first_exchanged_word_on_and_the_transformers_rows_do_not(trace):
    change = trace["other.exchanged.lstm.encoder.states.exchange_change"]
    assert change.labels["position"] == ("The", "car", "red", "is")
    assert change.values[:2].tolist() == [0, 0]
    assert (change.values[2:] > 0.1).all()
    assert trace["other.exchanged.encoder.1.resid_post.largest_exchange_change"] < 1e-12


def test_the_last_word_and_the_first_unlike_it_of_the_second_half_are_exchanged():
    assert exchanged("the car is red".split()) == [0, 1, 3, 2]
    assert exchanged("a b The the".split()) is None
    assert exchanged("a the b the".split()) == [0, 1, 3, 2]
    assert exchanged(["car"]) is None


def test_one_state_gives_the_last_word_the_form_of_the_near_noun_and_all_states_that_of_the_far_one(trace):
    right, forms = reading(lstm_trace.LONG.split()).target, trace.about["long"]["forms"]
    assert forms == {"woman": "cansada", "dog": "cansado"}
    assert written(trace, "other.long.lstm_with_attention") == right
    assert written(trace, "other.long.lstm") == (*right[:-1], forms[lstm_trace.NEAR])


def test_a_head_of_the_transformer_looks_from_the_last_word_of_the_long_sentence_to_the_far_noun(trace):
    looks = trace["other.long.encoder.1.self_attn.weights"].pick(batch=0, query=lstm_trace.LAST)
    far, near = (looks.pick(key=noun).values.max() for noun in (lstm_trace.FAR, lstm_trace.NEAR))
    assert far > 0.5 > near


def test_a_sentence_with_a_word_of_another_vocabulary_is_not_read():
    assert not list(lstm_trace.read_lstms(["the", "spaceship"]))


def test_a_checkpoint_is_the_same_after_saving_and_another_file_is_refused(tmp_path):
    model = LSTMTranslator(12, 11, 8, 10, attends=True, seed=1).half().float()
    words = json.dumps({"source": [*"abc"], "target": [*SPECIAL, "d", "e"], "longest": 9})
    lstm_trace.save_lstm(model, tmp_path / "a.safetensors", {"vocabulary": words, "name": "small"})
    again, vocabulary, about = lstm_trace.load_lstm(tmp_path / "a.safetensors")
    assert about == {"name": "small"}
    assert vocabulary.source == ("a", "b", "c")
    assert all(torch.equal(value.double(), again.state_dict()[name]) for name, value in model.state_dict().items())
    with pytest.raises(ValueError, match="no LSTM translator"):
        lstm_trace.load_lstm(lstm_trace.FOLDER / "english-spanish.safetensors")


@pytest.mark.parametrize("path", lstm_trace.CHECKPOINTS.values(), ids=BOTH)
def test_the_page_of_a_checkpoint_says_what_its_card_says(path):
    about = lstm_trace.load_lstm(path)[2]
    assert f"**{about['accuracy']['exact']:.1%}**" in path.with_suffix(".md").read_text(encoding="utf-8")
    assert path.stat().st_size < 500_000
