"""The tree of a beam search: what was looked at, what was kept, what was given up, and the branch that won."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, Animation, VGroup, VMobject

from scenes.animations import appear, appear_in_turn, draw, exchange
from scenes.layout import STAGE
from scenes.mobjects.marks import End, Stands, means
from scenes.mobjects.shapes import dot, stroke
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The most steps that have room.
STEPS = 5
#: Px from the end of a step to the beginning of the next, of the column of scores, and from a word to its score.
EDGE, SCORE, SPACE = 62.0, 92.0, 14.0


class BeamTree(VGroup):
    """Steps from left to right, the candidates of a step from the best down; the kept ones have their scores.

    Args:
        tree: `token`, `parent`, `step`, `score`, `kept`, `finished` and `best`, along "node".
    """

    def __init__(self, tree: Trace) -> None:
        self.tree, step, self.parent = tree, tree["step"].values, tree["parent"].values
        self.steps = int(step.max())
        self.whole = self.steps <= STEPS
        shown = list(range(1, min(self.steps, STEPS) + 1))
        #: The nodes of each step that is shown.
        self.nodes = [[int(node) for node in np.flatnonzero(step == t)] for t in shown]
        # What was kept at the last step was not gone on from: the search was over.
        self.alive = (tree["finished"].values > 0) | ((tree["kept"].values > 0) & (step < self.steps))
        across = min(420.0, (STAGE.width - 30) / len(shown))
        pitch = min(84.0, (STAGE.height - 40) / max(map(len, self.nodes)))
        left = 960 - (across * len(shown) - EDGE + 30) / 2
        names = [str(tree["token"].label("node", node)) for nodes in self.nodes for node in nodes]
        room = across - EDGE - SCORE - SPACE
        fitting = (style for style in ("stage word", "token") if self._widest(names, style) <= room)
        self.style = next(fitting, "small token")
        self.root = dot(at(left, STAGE.top + 20 + pitch / 2), 13, "ink")
        self.ends = {0: (self.root.get_center(), self.root.get_right())}
        #: All candidates in grey, those that live in full light, and their scores, by node.
        self.words: dict[int, Words] = {}
        self.kept: dict[int, Words] = {}
        self.scores: dict[int, Words] = {}
        self.thin: dict[int, VMobject] = {}
        self.edges: dict[int, VMobject] = {}
        for t, nodes in enumerate(self.nodes):
            for place, node in enumerate(nodes):
                spot = at(left + 30 + t * across + EDGE - 30, STAGE.top + 20 + (place + 0.5) * pitch)
                self._node(node, spot, across - EDGE)
        best = np.flatnonzero((tree["best"].values > 0) & (step > 0))
        self.branch = VGroup(*(self._edge(int(node), "residual", 9) for node in best if int(node) in self.ends))
        self.winners = [int(node) for node in best if int(node) in self.ends]
        self.more = Words("the first steps", "aside", "ink2").settle(at(960, STAGE.top + 6))
        parts = (self.words, self.kept, self.scores, self.thin, self.edges)
        super().__init__(self.root, *(VGroup(*part.values()) for part in parts))

    @staticmethod
    def _widest(names: list[str], style: str) -> float:
        return max(float(Words(name, style).width) for name in names) * 135

    def _node(self, node: int, spot: np.ndarray, wide: float) -> None:
        label, alive = self.tree["token"].label("node", node), bool(self.alive[node])
        text = word(label, self.style, "ink3").settle(spot).begin_at(float(spot[0]))
        self.words[node] = means(text, Stands(label))
        end = text.get_right() + RIGHT * units(12)
        if alive:
            self.kept[node] = means(word(label, self.style).settle(spot).begin_at(float(spot[0])), Stands(label))
            score = number(self.tree["score"].quantity(node), ".2f", "large cell", "ink2").settle(spot)
            score.end_at(float(spot[0]) + units(wide - SPACE)).stand_on(text.baseline)
            self.scores[node] = means(score, Stands(label))
            end = score.get_right() + RIGHT * units(10)
        self.ends[node] = spot + np.array([-units(8), 0, 0]), np.array([end[0], spot[1], 0])
        self.thin[node] = self._edge(node, "line", 2.5)
        if alive:
            self.edges[node] = self._edge(node, "weight", 5)

    def _edge(self, node: int, role: str, thick: float) -> VMobject:
        """From the end of the parent to the beginning of the child."""
        start, end = self.ends[int(self.parent[node])][1], self.ends[node][0]
        line = VMobject(stroke_color=palette().role(role), stroke_width=stroke(thick))
        bend = np.array([(end - start)[0] * 0.5, 0, 0])
        line.points = np.array([start, start + bend, end - bend, end])
        before, here = self.tree["parent"].quantity(node), self.tree["token"].label("node", node)
        return means(line, End(before, first=True), End(here))

    def grow(self, t: int, kind: str = "row") -> tuple[tuple[Animation, ...], tuple[Animation, ...]]:
        """Step t from 0: all ways on grow out of the branches that live; then the best of them are kept."""
        nodes = self.nodes[t]
        alive = [node for node in nodes if node in self.kept]
        out = appear_in_turn([self.words[node] for node in nodes], kind)
        tried = (draw(*(self.thin[node] for node in nodes), kind=kind), *([out] if out else []))
        kept = exchange([self.words[node] for node in alive], [self.kept[node] for node in alive], kind)
        scores, edges = ([part[node] for node in alive] for part in (self.scores, self.edges))
        return tried, (*kept, *([draw(*edges, kind=kind), appear(*scores, rise=False)] if alive else []))

    def flowing(self) -> tuple[list[VMobject], list[float]]:
        """The edges that live, and how probable the word at the end of each was."""
        logs = self.tree["log_prob"].values
        return [*self.edges.values()], [float(np.exp(logs[node])) for node in self.edges]


def winner(tree: Trace) -> list[str]:
    """The words of the best branch of a beam search, from the first on."""
    best: NamedTensor = tree["best"]
    nodes = np.flatnonzero((best.values > 0) & (tree["step"].values > 0))
    return [str(best.label("node", int(node))) for node in nodes]
