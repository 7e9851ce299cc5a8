"""A recorder sees a training as it is, keeps what was asked for, and costs next to nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from transformer_core.studies.experiments.snapshots import Recorder, log_spaced, probe
from transformer_core.studies.translator.train import training_corpus, vocabulary_of_grammar
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import NamedTensor
from transformer_core.training.train import Recipe, Run

SIZES = {"d_model": 16, "d_ff": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "norm_order": "pre",
         "final_norm": True, "max_positions": 64, "dropout": 0.1}  # fmt: skip
VOCABULARY = vocabulary_of_grammar()
CORPUS = training_corpus(400, 0, VOCABULARY)
CAR = {"": ("The car is red", "el coche es rojo"), "other": ("the red car", "el coche rojo")}
STEPS = (0, 1, 3, 8)


def run_of(**choices) -> Run:
    return Run(Recipe(**{"steps": 8, "batch": 16, "warm_up": 4, "sizes": SIZES, **choices}), VOCABULARY, CORPUS)


def recorder(**choices) -> Recorder:
    read, labels = probe(VOCABULARY, CAR)
    return Recorder(read, STEPS, ["*.weights", "*probs"], labels, **choices)


def test_snapshots_are_stacked_by_name_with_the_steps_as_labels() -> None:
    watch = recorder()
    run_of().go_on(watch=watch)
    found = watch.tensors()
    weights = found["decoder.0.cross_attn.weights"]
    assert weights.axes == ("checkpoint", "batch", "head", "query", "key")
    assert weights.labels["checkpoint"] == ("0", "1", "3", "8")
    assert weights.labels["key"] == ("The", "car", "is", "red")
    assert found["other.decoder.0.cross_attn.weights"].labels["key"] == ("the", "red", "car")
    assert found["step"].values.tolist() == list(STEPS)
    assert all(name == tensor.name for name, tensor in found.items())


def test_a_snapshot_is_what_the_model_of_that_step_makes_of_the_sentence() -> None:
    watch, run = recorder(), run_of()
    run.go_on(3, watch=watch)
    read, _ = probe(VOCABULARY, CAR)
    with torch.no_grad(), record(only=["probs"]) as tape:
        read(run.model)
    run.go_on(watch=watch)
    assert np.array_equal(watch.tensors()["probs"].pick(checkpoint="3").values, tape["probs"].numpy())


def test_a_watched_training_ends_with_the_weights_of_an_unwatched_one_and_keeps_its_dropout() -> None:
    plain, watched = run_of(), run_of()
    plain.go_on()
    watched.go_on(watch=recorder(measure=lambda _: [NamedTensor("draw", torch.rand(()).numpy(), ())]))
    for one, other in zip(plain.model.parameters(), watched.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_measures_are_stacked_beside_the_points() -> None:
    def largest(model):
        return [NamedTensor("largest", model.embed_src.table.abs().max().numpy(), ())]

    watch = recorder(measure=largest)
    run_of().go_on(watch=watch)
    assert watch.tensors()["largest"].shape == (4,)


def test_a_recorder_goes_on_after_an_interruption(tmp_path) -> None:
    whole, first, second = recorder(), recorder(), recorder()
    run_of().go_on(watch=whole)
    run = run_of()
    run.go_on(2, watch=first)
    run.save(tmp_path / "run.safetensors")
    first.save(tmp_path / "watch.npz")
    resumed = run_of()
    resumed.load(tmp_path / "run.safetensors")
    second.load(tmp_path / "watch.npz")
    resumed.go_on(watch=second)
    for name, tensor in whole.tensors().items():
        other = second.tensors()[name]
        assert np.array_equal(tensor.values, other.values)
        assert (tensor.axes, dict(tensor.labels)) == (other.axes, dict(other.labels))


def test_nothing_recorded_and_unknown_points_are_told() -> None:
    with pytest.raises(ValueError, match="nothing was recorded"):
        recorder().tensors()
    read, _ = probe(VOCABULARY, CAR)
    with pytest.raises(KeyError, match="no tensor of this pass"):
        Recorder(read, [0], ["encoder.7.*"])(0, run_of().model)


@pytest.mark.parametrize(("last", "count"), [(8000, 25), (24, 25), (100, 60), (30, 3), (40, 30)])
def test_log_spaced_steps_begin_at_zero_and_end_at_the_last(last, count) -> None:
    steps = log_spaced(last, count)
    assert len(steps) == count
    assert (steps[0], steps[1], steps[-1]) == (0, 1, last)
    assert list(steps) == sorted(set(steps))


def test_there_are_no_more_steps_than_there_are() -> None:
    with pytest.raises(ValueError, match="no 26 different steps"):
        log_spaced(24, 26)


def test_twenty_five_snapshots_cost_a_three_hundredth_of_a_training_at_most() -> None:
    run = Run(Recipe(steps=20, sentences=400), VOCABULARY, CORPUS)
    read, labels = probe(VOCABULARY, {"": CAR[""]})
    watch = Recorder(read, (0,), ["*.weights", "*.resid_post", "probs"], labels)
    run.go_on(3)
    steps, looks = [], []
    for _ in range(8):
        start = time.perf_counter()
        run.go_on(run.step + 2)
        steps.append((time.perf_counter() - start) / 2)
        start = time.perf_counter()
        watch(0, run.model)
        looks.append(time.perf_counter() - start)
    assert 25 * np.median(looks) <= 0.003 * Recipe.steps * np.median(steps)
