"""Text <-> subword tokens, by the `tokenizer.json` of a model of Hugging Face; each piece shown so that it can be read.

A piece that goes on with the word before it begins with a dot: "un", "·believ", "·able". Bytes that are no character
stand in brackets, and so does what only a reader of tokens sees: "[C3]", "[space]", "[CLS]".

Source: Sennrich et al. 2016 (byte pairs); Wu et al. 2016, section 4.1 (word pieces); Kudo and Richardson 2018.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from transformer_core.files.foreign import bounded
from transformer_core.text.tokenizer import process_of
from transformer_core.text.vocabulary import SHOWN, SentenceError, TokenizedText

JOIN = "·"
#: What starts a word in byte pairs and in SentencePiece, and what goes on with one in word pieces.
BYTE_SPACE, SPACE, GOES_ON = "Ġ", "▁", "##"
NOTHING = 'there is nothing to read: type a sentence such as "The car is red"'
#: Characters beyond Latin, Greek and Cyrillic that both fonts of the lecture have.
MARKS = frozenset("–—‘’‚“”„†‡•…‹›€™−≈≠≤≥∞")
NEEDED = "tokenizer.json"
#: A tokenizer of many languages has some thirty megabytes.
MOST_TOKENIZER_BYTES = 64 * 2**20
#: The largest vocabularies have a quarter of a million pieces.
MOST_PIECES = 2**20
#: All pieces of the largest together have some two million.
MOST_LETTERS = 2**22
#: A text of more characters for each token that the model reads is not looked at: it would be too long anyway.
CHARACTERS_A_TOKEN = 100


class Subwords:
    """The pieces of a `tokenizer.json`, the text that they cut, and the marks before the first and after the last.

    `source` and `target` are all pieces in the order of their ids, as they are shown. `start` and `end` are the ids
    of the marks around what a decoder writes (-1 for none), `longest` the most tokens that the model has places for,
    `rows` how many rows it has for them: those without a piece are called "[none]". `data` are the bytes of such a
    file if another holds them: then `folder` is the path of that one.

    Raises:
        ValueError: the folder has no such file, or one that cannot be used, or the library that reads it is not
            installed.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        longest: int = 512,
        start: int = -1,
        end: int = -1,
        rows: int = 0,
        data: bytes | None = None,
    ) -> None:
        self.longest, self.start, self.end, self.rows = longest, start, end, rows
        self.path = Path(folder) if data is not None else Path(folder) / NEEDED
        if data is None:
            if not self.path.exists():
                raise ValueError(missing(Path(folder)))
            data = bounded(self.path, MOST_TOKENIZER_BYTES)
        try:
            self.process = process_of(data)
        except ValueError as error:
            raise ValueError(f"{self.path} is no tokenizer that can be read: {error}") from None
        ids = self.process.facts["vocabulary"]
        size = max(ids.values(), default=-1) + 1
        if not 0 < size <= max(MOST_PIECES, rows):
            raise ValueError(f"{self.path} has {size} tokens: from 1 to {MOST_PIECES} can be read")
        if sum(map(len, ids)) > MOST_LETTERS:
            raise ValueError(f"{self.path} has tokens of more than {MOST_LETTERS} characters together")

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every token as the file writes it, in the order of the ids."""
        ids = self.process.facts["vocabulary"]
        found = ["[none]"] * max(max(ids.values()) + 1, self.rows)
        for piece, at in ids.items():
            found[at] = piece
        return tuple(found)

    @cached_property
    def marks(self) -> frozenset[str]:
        """The tokens that stand for no text, such as [CLS]."""
        return frozenset(self.process.facts["marks"])

    @cached_property
    def by_bytes(self) -> bool:
        """True if a piece spells bytes, as GPT-2's do."""
        return bool(self.process.facts["by_bytes"])

    @cached_property
    def source(self) -> tuple[str, ...]:
        return tuple(self.shown(piece) for piece in self.pieces)

    @property
    def target(self) -> tuple[str, ...]:
        return self.source

    def shown(self, piece: str) -> str:
        """A piece of the vocabulary as it is shown where no text stands beside it."""
        return _short(self._shown(piece))

    def _shown(self, piece: str) -> str:
        if piece in self.marks:
            return visible(piece) or "[nothing]"
        if piece.startswith(GOES_ON) and not self.by_bytes:
            return JOIN + visible(piece.removeprefix(GOES_ON))
        begins = piece.startswith((BYTE_SPACE, SPACE))
        bare = piece[1:] if begins else piece
        text = spelled(bare) if self.by_bytes else visible(bare)
        joined = not begins and (self.by_bytes or self.begins_with_space) and not text.startswith("[")
        return (JOIN if joined else "") + (text or "[space]")

    @cached_property
    def begins_with_space(self) -> bool:
        """True if pieces mark where a word begins, as SentencePiece does, and not where one goes on."""
        return any(piece.startswith(SPACE) for piece in self.pieces)

    def read(self, text: str) -> TokenizedText:
        """The tokens of a text, and where in it each was cut.

        Raises:
            SentenceError: nothing to read, more than the model has places for, or no text that can be cut.
        """
        if not text.strip():
            raise SentenceError(NOTHING)
        if len(text) > CHARACTERS_A_TOKEN * self.longest:
            raise SentenceError(
                f"this text has {len(text)} characters, the model reads at most {self.longest} tokens: type a shorter "
                "one"
            )
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise SentenceError("this text holds bytes that are no UTF-8: type it anew")
        try:
            found = self.process.cut(text, self.longest)
        except ValueError as error:
            raise SentenceError(f"the tokenizer of this model, {self.path}, cannot cut this text: {error}") from None
        count = found.get("count", len(found.get("ids", ())))
        if not count:
            raise SentenceError(NOTHING)
        if count > self.longest:
            raise SentenceError(
                f"this text has {count} tokens, the model reads at most {self.longest}: type a shorter one"
            )
        places = tuple((begin, end) for begin, end in found["offsets"])
        cut = Pieces(tuple(found["tokens"]), tuple(found["ids"]), places, found["words"])
        self._check(cut, text)
        labels = tuple(self._label(text, cut, at) for at in range(count))
        return TokenizedText(text, labels, cut.tokens, cut.ids, cut.offsets)

    def _check(self, cut: Pieces, text: str) -> None:
        """Hold ids and places against the table and the text.

        Raises:
            SentenceError: what surrounds a text in this file has ids, or a rule of it gives places, that are not there.
        """
        strange = [at for at in cut.ids if not 0 <= at < len(self.pieces)]
        if strange:
            raise SentenceError(
                f"the tokenizer of this model, {self.path}, gives this text the id {strange[0]}: it has "
                f"{len(self.pieces)} tokens, with ids from 0"
            )
        if not all(0 <= begin <= end <= len(text) for begin, end in cut.offsets):
            raise SentenceError(f"the tokenizer of this model, {self.path}, cuts this text at places that it has not")

    def _label(self, text: str, cut: Pieces, at: int) -> str:
        """The text that was typed, where the token says the same; else the token."""
        piece, (begin, end) = cut.tokens[at], cut.offsets[at]
        typed = text[begin:end].strip()
        bare = piece in (SPACE, BYTE_SPACE)
        if piece in self.marks or bare or not typed or cut.times[begin, end] > 1:
            return self.shown(piece)
        word = cut.words
        goes_on = at > 0 and word[at] is not None and word[at] == word[at - 1] and not text[begin : begin + 1].isspace()
        goes_on = goes_on and text[begin - 1 : begin].strip() != ""
        return _short((JOIN if goes_on else "") + visible(typed))


@dataclass(frozen=True)
class Pieces:
    """The tokens of a text, where each was cut from it, and the number of the word that each belongs to."""

    tokens: tuple[str, ...]
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    words: Sequence[int | None]

    @cached_property
    def times(self) -> Counter[tuple[int, int]]:
        """Count the tokens that were cut from the same place."""
        return Counter(self.offsets)


def missing(folder: Path) -> str:
    """One line on a folder without a tokenizer.json: how to make one of what it has."""
    what = "source.spm and vocab.json" if (folder / "source.spm").exists() else "its own files"
    return (
        f"{folder} has no {NEEDED}, by which a sentence becomes tokens: save one of {what} with transformers, "
        "AutoTokenizer.from_pretrained(folder).backend_tokenizer.save(folder + '/tokenizer.json')"
    )


def _short(text: str) -> str:
    """A label that a picture has room for: of a longer one, the beginning."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def visible(text: str) -> str:
    """Text in characters that can be drawn: another one by its number, a space by its name.

    >>> visible("naïve"), visible("日"), visible(" ")
    ('naïve', 'U+65E5', '[space]')
    """
    named = {" ": "[space]", "\n": "[newline]", "\t": "[tab]"}
    return "".join(named.get(char) or (char if _drawn(char) else f"U+{ord(char):04X}") for char in text)


def _drawn(char: str) -> bool:
    code = ord(char)
    known = code < 0x180 or 0x386 <= code <= 0x3CE or 0x400 <= code <= 0x45F or 0x1E80 <= code <= 0x1EF9
    return (known and char.isprintable()) or char in MARKS


@lru_cache(maxsize=1)
def _bytes() -> dict[str, int]:
    """The character by which GPT-2 writes each byte: itself if it can be seen, else one from 256 on."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(hidden)}


def spelled(piece: str) -> str:
    """The text of a piece that spells bytes; bytes that are no whole character in brackets.

    >>> spelled("Ã©"), spelled("Ã")
    ('é', '[C3]')
    """
    if piece.isascii() and piece.isprintable() and " " not in piece:  # as most are: each letter spells itself
        return piece
    table = _bytes()
    if any(char not in table for char in piece):
        return visible(piece)
    data = bytes(table[char] for char in piece)
    try:
        return visible(data.decode("utf-8"))
    except UnicodeDecodeError:
        return f"[{data.hex().upper()}]"
