"""A user's own model: found by name or path, opened offline, refused in one line."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
import transformers
from small_models import MAKERS, torch_model
from tokenizers import Tokenizer

from scenes.stage.reading import read
from scenes.stage.requirements import NEEDS, lacks
from transformer_core.pretrained.model_registry import find_model, known_models, open_model

TEXT = "the old ship sails home"
THEIRS = {
    "bert": transformers.BertModel,
    "gpt2": transformers.GPT2LMHeadModel,
    "llama": transformers.LlamaForCausalLM,
    "marian": transformers.MarianMTModel,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_sentence_read_by_a_folder_of_each_kind_equals_hugging_face(kind, folders):
    trace = read(TEXT, folders[kind])
    theirs = THEIRS[kind].from_pretrained(folders[kind], attn_implementation="eager").double().eval()
    tokenizer = Tokenizer.from_file(str(folders[kind] / "tokenizer.json"))
    tokenizer.no_truncation()
    given = {"input_ids": torch.tensor([tokenizer.encode(TEXT).ids])}
    if kind in {"gpt2", "llama"}:
        given = {"input_ids": torch.from_numpy(trace["embed_tgt.ids"].values)}
    if kind == "marian":
        given["decoder_input_ids"] = torch.from_numpy(trace["embed_tgt.ids"].values)
    with torch.no_grad():
        out = theirs(**given, output_attentions=True)
    attentions, side = (out.encoder_attentions, "encoder") if kind == "marian" else (out.attentions, "encoder")
    side = "decoder" if kind in {"gpt2", "llama"} else side
    near = 1e-5 if kind == "llama" else 1e-7  # theirs takes sines and cosines of positions in single precision
    for layer, weights in enumerate(attentions):
        assert np.allclose(trace[f"{side}.{layer}.self_attn.weights"].values, weights.numpy(), atol=near)
    if kind != "bert":
        assert np.allclose(trace["logits"].values, out.logits.numpy(), atol=1e-5)


def test_a_torch_transformer_saved_with_its_sizes_is_the_same_model(folders):
    module, source, target, output = torch_model()
    model = open_model(folders["torch"]).model
    ids, read_so_far = torch.tensor([[5, 6, 7]]), torch.tensor([[0, 9]])
    x, y = (
        torch.nn.functional.embedding(some, table) * 32**0.5 + model.embed_src.positional(0, some.shape[1]).float()
        for some, table in ((ids, source), (read_so_far, target))
    )
    with torch.no_grad():
        mask = torch.nn.Transformer.generate_square_subsequent_mask(2)
        assert torch.allclose(output(module(x, y, tgt_mask=mask)).double(), model(ids, read_so_far), atol=1e-5)


def test_a_decoder_alone_goes_on_with_the_text_and_an_encoder_alone_writes_nothing(folders):
    trace = read(TEXT, folders["gpt2"])
    written = len(trace.about["output_tokens"])
    assert 1 <= written <= 8
    assert trace.about["target_tokens"][: -written or None] == list(trace["embed_tgt.sum"].words("position"))[:-written]
    assert read(TEXT, folders["bert"]).about["output"] == ""


def test_what_is_shipped_and_what_lies_in_the_own_folder_is_at_hand(folders, monkeypatch):
    monkeypatch.setenv("LECTURE_MODELS", str(folders["bert"].parent))
    names = [model.name for model in known_models()]
    assert {"english-spanish", "bert", "gpt2", "marian", "torch"} <= set(names)
    assert find_model("gpt2") == folders["gpt2"]


def refused(name):
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        open_model(name)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_unknown_name_is_answered_with_those_that_there_are():
    assert "english-spanish" in refused("english-spanich")
    assert 'did you mean "english-spanish"?' in refused("english-spanich")


def test_an_unknown_kind_is_answered_with_the_known_ones(folders, tmp_path):
    path = shutil.copytree(folders["bert"], tmp_path / "t5")
    facts = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(facts | {"model_type": "t5"}))
    assert "'t5'; known are bert, gpt2, marian, llama, mistral, " in refused(path)
    del facts["model_type"]
    (path / "config.json").write_text(json.dumps(facts))
    assert "names no model_type: known are bert" in refused(path)


def test_where_nothing_lies_and_where_no_weights_lie_what_would_be_right_is_told(folders, tmp_path):
    assert f"nothing lies at {tmp_path / 'gone'}: give a folder of Hugging Face" in refused(tmp_path / "gone")
    assert 'no model "gone": there are english-spanish' in refused("gone")
    path = shutil.copytree(folders["bert"], tmp_path / "empty")
    (path / "model.safetensors").unlink()
    assert "write it with transformers, BertModel.from_pretrained(folder).save_pretrained(folder)" in refused(path)


def test_a_folder_without_a_tokenizer_is_told_how_to_make_one(folders, tmp_path):
    path = shutil.copytree(folders["marian"], tmp_path / "marian")
    (path / "tokenizer.json").unlink()
    assert "has no tokenizer.json" in refused(path)
    (path / "source.spm").touch()
    assert "source.spm and vocab.json" in refused(path)
    (path / "tokenizer.json").write_text("{}")
    assert "is no tokenizer" in refused(path)


def test_a_folder_without_a_config_a_broken_one_and_a_file_of_another_kind_are_refused(tmp_path):
    assert "has no config.json" in refused(tmp_path)
    (tmp_path / "config.json").write_text("{")
    assert "is no JSON" in refused(tmp_path)
    (tmp_path / "model.onnx").touch()
    assert "neither a folder" in refused(tmp_path / "model.onnx")


def test_a_folder_is_opened_without_the_library_of_the_hub_and_without_a_network(folders):
    code = (
        "import sys, socket; sys.modules['transformers'] = None\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        f"from scenes.stage.reading import read; print(read({TEXT!r}, {str(folders['bert'])!r}).about['model'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "bert\n", done.stderr


@pytest.mark.slow
def test_a_need_is_met_by_the_models_that_have_it(folders):
    has = {kind: {need for need in NEEDS if not lacks(read(TEXT, folders[kind]), (need,))} for kind in folders}
    decoder = {"self-attention", "a feed-forward network", "a decoder", "a vocabulary to predict"}
    added = {"added positions"}
    assert has["bert"] == {"self-attention", "a feed-forward network", "an encoder"} | added
    assert has["llama"] == decoder
    assert has["gpt2"] == decoder | added
    assert has["marian"] == has["torch"] == decoder | added | {"an encoder", "cross-attention"}
    assert not lacks(read("The car is red"), tuple(NEEDS))
