"""Fixtures of all tests of the core: shapes are checked, torch uses one thread, and no recorder is left."""

import inspect
import sys
from pathlib import Path

import pytest
import torch
from jaxtyping import config, install_import_hook

#: The rooms whose signatures carry shapes.
SHAPED = "attention layers embedding output model parameters decoding interpret training".split()
#: As for a type checker, a whole number is a number.
BEARTYPE = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook([f"transformer_core.{room}" for room in SHAPED], BEARTYPE)
config.update("jaxtyping_disable", True)
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _checked(monkeypatch):
    """Hold every call to its signature; tests elsewhere, in the same process, are left alone."""
    monkeypatch.setattr(config, "jaxtyping_disable", False)


@pytest.fixture
def _unchecked(_checked, monkeypatch):
    """No checks: a compiler would read them as a part of the model, and a wrong call is to reach the model."""
    from transformer_core.attention import Mask

    monkeypatch.setattr(config, "jaxtyping_disable", True)
    for name in ("__init__", "__call__", "softmax"):
        monkeypatch.setattr(Mask, name, inspect.unwrap(getattr(Mask, name)))


@pytest.fixture(autouse=True)
def _no_recorder_left():
    from transformer_core.tracing.tap import _recorder

    yield
    assert _recorder.get() is None
