"""Small models in folders, as a user would bring them: config, weights, tokenizer."""

import gc
import sys
from pathlib import Path

import pytest
import torch

from transformer_core.pretrained import save_torch
from transformer_core.pretrained.model_packages import PACKAGES

for folder in ("pictures", "models"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))

import compared_pairs  # noqa: E402 - found by the line above
import scenes_of  # noqa: E402 - as above
from small_models import MAKERS, sentence_pieces, torch_model  # noqa: E402 - as above


@pytest.fixture(scope="module", autouse=True)
def _walks_of_this_file():
    """Forget what was read and walked in one file: no other needs it, and traces of pretrained models take memory."""
    yield
    for walks in (scenes_of._read, scenes_of._walked, compared_pairs._walked, compared_pairs._pairs):
        walks.clear()
    gc.collect()


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """A folder for each kind, by its name."""
    home = tmp_path_factory.mktemp("models")
    for kind, (build, tokens) in MAKERS.items():
        tokenizer = tokens()
        with torch.random.fork_rng():
            torch.manual_seed(11)
            model = build(tokenizer.get_vocab_size()).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(4)), alpha=0.1)
        model.save_pretrained(home / kind)
        tokenizer.save(str(home / kind / "tokenizer.json"))
    module, source, target, output = torch_model()
    save_torch(module, home / "torch", source, target, 0, 1, output, max_positions=48)
    sentence_pieces().save(str(home / "torch" / "tokenizer.json"))
    return {path.name: path for path in home.iterdir()}


@pytest.fixture(scope="session")
def smollm2():
    """The GGUF file of a real language model, if its package is installed; nothing else depends on it."""
    if PACKAGES["smollm2"].path is None:
        pytest.skip("smollm2 is not installed: lecture models install smollm2")
    return PACKAGES["smollm2"].path
