"""Every catalogue that ships: what a translation may not lose."""

from pathlib import Path

import polib
import pytest
from said import unsaid

import scenes
from scenes.language import catalogue, languages
from scenes.language.catalogue import FOLDER, NUMBER
from scenes.language.sentences import PLACE, places, sentences
from scenes.mobjects.wording import layer_name
from scenes.production.font_file import NEEDED
from scenes.stage.captions import LEANING, LINKS
from transformer_core.tracing.provenance import Quantity

CODES = languages()[1:]


SCENES = Path(scenes.__file__).parent
#: All that draws or asks; what the package `marks` says of a wrong drawing is for engineers.
WRITTEN = sorted({*SCENES.glob("chapters/**/*.py"), *SCENES.glob("mobjects/*.py"), *SCENES.glob("quiz/*.py")})


def entries(code):
    return [entry for entry in polib.pofile(str(FOLDER / f"{code}.po")) if not entry.obsolete]


@pytest.mark.parametrize("code", CODES)
def test_a_translation_has_the_slots_and_the_beats_of_the_english(code):
    texts = [entry for entry in entries(code) if not entry.msgctxt and entry.msgstr]
    assert texts
    assert [one.msgid for one in texts if places(one.msgid) != places(one.msgstr)] == []
    assert [one.msgid for one in texts if one.msgid.count("|") != one.msgstr.count("|")] == []
    assert [one.msgid for one in texts if "  " in one.msgstr or one.msgstr != one.msgstr.strip()] == []


@pytest.mark.parametrize("code", CODES)
def test_an_entry_is_one_sentence_as_it_is_looked_up(code):
    texts = [entry.msgid for entry in entries(code) if not entry.msgctxt]
    number = f"{Quantity(0.5, 'x', (0,)):.1f}"
    said = {text: PLACE.sub(number, text) for text in texts}
    assert [text for text in texts if [one.template for one in sentences(said[text])] != [text]] == []
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_says_how_numbers_are_written_and_where_captions_are_cut(code):
    rules = catalogue(code).rules
    wanted = {(NUMBER, one) for one in ("0.5", "1,234", "12,345", "99%", "over 99%", "under 1%")}
    assert wanted | {("captions", LINKS), ("captions", LEANING), ("language", "eng")} <= set(rules)


@pytest.mark.parametrize("code", CODES)
def test_every_branch_of_a_storyboard_has_its_entry(code):
    """Also those that no sentence of the tests leads to: their texts are read from the source."""
    assert unsaid(WRITTEN, [entry.msgid for entry in entries(code) if not entry.msgctxt]) == []


def test_a_text_that_is_new_in_a_rare_branch_is_found(tmp_path):
    (tmp_path / "new.py").write_text(
        """def steps(trace):
    'Docstrings are not said.'
    verdict = f"It holds in {trace['config.words']} cases." if trace.about["in all"] else "No, not here."
    yield Step("A title", beat(verdict, trace.pick(part="all of it"), Words("one label", "large number")))
"""
    )
    new = unsaid([tmp_path / "new.py"], ["A title", "It holds in {0} cases."])
    assert [line.split(": ")[1] for line in new] == ["No, not here.", "one label"]


@pytest.mark.parametrize("code", CODES)
def test_every_character_is_asked_of_a_font(code):
    assert set("".join(entry.msgstr for entry in entries(code))) <= set(NEEDED)


def test_a_spanish_question_is_opened_as_well_as_closed():
    said = "".join(entry.msgstr for entry in entries("es"))
    assert (said.count("¿"), said.count("¡")) == (said.count("?"), said.count("!"))
    whole = [one.msgstr for one in entries("es") if one.msgid[:1].isupper() and "?" in one.msgid]  # not half a card's
    assert [text for text in whole if text.count("¿") != text.count("?")] == []


@pytest.mark.parametrize("layer", range(48))
def test_layers_of_a_deep_model_have_names(layer):
    """GPT-2 has up to 48 of them."""
    name = layer_name(layer)
    assert str(name).endswith(" layer")
    assert catalogue("es").text(name) != str(name)
