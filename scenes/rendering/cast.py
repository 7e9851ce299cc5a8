"""Cast: who is to be drawn, in which order, without walking all families in every frame."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from manim import Mobject, PMobject, VMobject
from manim.mobject.types.image_mobject import AbstractImageMobject

from scenes.rendering.families import members_of


class Cast:
    """Flattens mobjects into leaves as Manim's camera does, and keeps the result while nothing in it changes."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: another play."""
        self.leaves: list[Mobject] = []
        self._asked: Sequence[Mobject] | None = None
        self._states: list[dict[str, Any]] = []
        self._members: tuple[list[list[Mobject]], list[float], list[bool]] = ([], [], [])

    def gather(
        self, mobjects: Sequence[Mobject], use_z_index: bool = True, movers: Container[int] | None = None
    ) -> None:
        """Find all members with points of the families of `mobjects`, by z-index, in drawing order.

        Args:
            mobjects: whose families.
            use_z_index: whether members are sorted by it, as a camera may choose.
            movers: ids of those who alone can change from now on; all, if not given.
        """
        self._asked = list(mobjects)
        members = members_of(mobjects, use_z_index)
        self._states = [member.__dict__ for member in members if movers is None or id(member) in movers]
        self._members = self._now()
        self._members = ([list(parts) for parts in self._members[0]], *self._members[1:])
        self.leaves = [member for member in members if len(member.points) and is_visible(member)]

    def holds(self, mobjects: Sequence[Mobject]) -> bool:
        """Return True if the leaves of `mobjects` are still those that were found last."""
        # Comparing lists compares identities first, so this costs some 0.2 us a member.
        return self._asked == mobjects and self._members == self._now()

    def _now(self) -> tuple[list[list[Mobject]], list[float], list[bool]]:
        """The parts, the z-index and whether there are points, of each member."""
        states = self._states
        return (
            [state["submobjects"] for state in states],
            [state["z_index"] for state in states],
            [len(state["points"]) > 0 for state in states],
        )


def is_visible(mobject: Mobject) -> bool:
    """Return True if Manim's camera draws mobjects of this kind: a ValueTracker has a point, but no picture."""
    return isinstance(mobject, VMobject | PMobject | AbstractImageMobject)
