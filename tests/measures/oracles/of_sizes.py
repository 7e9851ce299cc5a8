"""Oracles of what follows from the sizes alone."""

import numpy as np

from oracles import Raw, oracle

CONFIG = "config"


@oracle("recurrent_path_length", CONFIG, "", needs="words")
def recurrent_path_length(raw):
    return len(raw.tokens("source")) - 1


@oracle("score_count", CONFIG, "", needs="words")
def score_count(raw):
    return sum(1 for _ in np.ndindex(len(raw.tokens("source")), len(raw.tokens("source"))))


@oracle("crossover", CONFIG, "")
def crossover(raw):
    """Solve 2 n^2 d = 4 n d^2 + 2 n d d_ff for n, beside n = 0."""
    d, d_ff = raw.config["d_model"], raw.config["d_ff"]
    return max(np.roots([2 * d, -(4 * d * d + 2 * d * d_ff), 0]))


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


def layer(module: str) -> str:
    """Of a last norm, the layer below it."""
    side, *rest = module.split(".")
    return f"{side}.{rest[0]}" if rest and rest[0].isdigit() else side


def summed(raw: Raw, name) -> dict[str, int]:
    found: dict[str, int] = {}
    for module, count in modules(raw).items():
        found[name(module)] = found.get(name(module), 0) + count
    return found


def layers(raw: Raw) -> dict[str, int]:
    found = summed(raw, layer)
    for stack in ("encoder", "decoder"):
        if stack in found:
            top = f"{stack}.{raw.config[f'{stack}_layers'] - 1}"
            found[top] += found.pop(stack)
    return found


def kinds(raw: Raw) -> dict[str, int]:
    found = summed(raw, kind)
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


@oracle("by_layer", "parameters", "part", lambda raw: {"part": tuple(layers(raw))})
def by_layer(raw):
    return [*layers(raw).values()]


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
