"""Every derived tensor equals what own arithmetic makes of the recorded ones: values, axes and labels."""

from pathlib import Path

import numpy as np
import oracles
import pytest
from oracles.recorded import TRACES, answers, compare, reaches

import transformer_core.studies.measures  # noqa: F401 - which registers what it can derive
from transformer_core.studies.derived import _DERIVED

oracles.load()
ROOT = Path(__file__).resolve().parents[2]
#: Derived tensors that statistics of a library make, which are held by a file of their own.
OF_EFFECTS = "level over_seeds difference p_value effect".split()
OF_TRIALS = (
    "points chance chance_points trainings_of_each comparisons "
    "split_sides split_means split_points far_out splits_beyond ways_to_split studies studies_beyond studies_dealt"
).split()
ELSEWHERE = dict.fromkeys(OF_EFFECTS, "tests/core/test_significance.py") | dict.fromkeys(
    OF_TRIALS, "tests/measures/test_ablation_trainings.py"
)
#: Derived tensors that are the same everywhere, and why.
ALWAYS = {
    "beam_width": "every search of a lecture keeps four",
    "copied_step": "one plane of pairs is recorded",
    "share_of_gain": "one experiment tells it",
    "entering_apart": "what leaves rows as they are is linear",
    "fixed_weights_apart": "so is a blend",
    "two_matrices_apart": "and so are two matrices",
    "lines": "one training was watched",
    "abrupt_lines": "one training was watched",
    "log_odds_to_loss": "one word was asked for",
    "score_gradient_difference": "one training was watched; a wrong gradient is told in test_gradients.py",
    "senses_start": "a word that stands at one place begins with one row",
    "role_threshold": "a threshold",
    "heads_per_key": "no head of this model shares its keys",
    "factors": "the test's own",
    "fixed_weights_gap": "a blend is linear",
    "two_matrices_gap": "and so are two matrices",
    "temperatures": "a list",
    "turned_cosines": "a list",
    "trial_layers": "a recipe",
}


@pytest.mark.parametrize("name", sorted(oracles.ORACLES))
def test_a_derived_tensor_is_what_own_arithmetic_makes_of_the_records(name):
    for text in TRACES:
        if reaches(name, text):
            compare(name, text)


def test_every_derived_tensor_has_an_oracle():
    held = {*oracles.ORACLES, *ELSEWHERE}
    missing = sorted(name for name in _DERIVED if name not in held)
    assert not missing, f"write an oracle for each of {missing}: see tests/measures/oracles/__init__.py"
    gone = sorted(held - set(_DERIVED))
    assert not gone, f"nothing derives {gone}: their oracles can go"


@pytest.mark.parametrize(("name", "file"), ELSEWHERE.items())
def test_what_is_held_elsewhere_is_named_there(name, file):
    assert f".{name}" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*oracles.ORACLES} - set(ALWAYS)))
def test_an_oracle_meets_more_than_one_answer(name):
    """Or a measure that always says the same would pass."""
    found = [values for text in TRACES if reaches(name, text) for _, values, _ in answers(name, text)]
    assert found, f"no trace has a place for {name}"
    numbers = {round(float(number), 9) for values in found for number in values.ravel() if np.isfinite(number)}
    assert len(numbers) > 1, numbers


def test_no_oracle_reads_a_measure():
    for path in (ROOT / "tests/measures/oracles").glob("of_*.py"):
        assert "transformer_core.studies.measures" not in path.read_text(encoding="utf-8"), path.name
