"""Exhibits: tensors as scripts, with every value, or an honest window."""

import json
from dataclasses import replace

import numpy as np
import pytest

from scenes.publishing.exhibits import MOST_VALUES, exhibits
from transformer_core.tracing.trace import NamedTensor, Trace


def shows(lecture, *entries):
    return [replace(lecture.steps[0], shown=tuple(entries))]


def written(exhibit, folder):
    exhibit.write(folder)
    text = (folder / exhibit.file).read_text()
    assert text.startswith("exhibit(")
    return json.loads(text.removeprefix("exhibit(").removesuffix(");\n"))


def test_a_tensor_is_written_with_axes_labels_and_every_value_as_it_is(lecture, tmp_path):
    values = np.array([[1 / 3, -np.inf, 1e-300], [np.pi, 0.1 + 0.2, -0.0]])
    tensor = NamedTensor("a.b", values, ("query", "d_head"), {"query": ("<b>", "red")})
    found = exhibits(shows(lecture, {"name": "a.b", "index": [0, 0], "shown": "0.33"}), Trace({"a.b": tensor}))
    content = written(found["a.b"], tmp_path)
    assert content["values"] == values.ravel().tolist()
    assert (content["axes"], content["shape"], content["kept"]) == (["query", "d_head"], [2, 3], [None, None])
    assert content["labels"] == {"query": ["<b>", "red"]}


def test_a_large_tensor_is_a_window_that_has_its_true_size_and_all_that_is_shown(lecture, tmp_path):
    values = np.arange(64 * 3000, dtype=float).reshape(64, 3000)
    words = tuple(f"word {i}" for i in range(3000))
    trace = Trace({"w": NamedTensor("w", values, ("d_model", "vocab"), {"vocab": words})})
    number = {"name": "w", "index": [63, 2999], "shown": "x"}
    token = {"name": "w", "index": [1234], "shown": "word 1234", "axis": "vocab"}
    found = exhibits(shows(lecture, number, token), trace)["w"]
    content = written(found, tmp_path)
    rows, columns = (own or list(range(size)) for own, size in zip(content["kept"], content["shape"], strict=True))
    assert content["shape"] == [64, 3000]
    assert 63 in rows
    assert {1234, 2999} <= set(columns)
    assert content["values"] == values[np.ix_(rows, columns)].ravel().tolist()
    assert len(content["values"]) <= MOST_VALUES
    assert content["labels"]["vocab"] == [words[i] for i in columns]
    assert len(columns) < 3000


def test_what_no_step_shows_is_not_written(lecture):
    trace = Trace({name: NamedTensor(name, np.zeros(2), ("key",)) for name in ("shown", "other")})
    assert list(exhibits(shows(lecture, {"name": "shown", "index": [0], "shown": "0"}), trace)) == ["shown"]


@pytest.mark.parametrize("values", [np.array(3.5), np.array([True, False]), np.arange(3)])
def test_scalars_truths_and_whole_numbers_are_tensors_too(lecture, tmp_path, values):
    axes = ("key",) * values.ndim
    trace = Trace({"n": NamedTensor("n", values, axes)})
    found = exhibits(shows(lecture, {"name": "n", "index": [0] * values.ndim, "shown": "?"}), trace)
    assert written(found["n"], tmp_path)["values"] == values.ravel().tolist()
