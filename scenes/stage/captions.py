"""Narration as captions by broadcast rules.

A caption card has at most two lines of 42 characters, is read at no more than 20 characters a second and stands for at
least 0.8 seconds. `split` cuts a narration in cards where a reader would draw breath, `reading_seconds` says how long
one has to stand. All are pure functions, so that the picture and the caption files agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, pairwise

from scenes.language import Catalogue, voice
from scenes.language.catalogue import CAPTIONS

LINE_CHARACTERS = 42
CHARACTERS_A_SECOND = 20
WORDS_A_SECOND = 2.5
SHORTEST_SECONDS = 0.8
#: Times are written in whole milliseconds: one is kept in hand, so that rounding never makes a card too short.
MILLISECOND = 0.001

#: What a cut costs, by what stands around it: nothing at a full stop, much after a word that leans on the next one.
AFTER_SENTENCE, AFTER_CLAUSE, AFTER_COMMA, BEFORE_LINK, ANYWHERE, AFTER_LEANING = 0.0, 2.0, 3.0, 5.0, 9.0, 16.0
LINKS = (
    "and or but nor so yet that which who whose where when while because if than as of to with without for in into on "
    "onto at by from before after between over under through is are was were has have does"
)
LEANING = (
    "a an the this that these those its their our your my his her no not of to with without for in into on onto at by "
    "from and or but nor than as is are was were each every some any one two more most very how"
)
#: A quotation, or a run of digits and signs with spaces inside, is one unit: it is never cut.
#: Spaces that do not break, as in "12 345" and "99 %" of many languages, are parts of their word.
SPACE, OTHER = r"[^\S\u00a0\u202f]", r"[\S\u00a0\u202f]"
NUMBER = rf"[−+-]?\d{OTHER}*"
UNIT = re.compile(rf"[^\s“]*“[^”]*”{OTHER}*|{NUMBER}(?:{SPACE}+(?:[=×·+−/≈<>≤≥→-]{SPACE}+)?{NUMBER})*|{OTHER}+")


@dataclass(frozen=True)
class Cue:
    """One caption card: its lines, and when it appears and goes, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)

    def later(self, seconds: float) -> Cue:
        """The same card in a film in which this step starts at `seconds`."""
        return Cue(self.start + seconds, self.end + seconds, self.lines)


def split(text: str) -> tuple[tuple[str, ...], ...]:
    """Cut `text` into cards of at most two lines of 42 characters, at sense breaks, with balanced lines.

    >>> split("Rows ask, columns answer. Each number says how well one question fits another's answer.")
    (('Rows ask, columns answer.',), ('Each number says how well', "one question fits another's answer."))
    """
    return _split(text, *leading_words(voice().catalogue))


@cache
def leading_words(catalogue: Catalogue) -> tuple[frozenset[str], frozenset[str]]:
    """The words before which a line may well be cut, and those after which it may not, in a language."""
    links, leaning = (catalogue.rule(CAPTIONS, words) for words in (LINKS, LEANING))
    return frozenset(links.split()), frozenset(leaning.split())


@lru_cache(maxsize=4096)
def _split(text: str, links: frozenset[str], leaning: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    units = _units(text)
    cuts = [_cut(before, after, links, leaning) for before, after in pairwise(units)]
    best: list[tuple[float, tuple[tuple[str, ...], ...]]] = [(0.0, ())]
    for start in reversed(range(len(units))):
        options = []
        for end in range(start + 1, len(units) + 1):
            card = _card(units[start:end], cuts[start : end - 1])
            if card is None:
                break
            cost, lines = card
            tail_cost, tail = best[len(units) - end]
            cut = 2 * cuts[end - 1] if end < len(units) else 0.0
            options.append((cost + cut + tail_cost, (lines, *tail)))
        best.append(min(options))
    return best[-1][1]


def reading_seconds(text: str) -> float:
    """The time that `text` needs on screen and in the voice.

    For each card (see `split`): 2.5 words or 20 characters a second, whichever takes longer, and at least 0.8 seconds.
    """
    return sum((_seconds(lines) for lines in split(text)), 0.0)


def _seconds(lines: Sequence[str]) -> float:
    text = " ".join(lines)
    words = len(re.split(f"{SPACE}+", text))
    return max(words / WORDS_A_SECOND, standing_seconds(text))


def standing_seconds(text: str) -> float:
    """The least time that a card of `text` stands where a voice reads it: 20 characters a second, 0.8 seconds at least.

    Nothing needs no time.
    """
    return max(len(text) / CHARACTERS_A_SECOND + MILLISECOND, SHORTEST_SECONDS) if text else 0.0


def shares_of(cards: Sequence[Sequence[str]]) -> list[float]:
    """Return the share of a text, in characters, that has been said at the end of each of its cards."""
    ends = list(accumulate(len(" ".join(lines)) for lines in cards))
    return [end / ends[-1] if ends[-1] else 1.0 for end in ends]


def _units(text: str) -> list[str]:
    """Words, quotations and numbers that no cut goes through; what fits no line is cut at its spaces, then anywhere."""
    units = []
    for match in UNIT.finditer(text):
        words = re.split(f"{SPACE}+", match[0])
        words = [" ".join(words)] if len(" ".join(words)) <= LINE_CHARACTERS else words
        for word in words:
            units += [word[i : i + LINE_CHARACTERS] for i in range(0, len(word), LINE_CHARACTERS)]
    return units


def _card(units: Sequence[str], cuts: Sequence[float]) -> tuple[float, tuple[str, ...]] | None:
    """The best one or two lines for `units` with their cost, or None if they do not fit; `cuts` between them cost."""
    whole = " ".join(units)
    if len(whole) <= LINE_CHARACTERS:
        return _brevity(whole), (whole,)
    options = []
    for k in range(1, len(units)):
        lines = " ".join(units[:k]), " ".join(units[k:])
        if max(map(len, lines)) <= LINE_CHARACTERS:
            imbalance = abs(len(lines[0]) - len(lines[1])) / LINE_CHARACTERS
            options.append((cuts[k - 1] + 12 * imbalance + _brevity(whole), lines))
    return min(options, default=None)


def _brevity(text: str) -> float:
    """Each card costs something, and a flash of a few characters costs more than one that fills its time."""
    shortest = SHORTEST_SECONDS * CHARACTERS_A_SECOND
    return 8.0 + 10.0 * max(0.0, 1 - len(text) / shortest)


def _cut(before: str, after: str, links: frozenset[str], leaning: frozenset[str]) -> float:
    last = before.rstrip("”’\")'")
    word = last.lower()
    if last.endswith((".", "?", "!", "…")):
        return AFTER_SENTENCE
    if last.endswith((";", ":", "—", "–")):
        return AFTER_CLAUSE
    if last.endswith(","):
        return AFTER_COMMA
    # "layer 2", "head A"; and that "A", before a word that itself leans, is no article.
    named = before.isalpha() and re.match(r"\d|[A-Z]\b", after)
    if named or (word in leaning and (last != "A" or after not in leaning)):
        return AFTER_LEANING
    return BEFORE_LINK if after.lower() in links else ANYWHERE


def srt(cues: Sequence[Cue]) -> str:
    """SubRip text. It has no escapes, so a word joiner keeps data from being read as a tag, a code or an arrow."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        lines = [re.sub(r"<(?=[A-Za-z/])|\{(?=\\)|--(?=>)", "\\g<0>\u2060", line) for line in cue.lines]
        blocks.append("\n".join([str(number), f"{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}", *lines, ""]))
    return "\n".join(blocks)


def vtt(cues: Sequence[Cue], note: str = "") -> str:
    """WebVTT text, with `&`, `<` and `>` escaped; `note` is a comment that no player shows."""
    blocks = ["WEBVTT\n", *([f"NOTE {_escaped(note)}\n"] if note else [])]
    for cue in cues:
        lines = [_escaped(line) for line in cue.lines]
        blocks.append("\n".join([f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}", *lines, ""]))
    return "\n".join(blocks)


def _escaped(line: str) -> str:
    return " ".join(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").splitlines())


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"
