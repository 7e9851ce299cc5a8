"""Text <-> tokens: words in lower case for the model, and the words as they were typed for the labels.

>>> vocabulary.read("The car is red.").labels
('The', 'car', 'is', 'red')
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from safetensors import SafetensorError, safe_open

from transformer_core.files.foreign import parsed
from transformer_core.files.tensors import AFRESH, check_header, unbroken

PAD, START, END = 0, 1, 2
EXAMPLES = ("car", "red", "house", "coche", "rojo", "casa")
SPECIAL = ("<pad>", "<start>", "<end>")
#: A text of more characters is no sentence; to put accents in order takes time that grows with the square.
MOST_CHARACTERS = 10_000

#: A word is shown no longer than the first, and known no longer than the second.
SHOWN, LONGEST_WORD = 24, 60

_PIECE = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\S")
_TYPOGRAPHY = str.maketrans({"’": "'", "‘": "'", "\N{FULLWIDTH QUESTION MARK}": "?", "\N{IDEOGRAPHIC FULL STOP}": "."})
_CONTRACTIONS = {"doesn't": "does not", "don't": "do not", "didn't": "did not", "isn't": "is not", "aren't": "are not",
                 "wasn't": "was not", "weren't": "were not", "it's": "it is", "there's": "there is"}  # fmt: skip


class SentenceError(ValueError):
    """A sentence that cannot be read; the message is one line that says what to type instead."""


@dataclass(frozen=True)
class TokenizedText:
    """A sentence as ids for the model, and as the pieces that were typed."""

    text: str
    labels: tuple[str, ...]
    words: tuple[str, ...]
    ids: tuple[int, ...]
    #: Where in the text each piece begins and ends; empty where the pieces are not cut from the text as it stands.
    offsets: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The words of both languages, in the order of their ids; the first three ids are padding, start and end."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    longest: int = 40
    start: ClassVar[int] = START
    end: ClassVar[int] = END
    _source_ids: dict[str, int] = field(init=False, repr=False, compare=False)
    _target_ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_source_ids", {word: i for i, word in enumerate(self.source)})
        object.__setattr__(self, "_target_ids", {word: i for i, word in enumerate(self.target)})

    @classmethod
    def of(cls, source: Iterable[str], target: Iterable[str], longest: int = 40) -> Vocabulary:
        """All words of the two languages, sorted."""
        return cls((*SPECIAL, *sorted(set(source))), (*SPECIAL, *sorted(set(target))), longest)

    def read(self, text: str) -> TokenizedText:
        """The tokens of an English sentence.

        Raises:
            SentenceError: nothing to read, too much to read, or words that the model has no number for.
        """
        labels = pieces(text)
        if not labels:
            raise SentenceError('there is no word to translate: type a sentence such as "The car is red"')
        if len(labels) > self.longest:
            raise SentenceError(
                f"this text has {len(labels)} words, the model reads at most {self.longest}: type one short sentence"
            )
        words = tuple(label.lower() for label in labels)
        unknown = list(dict.fromkeys(word for word in words if word not in self._source_ids or word in SPECIAL))
        if unknown:
            raise SentenceError(self.advice(unknown))
        return TokenizedText(text, labels, words, tuple(self._source_ids[word] for word in words))

    def translation(self, text: str) -> tuple[int, ...]:
        """The ids of a Spanish sentence, without marks.

        Raises:
            SentenceError: no words, or words that the model has no number for.
        """
        words = [piece.lower() for piece in pieces(text)]
        unknown = list(dict.fromkeys(word for word in words if word not in self._target_ids or word in SPECIAL))
        if unknown or not words:
            raise SentenceError(self.advice(unknown, "Spanish") if words else "there is no word in this translation")
        return tuple(self._target_ids[word] for word in words)

    def advice(self, unknown: Sequence[str], language: str = "English") -> str:
        """One line that names the unknown words, at most five of them, and known words that are near."""
        named = ", ".join(f'"{shown(word)}"' for word in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        known = (self.source if language == "English" else self.target)[len(SPECIAL) :]
        near = dict.fromkeys(match for word in unknown[:5] for match in get_close_matches(word, known, 2, 0.7))
        hint = (
            f"it knows {', '.join(near)}"
            if near
            else f"it knows {len(known)} {language} words, such as {', '.join(w for w in EXAMPLES if w in known)}"
        )
        return f"the model never learned {named}{more}: {hint}; `lecture words` lists those of the lecture's own model"

    def source_ids(self, words: Sequence[str]) -> list[int]:
        return [self._source_ids[word] for word in words]

    def target_ids(self, words: Sequence[str]) -> list[int]:
        """The ids of Spanish words, between the start token and the end token."""
        return [START, *(self._target_ids[word] for word in words), END]

    def target_words(self, ids: Iterable[int]) -> tuple[str, ...]:
        """The Spanish words of `ids`, up to the end token and without the start token."""
        words: list[str] = []
        for i in ids:
            if i == END:
                break
            if i not in (START, PAD):
                words.append(self.target[i])
        return tuple(words)

    def to_json(self) -> str:
        return json.dumps(
            {"source": self.source, "target": self.target, "longest": self.longest}, ensure_ascii=False, indent=0
        )

    @classmethod
    def from_json(cls, text: str, where: object = "the vocabulary") -> Vocabulary:
        """The vocabulary that `to_json` wrote; `where` it stands is told if it is none.

        Raises:
            ValueError: words are missing, or none that could be shown on one line.
        """
        values = parsed(text, where)
        source, target = (_words(values.get(name), f"{name} in {where}") for name in ("source", "target"))
        longest = values.get("longest")
        if not isinstance(longest, int) or isinstance(longest, bool) or longest < 1:
            raise ValueError(f"{where} does not say how long a sentence may be")
        return cls(source, target, longest)


def _words(words: Any, where: str) -> tuple[str, ...]:
    if not isinstance(words, list) or len(words) <= END:
        raise ValueError(f"{where} is no list of words that begins with {', '.join(SPECIAL)}")
    for place, word in enumerate(words):
        if not isinstance(word, str) or not 0 < len(word) <= LONGEST_WORD or _visible(word) != word:
            raise ValueError(f"word {place} of {where} cannot be shown, or has more than {LONGEST_WORD} characters")
    return tuple(words)


def stored(path: Path) -> Vocabulary | None:
    """The words in the header of a checkpoint, or None if it has none; its weights are not read.

    Raises:
        OSError: there is no such file.
        ValueError: it is no checkpoint, or was damaged or changed since it was written.
    """
    check_header(path)
    try:
        with safe_open(path, framework="numpy") as file:
            card = parsed((file.metadata() or {}).get("about", "{}"), f"the card in {path}")
    except SafetensorError as error:
        raise ValueError(f"{path} is no checkpoint: {error}") from None
    if "vocabulary" not in card:
        return None
    unbroken(path, AFRESH)
    return Vocabulary.from_json(card["vocabulary"], f"the vocabulary in {path}")


def pieces(text: str) -> tuple[str, ...]:
    """The words of a text as they were typed; a full stop or an exclamation mark at its end is dropped.

    Unicode is composed first (NFC), contractions are written out ("isn't": is not).

    Raises:
        SentenceError: a text far longer than any sentence.
    """
    if len(text) > MOST_CHARACTERS:
        raise SentenceError(f"this text has {len(text)} characters: type one short sentence")
    text = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY)
    found: list[str] = []
    for piece in _PIECE.findall(text):
        written_out = _CONTRACTIONS.get(piece.lower(), piece).split()
        if piece[0].isupper():
            written_out[0] = written_out[0].capitalize() if len(written_out) > 1 else piece
        found.extend(written_out)
    while found and found[-1] in (".", "!"):
        found.pop()
    return tuple(found)


def shown(word: str) -> str:
    """A word that can be shown on one line: short, and nothing in it that is invisible or turns the line around."""
    visible = _visible(word)
    return visible if len(visible) <= SHOWN else visible[: SHOWN - 1] + "…"


def _visible(word: str) -> str:
    return "".join(char if char.isprintable() and unicodedata.category(char) != "Cf" else "·" for char in word)


def sentence(words: Sequence[str]) -> str:
    """Words as one line of text: "¿ es rojo ?" is written "¿es rojo?"."""
    return re.sub(r"\s+([?.,])", r"\1", " ".join(words)).replace("¿ ", "¿")
