"""The next token of a real language model under several rules, and how the text goes on under each.

After one prompt that leaves much open, and one that leaves little: the likeliest twenty pieces at temperatures from
0.2 to 2, what all others have together, and what top-k and top-p leave. Then three continuations under each of four
rules, drawn with the seeds that come first. Beside them, how
many numbers a cache of this model keeps: for each token, and for as many as it has places.
Source: Ackley et al. 1985 (temperature); Fan et al. 2018 (top-k); Holtzman et al. 2020 (top-p).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from transformer_core.decoding.sampling import reshaped, sample
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.language_model import PROMPTS, facts, ids_of, pieces_of
from transformer_core.text.subwords import JOIN

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
SHOWN, WRITTEN, DRAWS = 20, 7, 3
NO_END = -1


def after(loaded: LoadedModel, text: str, shown: int = SHOWN) -> Piece:
    """The likeliest `shown` pieces after `text`, at each temperature and under each cut, and what is left to others."""
    with torch.inference_mode():
        probs = loaded.model(None, ids_of(loaded, text))[0, -1].double().softmax(-1)
    ids = probs.topk(shown).indices
    tempered = torch.stack([reshaped(probs, temperature)[ids] for temperature in TEMPERATURES])
    cut = torch.stack([reshaped(probs, **RULES[name]) for name in CUTS])
    return {
        "ids": ids.numpy(),
        "tempered": tempered.numpy(),
        "others": (1 - tempered.sum(-1)).clamp(min=0).numpy(),
        "running": probs[ids].cumsum(0).numpy(),
        "cut": cut[:, ids].numpy(),
        "kept": (cut > 0).sum(-1).numpy(),
    }


def goes_on(loaded: LoadedModel, text: str, rule: Mapping[str, Any], seed: int, written: int = WRITTEN) -> Piece:
    """Draw so many pieces after `text` under a rule, each with its probability under it."""
    found = sample(loaded.model, None, ids_of(loaded, text), NO_END, written, seed=seed, **rule)
    return {"ids": found.token[0].numpy(), "probs": found.rule[0].gather(-1, found.token[0][:, None])[:, 0].numpy()}


def as_words(pieces: tuple[str, ...], probs: np.ndarray) -> tuple[tuple[str, ...], list[float]]:
    """Pieces put together where one goes on from the one before, and the probability of each word."""
    words: list[str] = []
    chances: list[float] = []
    for piece, chance in zip(pieces, probs.tolist(), strict=True):
        if piece.startswith(JOIN) and words:
            words[-1] += piece.removeprefix(JOIN)
            chances[-1] *= chance
        elif not piece.startswith("["):  # a space or a new line alone: nothing to read
            words.append(piece.removeprefix(JOIN))
            chances.append(chance)
    return tuple(words), chances


@experiment("What do temperature, top-k and top-p make of the next token of a real language model, and of its text?")
def run(bench: Bench) -> Found:
    loaded = facts(bench)
    config = loaded.model.config
    cached = 2 * config.decoder_layers * config.kv_heads * config.d_head
    bits = [int(found) for found in re.findall(r"Q(\d)", str(bench.facts["quantisation"]))]
    bench.expect(2 + len(RULES) * DRAWS)
    seeds = range(bench.seed, bench.seed + DRAWS)
    tensors = {
        "prompts": tensor([len(PROMPTS[key].split()) for key in (OPEN, CLOSED)], "sentence",
                          sentence=(PROMPTS[OPEN], PROMPTS[CLOSED])),
        "temperatures": tensor(TEMPERATURES, "temperature"),
        "vocabulary": tensor(config.target_vocab),
        "others_count": tensor(config.target_vocab - SHOWN),
        "shown": tensor(SHOWN),
        "draws": tensor(DRAWS),
        "k": tensor(RULES["top_k"]["top_k"]),
        "p": tensor(RULES["top_p"]["top_p"]),
        "cold": tensor(RULES["cold"]["temperature"]),
        "hot": tensor(RULES["hot"]["temperature"]),
        "cached_a_token": tensor(cached),
        "places": tensor(config.max_positions),
        "cached_in_all": tensor(cached * config.max_positions),
        "bits": tensor([min(bits, default=32)], "model", model=(bench.facts["model"],)),
    }  # fmt: skip
    for name, key in (("open", OPEN), ("closed", CLOSED)):
        found = bench.once(name, partial(after, loaded, PROMPTS[key]))
        rank = {"rank": pieces_of(loaded, found["ids"].tolist())}
        tensors |= {
            f"{name}_by_temperature": tensor(found["tempered"], "temperature rank", **rank),
            f"{name}_others": tensor(found["others"], "temperature"),
            f"{name}_running": tensor(found["running"], "rank", **rank),
            f"{name}_cut": tensor(found["cut"], "choice rank", choice=CUTS, **rank),
            f"{name}_kept": tensor(found["kept"], "choice", choice=CUTS),
        }
    for name, rule in RULES.items():
        for at, seed in enumerate(seeds):
            drawn = bench.once(f"{name} {seed}", partial(goes_on, loaded, PROMPTS[OPEN], rule, seed))
            words, chances = as_words(pieces_of(loaded, drawn["ids"].tolist()), drawn["probs"])
            tensors[f"{name}_text_{at}"] = tensor(chances, "step", step=words)
    return tensors
