"""The names of our trace points in TransformerLens, and back. NumPy alone.

    >>> trace[trace_point("blocks.0.attn.hook_pattern", config)]      # decoder.0.self_attn.weights

A model of one stack calls it `blocks`; with two, they are `encoder_blocks` and `decoder_blocks`, and the attention of
a decoder is called `self_attn` there too. TransformerLens orders the axes of q, k, v and z "batch position head d_head"
where ours are "batch head position d_head". Its hook_resid_post of a post-norm block is, as ours, what leaves the
block; the sum before the last norm, `resid_ffn`, has no name there.

Source: TransformerLens 4, https://github.com/TransformerLensOrg/TransformerLens.
"""

from __future__ import annotations

from transformer_core.config import Config

#: Inside of an attention.
ATTENTION = {
    "q": "hook_q",
    "k": "hook_k",
    "v": "hook_v",
    "masked": "hook_attn_scores",
    "weights": "hook_pattern",
    "z": "hook_z",
    "head_out": "hook_result",
}
#: Inside of a block, beside its attentions and norms.
BLOCK = {
    "resid_pre": "hook_resid_pre",
    "resid_attn": "hook_resid_mid",
    "resid_post": "hook_resid_post",
    "self_attn.out": "hook_attn_out",
    "cross_attn.out": "hook_cross_attn_out",
    "ffn.pre": "mlp.hook_pre",
    "ffn.post": "mlp.hook_post",
    "ffn.out": "hook_mlp_out",
}
#: Inside of a layer norm; `scale` is √(var + ε), computed when it is first read.
NORM = {"scale": "hook_scale", "normalized": "hook_normalized"}


def aliases(config: Config) -> dict[str, str]:
    """The name in TransformerLens of every point of such a model that has one."""
    both = config.encoder_layers > 0 and config.decoder_layers > 0
    table = {"pooler.out": "pooler.hook_out"} if config.pooler else {}
    if config.encoder_layers:
        table |= _embedding("embed_src", "") | _stack("encoder", config, "encoder_" if both else "", "attn")
    if config.decoder_layers:
        own = "self_attn" if both else "attn"
        table |= _embedding("embed_tgt", "decoder_" if both else "")
        table |= _stack("decoder", config, "decoder_" if both else "", own)
    return table if config.output_layer == "none" else table | {"logits": "unembed.hook_out"}


def transformer_lens_name(point: str, config: Config) -> str | None:
    """What TransformerLens calls a trace point, or None: many have no name there."""
    return aliases(config).get(point)


def trace_point(hook: str, config: Config) -> str:
    """The trace point that TransformerLens calls `hook`.

    Raises:
        KeyError: such a model has no such point.
    """
    for ours, theirs in aliases(config).items():
        if theirs == hook:
            return ours
    raise KeyError(f"no trace point of this model is called {hook!r} in TransformerLens")


def _embedding(ours: str, start: str) -> dict[str, str]:
    if start:
        return {f"{ours}.token": f"{start}embed.hook_out", f"{ours}.positional": f"{start}pos_embed.hook_out"}
    return {f"{ours}.token": "hook_embed", f"{ours}.positional": "hook_pos_embed"}


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
            table |= {f"{ours}.{part}.{point}": f"{theirs}.{name}.{hook}" for point, hook in ATTENTION.items()}
        for at in norms:
            table |= {f"{ours}.ln{at}.{point}": f"{theirs}.ln{at}.{hook}" for point, hook in NORM.items()}
        absent = ("cross_attn.",) * (not cross) + ("ffn.",) * (not config.d_ff)
        table |= {f"{ours}.{p}": f"{theirs}.{hook}" for p, hook in BLOCK.items() if not p.startswith(absent)}
    if config.final_norm:
        table |= {f"{side}.final_norm.{point}": f"{start}ln_final.{hook}" for point, hook in NORM.items()}
    return table
