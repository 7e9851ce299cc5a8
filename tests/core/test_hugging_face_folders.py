"""Folders of Hugging Face: what they may hold, and what is refused, each in one line."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from hugging_face_models import BUILD, build, given, llama_sizes, rope, run_ours
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from transformer_core.embedding import sinusoids
from transformer_core.pretrained import load_hugging_face


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folders = {}
    for kind in ("BertForMaskedLM", "GPT2LMHeadModel", "MarianMTModel", "LlamaForCausalLM"):
        folders[kind] = tmp_path_factory.mktemp(kind)
        build(kind, torch.float32).save_pretrained(folders[kind])
    return folders


@pytest.fixture
def folder(saved, tmp_path):
    """A folder of a kind to change, with other options and other tensors."""

    def make(kind, options=None, tensors=None):
        path = shutil.copytree(saved[kind], tmp_path / kind)
        facts = json.loads((path / "config.json").read_text())
        (path / "config.json").write_text(json.dumps(facts | (options or {})))
        if tensors:
            weights = load_file(path / "model.safetensors")
            save_file(tensors(weights), path / "model.safetensors")
        return path

    return make


def logits(kind, path):
    with torch.no_grad():
        return run_ours(kind, load_hugging_face(path), given())


@pytest.mark.parametrize("kind", BUILD)
def test_a_model_in_several_files_is_read_by_its_index(kind, tmp_path):
    theirs = build(kind, torch.float32)
    theirs.save_pretrained(tmp_path / "whole")
    theirs.save_pretrained(tmp_path / "parts", max_shard_size="4KB")
    assert len([*(tmp_path / "parts").glob("model-*.safetensors")]) > 2
    assert torch.equal(logits(kind, tmp_path / "whole"), logits(kind, tmp_path / "parts"))


def test_a_folder_is_read_without_the_library_that_wrote_it(saved):
    code = (
        "import sys; sys.modules['transformers'] = sys.modules['huggingface_hub'] = None\n"
        "from transformer_core.pretrained import load_hugging_face\n"
        "import torch\n"
        f"for kind in {[*map(str, saved.values())]!r}: assert load_hugging_face(kind).training is False\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_layer_norms_may_have_the_names_of_tensorflow(folder, saved):
    def renamed(weights):
        old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
        for new, name in old.items():
            weights = {key.replace(new, name): value for key, value in weights.items()}
        return weights | {"bert.embeddings.position_ids": torch.arange(12)[None]}

    kind = "BertForMaskedLM"
    assert torch.equal(logits(kind, folder(kind, tensors=renamed)), logits(kind, saved[kind]))


def test_masks_that_older_files_keep_are_passed_over(folder, saved):
    kind = "GPT2LMHeadModel"
    path = folder(
        kind, tensors=lambda weights: weights | {"transformer.h.0.attn.bias": torch.ones(1, 1, 12, 12).tril()}
    )
    assert torch.equal(logits(kind, path), logits(kind, saved[kind]))


def test_sinusoids_in_the_file_must_be_those_that_are_computed(folder, saved):
    kind, name = "MarianMTModel", "model.encoder.embed_positions.weight"
    path = folder(kind, tensors=lambda weights: weights | {name: sinusoids(12, 16, halves=True)})
    assert torch.equal(logits(kind, path), logits(kind, saved[kind]))
    save_file(load_file(path / "model.safetensors") | {name: sinusoids(12, 16)}, path / "model.safetensors")
    with pytest.raises(ValueError, match="holds no sinusoids in halves"):
        load_hugging_face(path)


def test_a_pickle_is_refused_and_the_line_says_why_and_how_to_convert_it(folder):
    path = folder("GPT2LMHeadModel")
    (path / "model.safetensors").rename(path / "pytorch_model.bin")
    with pytest.raises(
        ValueError, match=r"pytorch_model.bin is a pickle, which .*GPT2LMHeadModel.from_pretrained\(folder\)"
    ) as e:
        load_hugging_face(path)
    assert "\n" not in str(e.value)


def test_a_folder_without_weights_or_config_is_refused(folder, tmp_path):
    path = folder("GPT2LMHeadModel")
    (path / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no model\.safetensors"):
        load_hugging_face(path)
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        load_hugging_face(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("kind", "options", "complaint"),
    [
        ("GPT2LMHeadModel", {"model_type": "mamba"}, "of kind 'mamba'; known are bert, gpt2, marian, llama, mistral"),
        ("GPT2LMHeadModel", {"model_type": None}, "names no model_type: known are bert, gpt2, marian"),
        ("GPT2LMHeadModel", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ("GPT2LMHeadModel", {"activation_function": "mish"}, "'mish' is none of relu, gelu"),
        ("BertForMaskedLM", {"is_decoder": True}, "is_decoder is True"),
        ("BertForMaskedLM", {"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ("MarianMTModel", {"decoder_attention_heads": 2}, "decoder_attention_heads is 2: this core computes 4 alone"),
        ("MarianMTModel", {"normalize_before": True}, "normalize_before is True"),
        ("MarianMTModel", {"decoder_ffn_dim": 48}, "decoder_ffn_dim is 48"),
        ("LlamaForCausalLM", {"rope_parameters": {"rope_type": "yarn"}}, "'yarn': this core computes default, linear"),
        ("LlamaForCausalLM", {"rope_parameters": {"rope_type": "linear"}}, "does not state factor"),
        ("LlamaForCausalLM", {"num_key_value_heads": 4}, "6 heads do not divide into 4 kv_heads"),
    ],
)
def test_what_this_core_does_not_compute_is_refused(folder, kind, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        load_hugging_face(folder(kind, options))


@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2", "qwen3", "gemma"])
@pytest.mark.parametrize("within", ["rope_parameters", None])
def test_a_partial_rotation_is_refused_since_transformers_would_rotate_whole_heads(folder, kind, within):
    options = {"partial_rotary_factor": 0.5}
    path = folder("LlamaForCausalLM", ({within: options} if within else options) | {"model_type": kind})
    with pytest.raises(ValueError, match=r"partial_rotary_factor is 0\.5: models of this kind rotate whole heads"):
        load_hugging_face(path)
    stated = AutoConfig.for_model(kind, **llama_sizes(rope_parameters=rope(partial_rotary_factor=0.5)))
    theirs = AutoModelForCausalLM.from_config(stated).model.rotary_emb
    assert theirs.config.rope_parameters["partial_rotary_factor"] == 0.5
    assert len(theirs.inv_freq) == stated.head_dim / 2


def test_a_tensor_too_many_or_too_few_is_told(folder):
    path = folder("BertForMaskedLM", tensors=lambda weights: weights | {"classifier.weight": torch.zeros(2, 16)})
    with pytest.raises(ValueError, match=r"without a place in this model: classifier\.weight"):
        load_hugging_face(path)
    weights = load_file(path / "model.safetensors")
    del weights["classifier.weight"], weights["bert.encoder.layer.1.output.dense.bias"]
    save_file(weights, path / "model.safetensors")
    with pytest.raises(ValueError, match=r"no tensor called bert\.encoder\.layer\.1\.output\.dense\.bias"):
        load_hugging_face(path)


def test_a_tensor_of_another_size_is_told(folder):
    with pytest.raises(ValueError, match=r"the shape of table is \(23, 16\) here"):
        load_hugging_face(
            folder("GPT2LMHeadModel", tensors=lambda w: w | {"transformer.wte.weight": torch.zeros(24, 16)})
        )


def test_an_index_that_points_out_of_its_folder_is_refused(folder):
    path = folder("GPT2LMHeadModel")
    (path / "model.safetensors").rename(path.parent / "elsewhere.safetensors")
    index = {"weight_map": {"transformer.wte.weight": "../elsewhere.safetensors"}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="points out of its folder"):
        load_hugging_face(path)
