"""Several heads side by side, and the patterns that they show."""

import math

import numpy as np

from oracles import ATTENTION, HERE, PAIRS, STACKS, Raw, oracle
from oracles.of_scores import entering, visible

CLEAR = 0.5
WITHIN = (
    "the token before",
    "the token after",
    "itself",
    "the first token",
    "the last token",
    "the same token elsewhere",
    "what followed an earlier copy",
)
NEIGHBOURS = ("previous token", "next token", "self")


@oracle("head_norms", ATTENTION, "batch head query")
def head_norms(raw):
    return np.sqrt(np.einsum("bhim,bhim->bhi", raw["head_out"], raw["head_out"]))


@oracle("head_sums", ATTENTION, "batch head query d_model")
def head_sums(raw):
    heads = raw["head_out"].shape[1]
    return np.stack([raw.parameter("b_o") + raw["head_out"][:, : h + 1].sum(1) for h in range(heads)], 1)


@oracle("heads_per_key", ATTENTION, "")
def heads_per_key(raw):
    shared = raw["q"].shape[1] / raw["k"].shape[1]
    assert shared == int(shared)
    return shared


@oracle("head_parameters", HERE, "")
def head_parameters(raw):
    """The rows that d_model numbers are weighed with, one for each number of a query, a key and a value."""
    wide = sum(raw[letter].shape[-1] for letter in "qkv")
    return wide * (raw.config["d_model"] + (raw.config["biases"] != "none"))


@oracle("query_sensitivity", HERE, "head d_model")
def query_sensitivity(raw):
    return np.sqrt((raw.parameter("w_q") ** 2).sum(-1))


@oracle("sensitive_heads", HERE, "d_model")
def sensitive_heads(raw):
    return [sum(bool(row.any()) for row in entry) for entry in raw.parameter("w_q").transpose(1, 0, 2)]


@oracle("turned_row", HERE, "batch position d_model")
def turned_row(raw):
    rows = entering(raw)
    largest = np.arange(rows.shape[-1]) == np.abs(rows).argmax(-1)[..., None]
    return np.where(largest, -rows, rows)


@oracle("turned_q", HERE, "batch head query d_head")
def turned_q(raw):
    """The query is made again, of the whole row."""
    return np.einsum("bim,hmd->bhid", turned_row(raw), raw.parameter("w_q")) + raw.parameter("b_q")[:, None]


for _axis in ("query", "key"):

    @oracle(f"{_axis}_count", ATTENTION, "")
    def count(raw, axis=_axis):
        return len(raw.tokens(raw.side(axis)))


def ids_of(raw: Raw) -> list[int]:
    side = "src" if raw.path.startswith("encoder") else "tgt"
    return [int(i) for i in raw[f"/{raw.root}embed_{side}.ids"][0]]


def answered(raw: Raw) -> dict[str, set[tuple[int, int]]]:
    """For each pattern the pairs (query, key) that it consists of, before any mask."""
    queries, keys = raw["weights"].shape[-2:]
    if "cross_attn" in raw.path:
        along = {(i, round(i * (keys - 1) / max(1, queries - 1))) for i in range(queries)}
        found = {"the place as far along": along}
        gold = raw.about.get("gold")
        if gold and not raw.root and list(gold["words"]) == list(raw.about["output_tokens"]):
            found["what it translates"] = {(i, j) for i, several in enumerate(gold["alignment"]) for j in several}
        return found
    ids, every = ids_of(raw), [(i, j) for i in range(queries) for j in range(keys)]
    found = {
        "the token before": {(i, j) for i, j in every if j == i - 1},
        "the token after": {(i, j) for i, j in every if j == i + 1},
        "itself": {(i, j) for i, j in every if j == i},
        "the first token": {(i, 0) for i in range(1, queries)},
        "the last token": {(i, keys - 1) for i in range(queries - 1)},
        "the same token elsewhere": {(i, j) for i, j in every if i != j and ids[i] == ids[j]},
        "what followed an earlier copy": {(i, j) for i, j in every if 1 <= j < i and ids[j - 1] == ids[i]},
    }
    if raw.path.startswith("encoder") and not raw.root:
        for role, links in raw.about.get("roles", {}).items():
            if role not in NEIGHBOURS and links:
                found[role] = {(i, j) for i, j in links}
    return found


def answers_of(raw):
    """The pairs of those queries that have a choice among what they see, "role" by "role"."""
    seen, found = visible(raw), {}
    for role, pairs in answered(raw).items():
        kept = {(i, j) for i, j in pairs if seen[i, j]}
        count = [sum(i == query for query, _ in kept) for i in range(len(seen))]
        found[role] = {(i, j) for i, j in kept if count[i] < seen[i].sum()}
    return found


def roles_along(raw):
    return {"role": tuple(answered(raw))}


@oracle("pattern_keys", ATTENTION, "batch role query key", roles_along)
def pattern_keys(raw):
    shape = raw["weights"].shape[-2:]
    return [[[[int((i, j) in pairs) for j in range(shape[1])] for i in range(shape[0])]
             for pairs in answers_of(raw).values()]]  # fmt: skip


@oracle("pattern_queries", ATTENTION, "batch role", roles_along)
def pattern_queries(raw):
    return [[len({i for i, _ in pairs}) for pairs in answers_of(raw).values()]]


def mean(values) -> float:
    values = list(values)
    return math.fsum(values) / len(values) if values else 0.0


@oracle("pattern_scores", ATTENTION, "batch head role", roles_along)
def pattern_scores(raw):
    def score(weights, pairs):
        return mean(sum(weights[i, j] for query, j in pairs if query == i) for i in {i for i, _ in pairs})

    return [[[score(head, pairs) for pairs in answers_of(raw).values()] for head in raw["weights"][0]]]


@oracle("pattern_chances", ATTENTION, "batch role", roles_along)
def pattern_chances(raw):
    seen = visible(raw)

    def chance(pairs):
        asked = [i for i, _ in pairs]
        return mean(asked.count(i) / seen[i].sum() for i in set(asked))

    return [[chance(pairs) for pairs in answers_of(raw).values()]]


@oracle("pattern_clearness", ATTENTION, "batch head role", roles_along)
def pattern_clearness(raw):
    (chances,), (query_tokens,) = pattern_chances(raw), pattern_queries(raw)
    return [[[(s - c) / (1 - c) * k / (k + 1) for s, c, k in zip(head, chances, query_tokens, strict=True)]
             for head in sentence] for sentence in pattern_scores(raw)]  # fmt: skip


@oracle("is_top_key", ATTENTION, PAIRS)
def is_top_key(raw):
    return [[[[int(share == max(row)) for share in row] for row in head] for head in b] for b in raw["weights"]]


@oracle("effective_keys", ATTENTION, "batch head")
def effective_keys(raw):
    """The perplexity of a row is the product of w^-w."""

    def perplexity(row):
        return math.prod(share**-share for share in row if share > 0)

    return [[mean(perplexity(row) for row in head) for head in sentence] for sentence in raw["weights"]]


def attentions(raw):
    found = [raw.at(f"{raw.prefix}.{layer}.self_attn") for layer in range(9)]
    return [part for part in found if part.has("q")]


@oracle("clear_heads", STACKS, "", needs="0.self_attn.q")
def clear_heads(raw):
    return sum(max(head) >= CLEAR for part in attentions(raw) for head in pattern_clearness(part)[0])


@oracle("all_heads", STACKS, "", needs="0.self_attn.q")
def all_heads(raw):
    return raw.config["heads"] * raw.config[f"{raw.prefix}_layers"]
