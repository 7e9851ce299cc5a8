"""Short scenes, each with one thing that a renderer of changes can get wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from manim import (
    BLUE,
    DOWN,
    GREEN,
    LEFT,
    ORIGIN,
    RED,
    RIGHT,
    UP,
    WHITE,
    YELLOW,
    Annulus,
    Arrow,
    Circle,
    Create,
    Dot,
    FadeIn,
    FadeOut,
    Group,
    ImageMobject,
    LaggedStart,
    Line,
    MovingCameraScene,
    ReplacementTransform,
    Rotate,
    RoundedRectangle,
    Scene,
    Square,
    Star,
    Succession,
    Transform,
    Triangle,
    ValueTracker,
    VGroup,
    VMobject,
    Write,
    linear,
)  # fmt: skip


def grid(rows: int = 4, columns: int = 6) -> VGroup:
    """Cells with a ring each, as of a matrix."""
    cells = VGroup(
        *(
            VGroup(
                RoundedRectangle(
                    corner_radius=0.1,
                    width=0.8,
                    height=0.8,
                    fill_color=BLUE,
                    fill_opacity=0.15 * (i % 6 + 1),
                    stroke_width=1,
                ),
                Annulus(inner_radius=0.1, outer_radius=0.2, fill_opacity=1, color=WHITE, stroke_width=0),
            )
            for i in range(rows * columns)
        )
    )
    return cells.arrange_in_grid(rows, columns, buff=0.1)


class Fades(Scene):
    def construct(self) -> None:
        cells = grid()
        self.play(FadeIn(cells, shift=UP), run_time=0.6)
        self.wait(0.4)
        self.play(cells[3].animate.set_opacity(0.2), FadeOut(cells[8:12], scale=0.5), run_time=0.5)
        self.play(FadeIn(Dot(), target_position=2 * LEFT), run_time=0.3)
        self.wait(0.3)


class Transforms(Scene):
    def construct(self) -> None:
        square, circle, star = (
            Square(fill_opacity=0.5),
            Circle(fill_opacity=1, color=RED).shift(2 * RIGHT),
            Star().shift(LEFT),
        )
        self.add(grid(2, 3))
        self.play(ReplacementTransform(square, circle), run_time=0.5)
        self.play(Transform(circle, star, path_arc=1), run_time=0.5)
        self.play(Rotate(circle, 2), run_time=0.4)
        circle.become(Triangle(fill_opacity=1).shift(DOWN))
        self.wait(0.2)
        self.play(circle.animate.shift(RIGHT).scale(1.5).set_stroke(YELLOW, 8), run_time=0.4)


class Depths(Scene):
    def construct(self) -> None:
        low = Square(fill_opacity=1, color=RED).set_z_index(-1)
        high = Circle(fill_opacity=0.7, color=GREEN).set_z_index(3).shift(0.5 * RIGHT)
        middle = Square(fill_opacity=0.9, color=BLUE).shift(0.6 * UP)
        self.add(high, middle, low)
        self.play(low.animate.shift(RIGHT), run_time=0.4)
        self.play(middle.animate.set_z_index(5), run_time=0.2)
        self.bring_to_back(high)
        self.wait(0.2)
        self.play(high.animate.shift(LEFT), run_time=0.4)


class Updaters(Scene):
    def construct(self) -> None:
        tracker, follower, other = ValueTracker(0), Dot(), Square(fill_opacity=0.4)
        still = grid(2, 2).shift(2 * LEFT)
        follower.add_updater(lambda dot: dot.move_to(RIGHT * tracker.get_value()))
        other.add_updater(lambda square, dt: square.rotate(dt))
        self.add(still, other, follower)
        self.play(tracker.animate.set_value(3), run_time=0.5)
        self.wait(0.4)
        other.clear_updaters()
        self.play(FadeOut(follower), run_time=0.3)


class SceneUpdater(Scene):
    """A scene's updater edits a mobject that Manim holds to be static, and later one that moves."""

    def construct(self) -> None:
        square, dot = Square(fill_opacity=1), Dot().shift(2 * LEFT)
        self.add(dot, square)
        self.add_updater(lambda dt: square.shift(dt * RIGHT))
        self.play(dot.animate.shift(UP), run_time=0.4)
        self.wait(0.3)
        self.updaters.clear()
        self.wait(0.2)
        self.add_updater(lambda dt: dot.shift(dt * DOWN))
        self.play(square.animate.rotate(1), run_time=0.4)


class Newcomers(Scene):
    """Mobjects that come, go, and grow parts in mid-play."""

    def construct(self) -> None:
        group, clock = VGroup(Dot(UP)), Dot(3 * RIGHT)
        seen: list[float] = []

        def grow(dots: VGroup, dt: float) -> None:
            seen.append(dt)
            if len(seen) == 4:
                dots.add(Circle(radius=0.5, fill_opacity=1, color=RED))
            if len(seen) == 6:
                self.add(Square().shift(LEFT))
            if len(seen) == 8:
                dots.remove(dots[0])

        group.add_updater(grow)
        self.add(group)
        self.play(clock.animate.shift(DOWN), run_time=1)
        self.remove(group)
        self.wait(0.2)


class Groups(Scene):
    def construct(self) -> None:
        cells = grid(3, 5)
        self.play(LaggedStart(*(FadeIn(cell, scale=0.5) for cell in cells), lag_ratio=0.2), run_time=1)
        arrow = Arrow(ORIGIN, 2 * RIGHT + UP)
        self.play(Succession(Create(arrow), Write(Circle()), FadeOut(cells[0])), run_time=1)
        self.play(
            LaggedStart(*(cell.animate.shift(DOWN * 0.2) for cell in cells[4:9]), lag_ratio=0.1, rate_func=linear)
        )


class Crossing(Scene):
    """A mover under and over things that stay, out of the frame, with thick corners and soft strokes."""

    def construct(self) -> None:
        spike = VMobject(stroke_width=20).set_points_as_corners([LEFT + 0.2 * UP, RIGHT, LEFT - 0.2 * UP])
        under, over = grid(2, 4), grid(1, 3).set_opacity(0.5)
        self.add(under, spike, over)
        self.play(spike.animate(rate_func=linear).shift(6 * RIGHT), run_time=0.6)
        self.play(spike.animate.move_to(9 * RIGHT), Create(Line(6 * LEFT, 6 * RIGHT + UP)), run_time=0.4)


class Gradients(Scene):
    """Gradients, sheen and a stroke behind, which not every fast path knows."""

    def construct(self) -> None:
        square = Square(fill_opacity=1).set_fill([RED, BLUE, GREEN], 1)
        circle = Circle(fill_opacity=0.8, color=BLUE).set_sheen(0.5, UP).shift(2 * RIGHT)
        star = Star(fill_opacity=1, color=YELLOW).set_background_stroke(color=RED, width=12).shift(2 * LEFT)
        self.add(square, circle, star)
        self.play(square.animate.rotate(1), circle.animate.shift(UP), star.animate.scale(1.4), run_time=0.5)
        self.wait(0.2)


class Pan(MovingCameraScene):
    def construct(self) -> None:
        cells = grid(6, 10)
        self.add(cells)
        self.play(self.camera.frame.animate.scale(0.4).move_to(cells[8]), run_time=0.6)
        self.wait(0.2)
        self.play(self.camera.frame.animate.shift(2 * LEFT), cells[8].animate.set_fill(RED, 1), run_time=0.5)


class Picture(Scene):
    """A picture comes and goes: Manim's camera draws as long as it is there."""

    def construct(self) -> None:
        pixels = np.arange(64, dtype=np.uint8).reshape(8, 8).repeat(4, 1)
        picture = ImageMobject(np.dstack([pixels] * 3)).scale_to_fit_height(3)
        cells = grid(2, 3)
        self.play(FadeIn(cells), run_time=0.3)
        self.play(FadeIn(picture), cells.animate.shift(UP), run_time=0.4)
        self.play(FadeOut(Group(picture)), run_time=0.3)
        self.play(cells.animate.shift(DOWN), run_time=0.3)
        self.add(picture.set_opacity(0.5))
        self.play(FadeIn(Circle(fill_opacity=0.5)), run_time=0.3)
        self.wait(0.2)


class Empty(Scene):
    """A play on an empty stage, a background that changes, and a mobject without points."""

    def construct(self) -> None:
        self.play(ValueTracker(0).animate.set_value(1), run_time=0.3)
        self.camera.background_color = "#204060"
        self.add(VMobject())
        self.wait(0.2)
        self.play(FadeIn(Square()), run_time=0.2)


ALL = (
    Fades, Transforms, Depths, Updaters, SceneUpdater, Newcomers, Groups, Crossing, Gradients, Pan, Picture, Empty,
)  # fmt: skip


def names() -> Iterator[str]:
    return (scene.__name__ for scene in ALL)
