"""Captions keep the broadcast rules for any text, and cut it where a reader would draw breath."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.stage.captions import Cue, reading_seconds, split, srt, vtt

WORD = st.one_of(
    st.sampled_from(
        ["the", "car", "“red”", "“The car is red”", "0.99", "−1.20", "×", "=", "and", "is,", "so.", "why?", "<b>"]
    ),
    st.text(min_size=1, max_size=60),
)
TEXT = st.lists(WORD, max_size=45).map(" ".join)


def joined(cards):
    return "".join("".join(lines) for lines in cards)


@given(TEXT)
def test_every_card_has_at_most_two_lines_of_42_characters_and_nothing_is_lost(text):
    cards = split(text)
    assert all(1 <= len(lines) <= 2 and all(0 < len(line) <= 42 for line in lines) for lines in cards)
    assert re.sub(r"\s", "", joined(cards)) == re.sub(r"\s", "", text)


@given(TEXT)
def test_no_card_is_read_faster_than_20_characters_a_second_or_stands_less_than_800_ms(text):
    for lines in split(text):
        seconds = round(reading_seconds(" ".join(lines)), 3)
        assert seconds >= 0.8
        assert len(" ".join(lines)) / seconds <= 20


@given(TEXT)
def test_a_text_needs_as_long_as_its_cards(text):
    assert reading_seconds(text) == pytest.approx(
        sum(reading_seconds(" ".join(lines)) for lines in split(text)), abs=0.01
    )


def test_a_cut_falls_at_the_end_of_a_sentence_and_the_two_lines_are_balanced():
    cards = split("Rows ask, columns answer. Each number says how well one token's question fits another's answer.")
    assert cards == (
        ("Rows ask, columns answer.",),
        ("Each number says how well one token's", "question fits another's answer."),
    )


def test_a_quotation_and_a_sum_of_numbers_are_never_cut():
    lines = [
        line
        for card in split("Now watch how the sentence “The car is red” moves: 0.31 × −1.20 = −0.37.")
        for line in card
    ]
    assert any("“The car is red”" in line for line in lines)
    assert any("0.31 × −1.20 = −0.37." in line for line in lines)


def test_an_article_is_not_left_at_the_end_of_a_line():
    for card in split("It takes the query of the token that asks and compares it with the key of every other token."):
        assert not any(line.split()[-1] in {"the", "of", "a", "and"} for line in card)


def test_silence_needs_no_reading():
    assert reading_seconds("") == 0
    assert split("  ") == ()


def test_srt_numbers_its_cards_and_disarms_tags_and_arrows():
    text = srt([Cue(0, 1.5, ("a <b> is data,", "so is -->")), Cue(3661.25, 3663, ("<0.01", r"{\an8}"))])
    assert text == (
        "1\n00:00:00,000 --> 00:00:01,500\na <\u2060b> is data,\nso is --\u2060>\n\n"
        "2\n01:01:01,250 --> 01:01:03,000\n<0.01\n{\u2060\\an8}\n"
    )


def test_vtt_escapes_what_a_player_would_read_as_markup():
    text = vtt([Cue(0, 1, ("<i>x</i> & y --> z",))])
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n&lt;i&gt;x&lt;/i&gt; &amp; y --&gt; z\n"
