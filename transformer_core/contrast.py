"""What the grammar says of a sentence, and a second sentence to compare it with."""

from __future__ import annotations

from typing import Any

from transformer_core.roles import parse
from transformer_core.tasks import reading
from transformer_core.tasks.lexicon import adjectives, is_colour
from transformer_core.vocabulary import pieces

INFLECTED, INVARIANT = "adjective(inflected)->noun", "adjective(invariant)->noun"


def facts(text: str) -> dict[str, Any]:
    """Whether the grammar makes `text`, which token answers which in each role, and a contrast.

    `gold` is the grammar's own translation: its words, the source positions that each translates, and which of them
    English has no word for. `swap` is the same sentence with an adjective that Spanish inflects replaced by one that
    it doesn't: where it stands, and the new text. It is left out where there is no such adjective.
    """
    roles = parse(text)
    found: dict[str, Any] = {"in_grammar": roles is not None, "roles": {}}
    if roles is None:
        return found
    found["roles"] = {role: [list(link) for link in links] for role, links in roles.items() if links}
    found |= {"gold": _gold(text)}
    swap = _swap(text, roles)
    return found | ({"swap": swap} if swap else {})


def _gold(text: str) -> dict[str, Any]:
    pair = reading([piece.lower() for piece in pieces(text)])
    assert pair is not None  # or there would be no roles
    return {"words": list(pair.target), "alignment": list(map(list, pair.alignment)), "inserted": list(pair.inserted)}


def _swap(text: str, roles: dict[str, Any]) -> dict[str, Any] | None:
    """The first sentence that parses with an invariant adjective in the place of the first inflected one."""
    words = [piece for piece in pieces(text) if piece not in ".!"]
    for place, noun in roles.get(INFLECTED, ()):
        here = words[place].lower()
        for adjective in sorted(
            adjectives(), key=lambda a: (is_colour(a.english) != is_colour(here), a.english != "green")
        ):
            other = " ".join([*words[:place], adjective.english, *words[place + 1 :]])
            if (place, noun) in (parse(other) or {}).get(INVARIANT, ()):
                return {"text": other, "position": place}
    return None
