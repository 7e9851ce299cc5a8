"""Joint ablation of all heads that cost nothing when ablated alone.

A head is spare if, alone, its absence costs at most `SPARE` of all held-out sentences. Each is replaced by its mean, as
in `heads_off`. If spare heads stand in for each other, they cost more together than their own costs add up to. They are
chosen on one half of the sentences, and judged on the other: on those that chose them, their own costs are too small.
Source: Michel et al. 2019, section 3 (one head at a time, and many).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial

import numpy as np
import torch

from transformer_core.interpret import head_off
from transformer_core.interpret.intervention import attentions
from transformer_core.model import Transformer
from transformer_core.studies.experiments.heads_off import means
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import held_out, one_thread, vocabulary
from transformer_core.studies.translator.evaluate import exact
from transformer_core.studies.translator.grammar import Pair

#: The most that a spare head costs alone.
SPARE = 0.01
Head = tuple[str, int]


def without(model: Transformer, off: Iterable[Head], usual: dict[str, np.ndarray], pairs: list[Pair]) -> Piece:
    """The share of sentences that come out right, word for word, with these heads at their means."""
    with ExitStack() as switches:
        for path, head in off:
            switches.enter_context(head_off(model, path, head, torch.from_numpy(usual[path][head])))
        return {"right": np.array(np.mean(exact(model, vocabulary(), pairs)))}


@experiment("Heads that nobody misses, one at a time: what if all of them go?")
def run(bench: Bench, sentences: int = 1000) -> Found:
    model, pairs = translator(), [*held_out(2 * sentences)]
    chosen_on, judged_on = pairs[:sentences], pairs[sentences:]
    heads = [(path, head) for path, attention in attentions(model) for head in range(attention.heads)]
    bench.expect(4 + 2 * len(heads))
    with one_thread():
        usual = bench.once("means", lambda: means(model, chosen_on))

        def right(key: str, off: Iterable[Head], some: list[Pair]) -> float:
            return float(bench.once(key, partial(without, model, off, usual, some))["right"])

        first = right("all heads, to choose", (), chosen_on)
        spare = [
            (path, head)
            for path, head in heads
            if first - right(f"{path} {head}, to choose", [(path, head)], chosen_on) <= SPARE
        ]
        before = right("all heads", (), judged_on)
        alone = [right(f"{path} {head}", [(path, head)], judged_on) for path, head in heads]
        together = right("together", spare, judged_on)
    costs = [before - share for head, share in zip(heads, alone, strict=True) if head in spare]
    return {
        "right": tensor([before, together], "choice", choice=("all heads", "without the spare ones")),
        "alone": tensor(alone, "part", part=[f"{path} {head}" for path, head in heads]),
        "which": tensor(
            [int(head in spare) for head in heads], "part", part=[f"{path} {head}" for path, head in heads]
        ),
        "spare": tensor(len(spare)),
        "heads": tensor(len(heads)),
        "added_up": tensor(sum(costs)),
        "together": tensor(before - together),
        "worst_alone": tensor(max(costs, default=0.0)),
        "sentences": tensor(len(judged_on)),
    }
