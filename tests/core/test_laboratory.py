"""An experiment can be found, interrupted, gone on with, recorded, and read back by its name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from transformer_core.studies import results
from transformer_core.studies.experiments import laboratory
from transformer_core.studies.experiments.laboratory import Bench, Experiment, perform, tensor
from transformer_core.tracing.trace import Trace


@pytest.fixture
def counting(monkeypatch):
    """An experiment of two pieces, the second of which is interrupted at first; how often each was done."""
    done, interrupted = [], []

    def run(bench):
        bench.expect(2)
        first = bench.once("first", lambda: done.append("first") or {"value": [bench.seed, 2.5]})

        def second():
            if not interrupted:
                interrupted.append(True)
                raise KeyboardInterrupt
            done.append("second")
            return {"value": 7.0}

        last = bench.once("second", second)
        return {"values": tensor(first["value"], "choice", choice=("a", "b")), "last": tensor(last["value"])}

    run.__name__ = "counting"
    monkeypatch.setattr(laboratory, "experiments", lambda: {"counting": Experiment("How often?", run)})
    return done


def test_an_interrupted_experiment_goes_on_with_the_pieces_that_are_done(counting, tmp_path):
    where = {"output": tmp_path / "found", "pieces": tmp_path / "pieces"}
    with pytest.raises(KeyboardInterrupt):
        perform("counting", 3, **where)
    assert not (tmp_path / "found").exists()
    path = perform("counting", 3, **where)
    assert counting == ["first", "second"]
    found = Trace.load(path)["experiment.counting.values"]
    assert found.values.tolist() == [3, 2.5]
    assert found.pick(choice="b").source.name == "experiment.counting.values"
    assert not list((tmp_path / "pieces").rglob("*.npz"))


@pytest.mark.usefixtures("counting")
def test_another_seed_does_not_take_the_pieces_of_the_first(tmp_path):
    where = {"output": tmp_path / "found", "pieces": tmp_path / "pieces"}
    with pytest.raises(KeyboardInterrupt):
        perform("counting", 3, **where)
    assert Trace.load(perform("counting", 4, **where))["experiment.counting.values"].values[0] == 4


@pytest.mark.usefixtures("counting")
@pytest.mark.parametrize("seed", [-1, 2**31, 1.0, True, "3", None])
def test_a_seed_that_is_none_is_refused_before_anything_is_done(seed, tmp_path):
    with pytest.raises(ValueError, match=r"^the seed .* of an experiment is no whole number from 0 to 2147483647$"):
        perform("counting", seed, output=tmp_path / "found", pieces=tmp_path / "pieces")
    assert not [*tmp_path.iterdir()]


@pytest.mark.usefixtures("counting")
def test_the_card_says_how_to_run_it_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        perform("counting", 1, output=tmp_path)
    about = json.loads(perform("counting", 1, output=tmp_path).with_suffix(".json").read_text())["about"]
    assert about["command"] == "lecture experiments run counting --seed 1"
    assert about["question"] == "How often?"
    assert about["versions"]["numpy"] == np.__version__
    assert about["seconds"] >= 0


def test_pieces_report_how_far_an_experiment_is():
    told = []
    bench = Bench(watch=lambda what, done, pieces: told.append((what, done, pieces)))
    bench.expect(2)
    bench.once("a", lambda: bench.training(1, 4, {}) or {})
    assert told == [("a", 0, 2), ("training", 0.25, 2), ("a", 1, 2)]
    with pytest.raises(ValueError, match="two pieces"):
        bench.once("a", dict)


def test_an_unknown_experiment_is_told_with_the_names_of_the_known(tmp_path):
    with pytest.raises(KeyError, match="variance"):
        perform("nonsense", output=tmp_path)


def test_a_trace_reads_what_an_experiment_found_when_it_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    trace = Trace({})
    assert "experiment.counting.values" not in trace
    with pytest.raises(KeyError, match=r"experiment\.counting\.values"):
        trace["experiment.counting.values"]
    name = "experiment.counting.values"
    Trace({name: tensor([1.0, 2.0], "choice", choice="ab")}, about={"seconds": 1}).save(tmp_path / "counting")
    assert name in trace
    assert len(trace) == 0
    assert trace.under("experiment.counting", choice="b")["values"] == 2
    assert [*trace] == [name]


def test_what_was_recorded_changes_the_fingerprint(tmp_path):
    name = "experiment.counting.values"
    seen = set()
    for value in (1.0, 2.0):
        Trace({name: tensor(value)}).save(tmp_path / "counting")
        seen.add(results.fingerprint(tmp_path))
    assert len(seen) == 2
