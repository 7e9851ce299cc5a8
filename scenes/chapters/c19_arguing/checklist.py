"""A claim on a card with its verdict, and a checklist: what stood on the stage, small, with what it asks."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, VGroup

from scenes.animations import appear_in_turn
from scenes.layout import Room
from scenes.mobjects.card import Card, paper_in
from scenes.mobjects.text import Words


class Claim(Card):
    """A card with a claim in its head; on the rest of it the claim is tested, and then gets a `verdict`.

    Args:
        text: the claim.
        before: the claim whose paper stays on stage.
    """

    NAMED = "block", "ink"

    def __init__(self, text: str, before: Claim | None = None) -> None:
        super().__init__(text)
        if before:
            self.remove(self.paper)
            self.paper = self.words.paper = before.paper
            self.add_to_back(self.paper)

    def verdict(self, text: str, role: str = "ink2") -> Words:
        """A verdict at the right of the claim."""
        words = Words(text, "block", role, self.paper).end_in(self.head)
        words.key = ("verdict", text)
        return words


class Checklist(VGroup):
    """Tiles with a question each, and the `pictures` that go on them, shrunk.

    Args:
        asked: the questions with their pictures.
    """

    def __init__(self, asked: Sequence[tuple[str, VGroup]], room: Room) -> None:
        places = [place for row in room.rows(2, 24) for place in row.columns(len(asked) // 2, 24)]
        self.pictures = []
        super().__init__()
        for (question, picture), place in zip(asked, places, strict=True):
            inside, foot = place.padded().split_rows(-50, 30)
            paper = paper_in(place)
            self.add(VGroup(paper, Words(question, "block", paper=paper).settle(foot.centre)))
            self.pictures.append(inside.fit(picture))

    def played(self) -> list[Animation | None]:
        """Let the parts of each picture appear in turn."""
        return [appear_in_turn([*picture], "row") for picture in self.pictures]
