"""Looking into a model: all heads with their names, activation patching, the logit lens, an induction head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import Count, Through, ring_around
from scenes.layout import LEFT_EDGE, WIDTH, centred
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import arrow
from scenes.mobjects.tensors import TensorGrid
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import at, gap, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

#: More layers than this, read one over the other, have no room for a word and its rank.
LINES = 5


class Gallery(VGroup):
    """The heads of some layers, a line for each layer; under each pattern the name of the head, or none.

    Args:
        weights: for each layer, head × query × key.
        names: for each layer and head its name, "" for none.
    """

    def __init__(self, weights: Sequence[NamedTensor], names: Sequence[Sequence[str]]) -> None:
        heads, rows, columns = weights[0].shape
        room = WIDTH / heads
        pitch = min(52.0, (room - 110) / columns, 216 / rows)
        self.rows, self.names, self.letters, self.titles = VGroup(), VGroup(), VGroup(), VGroup()
        for layer, (some, called) in enumerate(zip(weights, names, strict=True)):
            y = 340 + 322 * layer
            line = VGroup()
            for head in range(heads):
                grid = Pattern(some[head], pitch)
                line.add(grid.move_to(at(LEFT_EDGE + room * (head + 0.5), y)))
                letter = Words(letter_of(head), "block", "ink2").next_to(grid, LEFT, buff=units(18))
                self.letters.add(letter.align_to(grid, UP))
                name = Words(called[head] or "no name earned", "note", "ink" if called[head] else "ink3")
                if name.width < units(room - 16):
                    self.names.add(name.next_to(grid, DOWN, buff=units(20)))
            self.rows.add(line)
            title = Words(layer_name(layer), "axis", "ink2").next_to(line, UP, buff=units(14))
            self.titles.add(title.align_to(line, LEFT))
        self.rings = VGroup(
            *(
                ring_around(grid.cells)
                for line, called in zip(self.rows, names, strict=True)
                for grid, name in zip(line, called, strict=True)
                if name
            )
        )
        super().__init__(self.rows, self.names, self.letters, self.titles)


class Transplant(VGroup):
    """Vectors of one run set into another, one at a time: a cell for each position, as bright as the answer moved.

    Args:
        shift: layer × position.
        donor: the words of the sentence that vectors are taken from.
        forms: what the two sentences are answered with.
    """

    def __init__(self, shift: NamedTensor, donor: Sequence[Label], forms: Sequence[Label]) -> None:
        words = shift.words("position")
        wide = max(180.0, *(chip_width(label) for label in (*words, *donor)))
        layers = len(shift)
        self.grid = TensorGrid(shift, "large", ".2f", 1, True, rows=range(layers - 1, -1, -1), wide=wide, high=92)
        centred(self.grid, 0.06)
        self.into, self.donor, self.calls = VGroup(), VGroup(), VGroup()
        for label, other, column in zip(words, donor, self.grid.columns, strict=True):
            self.into.add(Token(label, "", wide).next_to(column, UP, buff=units(24)))
            self.donor.add(Token(other, "", wide).next_to(column, UP, buff=units(24 + 52 + 70)))
        for i in range(layers):
            call = word(shift.label("layer", i), "fact", "ink2").next_to(self.grid.row(i), LEFT, buff=gap("grid"))
            self.calls.add(call)
        edge = self.grid.get_right()[0] + units(60)
        self.ways, self.answers = VGroup(), VGroup()
        for line, form in ((self.into, forms[0]), (self.donor, forms[1])):
            y = line.get_y()
            start = np.array([edge - units(40), y, 0])
            self.ways.add(arrow(start, start + RIGHT * units(90), "residual", 5, 16))
            self.answers.add(Token(form).next_to(start + RIGHT * units(90), RIGHT, buff=units(20)))
        self.note = Words("how far the answer moves", "axis", "ink2").next_to(self.grid, DOWN, buff=units(24))
        super().__init__(self.grid, self.into, self.donor, self.calls, self.ways, self.answers, self.note)
        centred(self)


class Lens(VGroup):
    """The logit lens: each layer of the decoder read as if it were the last. Its likeliest word, the final one’s rank.

    Of many layers a few are `shown`, the first and the last among them.

    Args:
        logits: layer × position × vocab.
        ranks: layer × position.
        reads, writes: the word that is read at each position, and the one that is written there in the end.
    """

    def __init__(
        self, logits: NamedTensor, ranks: NamedTensor, reads: Sequence[Label], writes: Sequence[Label]
    ) -> None:
        layers, count = ranks.shape
        self.shown = [int(k) for k in np.linspace(0, layers - 1, min(layers, LINES)).round()]
        tops = [[logits.pick(layer=k, position=i).largest()[0] for i in range(count)] for k in self.shown]
        width = max(chip_width(label) for label in (*reads, *(label for line in tops for label in line)))
        pitch = min(250.0, 1400 / count, width + 90)
        left = LEFT_EDGE + 210 + (WIDTH - 210 - pitch * count) / 2
        xs = [left + (i + 0.5) * pitch for i in range(count)]
        step = min(140.0, 420 / max(len(self.shown) - 1, 1))
        low = 700.0
        self.reads = VGroup(*(Token(label).move_to(at(x, low + 90)) for x, label in zip(xs, reads, strict=True)))
        self.lines, self.calls = VGroup(), VGroup()
        for place, (k, words) in enumerate(zip(self.shown, tops, strict=True)):
            y = low - 20 - place * step
            line = VGroup()
            for i, (x, label) in enumerate(zip(xs, words, strict=True)):
                right = str(label) == str(writes[i])
                top = Token(label, "", width) if right else word(label, "token", "ink3")
                if right:
                    top.move_to(at(x, y))
                else:
                    top.settle(at(x, y))
                rank = number(ranks.quantity(k, i), ",.0f", "cell", "ink" if right else "ink2").settle(at(x, y + 46))
                line.add(VGroup(top, rank))
            self.lines.add(line)
            call = word(ranks.label("layer", k), "fact", "ink2").settle(at(0, y)).end_at(at(left - 30, 0)[0])
            self.calls.add(
                VGroup(call, Words("rank", "axis", "ink3").settle(at(0, y + 46)).end_at(at(left - 30, 0)[0]))
            )
        self.name = Words("it reads", "axis", "ink2").settle(at(0, low + 90)).end_at(at(left - 30, 0)[0])
        self.named = VGroup(self.name)
        super().__init__(self.reads, self.lines, self.calls, self.named)
        centred(self)

    def column(self, row: int) -> VGroup:
        return VGroup(*(line[row] for line in self.lines))


class Stripe(VGroup):
    """A head of a decoder alone as it learns to continue a repeated sequence, beside its accuracy, step by step.

    Args:
        weights: frame × query × key, of one head.
        accuracy, steps: by frame.
    """

    def __init__(self, weights: NamedTensor, accuracy: NamedTensor, steps: NamedTensor) -> None:
        labels = weights.words("query")
        half = len(labels) // 2
        self.pattern = Pattern(weights.pick(frame=0), 430 / len(labels))
        self.pattern.move_to(at(480, 600))
        self.states = [self._state(weights, k) for k in range(len(steps))]
        self.sequence = VGroup(
            *(word(label, "number", "ink" if i < half else "weight").settle(at(0, 0)) for i, label in enumerate(labels))
        )
        for i, letter in enumerate(self.sequence):
            letter.settle(at(500 + 38 * i + (30 if i >= half else 0), 236))
        times = steps.values.tolist()
        names = "step of the training", "right in the second copy"
        self.plot = Plot(times, (0, 1), names, 720, 400)
        self.plot.move_to(at(1330, 600))
        heights = accuracy.values.tolist()
        self.pieces = VGroup(
            *(self.plot.curve(times[k : k + 2], heights[k : k + 2], "weight", 7) for k in range(len(times) - 1))
        )
        self.ticks = self.plot.ticks([steps.quantity(k) for k in (0, len(steps) // 2, len(steps) - 1)], ",.0f")
        self.accuracy, self.shares = accuracy, accuracy.quantities()
        self.share = number(self.shares[0], ".0%", "large number")
        self.share.end_at(self.plot.axes[0].get_right()[0]).stand_on(self.plot.names[1].baseline)
        super().__init__(self.pattern, self.sequence, self.plot, self.pieces, self.ticks, self.share)

    def _state(self, weights: NamedTensor, frame: int) -> VGroup:
        other = Pattern(weights.pick(frame=frame), self.pattern.pitch * 135)
        return other.shift(self.pattern.cells.get_center() - other.cells.get_center()).lines

    def run(self, kind: str = "slow") -> tuple[Count | Through, ...]:
        return Through(self.pattern.lines, self.states, kind), Count(self.share, self.shares, ".0%", kind)
