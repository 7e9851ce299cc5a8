"""The sizes and the choices of one model, in the paper's words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from reprlib import repr as short
from typing import Any, Literal, get_args, get_origin, get_type_hints

NormOrder = Literal["post", "pre", "none"]
Positions = Literal["interleaved", "halves", "learned", "none"]
Activation = Literal["relu", "gelu", "gelu-tanh", "silu"]
OutputLayer = Literal["linear", "transformed", "none"]
Norm = Literal["layer", "rms"]
Biases = Literal["all", "qkv", "none"]
#: Sizes that nothing can be computed without.
NEEDED = ("d_model", "heads", "max_positions")
#: The largest number that a field may hold; 1 for all others.
MOST = {"base": 1e9, "factor": 1e4, "low": 1e4, "high": 1e4}


@dataclass(frozen=True)
class Rotary:
    """Rotary positions: pair i of a query or key at position m is turned by the angle m · base^(-2i / d).

    The product of a turned query and key depends on how far they stand apart, and not on where. `layout` says which
    entries are a pair: i and i + d/2 ("halves", as Llama's in Hugging Face), or 2i and 2i + 1 ("interleaved", as in the
    paper). Only the first `fraction` of the entries of a head turns. `scaling` makes longer texts readable: "linear"
    divides every angle by `factor`; "llama3" divides those of pairs that turn less than `low` times in the
    `trained_positions`, leaves those that turn more than `high` times, and blends between.

    Source: Su et al. 2021, section 3.2; fraction: Black et al. 2022, section 2.1.1; linear: Chen et al. 2023;
    llama3: Grattafiori et al. 2024 and the code that came with Llama 3.1.

    Raises:
        ValueError: an unknown choice, or a number out of range.
    """

    layout: Literal["halves", "interleaved"] = "halves"
    base: float = 10_000.0
    fraction: float = 1.0
    scaling: Literal["none", "linear", "llama3"] = "none"
    factor: float = 1.0
    low: float = 1.0
    high: float = 4.0
    trained_positions: int = 0

    def __post_init__(self) -> None:
        _check_all(self)
        if self.base <= 1 or self.factor < 1 or not 0 < self.low < self.high:
            raise ValueError("rotary positions take a base above 1, a factor from 1 on, and low below high")
        if self.scaling == "llama3" and not self.trained_positions:
            raise ValueError("llama3 scaling takes the number of trained_positions")

    def frequencies(self, d_head: int) -> list[float]:
        """The angle between two neighbouring positions for each pair, in radians."""
        width = int(d_head * self.fraction) // 2 * 2
        return [self.scaled(self.base ** (-2 * i / width)) for i in range(width // 2)]

    def scaled(self, frequency: float) -> float:
        if self.scaling == "none":
            return frequency
        turns = self.trained_positions * frequency / (2 * math.pi)
        kept = min(max((turns - self.low) / (self.high - self.low), 0.0), 1.0) if self.scaling == "llama3" else 0.0
        return (1 - kept) * frequency / self.factor + kept * frequency

    def partners(self, d_head: int) -> list[int]:
        """For each entry of a head, the other one of its pair; itself where it does not turn."""
        width = 2 * len(self.frequencies(d_head))
        if self.layout == "halves":
            pairs = [(i + width // 2) % width for i in range(width)]
        else:
            pairs = [i ^ 1 for i in range(width)]
        return pairs + list(range(width, d_head))

    def turn(self, d_head: int, entry: int) -> tuple[float, float]:
        """The frequency by which an entry turns, 0 if it does not, and the sign of its partner's share."""
        frequencies = self.frequencies(d_head)
        if entry >= 2 * len(frequencies):
            return 0.0, 0.0
        if self.layout == "halves":
            second, pair = divmod(entry, len(frequencies))
        else:
            pair, second = divmod(entry, 2)
        return frequencies[pair], 1.0 if second else -1.0


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

    What came after 2017: `norm` "rms" (RMSNorm); a feed-forward layer that is `gated` (with "silu" SwiGLU, with "gelu"
    GeGLU); `rotary` positions; fewer heads of keys and values than of queries, `kv_heads` (0 for as many; 1 is
    multi-query attention); a width of a head that is not d_model / heads, `head_size` (0 for d_model / heads);
    `biases` of every projection, of Q, K and V alone, or of none; `qk_norm`, an RMSNorm of every query and key; and a
    `sliding_window`: a token of the target sees so many tokens, itself included (0 for all), but for the
    `full_attention_layers`, which see all. All of them change self-attention; cross-attention is the paper's.

    RMSNorm: Zhang and Sennrich 2019. Gates: Shazeer 2020. Shared keys: Shazeer 2019, Ainslie et al. 2023. Norm of
    queries and keys: Henry et al. 2020. Sliding windows: Beltagy et al. 2020.

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
    norm: Norm = "layer"
    gated: bool = False
    rotary: Rotary | None = None
    kv_heads: int = 0
    head_size: int = 0
    biases: Biases = "all"
    qk_norm: bool = False
    sliding_window: int = 0
    full_attention_layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.final_norm is None:
            object.__setattr__(self, "final_norm", self.norm_order == "pre")
        _check_all(self)
        for name in ("heads", "cross_heads"):
            divides = name == "heads" and self.head_size
            if not divides and self.d_model % (getattr(self, name) or 1):
                raise ValueError(f"d_model {self.d_model} does not divide into {getattr(self, name)} {name}")
        if self.heads % (self.kv_heads or self.heads):
            raise ValueError(f"{self.heads} heads do not divide into {self.kv_heads} kv_heads")
        if self.rotary and self.d_head < 2:
            raise ValueError("rotary positions take heads of two entries or more: a pair is turned")
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
        """d_k, by default d_model / heads: the entries of a query, key or value in self-attention."""
        return self.head_size or self.d_model // self.heads

    @property
    def d_head_cross(self) -> int:
        """d_k of cross-attention."""
        return self.d_model // (self.cross_heads or self.heads)

    def window_of(self, layer: int) -> int:
        """The number of tokens that a token of the target sees in this layer, itself included; 0 for all."""
        return 0 if layer in self.full_attention_layers else self.sliding_window

    def as_dict(self) -> dict[str, Any]:
        """Every field by its name, for a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """The config that `as_dict` wrote.

        Raises:
            ValueError: a field that this version does not know.
        """
        read = dict(_known(cls, values, "config"))
        if isinstance(read.get("rotary"), Mapping):
            read["rotary"] = Rotary(**_known(Rotary, read["rotary"], "rotary"))
        if isinstance(read.get("full_attention_layers"), list):
            read["full_attention_layers"] = tuple(read["full_attention_layers"])
        return cls(**read)


def shown_name(name: str) -> str:
    """A name that stands in a line, whatever a file called it."""
    return name if name.isidentifier() and len(name) <= 60 else short(name)


def _known(kind: type, values: Mapping[str, Any], called: str) -> Mapping[str, Any]:
    """`values`, if each of them is a field of the dataclass `kind`."""
    unknown = sorted(set(values) - {field.name for field in fields(kind)})
    if unknown:
        raise ValueError(f"unknown {called} fields: {', '.join(map(shown_name, unknown[:5]))}")
    return values


def _check_all(options: Config | Rotary) -> None:
    for name, kind in get_type_hints(type(options)).items():
        _check(name, getattr(options, name), kind)


def _check(name: str, value: Any, kind: Any) -> None:
    """A config may come out of any file: each field holds what its type says."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if get_origin(kind) is Literal:
        right, wanted = isinstance(value, str) and value in get_args(kind), f"none of {', '.join(get_args(kind))}"
    elif kind is int:
        least = int(name in NEEDED)
        right, wanted = number and isinstance(value, int) and value >= least, f"no whole number from {least} on"
    elif kind is float:
        right, wanted = number and 0 <= value <= MOST.get(name, 1), f"no number from 0 to {MOST.get(name, 1):g}"
    elif kind == Rotary | None:
        right, wanted = value is None or isinstance(value, Rotary), "no rotary positions"
    elif get_origin(kind) is tuple:
        right = isinstance(value, tuple) and all(type(layer) is int and layer >= 0 for layer in value)
        wanted = "no list of layers"
    else:
        right, wanted = isinstance(value, bool), "neither true nor false"
    if not right:
        raise ValueError(f"{name} {short(value)} is {wanted}")
