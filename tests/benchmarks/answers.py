"""Time that a page takes to answer: from the last letter of a sentence to the translation, and until all is drawn.

    python tests/benchmarks/answers.py PAGE/index.html [--rounds 10]

CPU time of the main thread of the page, of 4, 8 and 12 words: least, median and most of some rounds, in milliseconds.
The clock says less on a busy machine. Needs Linux and Chromium. Each round types a text that is not the one before.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

#: Two texts of each length, which are typed in turn.
TEXTS = {
    4: ("The car is red", "The car is old"),
    8: ("The animal eats the apple in the house", "The animal sees the apple in the house"),
    12: (
        "The animal eats the apple in the house because it is old",
        "The animal eats the apple in the house because it is red",
    ),
}
TYPE = """(text) => {
  const box = document.querySelector(".typed");
  box.value = text;
  box.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""
TURN = "() => document.querySelector(`[data-key='encoder.0.self_attn-1-off']`).click()"
BUSY = "() => document.querySelector('#trying').hasAttribute('aria-busy')"
#: Makes the process of the page the one that has worked most.
WORK = "() => { const from = performance.now(); while (performance.now() - from < 1500); }"
#: Milliseconds after which a page is at rest: all is drawn, and the address has the sentence.
REST = 1200


def main() -> None:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    order = parser.parse_args()
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.goto(f"{order.page.resolve().as_uri()}#try")
        page.locator("#trying[data-took]:not([aria-busy])").wait_for()
        page.evaluate(WORK)
        found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        cpu = clock_of(max((one["cpuTime"], one["id"]) for one in found if one["type"] == "renderer")[1])
        for words, texts in TEXTS.items():
            measured = [one_round(page, cpu, texts[i % 2]) for i in range(order.rounds + 1)][1:]
            told = "; ".join(f"{name} {told_of(measured, name)}" for name in measured[0])
            sys.stdout.write(f"{words:>2} words: {told}\n")
        browser.close()


def clock_of(process: int) -> Callable[[], float]:
    """Milliseconds for which the main thread of a process has run."""
    file = Path(f"/proc/{process}/task/{process}/schedstat")
    return lambda: int(file.read_text(encoding="ascii").split()[0]) / 1e6


def one_round(page: Page, cpu: Callable[[], float], text: str) -> dict[str, float]:
    """Type a text, turn a head off and on again; return what each took."""

    def took(script: str, given: Any = None) -> tuple[float, float]:
        began = cpu()
        page.evaluate(script, given)
        at_once = cpu() - began
        page.wait_for_timeout(REST)
        assert not page.evaluate(BUSY), "not all is drawn"
        return at_once, cpu() - began

    answer, drawn = took(TYPE, text)
    turned, drawn_again = took(TURN)
    took(TURN)
    return {"answer": answer, "all drawn": drawn, "a head off": turned, "all drawn again": drawn_again}


def told_of(measured: list[dict[str, float]], name: str) -> str:
    """`least / median / most` of one of the times."""
    times = [one[name] for one in measured]
    return f"{min(times):.0f} / {statistics.median(times):.0f} / {max(times):.0f}"


if __name__ == "__main__":
    main()
