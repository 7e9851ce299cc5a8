"""A clip of how one number was made: a step for each operation, down the largest terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from scenes.animations import appear
from scenes.mobjects.operands import name_text, places, value_text
from scenes.mobjects.operation import Making, making_of
from scenes.mobjects.summation import Summation
from scenes.mobjects.terms import is_sum, steps_of
from scenes.stage.chapter import Beat, Chapter, Step, beat
from transformer_core.tracing.explain import Entry, is_learned
from transformer_core.tracing.operations import mean, mean_square, softmax, total, variance
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import NamedTensor, Trace


class Asked(NamedTuple):
    """The entry that is explained, its index along each axis, and how many operations to go down."""

    name: str
    at: tuple[tuple[str, int], ...]
    depth: int


#: What an entry is called in a title, by the last part of its tensor's name.
NOUNS = {
    "weights": "Attention weight", "masked": "Masked score", "scaled": "Scaled number", "scores": "Score",
    "q": "Query", "k": "Key", "v": "Value", "z": "Blended value", "head_out": "Output of a head",
    "mean": "Mean", "var": "Variance", "normalized": "Normalized number", "pre": "Hidden unit before activation",
    "post": "Hidden unit", "logits": "Logit", "probs": "Probability", "token": "Token embedding",
    "positional": "Position", "resid_pre": "Residual stream", "resid_post": "Residual stream",
    "resid_attn": "Residual stream after attention", "resid_ffn": "Residual stream after the ffn",
    "q_rotated": "Rotated query", "k_rotated": "Rotated key", "k_repeated": "Shared key", "v_repeated": "Shared value",
    "ids": "Token id", "table": "Embedding",
}  # fmt: skip
#: What goes in, how it is combined, and what comes last, by the function that computes a sum.
SUMS = {
    mean: ("The numbers of a row go in.", "Each is a step, over the length of the row.", "Their mean is"),
    variance: (
        "A row goes in, and its mean.",
        "Each squared distance is a step.",
        "On average it is",
    ),
    mean_square: ("The numbers of a row go in.", "Each square is a step.", "On average it is"),
}
#: How factors meet, by the kind of a sum of products.
MEETING = {
    "matrix product": "A row meets a column of weights, entry over entry.",
    "dot product": "A query meets a key, entry over entry.",
    "weighted sum": "Each value is weighted by its share.",
    "gate": "A row and the state before meet their weights.",
}
#: What happens to a few numbers, by the kind of the operation.
DONE = {
    "scale": "A root scales it.", "mask": "No mask hides this key.",
    "scale and shift": "A gain scales it.", "activation": "An activation function takes it.",
    "gather": "The id names a row of a table.", "copy": "It is copied as it is.", "sum": "They are added.",
    "product": "They are multiplied.", "rotation": "The pair is turned by its position.",
    "sinusoid": "It is a wave over the positions.", "state": "A gate lets the cell through.",
    "step before": "It is taken from the word before.", "last word": "It is taken from the last word.",
}  # fmt: skip

#: Measures of the products of a sum and of the sum up to each, by the last part of the name of what they add up to.
MEASURED = {"q": ("q_terms", "q_partial_sums"), "scores": ("terms", "partial_dot")}
#: Sums of more terms have no room for a number each.
MOST_MEASURED = 200


def largest(entry: Entry) -> Entry | None:
    """The entry to go on with: of the largest term, the first factor that was computed; of a softmax, the own score."""
    if entry.operation is None or not entry.terms:
        return None
    if entry.operation.compute is softmax:
        return entry.terms[entry.at["key" if "key" in entry.at else "vocab"]][0]
    sizes = np.abs(steps_of(entry)) if is_sum(entry) else np.array([abs(term[0].value) for term in entry.terms])
    term = entry.terms[int(np.argmax(np.where(np.isfinite(sizes), sizes, 0)))]
    return next((cell for cell in term if cell.operation is not None), term[0])


def path(entry: Entry, depth: int) -> list[Entry]:
    """The entries that are explained, from the one that was asked for down."""
    found = [entry]
    while len(found) < depth and (below := largest(found[-1])) is not None:
        found.append(below)
    return found


def measured(entry: Entry, trace: Trace) -> tuple[NamedTensor | None, NamedTensor | None]:
    """The products of a sum and the sum up to each, where the trace measures them and they are those of the terms."""
    nothing = None, None
    block, _, last = entry.name.rpartition(".")
    if last not in MEASURED or len(entry.terms) > MOST_MEASURED:
        return nothing
    try:
        products, sums = (trace.full(f"{block}.{name}").pick(**entry.at) for name in MEASURED[last])
    except KeyError:
        return nothing
    count, steps = len(products), steps_of(entry)
    right = count <= len(steps) and np.allclose(products.values, steps[:count], rtol=1e-3, atol=1e-5)
    return (products, sums) if right else nothing


class Explained(Chapter):
    """The making of a number, and of the numbers that it was made of."""

    title = "Where a number comes from"
    mapped = True

    def __init__(self, *given: Any, asked: Asked, **more: Any) -> None:
        super().__init__(*given, **more)
        self.asked = asked

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - the entry says where it stands
        return part_of(self.asked.name)

    def steps(self, trace: Trace) -> Iterator[Step]:  # noqa: ARG002 - the places are those of the whole trace
        entry = self.material().explain(self.asked.name, **dict(self.asked.at))
        for level, one in enumerate(path(entry, self.asked.depth)):
            yield self.making(one, level)

    def making(self, entry: Entry, level: int) -> Step:
        """A step for an operation: the number that stood among the inputs above is the result here."""
        products, sums = measured(entry, self.material())
        figure = making_of(entry, products=products, sums=sums)
        called = name_text(entry)
        noun = Phrase(NOUNS.get(entry.name.rpartition(".")[2], called[:1].upper() + called[1:]))
        where = ", ".join(places(entry))
        plate = figure.plate
        return Step(
            f"{noun}: {where}" if where else f"{noun}",
            *told(entry, figure, level),
            stage=[plate.box, plate.number] if level else [plate],
            here=part_of(entry.name),
        )


def part_of(name: str) -> str:
    """The part of the model that a tensor belongs to."""
    return name.removeprefix("parameters.").rpartition(".")[0]


def told(entry: Entry, figure: Making, level: int) -> list[Beat]:
    """The beats that tell of an operation, each with its plays."""
    four = figure.plays(known=True)
    value = value_text(entry)
    asked = [beat(f"And {value}?", appear(figure.plate.heading, *figure.plate.places))] if level else []
    if not entry.terms:
        learned = "was learned." if is_learned(entry.name) else "was given." if entry.made_by == "given" else "is here."
        return [*asked, beat(f"{value} {learned}", *four[3])]
    if entry.operation is not None and entry.operation.compute is softmax:
        keys = "A score for each key." if "key" in entry.at else "A logit for each word."
        said = [keys, "Each becomes a power of e,", "and is divided by the sum of all.", f"Here that is {value}."]
    elif isinstance(figure, Summation):
        said = summing(entry, figure, value)
    else:
        once = "One number goes in." if len(figure.inputs) == 1 else "These numbers go in."
        kind = entry.operation.kind if entry.operation else ""
        done = DONE.get(kind, "This is computed from them.")
        if kind == "scale and shift" and len(entry.terms) > 1:
            done = "A gain scales it, and a bias shifts it."
        if kind == "norm":
            centred = len(entry.terms[0]) > 2
            done = "Subtract the mean, and divide by the spread." if centred else "Divide by the size of the row."
        if kind == "mask" and entry.value == -np.inf:
            done = "A mask hides this key."
        said = [once, done, f"It makes {value}."]
        four = [four[0], four[1], four[2] + four[3]]
    if entry.edited:
        said[-1] = f"But an edit makes it {value}."
    return [*asked, *(beat(text, *plays) for text, plays in zip(said, four, strict=True))]


def summing(entry: Entry, board: Summation, value: str) -> list[str]:
    """The words that tell of a sum: for inputs, first terms, remaining terms and result."""
    compute = entry.operation.compute if entry.operation else total
    kind = entry.operation.kind if entry.operation else ""
    others = "The others follow, and the bias comes last." if board.columns.rest else "The others follow."
    if compute in SUMS:
        first, second, last = SUMS[compute]
        return [first, second, "The others follow.", f"{last} {value}."]
    meeting = MEETING.get(kind, "Many numbers go in.") if board.columns.multiplied else "One part of each head goes in."
    step = "Each product is a step of the sum." if board.columns.multiplied else "Each is a step of the sum."
    return [
        meeting,
        step,
        others,
        f"Together they make {value}." if compute is total else f"A function of the sum is {value}.",
    ]
