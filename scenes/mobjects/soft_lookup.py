"""A table that is asked softly: each key has a score and a weight, and hands over so much of its value."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, Animation, VGroup

from scenes.animations import Count, Through
from scenes.layout import Room
from scenes.mobjects.bars import bar_of, bar_on, end_to_end
from scenes.mobjects.marks import Ground, means
from scenes.mobjects.ribbon import gutter
from scenes.mobjects.shapes import dot, rule, stroke
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: Px of the headings above the rows, of a bar, for a number, and for all weights end to end.
HEAD, BAR, NUMBER, FOOT = 84.0, 50.0, 140.0, 62.0


def _token(label: Label, role: str, room: Room) -> Token:
    return Token(label, role, room.width, 60, "stage word").move_to(room.centre)


class Slider:
    """Scores and their softmax as bars side by side, a row for each key; one score is moved, and all weights answer.

    Args:
        scores, weights: "frame key", of one query, whose score of one key is another in each frame.
        here: "key", the scores in the frame with which it begins.
        query: the query.
        room: the rectangle that is filled.

    `states[frame]` are the bars of a frame with the handle at the end of the one that is moved; `bars` are those that
    are on stage, and begin in the frame `rest`, whose scores are those `here`. In the `stack`, the bars of all weights
    stand end to end.

    Example::

        run, room = trace.under("experiment.meaning.lookup", query=0), Room(280, 190, 1640, 830)
        query = trace["experiment.meaning.lookup.scores"].words("query")[0]
        slider = Slider(run["slider_scores"], run["slider_weights"], run["scores"], query, room)
        figure = slider.whole
    """

    def __init__(self, scores: NamedTensor, weights: NamedTensor, here: NamedTensor, query: Label, room: Room) -> None:
        #: The place of the key whose score is moved, and the frames in which it is highest, and lowest of those whose
        #: weights add up as whole per cents.
        self.moved = int(np.ptp(scores.values, axis=0).argmax())
        self.highest, self.lowest = len(scores) - 1, int((np.rint(100 * weights.values).sum(-1) == 100).argmax())
        self.here = self.rest = int(np.abs(scores.values - here.values).sum(-1).argmin())
        labels = scores.words("key")
        head, body = room.split_rows(HEAD)
        body, below = body.split_rows(-FOOT, 12)
        side, rest = body.split_columns(gutter(labels), 40)
        lines = body.rows(len(labels), 8)
        left, right = rest.columns(2, 90)
        low, high = min(0.0, float(scores.values.min())), float(scores.values.max())
        unit = (left.width - NUMBER - 30) / (high - low)
        zeros = left.left - low * unit, right.left
        widest = right.width - NUMBER
        self.chips = VGroup(_token(label, "key", side.cross(line)) for label, line in zip(labels, lines, strict=True))
        grounds = Ground(), Ground()
        self.zeros = VGroup(
            means(rule(at(x, body.top), at(x, body.bottom), "ink3", 3), ground)
            for x, ground in zip(zeros, grounds, strict=True)
        )
        sides = ((scores, zeros[0], grounds[0], unit, "key"), (weights, zeros[1], grounds[1], widest, "weight"))
        self.states, self.stacks = [], []
        for frame in range(len(scores)):
            bars = VGroup()
            for j, line in enumerate(lines):
                for tensor, x, ground, px, role in sides:
                    foot = at(x, (line.top + line.bottom) / 2)
                    look = {"role": role, "radius": 4, "least": 3}
                    bars.add(bar_on(foot, ground, tensor.quantity(frame, j), "width", px, BAR, **look))
            end = RIGHT if scores.values[frame, self.moved] >= 0 else LEFT
            bars.add(dot(bars[2 * self.moved].get_edge_center(end), 24, "focus"))
            self.states.append(bars)
            row, start = weights.pick(frame=frame).quantities(), at(right.left, (below.top + below.bottom) / 2)
            self.stacks.append(end_to_end(row, [start] * len(row), widest, FOOT - 20, grounds[1]))
        self.bars = self.states[self.rest].copy()
        self.handle, self.stack = self.bars[-1], self.stacks[self.rest].copy()
        for bars in (self.stack, *self.stacks):
            for bar in bars:
                bar.set_stroke(palette().surface, stroke(3), 1)
        self.whole_of_them = Words("together: one", "fact", "ink2").end_in(left.cross(below))
        self.score_bars, self.weight_bars = VGroup(*self.bars[:-1:2]), VGroup(*self.bars[1:-1:2])
        self.tracks = [[t.pick(key=j) for j in range(len(labels))] for t in (scores, weights)]
        self.specs = (".1f", "share")
        self.numbers = [VGroup(), VGroup()]
        self.headings = VGroup()
        panels = (scores, left, "score"), (weights, right, "weight")
        for group, (tensor, part, name), spec in zip(self.numbers, panels, self.specs, strict=True):
            for j, line in enumerate(lines):
                group.add(number(tensor.quantity(self.rest, j), spec, "stage number").end_in(part.cross(line)))
            self.headings.add(Words(name, "block", "ink2").begin_in(part.cross(head)))
        self.query = _token(query, "query", side.cross(head))

    def slide(self, goal: int, kind: str = "slow") -> tuple[Animation, ...]:
        """Move the score on to another frame, through all that lie between; the bars of all weights answer."""
        begin, self.here = self.here, goal
        frames = range(begin, goal + 1) if goal >= begin else range(begin, goal - 1, -1)
        counts = [
            Count(text, [row.quantity(frame) for frame in frames], spec, kind)
            for texts, rows, spec in zip(self.numbers, self.tracks, self.specs, strict=True)
            for text, row in zip(texts, rows, strict=True)
        ]
        moved = ((self.bars, self.states), (self.stack, self.stacks))
        return *(Through(bars, [states[frame] for frame in frames], kind) for bars, states in moved), *counts

    @property
    def whole(self) -> VGroup:
        """All of it."""
        fixed = self.query, self.zeros, self.chips, self.headings, self.whole_of_them
        return VGroup(*fixed, self.bars, self.stack, *self.numbers)


class SoftTable(VGroup):
    """A table of keys and values, and the weight that each key gets from a query above it.

    Args:
        weights: "key", of one query.
        values: the name of the value of each key.
        query: the query.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: NamedTensor, values: list[Label], query: Label, room: Room) -> None:
        labels = weights.words("key")
        head, body = room.split_rows(HEAD)
        lines = body.split_rows(-FOOT, 12)[0].rows(len(labels), 8)  # as those of a `Slider`
        keys, rest = body.split_columns(gutter(labels), 30)
        middle, ends = rest.split_columns(-gutter(values), 30)
        self.query = _token(query, "query", keys.cross(head))
        self.keys, self.values, self.bars, self.numbers = VGroup(), VGroup(), VGroup(), VGroup()
        self.ways = VGroup()
        track = middle.width - NUMBER
        for label, value, entry, line in zip(labels, values, weights.quantities(), lines, strict=True):
            self.keys.add(_token(label, "key", keys.cross(line)))
            self.values.add(_token(value, "value", ends.cross(line)))
            y = (line.top + line.bottom) / 2
            # The bar stands on the way from the key to the value.
            bar = bar_of(entry, "width", track, BAR, radius=4, least=3)
            self.bars.add(bar.move_to(at(middle.left, y), aligned_edge=LEFT))
            text = number(entry, "share", "stage number").settle(bar.get_center())
            self.numbers.add(text.begin_at(bar.get_right()[0] + units(16)))
            self.ways.add(rule(at(middle.left, y + BAR / 2 + 4), at(middle.right, y + BAR / 2 + 4), "line", 4))
        #: What stands for each role.
        self.roles = {
            "query": self.query,
            "key": self.keys,
            "weight": VGroup(self.bars, self.numbers, self.ways),
            "value": self.values,
        }
        super().__init__(self.ways, self.keys, self.values, self.query, self.bars, self.numbers)
