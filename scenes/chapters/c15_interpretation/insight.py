"""Looking into a model: ablated heads, a stream that is tapped, activation patching, an induction head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import (
    Count,
    Flight,
    OffAndOn,
    Through,
    Travel,
    appear,
    deal,
    draw,
    exchange,
    grow,
    leave,
    pulses,
    reshape,
    ring_around,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import SEEN, THICK, THIN
from scenes.mobjects.bars import ShareBar, bar_in
from scenes.mobjects.card import Card
from scenes.mobjects.marks import End, Shade, Thickness, Tick, means
from scenes.mobjects.next_tokens import NextTokens, likeliest
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import LARGE
from scenes.mobjects.shapes import Box, arrow, curve, dashes, dot, path, rule, stream_band, stroke
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width, in_line
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import at, ink_on, pace, palette, shared, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Stops of a deep stack that are tapped at most, and words that are listed at each.
STOPS, LISTED = 4, 5
#: Px of a panel's head, and around its inside.
HEAD, INSET = 60.0, 22.0
#: Px of the stream's band, of a vector that stands on it, and of the box that reads it.
BAND, UPRIGHT, READER = 26.0, (78.0, 132.0), 68.0
#: Px of the line at the foot of a card, and there of the larger of two costs.
LINE, COSTLIEST = 100.0, 640.0
#: Px of the smaller of two runs, and of the names between both.
SMALL, BETWEEN = 480.0, 150.0
#: The colours of both genders.
MASCULINE, FEMININE = "key", "value"
#: Px of a letter that comes twice.
LETTER = 104.0
#: Px that the arc of a layer earlier rises, above the letters.
BACK = 120.0
#: Animations that play together, or one alone.
Show: TypeAlias = Animation | tuple[Animation, ...]


def upper(card: Card) -> Room:
    """The inside of a card, but for a line at its foot."""
    return card.inside.split_rows(-LINE, 24)[0]


def lower(card: Card) -> Room:
    """The line at the foot of a card."""
    return card.inside.split_rows(-LINE)[1]


class AblatedHeads(VGroup):
    """A panel for each head: its pattern, which goes dark when it is ablated, and a bar of what is right without it.

    Args:
        weights: for each layer, head × query × key.
        right: the share that is right without it, "layer head".
        before: what is right with all heads.
        card: what is filled; a line at its foot says what is right with all heads.
    """

    def __init__(self, weights: Sequence[NamedTensor], right: NamedTensor, before: Quantity, card: Card) -> None:
        layers, self.heads = right.shape
        self.papers, self.names, self.grids, self.bars, self.numbers = (VGroup() for _ in range(5))
        places = [place for row in upper(card).rows(layers, 16) for place in row.columns(self.heads, 24)]
        for k, place in enumerate(places):
            layer, head = divmod(k, self.heads)
            paper = Box(place.width, place.height, palette().background, 14).move_to(place.centre)
            top, rest = place.inset(INSET, 0).split_rows(HEAD)
            body = rest.split_rows(-INSET)[0]
            side, beside = body.split_columns(min(body.height, body.width * 0.55), 24)
            above, foot = beside.rows(2, 0)
            share = right.quantity(layer, head)
            self.papers.add(paper)
            name = f"head {letter_of(head)}, {layer_name(layer)}"
            self.names.add(Words(name, "fact", "ink2", paper).begin_in(top))
            self.grids.add(SmallGrid(weights[layer][head], side.width).move_to(side.centre))
            self.numbers.add(Words(f"{share:.1%}", "large number", paper=paper).end_in(above))
            self.bars.add(ShareBar(share, foot.width, "", 30).move_to(foot.centre))
        side, body = lower(card).split_columns(lower(card).width / 3, 28)
        bar = ShareBar(before, COSTLIEST, "", 34).move_to(body.centre).align_to(at(body.left, 0), LEFT)
        told = Words(f"{before:.1%}", "large number").next_to(bar, RIGHT, buff=units(28))
        #: A line for all heads.
        self.whole = VGroup(Words("all heads at work", "fact", "ink2").end_in(side), bar, told)
        self.tracks = VGroup(bar.track for bar in self.bars)
        #: Patterns gone dark are frames with nothing inside.
        self.frames = VGroup(grid[0] for grid in self.grids)
        super().__init__(self.papers, self.names, self.grids, self.bars, self.numbers)

    @property
    def measured(self) -> list[VGroup]:
        """All that stands there when every head has been ablated."""
        return [self.papers, self.names, self.frames, self.bars, self.numbers]

    def place(self, layer: int, head: int) -> int:
        """The place of a head's panel."""
        return layer * self.heads + head

    def dark(self, k: int) -> Animation:
        """The pattern of a head that is ablated goes dark."""
        return leave(self.grids[k][1])

    def count(self, k: int) -> Animation:
        """The share that is right without it."""
        return AnimationGroup(grow(self.bars[k].bar), appear(self.numbers[k]))

    def ablate(self, places: Sequence[int]) -> Animation:
        """Switch one head off after another, and count."""
        turns = (AnimationGroup(self.dark(k), self.count(k)) for k in places)
        return LaggedStart(*turns, lag_ratio=0.35, run_time=pace("tour"))


class Spoiled(VGroup):
    """A sentence, and what the model makes of it with a head off; the words that should be others are ringed.

    Args:
        source: the words that are read.
        written: 1 for each word that is right.
        right: the words that should be written.
        room: the rectangle that is filled.
    """

    def __init__(self, source: Sequence[Label], written: NamedTensor, right: Sequence[Label], room: Room) -> None:
        before, after = room.columns(2, 96)
        self.read, self.chips = in_line(source, before.width), in_line(written.words("position"), after.width)
        self.read.move_to(before.centre).align_to(at(before.right, 0), RIGHT)
        self.chips.move_to(after.centre).align_to(at(after.left, 0), LEFT)
        self.arrow = arrow(self.read.get_right() + RIGHT * units(12), self.chips.get_left() + LEFT * units(12))
        wrong = [k for k, fits in enumerate(written.values) if not fits]
        self.rings = VGroup(ring_around(self.chips[k], "warning") for k in wrong)
        #: The first wrong word, and the one that should be there.
        self.wrong, self.right = self.chips[wrong[0]].label, right[wrong[0]]
        super().__init__(self.read, self.arrow, self.chips, self.rings)


class SpareCosts:
    """The costs of spare heads one by one, added up, and all at once: two bars of one scale.

    Args:
        run: the results of the experiment.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        costs = (run["added_up"], "one by one, added up"), (run["together"], "all of them off")
        unit = COSTLIEST / max(float(cost) for cost, _ in costs)
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for (cost, name), line in zip(costs, room.rows(2, 4), strict=True):
            left, right = line.split_columns(room.width / 3, 28)
            self.names.add(Words(name, "fact", "ink2").end_in(left))
            self.bars.add(bar_in(right, cost, unit, 34))
            self.numbers.add(number(cost, ".1%", "stage number").next_to(self.bars[-1], RIGHT, buff=units(20)))

    def grown(self) -> list[Show]:
        """The bars grow, one after the other."""
        parts = zip(self.names, self.bars, self.numbers, strict=True)
        return [(appear(name), grow(bar), appear(text)) for name, bar, text in parts]


class Taps(VGroup):
    """The residual stream of one token, from left to right, with its vector at some stops, and a box that reads it.

    Args:
        rows: the vector before the first layer and after each.
        stops: the name of each stop.
        token: whose vector it is.
        reader: what the box is called.
        room: the rectangle that is filled; `columns[i]` is the part above the box that belongs to tap i.

    Of many stops a few are `shown`, the first and the last among them.
    """

    def __init__(
        self, rows: Sequence[NamedTensor], stops: Sequence[Label], token: Label, reader: str, room: Room = STAGE
    ) -> None:
        count = len(rows)
        self.shown = [int(k) for k in np.linspace(0, count - 1, min(count, STOPS)).round()]
        above, below = room.split_rows(-UPRIGHT[1], 26)
        above, box = above.split_rows(-READER, 20)
        side, middle = max(chip_width(token) * LARGE, 180.0) + 20, (below.top + below.bottom) / 2
        self.columns, place = above.split_columns(side)[1].columns(len(self.shown)), box.split_columns(side)[1]
        self.token = Token(token, "", 0, 64, "stage word").move_to(at(room.left, middle), aligned_edge=LEFT)
        start, end = self.token.get_right(), at(room.right, middle)
        self.band, self.line = stream_band(start, end, BAND), rule(start, end, "residual", 1)
        scale = max(full_colour(rows[k]) for k in self.shown)
        self.vectors, self.layers, self.slots, self.mouths = VGroup(), VGroup(), VGroup(), VGroup()
        paper = Box(place.width, READER, palette().background, 14, palette().line, 2.5).move_to(place.centre)
        self.reader = VGroup(paper, Words(reader, "stage word", "ink", paper).settle(place.centre))
        for i, (k, column) in enumerate(zip(self.shown, self.columns, strict=True)):
            vector = Vector(rows[k], *UPRIGHT, "residual", scale, upright=True)
            self.vectors.add(vector.move_to(end).set_x(column.centre[0]))
            slot = Box(UPRIGHT[0], READER - 24, palette().surface, 8)
            self.slots.add(slot.move_to(place.centre).set_x(column.centre[0]))
            self.mouths.add(Box(UPRIGHT[0], 6, palette().surface, 2).next_to(self.slots[-1], UP, buff=units(32)))
            if i:
                self.layers.add(self._between(self.vectors[i - 1], vector, stops[k], k - self.shown[i - 1] == 1))
        super().__init__(self.band, self.token, self.layers, self.vectors, self.reader)

    @staticmethod
    def _between(before: Vector, after: Vector, name: Label, alone: bool) -> VGroup:
        """The layer on the way from one vector to the next, or several up to it."""
        middle = (before.get_center() + after.get_center()) / 2
        wide = (after.get_left() - before.get_right())[0] * 135 - 80
        box = Box(wide, 84, palette().background, 14, palette().line, 2.5).move_to(middle)
        text = word(name, "stage word", "ink2") if alone else Words(f"… {name}", "stage word", "ink2")
        text.paper = box
        return VGroup(box, text.settle(middle))

    def run(self) -> tuple[Animation, ...]:
        """The vector enters the stream, and comes out of layer after layer."""
        way: list[Animation] = [Travel(self.token, self.vectors[0])]
        for layer, before, after in zip(self.layers, self.vectors, self.vectors[1:], strict=False):
            way += [Flight(before, layer, 0.0), Travel(layer, after, 0.0)]
        through = LaggedStart(*way, lag_ratio=0.7, run_time=pace("slow"))
        return appear(self.token), draw(self.band), appear(self.layers), through

    def up_to(self, stop: int) -> VMobject:
        """The box of the layer before a stop, be it alone or among several."""
        return next(box for box, end in zip(self.layers, self.shown[1:], strict=True) if end >= stop)

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: the stream flows on."""
        return pulses([self.line])

    def tap(self, i: int, *found: VMobject) -> tuple[Animation, ...]:
        """A copy of a vector is lifted out into the reader, and what that makes of it comes out above."""
        return Flight(self.vectors[i], self.slots[i], 0.0, kind="row"), deal([self.mouths[i]] * len(found), found)


class Lens(VGroup):
    """The logit lens on a stream: the likeliest words at each tap, and the rank of the one that is written.

    Args:
        taps: the stream of the decoder.
        probs: layer × vocab.
        ranks: of the word that is written, by layer.
        written: that word.
    """

    def __init__(self, taps: Taps, probs: NamedTensor, ranks: NamedTensor, written: Label) -> None:
        self.lists, self.ranks, self.rings, self.heads = (VGroup() for _ in range(4))
        rooms = [column.split_rows(50)[1].split_rows(-56) for column in taps.columns]
        for k, column in zip(taps.shown, taps.columns, strict=True):
            self.heads.add(word(ranks.label("layer", k), "block", "ink2").settle(column.split_rows(50)[0].centre))
        reads = [probs.pick(layer=k) for k in taps.shown]
        tops = [row.pick(vocab=likeliest(row, LISTED)) for row in reads]
        self.tops = [row.words("vocab") for row in tops]
        #: Bars of one probability are equally long at each tap.
        whole = max(20.0, min(NextTokens(row, body).whole for row, (body, _) in zip(tops, rooms, strict=True)))
        for k, row, (body, foot) in zip(taps.shown, tops, rooms, strict=True):
            self.lists.add(NextTokens(row, body, whole=whole))
            told = f"rank {ranks.quantity(k):,.0f}"
            rank = Words(f"“{written}”: {told}", "stage word", "ink2")
            rank = rank if rank.width <= units(foot.width) else Words(told, "stage word", "ink2")
            self.ranks.add(rank.settle(foot.centre))
            here = [name for name in self.lists[-1].names if name.text == str(written)]
            self.rings.add(VGroup(ring_around(name, roomy=True) for name in here))
        super().__init__(self.lists, self.ranks)


class ProbePlanes:
    """Vectors as dots on a plane for each layer, and the line with which a linear probe parts them by gender.

    Across lies what the probe says, so that its line is upright; up, how the vectors differ most at right angles to it.

    Args:
        run: the results of the experiment.
        card: what is filled, the line of its name with the names of the colours.
    """

    def __init__(self, run: Trace, card: Card) -> None:
        spots, genders, new = run["spots"], run["genders"], run["unseen"].values > 0
        self.heads, self.planes, self.lines, self.ticks = (VGroup() for _ in range(4))
        #: Of each plane the dots that the probe is fitted to, and those of new nouns: without a gender, and with it.
        self.known, self.blank, self.told, self.counts = (VGroup() for _ in range(4))
        top, rest = card.inside.split_rows(48, 74)
        body, foot = rest.split_rows(-150)
        reach = float(np.abs(spots.values[..., 0]).max())
        heights = [float(f(spots.values[..., 1])) for f in (np.min, np.max)]
        for k, (column, below) in enumerate(
            zip(body.columns(len(spots), 60), foot.columns(len(spots), 60), strict=True)
        ):
            self.heads.add(word(spots.label("part", k), "block", "ink2").settle(column.cross(top).centre))
            plot = Plot.filling(column, (-reach, reach), heights, ("what the probe says", "the main other direction"))
            # The first plane names the axes of all.
            self.planes.add(plot.axes if k else plot)
            sides = [genders.pick(part=k).smallest()[-1], genders.pick(part=k).largest()[-1]]
            self.ticks.add(plot.ticks(sides, ".0f", "fact"))
            self.lines.add(dashes(plot.point(0, heights[0]), plot.point(0, heights[1]), "query", 5))
            for group, some, large in ((self.known, ~new, 5), (self.told, new, 10)):
                group.add(VGroup(self._dot(plot, spots, genders, k, i, large) for i in map(int, np.flatnonzero(some))))
            self.blank.add(self.told[-1].copy().set_fill(palette().ink3).set_stroke(width=0))
            told = f"{run['wrong_side'].quantity(k):.0f} of {run['asked']:.0f} wrong"
            self.counts.add(Words(told, "stage number").settle(below.split_rows(-56)[1].centre))
        signs = ((MASCULINE, "masculine"), (FEMININE, "feminine"))
        self.legend = VGroup(VGroup(dot(np.zeros(3), 9, role), Words(name, "fact")).arrange() for role, name in signs)
        self.legend.arrange(RIGHT, buff=units(48)).move_to(card.head.centre).align_to(at(card.head.right, 0), RIGHT)

    @staticmethod
    def _dot(plot: Plot, spots: NamedTensor, genders: NamedTensor, part: int, sample: int, radius: float) -> VMobject:
        across, up = (spots.quantity(part, sample, axis) for axis in (0, 1))
        gender = genders.quantity(part, sample)
        (spot,) = plot.dots([across], [up], FEMININE if gender > 0 else MASCULINE, radius)
        wrong = bool(across * gender <= 0) and radius > 5
        return spot.set_stroke(palette().warning, stroke(3) if wrong else 0)

    def test(self, *parts: int) -> list[Show]:
        """New nouns come as grey dots; then their genders are told, and those on the wrong side are counted."""
        grey, told, counts = (VGroup(group[k] for k in parts) for group in (self.blank, self.told, self.counts))
        return [appear(grey, rise=False), exchange([*grey], [*told], "slow"), appear(counts)]


class Forms(VGroup):
    """The probabilities of two words as bars, one below the other."""

    def __init__(self, probs: NamedTensor, room: Room) -> None:
        labels = probs.words("choice")
        self.shares, wide = probs.quantities(), max(word(label, "stage word").width for label in labels) * 135
        self.names, self.bars, self.numbers = VGroup(), VGroup(), VGroup()
        for label, share, line in zip(labels, self.shares, room.rows(len(labels), 14), strict=True):
            side, rest = line.split_columns(wide, 24)
            body, right = rest.split_columns(-180, 20)
            self.names.add(word(label, "stage word").end_in(side))
            self.bars.add(ShareBar(share, body.width, "", 46).move_to(body.centre))
            self.bars[-1].track.set_fill(palette().background)
            self.numbers.add(number(share, "share", "stage number").end_in(right))
        super().__init__(self.names, self.bars, self.numbers)

    def become(self, other: Forms) -> tuple[Animation, ...]:
        """The answer tips: bars and numbers become those of `other`, which stands in the same place."""
        moved = [reshape(old.bar, new.bar) for old, new in zip(self.bars, other.bars, strict=True)]
        pairs = zip(self.numbers, self.shares, other.shares, strict=True)
        counted = [Count(text, shares, "share", "row") for text, *shares in pairs]
        self.shares = other.shares
        return (*moved, *counted)


class OneRun:
    """A run of the encoder: tokens along the foot, and their vectors before the first layer and after each."""

    def __init__(self, rows: NamedTensor, scale: float, room: Room) -> None:
        body, foot = room.split_rows(-60, 16)
        words = rows.words("position")
        self.tokens, self.vectors = VGroup(), VGroup()
        self.places = [line.columns(len(words), 12) for line in reversed(body.rows(rows.size("layer"), 12))]
        for label, place in zip(words, foot.columns(len(words), 12), strict=True):
            self.tokens.add(Token(label, "", place.width, 60, "stage word").move_to(place.centre))
        for layer, line in zip(rows, self.places, strict=True):
            vectors = [Vector(row, p.width, p.height, "residual", scale) for row, p in zip(layer, line, strict=True)]
            self.vectors.add(VGroup(one.move_to(place.centre) for one, place in zip(vectors, line, strict=True)))

    def upwards(self) -> list[Animation]:
        """The vectors come out of the tokens, and those of each layer out of the ones below."""
        return [
            AnimationGroup(*(Travel(a, b, 0.0, "row") for a, b in zip(lower, line, strict=True)))
            for lower, line in pairwise([self.tokens, *self.vectors])
        ]


def shaded(share: Quantity, told: bool, place: Room, aside: float = 0.0) -> VGroup:
    """A cell as bright as a share; where it is `told`, with its number, so many px left of the middle."""
    fill = shared(share)
    box = means(Box(place.width, place.height, fill, 8, palette().line, 2), Shade(share)).move_to(place.centre)
    if not told:
        return VGroup(box)
    text = number(share, "share", "stage number").settle(place.centre + LEFT * units(aside)).set_fill(ink_on(fill))
    text.paper = box
    return VGroup(box, text)


class TwoPasses:
    """Two runs side by side: a vector of the small one is copied into the large one, and the answer there tips.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        least: the probability from which on it is written out.
        room: the rectangle that is filled.

    `told[layer][position]` is as bright as the probability of the other form that the transplant there leads to.
    """

    def __init__(self, run: Trace, key: str, least: float, room: Room) -> None:
        rows, given = run[f"{key}_rows"], run[f"{key}_donor_rows"]
        self.probs, unpatched = run[f"{key}_prob"], run[f"{key}_unpatched"]
        top, body = room.split_rows(112, 36)
        scale, (left, right) = max(full_colour(rows), full_colour(given)), body.split_columns(SMALL, BETWEEN)
        self.donor, self.own = OneRun(given, scale, left), OneRun(rows, scale, right)
        before, self.room = right.cross(top).split_columns(-440, 40)
        self.answer = Forms(unpatched.pick(part="donor"), left.cross(top))
        self.answers, self.unpatched = (Forms(unpatched.pick(part="own"), self.room) for _ in range(2))
        #: The Spanish words that stand already, in both runs.
        self.before = in_line(run[f"{key}_own_written"].words("position")[:-1], before.width).move_to(before.centre)
        self.calls, self.told, self.scale, self.given = VGroup(), [], scale, given
        for layer, line in enumerate(self.own.places):
            middle = np.array([left.width / 2 + BETWEEN / 2, 0, 0])
            call = word(rows.label("layer", layer), "fact", "ink2")
            self.calls.add(call.settle(self.donor.vectors[layer].get_center() + middle / 135))
            shares = zip(self.probs.pick(choice=1, layer=layer).quantities(), line, strict=True)
            self.told.append(VGroup(shaded(p, bool(p > least), place, place.width / 5) for p, place in shares))

    def forward(self) -> list[tuple[Animation, ...]]:
        """Both runs, layer by layer."""
        steps = zip(self.donor.upwards(), self.own.upwards(), self.calls, strict=True)
        return [(given, own, appear(call)) for given, own, call in steps]

    def patches(self, places: Sequence[tuple[int, int]]) -> list[list[Show]]:
        """Plays for each place, layer and position: its vector flies from the small run into the large one.

        The answer there tips, and a cell tells it. What was copied before is first put back.
        """
        found: list[list[Show]] = []
        for layer, position in places:
            source, goal = self.donor.vectors[layer][position], self.own.vectors[layer][position]
            row = self.given.pick(layer=layer, position=position)
            copied = Vector(row, goal.width * 135, goal.height * 135, "query", self.scale).move_to(goal)
            after = Forms(self.probs.pick(layer=layer, position=position), self.room)
            back = self.put_back() if found else ()
            found.append([
                (*back, leave(goal), Travel(source, copied, 0.3, "cut" if found else "slow")),
                Flight(copied, copied.copy().move_to(self.answers), 0.0),
                (*self.answers.become(after), leave(copied), appear(self.told[layer][position], rise=False)),
            ])  # fmt: skip
        return found

    def put_back(self) -> tuple[Animation, ...]:
        """The large run answers as it did."""
        return self.answers.become(self.unpatched)

    def others(self, done: Sequence[tuple[int, int]]) -> Animation:
        """All other vectors fly across, one after another, and leave what they lead to."""
        turns = []
        for layer, position in np.ndindex(self.probs.shape[1:]):
            if (layer, position) not in done:
                own = self.own.vectors[layer][position]
                flight = Flight(self.donor.vectors[layer][position], own, 0.15)
                turns.append(AnimationGroup(flight, leave(own), appear(self.told[layer][position], rise=False)))
        return LaggedStart(*turns, lag_ratio=0.3, run_time=pace("slow"))

    def way(self, positions: Sequence[int]) -> VMobject:
        """A line up the layers, through one position of each."""
        cells = [self.told[layer][position][0] for layer, position in enumerate(positions)]
        corners = [cell.get_center() + RIGHT * cell.width / 4 for cell in cells]
        half = UP * (cells[0].height / 2 + units(8))
        return path([corners[0] - half, *corners, corners[-1] + half], "query", 9)


class OneHead:
    """The answer where one head gives what it gives in the other sentence; and without the head that matters.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        least: the probability from which on it is written out.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, key: str, least: float, room: Room) -> None:
        given, off = run[f"{key}_heads"].pick(choice=1), run[f"{key}_off"]
        layer, head, _ = given.largest()
        #: The head that moves most, by layer and place, and where it stands.
        self.at = layer.position, head.position
        left, right = room.split_columns(SMALL + 60, 90)
        heading, rest = left.inset(0, 40).split_rows(60)
        side, body = rest.split_columns(120, 10)
        self.cells, self.names = VGroup(), VGroup()
        for row, line in enumerate(body.rows(len(given), 20)):
            name = word(run[f"{key}_prob"].label("layer", row + 1), "fact", "ink2")
            self.names.add(name.end_in(side.cross(line)))
            for place, share in zip(
                line.columns(given.size("head"), 12), given.pick(layer=row).quantities(), strict=True
            ):
                self.cells.add(shaded(share, bool(share > least), place))
                if not row:
                    letter = Words(letter_of(len(self.cells) - 1), "stage word", "ink2")
                    self.names.add(letter.settle(place.cross(heading).centre))
        self.best = self.cells[int(np.ravel_multi_index(self.at, given.shape))]
        self.prefixes, self.whole, self.without, self.columns = VGroup(), VGroup(), VGroup(), VGroup()
        top, rest = right.split_rows(52, 20)
        heading, body = rest.split_rows(44, 28)
        #: What is translated in all four cases.
        self.source = in_line(run[f"{key}_prob"].words("position"), top.width).move_to(top.centre)
        names = ("all heads", f"without head {letter_of(self.at[1])}")
        for called, column in zip(names, heading.columns(2, 60), strict=True):
            self.columns.add(Words(called, "fact", "ink2").settle(column.centre))
        for part, line in zip(("own", "donor"), body.rows(2, 36), strict=True):
            top, rest = line.split_rows(52, 16)
            words = run[f"{key}_{part}_written"].words("position")[:-1]
            self.prefixes.add(in_line(words, top.width).move_to(top.centre))
            with_, without = (Room(c.left, rest.top, c.right, rest.top + 112) for c in rest.columns(2, 60))
            self.whole.add(Forms(run[f"{key}_prefix"].pick(part=part), with_))
            self.without.add(Forms(off.pick(part=part, layer=self.at[0], head=self.at[1]), without))


class Copying:
    """A head of a decoder alone on letters that come twice, the second copy below the first: where one letter attends.

    Args:
        weights: query × key, of the trained head.
        earlier: head × query × key, of a layer earlier; None without one.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: NamedTensor, earlier: NamedTensor | None, room: Room = STAGE) -> None:
        half, labels = len(weights) // 2, weights.words("query")
        #: The letter that attends most to what followed its earlier copy.
        self.query = max(range(half, 2 * half - 1), key=lambda i: float(weights.values[i, i - half + 1]))
        self.goal = self.query - half + 1
        self.weight = weights.quantity(self.query, self.goal)
        inner, self.chips = room.inset(0, 40).split_rows(BACK + 20)[1], VGroup()
        lines = inner.split_rows(LETTER)[0], inner.split_rows(-LETTER)[1]
        places = [place for line in lines for place in line.columns(half, 14)]
        for label, place in zip(labels, places, strict=True):
            self.chips.add(Token(label, "", place.width, place.height, "large number").move_to(place.centre))
        self.first, self.second = VGroup(*self.chips[:half]), VGroup(*self.chips[half : self.query + 1])
        self.next = self.chips[self.query + 1]
        self.asked = Words("?", "large number", "ink2").settle(self.next.get_center())
        self.lines, self.drawn_weights = VGroup(), []
        for j, weight in enumerate(weights.pick(query=self.query).quantities()[:half]):
            if weight > SEEN:
                thick = THIN + (THICK - THIN) * weight
                line = curve(self.chips[j].get_bottom(), self.chips[self.query].get_top(), "weight", thick)
                ends = End(labels[j], first=True), End(labels[self.query])
                self.lines.add(means(line, Thickness(weight, THICK - THIN, THIN), *ends))
                self.drawn_weights.append(float(weight))
        self.told = number(self.weight, "share", "large number")
        self.told.next_to(self.lines.get_right(), RIGHT, buff=units(30))
        self.back = None if earlier is None else earlier.pick(query=self.goal, key=self.goal - 1).largest()[-1]

    def looks_back(self, back: Quantity) -> list[Show]:
        """A layer earlier, what follows the letter looks back at it, and is marked; the later copy finds that mark."""
        key, query = self.chips[self.goal - 1 : self.goal + 1]
        start, end, lift = key.get_top(), query.get_top(), UP * units(BACK) / 0.75
        arc = VMobject(stroke_color=palette().query, stroke_width=stroke(THIN + (THICK - THIN) * back))
        arc.points = np.array([start, start + lift, end + lift, end])
        means(arc, Thickness(back, THICK - THIN, THIN), End(key.label, first=True), End(query.label))
        told = Words(f"a layer earlier {back:share}", "stage number", "query")
        told.next_to(arc, LEFT, buff=units(24)).set_y(start[1] + units(BACK) / 2)
        mark = Words(f"after “{key.label}”", "stage number", "query").next_to(arc, RIGHT, buff=units(24))
        mark.set_y(told.get_y())
        return [draw(arc), appear(told, mark), Flight(self.second[-1].word, mark, 0.1, "row")]

    def flow(self) -> Callable[[float], Animation]:
        """For `beat(ambient=...)`: pulses along the lines, in proportion to their weights."""
        return pulses(self.lines, self.drawn_weights)


class Stripe:
    """A head of a decoder alone as it learns to continue a repeated sequence, beside its accuracy, step by step.

    Args:
        run: the tensors of the experiment `induction`.
        weights: frame × query × key, of one head.
        off: the accuracy in the end without this head.
        others: the same of other trainings, without the head with the clearest stripe.
        room: the rectangle that is filled.
    """

    def __init__(self, run: Trace, weights: NamedTensor, off: Quantity, others: Sequence[Quantity], room: Room) -> None:
        accuracy, steps, one_layer = run["accuracy"], run["steps"], run["one_layer"]
        since, until = run["rise_steps"].quantities()
        side, body = room.split_columns(room.height, 110)
        self.pattern = Pattern(weights.pick(frame=0), side.width / weights.size("query"))
        self.pattern.shift(side.centre - self.pattern.cells.get_center())
        self.states = [self._state(weights, k) for k in range(len(steps))]
        names = "step of the training", "right letters in the second copy"
        self.plot = Plot(steps.values.tolist(), (0, 1), names, body.width - 260, body.height - 150)
        self.plot.shift(at(body.left, body.bottom - 86) - self.plot.axes[0].get_left())
        self.curve = self.plot.curve(steps, accuracy, "weight", 7)
        steep = tuple(k for k, step in enumerate(steps.values) if since <= step <= until)
        self.rise = self.plot.curve(steps.pick(frame=steep), accuracy.pick(frame=steep), "query", 12)
        self.shallow = self.plot.curve(steps, one_layer, "ink3", 5)
        last, count = float(steps.values[-1]), len(steps) - 1
        self.others = self.plot.dots([steps.quantity(count)] * len(others), others, "ink2", 12)
        runs = Words("head off, other runs", "fact", "ink2")
        self.runs = self.plot.label(runs, last, float(min(others)), LEFT).shift(LEFT * units(12))
        self.ticks = self.plot.ticks([steps.quantity(k) for k in (0, len(steps) // 2, count)], ",.0f", "fact")
        self.ticks.add(*self.plot.shares())
        self.end = self.plot.label(number(accuracy.quantity(count), ".0%", "large number"), last, accuracy.values[-1])
        self.end.shift(RIGHT * units(14))
        level = self.plot.beside(float(run["chance"]))
        self.chance = dashes(level, level + RIGHT * self.plot.axes[0].width, "key", 4)
        means(self.chance, Tick(run["chance"], self.plot.up))
        one = Words(f"one layer {one_layer.quantity(count):.0%}", "fact", "ink3")
        self.one = self.plot.label(one, last, one_layer.values[-1]).shift(UP * units(18))
        whole, without = (self.plot.point(last, float(share)) for share in (accuracy.values[-1], off))
        self.fall = dashes(whole, without, "warning", 6)
        told = Words(f"head off {off:.0%}", "fact", "warning")
        self.off = self.plot.label(told, last, float(off)).shift(DOWN * units(14))

    def _state(self, weights: NamedTensor, frame: int) -> VGroup:
        other = Pattern(weights.pick(frame=frame), self.pattern.pitch * 135)
        return other.shift(self.pattern.cells.get_center() - other.cells.get_center()).lines

    def ablate(self) -> tuple[Animation, ...]:
        """The head goes off, and what is right falls to what is left without it."""
        return OffAndOn(self.pattern.lines, "slow"), draw(self.fall, kind="slow")

    def run(self, kind: str = "tour") -> tuple[Animation, ...]:
        """The pattern passes through the training while the curve is drawn."""
        return Through(self.pattern.lines, self.states, kind), draw(self.curve, kind=kind)
