"""A program with limits that reads a tokenizer.json and cuts texts by it; `transformer_core.text.tokenizer` starts it.

It imports nothing of this project, so that it starts in a tenth of a second. Requests and answers are lines of JSON,
but for the file, which comes first, after its length. Whatever the library raises, its panics included, is an answer.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any, BinaryIO

#: Seconds of a processor, and seconds at all, in which a file is read, or a text is cut.
SECONDS, PATIENCE = 3.0, 120.0
#: Bytes of memory, Python and the library included.
MEMORY = 2**30
#: A token is told up to so many characters: a vocabulary has none so long.
LONGEST_TOKEN = 1000


def limit() -> None:
    """Take no more memory than that; Windows has no such limits."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(kind)[1]
        with suppress(ValueError, OSError):  # macOS has the one for memory and does not let it be set
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def watch(running: bool) -> None:
    """Let the system end this process when an answer takes too long: inside of the library, Python gets no word in."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, SECONDS if running else 0)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE if running else 0)


def begun(data: bytes) -> tuple[Any, dict[str, Any]]:
    """The tokenizer in `data`, and what is known of it: ids by piece, which pieces are marks, whether bytes are cut."""
    from tokenizers import Tokenizer

    text = data.decode("utf-8")
    facts = json.loads(text)
    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    added = facts.get("added_tokens") or ()
    return tokenizer, {
        "vocabulary": tokenizer.get_vocab(),
        "marks": [token["content"] for token in added if token.get("special")],
        "by_bytes": '"ByteLevel"' in json.dumps([facts.get("pre_tokenizer"), facts.get("decoder")]),
    }


def cut(tokenizer: Any, text: str, most: int) -> dict[str, Any]:
    """The tokens of a text, unless there are more than `most`: then how many."""
    found = tokenizer.encode(text)
    if len(found.ids) > most:
        return {"count": len(found.ids)}
    return {
        "ids": found.ids,
        "tokens": [token[:LONGEST_TOKEN] for token in found.tokens],
        "offsets": found.offsets,
        "words": found.word_ids,
    }


def refused(error: BaseException) -> dict[str, str]:
    """The reason for no answer, on one line."""
    if isinstance(error, MemoryError):
        return {"error": f"it takes more than {MEMORY / 2**30:.0f} GiB of memory"}
    if isinstance(error, RecursionError):
        return {"error": "it is nested too deeply"}
    return {"error": " ".join(str(error).split())[:500] or type(error).__name__}


def answer(requests: BinaryIO, answers: BinaryIO) -> None:
    """Read the file, then cut every text that is asked for, until nobody asks any more."""

    def say(found: dict[str, Any]) -> None:
        answers.write(json.dumps(found).encode() + b"\n")
        answers.flush()
        watch(False)

    size = int(requests.readline())
    watch(True)
    tokenizer: Any = None
    try:
        tokenizer, found = begun(requests.read(size))
    except BaseException as error:  # a panic is no Exception
        found = refused(error)
    say(found)
    for line in requests if tokenizer is not None else ():
        watch(True)
        try:
            found = cut(tokenizer, *json.loads(line))
        except BaseException as error:  # as above
            found = refused(error)
        say(found)


if __name__ == "__main__":
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    limit()
    answer(sys.stdin.buffer, sys.stdout.buffer)
