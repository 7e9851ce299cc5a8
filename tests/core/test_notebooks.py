"""A notebook shows a tensor and a trace as tables: what is there, short, and never as anything but text."""

from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from core_models import model, sentences

from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.tap import record
from transformer_core.tracing.trace import Trace

EVIL = "<script>alert('x')</script>&amp;"
TAGS = {"div", "b", "br", "table", "tr", "td", "details", "summary"}


class Reader(HTMLParser):
    """Tags, and the text between them, of HTML that closes what it opens."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.cells = [], set(), []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert attrs == []
        self.tags.add(tag)
        self.open += [tag] * (tag != "br")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells.append(data)


def shown(thing):
    reader = Reader(thing._repr_html_())
    assert reader.tags <= TAGS
    return reader.cells


def test_a_matrix_is_shown_with_its_labels_to_four_digits_and_summed_up():
    values = np.array([[[1 / 3, -2.0], [1e-9, 12345.678]]])
    words = {"query": ("the", "car"), "key": ("a", "b")}
    assert shown(NamedTensor("w", values, ("head", "query", "key"), words)) == [
        *("w", " head 1 × query 2 × key 2", "at head 0"),
        *("a", "b", "the", "0.3333", "-2", "car", "1e-09", "1.235e+04"),
        "min -2, mean 3086, max 1.235e+04",
    ]


@pytest.mark.parametrize(
    ("values", "axes", "cells"),
    [
        (7, (), ["7", "min 7, mean 7, max 7"]),
        ([True, False], ("key",), ["0", "1", "True", "False", "min False, mean 0.5, max True"]),
        ([0.5, -np.inf], ("key",), ["0", "1", "0.5", "-inf", "min -inf, mean -inf, max 0.5"]),
        (np.array([np.nan], np.float32), ("key",), ["0", "nan", "min nan, mean nan, max nan"]),
        (np.zeros((0, 3)), ("query", "key"), []),
    ],
    ids=["a number", "truths", "infinite", "no number", "nothing"],
)
def test_tensors_of_every_kind_are_shown(values, axes, cells):
    assert shown(NamedTensor("w", values, axes))[2:] == cells


def test_what_is_large_is_cut_in_the_middle():
    large = NamedTensor("w", np.zeros((300, 400)), ("query", "key"), {"key": ("x" * 10_000,) * 400})
    cells = shown(large)
    assert cells.count("…") == 1 + 10 + 8
    assert "299" in cells
    assert "x" * 23 + "…" in cells
    assert len(large._repr_html_()) < 5000


def test_a_label_is_text_and_no_tag():
    labelled = NamedTensor(EVIL, np.zeros((1, 1, 1)), ("head", "query", EVIL), dict.fromkeys(("head", EVIL), (EVIL,)))
    cells = shown(labelled)
    assert cells[0] == EVIL
    assert cells.count(f"{EVIL[:23]}…") == 1
    traced = Trace({EVIL: labelled}, {EVIL: (EVIL,)})
    assert shown(traced)[-4:] == [EVIL, f"head query {EVIL}", "1 × 1 × 1", EVIL]


def test_a_trace_is_shown_by_parts_with_the_parents_of_each_tensor():
    with torch.no_grad(), record() as tape:
        model()(*sentences())
    trace = tape.trace()
    cells = shown(trace)
    assert cells[:2] == ["Trace", f" of {len(trace)} tensors"]
    assert "encoder.1: " + str(sum(name.startswith("encoder.1.") for name in trace)) in cells
    at = cells.index("decoder.0.self_attn.scores")
    assert cells[at + 1 : at + 4] == [
        "batch head query key",
        "3 × 4 × 6 × 6",
        "decoder.0.self_attn.q, decoder.0.self_attn.k",
    ]
    part = shown(trace.under("encoder.0.self_attn", head=1))
    assert part[1] == " of 11 tensors"
    assert "weights" in part


def test_a_large_trace_is_shown_in_part():
    one = NamedTensor("w", np.zeros(1), ("key",))
    names = [f"step.{step}.decoder.{layer}.ffn.out" for step in range(500) for layer in range(40)]
    trace = Trace(dict.fromkeys(names, one), dict.fromkeys(names, tuple(names)))
    assert shown(trace)[-1] == "… and 19400 more"
    assert len(trace._repr_html_()) < 300_000
