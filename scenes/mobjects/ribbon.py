"""The sentence as a ribbon that stays on stage: what belongs to a token stands below it, or comes out of it."""

from __future__ import annotations

from collections.abc import Sequence

from manim import Animation, AnimationGroup, Transform, VGroup, rate_functions

from scenes.layout import STAGE, Room
from scenes.mobjects.shapes import stroke
from scenes.mobjects.tokens import Token, chip_width
from scenes.theme import at, pace, palette, pixels
from transformer_core.tracing.provenance import Label

#: The size of the type where there is room for it, over that of a common chip.
LARGE = 34 / 30
#: Px of a chip that is read upright and of one that is turned, and of the gap between two.
HIGH, TURNED, GAP = 60.0, 44.0, 12.0


class Ribbon(VGroup):
    """A sentence as chips of one width, side by side along the top of a room.

    Args:
        labels: the tokens.
        room: where they stand, from its left to its right edge.

    `columns[i]` is the room below token i, down to the foot of `room`: a figure that shows something of each token
    puts it there. Where a token is wider than its column, all of them stand upright.

    Example::

        words = trace["encoder.1.self_attn.weights"].words("key")
        figure = Ribbon(words, Room(360, 190, 1560, 300))
    """

    def __init__(self, labels: Sequence[Label], room: Room = STAGE) -> None:
        wide = (room.width - (len(labels) - 1) * GAP) / len(labels)
        needed = max(chip_width(label) for label in labels)
        small = max(chip_width(label, small=True) for label in labels)
        self.upright = small > wide
        if self.upright:
            self.chips = [Token(label, "", small, TURNED).turn() for label in labels]
        else:
            fits = needed * LARGE <= wide
            self.chips = [
                Token(label, "", wide, HIGH if fits else TURNED, "stage word" if fits else "") for label in labels
            ]
        high = pixels(max(chip.height for chip in self.chips))
        for i, chip in enumerate(self.chips):
            chip.move_to(at(room.left + i * (wide + GAP) + wide / 2, room.top + high / 2))
        below = room.top + high
        self.columns = [
            Room(room.left + i * (wide + GAP), below, room.left + i * (wide + GAP) + wide, room.bottom)
            for i in range(len(labels))
        ]
        super().__init__(*self.chips)

    def below(self, room: Room, space: float = 16) -> Room:
        """The part of `room` that lies below the ribbon."""
        return Room(room.left, self.columns[0].top + space, room.right, room.bottom)

    def mark(self, roles: dict[int, str]) -> Animation:
        """Give the tokens at these positions an edge in the colour of a role, and all others none."""
        changes = []
        for i, chip in enumerate(self.chips):
            goal = chip.box.copy()
            role = roles.get(i, "")
            goal.set_stroke(palette().role(role) if role else palette().line, stroke(5 if role else 2), 1)
            changes.append(Transform(chip.box, goal, run_time=pace("emphasise"), rate_func=rate_functions.smooth))
        return AnimationGroup(*changes)

    def place(self, token: Label) -> int:
        """The place of a token's chip, from the left: in a window on a long sentence it is not its position."""
        return next(i for i, chip in enumerate(self.chips) if chip.label.position == token.position)

    def centre(self, position: int) -> float:
        """The middle of a token's column, across, in units."""
        return float(self.columns[position].centre[0])

    @property
    def pitch(self) -> float:
        """Px from one column to the next."""
        return self.wide + GAP

    @property
    def wide(self) -> float:
        """Px of a column."""
        return self.columns[0].width


def gutter(labels: Sequence[Label], least: float = 100.0) -> float:
    """Px that a column of tokens, one below the other, takes."""
    return max([least, *(chip_width(label) for label in labels)])
