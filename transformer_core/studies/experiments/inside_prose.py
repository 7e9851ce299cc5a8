"""Views into a real language model at work in prose: all its heads, one of its units, the logit lens, and "it".

One sentence is read by all 270 heads. Where a head rests on the first token, the length of the value that it finds
there is measured over the twelve texts. A name that comes twice shows the best induction head and the best
previous-token head at work. The logit lens reads one prompt. One unit of all feed-forward layers is chosen because it
tells words of time in the twelve texts apart from all others (the share of pairs in which it is more active for the
word of time; of several that are equal, the one whose means lie most deviations apart), and is then tried on two texts
with other words of time; how well units do by chance is told by the same search for words drawn at random. Last, two
sentences that differ in their last word: what "it" looks at, and what the last word looks at in the head in which its
look at a noun changes most; and which noun the model takes "it" for, by how likely the last word is where "it" is
replaced by each noun; of the first of them, the loss of each word after either noun.

Source: Xiao et al. 2024 (sinks); Olsson et al. 2022 (induction); nostalgebraist 2020 (logit lens); Trinh and Le 2018
(which noun).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from transformer_core.interpret.lens import logit_lens
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.language_model import (
    HALF,
    PAIRS,
    PROMPTS,
    TABLE,
    TAKEN,
    TEXTS,
    WEIGHTS,
    Heads,
    facts,
    ids_of,
    losses,
    other_heads,
    pieces_of,
    recorded,
    repeated,
    stacked,
    without,
)  # fmt: skip
from transformer_core.studies.experiments.parts import areas
from transformer_core.text.subwords import JOIN
from transformer_core.tracing.tap import Tape
from transformer_core.tracing.trace import Trace

VALUES, UNITS = "decoder.*.self_attn.v", "decoder.*.ffn.post"
#: A name that comes twice, and the next tokens that are kept.
TWICE, NEXT = "A cat named Silver Moon lived here. Every night Silver", 3
#: Words of time in the twelve texts; two texts with others, and these.
OF_TIME, NEW_OF_TIME = {*TABLE["time"]["words"]}, {*TABLE["time"]["new_words"]}
NEW_TEXTS: tuple[str, ...] = tuple(TABLE["time"]["new_texts"])
#: The other noun of each pair of sentences: the second word is said of it, in the last pair the first.
OTHERS = {"animal": "street", "trophy": "suitcase", "ball": "window", "truck": "bus", "cup": "jug"}
#: The repeated sequence of which some tokens are kept, and these.
COPIED, KEPT = 8, slice(20, 26)
#: A head has a name if it gives more than so much of its attention to the place that the name tells.
NAMED_FROM = 0.5


def read(loaded: LoadedModel, text: str, *points: str) -> tuple[tuple[str, ...], Tape]:
    """The pieces of a text as words, and what was recorded at `points`."""
    return cut(loaded, text), recorded(loaded.model, ids_of(loaded, text), *points)


def cut(loaded: LoadedModel, text: str) -> tuple[str, ...]:
    """The pieces of a text as words."""
    return tuple(piece.removeprefix(JOIN) for piece in pieces_of(loaded, ids_of(loaded, text)[0].tolist()))


def lengths(loaded: LoadedModel, text: str) -> Piece:
    """The weight of all later tokens on the first one, and the length of its value over that of others."""
    _, tape = read(loaded, text, WEIGHTS, VALUES)
    norms = np.linalg.norm(stacked(tape, VALUES), axis=-1)
    return {"sink": stacked(tape, WEIGHTS)[:, :, 1:, 0].mean(-1), "ratio": norms[:, :, 0] / norms[:, :, 1:].mean(-1)}


def active(loaded: LoadedModel, texts: Sequence[str]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """All units at all tokens but the first of each text, "position unit", and the words of each text."""
    rows, words = [], []
    for text in texts:
        pieces, tape = read(loaded, text, UNITS)
        units = stacked(tape, UNITS).swapaxes(0, 1)
        rows.append(units.reshape(len(units), -1)[1:])
        words.append(pieces)
    return np.concatenate(rows), words


def unit_of_time(loaded: LoadedModel, seed: int) -> Piece:
    """The unit that tells words of time apart, how well it does so in new texts, and how well units do by chance."""
    old, words = active(loaded, TEXTS)
    these = np.array([word in OF_TIME for text in words for word in text[1:]])
    shares = areas(old, these[:, None])[:, 0]
    apart = (old[these].mean(0) - old[~these].mean(0)) / old[~these].std(0)
    unit = int(max(np.flatnonzero(shares >= shares.max() - 1e-9), key=lambda at: apart[at]))
    new, others = active(loaded, NEW_TEXTS)
    those = np.array([word in NEW_OF_TIME for text in others for word in text[1:]])
    shuffled = np.random.default_rng(seed).permutation(these)
    return {
        "unit": np.array(unit),
        "shuffled": areas(old, shuffled[:, None]).max(),
        "new": areas(new[:, unit], those[:, None])[0],
        "active": np.concatenate([[0.0], new[: len(others[0]) - 1, unit], [0.0], new[len(others[0]) - 1 :, unit]]),
    }


def name_twice(loaded: LoadedModel, best: tuple[int, int], previous: tuple[int, int]) -> Piece:
    """The patterns of two heads in a text with a name that comes twice, and the next token."""
    _, tape = read(loaded, TWICE, WEIGHTS)
    weights = stacked(tape, WEIGHTS)
    likely = tape["logits"][0, -1].double().softmax(-1).topk(NEXT)
    patterns = np.stack([weights[best], weights[previous]])
    return {"patterns": patterns, "ids": likely.indices.numpy(), "probs": likely.values.numpy()}


def through_the_lens(loaded: LoadedModel, text: str) -> Piece:
    """The likeliest piece of each layer with its probability, and that of the piece that wins in the end."""
    ids, model = ids_of(loaded, text), loaded.model
    lens = logit_lens(model, (None, ids), positions=[-1])["lens.probs"].values[:, 0, 0]
    return {"said": lens.argmax(-1), "likeliest": lens.max(-1)}


def last_looks(loaded: LoadedModel, key: str) -> Piece:
    """The rows of "it" and of the last word in both sentences of a pair, in the head where each says most."""
    text, *words, noun = PAIRS[key]
    rows = []
    for word in words:
        pieces, tape = read(loaded, text.format(word), WEIGHTS)
        rows.append(stacked(tape, WEIGHTS))
    it = len(pieces) - 1 - pieces[::-1].index("it")
    # A noun of several pieces is found by its first.
    nouns = [pieces.index(noun.strip()), next(i for i, one in enumerate(pieces) if OTHERS[key].startswith(one))]
    change = np.abs(rows[0][:, :, -1, nouns] - rows[1][:, :, -1, nouns]).max(-1)
    last = np.unravel_index(change.argmax(), change.shape)
    best = np.unravel_index(rows[0][:, :, it, nouns[0]].argmax(), change.shape)
    width = max(len(PAIRS[one][0].split()) for one in PAIRS) * 2
    found = np.zeros((2, 2, width), np.float32)
    for at, each in enumerate(rows):
        found[0, at, : len(pieces)], found[1, at, : len(pieces)] = each[(*best, it)], each[(*last, -1)]
    return {"rows": found, "change": change.max(), "head": np.array([best, last])}


def losses_after(loaded: LoadedModel, key: str, word: str) -> list[np.ndarray]:
    """The losses of the pieces after each noun that stands in the place of "it"."""
    text, *_, noun = PAIRS[key]
    before, _, after = text.rpartition(" it ")
    texts = [f"{before} the {name} {after.format(word)}" for name in (noun.strip(), OTHERS[key])]
    later = len(cut(loaded, after.format(word)))
    return [losses(loaded.model, ids_of(loaded, one))[0, -later:].numpy() for one in texts]


def taken_for(loaded: LoadedModel, key: str) -> Piece:
    """Log-probability of the last word where "it" is replaced by each noun; 1 where the right one is larger.

    Source: Trinh and Le 2018.
    """
    found = np.array([[-row[-1] for row in losses_after(loaded, key, word)] for word in PAIRS[key][1:3]])
    right = [1, 0] if key == "cup" else [0, 1]
    return {"logs": found, "right": np.array([found[at].argmax() == right[at] for at in range(2)], float)}


def copies(loaded: LoadedModel, best: Heads, others: Heads, seed: int) -> Piece:
    """Predict the second half of repeated pieces, without some heads (see `without`).

    `said` = argmax_y p(y | x_<t) and `likely` = max_y p(y | x_<t), "choice sentence position": with all heads, without
    the `TAKEN` best induction heads, and without the others. `pieces` are x_t, "sentence position".
    `weights` are those of the best head from x_(t-1) of the second half on x_t of the first, for the t that are `KEPT`.
    """
    ids = repeated(loaded, seed)
    asked = partial(loaded.model, None, ids[:, :-1])
    off = [*(best[:count] for count in (0, *TAKEN)), others]
    said = [without(heads, asked)[:, HALF - 1 :].softmax(-1).max(-1) for heads in off]
    layer, head = best[0]
    place = f"decoder.{layer}.self_attn.weights"
    weights = recorded(loaded.model, ids[COPIED][None], place).trace()[place].values[0, head]
    kept = range(HALF)[KEPT]
    return {
        "said": np.stack([one.indices.numpy() for one in said]),
        "likely": np.stack([one.values.numpy() for one in said]),
        "pieces": ids[:, HALF:].numpy(),
        "weights": np.array([weights[HALF - 1 + at, at] for at in kept]),
    }


def names(scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The number of heads with each name and with none, and of induction heads that are sinks in prose as well."""
    sink, previous, induction = (scores[name] > NAMED_FROM for name in ("sink", "previous", "induction"))
    return {
        "named": np.array([sink.sum(), previous.sum(), induction.sum(), (~(sink | previous | induction)).sum()]),
        "resting": np.array((sink & induction).sum()),
    }


@experiment("What do the parts of a real language model do in prose: its heads, a unit, and its last word?")
def inside_prose(bench: Bench) -> Found:
    loaded = facts(bench)
    config = loaded.model.config
    bench.expect(len(TEXTS) + 7 + 2 * len(PAIRS))
    recorded = Trace({}).under("experiment.sinks_and_induction")
    scores = {name: recorded[name].values for name in ("sink", "previous", "induction")}
    order = {name: [divmod(int(i), config.heads) for i in np.argsort(-one, axis=None)] for name, one in scores.items()}
    induction, previous = order["induction"][0], order["previous"][0]
    text, word, *_ = PAIRS["animal"]

    def wall() -> Piece:
        _, tape = read(loaded, text.format(word), WEIGHTS, VALUES)
        values = np.linalg.norm(stacked(tape, VALUES), axis=-1)
        layer, head = induction
        return {"wall": stacked(tape, WEIGHTS), "values": values[layer, head * config.kv_heads // config.heads]}

    seen = bench.once("wall", wall)
    texts = bench.each("text {}", range(len(TEXTS)), lambda at: lengths(loaded, TEXTS[at]))
    twice = bench.once("twice", partial(name_twice, loaded, induction, previous))
    lens = bench.once("lens", partial(through_the_lens, loaded, PROMPTS["paris"]))
    unit = bench.once("unit", partial(unit_of_time, loaded, bench.seed))
    looks = bench.each("looks of {}", PAIRS, lambda key: last_looks(loaded, key))
    taken = bench.each("taken for {}", PAIRS, lambda key: taken_for(loaded, key))
    raced = bench.once("race", lambda: {"losses": np.stack(losses_after(loaded, "animal", word))})
    best = order["induction"][: TAKEN[-1]]
    (others,) = other_heads(config, best, bench.seed, draws=1)
    copied = bench.once("copies", partial(copies, loaded, best, others, bench.seed))
    named = names(scores)

    pairs = [cut(loaded, text.format(one)) for one in PAIRS["animal"][1:3]]
    tokens, first = cut(loaded, TWICE), len(cut(loaded, NEW_TEXTS[0]))
    at_heads = looks["head"][list(PAIRS).index("animal")]
    sinks = texts["sink"].mean(0) > NAMED_FROM
    # A value belongs to a key/value head, which several heads share.
    ratio = texts["ratio"].mean(0).repeat(config.heads // config.kv_heads, 1)
    clearest, right = np.array([induction, previous]), taken["right"]
    words = {"query": pairs[0], "key": pairs[0], "pair": PAIRS, "part": ("layer", "head"), "row": ("it", "last")}
    twos = {"choice": ("induction", "previous"), "query": tokens, "key": tokens}
    said = {"rank": pieces_of(loaded, twice["ids"].tolist()), "step": pieces_of(loaded, lens["said"].tolist())}
    kinds = {"kind": ("sink", "previous token", "induction", "none of these")}
    followed = {"kind": ("induction", "previous token"), "part": ("layer", "head")}
    tried = {
        "sentence": [word for pair in PAIRS.values() for word in pair[1:3]],
        "pair": [pair[0].removesuffix(" {}") for pair in PAIRS.values()],
    }
    found = (
        tensors("layer head query key", words, wall=seen["wall"])
        | tensors("key", words, values=seen["values"])
        | tensors(heads=config.decoder_layers * config.heads, layers=config.decoder_layers, texts=len(TEXTS))
        | tensors(sink=texts["sink"].mean(), value_ratio=ratio[sinks].mean(), value_ratio_others=ratio[~sinks].mean())
        | tensors("choice query key", twos, twice=twice["patterns"])
        | tensors("rank", said, next=twice["probs"])
        | tensors("step", said, lens_likeliest=lens["likeliest"])
        | tensors("part", {"part": ("layer", "unit")}, unit=np.add(divmod(int(unit["unit"]), config.d_ff), (1, 0)))
        | tensors(units=config.decoder_layers * config.d_ff, unit_new=unit["new"], unit_shuffled=unit["shuffled"])
        | tensors("pair", words, noun_change=looks["change"])
        | tensors("sentence", tried, taken_right=right.reshape(-1))
        | tensors("pair", tried, taken_by_pair=right.sum(1))
        | tensors("kind part", followed, best_heads=clearest + 1)
        | tensors("row part", words, look_heads=at_heads + 1)
        | tensors("kind", kinds, named=named["named"])
        | tensors(resting=named["resting"], earned=NAMED_FROM, taken_in_all=right.sum(), taken_of=right.size)
        | tensors("part", {"part": ("Xiao et al.", "Trinh and Le")}, sources=[2024, 2018])
    )
    for at, (one, bound) in enumerate(zip(NEW_TEXTS, (slice(0, first), slice(first, None)), strict=True)):
        pieces = cut(loaded, one)
        of_time = [float(word in NEW_OF_TIME) for word in pieces]
        rows = {f"unit_text_{at}": unit["active"][bound], f"of_time_{at}": of_time}
        found |= tensors("position", {"position": pieces}, **rows)
    choices = {"choice": ("all heads", *(f"best {count} off" for count in TAKEN), "others off")}
    kept = {"position": pieces_of(loaded, copied["pieces"][COPIED, KEPT].tolist())}
    right = copied["said"] == copied["pieces"]
    found |= tensors("choice", choices, copied=right.sum((1, 2)), heads_off=(0, *TAKEN, TAKEN[-1]))
    found |= tensors("sample part", {"part": words["part"]}, others_off=np.array(others) + 1)
    found |= tensors(copied_of=right[0].size, sequences=len(right[0]))
    found |= tensors("position", kept, copied_weight=copied["weights"])
    for at, (said, likely) in enumerate(zip(copied["said"], copied["likely"], strict=True)):
        spoken = {"position": pieces_of(loaded, said[COPIED, KEPT].tolist())}
        found |= tensors("position", spoken, **{f"said_{at}": likely[COPIED, KEPT]})
    for at, which in enumerate(("first", "second")):
        it, last = looks["rows"][list(PAIRS).index("animal"), :, at, : len(pairs[at])]
        found |= tensors("key", {"key": pairs[at]}, **{f"it_{which}": it, f"last_{which}": last})
    after = {"choice": ("animal", OTHERS["animal"]), "position": pairs[0][pairs[0].index("it") + 1 :]}
    return found | tensors("choice position", after, noun_losses=raced["losses"])
