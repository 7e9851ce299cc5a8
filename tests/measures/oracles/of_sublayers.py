"""A sublayer computed anew from its parameters: alone, on mixes of rows, and on whole sheets of them."""

import math

import numpy as np

from oracles import ENCODER_ATTENTION, FEED_FORWARD, NORMS, SELF_ATTENTION, STREAM, Raw, oracle
from oracles.of_scores import entering

A, B = 2.0, -0.5


def gauss(x: float) -> float:
    """P(X <= x) of a standard normal X."""
    return math.erfc(-x / math.sqrt(2)) / 2


BENDS = {
    "relu": lambda x: x if x > 0 else 0.0,
    "gelu": lambda x: x * gauss(x),
    "gelu-tanh": lambda x: x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + math.exp(-x)),
}


def bent(raw: Raw, x: np.ndarray) -> np.ndarray:
    return np.vectorize(BENDS[raw.config["activation"]], otypes=[float])(x)


def norm(raw: Raw, name: str, x: np.ndarray) -> np.ndarray:
    gain, bias = (raw.parameter(part, f"{raw.path}.{name}") for part in ("gain", "bias"))
    mean = np.einsum("...m->...", x)[..., None] / x.shape[-1]
    var = ((x - mean) ** 2).sum(-1, keepdims=True) / x.shape[-1]
    return gain * (x - mean) * (var + raw.config["norm_eps"]) ** -0.5 + bias


def attention(raw: Raw, x: np.ndarray, biases: float = 1.0, frozen: bool = False) -> np.ndarray:
    """Self-attention of the rows x, "batch position d_model", written out head by head."""
    heads, size = raw.config["heads"], x.shape[-2]
    root = math.sqrt(raw.config["d_model"] // heads) if raw.config["attention_scale"] else 1.0
    causal = raw.path.startswith("decoder")
    seen = np.tril(np.ones((size, size))) if causal else np.ones((size, size))
    out = np.zeros_like(x) + biases * raw.parameter("b_o")
    for h in range(heads):
        q, k, v = (x @ raw.parameter(f"w_{n}")[h] + biases * raw.parameter(f"b_{n}")[h] for n in "qkv")
        scores = np.einsum("...id,...jd->...ij", q, k) / root
        raised = np.exp(scores - scores.max(-1, keepdims=True)) * seen
        weights = raw["weights"][:, h] if frozen else raised / np.einsum("...ij->...i", raised)[..., None]
        out = out + weights @ v @ raw.parameter("w_o")[h]
    return out


def feed_forward(raw: Raw, x: np.ndarray, biases: float = 1.0, activation: bool = True) -> np.ndarray:
    wide = x @ raw.parameter("w1") + biases * raw.parameter("b1")
    if activation:
        wide = np.maximum(wide, 0) if raw.config["activation"] == "relu" else bent(raw, wide)
    return wide @ raw.parameter("w2") + biases * raw.parameter("b2")


def entering_feed_forward(raw: Raw) -> np.ndarray:
    """The rows that the feed-forward layer reads, by the order of norms that the config names."""
    cross = raw.has(f"/{raw.block}.cross_attn.out")
    if raw.config["norm_order"] == "none":
        return raw[f"/{raw.block}.{'resid_cross' if cross else 'resid_attn'}"]
    number = (2 if cross else 1) + (raw.config["norm_order"] == "pre")
    return raw[f"/{raw.block}.ln{number}.out"]


@oracle("active_units", FEED_FORWARD, "batch position")
def active_units(raw):
    return [[sum(unit > 0 for unit in row) for row in sentence] for sentence in raw["post"]]


@oracle("key_plane", FEED_FORWARD, "batch position d_ff component", lambda _: {"component": ("across", "along")})
def key_plane(raw):
    def spot(x, key):
        share = float(x @ key) / float(key @ key)
        return math.hypot(*(x - share * key)), share * math.hypot(*key)

    keys = raw.parameter("w1").T
    return [[[spot(x, key) for key in keys] for x in sentence] for sentence in entering_feed_forward(raw)]


@oracle("per_position", FEED_FORWARD, STREAM)
def per_position(raw):
    return feed_forward(raw, entering_feed_forward(raw))


@oracle("per_position_difference", FEED_FORWARD, "batch position")
def per_position_difference(raw):
    return np.abs(per_position(raw) - raw["out"]).max(-1) / np.abs(raw["out"]).max()


@oracle("from_zeros", FEED_FORWARD, "d_model")
def from_zeros(raw):
    return np.einsum("f,fm->m", raw.parameter("b1"), raw.parameter("w2")) + raw.parameter("b2")


@oracle("from_zeros_norm", FEED_FORWARD, "")
def from_zeros_norm(raw):
    return math.hypot(*from_zeros(raw))


# Is it linear?


def gap(f, x):
    """The largest difference of f(a x + b y) and a f(x) + b f(y), y the rows from the last to the first."""
    y = x[:, list(reversed(range(x.shape[1])))]
    apart = A * f(x) + B * f(y)
    return np.abs(f(A * x + B * y) - apart).max() / np.abs(apart).max()


@oracle("factors", ENCODER_ATTENTION, "choice", lambda _: {"choice": ("a", "b")})
def factors(_):
    return [A, B]


@oracle("fixed_weights_gap", SELF_ATTENTION, "")
def fixed_weights_gap(_):
    return 0.0


@oracle("attention_gap", SELF_ATTENTION, "")
def attention_gap(raw):
    return gap(lambda x: attention(raw, x, biases=0), entering(raw))


@oracle("feed_forward_gap", FEED_FORWARD, "")
def feed_forward_gap(raw):
    return gap(lambda x: feed_forward(raw, x, biases=0), entering_feed_forward(raw))


@oracle("two_matrices_gap", FEED_FORWARD, "")
def two_matrices_gap(_):
    return 0.0


@oracle("biases_gap", FEED_FORWARD, "")
def biases_gap(raw):
    return gap(lambda x: feed_forward(raw, x, activation=False), entering_feed_forward(raw))


@oracle("zero_through_biases", FEED_FORWARD, "choice d_model", lambda _: {"choice": ("zero", "where it goes")})
def zero_through_biases(raw):
    goes = raw.parameter("b1") @ raw.parameter("w2") + raw.parameter("b2")
    return [0 * goes, goes]


@oracle("norm_gap", NORMS, "")
def norm_gap(raw):
    from oracles.of_stream import entering_norm

    def f(x):
        away = x - np.einsum("...m->...", x)[..., None] / x.shape[-1]
        return away / np.sqrt((away**2).sum(-1, keepdims=True) / x.shape[-1])

    return gap(f, entering_norm(raw))


# Sheets: all mixes of two rows.


def mixes(raw: Raw, kind: str):
    """f, X, Y and the row to look at; Y is the sentence turned round until the top key stands with the query token."""
    query_token, top_key = raw.recorded.followed
    ffn = raw.prefix.endswith("ffn")
    x = entering_feed_forward(raw) if ffn else entering(raw)
    size = x.shape[1]
    y = x[:, [(i - query_token + top_key) % size for i in range(size)]]
    if query_token == top_key:
        y = raw[f"/{raw.block}.resid_post"]
    if ffn:  # whatever row it reads, it needs no other one
        x, y, query_token = x[:, [query_token]], y[:, [query_token]], 0
    f = {
        "entering": lambda rows: rows,
        "two_matrices": lambda rows: feed_forward(raw, rows, biases=0, activation=False),
        "feed_forward": lambda rows: feed_forward(raw, rows, biases=0),
        "fixed_weights": lambda rows: attention(raw, rows, biases=0, frozen=True),
        "attention": lambda rows: attention(raw, rows, biases=0),
    }[kind]
    return (lambda rows: f(rows)[..., query_token, :]), x, y


def sides(raw: Raw, kind: str):
    """f(0), f(x), f(y), f(ax + by), a f(x) + b f(y)."""
    f, x, y = mixes(raw, kind)
    zero, one, other, before = (f(rows)[0] for rows in (0 * x, x, y, A * x + B * y))
    return np.array([zero, one, other, before, A * one + B * other])


def seen(points: np.ndarray, what: np.ndarray) -> np.ndarray:
    """Coordinates in the plane of f(x) - f(0) and f(y) - f(0), by an orthonormal pair: along the first, and across."""
    basis, upper = np.linalg.qr((points[1:3] - points[0]).T)
    return (what - points[0]) @ (basis * np.sign(np.diag(upper)))


KINDS = {
    "entering": (*ENCODER_ATTENTION, "encoder.?.ffn"),
    "two_matrices": ("encoder.?.ffn",),
    "feed_forward": ("encoder.?.ffn",),
    "fixed_weights": ENCODER_ATTENTION,
    "attention": ENCODER_ATTENTION,
}
POINTS = ("zero", "x", "y", "mixed before", "mixed after")


def _three(kind: str, places: tuple[str, ...]) -> None:
    @oracle(f"{kind}_sheet", places, "row column component")
    def sheet(raw):
        f, x, y = mixes(raw, kind)
        steps = [-1 + k / 20 for k in range(61)]
        rows = [f(np.concatenate([a * x + b * y for b in steps])) for a in steps]
        return seen(sides(raw, kind), np.array(rows))

    @oracle(f"{kind}_points", places, "choice component", lambda _: {"choice": POINTS})
    def points(raw):
        found = sides(raw, kind)
        return seen(found, found)

    @oracle(f"{kind}_apart", places, "")
    def apart(raw):
        *_, before, after = sides(raw, kind)
        return math.dist(before, after) / math.hypot(*after)


for _kind, _places in KINDS.items():
    _three(_kind, _places)


def bowed(raw: Raw, wide: np.ndarray) -> np.ndarray:
    return np.maximum(wide, 0) if raw.config["activation"] == "relu" else bent(raw, wide)


def folding(raw: Raw):
    """The neuron whose bending moves a corner farthest, and that which does so most across the fold of the first.

    Last comes the direction in which both move corners, at right angles to the plane of the two matrices.
    """
    _, x, y = mixes(raw, "two_matrices")
    points, w1 = sides(raw, "two_matrices"), raw.parameter("w1")
    flat = np.concatenate([(a * x + b * y)[0] for a in (-1, 2) for b in (-1, 2)]) @ w1
    one_bent = np.where(np.eye(w1.shape[1])[:, None], bowed(raw, flat), flat)
    moves = one_bent @ raw.parameter("w2") - flat @ raw.parameter("w2")
    far = [max(math.hypot(*corner) for corner in corners) for corners in moves]
    turns = np.arctan2((y @ w1).ravel(), (x @ w1).ravel())
    first = max(range(len(far)), key=lambda k: far[k])
    other = max(range(len(far)), key=lambda k: far[k] * abs(math.sin(turns[k] - turns[first])))
    flat = np.linalg.qr((points[1:3] - points[0]).T)[0]
    rises = [moves[k].sum(0) - flat @ (flat.T @ moves[k].sum(0)) for k in (first, other)]
    up = sum(rise / (math.hypot(*rise) or 1.0) for rise in rises)
    return [first, other], x, y, points, up / (math.hypot(*up) or 1.0)


def folded(raw: Raw, rows: np.ndarray) -> list[np.ndarray]:
    """Rows behind both matrices, with the activation in no neuron, in one, and in two.

    They are seen with the height as much as the depth: both are sides of a square that stands on its corner.
    """
    first, _, _, points, up = folding(raw)
    found = []
    for some in ([], first[:1], first):
        wide = rows @ raw.parameter("w1")
        wide[..., some] = bowed(raw, wide)[..., some]
        out = wide @ raw.parameter("w2")
        along, deep = np.moveaxis(seen(points, points[0] + out), -1, 0)
        found.append(np.stack([along, (deep + out @ up) * math.cos(math.pi / 4)], -1))
    return found


@oracle("folded_sheets", ("encoder.?.ffn",), "fold row column component")
def folded_sheets(raw):
    _, x, y, *_ = folding(raw)
    steps = [-1 + k / 20 for k in range(61)]
    return folded(raw, np.array([[(a * x + b * y)[0, 0] for b in steps] for a in steps]))


@oracle("fold_lines", ("encoder.?.ffn",), "sheet fold point component")
def fold_lines(raw):
    """The rows to which the weights of a neuron are square, from one edge of the factors to the other."""
    first, x, y, *_ = folding(raw)
    rows = []
    for w in raw.parameter("w1").T[first]:
        u, v = x[0, 0] @ w, y[0, 0] @ w
        ends = np.clip([u / v, -2 * u / v], -1, 2)
        b = np.linspace(*sorted(ends, key=lambda b, u=u: -u * b), 61)
        rows.append(np.outer(-b * v / u, x) + np.outer(b, y))
    return [seen(sides(raw, "entering"), np.array(rows)), *folded(raw, np.array(rows))]
