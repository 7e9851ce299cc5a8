"""Members: the list of what is on stage, kept as Manim keeps it, in less time.

Each part of a group of animations asks Manim for all families on stage, and takes what it adds or removes out of all of
them: with hundreds of parts and thousands of mobjects that took longer than to draw them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from manim import Animation, Mobject, Scene

from scenes.rendering.families import family_of
from scenes.rendering.motion import every


class Members(Scene):
    """A Manim `Scene` that removes in one walk what was removed one by one, and lists its families once a play."""

    def __init__(self, **scene: Any) -> None:
        self._mobjects: list[Mobject] = []
        #: What has been removed since the list was last read.
        self._removed: dict[int, Mobject] = {}
        #: All members with their parts, while an animation enters the stage; None if they have changed since.
        self._known: dict[int, Mobject] | None = None
        self._entering = False
        super().__init__(**scene)

    @property
    def mobjects(self) -> list[Mobject]:
        """The mobjects on stage, from back to front."""
        if self._removed:
            rest = _without(self._mobjects, self._removed)
            self._removed = {}
            self._mobjects = self._mobjects if rest is None else rest
        return self._mobjects

    @mobjects.setter
    def mobjects(self, mobjects: list[Mobject]) -> None:
        self._removed, self._known = {}, None
        self._mobjects = mobjects

    def remove(self, *mobjects: Mobject) -> Any:
        """Take mobjects off the stage; of a group that has one of them, the other parts stay."""
        if self.foreground_mobjects:
            return super().remove(*mobjects)
        self._removed |= {id(mobject): mobject for mobject in mobjects}
        self._known = None
        return self

    def add(self, *mobjects: Mobject) -> Any:
        """Put mobjects on stage, in front of the others."""
        new = family_of(mobjects)
        known = self._members() if self._entering and not (self.foreground_mobjects or self.moving_mobjects) else None
        if known is None or any(part in known for part in new):
            return super().add(*mobjects)
        self._mobjects = [*self.mobjects, *mobjects]
        known |= new
        return self

    def begin_animations(self) -> None:
        """Let the animations of a play enter one after the other, and begin."""
        for animation in self.animations or []:
            self.enter(animation)
        self.moving_mobjects, self.static_mobjects = self.get_moving_and_static_mobjects(self.animations or [])

    def enter(self, animation: Animation) -> None:
        """Let an animation set up the stage for itself, and begin."""
        self._entering = True
        animation._setup_scene(self)  # noqa: SLF001 - what Scene.begin_animations does
        self._entering, self._known = False, None
        animation.begin()

    def _members(self) -> dict[int, Mobject]:
        """All members with their parts; listed anew unless an animation is entering, which changes no part of them."""
        if self._known is None:
            self._known = family_of(self.mobjects)
        found = self._known
        if not self._entering:
            self._known = None
        return found

    def get_mobject_family_members(self) -> list[Mobject]:
        """All mobjects on stage with their parts, a whole before its parts."""
        return [*self._members().values()]

    def get_moving_and_static_mobjects(self, animations: Iterable[Animation]) -> tuple[list[Mobject], list[Mobject]]:
        """All from the first whole on in which something moves, and by z-index what has points before it.

        Manim finds the same by walking the family of each part of each family, and sorts the first list, too: who
        draws it sorts it again.
        """
        members, roots = self._members(), {*map(id, self.mobjects)}
        parts = [id(part) for member in members.values() for part in member.submobjects]
        if self.foreground_mobjects or len(parts) > len({*parts}):  # some part belongs to two wholes
            return super().get_moving_and_static_mobjects(animations)
        moving, first, standing = family_of(one.mobject for one in every(animations)), 0, [*members.values()]
        for place, (key, member) in enumerate(members.items()):
            first = place if key in roots else first
            if key in moving or member.updaters:
                break
        else:
            first = len(standing)
        still = [part for part in standing[:first] if len(part.points)]
        if self.renderer.camera.use_z_index:
            still.sort(key=lambda part: part.z_index)
        return standing[first:], still

    def get_restructured_mobject_list(self, mobjects: Iterable[Mobject], to_remove: Iterable[Mobject]) -> list[Mobject]:
        """`mobjects` without those `to_remove`; of a group that has one of them the other parts."""
        everything = [*mobjects]
        rest = _without(everything, {id(mobject): mobject for mobject in to_remove})
        return everything if rest is None else rest


def _without(mobjects: list[Mobject], removed: dict[int, Mobject]) -> list[Mobject] | None:
    """Remains of `mobjects`, a group that has something `removed` being taken apart; None if nothing of it is."""
    rest, changed = [], False
    for mobject in mobjects:
        if id(mobject) in removed:
            changed = True
        elif not mobject.submobjects or (parts := _without(mobject.submobjects, removed)) is None:
            rest.append(mobject)
        else:
            changed = True
            rest.extend(parts)
    return rest if changed else None
