"""Who is on stage after a play begins and ends is who would be under Manim, and in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from manim import Animation, AnimationGroup, FadeIn, FadeOut, LaggedStart, Mobject, Scene, VGroup, VMobject, tempconfig

from scenes.rendering.entrances import clean_up, enter
from scenes.rendering.scenes import quality


def stage(seed: int) -> tuple[Scene, list[VMobject], Animation]:
    """A scene with groups on it, and nested animations of their parts, of whole groups and of newcomers."""
    random = np.random.default_rng(seed)
    leaves = [VMobject() for _ in range(14)]
    groups = [VGroup(*(leaves[i] for i in random.choice(14, 3, replace=False))) for _ in range(6)]
    known: list[VMobject] = [*leaves, *groups, VGroup(*groups[:2])]
    scene = Scene()
    scene.add(*(known[i] for i in random.choice(len(known), 6, replace=False)))
    kinds = [
        FadeIn, FadeOut, lambda one: Animation(one, introducer=True), lambda one: Animation(one, remover=True),
    ]  # fmt: skip
    turns = [kinds[random.integers(4)](known[i]) for i in random.choice(len(known), 12, replace=False)]
    turns[0] = FadeOut(turns[0].mobject, _on_finish=lambda scene: scene.add(leaves[0]))
    nested = [AnimationGroup(*turns[:4]), *turns[4:8], LaggedStart(*turns[8:], remover=bool(seed % 2))]
    return scene, known, AnimationGroup(*nested)


def places(mobjects: Sequence[Mobject], known: Sequence[Mobject]) -> list[int]:
    return [next(i for i, one in enumerate(known) if one is mobject) for mobject in mobjects]


@pytest.mark.parametrize("seed", range(40))
def test_a_group_comes_and_goes_as_manim_lets_it(seed: int) -> None:
    def played(begin: Callable[..., None], end: Callable[..., None]) -> tuple[list[int], list[int]]:
        scene, known, group = stage(seed)
        begin(scene, group)
        entered = places(scene.mobjects, known)
        group.begin()
        group.finish()
        end(scene, group)
        return entered, places(scene.mobjects, known)

    with tempconfig(quality((160, 90), 10)):
        theirs = played(lambda scene, one: one._setup_scene(scene), lambda scene, one: one.clean_up_from_scene(scene))
        assert played(enter, clean_up) == theirs
