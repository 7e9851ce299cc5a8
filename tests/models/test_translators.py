"""Translators of others, such as Marian or a torch.nn.Transformer: some of each room of the lecture holds for them."""

import pytest
from scenes_of import EVERY_CHAPTER, found_in

from scenes.mobjects.notes import Note
from transformer_core.lecture import read

#: The window of the second does not begin where the sentence does.
TEXTS = {"marian": "the old ship sails home", "torch": "the old ship sails home before the storm"}
#: On places, on one head, on heads and both attentions, on the decoder, its losses, its search and its layers; each
#: kind of model in one theme.
NAMES = ("Positions", "Scores", "Heads", "Decoder", "Training", "Inference", "Interpretation")
SOME = [chapter for chapter in EVERY_CHAPTER if chapter.__name__ in NAMES]
THEMES = {"marian": "light", "torch": "dark"}


@pytest.fixture(scope="module", params=THEMES)
def given(request, folders):
    return read(TEXTS[request.param], folders[request.param]), THEMES[request.param]


@pytest.mark.parametrize("chapter", SOME, ids=lambda chapter: chapter.__name__)
def test_a_chapter_is_true_and_readable(chapter, given):
    found = found_in(chapter, *given)
    assert found.lies + found.claims + found.faults == []
    assert [record.number for record in found.records if len(record.narration.split()) > 45] == []


def test_words_stand_beside_the_clocks_only_where_their_own_places_are(given):
    trace = given[0]
    records = found_in(SOME[0], *given).records
    (clocks,) = [record for record in records if record.title == "A place is a set of clock hands"]
    named = {span.shown for span in clocks.spans.values() if span.source.axis == "position"}
    start = trace.about["windows"]["source"][0]
    assert (start > 0) == (trace.about["model"] == "torch")
    assert named == (set() if start else {str(word) for word in trace.in_sight()["embed_src.sum"].words("position")})


def test_a_note_counts_the_tokens_of_the_side_that_is_too_long(folders):
    trace = read("the cat", folders["marian"])
    assert list(trace.about["windows"]) == ["target", "ending"]
    assert str(Note.of(trace, "")) == f"10 of {len(trace.about['target_tokens'])} tokens in sight"
