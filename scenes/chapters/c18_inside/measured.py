"""Measurements inside a language model: ranks through layers, copies without heads, a unit in its texts, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, rate_functions

from scenes.animations import Count, Motion, appear, exchange, follow, lagged, leave, reshape
from scenes.animations.motions import Turned, passing
from scenes.chapters.c18_inside.wall import HeadWall
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import AxisSpan, Filled, Shade, Stands, Thickness, Tick, means
from scenes.mobjects.patterns import squares
from scenes.mobjects.shapes import Box, dot, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import HEIGHT, Token
from scenes.theme import at, ink_on, pace, palette, pixels, shared, signed, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px for the token that wins when it is through, between two in the crowd, and its share that one takes; how many stand
#: behind each other.
BEHIND, PITCH_OF, TAKEN, DEEP = 190.0, 10.0, 0.72, 38
#: A rank behind so many tokens is far from the first; px of a dot where a prompt is decided, the door, bars and air.
FAR_BEHIND, DECIDED, DOOR, COURSE, ABOVE = 1000, 12.0, 8.0, 60.0, 20.0


class RankCourse(Motion):
    """As many of a crowd stand there as each of some ranks says, one after another, and a token waits behind them."""

    def __init__(self, crowd: LikelierTokens, ranks: Sequence[Quantity]) -> None:
        self.crowd, self.counts = crowd, [float(rank) - 1 for rank in ranks]
        super().__init__(VGroup(crowd.dots, crowd.winner), run_time=pace("slow"), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here, after, share = passing(self.rate_func(alpha), len(self.counts))
        self.crowd.gather(round(self.counts[here] * (1 - share) + self.counts[after] * share))


class LikelierTokens:
    """The tokens that are likelier than the one that wins in the end: dots between it and a door, layer by layer.

    Args:
        ranks: "sentence layer", of the prompt that is followed and of others.
        decided: the layer from which on each is the first.
        said: a tensor whose labels along "step" are the likeliest tokens, layer by layer.
        depths: the number of each layer.
    """

    def __init__(
        self, ranks: NamedTensor, decided: NamedTensor, said: NamedTensor, depths: NamedTensor, room: Room = STAGE
    ) -> None:
        upper, course = room.split_rows(-COURSE, ABOVE)
        field, behind = upper.split_columns(-BEHIND)
        self.ranks, self.depths = ranks[0].quantities(), depths.quantities()
        places, self.pitch = np.arange(int(max(self.ranks))), units(PITCH_OF)
        self.corner = at(field.right - DOOR, field.top)
        spots = np.column_stack([-(places // DEEP) - 0.5, -(places % DEEP) - 0.5]) * self.pitch + self.corner[:2]
        self.dots = squares(spots, np.full(len(places), TAKEN * self.pitch), "ink3")
        self.all = self.dots.points.reshape(len(places), -1, 3)
        depth = DOWN * DEEP * self.pitch
        self.door = VGroup(rule(self.corner, self.corner + depth, "ink2", DOOR))
        self.door.add(Words("first", "fact", "ink2").next_to(self.door, RIGHT, units(ABOVE)).align_to(self.door, DOWN))
        #: The token that wins in the end, the same behind the door, and its probability after the last layer.
        self.winner = Token(said.words("step")[-1], "", 0, HEIGHT, "stage word")
        self.through = self.winner.copy().move_to(at((behind.left + behind.right) / 2, 0)).match_y(self.door)
        self.chance = number(said.quantity(-1), "share", "large number").next_to(self.through, DOWN, units(ABOVE))
        self.gather(int(self.ranks[0]) - 1)
        #: The course of the rank: a bar behind each layer of the field of heads below, and what it says.
        spots = [at(x, course.bottom) for x in np.linspace(course.left, course.right, len(self.ranks))]
        bars = (bar_of(rank, "height", COURSE / len(places), PITCH_OF, "ink3", radius=0) for rank in self.ranks)
        self.course = VGroup(bar.move_to(spot, DOWN) for bar, spot in zip(bars, spots, strict=True))
        self.ahead = Words(f"{said.words('step')[-1]}: rank", "fact", "ink2").end_in(course)
        #: A line through the layers for each prompt, with a dot where it is decided, and the earliest of these layers.
        span, self.lines, self.ends = AxisSpan(0, 0.0, float(self.depths[-1])), VGroup(), VGroup()
        for layer, line in zip(decided.quantities(), upper.rows(len(decided), 0), strict=True):
            y = (line.top + line.bottom) / 2
            level = means(rule(at(line.left, y), at(line.right, y), "line", 4), span)
            spot = np.array([span.spot(float(layer), level), level.get_y(), 0])
            self.lines.add(level)
            self.ends.add(means(dot(spot, DECIDED, "query"), Tick(layer, span)))
        place, first = decided.smallest()
        self.soonest = Words(f"layer {first:.0f}", "fact", "query").next_to(self.ends[place.position], UP, buff=0)
        #: The token at the end of its line.
        self.own = self.through.copy().next_to(self.lines[0], UP, units(ABOVE)).align_to(self.lines, RIGHT)

    def gather(self, count: int) -> None:
        """Let so many stand between the token and the door."""
        self.dots.points = self.all[:count].reshape(-1, 3)
        self.winner.move_to(self.corner + (-(-count // DEEP)) * self.pitch * LEFT, RIGHT).match_y(self.door)

    def passing(self, rank: Words, layer: Words, wall: HeadWall) -> list[tuple[Animation, ...]]:
        """The way through all layers in three plays, the last of them the climb; numbers are counted along."""
        climb = int(np.flatnonzero(np.array(self.ranks) > FAR_BEHIND)[-1]) + 1
        plays: list[tuple[Animation, ...]] = []
        for begin, end in pairwise((0, climb // 2, climb, len(self.ranks))):
            ranks, depths = (part[begin:end] for part in (self.ranks, self.depths))
            counts = Count(rank, ranks, ",.0f", "slow", "rank "), Count(layer, depths, "", "slow", "layer ")
            plays.append(
                (RankCourse(self, ranks), *counts, wall.visits(depths), lagged(map(appear, self.course[begin:end]), 1))
            )
        return plays


#: Px of the names at the left, of a chip, between two chips, of a line of no weight, what all of it adds, of all chips,
#: below the lights, and between two lights; how far a light waits for the one before, how opaque is what was lit, and
#: which part of the lights is lit before their number comes.
NAMED, CHIP, APART, THREAD, ROPE, TWICE, UNDER, GAP = 340.0, 60.0, 26.0, 3.0, 27.0, 172.0, 40.0, 6.0
WAVE, FAINT, LATE = 0.1, 0.2, 0.6


class CopiedTokens:
    """Tokens, and below each what the model says for it when they come again: with all heads, and without some.

    Below them is a light for each token of all sequences, and as many are lit as are copied.

    Args:
        run: `experiment.inside_prose`.
        best: the best induction heads, lit in the field of all heads, the best one first.
        others: there, too, the heads that were drawn by chance.
    """

    def __init__(self, run: Trace, best: VGroup, others: VGroup, room: Room) -> None:
        side, wide = room.split_columns(NAMED)
        above, foot = room.split_rows(TWICE, APART)
        first, _, second = above.rows(3, 0)
        weights, counts = run["copied_weight"], run["copied"]
        labels = weights.words("position")
        columns = wide.columns(len(labels), APART)
        self.names = VGroup(
            Words(text, "block", "ink2").begin_in(side.cross(line))
            for text, line in zip(("first time", "second time"), (first, second), strict=True)
        )
        self.first = self._chips(labels, columns, first)
        self.said = []
        for choice in range(len(counts)):
            chips = self._chips(run[f"said_{choice}"].words("position"), columns, second)
            for chip, goal in zip(chips, labels, strict=True):
                right = chip.label == goal
                chip.box.set_stroke(palette().role("weight" if right else "warning"), stroke(5))
            self.said.append(chips)
        #: From the place before each said token, which asks, to the one that is copied: the attention of the best head.
        self.lines, back = VGroup(), self.first[0].get_center() - self.first[1].get_center()
        # The token that asks for the first one is not in the part that is shown.
        for over, below, weight in list(zip(self.first, self.said[0], weights.quantities(), strict=True))[1:]:
            line = rule(below.get_top() + back, over.get_bottom(), "weight", THREAD + ROPE * weight)
            self.lines.add(means(line, Thickness(weight, ROPE, THREAD)))
        lights, under = foot.split_rows(-UNDER)
        every, rows = run["copied_of"], int(run["sequences"])
        strips = wide.cross(lights).columns(round(float(every)) // rows, GAP)
        places = [place for strip in strips for place in strip.rows(rows, GAP)]
        #: A light for each token, none of them lit; and as many lit as are copied, with a line for each ablation.
        self.lights, self.fields, self.told = self._field(places, 0.0), list[VGroup](), VGroup()
        *best_off, others_off = run["heads_off"].quantities()[1:]
        names = "all heads", *(f"best {off:.0f} off" for off in best_off), f"{others_off:.0f} others off"
        roles, lines = ("ink", *["key"] * len(best_off), "ink"), side.cross(lights).rows(len(names), 0)
        for name, role, count, line in zip(names, roles, counts.quantities(), lines, strict=True):
            self.fields.append(means(self._field(places, count), Filled(count, every)))
            told = number(count, ".0f", "large number").end_in(line.inset(APART, 0))
            self.told.add(VGroup(Words(name, "block", role).begin_in(line), told))
        #: What was lit with all heads, and how many lights there are.
        self.ghost = VGroup(*self.fields[0][: int(counts.quantity(0))]).copy().set_fill(opacity=FAINT)
        self.of = Words(f"of {every:.0f}", "fact", "ink2").end_in(wide.cross(under))
        #: How many heads are off; the best ones, and the same when they are off.
        self.off, self.best = run["heads_off"].values.astype(int).tolist(), best
        self.dark, self.others = (heads.copy().set_fill(palette().background) for heads in (best, others))
        self.drawn = Words(f"{others_off:.0f} other heads, drawn by chance", "fact", "ink2")

    @staticmethod
    def _field(places: Sequence[Room], lit: float) -> VGroup:
        return VGroup(
            Box.of(place, palette().weight, 4, palette().line, 1.5).set_fill(opacity=float(k < lit))
            for k, place in enumerate(places)
        )

    @staticmethod
    def _chips(labels: Sequence[Label], columns: Sequence[Room], line: Room) -> VGroup:
        return VGroup(
            Token(label, "", column.width, CHIP, "stage word").move_to(column.cross(line).centre)
            for label, column in zip(labels, columns, strict=True)
        )

    def turns(self) -> list[tuple[Animation, ...]]:
        """As many lights are lit as are copied with all heads; then others go off, and less is copied, or more."""
        kinds = "slow", "slow", "row", "row", "slow"
        lit = [
            lagged([Turned(self.lights, field, lag_ratio=WAVE, run_time=pace(kind)), appear(told)], LATE, kind=kind)
            for field, told, kind in zip(self.fields, self.told, kinds, strict=True)
        ]
        plays: list[tuple[Animation, ...]] = [(lit[0],)]
        for old, new in pairwise(range(len(lit))):
            drawn = new == len(lit) - 1
            those = slice(None) if drawn else slice(self.off[old], self.off[new])
            switched = reshape(self.best[those], (self.best.copy() if drawn else self.dark)[those])
            plays.append((leave(self.said[old]), follow(self.said[new]), switched, lit[new]))
        return plays


#: Px of a line and of a chip in it, of its margins, between two chips, and between two texts.
PITCH, HIGH, MARGIN, SPACE, BREAK = 110.0, 66.0, 11.0, 9.0, 20.0
STYLE = "title"
#: Px of the last word of a sentence.
ENDING = 300.0


class UnitOnText:
    """Texts as lines of tokens on chips; `lit` are the same, each filled by how active a unit is there.

    Args:
        texts: the activations, along "position", of each text.
    """

    def __init__(self, texts: Sequence[NamedTensor], room: Room = STAGE) -> None:
        self.texts, self.lines, self.lit = list[list[VGroup]](), list[VGroup](), list[VGroup]()
        top, most = room.top, max(float(text.values.max()) for text in texts)
        for text in texts:
            x, begun = room.left, len(self.lines)
            for label, active in zip(text.words("position"), text.quantities(), strict=True):
                wide = pixels(word(label, STYLE).width) + 2 * MARGIN
                if x + wide > room.right:
                    x, top = room.left, top + PITCH
                if x == room.left:
                    self.lines.append(VGroup())
                    self.lit.append(VGroup())
                fills, spot = (palette().surface, signed(active, most)), at(x + wide / 2, top + HIGH / 2)
                plain, lit = (self._chip(label, wide, fill).move_to(spot) for fill in fills)
                means(lit[0], Shade(active, most))
                self.lines[-1].add(plain)
                self.lit[-1].add(lit)
                x += wide + SPACE
            top += PITCH + BREAK
            self.texts.append(self.lines[begun:])
        for line in (*self.lines, *self.lit):
            line.shift(DOWN * units((room.bottom - top + BREAK + PITCH - HIGH) / 2))

    @staticmethod
    def _chip(label: Label, wide: float, fill: str) -> VGroup:
        box = Box(wide, HIGH, fill, 8)
        text = means(word(label, STYLE).settle(box.get_center()), Stands(label))
        text.paper = box
        text.set_fill(ink_on(fill))
        return VGroup(box, text)

    def light(self) -> list[tuple[Animation, ...]]:
        """All tokens take their shade, line by line."""
        return [exchange(old, new, "row") for old, new in zip(self.lines, self.lit, strict=True)]

    def where(self, masks: Sequence[NamedTensor]) -> list[list[VGroup]]:
        """Of each text, the lit chips of the tokens at which its mask is one."""
        chips = iter([chip for line in self.lit for chip in line])
        return [[chip for one, chip in zip(mask.values, chips, strict=False) if one] for mask in masks]


class SentenceVerdicts:
    """A row for each pair of sentences: how they begin, and their last words, bright if the right noun is the likelier.

    Args:
        begun: a tensor with the beginning of each pair as the label of "pair".
        right: ones and zeros along "sentence", two for each pair.
    """

    def __init__(self, begun: NamedTensor, right: NamedTensor, room: Room = STAGE) -> None:
        left, columns = room.split_columns(-2 * ENDING, 30)
        self.names, self.squares, verdicts = VGroup(), VGroup(), right.quantities()
        for k, (label, line) in enumerate(zip(begun.words("pair"), left.rows(len(begun), 22), strict=True)):
            self.names.add(means(word(label, "caption").end_in(line), Stands(label)))
            for one, cell in zip((2 * k, 2 * k + 1), columns.cross(line).columns(2, 24), strict=True):
                fill = shared(verdicts[one])
                box = means(Box(cell.width, cell.height, fill, 14, palette().line, 3), Shade(verdicts[one]))
                text = word(right.label("sentence", one), "title").settle(box.move_to(cell.centre).get_center())
                text.paper = box
                self.squares.add(VGroup(box, text.set_fill(ink_on(fill))))
