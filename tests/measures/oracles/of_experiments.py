"""Oracles of recorded experiments: watched trainings, LSTMs, heads that were switched off, kinds of words."""

import math
from itertools import pairwise

import numpy as np

from oracles import Raw, oracle

EARNED, ENOUGH = 0.9, 100
WATCHED = tuple(f"experiment.emergence{part}" for part in ("", ".green", ".phrase", ".tired", ".wide"))
EMERGENCE = "experiment.emergence"


def right_words(raw: Raw) -> list[int]:
    """The ids of the words that are right, told by their names: those read next, and the end mark."""
    words = list(raw.words("probs", "vocab"))
    return [words.index(word) for word in (*raw.words("probs", "position")[1:], "<end>")]


def looked_at(raw):
    return {axis: raw.words("probs", axis) for axis in ("checkpoint", "position")}


@oracle("checkpoint_true_probs", WATCHED, "checkpoint position", looked_at, "probs")
def checkpoint_true_probs(raw):
    return [[float(rows[0][i][word]) for i, word in enumerate(right_words(raw))] for rows in raw["probs"]]


@oracle("checkpoint_losses", WATCHED, "checkpoint position", looked_at, "probs")
def checkpoint_losses(raw):
    return [[math.log(1 / p) for p in look] for look in checkpoint_true_probs(raw)]


@oracle("checkpoint_hits", WATCHED, "checkpoint position", looked_at, "probs")
def checkpoint_hits(raw):
    return [[int(rows[0][i][word] == max(rows[0][i])) for i, word in enumerate(right_words(raw))]
            for rows in raw["probs"]]  # fmt: skip


INVARIANT, INFLECTED = "adjective(invariant)->noun", "adjective(inflected)->noun"


def curves(raw: Raw) -> dict[str, np.ndarray]:
    """For each role the scores of the head that is best in the end; invariant adjectives have the inflected ones'."""
    score = raw["/experiment.emergence.roles.score"]
    names = raw.words("/experiment.emergence.roles.score", "role")
    found = {}
    for k, name in enumerate(names):
        judge = names.index(INFLECTED) if name == INVARIANT else k
        best = max(np.ndindex(score.shape[2:]), key=lambda at: score[(-1, judge, *at)])
        found[name] = score[(slice(None), k, *best)]
    return found


def first_to_stay(scores, steps, level) -> int:
    """Walking back from the end as long as the scores are high."""
    found = -1
    for score, step in zip(reversed(list(scores)), reversed(list(steps)), strict=True):
        if score < level:
            break
        found = int(step)
    return found


@oracle("score_of_final_head", f"{EMERGENCE}.roles", "checkpoint role",
        lambda raw: {axis: raw.words("score", axis) for axis in ("checkpoint", "role")}, "score")  # fmt: skip
def score_of_final_head(raw):
    return np.stack([*curves(raw).values()], 1)


@oracle("onset", f"{EMERGENCE}.roles", "role", lambda raw: {"role": raw.words("score", "role")}, "score")
def onset(raw):
    steps = raw["/experiment.emergence.step"]
    return [first_to_stay(scores, steps, EARNED) for scores in curves(raw).values()]


def learned_lines(raw: Raw) -> dict[str, np.ndarray]:
    """Alignment, the roles that are earned in the end and common enough, whole sentences: the earliest first."""
    steps, asked = raw["step"], dict(zip(raw.words("roles.score", "role"), raw["roles.queries"][-1], strict=True))
    found = {"alignment": raw["alignment"]}
    found |= {role: scores for role, scores in curves(raw).items() if scores[-1] >= EARNED and asked[role] >= ENOUGH}
    found["whole sentences"] = raw["exact"]

    def when(name):
        step = first_to_stay(found[name], steps, EARNED - 1e-6)
        return math.inf if step < 0 else step

    return {name: found[name].astype(float) for name in sorted(found, key=when)}


def lines_of(raw):
    return {"line": tuple(learned_lines(raw))}


@oracle("learned", EMERGENCE, "checkpoint line", lines_of, "alignment")
def learned(raw):
    return np.array([*learned_lines(raw).values()]).T


@oracle("learned_onset", EMERGENCE, "line", lines_of, "alignment")
def learned_onset(raw):
    return [first_to_stay(scores, raw["step"], EARNED - 1e-6) for scores in learned_lines(raw).values()]


def doublings(raw: Raw) -> list[dict[tuple[int, int], float]]:
    """Return the gain of each line between two steps whose second is at most twice the first."""
    steps = [*enumerate(raw["step"].tolist())]
    pairs = [(a, b, start, stop) for a, start in steps for b, stop in steps if start < stop <= 2 * start]
    return [{(start, stop): line[b] - line[a] for a, b, start, stop in pairs} for line in learned_lines(raw).values()]


@oracle("largest_rise_in_doubling", EMERGENCE, "line", lines_of, "alignment")
def largest_rise_in_doubling(raw):
    lines = learned_lines(raw).values()
    return [max(gains.values()) / (scores[-1] - scores[0]) for scores, gains in zip(lines, doublings(raw), strict=True)]


@oracle("steepest_doubling", EMERGENCE, "line end", lines_of, "alignment")
def steepest_doubling(raw):
    return [max(gains, key=gains.__getitem__) for gains in doublings(raw)]


@oracle("abrupt_lines", EMERGENCE, "", needs="alignment")
def abrupt_lines(raw):
    return sum(part > 0.5 for part in largest_rise_in_doubling(raw))


@oracle("lines", EMERGENCE, "", needs="alignment")
def lines(raw):
    return len(learned_lines(raw))


# Chains.


def own(axis):
    """The words along an axis of the tensor that the prefix names."""
    return lambda raw: {axis: raw.words(f"/{raw.prefix}", axis)}


def over_seeds_of(raw: Raw) -> np.ndarray:
    """The mean over the axis that the card calls seed; it is the second of all of these."""
    rows = raw.itself.astype(float)
    return sum(rows[:, s] for s in range(rows.shape[1])) / rows.shape[1]


@oracle("share_of_gain", ("experiment.against_lstm.exact",), "")
def share_of_gain(raw):
    first, second, *_, last = over_seeds_of(raw)
    return (second - first) / (last - first)


@oracle("failed", "experiment.failures.exact", "length", own("length"))
def failed(raw):
    return [1 - right for right in raw.itself]


@oracle("longest_solved", "experiment.against_lstm.by_length", "model", own("model"))
def longest_solved(raw):
    found = []
    for row in over_seeds_of(raw):
        best = 0
        for length, share in zip(raw["/experiment.against_lstm.length"], row, strict=True):
            if share < 0.9:
                break
            best = int(length)
        found.append(best)
    return found


@oracle("trainings_that_solved", "experiment.recall.steps", "model", own("model"))
def trainings_that_solved(raw):
    return [sum(math.isfinite(step) and step > 0 for step in row) for row in raw.itself]


@oracle("trainings", ("experiment.recall.steps", "experiment.against_lstm.exact"), "")
def trainings(raw):
    return len(raw.itself[0])


@oracle("state_size", ("lstm.encoder", "lstm_with_attention.encoder"), "", needs="states")
def state_size(raw):
    return len(raw["states"][0, 0])


def places(raw: Raw) -> dict[str, tuple[str, ...]]:
    words = raw.words("states", "position")
    return {"query": words, "key": words}


READS = ("lstm.encoder", "lstm_with_attention.encoder")


@oracle("equal_shares", READS, "query", lambda raw: {"query": raw.words("states", "position")}, "f")
def equal_shares(raw):
    """A memory of as many equal parts as tokens were read."""
    return [1 / (t + 1) for t, _ in enumerate(raw["cells"][0])]


@oracle("recurrent_path_lengths", READS, "query key", places, "states")
def recurrent_path_lengths(raw):
    size = len(raw["states"][0])
    return [[max(i - j, j - i) for j in range(size)] for i in range(size)]


def memories(raw: Raw) -> dict[str, tuple[str, ...]]:
    return {"position": raw.words("states", "position")}


@oracle("memory_kept", READS, "batch position d_state", memories, "f")
def memory_kept(raw):
    """The memory minus what the token wrote."""
    return raw["cells"] - memory_written(raw)


@oracle("memory_written", READS, "batch position d_state", memories, "f")
def memory_written(raw):
    return np.einsum("bts,bts->bts", raw["i"], raw["g"])


@oracle("memory_squashed", READS, "batch position d_state", memories, "f")
def memory_squashed(raw):
    """The state divided by the output gate."""
    return raw["states"] / raw["o"]


@oracle("memory_shares", READS, "batch query key", places, "f")
def memory_shares(raw):
    """Without the write of a token, all else as it was, a memory lacks what this token wrote."""
    f, write, memory = raw["f"][0], memory_written(raw)[0], raw["cells"][0]

    def read(without: int) -> list[np.ndarray]:
        cells = [np.zeros_like(memory[0])]
        for t in range(len(memory)):
            cells.append(f[t] * cells[-1] + (write[t] if t != without else 0))
        return cells[1:]

    lacking = [[whole - cell for whole, cell in zip(memory, read(j), strict=True)] for j in range(len(memory))]
    return [[[lacking[j][t] @ memory[t] / (memory[t] @ memory[t]) for j in range(len(memory))]
             for t in range(len(memory))]]  # fmt: skip


# Heads that were switched off.

OFF = "experiment.heads_off"


@oracle("ablation_accuracy", OFF, "model layer head role",
        lambda raw: {"model": ("all heads", "one off"), "role": raw.words("before", "choice")}, "before")  # fmt: skip
def right(raw):
    after = raw["encoder"]
    return [[[raw["before"] for _ in layer] for layer in after], after]


@oracle("ablation_effect", OFF, "role layer head", lambda raw: {"role": raw.words("before", "choice")}, "before")
def ablation_effect(raw):
    return [[[raw["before"][role] - head[role] for head in layer] for layer in raw["encoder"]]
            for role in range(len(raw["before"]))]  # fmt: skip


# Words.


for _word in ("noun", "adjective"):

    @oracle(f"{_word}_totals", "training", _word, lambda raw, w=_word: {w: raw.words("pairs", w)}, "pairs")
    def totals(raw, word=_word):
        return [sum(int(count) for count in row) for row in (raw["pairs"] if word == "noun" else raw["pairs"].T)]


def kinds_of(raw):
    return raw.words("/experiment.neurons.area", "kind")


def is_of_kind(raw: Raw) -> list[list[int]]:
    """By the grammar's own lists of words, whose names are those of the recorded experiment."""
    from transformer_core.studies.translator.grammar.lexicon import kinds

    return [[int(word.lower() in kinds()[kind]) for kind in kinds_of(raw)] for word in raw.tokens("source")]


@oracle("of_kind", "encoder.?.ffn", "position kind", lambda raw: {"kind": kinds_of(raw)},
        "/experiment.neurons.area")  # fmt: skip
def of_kind(raw):
    return is_of_kind(raw)


@oracle("named_after", "encoder.?.ffn", "position d_ff", needs="/experiment.neurons.best_kind")
def named_after(raw):
    kind, table = raw["/experiment.neurons.best_kind"][int(raw.prefix.split(".")[1])], is_of_kind(raw)
    return [[value if table[i][kind[unit]] else 0 for unit, value in enumerate(row)]
            for i, row in enumerate(raw["post"][0])]  # fmt: skip


# Trainings that differ in one thing.

REMOVED = "experiment.parts_removed"


@oracle("trial_layers", REMOVED, "", needs="steps")
def trial_layers(_):
    return 2


@oracle("missing", f"{REMOVED}.parameters", "part", own("part"))
def missing(raw):
    return [(raw.itself[0] - count) / raw.itself[0] for count in raw.itself]


@oracle("guessed_probs", ("experiment.long_prompt",), "position",
        lambda raw: {"position": raw.words("surprise", "position")}, "surprise")  # fmt: skip
def guessed_probs(raw):
    return [math.exp(-float(bits) * math.log(2)) for bits in raw["surprise"]]


@oracle("billions", "experiment.modern_blocks", "model", lambda raw: {"model": raw.words("millions", "model")},
        "millions")  # fmt: skip
def billions(raw):
    return raw["millions"] * 1e6 / 1e9


# Steps between words, in a plane.

CAPITALS = ("experiment.meaning.capital_plane",)


def pairs_of(raw: Raw) -> list[tuple[complex, complex]]:
    """The words of each pair as complex numbers."""
    spots = [complex(*spot) for spot in raw.itself]
    return [*zip(spots[::2], spots[1::2], strict=True)]


@oracle("copied_step", CAPITALS, "")
def copied_step(raw):
    pairs = pairs_of(raw)
    missed = [sum(abs(a + goal - start - b) for a, b in pairs) for start, goal in pairs]
    return missed.index(min(missed))


def both_words(raw):
    labels = raw.words(f"/{raw.prefix}", "vocab")
    return {"vocab": labels[::2], "other": labels[1::2]}


@oracle("copy_distances", CAPITALS, "vocab other", both_words)
def copy_distances(raw):
    pairs = pairs_of(raw)
    others = [[goal - start for j, (start, goal) in enumerate(pairs) if j != i] for i in range(len(pairs))]
    return [[abs(a + sum(some) / len(some) - b) for _, b in pairs] for (a, _), some in zip(pairs, others, strict=True)]


# A linear probe's rows that are drawn.

PROBE = "experiment.probe"


@oracle("wrong_side", PROBE, "part", lambda raw: {"part": raw.words("genders", "part")}, "genders")
def wrong_side(raw):
    return [sum(bool(new) and spot[0] * gender <= 0 for spot, gender, new in zip(*plane, raw["unseen"], strict=True))
            for plane in zip(raw["spots"], raw["genders"], strict=True)]  # fmt: skip


@oracle("cost_so_far", "experiment.spare_heads", "part", lambda raw: {"part": raw.words("which", "part")}, "which")
def cost_so_far(raw):
    kept = [(share, spare) for share, spare in zip(raw["alone"], raw["which"], strict=True)]
    return [sum(raw["right"][0] - share for share, spare in kept[: k + 1] if spare) for k in range(len(kept))]


# A plane as paper, folded along x + y = 0: the eye turns it by an eighth and looks down on it.

BOUNDARY = ("experiment.boundary",)


def looked_upon(x: float, y: float, height: float) -> list[float]:
    turned = complex(x, y) * complex(math.cos(math.pi / 4), -math.sin(math.pi / 4))
    return [turned.real + 0.16 * turned.imag, 0.5 * turned.imag + 0.6 * height]


def lifted(x: float, y: float) -> list[float]:
    return [0, max(0, x + y), abs(x + y)]


def grid_of(raw: Raw) -> list[list[tuple[float, float]]]:
    side, edge = len(raw["planes"][0]), float(raw["edge"])
    at = [edge * (2 * k / (side - 1) - 1) for k in range(side)]
    return [[(x, y) for x in at] for y in at]


def points_of(raw: Raw) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in raw["points"]]


def right_of(raw: Raw, level: float) -> float:
    rows = zip(points_of(raw), raw["kinds"], strict=True)
    return sum((abs(x + y) > level) != bool(kind) for (x, y), kind in rows) / len(raw["points"])


@oracle("best_cut", BOUNDARY, "choice", lambda _: {"choice": ("level", "accuracy")}, needs="points")
def best_cut(raw):
    """In the middle between two heights that follow each other; the lowest of the best."""
    high = sorted(abs(x + y) for x, y in points_of(raw))
    level = max(((a + b) / 2 for a, b in pairwise(high)), key=lambda level: right_of(raw, level))
    return level, right_of(raw, level)


@oracle("paper_points", BOUNDARY, "fold sample component", needs="points")
def paper_points(raw):
    cut = best_cut(raw)[0]
    return [[looked_upon(x, y, lifted(x, y)[fold] - cut) for x, y in points_of(raw)] for fold in range(3)]


@oracle("paper_sheets", BOUNDARY, "fold row column component", needs="planes")
def paper_sheets(raw):
    cut = best_cut(raw)[0]
    return [[[looked_upon(x, y, [*lifted(x, y), cut][fold] - cut) for x, y in row] for row in grid_of(raw)]
            for fold in range(4)]  # fmt: skip


@oracle("learned_sheets", BOUNDARY, "frame row column component", needs="planes")
def learned_sheets(raw):
    spots = grid_of(raw)
    return [[[looked_upon(*spots[i][j], -float(score) / 12) for j, score in enumerate(row)]
             for i, row in enumerate(plane)] for plane in raw["planes"]]  # fmt: skip


@oracle(
    "moved", ("experiment.patching.car_rows", "experiment.patching.tired_rows"), "layer position",
    lambda raw: {axis: raw.words(f"/{raw.prefix}", axis) for axis in ("layer", "position")},
)  # fmt: skip
def moved(raw):
    """By distances of whole rows, and the farthest of them."""
    other = raw[f"/{raw.prefix.removesuffix('rows')}donor_rows"]
    far = [[math.dist(a, b) for a, b in zip(*rows, strict=True)] for rows in zip(raw.itself, other, strict=True)]
    return [[one / max(map(max, far)) for one in line] for line in far]
