"""A command that is killed or interrupted leaves whole files, and the next run ends as if nothing had been.

The long trial, with moments all over a real film and a real training: `python tests/robustness/interruption.py`.
"""

import random
import shutil
import signal
import sys
import time

import pytest
from interruption import Trials
from tiny_lecture import CHAPTER, LECTURE
from trial import LECTURE as COMMAND
from trial import halves, start

#: A machine that runs all tests at once is slow to end anything: what is timed is timed by the long trial.
PATIENCE = 60.0
TRAIN = """
from transformer_core.studies.translator.train import train
sizes = {"d_model": 16, "d_ff": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, "norm_order": "pre",
         "final_norm": True, "max_positions": 64, "dropout": 0.1}
train("renders/tiny", steps=220, sentences=400, batch=16, sizes=sizes, measured_on=20)
"""


@pytest.fixture(scope="module")
def films(known, tmp_path_factory):
    """Trials of a film with slides and a page, whose sentence was read before."""
    place = tmp_path_factory.mktemp("films")
    kept = shutil.ignore_patterns("clips", "films", "sheets", "surveys")
    shutil.copytree(known.cache, place / "given" / "renders" / ".cache", ignore=kept)
    (place / "given" / "tiny.py").write_text(CHAPTER)
    wishes = 'outputs = ["film", "slides", "page"]\noutput = "renders/out"\n'
    (place / "given" / "tiny.toml").write_text(LECTURE + wishes)
    command = (*COMMAND, "render", "tiny.toml", "--trust", "--jobs", 2)
    return Trials(command, place, random.Random(3), PATIENCE)


@pytest.mark.parametrize("number", [0, 1])
def test_after_a_kill_the_next_run_makes_the_very_files_of_an_undisturbed_one(films, number):
    films.kill(number)
    assert films.figures.faults == []


def test_an_interrupt_is_one_line_and_leaves_no_process_and_no_half_file(films):
    films.interrupt(0)
    assert films.figures.faults == []


def test_a_training_that_is_killed_ends_with_the_very_files_of_an_undisturbed_one(tmp_path):
    (tmp_path / "given").mkdir()
    trials = Trials((sys.executable, "-c", TRAIN), tmp_path, random.Random(4))
    for number in range(2):
        trials.kill(number)
    assert trials.figures.faults == []
    assert {name.rpartition("/")[2] for name in trials.right} == {
        "tiny.safetensors", "tiny.npz", "tiny.json", "tiny.card.json", "tiny.md",
    }  # fmt: skip


def test_the_trial_sees_a_film_that_is_cut_off(films, tmp_path):
    """Check that the trial finds planted faults: one that finds nothing could be blind."""
    whole = next((films.place / "undisturbed" / "renders" / "out" / "clips").glob("*.mp4")).read_bytes()
    for name, content in {"a.mp4": whole[:-50], "b.mp4": whole, "c.json": b'{"a": 1', ".d.1.part.png": b"half"}.items():
        (tmp_path / name).write_bytes(content)
    assert [half.partition(":")[0] for half in halves(tmp_path)] == ["a.mp4", "c.json"]


def test_an_interrupt_after_all_is_done_changes_nothing(tmp_path):
    """While Python is put away, which takes torch a while."""
    slowly = "import atexit, time; atexit.register(lambda: (print('done', flush=True), time.sleep(0.5)))"
    run = start((sys.executable, "-c", f"{slowly}\nfrom scenes.cli.main import main\nmain()", "list"), tmp_path)
    assert "done\n" in iter(run.stdout.readline, "")
    for _ in range(2):
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert run.communicate() == ("", "")
    assert run.returncode == 0


def test_an_interrupt_inside_of_a_callback_is_not_lost(tmp_path):
    """Python prints what is raised there and goes on; it is raised again where it can be caught."""
    program = """
import time
from scenes.cli import begin
from scenes.cli import main as cli
class Late:
    def __del__(self):
        raise KeyboardInterrupt
def work():
    Late()
    time.sleep(60)
cli.main = work
begin.main()
"""
    begun = time.monotonic()
    run = start((sys.executable, "-c", program), tmp_path)
    assert run.communicate() == ("", "lecture: interrupted\n")
    assert run.returncode == 130
    assert time.monotonic() < begun + 30
