"""The equation of an operation as a formula, or as a line of text where it is a sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from manim import VMobject

from scenes.mobjects.formulas import Formula
from scenes.mobjects.operands import SUBSCRIPTS, wrapped
from scenes.theme import units
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.operations import ALL
from transformer_core.tracing.provenance import MINUS

#: Formulas of equations that are no plain products.
FORMULAS: dict[str, Callable[[float], Formula]] = {
    "token · √d_model": lambda size: Formula('"token" dot sqrt(d_"model")', size),
    "scores / √d_k": lambda size: Formula('"scores" / sqrt(d_k)', size),
    "mean of x over d_model": lambda size: Formula('"mean" = (sum x) / d_"model"', size),
    "mean of (x - mean)² over d_model": lambda size: Formula('"var" = (sum (x - "mean")²) / d_"model"', size),
    "mean of x² over a row": lambda size: Formula('(sum x²) / d_"model"', size),
    "(x - mean) / √(var + ε)": lambda size: Formula('(x - "mean") / sqrt("var" + epsilon)', size),
    "x / √(mean_square + ε)": lambda size: Formula('x / sqrt("mean square" + epsilon)', size),
    "q cos(mθ) ± q' sin(mθ)": lambda size: Formula("q cos(m theta) plus.minus q' sin(m theta)", size),
    "k cos(mθ) ± k' sin(mθ)": lambda size: Formula("k cos(m theta) plus.minus k' sin(m theta)", size),
    "q · k": lambda size: Formula("q dot k", size),
    "Σ over key of weights · v": lambda size: Formula('z = sum_"key" "weights" dot v', size),
    "Σ over key of weights · k": lambda size: Formula('z = sum_"key" "weights" dot k', size),
    "Σ over head of head_out + b_O": lambda size: Formula('"out" = sum_"head" "head out" + b_O', size),
    "Σ over head of head_out": lambda size: Formula('"out" = sum_"head" "head out"', size),
    "the sum of its parents": lambda size: Formula("+", 1.6 * size),
    "normalized · gain": lambda size: Formula('"normalized" dot "gain"', size),
    "normalized · gain + bias": lambda size: Formula('"normalized" dot "gain" + "bias"', size),
    "sin or cos of position / 10000^(2i / d_model)": lambda size: Formula("sin(m theta) \\ cos(m theta)", size),
    "c = f · c of the word before + i · g": lambda size: Formula('c = f dot c_"before" + i dot g', size),
    "h = o · tanh(c)": lambda size: Formula("h = o dot tanh(c)", size),
    "activation(pre)": lambda size: Formula('"activation"("pre")', size),
    "softmax over key of masked": lambda size: Formula('"weight" = e^"score" / (sum_"key" e^"score")', size),
    "softmax over key of scores": lambda size: Formula('"weight" = e^"score" / (sum_"key" e^"score")', size),
    "softmax over vocab of logits": lambda size: Formula('"prob" = e^"logit" / (sum_"vocab" e^"logit")', size),
}
PLAIN = re.compile(r"[A-Za-z0-9_=+·() ]+")
PROSE = re.compile(r"[a-z]{2,} [a-z]{2,}")
SYMBOL = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?")
FUNCTIONS = frozenset({"tanh", "cos", "sin"})


def equation_of(entry: Entry, wide: float, size: float = 46, high: float = math.inf) -> VMobject | None:
    """The equation of an entry, at most `wide` px across and `high` px high; None where nothing was computed.

    A bias that the model has not stands in no equation.
    """
    operation = entry.operation
    if operation is None or operation.kind == "constant":
        return None
    text = operation.equation
    if operation.terms != ALL and not {*operation.products[-1]} <= entry.parents.keys():
        text = text.rpartition(" + ")[0] or text
    if (made := FORMULAS.get(text)) is not None:
        return _within(made(size), wide, high)
    if PLAIN.fullmatch(text) and not PROSE.search(text) and re.search("[=+·(]| [A-Z]", text):
        return _within(Formula(_typst(text), size), wide, high)
    text = text.replace("-∞", f"{MINUS}∞")
    text = text.translate(SUBSCRIPTS) if re.search(r"_\d", text) else text
    return wrapped(operation.kind if len(text) == 1 or re.search(r"\d", text) else text, "block", "ink", wide)


def _within(formula: Formula, wide: float, high: float) -> Formula:
    factor = min(units(wide) / formula.width, units(high) / formula.height, 1.0)
    return formula.scale(factor) if factor < 1 else formula


def _typst(equation: str) -> str:
    """Typst source of a product or sum of symbols.

    >>> _typst("i = sigmoid(x W_i + b_i)")
    'i = "sigmoid"(x W_i + b_i)'
    """

    def symbol(match: re.Match[str]) -> str:
        base, _, below = match[0].partition("_")
        if below.isdecimal():
            return f"{base}{below.translate(SUBSCRIPTS)}"
        base = base if len(base) == 1 or base in FUNCTIONS else f'"{base}"'
        return f'{base}_"{below}"' if len(below) > 1 else f"{base}_{below}" if below else base

    return SYMBOL.sub(symbol, equation.replace("·", "dot ").replace("dot  ", "dot ")).replace('"dot"', "dot")
