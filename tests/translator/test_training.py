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
from safetensors.torch import load_file, save_file

from transformer_core.files.tensors import metadata, write_tensors
from transformer_core.studies.translator.train import load_model, train, training_corpus, vocabulary_of_grammar
from transformer_core.text.vocabulary import PAD
from transformer_core.tracing.trace import Trace
from transformer_core.training.batches import Corpus, padded
from transformer_core.training.train import Recipe, Run, entropy, loss_of

SIZES = {"d_model": 16, "d_ff": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "norm_order": "pre",
         "final_norm": True, "max_positions": 64, "dropout": 0.1}  # fmt: skip
RECIPE = Recipe(steps=24, sentences=400, batch=16, warm_up=4, sizes=SIZES)
VOCABULARY = vocabulary_of_grammar()
CORPUS = training_corpus(400, 0, VOCABULARY)


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


@pytest.mark.slow
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


def saved_state(folder: Path, steps: int = 2) -> tuple[Path, dict[str, torch.Tensor], dict[str, str]]:
    """The state of a training after some steps: its file, tensors and facts."""
    run, path = new_run(), folder / "state.safetensors"
    run.go_on(steps)
    run.save(path)
    return path, load_file(path), metadata(path.read_bytes())


def refused(path: Path) -> str:
    """The line by which the state at `path` is refused; the training that was to go on is as it was."""
    run = new_run()
    before = weights_of(run)
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        run.load(path)
    assert str(error.value).startswith(f"{path} ")
    assert torch.equal(weights_of(run), before)
    assert (run.step, run.history, len(run.optimizer.state)) == (0, [], 0)
    return str(error.value)


def test_a_state_with_any_flipped_bit_is_refused_in_one_line(tmp_path) -> None:
    path, random = saved_state(tmp_path)[0], np.random.default_rng(3)
    data = path.read_bytes()
    header = int.from_bytes(data[:8], "little")
    places = [*range(8), *random.integers(8, 8 + header, 100), *random.integers(8 + header, len(data), 200)]
    for place in places:
        bent = bytearray(data)
        bent[place] ^= 1 << random.integers(8)
        path.write_bytes(bent)
        assert "remove it, and the training begins anew" in refused(path), place
    path.write_bytes(data)
    new_run().load(path)


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("step", 25, "its step is 25, and not from 0 to 24"),
        ("step", -1, "its step is -1,"),
        ("step", 2.0, "its step is 2.0,"),
        ("step", "2", "its step is '2',"),
        ("step", True, "its step is True,"),
        ("step", 10**40, "its step is 10"),
        ("step", 3, "adam.0.step is 2, and the step 3"),
        ("step", 24, "its history is none of 24 steps"),
        ("history", [{"step": 50}], "its history is none of 2 steps"),
        ("history", {"step": 50}, "is no state of a training"),
        ("history", None, "is no state of a training"),
        ("recipe", [], "is no state of a training"),
        ("versions", {}, "is no state of a training"),
    ],
)
def test_a_state_whose_facts_no_training_has_come_to_is_refused(fact, value, said, tmp_path) -> None:
    path, tensors, facts = saved_state(tmp_path)
    write_tensors(path, tensors, facts | {fact: json.dumps(value)})
    assert said in refused(path)
    del facts[fact]
    write_tensors(path, tensors, facts)
    assert "is no state of a training" in refused(path)


def test_a_state_without_a_history_that_its_steps_must_have_is_refused(tmp_path) -> None:
    run, path = new_run(), tmp_path / "state.safetensors"
    run.go_on()
    run.save(path)
    lines = json.loads(metadata(path.read_bytes())["history"])
    assert [line["step"] for line in lines] == [24]
    for bent in ([], lines * 2, [lines[0] | {"loss": float("nan")}], [lines[0] | {"loss": "low"}], ["", ""], [3]):
        write_tensors(path, load_file(path), metadata(path.read_bytes()) | {"history": json.dumps(bent)})
        assert "is no state of a training" in refused(path)


@pytest.mark.parametrize("how", ["nan", "infinite", "shape", "type", "missing", "no moments", "another"])
def test_a_state_whose_tensors_no_training_has_come_to_is_refused(how, tmp_path) -> None:
    path, tensors, facts = saved_state(tmp_path)
    for name in ("model.embed_src.table", "adam.3.exp_avg_sq"):
        bent = {key: tensor.clone() for key, tensor in tensors.items()}
        if how in {"nan", "infinite"}:
            bent[name][..., 0] = float("nan" if how == "nan" else "-inf")
        elif how in {"shape", "type"}:
            bent[name] = bent[name][:-1] if how == "shape" else bent[name].half()
        elif how == "missing":
            del bent[name]
        elif how == "no moments":
            bent = {key: tensor for key, tensor in bent.items() if key.startswith("model.")}
        else:
            bent["model.other"] = torch.ones(1)
        write_tensors(path, bent, facts)
        assert "is no state of a training" in refused(path)


def test_a_file_without_a_seal_and_a_pipe_are_no_state(tmp_path) -> None:
    path, tensors, facts = saved_state(tmp_path)
    save_file(tensors, path, facts)
    assert "has no seal" in refused(path)
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in refused(tmp_path / "pipe")


def test_the_state_of_another_training_is_told_by_what_differs_and_what_can_be_done(tmp_path) -> None:
    path, tensors, facts = saved_state(tmp_path)
    other = Run(replace(RECIPE, seed=5, steps=30), VOCABULARY, CORPUS)
    with pytest.raises(ValueError, match=r"with steps 24 instead of 30, seed 1 instead of 5: go on with that one"):
        other.load(path)
    write_tensors(path, tensors, facts | {"versions": json.dumps({"torch": "0.4"})})
    assert "with torch 0.4 instead of" in refused(path)


def test_of_two_trainings_with_one_output_the_second_is_refused_and_changes_nothing(tmp_path) -> None:
    said = []

    def another(step: int, _model: object) -> None:
        if step == 3:
            with pytest.raises(
                ValueError, match=r"another training writes .*tiny.safetensors: wait until it has"
            ) as error:
                train(tmp_path / "tiny", steps=6, sentences=200, sizes=SIZES)
            said.append(error)

    train(tmp_path / "tiny", steps=6, watch=another, measured_on=40, sentences=200, sizes=SIZES)
    assert len(said) == 1
    alone = train(tmp_path / "alone", steps=6, measured_on=40, sentences=200, sizes=SIZES)
    theirs = load_model(tmp_path / "tiny")[0].state_dict()
    assert all(
        torch.equal(value, theirs[name]) for name, value in load_model(tmp_path / "alone")[0].state_dict().items()
    )
    assert alone["recipe"]["steps"] == 6
    assert not [*tmp_path.glob("*.lock")]


def test_a_training_that_leaves_the_numbers_ends_in_one_line() -> None:
    run = Run(replace(RECIPE, peak_rate=1e38, warm_up=0), VOCABULARY, CORPUS)
    with pytest.raises(ValueError, match=r"^the loss of step \d+ is no finite number, .* a smaller peak_rate"):
        run.go_on()


@pytest.mark.parametrize("value", [-1, 2**32, 1.0, "1", None, True, 10**30])
def test_a_seed_or_a_number_of_steps_that_is_none_is_refused(value) -> None:
    for name in ("seed", "steps"):
        if (name, value) != ("steps", 2**32):
            with pytest.raises(ValueError, match=f"^{name} .* of a training is no whole number from"):
                Recipe(**{name: value})
    with pytest.raises(ValueError, match="steps 0 of a training"):
        Recipe(steps=0)
    assert Recipe(seed=2**32 - 1).seed == 2**32 - 1


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
def test_seven_hundred_steps_translate_most_held_out_sentences(tmp_path) -> None:
    card = train(tmp_path / "smoke", steps=700, sentences=30_000, measured_on=300)
    assert card["accuracy"]["exact"] >= 0.55
