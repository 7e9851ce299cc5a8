"""Sounds of Spanish words, in the phonemes of an English voice: near enough to be recognised, with its accent.

Spanish is spelled as it sounds: letter by letter, with a few pairs of letters. The stress is on the penultimate
syllable if a word ends in a vowel, n or s, else on the last, unless an accent marks another. Phonemes are written as
in misaki, where A, I, O, W and Y are the diphthongs of "day", "my", "go", "now" and "boy".
"""

from __future__ import annotations

import re
import unicodedata

ACCENTS = str.maketrans("áéíóú", "aeiou")
#: Longest first. What precedes e or i sounds otherwise.
SOUNDS = (
    ("qu", "k"), ("ch", "ʧ"), ("ll", "j"), ("rr", "ɹ"), ("gue", "ɡe"), ("gui", "ɡi"), ("güe", "ɡwe"), ("güi", "ɡwi"),
    ("ce", "se"), ("ci", "si"), ("ge", "he"), ("gi", "hi"), ("ñ", "nj"), ("c", "k"), ("g", "ɡ"), ("h", ""), ("j", "h"),
    ("v", "b"), ("x", "ks"), ("z", "s"), ("r", "ɹ"), ("ü", "w"),
)  # fmt: skip
VOWELS = "aeiou"
NUCLEUS = re.compile(r"[iu]?[aeo][iuy]?(?![aeiou])|[iu]?[aeo]|[iu][iuy]?|y$")
STRESSED = {"a": "ɑ", "e": "ɛ", "i": "i", "o": "O", "u": "u"}


def phonemes(word: str) -> str:
    """The sounds of a Spanish word.

    >>> phonemes("coche"), phonemes("rojo"), phonemes("árbol"), phonemes("está")
    ('kˈOʧɛ', 'ɹˈOhO', 'ˈɑɹbOl', 'ɛstˈɑ')
    """
    word = unicodedata.normalize("NFC", word.lower())
    plain = word.translate(ACCENTS)
    starts = [match.start() for match in NUCLEUS.finditer(_mute(plain))]
    stress = _stress(word, plain, starts)
    found, place = "", 0
    while place < len(plain):
        spelt, sound = next((pair for pair in SOUNDS if plain.startswith(pair[0], place)), (plain[place],) * 2)
        length = len(spelt)
        if len(sound) > 1 and sound[-1] in "ei" and spelt[-1] in "ei":
            sound, length = sound[:-1], length - 1  # the vowel is read by itself
        if place == stress:
            found += "ˈ"
        found += "".join(STRESSED.get(char, char) for char in sound)
        place += length
    return re.sub("y$|y(?=[^ɑɛiOuˈ])", "i", found).replace("y", "j")


def _mute(plain: str) -> str:
    """The spelling without the u that only says how g and q sound: "que" has one vowel."""
    return re.sub("(?<=[gq])u(?=[ei])", "_", plain)


def _stress(word: str, plain: str, starts: list[int]) -> int:
    """Return the index of the stressed vowel; -1 for a word without vowels."""
    marked = next((i for i, char in enumerate(word) if char in "áéíóú"), None)
    if marked is not None:
        return marked
    if not starts:
        return -1
    syllable = starts[-2] if len(starts) > 1 and plain[-1] in "aeiouns" else starts[-1]
    # In a diphthong the strong vowel is stressed.
    weak = plain[syllable] in "iu" and plain[syllable + 1 : syllable + 2] in {*VOWELS}
    return syllable + weak
