"""An induction head: where a letter that comes again attends, and how that is learned."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup

from scenes.animations import Flight, Play, Through, Travel, appear, draw, exchange, leave, reshape
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import SEEN, THICK, THIN
from scenes.mobjects.marks import End, Tick, means
from scenes.mobjects.passage import as_thick_as
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import arch, curve, dashes, dot, frame, rule
from scenes.mobjects.text import Words, number
from scenes.mobjects.tokens import Token
from scenes.theme import at, pixels, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a letter that comes twice.
LETTER = 104.0
#: Px from the end of the curves to the line of results without a head.
RESULTS = 250.0
#: Px that the arc of a layer earlier rises, above the letters; and of the words around a grid.
BACK, AROUND = 120.0, 48.0


def between_copies(weights: NamedTensor) -> NamedTensor:
    """The rows of the second copy, and in them what the first one gets."""
    half = weights.size("query") // 2
    return weights.pick(query=tuple(range(half, 2 * half)), key=tuple(range(half)))


class InductionHead:
    """A head of a decoder alone on letters that come twice, the second copy below the first: where one letter attends.

    Args:
        weights: query × key, of the trained head.
        earlier: head × query × key, of a layer earlier; None without one.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: NamedTensor, earlier: NamedTensor | None, room: Room = STAGE) -> None:
        self.room, half, labels = room, len(weights) // 2, weights.words("query")
        #: The letter that attends most to what followed its earlier copy.
        self.query = max(range(half, 2 * half - 1), key=lambda i: float(weights.values[i, i - half + 1]))
        self.goal = self.query - half + 1
        self.weight = weights.quantity(self.query, self.goal)
        inner, self.chips = room.inset(0, 40).split_rows(BACK + 20)[1], VGroup()
        lines = inner.split_rows(LETTER)[0], inner.split_rows(-LETTER)[1]
        places = [place for line in lines for place in line.columns(half, 14)]
        for label, place in zip(labels, places, strict=True):
            self.chips.add(Token(label, "", place.width, place.height, "large word").move_to(place.centre))
        self.first, self.second = VGroup(*self.chips[:half]), VGroup(*self.chips[half : self.query + 1])
        self.next = self.chips[self.query + 1]
        self.asked = Words("?", "large number", "ink2").settle(self.next.get_center())
        self.lines, self.drawn_weights = VGroup(), []
        for j, weight in enumerate(weights.pick(query=self.query).quantities()[:half]):
            if weight > SEEN:
                line = curve(self.chips[j].get_bottom(), self.chips[self.query].get_top())
                ends = End(labels[j], first=True), End(labels[self.query])
                self.lines.add(as_thick_as(weight, line, THIN, THICK, *ends))
                self.drawn_weights.append(float(weight))
        self.told = number(self.weight, "share", "large number")
        self.told.next_to(self.lines.get_right(), RIGHT, buff=units(90))
        self.back = None if earlier is None else earlier.pick(query=self.goal, key=self.goal - 1).largest()[-1]
        #: All weights of the head from copy to copy as a grid, and the words around it.
        self.pattern = Pattern(between_copies(weights), (room.height - 2 * AROUND) / half)
        self.pattern.shift(at(room.left + AROUND, room.top + AROUND) - self.pattern.get_corner(UP + LEFT))
        self.words = self.pattern.row_words("stage word"), self.pattern.column_words("stage word")
        self.note = Words("rows: second copy; columns: first", "fact", "ink2").next_to(self.pattern, DOWN, units(16))
        self.marked = VGroup()

    def replaces(self, tokens: Sequence[Token]) -> tuple[Animation, ...]:
        """The boxes of other tokens move on to the first letters, which take the place of their words."""
        old, new = ([part for one in some for part in (one.box, one.word)] for some in (tokens, self.first))
        return exchange(old, new[: len(old)], "camera")

    def looks_back(self, back: Quantity) -> list[Play]:
        """A layer earlier, what follows the letter looks back at it, and is marked; the later copy finds that mark."""
        key, query = self.chips[self.goal - 1 : self.goal + 1]
        start, end = key.get_top(), query.get_top()
        arc = arch(start, end, BACK / 0.75, "query")
        as_thick_as(back, arc, THIN, THICK, End(key.label, first=True), End(query.label))
        told = Words(f"a layer earlier {back:share}", "stage number", "query")
        told.next_to(arc, LEFT, buff=units(24)).set_y(start[1] + units(BACK) / 2)
        mark = Words(f"after “{key.label}”", "stage number", "query").next_to(arc, RIGHT, buff=units(24))
        mark.set_y(told.get_y())
        self.marked.add(arc, told, mark)
        return [draw(arc, back=True), appear(told, mark), Flight(self.second[-1].word, mark, 0.1, "row")]

    def into_a_grid(self) -> list[Play]:
        """The first copy becomes the columns of a grid, the second its rows, and the line one of their weights."""
        (rows, columns), there = self.words, [*self.second, self.next]
        row, letters = self.query - len(rows), [chip.word for chip in (*there, *self.first)]
        others = [line for line in self.pattern.lines if line is not self.pattern.lines[row]]
        return [
            (leave(self.marked, self.told, *(chip.box for chip in (*there, *self.first))),
             *exchange(letters, [*rows[: len(there)], *columns], "camera"),
             Travel(self.lines, self.pattern.lines[row], kind="camera", leaving=True)),
            (appear(self.pattern.cells, self.note, rows[len(there) :], *others, rise=False)),
        ]  # fmt: skip


class InductionTraining:
    """A head of a decoder alone as it learns to continue a repeated sequence, beside its accuracy, step by step.

    Args:
        run: the tensors of the experiment `induction`.
        weights: frame × query × key, of one head.
        shares: the accuracy in the end without this head, and that of other trainings without theirs.
        head: as it is in the end, with its grid from copy to copy at the left of its room.
    """

    def __init__(self, run: Trace, weights: NamedTensor, shares: Sequence[Quantity], head: InductionHead) -> None:
        accuracy, steps, one_layer = run["accuracy"], run["steps"], run["one_layer"]
        since, until = run["rise_steps"].quantities()
        body = head.room.split_columns(head.room.height - AROUND, 140)[1]
        self.pattern, copied, (off, *others) = head.pattern, between_copies(weights), shares
        self.states = [self._state(copied, k) for k in range(len(steps))]
        self.plot = Plot(steps, accuracy, (None, (0, 1)), body.width - RESULTS - 90, body.height - 150)
        self.plot.shift(at(body.left, body.bottom - 86) - self.plot.axes[0].get_left())
        self.curve = self.plot.curve(steps, accuracy, "weight", 7)
        steep = tuple(k for k, step in enumerate(steps.values) if since <= step <= until)
        self.rise = self.plot.curve(steps.pick(frame=steep), accuracy.pick(frame=steep), "weight", 14)
        self.shallow = self.plot.curve(steps, one_layer, "ink3", 5)
        last, count = float(steps.values[-1]), len(steps) - 1
        self.without = VGroup(*(self._result(share, "ink2") for share in others))
        self.runs = Words("other runs", "fact", "ink2").next_to(self.without[-1], UP, units(24), aligned_edge=RIGHT)
        foot = self.plot.axes[0].get_right() + RIGHT * units(RESULTS)
        name = Words("head off", "fact", "ink2").settle(foot + DOWN * units(28))
        #: A line beside the curves, on which results without a head stand.
        self.line = VGroup(rule(foot, foot + UP * self.plot.axes[1].height, "ink3", 2.5), name)
        self.plot.add(self.plot.shares())
        self.end = self.plot.label(number(accuracy.quantity(count), ".0%", "large number"), last, accuracy.values[-1])
        self.end.shift(RIGHT * units(14))
        level, along = self.plot.beside(float(run["chance"])), RIGHT * self.plot.axes[0].width
        self.chance = means(dashes(level, level + along, "ink3", 4), Tick(run["chance"], self.plot.up))
        one = Words(f"one layer {one_layer.quantity(count):.0%}", "fact", "ink3")
        self.one = self.plot.label(one, last, one_layer.values[-1]).shift(UP * units(18))
        chance = Words(f"chance {run['chance']:.0%}", "fact", "ink2")
        self.told = self.plot.label(chance, last, float(run["chance"])).shift(DOWN * units(8))
        self.off, whole = self._result(off, "warning"), self.plot.point(last, float(accuracy.values[-1]))
        self.fall = dashes(whole + RIGHT * units(140), self.off[0].get_center(), "warning", 6)

    def _result(self, share: Quantity, role: str) -> VGroup:
        """The share that is right without a head, as a dot on the line beside the curves, with its number."""
        spot = self.plot.beside(float(share)) + RIGHT * (self.plot.axes[0].width + units(RESULTS))
        told = number(share, "share", "stage number", role).next_to(spot, RIGHT, buff=units(22))
        return VGroup(means(dot(spot, 12, role), Tick(share, self.plot.up)), told)

    def _state(self, weights: NamedTensor, frame: int) -> VGroup:
        other = Pattern(weights.pick(frame=frame), pixels(self.pattern.pitch))
        return other.shift(self.pattern.cells.get_center() - other.cells.get_center()).lines

    def ablate(self) -> list[Play]:
        """The head goes off, and what is right falls to what is left without it."""
        wide, high = (pixels(side) + LETTER / 8 for side in (self.pattern.cells.width, self.pattern.cells.height))
        none = frame(wide, high, "warning").move_to(self.pattern.cells)
        gone = leave(self.pattern.lines), appear(none, self.line)
        return [(*gone, draw(self.fall, kind="slow")), appear(self.off)]

    def run(self) -> list[Play]:
        """Back to the start; then the pattern passes through the training while the curve is drawn."""
        back = reshape(self.pattern.lines, self.states[0]), appear(self.plot)
        return [back, (Through(self.pattern.lines, self.states, "tour"), draw(self.curve, kind="tour"))]
