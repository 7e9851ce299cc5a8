"""Transcript: what is said in a film, with the time of each step, to read, to search or to hand out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

#: By the suffix of the file: a title, a chapter, a step; {0} is the text, {1} the time at which it begins.
KINDS = {".md": ("# {0}", "## {0} ({1})", "### {1} {0}"), ".txt": ("{0}", "{0} ({1})", "{1}  {0}")}
#: Text that Markdown would read as markup: signs anywhere, and those that begin a line.
SIGNS = re.compile(r"[\\`*_\[\]<>&#|~$]|^[-+=]")
NUMBERED = re.compile(r"^(\d+)([.)])")


def transcript(index: Mapping[str, Any], kind: str) -> str:
    """The transcript of the film that `index` is of (see `Delivery.index`), as a kind of file of KINDS."""
    write = _escaped if kind == ".md" else _one_line
    title, chapter, step = KINDS[kind]
    sentence = f"“{write(index['text'])}”"
    named = index["title"] != "; ".join(one["title"] for one in index["chapters"]) or len(index["chapters"]) == 1
    blocks = [title.format(write(index["title"]) if named else sentence)]
    blocks += [write(index["author"])] if index["author"] else []
    blocks += [sentence] if named else []
    rows = iter(index["steps"])
    for one in index["chapters"]:
        number = f"{one['number']}. " if one["number"] else ""
        blocks.append(chapter.format(number + write(one["title"]), clock(one["start"])))
        for row in islice(rows, one["steps"]):
            blocks += [step.format(write(row["title"]), clock(row["start"])), write(row["narration"])]
    return "\n\n".join(filter(None, [*blocks, write(index["made"])])) + "\n"


def clock(seconds: float) -> str:
    """Return minutes and seconds, as players write them."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """`text` as Markdown that shows it as it is."""
    return NUMBERED.sub(r"\1\\\2", SIGNS.sub(r"\\\g<0>", _one_line(text)))
