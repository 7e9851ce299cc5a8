"""The shape of every matrix on the way from ids to logits, drawn to scale: a length that runs, widths that stay."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from manim import DOWN, RIGHT, VGroup

from scenes.layout import STAGE
from scenes.mobjects.deck import Plate
from scenes.mobjects.shapes import Box, arrow, frame, wire
from scenes.mobjects.text import Words, number
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px that the longest sentence takes, and the most that any width may take.
DEEP, WIDEST = 188.0, 236.0
#: A run has about so many states: each is drawn bar by bar, and those of a long text would be tens of thousands.
STATES = 30
#: Px of the upper edge of each lane.
UPPER, LOWER = 262.0, 604.0
TOKEN_AXES = ("position", "query", "key")

#: Name and tensor of each station, on both sides, in the order of a pass; {last} is the last layer.
SOURCE = (
    ("embeddings", "embed_src.sum"),
    ("queries, a head", "encoder.0.self_attn.q"),
    ("scores, a head", "encoder.0.self_attn.scores"),
    ("feed-forward", "encoder.0.ffn.post"),
    ("encoder output", "encoder.{last}.resid_post"),
)
TARGET = (
    ("embeddings", "embed_tgt.sum"),
    ("scores, a head", "decoder.0.self_attn.scores"),
    ("cross scores", "decoder.0.cross_attn.scores"),
    ("feed-forward", "decoder.0.ffn.post"),
    ("logits", "logits"),
)


class Station:
    """One matrix: what its height and its width are made of, and where it stands."""

    def __init__(self, name: str, sizes: NamedTensor, letters: tuple[str, str], x: float, top: float) -> None:
        self.name, self.sizes, self.letters, self.x, self.top = name, sizes, letters, x, top
        #: Px that it is wide where both sentences are the longest.
        self.most = 0.0

    def wide(self, lengths: dict[str, int], unit: float, token: float) -> float:
        """Its width in px for given lengths of both sentences."""
        if self.letters[1]:
            return lengths[self.letters[1]] * token
        return min(WIDEST, float(self.sizes.values[1]) * unit)

    def bars(self, lengths: dict[str, int], unit: float, token: float, most: int) -> list[Box]:
        """A bar for each token; those that a shorter sentence has not lie flat at its foot."""
        wide, rows = self.wide(lengths, unit, token), lengths[self.letters[0]]
        fill = palette().weight if self.letters[1] else palette().residual
        found = []
        for i in range(most):
            seen = i < rows
            bar = Box(wide, token * 0.8 if seen else 0.02, fill, 2)
            found.append(bar.move_to(at(self.x, self.top + (min(i, rows) + 0.5 * seen) * token)))
        return found


class ShapeStrip:
    """Two lanes of matrices, source above and target below, with the two lengths at the left.

    Heights and widths that belong to a sentence are `n` and `m`; every other width is a number of the config.
    """

    def __init__(self, trace: Trace) -> None:
        self.numbers = trace["config.lengths"]
        self.most = len(self.numbers)
        #: Px that one token takes.
        self.token = DEEP / self.most
        self.own = {"n": int(float(trace["config.words"])), "m": int(float(trace["config.output_words"])) + 1}
        last = trace.about["config"]["encoder_layers"] - 1
        self.stations: list[list[Station]] = []
        for kinds, top, letter in ((SOURCE, UPPER, "n"), (TARGET, LOWER, "m")):
            named = [(name, tensor.format(last=last)) for name, tensor in kinds]
            self.stations.append(self._lane(trace, [pair for pair in named if pair[1] in trace], top, letter))
        widths = [float(s.sizes.values[1]) for s in self._all() if not s.letters[1] and s.name != "logits"]
        self.unit = 190.0 / max(widths)
        self.bars = VGroup(VGroup(*self._state(self.own, lane)) for lane in (0, 1))
        self.tracks, self.labels, self.names = VGroup(), VGroup(), VGroup()
        #: The widths that no sentence changes.
        self.widths = VGroup()
        for station in self._all():
            x, top, (rows, columns) = station.x, station.top, station.letters
            station.most = station.wide({"n": self.most, "m": self.most}, self.unit, self.token)
            #: The room that the longest sentence would take.
            track = Box(station.most + 10, DEEP + 8, palette().surface, 5)
            self.tracks.add(track.move_to(at(x, top + DEEP / 2)))
            width = Words(columns or f"{station.sizes.quantity(1)}", "fact")
            size = VGroup(Words(f"{rows} ×", "fact"), width).arrange(RIGHT, buff=units(14), aligned_edge=DOWN)
            self.labels.add(size.move_to(at(x, top + DEEP + 34)))
            if not columns:
                self.widths.add(width)
            self.names.add(Words(station.name, "fact", "ink2").settle(at(x, top - 34)))
        self.ways = VGroup(self._way(a, b) for lane in self.stations for a, b in pairwise(lane))
        self.road = self._road()
        self.cut = self._cut()
        #: The scores of the source: their room, and a frame as large as they are for this sentence.
        place = next(k for k, station in enumerate(self._all()) if station.letters == ("n", "n"))
        side, here = self.own["n"] * self.token, self._all()[place]
        self.squares = self.tracks[place]
        self.outline = frame(side, side, "background", 6, 2).move_to(at(here.x, here.top + side / 2))
        self.letters, self.counters = VGroup(), []
        for letter, name, top in (("n", "source", UPPER), ("m", "target", LOWER)):
            spot = at(STAGE.left + 24, top + 26)
            self.letters.add(
                VGroup(Words(f"{letter} =", "symbol", "ink2").begin_at(spot[0]).stand_on(spot[1]),
                       Words(name, "aside", "ink2").begin_at(spot[0]).stand_on(at(0, top + 72)[1]))
            )  # fmt: skip
            quantity = self.numbers.quantity(self.own[letter] - 1)
            self.counters.append(number(quantity, "", "large number").end_at(spot[0] + units(140)).stand_on(spot[1]))

    def _all(self) -> list[Station]:
        return [station for lane in self.stations for station in lane]

    def _lane(self, trace: Trace, named: Sequence[tuple[str, str]], top: float, rows: str) -> list[Station]:
        left, right = STAGE.left + 330, STAGE.right - 130
        pitch = (right - left) / max(1, len(named) - 1)
        found = []
        for k, (name, tensor) in enumerate(named):
            axes = trace[f"{tensor}.sizes"].labels["axis"]
            second = ""
            if axes[1] in TOKEN_AXES:
                second = "n" if ".cross_attn." in tensor or rows == "n" else "m"
            found.append(Station(name, trace[f"{tensor}.sizes"], (rows, second), left + k * pitch, top))
        return found

    def _state(self, lengths: dict[str, int], lane: int) -> list[Box]:
        return [
            bar for station in self.stations[lane] for bar in station.bars(lengths, self.unit, self.token, self.most)
        ]

    def run(self, letter: str) -> tuple[VGroup, list[VGroup], list[Quantity]]:
        """The bars that the length called `letter` moves, their states on the way to the longest, and the lengths."""
        own, last = self.own[letter], self.most
        order = [own, *range(own + 1, last, -(-(last - own) // STATES) or 1), last]
        lanes = (0, 1) if letter == "n" else (1,)
        moved = VGroup(bar for lane in lanes for bar in self.bars[lane])
        states = [
            VGroup(bar for lane in lanes for bar in self._state(self.own | {letter: length}, lane)) for length in order
        ]
        return moved, states, [self.numbers.quantity(length - 1) for length in order]

    def _way(self, one: Station, other: Station) -> VGroup:
        y, start, end = one.top + 8, one.x + one.most / 2 + 12, other.x - other.most / 2 - 12
        return arrow(at(start, y), at(max(end, start + 18), y), "ink3", 3, 12)

    def _road(self) -> VGroup:
        """From the encoder's last rows to the cross scores."""
        crossing = next((s for s in self.stations[1] if s.name == "cross scores"), None)
        if crossing is None:
            return VGroup()
        last = self.stations[0][-1]
        y = crossing.top - 74
        way = [at(*one) for one in ((last.x, last.top + DEEP + 60), (last.x, y), (crossing.x, y), (crossing.x, y + 14))]
        return VGroup(wire(way, "residual", 3), arrow(way[-1], at(crossing.x, y + 24), "residual", 3, 12))

    def _cut(self) -> VGroup:
        """Two strokes where a width is too large to be drawn."""
        marks = VGroup()
        for station in self._all():
            if not station.letters[1] and float(station.sizes.values[1]) * self.unit > WIDEST:
                gap_ = Plate(12, DEEP + 14, palette().background, 0)
                gap_.move_to(at(station.x + WIDEST * 0.2, station.top + DEEP / 2))
                marks.add(gap_)
        return marks
