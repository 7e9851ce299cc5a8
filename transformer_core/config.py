"""The sizes and the choices of one model, in the paper's words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from reprlib import repr as short
from typing import Any, Literal, get_args, get_origin, get_type_hints

NormOrder = Literal["post", "pre", "none"]
Positions = Literal["interleaved", "halves", "learned", "none"]
Activation = Literal["relu", "gelu", "gelu-tanh", "silu"]
OutputLayer = Literal["linear", "transformed", "none"]
#: Sizes that nothing can be computed without.
NEEDED = ("d_model", "heads", "max_positions")


@dataclass(frozen=True)
class Config:
    """The sizes and choices that tell one Transformer from another; the defaults are the paper's base model.

    A stack with no layers is not built: `decoder_layers=0` leaves an encoder such as BERT, `encoder_layers=0` a
    decoder such as GPT. `norm_order` "post" is the paper's LayerNorm(x + Sublayer(x)), "pre" is
    x + Sublayer(LayerNorm(x)), "none" leaves the norms out. Sinusoidal positions are "interleaved" (sine and cosine
    alternate, as in the paper) or in "halves". `cross_heads=0` means as many as `heads`, `d_ff=0` leaves the
    feed-forward layer out. A last norm on each stack is what pre-norm needs and post-norm, in the paper, does not
    have: `final_norm=None` follows the norm order. `shared_embedding` lets source and target read one table, as the
    paper does. From BERT come `token_types` (how many; 0 for none), `embedding_norm` (a norm before the first layer),
    `pooler` (a vector for the whole text) and an `output_layer` that is "transformed" before it meets the vocabulary;
    "none" leaves an encoder without logits.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3; pre-norm: Xiong et al. 2020; BERT: Devlin et
    al. 2019.

    Raises:
        ValueError: sizes that are no sizes or do not fit together, or an unknown choice.
    """

    source_vocab: int = 0
    target_vocab: int = 0
    d_model: int = 512
    d_ff: int = 2048
    heads: int = 8
    cross_heads: int = 0
    encoder_layers: int = 6
    decoder_layers: int = 6
    norm_order: NormOrder = "post"
    final_norm: bool | None = None
    norm_eps: float = 1e-5
    activation: Activation = "relu"
    positions: Positions = "interleaved"
    max_positions: int = 512
    embedding_scale: bool = True
    attention_scale: bool = True
    residual: bool = True
    shared_embedding: bool = False
    token_types: int = 0
    embedding_norm: bool = False
    output_layer: OutputLayer = "linear"
    tied_output: bool = True
    output_bias: bool = False
    pooler: bool = False
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.final_norm is None:
            object.__setattr__(self, "final_norm", self.norm_order == "pre")
        for name, kind in get_type_hints(Config).items():
            _check(name, getattr(self, name), kind)
        for name in ("heads", "cross_heads"):
            if self.d_model % (getattr(self, name) or 1):
                raise ValueError(f"d_model {self.d_model} does not divide into {getattr(self, name)} {name}")
        if self.encoder_layers + self.decoder_layers < 1:
            raise ValueError("a model needs at least one layer")
        if self.encoder_layers and not self.source_vocab:
            raise ValueError("an encoder needs a source vocabulary")
        if self.decoder_layers and not self.target_vocab:
            raise ValueError("a decoder needs a target vocabulary")
        if self.shared_embedding and not (self.encoder_layers and self.source_vocab == self.target_vocab):
            raise ValueError("an embedding is shared by an encoder and a decoder of the same vocabulary")
        if self.token_types and not self.encoder_layers:
            raise ValueError("token types are told to an encoder")
        if self.decoder_layers and (self.pooler or self.output_layer == "none"):
            raise ValueError("a pooler, and no output layer, fit a model of an encoder alone")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout {self.dropout} is no share of the entries")

    @property
    def d_head(self) -> int:
        """d_k = d_model / heads: the entries of a query, key or value in self-attention."""
        return self.d_model // self.heads

    @property
    def d_head_cross(self) -> int:
        """d_k of cross-attention."""
        return self.d_model // (self.cross_heads or self.heads)

    def as_dict(self) -> dict[str, Any]:
        """Every field by its name, for a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """The config that `as_dict` wrote.

        Raises:
            ValueError: a field that this version does not know.
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown config fields: {', '.join(map(shown_name, unknown[:5]))}")
        return cls(**values)


def shown_name(name: str) -> str:
    """A name that stands in a line, whatever a file called it."""
    return name if name.isidentifier() and len(name) <= 60 else short(name)


def _check(name: str, value: Any, kind: Any) -> None:
    """A config may come out of any file: each field holds what its type says."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if get_origin(kind) is Literal:
        right, wanted = isinstance(value, str) and value in get_args(kind), f"none of {', '.join(get_args(kind))}"
    elif kind is int:
        least = int(name in NEEDED)
        right, wanted = number and isinstance(value, int) and value >= least, f"no whole number from {least} on"
    elif kind is float:
        right, wanted = number and 0 <= value <= 1, "no number from 0 to 1"
    else:
        right, wanted = isinstance(value, bool), "neither true nor false"
    if not right:
        raise ValueError(f"{name} {short(value)} is {wanted}")
