"""A marked text as sentences, and each sentence as a template with its slots.

A slot is what knows its source: a number, a token, or several tokens in a row ("“The car is red”" has one slot however
long it is). A sentence may go on over several beats: its bars belong to the template.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from transformer_core.tracing.provenance import CLOSE, MARK, MIDDLE, OPEN, plain

#: One slot: a mark, or several apart by spaces.
SLOT = re.compile(f"{MARK.pattern}(?: {MARK.pattern})*")
PLACE = re.compile(r"\{(\d+)\}")
#: Where one sentence may end and another begin; whatever stands between them (spaces, bars) belongs to neither.
SEAM = re.compile(r"(?<=[.?!…”)])\s*(?:\s|\|)[\s|]*(?=[“(A-Z{¿¡\d])")
END = re.compile(r"[.?!…][”)]?$")
#: What there is to translate: two letters in a row, outside the slots.
WORD = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class MarkedSentence:
    """`template` has "{0}", "{1}", ... for `slots`, marked texts; `after` is what stands before the next sentence."""

    template: str
    slots: tuple[str, ...]
    after: str = ""

    @property
    def worded(self) -> bool:
        """True if the template has words to translate."""
        return bool(WORD.search(PLACE.sub("", self.template)))

    @property
    def example(self) -> str:
        """The sentence as it was said."""
        return plain(filled(self.template, self.slots))


@lru_cache(maxsize=8192)
def sentences(text: str) -> tuple[MarkedSentence, ...]:
    """The sentences of a marked text.

    >>> [s.template for s in sentences("It asks “who?” of all. Rows ask, |columns answer. |Done")]
    ['It asks “who?” of all.', 'Rows ask, |columns answer.', 'Done']
    """
    slots = [match[0] for match in SLOT.finditer(text)]
    count = iter(range(len(slots)))
    template = SLOT.sub(lambda _: f"{{{next(count)}}}", text)
    found, start = [], 0
    end = len(template.rstrip(" |"))
    for seam in SEAM.finditer(template):
        sentence = template[start : seam.start()]
        if END.search(sentence) and sentence.count("“") == sentence.count("”"):
            found.append(_sentence(sentence, slots, seam[0]))
            start = seam.end()
    return (*found, _sentence(template[start:end], slots, template[end:]))


def _sentence(template: str, slots: list[str], after: str) -> MarkedSentence:
    own: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        own.append(slots[int(match[1])])
        return f"{{{len(own) - 1}}}"

    bars = re.sub(r"\s*\|\s*", " |", template)
    return MarkedSentence(PLACE.sub(numbered, bars), tuple(own), after)


def filled(template: str, slots: tuple[str, ...]) -> str:
    """`template` with its slots filled, in whatever order it names them."""
    return PLACE.sub(lambda match: slots[int(match[1])], template)


def places(template: str) -> set[str]:
    """The numbers of the slots that a template names."""
    return set(PLACE.findall(template))


@dataclass(frozen=True)
class Mark:
    """One mark of a slot: what is shown, where it comes from, and the axis if it is a label."""

    head: str
    shown: str

    @property
    def name(self) -> str:
        return str(json.loads(self.head)[0])

    @property
    def axis(self) -> str:
        return str(json.loads(self.head)[3])

    def showing(self, shown: str) -> str:
        """The mark with another text, and the same source."""
        return f"{OPEN}{self.head}{MIDDLE}{shown}{CLOSE}"
