"""Cast: who is to be drawn, in which order, without walking all families in every frame."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Mobject, PMobject, VMobject
from manim.mobject.types.image_mobject import AbstractImageMobject
from manim.utils.family import extract_mobject_family_members


class Cast:
    """Flattens mobjects into leaves as Manim's camera does, and keeps the result while nothing in it changes."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: another play."""
        self._asked: Sequence[Mobject] = ()
        self._members: list[tuple[Mobject, list[Mobject], float, bool]] = []
        self._leaves: list[Mobject] = []

    def leaves(self, mobjects: Sequence[Mobject], use_z_index: bool = True) -> list[Mobject]:
        """All members with points of the families of `mobjects`, by z-index, in drawing order."""
        if not self._holds(mobjects):
            families = extract_mobject_family_members(mobjects, use_z_index=use_z_index)
            self._asked = list(mobjects)
            self._members = [
                (member, list(member.submobjects), member.z_index, _has_points(member)) for member in families
            ]
            leaves = extract_mobject_family_members(mobjects, use_z_index=use_z_index, only_those_with_points=True)
            self._leaves = [leaf for leaf in leaves if is_visible(leaf)]
        return self._leaves

    def _holds(self, mobjects: Sequence[Mobject]) -> bool:
        # Comparing lists compares identities first, so this costs some 0.2 us a member.
        if len(self._asked) != len(mobjects) or not self._members or self._asked != mobjects:
            return False
        return all(
            member.submobjects == parts and member.z_index == height and _has_points(member) is has_points
            for member, parts, height, has_points in self._members
        )


def is_visible(mobject: Mobject) -> bool:
    """Whether Manim's camera draws mobjects of this kind at all: a ValueTracker has a point, but no picture."""
    return isinstance(mobject, VMobject | PMobject | AbstractImageMobject)


def _has_points(mobject: Mobject) -> bool:
    return len(mobject.points) > 0
