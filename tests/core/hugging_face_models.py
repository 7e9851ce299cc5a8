"""Tiny models of Hugging Face with random numbers everywhere, and hooks that find what we trace, by our names."""

import importlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import pytest
import torch
import transformers
from core_models import paddings
from hugging_face_points import points
from torch import nn
from transformers import modeling_rope_utils


def bert_config(**options):
    return transformers.BertConfig(
        vocab_size=23,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=12,
        type_vocab_size=3,
        **options,
    )


def gpt2_config(**options):
    return transformers.GPT2Config(
        vocab_size=23,
        n_embd=16,
        n_layer=2,
        n_head=4,
        n_inner=24,
        n_positions=12,
        bos_token_id=0,
        eos_token_id=0,
        **options,
    )


def marian_config(**options):
    options = {"activation_function": "swish", "scale_embedding": True, "pad_token_id": 22, **options}
    return transformers.MarianConfig(
        vocab_size=23,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        max_position_embeddings=12,
        decoder_start_token_id=options["pad_token_id"],
        **options,
    )


def llama_sizes(**options):
    """Six queries heads share two heads of keys, and a head is wider than d_model / heads."""
    return {
        "vocab_size": 23,
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "intermediate_size": 20,
        "max_position_embeddings": 64,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": None,
        **options,
    }


def rope(kind="default", **options):
    return {"rope_type": kind, "rope_theta": 50.0, **options}


LLAMA3 = rope("llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)

BUILD = {
    "BertModel": lambda: transformers.BertModel(bert_config()),
    "BertForMaskedLM": lambda: transformers.BertForMaskedLM(bert_config()),
    "BertForPreTraining": lambda: transformers.BertForPreTraining(bert_config()),
    "BertForMaskedLM untied": lambda: transformers.BertForMaskedLM(bert_config(tie_word_embeddings=False)),
    "GPT2LMHeadModel": lambda: transformers.GPT2LMHeadModel(gpt2_config()),
    "GPT2LMHeadModel untied": lambda: transformers.GPT2LMHeadModel(
        gpt2_config(tie_word_embeddings=False, scale_attn_weights=False, layer_norm_epsilon=1e-3)
    ),
    "GPT2Model": lambda: transformers.GPT2Model(gpt2_config()),
    "MarianMTModel": lambda: transformers.MarianMTModel(marian_config()),
    "MarianMTModel apart": lambda: transformers.MarianMTModel(
        marian_config(
            share_encoder_decoder_embeddings=False,
            decoder_vocab_size=19,
            scale_embedding=False,
            activation_function="gelu",
            pad_token_id=18,
        )
    ),
    "LlamaForCausalLM": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**llama_sizes())),
    "LlamaForCausalLM 3.1": lambda: transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**llama_sizes(rope_parameters=LLAMA3, tie_word_embeddings=True, attention_bias=True))
    ),
    "LlamaForCausalLM linear, one key head": lambda: transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**llama_sizes(rope_parameters=rope("linear", factor=3.0), num_key_value_heads=1))
    ),
    "MistralForCausalLM": lambda: transformers.MistralForCausalLM(
        transformers.MistralConfig(**llama_sizes(sliding_window=3, num_key_value_heads=6, head_dim=4))
    ),
    "Qwen2ForCausalLM": lambda: transformers.Qwen2ForCausalLM(
        transformers.Qwen2Config(
            **llama_sizes(use_sliding_window=True, sliding_window=3, max_window_layers=1, head_dim=4)
        )
    ),
    "Qwen3ForCausalLM": lambda: transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(**llama_sizes(rope_parameters=rope()))
    ),
    "GemmaForCausalLM": lambda: transformers.GemmaForCausalLM(
        transformers.GemmaConfig(**llama_sizes(hidden_activation="gelu_pytorch_tanh"))
    ),
}
#: Models of a decoder alone.
DECODERS = ("GPT2", "Llama", "Mistral", "Qwen", "Gemma")
ROPE_MODULES = [importlib.import_module(f"transformers.models.{name}.modeling_{name}")
                for name in ("llama", "mistral", "qwen2", "qwen3", "gemma")]  # fmt: skip


class TorchInDouble:
    """The module torch, in which single precision is double."""

    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


@contextmanager
def in_double():
    """Their code computes norms, angles and the softmax in float32, whatever the weights are: here it does not."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (*ROPE_MODULES, modeling_rope_utils):
            patch.setattr(module, "torch", TorchInDouble())
        patch.setattr(torch.Tensor, "float", torch.Tensor.double)
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(torch.float32)


def build(kind, dtype=torch.float64, jigged=True, size=0.3):
    """A model in evaluation mode. Its positions stay as they are where they are no parameters: Marian's sinusoids."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        with in_double() if dtype == torch.float64 else nullcontext():
            theirs = BUILD[kind]().to(dtype).eval()
    theirs.set_attn_implementation("eager")
    random = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for name, tensor in (*theirs.named_parameters(), *theirs.named_buffers()):
            if (
                jigged
                and tensor.is_floating_point()
                and not (
                    name.endswith(("inv_freq", "embed_scale")) or (kind.startswith("Marian") and "positions" in name)
                )
            ):
                tensor.add_(torch.randn(tensor.shape, generator=random, dtype=tensor.dtype), alpha=size)
    return theirs


@dataclass
class Given:
    """Ids, what of them is padding, and kinds of tokens."""

    source: torch.Tensor
    target: torch.Tensor
    hidden_source: torch.Tensor
    hidden_target: torch.Tensor
    types: torch.Tensor


def given():
    random = torch.Generator().manual_seed(7)
    source, target = (torch.randint(18, (3, length), generator=random) for length in (7, 6))
    types = torch.randint(3, source.shape, generator=random)
    return Given(source, target, *paddings(source, target), types)


def run_theirs(kind, theirs, inputs):
    with in_double() if theirs.dtype == torch.float64 else nullcontext():
        return _run_theirs(kind, theirs, inputs)


def _run_theirs(kind, theirs, inputs):
    seen_source, seen_target = (~inputs.hidden_source).long(), (~inputs.hidden_target).long()
    if kind.startswith("Bert"):
        out = theirs(inputs.source, attention_mask=seen_source, token_type_ids=inputs.types)
        return out[0]
    if kind.startswith(DECODERS):
        return theirs(inputs.target, attention_mask=seen_target, use_cache=False)[0]
    return theirs(
        input_ids=inputs.source,
        attention_mask=seen_source,
        decoder_input_ids=inputs.target,
        decoder_attention_mask=seen_target,
        use_cache=False,
    )[0]


def run_ours(kind, ours, inputs):
    if kind.startswith("Bert"):
        return ours(inputs.source, None, inputs.hidden_source, source_types=inputs.types)
    if kind.startswith(DECODERS):
        return ours(None, inputs.target, target_padding=inputs.hidden_target)
    return ours(inputs.source, inputs.target, inputs.hidden_source, inputs.hidden_target)


def first(value):
    return value[0] if isinstance(value, tuple) else value


def heads(projected, count=4):
    return projected.unflatten(-1, (count, -1)).transpose(1, 2)


@contextmanager
def noting_rotations():
    """Keep what `apply_rotary_pos_emb`, which no module stands for, returns in this block: queries and keys."""
    noted = []
    with pytest.MonkeyPatch.context() as patch:
        for module in ROPE_MODULES:

            def spy(*args, _rotate=module.apply_rotary_pos_emb, **options):
                noted.append(_rotate(*args, **options))
                return noted[-1]

            patch.setattr(module, "apply_rotary_pos_emb", spy)
        yield noted


def watch(module: nn.Module, what, keep, rotated):
    """Give `keep` the tensor that `what` names, whenever `module` runs; `rotated` are all queries and keys so far."""

    def hook(_module, args, kwargs, output):
        if what == "in":
            keep(first(args or (kwargs["hidden_states"],)))
        elif what == "second":
            keep(output[1])
        elif what == "out":
            keep(first(output))
        elif what == "turned heads":  # a norm of every head comes before the axes are turned
            keep(output.transpose(1, 2))
        elif what.startswith("rotated"):  # by the attention that has just run
            keep(rotated[-1][int(what[-1])])
        elif what.startswith("third"):
            keep(heads(output.chunk(3, -1)[int(what[-1])]))
        else:
            keep(heads(output, int(what.removesuffix(" heads"))))

    module.register_forward_hook(hook, with_kwargs=True)


def seen_in(kind, theirs, inputs):
    """The tensors inside of a pass of theirs, by our names."""
    seen = {}
    with noting_rotations() as rotated, torch.no_grad():
        for path, what, name in points(kind):
            keep = lambda tensor, name=name: seen.setdefault(name, tensor.detach())  # noqa: E731
            watch(theirs.get_submodule(path), what, keep, rotated)
        run_theirs(kind, theirs, inputs)
    return seen
