"""The animations of the stage keep what the renderer promises: the pictures of plain Manim, and the same ones again."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import numpy as np
import pytest
from filming import TRACED, Read
from frames import SIZE, FrameList, fast, plain, psnr, quality
from manim import RIGHT, Mobject, VMobject, tempconfig

from scenes.animations import Reform, Swinging, appear, deal, exchange, gather, leave, meet, through
from scenes.animations.fades import COLOURS
from scenes.layout import STAGE
from scenes.mobjects.attention_grid import board_of
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.products import APART, PlaneOfTwo
from scenes.rendering import FastRenderer
from scenes.rendering.motion import Watch, every, is_plain_play, movers
from scenes.stage.reading import read
from transformer_core.studies.focus import mixed_focus
from transformer_core.tracing.trace import Trace

FPS = 6  # the longest scene has nine seconds
SENTENCES = "The car is red", "The animal did not cross the street because it was too tired"


@cache
def trace(text: str) -> Trace:
    return read(text)


class Met(Read):
    """Vectors come out of words, meet in cells, and are gathered; rows go through a product, and turn into others."""

    def prepare(self) -> None:
        self.focus = mixed_focus(self.trace)
        self.board = board_of(self.trace, self.focus)

    def construct(self) -> None:
        board, token = self.board, self.focus.query_token
        self.add(board.ribbon)
        self.play(deal(board.ribbon.chips, board.queries, board.query_names), deal(board.ribbon.chips, board.keys))
        self.play(appear(board.empty))
        self.play(meet(board, [(token.position, j) for j in range(len(board.keys))], "slow"))
        product = board.corner.fit(Formula("{{ Q : query }} {{ K : key }}^T", LARGE))
        self.play(meet(board, board.others(token), at_once=True))
        self.play(gather(board.queries, product.part("query")), appear(product.rest(), rise=False))
        into, out = through(board.queries, product, [one.copy() for one in board.row(token)])
        self.play(into)
        self.play(out)
        self.play(*exchange(board.keys, [key.copy().shift(0.2 * RIGHT) for key in board.keys]))


class Reformed(Read):
    """A formula turns into the next one."""

    def prepare(self) -> None:
        texts = "q k^T", "(q k^T) / sqrt(d)", "e^(q k) / (sum e^(q k))"
        self.formulas = [STAGE.fit(Formula(text, LARGE)) for text in texts]

    def construct(self) -> None:
        first, second, third = self.formulas
        self.play(appear(first))
        self.play(Reform(first, second))
        self.play(Reform(second, third))
        self.wait(0.4)
        self.play(leave(third))


class Swung(Read):
    """An arrow swings, with its shadow, and goes."""

    def prepare(self) -> None:
        focus = mixed_focus(self.trace)
        self.plane = PlaneOfTwo(focus.seen(self.trace), focus.query_token, focus.top_key, STAGE)
        head, pair = focus.seen(self.trace), {"query": focus.query_token, "key": focus.top_key}
        score, turned = head["scores"].pick(**pair), head["turned_scores"].pick(**pair).quantities()
        self.swing = Swinging(self.plane, score, turned)

    def construct(self) -> None:
        self.add(self.plane)
        self.play(self.swing.to(60))
        self.play(self.swing.to(APART))
        self.play(self.swing.back())
        self.wait(0.2)


SHORT = {"Met": Met, "Reformed": Reformed, "Swung": Swung}
ALL: dict[str, type[Read]] = TRACED | SHORT


def staged(name: str) -> type[Any]:
    """The scene of that name, with its trace, as `manim` would begin it; it notes which of its plays are plain."""
    kind: type[Any] = ALL[name]

    class Staged(kind):
        plain_plays: ClassVar[list[bool]] = []

        def __init__(self, **scene: Any) -> None:
            super().__init__(trace(SENTENCES[name in TRACED]), **scene)

        def construct(self) -> None:
            self.prepare()
            super().construct()

        def begin_animations(self) -> None:
            self.plain_plays.append(is_plain_play(self))
            super().begin_animations()

    return Staged


@cache
def drawn(name: str) -> list[np.ndarray]:
    return fast(staged(name), fps=FPS).pictures


@pytest.mark.parametrize("name", ALL)
def test_what_moves_on_the_stage_looks_as_under_plain_manim(name: str) -> None:
    theirs, ours = plain(staged(name), fps=FPS), drawn(name)
    assert len(theirs) == len(ours) > FPS
    assert min(psnr(a, b) for a, b in zip(theirs, ours, strict=True)) >= 60


@pytest.mark.parametrize("name", ALL)
def test_what_moves_on_the_stage_is_drawn_the_same_again_and_as_a_plain_play(name: str) -> None:
    kind = staged(name)
    again = fast(kind, fps=FPS).pictures
    assert len(again) == len(drawn(name))
    assert all(np.array_equal(a, b) for a, b in zip(drawn(name), again, strict=True))
    assert len(kind.plain_plays) > 1
    assert all(kind.plain_plays)


@pytest.mark.parametrize("name", ALL)
def test_the_second_half_is_the_same_after_a_first_half_that_was_only_applied(name: str) -> None:
    counted = staged(name)
    fast(counted, fps=FPS)
    with tempconfig(quality(SIZE, FPS)):
        renderer, frames = FastRenderer(), FrameList()

        class Halved(staged(name)):  # type: ignore[misc]
            begun = 0

            def play(self, *animations: Any, **timing: Any) -> None:
                self.begun += 1
                if self.begun == len(counted.plain_plays) // 2 + 1:
                    renderer.writer = frames  # type: ignore[assignment]
                super().play(*animations, **timing)

        Halved(renderer=renderer).render()
    assert 0 < len(frames.pictures) < len(drawn(name))
    shown = drawn(name)[-len(frames.pictures) :]
    assert all(np.array_equal(a, b) for a, b in zip(shown, frames.pictures, strict=True))


@pytest.mark.parametrize("name", ALL)
def test_an_animation_of_the_stage_changes_nothing_but_its_own_mobject(name: str) -> None:
    changed: list[Mobject] = []
    looked = []

    class Watched(staged(name)):  # type: ignore[misc]
        def begin_animations(self) -> None:
            super().begin_animations()
            moving = movers(self.animations)
            self.others = [(m, _looks(m)) for m in self.get_mobject_family_members() if id(m) not in moving]
            looked.extend(self.others)

        def update_to_time(self, t: float) -> None:
            super().update_to_time(t)
            changed.extend(m for m, looks in self.others if _looks(m) != looks)

    plain(Watched, fps=FPS)
    assert changed == []
    assert looked or name == "Reformed"  # nothing else is on stage


@pytest.mark.parametrize("name", [name for name in ALL if name not in {"Ambient", "Swung"}])  # those tell none
def test_an_animation_that_tells_arrays_changes_nothing_else_of_its_shapes(name: str) -> None:
    changed: list[Mobject] = []
    looked = []

    class Watched(staged(name)):  # type: ignore[misc]
        def begin_animations(self) -> None:
            super().begin_animations()
            watch = Watch.of(self.animations)
            self.told = {(id(leaf), one.name) for one in watch.joined for leaf in one.leaves}
            self.joined = [one for one in watch.joined if not {id(leaf) for leaf in one.leaves} & watch.alone]
            parts = {id(part): part for one in every(self.animations) for part in one.mobject.get_family()}
            self.others = [(m, _rest(m, self.told)) for i, m in parts.items() if i not in watch.alone]
            looked.extend(self.others)

        def update_to_time(self, t: float) -> None:
            super().update_to_time(t)
            changed.extend(m for m, rest in self.others if _rest(m, self.told) != rest)
            for one in self.joined:
                now = np.concatenate([vars(leaf)[one.name] for leaf in one.leaves]) if one.leaves else one.shown
                changed.extend(one.leaves if not np.array_equal(now, one.shown) else ())

    plain(Watched, fps=FPS)
    assert changed == []
    assert looked


def _rest(mobject: Mobject, told: set[tuple[int, str]]) -> tuple[Any, ...]:
    """Looks and parts of a mobject, but for the arrays that are told."""
    names = [name for name in ("points", *COLOURS) if (id(mobject), name) not in told]
    widths = [getattr(mobject, name, 0) for name in ("stroke_width", "background_stroke_width")]
    arrays = [getattr(mobject, name).tobytes() for name in names if hasattr(mobject, name)]
    return *arrays, *widths, [id(part) for part in mobject.submobjects], mobject.z_index


def _looks(mobject: Mobject) -> tuple[Any, ...]:
    arrays = [mobject.points, *(getattr(mobject, colours) for colours in COLOURS if isinstance(mobject, VMobject))]
    return (
        *(array.tobytes() for array in arrays),
        getattr(mobject, "stroke_width", 0),
        [id(m) for m in mobject.submobjects],
    )
