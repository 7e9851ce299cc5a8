"""Texts about two models: the question, how each was made, and what the comparison found."""

from __future__ import annotations

from scenes.mobjects.apart import largest
from scenes.mobjects.beside import SIDES, ComparedPair
from transformer_core.tracing.provenance import Phrase, Quantity
from transformer_core.tracing.trace import Trace


def question(two: ComparedPair) -> str:
    """Return the question that the comparison of this pair answers."""
    kinds = {two.of(letter, "kind") for letter in SIDES}
    if any(two.edits(letter) for letter in SIDES):
        alike = two.of("a", "model") == two.of("b", "model") and "untrained" not in kinds
        return "What does the edit change?" if alike else "How far apart are these two?"
    return "What did training change?" if "untrained" in kinds else "How far apart are these two?"


def described(two: ComparedPair) -> str:
    """A sentence on each of the two of which something was made."""
    told = []
    for letter, sign in SIDES.items():
        kind, name = two.of(letter, "kind"), two.name(letter)
        if kind == "untrained":
            seed = two.trace[f"{letter}.seed"]
            told.append(
                f"{sign} is {name} untrained, fresh weights, seed {seed}, and with a change inside."
                if two.edits(letter)
                else f"{sign} is {name} untrained: the same architecture with fresh weights, seed {seed}."
            )
        elif kind == "edited":
            told.append(f"{sign} is {name} with a change inside.")
    return " ".join(told) or "Both read the same sentence."


def partner(two: ComparedPair, there: tuple[int, int]) -> str:
    """Return words for the head of B with which a head of A is compared."""
    if two.trace.about["same_places"]:
        return ", and the same head of B"
    return f", and the head of B most like it: layer {two.number(there[0])}, head {two.number(there[1])}"


def distances(two: ComparedPair, trace: Trace) -> list[tuple[str, Quantity]]:
    """Every distance that the steps have shown, with where it is largest."""
    told: list[tuple[str, Quantity]] = []
    if two.stack:
        heads, moved = trace[f"diff.{two.stack}.heads"], trace[f"diff.{two.stack}.moved"].pick(layer=-1)
        layer, head, _ = two.farthest()
        token = int(moved.values.argmax())
        told.append((Phrase("attention elsewhere, mean of all heads"), trace[f"diff.{two.stack}.heads_mean"]))
        if heads.values.any():
            told.append((f"the farthest head of A: {two.head_name(layer, head)}", heads.quantity(layer, head)))
        distance = trace[f"diff.{two.stack}.distance"]
        told.append((Phrase("last vectors apart, mean of all tokens"), distance.quantity(-1)))
        if moved.values.any():
            told.append((f"the farthest token: “{moved.label('position', token)}”", moved.quantity(token)))
    if "diff.said" in trace:
        told.append((Phrase("next word, where it differs most"), largest(trace["diff.said"])))
    return told


def counts(trace: Trace) -> list[tuple[str, str]]:
    """Return the number of equal tensors and the first that differs; if none can be compared, the sizes of both."""
    points, equal = trace["diff.points"], trace["diff.equal_points"]
    first = trace["diff.first"].words("choice")
    if points == 0:
        pairs = {
            "tokens read": "counted",
            "entries of a vector": "config.d_model",
            "layers of the decoder": "config.decoder_layers",
        }
        told = [(name, f"{trace[f'a.{of}']} in A, {trace[f'b.{of}']} in B") for name, of in pairs.items()]
        return [*told, ("tensors that can be compared", f"{points}")]
    told = [("tensors that are the same", f"{equal} of {points}")]
    return told + ([("first tensor that differs", f"{first[0]}")] if first else [])


def wrote(two: ComparedPair) -> str:
    """Return a sentence on whether both write the same; "" if neither writes."""
    if two.of("a", "target"):
        return "Both were given the same translation. "
    writing = [letter for letter in SIDES if two.of(letter, "config")["decoder_layers"]]
    if len(writing) < len(SIDES):
        return f"Only {SIDES[writing[0]]} writes: the other has no decoder. " if writing else ""
    return "Both write the same. " if two.written("a") == two.written("b") else "They write different words. "
