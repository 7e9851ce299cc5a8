"""Models in a GGUF file, the format of llama.cpp: Llama and Mistral, Qwen 2 and Qwen 3, quantised or not.

Facts and tensors are given under the names of Hugging Face. A tensor is computed when it is taken, as float32; of a
quantised file it has the numbers that the file stands for, not those that were trained.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from math import gcd, isfinite, pi
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transformer_core.files.gguf_header import StoredTensor, read_gguf_header
from transformer_core.model import Transformer
from transformer_core.pretrained.copying import size
from transformer_core.pretrained.hugging_face import KINDS, filled
from transformer_core.pretrained.weights import Weights, finite
from transformer_core.versions import installing

#: Our name of what stands in a layer, by llama.cpp's.
IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
#: Types of GGML that hold each number by itself.
PLAIN = {"F32", "F16", "BF16", "F64"}
#: Llama's files are Mistral's, too: the format does not tell them apart.
ARCHITECTURES = ("llama", "qwen2", "qwen3")
#: The tensor that the rotations of Llama 3.1 are divided by, one number for each pair of a head.
DIVISORS = "rope_freqs.weight"


class GgufWeights(Weights):
    """The tensors of a GGUF file under the names of Hugging Face, and `facts`, as its `config.json` would state them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no whole GGUF file, holds another kind of model, or the package gguf is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.folder = self.stated = Path(path)
        self.header = read_gguf_header(self.stated)
        if find_spec("gguf") is None:
            raise ValueError(f"{path}: a GGUF file takes the package gguf: {installing('models')}")
        self.tensors = {hugging_face_name(name): tensor for name, tensor in self.header.tensors.items()}
        self.files = dict.fromkeys(self.tensors, self.stated)
        self.taken = set()
        self._check_places()
        #: In bytes of float32, as which they are taken.
        self.size = 4 * sum(tensor.numbers for tensor in self.tensors.values())
        try:
            divisors = self.take(DIVISORS).double().flatten() if DIVISORS in self else None
            self.facts = facts_of_gguf(self.header.facts, self.tensors, divisors)
        except KeyError as error:
            raise ValueError(f"{path} does not state {error.args[0]}") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def _read(self, name: str) -> Tensor:
        """The tensor in float32."""
        return finite(self._halves(name, self._numbers(name)), name, self.folder)

    @property
    def quantisation(self) -> str:
        """The types of the tensors, those that hold most numbers first; nothing if each number stands by itself."""
        from gguf import GGMLQuantizationType

        held: Counter[str] = Counter()
        parts: Counter[tuple[str, str]] = Counter()
        for tensor in self.tensors.values():
            name = GGMLQuantizationType(tensor.type).name
            held[name] += tensor.numbers
            parts[name, "matri" if len(tensor.shape) > 1 else "vector"] += 1
        if held.keys() <= PLAIN:
            return ""
        ends = {"matri": ("x", "ces"), "vector": ("", "s")}
        return ", ".join(
            f"{name} ({count} {what}{ends[what][count > 1]})"
            for name, _ in held.most_common()
            for (called, what), count in parts.items()
            if called == name
        )

    def _check_places(self) -> None:
        """Each tensor lies in the file, and all together do: what is allocated is bound by what is there."""
        whole, there = 0, self.folder.stat().st_size
        for name, tensor in self.tensors.items():
            bytes_ = self._bytes(name, tensor)
            whole += bytes_
            if not tensor.numbers or self.header.start + tensor.offset + bytes_ > there or whole > there:
                raise ValueError(f"{self.folder} is cut off or damaged: {name} does not lie in its {there} bytes")

    def _bytes(self, name: str, tensor: StoredTensor) -> int:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

        try:
            block, bytes_ = GGML_QUANT_SIZES[GGMLQuantizationType(tensor.type)]
        except (ValueError, KeyError):
            raise ValueError(f"{self.folder}: {name} is of type {tensor.type}, which is not known") from None
        if tensor.shape[-1] % block:
            raise ValueError(f"{self.folder}: {name} has rows of {tensor.shape[-1]}, in blocks of {block}")
        return tensor.numbers // block * bytes_

    def _numbers(self, name: str) -> Tensor:
        from gguf import GGMLQuantizationType, dequantize

        tensor = self.tensors[name]
        kind, bytes_ = GGMLQuantizationType(tensor.type), self._bytes(name, tensor)
        stored = np.fromfile(self.folder, np.uint8, bytes_, offset=self.header.start + tensor.offset)
        rows = tensor.numbers // tensor.shape[-1]
        try:
            with np.errstate(all="ignore"):  # a scale may be no number: then so are the entries, and it is told
                # Each block stands for itself: gguf is quicker with a few long rows.
                values = dequantize(stored.reshape(rows // gcd(rows, 8), -1), kind)
        except (NotImplementedError, ValueError):
            raise ValueError(f"{name} in {self.folder} is of type {kind.name}, which cannot be read") from None
        return torch.from_numpy(np.asarray(values, np.float32).reshape(tensor.shape))

    def _halves(self, name: str, tensor: Tensor) -> Tensor:
        """Rows that rotate together in halves, as Hugging Face has them; llama.cpp has Llama's next to each other."""
        which = re.search(r"\.self_attn\.([qk])_proj\.", name)
        if not which or self.header.facts["general.architecture"] != "llama":
            return tensor
        heads = self.facts["num_attention_heads" if which[1] == "q" else "num_key_value_heads"]
        if len(tensor) != heads * self.facts["head_dim"] or self.facts["head_dim"] % 2:
            raise ValueError(f"{name} in {self.folder} has {len(tensor)} rows, which are no pairs in {heads} heads")
        return tensor.reshape(heads, -1, 2, *tensor.shape[1:]).transpose(1, 2).reshape(tensor.shape)


def load_gguf(path: str | os.PathLike[str] | GgufWeights, dtype: torch.dtype = torch.float32) -> Transformer:
    """The model in a GGUF file, in evaluation mode: Llama, Mistral, Qwen 2 or Qwen 3.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no GGUF file, one that is damaged, another kind of model, or the package gguf is not installed.
    """
    weights = path if isinstance(path, GgufWeights) else GgufWeights(path)
    kind = KINDS[weights.facts["model_type"]]
    model = filled(kind, weights.facts, weights, dtype)
    weights.finish(kind.NEEDLESS)
    return model.eval()


def hugging_face_name(name: str) -> str:
    """The name that Hugging Face gives a tensor of llama.cpp; its own if it has none.

    >>> hugging_face_name("blk.3.attn_q.weight"), hugging_face_name("output_norm.weight"), hugging_face_name("other")
    ('model.layers.3.self_attn.q_proj.weight', 'model.norm.weight', 'other')
    """
    found = re.fullmatch(r"(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)", name)
    table = IN_LAYER if found and found[1] else OUTSIDE
    if not found or found[2] not in table:
        return name
    return (f"model.layers.{found[1]}." if found[1] else "") + f"{table[found[2]]}.{found[3]}"


def facts_of_gguf(
    stated: Mapping[str, Any], tensors: Mapping[str, StoredTensor], divisors: Tensor | None
) -> dict[str, Any]:
    """The config of a file that states these facts and has these tensors, named as Hugging Face names them.

    Raises:
        KeyError: a fact is missing.
        ValueError: another architecture, or an option that this core does not compute.
    """
    kind = stated.get("general.architecture")
    if kind not in ARCHITECTURES:
        known = "llama (Mistral, too), qwen2 and qwen3"
        raise ValueError(f"it holds a model of architecture {short(kind)}; known are {known}")
    if stated.get("split.count", 1) not in {0, 1}:
        raise ValueError("it is a part of a model: join all of them with llama.cpp, gguf-split --merge")
    own = {key.removeprefix(f"{kind}."): value for key, value in stated.items() if key.startswith(f"{kind}.")}
    if own.get("expert_count"):
        raise ValueError("it holds a mixture of experts, which this core does not compute")
    heads, d_model = _count(own, "attention.head_count"), _count(own, "embedding_length")
    head = own.get("attention.key_length", own.get("rope.dimension_count", d_model // heads))
    for key in ("attention.value_length", "rope.dimension_count"):
        if own.get(key, head) != head:
            raise ValueError(f"{key} is {short(own[key])}, and not the {short(head)} of a key")
    window = own.get("attention.sliding_window")
    facts = {
        "model_type": "mistral" if window and kind == "llama" else kind,
        "vocab_size": tensors["model.embed_tokens.weight"].shape[0],
        "hidden_size": d_model,
        "intermediate_size": _count(own, "feed_forward_length"),
        "num_hidden_layers": _count(own, "block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": _count({"attention.head_count_kv": heads} | own, "attention.head_count_kv"),
        "head_dim": _count({"head_dim": head}, "head_dim"),
        "max_position_embeddings": _count(own, "context_length"),
        "rms_norm_eps": _number(own, "attention.layer_norm_rms_epsilon"),
        "rope_theta": _number({"rope.freq_base": 10_000.0} | own, "rope.freq_base"),
        "hidden_act": "silu",
        "tie_word_embeddings": "lm_head.weight" not in tensors,
        "attention_bias": "model.layers.0.self_attn.o_proj.bias" in tensors,
        "mlp_bias": "model.layers.0.mlp.gate_proj.bias" in tensors,
        "bos_token_id": stated.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": stated.get("tokenizer.ggml.eos_token_id"),
    }
    scaling = _scaling(own, facts, divisors)
    return facts | ({"sliding_window": window} if window else {}) | ({"rope_scaling": scaling} if scaling else {})


def _scaling(own: dict[str, Any], facts: dict[str, Any], divisors: Tensor | None) -> dict[str, Any]:
    """The rule by which rotations are slowed down, or an empty one."""
    if divisors is not None:
        return llama3_rule(divisors, facts["rope_theta"])
    kind = own.get("rope.scaling.type", "linear" if "rope.scale_linear" in own else "none")
    if kind == "linear":
        factor = _number(own, "rope.scaling.factor" if "rope.scaling.factor" in own else "rope.scale_linear")
        return {"rope_type": "linear", "factor": factor}
    if kind != "none":
        raise ValueError(f"rope.scaling.type is {short(kind)}: this core computes linear alone")
    return {}


def llama3_rule(divisors: Tensor, theta: float) -> dict[str, Any]:
    """The rule of Llama 3.1 that these numbers were computed by: its file keeps the numbers, and not the rule.

    Rotations of a wavelength below 8192 / 4 stay, those above 8192 / 1 are divided by the factor, between them it is
    led over.

    Raises:
        ValueError: they follow another rule.
    """
    low, high, original, factor = 1.0, 4.0, 8192, float(divisors.max())
    waves = 2 * pi * theta ** (torch.arange(len(divisors), dtype=torch.float64) / len(divisors))
    between = ((original / waves - low) / (high - low)).clamp(0, 1)
    if not torch.allclose(1 / ((1 - between) / factor + between), divisors, rtol=1e-4):
        raise ValueError(f"{DIVISORS} follows another rule than that of Llama 3.1")
    return {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": original,
    }


def _count(facts: dict[str, Any], name: str) -> int:
    if size(facts, name) < 1:
        raise ValueError(f"{name} is {facts[name]}")
    return size(facts, name)


def _number(facts: dict[str, Any], name: str) -> float:
    value = facts[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError(f"{name} {short(value)} is no number above zero")
    return float(value)
