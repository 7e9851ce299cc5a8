"""The plan of a model, read off its config: which part follows on which, and where the norms stand. NumPy alone.

Diagrams are drawn from this, so that no picture shows a part that the model does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {"encoder": ("self_attn", "ffn"), "decoder": ("self_attn", "cross_attn", "ffn")}


@dataclass(frozen=True)
class Sublayer:
    """One residual connection: the part at `path` reads the stream and adds to it.

    `norm` is the path of its norm ("" if there is none): before the part (`before`), or after the sum, on the stream.
    """

    path: str
    kind: str
    norm: str
    before: bool

    @property
    def parts(self) -> tuple[str, ...]:
        """The paths of the norm and the part in the order in which a row meets them."""
        if not self.norm:
            return (self.path,)
        return (self.norm, self.path) if self.before else (self.path, self.norm)


@dataclass(frozen=True)
class Tower:
    """One side of a model: its embedding, whether positions are added, its layers, and its last norm ("" if none)."""

    side: str
    embedding: str
    positional: str
    layers: tuple[tuple[Sublayer, ...], ...]
    final_norm: str

    @property
    def parts(self) -> tuple[str, ...]:
        """Every path of this side, in the order in which a row meets them."""
        inside = (path for layer in self.layers for sublayer in layer for path in sublayer.parts)
        return tuple(path for path in (self.embedding, self.positional, *inside, self.final_norm) if path)


def blueprint(config: Mapping[str, Any]) -> dict[str, Tower]:
    """The towers that the config builds, by side: "encoder", "decoder", or both.

    x + Sublayer(LayerNorm(x)) before ("pre"), LayerNorm(x + Sublayer(x)) after ("post"), or no norm at all.
    Source: Vaswani et al. 2017, figure 1; Xiong et al. 2020, figure 1.
    """
    towers = {}
    for side, embedding in (("encoder", "embed_src"), ("decoder", "embed_tgt")):
        count = int(config[f"{side}_layers"])
        if count:
            towers[side] = Tower(
                side,
                embedding,
                "" if config["positions"] == "none" else f"{embedding}.positional",
                tuple(_layer(config, side, layer) for layer in range(count)),
                f"{side}.final_norm" if config["final_norm"] else "",
            )
    return towers


def _layer(config: Mapping[str, Any], side: str, layer: int) -> tuple[Sublayer, ...]:
    order = config["norm_order"]
    kinds = [
        kind
        for kind in KINDS[side]
        if (kind != "ffn" or config["d_ff"]) and (kind != "cross_attn" or config["encoder_layers"])
    ]
    return tuple(
        Sublayer(
            f"{side}.{layer}.{kind}",
            kind,
            "" if order == "none" else f"{side}.{layer}.ln{i}",
            order == "pre",
        )
        for i, kind in enumerate(kinds, 1)
    )
