"""The tree of a beam search: what was looked at, what was kept, what was given up, and the branch that won."""

from __future__ import annotations

import numpy as np
from manim import VGroup, VMobject

from scenes.layout import LEFT_EDGE, RIGHT_EDGE
from scenes.mobjects.marks import End, Stands, means
from scenes.mobjects.shapes import stroke
from scenes.mobjects.text import Words, number, word
from scenes.theme import at, palette, units
from transformer_core.tracing.trace import NamedTensor, Trace

#: The most steps that have room.
STEPS = 5
UPPER, LOWER = 250.0, 850.0


class BeamTree(VGroup):
    """Steps from left to right, the candidates of a step from the best down; the kept ones have their scores.

    Args:
        tree: `token`, `parent`, `step`, `score`, `kept`, `finished` and `best`, along "node".
    """

    def __init__(self, tree: Trace) -> None:
        self.tree, step, self.parent = tree, tree["step"].values, tree["parent"].values
        self.steps = int(step.max())
        shown = list(range(1, min(self.steps, STEPS) + 1))
        self.whole = self.steps <= STEPS
        rows = max(int((step == t).sum()) for t in shown)
        pitch, across = min(74.0, (LOWER - UPPER) / rows), (RIGHT_EDGE - LEFT_EDGE) / len(shown)
        across = min(across, 420.0)
        left = 960 - across * len(shown) / 2
        # What was kept at the last step was not gone on from: the search was over.
        self.alive = (tree["finished"].values > 0) | ((tree["kept"].values > 0) & (step < self.steps))
        best = tree["best"].values > 0
        self.columns: list[VGroup] = []
        self.kept, self.pruned, self.edges, self.branch = VGroup(), VGroup(), VGroup(), VGroup()
        self.edge_of: dict[int, VMobject] = {}
        self.ends: dict[int, tuple[np.ndarray, np.ndarray]] = {0: (at(left, 0), at(left, (UPPER + pitch / 2)))}
        for t in shown:
            column, lines = VGroup(), VGroup()
            for k, node in enumerate(np.flatnonzero(step == t)):
                y, x = UPPER + (k + 0.5) * pitch, left + (t - 1) * across + 56
                alive = bool(self.alive[node])
                role = "ink" if alive else "ink3"
                text = word(tree["token"].label("node", int(node)), "small token", role).settle(at(x, y))
                text.begin_at(at(x, 0)[0])
                start, end = at(x - 8, y), np.array([text.get_right()[0] + units(10), at(0, y)[1], 0])
                part = VGroup(text)
                if alive:
                    score = number(tree["score"].quantity(int(node)), ".2f", "cell", "ink2")
                    score.next_to(text, np.array([1.0, 0, 0]), buff=units(22)).stand_on(text.baseline)
                    part.add(score)
                    end = np.array([score.get_right()[0] + units(10), end[1], 0])
                self.ends[int(node)] = start, end
                means(part, Stands(tree["token"].label("node", int(node))))
                (self.kept if alive else self.pruned).add(part)
                lines.add(self._edge(int(node), "weight" if alive else "line", 3.5 if alive else 2))
                column.add(part)
                if best[node]:
                    self.branch.add(self._edge(int(node), "residual", 8))
            self.columns.append(VGroup(lines, column))
        self.more = Words("the first steps", "axis", "ink2").move_to(at(960, 206))
        super().__init__(*self.columns)

    def _edge(self, node: int, role: str, thick: float) -> VMobject:
        """From the end of the parent to the beginning of the child."""
        start, end = self.ends[int(self.parent[node])][1], self.ends[node][0]
        line = VMobject(stroke_color=palette().role(role), stroke_width=stroke(thick))
        bend = np.array([(end - start)[0] * 0.5, 0, 0])
        line.points = np.array([start, start + bend, end - bend, end])
        before, here = self.tree["parent"].quantity(node), self.tree["token"].label("node", node)
        return means(line, End(before, first=True), End(here))


def winner(tree: Trace) -> list[str]:
    """The words of the best branch of a beam search, from the first on."""
    best: NamedTensor = tree["best"]
    nodes = np.flatnonzero((best.values > 0) & (tree["step"].values > 0))
    return [str(best.label("node", int(node))) for node in nodes]
