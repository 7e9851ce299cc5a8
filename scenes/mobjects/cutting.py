"""How a row comes to several heads: not cut in slices, but read whole by each of them."""

from __future__ import annotations

import numpy as np
from manim import LEFT, VGroup, VMobject

from scenes.mobjects.budgets import letter_of
from scenes.mobjects.shapes import frame, path
from scenes.mobjects.strips import Strip
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Tag, Token
from scenes.theme import at, gap, palette, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor

WIDE, MIDDLE = 1240.0, 960.0


def crossed(mobject: VMobject, reach: float = 44) -> VGroup:
    """Two strokes through what is wrong."""
    centre = mobject.get_center()
    ways = [np.array([units(reach), units(reach) * sign, 0]) for sign in (1, -1)]
    return VGroup(*(path([centre - way, centre + way], "warning", 9) for way in ways))


def funnel(above: VMobject, below: VMobject, role: str = "query") -> VMobject:
    """A light wedge from the whole width of one thing to the width of another."""
    wedge = VMobject(fill_color=palette().role(role), fill_opacity=0.13, stroke_width=0)
    top, foot = above.get_bottom()[1] - units(8), below.get_top()[1] + units(8)
    corners = [(above.get_left()[0], top), (above.get_right()[0], top)]
    corners += [(below.get_right()[0], foot), (below.get_left()[0], foot)]
    wedge.set_points_as_corners([np.array([*corner, 0]) for corner in [*corners, corners[0]]])
    return wedge


class Cutting(VGroup):
    """A row, the wrong way to share it between heads, and the right one; then one entry is nudged.

    Args:
        row: what enters, all its entries.
        token: whose row it is.
        matrices: W_Q, head × d_model × d_head.
        queries: the query of this token, head × d_head.
        reach: how far each query moves when an entry moves by one, head × d_model.
        entry: which entry is nudged.
    """

    def __init__(
        self,
        row: NamedTensor,
        token: Label,
        matrices: NamedTensor,
        queries: NamedTensor,
        reach: NamedTensor,
        entry: int,
    ) -> None:
        heads, space = len(matrices), 44.0
        self.strip = Strip(row, WIDE, 56).move_to(at(MIDDLE, 240))
        self.token = Token(token).next_to(self.strip, LEFT, buff=gap("chip"))
        wide = (WIDE - (heads - 1) * space) / heads
        xs = [MIDDLE - WIDE / 2 + wide / 2 + head * (wide + space) for head in range(heads)]
        self.homes, self.slices, self.letters = self._sliced(xs, wide)
        self.crosses = VGroup(*(crossed(part) for part in self.slices))
        self.matrices, self.queries, self.changes, self.reaches = VGroup(), VGroup(), VGroup(), VGroup()
        scale, query_scale = full_colour(matrices), full_colour(queries)
        for head, x in enumerate(xs):
            matrix = Heatmap(matrices[head], wide - 10, 200, scale).move_to(at(x, 500))
            self.matrices.add(matrix)
            self.queries.add(Strip(queries[head], wide - 10, 46, query_scale).move_to(at(x, 660)))
            self.changes.add(Strip(matrices[head].pick(d_model=entry), wide - 10, 46, scale).move_to(at(x, 740)))
            lead = "moves by " if wide > 230 else ""
            moved = Words(f"{lead}{reach.pick(head=head, d_model=entry):.2f}", "number", "query")
            self.reaches.add(moved.settle(at(x, 806)))
        self.funnels = VGroup(*(funnel(self.strip, matrix) for matrix in self.matrices))
        self.names = VGroup(
            *(
                Words(f"head {letter_of(head)}" if wide > 120 else letter_of(head), "fact", "ink2")
                .settle(at(x, 366))
                .set_z_index(1)
                for head, x in enumerate(xs)
            )
        )
        self.tag = Tag("query").next_to(self.queries, LEFT, buff=gap("chip"))
        self.change_name = Words("change", "axis", "ink2").next_to(self.changes, LEFT, buff=gap("chip"))
        self.rings = self._rings(entry, row)
        super().__init__(
            self.token, self.strip, self.homes, self.letters, self.matrices, self.queries, self.funnels, self.names
        )

    def _sliced(self, xs: list[float], wide: float) -> tuple[VGroup, VGroup, VGroup]:
        """The cells of the row in as many slices as there are heads: where they stand, and over each head."""
        size = len(self.strip) // len(xs)
        homes, slices, letters = VGroup(), VGroup(), VGroup()
        for head, x in enumerate(xs):
            homes.add(VGroup(*(cell.copy() for cell in self.strip[head * size : (head + 1) * size])))
            part = homes[-1].copy().stretch_to_fit_width(units(wide - 24))
            slices.add(part.move_to(at(x, 470)))
            letters.add(
                Words(f"head {letter_of(head)}" if wide > 120 else letter_of(head), "fact", "ink2").settle(at(x, 566))
            )
        return homes, slices, letters

    def _rings(self, entry: int, row: NamedTensor) -> VGroup:
        """Outlines of one entry of the row, and of what meets it in every matrix."""
        cell = self.strip.of(entry)
        rings = VGroup(frame(cell.width * 135 + 10, cell.height * 135 + 12, "focus", 4, 6).move_to(cell))
        for matrix in self.matrices:
            line = frame(matrix.width * 135 + 4, 14, "focus", 4, 5)
            top = matrix.get_top()[1] - units(5)
            high = (matrix.height - units(10)) * (entry + 0.5) / len(row)
            rings.add(line.move_to(np.array([matrix.get_x(), top - high, 0])))
        return rings
