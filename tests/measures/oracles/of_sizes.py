"""Oracles of what follows from the sizes alone."""

import functools

import numpy as np
import torch

from oracles import Raw, oracle
from transformer_core.config import Config, Rotary
from transformer_core.model import Transformer
from transformer_core.parameters import every_parameter

CONFIG = "config"


@oracle("recurrent_path_length", CONFIG, "", needs="words")
def recurrent_path_length(raw):
    return len(raw.tokens("source")) - 1


@oracle("score_count", CONFIG, "", needs="words")
def score_count(raw):
    return sum(1 for _ in np.ndindex(len(raw.tokens("source")), len(raw.tokens("source"))))


@oracle("tokens_read", CONFIG, "position", lambda _: {"position": None}, "words")
def tokens_read(raw):
    return [at for at, _ in enumerate(raw.tokens("source"), 1)]


@oracle("lengths", CONFIG, "choice")
def lengths(raw):
    longest = max(13, len(raw.tokens("source")), len(raw.about["output_tokens"]) + 1)
    return [*range(1, longest + 1)]


@oracle("splits", CONFIG, "choice part", lambda _: {"part": ("heads", "d_head")})
def splits(raw):
    """One head, and the model's own number halved or doubled, as far as they divide the width: at most five, the own
    one in the middle or as near to it as it goes."""
    width, heads = raw.config["d_model"], raw.config["heads"]
    near = {1} | {heads * 2**k for k in range(7)} | ({heads // 2} if heads > 1 else set())
    fair = sorted(h for h in near if not width % h)
    while len(fair) > 5:
        fair = fair[1:] if fair.index(heads) > 2 else fair[:-1]
    return [(h, width / h) for h in fair]


def modules(raw: Raw) -> dict[str, int]:
    """Count the parameters of each module; a table that is shared counts where it stands first."""
    skipped = {"parameters.output.w"} if raw.config["tied_output"] else set()
    skipped |= {"parameters.embed_tgt.table"} if raw.config["shared_embedding"] else set()
    found: dict[str, int] = {}
    for name, values in raw.recorded.arrays.items():
        if name.startswith("parameters.") and name not in skipped:
            module = name[len("parameters.") :].rpartition(".")[0]
            found[module] = found.get(module, 0) + int(np.prod(values.shape))
    return found


def kind(module: str) -> str:
    last = module.rsplit(".", maxsplit=1)[-1]
    if last.endswith("attn"):
        return "attention"
    if last == "ffn":
        return "feed-forward"
    if last.startswith("embed"):
        return "embeddings"
    return "norms" if last.startswith("ln") or last.endswith("norm") else "output"


def kinds(raw: Raw) -> dict[str, int]:
    found: dict[str, int] = {}
    for module, count in modules(raw).items():
        found[kind(module)] = found.get(kind(module), 0) + count
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


@oracle("counts", "parameters", "part", lambda raw: {"part": tuple(modules(raw))})
def counts(raw):
    return [*modules(raw).values()]


@oracle("by_kind", "parameters", "part", lambda raw: {"part": tuple(kinds(raw))})
def by_kind(raw):
    return [*kinds(raw).values()]


@oracle("shares_by_kind", "parameters", "part", lambda raw: {"part": tuple(kinds(raw))})
def shares_by_kind(raw):
    return [count / raw["/config.parameters"] for count in kinds(raw).values()]


@oracle(
    "layer_squares",
    "parameters",
    "layer part",
    lambda raw: {"layer": layered(raw), "part": ("attention", "feed-forward")},
)
def layer_squares(raw):
    """By the config: four matrices an attention, of which a decoder has two; two of a feed-forward layer, or three."""
    d, config = raw.config["d_model"], raw.config
    kept = (config["kv_heads"] or config["heads"]) / config["heads"]
    wide = (config["head_size"] or d // config["heads"]) * config["heads"]
    one = 2 * (1 + kept) * wide / d
    crossing = 4 if config["encoder_layers"] else 0
    return [
        (one + (crossing if stack == "decoder" else 0), (3 if config["gated"] else 2) * config["d_ff"] / d)
        for stack in layered(raw)
    ]


def layered(raw):
    return tuple(stack for stack in ("encoder", "decoder") if raw.config[f"{stack}_layers"])


SIZED = {
    "encoder.?.self_attn.q": ("query", "d_head"),
    "encoder.?.self_attn.weights": ("query", "key"),
    "encoder.?.ffn.post": ("position", "d_ff"),
    "logits": ("position", "vocab"),
}


@oracle("sizes", tuple(SIZED), "axis", lambda raw: {"axis": SIZED[sized(raw)]})
def sizes(raw):
    """By the config and the sentence."""
    config = raw.config
    tokens = len(raw.tokens(raw.side("query")))
    every = {"query": tokens, "key": tokens, "position": tokens, "d_ff": config["d_ff"]}
    every |= {"d_head": config["d_model"] // config["heads"]}
    every |= {"vocab": config["target_vocab"] or config["source_vocab"]}
    return [every[axis] for axis in SIZED[sized(raw)]]


def sized(raw):
    from fnmatch import fnmatchcase

    return next(pattern for pattern in SIZED if fnmatchcase(raw.prefix, pattern))


@functools.cache
def built() -> list[list[int]]:
    """The matrices of two published models, built without memory, kind by kind: no biases, no norms."""
    small = Config(
        target_vocab=49_152, d_model=576, d_ff=1536, heads=9, kv_heads=3, encoder_layers=0, decoder_layers=30,
        gated=True, activation="silu", norm="rms", norm_order="pre", positions="none", rotary=Rotary(),
    )  # fmt: skip
    large = Config(
        target_vocab=50_257, d_model=12_288, d_ff=49_152, heads=96, encoder_layers=0, decoder_layers=96,
        norm_order="pre", activation="gelu", positions="learned", max_positions=2048,
    )  # fmt: skip
    found = []
    for config in (small, large):
        with torch.device("meta"):
            model = Transformer(config)
        sizes = dict.fromkeys(("feed-forward", "attention", "embeddings"), 0)
        for name, tensor, axes in every_parameter(model):
            if len(axes.split()) > 1 and not name.startswith("output.") and not name.rpartition(".")[2].startswith("b"):
                sizes[kind(name.rpartition(".")[0])] += tensor.numel()
        found.append([*sizes.values()])
    return found


PARTS = {"model": ("SmolLM2", "GPT-3"), "part": ("feed-forward", "attention", "embeddings")}


@oracle("published", "parameters", "model part", lambda _: PARTS)
def published(_):
    return built()


@oracle("published_squares", "parameters", "model part", lambda _: PARTS | {"part": PARTS["part"][:2]})
def published_squares(_):
    """Of GPT-3 4 d^2 in attention, 8 d^2 in a feed-forward layer of the width 4 d; of SmolLM2 with d = 9 x 64, shared
    keys and values of 3 x 64, and three matrices of the width 8 d / 3."""
    return [[3 * 8 / 3, 2 + 2 / 3], [2 * 4, 4]]


@oracle("published_total", "parameters", "model", lambda _: {"model": PARTS["model"]})
def published_total(_):
    """Of SmolLM2 what its checkpoint holds."""
    return [134_515_008, sum(built()[1]) + (2 * 96 + 1) * 12_288]


@oracle("published_shares", "parameters", "model part", lambda _: PARTS)
def published_shares(_):
    return [[count / sum(counts) for count in counts] for counts in built()]


@oracle("numbers_per_token", "decoding.cache", "", lambda _: {})
def numbers_per_token(raw):
    """A key and a value in each layer of the decoder, each as wide as its matrix."""
    layers = range(raw.config["decoder_layers"])
    wide = [raw[f"/parameters.decoder.{k}.self_attn.w_{one}"].size for k in layers for one in "kv"]
    return sum(wide) / raw.config["d_model"]
