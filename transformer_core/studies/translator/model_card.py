"""The model card as a page to read: what the translator is, how it was made, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PAGE = """# {name}

{task}. {parameters:,} parameters, stored in half precision (rounding costs no accuracy, and half the size) and
computed in single precision.

## Where its sentences come from

No parallel corpus was used. A phrase-structure grammar draws English sentences with their translations, the word
alignment and the grammatical roles ({english} English and {spanish} Spanish words). Its Spanish agrees in gender and
number, chooses between *ser* and *estar*, moves adjectives, and says *al*, *del* and the personal *a*. It is a
small world: **outside this grammar the model guesses fluently and wrongly**, and `roles.in_grammar(text)` tells
where it ends.

{held_out} pairs of a noun and an adjective, *car* and *red* among them, are held out: no training sentence joins
them. Every accuracy below is measured on new sentences that join at least one such pair.

## How it was trained

    {command}

{sentences:,} sentences ({distinct:,} distinct), {steps:,} steps of {batch}, seed {seed}; {versions}.
AdamW (rate {peak_rate}, betas {betas}, weight decay {weight_decay}), {warm_up} steps of warm-up, then a cosine; dropout
{dropout}, label smoothing {smoothing}, gradients clipped at {clip}.

Two choices depart from the paper. The decoder has {cross} cross-attention head(s) in each layer: one head leaves more
for the encoder to do, and makes the encoder's heads readable. And the loss has a small penalty ({penalty}) on the
entropy of encoder attention, which makes its patterns sharp.

## How well it does

**{exact:.2%}** of {tested:,} held-out sentences come out word for word.

| English words | sentences | exact | share of training |
|---|---|---|---|
{by_length}

Cross-attention (layer {layer}) has its largest weight on a word that the target word translates for **{aligned:.1%}**
of all words, **{aligned_without:.1%}** without the words that Spanish inserts.

## What its heads look at

The share of cases in which the largest weight lies on the word that the grammar names, for the best head of each
role.

| role | layer | head | score | cases |
|---|---|---|---|---|
{roles}

The head of inflected adjectives looks at the noun of an invariant one in {invariant:.1%} of cases.

## The sentences of the lecture

| English | Spanish | |
|---|---|---|
{lecture}
"""


def markdown(card: Mapping[str, Any], expected: Mapping[str, str]) -> str:
    """The card as Markdown; `expected` holds what the lecture's sentences should become."""
    recipe, tested, aligned, seen = card["recipe"], card["accuracy"], card["alignment"], card["training"]
    lengths = [
        f"| {n} | {found['sentences']} | {found['exact']:.1%} | {seen['share_by_length'].get(n, 0):.2%} |"
        for n, found in tested["by_length"].items()
    ]
    found_roles = [
        f"| {role} | {at['layer']} | {at['head']} | {at['score']:.3f} | {at['queries']} |"
        for role, at in card["roles"].items()
    ]
    said = [
        f"| {text} | {card['lecture'][text]} | {'right' if card['lecture'][text] == right else f'not {right}'} |"
        for text, right in expected.items()
    ]
    return _PAGE.format(
        **{
            key: recipe[key]
            for key in ("steps", "batch", "seed", "peak_rate", "betas", "weight_decay", "warm_up", "clip")
        },
        **{key: card[key] for key in ("name", "task", "parameters", "command")},
        english=card["words"]["english"],
        spanish=card["words"]["spanish"],
        held_out=card["held_out_pairs"],
        sentences=seen["sentences"],
        distinct=seen["distinct"],
        versions=", ".join(f"{name} {number}" for name, number in card["versions"].items()),
        dropout=card["config"]["dropout"],
        smoothing=recipe["smoothing"],
        cross=recipe["cross_heads"],
        penalty=recipe["entropy_penalty"],
        exact=tested["exact"],
        tested=tested["sentences"],
        by_length="\n".join(lengths),
        layer=aligned["layer"],
        aligned=aligned["all"],
        aligned_without=aligned["without_inserted"],
        roles="\n".join(found_roles),
        invariant=card["roles"]["adjective(invariant)->noun"]["score_of_inflected_head"],
        lecture="\n".join(said),
    )
