"""One head as a large pattern: of all heads in turn, and of one that is switched off."""

from __future__ import annotations

from manim import DOWN, Animation, VGroup

from scenes.animations import Play, Through, appear, grow, reshape, ring_around
from scenes.layout import Room
from scenes.mobjects.bars import named_shares
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.pause import Pause
from scenes.mobjects.shapes import frame
from scenes.mobjects.sorted_heads import SmallGrid, SortedHeads, pattern_name
from scenes.mobjects.text import Words, word
from scenes.mobjects.wording import layer_name, letter_of
from scenes.theme import pixels, units
from transformer_core.tracing.trace import NamedTensor

#: The part of the room that a pattern has; px between it and bars, and between it and its words; of the pause below
#: two bars, and of the name of a head; the least from row to row with words.
LARGE, APART, AIR, PAUSE, NAMED, CLOSEST = 0.38, 110.0, 40.0, 150.0, 70.0, 38.0


def grown(line: VGroup) -> tuple[Animation, ...]:
    """A named bar grows."""
    return appear(line[0], line[1].track, line[2]), grow(line[1].bar)


class LargeHead:
    """The pattern of one head, with the words of the sentence, that becomes that of all others; then of the clearest.

    Args:
        heads: all heads, and the clearest of them.
        grids: these heads as small patterns.
        room: the rectangle that is filled.
    """

    def __init__(self, heads: SortedHeads, grids: VGroup, room: Room) -> None:
        weights, (left, right) = [*map(list, heads.weights)], room.split_columns(LARGE * room.width, APART)
        (rows, columns), labels = weights[0][0].shape, weights[0][0].words("key")
        widest = max(pixels(word(label, "token").width) for label in labels) + AIR
        pitch = min((left.width - widest) / columns, (left.height - NAMED) / rows)
        # Long words stand upright on their columns; without words, the pattern has all the room.
        pitch = pitch if widest < pitch else min(pitch, (left.height - widest) / rows)
        pitch, wordy = (pitch, True) if pitch > CLOSEST else (left.height / max(rows, columns), False)
        patterns = [Pattern(head, pitch) for layer in weights for head in layer]
        words = patterns[0].row_words("token"), patterns[0].column_words("token")
        self.words = VGroup(*words) if wordy else VGroup()
        whole, self.states = VGroup(*self.words, *patterns), [pattern.lines for pattern in patterns]
        whole.shift(left.centre - whole.get_center())
        self.pattern, self.rings = patterns[0].copy(), [VGroup(ring_around(grid)) for grid in grids]
        self.ring, self.name, self.bars = self.rings[0].copy(), VGroup(), VGroup()
        if heads.first:
            layer, head, most = heads.first
            above, below = right.inset(0, AIR).split_rows(NAMED)
            self.name = Words(f"head {letter_of(head)}, {layer_name(layer)}", "large word").begin_in(above)
            shares = {pattern_name(most.name): most.score, "chance": most.chance}
            self.bars = named_shares(shares, below, ".2%", "weight")

    def tour(self) -> list[Play]:
        """A ring goes from head to head, and the large pattern becomes that of each."""
        passing = Through(self.pattern.lines, self.states, "tour"), Through(self.ring, self.rings, "tour")
        return [appear(self.ring), passing]

    def back(self, head: int) -> tuple[Animation, ...]:
        """Show the pattern of this head."""
        return reshape(self.pattern.lines, self.states[head]), appear(self.name)


class IdleHead:
    """A head as a large pattern that is switched off, and what is right with it and without.

    Args:
        weights: query × key.
        layer: of the head.
        head: its place there.
        right: what is right, "model layer head"; None if that was not counted.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: NamedTensor, layer: int, head: int, right: NamedTensor | None, room: Room) -> None:
        left, room = room.split_columns(LARGE * room.width, APART)
        body = left.split_rows(-NAMED)[0]
        side = min(body.width, body.height)
        self.empty = frame(side, side, "warning").move_to(body.centre)
        self.paper, self.pattern = SmallGrid(weights, side).move_to(self.empty)
        self.name = Words(f"head {letter_of(head)}, {layer_name(layer)}", "stage word", "ink2")
        self.name.next_to(self.paper, DOWN, units(AIR / 2))
        above, below = room.split_rows(-PAUSE)
        self.pause = Pause((below.left + below.right) / 2, (below.top + below.bottom) / 2)
        names = "right with all heads", "right without this head"
        shares = {name: right.quantity(k, layer, head) for k, name in enumerate(names)} if right else {}
        self.bars = named_shares(shares, above, ".1%", "weight") if shares else VGroup()
