"""Words and places: where rows come from, clock hands, and what a score owes to word and place."""

import math

import numpy as np

from oracles import EMBEDDINGS, Raw, oracle

DEGREES = 180 / math.pi
PARTS = ("word with word", "word with place", "place with word", "place with place", "biases")
MOST = 24


@oracle("ids", EMBEDDINGS, "batch position")
def ids(raw):
    table = [tuple(row) for row in raw.parameter("table")]
    return [[table.index(tuple(row)) for row in sentence] for sentence in raw["token"]]


def pairs_of(raw: Raw, rows: np.ndarray) -> np.ndarray:
    """Sine and cosine of every hand, "... pair component"."""
    half = rows.shape[-1] // 2
    halves = raw.config["positions"] == "halves"
    order = [(p, p + half) if halves else (2 * p, 2 * p + 1) for p in range(half)]
    return np.stack([rows[..., list(pair)] for pair in order], -2)


def turn(before, after):
    """The angle of a complex quotient, whose real part is the cosine, from 0 to 360."""
    quotient = complex(after[1], after[0]) / complex(before[1], before[0])
    return math.degrees(math.atan2(quotient.imag, quotient.real)) % 360


def table_of(raw: Raw) -> np.ndarray:
    """Vaswani et al. 2017, section 3.5, entry by entry; or what was learned."""
    count = min(MOST, raw.config["max_positions"])
    if raw.config["positions"] == "learned":
        return raw.parameter("positions")[:count]
    width, halves = raw.config["d_model"], raw.config["positions"] == "halves"
    table = np.zeros((count, width))
    for place in range(count):
        for pair in range(width // 2):
            angle = place / 10000 ** (2 * pair / width)
            table[place, pair if halves else 2 * pair] = math.sin(angle)
            table[place, pair + width // 2 if halves else 2 * pair + 1] = math.cos(angle)
    return table


def no_words(_):
    return {"position": None, "query": None, "key": None}


@oracle("position_table", EMBEDDINGS, "position d_model", no_words, "positional")
def position_table(raw):
    return table_of(raw)


@oracle("position_numbers", EMBEDDINGS, "position", no_words, "positional")
def position_numbers(raw):
    return [place for place, _ in enumerate(table_of(raw))]


@oracle("table_sin_cos", EMBEDDINGS, "position pair component", no_words, "positional")
def table_sin_cos(raw):
    return pairs_of(raw, table_of(raw))


@oracle("table_degrees_per_position", EMBEDDINGS, "pair", needs="positional")
def table_degrees_per_position(raw):
    first, second, *_ = pairs_of(raw, table_of(raw))
    return [turn(*tips) for tips in zip(first, second, strict=True)]


@oracle("sin_cos_pairs", EMBEDDINGS, "", needs="positional")
def sin_cos_pairs(raw):
    return raw.config["d_model"] / 2


@oracle("position_products", EMBEDDINGS, "query key", no_words, "positional")
def position_products(raw):
    return np.einsum("im,jm->ij", table_of(raw), table_of(raw))


@oracle("position_products_spread", EMBEDDINGS, "", needs="positional")
def position_products_spread(raw):
    products, apart = position_products(raw), {}
    for i, j in np.ndindex(*products.shape):
        apart.setdefault(abs(i - j), []).append(products[i, j])
    return max(max(several) - min(several) for several in apart.values())


@oracle("largest_entry", EMBEDDINGS, "batch position")
def largest_entry(raw):
    return np.maximum(raw["scaled"].max(-1), -raw["scaled"].min(-1))


@oracle("sum_plane", EMBEDDINGS, "batch position part component", lambda _: {"part": ("word", "place")}, "positional")
def sum_plane(raw):
    words, places = raw["scaled"], raw["positional"] + 0 * raw["scaled"]
    found = np.zeros((*words.shape[:2], 2, 2))
    for b, i in np.ndindex(*words.shape[:2]):
        angle = math.radians(between(words[b, i], places[b, i]))
        found[b, i, 0] = math.hypot(*words[b, i]), 0
        found[b, i, 1] = np.array([math.cos(angle), math.sin(angle)]) * math.hypot(*places[b, i])
    return found


def between(a, b):
    a, b = a / math.hypot(*a), b / math.hypot(*b)
    return 2 * math.atan2(math.dist(a, b), math.hypot(*(a + b))) * DEGREES


@oracle("sum_angle", EMBEDDINGS, "batch position", needs="positional")
def sum_angle(raw):
    places = raw["positional"] + 0 * raw["scaled"]
    return [[between(e, p) for e, p in zip(*rows, strict=True)] for rows in zip(raw["scaled"], places, strict=True)]


@oracle("cosine_with_words", EMBEDDINGS, "batch position vocab",
        lambda raw: {"vocab": raw.words(f"/parameters.{raw.path}.table", "vocab")})  # fmt: skip
def cosine_with_words(raw):
    rows, table = raw["sum"], raw.parameter("table")
    found = np.einsum("bim,vm->biv", rows, table) / np.sqrt((rows**2).sum(-1))[..., None]
    lengths = np.sqrt((table**2).sum(-1))
    return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)


# What a score owes to word and place.


def owed(raw: Raw) -> np.ndarray:
    """The five parts of q_i . k_j, the norm of each row held: "batch head query key part"."""
    side = raw.at(f"{raw.root}embed_{'src' if raw.path.startswith('encoder') else 'tgt'}")
    word = side["scaled"]
    place = side["positional"] + 0 * word if side.has("positional") else 0 * word
    rows = [word, place]
    if raw.config["norm_order"] == "pre":
        stream = raw[f"/{raw.block}.resid_pre"]
        spread = np.sqrt(stream.var(-1, keepdims=True) + raw.config["norm_eps"])
        gain = raw.parameter("gain", f"{raw.path.rpartition('.')[0]}.ln1")
        rows = [gain * (part - part.mean(-1, keepdims=True)) / spread for part in rows]
    w_q, w_k = raw.parameter("w_q"), raw.parameter("w_k")
    parts = [np.einsum("bim,hmd,hnd,bjn->bhij", one, w_q, w_k, other, optimize=True) for one in rows for other in rows]
    return np.stack([*parts, raw["q"] @ raw["k"].swapaxes(-1, -2) - sum(parts)], -1)


FIRST = ("encoder.0.self_attn", "decoder.0.self_attn", "other.later.decoder.0.self_attn")


def in_parts(_):
    return {"part": PARTS}


@oracle("score_parts", FIRST, "batch head query key part", in_parts)
def score_parts(raw):
    return owed(raw)
