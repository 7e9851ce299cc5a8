"""A neuron of a feed-forward network: its key and its value, the words for which it fires, and kinds that name it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup

from scenes.animations import Flight, Travel, appear, appear_in_turn, deal, draw, exchange, follow, lagged, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.marks import Away, AxisSpan, Ground, Length, Tick, Tip, means
from scenes.mobjects.planes import Plane, add_at_tip
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import arrow, dashes, dot, quads, rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import Vector, thin, vector_in
from scenes.mobjects.weighted_sum import Narrow
from scenes.mobjects.widening import activation_bar, all_but, chip_in, rooms, row_name, zero_line
from scenes.theme import at, palette, pixels, signed, units
from transformer_core.studies.focus import EARNED, Focus, layers_of
from transformer_core.studies.measures.feed_forward import OURS
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where a second kind of words separates the activations as well but for this margin, the name is approximate.
CLOSE = 0.02
#: So many kinds of a neuron are told; the share of pairs by chance; px from one neuron to the next.
KINDS, CHANCE, PILE = 4, 0.5, 13.0
#: So many neurons of a memory are drawn at most; px from one to the next, of a value, below the zero line and for a
#: name there; and at the left for the sum, with the shares of it at which the stream and the output stand.
DRAWN, PITCH, VALUE, HANG, NAME, SUMS, SHARES = 9, 112.0, 84.0, 280.0, 50.0, 430.0, (0.02, 0.7)
#: The share of the width that the plane of a key takes; px of a dot in it, and kept for a chip; how dark is the ground.
PLANE, SPOT, CHIP, DARK = 0.5, 11.0, 140.0, 0.65
#: Px of the strips before they are arrows, from the tip of an arrow to its chip, and what stands beside a line.
TALL, BEYOND, AIR = 96.0, (12, 40, 80, 120), 16.0


class FollowedNeuron(NamedTuple):
    """A neuron, the token for which it fires, and the kind of words that names it, if one does."""

    stack: str
    layer: int
    word: Label
    neuron: Label
    kind: Label | None = None
    score: Quantity | None = None

    @property
    def path(self) -> str:
        return f"{self.stack}.{self.layer}.ffn"


def followed(trace: Trace, focus: Focus) -> FollowedNeuron:
    """The named neuron that fires most for the query token, or for another word; else the one that fires hardest."""
    if trace.about.get("model") == OURS and (found := _named(trace, focus.query_token)):
        return found
    post = trace[f"{focus.block}.ffn.post"].pick(batch=0, position=focus.query_token)
    neuron, _ = post.largest()
    return FollowedNeuron(focus.stack, focus.layer, focus.query_token, neuron)


def _named(trace: Trace, token: Label) -> FollowedNeuron | None:
    best, area = trace["experiment.neurons.best"].values, trace["experiment.neurons.area"]
    named = np.stack(
        [trace[f"encoder.{layer}.ffn.named_after"].values * (best[layer] >= EARNED) for layer in layers_of(trace)]
    )
    for where in ([token.position], range(named.shape[1])):
        chosen = named[:, list(where)]
        if chosen.max() > 0:
            layer, at_word, unit = (int(i) for i in np.unravel_index(int(chosen.argmax()), chosen.shape))
            post = trace[f"encoder.{layer}.ffn.post"].pick(batch=0)
            kind, score = area.pick(layer=layer, d_ff=unit).largest()
            word, neuron = post.label("position", list(where)[at_word]), post.label("d_ff", unit)
            return FollowedNeuron("encoder", layer, word, neuron, kind, score)
    return None


def entering(trace: Trace, path: str, reader: str = "pre") -> NamedTensor:
    """The vectors that a sublayer reads, as the trace says: position × d_model; of an attention the `reader` is "q"."""
    return trace[trace.parents[f"{path}.{reader}"][0]].pick(batch=0)


class NeuronDetector:
    """Vectors and the key of a neuron in a plane that is stretched along the key, and what they make the neuron do.

    Args:
        chosen: the neuron, and the token that is followed.
        before: what the neuron before the activation is called.

    How far a vector reaches along the key is their dot product. Where that plus the bias is zero, the zero line of the
    bars at the right is a threshold: each is as long as its vector reaches beyond.
    """

    def __init__(self, chosen: FollowedNeuron, trace: Trace, before: str) -> None:
        x, unit = entering(trace, chosen.path), chosen.neuron.position
        key, bias = (f"parameters.{chosen.path}.{letter}" for letter in ("w1", "b1"))
        pre, post = (trace[f"{chosen.path}.{name}"].pick(batch=0, d_ff=unit) for name in ("pre", "post"))
        spots, w1 = trace[f"{chosen.path}.key_plane"].pick(batch=0, d_ff=unit), trace[key].pick(d_ff=unit)
        feet = [trace[bias].pick(d_ff=(unit,))] if bias in trace else []
        side, body = rooms()
        left, right = body.split_columns(body.width * PLANE, 40)
        self.ribbon = ribbon = Ribbon(x.words("position"), right)
        self.here = here = ribbon.place(chosen.word)
        plot = body.cross(ribbon.below(right)).inset(0, 56)
        self.zero, one, floor, ground = zero_line(plot, pre, post, *feet)
        self.zero.key = "zero"
        self.read, self.one, self.floor = x[here], one, floor
        self.wide = wide = min(120.0, ribbon.wide * 0.5)
        style = "stage number" if ribbon.wide >= 120 else "cell"

        def standing(values: NamedTensor) -> tuple[VGroup, VGroup]:
            made, told = VGroup(), VGroup()
            for i, value in enumerate(values.quantities()):
                bar = activation_bar(value, one, wide, ribbon.centre(i), floor, ground)
                made.add(bar)
                spot = bar.get_top() + UP * units(28) if value >= 0 else bar.get_bottom() + DOWN * units(28)
                told.add(number(value, ".2f", style).settle(spot))
            return made, told

        self.before, self.numbers_before = standing(pre)
        self.after, self.numbers = standing(post)
        foot = np.array([at(left.left, 0)[0], floor + sum(float(b.values[0]) for b in feet) * one, 0])
        self.origin = means(dot(foot, SPOT, "ink2"), plane := Ground())
        scale = (left.width - CHIP) / float(spots.values[:, 0].max()), pixels(one) * float(np.linalg.norm(w1.values))
        self.arrows, self.drops, self.feet, self.chips = VGroup(), VGroup(), VGroup(), VGroup()
        for spot, value in zip(spots, pre.quantities(), strict=True):
            tip = foot + np.array([*spot.values, 0]) * units(1) * (*scale, 0)
            lead = Plane.line(foot, tip, "residual", 9, 30)
            across, up = spot.quantities()
            self.arrows.add(means(lead, Tip(across, up, scale, 2 * SPOT, plane, fixed=True)))
            end = tip * UP + foot * RIGHT
            self.drops.add(dashes(tip, end, "ink2", 3))
            look = signed(1.0 if value >= 0 else -1.0, 1.0)
            self.feet.add(means(dot(end, SPOT).set_fill(look), Away(value, 0.0, 1, pixels(one), 2 * SPOT, ground)))
        for count, i in enumerate(sorted(range(len(x)), key=lambda i: i != here)):
            for air in BEYOND:
                if len(self.chips) == count:
                    add_at_tip(self.chips, Token(x.label("position", i)).set_z_index(1), self.arrows[i], air)
        height, edge = self.arrows[here][-1].points[0][1] * UP, RIGHT * self.before[here].get_left()[0]
        #: The way on from the arrow that is followed to the end of its bar.
        self.level = dashes(self.chips[0].get_right() * RIGHT + height, edge + height, "ink2", 3)
        #: How far the vector that is followed reaches beyond the threshold.
        self.reach = activation_bar(pre.quantity(here), one, 2 * SPOT, foot[0], floor, ground)
        top, low = (np.array([foot[0], at(0, edge)[1], 0]) for edge in (plot.top - 56, plot.bottom + 20))
        self.key = arrow(low, top, "key", 9, 30)
        #: The ground on which the neuron does not fire.
        start, end, low = at(body.left, 0)[0], at(body.right, 0)[0], at(0, body.bottom)[1]
        corners = (start, floor), (end, floor), (end, low), (start, low)
        self.dark = quads(np.array([corners]), fill_color=palette().background, fill_opacity=DARK, stroke_width=0)
        # The vector, the key and the bar of the token that is followed, before they are seen in the plane.
        rows = Room(body.left, STAGE.top, body.right, STAGE.top + 2 * TALL + 12).rows(2, 12)
        self.chip = chip_in(side, x.label("position", here), rows[0].centre[1])
        self.x, self.pattern = vector_in(rows[0], x[here], "residual", full_colour(x)), vector_in(rows[1], w1, "key")
        bar = self.after[here].copy().set_x(body.centre[0])
        room = at(0, rows[1].bottom + 70)[1] - floor
        bar.scale(min(1.0, room / bar.height), about_edge=DOWN)
        self.large = VGroup(bar, self.numbers[here].copy().next_to(bar, UP, buff=units(14)))
        self.names = [
            row_name(text, side, y, role)
            for text, y, role in (
                ("its key", self.pattern.get_y(), "key"), ("its key", top[1], "key"), ("activation", floor, "ink2"),
                (before, floor - units(30), "ink2"),
            )
        ]  # fmt: skip
        above = Words("fires above", "stage word", "focus").end_in(left).stand_on(floor + units(AIR))
        along = Words("stretched along the key", "stage word", "ink2").begin_at(foot[0] + units(2 * AIR))
        self.names += [above, along.stand_on(at(0, body.bottom)[1])]
        self.threshold = rule(self.zero.get_left(), self.zero.get_right(), "focus", 5)

    def fold(self) -> tuple[Animation, ...]:
        """Vector and key become arrows, and the bar stands on the key."""
        old = self.x, self.pattern, self.names[0], self.large[0], self.chip
        new = self.arrows[self.here], self.key, self.names[1], self.reach, self.ribbon.chips[self.here]
        return *exchange(old, new, "row"), leave(self.names[2], self.large[1])

    def measure(self) -> list[Any]:
        """The arrow reaches so far along the key, and what lies beyond the threshold is the bar."""
        bar, told = self.before[self.here], self.numbers_before[self.here]
        return [
            appear(self.origin, self.chips[0], self.names[5]),
            (draw(self.drops[self.here]), appear(self.feet[self.here])),
            (draw(self.threshold), *map(follow, self.names[3:5])),
            (Travel(self.reach, bar, kind="row"), draw(self.level, kind="row"), follow(told)),
        ]

    def meet(self) -> list[Animation | None]:
        """The other vectors come from the same origin, and the shadow of each is dealt out as a bar."""
        others = all_but(self.here, self.arrows)
        return [
            AnimationGroup(draw(*others, kind="row"), appear(*self.chips[1:], *self.others(self.ribbon.chips))),
            AnimationGroup(draw(*self.others(self.drops), kind="row"), appear_in_turn(self.others(self.feet))),
            deal(*map(self.others, (self.feet, self.before)), kind="slow"),
            appear(*self.others(self.numbers_before)),
        ]

    def others(self, *hands: Iterable[Any]) -> list[Any]:
        """The parts of all tokens except the one that is followed."""
        return all_but(self.here, *hands)


class KeyValueMemory:
    """The neurons that fire hardest as bars on one zero line, their values hanging below, and what these add up to.

    Args:
        chosen: the neuron that was looked at, and the token whose vector enters.
        detector: how it was looked at: its bar stays where it stands, if there is room for values below.
        summed: how the sum is called.
    """

    def __init__(self, chosen: FollowedNeuron, trace: Trace, detector: NeuronDetector, summed: str) -> None:
        path, first, at_word = chosen.path, chosen.neuron.position, {"batch": 0, "position": chosen.word}
        post, output = (trace[f"{path}.{name}"].pick(**at_word) for name in ("post", "out"))
        after = f"{path.removesuffix('ffn')}resid_ffn"
        before = next(name for name in trace.parents[after] if name != f"{path}.out")
        stream = [trace[name].pick(**at_word) for name in (before, after)]
        side, body = rooms()
        column, x = detector.ribbon.columns[detector.here], detector.ribbon.centre(detector.here)
        row = Room(body.left, STAGE.top, column.left - AIR, column.top)
        self.chip, self.x = detector.ribbon.chips[detector.here], vector_in(row, detector.read, "residual")
        lowest, highest = at(0, STAGE.bottom - HANG)[1], at(0, column.top + HANG)[1]
        floor = min(max(detector.floor, lowest), highest)
        self.zero, ground = detector.zero.copy().set_y(floor), detector.zero.meanings[0]
        # Columns to either side of that of the neuron, the nearest first.
        ways = range(-DRAWN, DRAWN + 1)
        spots = [x + units(PITCH * way) for way in sorted(ways, key=abs)]
        start, end = at(body.left + SUMS, 0)[0], at(body.right - PITCH / 2, 0)[0]
        spots = [x, *(spot for spot in spots[1:] if start <= spot <= end)][:DRAWN]
        order = [int(i) for i in np.argsort(-post.values, kind="stable") if i != first and post.values[i] > 0]
        neurons = [first, *order[: len(spots) - 1]]
        most = float(post.values[neurons].max()) or 1.0
        one = min(detector.one, (at(0, column.top + TALL)[1] - floor) / most)
        values = trace[f"parameters.{path}.w2"]
        below = Room(side.left, STAGE.bottom - HANG + AIR, body.right, STAGE.bottom - NAME)
        look = VALUE, below.height, "value", full_colour(*(values.pick(d_ff=neuron) for neuron in neurons)), True
        self.values, self.narrowed, self.bars, self.numbers = ([] for _ in range(4))
        for neuron, spot in zip(neurons, spots, strict=False):
            value, centre = post.quantity(neuron), np.array([spot, below.centre[1], 0])
            self.values.append(Vector(values.pick(d_ff=neuron), *look).move_to(centre))
            self.narrowed.append(narrow := self.values[-1].copy().stretch(max(abs(float(value)) / most, 0.02), 0))
            means(narrow.plate, Length(value, "width", VALUE / most, below.height, VALUE * 0.02))
            self.bars.append(activation_bar(value, one, detector.wide, spot, floor, ground))
            self.numbers.append(number(value, ".2f", "stage number").next_to(self.bars[-1], UP, buff=units(AIR)))
        self.names = row_name("activation", side, floor), row_name("its value", side, below.centre[1], "value")
        #: Another word that the neuron was looked at with, and what it does for that, where there is one.
        self.other = [part for hand in (detector.ribbon.chips, detector.numbers) for part in detector.others(hand)[-1:]]
        away = [np.array([at(body.left + share * SUMS, 0)[0], below.centre[1], 0]) for share in SHARES]
        self.output = Vector(output, VALUE, below.height, "residual", upright=True).move_to(away[1])
        self.stream, self.later = (
            Vector(one, VALUE, below.height, "residual", full_colour(*stream), True).move_to(away[0]) for one in stream
        )
        self.summed, self.stream_name = (
            Words(text, "fact", role).settle(part.get_bottom() + DOWN * units(NAME / 2 + AIR / 2))
            for text, role, part in ((summed, "ink2", self.output), ("residual stream", "residual", self.stream))
        )
        way = arrow(self.output.get_left(), self.stream.get_right(), "residual", 7, 24)
        self.plus = VGroup(way, Words("+", "title", "residual").next_to(way, DOWN, buff=units(2)))

    def weigh(self) -> Animation:
        """Each value keeps so much of its width as its neuron fires hard."""
        return lagged(map(Narrow, self.values, self.narrowed), 0.35, 2.0)

    def pour(self) -> Animation:
        """The values go together into the output, whose entries rise."""
        flights = [Flight(value, self.output, 0.0, kind="row") for value in self.values]
        rise = [Travel(thin(cell), cell, 0.0, "row") for cell in self.output.cells]
        return AnimationGroup(appear(self.output.plate), lagged(flights, 0.35, 2.0), lagged(rise, 0.35, 2.0))

    def add_on(self) -> tuple[Animation, ...]:
        """The output goes to the stream, and is added."""
        flight = Flight(self.output, self.stream, 0.0, kind="row")
        return AnimationGroup(draw(self.plus[0]), appear(self.plus[1]), flight), Travel(
            self.stream, self.later, 0.0, leaving=True
        )


class NamedNeurons:
    """Shares of pairs in which a neuron tells the kinds that it tells best, and below every neuron tells its best kind.

    Each is a dot over one axis, from chance to all pairs.

    Args:
        trace: with the experiment `neurons`.
        own, named: the layer of the neuron and its place in it, and what it is called.

    `told` are the kinds that it tells best, the best first, and how well.
    """

    def __init__(self, trace: Trace, own: tuple[int, int], named: str) -> None:
        run, earned = trace.under("experiment.neurons"), trace["roles.role_threshold"]
        areas, best = run["area"].pick(layer=own[0], d_ff=own[1]), run["best"]
        above, foot = STAGE.split_rows(-NAME)
        span, piled = AxisSpan(0, min(CHANCE, float(best.values.min())), 1), Counter[int]()
        self.dots, self.names, self.every = VGroup(), VGroup(), VGroup()
        line = means(rule(at(foot.left, foot.top), at(foot.right - CHIP, foot.top), "ink3", 4), span)
        self.axis = VGroup(line)
        for text, share in (("chance", CHANCE), ("all pairs", 1.0)):
            self.axis.add(Words(text, "fact", "ink2").settle(foot.centre).set_x(span.spot(share, line)))
        order = [int(kind) for kind in np.argsort(-areas.values, kind="stable")[:KINDS]]
        self.told = [(areas.label("kind", kind), areas.quantity(kind)) for kind in order]
        for (kind, share), row in zip(self.told, above.split_rows(KINDS * TALL)[0].rows(KINDS, 0), strict=True):
            spot = np.array([span.spot(share, line), row.centre[1], 0])
            self.dots.add(means(dot(spot, 2 * SPOT, "query"), Tick(share, span)))
            told = VGroup(word(kind, "stage word"), number(share, "share", "large number", "query"))
            side = LEFT if spot[0] > 0 else RIGHT
            self.names.add(told.arrange(RIGHT, buff=units(AIR)).next_to(self.dots[-1], side, buff=units(AIR)))
            told[0].stand_on(told[1].baseline)
        for place in sorted(np.ndindex(best.shape), key=lambda place: place != own):
            value = best.quantity(*place)
            x = span.spot(value, line)
            piled[column := int(pixels(x) // PILE)] += 1
            spot = np.array([x, line.get_y() + units(PILE * piled[column]), 0])
            role = "query" if place == own else "weight" if value >= earned else "ink3"
            self.every.add(means(dot(spot, PILE * 0.45, role), Tick(value, span)))
        level = span.spot(earned, line) * RIGHT + line.get_y() * UP
        self.mark = VGroup(means(dashes(level, level + UP * units(HANG / 2), "weight", 4), Tick(earned, span)))
        told = Words(f"above {earned:.0%}: a name", "stage word", "weight")
        self.mark.add(told.next_to(self.mark[0], UP, buff=units(AIR)))
        self.title = Words(f"all neurons by their best kind; in yellow, {named}", "fact", "ink2")
        self.title.stand_on(told.baseline).begin_at(at(foot.left + 2 * NAME, 0)[0])
