"""One row of attention as a picture: columns over tokens, arcs between tokens, a question to think about."""

from __future__ import annotations

from scenes.mobjects.text import Words


class Answer(Words):
    """The answer of a chapter, in one line."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "block")
