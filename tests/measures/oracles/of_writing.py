"""Oracles of decoding: probabilities of the next word, the logit lens, and scores of whole sentences."""

import math

import numpy as np

from oracles import Raw, oracle
from oracles.of_sublayers import norm

ROOTS = ("", "other.later")
WRITTEN = "logits decoder.0.resid_pre"


def next_words(raw: Raw) -> list[int]:
    """The id that each row has to write: what it reads next, and the end mark in the last row."""
    read = [int(i) for i in raw["embed_tgt.ids"][0]]
    return [*read[1:], int(raw.about["end"])]


def along_target(raw):
    return {"position": raw.words("embed_tgt.sum", "position")}


@oracle("true_probs", ROOTS, "batch position", along_target, WRITTEN)
def true_probs(raw):
    return [[raw["probs"][0, i, word] for i, word in enumerate(next_words(raw))]]


@oracle("losses", ROOTS, "batch position", along_target, WRITTEN)
def losses(raw):
    """log sum_w exp(logit_w) - logit_y."""
    logits = raw["logits"][0]
    return [[math.log(math.fsum(np.exp(logits[i]))) - logits[i, word] for i, word in enumerate(next_words(raw))]]


@oracle("word_order", ROOTS, "batch position vocab", along_target, WRITTEN)
def word_order(raw):
    return [[sorted(range(len(row)), key=lambda w: (-row[w], w)) for row in sentence] for sentence in raw["logits"]]


@oracle("tail_prob", ROOTS, "batch position rank", along_target, WRITTEN)
def tail_prob(raw):
    falling = [sorted(row.tolist(), reverse=True) for row in raw["probs"][0]]
    return [[[math.fsum(row[k:]) for k in range(1, len(row) + 1)] for row in falling]]


def stops(raw: Raw) -> list[np.ndarray]:
    layers = raw.config["decoder_layers"]
    return [raw["0.resid_pre"], *(raw[f"{layer}.resid_post"] for layer in range(layers))]


def along_layers(raw):
    return {"layer": ("input", *(f"layer {layer + 1}" for layer in range(raw.config["decoder_layers"])))}


def read_early(raw: Raw) -> list[np.ndarray]:
    final = raw.config["final_norm"] or (raw.config["final_norm"] is None and raw.config["norm_order"] == "pre")
    rows = [norm(raw.at(raw.prefix), "final_norm", x) if final else x for x in stops(raw)]
    table = raw["/parameters.output.w"] if not raw.config["tied_output"] else raw["/parameters.embed_tgt.table"].T
    bias = raw["/parameters.output.b"] if raw.config["output_bias"] else 0
    return [x @ table + bias for x in rows]


DECODERS = ("decoder", "other.later.decoder")


@oracle("lens_logits", DECODERS, "layer batch position vocab",
        lambda raw: along_layers(raw) | {"vocab": raw.words("/logits", "vocab")}, "0.resid_pre")  # fmt: skip
def lens_logits(raw):
    return read_early(raw)


@oracle("lens_probs", DECODERS, "layer batch position vocab",
        lambda raw: along_layers(raw) | {"vocab": raw.words("/logits", "vocab")}, "0.resid_pre")  # fmt: skip
def lens_probs(raw):
    return [[[np.exp(row) / math.fsum(np.exp(row)) for row in logits[0]]] for logits in read_early(raw)]


@oracle("lens_ranks", DECODERS, "layer batch position", along_layers, "0.resid_pre")
def lens_ranks(raw):
    words = next_words(raw.at(raw.root.rstrip(".")))
    found = [sorted(logits[0, i], reverse=True).index(logits[0, i, word]) + 1
             for logits in read_early(raw) for i, word in enumerate(words)]  # fmt: skip
    return np.reshape(found, (-1, 1, len(words)))


# Choices, and whole sentences.


def along_steps(raw):
    return {"step": raw.words("log_prob", "step")}


@oracle("chosen_probs", "decoding.greedy", "step", along_steps, "log_prob")
def chosen_probs(raw):
    return [max(row) for row in raw["probs"]]


@oracle("beam_width", "decoding.beam", "", needs="kept")
def beam_width(raw):
    counts: dict[int, int] = {}
    for step, kept in zip(raw["step"], raw["kept"], strict=True):
        counts[int(step)] = counts.get(int(step), 0) + int(kept)
    return max(counts.values())


@oracle("text_probs", "experiment.beams.greedy_sum", "step",
        lambda raw: {"step": raw.words("/experiment.beams.greedy_sum", "step")})  # fmt: skip
def text_probs(raw):
    return [math.exp(total) for total in raw.itself]


#: The list of a lecture names so many tokens, and so many are drawn.
NAMED, DRAWN = 8, 20
TEMPERED = ("experiment.continuations.open_by_temperature", "experiment.continuations.closed_by_temperature")


@oracle("unlisted", TEMPERED, "temperature")
def unlisted(raw):
    return [1 - math.fsum(row[:NAMED]) for row in raw.itself]


def from_bits() -> list[float]:
    """Numbers between 0 and 1 from the upper 53 bits of what the generator of seed 0 gives."""
    return [int(word >> np.uint64(11)) * 2.0**-53 for word in np.random.PCG64(0).random_raw(DRAWN)]


@oracle("spots", TEMPERED, "draw")
def spots(_raw):
    return from_bits()


@oracle("landed", TEMPERED, "temperature draw")
def landed(raw):
    found = []
    for row in raw.itself:
        ends = [math.fsum(row[: k + 1]) for k in range(NAMED)]
        found.append([next((k for k, end in enumerate(ends) if spot < end), NAMED) for spot in from_bits()])
    return found


@oracle("tail_kept", ("experiment.continuations.open_running", "experiment.continuations.closed_running"), "")
def tail_kept(raw):
    """By the second token: every one that is kept was divided by the same sum."""
    running, cut = raw.itself, raw[f"/{raw.prefix.removesuffix('running')}cut"][1]
    return (running[1] - running[0]) / cut[1] - running[7]


@oracle("unsmoothed", "decoding.greedy", "step", along_steps, "log_prob /experiment.sampling.smoothing")
def unsmoothed(raw):
    each = float(raw["/experiment.sampling.smoothing"]) / raw["probs"].shape[1]
    return [max(0.0, max(row) - each) / math.fsum(max(0.0, p - each) for p in row) for row in raw["probs"]]
