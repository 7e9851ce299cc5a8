"""The first twenty minutes with the command: help that says all, names as one writes them, progress that is seen."""

import json
import re
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scenes.cli import main as cli
from scenes.cli.orders import alone_in, order_of
from scenes.production.bar import EVERY, Bar
from scenes.production.repertoire import parts
from scenes.production.store import Store
from scenes.production.studio import Studio

ROOT = Path(__file__).resolve().parents[2]
#: Variables of the environment that the code reads, but for those that the processes of a film tell each other.
VARIABLES = sorted(
    {
        name
        for folder in ("scenes", "transformer_core")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"LECTURE_[A-Z]+", path.read_text(encoding="utf-8"))
    }
)
#: Characters that a summary has room for in a terminal of 80 columns, beside the longest name of a command.
ROOM = 80 - 2 - 6 - len("experiments")


def commands(group=cli.lecture, path=("lecture",)):
    """Every command and the commands below it, each with how it is called."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = [pytest.param(command, id="-".join(path)) for path, command in commands()]


def said(*arguments, monkeypatch, capsys):
    """Status, standard output and standard error of the command, in this process."""
    monkeypatch.setenv("LECTURE_QUIET", "")
    monkeypatch.setenv("LECTURE_DEBUG", "")
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments])
    return end.value.code, *capsys.readouterr()


def test_the_bare_command_shows_its_whole_help(monkeypatch, capsys):
    status, out, err = said(monkeypatch=monkeypatch, capsys=capsys)
    assert (status, err) == (0, "")
    assert len(out.splitlines()) > len(cli.lecture.commands)
    assert out == said("--help", monkeypatch=monkeypatch, capsys=capsys)[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_summary_is_a_whole_line(command):
    summary = command.get_short_help_str(ROOM)
    assert summary
    assert "..." not in summary
    assert summary == command.get_short_help_str(1000)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_each_argument_is(command):
    for argument in (one for one in command.params if isinstance(one, click.Argument)):
        for word in re.findall("[A-Z]+", argument.make_metavar(click.Context(command))):
            assert re.search(rf"\b{word}\b", command.help), word


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_quiet_and_say_where_an_error_comes_from(command):
    if command.context_settings.get("ignore_unknown_options"):
        return  # further options are those of pytest
    assert {"--quiet", "-v"} <= {name for option in command.params for name in option.opts}


@pytest.mark.parametrize("name", ["render", "stills", "slides", "page", "watch", "clip", "compare", "explain"])
def test_what_draws_takes_frames_a_second(name):
    assert "--fps" in {option for one in cli.lecture.commands[name].params for option in one.opts}


def test_frames_a_second_are_those_of_the_film_and_in_its_name():
    order = order_of(("scores",), text="The car is red", quality="m", fps=24)
    assert (order.look.height, order.look.rate) == (720, 24)
    assert order.output == Path("renders") / "scores-the-car-is-red-720p24"


def lecture_file(folder):
    file = folder / "my.toml"
    file.write_text('chapters = ["scores", "lstm"]\n')
    return file


@pytest.mark.parametrize(
    ("names", "folder", "entries"),
    [
        (["Scores"], "scores-the-car-is-red", ["scores"]),
        (["6.2"], "scores-02-the-car-is-red", ["scores"]),
        (["scores,qkv.1"], "scores-qkv-01-the-car-is-red", ["qkv", "scores"]),
        (["5-6"], "5-6-the-car-is-red", ["qkv", "scores"]),
        ([], "lecture-the-car-is-red", None),
        (["my.toml"], "my", ["scores", "lstm"]),
        (["my.toml.7"], "my-07", ["scores", "lstm"]),
        (["my.toml", "qkv"], "my-qkv", ["qkv"]),
    ],
)
def test_a_folder_is_named_by_what_is_in_it(names, folder, entries, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lecture_file(tmp_path)
    order = order_of(names, text="The car is red", preview=True)
    assert order.output == Path("renders") / folder
    assert entries is None or [entry.name for entry in order.entries] == entries


def test_steps_of_a_lecture_file_are_counted_through_its_chapters(tmp_path):
    file = lecture_file(tmp_path)
    order = order_of((f"{file}.7",), text="")
    assert [(part.first, part.last) for part in order.parts] == [(7, 7)]
    assert order.output == tmp_path / "renders" / "my-07", "beside the film of all"


def test_a_film_of_steps_has_these_steps_and_no_chapter_without_any(place):
    order = replace(place.order("counting", "other"), parts=tuple(parts(["counting.2-3"], place.chapters)))
    made = Studio(place.store, Bar()).film(order)
    index = json.loads((made.folder / "steps.json").read_text())
    assert [(step["chapter"], step["number"]) for step in index["steps"]] == [("counting", 2), ("counting", 3)]
    assert [chapter["name"] for chapter in index["chapters"]] == ["counting"]
    assert index["title"] == "Counting"
    assert sorted(path.name for path in made.folder.glob("contact-sheet-*")) == ["contact-sheet-counting.png"]


def completed(line, monkeypatch):
    """The words that a shell offers at the end of a line."""
    words = line.split(" ")
    environment = {"_LECTURE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(cli.lecture, [], prog_name="lecture")
    return [row.partition(",")[2] for row in done.output.splitlines() if row.startswith("plain,")]


def test_a_shell_completes_chapters_groups_and_models(monkeypatch):
    assert completed("lecture render sc", monkeypatch) == ["scores"]
    assert "attention" in completed("lecture stills ", monkeypatch)
    assert completed("lecture slides scores,po", monkeypatch) == ["scores,positions"]
    assert "english-spanish" in completed("lecture render --model eng", monkeypatch)
    assert "english-spanish" in completed("lecture compare eng", monkeypatch)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("quiet", "lines"), [("", 2), ("1", 0)])
def test_without_a_terminal_progress_is_a_line_every_so_often_and_none_if_asked_to_be_quiet(
    quiet, lines, monkeypatch, capsys
):
    monkeypatch.setenv("LECTURE_QUIET", quiet)
    clock = Clock()
    with Bar(clock) as bar:
        bar.begin("drawing", 500, 5)
        for _ in range(5):
            clock.now += EVERY / 2
            bar.advance(100, 1)
    said = capsys.readouterr().err.splitlines()
    assert (
        said == ["lecture: drawing: 2/5 steps, 200/500 frames", "lecture: drawing: 4/5 steps, 400/500 frames"][:lines]
    )


def test_an_unknown_word_names_the_command_that_lists_the_known_ones(monkeypatch, capsys):
    arguments = ("script", "scores", "--text", "my car is red")
    status, _, err = said(*arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert status == 1
    assert "`lecture words` lists" in err


def test_the_chapter_of_contributing_is_drawn_as_it_stands_there(tmp_path, quiet):
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    file = tmp_path / "c21_stream.py"
    file.write_text(code, encoding="utf-8")
    order = order_of((str(file),), text="The car is red", quality="l", output=tmp_path, jobs=1)
    (step,) = Studio(Store(tmp_path / "store"), quiet()).script(order)
    assert (step.title, len(step.beats)) == ("The vector of “red”", 2)


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_of_the_environment_is_in_the_documents(name):
    assert any(name in page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))


def test_a_manim_cfg_is_told_to_be_left_unread(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with alone_in(tmp_path):
        assert capsys.readouterr().err == ""
    (tmp_path / "manim.cfg").write_text("[CLI]\nframe_rate = 7\n")
    with alone_in(tmp_path):
        assert "manim.cfg is for other scenes and is not read" in capsys.readouterr().err
