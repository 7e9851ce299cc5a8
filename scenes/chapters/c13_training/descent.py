"""Backpropagation and gradient descent: slopes handed back through the model, and a ball on a measured loss."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, VGroup, rate_functions

from scenes.animations import Count, Sweep, Through, appear
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, arrow, dot, path, rule
from scenes.mobjects.text import Words, number
from scenes.theme import at, pace, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Moments of a ball between two places, and px of the ball, of a visited place, and of the height of a jump.
MOMENTS, BALL, VISITED, JUMP = 40, 26.0, 13.0, 170.0
#: The walk on which the ball leaves the ground.
LEAPS = "large"
#: What follows the parts of the model, and the boxes between which a pass leads: three of the encoder, three of the
#: decoder, and these.
ENDS = ("logits", "loss")
WAYS = ((0, 1), (1, 2), (2, 4), (2, 5), (3, 4), (4, 5), (5, 6), (6, 7))
#: Px between two parts of the model, and of a way from the middle between the way forward and that back.
BETWEEN, ASIDE, AIR = 110.0, 20.0, 24.0


class Backward:
    """The parts of the model in the order of a pass, up to the loss; ways forward, ways back, and a gradient in each.

    Args:
        gradients: by part, three of the encoder and three of the decoder: the length of the gradient on its weights.
        loss: what the pass ends with.
        passes: how many it would take to nudge each weight.
    """

    def __init__(self, gradients: NamedTensor, loss: Quantity, passes: Quantity) -> None:
        encoder, decoder = STAGE.rows(2, 120)
        columns = STAGE.columns(5, BETWEEN)
        self.boxes, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        unit = (columns[0].width - 138) / float(gradients.values.max())
        for k, (label, quantity) in enumerate(zip(gradients.labels["part"], gradients.quantities(), strict=True)):
            self.boxes.add(self._box(columns[k % 3].cross((encoder, decoder)[k // 3]), *label.split(": ")))
            box, bar = self.boxes[k][0], bar_of(quantity, "width", unit, 56, "warning", least=3)
            bar.move_to(box.get_edge_center(LEFT) + np.array([units(24), -units(72), 0]), aligned_edge=LEFT)
            told = number(quantity, ".2f", "stage number").settle(bar.get_center())
            self.bars.add(bar)
            self.numbers.add(told.begin_at(box.get_right()[0] - units(100)))
        self.boxes.add(self._box(column.cross(decoder), name) for column, name in zip(columns[3:], ENDS, strict=True))
        self.loss = number(loss, ".3f", "large number").settle(self.boxes[-1].get_center() + DOWN * units(40))
        self.forward, self.back = VGroup(), VGroup()
        for a, b in WAYS:
            forward, back = self._ways(self.boxes[a][0], self.boxes[b][0])
            self.forward.add(forward)
            self.back.add(back)
        counts, chain, legend = Room(columns[3].left, encoder.top, columns[4].right, encoder.bottom).rows(3)
        self.many = Words(f"{passes:,.0f} passes", "large number").begin_in(counts)
        self.struck = rule(self.many.get_left(), self.many.get_right(), "warning", 6)
        self.single = Words("one pass", "large number").next_to(self.many, RIGHT, buff=units(40))
        self.single.stand_on(self.many.baseline)
        self.chain = Words("own slope × slope handed back", "block").begin_in(chain)
        sign, name = legend.split_columns(80, 20)
        key = Box(sign.width, 56, palette().warning, 5).move_to(sign.centre)
        self.legend = VGroup(key, Words("length of the gradient", "block", "ink2").begin_in(name))
        #: The parts whose gradient is known once so many ways back have been gone, the last way first.
        self.after = ((), (5,), (4,), (3,), (), (2,), (1,), (0,))

    @staticmethod
    def _box(room: Room, *lines: str) -> VGroup:
        """A part in the middle of a room, with its name in the upper half."""
        box = Box(room.width, 264, palette().surface, 14, palette().line, 2.5).move_to(room.centre)
        top, roles = box.get_top(), ("ink2", "ink")
        texts = enumerate(zip(lines, roles, strict=False))
        return VGroup(
            box, (Words(line, "block", role, box).settle(top + DOWN * units(56 + 54 * k)) for k, (line, role) in texts)
        )

    @staticmethod
    def _ways(one: Box, other: Box) -> tuple[VGroup, VGroup]:
        """The way forward from one box to the next, and the way back beside it."""
        level = abs(one.get_y() - other.get_y()) < units(AIR)
        (a, b), air = (one.get_right(), other.get_left()) if level else (one.get_bottom(), other.get_top()), units(6)
        a = a if level else a + RIGHT * np.sign(b - a)[0] * one.width / 4
        way = (b - a) / np.linalg.norm(b - a)
        a, b, shift = a + air * way, b - air * way, (UP if level else 2 * RIGHT) * units(ASIDE)
        return arrow(a + shift, b + shift, "ink2", 6, 20), arrow(b - shift, a - shift, "warning", 8, 24)

    def handed_back(self) -> list[tuple[Animation, ...]]:
        """From the loss on, way after way is gone back, and the part that it comes to has its gradient."""
        known = [[part for k in places for part in (self.bars[k], self.numbers[k])] for places in ((), *self.after)]
        ways = [[way] for way in reversed(self.back)]
        return [tuple(appear(*some) for some in both if some) for both in zip([*ways, []], known, strict=True)]


class Valley:
    """The loss along one direction as a valley, and a ball that descends in steps.

    Args:
        run: an early step of the training: the curve, and for each learning rate, "small" and "large", the places and
            the losses that gradient descent comes to.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        places, losses, start = run["place_along"], run["loss_along"], run["batch_loss"]
        #: By the learning rate, the places and the losses that gradient descent comes to.
        self.walks = {name: (run[f"{name}_places"], run[f"{name}_losses"]) for name in ("small", LEAPS)}
        low, high = float(losses.values.min()), float(losses.values.max())
        inner = Room(room.left + 110, room.top + 56, room.right - 10, room.bottom - 96)
        floor = low - (high - low) * 0.3
        names = "distance moved against the gradient", "mean loss of the batch"
        self.plot = Plot.filling(inner, places.values.tolist(), (floor, high), names)
        reach = [losses.quantity(int(find(losses.values))) for find in (np.argmin, np.argmax)]
        origin = self.plot.ticks([run["small_places"].quantity(0)], ".0f", "fact")
        self.scale = VGroup(self.plot.heights(reach, ".2f"), origin, self.plot.broken())
        self.curve = self.plot.curve(places, losses, "ink2", 8)
        self.along, self.up = places.values, losses.values
        self.balls = {name: self._states(way.values, JUMP * (name == LEAPS)) for name, (way, _) in self.walks.items()}
        self.ball = VGroup(dot(self._resting(0.0), BALL, "focus"))
        self.visited = {name: self.plot.dots(*walk, "warning", VISITED) for name, walk in self.walks.items()}
        self.trail = path([state[0].get_center() for state in self.balls[LEAPS]], "warning", 3)
        self.loss_name = Words("loss", "block", "ink2")
        self.loss = number(start, ".3f", "large number")
        spot = at(inner.left + 200, inner.bottom - 150)
        self.loss.settle(spot).end_at(spot[0] + units(150))
        self.loss_name.settle(spot).end_at(spot[0] - units(20))
        #: The curve falls by the length of the gradient a unit of distance.
        ends = (-0.22, 0.22)
        self.slope = self.plot.curve(ends, [float(start) - run["gradient_norm"] * end for end in ends], "warning", 6)
        lines = zip(self.walks, ("learning rate × slope", f"× {run['rate_ratio']:.0f}"), (0.1, 0.2), strict=True)
        self.steps = {name: self._step(name, text, low - share * (high - low)) for name, text, share in lines}

    def _step(self, walk: str, text: str, height: float) -> VGroup:
        """The first step of a walk, as a line from end to end, and what it is called."""
        line = self.plot.curve(self.walks[walk][0].quantities()[:2], (height, height), "warning", 8)
        marks = (rule(end + UP * units(12), end + DOWN * units(12), "warning", 5) for end in line.points[[0, -1]])
        return VGroup(line, *marks, Words(text, "stage number", "warning").next_to(line, RIGHT, buff=units(24)))

    def _on(self, place: float) -> np.ndarray:
        return self.plot.point(place, float(np.interp(place, self.along, self.up)))

    def _resting(self, place: float) -> np.ndarray:
        """The middle of a ball that lies on the curve."""
        step = (self.along[1] - self.along[0]) / 2
        way = self._on(place + step) - self._on(place - step)
        normal = np.array([-way[1], way[0], 0]) / np.linalg.norm(way)
        return self._on(place) + normal * units(BALL)

    def _states(self, visited: np.ndarray, jump: float) -> list[VGroup]:
        """A ball at moments on its way from place to place: along the curve, or through the air."""
        spots = [self._resting(float(visited[0]))]
        for here, there in pairwise(visited):
            for moment in range(1, MOMENTS + 1):
                along = float(rate_functions.smooth(moment / MOMENTS))
                if jump:
                    a, b = self._resting(float(here)), self._resting(float(there))
                    spots.append(a + (b - a) * along + np.array([0, units(jump) * 4 * along * (1 - along), 0]))
                else:
                    spots.append(self._resting(float(here + (there - here) * along)))
        return [VGroup(dot(spot, BALL, "focus")) for spot in spots]

    def descend(self, walk: str, kind: str = "tour") -> tuple[Animation, ...]:
        """The ball takes the steps of a walk, and leaves a dot at each place."""
        drawn = [Create(self.trail, run_time=pace(kind), rate_func=rate_functions.linear)] if walk == LEAPS else []
        return (
            Through(self.ball, self.balls[walk], kind),
            Sweep(self.visited[walk], kind),
            *drawn,
            Count(self.loss, self.walks[walk][1].quantities(), ".3f", kind),
        )

    def back(self, walk: str) -> tuple[Animation, ...]:
        """The ball goes back to where it began."""
        losses = self.walks[walk][1].quantities()[::-1]
        return Through(self.ball, self.balls[walk][::-1], "row"), Count(self.loss, losses, ".3f", "row")
