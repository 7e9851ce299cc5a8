"""Change one thing inside, and see what comes out: ablation and activation patching.

Every intervention is an `edit` of a `record()`: the functions here say which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.interpret.lens import Inputs, Words, layers, stream, tensor
from transformer_core.layers import Stack
from transformer_core.model import Transformer
from transformer_core.tracing.tap import Edit, record
from transformer_core.tracing.trace import NamedTensor

#: One number of the logits "batch position vocab".
Measure = Callable[[Tensor], Tensor | float]
Instead = Literal["zero", "mean"]


@torch.no_grad()
def measured(model: Transformer, inputs: Inputs, measure: Measure, edit: Mapping[str, Edit] | None = None) -> float:
    """The measure of one pass in which the edits are made."""
    with record(only=(), edit=edit):
        return float(measure(model(*inputs)))


@torch.no_grad()
def ablation(
    model: Transformer, inputs: Inputs, measure: Measure, point: str, instead: Instead = "zero"
) -> NamedTensor:
    """effect_i = measure(pass with entry i of the point replaced) - measure(pass): what depends on a head or a neuron.

    Args:
        point: `<attention>.z`, whose entries are heads, or `<layer>.ffn.post`, whose entries are neurons.
        instead: nothing ("zero"), or the entry's mean over all tokens of `inputs` that are no padding ("mean").

    Returns:
        `ablation.<point>`, along "head" or "d_ff".

    Source: Michel et al. 2019 (heads, zero); Wang et al. 2023, section 2.1 (mean).

    Raises:
        KeyError: no such point.
        ValueError: a point that is neither.
    """
    if not point.endswith((".z", ".ffn.post")):
        raise ValueError(f"{point} has neither heads nor neurons: name an attention's z, or an ffn.post")
    axis, dimension = ("head", 1) if point.endswith(".z") else ("d_ff", 2)
    with record(only=[point]) as tape:
        plain = float(measure(model(*inputs)))
    rest = [
        mean_of(part, point, inputs) if instead == "mean" else torch.zeros(()) for part in tape[point].unbind(dimension)
    ]
    effects = [
        measured(model, inputs, measure, {point: replaced(dimension, at, value)}) - plain
        for at, value in enumerate(rest)
    ]
    return tensor(f"ablation.{point}", torch.tensor(effects, dtype=torch.float64), (axis,), {})


def head_ablation(
    model: Transformer, inputs: Inputs, measure: Measure, instead: Instead = "zero"
) -> dict[str, NamedTensor]:
    """`ablation` of every head: `ablation.encoder.self_attn`, `ablation.decoder.cross_attn`, ..., "layer head"."""
    found: dict[str, list[NamedTensor]] = {}
    for path, _ in attentions(model):
        stack, _, kind = path.split(".")
        found.setdefault(f"ablation.{stack}.{kind}", []).append(ablation(model, inputs, measure, f"{path}.z", instead))
    return {
        name: tensor(name, torch.stack([torch.from_numpy(row.values) for row in rows]), ("layer", "head"), {})
        for name, rows in found.items()
    }


@contextmanager
def head_off(model: Transformer, path: str, head: int, mean: Float[Tensor, " d_head"] | None = None) -> Iterator[None]:
    """In this block the head writes nothing, or always the same: its rows of W_O are zero, and b_O + mean · W_O.

    The same as an edit of `z`, for whatever the block does: translate, score, train no further.

    Raises:
        KeyError: no attention at `path`.
    """
    attention = dict(attentions(model))[path]
    rows = attention.w_o_by_head()[head]  # "d_head d_model", a view
    before, bias = rows.detach().clone(), attention.b_o
    with torch.no_grad():
        if mean is not None:
            written = mean @ rows
            attention.b_o = nn.Parameter(written if bias is None else bias + written)
        rows.zero_()
    try:
        yield
    finally:
        with torch.no_grad():
            rows.copy_(before)
        attention.b_o = bias


@torch.no_grad()
def patching(
    model: Transformer,
    inputs: Inputs,
    donor: Inputs,
    measure: Measure,
    stack: Literal["encoder", "decoder"] = "encoder",
    labels: Words | None = None,
) -> dict[str, NamedTensor]:
    """shift_l,i = (measure(inputs with row i after layer l from the donor) - m) / (m' - m), m and m' those of the
    inputs and of the donor: which row carries what the two differ in, and where.

    Both are of the same shape; all sentences of a batch are patched at the same position.

    Returns:
        `patching.effect`, the difference, and `patching.shift`, its share of the whole, "layer position"; layer
        "input" is before the first. `patching.base` and `patching.donor` are m and m'.

    Source: Vig et al. 2020, section 3 (causal mediation); Meng et al. 2022, section 2.1.

    Raises:
        ValueError: donor and inputs differ in shape, or not at all in what is measured; or there is no such stack.
    """
    part: Stack | None = getattr(model, stack)
    if part is None or [x is not None and x.shape for x in inputs] != [x is not None and x.shape for x in donor]:
        raise ValueError(f"patching needs an {stack}, and two inputs of the same shape")
    base, points = measured(model, inputs, measure), stream(stack, part)
    with record(only=points) as tape:
        whole = float(measure(model(*donor))) - base
    if whole == 0:
        raise ValueError("the donor measures what the inputs do: there is nothing to shift")
    effects = [
        [
            measured(model, inputs, measure, {point: replaced(1, row, tape[point][:, row])}) - base
            for row in range(tape[point].shape[1])
        ]
        for point in points
    ]
    effect = torch.tensor(effects, dtype=torch.float64)
    words = {"layer": layers(part), **(labels or {})}
    values = {"effect": effect, "shift": effect / whole} | {
        name: torch.tensor(value, dtype=torch.float64) for name, value in (("base", base), ("donor", base + whole))
    }
    axes = ("layer", "position")
    return {f"patching.{n}": tensor(f"patching.{n}", v, axes[: v.dim()], words) for n, v in values.items()}


def replaced(dimension: int, index: int, value: Tensor) -> Edit:
    """The edit that puts `value` in place of one entry along a dimension."""

    def edit(x: Tensor) -> Tensor:
        x.select(dimension, index).copy_(value)
        return x

    return edit


def mean_of(rows: Float[Tensor, "batch position ..."], point: str, inputs: Inputs) -> Float[Tensor, " ..."]:
    """The mean of the rows of all tokens that are no padding."""
    paddings = [*inputs, None, None, None, None][2:4]
    padding = paddings[0 if point.startswith("encoder") else 1]
    return rows.flatten(0, 1).mean(0) if padding is None else rows[~padding].mean(0)


def attentions(model: nn.Module) -> Iterator[tuple[str, MultiHeadAttention]]:
    """Every attention by its path, such as `decoder.0.cross_attn`."""
    return ((module.path, module) for module in model.modules() if isinstance(module, MultiHeadAttention))
