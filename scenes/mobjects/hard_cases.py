"""What stays hard: accuracy by length above what training held of it, and one failure close by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup, VMobject

from scenes.animations import ring_around
from scenes.mobjects.black_box import in_a_row
from scenes.mobjects.marks import Length, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, dashes, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace


class ByLength(VGroup):
    """Accuracy by length of the sentence, early and late in training; below, how much of training was that long.

    Args:
        lengths: in words.
        late, early: the accuracy at each length, of the model that is shown and of a shorter training.
        seen: the part of the training sentences that have each length.
        steps: of the two trainings.
        own: the words of our sentence, if it is that long.
    """

    WIDE, HIGH, LOW = 1020.0, 330.0, 150.0

    def __init__(
        self,
        lengths: NamedTensor,
        late: NamedTensor,
        early: NamedTensor | None,
        seen: NamedTensor,
        steps: Sequence[Quantity],
        own: Quantity,
    ) -> None:
        x = lengths.values.tolist()
        self.plot = Plot(x, [0.0, 1.0], ("words in the sentence", "new sentences that come out right"),
                         self.WIDE, self.HIGH)  # fmt: skip
        self.plot.shift(at(800, 430) - self.plot.axes.get_center())
        self.ticks = self.plot.ticks([lengths.quantity(k) for k in (0, len(x) // 2, len(x) - 1)])
        self.plot.names[0].next_to(self.plot.axes[0], RIGHT, buff=units(24))
        self.early, self.late = VGroup(), VGroup()
        for group, shares, role, count in (
            (self.early, early, "ink2", steps[-1]),
            (self.late, late, "weight", steps[0]),
        ):
            if shares is not None:
                self._line(group, x, shares, role, count)
        self.seen = VGroup()
        most = float(seen.values.max())
        floor = at(0, 810)[1]
        for n, share in zip(x, seen.quantities(), strict=True):
            bar = Box(38, max(self.LOW * float(share) / most, 2), palette().residual, 3)
            bar.move_to(np.array([self.plot.point(n, 0)[0], floor, 0]), aligned_edge=DOWN)
            self.seen.add(means(bar, Length(share, "height", self.LOW / most, 38, 2)))
        left, right = self.plot.axes[0].get_left(), self.plot.axes[0].get_right()
        self.ground = VGroup(
            rule(np.array([left[0] - units(24), floor, 0]), np.array([right[0] + units(24), floor, 0]), "ink3", 2)
        )
        told = Words("of all training sentences", "axis", "ink2").next_to(self.ground, RIGHT, buff=units(24))
        self.rarest = number(seen.quantity(len(x) - 1), "share", "number", "residual")
        self.rarest.next_to(self.seen[-1], UP, buff=units(12))
        high = int(seen.values.argmax())
        self.most = number(seen.quantity(high), "share", "number", "residual").next_to(
            self.seen[high], UP, buff=units(12)
        )
        self.ground.add(told)
        self.own = VGroup()
        if int(own) in x:
            spot = self.plot.point(float(own), 0)
            here = dashes(self.seen[x.index(int(own))].get_top(), self.plot.point(float(own), 1), "focus", 2.5)
            name = Words("ours", "axis", "ink").move_to(np.array([spot[0], at(0, 842)[1], 0]))
            self.own.add(here, name)
        super().__init__(
            self.plot, self.ticks, self.early, self.late, self.ground, self.seen, self.rarest, self.most, self.own
        )

    def _line(self, group: VGroup, x: Sequence[int], shares: NamedTensor, role: str, steps: Quantity) -> None:
        last = shares.quantity(len(x) - 1)
        text = VGroup(number(last, "share", "number", role), Words(f"after {steps:,.0f} steps", "fact", role))
        text.arrange(RIGHT, buff=units(14))
        group.add(
            self.plot.curve(x, shares, role, 5),
            self.plot.dots(x, shares, role, 7),
            self.plot.label(text, x[-1], float(last)),
        )


class CloseBy(VGroup):
    """One sentence that goes wrong: the word, whose form it should have, whose form it has, and the test of that.

    Args:
        run: the tensors `close.*` and `swapped.*` of the experiment `failures`.
    """

    MOST = 6

    def __init__(self, run: Trace) -> None:
        source, right, written = (run[f"close.{name}"].words("position") for name in ("source", "right", "written"))
        wrong, query_token, head, other = (
            int(run["close.places"].pick(choice=name)) for name in ("first wrong", "its word", "agrees with", "between")
        )
        self.source, self.written = in_a_row(source, 330), in_a_row(written, 470)
        self.words = source[head], source[other], written[wrong], right[wrong], source[query_token]
        self.ring = ring_around(self.written[wrong], "warning")
        answer = Token(right[wrong], "", 0, 44).move_to(self.written[wrong]).shift(DOWN * units(66))
        self.right = VGroup(answer)
        odds = run["close.probs"]
        self.odds = VGroup()
        for choice, chip, side, role in (("written", self.ring, UP, "warning"), ("right", answer, DOWN, "residual")):
            self.odds.add(number(odds.pick(choice=choice), "share", "number", role).next_to(chip, side, buff=units(10)))
        self.should = self._arc(self.source[query_token], self.source[head], "residual")
        self.does = self._arc(self.source[query_token], self.source[other], "warning")
        self.rows = VGroup()
        for kind, like, y in (("like it", 1, 690), ("unlike it", 0, 800)):
            self.rows.add(self._tried(run, kind, like, y, source[other], right[wrong]))
        alike = run["kinds"].pick(choice="another form of it")
        told = f"{alike} of {run['failed']} failures are like this: the right word, in a wrong form"
        self.note = Words(told, "aside", "ink2").settle(at(960, 880))
        super().__init__(
            self.source, self.written, self.ring, self.right, self.odds, self.should, self.does, self.rows, self.note
        )

    @staticmethod
    def _arc(start: VMobject, end: VMobject, role: str) -> VMobject:
        a, b = start.get_top() + UP * units(6), end.get_top() + UP * units(6)
        rise = UP * units(40 + 0.10 * abs((a - b)[0]) * 135)
        line = VMobject(stroke_color=palette().role(role), stroke_width=stroke(6))
        line.points = np.array([a, a + rise, b + rise, b])
        return line

    def _tried(self, run: Trace, kind: str, like: int, y: float, noun: Label, right: Label) -> VGroup:
        """Nouns that took the other's place, what was written then, and how often that was right."""
        names, kinds, forms = (run["swapped.right"].words("noun"), run["swapped.like"].values,
                               run["swapped.form"].words("position"))  # fmt: skip
        places = [k for k in range(len(names)) if kinds[k] == like][: self.MOST]
        chips = VGroup()
        for k in places:
            good = str(forms[k]) == str(right)
            chip = Token(names[k], "", 0, 44)
            told = word(forms[k], "small token", "residual" if good else "warning")
            chips.add(VGroup(chip, told.next_to(chip, DOWN, buff=units(10))))
        chips.arrange(RIGHT, buff=units(26), aligned_edge=UP).move_to(at(0, y)).align_to(at(560, y), LEFT)
        title = Words(f"same gender as “{noun}”" if like else "the other gender", "fact", "ink2").settle(at(0, y - 18))
        title.end_at(at(520, 0)[0])
        done, tried = (run["swapped.tally"].pick(kind=kind, choice=name) for name in ("right", "tried"))
        tally = Words(f"{done} of {tried} right", "number").settle(at(0, y - 18)).begin_at(at(1340, 0)[0])
        return VGroup(title, chips, tally)
