"""The trace of a text as pictures show it: read by the core, within the limits of what a viewer can read."""

from functools import partial

from scenes.theme import LIMITS
from transformer_core.studies.sentence import compare as pairs
from transformer_core.studies.sentence import read as sentences

#: Before this letter, Latin ends; a bar would divide what is said.
LATIN = "\u0250"


def shortened(name: str, most: int = 34) -> str:
    """A name of the user's own, in letters that a picture has, at most so many.

    >>> shortened("my|model")
    'my·model'
    """
    letters = "".join(char if char.isprintable() and char < LATIN and char != "|" else "·" for char in name)
    return letters if len(letters) <= most else f"{letters[: most - 1]}…"


#: As `transformer_core.studies.sentence.read.read`.
read = partial(sentences.read, limits=LIMITS)
#: As `transformer_core.studies.sentence.compare.compare` and `beside`.
compare = partial(pairs.compare, limits=LIMITS, called=shortened)
beside = partial(pairs.beside, limits=LIMITS, called=shortened)
