import subprocess
import sys

import pytest
import torch
from core_models import TARGETS, config, model, sentences
from safetensors import safe_open
from safetensors.torch import save_file

from transformer_core.pretrained import load, save


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"tied_output": False, "output_bias": True, "positions": "learned"},
        {"source_vocab": TARGETS, "shared_embedding": True, "positions": "halves"},
    ],
)
def test_a_saved_model_computes_the_same_after_loading(tmp_path, choices):
    ours = model(torch.float32, **choices)
    path = save(ours, tmp_path / "deep" / "model", {"language": "español"})
    again, about = load(path)
    assert again.config == ours.config
    assert about == {"language": "español"}
    assert torch.equal(again(*sentences()), ours(*sentences()))
    assert not again.training


def test_nothing_but_the_checkpoint_is_left_behind(tmp_path):
    path = save(model(), tmp_path / "model.safetensors")
    assert [*tmp_path.iterdir()] == [path]


def test_weights_may_be_rounded_to_half_precision_on_the_way(tmp_path):
    ours = model(torch.float32)
    whole, half = save(ours, tmp_path / "whole"), save(ours, tmp_path / "half", dtype=torch.float16)
    assert half.stat().st_size < 0.7 * whole.stat().st_size
    again, _ = load(half)
    assert again.embed_src.table.dtype == torch.float32
    assert torch.equal(again.embed_src.table, ours.embed_src.table.half().float())


def test_a_file_of_something_else_is_refused(tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="holds no config"):
        load(tmp_path / "other")


def test_weights_that_do_not_fit_their_config_are_refused(tmp_path):
    ours = model()
    object.__setattr__(ours, "config", config(d_ff=48))
    with pytest.raises(ValueError, match="do not fit its config"):
        load(save(ours, tmp_path / "model"))


def test_the_same_checkpoint_has_the_same_bytes_in_every_process(tmp_path):
    code = (
        "import sys, torch; from pathlib import Path; from transformer_core.tensor_file import write_tensors\n"
        "facts = {name: name for name in 'abcdefgh'} | {'word': '“año”\\n'}\n"
        "write_tensors(Path(sys.argv[1]), {'x': torch.arange(3.0), 'y': torch.ones(2, 2)}, facts)"
    )
    contents = set()
    for number in range(3):
        path = tmp_path / f"{number}.safetensors"
        subprocess.run([sys.executable, "-c", code, path], check=True)
        contents.add(path.read_bytes())
        with safe_open(path, framework="pt") as file:
            assert file.metadata() == {name: name for name in "abcdefgh"} | {"word": "“año”\n"}
            assert torch.equal(file.get_tensor("x"), torch.arange(3.0))
            assert torch.equal(file.get_tensor("y"), torch.ones(2, 2))
    assert len(contents) == 1
