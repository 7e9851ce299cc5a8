"""A sentence in which one word is swapped for another, and the arc from it to the word that it agrees with lets go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenes.layout import Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.wording import spanish_of
from transformer_core.studies.focus import Focus
from transformer_core.tracing.trace import Trace


class SwappedWord:
    """The sentence as it is, `known`, and with another adjective in the place `here`, at the same place of the picture.

    The `noun` is the place of the word that the first adjective agrees with. Below the adjective stand its two Spanish
    `forms`, the one that `agrees`, or those of the `other`; if it is `gendered`, a `tie` leads from there to the noun,
    `spelled` in Spanish. `loose` are states of an arc from the adjective that has no key yet: its end hovers over the
    noun, over each other word, and over the noun again.

    Args:
        trace: it has the sentence and the changed one.
        focus: the head, the adjective and its noun.
        swap: of `transformer_core.studies.focus.swap_of`.
        room: the rectangle that both fill.
        numbers: True where weights of the other are told, also that for itself.
    """

    def __init__(self, trace: Trace, focus: Focus, swap: Mapping[str, Any], room: Room, numbers: bool = False) -> None:
        here = self.here = swap["position"]
        heads = focus.seen(trace), trace.under(f"other.swap.{focus.path}", batch=0, head=focus.head)
        self.weights, self.others = (head["weights"].pick(query=here) for head in heads)
        known = self.known = Arcs(self.weights.words("key"), here, self.weights, room, numbers=False)
        self.guess = Arcs(self.others.words("key"), here, self.others, room, numbers, own=numbers)
        self.asked, self.noun = self.guess.chips[here].label, known.ribbon.place(focus.top_key)
        nouns, (form, *_) = spanish_of(trace, focus.top_key), [*spanish_of(trace, focus.query_token), ""]
        self.gendered, self.masculine = bool(nouns) and form in swap["forms"], form == swap["forms"][0]
        self.forms, self.agrees, self.other = (
            known.spelled(here, forms) for forms in (swap["forms"], [form], swap["other_forms"])
        )
        self.spelled = known.spelled(self.noun, nouns)
        self.tie = known.tie(self.spelled, self.agrees)
        between = [place for place in range(len(known.chips)) if place not in (self.noun, here)]
        self.loose = [known.loose(place) for place in (self.noun, *between, self.noun)]
