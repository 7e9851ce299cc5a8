"""BERT, GPT-2 and Marian as oracles: with their weights, this model computes the same, inside as well as at the end."""

import pytest
import torch
from core_models import error
from hugging_face_models import BUILD, build, given, points, run_ours, run_theirs, seen_in

from transformer_core.pretrained import load_hugging_face
from transformer_core.tap import record

GATE = {torch.float64: 1e-12, torch.float32: 2e-6}
kinds = pytest.mark.parametrize("kind", BUILD)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A model of theirs, and ours from the folder that it was saved in; each is made once."""
    made = {}

    def make(kind, dtype=torch.float64, jigged=True):
        if (kind, dtype, jigged) not in made:
            theirs = build(kind, dtype, jigged)
            folder = tmp_path_factory.mktemp("folder")
            theirs.save_pretrained(folder)
            made[kind, dtype, jigged] = load_hugging_face(folder, dtype), theirs
        return made[kind, dtype, jigged]

    return make


def ours_at_the_end(kind, ours, inputs):
    """What `run_theirs` returns: logits, or the last rows of a model without a head."""
    with record() as tape:
        out = run_ours(kind, ours, inputs)
    return tape["decoder.final_norm.out"] if kind == "GPT2Model" else out


@kinds
@pytest.mark.parametrize("dtype", GATE, ids=str)
@torch.no_grad()
def test_outputs_equal_those_of_hugging_face(kind, dtype, pair):
    ours, theirs = pair(kind, dtype)
    assert error(ours_at_the_end(kind, ours, given()), run_theirs(kind, theirs, given())) <= GATE[dtype]


@kinds
@pytest.mark.parametrize("dtype", GATE, ids=str)
@torch.no_grad()
def test_every_intermediate_equals_the_one_that_hooks_find(kind, dtype, pair):
    ours, theirs = pair(kind, dtype)
    seen = seen_in(kind, theirs, given())
    with record() as tape:
        run_ours(kind, ours, given())
    assert {*seen} == {name for _, _, name in points(kind)}
    assert len(seen) >= 30
    for name, expected in seen.items():
        assert error(tape[name], expected.view_as(tape[name])) <= GATE[dtype], name
