"""Training can be interrupted, repeated and watched without a bit of difference."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from transformer_core.batches import Corpus, padded
from transformer_core.default_model import load_model, train, vocabulary_of_grammar
from transformer_core.tensor_file import metadata
from transformer_core.trace import Trace
from transformer_core.training import Recipe, Run, entropy, loss_of
from transformer_core.vocabulary import PAD

SIZES = {"d_model": 16, "d_ff": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "norm_order": "pre",
         "final_norm": True, "max_positions": 64, "dropout": 0.1}  # fmt: skip
RECIPE = Recipe(steps=24, sentences=400, batch=16, warm_up=4, sizes=SIZES)
VOCABULARY = vocabulary_of_grammar()
CORPUS = Corpus.drawn(400, 0, VOCABULARY)


def weights_of(run: Run) -> torch.Tensor:
    return torch.cat([parameter.flatten() for parameter in run.model.parameters()]).detach()


def new_run() -> Run:
    return Run(RECIPE, VOCABULARY, CORPUS)


def test_an_interrupted_training_ends_with_the_very_weights_of_an_undisturbed_one(tmp_path) -> None:
    whole, first, second = new_run(), new_run(), new_run()
    whole.go_on()
    first.go_on(11)
    first.save(tmp_path / "state.safetensors")
    torch.manual_seed(99)  # whatever else draws random numbers in between
    second.load(tmp_path / "state.safetensors")
    second.go_on()
    assert torch.equal(weights_of(whole), weights_of(second))
    assert second.history == whole.history


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_training import new_run
run = new_run()
while run.step < 24:
    run.go_on(run.step + 1)
    run.save(Path({state!r}))
    print(run.step, flush=True)
"""


def test_a_training_that_was_killed_goes_on_to_the_very_weights_it_would_have_had(tmp_path) -> None:
    state = tmp_path / "state.safetensors"
    code = CHILD.format(folder=str(Path(__file__).parent), state=str(state))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as child:
        while child.stdout.readline().strip() != "7":
            assert child.poll() is None
        child.kill()  # wherever it is now: in a step, or in writing
    resumed, whole = new_run(), new_run()
    resumed.load(state)
    assert 7 <= resumed.step < 24
    resumed.go_on()
    whole.go_on()
    assert torch.equal(weights_of(whole), weights_of(resumed))
    assert whole.history == resumed.history


def test_label_smoothing_keeps_a_share_for_every_word() -> None:
    model = new_run().model.eval()
    source, target = CORPUS.batch(np.arange(3))
    logs = model(source, target[:, :-1], source == PAD, target[:, :-1] == PAD).log_softmax(-1)
    real = target[:, 1:] != PAD
    right = logs.gather(-1, target[:, 1:, None])[..., 0][real]
    by_hand = -(0.9 * right + 0.1 * logs.mean(-1)[real]).mean()
    assert loss_of(model, source, target, 0.1).item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert loss_of(model, source, target, 0.0).item() == pytest.approx(-right.mean().item(), rel=1e-5)


def test_sentences_of_mixed_lengths_count_by_their_words_as_if_each_were_alone() -> None:
    model = new_run().model.double().eval()
    rows = [int((CORPUS.lengths == length).argmax()) for length in sorted({*CORPUS.lengths.tolist()})[:3]]
    source, target = CORPUS.batch(np.array(rows))
    assert len({int((row != PAD).sum()) for row in source}) == 3
    words = [int((row != PAD).sum()) - 1 for row in target]
    alone = [loss_of(model, *CORPUS.batch(np.array([row])), 0.1).item() for row in rows]
    together = loss_of(model, source, target, 0.1).item()
    assert together == pytest.approx(np.average(alone, weights=words), rel=1e-12)


def test_a_gradient_longer_than_the_clip_is_shortened_to_it() -> None:
    run = Run(replace(RECIPE, clip=0.01), VOCABULARY, CORPUS)
    facts = run.take_step(*CORPUS.batch(np.arange(16)))
    gradient = torch.cat([p.grad.flatten() for p in run.model.parameters()])
    assert facts["gradient"] > 0.1
    assert gradient.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_the_history_has_every_fiftieth_step_and_the_last_as_progress_told_them() -> None:
    told, run = [], Run(replace(RECIPE, steps=102), VOCABULARY, CORPUS)
    run.go_on(progress=lambda step, steps, facts: told.append((step, steps, facts["loss"])))
    assert [facts["step"] for facts in run.history] == [50, 100, 102]
    assert told == [(facts["step"], 102, facts["loss"]) for facts in run.history]
    assert all(0 < facts["loss"] < np.log(len(VOCABULARY.target)) for facts in run.history)


def test_training_leaves_the_random_numbers_of_others_alone() -> None:
    run = new_run()
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    run.go_on(2)
    assert torch.equal(torch.rand(3), expected)


def test_watching_changes_nothing() -> None:
    seen, plain, watched = [], new_run(), new_run()
    plain.go_on(5)
    watched.go_on(5, watch=lambda step, _: seen.append(step))
    assert seen == [0, 1, 2, 3, 4, 5]
    assert torch.equal(weights_of(plain), weights_of(watched))


def test_a_state_of_another_recipe_is_refused(tmp_path) -> None:
    run = new_run()
    run.save(tmp_path / "state.safetensors")
    other = Run(Recipe(steps=25, sentences=400, batch=16, sizes=SIZES), VOCABULARY, CORPUS)
    with pytest.raises(ValueError, match="another training"):
        other.load(tmp_path / "state.safetensors")


def test_a_pass_reads_every_sentence_once_in_batches_of_about_one_length() -> None:
    corpus = Corpus(
        padded([[3 + i] for i in range(320)]), padded([[1, 2]] * 320), np.array([i % 10 for i in range(320)])
    )
    batches = corpus.batches(16, seed=0)
    seen = [next(batches)[0].flatten().tolist() for _ in range(20)]
    assert sorted(i for batch in seen for i in batch) == list(range(3, 323))
    assert max(len({(i - 3) % 10 for i in batch}) for batch in seen) <= 2


def test_batches_go_on_from_any_number() -> None:
    every, later = CORPUS.batches(16, 7), CORPUS.batches(16, 7, start=30)
    for _ in range(30):
        next(every)
    assert all(torch.equal(next(every)[0], next(later)[0]) for _ in range(40))


def test_the_rate_warms_up_and_then_sinks_to_zero() -> None:
    rates = [RECIPE.rate(step) for step in range(RECIPE.steps + 1)]
    assert rates.index(max(rates)) in (3, 4)
    assert max(rates) == pytest.approx(RECIPE.peak_rate)
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_entropy_ignores_padding_and_is_zero_for_a_single_look() -> None:
    source = torch.tensor([[5, 6, PAD]])
    sharp = torch.tensor([[[[1.0, 0, 0], [0, 1, 0], [0.5, 0.5, 0]]]])
    even = torch.tensor([[[[0.5, 0.5, 0], [0.5, 0.5, 0], [1, 0, 0]]]])
    assert entropy({"encoder.0": sharp}, source) == 0
    assert entropy({"encoder.0": even}, source).item() == pytest.approx(np.log(2))


def test_train_saves_a_checkpoint_that_loads_with_vocabulary_and_card(tmp_path) -> None:
    steps = []
    card = train(
        tmp_path / "tiny",
        steps=6,
        progress=lambda step, of, facts: steps.append((step, of, facts["loss"] > 0)),
        measured_on=40,
        sentences=200,
        sizes=SIZES,
    )
    model, vocabulary, loaded = load_model(tmp_path / "tiny.safetensors")
    assert steps == [(6, 6, True)]
    assert vocabulary == VOCABULARY
    assert loaded["accuracy"]["exact"] == card["accuracy"]["exact"]
    assert not model.training
    assert {path.name for path in tmp_path.iterdir()} == {
        "tiny.safetensors", "tiny.npz", "tiny.json", "tiny.card.json", "tiny.md",
    }  # fmt: skip


def test_checkpoint_measures_and_state_say_seed_and_versions_and_no_time(tmp_path) -> None:
    card = train(tmp_path / "tiny", steps=6, seed=3, measured_on=40, sentences=200, sizes=SIZES)
    run = Run(replace(RECIPE, seed=3), VOCABULARY, CORPUS)
    run.save(tmp_path / "state.safetensors")
    checkpoint = json.loads(metadata((tmp_path / "tiny.safetensors").read_bytes())["about"])
    state = {name: json.loads(fact) for name, fact in metadata((tmp_path / "state.safetensors").read_bytes()).items()}
    measured = Trace.facts(tmp_path / "tiny.npz")
    assert [card["recipe"]["seed"], checkpoint["recipe"]["seed"], state["recipe"]["seed"], measured["seed"]] == [3] * 4
    for said in (card, checkpoint, state, measured):
        assert said["versions"]["torch"] == torch.__version__
        assert said["versions"]["python"] == platform.python_version()
        assert "seconds" not in said


@pytest.mark.slow
def test_fifteen_hundred_steps_translate_most_held_out_sentences(tmp_path) -> None:
    card = train(tmp_path / "smoke", steps=1500, sentences=60_000, measured_on=1000)
    assert card["accuracy"]["exact"] >= 0.9
