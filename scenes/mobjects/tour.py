"""The whole line of the encoder with what is seen on it: dots that run, rows that meet, a first and a last row."""

from __future__ import annotations

from manim import RIGHT, VGroup, VMobject

from scenes.animations import ring_around
from scenes.layout import RIGHT_EDGE
from scenes.mobjects.encoder_line import EncoderLine
from scenes.mobjects.passage import Lanes, heading, rows_of, strand
from scenes.mobjects.shapes import arrow, dot, path
from scenes.mobjects.text import Words, number
from scenes.theme import at, gap
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace


def overview_lanes(rows: NamedTensor, token: Label) -> Lanes:
    """The lanes of the tokens below the whole line."""
    return Lanes(rows, token, top=452, pitch=74, room=296)


def runners(line: EncoderLine) -> tuple[VGroup, list[VMobject]]:
    """A dot at the start of each ribbon, and the way that it runs."""
    ways = []
    for band in line.ribbons:
        start, end = band.get_left(), band.get_right()
        ways.append(path([start, (start + end) / 2, end], "ink", 1))
    return VGroup(*(dot(way.points[0], 9, "ink") for way in ways)), ways


class FirstAndLast(VGroup):
    """The rows as they enter the blocks and as they leave them, and the cosine of each pair."""

    def __init__(self, lanes: Lanes, first: NamedTensor, last: NamedTensor, cosines: NamedTensor, between: str) -> None:
        wide = 560.0
        self.first = lanes.place(first, lanes.left, wide)
        left = lanes.left + wide + 200
        self.way = VGroup(
            arrow(at(left - 160, lanes.middle), at(left - 40, lanes.middle), "residual", 5),
            Words(between, "note", "ink2").settle(at(left - 100, lanes.middle - 34)),
        )
        self.last = lanes.place(last, left, wide)
        self.first_name, self.last_name = (
            heading("into the first block", self.first),
            heading("out of the last", self.last),
        )
        self.numbers = VGroup()
        x = RIGHT_EDGE - 60
        for i, y in lanes.y.items():
            role = "ink" if i == lanes.token.position else "ink2"
            self.numbers.add(number(cosines.quantity(i), ".2f", "number", role).settle(at(x, y)))
        self.head = Words("cosine", "aside", "ink2").move_to(at(x, 0)).stand_on(self.first_name.baseline)
        here = lanes.token.position
        self.ring = VGroup(*(ring_around(rows.lines[here]) for rows in (self.first, self.last)))
        super().__init__(self.first, self.last, self.first_name, self.last_name, self.numbers, self.head, self.ring)
        self.add(self.way)

    @classmethod
    def of(cls, lanes: Lanes, trace: Trace, between: str) -> FirstAndLast:
        """The rows of the sentence before and after all blocks of the encoder."""
        last = int(float(trace["config.encoder_layers"])) - 1
        ends = (rows_of(trace, "embed_src.sum"), rows_of(trace, f"encoder.{last}.resid_post"))
        return cls(lanes, *ends, trace["encoder.cosine_first_last"].pick(batch=0), between)


class Blanked(VGroup):
    """On the whole line, which row sees which: strands across in attention, straight ones everywhere else.

    `holds` says whether no box but attention lets a row change another one.
    """

    def __init__(self, line: EncoderLine, lanes: Lanes, trace: Trace) -> None:
        self.mixing, self.alone = VGroup(), VGroup()
        for sublayer in (s for layer in line.tower.layers for s in layer if s.path in line.reading):
            start, end = line.reading[sublayer.path]
            if sublayer.kind == "self_attn":
                reach = trace[f"{sublayer.path.rpartition('.')[0]}.token_sensitivity"].pick(part="attention")
                self._strands(self.mixing, lanes, reach, start, end)
            elif sublayer.kind == "ffn":
                reach = trace[f"{sublayer.path.rpartition('.')[0]}.token_sensitivity"].pick(part="feed-forward")
                self._strands(self.alone, lanes, reach, start, end)
        reached, pairs = trace["encoder.0.sensitive_pairs"], trace["encoder.0.token_pairs"]
        self.holds = all(
            float(reached.quantity(k)) == 0 for k, part in enumerate(reached.labels["part"]) if part != "attention"
        )
        facts = []
        for k in range(len(reached)):
            name = reached.label("part", k)
            line_of = VGroup(
                Words(f"{name}", "aside", "ink2"), Words(f"{reached.quantity(k)} of {pairs}", "number")
            ).arrange(RIGHT, buff=gap("chip"))
            facts.append(line_of)
        self.facts = VGroup(*facts).arrange(RIGHT, buff=gap("part"))
        self.facts.move_to(at(960, 0))
        for text in (words for fact in facts for words in fact):
            text.stand_on(at(0, lanes.top + lanes.deep + 66)[1])
        super().__init__(self.mixing, self.alone, self.facts)

    @staticmethod
    def _strands(group: VGroup, lanes: Lanes, reach: NamedTensor, start: float, end: float) -> None:
        for i, y in lanes.y.items():
            for j, other in lanes.y.items():
                share = float(reach.values[i, j])
                if share > 0:
                    line = strand(at(start, other), at(end, y), max(share, 0.12), 0.0, 9.0)
                    group.add(line)
