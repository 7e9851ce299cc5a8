"""A neuron of a feed-forward network: its key and its value, the words for which it fires, and kinds that name it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, VGroup

from scenes.animations import Flight, Travel, appear, appear_in_turn, deal, draw, exchange, follow, lagged, leave
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import ShareBar, bar_in
from scenes.mobjects.marks import Away, Ground, Hue, Length, Tip, means
from scenes.mobjects.planes import Plane, add_at_tip
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, arrow, dashes, dot, quads, rule
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token
from scenes.mobjects.vectors import thin, vector_in
from scenes.mobjects.weighted_sum import Narrow
from scenes.mobjects.widening import activation_bar, all_but, chip_in, rooms, row_name, zero_line
from scenes.theme import at, palette, pixels, signed, units
from transformer_core.studies.focus import EARNED, Focus, layers_of
from transformer_core.studies.measures.feed_forward import OURS
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where a second kind of words separates the activations as well but for this margin, the name is approximate.
CLOSE = 0.02
#: So many kinds of a neuron are told; the share of pairs by chance; how much of the picture, and of its width, they
#: take; how much of its place the bar of a neuron takes.
KINDS, CHANCE, UPPER, WORDS, FULL = 4, 0.5, 0.55, 0.3, 0.7
#: So many neurons of a memory are drawn at most; px of what enters and leaves, and of a name; the shares of the width
#: that keys and bars take, and the least share that is left of a value.
DRAWN, STRIP, NAME, KEYS, BARS, LEAST = 9, 62.0, 50.0, 0.34, 0.22, 0.02
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
    neuron, _ = trace[f"{focus.block}.ffn.post"].pick(batch=0, position=focus.query_token).largest()
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
        wide = min(120.0, ribbon.wide * 0.5)
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
        bar.scale(min(1.0, (at(0, rows[1].bottom + 70)[1] - floor) / bar.height), about_edge=DOWN)
        self.large = VGroup(bar, self.numbers[here].copy().next_to(bar, UP, buff=units(14)))
        heights = self.pattern.get_y(), top[1], floor, floor - units(30)
        told = zip(("its key", "its key", "activation", before), heights, ("key", "key", "ink2", "ink2"), strict=True)
        self.names = [row_name(text, side, y, role) for text, y, role in told]
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
    """The neurons that fire hardest, each with its key, its activation and its value, and what they add up to.

    Args:
        chosen: the neuron that stands on top, and the token whose vector enters.
        summed: how the sum is called.
    """

    def __init__(self, chosen: FollowedNeuron, trace: Trace, summed: str) -> None:
        path, first, at_word = chosen.path, chosen.neuron.position, {"batch": 0, "position": chosen.word}
        keys, values = (trace[f"parameters.{path}.{letter}"] for letter in ("w1", "w2"))
        post, output = (trace[f"{path}.{name}"].pick(**at_word) for name in ("post", "out"))
        after = f"{path.removesuffix('ffn')}resid_ffn"
        before = next(name for name in trace.parents[after] if name != f"{path}.out")
        stream = [trace[name].pick(**at_word) for name in (before, after)]
        side, body = rooms()
        key_column, rest = body.split_columns(body.width * KEYS, 2 * AIR)
        bar_column, value_column = rest.split_columns(body.width * BARS, 2 * AIR)
        top, below = body.split_rows(STRIP, AIR / 2)
        head, below = below.split_rows(NAME, 0)
        lines, foot = below.split_rows(-STRIP, 2 * AIR)
        order = [int(i) for i in np.argsort(-post.values, kind="stable") if i != first and post.values[i] > 0]
        neurons = [first, *order[: DRAWN - 1]]
        self.x = vector_in(key_column.cross(top), entering(trace, path).pick(position=chosen.word), "residual")
        self.chip = chip_in(side, chosen.word, self.x.get_y())
        most = float(post.values[neurons].max()) or 1.0
        scale_in = full_colour(keys.pick(d_ff=first))
        scale_out = full_colour(*(values.pick(d_ff=neuron) for neuron in neurons))
        self.keys, self.values, self.narrowed, self.bars, self.numbers = ([] for _ in range(5))
        for neuron, row in zip(neurons, lines.rows(DRAWN, AIR / 2), strict=False):
            value, tall, place = post.quantity(neuron), row.height, bar_column.cross(row)
            self.keys.append(vector_in(key_column.cross(row), keys.pick(d_ff=neuron), "key", scale_in))
            self.values.append(vector_in(value_column.cross(row), values.pick(d_ff=neuron), "value", scale_out))
            self.narrowed.append(narrow := self.values[-1].copy().stretch(max(abs(float(value)) / most, LEAST), 1))
            means(narrow.plate, Length(value, "height", tall / most, value_column.width, tall * LEAST))
            fill = signed(float(np.sign(value)), 1.0)
            bar = means(bar_in(place, value, (place.width - CHIP) / most, tall, fill=fill, radius=4), Hue(value))
            bar.key = ("entry", value.name, value.index)
            self.bars.append(bar)
            told = number(value, ".2f", "stage number").settle(place.centre)
            self.numbers.append(told.begin_at(bar.get_right()[0] + units(AIR)))
        self.row_name = row_name(f"neuron {post.label('d_ff', first)}", side, self.keys[0].get_y())
        columns = {"key": (key_column, "key"), "activation": (bar_column, "ink2"), "value": (value_column, "value")}
        self.heads = [Words(text, "fact", role).settle(col.cross(head).centre) for text, (col, role) in columns.items()]
        self.output = vector_in(value_column.cross(foot), output, "residual")
        self.stream, self.later = (
            vector_in(key_column.cross(foot), one, "residual", full_colour(*stream)) for one in stream
        )
        under = bar_column.cross(foot)
        self.line = rule(at(under.left, foot.top - AIR), at(body.right, foot.top - AIR), "ink3", 3)
        self.summed = Words(summed, "fact", "ink2").settle(under.centre)
        way = arrow(self.output.get_left(), self.stream.get_right(), "residual", 7, 24)
        self.plus = VGroup(way, Words("+", "title", "residual").next_to(way, DOWN, buff=units(2)))
        self.stream_name = row_name("residual stream", side, self.stream.get_y(), "residual")

    def pair(self, seen: NeuronDetector) -> tuple[list[Any], list[Any]]:
        """The first bar beside the vector, and below the key another word that it was looked at with, if any."""
        high = (self.x.get_y() - self.keys[0].get_y()) * UP
        raised = [part.copy().shift(high) for part in (self.bars[0], self.numbers[0])]
        hands = (seen.others(seen.ribbon.chips), self.chip), (seen.others(seen.numbers), raised[0])
        moves = [(part, top) for others, top in hands for part in others[-1:]]
        return raised, [part.copy().move_to(top, aligned_edge=LEFT).shift(-2 * high) for part, top in moves]

    def weigh(self) -> Animation:
        """Each value keeps so much of its height as its neuron fires hard."""
        return lagged(map(Narrow, self.values, self.narrowed), 0.35, 2.0)

    def pour(self) -> Animation:
        """The values go together into the output, whose entries rise."""
        flights = [Flight(value, self.output, 0.0, kind="row") for value in self.values]
        rise = [Travel(thin(cell), cell, 0.0, "row") for cell in self.output.cells]
        return AnimationGroup(lagged(flights, 0.35, 2.0), lagged(rise, 0.35, 2.0))

    def add_on(self) -> tuple[Animation, ...]:
        """The output goes to the stream, and is added."""
        flight, added = Flight(self.output, self.stream, 0.0, kind="row"), exchange([self.stream], [self.later], "row")
        return AnimationGroup(draw(self.plus[0]), appear(self.plus[1]), flight), *added


class NamedNeurons:
    """The kinds of words that a neuron tells best, and how well every neuron tells its best kind.

    Args:
        trace: with the experiment `neurons`.
        own, named: the layer of the neuron and its place in it, and what it is called.

    `told` are the kinds that it tells best, the best first, and how well.
    """

    def __init__(self, trace: Trace, own: tuple[int, int], named: str) -> None:
        run, earned = trace.under("experiment.neurons"), trace["roles.role_threshold"]
        areas, best = run["area"].pick(layer=own[0], d_ff=own[1]), run["best"]
        top, room = STAGE.split_rows(NAME, AIR)
        self.name = Words(named, "block", "query").begin_in(top)
        above, below = room.split_rows(room.height * UPPER, 2 * AIR)
        head, lines = above.split_rows(NAME)
        names, rest = lines.split_columns(room.width * WORDS, AIR)
        bars, numbers = rest.split_columns(-CHIP, AIR)
        self.kinds, self.tracks, self.bars, self.shares = ([] for _ in range(4))
        order = [int(kind) for kind in np.argsort(-areas.values, kind="stable")[:KINDS]]
        self.told = [(areas.label("kind", kind), areas.quantity(kind)) for kind in order]
        for row, (kind, share) in zip(bars.rows(KINDS, AIR), self.told, strict=True):
            bar = ShareBar(share, row.width, "", row.height, "query").move_to(row.centre)
            self.kinds.append(word(kind, "stage word").end_in(names.cross(row)))
            self.tracks.append(bar.track)
            self.bars.append(bar.bar)
            self.shares.append(number(share, "share", "large number").begin_in(numbers.cross(row)))
        spine = rule(at(middle := (bars.left + bars.right) / 2, lines.top), at(middle, lines.bottom), "ink3", 6)
        chance = Words("chance", "fact", "ink2").settle(head.centre).set_x(spine.get_x())
        self.chance = VGroup(spine, chance).set_z_index(1)
        self.unit = Words("of pairs", "fact", "ink2").begin_in(numbers.cross(head))
        top, plot = below.split_rows(NAME, AIR / 2)
        told = "all neurons: how well each tells its best kind, from chance up"
        self.title = Words(told, "fact", "ink2").begin_in(top)
        places, high = sorted(np.ndindex(best.shape), key=lambda place: -best.values[place]), plot.height / (1 - CHANCE)
        pitch, self.every = plot.width / len(places), VGroup()
        for i, place in enumerate(places):
            value = best.quantity(*place)
            role = "query" if place == own else "weight" if value >= earned else "ink3"
            bar = Box(pitch * FULL, max(high * (float(value) - CHANCE), 1), palette().role(role), 1)
            means(bar, Length(value, "height", high, pitch * FULL, 1, -high * CHANCE))
            self.every.add(bar.move_to(at(plot.left + (i + 0.5) * pitch, plot.bottom), aligned_edge=DOWN))
        self.own = places.index(own)
        level = plot.bottom - high * (earned - CHANCE)
        ends = at(plot.left, level), at(plot.right, level)
        words = Words(f"above {earned:.0%}: a name", "stage word", "weight").settle(at(0, level - NAME / 2))
        self.mark = VGroup(rule(*ends, "weight", 3), words.end_at(ends[1][0]))
