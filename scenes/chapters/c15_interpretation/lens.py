"""The logit lens: a glass over a residual stream, in which a word is as large as it is likely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, VGroup, VMobject

from scenes.animations import Flight, Play, Travel, appear, deal, draw, lagged, leave, ring_around
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_of
from scenes.mobjects.marks import Stands, means
from scenes.mobjects.next_tokens import likeliest
from scenes.mobjects.ribbon import LARGE
from scenes.mobjects.shapes import Box, drop, frame, stream_band
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words, word
from scenes.mobjects.tokens import Token, chip_width
from scenes.mobjects.vectors import Vector
from scenes.theme import SMALLEST, at, palette, pixels, units
from transformer_core.tracing.provenance import Label, Quantity, plain
from transformer_core.tracing.trace import NamedTensor

#: Stops of a deep stack that are tapped at most, and words that are looked for at each.
STOPS, LISTED = 4, 5
#: Px of the names above the layers of a stream, of these, of the stream's band and end, of a vector that stands on it,
#: and between it and a layer.
NAMES, HIGH, BAND, TIP, UPRIGHT, CLEAR = 40.0, 166.0, 26.0, 70.0, (56.0, 132.0), 20.0
#: Px of the line of ranks, of what a size means, and between two words.
RANKS, MEANING, GAP = 66.0, 190.0, 8.0
#: A word with less is so wide a part of the glass, and with more from top to foot; how much larger than its type it
#: becomes at most, and the part of its chip that is free at each side.
SLIM, BROADEST, AROUND = 0.22, 2.0, 0.06


class StreamTaps(VGroup):
    """The residual stream of one token, from left to right along the top of a room, with its vector at some stops.

    Args:
        rows: the vector before the first layer and after each.
        stops: the name of each stop.
        token: whose vector it is.
        room: the rectangle that is filled; `below` is what is left of it, and `layers` has the room of each layer.

    Of many stops a few are `shown`, the first and the last among them.
    """

    def __init__(self, rows: Sequence[NamedTensor], stops: Sequence[Label], token: Label, room: Room = STAGE) -> None:
        count, half = len(rows), UPRIGHT[0] / 2
        self.shown = [int(k) for k in np.linspace(0, count - 1, min(count, STOPS)).round()]
        head, rest = room.split_rows(NAMES)
        (row, self.below), self.stack = rest.split_rows(HIGH, 28), Words("decoder", "fact", "ink2").begin_in(head)
        middle, side = row.centre, max(chip_width(token) * LARGE, 100.0) + CLEAR
        self.token = Token(token, "", 0, 64, "stage word").move_to(at(room.left, 0) + UP * middle, aligned_edge=LEFT)
        self.token.set_y(middle[1])
        xs = np.linspace(room.left + side + half, room.right - TIP - half, len(self.shown))
        scale = max(full_colour(rows[k]) for k in self.shown)
        self.vectors, self.boxes, self.names, self.layers = VGroup(), VGroup(), VGroup(), list[Room]()
        for k, x in zip(self.shown, xs, strict=True):
            vector = Vector(rows[k], *UPRIGHT, "residual", scale, upright=True)
            self.vectors.add(vector.move_to(at(x, 0)).set_y(middle[1]))
        for k, before, x in zip(self.shown[1:], self.shown, xs[1:], strict=False):
            apart = half + CLEAR
            place = Room(x - (xs[1] - xs[0]) + apart, row.top, x - apart, row.bottom)
            self.layers.append(place)
            box, alone = Box.of(place, palette().surface, 14, palette().line, 2.5).set_z_index(-1), k - before == 1
            text = word(stops[k], "stage word", "ink2") if alone else Words(f"… {stops[k]}", "stage word", "ink2")
            text.paper = box
            self.boxes.add(box)
            self.names.add(text.settle(place.centre))
        self.band = stream_band(self.token.get_right(), np.array([at(room.right, 0)[0], middle[1], 0]), BAND)
        self.band.set_z_index(-2)
        super().__init__(self.band, self.boxes, self.token, self.names, self.vectors)

    def run(self, here: bool) -> tuple[Animation, ...]:
        """The vector enters the stream, which may be `here` already, and comes out of layer after layer."""
        way: list[Animation] = [Travel(self.token, self.vectors[0])]
        for layer, before, after in zip(self.boxes, self.vectors, self.vectors[1:], strict=False):
            way += [Flight(before, layer, 0.0), Travel(layer, after, 0.0)]
        there = () if here else (draw(self.band), appear(self.boxes))
        return (appear(self.token, self.names, self.stack), *there), lagged(way, 0.7)

    def up_to(self, stop: int) -> VMobject:
        """The box of the layer before a stop, be it alone or among several."""
        return next(box for box, end in zip(self.boxes, self.shown[1:], strict=True) if end >= stop)


class LogitLens(VGroup):
    """A glass over each tap of a stream: the likeliest words there, whose areas are their probabilities.

    Args:
        taps: the stream of the decoder.
        probs: layer × vocab.
        ranks: of the word that is written, by layer.
        written: that word.
    """

    def __init__(self, taps: StreamTaps, probs: NamedTensor, ranks: NamedTensor, written: Label) -> None:
        self.taps = taps
        self.glasses, self.ranks, self.rings = (VGroup() for _ in range(3))
        #: The words that can be read in each glass, and where they stand.
        self.words: list[dict[str, VGroup]] = []
        #: The likeliest words of each glass.
        self.tops: list[tuple[Label, ...]] = []
        room, xs = taps.below, [pixels(vector.get_x() - at(0, 0)[0]) for vector in taps.vectors]
        # Each stands below its vector, and what an area means between the first two.
        half = min((room.width - MEANING) / len(taps.shown), (xs[1] - room.left - MEANING) / 1.5) / 2
        for k, x in zip(taps.shown, np.clip(xs, room.left + half, room.right - half), strict=True):
            column = Room(x - half, room.top, x + half, room.bottom)
            (body, foot), told = column.split_rows(-RANKS), f"rank {ranks.quantity(k):,.0f}"
            self.glasses.add(frame(body.width, body.height, "ink2", 3, 5).move_to(body.centre))
            found = probs.pick(layer=k, vocab=likeliest(probs.pick(layer=k), LISTED))
            self.tops.append(found.words("vocab"))
            self.words.append(self._words(found, body))
            rank = Words(f"“{written}”: {told}", "stage word", "ink2")
            rank = rank if rank.width <= units(foot.width) else Words(told, "stage word", "ink2")
            self.ranks.add(rank.settle(foot.centre))
            here = self.words[-1].get(str(written))
            self.rings.add(VGroup(ring_around(here)) if here else VGroup())
            if found.quantity(0) < SLIM / 2:  # all words stand below the middle
                self.rings[-1].add(Words("all others", "fact", "ink2").settle(body.centre))
        #: From each vector to its glass; what the size of a word says, and what is done in a glass, named in the first.
        self.drops = [drop(*ends, "ink2", 3) for ends in zip(taps.vectors, self.glasses, strict=True)]
        self.meaning = VGroup(Words(line, "aside", "ink2") for line in ("area:", "probability"))
        self.meaning.arrange(DOWN, units(GAP), aligned_edge=LEFT).next_to(self.glasses[0], RIGHT, units(CLEAR))
        self.done = Words("output layer, softmax", "aside", "ink2").move_to(self.glasses[0])
        super().__init__(self.glasses, *(chip for words in self.words for chip in words.values()), self.ranks)

    @staticmethod
    def _words(probs: NamedTensor, glass: Room) -> dict[str, VGroup]:
        """Words from the likeliest on, side by side, as large parts of a glass as they are likely, if they can be read.

        A likely one reaches from top to foot; the others are equally wide.
        """
        made, x = dict[str, VGroup](), glass.left
        for label, share in zip(probs.words("vocab"), probs.quantities(), strict=True):
            wide = max(float(share), SLIM) * glass.width
            sides = ("width", glass.width, glass.height) if share > SLIM else ("height", glass.height / SLIM, wide)
            box = bar_of(share, *sides, radius=5).move_to(at(x, glass.bottom), aligned_edge=DOWN + LEFT)
            place = Room(x, glass.bottom - pixels(box.height), x + wide, glass.bottom)
            text = place.inset(AROUND * wide, AROUND * place.height).fit(word(label, "large word"), most=BROADEST)
            x += wide + GAP
            if text.size >= SMALLEST and x < glass.right + GAP:
                text.set_fill(palette().background).paper = box
                made[str(label)] = VGroup(box, means(text, Stands(label)))
                if share > 1 / 2:
                    told = Words(f"{share:share}", "large number", paper=box).set_fill(palette().background)
                    made[str(label)].add(told.next_to(text, DOWN, units(CLEAR)))
        return made

    def read(self, i: int) -> list[Play]:
        """The glass comes over a vector, a copy of which is lifted into it; words that were in it change their size."""
        glass, vector, before = self.glasses[i], self.taps.vectors[i], self.words[i - 1] if i else {}
        stay = [Travel(before[name][:2], chip, kind="row") for name, chip in self.words[i].items() if name in before]
        new = [chip for name, chip in self.words[i].items() if name not in before]
        come = Travel(self.glasses[i - 1], glass, 0.0, "row") if i else appear(glass)
        out, done = deal([vector] * len(new), new), [] if i else [self.done]
        said: list[Play] = [(*map(leave, done), *([out] if out else []))]
        return [(come, *stay, *map(appear, done)), (draw(self.drops[i]), Flight(vector, glass, 0.0, kind="row")), *said]

    def led(self, share: Quantity, word: Label) -> list[VGroup]:
        """The last glass's chip of a word, if it has this very share there."""
        chip = self.words[-1].get(str(word), VGroup())
        return [chip] if [told.text for told in chip[2:]] == [plain(f"{share:share}")] else []
