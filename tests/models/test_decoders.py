"""A decoder alone, such as GPT-2, has the chapters on decoding; what only a translator has is left out of them."""

import pytest
from scenes_of import EVERY_CHAPTER, found_in

from transformer_core.lecture import read

SENTENCES = {
    "short": "the cat",
    "middle": "the old ship sails home before the storm",
    "long": "the old ship sails home before the storm and the cat sees the other cat and the captain sleeps",
}
OF_DECODERS = [chapter for chapter in EVERY_CHAPTER if chapter.needs == ("a decoder",)]


@pytest.fixture(scope="module", params=SENTENCES.values(), ids=SENTENCES)
def trace(request, folders):
    return read(request.param, folders["gpt2"])


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("chapter", OF_DECODERS, ids=lambda chapter: chapter.__name__)
def test_every_chapter_on_decoding_is_true_and_readable(chapter, theme, trace):
    found = found_in(chapter, trace, theme)
    assert found.lies + found.claims + found.faults == []


def test_the_decoder_and_inference_are_among_them():
    assert {"Decoder", "Inference"} <= {chapter.__name__ for chapter in OF_DECODERS}


def test_what_is_read_is_the_text_and_then_what_was_written(trace):
    probs = trace["probs"].pick(batch=0)
    words, written = [str(word) for word in probs.words("position")], trace.about["output_tokens"]
    first = len(words) - len(written) - 1
    assert [str(probs.pick(position=first + i).largest()[0]) for i in range(len(written))] == written
