"""The likeliest next tokens as a list of bars, what rules make of it, and the texts that are written by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import appear_in_turn, draw, flow
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import AxisSpan, Tick, means
from scenes.mobjects.region import Region
from scenes.mobjects.shapes import dashes, dot, frame, path, rule
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, pixels, units
from transformer_core.studies.measures.sampling import LISTED
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: The prompt that leaves little open, and the one that leaves much.
PROMPTS = ("closed", "open")
#: Px between a token and its number, and between that and its bar; and px of a number.
SPACE, DIGITS = 22.0, 118.0
#: Px of the names of rules.
TITLES = 360.0


class NextTokens(VGroup):
    """Tokens from the likeliest down, in columns: the name of each, its probability, and a bar as long as that.

    Args:
        probs: the probabilities of the tokens, along one labelled axis.
        room: the rectangle that is filled; `whole` px are a probability of one, the room for a bar by default.
        others: what all other tokens have together, and what they are called: a last line.
        spec: how a probability is written.

    Example::

        run, room = trace.under("experiment.continuations"), Room(360, 190, 1560, 690)
        probs = run["closed_by_temperature"].pick(temperature=8, rank=slice(0, 10))
        figure = NextTokens(probs, room)
    """

    def __init__(
        self,
        probs: NamedTensor,
        room: Room,
        others: tuple[Quantity, str] | None = None,
        whole: float = 0.0,
        spec: str = ".1%",
    ) -> None:
        self.room, self.spec, labels = room, spec, probs.words(probs.axes[0])
        lines = len(probs) + (others is not None)
        self.pitch = min(76.0, room.height / lines)
        style = "stage word" if self.pitch > 42 else "token" if self.pitch > 34 else "small token"
        self.names = VGroup(word(label, style) for label in labels)
        titles = [*self.names, *([Words(others[1], "fact", "ink2")] if others else [])]
        wide = pixels(max(float(title.width) for title in titles))
        self.whole = whole or room.width - wide - DIGITS - 2 * SPACE
        self.high = self.pitch * 0.62
        middles = room.top + (room.height - self.pitch * lines) / 2 + self.pitch * (np.arange(lines) + 0.5)
        self.spots = [at(room.left + wide + DIGITS + 2 * SPACE, y) for y in middles]
        for title, y in zip(titles, middles, strict=True):
            title.settle(at(room.left, y)).end_at(at(room.left + wide, y)[0])
        shares = [*probs.quantities(), *(others[:1] if others else [])]
        numbers = [
            self._number(share, room.left + wide + SPACE + DIGITS, y) for share, y in zip(shares, middles, strict=True)
        ]
        self.numbers = VGroup(numbers[: len(probs)])
        self.rest = VGroup(*titles[len(probs) :], *numbers[len(probs) :])
        self.bars = self.state(probs, others[0] if others else None)
        super().__init__(self.names, self.numbers, self.bars, self.rest)

    def _number(self, share: Quantity, right: float, y: float) -> Words:
        return number(share, self.spec, "large cell", "ink2").settle(at(right, y)).end_at(at(right, y)[0])

    def state(self, probs: NamedTensor, others: Quantity | None = None) -> VGroup:
        """The bars of other probabilities of the same tokens, where these stand."""
        bars = VGroup()
        for place, share in enumerate([*probs.quantities(), *([] if others is None else [others])]):
            role = "ink3" if place == len(probs) else "weight"
            bars.add(
                bar_of(share, "width", self.whole, self.high, role, 4).move_to(self.spots[place], aligned_edge=LEFT)
            )
        return bars


class Scissors(VGroup):
    """A pair of scissors, and the line along which they cut."""

    def __init__(self, start: np.ndarray, end: np.ndarray) -> None:
        self.line = dashes(start, end, "query", 4)
        along, up, _ = end - start
        #: The way of the middle, half a pair of scissors short at both ends.
        half = (end - start) / np.hypot(along, up) * units(34)
        self.way = rule(start + half, end - half)
        sides = (UP, DOWN)
        blades = [path([-side * units(9), RIGHT * units(44) + side * units(9)], "query", 5) for side in sides]
        grips = [frame(20, 20, "query", 5, 10).move_to(LEFT * units(14) - side * units(13)) for side in sides]
        self.pair = VGroup(*blades, *grips).rotate(np.arctan2(up, along)).move_to(start)
        super().__init__(self.line, self.pair)

    def cut(self) -> tuple[Animation, ...]:
        """The scissors run along their line, which grows behind them."""
        return flow(self.pair, self.way, "row"), draw(self.line, kind="row")


class TemperatureKnob(VGroup):
    """A handle on a track of temperatures, with the one that is chosen written beside it.

    `states` are the places of the handle, one for each of the temperatures.
    """

    def __init__(self, temperatures: Sequence[Quantity], chosen: int, room: Room) -> None:
        span = AxisSpan(0, float(temperatures[0]), float(temperatures[-1]))
        self.label = Words(f"temperature {temperatures[chosen]:.1f}", "stage number").begin_in(room)
        left = float(self.label.get_right()[0]) + units(50)
        y, right = room.centre[1], float(at(room.right, 0)[0]) - units(16)
        self.track = means(rule(np.array([left, y, 0]), np.array([right, y, 0]), "ink3", 5), span)
        self.states = [VGroup(self._handle(one, span)) for one in temperatures]
        self.handle = self.states[chosen].copy()
        super().__init__(self.label, self.track, self.handle)

    def _handle(self, temperature: Quantity, span: AxisSpan) -> VMobject:
        place = np.array([span.spot(float(temperature), self.track), self.track.get_y(), 0])
        return means(dot(place, 17, "query"), Tick(temperature, span))


class SampledTexts(VGroup):
    """Texts that rules draw after one prompt by the same random numbers, a line each, with words of the tail in red.

    Args:
        real: `experiment.continuations`; of each rule, the last text that was drawn.
        titles: what the rules are called on screen, by their names.
        room: the rectangle that is filled.
    """

    def __init__(self, real: Trace, titles: Mapping[str, str], room: Room) -> None:
        last = int(real["draws"]) - 1
        self.titles, self.lines = VGroup(), VGroup()
        #: How many words of each line are of the tail.
        self.tails: dict[str, int] = {}
        for (name, title), row in zip(titles.items(), room.rows(len(titles)), strict=True):
            side, line = row.split_columns(TITLES, 40)
            self.titles.add(Words(title, "block", "query").begin_in(side))
            words, tail = (real[f"{name}_{part}_{last}"] for part in ("text", "tail"))
            self.tails[name] = int(tail.values.sum())
            text = VGroup(
                word(label, "large word", "warning" if cut else "ink")
                for label, cut in zip(words.words("step"), tail.values, strict=True)
            ).arrange(RIGHT, buff=units(18), center=False)
            for one in text:
                one.stand_on(row.centre[1] - units(16))
            text.scale(min(1.0, units(line.width) / text.width)).align_to(at(line.left, 0), LEFT)
            self.lines.add(text)
        super().__init__(self.titles, self.lines)

    def written(self, place: int) -> Animation | None:
        """A line is written, word by word."""
        return appear_in_turn([*self.lines[place]], "slow")


def likeliest(probs: NamedTensor, count: int = LISTED) -> tuple[int, ...]:
    """The places of the likeliest words, from the likeliest down."""
    return tuple(int(place) for place in np.argsort(-probs.values, kind="stable")[:count])


class ModelPrompts:
    """The prompts of the real language model, and its name.

    Args:
        real: `experiment.continuations`.
        region: the region that gets the name.
    """

    def __init__(self, real: Trace, region: Region) -> None:
        self.real, self.card = real, region
        self.name = region.called(f"{real['bits'].words('model')[0]}, {real['bits'].quantity(0)} bits a weight")
        closed, open_ = (real["prompts"].label("sentence", place) for place in (1, 0))
        self.prompt = self.asked(open_, region.line).begin_in(region.line)
        self.other = self.asked(closed, region.line).begin_in(region.line)

    @staticmethod
    def asked(prompt: Label, room: Room) -> Words:
        """A prompt that waits for its next token."""
        return Words(f"{prompt} …", "stage word").settle(room.centre)

    def at_one(self, name: str) -> tuple[int, NamedTensor]:
        """The place of the temperature of one, and the probabilities there."""
        one = [float(t) for t in self.real["temperatures"].quantities()].index(1.0)
        return one, self.real[f"{name}_by_temperature"].pick(temperature=one)

    def listed(self, name: str) -> NamedTensor:
        """The likeliest tokens of a prompt, as many as are listed."""
        found: NamedTensor = self.at_one(name)[1].pick(rank=slice(0, LISTED))
        return found

    def others_of(self, name: str) -> Quantity:
        """The probability that all other tokens of that prompt have together."""
        one, _ = self.at_one(name)
        return self.real[f"{name}_by_temperature.unlisted"].quantity(one)

    def cut_to(self, choice: str, name: str, count: int) -> NamedTensor:
        """The likeliest tokens of a prompt that a rule keeps."""
        left: NamedTensor = self.real[f"{name}_cut"].pick(choice=choice, rank=slice(0, count))
        return left
