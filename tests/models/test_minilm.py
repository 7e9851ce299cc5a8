"""The pretrained encoder that comes as a package: equal to its original, and all encoder chapters hold for it."""

import importlib.util

import numpy as np
import pytest
import torch
import transformers
from scenes_of import EVERY_ENCODER_CHAPTER, found_in, read_once

from scenes.language import spoken_in
from scenes.mobjects.patterns import Patterns
from scenes.stage.notes import Note
from scenes.stage.reading import read
from scenes.theme import drawn_in, units
from transformer_core.pretrained.model_registry import PACKAGES, find_model
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.tap import record

ON_ONE_HEAD = [chapter for chapter in EVERY_ENCODER_CHAPTER if chapter.__name__ in ("QKV", "Scores", "Weighting")]
pytestmark = pytest.mark.skipif(not importlib.util.find_spec(PACKAGES["minilm"][0]), reason="minilm is not installed")

WORDS = ("captain river stone quietly believed mountains unusual tomorrow garden electricity because shadow orchestra "
         "window philosophy running beneath yellow democracy 42 never naïve jumped, whispering").split()  # fmt: skip
#: What is walked, by the number of tokens: about all that fit on screen, and a long sentence of which a part is in
#: sight; each in one theme and language, so that every chapter stands in both of them.
LOOKS = {12: ("light", "es"), 30: ("dark", "en")}
SENTENCES = {
    3: "Home",
    12: "The captain sailed his old ship home before the storm",
    30: "The old captain of the ship, who had not slept for three nights, finally saw the lighthouse and steered his "
    "whole crew to the old harbour",
}
#: Px that a note may have: for all of it, for a part, and for its least.
ROOMS = 1680, 1050, 360
RARE = "The naïve électrophysiologist photographed Ørsted's 😀 café"


def sentences(count):
    random = np.random.default_rng(1)
    return [" ".join(random.choice(WORDS, random.integers(1, 40))) for _ in range(count)]


def test_states_and_attentions_of_fifty_sentences_equal_hugging_face():
    folder = find_model("minilm")
    theirs = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True).eval()
    tokens = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    from transformer_core.pretrained import load_hugging_face
    from transformer_core.text.subwords import Subwords

    theirs, ours, tokenizer = theirs.double(), load_hugging_face(folder, torch.float64), Subwords(folder)
    worst = 0.0
    for text in sentences(50):
        given = tokens(text, return_tensors="pt")
        assert tuple(given["input_ids"][0].tolist()) == tokenizer.read(text).ids
        with torch.no_grad(), record() as tape:
            ours.encode(given["input_ids"])
        with torch.no_grad():
            out = theirs(**given, output_hidden_states=True, output_attentions=True)
        pairs = [(tape["embed_src.out"], out.hidden_states[0])]
        for layer in range(6):
            pairs.append((tape[f"encoder.{layer}.resid_post"], out.hidden_states[layer + 1]))
            pairs.append((tape[f"encoder.{layer}.self_attn.weights"], out.attentions[layer]))
        worst = max(worst, *(float((a - b).abs().max() / b.abs().max()) for a, b in pairs))
    assert worst < 2e-6


@pytest.fixture(scope="module", params=LOOKS, ids=[f"{count} tokens" for count in LOOKS])
def given(request):
    return read_once(SENTENCES[request.param], "minilm"), *LOOKS[request.param]


@pytest.fixture(scope="module", params=SENTENCES, ids=[f"{count} tokens" for count in SENTENCES])
def trace(request):
    return read_once(SENTENCES[request.param], "minilm")


def test_the_sentences_are_as_long_as_they_should_be():
    assert [len(read_once(text, "minilm").about["tokens"]) for text in SENTENCES.values()] == [*SENTENCES]


#: Of a long sentence a part is in sight, so that most can be wrong there; of the shorter one the chapters in which
#: every pair of tokens has a place.
WALKED = [
    pytest.param(count, chapter, id=f"{count} tokens-{chapter.__name__}")
    for count in LOOKS
    for chapter in EVERY_ENCODER_CHAPTER
    if count == 30 or chapter.__name__ in ("Scores", "Weighting", "Heads")
]


@pytest.mark.parametrize(("given", "chapter"), WALKED, indirect=["given"], scope="module")
def test_every_encoder_chapter_is_true_and_readable(chapter, given):
    found = found_in(chapter, *given)
    assert found.wrong == []


@pytest.mark.parametrize("chapter", ON_ONE_HEAD, ids=lambda chapter: chapter.__name__)
def test_rare_words_accents_and_a_picture_are_read_in_pieces_and_their_large_scores_fit(chapter, rare):
    found = found_in(chapter, rare, "light", "es")
    assert found.wrong == []


@pytest.fixture(scope="module")
def rare():
    trace = read(RARE, "minilm")
    assert {"naïve", "électro", "·phy", "[UNK]"} <= set(trace.about["tokens"])
    return trace


def test_what_is_said_to_be_most_is_so_among_all_tokens(trace):
    """Of a long sentence the tokens out of sight count, too, where a row's top key is named."""
    focus, seen = focus_of(trace), trace.in_sight()
    rows = focus_of(seen).seen(seen).in_full("weights", query=focus_of(seen).query_token)
    assert np.array_equal(rows.values, focus.seen(trace)["weights"].pick(query=focus.query_token).values)
    with drawn_in("dark"):
        shown = Patterns.of(seen, focus_of(seen), focus.layer).top_keys
    looks = trace[f"{focus.path}.weights"].pick(batch=0, query=focus.query_token)
    assert [str(text.text).split(" ")[0] for text in shown] == [str(row.largest()[0]) for row in looks]


def test_the_head_that_is_followed_is_the_one_that_looks_at_the_token_before(trace):
    """Layer 0, head 2 gives the token before nearly all, in any sentence; a single word has no pair."""
    whole, seen = focus_of(trace), focus_of(trace.in_sight())
    assert [str(focus.query_token) + str(focus.top_key) for focus in (whole, seen)] == [
        str(whole.query_token + whole.top_key)
    ] * 2
    if len(trace.about["tokens"]) > 3:
        assert (whole.layer, whole.head, str(whole.pattern)) == (0, 2, "the token before")
        assert seen.pattern == whole.pattern
        assert (whole.score > 0.95, whole.chance < 0.1) == (True, True)


def test_a_long_sentence_says_how_much_of_it_is_in_sight(given):
    texts = found_in(EVERY_ENCODER_CHAPTER[0], *given).texts
    said = any("tokens in sight" in text or "tokens a la vista" in text for text in texts)
    assert said == bool(given[0].about["windows"])


def test_figures_of_the_small_translator_are_said_to_be_its_own(given):
    residual = next(chapter for chapter in EVERY_ENCODER_CHAPTER if chapter.__name__ == "Residual")
    assert any("small translator" in text or "pequeño traductor" in text for text in found_in(residual, *given).texts)


def test_what_does_not_add_up_in_sight_is_said_to_be_of_all_tokens(given):
    """Of a long sentence, ten tokens are in sight: their terms alone would make another sum."""
    weighting = next(chapter for chapter in EVERY_ENCODER_CHAPTER if chapter.__name__ == "Weighting")
    told = " ".join(record.narration for record in found_in(weighting, *given).records)
    assert told.count("out of sight") == (3 if given[0].about["windows"] else 0)


def test_a_note_tells_why_this_head_as_fully_as_there_is_room_in_either_language(trace):
    path = focus_of(trace.in_sight()).path
    for language, chance in (("en", "by chance"), ("es", "por azar")):
        with drawn_in("dark"), spoken_in(language) as voice:
            notes = [Note.of(trace.in_sight(), path, room) for room in ROOMS]
            missing = [heard.template for heard in voice.take() if heard.became is None]
        texts = [note.text for note in notes if note]
        assert all(note is None or note.width <= units(room) for note, room in zip(notes, ROOMS, strict=True))
        assert chance in texts[0]
        assert texts == sorted(texts, key=len, reverse=True)
        assert language == "en" or missing == []
