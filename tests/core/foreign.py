"""Tiny models of Hugging Face with weights by chance, and the same weights in ours."""

from functools import cache
from tempfile import TemporaryDirectory

import torch
from core_models import jig

from transformer_core.embedding import sinusoids
from transformer_core.pretrained import load_hugging_face

WORDS, PLACES, WIDTH = 23, 40, 16


@cache
def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_embd": WIDTH, "n_layer": 2, "n_head": 4, "n_positions": PLACES, "vocab_size": WORDS}
    theirs = seeded(lambda: GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=1, eos_token_id=2, pad_token_id=0)))
    # Tied tables make a model say its last word again; smaller ones let it say others too.
    theirs.transformer.wte.weight.data.mul_(0.3)
    return theirs, ours_of(theirs)


@cache
def marian():
    from transformers import MarianConfig, MarianMTModel

    sizes = {"d_model": WIDTH, "vocab_size": WORDS, "max_position_embeddings": PLACES}
    each = {"layers": 2, "attention_heads": 4, "ffn_dim": 24}
    stacks = {f"{stack}_{name}": size for stack in ("encoder", "decoder") for name, size in each.items()}
    marks = {"pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0, "forced_eos_token_id": None}
    how = {"activation_function": "swish", "scale_embedding": True}
    theirs = seeded(lambda: MarianMTModel(MarianConfig(**sizes, **stacks, **marks, **how)))
    for stack in (theirs.model.encoder, theirs.model.decoder):
        stack.embed_positions.weight.data.copy_(sinusoids(PLACES, WIDTH, True, torch.float32))
    theirs.model.shared.weight.data.mul_(0.5)
    theirs.final_logits_bias.normal_(std=0.3, generator=torch.Generator().manual_seed(0))
    return theirs, ours_of(theirs)


def seeded(build):
    """A model with the same random weights in every run, which does not disturb the random numbers of others."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return jig(build().double()).eval()


def ours_of(theirs):
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        return load_hugging_face(folder, torch.float64)
