"""Files are whole or absent, and a sentence is data wherever it goes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.production.files import slug, whole, write_json


def write_half(target):
    with whole(target) as part:
        part.write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_output_leaves_what_was_there_and_nothing_else(tmp_path):
    target = tmp_path / "film.mp4"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(target)
    assert [f.name for f in tmp_path.iterdir()] == ["film.mp4"]
    assert target.read_text() == "old"


@given(st.text(max_size=200))
def test_any_text_gives_a_short_plain_file_name(text):
    name = slug(text)
    assert 0 < len(name) <= 64
    assert name.replace("-", "").isalnum()
    assert not name.startswith("-")


def test_a_path_in_a_sentence_does_not_lead_out_of_the_folder():
    assert slug("../../etc/passwd; rm -rf /") == "etc-passwd-rm-rf"


def test_two_long_sentences_that_begin_alike_have_two_names():
    start = "The animal did not cross the street because it was so very much too "
    assert slug(start + "tired") != slug(start + "wide")


def test_numbers_are_written_at_full_precision_and_infinity_as_a_word(tmp_path):
    write_json(tmp_path / "a.json", {"value": 0.1 + 0.2, "masked": float("-inf")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"value": 0.1 + 0.2, "masked": "-inf"}
