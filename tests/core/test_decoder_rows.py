"""Rows that the lecture follows through the decoder, and what is measured of them."""

import numpy as np
import pytest

from transformer_core.studies.decoder_rows import FIRST, argmax_leak, decoder_rows_of, gold_alignment, same_source_row
from transformer_core.studies.sentence.read import read


@pytest.fixture(scope="module")
def trace():
    return read("The car is red")


def test_each_row_writes_the_word_that_the_next_one_reads(trace):
    decoded = decoder_rows_of(trace)
    assert decoded.reads == ("<start>", "el", "coche", "es", "rojo")
    assert decoded.writes == ("el", "coche", "es", "rojo", "<end>")
    assert decoded.written == decoded.writes[:-1]


def test_the_layer_is_the_one_that_aligns_best_by_the_card(trace):
    assert decoder_rows_of(trace).layer == trace.about["card"]["alignment"]["layer"]


def test_the_row_that_writes_the_end_mark_is_not_asked_where_it_looks(trace):
    looks = decoder_rows_of(trace).mean_weights(trace)
    assert looks.words("query") == ("<start>", "el", "coche", "es")


def test_the_leakiest_row_is_before_the_last_and_leaks_most(trace):
    head, row = argmax_leak(trace)
    leak = trace[f"{FIRST}.post_softmax_mask_leak"].values[0][:, :-1]
    assert row.position < 4
    assert leak[head, row.position] == leak.max()


def test_hits_are_counted_by_the_alignment_of_the_grammar(trace):
    decoded = decoder_rows_of(trace)
    favourites = trace[f"{decoded.cross}.mean_weights"].values[0].argmax(-1)
    expected = sum(int(j) in answers for j, answers in zip(favourites, gold_alignment(trace), strict=False))
    assert trace[f"{decoded.cross}.alignment_hits"] == expected


def test_a_translation_that_the_grammar_would_not_give_has_no_gold(trace):
    spoilt = trace.under()
    spoilt.about = trace.about | {"output_tokens": ["el", "coche"]}
    assert gold_alignment(spoilt) == ()


def test_the_noun_and_the_phrase_to_compare_with_are_read_too(trace):
    assert trace.about["others"]["gender"] == "The house is red"
    assert trace.about["others"]["phrase"] == "the red car"


def test_the_common_form_is_written_in_both_runs_while_looking_at_the_adjective(trace):
    ours, theirs = decoder_rows_of(trace), decoder_rows_of(trace, "other.gender")
    row = same_source_row(ours, theirs, trace, 3)
    assert (ours.writes[row], theirs.writes[row]) == ("rojo", "roja")


def test_likeness_is_one_for_the_same_row_and_less_for_another(trace):
    entering = trace["other.gender.embed_src.sum.cosine_with_other"].values[0]
    leaving = trace["other.gender.encoder.final_norm.out.cosine_with_other"].values[0]
    assert entering[3] == pytest.approx(1)
    assert np.all(leaving < 1)
