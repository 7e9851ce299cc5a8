import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from core_models import TARGETS, config, model, sentences
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from transformer_core.files.tensors import metadata, seal, unbroken, write_tensors
from transformer_core.pretrained import load, save
from transformer_core.studies.sentence.lstm_trace import load_lstm as load_chain
from transformer_core.text.vocabulary import stored


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


SHIPPED = sorted((Path(__file__).parents[2] / "assets" / "models").glob("*.safetensors"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_flipped_bit_in_a_model_that_comes_with_the_lecture_is_noticed(path, tmp_path):
    copy, data, random = tmp_path / path.name, path.read_bytes(), np.random.default_rng(5)
    reads = load if "lstm" not in path.stem else load_chain
    header = int.from_bytes(data[:8], "little")
    for place in (*random.integers(8, 8 + header, 20), *random.integers(8 + header, len(data), 30), len(data) - 1):
        bent = bytearray(data)
        bent[place] ^= 1 << random.integers(8)
        copy.write_bytes(bent)
        with pytest.raises(ValueError, match=re.escape(str(copy))) as error:
            reads(copy)
        assert "\n" not in str(error.value)
    assert len(SHIPPED) == 5
    copy.write_bytes(data)
    reads(copy)


def test_changed_weights_are_refused_until_they_are_sealed(tmp_path):
    path = save(model(), tmp_path / "model.safetensors", {"vocabulary": "{}"})
    weights, facts = load_file(path), metadata(path.read_bytes())
    weights["embed_src.table"][3, 2] += 1
    save_file(weights, path, facts)
    for read in (load, stored):
        with pytest.raises(
            ValueError, match=f"^{path} has no seal, .* copy it afresh, or, if you trust it as it is, seal"
        ):
            read(path)
    seal(path)
    again, about = load(path)
    assert about == {"vocabulary": "{}"}
    assert torch.equal(again.embed_src.table, weights["embed_src.table"].float())


def test_the_seal_is_the_hash_of_all_bytes_with_zeros_in_its_place(tmp_path):
    """And what a fact says cannot be taken for it."""
    path = tmp_path / "sealed.safetensors"
    write_tensors(path, {"seal": torch.ones(2)}, {"a": '"seal":"' + "1" * 64 + '"'})
    data = path.read_bytes()
    with safe_open(path, framework="pt") as file:
        found = file.metadata()["seal"].encode()
    assert data.count(found) == 1
    assert hashlib.sha256(data.replace(found, b"0" * 64)).hexdigest().encode() == found
    assert unbroken(path, "") == data


def test_the_same_checkpoint_has_the_same_bytes_in_every_process(tmp_path):
    code = (
        "import sys, torch; from pathlib import Path; from transformer_core.files.tensors import write_tensors\n"
        "facts = {name: name for name in 'abcdefgh'} | {'word': '“año”\\n'}\n"
        "write_tensors(Path(sys.argv[1]), {'x': torch.arange(3.0), 'y': torch.ones(2, 2)}, facts)"
    )
    contents = set()
    for number in range(3):
        path = tmp_path / f"{number}.safetensors"
        subprocess.run([sys.executable, "-c", code, path], check=True)
        contents.add(path.read_bytes())
        with safe_open(path, framework="pt") as file:
            seal = {"seal": file.metadata()["seal"]}
            assert file.metadata() == {name: name for name in "abcdefgh"} | {"word": "“año”\n"} | seal
            assert torch.equal(file.get_tensor("x"), torch.arange(3.0))
            assert torch.equal(file.get_tensor("y"), torch.ones(2, 2))
    assert len(contents) == 1
