from dataclasses import replace

import numpy as np
import pytest
import torch
from core_models import jig

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained import save
from transformer_core.studies.axes import ALL_AXES
from transformer_core.studies.sentence.read import read
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.trace import Trace

WORDS = Vocabulary.of("the car house is red green".split(), "el la coche casa es rojo verde".split(), longest=12)


@pytest.fixture(scope="module")
def translator():
    config = Config(
        source_vocab=len(WORDS.source),
        target_vocab=len(WORDS.target),
        d_model=16,
        d_ff=24,
        heads=4,
        cross_heads=1,
        encoder_layers=2,
        decoder_layers=2,
        norm_order="pre",
        output_bias=True,
        max_positions=20,
    )
    return jig(Transformer(config)).eval()


@pytest.fixture(scope="module")
def trace(translator):
    return read("The car is red", translator, WORDS, others={"swap": "The house is green"}, about={"notes": ["none"]})


def test_a_translation_that_is_given_is_read_in_the_place_of_the_models_own(translator, trace):
    other = read("The car is red", translator, WORDS, target="la casa es verde")
    assert other["probs"].labels["position"] == ("<start>", "la", "casa", "es", "verde")
    assert other.about["given"] == "la casa es verde"
    assert np.array_equal(other["encoder.final_norm.out"].values, trace["encoder.final_norm.out"].values)
    with pytest.raises(ValueError, match='the model never learned "azul": it knows 7 Spanish words, such as coche'):
        read("The car is red", translator, WORDS, target="azul")


def test_a_translation_of_more_words_than_the_model_writes_or_for_no_translator_is_refused(translator):
    with pytest.raises(ValueError, match=r"^this translation has 13 words, and the model writes at most 12$"):
        read("The car is red", translator, WORDS, target="el " * 13)
    encoder = Transformer(replace(translator.config, decoder_layers=0)).eval()
    assert read("The car", encoder, WORDS).about["output_tokens"] == []
    decoder = Transformer(replace(translator.config, encoder_layers=0, source_vocab=1, cross_heads=0)).eval()
    with pytest.raises(ValueError, match=r"^a translation can be given only to a translator whose vocabulary"):
        read([0, 1], decoder, WORDS, target="el coche")


def test_the_translation_of_a_beam_is_at_least_as_likely_as_the_greedy_one(translator, trace):
    def mean_log_prob(found):
        return -found["losses"].values.mean()

    wide = read("The car is red", translator, WORDS, beams=4)
    assert mean_log_prob(wide) >= mean_log_prob(trace) - 1e-9
    assert "given" not in wide.about
    with pytest.raises(ValueError, match="an edited model writes greedily"):
        read("The car is red", translator, WORDS, beams=4, edit={"encoder.0.resid_pre": lambda tensor: tensor})


def close(ours, theirs):
    return np.abs(ours - theirs).max() <= 2e-6 * np.abs(theirs).max()


def test_the_source_is_labelled_as_it_was_typed(trace):
    assert trace["encoder.0.self_attn.weights"].labels == {
        "query": ("The", "car", "is", "red"),
        "key": ("The", "car", "is", "red"),
    }
    assert trace["embed_src.sum"].labels == {"position": ("The", "car", "is", "red")}


def test_cross_attention_has_target_words_as_queries_and_source_words_as_keys(trace):
    target = ("<start>", *trace.about["output_tokens"])
    for point in ("scores", "weights"):
        tensor = trace[f"decoder.1.cross_attn.{point}"]
        assert tensor.labels == {"query": target, "key": ("The", "car", "is", "red")}
    assert trace["decoder.1.cross_attn.v"].labels == {"key": ("The", "car", "is", "red")}
    assert trace["decoder.1.cross_attn.z"].labels == {"query": target}
    assert trace["decoder.1.self_attn.weights"].labels == {"query": target, "key": target}
    assert trace["decoder.1.resid_cross"].labels == {"position": target}


def test_the_vocabulary_stands_along_the_logits(trace):
    assert trace["logits"].labels["vocab"] == WORDS.target
    assert trace["parameters.embed_src.table"].labels == {"vocab": WORDS.source}
    assert trace["parameters.output.w"].labels == {"vocab": WORDS.target}


def test_every_written_word_is_the_likeliest_in_the_row_before_it(trace):
    probs = trace["probs"].pick(batch=0)
    written = trace.about["output_tokens"]
    assert 0 < len(written) <= 12
    for row, word in enumerate(written):
        assert probs.pick(position=row).largest()[0] == word


def test_parameters_are_turned_as_the_paper_multiplies(trace):
    for path, entering, source in (
        ("encoder.1.self_attn", "encoder.1.ln1.out", "encoder.1.ln1.out"),
        ("decoder.0.cross_attn", "decoder.0.ln2.out", "encoder.final_norm.out"),
    ):
        part, weights = trace.under(path), trace.under(f"parameters.{path}")
        for letter, x in zip("qkv", (entering, source, source), strict=True):
            made = np.einsum("bpm,hmd->bhpd", trace[x].values, weights[f"w_{letter}"].values)
            assert close(made + weights[f"b_{letter}"].values[:, None], part[letter].values)
            assert trace.parents[f"{path}.{letter}"] == (
                x,
                f"parameters.{path}.w_{letter}",
                f"parameters.{path}.b_{letter}",
            )
        made = np.einsum("bhpd,hdm->bpm", part["z"].values, weights["w_o"].values) + weights["b_o"].values
        assert close(made, part["out"].values)
    x, weights = trace["encoder.0.ln2.out"].values, trace.under("parameters.encoder.0.ffn")
    assert close(x @ weights["w1"].values + weights["b1"].values, trace["encoder.0.ffn.pre"].values)
    logits = trace["decoder.final_norm.out"].values @ trace["parameters.output.w"].values
    assert close(logits + trace["parameters.output.b"].values, trace["logits"].values)


def test_the_axes_of_parameters_say_how_they_are_turned(trace):
    expected = {"w_q": "head d_model d_head", "b_k": "head d_head", "w_o": "head d_head d_model", "b_o": "d_model"}
    for name, axes in expected.items():
        assert trace[f"parameters.decoder.1.self_attn.{name}"].axes == tuple(axes.split())
    assert trace["parameters.decoder.1.cross_attn.w_v"].shape == (1, 16, 16)
    assert trace["parameters.encoder.0.ffn.w2"].axes == ("d_ff", "d_model")
    assert trace["parameters.output.w"].axes == ("d_model", "vocab")


def test_every_parent_is_in_the_trace_and_every_axis_in_the_glossary(trace):
    assert all(parent in trace for parents in trace.parents.values() for parent in parents)
    assert {axis for name in trace for axis in trace.full(name).axes} <= {*ALL_AXES}


def test_every_parameter_is_the_parent_of_something(trace):
    used = {parent for parents in trace.parents.values() for parent in parents}
    assert {name for name in trace if name.startswith("parameters.")} <= used


def test_sizes_are_quantities_that_know_their_source(trace, translator):
    assert trace["config.d_head"] == 4
    assert trace["config.cross_heads"] == 1
    assert trace["config.words"] == 4
    assert trace["config.output_words"] == len(trace.about["output_tokens"])
    assert trace["config.parameters"] == sum(parameter.numel() for parameter in translator.parameters())
    assert trace["config.words"].source.name == "config.words"


def test_a_sentence_to_compare_with_is_in_the_same_trace(trace, translator):
    alone = read("The house is green", translator, WORDS)
    other = trace.under("other.swap")
    shared = ("parameters.", "config.", "other.", "decoding.", "lstm.", "lstm_with_attention.")
    assert {*other} == {name for name in alone if not name.startswith(shared)}
    assert np.array_equal(other["logits"].values, alone["logits"].values)
    assert other["encoder.0.self_attn.q"].labels == {"query": ("The", "house", "is", "green")}
    assert trace.parents["other.swap.encoder.0.self_attn.q"][1] == "parameters.encoder.0.self_attn.w_q"


def test_facts_say_what_was_read_and_written(trace):
    assert trace.about["text"] == "The car is red"
    assert trace.about["tokens"] == ["The", "car", "is", "red"]
    assert trace.about["norm_order"] == "pre"
    assert trace.about["versions"]["torch"] == torch.__version__
    assert trace.about["others"] == {"swap": "The house is green"}
    assert trace.about["notes"] == ["none"]


def test_ids_are_read_as_the_words_they_stand_for(translator):
    ids = WORDS.source_ids(["the", "car"])
    assert read(ids, translator, WORDS).about["tokens"] == ["the", "car"]


def test_a_lecture_trace_is_the_same_after_saving(trace, tmp_path):
    again = Trace.load(trace.save(tmp_path / "lecture"))
    assert [*again] == [*trace]
    assert again.parents == trace.parents
    assert all(np.array_equal(again.full(name).values, trace.full(name).values) for name in trace)
    assert all(again.full(name).labels == trace.full(name).labels for name in trace)


def test_a_checkpoint_brings_its_vocabulary_and_what_was_measured_of_it(translator, tmp_path, trace):
    path = save(translator, tmp_path / "small", {"vocabulary": WORDS.to_json(), "licence": "MIT"})
    scores = trace["encoder.0.ln1.mean"]
    Trace({"roles.score": scores}).save(tmp_path / "small.npz")
    found = read("The car is red", path)
    assert found.about["model"] == "small"
    assert found.about["card"] == {"licence": "MIT"}
    assert np.array_equal(found["roles.score"].values, scores.values)
    assert np.allclose(found["logits"].values, trace["logits"].values, atol=1e-5)  # traced in double precision


def test_a_lecture_needs_the_words_of_the_model(translator):
    with pytest.raises(ValueError, match="needs the vocabulary"):
        read("The car", translator)


def test_reading_leaves_the_model_as_it_was(translator):
    before = {name: value.clone() for name, value in translator.state_dict().items()}
    read("The car is red", translator, WORDS)
    assert all(torch.equal(before[name], value) for name, value in translator.state_dict().items())
