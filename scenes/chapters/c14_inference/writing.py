"""Ways to write: by the likeliest word, a line a step, and by a beam search, whose tree grows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Animation, AnimationGroup, LaggedStart, VGroup, VMobject

from scenes.animations import Flight, Travel, Wipe, appear, appear_in_turn, draw, exchange, grow, lagged, leave
from scenes.chapters.c14_inference.cache_rows import APART, MOST_ROWS, chips_in, lines_in
from scenes.chapters.c14_inference.draws import FIRST
from scenes.layout import STAGE, Room
from scenes.mobjects.bars import bar_in
from scenes.mobjects.marks import End, Length, Stands, Thickness, means
from scenes.mobjects.plots import Plot
from scenes.mobjects.shapes import Box, curve, rule
from scenes.mobjects.text import Words, number, word
from scenes.mobjects.tokens import HEIGHT as HIGH
from scenes.mobjects.tokens import Token
from scenes.theme import at, palette, pixels, units
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px from a word or number to what is beside it.
SPACE = 12.0
#: The part of a line's height that a bar has.
THICK = 0.6
#: A choice with more than this is hardly in doubt.
HALF_SURE = 0.5


def before_chips(labels: Sequence[Label], room: Room) -> Room:
    """A room without the column at its right in which these tokens stand, a line each."""
    chips = chips_in(labels, lines_in(room, len(labels))[1])
    return room.split_columns(-pixels(chips[0].width), APART)[0]


class WritingSteps(VGroup):
    """A line for each step of writing: what it reads, a bar as long as what it writes is probable, and that itself.

    Args:
        reads, writes: the words of each step, of which the first are drawn.
        shares: what the bar of each step shows, between nothing and one.
        room: the rectangle that is filled.
        tracks: the column of the bars in it, with a one as long as it is wide.
        chips: what is read, where it stands already.
    """

    def __init__(
        self,
        reads: Sequence[Label],
        writes: Sequence[Label],
        shares: NamedTensor,
        room: Room,
        tracks: Room,
        chips: VGroup | None = None,
    ) -> None:
        reads, writes = reads[:MOST_ROWS], writes[:MOST_ROWS]
        heads, lines = lines_in(room, len(writes))
        self.reads, self.writes = chips or chips_in(reads, lines), chips_in(writes, lines, right=True)
        self.places, self.high = [tracks.cross(line) for line in lines], THICK * lines[0].height
        self.tracks = VGroup(
            Box(tracks.width, self.high, palette().surface, 6, palette().line, 2).move_to(place.centre)
            for place in self.places
        )
        self.bars, self.numbers = self.state(shares)
        #: The names of both columns of words, and the room between them.
        self.names = VGroup(Words("reads", "aside", "ink2").begin_in(heads), Words("writes", "aside", "ink2"))
        self.names[1].end_in(heads)
        self.head = tracks.cross(heads)
        super().__init__(self.tracks, self.bars, self.numbers, self.reads, self.writes, self.names)

    def state(self, shares: NamedTensor, spec: str = ".1%") -> tuple[VGroup, VGroup]:
        """The bars of other shares where these stand, and their numbers in them, or beside short ones."""
        bars, numbers, style = VGroup(), VGroup(), "stage number" if self.high > LINE else "cell"
        for place, share in zip(self.places, shares.quantities(), strict=False):
            bar = bar_in(place, share, place.width, self.high, radius=6, least=3)
            text = number(share, spec, style).begin_in(place.split_columns(SPACE)[1])
            if pixels(text.width) + 2 * SPACE < pixels(bar.width):
                text.set_fill(palette().background).paper = bar
            else:
                text.begin_at(bar.get_right()[0] + units(SPACE))
            bars.add(bar)
            numbers.add(text)
        return bars, numbers

    def instead(self) -> VGroup:
        """The last token in the place of all before it."""
        wide, high = (pixels(side) for side in (self.writes.width, self.writes[0].height))
        return VGroup(Token(self.writes[-1].label, "", wide, high).move_to(chip) for chip in self.writes[:-1])

    def rests(self) -> VGroup:
        """The share that each bar leaves to all other words, with a name above."""
        rests = VGroup()
        for bar, track in zip(self.bars, self.tracks, strict=True):
            wide = pixels(track.get_right()[0] - bar.get_right()[0])
            rests.add(Box(wide, self.high, palette().ink3, 3).move_to(track, aligned_edge=RIGHT))
        return rests.add(Words("all others", "fact", "ink2").settle(self.head.centre).end_at(rests.get_right()[0]))

    def turns(self, read: type[Travel | Flight] = Travel) -> tuple[list[Animation], Animation | None]:
        """The first step: its bar grows, and its token goes by `read` to where it is read; then all others."""
        found = []
        for t, bar in enumerate(self.bars):
            filled = AnimationGroup(appear(self.tracks[t], rise=False), grow(bar), appear(self.numbers[t]))
            following = [read(self.writes[t], chip, kind="flow") for chip in self.reads[t + 1 : t + 2]]
            found.append([filled, Travel(self.numbers[t], self.writes[t], kind="flow"), *following])
        first, *rest = found
        return first, lagged([LaggedStart(*turn, lag_ratio=0.7) for turn in rest], 1) if rest else None


def in_order(labels: Sequence[Label], room: Room) -> VGroup:
    """The tokens written so far: chips from the left of a room on."""
    line = VGroup(Token(label) for label in labels).arrange(buff=units(14))
    return line.move_to(room.centre).align_to(np.array([at(room.left, 0)[0], 0, 0]), LEFT)


#: The most steps that have room, and the most candidates of a step.
STEPS, CANDIDATES = 5, 6
#: Px of the root, of the stream that comes out of it, and of a line for a word beside a thin stream.
ROOT, SOURCE, LINE = 52.0, 80.0, 46.0
#: Px of the thinnest stream, and by which parts of one overlap; which part of a stream comes before words.
THINNEST, SEAM, PASSED = 2.0, 2.0, 0.6
#: Px by which a stream is round at its corners: as good as not, but it has the points of a bar that it becomes.
ROUND = 0.5
#: Px of the number at the end of a line, and of those at an axis.
END_OF, NUMBERS = 190.0, 110.0
#: Px of a strip, of the text at its left, and of a number behind the longest.
STRIP, TEXT, END = 92.0, 330.0, 110.0


class BeamTree(VGroup):
    """Steps from left to right, the candidates of a step from the best down, each at the end of a stream.

    A stream is as wide as the text up to there is probable, and parts where several words could follow.

    Args:
        tree: `token`, `parent`, `step`, `score`, `score.text_probs`, `kept`, `finished` and `best`, along "node".
        room: the rectangle that is filled.
    """

    def __init__(self, tree: Trace, room: Room = STAGE) -> None:
        self.tree, step, self.parent = tree, tree["step"].values, tree["parent"].values
        self.shares = tree["score.text_probs"]
        steps = int(step.max())
        self.whole = steps <= STEPS
        shown = list(range(1, min(steps, STEPS) + 1))
        # What was kept at the last step was not gone on from: the search was over.
        self.alive = (tree["finished"].values > 0) | ((tree["kept"].values > 0) & (step < steps))
        #: The nodes of each step that are shown: what lives, and the best of the others.
        self.nodes = [self._shown(np.flatnonzero(step == t)) for t in shown]
        names = [tree["token"].label("node", node) for nodes in self.nodes for node in nodes]
        across = min(420.0, (room.width - ROOT - SOURCE - END_OF) / len(shown))
        fitting = (style for style in ("stage word", "token") if self._widest(names, style) <= across - 90)
        self.style = next(fitting, "small token")
        wide = max(96.0, self._widest(names, self.style)) + 3 * SPACE
        #: Px of a probability of one.
        self.px = room.height - LINE * (max(map(len, self.nodes)) - 1) - 2 * SPACE
        left = (room.left + room.right - ROOT - SOURCE - END_OF - across * len(shown)) / 2
        self.root = Token(tree["token"].label("node", 0), "", 0, HIGH).turn()
        self.root.move_to(at(left + ROOT / 2, room.top + self.px / 2))
        source = Box.of(
            Room(left + ROOT + 8, room.top - 1, left + ROOT + SOURCE, room.top + self.px + 1), palette().weight, 0
        )
        #: By node, where a line to it ends, and where the next ones begin; px from the top to what no line took yet.
        self.ends = {0: (self.root.get_center(), source.get_right() - units(SEAM) * RIGHT)}
        self.taken = {0: room.top}
        self.words, self.lanes = dict[int, Words](), {0: means(source, Stands(tree["token"].label("node", 0)))}
        self.edges = dict[int, VMobject]()
        for t, nodes in enumerate(self.nodes):
            top, begin = room.top, left + ROOT + SOURCE + (t + 1) * across - wide
            for node in nodes:
                high = max(float(self.shares.values[node]) * self.px, LINE)
                self._node(node, Room(begin, top, begin + wide, top + high))
                top += high + SPACE * (node in self.lanes)
        #: The branch of the winner, as far as it is shown.
        best = [int(node) for node in np.flatnonzero((tree["best"].values > 0) & (step > 0))]
        self.branch = VGroup(self._between(node) for node in best if node in self.ends)
        #: The likeliest first token, which other pictures know as well.
        self.first = tree["token"].label("node", self.nodes[0][0])
        if self.nodes[0][0] in self.lanes:
            self.lanes[self.nodes[0][0]].key = FIRST
        self.more = Words("the first steps", "aside", "ink2").settle(at((room.left + room.right) / 2, room.top - 36))
        #: The sums of the best text and of the next one at their ends, where these are the last that is shown.
        self.sums = VGroup()
        for node in [int(node) for node in tree["hypotheses"].values[:2] if node in self.nodes[-1]]:
            text, (end, y, _) = number(tree["score"].quantity(node), ".2f", "large number"), self.ends[node][1]
            self.sums.add(text.settle(np.array([end, y, 0])).begin_at(end + units(SPACE)))
        for told, side, one in zip(("sum", "next best"), (UP, DOWN), [*self.sums], strict=False):
            self.sums.add(Words(told, "fact", "ink2").next_to(one, side, units(SPACE), LEFT))
        tall = (node for node in dict.fromkeys(best[:: max(1, len(best) - 1)]) if node in self.lanes)
        #: How likely the best text is after its first token and at its end: the height of its stream.
        self.heights = [self._height(node) for node in tall if self.lanes[node].height > units(4 * LINE)]
        parts = (*self.edges.values(), *self.lanes.values(), *self.words.values())
        super().__init__(self.root, *parts)

    def _shown(self, nodes: np.ndarray) -> list[int]:
        others = [node for node in nodes if not self.alive[node]][: max(0, CANDIDATES - int(self.alive[nodes].sum()))]
        return [int(node) for node in nodes if self.alive[node] or node in others]

    @staticmethod
    def _widest(names: list[Label], style: str) -> float:
        return pixels(max(float(word(name, style).width) for name in names))

    def _node(self, node: int, place: Room) -> None:
        """A word in its place, and the stream to it; a broad one flows on below the word."""
        label, share = self.tree["token"].label("node", node), self.shares.quantity(node)
        high, before = float(share) * self.px, int(self.parent[node])
        style = "large word" if high >= LINE and self._widest([label], "large word") < place.width else self.style
        text = means(word(label, style, "ink2").settle(place.centre), Stands(label))
        self.words[node] = text.begin_at(at(place.left + SPACE, 0)[0])
        gap, seam, start = units(SPACE) * RIGHT, units(SEAM) * RIGHT, self.ends[before][1]
        self.ends[node] = text.get_left() - gap, text.get_right() + gap
        if high >= LINE:
            lane = Box(place.width, high + THINNEST, palette().weight, ROUND).move_to(place.centre)
            means(lane, Length(share, "height", self.px, place.width, more=THINNEST), Stands(label))
            self.lanes[node], self.ends[node] = lane, (lane.get_left() + seam, lane.get_right() - seam)
            text.set_fill(palette().background).paper = lane
        middle = (place.top + place.bottom) / 2
        self.taken[node] = middle - high / 2
        if before in self.lanes:
            start = np.array([start[0], at(0, self.taken[before] + high / 2)[1], 0])
            self.taken[before] += high
        line = curve(start, self.ends[node][0], "weight", THINNEST + high, level=True)
        self.edges[node] = means(line, Thickness(share, self.px, THINNEST), *self._ways(node))

    def _height(self, node: int) -> VGroup:
        """A line across a stream, from edge to edge, and how likely the text is up to there."""
        lane, shift = self.lanes[node], units(2 * SPACE) * LEFT
        across = rule(lane.get_corner(UP + RIGHT) + shift, lane.get_corner(DOWN + RIGHT) + shift, "ink", 4)
        told = number(self.shares.quantity(node), ".0%", "large number").set_fill(palette().background)
        told.paper = lane
        told.next_to(across, LEFT, buff=units(SPACE)).align_to(lane.get_bottom() + units(2 * SPACE) * UP, DOWN)
        return VGroup(across.set_stroke(palette().background), told)

    def _between(self, node: int) -> VMobject:
        """A line from the word before to a word."""
        before, gap = int(self.parent[node]), units(SPACE) * RIGHT
        start = self.words[before].get_right() + gap if before else self.root.get_right()
        line = curve(start, self.words[node].get_left() - gap, "residual", 9, level=True)
        return means(line, *self._ways(node))

    def _ways(self, node: int) -> tuple[End, End]:
        """The tokens at which a line to a word begins and ends."""
        return End(self.tree["parent"].quantity(node), first=True), End(self.tree["token"].label("node", node))

    def grow(self, t: int, kind: str = "row") -> list[tuple[Animation, ...]]:
        """Step t from 0: streams part, and come to words; those that are not kept run dry."""
        nodes = self.nodes[t]
        lanes = [self.lanes[node] for node in nodes if node in self.lanes]
        words = appear_in_turn([self.words[node] for node in nodes], kind)
        lost = [part[node] for part in (self.edges, self.words) for node in nodes if not self.alive[node]]
        tried = (draw(*(self.edges[node] for node in nodes), kind=kind),)
        come = lagged([Wipe(*lanes), words], PASSED, kind=kind) if lanes and words else words
        return [tried, *([(come,)] if come else []), *([(leave(*lost),)] if lost else [])]


def winner(tree: Trace) -> list[str]:
    """The words of the best branch of a beam search, from the first on."""
    best: NamedTensor = tree["best"]
    nodes = np.flatnonzero((best.values > 0) & (tree["step"].values > 0))
    return [str(best.label("node", int(node))) for node in nodes]


class BeamRace:
    """The texts that a beam keeps, token by token, and among them that of greedy decoding and the best in the end.

    First as strips, as long as the probability of each text, the longest on top; then as lines, a sum of
    log-probabilities each.

    Args:
        run: `experiment.beams`.
        line, room: the line of the text that is gone on with, and the room below it.
    """

    def __init__(self, run: Trace, line: Room, room: Room) -> None:
        step, score, self.parent = run["step"], run["score"], run["parent"].values.tolist()
        self.token, self.shares = run["token"], run["score.text_probs"]
        alive = np.flatnonzero((run["kept"].values > 0) | (run["finished"].values > 0)).tolist()
        self.best = np.flatnonzero(run["best"].values).tolist()
        words = run["greedy_sum"].words("step")
        self.named = words[0], self.token.label("node", self.best[1])
        self.times, sums = ([tensor.quantity(node) for node in self.best] for tensor in (step, score))
        slow = [score.quantity(0), *run["greedy_sum"].quantities()]
        #: The nodes that are the text of greedy decoding, as long as the beam keeps it.
        self.greedy = [node for node in alive if np.isclose(score.values[node], slow).any()]
        #: The first step after which the best of the beam is ahead, and the texts that are kept after each until then.
        self.overtaken = next((t for t, (a, b) in enumerate(zip(slow, sums, strict=True)) if b > a))
        self.kept = [[node for node in alive if step.values[node] == t] for t in range(self.overtaken + 1)]
        body = room.split_columns(-END)[0]
        self.line, self.places = body.split_columns(TEXT)[1], body.rows(int(run["width"]), 26)
        self.name = Words("probability of the text", "fact", "ink2").end_in(line)
        #: A probability of one, as long as it was before anything was written.
        whole = self.line.cross(self.places[0])
        self.track = Box(whole.width, STRIP, palette().surface, 6, palette().line, 2).move_to(whole.centre)
        rows = ((node, place) for nodes in self.kept for node, place in zip(nodes, self.places, strict=False))
        self.rows = {node: self._row(node, place) for node, place in rows}
        low = min(float(score.values[alive].min()), *map(float, slow))
        inner = Room(STAGE.left + NUMBERS, room.top + 60, STAGE.right - END_OF, STAGE.bottom - 96)
        self.plot = Plot.filling(inner, step, score, ((0, len(words)), (1.12 * low, -0.05 * low)))
        self.plot.add(self.plot.heights(slow[:1], ".0f"), self.plot.heights(slow[-1:], ".2f"))
        self.plot.add(self.plot.ticks([self.times[self.overtaken], self.times[-1]]))
        #: The next part of all lines, by step; and the dots that the strips become.
        self.lines = [
            VGroup(self.plot.curve(self.times[t : t + 2], slow[t : t + 2], "weight", 9)) for t in range(len(words))
        ]
        for node in alive[1:]:
            x, y = ([tensor.quantity(end) for end in (self.parent[node], node)] for tensor in (step, score))
            role, thick = ("residual", 9) if node in self.best else ("ink3", 3)
            if node not in self.greedy:
                self.lines[int(step.values[node]) - 1].add(self.plot.curve(x, y, role, thick))
        spots = [(node, [step.quantity(node)], [score.quantity(node)]) for node in self.kept[-1]]
        self.dots = [self.plot.dots(x, y, self._role(node), 13) for node, x, y in spots]
        self.ends = VGroup()
        for name, role, path in (("greedy", "weight", slow), ("beam", "residual", sums)):
            spot = self.plot.point(len(words), float(path[-1]))
            end = number(path[-1], ".2f", "large number", role).settle(spot).begin_at(spot[0] + units(2 * SPACE))
            self.ends.add(end, Words(name, "fact", role).next_to(end, UP, buff=units(SPACE)).align_to(end, LEFT))

    def _role(self, node: int) -> str:
        return "residual" if node in self.best[1:] else "weight" if node in self.greedy[1:] else "ink3"

    def _row(self, node: int, place: Room) -> VGroup:
        """The strip of a text, how much that is, and the tokens of the text at its left."""
        share, role, line = self.shares.quantity(node), self._role(node), self.line.cross(place)
        bar = bar_in(line, share, line.width, STRIP, role)
        told = VGroup(number(share, "share", "stage number", "ink2" if role == "ink3" else role))
        if role == "weight":
            told.add(Words("greedy", "fact", role).next_to(told, RIGHT, buff=units(2 * SPACE)))
        told.next_to(bar, RIGHT, buff=units(2 * SPACE))
        tokens, right = VGroup(), bar.get_left()[0] - units(SPACE)
        while node:
            text = word(self.token.label("node", node), "stage word").settle(bar.get_center())
            tokens.add(text.end_at(right - units(SPACE)))
            right, node = text.get_left()[0], self.parent[node]
        return VGroup(bar, told, VGroup(*tokens[::-1]))

    def go_on(self, t: int) -> list[tuple[Animation, ...]]:
        """Out of each text come those that are kept after the next token, the longest strip on top; the rest goes."""
        olds, news = ([self.rows[node] for node in self.kept[k]] for k in (t, t + 1))
        strips, gone = [], set()
        for node, row in zip(self.kept[t + 1], news, strict=True):
            parent = self.parent[node]
            strips.append(Travel(self.rows[parent][0], row[0], 0, "row", leaving=parent not in gone))
            gone.add(parent)
        texts, told = ([part for row in rows for part in row[1:]] for rows in (olds, news))
        ended = [self.rows[node][0] for node in self.kept[t] if node not in gone]
        return [(leave(*texts, *ended), *strips), (appear(*told),)]

    def logarithms(self) -> list[tuple[Animation, ...]]:
        """Each strip becomes a dot, as high as its logarithm, and lines lead to it."""
        rows = [self.rows[node] for node in self.kept[-1]]
        rest = self.name, self.track, *(part for row in rows for part in row[1:])
        dots, before = exchange([row[0] for row in rows], self.dots, "row"), self.lines[: self.overtaken]
        return [(leave(*rest), appear(self.plot), *dots), *((draw(*lines),) for lines in before)]

    def end(self) -> list[Animation]:
        """All lines go on to their ends."""
        return [draw(*lines) for lines in self.lines[self.overtaken :]]
