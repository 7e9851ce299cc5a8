"""The names of our trace points in TransformerLens, and back. NumPy alone.

    >>> trace[trace_point("blocks.0.attn.hook_pattern", config)]      # decoder.0.self_attn.weights

A model of one stack calls it `blocks`; with two, they are `encoder_blocks` and `decoder_blocks`, and the attention of
a decoder is called `self_attn` there too. TransformerLens orders the axes of q, k, v and z "batch position head d_head"
where ours are "batch head position d_head". In a post-norm block its hook_resid_mid is the sum before the second norm,
which is not the middle of the stream: there each sum goes by the norm that it enters, such as `ln1.hook_in`, and by no
other name. A name says what is meant: its BERT holds the norm's output in hook_attn_out, and its hook_attn_scores hold
the shares after the softmax in BERT and Marian.

Source: TransformerLens 4, https://github.com/TransformerLensOrg/TransformerLens.
"""

from __future__ import annotations

from transformer_core.config import Config

#: In every name of TransformerLens, and in none of ours.
HOOK = "hook_"
#: Inside of an attention.
ATTENTION = {
    "q": "hook_q",
    "k": "hook_k",
    "v": "hook_v",
    "q_rotated": "hook_rot_q",
    "k_rotated": "hook_rot_k",
    "masked": "hook_attn_scores",
    "weights": "hook_pattern",
    "z": "hook_z",
    "head_out": "hook_result",
}
#: Inside of a block, beside its attentions and norms.
BLOCK = {
    "resid_pre": "hook_resid_pre",
    "resid_post": "hook_resid_post",
    "self_attn.out": "hook_attn_out",
    "cross_attn.out": "cross_attn.hook_out",
    "ffn.pre": "mlp.hook_pre",
    "ffn.post": "mlp.hook_post",
    "ffn.out": "hook_mlp_out",
}
#: Of a gated feed-forward layer, in the place of those of `BLOCK`.
GATED = {"ffn.gate_pre": "mlp.hook_pre", "ffn.pre": "mlp.hook_pre_linear", "ffn.post": "mlp.hook_post"}
#: Inside of a norm; `scale` is √(var + ε), computed when it is first read.
NORM = {"scale": "hook_scale", "normalized": "hook_normalized"}


def aliases(config: Config) -> dict[str, str]:
    """The name in TransformerLens of every point of such a model that has one; many have none."""
    both = config.encoder_layers > 0 and config.decoder_layers > 0
    table = {"pooler.out": "pooler.hook_out"} if config.pooler else {}
    if config.encoder_layers:
        table |= _embedding("embed_src", config, "")
        table |= _stack("encoder", config, "encoder_" if both else "", "attn")
    if config.decoder_layers:
        own = "self_attn" if both else "attn"
        table |= _embedding("embed_tgt", config, "decoder_" if both else "")
        table |= _stack("decoder", config, "decoder_" if both else "", own)
    return table if config.output_layer == "none" else table | {"logits": "unembed.hook_out"}


def trace_point(hook: str, config: Config) -> str:
    """The trace point that TransformerLens calls `hook`.

    Raises:
        KeyError: such a model has no such point.
    """
    for ours, theirs in aliases(config).items():
        if theirs == hook:
            return ours
    raise KeyError(f"no trace point of this model is called {hook!r} in TransformerLens")


def _embedding(ours: str, config: Config, start: str) -> dict[str, str]:
    table = {f"{ours}.token": f"{start}embed.hook_out"}
    if config.positions != "none":
        table[f"{ours}.positional"] = f"{start}pos_embed.hook_out" if start else "hook_pos_embed"
    if config.token_types and ours == "embed_src":
        table[f"{ours}.token_type"] = "token_type_embed.hook_out"
    if not start:
        table[f"{ours}.ln.out" if config.embedding_norm else f"{ours}.token"] = "hook_embed"
    return table


def _sums(config: Config, cross: bool) -> dict[str, str]:
    """The sums of a block: the middle of a stream, or, in post-norm, what enters each norm."""
    if config.norm_order != "post":
        return {"resid_attn": "hook_resid_mid"}
    sums = ["resid_attn", *["resid_cross"] * cross, *["resid_ffn"] * (config.d_ff > 0)]
    return {name: f"ln{at}.hook_in" for at, name in enumerate(sums, 1)}


def _stack(side: str, config: Config, start: str, own: str) -> dict[str, str]:
    layers, cross = config.encoder_layers, False
    if side == "decoder":
        layers, cross = config.decoder_layers, config.encoder_layers > 0
    attentions = {"self_attn": own} | ({"cross_attn": "cross_attn"} if cross else {})
    norms = [] if config.norm_order == "none" else range(1, 2 + cross + (config.d_ff > 0))
    table: dict[str, str] = {}
    for layer in range(layers):
        ours, theirs = f"{side}.{layer}", f"{start}blocks.{layer}"
        for part, name in attentions.items():
            turned = config.rotary is not None and part == "self_attn"
            points = {p: hook for p, hook in ATTENTION.items() if turned or not p.endswith("_rotated")}
            table |= {f"{ours}.{part}.{point}": f"{theirs}.{name}.{hook}" for point, hook in points.items()}
        for at in norms:
            table |= {f"{ours}.ln{at}.{point}": f"{theirs}.ln{at}.{hook}" for point, hook in NORM.items()}
        absent = ("cross_attn.",) * (not cross) + ("ffn.",) * (not config.d_ff)
        inside = {point: hook for point, hook in BLOCK.items() if not point.startswith(absent)}
        table |= {f"{ours}.{point}": f"{theirs}.{hook}" for point, hook in (inside | _sums(config, cross)).items()}
        if config.gated and config.d_ff:
            table |= {f"{ours}.{point}": f"{theirs}.{hook}" for point, hook in GATED.items()}
    if config.final_norm:
        table |= {f"{side}.final_norm.{point}": f"{start}ln_final.{hook}" for point, hook in NORM.items()}
    return table
