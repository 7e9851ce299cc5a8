"""Speed and exactness of the core, beside plain torch modules, nn.Transformer, Hugging Face and TransformerLens.

    python tests/benchmarks/core.py [--quick] [--real] [--lens PYTHON]

Every row is a ratio of processor times on one thread, but for those of memory, of reading and the last three. The
contestants take turns in one run, and the median of the rounds counts, so that a busy machine changes little.
TransformerLens needs a hundred packages, and so is measured by a separate Python, which `--lens` names. The last line
is one JSON object with all figures; null stands for those that could not be measured here.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "core")]
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

QUICK = 18.0
INSTALL = "python -m venv lens && lens/bin/pip install transformer-lens gguf accelerate  # then: --lens lens/bin/python"

#: By name: what it is, the goal, and which figure the anchor has (or the anchor's figure itself).
ROWS: dict[str, tuple[str, str, str | float]] = {
    "off_1": ("trace off / plain, batch 1", "<= 1.06", 1.0),
    "off_16": ("trace off / plain, batch 16", "", 1.0),
    "full_1": ("full trace, all read / plain, batch 1", "<= 1.5", "lens_full_1"),
    "full_16": ("full trace, all read / plain, batch 16", "<= 1.65", "lens_full_16"),
    "alone_off_1": ("decoder alone, trace off / plain, batch 1", "<= 1.06", "lens_off_1"),
    "alone_full_1": ("decoder alone, full trace / plain, batch 1", "<= 1.5", "lens_full_1"),
    "alone_full_16": ("decoder alone, full trace / plain, batch 16", "<= 1.65", "lens_full_16"),
    "train": ("train step / nn.Transformer", "<= 0.96", 1.0),
    "train_dropout": ("train step with dropout / nn.Transformer, which drops weights, too", "<= 0.85", 1.0),
    "train_dropout_alike": ("train step with dropout / nn.Transformer that drops no weights", "", 1.0),
    "greedy_1": ("Hugging Face / greedy of 64 tokens, cached, batch 1", ">= 2", 1.0),
    "greedy_16": ("Hugging Face / greedy of 64 tokens, cached, batch 16", ">= 1.5", 1.0),
    "real_full_32": ("SmolLM2: full trace / plain, 32 tokens", "<= 1.25", "lens_real_full"),
    "real_full_512": ("SmolLM2: full trace / plain, 512 tokens", "<= 1.25", ""),
    "real_memory": ("SmolLM2: memory of a trace of 512 tokens / what is kept", "<= 1.3", ""),
    "real_greedy": ("SmolLM2: Hugging Face / greedy of 64 tokens, cached", ">= 1", "lens_real_greedy"),
    "real_read": ("SmolLM2: seconds to open, read 31 tokens, and all chapters' measures", "<= 12", ""),
    "real_read_memory": ("SmolLM2: GB for that, with what the chapters draw", "<= 2.5", ""),
    "error_64": ("largest error against nn.Transformer, float64", "<= 1e-12", ""),
    "error_32": ("largest error against nn.Transformer, float32", "<= 2e-6", ""),
    "live": ("share of the points that are live and editable", ">= 1", "lens_live"),
}


def met(figure: float | None, goal: str) -> str:
    """Return "met" or "MISSED" for a figure and its goal; "" if either is missing."""
    if figure is None or not goal:
        return ""
    sign, bound = goal.split()
    return "met" if (figure <= float(bound) if sign == "<=" else figure >= float(bound)) else "MISSED"


def written(figure: float | str | None) -> str:
    if figure is None or figure == "":
        return "-"
    return f"{figure:.2f}" if float(figure) >= 0.01 else f"{figure:.1e}"


class Clock:
    """Shares the seconds that are left among the races to come: a busy machine races fewer rounds, not longer."""

    def __init__(self, seconds: float, races: int) -> None:
        self.end, self.races = time.perf_counter() + seconds, races

    def take(self, races: int) -> float:
        """The seconds that each of the next `races` may take."""
        share = max(0.5, (self.end - time.perf_counter()) / self.races)
        self.races -= races
        return share


def real_model() -> str:
    """The path of SmolLM2, or nothing if it is not installed."""
    from transformer_core.pretrained.model_packages import PACKAGES

    return str(PACKAGES["smollm2"].path or "")


def lens_of_its_own(python: str | None) -> Callable[[float], dict[str, Any]] | None:
    """Starts the Python that has TransformerLens, which takes long to load; the answer lets it race."""
    python = python or (sys.executable if find_spec("transformer_lens") else None)
    if python is None:
        return None
    env = os.environ | ({"SMOLLM2": real_model()} if real_model() else {}) | {"HF_HUB_OFFLINE": "1"}
    child = subprocess.Popen(
        [python, __file__, "--child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )

    def figures(seconds: float) -> dict[str, Any]:
        answer, _ = child.communicate(f"{seconds}\n")
        found: dict[str, Any] = json.loads(answer.splitlines()[-1])
        return found

    return figures


def measure(seconds: float, python: str | None) -> dict[str, Any]:
    """All figures, in about `seconds`."""
    clock, lens = Clock(seconds, 8), lens_of_its_own(python)
    import races

    races.torch.set_num_threads(1)
    figures: dict[str, Any] = dict(races.exactness())
    races.keep_memory()
    figures |= races.training(clock.take(2))
    for part in (races.tracing, races.decoding):
        for batch in (1, 16):
            figures |= part(clock.take(1), batch)
    if lens:
        return figures | lens(clock.take(2))
    sys.stdout.write(f"TransformerLens is not installed here. To have its rows:\n  {INSTALL}\n\n")
    return figures


def real(seconds: float, reading: bool) -> dict[str, Any]:
    """The figures of SmolLM2, if it is installed; its memory, and what reading takes, by processes of their own."""
    import races

    if not real_model():
        sys.stdout.write("SmolLM2 is not installed here. To have its rows:\n  lecture models install smollm2\n\n")
        return {}
    code = "import json, races; print(json.dumps(races.language_model_memory()))"
    rooms = ("benchmarks", "core", "models", "pictures", "rendering")
    path = os.pathsep.join((str(ROOT), *(str(ROOT / "tests" / room) for room in rooms)))
    figures = races.language_model(seconds)
    for command in [["-c", code]] + [[str(ROOT / "tests" / "benchmarks" / "reading.py")]] * reading:
        told = subprocess.run([sys.executable, *command], env=os.environ | {"PYTHONPATH": path}, check=True,
                              capture_output=True, text=True).stdout  # fmt: skip
        figures |= json.loads(told.splitlines()[-1])
    return figures


def child() -> None:
    """The races beside TransformerLens: loads it at once, and waits for a line before it measures."""
    import races

    races.torch.set_num_threads(1)
    races.keep_memory()
    sys.stdout.write(json.dumps(races.lens(lambda: float(sys.stdin.readline()))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="within 50 seconds")
    parser.add_argument("--seconds", type=float, default=120, help="for all races together (default: %(default)s)")
    parser.add_argument("--lens", metavar="PYTHON", help="the Python of an environment that has TransformerLens")
    parser.add_argument(
        "--real",
        action="store_true",
        help="with the rows of SmolLM2, three minutes more; without those of reading if quick",
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child()
        return
    start = time.perf_counter()
    figures = measure(QUICK if asked.quick else asked.seconds, asked.lens)
    figures |= real(5.0 if asked.quick else 15.0, reading=not asked.quick) if asked.real else {}
    for name, (what, goal, anchor) in ROWS.items():
        theirs = figures.get(anchor) if isinstance(anchor, str) else anchor
        figure = figures.setdefault(name, None)
        line = f"{what:68} {written(figure):>8}  {goal:9} {met(figure, goal):7} anchor {written(theirs)}"
        sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.write(f"{figures.pop('points')} points; {time.perf_counter() - start:.0f} seconds\n")
    sys.stdout.write(json.dumps({name: figure and float(f"{figure:.4g}") for name, figure in figures.items()}) + "\n")


if __name__ == "__main__":
    main()
