"""Translators of others, such as Marian or a torch.nn.Transformer: every chapter that they can serve holds for them."""

import pytest
from scenes_of import EVERY_CHAPTER, found_in, read_once

from scenes.language import catalogue
from scenes.stage.notes import Note
from scenes.stage.reading import read
from scenes.stage.requirements import lacks

CLOCK_HANDS = "A position is a set of clock hands"
CLOCKS = (CLOCK_HANDS, catalogue("es").text(CLOCK_HANDS))

#: The window of the second does not begin where the sentence does.
TEXTS = {"marian": "the old ship sails home", "torch": "the old ship sails home before the storm"}
#: Each kind in one theme and language.
LOOKS = {"marian": ("light", "en"), "torch": ("dark", "es")}
SERVED = [chapter for chapter in EVERY_CHAPTER if "an LSTM" not in chapter.needs]
#: A chapter of ten steps that take long to lay out.
LONG = ("FAQ",)


@pytest.fixture(scope="module", params=LOOKS)
def given(request, folders):
    return read_once(TEXTS[request.param], folders[request.param]), *LOOKS[request.param]


def right(found):
    assert found.wrong == []


#: Of the second kind those chapters that a window, its marks and its norms can put wrong.
OF_BOTH = ("Encoder", "Positions", "Scores", "Weighting", "Decoder", "Inference")
WALKED = [
    pytest.param(kind, chapter, id=f"{kind}-{chapter.__name__}")
    for kind in LOOKS
    for chapter in SERVED
    if kind == "marian" or chapter.__name__ in OF_BOTH
]


@pytest.mark.slow
@pytest.mark.parametrize(("given", "chapter"), WALKED, indirect=["given"], scope="module")
def test_a_chapter_is_true_and_readable(chapter, given):
    if chapter.__name__ not in LONG or given[1:] == LOOKS["marian"]:
        right(found_in(chapter, *given))


def test_all_but_the_chapter_on_the_two_lstms_are_served(given):
    assert [chapter for chapter in EVERY_CHAPTER if not lacks(given[0], chapter.needs)] == SERVED
    assert len(SERVED) == len(EVERY_CHAPTER) - 1


def test_a_text_of_pieces_is_ended_by_the_mark_of_its_own_model(folders):
    """Its end mark is not called as ours is, and two pieces may be shown alike: ids tell."""
    trace = read("the cat", folders["marian"])
    assert trace["decoder.lens_ranks"].shape[0] == 3
    last = trace["true_probs"].quantity(0, len(trace.about["target_tokens"]) - 1)
    assert float(last) == trace["probs"].values[0, -1, trace.about["end"]]


def test_words_stand_beside_the_clocks_only_where_their_own_places_are(given):
    trace = given[0]
    records = found_in(next(chapter for chapter in SERVED if chapter.__name__ == "Positions"), *given).records
    (clocks,) = [record for record in records if record.title in CLOCKS]
    named = {span.shown for span in clocks.spans.values() if span.source.axis == "position"}
    start = trace.about["windows"]["source"][0]
    assert (start > 0) == (trace.about["model"] == "torch")
    assert named == (set() if start else {str(word) for word in trace.in_sight()["embed_src.sum"].words("position")})


def test_a_note_counts_the_tokens_of_the_side_that_is_too_long(folders):
    trace = read("the cat", folders["marian"])
    assert list(trace.about["windows"]) == ["target", "ending"]
    assert str(Note.of(trace, "")) == f"10 of {len(trace.about['target_tokens'])} tokens in sight"
