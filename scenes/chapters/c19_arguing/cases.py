"""A claim on a card, what it is tested on beside single parts, and a checklist of what to ask of every claim."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import appear, appear_in_turn, draw, exchange, fill
from scenes.layout import Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.card import Card, paper_in
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import arch, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace


class Claim(Card):
    """A card with a claim in its head; on the rest of it the claim is tested, and then gets a `verdict`.

    Args:
        text: the claim.
        before: the claim whose paper stays on stage.
    """

    NAMED = "block", "ink"

    def __init__(self, text: str, before: Claim | None = None) -> None:
        super().__init__(text)
        if before:
            self.remove(self.paper)
            self.paper = self.words.paper = before.paper
            self.add_to_back(self.paper)

    def verdict(self, text: str, role: str = "ink2") -> Words:
        """A verdict at the right of the claim."""
        words = Words(text, "block", role, self.paper).end_in(self.head)
        words.key = ("verdict", text)
        return words


class Checklist(VGroup):
    """Tiles with a question each, and the `pictures` that go on them, shrunk.

    Args:
        asked: the questions with their pictures.
    """

    def __init__(self, asked: Sequence[tuple[str, VGroup]], room: Room) -> None:
        places = [place for row in room.rows(2, 24) for place in row.columns(len(asked) // 2, 24)]
        self.pictures = []
        super().__init__()
        for (question, picture), place in zip(asked, places, strict=True):
            inside, foot = place.padded().split_rows(-50, 30)
            paper = paper_in(place)
            self.add(VGroup(paper, Words(question, "block", paper=paper).settle(foot.centre)))
            self.pictures.append(inside.fit(picture))

    def played(self) -> list[Animation | None]:
        """Let the parts of each picture appear in turn."""
        return [appear_in_turn([*picture], "row") for picture in self.pictures]


ROLES = ("ink3", "ink2", "weight")


class SizeAndData:
    """Accuracy of models of each width after training on more and more sentences: a dot a training, a line of means.

    Args:
        run: the tensors of the experiment.
    """

    def __init__(self, run: Trace, room: Room) -> None:
        mean, each, widths, amounts = run["exact.over_seeds"], run["exact"], run["width"].quantities(), run["amount"]
        inner = Room(room.left + 110, room.top + 70, room.right - 290, room.bottom - 96)
        self.plot = Plot.filling(inner, amounts, mean, ((0, amounts.values.max()), (0, 1)))
        self.ticks = VGroup(*self.plot.ticks(amounts.quantities(), ",.0f", "fact"), *self.plot.shares())
        self.rows: list[tuple[VGroup, VMobject, VGroup]] = []
        for w, role in zip(range(len(widths)), ROLES, strict=False):
            seeds = (each[w].pick(seed=k) for k in range(each.size("seed")))
            dots = VGroup(dot for seed in seeds for dot in self.plot.dots(amounts, seed, role, 9))
            told = VGroup()
            for k, side in ((0, LEFT), (mean.size("amount") - 1, RIGHT)):
                share = number(mean.quantity(w, k), "share", "large number", role)
                told.add(self.plot.label(share, float(amounts.values[k]), mean.values[w, k], UP + side))
            name = Words(f"width {widths[w]}", "stage word", role)
            told.add(name.next_to(told[-1], RIGHT, buff=units(20)))
            self.rows.append((dots, self.plot.curve(amounts, mean[w], role, 6), told))

    def trace(self, row: int) -> tuple[Animation, ...]:
        """A line runs through the means of a width."""
        _, curve, told = self.rows[row]
        return draw(curve, kind="row"), appear(told)


#: How a noun that is tried is to the one whose place it takes: of its gender, or of the other.
KINDS = ("like it", "unlike it")


class ByLength:
    """Accuracy by length of the sentence, early and late in training; below, how much of training was that long.

    Args:
        run, brief: the experiments with the model that is shown, and with shorter trainings.
    """

    def __init__(self, run: Trace, brief: Trace, room: Room) -> None:
        lengths, seen, self.accuracy = run["length"], run["training_share"], run["exact"]
        self.first_accuracy: NamedTensor = brief["by_length.over_seeds"].pick(model="Transformer")
        above, below = room.split_rows(390, 24)
        inner = Room(above.left + 90, above.top + 50, above.right - 380, above.bottom - 60)
        low = Room(inner.left, below.top + 40, inner.right, below.bottom)
        x, last = lengths.values.tolist(), len(lengths) - 1
        self.plot = Plot.filling(inner, lengths, self.accuracy, (None, (0, 1)))
        self.plot.names[0].next_to(self.plot.axes[0], RIGHT, buff=units(24))
        ends = [lengths.quantity(k) for k in (0, last // 2, last)]
        self.ticks = VGroup(*self.plot.ticks(ends, "", "fact"), *self.plot.shares())
        self.early, self.late = (
            self._curve(lengths, shares, role, steps)
            for shares, role, steps in (
                (self.first_accuracy, "ink2", brief["steps"]), (self.accuracy, "weight", run["steps"]),
            )
        )  # fmt: skip
        unit, floor = (low.height - 44) / float(seen.values.max()), at(0, low.bottom)[1]
        wide, self.bars, self.shares = inner.width / len(x) * 0.74, VGroup(), VGroup()
        for n, share in zip(x, seen.quantities(), strict=True):
            bar = bar_of(share, "height", unit, wide, "residual", 4, 3)
            self.bars.add(bar.move_to(np.array([self.plot.point(n, 0)[0], floor, 0]), aligned_edge=DOWN))
        for k in (int(seen.values.argmax()), last):
            told = number(seen.quantity(k), "share", "stage number", "residual")
            self.shares.add(told.next_to(self.bars[k], UP, buff=units(10)))
        base = rule(at(inner.left - wide / 2, low.bottom), at(inner.right + wide / 2, low.bottom), "ink3", 2.5)
        called = Words("of all training sentences", "aside", "ink2").next_to(base, RIGHT, buff=units(24))
        self.ground = VGroup(base, called.shift(UP * units(16)))
        #: What is told of the longest sentences.
        self.longest = self.early[-1], VGroup(self.bars[-1], self.shares[-1])

    def _curve(self, lengths: NamedTensor, shares: NamedTensor, role: str, steps: Quantity) -> VGroup:
        """Accuracy by length, with its dots, and at the end what it is after so many steps."""
        end, x = shares.quantity(-1), float(lengths.values[-1])
        told = Words(f"{end:share} after {steps:,.0f} steps", "fact", role)
        curve, dots = self.plot.curve(lengths, shares, role, 6), self.plot.dots(lengths, shares, role, 9)
        return VGroup(curve, dots, self.plot.label(told, x, float(end)))

    def run(self, group: VGroup) -> list[object]:
        """Two plays: a curve runs to its end, with its dots; there its name appears."""
        curve, dots, told = group
        return [(draw(curve, kind="slow"), fill(dots, "slow")), appear(told)]


class CloseBy:
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
        size, slot = self.source[0].height / slot.height, self.source[other - first]
        self.head, self.rich = self.source[head - first], self.source[query_token - first]
        self.should, self.does = self._arc(self.rich, self.head, "residual"), self._arc(self.rich, slot, "weight")
        self.nouns, forms = VGroup(), run["swapped.form"].words("position")
        for label in named:
            self.nouns.add(Token(label, "", pixels(slot.width / size)).scale(size).move_to(slot))
        below = self.rich.get_bottom() + DOWN * units(76)
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
