"""What the tests of the core share: they find the models beside them, use one thread, and leave no recorder."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_recorder_left():
    from transformer_core.tracing.tap import _recorder

    yield
    assert _recorder.get() is None
