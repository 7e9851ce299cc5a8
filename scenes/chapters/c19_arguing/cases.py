"""A claim with room for its test, what it is tested on beside single parts, and a checklist for every claim."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Riding, appear, exchange, fill, leave, ring_around
from scenes.layout import Room
from scenes.mobjects.bars import bar_in, bar_of
from scenes.mobjects.region import Region
from scenes.mobjects.shapes import arch, arrow, rule, stroke
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace


class TestedClaim(Region):
    """A claim above a picture; there the claim is tested, and then gets a `verdict`.

    Args:
        text: the claim.
    """

    NAMED = "block", "ink"

    def verdict(self, text: str, role: str = "ink2") -> Words:
        """A verdict at the right of the claim."""
        words = Words(text, "block", role).end_in(self.head)
        words.key = ("verdict", text)
        return words


class Checklist(VGroup):
    """Tiles with a question each, and the `pictures` that go on them, shrunk.

    Args:
        asked: the questions with their pictures.
    """

    def __init__(self, asked: Sequence[tuple[str, VGroup]], room: Room) -> None:
        self.pictures, places = [], [place for row in room.rows(2, 24) for place in row.columns(len(asked) // 2, 24)]
        super().__init__()
        for (question, picture), place in zip(asked, places, strict=True):
            inside, foot = place.padded().split_rows(-50, 30)
            self.add(Words(question, "block").settle(foot.centre))
            self.pictures.append(inside.fit(picture, most=1.0))


ROLES = ("ink3", "ink2", "weight")


#: Px of a model's width of one, from bars to their numbers, of the room for these, of a name, and of the data.
WIDE, ABOVE, BESIDE, TOLD, NAME, DATA = 3.7, UP * units(40), RIGHT * units(84), 84.0, 64.0, 64.0


class SizeAndData:
    """Accuracy of models of each width, a bar as wide as its model, after training on more and more sentences.

    Args:
        run: the tensors of the experiment.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        mean, widths, amounts = run["exact.over_seeds"], run["width"].quantities(), run["amount"].quantities()
        above, foot = room.split_rows(-DATA)
        head, body = above.split_rows(TOLD)
        body, names = body.split_rows(-NAME)
        places, (side, line) = names.columns(len(widths)), foot.split_columns(340, 20)
        self.floor = rule(at(body.left, body.bottom), at(body.right, body.bottom), "ink3", 2.5)
        self.names = VGroup(Words("new sentences right", "fact", "ink2").begin_in(head))
        for width, place in zip(widths, places, strict=True):
            self.names.add(Words(f"width {width}", "stage word", "ink2").settle(place.centre))
        #: By amount: a bar for each width, its share, and a bar as long as the data.
        self.states, self.lines, unit = [], [], (line.width - 200) / float(amounts[-1])
        self.rows, self.amounts = [mean.pick(amount=k).quantities() for k in range(len(amounts))], amounts
        for row, amount in zip(self.rows, amounts, strict=True):
            self.lines.append(VGroup(bar_in(line, amount, unit, 36, "ink2")))
            self.states.append(VGroup())
            for share, width, role, place in zip(row, widths, ROLES, places, strict=True):
                bar = bar_of(share, "height", body.height, WIDE * width, role)
                self.states[-1].add(bar.move_to(place.centre).align_to(self.floor, DOWN))
        self.bars, self.line = self.states[0].copy(), self.lines[0].copy()
        self.numbers = VGroup(
            number(share, "share", "large number").settle(bar.get_top() + ABOVE)
            for share, bar in zip(self.rows[0], self.bars, strict=True)
        )
        self.amount = VGroup(number(amounts[0], ",.0f", "large number").settle(self.line.get_right() + BESIDE))
        self.called = Words("sentences in training", "fact", "ink2").begin_in(side)
        #: For each width where it was at first, and how far it rises from there.
        self.gains = VGroup()
        for share, first, last in zip(self.rows[0], self.states[0], self.states[-1], strict=True):
            low, high = (one.get_corner(UP + LEFT) - BESIDE / 4 for one in (first, last))
            was = number(share, "share", "large number", "ink2").next_to(low, LEFT, units(16), aligned_edge=DOWN)
            line = first.copy().set_fill(opacity=0).set_stroke(palette().background, stroke(4), 1)
            self.gains.add(VGroup(VGroup(was, line), arrow(low, high, "ink2", 6)))

    def more(self, k: int) -> tuple[Animation, ...]:
        """More sentences, and what becomes of all models."""
        pair = slice(k - 1, k + 1)
        amounts = [[amount] for amount in self.amounts[pair]]
        return (
            Riding(self.line, self.lines[pair], self.amount, amounts, ",.0f", BESIDE, "row"),
            Riding(self.bars, self.states[pair], self.numbers, self.rows[pair], "share", ABOVE, "row"),
        )


#: How a noun that is tried is to the one whose place it takes: of its gender, or of the other.
KINDS = ("like it", "unlike it")
#: From a word down to the form that is written.
BELOW = DOWN * units(76)


#: Px at the right of columns, between both rows of them, above and below, and between two.
SIDE, LINE, FREE, APART = 440.0, 56.0, 20.0, 14.0


class FailuresByLength:
    """The share that fails, by length of the sentence, early and late; below, how much of training was that long.

    All columns have one scale: upwards, sentences that go wrong; downwards, sentences in training.

    Args:
        run, brief: the experiments with the model that is shown, and with shorter trainings.
    """

    def __init__(self, run: Trace, brief: Trace, room: Room) -> None:
        lengths, seen, self.failed = run["length"], run["training_share"], run["exact.failed"]
        self.first_failed: NamedTensor = brief["by_length.failed.over_seeds"].pick(model="Transformer")
        body, side = room.split_columns(-SIDE, 2 * APART)
        most, much = (float(shares.values.max()) for shares in (self.first_failed, seen))
        self.unit = (room.height - 2 * FREE - LINE) / (most + much)
        top = room.top + FREE + self.unit * most
        line = Room(body.left, top, body.right, top + LINE)
        self.places, bottom = line.columns(len(lengths), APART), line.bottom
        self.ticks = VGroup(
            number(n, "", "fact").settle(place.centre)
            for n, place in zip(lengths.quantities(), self.places, strict=True)
        )
        self.early, self.late = (self._columns(some, top, "warning") for some in (self.first_failed, self.failed))
        self.bars = self._columns(seen, bottom, "ink2")
        self.outlines = self.early.copy().set_fill(opacity=0).set_stroke(palette().warning, stroke(3), 1)
        ends = zip((self.first_failed, self.failed), (self.early, self.late), (brief, run), strict=True)
        self.told = [
            Words(f"{shares.quantity(-1):share} wrong after {one['steps']:,.0f} steps", "fact", "warning")
            .begin_in(side)
            .set_y(columns[-1].get_top()[1] - units(FREE))
            for shares, columns, one in ends
        ]
        self.words = Words("words in the sentence", "fact", "ink2").begin_in(side.cross(line))
        self.share = Words(f"{seen.quantity(-1):share} of training sentences", "fact").begin_in(side.cross(line))
        self.share.shift(DOWN * units(LINE))

    def _columns(self, shares: NamedTensor, y: float, role: str) -> VGroup:
        """A column for each length on a line: up from it what is wrong, down the rest."""
        side = UP if role == "warning" else DOWN
        return VGroup(
            bar_of(share, "height", self.unit, place.width, role).move_to(
                place.centre * RIGHT + at(0, y) * UP, aligned_edge=-side
            )
            for share, place in zip(shares.quantities(), self.places, strict=True)
        )

    def rise(self, wide: FailuresByLength, before: VMobject) -> list[object]:
        """Plays: columns of what fails rise beside what stood before; it leaves, they move apart, the last is told."""
        return [
            (appear(self.ticks, wide.words), fill(self.early, "slow")),
            (leave(before), *exchange([*self.ticks, *self.early], [*wide.ticks, *wide.early], "camera")),
            appear(wide.told[0]),
        ]

    def sink(self) -> list[object]:
        """Plays: with more training, they sink; outlines stay where they stood."""
        sunk = exchange([*self.early], [*self.late], "slow")
        return [(appear(self.outlines, rise=False), *sunk), appear(self.told[1])]


class NounInBetween:
    """A sentence that goes wrong, from the noun on whose form its last word should have; and other nouns in between.

    Args:
        run: the tensors `close.*` and `swapped.*` of the experiment `failures`.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        source, right, written = (run[f"close.{name}"].words("position") for name in ("source", "right", "written"))
        wrong, query_token, head, other = (
            int(run["close.places"].pick(choice=name)) for name in ("first wrong", "its word", "agrees with", "between")
        )
        self.words = source[head], source[other], written[wrong], right[wrong], source[query_token]
        lines, rows = room.split_rows(120)[1].split_rows(230, 24)
        named, kinds = run["swapped.right"].words("noun"), run["swapped.like"].values
        first, last = max(min(head, other) - 1, 0), max(head, other, query_token)
        self.source = VGroup(Token(label) for label in source[first : last + 1])
        slot = self.source[other - first]
        self.source.submobjects[other - first] = Token(source[other], "", max(map(chip_width, named)))
        lines.split_rows(96)[0].fit(self.source.arrange(buff=units(10)), most=2)
        size = self.source[0].height / slot.height
        #: The sentence as it fails, its words that matter first; and these alone, closer together.
        _, slot, rich = those = VGroup(self.source[k - first] for k in (head, other, query_token))
        self.failed, self.short = self._failed(those), self._failed(those.copy().arrange(buff=units(10)))
        (self.should, self.does, *_), self.rest = self.failed, [one for one in self.source if one not in those]
        self.nouns, forms = VGroup(), run["swapped.form"].words("position")
        for label in named:
            self.nouns.add(Token(label, "", pixels(slot.width / size)).scale(size).move_to(slot))
        below = rich.get_bottom() + BELOW
        self.forms = VGroup(self._form(form, str(form) == str(right[wrong]), size, below) for form in forms)
        self.wrong = self._form(written[wrong], False, size, below)
        odds = run["close.probs"].pick(choice="written")
        self.odds = number(odds, "share", "large number", "warning").next_to(self.wrong, LEFT, buff=units(24))
        self.titles, self.tried, self.tallies = VGroup(), [], VGroup()
        for row, kind, like in zip(rows.rows(2, 20), KINDS, (1, 0), strict=True):
            title = Words(f"same gender as “{source[other]}”" if like else "the other gender", "fact", "ink2")
            side, rest = row.split_columns(row.width * 0.22, 20)
            body, end = rest.split_columns(-row.width * 0.16, 20)
            self.titles.add(title.begin_in(side))
            some = [k for k in range(len(named)) if kinds[k] == like]
            roles = ["residual" if str(forms[k]) == str(right[wrong]) else "warning" for k in some]
            nouns = VGroup(word(named[k], "stage word", role) for k, role in zip(some, roles, strict=True))
            for text in nouns.arrange(RIGHT, buff=units(30)):
                text.stand_on(0)
            body.fit(nouns, most=1.4).align_to(at(body.left, 0), LEFT)
            self.tried.append((some, nouns))
            done, tried = (run["swapped.tally"].pick(kind=kind, choice=name) for name in ("right", "tried"))
            self.tallies.add(Words(f"{done} of {tried} right", "large number").end_in(end))
        #: What stands in the sentence, noun by noun, and the form that follows from it: where it is the same, it stays.
        self.stood = [[slot, self.wrong]]
        for place in chain(*(some for some, _ in self.tried)):
            form, before = self.forms[place], self.stood[-1][1]
            self.stood.append([self.nouns[place], before if str(form.label) == str(before.label) else form])

    def _failed(self, those: VGroup) -> VGroup:
        """Of these three words the first should give the form, and the second gives it: what is written is wrong."""
        head, slot, rich = those
        token = Token(self.words[2]).match_height(rich).move_to(rich.get_bottom() + BELOW)
        arcs = self._arc(rich, head, "residual"), self._arc(rich, slot, "weight")
        return VGroup(*arcs, *those, ring_around(token, "warning"), token)

    @staticmethod
    def _form(label: Label, good: bool, size: float, spot: np.ndarray) -> Token:
        token = Token(label).scale(size).move_to(spot)
        token.word.set_fill(palette().role("residual" if good else "warning"))
        return token

    @staticmethod
    def _arc(start: VMobject, end: VMobject, role: str) -> VMobject:
        a, b = start.get_top() + UP * units(6), end.get_top() + UP * units(6)
        return arch(a, b, 30 + 0.10 * pixels(abs((a - b)[0])), role, 7)

    def try_out(self, kind: str) -> list[object]:
        """Plays: each noun of a row takes the place in the sentence, the form answers, and the noun is noted."""
        k = KINDS.index(kind)
        before, turns = sum(len(some) for some, _ in self.tried[:k]), list[object]()
        for (now, then), noted in zip(pairwise(self.stood[before:]), self.tried[k][1], strict=False):
            gone, come = ([one for one in some if one not in kept] for some, kept in ((now, then), (then, now)))
            turns.append((*exchange(gone, come), appear(noted)))
        return [appear(self.titles[k]), *turns, appear(self.tallies[k])]
