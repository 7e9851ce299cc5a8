"""Match cuts: what leaves and what comes are paired by what they show, and the one becomes the other.

A part shows an entry of a tensor, a token, a vector, or a formula. Parts of two pictures that show the same are one
thing to the eye, and travel; only what has no partner fades.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Sequence

from manim import Animation, Group, Mobject

from scenes.animations import Travel, Travels, appear, follow, leave
from scenes.mobjects.text import Words
from transformer_core.tracing.provenance import Label, Quantity

#: Axes that name the places of the same sentence.
PLACES = {"position", "query", "key"}


def shown_by(mobject: Mobject) -> Hashable | None:
    """The key of a part, such as ("entry", "encoder.0.self_attn.q", (0, 1, 3, 5)); None if it has none."""
    key: Hashable | None = getattr(mobject, "key", None)
    if key is not None:
        return key
    quantity, label = getattr(mobject, "quantity", None), getattr(mobject, "label", None)
    if isinstance(quantity, Quantity):
        return "entry", quantity.name, quantity.index
    if isinstance(label, Label):
        axis = "position" if label.axis in PLACES else label.axis
        return "token", _sentence(label.name), axis, label.position, str(label)
    if isinstance(mobject, Words) and len(mobject.spans) == 1 and mobject.spans[0].shown == mobject.text:
        source = mobject.spans[0].source
        if source.axis:
            axis = "position" if source.axis in PLACES else source.axis
            return "token", _sentence(source.name), axis, source.index[0], mobject.text
        return "entry", source.name, source.index
    return None


def _sentence(name: str) -> str:
    """The sentence of a tensor: "" for the one that is read, "other.swap" and the like for those beside it."""
    return ".".join(name.split(".")[:2]) if name.startswith("other.") else ""


def parts_of(mobject: Mobject, kept: Container[int] = ()) -> Iterator[tuple[Hashable | None, Mobject]]:
    """The parts of a picture with what they show, the largest that can be named; what is `kept` is left out."""
    if id(mobject) in kept:
        return
    key = shown_by(mobject)
    whole = key is not None or not mobject.submobjects or len(mobject.points)
    if whole:
        if mobject.family_members_with_points():
            yield key, mobject
        return
    for part in mobject.submobjects:
        yield from parts_of(part, kept)


def match_cut(old: Sequence[Mobject], new: Sequence[Mobject], kept: Container[int]) -> list[Animation]:
    """Animations from one picture to the next: what shows the same travels, what is left of both fades.

    Of several parts that show the same, each finds a partner in order; those left over come out of the last one.
    """
    leaving: dict[Hashable, list[Mobject]] = {}
    fading: list[Mobject] = []
    for mobject in old:
        for key, part in parts_of(mobject, kept):
            if key is None:
                fading.append(part)
            else:
                leaving.setdefault(key, []).append(part)
    travels: list[Travel] = []
    coming: list[Mobject] = []
    last: dict[Hashable, Mobject] = {}
    for mobject in new:
        for key, part in parts_of(mobject, kept):
            if key is not None and leaving.get(key):
                last[key] = leaving[key].pop(0)
                travels.append(Travel(last[key], part, kind="cut", leaving=True))
            elif key is not None and key in last:
                travels.append(Travel(last[key], part, kind="cut"))
            else:
                coming.append(part)
    fading += [part for parts in leaving.values() for part in parts]
    found = [leave(*dict.fromkeys(fading))] if fading else []
    # What comes is drawn below what travels: a number on its way is read.
    if coming:
        found.append(follow(Group(*coming)) if fading else appear(*coming, rise=False))
    return [*found, *([Travels(travels)] if travels else [])]
