"""The page of the experiments says what was recorded, in plots and tables."""

import numpy as np
import pytest

from scenes.production.findings import report
from transformer_core.experiments.laboratory import tensor
from transformer_core.trace import Trace

ABOUT = {"question": "Which?", "command": "lecture experiments run tried --seed 0", "seconds": 3.2,
         "versions": {"python": "3.11"}}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    exact = np.array([[0.9, 0.92], [0.5, 0.4], [0.9, 0.8]])
    found = {
        "exact": tensor(exact, "part seed", part=("nothing", "root", "norm"), seed=(1, 2)),
        "curve": tensor(np.linspace(0, 1, 12).reshape(2, 2, 3), "part seed step", part=("a", "b"), seed=(1, 2)),
        "step": tensor([100, 200, 300], "step"),
        "steps": tensor(300),
        "weights": tensor(np.ones((9, 9, 9)), "head query key"),
    }
    Trace({f"experiment.tried.{name}": one for name, one in found.items()}, about=ABOUT).save(tmp_path / "found/tried")
    written = report(tmp_path / "page.md", tmp_path / "found")
    return written[0].read_text(), written


def test_a_tensor_with_seeds_is_a_table_of_mean_spread_and_verdict(page):
    assert "| nothing | 0.91 | 0.02 |  |  |" in page[0]
    assert "| root | 0.45 | 0.1 | -0.46 | yes |" in page[0]
    assert "| norm | 0.85 | 0.1 | -0.06 | no |" in page[0]


def test_a_curve_is_a_plot_that_the_page_shows(page):
    assert "![tried: curve](page/tried.curve.svg)" in page[0]
    assert [path.name for path in page[1]] == ["page.md", "tried.curve.svg"]
    assert page[1][1].read_text().lstrip().startswith("<?xml")


def test_facts_the_command_and_what_is_recorded_besides_are_named(page):
    assert "**Which?**" in page[0]
    assert "    lecture experiments run tried --seed 0" in page[0]
    assert "steps 300." in page[0]
    assert "`weights` (head, query, key)" in page[0]


def test_the_same_results_make_the_same_page_and_plots(page, tmp_path):
    again = report(tmp_path / "page.md", tmp_path / "found")
    assert again[0].read_text() == page[0]
    before = page[1][1].read_bytes()
    report(tmp_path / "page.md", tmp_path / "found")
    assert page[1][1].read_bytes() == before
