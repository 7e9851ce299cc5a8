"""Tiny models of Hugging Face with random numbers everywhere, and hooks that find what we trace, by our names."""

from dataclasses import dataclass

import torch
import transformers
from core_models import paddings
from torch import nn


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
}


def build(kind, dtype=torch.float64, jigged=True, size=0.3):
    """A model in evaluation mode. Its positions stay as they are where they are no parameters: Marian's sinusoids."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        theirs = BUILD[kind]().to(dtype).eval()
    theirs.set_attn_implementation("eager")
    random = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for name, tensor in (*theirs.named_parameters(), *theirs.named_buffers()):
            if jigged and tensor.is_floating_point() and not (kind.startswith("Marian") and "positions" in name):
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
    seen_source, seen_target = (~inputs.hidden_source).long(), (~inputs.hidden_target).long()
    if kind.startswith("Bert"):
        out = theirs(inputs.source, attention_mask=seen_source, token_type_ids=inputs.types)
        return out[0]
    if kind.startswith("GPT2"):
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
    if kind.startswith("GPT2"):
        return ours(None, inputs.target, target_padding=inputs.hidden_target)
    return ours(inputs.source, inputs.target, inputs.hidden_source, inputs.hidden_target)


def points(kind):
    """Module of theirs, which of its tensors, and our name for it."""
    if kind.startswith("Bert"):
        start = "" if kind == "BertModel" else "bert."
        return [(f"{start}{path}", *rest) for path, *rest in _bert()] + (_bert_head() if start else _bert_pooler())
    if kind.startswith("GPT2"):
        start = "" if kind == "GPT2Model" else "transformer."
        return [(f"{start}{path}", *rest) for path, *rest in _gpt2()]
    return [
        *_marian("encoder", "embed_src"),
        *_marian("decoder", "embed_tgt"),
        ("lm_head", "in", "decoder.1.resid_post"),
    ]


def _bert():
    yield from (
        ("embeddings.word_embeddings", "out", "embed_src.token"),
        ("embeddings.position_embeddings", "out", "embed_src.positional"),
        ("embeddings.token_type_embeddings", "out", "embed_src.token_type"),
        ("embeddings.LayerNorm", "in", "embed_src.sum"),
        ("embeddings.LayerNorm", "out", "embed_src.ln.out"),
        ("embeddings", "out", "embed_src.out"),
    )
    for at in range(2):
        theirs, ours = f"encoder.layer.{at}", f"encoder.{at}"
        for name, letter in (("query", "q"), ("key", "k"), ("value", "v")):
            yield f"{theirs}.attention.self.{name}", "heads", f"{ours}.self_attn.{letter}"
        yield f"{theirs}.attention.self", "second", f"{ours}.self_attn.weights"
        yield f"{theirs}.attention.output.dense", "in", f"{ours}.self_attn.concat"
        yield f"{theirs}.attention.output.dense", "out", f"{ours}.self_attn.out"
        yield f"{theirs}.attention.output.LayerNorm", "in", f"{ours}.resid_attn"
        yield f"{theirs}.attention.output.LayerNorm", "out", f"{ours}.ln1.out"
        yield f"{theirs}.intermediate.dense", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.output.dense", "in", f"{ours}.ffn.post"
        yield f"{theirs}.output.dense", "out", f"{ours}.ffn.out"
        yield f"{theirs}.output.LayerNorm", "in", f"{ours}.resid_ffn"
        yield f"{theirs}.output.LayerNorm", "out", f"{ours}.ln2.out"
        yield theirs, "out", f"{ours}.resid_post"


def _bert_pooler():
    return [("pooler.dense", "out", "pooler.pre"), ("pooler", "out", "pooler.out")]


def _bert_head():
    return [
        ("cls.predictions.transform.dense", "out", "output.pre"),
        ("cls.predictions.transform.LayerNorm", "in", "output.post"),
        ("cls.predictions.transform", "out", "output.ln.out"),
    ]


def _gpt2():
    yield "wte", "out", "embed_tgt.token"
    yield "wpe", "out", "embed_tgt.positional"
    for at in range(2):
        theirs, ours = f"h.{at}", f"decoder.{at}"
        yield theirs, "in", f"{ours}.resid_pre"
        yield f"{theirs}.ln_1", "out", f"{ours}.ln1.out"
        for third, letter in enumerate("qkv"):
            yield f"{theirs}.attn.c_attn", f"heads of third {third}", f"{ours}.self_attn.{letter}"
        yield f"{theirs}.attn", "second", f"{ours}.self_attn.weights"
        yield f"{theirs}.attn.c_proj", "in", f"{ours}.self_attn.concat"
        yield f"{theirs}.attn.c_proj", "out", f"{ours}.self_attn.out"
        yield f"{theirs}.ln_2", "in", f"{ours}.resid_attn"
        yield f"{theirs}.ln_2", "out", f"{ours}.ln2.out"
        yield f"{theirs}.mlp.c_fc", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.mlp.c_proj", "in", f"{ours}.ffn.post"
        yield f"{theirs}.mlp.c_proj", "out", f"{ours}.ffn.out"
        yield theirs, "out", f"{ours}.resid_post"
    yield "ln_f", "out", "decoder.final_norm.out"


def _marian(stack, embedding):
    yield f"model.{stack}.embed_tokens", "out", f"{embedding}.token"
    yield f"model.{stack}.embed_positions", "out", f"{embedding}.positional"
    for at in range(2):
        theirs, ours = f"model.{stack}.layers.{at}", f"{stack}.{at}"
        sublayers = [("self_attn", "self_attn", "resid_attn")]
        if stack == "decoder":
            sublayers.append(("encoder_attn", "cross_attn", "resid_cross"))
        yield theirs, "in", f"{ours}.resid_pre"
        for number, (name, part, total) in enumerate(sublayers, 1):
            for letter in "qkv":
                yield f"{theirs}.{name}.{letter}_proj", "heads", f"{ours}.{part}.{letter}"
            yield f"{theirs}.{name}", "second", f"{ours}.{part}.weights"
            yield f"{theirs}.{name}.out_proj", "in", f"{ours}.{part}.concat"
            yield f"{theirs}.{name}.out_proj", "out", f"{ours}.{part}.out"
            yield f"{theirs}.{name}_layer_norm", "in", f"{ours}.{total}"
            yield f"{theirs}.{name}_layer_norm", "out", f"{ours}.ln{number}.out"
        yield f"{theirs}.fc1", "out", f"{ours}.ffn.pre"
        yield f"{theirs}.fc2", "in", f"{ours}.ffn.post"
        yield f"{theirs}.fc2", "out", f"{ours}.ffn.out"
        yield f"{theirs}.final_layer_norm", "in", f"{ours}.resid_ffn"
        yield f"{theirs}.final_layer_norm", "out", f"{ours}.ln{len(sublayers) + 1}.out"
        yield theirs, "out", f"{ours}.resid_post"


def first(value):
    return value[0] if isinstance(value, tuple) else value


def heads(projected):
    return projected.unflatten(-1, (4, -1)).transpose(1, 2)


def watch(module: nn.Module, what, keep):
    """Give `keep` the tensor that `what` names, whenever `module` runs."""

    def hook(_module, args, kwargs, output):
        if what == "in":
            keep(first(args or (kwargs["hidden_states"],)))
        elif what == "second":
            keep(output[1])
        elif what == "out":
            keep(first(output))
        elif what == "heads":
            keep(heads(output))
        else:
            keep(heads(output.chunk(3, -1)[int(what[-1])]))

    module.register_forward_hook(hook, with_kwargs=True)


def seen_in(kind, theirs, inputs):
    """The tensors inside of a pass of theirs, by our names."""
    seen = {}
    for path, what, name in points(kind):
        watch(theirs.get_submodule(path), what, lambda tensor, name=name: seen.setdefault(name, tensor.detach()))
    with torch.no_grad():
        run_theirs(kind, theirs, inputs)
    return seen
