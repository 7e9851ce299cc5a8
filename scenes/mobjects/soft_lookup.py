"""A table that is asked softly: each key has a score and a weight, and hands over so much of its value."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, Animation, VGroup

from scenes.animations import Count, Through
from scenes.layout import Room
from scenes.mobjects.marks import Ground, Length, Rises, means
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import Box, dot, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: Px of the headings above the rows, of a bar, and for a number.
HEAD, BAR, NUMBER = 84.0, 50.0, 140.0


class Slider:
    """Scores and their softmax as bars side by side, a row for each key; one score is moved, and all weights answer.

    Args:
        run: "frame key" `slider_scores` and `slider_weights`, of one query.
        query: the query.
        room: the rectangle that is filled.

    `states[frame]` are the bars of a frame with the handle at the end of the one that is moved; `bars` are those that
    are on stage, and begin in the frame `rest`, whose scores are `scores` of the run.

    Example::

        run, room = trace.under("experiment.meaning.lookup"), Room(280, 190, 1640, 830)
        slider = Slider(run.under("", query=0), run["q_norm"].label("query", 0), room)
        figure = slider.whole
    """

    def __init__(self, run: Trace, query: Label, room: Room) -> None:
        scores, weights = run["slider_scores"], run["slider_weights"]
        #: The place of the key whose score is moved, and the frames in which it is as recorded, lowest and highest.
        self.moved = int(np.ptp(scores.values, axis=0).argmax())
        self.lowest, self.highest = 0, len(scores) - 1
        self.here = self.rest = int(np.abs(scores.values - run["scores"].values).sum(-1).argmin())
        labels = scores.words("key")
        head, body = room.split_rows(HEAD)
        side, rest = body.split_columns(gutter(labels), 40)
        lines = body.rows(len(labels), 8)
        left, right = rest.columns(2, 90)
        low, high = min(0.0, float(scores.values.min())), float(scores.values.max())
        unit = (left.width - NUMBER - 30) / (high - low)
        zeros = at(left.left - low * unit, 0)[0], at(right.left, 0)[0]
        widest = right.width - NUMBER
        self.chips = VGroup(Token(label, "key", side.width, 60, "stage word") for label in labels)
        for chip, line in zip(self.chips, lines, strict=True):
            chip.move_to(np.array([side.centre[0], line.centre[1], 0]))
        grounds = Ground(), Ground()
        self.zeros = VGroup(
            means(rule(np.array([x, at(0, body.top)[1], 0]), np.array([x, at(0, body.bottom)[1], 0]), "ink3", 3), g)
            for x, g in zip(zeros, grounds, strict=True)
        )
        sides = ((scores, zeros[0], grounds[0], unit, "key"), (weights, zeros[1], grounds[1], widest, "weight"))
        self.states = []
        for frame in range(len(scores)):
            bars = VGroup()
            for j, line in enumerate(lines):
                for tensor, x, ground, px, role in sides:
                    entry = tensor.quantity(frame, j)
                    bar = Box(max(abs(entry) * px, 3.0), BAR, palette().role(role), 4)
                    bar.move_to(np.array([x, line.centre[1], 0]), aligned_edge=LEFT if entry >= 0 else RIGHT)
                    bars.add(means(bar, Length(entry, "width", px, BAR, 3.0), Rises(entry, 0, ground)))
            end = RIGHT if scores.values[frame, self.moved] >= 0 else LEFT
            bars.add(dot(bars[2 * self.moved].get_edge_center(end), 24, "focus"))
            self.states.append(bars)
        self.bars = self.states[self.rest].copy()
        self.handle = self.bars[-1]
        self.score_bars, self.weight_bars = VGroup(*self.bars[:-1:2]), VGroup(*self.bars[1:-1:2])
        ends = at(left.right, 0)[0], at(right.right, 0)[0]
        self.tracks = [[t.pick(key=j) for j in range(len(labels))] for t in (scores, weights)]
        self.specs = (".1f", "share")
        self.numbers = [VGroup(), VGroup()]
        for group, tensor, x, spec in zip(self.numbers, (scores, weights), ends, self.specs, strict=True):
            for j, line in enumerate(lines):
                text = number(tensor.quantity(self.rest, j), spec, "stage number")
                group.add(text.settle(np.array([x, line.centre[1], 0])).end_at(x))
        names = "score: the dot product", "weight: the softmax"
        self.headings = VGroup(Words(name, "block", "ink2").settle(head.centre) for name in names)
        for heading, place in zip(self.headings, (left, right), strict=True):
            heading.begin_at(at(place.left, 0)[0])
        self.query = Token(query, "query", side.width, 60, "stage word").move_to(head.centre).set_x(side.centre[0])

    def slide(self, goal: int, kind: str = "slow") -> tuple[Animation, ...]:
        """Move the score on to another frame, through all that lie between; the bars of all weights answer."""
        begin, self.here = self.here, goal
        frames = range(begin, goal + 1) if goal >= begin else range(begin, goal - 1, -1)
        counts = [
            Count(text, [row.quantity(frame) for frame in frames], spec, kind)
            for texts, rows, spec in zip(self.numbers, self.tracks, self.specs, strict=True)
            for text, row in zip(texts, rows, strict=True)
        ]
        return Through(self.bars, [self.states[frame] for frame in frames], kind), *counts

    @property
    def whole(self) -> VGroup:
        """All of it."""
        return VGroup(self.query, self.zeros, self.chips, self.headings, self.bars, *self.numbers)


class SoftTable(VGroup):
    """A table of keys and values, and the weight that each key gets from a query above it.

    Args:
        run: `weights` by "key" and `value_plane` whose keys are the names of the values, of one query.
        query: the query.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, query: Label, room: Room) -> None:
        weights, values = run["weights"], run["value_plane"].words("key")
        labels = weights.words("key")
        head, body = room.split_rows(HEAD * 1.5, 20)
        key_wide, value_wide = gutter(labels), gutter(values)
        lines = body.rows(len(labels), 12)
        keys, rest = body.split_columns(key_wide, 30)
        middle, ends = rest.split_columns(-value_wide, 30)
        self.query = Token(query, "query", keys.width, 60, "stage word")
        self.query.move_to(np.array([keys.centre[0], head.centre[1], 0]))
        self.keys, self.values, self.bars, self.numbers = VGroup(), VGroup(), VGroup(), VGroup()
        self.ways = VGroup()
        track = middle.width - NUMBER
        for j, line in enumerate(lines):
            y = line.centre[1]
            self.keys.add(
                Token(labels[j], "key", keys.width, 60, "stage word").move_to(np.array([keys.centre[0], y, 0]))
            )
            self.values.add(
                Token(values[j], "value", ends.width, 60, "stage word").move_to(np.array([ends.centre[0], y, 0]))
            )
            entry, left = weights.quantity(j), at(middle.left, 0)[0]
            bar = Box(max(entry * track, 3.0), BAR, palette().weight, 4)
            # It stands on the way from the key to the value.
            bar.move_to(np.array([left, y + units(BAR / 2 + 4), 0]), aligned_edge=LEFT)
            self.bars.add(means(bar, Length(entry, "width", track, BAR, 3.0)))
            text = number(entry, "share", "stage number").settle(np.array([0, bar.get_y(), 0]))
            self.numbers.add(text.begin_at(bar.get_right()[0] + units(16)))
            ends_at = at(middle.right, 0)[0]
            self.ways.add(rule(np.array([left, y, 0]), np.array([ends_at, y, 0]), "line", 4))
        super().__init__(self.ways, self.keys, self.values, self.query, self.bars, self.numbers)
