"""The page of the experiments says what was recorded, in plots and tables."""

import re

import numpy as np
import pytest

from scenes.production.findings import report
from transformer_core.studies.experiments.laboratory import tensor
from transformer_core.tracing.trace import Trace

ABOUT = {"question": "Which?", "command": "lecture experiments run tried --seed 0", "seconds": 3.2,
         "versions": {"python": "3.11"}}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    exact = np.array([[0.9, 0.92, 0.91, 0.91], [0.5, 0.4, 0.4, 0.5], [0.9, 0.8, 0.9, 0.9]])
    steps = np.array([[100, 200, 100, 300], [np.inf, 900, np.inf, np.inf]])
    found = {
        "exact": tensor(exact, "part seed", part=("nothing", "root", "norm"), seed=(1, 2, 3, 4)),
        "scores": tensor([[0.5] * 4, [0.9] * 4], "role seed", role=("a", "b"), seed=(1, 2, 3, 4)),
        "once": tensor([[0.5], [0.9]], "part seed", part=("a", "b"), seed=(1,)),
        "median": tensor([150, np.inf], "part", part=("a", "b")),
        "arrived_at": tensor(steps, "part seed", part=("a", "b"), seed=(1, 2, 3, 4)),
        "curve": tensor(np.linspace(0, 1, 12).reshape(2, 2, 3), "part seed step", part=("a", "b"), seed=(1, 2)),
        "step": tensor([100, 200, 300], "step"),
        "steps": tensor(300),
        "weights": tensor(np.ones((9, 9, 9)), "head query key"),
    }
    Trace({f"experiment.tried.{name}": one for name, one in found.items()}, about=ABOUT).save(tmp_path / "found/tried")
    written = report(tmp_path / "page.md", tmp_path / "found")
    return written[0].read_text(), written


def test_a_tensor_with_seeds_is_a_table_of_mean_spread_and_verdict(page):
    assert "| nothing | 0.91 | 0.02 |  |  |  |" in page[0]
    # By Welch p is .0004; two rows meet one control, and no p is below 2/4**4 = .0078: Holm doubles it.
    assert "| root | 0.45 | 0.1 | -0.46 | 0.0156 | yes |" in page[0]
    assert re.search(r"\| norm \| 0\.875 \| 0\.1 \| -0\.035 \| 0\.2\d+ \| cannot tell \|", page[0])


def test_never_is_counted_and_not_averaged(page):
    assert "| a | 175 | 200 |  |  |  |" in page[0]
    # By ranks: of 70 splits 2 are as far apart as this one.
    assert "| b | 1 of 4 came there |  |  | 0.0286 | yes |" in page[0]
    assert "|  | 150 | never |" in page[0]
    assert " inf" not in page[0]


def test_entries_that_are_no_alternatives_are_not_compared(page):
    assert "| role | mean | spread |\n|---|---|---|\n| a | 0.5 | 0 |\n| b | 0.9 | 0 |" in page[0]


def test_a_single_training_of_each_is_no_test(page):
    assert "| b | 0.9 | 0 | +0.4 |  | one training each: no test |" in page[0]


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
