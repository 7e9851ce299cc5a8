"""Scenes that the renderers are measured on: three kinds of lecture scene, a narrated one, one of many mobjects,
and three of the stage, which read a trace: a dive, a match cut, and motion that goes on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    MovingCameraScene,
    ReplacementTransform,
    Scene,
    Transform,
    VGroup,
)

from scenes.animations import Count, Dive, Rise, Travel, appear, draw, pulses
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import SEEN, Arcs
from scenes.mobjects.attention_grid import board_of
from scenes.mobjects.cells import Cell
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import Vector
from scenes.stage.matching import match_cut
from scenes.stage.playing import Stage
from transformer_core.studies.focus import mixed_focus
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

RANDOM = np.random.default_rng(7)


def cells(rows: int, columns: int, width: float = 62, height: float = 40) -> VGroup:
    """A matrix: a box and a number for each entry."""
    made = VGroup()
    for value in RANDOM.normal(size=rows * columns):
        box = Box(width, height, f"#{int(60 + 40 * abs(value)) % 256:02x}50a0")
        made.add(VGroup(box, Words(f"{value:.2f}", "cell").scale(0.6).move_to(box)))
    return made.arrange_in_grid(rows, columns, buff=0.04)


class Matrix(Scene):
    """Queries meet keys: 1,100 leaves, of which few move at a time."""

    def prepare(self) -> None:
        self.matrices = cells(12, 8).to_corner(UP + LEFT), cells(8, 12).to_corner(UP + RIGHT), cells(12, 12).scale(0.7)
        self.stored = cells(10, 20, 40, 26).to_edge(DOWN, buff=0.1)

    def construct(self) -> None:
        (query, key, score), stored = self.matrices, self.stored
        score.move_to(DOWN)
        self.add(query, key, stored)
        self.play(LaggedStart(*(FadeIn(cell) for cell in score[:24]), lag_ratio=0.05), run_time=1)
        self.add(*score[24:])
        ring = frame(80, 60).move_to(query[0])
        self.play(FadeIn(ring), run_time=0.3)
        for row in range(2):
            self.play(ring.animate.move_to(query[8 * row]), run_time=0.4)
            copies = VGroup(*(query[8 * row + i].copy() for i in range(8)))
            self.play(copies.animate.move_to(score[12 * row + 4]).set_opacity(0), run_time=0.6)
            self.remove(copies)
            self.wait(0.3)
        others = VGroup(*(score[i] for i in range(144) if i // 12 != 3))
        self.play(others.animate.set_opacity(0.3), run_time=0.5)
        self.play(score[36:48].animate.scale(1.3), run_time=0.5)
        self.play(FadeOut(query, shift=LEFT), run_time=0.5)


class Softmax(Scene):
    """Numbers that count, and bars that grow."""

    def prepare(self) -> None:
        self.grid, self.target = cells(8, 8).to_edge(LEFT), cells(8, 8).to_edge(RIGHT)

    def construct(self) -> None:
        grid, target = self.grid, self.target
        self.add(grid)
        numbers = VGroup(*(Words("0.00", "number").move_to(3 * RIGHT + (2.5 - 0.7 * i) * UP) for i in range(8)))
        bars = VGroup(*(Box(20, 30, "#50b080").move_to(RIGHT + (2.5 - 0.7 * i) * UP) for i in range(8)))
        self.add(numbers, bars)
        entries = [[Quantity(k * i / 120, "numbers", (i, k)) for k in range(120)] for i in range(8)]
        run = [Count(number, entries[i], ".2f", "slow") for i, number in enumerate(numbers)]
        grow = [bar.animate.stretch(3 + i, 0, about_edge=LEFT) for i, bar in enumerate(bars)]
        self.play(*run, *grow, run_time=2)
        self.wait(0.5)
        self.play(ReplacementTransform(grid.copy(), target), run_time=1.5)
        self.play(AnimationGroup(*(Transform(grid[i], target[i]) for i in range(0, 64, 8)), lag_ratio=0.1), run_time=1)


class Pan(MovingCameraScene):
    """The camera goes over a heatmap: everything changes in every frame."""

    def prepare(self) -> None:
        heat = VGroup(*(Box(24, 24, f"#{40 + 3 * (i % 64):02x}40{90 + i // 16:02x}") for i in range(1024)))
        self.stage = VGroup(heat.arrange_in_grid(16, 64, buff=0.02), cells(3, 8).to_edge(UP))

    def construct(self) -> None:
        self.add(*self.stage)
        self.play(self.camera.frame.animate.scale(0.5).shift(2 * LEFT), run_time=1.5)
        self.wait(0.3)
        self.play(self.camera.frame.animate.shift(4 * RIGHT), run_time=1.5)


class Told(Scene):
    """Scene paced like a narrated film: half of it pauses."""

    def prepare(self) -> None:
        self.grids = cells(8, 10).to_edge(LEFT), cells(8, 6).to_edge(RIGHT)

    def construct(self) -> None:
        grid, other = self.grids
        self.play(FadeIn(grid, shift=UP * 0.2), run_time=0.6)
        self.wait(2)
        ring = frame(80, 60).move_to(grid[0])
        self.play(FadeIn(ring), VGroup(*grid[10:]).animate.set_opacity(0.3), run_time=0.5)
        self.wait(1.5)
        self.play(LaggedStart(*(FadeIn(cell) for cell in other), lag_ratio=0.1), run_time=1.5)
        self.play(ring.animate.move_to(grid[9]), run_time=0.8)
        self.wait(1)


class Read(Stage):
    """A scene of the stage, made of the entries of a trace."""

    def __init__(self, trace: Trace, **scene: Any) -> None:
        super().__init__(captions=False, **scene)
        self.trace = trace


class Dived(Read):
    """Into a cell of the attention grid and back: all that is seen grows, and most of it leaves the frame."""

    def prepare(self) -> None:
        focus = mixed_focus(self.trace)
        here, there = focus.query_token.position, focus.top_key.position
        head = focus.seen(self.trace)
        self.board, self.place = board_of(self.trace, focus), (here, there)
        self.room = self.board.ribbon.below(STAGE)
        scale = full_colour(head["q"], head["k"])
        self.pair = [
            Vector(tensor[i], self.room.width - 200, 90, role, scale).move_to(part.centre)
            for tensor, i, role, part in zip(
                (head["q"], head["k"]), (here, there), ("query", "key"), self.room.rows(3), strict=False
            )
        ]
        self.score = number(head["scores"].quantity(here, there), ".2f", "large number").move_to(
            self.room.rows(3)[2].centre
        )

    def construct(self) -> None:
        board, place = self.board, self.place
        self.add(board.ribbon, *board.query_names, *board.queries, *board.keys, board.empty)
        parts = [*board.query_names, *board.queries, *board.keys, board.empty]
        dive = Dive(parts, board.hollow[place], self.room)
        pairs = zip(board.factors(place), self.pair, strict=True)
        self.play(dive, *(Travel(source, vector) for source, vector in pairs))
        self.play(appear(self.score))
        self.wait(0.3)
        inside = VGroup(*self.pair, self.score)
        self.play(Rise(dive, inside), Travel(self.score, board.cells[place], leaving=True))
        self.wait(0.3)


class MatchCut(Read):
    """200 cells with their numbers go from one picture to the next: the rows of a matrix become its columns."""

    def prepare(self) -> None:
        tensor = self.trace.under("encoder.0", batch=0)["resid_pre"]
        self.lying = self._cells(tensor, 10, 20, turned=False)
        self.upright = self._cells(tensor, 10, 20, turned=True)

    @staticmethod
    def _cells(tensor: NamedTensor, rows: int, columns: int, turned: bool) -> VGroup:
        made, scale = VGroup(), full_colour(tensor)
        across, down = (rows, columns) if turned else (columns, rows)
        lines: list[Room] = STAGE.rows(down, 4)
        for i in range(rows):
            for j in range(columns):
                entry = tensor.quantity(i, j)
                row, column = (j, i) if turned else (i, j)
                room = lines[row].columns(across, 4)[column]
                made.add(Cell(entry, (room.width, room.height), ".1f", "cell", scale).move_to(room.centre))
        return made

    def construct(self) -> None:
        self.add(self.lying)
        self.play(*match_cut([self.lying], [self.upright], set()))
        self.wait(0.3)


class Ambient(Read):
    """Dots run along arcs for eight seconds, while something is said."""

    def prepare(self) -> None:
        weights = self.trace.under("encoder.0.self_attn", batch=0)["weights"]
        # The row with the most arcs: the most work.
        head, query = max(np.ndindex(weights.shape[:2]), key=lambda row: int((weights.values[row] > SEEN).sum()))
        row = weights.pick(head=head, query=query)
        self.arcs = Arcs(row.words("key"), query, row)

    def construct(self) -> None:
        arcs = self.arcs
        self.add(arcs.chips)
        self.play(draw(*arcs.arcs))
        self.play(pulses(arcs.arcs, arcs.drawn_weights)(8.0))


def crowd(static: int, moving: int, seconds: float = 1.0) -> type[Scene]:
    """A scene in which `moving` mobjects move below `static` ones; half of each are boxes, half are numbers.

    Below, since Manim draws everything again from the first moving mobject upwards.
    """

    class Crowd(Scene):
        def prepare(self) -> None:
            def spread(count: int, width: float) -> VGroup:
                columns = max(1, round((count * 16 / 9) ** 0.5))
                shapes = [
                    Words(f"{i % 100 / 100:.2f}", "cell") if i % 2 else Box(60, 40, f"#20{i % 200 + 40:02x}80")
                    for i in range(count)
                ]
                group = VGroup(*shapes).arrange_in_grid(cols=columns, buff=0.05)
                return group.scale(min(1, width / group.width, 7 / group.height))

            self.movers, self.crowd = spread(moving, 12), spread(static, 13)

        def construct(self) -> None:
            self.add(*self.movers, *self.crowd)
            places = np.linspace(-1, 1, moving)
            for way in (UP, DOWN):
                moves = (one.animate.shift(place * way) for one, place in zip(self.movers, places, strict=True))
                self.play(*moves, run_time=seconds)

    return Crowd


Stress = crowd(1000, 100, 0.5)

#: Those that read a trace, of a sentence of twelve words.
TRACED: dict[str, type[Read]] = {"Dived": Dived, "MatchCut": MatchCut, "Ambient": Ambient}
SCENES: dict[str, type[Scene]] = {
    "Matrix": Matrix, "Softmax": Softmax, "Pan": Pan, "Told": Told, "Stress": Stress, **TRACED,
}  # fmt: skip
