"""Entries of a trace as pictures name them: the tensor, the places, the number, and a plate with all three."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
from manim import DOWN, VGroup, VMobject

from scenes.language import Told, translated
from scenes.layout import Room
from scenes.mobjects.formulas import Formula
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words, filled
from scenes.mobjects.wording import letter_of
from scenes.theme import at, palette, pixels, typeset, units
from transformer_core.tracing.explain import Entry, is_learned
from transformer_core.tracing.provenance import Label, Quantity

SUBSCRIPTS = str.maketrans("0123456789", "".join(chr(0x2080 + digit) for digit in range(10)))
#: A matrix, a recurrent matrix or a bias, and what it makes or where it belongs.
PARAMETER = re.compile(r"([wub])(?:_([a-z]+))?")
#: Axes along which an entry has a number and no word, and what one of them is called.
COUNTED = {"d_ff": "unit", **dict.fromkeys(("d_model", "d_head", "d_concat", "d_state", "d_out", "d_before"), "entry")}
#: Axes that say nothing about an entry in a picture of one sentence and one head.
UNNAMED = frozenset({"batch"})
#: The first letters of names of tensors whose role has a colour.
ROLES = {"q": "query", "k": "key", "v": "value"}
#: What a module is called whose result is named "out" in the trace, by a part of its name.
MODULES = {"ln": "norm", "norm": "norm", "attn": "attention", "ffn": "ffn"}
LEAST = 24.0


def spec_of(quantity: Quantity, whole: bool = False) -> str:
    """The format in which one number stands alone: four figures or so, and a power of ten where it is tiny."""
    size = abs(float(quantity))
    if whole or size == 0 or not np.isfinite(size):
        return ""
    if size < 0.0005:
        return ".1e"
    return ".3f" if size < 9.9995 else ".2f" if size < 99.995 else ".1f" if size < 999.95 else ",.0f"


def value_text(entry: Entry) -> str:
    """The number of an entry with its source; a dash for what is no number."""
    if np.isnan(entry.value) or entry.value == np.inf:
        return "–"
    whole = entry.tensor.values.dtype.kind in "iub"  # ids, positions and counts
    return format(entry.quantity, spec_of(entry.quantity, whole))


def spec_for(quantities: Sequence[Quantity]) -> str:
    """A common format for numbers that follow each other in one place."""
    sizes = [abs(float(q)) for q in quantities if np.isfinite(q)]
    most = max(sizes, default=0.0)
    return ".3f" if 0.005 <= most < 9.9995 else ".2f" if most < 99.995 and most else ".1f" if most < 999.95 else ",.0f"


def role_of(entry: Entry) -> str:
    """The colour of an entry's name."""
    last = entry.name.rpartition(".")[2]
    if is_learned(entry.name):
        return "ink"
    if last.startswith(("resid", "sum")):
        return "residual"
    return ROLES.get(last.partition("_")[0], "ink")


def name_text(entry: Entry) -> str:
    """The last part of a tensor's name, its digits as subscripts."""
    path, _, last = entry.name.rpartition(".")
    if is_learned(entry.name) and re.fullmatch(r"[wb]\d", last):
        last = last[0].upper() + last[1] if last[0] == "w" else last
    module = path.rpartition(".")[2]
    if last == "out":
        last = next((f"{name} out" for start, name in MODULES.items() if start in module), last)
    return Told(last.replace("_", " ").translate(SUBSCRIPTS))


def name_of(entry: Entry, style: str = "fact") -> VMobject:
    """The name of an entry's tensor: a parameter as the paper writes it, or else the last part of its name."""
    found = PARAMETER.fullmatch(entry.name.rpartition(".")[2]) if is_learned(entry.name) else None
    if found is None:
        return Words(name_text(entry), style, role_of(entry))
    letter = found[1] if found[1] == "b" else found[1].upper()
    below = "E" if not found[2] and letter == "W" else found[2] or ""
    if len(below) > 1:
        below = f'"{below}"'
    elif below in "qkvo":
        below = below.upper()
    return Formula(f"{letter}_{below}" if below else letter, typeset(style).size * 1.12, role_of(entry))


def names_of(entries: Sequence[Entry]) -> VMobject:
    """The names of the tensors that entries belong to."""
    each = {entry.name: entry for entry in entries}
    if len(each) == 1:
        return name_of(entries[0])
    return VGroup(name_of(entry, "note") for entry in each.values()).arrange(DOWN, buff=units(5))


def places(entry: Entry, without: Collection[str] = ()) -> list[str]:
    """Return the place of an entry, a text for each axis: its token or number; "red → car" for a query and a key."""
    axes = zip(entry.tensor.axes, entry.index, strict=True)
    labels = {
        axis: entry.tensor.label(axis, i)
        for axis, i in axes
        if axis not in UNNAMED and axis not in without and entry.tensor.size(axis) > 1
    }
    found = []
    if {"query", "key"} <= labels.keys():
        found.append(f"{labels.pop('query')} → {labels.pop('key')}")
    return [*found, *(place_text(label, axis in entry.tensor.labels) for axis, label in labels.items())]


def place_text(label: Label, is_word: bool = False) -> str:
    """A place along an axis: its word, or what is counted there and its number; heads have letters."""
    if label.axis == "head":
        return f"head {letter_of(label.position)}"
    return f"{label}" if is_word else f"{COUNTED.get(label.axis, label.axis.replace('_', ' '))} {label}"


def lines_of(parts: Sequence[str], style: str, role: str, wide: float) -> list[Words]:
    """Parts of a text in as few lines of at most `wide` px as they fit in."""
    lines: list[Words] = []
    text = ""
    for part in parts:
        longer = f"{text}, {part}" if text else part
        if text and Words(longer, style).width > units(wide):
            lines.append(Words(text, style, role))
            longer = part
        text = longer
    return [*lines, Words(text, style, role)] if text else lines


def wrapped(text: str, style: str, role: str, wide: float) -> VGroup:
    """A plain sentence in lines of at most `wide` px, centred."""
    lines = filled(translated(text).split(), style, wide)
    return stacked([Words(Told(line), style, role) for line in lines], typeset(style).size * 1.3)


def stacked(texts: Sequence[VMobject], leading: float) -> VGroup:
    """Lines of text below each other around the origin."""
    for i, text in enumerate(texts):
        spot = np.array([0, units((len(texts) - 1) / 2 - i) * leading, 0])
        if isinstance(text, Words):
            text.settle(spot)
        else:
            text.move_to(spot)
    return VGroup(*texts)


def narrowed(mobject: VMobject, wide: float) -> VMobject:
    """A text, made narrower where it is wider than `wide` px, though never smaller than can be read."""
    if mobject.width > units(wide):
        least = LEAST / mobject.size if isinstance(mobject, Words) else 0.5
        mobject.scale(max(least, units(wide) / mobject.width))
    return mobject


class OperandPlate(VGroup):
    """A large number on a plate, below the name of its tensor and the places where it stands.

    Args:
        entry: what is shown.
        room: the rectangle that the plate fills.
        lit: True for the number that the picture is about.
        name: what stands in the place of the tensor's name.
    """

    def __init__(self, entry: Entry, room: Room, lit: bool = False, name: VMobject | None = None) -> None:
        self.entry = entry
        colours = palette()
        line, thick = (colours.focus, 4.0) if lit else (colours.line, 2.0)
        self.box = Box.of(room, colours.surface, 14, line, thick)
        self.box.key = "plate", entry.name, entry.index
        inside = room.width - 36
        self.places = lines_of(places(entry), "fact", "ink2", inside)
        roomy = room.height >= 160 + 42 * len(self.places)
        if not roomy or any(text.width > units(inside) for text in self.places):
            self.places = lines_of(places(entry), "note", "ink2", inside)
        self.heading = narrowed(name.copy() if name else name_of(entry, "block" if roomy else "fact"), inside)
        self.number = narrowed(Words(value_text(entry), "large number"), inside - 50)
        first, leading = (54.0, 42.0) if roomy else (40.0, 33.0)
        rows = first + leading * len(self.places)
        self.number.scale(max(1.0, min(1.7, (room.height - rows - 40) / 60, units(inside - 50) / self.number.width)))
        self._stand(room, first, leading)
        super().__init__(self.box, self.heading, *self.places, self.number)
        for text in (self.heading, *self.places, self.number):
            if isinstance(text, Words):
                text.paper = self.box

    def _stand(self, room: Room, first: float, leading: float) -> None:
        """Name, places and number below each other, in the middle of the room."""
        rows, tall = first + leading * len(self.places), pixels(self.number.height)
        x, top = (room.left + room.right) / 2, (room.top + room.bottom) / 2 - (rows + 18 + tall) / 2
        for i, text in enumerate((self.heading, *self.places)):
            spot = at(x, top + first / 2 if i == 0 else top + first + (i - 0.5) * leading)
            if isinstance(text, Words):
                text.settle(spot)
            else:
                text.move_to(spot)
        self.number.settle(at(x, top + rows + 18 + tall / 2))
