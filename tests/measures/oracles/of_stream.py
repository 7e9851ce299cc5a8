"""The residual stream: what is added to it, how its rows move, norms, and what a sublayer sees of other rows."""

import math
from itertools import pairwise

import numpy as np

from oracles import CROSS_ATTENTION, NORMS, SELF_ATTENTION, STACKS, STREAM, Raw, oracle
from oracles.of_sublayers import attention, feed_forward, norm

DEGREES = 180 / math.pi


def lengths(rows):
    return np.sqrt((rows**2).sum(-1))


def cosines(one, other):
    """By the lengths of sum and difference: |a + b|^2 - |a - b|^2 is 4 a . b."""
    return (lengths(one + other) ** 2 - lengths(one - other) ** 2) / (4 * lengths(one) * lengths(other))


def angles(one, other):
    """In degrees, by half the angle: its tangent is |a - b| / |a + b| of two vectors of length one."""
    one, other = (rows / lengths(rows)[..., None] for rows in (one, other))
    return 2 * np.arctan2(lengths(one - other), lengths(one + other)) * DEGREES


def before(raw):
    return raw[f"/{raw.block}.resid_pre"]


@oracle("added", SELF_ATTENTION, STREAM)
def added(raw):
    return before(raw) + raw["out"]


for _how, _kept in (("replaced", 0), ("added", 1)):

    @oracle(f"turned_if_{_how}", SELF_ATTENTION, "batch position")
    def turned(raw, kept=_kept):
        return angles(before(raw), kept * before(raw) + raw["out"])


@oracle("added_plane", SELF_ATTENTION, "batch position other component",
        lambda _: {"other": ("before", "found", "added")})  # fmt: skip
def added_plane(raw):
    """By turning every vector with a basis that begins with x and f(x)."""
    return turned_into_the_plane(before(raw), raw["out"])


@oracle("head_added_plane", SELF_ATTENTION, "batch head query other component",
        lambda _: {"other": ("before", "found", "added")})  # fmt: skip
def head_added_plane(raw):
    heads = np.moveaxis(raw["head_out"], 1, 0)
    return np.stack([turned_into_the_plane(before(raw), found) for found in heads], 1)


def turned_into_the_plane(x, found):
    first = x / lengths(x)[..., None]
    second = found - (found * first).sum(-1)[..., None] * first
    second = second / lengths(second)[..., None]
    rows = np.stack([x, found, x + found], -2)
    return np.stack([(rows * one[..., None, :]).sum(-1) for one in (first, second)], -1)


def sublayers(raw: Raw) -> list[tuple[str, np.ndarray]]:
    """The names and the rows of all that a stack adds up, by the config, "input" first."""
    found = [("input", raw["0.resid_pre"])]
    for layer in range(raw.config[f"{raw.path}_layers"]):
        found.append((f"attention {layer + 1}", raw[f"{layer}.self_attn.out"]))
        if raw.path == "decoder" and raw.config["encoder_layers"]:
            found.append((f"cross-attention {layer + 1}", raw[f"{layer}.cross_attn.out"]))
        found.append((f"feed-forward {layer + 1}", raw[f"{layer}.ffn.out"]))
    return found


def by_sublayer(raw):
    return {"sublayer": tuple(name for name, _ in sublayers(raw))}


@oracle("contribution_norms", STACKS, "batch sublayer position", by_sublayer, "0.resid_pre")
def contribution_norms(raw):
    return np.stack([lengths(rows) for _, rows in sublayers(raw)], 1)


def last(raw):
    return raw[f"{raw.config[f'{raw.path}_layers'] - 1}.resid_post"]


def stream_rows(raw):
    """In pre-norm a stop is a sum; in post-norm it is what the norm made of it."""
    kinds = ["attn", *(["cross"] if raw.path == "decoder" and raw.config["encoder_layers"] else []), "ffn"]
    found = [raw["0.resid_pre"]]
    for layer in range(raw.config[f"{raw.path}_layers"]):
        for place, kind in enumerate(kinds, 1):
            behind = raw.config["norm_order"] == "post"
            found.append(raw[f"{layer}.ln{place}.out"] if behind else raw[f"{layer}.resid_{kind}"])
    return found


@oracle("residual_norms", STACKS, "batch sublayer position", by_sublayer, "0.resid_pre")
def residual_norms(raw):
    return np.stack([lengths(rows) for rows in stream_rows(raw)], 1)


@oracle("contribution_norms_in_all", STACKS, "batch position", needs="0.resid_pre")
def contribution_norms_in_all(raw):
    return sum(lengths(rows) for _, rows in sublayers(raw))


@oracle("stream_steps", STACKS, "batch sublayer position component", by_sublayer, "0.resid_pre")
def stream_steps(raw):
    """By the law of cosines, from three lengths of each triangle, as complex numbers."""
    rows = stream_rows(raw)
    way, spots = np.ones(rows[0].shape[:-1], complex), [lengths(rows[0]) + 0j]
    for one, other in pairwise(rows):
        sides = lengths(one), lengths(other)
        near = (sides[0] ** 2 + sides[1] ** 2 - lengths(other - one) ** 2) / (2 * sides[0] * sides[1])
        turn = near - 1j * np.sqrt(np.maximum(1 - near**2, 0))
        way = way * np.where((way * turn).real < -1e-12, turn.conj(), turn)
        spots.append(sides[1] * way)
    steps = np.stack([spots[0], *(after - here for here, after in pairwise(spots))], 1) / way[:, None]
    return np.stack([steps.real, steps.imag], -1)


@oracle("cosine_first_last", STACKS, "batch position", needs="0.resid_pre")
def cosine_first_last(raw):
    return cosines(raw["0.resid_pre"], last(raw))


@oracle("angle_first_last", STACKS, "batch position", needs="0.resid_pre")
def angle_first_last(raw):
    return angles(raw["0.resid_pre"], last(raw))


def named_like(raw):
    """The tensor of the first pass that has the name of this one of another pass."""
    return raw[f"/{raw.path}"]


@oracle(
    "cosine_with_other", ("other.shuffled.encoder.?.resid_post", "other.later.decoder.?.resid_post"), "batch position"
)
def cosine_with_other(raw):
    return cosines(raw.itself, named_like(raw))


@oracle("grown_change", ("encoder.?.resid_p*",), "batch position", needs="/other.shorter.encoder.0.resid_pre")
def grown_change(raw):
    rows, others = raw.itself, raw[f"/other.shorter.{raw.prefix}"]
    moved = [lengths(rows[:, i] - others[:, i]) / lengths(rows[:, i]) for i in range(others.shape[1])]
    return np.stack([*moved, np.ones(len(rows))], 1)


@oracle("later_change", ("decoder.?.resid_p*",), "batch position", needs="/other.later.decoder.0.resid_pre")
def later_change(raw):
    return lengths(raw.itself - raw[f"/other.later.{raw.prefix}"]) / lengths(raw.itself)


def moved_places(raw):
    return [int(i) for i in raw["/other.shuffled.order"]]


SHUFFLED = ("other.shuffled.encoder.?.resid_post", "other.shuffled.decoder.?.resid_post",
            "other.placed.encoder.?.resid_post", "other.placed.decoder.?.resid_post")  # fmt: skip


def own_words(raw):
    return {"position": raw.words(f"/{raw.prefix}", "position")}


def before_shuffle(raw):
    return raw[f"/{raw.path}" if raw.prefix.startswith("other.placed") else f"/other.no_positions.{raw.path}"]


@oracle("permutation_difference_by_row", SHUFFLED, "position", own_words)
def permutation_difference_by_row(raw):
    apart = [np.abs(row).max() for row in shuffle_difference(raw)[0]]
    return np.array(apart) / np.abs(before_shuffle(raw)).max()


@oracle("shuffle_difference", SHUFFLED, "batch position component", own_words)
def shuffle_difference(raw):
    return [[raw.itself[0, i] - before_shuffle(raw)[0, at] for i, at in enumerate(moved_places(raw))]]


@oracle("permutation_difference", SHUFFLED, "")
def permutation_difference(raw):
    return max(permutation_difference_by_row(raw))


TURNED = ("other.exchanged.encoder.?.resid_post", "other.exchanged.lstm.encoder.states",
          "other.exchanged.lstm_with_attention.encoder.states")  # fmt: skip


@oracle("exchange_difference", TURNED, "batch position component", own_words)
def exchange_difference(raw):
    """Word by word: the last one stands where the first unlike it of the second half stood, and that one last."""
    words = raw.about["tokens"]
    end = len(words) - 1
    where = next(i for i in range(len(words) // 2, end) if words[i].lower() != words[end].lower())
    order = [end if i == where else where if i == end else i for i in range(len(words))]
    return [[raw.itself[0, i] - before_exchange(raw)[at] for i, at in enumerate(order)]]


def before_exchange(raw: Raw) -> np.ndarray:
    return raw[f"/{raw.path}" if "lstm" in raw.path else f"/other.no_positions.{raw.path}"][0]


@oracle("exchange_change", TURNED, "position", own_words)
def exchange_change(raw):
    plain = before_exchange(raw)
    return np.array([max(abs(row)) for row in exchange_difference(raw)[0]]) / max(plain.max(), -plain.min())


@oracle("largest_exchange_change", TURNED, "")
def largest_exchange_change(raw):
    return max(exchange_change(raw))


# Norms.


@oracle("centred", NORMS, STREAM)
def centred(raw):
    return entering_norm(raw) - np.einsum("bim->bi", entering_norm(raw))[..., None] / raw["out"].shape[-1]


def entering_norm(raw: Raw) -> np.ndarray:
    """The rows that a norm reads, by the order of norms that the config names."""
    block, last_part = raw.prefix.rpartition(".")[::2]
    if last_part == "final_norm":
        top = raw.config[f"{block}_layers"] - 1
        return raw[f"/{block}.{top}.resid_post"]
    sublayers = ("attn", "cross", "ffn") if "decoder" in block and raw.config["encoder_layers"] else ("attn", "ffn")
    number = int(last_part[-1]) - 1
    if raw.config["norm_order"] == "post":
        return raw[f"/{block}.resid_{sublayers[number]}"]
    return raw[f"/{block}.resid_{sublayers[number - 1]}"] if number else raw[f"/{block}.resid_pre"]


@oracle("scale", NORMS, "batch position")
def scale(raw):
    """By the definition, sqrt(var + eps), where nothing was falsified."""
    return np.sqrt(entering_norm(raw).var(-1) + raw.config["norm_eps"])


for _name in ("normalized", "out"):

    @oracle(f"{_name}_length", NORMS, "batch position")
    def length(raw, name=_name):
        return lengths(raw[name])


@oracle("var_after", NORMS, "batch position")
def var_after(raw):
    return (raw["normalized"] ** 2).mean(-1) - raw["normalized"].mean(-1) ** 2


@oracle("scaled_by_gain", NORMS, STREAM)
def scaled_by_gain(raw):
    return np.einsum("bim,m->bim", raw["normalized"], raw.parameter("gain"))


@oracle("added_share", (*SELF_ATTENTION, *CROSS_ATTENTION, "encoder.?.ffn", "decoder.?.ffn"), "batch position")
def added_share(raw):
    """Beside the row that it is added to, by the order of norms that the config names."""
    order, kind = raw.config["norm_order"], raw.prefix.rpartition(".")[2]
    cross = raw.has(f"/{raw.block}.cross_attn.out")
    earlier = {"self_attn": 0, "cross_attn": 1, "ffn": 1 + cross}[kind]
    points = ["resid_pre", "resid_attn", *["resid_cross"] * cross]
    point = f"ln{earlier}.out" if order == "post" and earlier else points[earlier]
    return lengths(raw["out"]) / lengths(raw[f"/{raw.block}.{point}"])


# Which box lets one row see another.


def boxes(raw: Raw):
    """The functions of a layer's boxes, and the rows that each of them reads."""
    pre = raw.config["norm_order"] == "pre"
    found = {}
    if raw.config["norm_order"] != "none":
        found["norm"] = (lambda x: norm(raw, "ln1", x)), raw["resid_pre"] if pre else raw["resid_attn"]
    found["attention"] = (
        (lambda x: attention(raw.at(f"{raw.prefix}.self_attn"), x)),
        (raw["ln1.out"] if pre else raw["resid_pre"]),
    )
    if raw.config["norm_order"] != "none":
        found["second norm"] = (lambda x: norm(raw, "ln2", x)), raw["resid_attn" if pre else "resid_ffn"]
    middle = {"pre": "ln2.out", "post": "ln1.out", "none": "resid_attn"}[raw.config["norm_order"]]
    found["feed-forward"] = (lambda x: feed_forward(raw.at(f"{raw.prefix}.ffn"), x)), raw[middle]
    return found


def in_boxes(raw):
    words = raw.tokens("source")
    return {"part": tuple(boxes(raw)), "query": words, "key": words}


@oracle("token_sensitivity", "encoder.?", "part query key", in_boxes, "resid_pre")
def token_sensitivity(raw):
    found = []
    for f, rows in boxes(raw).values():
        size = rows.shape[1]
        table = np.zeros((size, size))
        for j in range(size):
            blanked = rows * np.array([i != j for i in range(size)])[None, :, None]
            table[:, j] = np.abs(f(blanked) - f(rows))[0].max(-1)
        found.append(table / table.max())
    return found


@oracle("sensitive_pairs", "encoder.?", "part", lambda raw: {"part": tuple(boxes(raw))}, "resid_pre")
def sensitive_pairs(raw):
    return [so_far[-1] for so_far in pairs_so_far(raw)]


@oracle("pairs_so_far", "encoder.?", "part key", lambda raw: {k: v for k, v in in_boxes(raw).items() if k != "query"},
        "resid_pre")  # fmt: skip
def pairs_so_far(raw):
    return [[sum(table[i, j] > 0 for j in range(last + 1) for i in range(len(table)) if i != j)
             for last in range(len(table))] for table in token_sensitivity(raw)]  # fmt: skip


@oracle("token_pairs", ("encoder.?",), "", needs="resid_pre")
def token_pairs(raw):
    words = raw.tokens("source")
    return sum(i != j for i in range(len(words)) for j in range(len(words)))


# How rows travel.


def stops(raw):
    names = ["0.resid_pre"]
    for layer in range(raw.config[f"{raw.path}_layers"]):
        cross = [f"{layer}.resid_cross"] * (raw.path == "decoder" and bool(raw.config["encoder_layers"]))
        names += [f"{layer}.resid_attn", *cross, f"{layer}.resid_post"]
    return names


def ways(raw):
    """The word's vectors in its two sentences, at every stop."""
    return [
        [raw[f"/other.{s}.encoder.{name}"][0, raw.about[s]["noun"]] for name in stops(raw)]
        for s in ("one_sense", "other_sense")
    ]


SENSES = "/other.one_sense.encoder.0.resid_pre"


@oracle("senses_path", "encoder", "choice layer component",
        lambda raw: {"layer": tuple(f"{raw.prefix}.{name}" for name in stops(raw))}, needs=SENSES)  # fmt: skip
def senses_path(raw):
    one, other = ways(raw)
    a, b = one[-1] - one[0], other[-1] - other[0]
    basis, _ = np.linalg.qr(np.stack([a, b], axis=1))
    axes = [basis[:, 0] * np.sign(basis[:, 0] @ a), basis[:, 1] * np.sign(basis[:, 1] @ b)]
    return [[[(x - way[0]) @ axis for axis in axes] for x in way] for way in (one, other)]


@oracle("senses_start", "encoder", "", needs=SENSES)
def senses_start(raw):
    one, other = ways(raw)
    return math.dist(one[0], other[0])


@oracle("spread_after", NORMS, "batch position")
def spread_after(raw):
    rows = raw["normalized"]
    return lengths(rows - rows.mean(-1)[..., None]) / math.sqrt(rows.shape[-1])


ALIKE = "experiment.rows_alike"


@oracle("layer_numbers", ALIKE, "layer", lambda raw: {"layer": raw.words("share", "layer")}, needs="share")
def layer_numbers(raw):
    return list(range(raw["share"].shape[1]))


@oracle("layers_until_alike", ALIKE, "choice", lambda raw: {"choice": raw.words("share", "choice")}, needs="share")
def layers_until_alike(raw):
    return [next((k for k, value in enumerate(row) if value < 0.01), -1) for row in raw["share"]]


@oracle("fan", ALIKE, "choice layer position component", needs="rows", labels=lambda raw: {
    axis: raw.words("rows", axis) for axis in ("choice", "layer", "position")})  # fmt: skip
def fan(raw):
    found = []
    for rows in raw["rows"].reshape(-1, *raw["rows"].shape[-2:]).astype(float):
        mean = rows.sum(0) / lengths(rows.sum(0))
        own = rows - np.outer(rows @ mean, mean)
        aside = sum((len(rows) - 1 - 2 * i) * row for i, row in enumerate(own))
        found.append([*zip(rows @ mean, own @ aside / max(lengths(aside), 1e-300), strict=True)])
    return np.array(found).reshape(*raw["rows"].shape[:-1], 2)
