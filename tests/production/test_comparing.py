"""`lecture compare`: the table, the film and its index, and what is kept for the next time."""

import io
import json
import os
from pathlib import Path

import forking
import numpy as np
import pytest
from rich.console import Console

from scenes.cli.compare import _order, rows, table
from scenes.cli.orders import CommandOptions
from scenes.production.pairs import ModelPair, PairStore
from scenes.production.repertoire import repertoire
from transformer_core.pretrained.model_registry import UNTRAINED
from transformer_core.studies.sentence.compare import Side, compare

ROOT = Path(__file__).resolve().parents[2]
HEAD = "encoder.1.self_attn.weights[head=2]=0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def lecture(folder):
    def run(*arguments):
        environment = {**os.environ, "LECTURE_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
        return forking.run(arguments, folder, environment)

    return run


@pytest.fixture(scope="module")
def film(lecture, folder):
    """A film of one word, before and after an ablation, with its trace."""
    arguments = ("compare", "--edit-b", HEAD, "--text", "car", "-ql", "--output", "film", "--trace", "both.npz")
    said = lecture(*arguments)
    assert said.returncode == 0, said.stderr
    return said.stdout, folder / "film", arguments


def test_a_comparison_has_what_a_lecture_has(film):
    said, made, _ = film
    index = json.loads((made / "steps.json").read_text())
    assert len(index["steps"]) == 8
    assert (made / index["film"]).is_file()
    for step in index["steps"]:
        assert (made / step["clip"]).is_file()
        assert (made / step["poster"]).is_file()
    assert index["origin"]["edits"] == [f"B: {HEAD}"]
    assert all((made / name).is_file() for name in index["captions"])
    assert "the first that differs" in said


def test_every_number_of_the_film_is_in_the_saved_trace(film):
    _, made, _ = film
    arrays, card = np.load(made.parent / "both.npz"), json.loads((made.parent / "both.json").read_text())
    entries = [entry for step in json.loads((made / "steps.json").read_text())["steps"] for entry in step["shown"]]
    assert {entry["name"].split(".")[0] for entry in entries} == {"a", "b", "diff"}
    for entry in entries:
        if "axis" in entry:
            assert card["tensors"][entry["name"]]["labels"][entry["axis"]][entry["index"][0]] == entry["value"]
        else:
            assert float(arrays[entry["name"]][tuple(entry["index"])]) == float(entry["value"])


def test_what_was_compared_before_is_taken_as_it_is(lecture, film):
    said = lecture(*film[2])
    assert "8 steps, 0 of them drawn now" in said.stdout


def test_a_table_is_printed_without_a_picture(lecture, folder):
    said = lecture("compare", "english-spanish", UNTRAINED, "--text", "car", "--table", "--output", "none")
    assert said.returncode == 0, said.stderr
    assert "0 of 218,176 equal" in " ".join(said.stdout.split())
    assert not (folder / "none").exists()


def test_the_table_says_what_the_trace_says():
    trace = compare("The car is red", Side(None), Side(None, (HEAD,)))
    told = {row[0]: row[1:] for row in rows(trace)}
    head = trace["diff.encoder.heads"].pick(layer=1, head=2)
    assert told["farthest head, encoder.1"] == ("head=2", "head=2", f"{float(head):.1%} elsewhere")
    assert told["attention of encoder.0"] == ("", "", "the same")
    assert told["rows entering encoder.0"][2] == "the same"
    assert told["rows leaving encoder.1"][2].endswith("% apart")
    assert told["written"] == ("el coche es rojo", "el coche es rojo", "the same")
    assert told["parameters"] == ("218,176", "218,176", "all the same")


def printed(trace, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table(trace))
    return console.export_text()


@pytest.mark.parametrize("width", [80, 100])
def test_no_figure_and_no_name_of_the_table_is_broken_in_two(width):
    said = printed(compare("The car is red", Side(None), Side(None, (HEAD,))), width)
    assert "the first that differs: encoder.1.self_attn.weights" in said
    assert {"218,176", "english-spanish", "100.0%", "rojo"} <= set(said.split())
    assert max(map(len, said.splitlines())) <= width


def test_of_two_that_are_the_same_nothing_is_said_to_lie_apart():
    said = [row[3] for row in rows(compare("car", Side(None), Side(None)))]
    assert set(said) == {"the same", "all the same"}


def test_a_name_of_a_model_is_no_markup_and_moves_no_cursor():
    trace = compare("car", Side(None), Side(UNTRAINED))
    trace.about["b"]["model"] = "[bold]\x1b[31mred"
    said = printed(trace, 200)
    assert "[bold]·[31mred" in said
    assert "\x1b" not in said


def test_a_comparison_is_drawn_and_spoken_as_it_was_asked_for():
    wish = CommandOptions("Car", quality="l", fps=24, voice_command="say -o {file} {text}")
    order = _order(ModelPair((None, UNTRAINED)), wish)
    assert (order.look.height, order.look.rate) == (480, 24)
    assert order.label == "compare-english-spanish-untrained-car-" + order.look.name
    assert order.voice.name == "say"


def test_the_comparison_is_no_chapter_of_the_lecture():
    assert "side_by_side" not in {entry.name for entry in repertoire()}


def test_who_is_compared_tells_one_trace_from_another(tmp_path, monkeypatch):
    monkeypatch.setattr("scenes.stage.reading.compare", lambda *asked: Fake(asked))
    pairs = [
        ModelPair((None, UNTRAINED)),
        ModelPair((UNTRAINED, None)),
        ModelPair((None, UNTRAINED), seed=4),
        ModelPair((None, None), ((), (HEAD,))),
        ModelPair((None, None), ((HEAD,), ())),
        ModelPair((None, "english-spanish-post-norm")),
    ]
    paths = [PairStore(tmp_path, pair).trace("car", None)[0] for pair in pairs]
    paths += [
        PairStore(tmp_path, pairs[0]).trace("cars", None)[0],
        PairStore(tmp_path, pairs[0]).trace("car", None, target="el")[0],
    ]
    assert len(set(paths)) == len(paths)
    assert PairStore(tmp_path, pairs[0]).trace("car", None)[0] == paths[0]


class Fake:
    """Stands for a trace that takes its time."""

    def __init__(self, asked):
        self.asked = asked

    def save(self, path):
        path.parent.mkdir(exist_ok=True)
        for file in (path, path.with_suffix(".json")):
            file.write_text(str(self.asked))
