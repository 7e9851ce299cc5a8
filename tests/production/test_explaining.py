"""`lecture explain`: a tree for a student, JSON for a program, one line for a mistake."""

import json

import av
import pytest
from click.testing import CliRunner

from scenes.cli.main import lecture, main

CELL = "encoder.1.self_attn.weights[head=1,query=red,key=car]"


def printed(*arguments):
    return CliRunner().invoke(lecture, ["explain", *arguments], catch_exceptions=False).output


def test_the_tree_goes_from_the_weight_to_the_dot_product():
    lines = printed(CELL, "--depth", "3").splitlines()
    assert lines[0].startswith("encoder.1.self_attn.weights[head=1, query=red, key=car] = 0.992")
    assert "softmax" in lines[0]
    assert sum("scores[head=1, query=red, key=" in line for line in lines) == 4


def test_as_json_every_term_has_a_name_an_index_and_a_value():
    cell = json.loads(printed(CELL, "--json", "--depth", "2"))
    assert cell["operation"] == "softmax"
    assert cell["recomputed"] == pytest.approx(cell["value"], abs=1e-12)
    assert [term[0]["labels"]["key"] for term in cell["terms"]] == ["The", "car", "is", "red"]
    assert all({"name", "index", "value", "terms"} <= term[0].keys() for term in cell["terms"])


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("encoder.1.self_attn.weights[head]", "'head' names no place: write an axis and a place along it"),
        ("encoder weights", "names no entry: write a tensor and its places"),
        ("encoder.1.self_attn.weight[head=1]", "no tensor 'encoder.1.self_attn.weight'"),
        ("encoder.1.self_attn.weights[head=1,query=red]", "has 4 places along key: say which, of The, car, is, red"),
        ("encoder.1.self_attn.weights[head=7,query=red,key=car]", "has 4 entries along head, none at 7"),
    ],
)
def test_what_is_no_entry_is_told_in_one_line(entry, line, capsys):
    with pytest.raises(SystemExit) as end:
        main(["explain", entry])
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1


def test_a_clip_has_a_step_for_each_operation_and_its_name_is_printed(tmp_path):
    asked = [CELL, "--render", "--depth", "2", "-ql", "--fps", "12", "--jobs", "1", "--output", str(tmp_path)]
    told = printed(*asked).splitlines()[-1]
    (clip,) = tmp_path.glob("*.mp4")
    assert told.startswith(f"{clip}  2 steps, ")
    with av.open(str(clip)) as container:
        assert container.streams.video[0].average_rate == 12
        assert container.streams.video[0].frames > 12 * 10
        assert [mark["metadata"]["title"] for mark in container.chapters()] == [
            "Attention weight: red → car, head B",
            "Masked score: red → car, head B",
        ]
    printed(*asked[:3], "1", *asked[4:])
    assert len(list(tmp_path.glob("*.mp4"))) == 2


def test_a_folder_without_a_clip_is_refused(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["explain", CELL, "--output", str(tmp_path)])
    assert "--output is the folder of a clip: ask for one with --render" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (["encoder.1.self_attn.weights[head=1,query=red]"], "has 4 places along key: say which, of The, car, is, red"),
        ([CELL, "--json"], "--render draws and --json prints: ask for one of them"),
        ([CELL, "--text", " "], ""),
    ],
)
def test_a_clip_of_what_is_no_entry_is_refused_in_one_line(more, line, capsys, tmp_path):
    with pytest.raises(SystemExit) as end:
        main(["explain", *more, "--render", "--output", str(tmp_path / "new")])
    assert end.value.code
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1
    assert not (tmp_path / "new").exists()
