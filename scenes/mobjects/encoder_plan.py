"""The plan of the encoder, and what its boxes do with the vectors of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from manim import VGroup, VMobject

from scenes.animations import appear, deal, draw
from scenes.layout import STAGE, Room
from scenes.mobjects.passage import strand
from scenes.mobjects.ribbon import Ribbon, gutter
from scenes.mobjects.shapes import Box, ellipsis, rule, stroke
from scenes.mobjects.tensors import Heatmap, full_colour
from scenes.mobjects.text import Words, number
from scenes.mobjects.vectors import HIGHEST, Vector, named_rows, vectors_in
from scenes.theme import at, palette, units
from transformer_core.blueprint import blueprint
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: What each kind of box is called.
NAMES = {
    "embed_src": "embedding",
    "positional": "position",
    "self_attn": "attention",
    "ffn": "feed-forward",
    "norm": "norm",
}
#: What the sensitivity of a box is called in the trace.
SENSITIVE = {"self_attn": "attention", "ffn": "feed-forward", "norm": "norm"}
#: Px around the name in a box where there is room, between two boxes then, of an ellipsis, of the strip on top and of
#: the lens below it.
INSIDE, LEAST, DOTS, STRIP, LENS = 30.0, 12.0, 60.0, 66.0, 70.0
#: Px from which on a box has its name at its top.
TALL = 120.0
#: Where one box is looked into: the panel below the strip.
PANEL = STAGE.split_rows(STRIP + LENS)[1]


def kind_of(part: str) -> str:
    """The kind of the box at a path: "self_attn", "ffn", "norm"..."""
    kind = part.rpartition(".")[2]
    return kind if kind in NAMES else "norm"


class Plan(VGroup):
    """Every box of the encoder from left to right, read off the config, and a line for each token through all of them.

    Of a deep encoder it has the first and the last layer, and the attention that is followed; an ellipsis is the rest.
    `boxes` are by the path of their part; `parts` are all boxes with their names, and the ellipses, from left to right.
    """

    def __init__(self, trace: Trace, count: int, room: Room) -> None:
        tower = blueprint(trace.about["config"])["encoder"]
        parts, layers, focus = [*tower.parts], len(tower.layers), focus_of(trace)
        if layers > 2:
            ends = [parts.index(tower.layers[layer][0].parts[0]) for layer in (1, -1)]
            parts[slice(*ends)] = ["", focus.path, ""] if 0 < focus.layer < layers - 1 else [""]
        #: The path of the last box that belongs to a layer, and whether every layer is drawn.
        self.last = next(part for part in reversed(parts) if kind_of(part) in ("ffn", "self_attn"))
        self.whole = "" not in parts
        names = {part: Words(NAMES[kind_of(part)], "small token") for part in parts if part}
        wide = {part: names[part].width * 135 if part else DOTS for part in parts}
        air = room.width - sum(wide[part] for part in parts)
        inside = min(INSIDE, (air - LEAST * (len(parts) - 1)) / len(names))
        wide |= {part: wide[part] + inside for part in names}
        space = (air - inside * len(names)) / (len(parts) - 1)
        self.boxes: dict[str, VMobject] = {}
        self.parts: list[VMobject] = []
        colours, x, middle = palette(), room.left, (room.top + room.bottom) / 2
        for part in parts:
            centre = at(x + wide[part] / 2, middle)
            if part:
                box = Box(wide[part], room.height, colours.surface, 12, colours.ink3, 3)
                self.boxes[part] = box.move_to(centre)
                names[part].paper = box
                names[part].settle(centre if room.height < TALL else at(x + wide[part] / 2, room.top + 40))
                box.key, names[part].key = ("box", part), ("named", part)
            self.parts.append(VGroup(box, names[part]) if part else ellipsis().move_to(centre))
            x += wide[part] + space
        self.ys = np.linspace(room.top + (60 if room.height > TALL else 0), room.bottom, count + 2)[1:-1]
        thick = min(4.0, room.height / (3 * count))
        self.lines = VGroup(*(rule(at(room.left, y), at(room.right, y), "residual", thick) for y in self.ys))
        super().__init__(self.lines, *self.parts)

    @classmethod
    def strip(cls, trace: Trace, count: int) -> Plan:
        """The plan along the top of the stage, above the panel."""
        return cls(trace, count, STAGE.split_rows(STRIP)[0])

    def of_kind(self, *kinds: str) -> list[VMobject]:
        """The boxes of these kinds."""
        return [box for part, box in self.boxes.items() if kind_of(part) in kinds]

    @classmethod
    def large(cls, trace: Trace, ribbon: Ribbon) -> Plan:
        """The plan across the stage, above the sentence."""
        return cls(trace, len(ribbon), STAGE.split_rows(-float(ribbon.height) * 135, 40)[0])

    def strands(self, trace: Trace) -> tuple[VGroup, VGroup]:
        """Lines from each token to those whose vectors it changes: inside of attention, and of the other boxes."""
        mixing, alone = VGroup(), VGroup()
        for part, box in self.boxes.items():
            kind = kind_of(part)
            name = f"{part.rpartition('.')[0]}.token_sensitivity"
            if kind not in SENSITIVE or not part.split(".")[1].isdigit():
                continue
            reach = trace[name].pick(part=SENSITIVE[kind]).values
            for i, y in enumerate(self.ys):
                for j, other in enumerate(self.ys):
                    if reach[i, j] > 0:
                        start, end = at(0, other), at(0, y)
                        start[0], end[0] = box.get_left()[0], box.get_right()[0]
                        (mixing if kind == "self_attn" else alone).add(
                            strand(start, end, min(0.3, 1 / len(self.ys)), 0.0, 9.0)
                        )
        return mixing, alone

    def lens(self, part: str) -> VGroup:
        """The panel into which the box of a part opens, and the light from the one to the other."""
        box, colours = self.boxes[part], palette()
        panel = Box(PANEL.width, PANEL.height, colours.surface, 18).move_to(PANEL.centre)
        beam = VMobject(fill_color=colours.surface, fill_opacity=0.6, stroke_width=0)
        low, top = box.get_bottom()[1], panel.get_top()[1] - units(12)
        corners = [(box.get_left()[0], low), (box.get_right()[0], low)]
        corners += [(panel.get_right()[0], top), (panel.get_left()[0], top)]
        points = [np.array([*corner, 0]) for corner in corners]
        beam.set_points_as_corners([*points, points[0]])
        lit = box.copy().set_fill(colours.surface, 0).set_stroke(colours.focus, stroke(5))
        panel.key, beam.key, lit.key = ("panel",), ("beam",), ("lit",)
        return VGroup(beam, panel, lit)


class Columns(VGroup):
    """The vectors of a sentence in columns with headings: `signs` stand between them.

    Args:
        tensors: position × anything, one a column, as wide as their vectors are long if `to_scale`.
        headings: what stands above each column.
        signs: "+", "=" or "→" between the columns.
        apart: True where each column has a scale of colours of its own.
    """

    def __init__(
        self, tensors: Sequence[NamedTensor], headings: Sequence[str], signs: Sequence[str], apart: bool = False
    ) -> None:
        room = PANEL.inset(36, 16)
        heads, body = room.split_rows(64, 8)
        side = gutter(tensors[0].words("position")) + 14
        scale = 0.0 if apart else full_colour(*tensors)
        places = body.split_columns(side)[1].columns(len(tensors), 84)
        self.names, first = named_rows(
            tensors[0],
            Room(body.left, body.top, places[0].right, body.bottom),
            places[0].width,
            "residual",
            scale=scale,
        )
        self.columns = [first] + [
            vectors_in(place, tensor, "residual", HIGHEST, scale=scale)
            for place, tensor in zip(places[1:], tensors[1:], strict=True)
        ]
        self.headings = VGroup()
        for place, text in zip(places, headings, strict=True):
            self.headings.add(
                Room(place.left - 30, heads.top, place.right + 30, heads.bottom).fit(Words(text, "block"), 1.0)
            )
        self.signs = VGroup(
            *(
                Words(sign, "chapter", "ink2").settle(at((a.right + b.left) / 2, (a.top + a.bottom) / 2))
                for sign, a, b in zip(signs, places, places[1:], strict=False)
            )
        )
        super().__init__(
            *self.names, *(vector for column in self.columns for vector in column), self.headings, self.signs
        )

    def place(self, token: Label) -> int:
        """The row of a token."""
        return next(k for k, name in enumerate(self.names) if name.label.position == token.position)


class Lookup(VGroup):
    """Tokens with their numbers in the list of words, the table of embeddings, and the vectors that lie there."""

    def __init__(self, ids: NamedTensor, table: NamedTensor, vectors: NamedTensor, size: str) -> None:
        room = PANEL.inset(36, 16)
        heads, body = room.split_rows(64, 8)
        words = vectors.words("position")
        side = gutter(words) + 14
        middle = Room(room.left + side + 190, body.top, room.left + side + 190 + 520, body.bottom)
        right = Room(middle.right + 150, body.top, body.right, body.bottom)
        self.names, self.vectors = named_rows(
            vectors, Room(body.left, body.top, body.left + side + 10, body.bottom), 10, "residual"
        )
        self.vectors = vectors_in(right, vectors, "residual", HIGHEST)
        self.ids = [
            number(ids.quantity(i), ".0f", "stage number").move_to(name).set_x(at(room.left + side + 80, 0)[0])
            for i, name in enumerate(self.names)
        ]
        self.table = Heatmap(table, middle.width, middle.height).move_to(middle.centre)
        top, pitch = self.table.get_top()[1], self.table.height / len(table)
        self.rows = [
            Box(middle.width + 16, max(6.0, pitch * 135), palette().focus, 2)
            .set_fill(opacity=0)
            .set_stroke(palette().focus, stroke(3))
            .move_to(np.array([self.table.get_x(), top - (int(ids.quantity(i)) + 0.5) * pitch, 0]))
            for i in range(len(words))
        ]
        self.ways = VGroup(
            *(
                rule(one.get_right() + units(14) * np.array([1.0, 0, 0]), row.get_left(), "ink3", 3)
                for one, row in zip(self.ids, self.rows, strict=True)
            )
        )
        self.heading = Room(middle.left - 100, heads.top, middle.right + 100, heads.bottom).fit(
            Words(size, "block"), 1.0
        )
        super().__init__(*self.names, *self.ids, self.ways, self.table, *self.rows, *self.vectors, self.heading)

    def place(self, token: Label) -> int:
        """The row of a token."""
        return next(k for k, name in enumerate(self.names) if name.label.position == token.position)

    def others(self, mine: int) -> list[Any]:
        """Plays that look up all tokens but one."""
        rest = [k for k in range(len(self.names)) if k != mine]
        if not rest:
            return []
        return [
            (draw(*(self.ways[k] for k in rest)), appear(*(self.rows[k] for k in rest))),
            deal([self.rows[k] for k in rest], [self.vectors[k] for k in rest]),
        ]


class Widened(VGroup):
    """A vector on its way through a feed-forward network: widened, after the activation, and narrowed."""

    def __init__(self, stages: Sequence[NamedTensor], names: Sequence[str]) -> None:
        room = PANEL.inset(36, 24)
        left, right = room.split_columns(330, 30)
        longest = max(len(stage) for stage in stages)
        self.vectors, self.names = [], VGroup()
        for stage, name, line, beside in zip(
            stages, names, right.rows(len(stages), 26), left.rows(len(stages), 26), strict=True
        ):
            wide = max(0.3, len(stage) / longest) * line.width
            self.vectors.append(Vector(stage, wide, min(line.height, 110), "residual").move_to(line.centre))
            self.names.add(beside.fit(Words(name, "block"), 1.0))
        super().__init__(*self.vectors, self.names)


def along_the_foot(words: Sequence[Label]) -> Ribbon:
    """A sentence along the foot of the stage."""
    ribbon = Ribbon(words)
    ribbon.shift(np.array([0, at(0, STAGE.bottom)[1] - ribbon.get_bottom()[1], 0]))
    return ribbon


def own(tensor: NamedTensor, token: Label) -> NamedTensor:
    """The vector of one token."""
    return tensor.pick(position=token.position)
