"""A decoder alone, such as GPT-2, has the chapters on attention and on writing; what only others have is left out."""

import numpy as np
import pytest
from scenes_of import EVERY_DECODER_CHAPTER, ON_ATTENTION, found_in, read_once

from scenes.chapters.c06_scores import Scores
from scenes.chapters.c12_decoder.chapter import Decoder
from scenes.mobjects.attention_grid import NUMBERED
from scenes.theme import LIMITS
from transformer_core.studies.focus import focus_of, mixed_focus

#: Each sentence in one theme, so that every chapter stands in both of them.
SENTENCES = {
    ("short", "dark"): "the cat",
    ("middle", "light"): "the old ship sails home before the storm",
    ("long", "dark"): "the old ship sails home before the storm and the cat sees the other cat and the captain sleeps",
}


@pytest.fixture(scope="module", params=SENTENCES, ids=" ".join)
def given(request, folders):
    return read_once(SENTENCES[request.param], folders["gpt2"]), request.param[1]


@pytest.fixture(scope="module")
def trace(given):
    return given[0]


def walked(chapters):
    """Each chapter with each sentence; with the short one those in which its two tokens could stand too far apart."""
    cases = [
        pytest.param(look, chapter, id=f"{' '.join(look)}-{chapter.__name__}")
        for look in SENTENCES
        for chapter in chapters
        if look[0] != "short" or chapter in (Scores, Decoder)
    ]
    return pytest.mark.parametrize(("given", "chapter"), cases, indirect=["given"], scope="module")


@pytest.mark.slow
@walked(EVERY_DECODER_CHAPTER)
def test_every_chapter_on_a_decoder_is_true_and_readable(chapter, given):
    found = found_in(chapter, *given)
    assert found.wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("given", [("middle", "light")], indirect=True, ids=" ".join, scope="module")
@pytest.mark.parametrize("chapter", EVERY_DECODER_CHAPTER, ids=lambda chapter: chapter.__name__)
def test_every_chapter_holds_in_the_other_theme_and_in_spanish(chapter, given):
    """Both at once: where things stand follows from the language, and their colours from the theme."""
    found = found_in(chapter, given[0], "light" if given[1] == "dark" else "dark", "es")
    assert found.wrong == []


def test_attention_and_writing_are_among_them():
    on_attention = ["Meaning", "QKV", "Scores", "Weighting", "Heads", "Positions", "Residual", "FeedForward"]
    assert [chapter.__name__ for chapter in ON_ATTENTION] == on_attention
    assert {chapter.__name__ for chapter in EVERY_DECODER_CHAPTER} == {*on_attention, "Decoder", "Inference"}


@pytest.mark.slow
@walked(ON_ATTENTION)
def test_no_chapter_calls_a_decoder_an_encoder(chapter, given):
    narrations = [record.narration.replace("decoder", "") for record in found_in(chapter, *given).records]
    assert [told for told in narrations if "encoder" in told] == []


def test_the_mask_is_shown_where_scores_are(given):
    seen = given[0].in_sight()
    scores = seen["decoder.0.self_attn.scores"]
    size, row = scores.shape[-1], scores.position("query", mixed_focus(seen).query_token)
    found = found_in(Scores, *given)
    assert "The causal mask: no token looks ahead" in [record.title for record in found.records]
    # Of many pairs, the row in focus alone has numbers; the others are hatched. The matrix stays through the next step.
    assert found.texts.count("−∞") == 2 * (size * (size - 1) // 2 if size * size <= NUMBERED else size - 1 - row)


def test_a_row_of_shares_is_shared_out_among_the_tokens_so_far(trace):
    seen = trace.in_sight()
    weights = focus_of(seen).seen(seen)["weights"].values
    assert np.allclose(weights.sum(-1), 1)
    assert not np.triu(weights, 1).any()


def test_of_a_long_text_attention_shows_the_beginning_and_writing_the_end(trace):
    words = [str(word) for word in trace["probs"].words("position")]
    attention, writing = (trace.in_sight(at_the_end)["probs"].words("position") for at_the_end in (False, True))
    most = LIMITS.shown if trace.about["windows"] else len(words)
    assert [*map(str, attention)] == words[:most]
    assert [*map(str, writing)] == words[-most:]


def test_a_decoder_that_asks_nobody_ends_with_what_it_reads_next(given):
    record = found_in(Decoder, *given).records[-1]
    assert "no source to ask" in record.narration


def test_what_is_read_is_the_text_and_then_what_was_written(trace):
    probs = trace["probs"].pick(batch=0)
    words, written = [str(word) for word in probs.words("position")], trace.about["output_tokens"]
    first = len(words) - len(written) - 1
    assert [str(probs.pick(position=first + i).largest()[0]) for i in range(len(written))] == written
