"""Formulas set by Typst, in the colours of their roles, with this sentence's tokens in them."""

from __future__ import annotations

import json
import re

from manim import MathTypst, VGroup, VMobject

from scenes.language import translated
from scenes.theme import palette
from transformer_core.tracing.provenance import MARK, MINUS, parse

#: Typst's size against our em sizes: measured so that an x is as high as in the token style.
FONT_SIZE = 40.0
#: The size of a formula that is read from the last row.
LARGE = 64.0
ROLES = ("query", "key", "value", "residual", "weight", "warning", "ink2", "ink3")


class Formula(MathTypst):
    """A formula in Typst's math syntax.

    `{{ q_(car) : query }}` sets a part in a role's colour. Quantities and labels may be formatted into the source: a
    label becomes a quoted string, escaped so that a token is never read as markup, a number stands as it is shown.

    Example::

        scores = trace["encoder.1.self_attn.scores"].pick(batch=0, head=0)
        query, key, score = scores.largest()
        source = f"{{{{ q_({query}) : query }}}} dot {{{{ k_({key}) : key }}}} = {score:.2f}"
        figure = Room(560, 190, 1360, 290).fit(Formula(source))
    """

    def __init__(self, source: str, size: float = FONT_SIZE, role: str = "ink") -> None:
        source = in_language(source)
        self.text, self.spans = parse(source)
        self.style = "formula"
        self.paper: VMobject | None = None
        self.roles = [part for part in ROLES if re.search(rf":\s*{part}\s*}}}}", source)]
        # Out of Manim's cache a formula comes with thicker fraction bars than when it is set for the first time.
        super().__init__(typst(source), font_size=size, color=palette().role(role), use_svg_cache=False)
        for part in self.roles:
            self.select(part).set_color(palette().role(part))

    def part(self, role: str) -> VMobject:
        """The signs that have the colour of a role."""
        found: VMobject = self.select(role)
        return found

    def rest(self) -> VGroup:
        """All other signs."""
        coloured = {id(sign) for role in self.roles for sign in self.part(role).get_family()}
        return VGroup(sign for sign in self.family_members_with_points() if id(sign) not in coloured)


def in_language(source: str) -> str:
    """Typst source whose words in quotes are in the language that is spoken; what is marked stays as it is."""
    parts, end = [], 0
    for mark in [*MARK.finditer(source), None]:
        until = mark.start() if mark else len(source)
        parts.append(re.sub('"([^"]*)"', lambda word: f'"{translated(word[1])}"', source[end:until]))
        parts.append(mark[0] if mark else "")
        end = mark.end() if mark else until
    return "".join(parts)


def typst(source: str) -> str:
    """Typst source with every marked token as an escaped string and every marked number as text; a sign that is always
    shown adds or subtracts the number, and stands before it."""

    def set_as(mark: re.Match[str]) -> str:
        signed = json.loads(mark[1])[-1].startswith("+") and mark[2][0] in f"+{MINUS}"
        return f"{mark[2][0]} {quoted(mark[2][1:])}" if signed else quoted(mark[2])

    return MARK.sub(set_as, source)


def quoted(text: str) -> str:
    """`text` as a Typst string literal: data, never markup."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
