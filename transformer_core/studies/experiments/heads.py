"""Experiments on the heads of the lecture's model: what is lost without them, and what each looks at."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

import numpy as np
import numpy.typing as npt
import torch

from transformer_core.interpret import head_off
from transformer_core.interpret.intervention import attentions
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import DEFAULT_MODEL
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.translation import (
    by_length,
    held_out,
    is_right,
    passes,
    share_exact,
    source_rows,
    translator,
    vocabulary,
)
from transformer_core.studies.focus import EARNED
from transformer_core.studies.translator import roles
from transformer_core.studies.translator.evaluate import alignment
from transformer_core.studies.translator.grammar import Pair
from transformer_core.studies.translator.roles import DECIDING
from transformer_core.studies.translator.train import FOUR_CROSS_HEADS, POST_NORM, load_model
from transformer_core.text.vocabulary import PAD

KINDS = (*DECIDING, "everything else", "whole sentences")


def kinds_of(pair: Pair) -> np.ndarray:
    """For each Spanish word the place in `KINDS` of the role in which an English word it translates is the query."""
    query_tokens = [{query_token for query_token, _ in pair.roles.get(role, ())} for role in DECIDING]
    others = len(DECIDING)
    kinds = [next((at for at, some in enumerate(query_tokens) if some & {*of}), others) for of in pair.alignment]
    return np.array(kinds, dtype=int)


def means(model: Transformer, pairs: Sequence[Pair]) -> dict[str, np.ndarray]:
    """The mean of z over all words that are no padding, by the path of each attention: "head d_head"."""
    paths = [path for path, _ in attentions(model)]
    rows: dict[str, list[np.ndarray]] = {path: [] for path in paths}
    for some, target, tape in passes(model, pairs, [f"{path}.z" for path in paths]):
        for path in paths:
            z = tape[f"{path}.z"].transpose(1, 2)
            reads_source = path.startswith("encoder")
            rows[path].append(source_rows(z, some) if reads_source else z[target[:, :-1] != PAD].numpy())
    return {path: np.concatenate(found).mean(0) for path, found in rows.items()}


def judged(model: Transformer, pairs: Sequence[Pair]) -> np.ndarray:
    """The share of words that are right, by kind, with the right words before them; and of sentences written whole."""
    hits: list[np.ndarray] = []
    for some, target, tape in passes(model, pairs, ["logits"]):
        guessed = tape["logits"].argmax(-1)
        for pair, row, answers in zip(some, guessed, target, strict=True):
            words = len(pair.target)
            hits.append((row[:words] == answers[1 : words + 1]).numpy())
    right, kind = np.concatenate(hits), np.concatenate([kinds_of(pair) for pair in pairs])
    shares = np.bincount(kind, right, len(KINDS) - 1) / np.maximum(np.bincount(kind, minlength=len(KINDS) - 1), 1)
    return np.array([*shares, share_exact(model, pairs)])


Head = tuple[str, int]


def heads_of(model: Transformer) -> list[Head]:
    """Path and number of every head."""
    return [(path, head) for path, attention in attentions(model) for head in range(attention.heads)]


def without(model: Transformer, off: Iterable[Head], usual: Piece, right: Callable[[], npt.ArrayLike]) -> Piece:
    """Return what is `right` with these heads at their means."""
    with ExitStack() as switches:
        for path, head in off:
            switches.enter_context(head_off(model, path, head, torch.from_numpy(usual[path][head])))
        return {"right": np.asarray(right())}


@experiment("What goes wrong when one head is switched off?")
def heads_off(bench: Bench, sentences: int = 1000) -> Found:
    """Mean ablation of single heads: the output is replaced by its mean over all words of held-out sentences.

    Counted is each Spanish word, with the right words before it, by the role that the grammar gives to its English
    word: an article depends on its noun, a form of "be" on its adjective, an inflected adjective on its noun; and whole
    sentences that the model writes itself. Zero would be a value that no later layer ever saw; the mean takes away what
    the head says of this sentence and leaves what it says of every one. Source: Wang et al. 2022, section 2.1 (mean
    ablation).
    """
    model, pairs = translator(), held_out(sentences)
    bench.expect(2 + len(heads_of(model)))
    usual = bench.once("means", lambda: means(model, pairs))

    def right(key: str, *off: Head) -> np.ndarray:
        return bench.once(key, lambda: without(model, off, usual, lambda: judged(model, pairs)))["right"]

    before = right("all heads")
    after = {path: [right(f"{path} {head}", (path, head)) for head in range(attention.heads)]
             for path, attention in attentions(model)}  # fmt: skip
    words = {"choice": KINDS}
    stacks = {"encoder": "encoder.*.self_attn", "decoder": "decoder.*.self_attn", "cross": "decoder.*.cross_attn"}
    counted = np.bincount(np.concatenate([kinds_of(pair) for pair in pairs]), minlength=len(KINDS) - 1)
    by_stack = {name: [after[path] for path in fnmatch.filter(after, paths)] for name, paths in stacks.items()}
    of_words = tensors("choice", words, before=before, counted=[*counted, len(pairs)])
    average = [usual[path] for path in fnmatch.filter(after, stacks["encoder"])]
    of_heads = tensors("layer head d_head", {}, encoder_average=average)
    return tensors("layer head choice", words, **by_stack) | of_words | of_heads


#: The most that a spare head costs alone: in the gap of the costs on the sentences that choose, from 0.6% to 0.8%.
SPARE = 0.007


@experiment("Heads that nobody misses, one at a time: what if all of them go?")
def spare_heads(bench: Bench, sentences: int = 1000) -> Found:
    """Joint ablation of all heads that cost nothing when ablated alone.

    A head is spare if, alone, its absence costs at most `SPARE` of all held-out sentences. Each is replaced by its
    mean, as in `heads_off`. If spare heads stand in for each other, they cost more together than their own costs add up
    to. They are chosen on one half of the sentences, and judged on the other: on those that chose them, their own costs
    are too small. Source: Michel et al. 2019, section 3 (one head at a time, and many).
    """
    model, pairs = translator(), [*held_out(2 * sentences)]
    chosen_on, judged_on = pairs[:sentences], pairs[sentences:]
    heads = heads_of(model)
    names = [f"{path} {head}" for path, head in heads]
    bench.expect(4 + 2 * len(heads))
    usual = bench.once("means", lambda: means(model, chosen_on))

    def right(key: str, off: Iterable[Head], some: list[Pair]) -> float:
        return float(bench.once(key, lambda: without(model, off, usual, lambda: share_exact(model, some)))["right"])

    first = right("all heads, to choose", (), chosen_on)
    costly = [first - right(f"{name}, to choose", [head], chosen_on) for name, head in zip(names, heads, strict=True)]
    spare = [head for head, cost in zip(heads, costly, strict=True) if cost <= SPARE]
    before = right("all heads", (), judged_on)
    alone = [right(name, [head], judged_on) for name, head in zip(names, heads, strict=True)]
    together = right("together", spare, judged_on)
    costs = [before - share for head, share in zip(heads, alone, strict=True) if head in spare]
    words = {"choice": ("all heads", "without the spare ones"), "part": names}
    return (
        tensors("choice", words, right=[before, together])
        | tensors("part", words, alone=alone, which=[int(head in spare) for head in heads])
        | tensors(spare=len(spare), heads=len(heads), sentences=len(judged_on))
        | tensors(added_up=sum(costs), together=before - together, worst_alone=max(costs, default=0.0))
    )


MODELS = {"one": DEFAULT_MODEL, "four": FOUR_CROSS_HEADS}


def measured(which: str, sentences: int) -> Piece:
    model, pairs = load_model(MODELS[which])[0], held_out(sentences)
    looked = alignment(model, vocabulary(), pairs)
    table, query_tokens = roles.score(model, vocabulary(), pairs)
    return {
        "heads": np.array(model.config.cross_heads or model.config.heads),
        "right": is_right(model, pairs),
        "alignment": np.array([looked["all"], looked["without_inserted"]]),
        "alignment_by_layer": np.array(looked["by_layer"]),
        "roles": table.values,
        "queries": query_tokens.values,
    }


@experiment("What do one and four cross-attention heads leave to the encoder?")
def cross_heads(bench: Bench, sentences: int = 2000) -> Found:
    """A cross-attention head or four: results of the two shipped translators on the same held-out sentences.

    With four, the decoder can look at several source words itself; with one, the encoder has to bring them together.
    Measured of each model: whole sentences right, by length too; where its cross-attention looks; and its encoder
    heads' role scores, from which a role is named only if it is earned.
    """
    found = bench.each("{}", MODELS, lambda which: measured(which, sentences))
    lengths, counted, shares = by_length(held_out(sentences), found["right"])
    words = {"model": MODELS, "length": lengths, "choice": ("all", "without inserted"), "role": roles.ROLES}
    scores, right = found["roles"].max((2, 3)), found["right"]
    return (
        tensors("model", words, heads=found["heads"], exact=right.mean(1), named=(scores >= EARNED).sum(1))
        | tensors("model length", words, exact_by_length=shares)
        | tensors("length", words, lengths=lengths, sentences_by_length=counted)
        | tensors("model choice", words, alignment=found["alignment"])
        | tensors("model layer", words, alignment_by_layer=found["alignment_by_layer"])
        | tensors("model role", words, best_role=scores)
        | tensors("model role layer head", words, role=found["roles"])
        | tensors("role", words, queries=found["queries"][0])
        | tensors(sentences=sentences)
    )


#: The roles whose cases are counted, how many sentences are kept, of how many tokens at most, and in how many steps.
COUNTED = {"determiner": "determiner->noun"} | {k: f"adjective({k})->noun" for k in ("inflected", "invariant")}
KEPT, SHORT, STEPS = 6, 6, 40
#: The translators that come with the lecture.
SHIPPED = {path.stem: path for path in (DEFAULT_MODEL, FOUR_CROSS_HEADS, POST_NORM)}


@experiment("Determiners, adjectives, and their nouns, case by case: which heads find them, and how often?")
def head_cases(bench: Bench, sentences: int = 10_000) -> Found:
    """The cases behind the scores of some roles in the shipped translators, on held-out sentences.

    Of each role, `found` counts on, as a share of all cases: its last state is the score. Of the first short sentences
    that have a case, `weights_0` and so on are the attention weights of their first query, `queries` its positions, and
    `answers` those of its noun.
    """
    bench.facts |= {"model": ", ".join(SHIPPED)}
    every = {kind: cases_of(bench, kind, held_out(sentences)) for kind in COUNTED}
    return {f"{kind}.{name}": one for kind, found in every.items() for name, one in found.items()}


def cases_of(bench: Bench, kind: str, pairs: Sequence[Pair]) -> Found:
    """The cases of one role."""
    short = [pair for pair in pairs if len(pair.source) <= SHORT and COUNTED[kind] in pair.roles][:KEPT]
    links = np.array([pair.roles[COUNTED[kind]][0] for pair in short])

    def counted(name: str) -> Piece:
        model = load_model(SHIPPED[name])[0]
        hits = np.array([hit for role, hit in roles.cases(model, vocabulary(), pairs) if role == COUNTED[kind]])
        ends = np.linspace(0, len(hits), STEPS + 1).astype(int)
        found = {"found": np.pad(hits.cumsum(0), ((1, 0), (0, 0), (0, 0)))[ends] / len(hits)}
        ((_, _, tape),) = passes(model, short, ["encoder.*.self_attn.weights"])
        layers = torch.stack([*tape.values()]).numpy()
        rows = {f"weights_{i}": layers[:, i, :, links[i, 0], : len(pair.source)] for i, pair in enumerate(short)}
        return found | {"cases": np.array(len(hits))} | rows

    found = bench.each(f"{kind} {{}}", SHIPPED, counted)
    result = tensors(cases=found["cases"][0]) | tensors("sample", queries=links[:, 0], answers=links[:, 1])
    result |= tensors("model step layer head", {"model": SHIPPED}, found=found["found"])
    for i, pair in enumerate(short):
        words = {"model": SHIPPED, "key": pair.source}
        result |= tensors("model layer head key", words, **{f"weights_{i}": found[f"weights_{i}"]})
    return result
