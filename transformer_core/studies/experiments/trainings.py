"""Experiments on trainings of the translator that differ in one thing, or in their seed alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, experiment, tensors
from transformer_core.studies.experiments.translation import (
    BRIEF,
    TrainingPlan,
    built,
    compare,
    corpus,
    held_out,
    rebuilt,
    seeds,
    share_exact,
    vocabulary,
)
from transformer_core.studies.translator import roles
from transformer_core.text.vocabulary import SPECIAL, START
from transformer_core.tracing.tap import record
from transformer_core.training.train import Recipe, Run

#: What is changed, by the name of what is left out. The first is whole.
PARTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "positions": {"positions": "none"},
    "residual": {"residual": False},
    "norm": {"norm_order": "none", "final_norm": False},
    "all heads but one": {"heads": 1},
    "feed-forward": {"d_ff": 0},
    "root": {"attention_scale": False},
    "warm-up": {"warm_up": 0},
    #: With one head d_k is d_model: the root again, at the larger d_k.
    "all heads but one, and root": {"heads": 1, "attention_scale": False},
}
OF_PARTS = TrainingPlan()


@experiment("What does it cost to train without positions, residual, norm, heads, feed-forward, root or warm-up?")
def parts_removed(bench: Bench, plan: TrainingPlan = OF_PARTS, parts: tuple[str, ...] = tuple(PARTS)) -> Found:
    """Ablation of the parts of a Transformer: each is left out, and the model trained from the start without it.

    Data, steps, rate and seeds are the same for all. Every model is a translator of the lecture's size with as many
    cross-attention heads as self-attention heads, trained briefly (`BRIEF`). Which differences count, `exact.effect`
    says (see `transformer_core.studies.measures.significance`); five seeds, since with three the rate of false alarms
    of the whole family is not kept where a training either succeeds or fails. Source of the parts: Vaswani et al. 2017,
    section 3 (table 3 has ablations of their own); warm-up: section 5.3.
    """
    compared = compare(bench, "part", plan, {part: PARTS[part] for part in parts})
    d_model, heads = plan.recipe.sizes["d_model"], plan.recipe.sizes["heads"]
    widths = {"choice": ("all heads", "one head")}
    return (
        compared.found()
        | tensors("part", {"part": parts}, parameters=compared.table("parameters")[:, 0])
        | tensors("choice", widths, d_k=[d_model // heads, d_model])
    )


PRE: dict[str, Any] = {"norm_order": "pre", "final_norm": True}
POST: dict[str, Any] = {"norm_order": "post", "final_norm": False}
NONE: dict[str, Any] = {"norm_order": "none", "final_norm": False}
SHALLOW: dict[str, Any] = {"encoder_layers": 2, "decoder_layers": 2}
AT_ONCE = {"warm_up": 0}
MODELS = {
    "pre-norm, no warm-up": PRE | AT_ONCE,
    "post-norm, no warm-up": POST | AT_ONCE,
    "no norm, no warm-up": NONE | AT_ONCE,
    "post-norm, warm-up": POST,
    "shallow, pre-norm, no warm-up": PRE | SHALLOW | AT_ONCE,
    "shallow, no norm, no warm-up": NONE | SHALLOW | AT_ONCE,
}
DEEP = replace(BRIEF, steps=400, warm_up=100, sizes=BRIEF.sizes | {"encoder_layers": 6, "decoder_layers": 6})
DEEP_PLAN = TrainingPlan(DEEP, sentences=500, checks=(100, 200, 300, 400))


@experiment("Six layers a side: what is lost without a norm, or with the norm in the other place?")
def depth_and_norm(bench: Bench, plan: TrainingPlan = DEEP_PLAN, models: tuple[str, ...] = tuple(MODELS)) -> Found:
    """The worth of the norm in a deep model: six layers a side, post-norm, pre-norm and none; and in a shallow one.

    The lecture's model has two layers a side, where a missing norm may not show. Here the stacks are as deep as the
    paper's base model, and narrow. Post-norm needs a warm-up that pre-norm can do without: Xiong et al. 2020, section
    3. Two layers a side are trained for as many steps, also without a warm-up: only the depth differs.
    """
    compared = compare(bench, "model", plan, {name: MODELS[name] for name in models})
    deep, shallow = plan.recipe.sizes["encoder_layers"], SHALLOW["encoder_layers"]
    return compared.found() | tensors(layers=deep, shallow_layers=shallow)


KINDS: dict[str, dict[str, Any]] = {"waves": {}, "learned": {"positions": "learned"}, "none": {"positions": "none"}}
COPIES = 11
OF_POSITIONS = TrainingPlan(trainings=3)


@experiment("What do positions add: waves, learned rows, or none; and what does the decoder's mask tell without them?")
def positions_compared(bench: Bench, plan: TrainingPlan = OF_POSITIONS) -> Found:
    """Sinusoidal, learned or no positions: each trained alike.

    Without positions the encoder cannot tell the order of its words. The decoder can still tell a little: its mask lets
    the first row see one word, the second two, and so on. So a reader is fitted to the rows of one word that is written
    again and again after another: a straight line from the row to its place. In the encoder, where nothing is masked,
    all copies have one and the same row, and no reader can tell them apart. Haviv et al. 2022.
    """
    compared = compare(bench, "choice", plan, KINDS)
    blind = [rebuilt(compared.recipes["none", seed], compared.pieces["none", seed]) for seed in compared.seeds]
    places = np.transpose([places_read(model) for model in blind])
    words = {"model": ("encoder", "decoder"), "seed": compared.seeds}
    return compared.found() | tensors("model seed", words, place_read=places)


@torch.no_grad()
def places_read(model: Transformer) -> tuple[float, float]:
    """R² of the place of a copy, read from its last row by a straight line: in the encoder, and in the decoder."""
    source = torch.arange(len(SPECIAL), len(vocabulary().source))
    target = torch.arange(len(SPECIAL), len(vocabulary().target))
    the = torch.tensor(vocabulary().read("the").ids)
    copies = torch.cat([the.expand(len(source), 1), source[:, None].expand(-1, COPIES)], 1)
    written = torch.cat([torch.full((len(target), 1), START), target[:, None].expand(-1, COPIES)], 1)
    last = f"decoder.{model.config.decoder_layers - 1}.resid_post"
    with record(only=[last]) as tape:
        memory = model.encode(torch.tensor([vocabulary().read("The car is red").ids]))
        model.decode(written, memory.expand(len(target), -1, -1))
    return read(model.encode(copies)[:, 1:]), read(tape[last][:, 1:])


def read(rows: torch.Tensor) -> float:
    """1 - Σ(place - line(row))² / Σ(place - mean)² on every second word; the line is fitted on the others, and its
    coefficients are kept small (ridge). Shape of rows: "word position d_model"."""
    x = torch.cat([rows.double(), torch.ones(*rows.shape[:2], 1, dtype=torch.float64)], -1)
    places = torch.arange(rows.shape[1], dtype=torch.float64).expand(rows.shape[:2])
    fitted, known = x[::2].flatten(0, 1), places[::2].flatten()
    ridge = 1e-3 * torch.eye(fitted.shape[1], dtype=torch.float64)
    line = torch.linalg.solve(fitted.T @ fitted + ridge, fitted.T @ known)
    error = places[1::2] - x[1::2] @ line
    return float(1 - error.square().sum() / (places[1::2] - places[1::2].mean()).square().sum())


#: The first is what the others are compared with.
SCALES = {"as they are": 1.0, "quarter": 0.25, "fourfold": 4.0}
TEXT = "The car is red"
OF_SCALES = TrainingPlan(trainings=4)


@experiment("How does the scale of the initial weights change the first attention, and what is learned from there?")
def initial_scales(bench: Bench, plan: TrainingPlan = OF_SCALES) -> Found:
    """Trainings from three scales of the initial matrices of all layers: 1/4, 1 and 4.

    A score is a product of a query and a key, each made by a matrix: scaling both by s scales the scores by s². So the
    first attention is flat, mild or spiky before anything is learned. The usual scale keeps the variance of the signal
    from layer to layer: Glorot and Bengio 2010, section 4.2.
    """
    compared = compare(bench, "choice", plan, {key: {} for key in SCALES}, SCALES)
    first = np.stack([first_weights(replace(plan.recipe, seed=compared.seeds[0]), scale) for scale in SCALES.values()])
    read = vocabulary().read(TEXT).labels
    words = {"choice": SCALES, "query": read, "key": read}
    return (
        compared.found()
        | tensors("choice", words, scale=[*SCALES.values()], first_largest=first.max(-1).mean((1, 2)))
        | tensors("choice head query key", words, first_weights=first)
    )


@torch.no_grad()
def first_weights(recipe: Recipe, scale: float) -> np.ndarray:
    """The attention of the untrained first layer for the sentence: "head query key"."""
    with record(only=["encoder.0.self_attn.weights"]) as tape:
        built(recipe, scale).eval().encode(torch.tensor([vocabulary().read(TEXT).ids]))
    return tape["encoder.0.self_attn.weights"][0].numpy()


WIDTHS = (16, 32, 64)
AMOUNTS = (2000, 4000, 8000)
OF_SIZES = TrainingPlan(checks=(BRIEF.steps,))


@experiment("What helps more: twice the width, or twice the sentences?")
def size_and_data(
    bench: Bench, plan: TrainingPlan = OF_SIZES, widths: tuple[int, ...] = WIDTHS, amounts: tuple[int, ...] = AMOUNTS
) -> Found:
    """Accuracy by width and by number of training pairs.

    Each width is trained on each number of pairs, for the same number of steps: fewer pairs are seen more often. The
    feed-forward layer is twice as wide as the stream, and the rate is the same for all.
    """
    changes = {
        f"{width} {amount}": {"d_model": width, "d_ff": 2 * width, "sentences": amount}
        for width in widths
        for amount in amounts
    }
    compared = compare(bench, "model", plan, changes)

    def table(name: str) -> np.ndarray:
        return compared.table(name).reshape(len(widths), len(amounts), plan.trainings)

    labels = {"width": widths, "amount": amounts, "seed": compared.seeds}
    return (
        tensors("width amount seed", labels, exact=table("exact"), held_out_loss=table("loss"))
        | tensors("width", labels, width=widths, parameters=table("parameters")[:, 0, 0])
        | tensors("amount", labels, amount=amounts)
        | tensors(steps=plan.recipe.steps, sentences=plan.sentences)
    )


SHORT = replace(Recipe(), steps=3000, sentences=50_000)
SCORES_APART = 0.5


@experiment("Which heads take which roles, and do inflected and invariant adjectives part, in every training?")
def heads_over_seeds(bench: Bench, recipe: Recipe = SHORT, trainings: int = 5, sentences: int = 1000) -> Found:
    """Roles of heads over several seeds of the lecture's recipe, shortened.

    A role is held by the head whose largest weight lies most often on the word that the grammar names. Spanish inflects
    some adjectives for their noun, and not others: the head of the inflected ones leaves the others alone where the two
    scores differ by `SCORES_APART`.
    """
    tried = seeds(bench, trainings)
    found = bench.each("seed {}", tried, lambda seed: learned(replace(recipe, seed=seed), bench, sentences))
    scores = found["scores"]  # seed role layer head
    flat = scores.reshape(*scores.shape[:2], -1)
    best = flat.argmax(-1)
    inflected, invariant = (roles.ROLES.index(f"adjective({kind})->noun") for kind in ("inflected", "invariant"))
    head = best[:, inflected]
    pair = np.stack([flat[np.arange(trainings), role, head] for role in (inflected, invariant)], 1)
    places = [len({*best[:, role].tolist()}) for role in range(len(roles.ROLES))]
    labels = {"seed": tried, "role": roles.ROLES, "choice": ("inflected", "invariant")}
    (layers, heads), apart = scores.shape[2:], pair[:, 0] - pair[:, 1] >= SCORES_APART
    return (
        tensors("seed role layer head", labels, score=scores)
        | tensors("seed role", labels, best_score=flat.max(-1), best_layer=best // heads, best_head=best % heads)
        | tensors("role", labels, places=places)
        | tensors("seed choice", labels, adjectives=pair)
        | tensors("seed", labels, apart=apart.astype(int), exact=found["exact"])
        | tensors(held=apart.sum(), tried=trainings, heads=layers * heads, steps=recipe.steps, sentences=sentences)
    )


def learned(recipe: Recipe, bench: Bench, sentences: int) -> dict[str, Any]:
    """Train by the whole recipe, penalty and dropout included, and score every head."""
    run = Run(recipe, vocabulary(), corpus(recipe.sentences))
    run.go_on(progress=bench.training)
    table, _ = roles.score(run.model, vocabulary(), held_out(sentences))
    return {"scores": table.values, "exact": share_exact(run.model, held_out(sentences))}
