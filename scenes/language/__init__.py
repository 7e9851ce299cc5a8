"""Other languages: every text of a picture or a caption goes through one catalogue, sentence by sentence.

Chapters and mobjects are written in English and know of no other language. Where a text becomes a picture or a caption,
`translated` makes a template of each of its sentences, whose slots are the numbers and tokens that know their source,
looks the template up, and fills the translation with the same slots: what is said in Spanish has the sources of the
English.
"""

from scenes.language.catalogue import DEFAULT_TEXT, ENGLISH, Catalogue, catalogue, languages
from scenes.language.speaking import Heard, Told, spoken_in, translated, voice

__all__ = [
    "DEFAULT_TEXT",
    "ENGLISH",
    "Catalogue",
    "Heard",
    "Told",
    "catalogue",
    "languages",
    "spoken_in",
    "translated",
    "voice",
]
