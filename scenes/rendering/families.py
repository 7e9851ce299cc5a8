"""Families of mobjects in one walk, in the order in which Manim lists them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manim import Mobject
from manim.utils.family import extract_mobject_family_members


def family_of(mobjects: Iterable[Mobject]) -> dict[int, Mobject]:
    """The mobjects and all their parts by id, a whole before its parts."""
    found: dict[int, Mobject] = {}
    waiting = [*mobjects][::-1]
    while waiting:
        mobject = waiting.pop()
        if id(mobject) not in found:
            found[id(mobject)] = mobject
            waiting.extend(reversed(mobject.submobjects))
    return found


def members_of(mobjects: Sequence[Mobject], use_z_index: bool = True) -> list[Mobject]:
    """Members of the families of `mobjects` in the order of Manim's `extract_mobject_family_members`.

    Manim walks the family of each mobject, and keeps of each member the last place in which it came. Where `mobjects`
    are wholes, or wholes with all their parts behind them, and no part belongs to two of them, one walk finds the same.
    """
    found = family_of(mobjects)
    members, given = [*found.values()], [*map(id, mobjects)]
    parts = [id(part) for member in members for part in member.submobjects]
    each_once = len(given) == len({*given}) and len(parts) == len({*parts})
    if each_once and (given == [*found] or {*parts}.isdisjoint(given)):
        return sorted(members, key=lambda member: member.z_index) if use_z_index else members
    return extract_mobject_family_members(mobjects, use_z_index=use_z_index)
