"""Cost of a frame by how much stands and how much moves: a table and a plot for docs/rendering.md.

    python tests/benchmarks/growth.py [--rounds 3]

Each point is a film of two plays at 1080p60 in which the movers lie below all that stands, which is the worst case:
plain Manim draws everything again from the first moving mobject upwards.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import replace
from itertools import product
from math import log, log10
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from measuring import Task
from rendering import Workers

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PLOT = DOCS / "rendering.md", DOCS / "rendering-growth.svg"
BEGIN, END = "<!-- growth: written by tests/benchmarks/growth.py -->\n", "<!-- end of growth -->"
STATIC, MOVING = (100, 1000, 5000), (10, 100, 1000)
KINDS = {"plain": "#d9822b", "fast": "#137cbd"}
DASHES = {10: "", 100: "7 4", 1000: "2 4"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 70, 560, 30, 360
LINE = 17  # from one label to the next
LOW, HIGH = 0.0, 3.5  # decimal logarithms of milliseconds
Points = dict[tuple[str, int, int], dict[str, float]]


def measured(rounds: int, seconds: float) -> Points:
    """Milliseconds of CPU a frame and frames a second, by kind, static and moving mobjects; medians."""
    workers, points = Workers(kept=True), {}
    for static, moving in product(STATIC, MOVING):
        task = Task("", f"{static}+{moving}+{seconds}", (1920, 1080), 60)
        runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        for _ in range(rounds):
            for kind, results in runs.items():
                results.append(workers.measure(replace(task, kind=kind)))
        for kind, results in runs.items():
            points[kind, static, moving] = {
                "cpu": statistics.median(1000 * r["cpu"] / r["frames"] for r in results),
                "speed": statistics.median(r["frames"] / r["wall"] for r in results),
            }
            sys.stderr.write(f"{kind} {static}+{moving}: {points[kind, static, moving]}\n")
    workers.end()
    return points


def table(points: Points) -> str:
    lines = [
        "| static | moving | plain, frames/s | fast, frames/s | plain, ms of CPU | fast, ms of CPU | ratio |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for static, moving in product(STATIC, MOVING):
        plain, fast = (points[kind, static, moving] for kind in KINDS)
        lines.append(
            f"| {static:,} | {moving:,} | {plain['speed']:.1f} | {fast['speed']:.1f} | {plain['cpu']:.1f} | "
            f"{fast['cpu']:.1f} | {plain['cpu'] / fast['cpu']:.1f} |"
        )
    return "\n".join(lines) + "\n"


def across(static: int) -> float:
    first, last = STATIC[0], STATIC[-1]
    return LEFT + (RIGHT - LEFT) * log(static / first) / log(last / first)


def up(power: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * (power - LOW) / (HIGH - LOW)


def plot(points: Points) -> str:
    """CPU milliseconds a frame over static mobjects, both on logarithmic scales; a line for each number of movers."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Inter" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for power in range(int(LOW), int(HIGH) + 1):
        y = up(power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power}</text>')
    parts += [f'<text x="{across(s):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{s:,}</text>' for s in STATIC]
    parts.append(f'<text x="{LEFT}" y="{TOP - 12}">CPU milliseconds a frame</text>')
    middle = (LEFT + RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{BOTTOM + 42}" text-anchor="middle">static mobjects</text>')
    level = 0.0
    for (kind, colour), moving in product(KINDS.items(), reversed(MOVING)):
        spots = [(across(s), up(log10(points[kind, s, moving]["cpu"]))) for s in STATIC]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(
            f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{DASHES[moving]}"/>'
        )
        level = max(level + LINE, spots[-1][1] + 4)  # below the label before, where two lines end side by side
        parts.append(f'<text x="{RIGHT + 8}" y="{level:.1f}" fill="{colour}">{kind}, {moving:,} moving</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of two plays")
    asked = parser.parse_args()
    points = measured(asked.rounds, asked.seconds)
    PLOT.write_text(plot(points), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(points) + END + rest.partition(END)[2], encoding="utf-8")
    sys.stdout.write(table(points))


if __name__ == "__main__":
    main()
