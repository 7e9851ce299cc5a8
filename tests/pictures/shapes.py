"""Which steps have room in which shape of the frame: the table of docs/course.md, for the sentence that is shown there.

    python tests/pictures/shapes.py

writes it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from manim import tempconfig
from walking import SENTENCES, _formulas, _kept, chapters, name_of, trace_of

from scenes.production.look import Look
from scenes.rendering import FastRenderer
from scenes.stage.chapter import Chapter
from scenes.theme import SHAPES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "course.md"
NARROW = [shape for shape in SHAPES if shape != "16:9"]
BEGIN, END = "<!-- shapes -->\n", "<!-- /shapes -->"


def faults_of(chapter: type[Chapter], shape: str, text: str = SENTENCES[0]) -> dict[int, list[str]]:
    """The faults of each step in a shape, in the size of type that has fewest."""
    found: dict[int, list[str]] = {}
    for fine in (False, True):
        look = Look(270, 480, 15, "dark", shape=shape, fine=fine)
        with tempconfig({}), look.applied(_formulas()), _kept():
            scene = chapter(trace=trace_of(text), theme="dark", renderer=FastRenderer())
            scene.renderer.skip_animations = True
            for record in scene.perform(()):
                if fine is False or found[record.number]:
                    found[record.number] = record.faults
    return found


def listed(numbers: Iterable[int]) -> str:
    """`1-3, 5` of numbers in their order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs) or "none"


def row(chapter: type[Chapter]) -> str:
    """The line of a chapter in the table."""
    cells, steps = [], 0
    for shape in NARROW:
        faults = faults_of(chapter, shape)
        steps = len(faults)
        cells.append(listed(number for number, wrong in faults.items() if not wrong))
    return f"| {name_of(chapter)} | 1-{steps} | {' | '.join(cells)} |"


def rows() -> dict[str, str]:
    """The lines of the table that is in the page, by the name of their chapter."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    return {line.split("|")[1].strip(): line for line in table.splitlines()[2:]}


if __name__ == "__main__":
    head = f"| chapter | 16:9 | {' | '.join(NARROW)} |\n|---|---|{'---|' * len(NARROW)}\n"
    table = head + "\n".join(map(row, chapters())) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    page = re.sub(f"{BEGIN}.*?{END}", lambda _: BEGIN + table + END, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")
