"""Two that stand side by side: what they are called, what they are, what each of them reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from manim import DOWN, LEFT, RIGHT, VGroup

from scenes.layout import STAGE
from scenes.mobjects.apart import largest
from scenes.mobjects.shapes import Box, rule
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, palette, units
from transformer_core.tracing.provenance import Label, Phrase
from transformer_core.tracing.trace import NamedTensor, Trace

A, B = Phrase("A"), Phrase("B")
SIDES = {"a": A, "b": B}
#: Px between two chips, and the most of them in a line.
BETWEEN, MOST = 12.0, 12
#: Px of the card of one of the two, and of a chip.
CARD, CHIP = (820, 170), 52.0
#: Lines of the box that says who one of the two is.
MOST_LINES = 4


@dataclass(frozen=True)
class ComparedPair:
    """The facts of the two passes of a joined trace (`transformer_core.studies.sentence.compare`)."""

    trace: Trace

    def of(self, letter: str, fact: str) -> Any:
        """A fact of one of the two."""
        return self.trace.about[letter].get(fact)

    def layers(self, letter: str) -> int:
        """Return the number of layers in the stack of one side."""
        return int(self.of(letter, "config")[f"{self.stack}_layers"])

    @property
    def stack(self) -> str:
        """The stack whose rows can be compared; "" if the two have none."""
        return str(self.trace.about["stack"])

    @property
    def sight(self) -> tuple[int, ...]:
        """The tokens that a picture has room for."""
        return tuple(range(*self.trace.about["sight"]))

    @property
    def same_width(self) -> bool:
        """True if rows of the two models have the same width, so that they can be subtracted."""
        return f"diff.{self.stack}.0.resid_pre" in self.trace

    @property
    def same_depth(self) -> bool:
        """True if both have the same number of layers, so that these can be compared one by one."""
        return self.layers("a") == self.layers("b")

    def written(self, letter: str) -> Any:
        """The tokens that it writes."""
        return self.of(letter, "output_tokens")

    def farthest(self) -> tuple[int, int, tuple[int, int]]:
        """Layer and head of the head of A that is farthest from its partner, and those of the partner."""
        layer, head = largest(self.trace[f"diff.{self.stack}.heads"]).index
        places = self.trace[f"diff.{self.stack}.partners"].pick(layer=layer, head=head)
        return layer, head, (int(places.values[0]), int(places.values[1]))

    def name(self, letter: str) -> Label:
        """Return the name of the model of one side."""
        names: NamedTensor = self.trace["diff.names"]
        return names.label("choice", "ab".index(letter))

    def called(self, letter: str) -> str:
        """Its name, and what was made of it."""
        if self.of(letter, "kind") == "untrained":
            return f"{self.name(letter)}, untrained, seed {self.trace[f'{letter}.seed']}"
        return f"{self.name(letter)}, edited" if self.edits(letter) else f"{self.name(letter)}"

    def made(self, letter: str) -> str:
        """Return a text with the seed if the weights of the model are untrained, else ""."""
        untrained = self.of(letter, "kind") == "untrained"
        return f"untrained, seed {self.trace[f'{letter}.seed']}" if untrained else ""

    @property
    def seen(self) -> str:
        """Text that says how many of the compared tokens are in sight; "" if all are."""
        compared = self.trace[f"diff.{self.stack}.compared"] if self.stack else 0
        if len(self.sight) == compared:
            return ""
        return f"{self.trace[f'diff.{self.stack}.in_sight']} of {compared} tokens in sight"

    def edits(self, letter: str) -> tuple[Label, ...]:
        name = f"{letter}.edits"
        return self.trace[name].words("choice") if name in self.trace else ()

    def head_name(self, layer: int, head: int) -> str:
        """ "encoder layer 1, head 1", counted from one."""
        number, of = self.number(layer), self.number(head)
        return f"encoder layer {number}, head {of}" if self.stack == "encoder" else f"decoder layer {number}, head {of}"

    def number(self, place: int) -> str:
        """The number of a layer or a head, counted from one, with its source."""
        return f"{self.trace[f'diff.{self.stack}.numbers'].quantity(place + 1)}"


class Legend(VGroup):
    """The two, each in a box: a letter, what it is, and what was changed of it."""

    def __init__(self, two: ComparedPair) -> None:
        self.cards = VGroup(self._card(two, letter) for letter in "ab")
        self.cards.arrange(RIGHT, buff=units(STAGE.width - 2 * CARD[0])).move_to(at(960, 285))
        super().__init__(self.cards)

    @staticmethod
    def _card(two: ComparedPair, letter: str) -> VGroup:
        box = Box(*CARD, palette().surface, 12, palette().line, 2)
        edge = box.get_left()[0] + units(36)
        sign = Words(f"{SIDES[letter]}", "chapter", "ink", box).move_to(box).begin_at(edge)
        told = [Words(f"{two.name(letter)}", "fact", "ink", box)]
        if made := two.made(letter):
            told.append(Words(made, "map", "ink2", box))
        changes = two.edits(letter)
        room = MOST_LINES - len(told)
        told += [Words(f"{line}", "map", "ink2", box) for line in changes[:room]]
        if len(changes) > room:
            told[-1] = Words("and more changes", "map", "ink2", box)
        lines = VGroup(*told).arrange(DOWN, buff=units(13), aligned_edge=LEFT)
        lines.move_to(box).shift(RIGHT * (edge + units(104) - lines.get_left()[0]))
        return VGroup(box, sign, lines)


class SizeTable(VGroup):
    """A table of sizes, a column for each of the two; rows that differ come forward."""

    ROWS = (
        ("parameters", "parameters"),
        ("entries of a vector", "d_model"),
        ("layers of the encoder", "encoder_layers"),
        ("layers of the decoder", "decoder_layers"),
        ("heads of a layer", "heads"),
    )

    @staticmethod
    def differ(trace: Trace) -> bool:
        """Return True if any size of the two models differs."""
        return any(trace[f"a.config.{size}"] != trace[f"b.config.{size}"] for _, size in SizeTable.ROWS)

    def __init__(self, trace: Trace, top: float = 442, pitch: float = 68) -> None:
        self.lines = VGroup()
        for name, size in self.ROWS:
            pair = [trace[f"{letter}.config.{size}"] for letter in "ab"]
            if not any(pair):
                continue
            y = top + pitch * len(self.lines)
            role = "ink2" if pair[0] == pair[1] else "ink"
            text = Words(name, "fact", role).settle(at(960, y))
            figures = [
                Words(f"{value:,.0f}", "number", role).settle(at(x, y))
                for value, x in zip(pair, (506, 1414), strict=True)
            ]
            line = VGroup(text, *figures)
            if pair[0] != pair[1]:
                mark = Words("≠", "number", "warning").settle(at(1250, y))
                line.add(mark)
            self.lines.add(line)
        foot = top + pitch * len(self.lines) - pitch * 0.35
        self.floor = rule(at(STAGE.left + 120, foot), at(STAGE.right - 120, foot))
        compared, same = (trace[f"diff.parameters.{name}"] for name in ("compared", "same"))
        equal = f"equal parameters at the same places: {same:,.0f} of {compared:,.0f}"
        self.equal = Words(equal if compared else "no two tensors of parameters have the same shape", "fact")
        self.equal.settle(at(960, foot + 56))
        super().__init__(self.lines, self.floor, self.equal)


def chip_line(labels: Sequence[Label], y: float) -> VGroup:
    """Words as chips in one line in the middle, as many as there is room for, and dots where there are more."""
    chips, taken = VGroup(), 0.0
    for label in labels[:MOST]:
        wide = chip_width(label) + BETWEEN
        if taken + wide > STAGE.width - 300:
            break
        chips.add(Token(label, height=CHIP))
        taken += wide
    if len(chips) < len(labels):
        chips.add(Words("…", "number", "ink2"))
    return chips.arrange(RIGHT, buff=units(BETWEEN)).move_to(at(960, y))
