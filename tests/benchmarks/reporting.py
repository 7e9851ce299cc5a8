"""Report of a benchmark of rendering: a line for each run, ratios, and a table."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping

from measuring import KINDS

#: What one kind of renderer did with one scene, as often as it was measured.
Runs = dict[str, list[dict[str, float]]]
Ratios = dict[str, float]
NAMES = {**KINDS, "lecture": "lecture render"}
WHOLE = ("lecture",)  # kinds that draw more than the others' excerpt


def report(scene: str, runs: Runs, fps: int) -> Ratios:
    """Print a line for each kind; its ratios, all for a second of film."""
    middles = {
        kind: {key: statistics.median(result[key] for result in results) for key in results[0]}
        for kind, results in runs.items()
    }
    if len({middle["frames"] for kind, middle in middles.items() if kind not in WHOLE}) > 1:
        raise SystemExit(f"{scene}: the kinds made different numbers of frames")
    ratios: Ratios = {}
    for kind, middle in middles.items():
        seconds = middle["frames"] / fps
        spent, took = middle["cpu"] / seconds, middle["wall"] / seconds
        encoder = f"{middle['frames'] / middle['encoder']:5.0f} fps" if middle["encoder"] else " " * 9
        line = (
            f"{scene:10} {NAMES[kind]:17} {middle['frames']:5.0f} frames  {middle['frames'] / middle['wall']:6.1f} fps"
            f"  {spent:6.3f} s of CPU a second of film  encoder alone {encoder}  {middle['memory']:5.0f} MB"
        )
        ratios |= {f"{kind} frames": middle["frames"], f"{kind} spent": round(spent, 3)}
        ratios |= {f"{kind} over playing": round(1 / took, 2), f"{kind} took": round(took, 3)}
        if middle["encoder"]:
            ratios[f"{kind} encoder share"] = round(middle["encoder"] / middle["cpu"], 3)
        if "plain spent" in ratios and kind != "plain":
            cpu, wall = ratios["plain spent"] / spent, ratios["plain took"] / took
            ratios |= {f"{kind} cpu": round(cpu, 2), f"{kind} wall": round(wall, 2)}
            line += f"  over plain: CPU {cpu:5.1f}x, wall {wall:5.1f}x"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return ratios


def table(found: Mapping[str, Ratios]) -> str:
    """The figures of docs/rendering.md in Markdown."""
    columns = {
        "plain, CPU s a second of film": "plain spent",
        "fast": "fast spent",
        "over plain, CPU": "fast cpu",
        "wall": "fast wall",
        "over playing time": "fast over playing",
        "x264's share": "fast encoder share",
        "its share at superfast, crf 23": "customary encoder share",
        "`lecture render`: over plain, CPU": "lecture cpu",
        "over playing": "lecture over playing",
    }
    kept = {title: key for title, key in columns.items() if any(key in ratios for ratios in found.values())}
    rows = [["", "frames", *kept], ["---", *["--:"] * (len(kept) + 1)]]
    for scene, ratios in found.items():
        frames = next((f"{ratios[key]:,.0f}" for key in ratios if key.endswith(" frames")), "")
        rows.append([scene, frames, *(_shown(key, ratios) for key in kept.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _shown(key: str, ratios: Ratios) -> str:
    if key not in ratios:
        return ""
    if key.endswith("share"):
        return f"{ratios[key]:.0%}"
    return f"{ratios[key]:.2f}" if key.endswith("spent") else f"{ratios[key]:.1f}x"
