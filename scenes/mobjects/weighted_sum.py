"""Values under their tokens, weighted and poured together: the output of one query."""

from __future__ import annotations

from typing import Any

from manim import RIGHT, Animation, LaggedStart, VGroup, VMobject, rate_functions

from scenes.animations import Travel, appear, leave
from scenes.animations.fades import Motion
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Length, Shade, means
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import Vector
from scenes.theme import ink_on, pace, shared
from transformer_core.studies.focus import Focus, within_reach
from transformer_core.studies.measures.naming import attention_input
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of a weight's tile, and the least width of a value that is weighted to almost nothing, as a share.
TILE, LEAST = 64.0, 0.02


class WeightedSum(VGroup):
    """A weight and a value under each token; at the left, the output that they add up to.

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
    ) -> None:
        self.weights = weights
        tiles, vectors = room.split_rows(TILE, 16)
        scale = full_colour(values)
        self.tiles, self.numbers, self.values, self.shrunk = VGroup(), VGroup(), VGroup(), VGroup()
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
            narrow = value.copy().stretch(max(float(weight), LEAST), 0)
            means(narrow.plate, Length(weight, "width", wide, vectors.height, wide * LEAST))
            self.shrunk.add(narrow)
        self.output = Vector(output, min(230.0, side.width * 0.5), vectors.height, "weight", scale, upright=True)
        self.output.move_to(side.centre).set_y(vectors.centre[1])
        self.heading = Words(f"output for “{query_token}”", "block").settle(side.centre)
        self.heading.set_y(tiles.centre[1])
        super().__init__(self.tiles, self.numbers, self.values, self.output, self.heading)

    @classmethod
    def of(cls, trace: Trace, focus: Focus, ribbon: Ribbon, side: Room) -> WeightedSum:
        """The values that the query token takes of the sentence."""
        head, query_token = focus.seen(trace), focus.query_token
        weights, output = (head[name].pick(query=query_token) for name in ("weights", "z"))
        values, keys = head[attention_input(head, "v")], within_reach(head, query_token)
        return cls(weights, values, output, ribbon, keys, query_token, side, ribbon.below(STAGE))

    def weigh(self) -> Animation:
        """Each value keeps so much of its width as its weight says."""
        turns = [Narrow(value, narrow) for value, narrow in zip(self.values, self.shrunk, strict=True)]
        together = LaggedStart(*turns, lag_ratio=min(0.35, 2.0 / len(turns)))
        together.set_run_time(pace("slow"))
        return together

    def pour(self) -> list[Any]:
        """Bring what is left of the values together, side by side, and let it become the output."""
        left = VGroup(*(narrow.copy() for narrow in self.shrunk)).arrange(RIGHT, buff=0).move_to(self.output)
        come = (Travel(value, part, 0.0, "row") for value, part in zip(self.values, left, strict=True))
        together = LaggedStart(*come, lag_ratio=min(0.35, 2.0 / len(left)), run_time=pace("slow"))
        return [(appear(self.heading), together), (leave(left), appear(self.output, rise=False))]


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
