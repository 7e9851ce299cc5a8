"""Every shape of model that the tests of tracing go through, and inputs for each."""

import pytest
from core_models import TARGETS, paddings, sentences

from transformer_core.config import Rotary

SHAPES = {
    "pre-norm": {"norm_order": "pre", "cross_heads": 1},
    "post-norm": {"norm_order": "post", "final_norm": True, "activation": "gelu"},
    "no norms": {"norm_order": "none", "positions": "none", "attention_scale": False, "embedding_scale": False},
    "no residuals": {"residual": False, "tied_output": False, "output_bias": True, "positions": "halves"},
    "no feed-forward": {"d_ff": 0, "positions": "learned", "norm_order": "pre"},
    "encoder only": {"decoder_layers": 0, "norm_order": "pre"},
    "decoder only": {"encoder_layers": 0, "norm_order": "pre"},
    "BERT": {
        "decoder_layers": 0,
        "positions": "learned",
        "embedding_scale": False,
        "token_types": 3,
        "embedding_norm": True,
        "activation": "gelu",
        "output_layer": "transformed",
        "output_bias": True,
        "pooler": True,
    },
    "GPT-2": {
        "encoder_layers": 0,
        "norm_order": "pre",
        "positions": "learned",
        "embedding_scale": False,
        "activation": "gelu-tanh",
    },
    "Marian": {
        "source_vocab": TARGETS,
        "shared_embedding": True,
        "positions": "halves",
        "activation": "silu",
        "output_bias": True,
    },
    "Llama": {
        "encoder_layers": 0,
        "norm_order": "pre",
        "norm": "rms",
        "gated": True,
        "activation": "silu",
        "positions": "none",
        "embedding_scale": False,
        "rotary": Rotary(base=50.0),
        "kv_heads": 2,
        "biases": "none",
    },
    "Qwen 3 with windows and a partial rotation": {
        "encoder_layers": 0,
        "norm_order": "pre",
        "norm": "rms",
        "gated": True,
        "activation": "gelu",
        "positions": "none",
        "rotary": Rotary("interleaved", 50.0, fraction=0.67, scaling="llama3", factor=4.0, trained_positions=16),
        "kv_heads": 1,
        "head_size": 6,
        "biases": "qkv",
        "qk_norm": True,
        "sliding_window": 3,
        "full_attention_layers": (1,),
    },
    "modern blocks in both stacks": {
        "norm": "rms",
        "gated": True,
        "qk_norm": True,
        "head_size": 6,
        "biases": "none",
        "rotary": Rotary(scaling="linear", factor=2.0),
        "tied_output": False,
    },
    "norms of queries and keys alone": {"encoder_layers": 0, "qk_norm": True, "norm_order": "none"},
}
ENCODERS, DECODERS = (
    {name for name, choices in SHAPES.items() if choices.get(f"{side}_layers") == 0} for side in ("decoder", "encoder")
)
#: Points that are given to the model, and made of nothing.
GIVEN = (".ids", ".type_ids", ".position_ids", ".query_positions", ".key_positions")
#: Points that nothing is made of.
ENDS = ("probs", "pooler.out")
shapes = pytest.mark.parametrize("shape", SHAPES)


def given(shape, padded=True):
    source, target = sentences()
    hidden = paddings(source, target) if padded else (None, None)
    return (
        None if shape in DECODERS else source,
        None if shape in ENCODERS else target,
        *(hidden if shape not in DECODERS else (None, hidden[1])),
    )
