"""The gallery of figures: each primitive of the stage with the example of its docstring and what the example draws.

    python tests/pictures/figures.py

writes docs/figures.md and the pictures beside it. Look at the difference before committing it.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import numpy as np
from manim import Mobject, Scene, tempconfig
from PIL import Image

from scenes.rendering import FastRenderer
from scenes.theme import drawn_in, palette
from transformer_core.tracing.trace import Trace

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The car is red"
PAGE, FOLDER = ROOT / "docs" / "figures.md", ROOT / "docs" / "figures"
#: So many of the modules that import a primitive are linked.
EXAMPLES = 3
#: The module of scenes/mobjects that has each primitive, in the order of the page.
FIGURES = {
    "Token": "tokens", "Ribbon": "ribbon", "Vector": "vectors", "Coordinates": "coordinates",
    "WordSteps": "directions", "Strip": "strips", "Heatmap": "tensors",
    "TensorGrid": "tensors", "MatrixProduct": "matrix_product", "AttentionGrid": "attention_grid",
    "making_of": "operation", "SoftmaxStages": "softmax_stages", "StackedRows": "stacked",
    "Temperatures": "temperatures", "Slider": "soft_lookup", "Arcs": "arcs", "WeightedSum": "weighted_sum",
    "ValuePlane": "value_plane", "River": "river", "ShareBar": "bars", "Plot": "plots", "Curves": "curves",
    "Formula": "formulas", "Deck": "deck", "Region": "region", "MiniMap": "diagrams",
}  # fmt: skip
ROOMS = {room: ", ".join(name for name in FIGURES if FIGURES[name] == room) for room in sorted(FIGURES.values())}
IMPORTS = "\n".join(
    [
        "from manim import VGroup\n",
        "from scenes.layout import Room",
        *(f"from scenes.mobjects.{room} import {names}" for room, names in ROOMS.items()),
        "from scenes.stage.reading import read",
    ]
)
HEAD = f"""# Figures

The primitives of the stage. A chapter is put together from them: look here before you draw something new. Below a
picture stands the code that draws it, which begins with these lines. The page is written from the docstrings by
`python tests/pictures/figures.py`, in the dark theme.
<!-- held by tests/pictures/test_figures.py::test_the_page_is_what_the_docstrings_say -->

```py
{IMPORTS}

trace = read("{TEXT}")
```
"""
HELD = "<!-- held by tests/pictures/test_figures.py::test_an_example_draws_what_the_trace_says -->"
#: Px of a picture's width and of the air around a figure, and how many colours it has: among 64, rare hues are lost.
WIDE, AIR, COLOURS = 960, 28, 256


def documented(name: str) -> str:
    """The docstring of a primitive."""
    return inspect.getdoc(getattr(import_module(f"scenes.mobjects.{FIGURES[name]}"), name)) or ""


def example(name: str) -> str:
    """The code of the example in the docstring of a primitive; "" if there is none."""
    return dedent(documented(name).partition("Example::\n\n")[2]).strip()


def figure(name: str, trace: Trace) -> Mobject:
    """The picture that the example of a primitive draws."""
    names: dict[str, Any] = {"trace": trace}
    with TemporaryDirectory() as folder, tempconfig({"media_dir": folder}):  # a formula writes files
        exec(f"{IMPORTS}\n{example(name)}", names)
    return names["figure"]


def picture(drawn: Mobject) -> Image.Image:
    """A figure where it stands, with air around it, as wide as all pictures: shrunk if it is wider, never enlarged."""
    with tempconfig({"pixel_width": 1920, "pixel_height": 1080, "dry_run": True}):
        scene = Scene(renderer=FastRenderer())
        scene.camera.background_color = palette().background
        pixels = scene.renderer.still(scene.add(drawn))
    rows, columns = np.nonzero((pixels != pixels[0, 0]).any(-1))
    middle = round((columns.min() + columns.max()) / 2)
    left, right = min(columns.min() - AIR, middle - WIDE // 2), max(columns.max() + AIR, middle + WIDE // 2)
    cut = Image.fromarray(pixels).crop((left, rows.min() - AIR, right, rows.max() + AIR))
    small = cut.resize((WIDE, round(cut.height * WIDE / cut.width)), Image.Resampling.LANCZOS)
    chosen = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    index, exact = np.asarray(chosen), np.asarray(small)
    colours = np.zeros((int(index.max()) + 1, 3), int)
    for i in np.unique(index):  # what is painted in one colour keeps it
        colours[i] = np.median(exact[index == i], axis=0)
    chosen.putpalette(colours.ravel().tolist())
    return chosen


def used(name: str) -> str:
    """The first chapters that import a primitive, or where none does, which other modules of the scenes."""
    here, found = f"scenes.mobjects.{FIGURES[name]}", []
    for path in sorted((ROOT / "scenes").rglob("*.py")):
        froms = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom) and node.module == here]
        if name in [one.name for node in froms for one in node.names]:
            found.append(path.relative_to(ROOT / "scenes").with_suffix("").as_posix())
    chapters = [one for one in found if one.startswith("chapters/")]
    names = {one: one.removeprefix("chapters/").removesuffix("/chapter").removeprefix("mobjects/") for one in found}
    links = ", ".join(f"[{names[one]}](../scenes/{one}.py)" for one in (chapters or found)[:EXAMPLES])
    links += ", and others" if len(chapters or found) > EXAMPLES else ""
    if chapters:
        return f"Chapters that import it: {links}."
    return f"No chapter imports it itself; what does: {links}." if found else "No module of the scenes imports it."


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def page() -> str:
    """The text of docs/figures.md."""
    parts = [HEAD]
    for name, room in FIGURES.items():
        sentence = " ".join(documented(name).partition("\n\n")[0].split()).partition(". ")[0].rstrip(".")
        parts += [f"## {name}\n", f"{sentence}. {HELD}\n", f"![{name}](figures/{name}.png)\n"]
        parts += [f"```py\n{example(name)}\n```\n", f"`scenes.mobjects.{room}`. {used(name)}\n"]
    return "\n".join(parts)


if __name__ == "__main__":
    from scenes.stage.reading import read

    trace_read = read(TEXT)
    FOLDER.mkdir(exist_ok=True)
    with drawn_in("dark"):
        for one in FIGURES:
            picture(figure(one, trace_read)).save(FOLDER / f"{one}.png", optimize=True)
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {len(FIGURES)} figures, {sum(p.stat().st_size for p in FOLDER.iterdir())} bytes\n")
