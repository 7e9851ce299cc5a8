"""Stage: a scene on which plays are played, or only applied, while a record counts their frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from manim import Animation, AnimationGroup, config

from scenes.animations.fades import Motion
from scenes.language import Told
from scenes.layout import STAGE, texts_on
from scenes.mobjects.text import Words, paragraph, wrapped
from scenes.rendering.families import family_of
from scenes.rendering.motion import every
from scenes.stage.members import Members
from scenes.stage.step import Record
from scenes.theme import shape


class Stage(Members):
    """A Manim `Scene` with a caption below, whose plays may be shown or skipped.

    Args:
        captions: whether captions stand in the picture.
        scene: what Manim's `Scene` takes.
    """

    def __init__(self, captions: bool = True, **scene: Any) -> None:
        super().__init__(**scene)
        self.captions = captions
        self.caption: list[Words] = []
        #: What goes on while nothing else plays: an animation of so many seconds.
        self.ambient: Callable[[float], Animation] | None = None

    def _dissolve(self, kept: set[int]) -> None:
        """Take groups apart until each of the scene's mobjects stays as a whole or leaves as a whole."""
        while mixed := [m for m in self.mobjects if id(m) not in kept and not kept.isdisjoint(family_of([m]))]:
            for mobject in mixed:
                self.remove(mobject)
                self.add(*mobject.submobjects)

    def _caption(self, lines: tuple[str, ...]) -> None:
        """Put one caption card up in the place of the last one."""
        if self.captions:
            self.remove(*self.caption)
            if shape().narrow:
                lines = tuple(wrapped(" ".join(lines), "caption", STAGE.width))
            self.caption = paragraph([Told(line) for line in lines], "caption", "ink", shape().caption)
            self.add(*self.caption)

    def add_mobjects_from_animations(self, animations: list[Animation]) -> None:
        """Add what is not on stage yet, and leave in its place what is, which Manim would lift to the top."""
        here = family_of(self.mobjects)
        for animation in every(animations):
            if not isinstance(animation, AnimationGroup) and not animation.is_introducer():
                # A pause has a mobject without points: Manim finds by it that nothing moves.
                family = family_of([animation.mobject])
                parts = [key for key, part in family.items() if len(part.points)] or [id(animation.mobject)]
                if not all(part in here for part in parts):
                    self.add(animation.mobject)
                    here |= family

    def _play(self, play: Any, record: Record, showing: bool, stretched: float = 1.0) -> None:
        """Play an animation, or a tuple of them together; each lasts `stretched` times as long as by itself."""
        together = [a for a in (play if isinstance(play, tuple) else (play,)) if a is not None]
        if not together:
            return
        animations = self.compile_animations(*together)
        for animation in animations:
            animation.set_run_time(animation.get_run_time() * stretched)
        lasting = self._frames(max(a.get_run_time() for a in animations))
        record.duration += lasting
        record.moved += lasting * len(family_of(a.mobject for a in animations))
        if showing:
            self.play(*animations)
        else:
            self.add_mobjects_from_animations(animations)
            for animation in every(animations):
                if isinstance(animation, Motion):
                    animation.omit()
            for animation in animations:
                self.enter(animation)
            for animation in animations:
                animation.finish()
                animation.clean_up_from_scene(self)
        if self.caption:
            self.bring_to_front(*self.caption)

    def _hold(self, seconds: float, record: Record, showing: bool) -> None:
        if seconds * config.frame_rate < 0.5:
            return
        frames = max(1, round(seconds * config.frame_rate))
        if self.ambient is not None and frames >= config.frame_rate:
            self._play(self.ambient(frames / config.frame_rate), record, showing)
            return
        record.duration += frames / config.frame_rate
        if showing:
            # A quarter frame more: Manim cuts off, and would lose a frame where the division falls short.
            self.wait((frames + 0.25) / config.frame_rate, frozen_frame=True)

    @staticmethod
    def _frames(seconds: float) -> float:
        """`seconds` as the whole number of frames that Manim makes of them, in seconds."""
        return float(-int(-round(seconds * config.frame_rate, 6) // 1)) / config.frame_rate

    def note_screen(self, record: Record) -> None:
        """Note the source of every number and token on screen, in words and in formulas."""
        for text in texts_on(self.mobjects):
            record.note(getattr(text, "spans", ()))
