"""Text <-> subword tokens, by the `tokenizer.json` of a model of Hugging Face; each piece shown so that it can be read.

A piece that goes on with the word before it begins with a dot: "un", "·believ", "·able". Bytes that are no character
stand in brackets, and so does what only a reader of tokens sees: "[C3]", "[space]", "[CLS]".

Source: Sennrich et al. 2016 (byte pairs); Wu et al. 2016, section 4.1 (word pieces); Kudo and Richardson 2018.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from transformer_core.json_files import read_object
from transformer_core.vocabulary import SHOWN, Reading, SentenceError

JOIN = "·"
#: What starts a word in byte pairs and in SentencePiece, and what goes on with one in word pieces.
BYTE_SPACE, SPACE, GOES_ON = "Ġ", "▁", "##"
NOTHING = 'there is nothing to read: type a sentence such as "The car is red"'
#: Characters beyond Latin, Greek and Cyrillic that both fonts of the lecture have.
MARKS = frozenset("–—‘’‚“”„†‡•…‹›€™−≈≠≤≥∞")
NEEDED = "tokenizer.json"
#: The largest vocabularies have a quarter of a million pieces.
MOST_PIECES = 2**20
#: A text of more characters for each token that the model reads is not looked at: it would be too long anyway.
CHARACTERS_A_TOKEN = 100
T = TypeVar("T")


class Subwords:
    """The pieces of a `tokenizer.json`, the text that they cut, and the marks before the first and after the last.

    `source` and `target` are all pieces in the order of their ids, as they are shown. `start` and `end` are the ids
    of the marks around what a decoder writes (-1 for none), `longest` the most tokens that the model has places for,
    `rows` how many rows it has for them: those without a piece are called "[none]".

    Raises:
        ValueError: the folder has no such file, or one that cannot be used, or the library that reads it is not
            installed.
    """

    def __init__(
        self, folder: str | os.PathLike[str], longest: int = 512, start: int = -1, end: int = -1, rows: int = 0
    ) -> None:
        self.longest, self.start, self.end, self.rows = longest, start, end, rows
        path = Path(folder) / NEEDED
        if not path.exists():
            raise ValueError(missing(Path(folder)))
        self.facts = read_object(path)
        self.tokenizer = _tokenizer(path)
        size = max(self.tokenizer.get_vocab().values(), default=-1) + 1
        if not 0 < size <= max(MOST_PIECES, rows):
            raise ValueError(f"{path} has {size} tokens: from 1 to {MOST_PIECES} can be read")

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every token as the file writes it, in the order of the ids."""
        ids = self.tokenizer.get_vocab()
        found = ["[none]"] * max(max(ids.values()) + 1, self.rows)
        for piece, at in ids.items():
            found[at] = piece
        return tuple(found)

    @cached_property
    def marks(self) -> frozenset[str]:
        """The tokens that stand for no text, such as [CLS]."""
        added = self.facts.get("added_tokens") or ()
        return frozenset(token["content"] for token in added if token.get("special"))

    @cached_property
    def by_bytes(self) -> bool:
        """Whether a piece spells bytes, as GPT-2's do."""
        return '"ByteLevel"' in json.dumps([self.facts.get("pre_tokenizer"), self.facts.get("decoder")])

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
        """Whether pieces mark where a word begins, as SentencePiece does, and not where one goes on."""
        return any(piece.startswith(SPACE) for piece in self.pieces)

    def read(self, text: str) -> Reading:
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
            found = _from_rust(lambda: self.tokenizer.encode(text))
        except ValueError as error:
            raise SentenceError(f"the tokenizer of this model cannot cut this text: {error}") from None
        if not found.ids:
            raise SentenceError(NOTHING)
        if len(found.ids) > self.longest:
            raise SentenceError(
                f"this text has {len(found.ids)} tokens, the model reads at most {self.longest}: type a shorter one"
            )
        labels = tuple(self._label(text, found, at) for at in range(len(found.ids)))
        return Reading(text, labels, tuple(found.tokens), tuple(found.ids), tuple(map(tuple, found.offsets)))

    def _label(self, text: str, found: Any, at: int) -> str:
        """What was typed, where that is what the token says; else the token."""
        piece, (begin, end) = found.tokens[at], found.offsets[at]
        typed, same_cut = text[begin:end].strip(), [cut for cut in found.offsets if cut == (begin, end)]
        bare = piece in (SPACE, BYTE_SPACE)
        if piece in self.marks or bare or not typed or len(same_cut) > 1:
            return self.shown(piece)
        word = found.word_ids
        goes_on = at > 0 and word[at] is not None and word[at] == word[at - 1] and not text[begin : begin + 1].isspace()
        goes_on = goes_on and text[begin - 1 : begin].strip() != ""
        return _short((JOIN if goes_on else "") + visible(typed))


def missing(folder: Path) -> str:
    """One line on a folder without a tokenizer.json: how to make one of what it has."""
    what = "source.spm and vocab.json" if (folder / "source.spm").exists() else "its own files"
    return (
        f"{folder} has no {NEEDED}, by which a sentence becomes tokens: save one of {what} with transformers, "
        "AutoTokenizer.from_pretrained(folder).backend_tokenizer.save(folder + '/tokenizer.json')"
    )


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ValueError(
            f"reading {path.name} takes the package tokenizers: pip install 'transformer-lecture[models]'"
        ) from error
    try:
        tokenizer = _from_rust(lambda: Tokenizer.from_file(str(path)))
    except ValueError as error:
        raise ValueError(f"{path} is no tokenizer that can be read: {error}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _from_rust(call: Callable[[], T]) -> T:
    """What a function of the library gives. It raises `Exception` itself, and where it panics, no `Exception` at all.

    Raises:
        ValueError: whatever it raised, or its panic.
    """
    try:
        return call()
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from None


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
    table = _bytes()
    if any(char not in table for char in piece):
        return visible(piece)
    data = bytes(table[char] for char in piece)
    try:
        return visible(data.decode("utf-8"))
    except UnicodeDecodeError:
        return f"[{data.hex().upper()}]"
