"""Entrances: who comes on stage with a play and who leaves it, with few walks over the stage.

Manim walks all families on stage for each animation of a group: of hundreds, that takes longer than to draw them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import signature

from manim import Animation, Mobject, Scene
from manim.animation.composition import AnimationGroup

NOTHING = signature(Animation.__init__).parameters["_on_finish"].default


def enter(scene: Scene, animation: Animation) -> None:
    """Do what `animation._setup_scene(scene)` does."""
    waiting: list[Mobject] = []
    for one in _parts(animation, "_setup_scene"):
        if type(one)._setup_scene is Animation._setup_scene:  # noqa: SLF001 - there is no other hook
            waiting += [one.mobject] if one.is_introducer() else []
        else:
            _add(scene, waiting)
            waiting = []
            one._setup_scene(scene)  # noqa: SLF001
    _add(scene, waiting)


def clean_up(scene: Scene, animation: Animation) -> None:
    """Do what `animation.clean_up_from_scene(scene)` does."""
    leaving: list[Mobject] = []
    for one in _parts(animation, "clean_up_from_scene"):
        if type(one).clean_up_from_scene is Animation.clean_up_from_scene and one._on_finish is NOTHING:  # noqa: SLF001
            leaving += [one.mobject] if one.is_remover() else []
        else:
            scene.remove(*leaving)
            leaving = []
            one.clean_up_from_scene(scene)
    if leaving:
        scene.remove(*leaving)


def _parts(animation: Animation, act: str) -> Iterator[Animation]:
    """The animations in a group that does `act` by letting each of them do it."""
    plain = getattr(type(animation), act, None) is getattr(AnimationGroup, act)
    if not (plain and animation._on_finish is NOTHING and not animation.remover):  # noqa: SLF001
        yield animation
        return
    for one in animation.animations:
        yield from _parts(one, act)


def _add(scene: Scene, mobjects: Sequence[Mobject]) -> None:
    """Add one after another what is not on stage yet; all at once, where they have nothing in common."""
    if not mobjects:
        return
    here = {id(part) for part in scene.get_mobject_family_members()}
    coming: list[Mobject] = []
    for mobject in mobjects:
        if id(mobject) in here:
            continue
        family = {id(part) for part in mobject.get_family()}
        if here.isdisjoint(family):
            coming.append(mobject)
            here |= family
        else:  # some of it is there: groups are taken apart
            scene.add(*coming)
            scene.add(mobject)
            coming, here = [], {id(part) for part in scene.get_mobject_family_members()}
    if coming:
        scene.add(*coming)
