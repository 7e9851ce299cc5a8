"""Two models, or one before and after a change, read the same sentence: both passes in one trace, with the difference.

Every tensor of the first pass is called `a.<name>`, of the second `b.<name>`, and what they differ by `diff.<name>`
(`transformer_core.studies.sentence.diff`). Parameters are counted and not kept: no picture shows one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, UNTRAINED, LoadedModel, find_model, open_model
from transformer_core.studies.sentence import diff
from transformer_core.studies.sentence.diff import Common, StreamRows, of_the_pass
from transformer_core.studies.sentence.read import read
from transformer_core.studies.sentence.window import in_sight
from transformer_core.tracing.trace import NamedTensor, Trace
from transformer_core.tracing.window import Limits
from transformer_core.versions import versions

AS_IT_IS, EDITED = "", "edited"
KEPT = ("config.", "edits", "edit_effect")


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: a name, a path or "untrained" (None is the model of the lecture), and edits."""

    model: str | None
    edits: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """ "untrained", "edited", or "" for a model as it is."""
        return UNTRAINED if self.model == UNTRAINED else EDITED if self.edits else AS_IT_IS


def compare(
    text: str,
    a: Side,
    b: Side,
    seed: int | None = None,
    target: str = "",
    limits: Limits | None = None,
    called: Callable[[str, int], str] = lambda name, _most: name,
) -> Trace:
    """Let both read `text`, and say how far they lie apart.

    Args:
        text: the sentence.
        a: who is compared.
        b: with whom; the same model with edits is "before and after", one of the two may be `UNTRAINED`: the
            architecture of the other, as its training would begin.
        seed: of untrained weights; that of the other's card if None.
        target: a translation that both are given in the place of their own.
        limits: how many tokens a picture shows; all if None.
        called: a name of the user's own as a picture can show it, in so many characters; as it is if not given.

    Raises:
        ValueError: both are untrained, or what `transformer_core.studies.sentence.read.read` raises about one of them.
    """
    if UNTRAINED == a.model == b.model:
        raise ValueError("one of the two has to be trained: the other takes its architecture")
    trained = [
        DEFAULT_MODEL if side.model is None else find_model(side.model) for side in (a, b) if side.kind != UNTRAINED
    ]
    found = []
    for side in (a, b):
        model: LoadedModel | str | None = side.model
        if side.kind == UNTRAINED:
            origin = open_model(trained[0])
            begun = seed_of(origin) if seed is None else seed
            model = untrained(origin, begun)
        found.append(read(text, model, edit=list(side.edits) or None, target=target, limits=limits))
        if target and not found[-1].about["config"]["decoder_layers"]:
            raise ValueError(
                f"a translation was given, and {found[-1].about['model']} writes none: leave the target out"
            )
        found[-1].about |= {"kind": side.kind, "target": target} | ({"seed": begun} if side.kind == UNTRAINED else {})
    return beside(found[0], found[1], len(set(trained)) == 1, limits, called)


def beside(
    a: Trace,
    b: Trace,
    related: bool = False,
    limits: Limits | None = None,
    called: Callable[[str, int], str] = lambda name, _most: name,
) -> Trace:
    """Two lecture's traces in one. `related` models come from one: their heads stand at the same places."""
    tensors: dict[str, NamedTensor] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for letter, trace in (("a", a), ("b", b)):
        names = dict.fromkeys([*of_the_pass(trace), *(name for name in trace.tensors if name.startswith(KEPT))])
        kept = [*(trace.tensors[name] for name in names), *_told(trace)]
        tensors |= _named(replace(tensor, name=f"{letter}.{tensor.name}") for tensor in kept)
        if trace.about.get("edits"):
            lines = tuple(called(line, 48) for line in trace.about["edits"])
            tensors[f"{letter}.edits"] = replace(tensors[f"{letter}.edits"], labels={"choice": lines})
        for name in names:
            parents[f"{letter}.{name}"] = tuple(f"{letter}.{p}" for p in trace.parents.get(name, ()) if p in names)
    found = list(diff.differences(a, b))
    for tensor in found:
        parents[tensor.name] = tuple(tensor.name.replace("diff", letter, 1) for letter in "ab")
    tensors |= _named(found)
    apart = [*diff.parameters_apart(a, b), *diff.points_apart(found), *diff.words_apart(a, b, tensors)]
    tensors |= _named([*apart, _names(a, b, called)])
    about = _about(a, b)
    stack = diff.stack_to_compare(a, b)
    if stack:
        common = Common.of(a, b)
        size = common.source if stack == "encoder" else common.target
        rows = StreamRows(stack, a.tensors[f"{stack}.0.resid_pre"].labels["position"][:size], a, b)
        heads, same_places = rows.heads(related)
        tensors |= _named([*rows.stream_apart(), *heads])
        sight = in_sight(tensors[f"diff.{stack}.attention"].values, stack == "decoder", limits)
        counts = {"compared": size, "in_sight": sight[1] - sight[0]}
        tensors |= _named(rows.named(name, np.array(count), "") for name, count in counts.items())
        about |= {"stack": stack, "same_places": same_places, "sight": list(sight)}
        parents |= _made_of(stack, tensors)
    return Trace(tensors, parents, about)


def _named(tensors: Iterable[NamedTensor]) -> dict[str, NamedTensor]:
    return {tensor.name: tensor for tensor in tensors}


def _made_of(stack: str, tensors: dict[str, NamedTensor]) -> dict[str, tuple[str, ...]]:
    """The tensors that each measure of a stack was computed from."""

    def ending(*points: str) -> tuple[str, ...]:
        return tuple(n for n in tensors if n.startswith((f"a.{stack}.", f"b.{stack}.")) and n.endswith(points))

    streams, weights = ending(".resid_pre", ".resid_post"), ending(".self_attn.weights")
    alike = tuple(f"{letter}.{stack}.likeness" for letter in "ab")
    return {
        f"diff.{stack}.moved": streams,
        f"diff.{stack}.leaving": streams,
        f"diff.{stack}.distance": (f"diff.{stack}.moved",),
        f"diff.{stack}.likeness": alike,
        **{f"diff.{stack}.{name}": weights for name in ("heads", "partners", "attention")},
        f"diff.{stack}.heads_mean": (f"diff.{stack}.heads",),
    }


def _told(trace: Trace) -> list[NamedTensor]:
    """The words that were read and written; the seed of fresh weights."""
    about = trace.about
    given = about["tokens"] or []
    words = {"read": tuple(given), "written": tuple(about["output_tokens"])}
    if about["config"]["encoder_layers"] == 0:
        words["read"] = tuple(given[: len(given) - len(words["written"])])
    found = [NamedTensor(n, np.arange(len(w)), ("position",), {"position": w}) for n, w in words.items()]
    found += [NamedTensor("counted", np.array(len(words["read"])), ())]
    return found + ([NamedTensor("seed", np.array(about["seed"]), ())] if "seed" in about else [])


def _names(a: Trace, b: Trace, called: Callable[[str, int], str]) -> NamedTensor:
    """The names of the two models."""
    names = tuple(called(str(trace.about["model"]), 34) for trace in (a, b))
    return NamedTensor("diff.names", np.arange(2), ("choice",), {"choice": names})


def _about(a: Trace, b: Trace) -> dict[str, Any]:
    facts = ("model", "kind", "target", "seed", "edits", "tokens", "target_tokens", "output", "output_tokens", "config")
    sides = {letter: {f: t.about[f] for f in facts if f in t.about} for letter, t in (("a", a), ("b", b))}
    return {
        "text": a.about["text"],
        "model": "; ".join(f"{letter.upper()} {_described(side)}" for letter, side in sides.items()),
        "in_grammar": all(trace.about.get("in_grammar", True) for trace in (a, b)),
        "config": a.about["config"],
        "edits": [f"{letter.upper()}: {line}" for letter, side in sides.items() for line in side.get("edits", ())],
        "versions": versions("numpy", "torch"),
        "stack": "",
        "same_places": False,
        "sight": [0, 0],
        **sides,
    }


def _described(side: dict[str, Any]) -> str:
    seed = f", seed {side['seed']}" if "seed" in side else ""
    return f"{side['model']}{', ' * bool(side['kind'])}{side['kind']}{seed}"


def seed_of(trained: LoadedModel) -> int:
    """The seed that the training of this model began with, as its card has it; 0 where no card tells one."""
    seed = trained.facts.get("card", {}).get("recipe", {}).get("seed", 0)
    return seed if type(seed) is int and 0 <= seed < 2**63 else 0  # what torch takes as one


def untrained(trained: LoadedModel, seed: int) -> LoadedModel:
    """The architecture and the tokens of `trained`, with the weights of this seed; nothing that was measured of it.

    With the seed of its card these are the very weights that its training began with: `training.Run` draws them by the
    same call. In float64, as a model is opened.
    """
    config = trained.model.config
    model = Transformer(config, seed=seed).to(torch.float64).eval()
    return replace(trained, model=model, facts={"model": trained.facts["model"], "card": {}}, measured={})
