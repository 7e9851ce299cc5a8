"""Dot products and what follows from them: scores, shares, projections, and a turn that no score sees."""

import math
from itertools import pairwise

import numpy as np

from oracles import (
    ATTENTION,
    CROSS_ATTENTION,
    DECODER_ATTENTION,
    ENCODER_ATTENTION,
    HERE,
    PAIRS,
    SELF_ATTENTION,
    Raw,
    oracle,
)

DEGREES = 180 / math.pi


def per_pair(raw, value):
    """`value(q, k)` for every head, query and key, one pair after the other."""
    q, k = raw["q"], raw["k"]
    return np.array([[[[value(one, other) for other in k[b, h]] for one in q[b, h]] for h in range(q.shape[1])]
                     for b in range(len(q))])  # fmt: skip


def root_of_d_k(raw: Raw) -> float:
    return math.sqrt(raw["q"].shape[-1]) if raw.config["attention_scale"] else 1.0


def shares(scores: np.ndarray) -> np.ndarray:
    """e^s / sum of e^s, of one row after the other, what is minus infinity left out of the sum."""
    flat = scores.reshape(-1, scores.shape[-1])
    found = np.zeros_like(flat)
    for row, out in zip(flat, found, strict=True):
        seen = [j for j, score in enumerate(row) if score != -math.inf]
        raised = [math.exp(row[j] - max(row[seen])) for j in seen]
        out[seen] = np.array(raised) / math.fsum(raised)
    return found.reshape(scores.shape)


def visible(raw: Raw) -> np.ndarray:
    """Return which keys a query may see, "query key", from the kind of attention, not from the recorded mask."""
    queries, keys = raw["weights"].shape[-2:]
    causal = ".self_attn" in raw.path and raw.path.startswith("decoder")
    return np.array([[j <= i or not causal for j in range(keys)] for i in range(queries)])


def scaled(raw: Raw) -> np.ndarray:
    return raw["scores"] / root_of_d_k(raw)


def hide(scores: np.ndarray, raw: Raw) -> np.ndarray:
    return np.where(visible(raw), scores, -np.inf)


@oracle("terms", ATTENTION, "batch head query key d_head")
def terms(raw):
    return per_pair(raw, lambda q, k: [a * b for a, b in zip(q, k, strict=True)])


@oracle("partial_dot", ATTENTION, "batch head query key d_head")
def partial_dot(raw):
    return per_pair(raw, lambda q, k: [q[: d + 1] @ k[: d + 1] for d in range(len(q))])


for _letter, _axis in (("q", "query"), ("k", "key"), ("v", "key")):

    @oracle(f"{_letter}_norm", ATTENTION, f"batch head {_axis}")
    def norm(raw, letter=_letter):
        return np.sqrt((raw[letter] ** 2).sum(-1))


@oracle("cosine", ATTENTION, PAIRS)
def cosine(raw):
    return raw["scores"] / per_pair(raw, lambda q, k: math.hypot(*q) * math.hypot(*k))


def turn(q, k):
    """The angle by the half of it: atan2 of |a - b| and |a + b|, for a and b of length one."""
    a, b = q / math.hypot(*q), k / math.hypot(*k)
    return 2 * math.atan2(math.hypot(*(a - b)), math.hypot(*(a + b))) * DEGREES


@oracle("angle", ATTENTION, PAIRS)
def angle(raw):
    return per_pair(raw, turn)


@oracle("turned_scores", ATTENTION, f"{PAIRS} degree")
def turned_scores(raw):
    return per_pair(raw, lambda q, k: [math.hypot(*q) * math.hypot(*k) * along for along in turned_cosines(raw)])


@oracle("turned_cosines", ATTENTION, "degree")
def turned_cosines(_):
    return np.array([math.cos(degree / DEGREES) for degree in range(181)])


@oracle("flat_angle", ATTENTION, PAIRS)
def flat_angle(raw):
    return 90 - per_pair(raw, lambda q, k: math.floor((90 - turn(q, k)) / 2 + 0.5))


@oracle("stretched", ATTENTION, f"{PAIRS} frame part", lambda _: {"part": ("query", "key", "score")})
def stretched(raw):
    def grow(q, k):
        lengths, degrees = [math.hypot(*q), math.hypot(*k)], round((turn(q, k) + 90) / 2)
        flat = math.cos(degrees / DEGREES)
        goal = 1.0 if degrees == 90 else max(float(q @ k) / (lengths[0] * lengths[1] * flat), 1.0)
        longer = [goal ** (frame / 60) for frame in range(31)]
        return [[lengths[0] * f, lengths[1] * f, lengths[0] * lengths[1] * f * f * flat] for f in longer]

    return per_pair(raw, grow)


@oracle("plane", ATTENTION, "batch head query key other component")
def plane(raw):
    q, k = raw["q"], raw["k"]
    found = np.zeros((*raw["scores"].shape, k.shape[2], 2))
    for b, h, i, j in np.ndindex(*raw["scores"].shape):
        basis, upper = np.linalg.qr(np.stack([q[b, h, i], k[b, h, j]], 1))  # Gram-Schmidt up to signs
        found[b, h, i, j] = k[b, h] @ (basis * np.sign(np.diag(upper)))
    return found


@oracle("scores_if_keys_were_queries", SELF_ATTENTION, PAIRS)
def scores_if_keys_were_queries(raw):
    return np.einsum("bhid,bhjd->bhij", raw["q"], raw["q"])


@oracle("sqrt_d_head", ATTENTION, "")
def sqrt_d_head(raw):
    heads = raw.config["cross_heads"] if "cross_attn" in raw.path and raw.config["cross_heads"] else raw.config["heads"]
    return math.sqrt(raw.config["d_model"] / heads) if raw.config["attention_scale"] else 1.0


@oracle("scores_minus_max", ATTENTION, PAIRS)
def scores_minus_max(raw):
    return behind(hide(raw["scaled"], raw))


def behind(scores):
    return np.array([row - max(row) for row in scores.reshape(-1, scores.shape[-1])]).reshape(scores.shape)


@oracle("exponentials", ATTENTION, PAIRS)
def exponentials(raw):
    best = hide(raw["scaled"], raw).max(-1, keepdims=True)
    return np.where(visible(raw), np.exp(raw["scaled"]) / np.exp(best), 0)


@oracle("weight_sums", ATTENTION, "batch head query")
def weight_sums(raw):
    return raw["weights"] @ np.ones(raw["weights"].shape[-1])


@oracle("exponential_sums", ATTENTION, "batch head query")
def exponential_sums(raw):
    return 1 / raw["weights"].max(-1)  # the largest exponential is one


@oracle("softmax_way", ATTENTION, "batch head query frame key")
def softmax_way(raw):
    stages = [raw["scores"], scaled(raw), behind(hide(raw["scaled"], raw)), exponentials(raw), raw["weights"]]
    frames = []
    for frame in range(49):
        stage, part = divmod(frame, 12)
        near, far = stages[stage], stages[min(stage + 1, 4)]
        with np.errstate(invalid="ignore"):
            frames.append(np.where(visible(raw), near * (12 - part) / 12 + far * part / 12, 0))
    return np.stack(frames, axis=3)


@oracle("temperatures", ATTENTION, "temperature")
def temperatures(raw):
    root = root_of_d_k(raw) if raw.config["attention_scale"] else 4
    return [math.exp(math.log(root) * quarter / 4) for quarter in range(-2, 13)]


@oracle("by_temperature", ATTENTION, "batch head query temperature key")
def by_temperature(raw):
    scores = hide(raw["scores"], raw)
    return np.stack([shares(scores / temperature) for temperature in temperatures(raw)], axis=3)


@oracle("tied_weights", ATTENTION, PAIRS)
def tied_weights(raw):
    """Without a softmax: the second-largest weight is set to the largest, then each row is divided by its sum."""
    rows = raw["weights"].reshape(-1, raw["weights"].shape[-1]).astype(float).copy()
    for row, seen in zip(rows, np.tile(visible(raw), (len(rows) // len(visible(raw)), 1)), strict=True):
        if seen.sum() > 1:
            best, runner_up = sorted(np.flatnonzero(seen), key=lambda j: -row[j])[:2]
            row[runner_up] = row[best]
    return (rows / rows.sum(-1, keepdims=True)).reshape(raw["weights"].shape)


@oracle("raised_weights", ATTENTION, "batch head query step key")
def raised_weights(raw):
    """Without a softmax: the second-largest weight times a power of e, then each row is divided by its sum."""
    found = []
    for step in range(7):
        rows = raw["weights"].reshape(-1, raw["weights"].shape[-1]).astype(float).copy()
        for row in rows:
            if len(row) > 1:
                row[sorted(range(len(row)), key=lambda j: -row[j])[1]] *= math.exp(step)
        found.append((rows / rows.sum(-1, keepdims=True)).reshape(raw["weights"].shape))
    return np.stack(found, axis=3)


@oracle("raised_z", ATTENTION, "batch head query step d_head")
def raised_z(raw):
    return np.einsum("bhisj,bhjd->bhisd", raised_weights(raw), raw["v"])


@oracle("tied_z", ATTENTION, "batch head query d_head")
def tied_z(raw):
    return np.einsum("bhij,bhjd->bhid", tied_weights(raw), raw["v"])


@oracle("weighted_v", ATTENTION, "batch head query key d_head")
def weighted_v(raw):
    return np.einsum("bhij,bhjd->bhijd", raw["weights"], raw["v"])


@oracle("weighted_v_norm", ATTENTION, PAIRS)
def weighted_v_norm(raw):
    return raw["weights"] * np.sqrt((raw["v"] ** 2).sum(-1))[:, :, None, :]


@oracle("weighted_v_share", ATTENTION, PAIRS)
def weighted_v_share(raw):
    given = weighted_v_norm(raw)
    return given / np.einsum("bhij->bhi", given)[..., None]


def _plane(raw, b, h, i):
    """Two orthonormal directions, by Gram and Schmidt on the output and on the value of its second longest term."""
    terms = [w * v for w, v in zip(raw["weights"][b, h, i], raw["v"][b, h], strict=True)]
    output = sum(terms)
    if len(terms) == 1:
        return [output / math.hypot(*output), 0 * output]
    other = raw["v"][b, h][sorted(range(len(terms)), key=lambda j: -math.hypot(*terms[j]))[1]]
    basis, _ = np.linalg.qr(np.stack([output, other], axis=1))
    return [basis[:, k] * (1 if basis[:, k] @ way > 0 else -1) for k, way in enumerate((output, other))]


@oracle("value_plane", ATTENTION, "batch head query key component")
def value_plane(raw):
    batch, heads, queries, keys = raw["weights"].shape
    found = np.zeros((batch, heads, queries, keys, 2))
    for b, h, i in np.ndindex(batch, heads, queries):
        for k, way in enumerate(_plane(raw, b, h, i)):
            found[b, h, i, :, k] = [v @ way for v in raw["v"][b, h]]
    return found


@oracle("weighted_value_plane", ATTENTION, "batch head query key component")
def weighted_value_plane(raw):
    return np.einsum("bhij,bhijc->bhijc", raw["weights"], value_plane(raw))


@oracle("role_threshold", "roles", "")
def role_threshold(_):
    return 0.9


@oracle("q_terms", HERE, "batch head query d_head d_model")
def q_terms(raw):
    rows, w_q = entering(raw), raw.parameter("w_q")
    return rows[:, None, :, None, :] * w_q.swapaxes(-1, -2)[None, :, None]


def entering(raw: Raw) -> np.ndarray:
    """The rows that an attention reads with its queries, by the order of norms that the config names."""
    block = raw.block
    if raw.config["norm_order"] == "pre":
        return raw[f"/{block}.{'ln2' if 'cross' in raw.path else 'ln1'}.out"]
    if "cross" not in raw.path:
        return raw[f"/{block}.resid_pre"]
    return raw[f"/{block}.{'ln1.out' if raw.config['norm_order'] == 'post' else 'resid_attn'}"]


@oracle("q_partial_sums", HERE, "batch head query d_head d_model")
def q_partial_sums(raw):
    rows, w_q = entering(raw), raw.parameter("w_q")
    width = rows.shape[-1]
    upper = np.array([[m <= last for last in range(width)] for m in range(width)], float)
    return np.einsum("bim,hmd,mn->bhidn", rows, w_q, upper)


# What the lecture's own questions come to.


def row_of_bias(raw, name):
    return raw.parameter(name)[:, None, :]


@oracle("swapped_scores", ENCODER_ATTENTION, PAIRS)
def swapped_scores(raw):
    rows = entering(raw)[:, None]
    asks = rows @ raw.parameter("w_k") + row_of_bias(raw, "b_k")
    answers = rows @ raw.parameter("w_q") + row_of_bias(raw, "b_q")
    return asks @ answers.swapaxes(-1, -2)


@oracle("swapped_difference", ENCODER_ATTENTION, "")
def swapped_difference(raw):
    turned = raw["scores"].transpose(0, 1, 3, 2)
    return np.abs(swapped_scores(raw) - turned).max() / np.abs(raw["scores"]).max()


@oracle("swapped_weights", ENCODER_ATTENTION, PAIRS)
def swapped_weights(raw):
    return shares(swapped_scores(raw) / root_of_d_k(raw))


@oracle("divided_difference", DECODER_ATTENTION, "")
def divided_difference(raw):
    late = post_softmax_mask(raw)
    return np.abs(late / late.sum(-1, keepdims=True) - raw["weights"]).max()


@oracle("share_from_other_tokens", SELF_ATTENTION, "")
def share_from_other_tokens(raw):
    parts = weighted_v_share(raw)
    size = parts.shape[-1]
    return 1 - sum(parts[..., i, i].mean() for i in range(size)) / size


@oracle("mean_self_attention", "roles", "", needs="score")
def mean_self_attention(raw):
    return raw["score"][raw.words("score", "role").index("self")].mean()


@oracle("attention_to_others", "roles", "", needs="score")
def attention_to_others(raw):
    """Return what is left of all words."""
    return 1 - mean_self_attention(raw)


# Of the decoder.


@oracle("unmasked_weights", DECODER_ATTENTION, PAIRS)
def unmasked_weights(raw):
    return shares(raw["scaled"])


@oracle("post_softmax_mask", DECODER_ATTENTION, PAIRS)
def post_softmax_mask(raw):
    return shares(raw["scaled"]) * visible(raw)


@oracle("post_softmax_mask_sums", DECODER_ATTENTION, "batch head query")
def post_softmax_mask_sums(raw):
    return post_softmax_mask(raw) @ np.ones(raw["scaled"].shape[-1])


def other(raw):
    return raw.at(f"other.later.{raw.prefix}")


@oracle("post_softmax_mask_leak", "decoder.?.self_attn", "batch head query")
def post_softmax_mask_leak(raw):
    return np.abs(post_softmax_mask(raw) - post_softmax_mask(other(raw))).max(-1)


@oracle("masked_leak", "decoder.?.self_attn", "batch head query")
def masked_leak(raw):
    return np.abs(raw["weights"] - other(raw)["weights"]).max(-1)


@oracle("mean_weights", ATTENTION, "batch query key")
def mean_weights(raw):
    return sum(raw["weights"][:, h] for h in range(raw["weights"].shape[1])) / raw["weights"].shape[1]


@oracle("weighted_rows", SELF_ATTENTION, "batch query key d_model")
def weighted_rows(raw):
    return np.einsum("bij,bjm->bijm", mean_weights(raw), entering(raw))


@oracle("mixture", SELF_ATTENTION, "batch query d_model")
def mixture(raw):
    return np.einsum("bij,bjm->bim", mean_weights(raw), entering(raw))


def first_of_largest(row) -> int:
    return max(range(len(row)), key=lambda j: (row[j], -j))


@oracle("top_keys", ATTENTION, "batch query")
def top_keys(raw):
    return [[first_of_largest(row) for row in sentence] for sentence in mean_weights(raw)]


@oracle("top_key_numbers", CROSS_ATTENTION, "batch query")
def top_key_numbers(raw):
    return [[first_of_largest(row) + 1 for row in sentence] for sentence in mean_weights(raw)]


@oracle("backward_jumps", CROSS_ATTENTION, "batch")
def backward_jumps(raw):
    rows = [sentence[:-1] for sentence in top_keys(raw)]
    return [sum(after < before for before, after in pairwise(row)) for row in rows]


@oracle("alignment_hits", CROSS_ATTENTION, "", needs="about.gold")
def alignment_hits(raw):
    gold = raw.about["gold"]["alignment"]
    (found,) = top_keys(raw)
    return sum(found[i] in gold[i] for i in range(min(len(found), len(gold))))


@oracle("aligned", "config", "", needs="about.card")
def aligned(raw):
    return raw.about["card"]["alignment"]["all"]


@oracle("written_at", CROSS_ATTENTION, "batch key", lambda raw: {"key": raw.tokens("source")})
def written_at(raw):
    return [[first_of_largest(column) for column in sentence.T] for sentence in mean_weights(raw)]


GRADIENTS = "experiment.descent.gradients.decoder.?.cross_attn"


def asked(raw):
    """Weights, values and outputs of an attention, and the gradients of its outputs."""
    here = raw.at(raw.prefix.replace("gradients.", ""))
    return here["weights"], here["v"], here["z"], raw["z"]


@oracle("score_gradient", GRADIENTS, PAIRS, needs="z")
def score_gradient(raw):
    """The derivative of z_i = sum_j softmax(s)_j v_j by s_j, chained with dL/dz_i: w_j (v_j - z_i) . g_i."""
    w, v, z, g = asked(raw)
    away = v[:, :, None, :, :] - z[:, :, :, None, :]
    return w * (away * g[:, :, :, None, :]).sum(-1)


@oracle("score_gradient_difference", GRADIENTS, "", needs="z")
def score_gradient_difference(raw):
    largest = np.abs(raw["scaled"]).max()
    return np.abs(score_gradient(raw) - raw["scaled"]).max() / largest if largest else 0.0


@oracle("score_push", GRADIENTS, PAIRS, needs="z")
def score_push(raw):
    return asked(raw)[0] * loss_decrease_by_value(raw)


@oracle("loss_decrease_by_value", GRADIENTS, PAIRS, needs="z")
def loss_decrease_by_value(raw):
    w, v, z, g = asked(raw)
    found = np.zeros(w.shape)
    for b, h, i, j in np.ndindex(*w.shape):
        found[b, h, i, j] = g[b, h, i] @ z[b, h, i] - g[b, h, i] @ v[b, h, j]
    return found


@oracle("query_push", GRADIENTS, "batch head query d_head", needs="z")
def query_push(raw):
    """Each key pulls the query towards itself, as hard as its score is pushed."""
    keys, pushes = raw.at(raw.prefix.replace("gradients.", ""))["k"], score_push(raw)
    found = np.zeros((*pushes.shape[:3], keys.shape[-1]))
    for b, h, i, j in np.ndindex(*pushes.shape):
        found[b, h, i] += pushes[b, h, i, j] * keys[b, h, j] / math.sqrt(keys.shape[-1])
    return found


@oracle("query_matrix_push", GRADIENTS, "batch head query d_model d_head", needs="z")
def query_matrix_push(raw):
    rows = raw.at(raw.prefix.replace("gradients.", "").replace("cross_attn", "ln2"))["out"]
    pushes = query_push(raw)
    return np.array([[[np.outer(rows[b, i], pushes[b, h, i]) for i in range(pushes.shape[2])]
                      for h in range(pushes.shape[1])] for b in range(len(pushes))])  # fmt: skip


@oracle("score_to_weight", GRADIENTS, PAIRS, needs="z")
def score_to_weight(raw):
    """By the rule of the quotient, from e^s over the sum of all: e^s (sum - e^s) / sum^2."""
    powers = np.exp(raw.at(raw.prefix.replace("gradients.", ""))["scaled"])
    total = powers.sum(-1, keepdims=True)
    return powers * (total - powers) / total**2


@oracle("weight_gradient", GRADIENTS, PAIRS, needs="z")
def weight_gradient(raw):
    """The way from the mix of all other values to this one, along the gradient of the output."""
    w, v, _, g = asked(raw)
    found = np.zeros(w.shape)
    for b, h, i, j in np.ndindex(*w.shape):
        others = [k for k in range(w.shape[-1]) if k != j]
        rest = sum(w[b, h, i, k] * v[b, h, k] for k in others) / sum(w[b, h, i, k] for k in others)
        found[b, h, i, j] = g[b, h, i] @ (v[b, h, j] - rest)
    return found


@oracle("weight_to_log_odds", GRADIENTS, PAIRS, needs="z")
def weight_to_log_odds(raw):
    """Autograd's gradient of the loss on z, over that of the loss on the log-odds: p - 1."""
    return weight_gradient(raw) / (math.exp(-float(raw["/experiment.descent.word_loss"])) - 1)


@oracle("log_odds_to_loss", "experiment.descent", "", needs="word_loss")
def log_odds_to_loss(raw):
    return math.exp(-float(raw["word_loss"])) - 1


@oracle("nudged_probs", "experiment.descent", "key nudge", lambda raw: {"key": raw.words("nudged_loss", "key")},
        "nudged_loss")  # fmt: skip
def nudged_probs(raw):
    return 1 / np.exp(raw["nudged_loss"])


@oracle("nudged_log_odds", "experiment.descent", "key nudge", lambda raw: {"key": raw.words("nudged_loss", "key")},
        "nudged_loss")  # fmt: skip
def nudged_log_odds(raw):
    p = np.exp(-raw["nudged_loss"])
    return np.log(p) - np.log(1 - p)


@oracle("push_plane", GRADIENTS, f"{PAIRS} component", needs="z")
def push_plane(raw):
    """Coordinates by least squares in a basis of two columns: the value pushed most, made orthogonal, and g."""
    w, v, z, g = asked(raw)
    found = np.zeros((*w.shape, 2))
    for b, h, i in np.ndindex(*w.shape[:3]):
        length = np.linalg.norm(g[b, h, i])
        if length:
            top = np.argmax(-w[b, h, i] * ((v[b, h] - z[b, h, i]) @ g[b, h, i]))
            frame = np.linalg.qr(np.stack([g[b, h, i], v[b, h, top] - z[b, h, i]], 1))[0]
            frame *= np.sign([frame[:, 0] @ g[b, h, i], frame[:, 1] @ (v[b, h, top] - z[b, h, i])])
            up, across = np.linalg.lstsq(frame, (v[b, h] - z[b, h, i]).T, rcond=None)[0] * length
            found[b, h, i] = np.stack([across, up], -1)
    return found


@oracle("nudged_scores", GRADIENTS, "key nudge",
        lambda raw: {"key": raw.words("/experiment.descent.nudged_loss", "key")}, "z")  # fmt: skip
def nudged_scores(raw):
    row = raw.at(raw.prefix.replace("gradients.", ""))["scaled"][0, 0, int(raw["/experiment.descent.place"])]
    return [[score + by for by in raw["/experiment.descent.nudge"]] for score in row]


@oracle("nudged_plane", GRADIENTS, "key nudge component",
        lambda raw: {"key": raw.words("/experiment.descent.nudged_loss", "key")}, "z")  # fmt: skip
def nudged_plane(raw):
    """How far the nudged output is from the recorded one, along the axes of the plane."""
    plane, place = push_plane(raw), int(raw["/experiment.descent.place"])
    shares = raw["/experiment.descent.nudged_weights"]
    return [[sum(share * spot for share, spot in zip(row, plane[0, 0, place], strict=True)) for row in rows]
            for rows in shares]  # fmt: skip
