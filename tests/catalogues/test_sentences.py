"""A text becomes templates with slots, and a translation has the sources of the English, wherever it puts them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.language import catalogue, languages, spoken_in, translated
from scenes.language.sentences import filled, sentences
from scenes.language.speaking import Translator
from transformer_core.tracing.provenance import Phrase, parse
from transformer_core.tracing.trace import NamedTensor

WORDS = ("the", "car", "is", "red")
SHARES = NamedTensor(
    "shares", np.array([[0.25, 0.75, 0, 0.999], [1234, 218176, 0.5, 3]]), ("query", "key"), {"key": WORDS}
)
ASKER, ANSWER = SHARES.label("key", 3), SHARES.label("key", 1)
PIECES = st.sampled_from(
    ["Rows ask,", "columns answer.", "|", "“who?”", "Why?", f"“{ASKER}”", f"{SHARES.quantity(0, 1):.2f}", "and", "."]
)


def templates(text):
    return [sentence.template for sentence in sentences(text)]


def test_numbers_and_tokens_become_slots():
    assert templates(f"“{ASKER}” gives {SHARES.quantity(0, 1):.0%} to “{ANSWER}”.") == ["“{0}” gives {1} to “{2}”."]


def test_tokens_in_a_row_are_one_slot_however_many_there_are():
    row = " ".join(f"{word}" for word in SHARES.words("key"))
    assert templates(f"“{row}” goes in.") == templates(f"“{ASKER}” goes in.") == ["“{0}” goes in."]


def test_a_sentence_goes_on_over_beats_and_ends_at_a_full_stop_outside_quotes():
    text = "It asks “Who? Me?” of all. If keys were queries, |all would mirror. |Who needs whom? |End"
    assert templates(text) == [
        "It asks “Who? Me?” of all.", "If keys were queries, |all would mirror.", "Who needs whom?", "End",
    ]  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_templates_filled_again_are_the_text(text):
    again = "".join(filled(one.template, one.slots) + one.after for one in sentences(text))
    assert "".join(again.split()) == "".join(text.split())


def test_a_translation_has_the_same_sources_in_its_own_order(german):
    text, spans = parse(Translator(german).tell(f"“{ASKER}” gives {SHARES.quantity(0, 0):.2f} to “{ANSWER}”."))
    assert text == "An „car“ gibt „red“ 0,25."
    assert [text[span.start :][: len(span.shown)] for span in spans] == ["car", "red", "0,25"]
    assert [span.source.index for span in spans] == [(1,), (3,), (0, 0)]


@pytest.mark.parametrize(
    ("shown", "written"),
    [("0.25", "0,25"), ("−1.50", "−1,50"), ("1,234", "1234"), ("218,176", "218.176"), ("41%", "41\u202f%"),
     ("over 99%", "über 99\u202f%"), ("<0.01", "<0,01"), ("3·10⁻¹⁶", "3·10⁻¹⁶"), ("−∞", "−∞"), ("1,021.5", "1021,5")],
)  # fmt: skip
def test_a_number_is_written_as_the_language_does(german, shown, written):
    assert german.number(shown) == written


def test_words_of_the_model_are_never_translated(german):
    token = NamedTensor("x", np.zeros(1), ("key",), {"key": ("attention",)}).label("key", 0)
    part = NamedTensor("x", np.zeros(1), ("part",), {"part": ("attention",)}).label("part", 0)
    assert parse(Translator(german).tell(f"{token}"))[0] == Translator(german).tell(token) == "attention"
    assert parse(Translator(german).tell(f"{part}"))[0] == Translator(german).tell(part) == "Aufmerksamkeit"


def test_a_phrase_in_a_sentence_is_translated_by_itself_and_has_no_source(german):
    text, spans = parse(Translator(german).tell(f"Most comes from {Phrase('attention')}."))
    assert text == "Das meiste kommt aus: Aufmerksamkeit."
    assert spans == ()


def test_what_has_no_entry_stays_english_and_is_remembered(german):
    voice = Translator(german)
    assert voice.tell("The first part. The second part. Not yet") == "Der erste Teil. The second part. Not yet"
    assert [(one.template, one.became) for one in voice.take()] == [
        ("The first part.", "Der erste Teil."), ("The second part.", None), ("Not yet", None),
    ]  # fmt: skip
    assert voice.take() == []


def test_a_translation_that_is_only_guessed_is_not_used(german):
    assert german.find("guessed") is None


def test_what_was_told_is_not_told_again():
    with spoken_in("es") as voice:
        once = translated("Rows ask, columns answer.")
        assert translated(once) == once == "Las filas preguntan, las columnas responden."
        assert [one.became for one in voice.take()] == [once]


def test_english_is_left_as_it_is():
    text = f"“{ASKER}” gives {SHARES.quantity(1, 1):,.0f}. |Done"
    assert translated(text) == text


def test_a_text_with_braces_of_its_own_is_left_as_it_is(german):
    assert Translator(german).tell("a {0} and a {7}") == "a {0} and a {7}"
    strange = NamedTensor("x", np.zeros(1), ("key",), {"key": ("{1}",)}).label("key", 0)
    assert parse(Translator(german).tell(f"“{strange}” gives {SHARES.quantity(0, 0):.2f} to “{ANSWER}”."))[0] == (
        "An „car“ gibt „{1}“ 0,25."
    )


def test_an_unknown_language_is_told_with_those_that_there_are():
    with pytest.raises(ValueError, match=f"no language 'xx': there are {', '.join(languages())}"):
        catalogue("xx")
