import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_recorder_left():
    from transformer_core.tap import _recorder

    yield
    assert _recorder.get() is None
