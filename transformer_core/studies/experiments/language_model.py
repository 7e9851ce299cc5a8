"""Experiments on a real language model, SmolLM2-135M-Instruct in 4 bits, and the texts that they read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transformer_core.config import Config
from transformer_core.decoding.beam import beam
from transformer_core.decoding.sampling import greedy, reshaped, sample
from transformer_core.interpret.heads import head_scores
from transformer_core.interpret.lens import logit_lens
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel, open_model
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import held_out, translator, vocabulary
from transformer_core.studies.translator.evaluate import batches_of
from transformer_core.text.subwords import JOIN
from transformer_core.text.vocabulary import END, PAD, START
from transformer_core.tracing.tap import Tape, record

NAME = "smollm2"
#: Texts in a table beside this file.
TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
#: Beginnings by a short name; short texts of plain prose; and pairs of sentences: the text, two last words, and a noun.
PROMPTS: dict[str, str] = TABLE["prompts"]
TEXTS: tuple[str, ...] = tuple(TABLE["prose"]["texts"])
PAIRS: dict[str, tuple[str, str, str, str]] = {name: tuple(pair) for name, pair in TABLE["pairs"].items()}


@lru_cache(maxsize=1)
def language_model() -> LoadedModel:
    """The installed model, in single precision.

    Raises:
        ValueError: it is not installed; the line says how to.
    """
    return open_model(NAME, "float32")


def facts(bench: Bench) -> LoadedModel:
    """The model, whose name, config and quantisation the card of the experiment will state; it is worth all threads."""
    torch.set_num_threads(bench.threads)
    loaded = language_model()
    stated = {"config": loaded.model.config.as_dict(), "quantisation": loaded.facts["quantisation"]}
    bench.facts |= {"model": "SmolLM2-135M-Instruct", **stated}
    return loaded


def ids_of(loaded: LoadedModel, text: str) -> Tensor:
    """The ids of a text, without a start mark, "batch position" for one sentence."""
    assert loaded.tokenizer is not None
    return torch.tensor([loaded.tokenizer.read(text).ids])


def pieces_of(loaded: LoadedModel, ids: list[int]) -> tuple[str, ...]:
    """The pieces as they are shown."""
    assert loaded.tokenizer is not None
    return tuple(loaded.tokenizer.target[i] for i in ids)


def recorded(model: Transformer, ids: Tensor, *points: str) -> Tape:
    """The tensors at `points` of one pass over `ids`, and the logits."""
    with torch.inference_mode(), record(only=[*points, "logits"]) as tape:
        model(None, ids)
    return tape


def stacked(tape: Tape, pattern: str) -> np.ndarray:
    """A point of all layers, of the only sentence; "*" stands for the layer."""
    layers = range(sum(name.endswith(pattern.rpartition("*")[2]) for name in tape))
    return np.stack([tape[pattern.replace("*", str(layer))][0].numpy() for layer in layers])


def losses(model: Transformer, ids: Tensor) -> Tensor:
    """-log p of each piece after the first, "batch position", in nats."""
    with torch.inference_mode():
        logs = model(None, ids[:, :-1]).log_softmax(-1)
    return -logs.gather(-1, ids[:, 1:, None])[..., 0]


def next_probs(model: Transformer, ids: Tensor) -> Tensor:
    """The probability of every token after the last one."""
    with torch.inference_mode():
        found: Tensor = model(None, ids)[0, -1].double().softmax(-1)
    return found


SHOWN = 20


def predicted(loaded: LoadedModel, text: str, shown: int = SHOWN) -> Piece:
    """The likeliest pieces after `text` with their probabilities, the entropy, and the lens on the winner."""
    ids, model = ids_of(loaded, text), loaded.model
    probs = next_probs(model, ids)
    likely = probs.topk(shown)
    wanted = torch.full_like(ids, int(likely.indices[0]))
    lens = logit_lens(model, (None, ids), wanted, positions=[-1], top=1)
    ranks = lens["lens.rank"].values[:, 0, 0]
    return {
        "ids": likely.indices.numpy(),
        "probs": likely.values.numpy(),
        "entropy": torch.special.entr(probs).sum().numpy(),
        "ranks": ranks,
        "said": lens["lens.top_ids"].values[:, 0, 0, 0],
        "decided": np.array(decided(ranks)),
    }


def decided(ranks: np.ndarray) -> int:
    """The first layer, 0 for the input, from which on the winner is the likeliest."""
    behind = np.flatnonzero(ranks > 1)
    return int(behind[-1]) + 1 if len(behind) else 0


@experiment("What does a real language model predict after ten prompts, and in which layer is it decided?")
def next_token(bench: Bench) -> Found:
    """The next token that a real language model predicts after ten prompts, and the layer in which it gets there.

    The likeliest twenty pieces of each, and the entropy of all 49,152. The logit lens reads every layer as if it were
    the last: the rank of the piece that the model says in the end, and the first layer from which on it stays the
    likeliest. Of one prompt, also the likeliest pieces after the one that it says. Source: nostalgebraist 2020 (logit
    lens).
    """
    loaded = facts(bench)
    found = bench.each("{}", PROMPTS, lambda key: predicted(loaded, PROMPTS[key]))
    layers = ("input", *map(str, range(loaded.model.config.decoder_layers)))
    words = {"sentence": PROMPTS.values(), "layer": layers}
    entropy, when = found["entropy"], found["decided"]
    made = (
        tensors("sentence rank", words, top=found["probs"])
        | tensors("sentence", words, entropy=entropy, decided=when)
        | tensors("sentence layer", words, lens_rank=found["ranks"])
        | tensors(decided_median=np.median(when), prompts=len(PROMPTS))
    )
    for at, key in enumerate(PROMPTS):
        pieces, said = (pieces_of(loaded, found[name][at].tolist()) for name in ("ids", "said"))
        read = [f"{layer}: {piece}" for layer, piece in zip(layers, said, strict=True)]
        made |= tensors("rank", {"rank": pieces}, **{key: found["probs"][at]})
        made |= tensors("layer", {"layer": read}, **{f"{key}_lens": found["ranks"][at]})
    then = next_probs(loaded.model, ids_of(loaded, f"{PROMPTS['rome']} {made['rome'].labels['rank'][0]}")).topk(SHOWN)
    following = [piece.removeprefix(JOIN) for piece in pieces_of(loaded, then.indices.tolist())]
    return made | tensors("rank", {"rank": following}, rome_then=then.values.numpy())


#: The prompt that leaves much open, and the one that leaves little.
OPEN, CLOSED = "walk", "paris"
TEMPERATURES = tuple(tenths / 10 for tenths in range(2, 21))
RULES: Mapping[str, Mapping[str, Any]] = {
    "cold": {"temperature": 0.5},
    "hot": {"temperature": 1.5},
    "top_k": {"top_k": 5},
    "top_p": {"top_p": 0.9},
}
CUTS = ("top_k", "top_p")
WRITTEN, DRAWS = 7, 3
NO_END = -1


def after(loaded: LoadedModel, text: str, shown: int = SHOWN) -> Piece:
    """The likeliest `shown` pieces after `text`, at each temperature and under each cut."""
    probs = next_probs(loaded.model, ids_of(loaded, text))
    ids = probs.topk(shown).indices
    tempered = torch.stack([reshaped(probs, temperature)[ids] for temperature in TEMPERATURES])
    cut = torch.stack([reshaped(probs, **RULES[name]) for name in CUTS])
    return {
        "ids": ids.numpy(),
        "tempered": tempered.numpy(),
        "running": probs[ids].cumsum(0).numpy(),
        "cut": cut[:, ids].numpy(),
        "kept": (cut > 0).sum(-1).numpy(),
    }


def goes_on(loaded: LoadedModel, text: str, rule: Mapping[str, Any], seed: int, written: int = WRITTEN) -> Piece:
    """Draw pieces y_t ~ q(y | text, y_<t), the model's p as `rule` reshapes it: arrays along "step".

    `ids` are y_t, `probs` q(y_t), and `tail` is true where top-p of `RULES` would have cut y_t off.
    """
    found = sample(loaded.model, None, ids_of(loaded, text), NO_END, written, seed=seed, **rule)
    kept = torch.stack([reshaped(probs, **RULES["top_p"]) for probs in found.probs[0]])
    chance, left = (rows.gather(-1, found.token[0][:, None])[:, 0] for rows in (found.rule[0], kept))
    return {"ids": found.token[0].numpy(), "probs": chance.numpy(), "tail": (left == 0).numpy()}


def as_words(
    pieces: tuple[str, ...], probs: np.ndarray, tail: np.ndarray
) -> tuple[tuple[str, ...], list[float], list[bool]]:
    """Pieces put together where one goes on from the one before; the probability of each word, and whether any of its
    pieces is of the tail."""
    words: list[str] = []
    chances: list[float] = []
    cut: list[bool] = []
    for piece, chance, off in zip(pieces, probs.tolist(), tail.tolist(), strict=True):
        if piece.startswith(JOIN) and words:
            words[-1] += piece.removeprefix(JOIN)
            chances[-1] *= chance
            cut[-1] |= off
        elif not piece.startswith("["):  # a space or a new line alone: nothing to read
            words.append(piece.removeprefix(JOIN))
            chances.append(chance)
            cut.append(off)
    return tuple(words), chances, cut


@experiment("What do temperature, top-k and top-p make of the next token of a real language model, and of its text?")
def continuations(bench: Bench) -> Found:
    """The next token of a real language model under several rules, and how the text goes on under each.

    After one prompt that leaves much open, and one that leaves little: the likeliest twenty pieces at temperatures from
    0.2 to 2, and what top-k and top-p leave. Then three continuations under each of four rules, drawn with the seeds
    that come first, and which of their words top-p would have cut off. Source: Ackley et al. 1985 (temperature); Fan et
    al. 2018 (top-k); Holtzman et al. 2020 (top-p).
    """
    loaded = facts(bench)
    bits = [int(found) for found in re.findall(r"Q(\d)", str(bench.facts["quantisation"]))]
    bench.expect(2 + len(RULES) * DRAWS)
    seeds = range(bench.seed, bench.seed + DRAWS)
    prompts, one = (PROMPTS[OPEN], PROMPTS[CLOSED]), {"model": (bench.facts["model"],)}
    made = (
        tensors("sentence", {"sentence": prompts}, prompts=[len(prompt.split()) for prompt in prompts])
        | tensors("temperature", temperatures=TEMPERATURES)
        | tensors(draws=DRAWS, k=RULES["top_k"]["top_k"], p=RULES["top_p"]["top_p"])
        | tensors(cold=RULES["cold"]["temperature"], hot=RULES["hot"]["temperature"])
        | tensors("model", one, bits=[min(bits, default=32)])
    )
    for name, key in (("open", OPEN), ("closed", CLOSED)):
        found = bench.once(name, partial(after, loaded, PROMPTS[key]))
        words = {"rank": pieces_of(loaded, found["ids"].tolist()), "choice": CUTS}
        of_key = (
            tensors("temperature rank", words, by_temperature=found["tempered"])
            | tensors("rank", words, running=found["running"])
            | tensors("choice rank", words, cut=found["cut"])
            | tensors("choice", words, kept=found["kept"])
        )
        made |= {f"{name}_{short}": one for short, one in of_key.items()}
    for name, rule in RULES.items():
        for at, seed in enumerate(seeds):
            drawn = bench.once(f"{name} {seed}", partial(goes_on, loaded, PROMPTS[OPEN], rule, seed))
            steps, chances, tail = as_words(pieces_of(loaded, drawn["ids"].tolist()), drawn["probs"], drawn["tail"])
            of_text = {f"{name}_text_{at}": chances, f"{name}_tail_{at}": np.array(tail, int)}
            made |= tensors("step", {"step": steps}, **of_text)
    return made


#: The prompt whose search is kept whole; how many tokens are written, and by how wide a beam.
WEEKDAYS, BEAM_WRITTEN, BEAM_WIDTH = "days", 6, 4


def raced(loaded: LoadedModel, text: str, written: int = BEAM_WRITTEN) -> Piece:
    """Write pieces after `text` greedily, and search with a beam for the largest S = sum_t log p(y_t | text, y_<t).

    Greedy decoding has `ids` and `logs`, log p in nats, "step"; the fields of the beam's `Tree` are along "node";
    `scores` has S of greedy decoding and of the beam, "choice".
    """
    assert loaded.tokenizer is not None
    ids, words = ids_of(loaded, text), loaded.tokenizer.target
    found = sample(loaded.model, None, ids, NO_END, written, temperature=0)
    (tree,) = beam(loaded.model, None, ids, NO_END, BEAM_WIDTH, written, length_penalty=0)
    searched = {name: one.values for name, one in tree.tensors(words, "").items()}
    logs = found.log_prob[0].double().numpy()
    last = searched["score"][tree.hypotheses[0]]
    return searched | {"ids": found.token[0].numpy(), "logs": logs, "scores": np.array([logs.sum(), last])}


def overtakes(sentences: int) -> Piece:
    """Count the held-out sentences, of so many, that the lecture's translator translates differently with a beam."""
    model, words, differ = translator(), vocabulary(), 0
    for _, source, _ in batches_of(words, held_out(sentences)):
        padding = source == PAD
        first = greedy(model, source, START, END, words.longest, padding)
        trees = beam(model, source, START, END, BEAM_WIDTH, words.longest, padding, length_penalty=0)
        differ += sum([*one] != tree.ids() for one, tree in zip(first, trees, strict=True))
    return {"differ": np.array(differ)}


@experiment("Where does a beam search find a likelier text than greedy decoding?")
def beams(bench: Bench, sentences: int = 10_000) -> Found:
    """Greedy decoding and a beam search of the same model, by the sum of log-probabilities.

    Six pieces after each of ten prompts of the real language model: the sums of both, and of one prompt the whole tree
    of the search. Beside it, in how many new sentences of the lecture's translator, which is hardly ever in doubt, the
    two differ at all. Source: Sutskever et al. 2014, section 3.2 (beam search).
    """
    loaded = facts(bench)
    bench.expect(len(PROMPTS) + 1)
    found = bench.each("{}", PROMPTS, lambda key: raced(loaded, PROMPTS[key]))
    own = bench.once("translator", lambda: overtakes(sentences))
    at, scores = [*PROMPTS].index(WEEKDAYS), found["scores"]
    tree = {name: found[name][at] for name in ("parent", "step", "log_prob", "score", "kept", "finished", "best")}
    nodes, steps = (
        [piece.removeprefix(JOIN) for piece in pieces_of(loaded, found[name][at].tolist())] for name in ("token", "ids")
    )
    return (
        tensors("sentence", {"sentence": PROMPTS.values()}, greedy_score=scores[:, 0], beam_score=scores[:, 1])
        | tensors(prompts=len(PROMPTS), better=(scores[:, 1] > scores[:, 0] + 1e-6).sum(), at=at, width=BEAM_WIDTH)
        | tensors("step", {"step": steps}, greedy_sum=found["logs"][at].cumsum())
        | tensors("node", {"node": nodes}, token=found["token"][at], **tree)
        | tensors(differ=own["differ"], sentences=sentences)
    )


STACK_WEIGHTS, STACK_STREAM = "{}.*.self_attn.weights", "{}.*.resid_post"


def rows_of_it(tape: Tape, stack: str, it: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights of "it" on `width` tokens, "layer head key", its vectors and the last ones, "layer d_model"."""
    weights, stream = (stacked(tape, pattern.format(stack)) for pattern in (STACK_WEIGHTS, STACK_STREAM))
    return weights[:, :, it, :width], stream[:, it], stream[:, -1]


def compared(loaded: LoadedModel, key: str) -> Piece:
    """The differences between the two sentences of a pair, and the weights of "it" on the noun, "layer head"."""
    text, *words, noun = PAIRS[key]
    assert loaded.tokenizer is not None
    ids = [ids_of(loaded, text.format(word)) for word in words]
    pieces = [loaded.tokenizer.source[i] for i in ids[0][0].tolist()]
    it, place = len(pieces) - 1 - pieces[::-1].index("it"), pieces.index(noun.strip())
    points = [STACK_WEIGHTS.format("decoder"), STACK_STREAM.format("decoder")]
    seen = [rows_of_it(recorded(loaded.model, each, *points), "decoder", it, it + 1) for each in ids]
    return differences(seen) | {"noun": seen[0][0][:, :, place]}


def differences(seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Piece:
    """The largest difference in weights of "it", in its vectors, and in the last vectors over their largest entry."""
    (weights, vectors, last), (other_weights, other_vectors, other_last) = seen
    return {
        "weights": np.abs(weights - other_weights).max(),
        "vectors": np.abs(vectors - other_vectors).max(),
        "last": np.abs(last[-1] - other_last[-1]).max() / np.abs(last[-1]).max(),
    }


def in_an_encoder(key: str = "animal") -> Piece:
    """The same differences in the encoder of the lecture's translator."""
    text, *words, _noun = PAIRS[key]
    model, seen = translator(torch.float64), []
    for word in words:
        reading = vocabulary().read(text.format(word).replace("didn't", "did not"))
        it = reading.labels.index("it")
        with torch.no_grad(), record(only=[STACK_WEIGHTS.format("encoder"), STACK_STREAM.format("encoder")]) as tape:
            model.encode(torch.tensor([reading.ids]))
        seen.append(rows_of_it(tape, "encoder", it, len(reading.ids)))
    return differences(seen)


@experiment('What can the "it" of a causal language model know of the word that comes after it?')
def pronoun(bench: Bench) -> Found:
    """The "it" of a causal language model, and the word after it that says what it stands for.

    Five pairs of sentences are the same but for their last word, which says what "it" is: "The animal didn't cross the
    street because it was too tired", or "too wide". A causal model reads "it" before that word. Measured: the largest
    difference between the two runs in any weight of the row of "it", and between the vectors of "it"; the difference
    between the last rows, where the words differ; and which head of "it" looks at the noun. The encoder of the
    lecture's translator, which sees both sides, is held against it with the first pair.
    """
    loaded = facts(bench)
    bench.expect(len(PAIRS) + 1)
    found = bench.each("{}", PAIRS, lambda key: compared(loaded, key))
    encoder = bench.once("encoder", in_an_encoder)
    words = {"pair": PAIRS}
    return (
        tensors("pair", words, **{name: found[name] for name in ("weights", "vectors", "last")})
        | tensors("pair layer head", words, noun=found["noun"])
        | tensors(encoder_weights=encoder["weights"], pairs=len(PAIRS))
    )


WEIGHTS = "decoder.*.self_attn.weights"
#: Random pieces in each half, and how many such sequences.
HALF, SEQUENCES = 40, 12
#: How many heads are ablated at once, and how many draws of other heads they are held against.
TAKEN, OTHER_DRAWS = (1, 5, 10), 4
#: The first pieces of the vocabulary are marks.
MARKS = 20
Heads = Sequence[tuple[int, int]]


def attending(loaded: LoadedModel, text: str) -> Piece:
    """Scores of every head in one text, "layer head": sink, previous token, entropy over the largest possible."""
    ids = ids_of(loaded, text)
    tape = recorded(loaded.model, ids, WEIGHTS)
    scores = head_scores(tape.trace())
    weights = torch.from_numpy(stacked(tape, WEIGHTS))[:, :, 1:].double()  # the first token sees itself alone
    most = torch.arange(2, ids.shape[1] + 1, dtype=torch.float64).log()
    entropy = (torch.special.entr(weights).sum(-1) / most).mean(-1)
    return {
        "sink": scores["heads.sink"].values,
        "previous": scores["heads.previous_token"].values,
        "entropy": entropy.numpy(),
    }


def repeated(loaded: LoadedModel, seed: int, half: int = HALF, sequences: int = SEQUENCES) -> Tensor:
    """Random pieces, each sequence written twice: "batch position"."""
    random = torch.Generator().manual_seed(seed)
    vocab = loaded.model.config.target_vocab
    once = torch.randint(min(MARKS, vocab // 2), vocab, (sequences, half), generator=random)
    return torch.cat([once, once], 1)


def induction(loaded: LoadedModel, ids: Tensor) -> Piece:
    """The induction score of every head, "sentence layer head", and the loss of both halves, "sentence choice"."""
    half, traces = ids.shape[1] // 2, (recorded(loaded.model, row[None], WEIGHTS).trace() for row in ids)
    scores = [head_scores(trace, period=half)["heads.induction"].values for trace in traces]
    return {"score": np.stack(scores), "loss": by_half(losses(loaded.model, ids)).numpy()}


def by_half(loss: Tensor) -> Tensor:
    """The mean loss of the first half, its first piece left out, and of the second, "batch choice"."""
    half = (loss.shape[1] + 1) // 2
    return torch.stack([loss[:, : half - 1].mean(1), loss[:, half:].mean(1)], 1)


def without(heads: Heads, read: Callable[[], Tensor]) -> Tensor:
    """The result of `read` while the output of each of `heads` is its mean over texts and places."""
    edits = {}
    for layer in {layer for layer, _ in heads}:
        mine = [head for at, head in heads if at == layer]

        def average(z: Tensor, mine: list[int] = mine) -> Tensor:
            z[:, mine] = z[:, mine].mean((0, 2), keepdim=True)
            return z

        edits[f"decoder.{layer}.self_attn.z"] = average
    with torch.inference_mode(), record(only=["logits"], edit=edits):
        return read()


def other_heads(config: Config, best: Heads, seed: int, draws: int) -> list[Heads]:
    """Draw as many (layer, head) as `best` has, none of them in it and none twice: `draws` times."""
    random, layers = np.random.default_rng(seed), config.decoder_layers
    others = [head for head in np.ndindex(layers, config.heads) if head not in {*best}]
    return [[others[i] for i in random.choice(len(others), len(best), replace=False)] for _ in range(draws)]


def ablated(loaded: LoadedModel, ids: Tensor, best: Heads, seed: int, draws: int = OTHER_DRAWS) -> Piece:
    """The loss of the second half without the best heads, and without as many others, drawn `draws` times; and without
    the best, the spread of the loss over the sequences.
    """
    read = partial(losses, loaded.model, ids)
    off = best, *other_heads(loaded.model.config, best, seed, draws)
    halves = torch.stack([by_half(without(heads, read)) for heads in off])
    return {"loss": halves.mean(1)[:, 1].numpy(), "spread": np.ptp(halves[0, :, 1].numpy())}


@experiment("Where do the heads of a real language model look, and what do its induction heads do?")
def sinks_and_induction(bench: Bench) -> Found:
    """Heads of a real language model: attention sinks, previous-token heads, induction heads, and how spread attention
    is.

    In twelve texts: the weight on the first token, on the token before, and the entropy, by layer and head. In random
    pieces that are repeated once: the weight of each head on the piece that followed the same one before, and the loss
    in the first and the second half. What the best induction heads do is measured by ablating them: their output is
    replaced by its mean, and so is that of as many heads drawn by chance.

    Source: Xiao et al. 2024 (sinks); Elhage et al. 2021, Olsson et al. 2022 (induction); Clark et al. 2019.
    """
    loaded = facts(bench)
    config = loaded.model.config
    bench.expect(len(TEXTS) + 1 + len(TAKEN))
    texts = bench.each("text {}", range(len(TEXTS)), lambda at: attending(loaded, TEXTS[at]))
    ids = repeated(loaded, bench.seed)
    found = bench.once("repeated", partial(induction, loaded, ids))
    score = found["score"].mean(0)
    order = [divmod(int(i), config.heads) for i in np.argsort(-score, axis=None)]
    removed = bench.each("without {}", TAKEN, lambda count: ablated(loaded, ids, order[:count], bench.seed))
    words: dict[str, Sequence[Any]] = {"layer": range(config.decoder_layers), "head": range(config.heads)}
    words |= {"amount": TAKEN, "choice": ("first half", "second half")}
    return (
        tensors("layer head", words, induction=score, **{name: values.mean(0) for name, values in texts.items()})
        | tensors("layer", words, **{f"{name}_by_layer": values.mean((0, 2)) for name, values in texts.items()})
        | tensors("sentence", **{f"{name}_by_text": values.mean((1, 2)) for name, values in texts.items()})
        | tensors("choice", words, loss=found["loss"].mean(0), loss_spread=np.ptp(found["loss"], axis=0))
        | tensors("amount", words, without_best=removed["loss"][:, 0], without_best_spread=removed["spread"])
        | tensors("amount sample", words, without_others=removed["loss"][:, 1:])
        | tensors(texts=len(TEXTS), sequences=len(ids))
    )
