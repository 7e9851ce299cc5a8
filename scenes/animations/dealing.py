"""Things come out of tokens: vectors out of the words that they stand for, one sentence out of another."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, AnimationGroup, LaggedStart, Mobject

from scenes.animations.flights import Travel
from scenes.theme import pace


def deal(sources: Sequence[Mobject], *hands: Sequence[Mobject], kind: str = "row") -> Animation:
    """Out of each source come its parts, one of each hand, one source after another."""
    turns = [
        AnimationGroup(*(Travel(source, part, kind="flow") for part in parts))
        for source, *parts in zip(sources, *hands, strict=True)
    ]
    dealt = LaggedStart(*turns, lag_ratio=min(0.4, 2.5 / len(turns)))
    dealt.set_run_time(max(pace("flow"), pace(kind)))
    return dealt
