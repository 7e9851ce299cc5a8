"""Written text, read out as a teacher would: numbers, signs and Spanish words."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scenes.production.store import PACKAGES
from scenes.speech.narration import AFTER_COMMA, AFTER_SENTENCE, foreign_words, pause
from scenes.speech.spanish import phonemes
from scenes.speech.spoken import cardinal, spoken
from transformer_core.text.vocabulary import stored

SPANISH = {"el", "coche", "es", "rojo", "no"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It gets 99%.", "It gets ninety-nine percent."),
        ("over 99%, under 1%", "Over ninety-nine percent, under one percent"),
        ("All 64 products make −2.716.", "All sixty-four products make minus two point seven one six."),
        ("0.5 × −1.20 = −0.6", "Zero point five times minus one point two zero equals minus zero point six"),
        ("2 × 3 = 6", "Two times three equals six"),
        ("4 × 64: so blocks", "Four by sixty-four: so blocks"),
        ("scores ahead become −∞", "Scores ahead become minus infinity"),
        ("to within 2·10⁻¹⁶ of it", "To within two times ten to the minus sixteen of it"),
        ("10⁻³ at most", "Ten to the minus three at most"),
        ("218,176 learned numbers", "Two hundred eighteen thousand one hundred seventy-six learned numbers"),
        ("QK^T/√d_k", "Q K transpose over the root of d k"),
        ("W_Q and d_model", "W Q and d model"),
        ("109° apart", "One hundred nine degrees apart"),
        ("“<end>” has 91%", "End has ninety-one percent"),
        ("“el coche es rojo” comes out", "«el coche es rojo», comes out"),
        ("About to write “rojo”, it looks at “red”.", "About to write «rojo», it looks at red."),
        ("“¿es rojo?” it asks", "«es rojo», it asks"),
        ("Here “is” gives more to “The”.", "Here, is, gives more to, The."),
        ("it’s one token’s question", "It's one token's question"),
        ("What if? it writes. a row", "What if? It writes. A row"),
        ("1e-3, 2.5e-4, 1E6", "Ten to the minus three, two point five times ten to the minus four, ten to the six"),
        ("the 1st, 2nd, 3rd, 21st and 1,000th", "The first, second, third, twenty-first and one thousandth"),
        ("T5, GPT-2, Llama-3.2-1B, 4-bit", "T five, GPT two, Llama three point two one B, four-bit"),
        ("θ₁ = λ², Θ, xᵢ, h⁽¹⁾, µ", "Theta one equals lambda squared, capital theta, x i, h one, mu"),
        ("-3, −3, 5 - 3, a well-known one", "Minus three, minus three, five minus three, a well-known one"),
        ("1/2, 2/3, 3/4, ½ and 12/64", "One half, two thirds, three quarters, one half and twelve over sixty-four"),
        ("steps 3–5, 10-12", "Steps three to five, ten to twelve"),
        ("x² + y³ = z⁴, e^x, x⁻¹", "X squared plus y cubed equals z to the four, e to the x, x to the minus one"),
        ("$5, 48x, 3D, encoder.1", "Five dollars, forty-eight x, three D, encoder point one"),
        ("", ""),
    ],
)  # fmt: skip
def test_numbers_signs_and_names_become_words(written, said):
    assert spoken(written, SPANISH) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("“red” se lleva el 99\u202f%", "«red» se lleva el noventa y nueve por ciento"),
        ("12\u202f345 y 1234", "Doce mil trescientos cuarenta y cinco y mil doscientos treinta y cuatro"),
        ("1 vector, 21 cabezas, 1 de 4", "Un vector, veintiuna cabezas, uno de cuatro"),
        ("200 palabras", "Doscientas palabras"),
        ("−2.716 × 2 = −5.432", "Menos dos punto siete uno seis por dos es igual a menos cinco punto cuatro tres dos"),
        ("el 1.º, la 2.ª y el 3.er paso", "El primero, la segunda y el tercer paso"),
        ("1e-3, 2·10⁻¹⁶", "Diez elevado a menos tres, dos por diez elevado a menos dieciséis"),
        ("θ, Φ, σ², x₁", "Theta, fi mayúscula, sigma al cuadrado, x uno"),
        ("1/2, 2/3, 4–6, GPT-2", "Un medio, dos tercios, cuatro a seis, GPT dos"),
        ("¿“the” o “coche”?", "¿«the» o coche?"),
    ],
)  # fmt: skip
def test_they_become_spanish_words_in_spanish(written, said):
    assert spoken(written, {"the", "red", "car"}, "es") == said


#: No digit, Greek letter or sign is left to a voice.
UNSPOKEN = re.compile(r"[\d%×=+<>∞“”’°√~^_|\[\]{}→←−Α-ωϐ-ϖ₀-ₜ⁰-ⁿ²³¹]")


@given(st.text(), st.sampled_from(["en", "es"]))
@example("“", "en")
@example("a” b", "en")
@example("1e-3⁻¹²½µ٣−٣", "es")
def test_no_text_is_too_strange_to_be_read_out(text, language):
    assert not UNSPOKEN.search(spoken(text, (), language))


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_greek_letter_has_its_name_in_both_cases(language):
    names = {letter: spoken(letter, (), language).lower() for letter in "αβγδεζηθικλμνξοπρστυφχψω"}
    assert len({*names.values()}) == 24
    assert all(re.fullmatch("[a-zéíó]+", name) for name in names.values())
    assert {names[letter] for letter in "εσθφ"} == {spoken(form, (), language).lower() for form in "ϵςϑϕ"}
    for letter in {*names} - {*"σπ"}:  # Σ and Π are a sum and a product
        assert {names[letter], "capital" if language == "en" else "mayúscula"} <= {
            *spoken(letter.upper(), (), language).lower().split()
        }


@given(st.integers(0, 10**15 - 1))
def test_a_number_in_words_has_the_value_of_the_number(number):
    assert value(cardinal(number)) == number


def value(words: str) -> int:
    """Read words back, by another way: from small to large."""
    small = {cardinal(n): n for n in range(20)} | {cardinal(n): n for n in range(20, 100, 10)}
    total = part = 0
    for word in words.replace("-", " ").split():
        if word == "hundred":
            part *= 100
        elif word in small:
            part += small[word]
        else:
            total += part * {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}[word]
            part = 0
    return total + part


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("coche", "kˈOʧɛ"), ("rojo", "ɹˈOhO"), ("está", "ɛstˈɑ"), ("árbol", "ˈɑɹbOl"), ("azul", "ɑsˈul"),
        ("niña", "nˈinjɑ"), ("que", "kˈɛ"), ("sigue", "sˈiɡɛ"), ("calle", "kˈɑjɛ"), ("perro", "pˈɛɹO"),
        ("huevo", "uˈɛbO"), ("gente", "hˈɛntɛ"), ("cerca", "sˈɛɹkɑ"), ("muy", "mˈui"), ("y", "ˈi"), ("río", "ɹˈiO"),
        ("avión", "ɑbiˈOn"), ("puerta", "puˈɛɹtɑ"), ("jardín", "hɑɹdˈin"),
    ],
)  # fmt: skip
def test_spanish_letters_have_their_sounds_and_their_stress(word, sounds):
    assert phonemes(word) == sounds


def test_every_spanish_word_of_the_model_has_one_stress_in_the_alphabet_of_the_voice():
    hibari = pytest.importorskip("hibari")
    alphabet = hibari.Hibari().vocab
    words = foreign_words(None)
    assert {"coche", "rojo"} <= words
    for word in words:
        assert phonemes(word).count("ˈ") == 1, word
        assert set(phonemes(word)) <= set(alphabet), word


def test_a_word_of_both_languages_is_read_as_english():
    vocabulary = stored(PACKAGES / "assets" / "models" / "english-spanish.safetensors")
    assert not foreign_words(None) & set(vocabulary.source)
    assert not foreign_words(None, "es") & set(vocabulary.target)
    assert {"car", "coche"} & foreign_words(None, "es") == {"car"}


def test_a_reader_breathes_longer_after_a_sentence_than_after_a_comma():
    assert pause("Rows ask.") == pause("Rows ask “red?”") == AFTER_SENTENCE
    assert pause("Rows ask,") == AFTER_COMMA < AFTER_SENTENCE
    assert pause("rows") < AFTER_COMMA
