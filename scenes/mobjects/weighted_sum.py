"""Values under their tokens, weighted and poured together: the output of one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import Animation, VGroup, VMobject, rate_functions

from scenes.animations import Shades, Sweep, Through, Travel, appear, lagged, leave, ring_around
from scenes.animations.fades import Motion
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import Vector
from scenes.theme import ink_on, pace, shared, units
from transformer_core.studies.focus import Focus, within_reach
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a weight's tile and of the line for the sum of one entry, and the least width of a value that is weighted to
#: almost nothing, as a share.
TILE, FOOT, LEAST = 64.0, 84.0, 0.02
#: So many terms of that sum are written out, and px between its parts.
WRITTEN, SPACE = 2, 22.0
#: How much is seen of values that lie on each other.
FAINT = 0.4


class WeightedSum(VGroup):
    """A weight and a value under each token; at the left, the output that they add up to.

    Below stands the sum of one entry, the largest of the output, if it is `written`: the terms of the largest weights.

    Args:
        weights: "key".
        values: "key d_head", the values of the keys.
        output: "d_head".
        ribbon: the tokens; `keys` are the positions that the query may see.
        side, room: where the output stands, and what lies under the ribbon.

    Example::

        head = trace.under("encoder.1.self_attn", batch=0, head=0)
        room, weights = Room(280, 190, 1640, 760), head["weights"].pick(query="red")
        side, columns = room.split_columns(380, 30)
        ribbon, token = Ribbon(weights.words("key"), columns), head["weights"].label("query", 3)
        below, output = ribbon.below(room), head["z"].pick(query="red")
        figure = VGroup(ribbon, WeightedSum(weights, head["v"], output, ribbon, (0, 1, 2, 3), token, side, below))
    """

    def __init__(
        self,
        weights: NamedTensor,
        values: NamedTensor,
        output: NamedTensor,
        ribbon: Ribbon,
        keys: tuple[int, ...],
        query_token: Label,
        side: Room,
        room: Room,
        written: bool = False,
    ) -> None:
        self.weights = weights
        tiles, vectors = room.split_rows(TILE, 16)
        if written:
            vectors, foot = vectors.split_rows(-FOOT, 12)
        scale = full_colour(values)
        self.tiles, self.numbers, self.values, self.shrunk = VGroup(), VGroup(), VGroup(), VGroup()
        #: How wide each value was before it was weighted.
        self.outlines = VGroup()
        style = "stage number" if ribbon.wide >= 120 else "cell"
        for j in keys:
            weight, x = weights.quantity(j), ribbon.columns[j].centre[0]
            tile = means(Box(ribbon.wide, TILE, shared(weight), 8), Shade(weight))
            tile.move_to(tiles.centre).set_x(x)
            text = number(weight, "weight", style).settle(tile.get_center())
            text.set_fill(ink_on(shared(weight))).paper = tile
            self.tiles.add(tile)
            self.numbers.add(text)
            wide = min(ribbon.wide, 230.0)
            value = Vector(values.pick(key=j), wide, vectors.height, "value", scale, upright=True)
            self.values.add(value.move_to(vectors.centre).set_x(x))
            self.outlines.add(frame(wide, vectors.height, "value", 3).set_stroke(opacity=FAINT).move_to(value))
            narrow = value.copy().stretch(max(float(weight), LEAST), 0)
            means(narrow.plate, Length(weight, "width", wide, vectors.height, wide * LEAST))
            self.shrunk.add(narrow)
        self.output = Vector(output, min(230.0, side.width * 0.5), vectors.height, "weight", scale, upright=True)
        self.output.move_to(side.centre).set_y(vectors.centre[1])
        self.heading = Words(f"output for “{query_token}”", "block").settle(side.centre)
        self.heading.set_y(tiles.centre[1])
        self.entry = int(np.abs(output.values).argmax())
        self.equation, self.shown = VGroup(), VGroup()
        self.sources: list[VMobject | None] = []
        if written:
            self._write_sum(weights, values, output, keys)
            foot.fit(self.equation, most=1.0)
        super().__init__(self.tiles, self.numbers, self.values, self.output, self.heading, self.equation)

    def _write_sum(self, weights: NamedTensor, values: NamedTensor, output: NamedTensor, keys: tuple[int, ...]) -> None:
        told = sorted(sorted(range(len(keys)), key=lambda i: -weights.quantity(keys[i]))[:WRITTEN])
        for place, i in enumerate(told):
            if place:
                self._write(Words("+", "large number"))
            self._write(number(weights.quantity(keys[i]), "weight", "large number", "weight"), self.tiles[i])
            self._write(Words("×", "large number"))
            value = values.pick(key=keys[i]).quantity(self.entry)
            self._write(number(value, ".2f", "large number", "value"), self.shrunk[i].cells.of(self.entry))
        if len(keys) > WRITTEN:
            self._write(Words("+ …", "large number"))
        self._write(Words("=", "large number"))
        self._write(number(output.quantity(self.entry), ".2f", "large number", "weight"))

    def _write(self, text: Words, source: VMobject | None = None) -> None:
        """Put a text behind what stands of the equation, and note where it comes from."""
        end = self.equation.get_right()[0] + units(SPACE) if len(self.equation) else 0.0
        text.in_equation = True
        self.equation.add(text.settle(np.zeros(3)).begin_at(end))
        self.sources.append(source)

    @classmethod
    def of(
        cls,
        trace: Trace,
        focus: Focus,
        ribbon: Ribbon,
        side: Room,
        written: bool = False,
        step: int | None = None,
    ) -> WeightedSum:
        """The values that the query token takes of the sentence; at a `step`, with its second-best score raised."""
        head, query_token = focus.seen(trace), focus.query_token
        raised = {} if step is None else {"step": step}
        names = ("raised_weights", "raised_z") if raised else ("weights", "z")
        weights, output = (head[name].pick(query=query_token, **raised) for name in names)
        values, keys = head[attention_input(head, "v")], within_reach(head, query_token)
        return cls(weights, values, output, ribbon, keys, query_token, side, ribbon.below(STAGE), written)

    def weigh(self) -> tuple[Animation, ...]:
        """Each value keeps so much of its width as its weight says; an outline shows how wide it was."""
        turns = [Narrow(value, narrow) for value, narrow in zip(self.values, self.shrunk, strict=True)]
        together = lagged(turns, 0.35, 2.0)
        return appear(self.outlines, rise=False), together

    def pass_by(self, states: Sequence[WeightedSum], kind: str) -> tuple[Animation, ...]:
        """Weights pass through those of others; values are as narrow as they say, and so is the output mixed."""
        parts = [
            VGroup(*(part for one in some for part in one.family_members_with_points()))
            for some in (self.values, *(state.shrunk for state in states))
        ]
        shades = [
            Shades(cells, [[cell.get_fill_color().to_hex() for cell in those] for those in several], several[-1], kind)
            for cells, several in (
                (self.tiles, [state.tiles for state in states]),
                (self.output.cells, [state.output.cells for state in states]),
            )
        ]
        return (
            Through(parts[0], parts[1:], kind),
            *shades,
            StateNumbers(self.numbers, [one.numbers for one in states], kind),
        )

    def follow(self) -> list[Any]:
        """The sum of one entry: its weights and values come down from above, and its result stands in the output."""
        *terms, result = self.equation
        flights = [
            Travel(source, text) for source, text in zip(self.sources, terms, strict=False) if source is not None
        ]
        signs = [text for source, text in zip(self.sources, terms, strict=False) if source is None]
        cell = self.output.cells.of(self.entry)
        self.shown = VGroup(self.heading, self.output.plate, cell)
        ring = ring_around(VGroup(*(narrow.cells.of(self.entry) for narrow in self.shrunk)))
        return [
            appear(ring, rise=False),
            (*flights, appear(*signs)),
            (appear(result), appear(self.heading, self.output.plate, rise=False)),
            Travel(result, cell),
            leave(ring),
        ]

    def pour(self) -> list[Any]:
        """Slide together what is left of the values; there the output appears, entry by entry."""
        left = VGroup(*(narrow.copy().set_opacity(FAINT).move_to(self.output) for narrow in self.shrunk))
        turns = (Travel(value, part, 0.0, "row") for value, part in zip(self.values, left, strict=True))
        together = lagged(turns, 0.35, 2.0)
        first = [part for part in (self.heading, self.output.plate) if part not in self.shown]
        cells = VGroup(*(cell for cell in self.output.cells if cell not in self.shown))
        come = appear(*first, rise=False)
        return [(come, together) if first else together, Sweep(cells, "rest"), leave(left)]


class StateNumbers(Motion):
    """Numbers are those of one state after another, in time with a `Through`."""

    def __init__(self, numbers: VGroup, states: Sequence[VGroup], kind: str) -> None:
        self.states = states
        super().__init__(numbers, run_time=pace(kind), rate_func=rate_functions.linear)

    def interpolate_mobject(self, alpha: float) -> None:
        here = round(self.rate_func(alpha) * (len(self.states) - 1))
        for text, other in zip(self.mobject, self.states[here], strict=True):
            text.text, text.spans, text.points, text.fill_rgbas = (
                other.text, other.spans, other.points.copy(), other.fill_rgbas
            )  # fmt: skip


class Narrow(Motion):
    """A figure takes the shape of another one with the same parts, in the second half of the play."""

    def __init__(self, old: VMobject, new: VMobject) -> None:
        self.goal = new
        super().__init__(
            old, run_time=pace("flow"), rate_func=rate_functions.squish_rate_func(rate_functions.smooth, 0.4, 1)
        )

    def begin(self) -> None:
        pairs = zip(self.mobject.family_members_with_points(), self.goal.family_members_with_points(), strict=True)
        self.pairs = [(old, old.points, new.points) for old, new in pairs]
        self.mobject.plate.meanings = self.goal.plate.meanings
        super().begin()

    def interpolate_mobject(self, alpha: float) -> None:
        along = self.rate_func(alpha)
        for part, start, end in self.pairs:
            part.points = start + (end - start) * along
