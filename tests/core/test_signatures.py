"""Signatures carry shapes, and while these tests run, every call is held to them."""

import re
from pathlib import Path

import pytest
import torch
from core_models import model
from jaxtyping import TypeCheckError

import transformer_core
from transformer_core.attention import attention
from transformer_core.decoding.sampling import reshaped
from transformer_core.model import padding_mask
from transformer_core.tracing.tap import tap_at
from transformer_core.tracing.trace import AXES
from transformer_core.training.train import loss_of

IDS = torch.ones(3, 5, dtype=torch.long)
ROWS = torch.zeros(3, 4, 5, 16)
#: Calls that torch lets pass, or refuses somewhere inside; each with the parameter that does not fit.
WRONG = {
    "keys of one sentence, queries of three": ("k", lambda: attention(ROWS, ROWS[:1], ROWS, None, 1, tap_at(""))),
    "more values than keys": ("v", lambda: attention(ROWS, ROWS[:, :, :1], ROWS, None, 1, tap_at(""))),
    "a row without its batch": ("x", lambda: model().double().encoder.layers[0].ffn(ROWS[0, 0].double())),
    "ids of another batch": ("target_ids", lambda: model()(IDS, IDS[:1])),
    "padding as numbers": ("padding", lambda: padding_mask(IDS, torch.float32)),
    "ids as fractions": ("ids", lambda: model().embed_src(IDS.double())),
    "probabilities as whole numbers": ("probs", lambda: reshaped(IDS)),
    "sources without targets": ("target", lambda: loss_of(model(), IDS, IDS[:2], 0.0)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_tensor_of_another_shape_or_type_is_refused_by_the_name_of_its_parameter(name):
    parameter, call = WRONG[name]
    with pytest.raises(TypeCheckError, match=f"typechecking parameter '{parameter}'"):
        call()


def test_every_axis_of_a_signature_is_in_the_glossary():
    shape = re.compile(r'\b(?:Bool|Float|Int|UInt16)\[[\w.]+, "([^"]*)"\]')
    found = {
        axis
        for path in Path(transformer_core.__file__).parent.rglob("*.py")
        for axes in shape.findall(path.read_text(encoding="utf-8"))
        for axis in axes.split()
    }
    assert len(found) > 10
    assert found - {*AXES} == {"1", "_", "..."}
