"""The command `lecture`, as a user meets it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import forking
import numpy as np
import pytest

from scenes.cli import main as cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One folder for all commands, so that a sentence is traced once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def lecture(cache, tmp_path):
    """Run the command in an empty folder; status, stdout and stderr."""

    def run(*arguments, **environment):
        environment = {**os.environ, "LECTURE_CACHE": str(cache), "PYTHONPATH": str(ROOT), **environment}
        return forking.run(arguments, tmp_path, environment)

    return run


def test_help_names_every_command(lecture):
    said = lecture("--help").stdout
    commands = (
        "render stills list script trace train experiments model models new watch slides clip page quiz serve words"
    )
    for command in (*commands.split(), "compare", "test"):
        assert f"\n  {command} " in said


def test_list_says_what_there_is_to_people_and_to_programs(lecture):
    listed = json.loads(lecture("list", "--json").stdout)
    assert listed["groups"]["attention"] == ["qkv", "scores", "weighting"]
    for chapter in listed["chapters"]:
        assert chapter["name"] in lecture("list").stdout


@pytest.mark.slow
def test_experiments_are_listed_run_and_recorded(lecture, tmp_path):
    assert "variance" in lecture("experiments").stdout
    assert lecture("experiments").stdout == lecture("experiments", "list").stdout
    done = lecture("experiments", "run", "variance", "--seed", "5", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "variance.json").read_text())["about"]["seed"] == 5
    assert "no experiment 'nonsense'" in lecture("experiments", "run", "nonsense").stderr


def test_model_tells_shapes_and_parameters_that_add_up(lecture):
    said = lecture("model").stdout
    assert "head × query × key" in said
    assert "4 × n × n" in said
    rows = [line for line in said.splitlines() if line.rstrip().endswith("%")]
    counts = {inside: sum(int(row.split()[-2].replace(",", "")) for row in rows if row.startswith("   ") == inside)
              for inside in (True, False)}  # fmt: skip
    assert f" {counts[True]:,} parameters" in said
    assert counts[True] == counts[False]


def test_words_are_those_that_a_sentence_can_be_made_of(lecture):
    said = lecture("words").stdout
    assert all(word in said for word in ("car", "red", "The".lower()))


def test_script_has_titles_and_narration_of_a_chapter(lecture):
    said = lecture("script", "scores")
    assert said.returncode == 0, said.stderr
    assert "\n  1. " in said.stdout
    assert " | " in said.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("render", "atention"), "no chapter 'atention'; there are: attention, "),
        (("stills", "scores", "--text", "The quark is red"), "quark"),
        (("stills", "scores", "--text", ""), ""),
        (("render", "scores", "--model", "nowhere.safetensors"), "nowhere.safetensors"),
        (("render", "scores", "-qx"), "'x' is not one of"),
        (("render", "scores", "--jobs", "0"), "0 is not in the range"),
        (("trace", "--text", "The car is red"), "--output"),
        (("watch", "nowhere.py"), "there is no file nowhere.py"),
        (("compare",), "compare it with what?"),
        (("compare", "english-spanish"), 'Name a second model, "untrained", or give --edit-b'),
        (("compare", "untrained", "untrained"), "which architecture should be untrained?"),
        (("compare", "a", "b", "c"), "two models are compared, not 3"),
        (("compare", "english-spanish", "nowhere"), 'no model "nowhere"'),
        (("compare", "english-spanish", "untrained", "--text", "The quark is red"), "quark"),
        (("compare", "--edit-b", "encoder.7.ffn.out=0"), "no tensor of this pass is called encoder.7.ffn.out"),
        (("compare", "english-spanish", "english-spanish-post-norm", "--seed", "3"), "neither of the two is untrained"),
        (("compare", "english-spanish", "untrained", "--table", "--seed", str(2**63)), "is not in the range 0<=x<="),
        (("train", "--seed", "-1"), "seed -1 of a training is no whole number from 0 to 4294967295"),
        (("train", "--seed", "9" * 30), "of a training is no whole number from 0 to 4294967295"),
        (("train", "--seed", "1e3"), "'1e3' is not a valid integer"),
        (("train", "--steps", "9" * 30), "of a training is no whole number from 1 to 1000000"),
        (("experiments", "run", "variance", "--seed", "-1"), "the seed -1 of an experiment is no whole number from 0"),
        (("experiments", "run", "variance", "--seed", str(2**31)), "is no whole number from 0 to 2147483647"),
        (("experiments", "run", "variance", "--seed", "one"), "'one' is not a valid integer"),
        (("slides", "scores", "--format", "html", "--into", __file__), "--into adds slides to a PowerPoint file"),
        (("dance",), "No such command 'dance'"),
    ],
    ids=lambda value: "-".join(value)[:30] if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_line_on_stderr(arguments, line, cache, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LECTURE_CACHE", str(cache))
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments])
    assert end.value.code not in {0, 70}
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("lecture: ")
    assert line in err


@pytest.mark.slow
def test_every_number_that_is_shown_is_in_the_saved_trace(lecture, surveyed, tmp_path):
    said = lecture("trace", "--output", "all.npz", LECTURE_CACHE=str(surveyed))
    assert said.returncode == 0, said.stderr
    arrays = np.load(tmp_path / "all.npz")
    card = json.loads((tmp_path / "all.json").read_text())
    surveys = [json.loads(path.read_text()) for path in surveyed.glob("surveys/*.json")]
    entries = [entry for survey in surveys for step in survey for entry in step["shown"]]
    assert len(entries) > 100
    for entry in entries:
        if "axis" in entry:
            names = card["tensors"][entry["name"]]["labels"].get(entry["axis"])
            place = entry["index"][0]
            assert (names[place] if names else str(place)) == entry["value"]  # entries of a vector have no names
        else:
            assert float(arrays[entry["name"]][tuple(entry["index"])]) == float(entry["value"])


@pytest.mark.slow
def test_nothing_asks_for_latex_or_ffmpeg(lecture, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("latex", "pdflatex", "xelatex", "lualatex", "dvisvgm", "ffmpeg", "ffprobe"):
        (tools / name).write_text(f"#!/bin/sh\necho {name} >> '{tmp_path}/asked'\nexit 1\n")
        (tools / name).chmod(0o755)
    said = lecture("stills", "attention", "-ql", "--output", "out", PATH=f"{tools}:{os.environ['PATH']}")
    assert said.returncode == 0, said.stderr
    assert not (tmp_path / "asked").exists()
    assert len(list((tmp_path / "out").glob("contact-sheet-*.png"))) == 3


@pytest.mark.slow
def test_a_new_lecture_file_can_be_drawn_as_it_is(lecture, tmp_path):
    assert lecture("new", "my.toml").returncode == 0
    said = lecture("stills", "my.toml", "-ql")
    assert said.returncode == 0, said.stderr
    sheets = {
        path.stem.removeprefix("contact-sheet-") for path in (tmp_path / "renders" / "my").glob("contact-sheet-*")
    }
    assert sheets == {"title", "qkv", "scores", "weighting", "end"}


SLOW = """
import signal
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from dataclasses import replace
from conftest import Place
from scenes.cli import main as cli
from scenes.cli import orders, render
from scenes.production.look import Look

if __name__ == "__main__":
    # A shell starts what runs in its background with this signal ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place = Place(Path({folder!r}))
    order = replace(place.order("counting", jobs=2), look=Look(3840, 2160, 60, "dark"))
    render.order_of, orders.open_store = lambda *_, **__: order, lambda: place.store
    cli.main(["render"])
"""


@pytest.mark.slow
def test_a_quiz_needs_no_film_and_writes_over_nobodys_file(lecture, tmp_path):
    mine = tmp_path / "out" / "modern-the-car-is-red-es-quiz-anki.txt"
    mine.parent.mkdir()
    mine.write_text("my own cards")
    asked = ("quiz", "modern", "--language", "es", "--output", "out")
    refused = lecture(*asked)
    assert "was not written by lecture" in refused.stderr
    assert [path.name for path in mine.parent.iterdir()] == [mine.name]
    assert mine.read_text() == "my own cards"
    mine.unlink()
    done = lecture(*asked)
    assert done.returncode == 0, done.stderr
    assert sorted(path.suffix for path in mine.parent.glob("*-quiz-*")) == [".txt", ".zip"]
    assert done.stdout.count("4 questions") == 2
    assert "RoPE gira consultas y claves" in mine.read_text(encoding="utf-8")
    assert not [*mine.parent.glob("*.mp4")]
    assert "INFO" not in done.stdout + done.stderr


def test_a_folder_is_served_until_an_interrupt_which_is_one_line(tmp_path, lecture):
    (tmp_path / "index.html").write_text("<p>here")
    serve = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from scenes.cli import main as cli\ncli.main()"
    )
    command = [sys.executable, "-c", serve, "serve", str(tmp_path), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as serving:
        address, told = serving.stdout.readline().split(maxsplit=1)
        assert told == f"shows {tmp_path}; Ctrl-C ends\n"
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"<p>here"
        taken = lecture("serve", str(tmp_path), "--port", address.strip("/").rpartition(":")[2])
        assert taken.returncode != 0
        assert re.fullmatch(r"lecture: port \d+ cannot be had .*; --port 0 takes a free one\n", taken.stderr)
        serving.send_signal(signal.SIGINT)
        _, said = serving.communicate(timeout=30)
    assert (serving.returncode, said) == (0, "serving ended\n")


def test_there_must_be_a_page_to_serve(lecture, tmp_path):
    none = lecture("serve")
    assert (none.returncode, none.stderr) == (
        1, "lecture: no page was made in renders yet: lecture page makes one, or name a folder\n",
    )  # fmt: skip
    assert "there is no index.html" in lecture("serve", str(tmp_path)).stderr


@pytest.mark.slow
def test_an_interrupt_is_one_line_and_the_next_run_goes_on(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(SLOW.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "place")))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(program)]
    run = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    clips = tmp_path / "place" / "store" / "clips"
    while run.poll() is None and not list(clips.glob("*.mp4*")) and not list(clips.glob(".*")):
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    # The empty line is click's: it ends the line in which the terminal shows ^C.
    assert said.strip() == "lecture: interrupted; finished steps are kept, and the next run goes on from there"
    assert not list(clips.glob(".*"))
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "3 steps" in again.stdout
