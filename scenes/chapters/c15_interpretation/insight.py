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
    grow,
    leave,
    pulses,
    reshape,
    ring_around,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import SEEN, THICK, THIN
from scenes.mobjects.bars import ShareBar, bar_of
from scenes.mobjects.marks import End, Span, Thickness, Tick, means
from scenes.mobjects.next_tokens import NextTokens, likeliest
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import LARGE
from scenes.mobjects.shapes import Box, curve, dashes, rule, stream_band, stroke
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import at, pace, palette, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Stops of a deep stack that are tapped at most, and words that are listed at each.
STOPS, LISTED = 4, 5
#: Px of a panel's head and foot.
HEAD, FOOT, INSET = 68.0, 74.0, 26.0
#: Px of the stream's band, of a vector that stands on it, and of the box that reads it.
BAND, UPRIGHT, READER = 26.0, (78.0, 132.0), 68.0
#: Px of a vector that is patched, of the probability below it, and of the names between both runs.
PATCHED, BELOW, BETWEEN = 58.0, 44.0, 168.0
#: Px of a letter that comes twice.
LETTER = 104.0
#: Px that the arc of a layer earlier rises, above the letters.
BACK = 120.0
#: Animations that play together, or one alone.
Show: TypeAlias = Animation | tuple[Animation, ...]


class AblatedHeads(VGroup):
    """A panel for each head: its pattern, and a bar of what comes out right without it.

    Args:
        weights: for each layer, head × query × key.
        right: the share that is right, "model layer head": with all heads, and with one off.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: Sequence[NamedTensor], right: NamedTensor, room: Room = STAGE) -> None:
        layers, self.heads = right.shape[1:]
        self.papers, self.names, self.grids, self.bars, self.numbers = (VGroup() for _ in range(5))
        #: What is right with all heads and without each, and the bars of the latter.
        self.shares: list[list[Quantity]] = []
        self.after: list[Box] = []
        places = [place for row in room.rows(layers, 24) for place in row.columns(self.heads, 24)]
        for k, place in enumerate(places):
            layer, head = divmod(k, self.heads)
            paper = Box(place.width, place.height, palette().background, 14).move_to(place.centre)
            top, rest = place.inset(INSET, 0).split_rows(HEAD)
            body, foot = rest.split_rows(-FOOT)
            side, beside = body.split_columns(min(body.height, body.width * 0.55), 20)
            shares = [right.quantity(k, layer, head) for k in (0, 1)]
            bar, after = (ShareBar(share, foot.width, "", 34).move_to(foot.centre) for share in shares)
            self.papers.add(paper)
            name = f"head {letter_of(head)}, {layer_name(layer)}"
            self.names.add(Words(name, "fact", "ink2", paper).begin_in(top))
            self.grids.add(SmallGrid(weights[layer][head], side.width).move_to(side.centre))
            self.numbers.add(Words(f"{shares[0]:.1%}", "large number", paper=paper).end_in(beside))
            self.bars.add(bar)
            self.after.append(after.bar)
            self.shares.append(shares)
        super().__init__(self.papers, self.names, self.grids, self.bars, self.numbers)

    def place(self, layer: int, head: int) -> int:
        """The place of a head's panel."""
        return layer * self.heads + head

    def ablate(self, places: Sequence[int], kind: str = "tour") -> Animation:
        """Switch one head off after another: its bar falls to the accuracy without it, and it comes on again."""
        turns = (
            AnimationGroup(
                OffAndOn(self.grids[k][1], "slow"),
                reshape(self.bars[k].bar, self.after[k], "slow"),
                Count(self.numbers[k], self.shares[k], ".1%", "slow"),
            )
            for k in places
        )
        return LaggedStart(*turns, lag_ratio=0.35, run_time=pace(kind))

    def again(self, *places: int) -> Animation:
        """Heads go off and come on again, by default all of them; nothing is counted."""
        turns = [OffAndOn(self.grids[place][1], "slow") for place in places or range(len(self.grids))]
        return LaggedStart(*turns, lag_ratio=0.35, run_time=pace("tour" if len(turns) > 2 else "slow"))


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

    def grown(self, i: int, *found: VMobject) -> list[Show]:
        """The same, where bars with their numbers come out of it: they grow where they stand."""
        bars, numbers = zip(*found, strict=True)
        return [
            Flight(self.vectors[i], self.slots[i], 0.0, kind="row"),
            tuple(grow(b, DOWN) for b in bars),
            appear(*numbers),
        ]


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
        self.tops = [row.label("vocab", 0) for row in tops]
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


class ProbeBars:
    """For each tap the share that a linear probe tells rightly, beside that of a probe for genders dealt by chance.

    Args:
        taps: the stream.
        told, control: by layer.
        majority: what always the more frequent answer would get: a dashed line.
    """

    def __init__(self, taps: Taps, told: NamedTensor, control: NamedTensor, majority: Quantity) -> None:
        self.bars, self.lines, self.names = VGroup(), VGroup(), VGroup()
        for k, column in zip(taps.shown, taps.columns, strict=True):
            above, foot = column.split_rows(-52)
            body, span, pair = above.split_rows(56)[1], Span(1, 0.0, 1.0), VGroup()
            middle, level = (column.left + column.right) / 2, body.bottom - body.height * float(majority)
            for share, role, name, x in (
                (told.quantity(k), "weight", "gender", -85),
                (control.quantity(k), "ink3", "control", 85),
            ):
                bar = bar_of(share, "height", body.height, 140, role)
                bar.move_to(at(middle + x, body.bottom), aligned_edge=DOWN)
                text = number(share, "share", "stage number").next_to(bar, UP, buff=units(10))
                # Above the line of chance, too, which would run through it.
                pair.add(VGroup(bar, text.shift(UP * max(0, at(0, level - 10)[1] - text.get_bottom()[1]))))
                self.names.add(Words(name, "fact", "ink2").settle(at(middle + x, (foot.top + foot.bottom) / 2 + 4)))
            post = rule(at(middle - 180, body.bottom), at(middle - 180, body.top), "ink3", 2.5)
            line = dashes(at(middle - 180, level), at(middle + 180, level), "query", 4)
            self.lines.add(VGroup(means(post, span), means(line, Tick(majority, span))))
            self.bars.add(pair)
        self.chance = Words(f"chance {majority:.0%}", "fact", "query")
        self.chance.settle(at(0, level)).end_at(self.lines[0].get_left()[0] - units(20))


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
    """A run of the encoder: tokens along the foot, their vectors before the first layer and after each, an answer."""

    def __init__(self, rows: NamedTensor, probs: NamedTensor, scale: float, room: Room) -> None:
        top, rest = room.split_rows(124, 30)
        body, foot = rest.split_rows(-60, 16)
        words = rows.words("position")
        self.tokens, self.vectors = VGroup(), VGroup()
        self.places = [line.columns(len(words), 12) for line in reversed(body.rows(rows.size("layer"), 10))]
        for label, place in zip(words, foot.columns(len(words), 12), strict=True):
            self.tokens.add(Token(label, "", place.width, 60, "stage word").move_to(place.centre))
        for layer, line in zip(rows, self.places, strict=True):
            self.vectors.add(VGroup())
            for row, place in zip(layer, line, strict=True):
                vector = Vector(row, place.width, PATCHED, "residual", scale)
                self.vectors[-1].add(vector.move_to(place.split_rows(-BELOW)[0].centre))
        self.answer = Forms(probs, top)

    def upwards(self) -> list[Animation]:
        """The vectors come out of the tokens, and those of each layer out of the ones below; then the answer."""
        return [
            AnimationGroup(*(Travel(a, b, 0.0, "row") for a, b in zip(lower, line, strict=True)))
            for lower, line in pairwise([self.tokens, *self.vectors])
        ]


class TwoPasses:
    """Two runs side by side: a vector of the left one is copied into the right one, and the answer there tips.

    Args:
        run: the recorded transplants, by the name of each tensor.
        key: the name of the pair of sentences.
        room: the rectangle that is filled.

    `told[layer][position]` is the probability of the other form that the transplant there leads to.
    """

    def __init__(self, run: Trace, key: str, room: Room) -> None:
        rows, given = run[f"{key}_rows"], run[f"{key}_donor_rows"]
        self.probs, unpatched = run[f"{key}_prob"], run[f"{key}_unpatched"]
        scale, (left, right) = max(full_colour(rows), full_colour(given)), room.columns(2, BETWEEN)
        self.donor = OneRun(given, unpatched.pick(part="donor"), scale, left)
        self.own = OneRun(rows, unpatched.pick(part="own"), scale, right)
        self.unpatched = Forms(unpatched.pick(part="own"), right.split_rows(124)[0])
        self.answers, self.room, self.scale, self.given = self.own.answer, right, scale, given
        self.calls, self.told = VGroup(), []
        for layer, line in enumerate(self.own.places):
            call = word(rows.label("layer", layer), "fact", "ink2")
            self.calls.add(call.settle(np.array([room.centre[0], self.own.vectors[layer].get_y(), 0])))
            shares = self.probs.pick(choice=1, layer=layer).quantities()
            texts = [number(share, "share", "stage number") for share in shares]
            spots = [place.split_rows(-BELOW, 4)[1].centre for place in line]
            self.told.append(VGroup(text.settle(spot) for text, spot in zip(texts, spots, strict=True)))

    def forward(self) -> list[tuple[Animation, ...]]:
        """Both runs, layer by layer, up to their answers."""
        steps = zip(self.donor.upwards(), self.own.upwards(), self.calls, strict=True)
        return [(given, own, appear(call)) for given, own, call in steps]

    def patches(self, places: Sequence[tuple[int, int]]) -> list[list[Show]]:
        """Plays for each place, layer and position: its vector flies from the left run into the right one.

        The answer there tips. What was copied before is first put back.
        """
        found: list[list[Show]] = []
        for layer, position in places:
            source, goal = self.donor.vectors[layer][position], self.own.vectors[layer][position]
            row = self.given.pick(layer=layer, position=position)
            back: list[Show] = [self.put_back()] if found else []
            self.copied = Vector(row, goal.width * 135, PATCHED, "query", self.scale).move_to(goal)
            after = Forms(self.probs.pick(layer=layer, position=position), self.room.split_rows(124)[0])
            found.append([
                *back,
                Travel(source, self.copied, 0.3, "cut" if found else "slow"),
                Flight(self.copied, self.copied.copy().move_to(self.answers), 0.0),
                self.answers.become(after),
                appear(self.told[layer][position]),
            ])  # fmt: skip
        return found

    def put_back(self) -> tuple[Animation, ...]:
        """The right run is as it was."""
        return leave(self.copied), *self.answers.become(self.unpatched)

    def others(self, done: Sequence[tuple[int, int]]) -> Animation:
        """All other vectors fly across, one after another, and leave what they lead to."""
        turns = [
            AnimationGroup(
                Flight(self.donor.vectors[layer][position], self.own.vectors[layer][position], 0.15),
                appear(self.told[layer][position], rise=False),
            )
            for layer, position in np.ndindex(self.probs.shape[1:])
            if (layer, position) not in done
        ]
        return LaggedStart(*turns, lag_ratio=0.3, run_time=pace("slow"))


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
